//! `option` and `no option`.

use crate::import::document::{Entry, Value};
use crate::import::line::{Line, cover};
use crate::import::rule;
use crate::import::translate::{Current, Importer};
use crate::import::{check, keyword};
use crate::section::{kinds_of, option_words};
use crate::text::Text;
use crate::words;

/// One choice: the last one of a section counts.
const CONNECTION: [&str; 3] =
    ["option.http-keep-alive", "option.http-server-close", "option.httpclose"];

/// One choice too.
const LINE: [&str; 4] = ["log-format", "option.httplog", "option.httpslog", "option.tcplog"];

/// Names that options had in earlier versions.
const ALIASES: [(&str, &str); 3] = [
    ("forceclose", "httpclose"),
    ("http_proxy", "http-use-proxy-header"),
    ("redisp", "redispatch"),
];

/// `option NAME WORD...`; with `is_off` it had a `no` in front.
pub(super) fn line(importer: &mut Importer<'_>, line: &Line, is_off: bool) {
    let Some(word) = importer.word(line, 1) else { return };
    let given = word.as_str();
    let name = ALIASES.iter().find(|(alias, _)| *alias == given).map_or(given, |(_, name)| name);
    let key = format!("option.{name}");
    if is_off {
        return off(importer, line, name, &key);
    }
    match name {
        "forwardfor" | "originalto" => forwardfor(importer, line, &key),
        "forwarded" => forwarded(importer, line, &key),
        "httpchk" => check::httpchk(importer, line),
        "tcp-check" => check::tcp(importer, line),
        "httplog" | "tcplog" | "httpslog" => log_line(importer, line, &key),
        "redispatch" => redispatch(importer, line, &key),
        "http-restrict-req-hdr-names" => {
            if let Some(value) = importer.word(line, 2) {
                importer.set(line, 2, &key, Value::Text(value.clone()));
                importer.ends(line, 3);
            }
        }
        "http-keep-alive" | "http-server-close" | "httpclose" => {
            forget(importer, &CONNECTION, &key);
            flag(importer, line, &key);
        }
        _ => other(importer, line, name, &key),
    }
}

fn flag(importer: &mut Importer<'_>, line: &Line, key: &str) {
    importer.ends(line, 2);
    importer.set(line, 2, key, Value::Flag(true));
}

/// What is supported is a switch.
fn other(importer: &mut Importer<'_>, line: &Line, name: &str, key: &str) {
    if kinds_of(key).is_some() {
        return flag(importer, line, key);
    }
    let words = format!("option {name}");
    if let Some(remark) = keyword::remark(keyword::OPTIONS, name) {
        importer.ignored(line.place, &words, remark);
    } else if keyword::is_known(words::OPTIONS, name) {
        importer.not_yet(line.place, &words);
    } else {
        let known = option_words().chain(words::OPTIONS.split_whitespace());
        let remedy = keyword::remedy(name, known);
        importer.unsupported(line.place_from(1), format!("unknown option `{name}`"), &remedy);
    }
}

fn off(importer: &mut Importer<'_>, line: &Line, name: &str, key: &str) {
    importer.ends(line, 2);
    if kinds_of(key).is_some() {
        return importer.set(line, 2, key, Value::Flag(false));
    }
    // Off is what an option is that is not here.
    match keyword::is_known(words::OPTIONS, name) {
        true => importer.assumed(line.place, format!("`no option {name}`: it is off here")),
        false => other(importer, line, name, key),
    }
}

/// Whoever makes one of these choices takes the others of the section back.
fn forget(importer: &mut Importer<'_>, choice: &[&str], but: &str) {
    let others = choice.iter().filter(|key| **key != but);
    importer
        .section()
        .into_iter()
        .for_each(|section| others.clone().for_each(|key| section.remove(key)));
}

fn log_line(importer: &mut Importer<'_>, line: &Line, key: &str) {
    forget_line(importer, key);
    match line.word(2) {
        "clf" => {
            let value = line.words.get(2).cloned();
            value.into_iter().for_each(|clf| importer.set(line, 2, key, Value::Text(clf)));
            importer.ends(line, 3);
        }
        _ => flag(importer, line, key),
    }
}

/// Before a format of log lines is set: there is one.
pub(super) fn forget_line(importer: &mut Importer<'_>, but: &str) {
    forget(importer, &LINE, but);
}

/// `option redispatch [N]`.
fn redispatch(importer: &mut Importer<'_>, line: &Line, key: &str) {
    match line.words.get(2) {
        Some(interval) if interval.as_str() == "0" => {
            importer.assumed(line.place, "an interval of 0: no retry goes elsewhere");
            importer.set(line, 2, key, Value::Flag(false));
        }
        Some(interval) => importer.set(line, 2, key, Value::Scalar(interval.clone())),
        None => importer.set(line, 2, key, Value::Flag(true)),
    }
    importer.ends(line, 3);
}

/// `option forwardfor [except NETWORK] [header NAME] [if-none]`.
fn forwardfor(importer: &mut Importer<'_>, line: &Line, key: &str) {
    let mut entries: Vec<Entry> = Vec::new();
    let mut words = line.from(2).iter();
    while let Some(word) = words.next() {
        let place = word.whole();
        match word.as_str() {
            "if-none" => entries.push(Entry::new("if-none", place, Value::Flag(true), place)),
            name @ ("header" | "except") => {
                let Some(value) = words.next() else { return importer.lacks_value(word) };
                let unit = cover(place, value.whole());
                let value = match name {
                    "header" => Value::Text(value.clone()),
                    _ => {
                        Value::Array(vec![Entry::new("", place, Value::Text(value.clone()), unit)])
                    }
                };
                entries.push(Entry::new(name, place, value, unit));
            }
            other => {
                let message = format!("unknown word `{other}`");
                importer.unsupported(place, message, "must be `except`, `header` or `if-none`");
            }
        }
    }
    let value = if entries.is_empty() { Value::Flag(true) } else { Value::table(entries) };
    importer.set(line, 2, key, value);
}

/// `option forwarded [proto] [host] [by] [by_port] [for] [for_port]`.
fn forwarded(importer: &mut Importer<'_>, line: &Line, key: &str) {
    let mut entries = Vec::new();
    for word in line.from(2) {
        let place = word.whole();
        let name = keyword::kebab(word.as_str());
        if !["proto", "host", "by", "by-port", "for", "for-port"].contains(&name.as_str()) {
            let message = format!("`{}` of `option forwarded` is not yet supported", word.as_str());
            return importer.unsupported(place, message, "");
        }
        entries.push(Entry::new(name, place, Value::Flag(true), place));
    }
    let value = if entries.is_empty() { Value::Flag(true) } else { Value::table(entries) };
    importer.set(line, 2, key, value);
}

/// `balance ALGORITHM WORD...` and `retry-on WORD...`: words in a row.
pub(super) fn row(importer: &mut Importer<'_>, line: &Line) {
    if importer.word(line, 1).is_some() {
        let text: Text = rule::plain(line.from(1));
        importer.set(line, 1, line.word(0), Value::Text(text));
    }
}

/// Whether the section or its `defaults` have an option turned on.
pub(super) fn is_on(importer: &Importer<'_>, key: &str) -> bool {
    let Current::Section(index) = importer.current else { return false };
    let entry = importer.effective(index, key);
    entry.is_some_and(|entry| !matches!(entry.value, Value::Flag(false)))
}
