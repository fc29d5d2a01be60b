//! `option httpchk`, `http-check` and `option tcp-check`.

use crate::import::document::{Entry, Value};
use crate::import::line::{Line, cover};
use crate::import::translate::{Current, Importer};
use crate::import::{option, rule};
use crate::place::Place;
use crate::text::Text;

const KEY: &str = "option.httpchk";

/// What old files put behind the version: `HTTP/1.1\r\nHost:\ example.org`.
const HOST: &str = "\r\nhost:";

/// `option httpchk [[METHOD] URI [VERSION]]`.
pub(super) fn httpchk(importer: &mut Importer<'_>, line: &Line) {
    let words = line.from(2);
    let named: Vec<(&str, &Text)> = match words {
        [uri] => vec![("uri", uri)],
        [method, uri, rest @ ..] => {
            let version = rest.first().map(|version| ("version", version));
            [("method", method), ("uri", uri)].into_iter().chain(version).collect()
        }
        [] => Vec::new(),
    };
    importer.ends(line, 5);
    let mut entries = Vec::new();
    for (key, word) in named {
        match key {
            "version" => version(importer, word, &mut entries),
            _ => entries.push(entry(key, word.whole(), word.clone(), word.whole())),
        }
    }
    let value = if entries.is_empty() { Value::Flag(true) } else { Value::table(entries) };
    importer.set(line, 2, KEY, value);
}

fn entry(key: &str, place: Place, value: Text, unit: Place) -> Entry {
    Entry::new(key, place, Value::Text(value), unit)
}

/// The version, and a host that stands behind it.
fn version(importer: &mut Importer<'_>, word: &Text, entries: &mut Vec<Entry>) {
    let text = word.as_str();
    let end = text.find("\r\n").unwrap_or(text.len());
    entries.push(entry("version", word.whole(), word.part(0..end), word.whole()));
    let rest = text[end..].trim_end();
    let is_host = rest.get(..HOST.len()).is_some_and(|start| start.eq_ignore_ascii_case(HOST));
    let value = rest.get(HOST.len()..).filter(|value| is_host && !value.contains("\r\n"));
    match value {
        Some(value) => {
            let start = end + rest.len() - value.trim_start().len();
            let host = word.part(start..end + rest.len());
            entries.push(entry("host", word.whole(), host, word.whole()));
        }
        None if rest.is_empty() => {}
        None => {
            let message =
                "header fields of `option httpchk` other than `Host` are not yet supported";
            importer.unsupported(word.place(&(end..text.len())), message, "");
        }
    }
}

/// `http-check send` is a part of `option.httpchk`; everything else is a rule.
pub(super) fn http_check(importer: &mut Importer<'_>, line: &Line) {
    if line.word(1) == "send" && option::is_on(importer, KEY) {
        return send(importer, line);
    }
    if importer.word(line, 1).is_some() {
        let rule = rule::text(importer, line.from(1));
        importer.push(line, 1, "http-check", Value::Text(rule));
    }
}

/// `http-check send [meth M] [uri U] [ver V] [hdr host H]`.
fn send(importer: &mut Importer<'_>, line: &Line) {
    let Some(entries) = sent(importer, line) else { return };
    let Current::Section(index) = importer.current else { return };
    let known = match importer.effective(index, KEY).map(|entry| entry.value.clone()) {
        Some(Value::Table(known)) => known,
        _ => Vec::new(),
    };
    let is_kept = |known: &Entry| entries.iter().all(|entry| entry.key != known.key);
    let known: Vec<_> = known.into_iter().filter(is_kept).collect();
    importer.set(line, 2, KEY, Value::table(known.into_iter().chain(entries.clone()).collect()));
    importer.assumed(line.place, "`http-check send` is a part of `option.httpchk`");
}

/// `None`, and told, where there is more than can be sent.
fn sent(importer: &mut Importer<'_>, line: &Line) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut words = line.from(2).iter();
    while let Some(word) = words.next() {
        let key = match word.as_str() {
            "meth" => "method",
            "uri" => "uri",
            "ver" => "version",
            "hdr"
                if words
                    .clone()
                    .next()
                    .is_some_and(|n| n.as_str().eq_ignore_ascii_case("host")) =>
            {
                words.next();
                "host"
            }
            other => {
                let message = format!("`{other}` of `http-check send` is not yet supported");
                importer.unsupported(word.whole(), message, "");
                return None;
            }
        };
        let Some(value) = words.next() else {
            importer.lacks_value(word);
            return None;
        };
        let unit = cover(word.whole(), value.whole());
        entries.push(entry(key, word.whole(), value.clone(), unit));
    }
    Some(entries)
}

/// Alone it connects, as checks do anyway; its rules are told by themselves.
pub(super) fn tcp(importer: &mut Importer<'_>, line: &Line) {
    importer.ends(line, 2);
    if option::is_on(importer, KEY) {
        importer.set(line, 2, KEY, Value::Flag(false));
    }
    importer.assumed(line.place, "`option tcp-check` connects, as every check does");
}
