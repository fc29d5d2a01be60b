//! `log` of `global` and of proxy sections.

use crate::import::document::{Entry, SectionKind, Value};
use crate::import::line::Line;
use crate::import::translate::{Current, Importer};
use crate::place::Place;
use crate::text::Text;

/// `log global`, `log TARGET [len N] [format F] [sample S] FACILITY [LEVEL [MINLEVEL]]`.
pub(super) fn line(importer: &mut Importer<'_>, line: &Line) {
    let Some(target) = importer.word(line, 1).cloned() else { return };
    if target.as_str() == "global" {
        importer.ends(line, 2);
        return add(importer, line, Value::Text(target));
    }
    let Some((address, has_header)) = address(&target) else {
        let message = format!("log target `{}` is not yet supported", target.as_str());
        return importer.unsupported(target.whole(), message, "");
    };
    let unit = line.place;
    let mut entries = vec![Entry::new("target", target.whole(), Value::Text(address), unit)];
    let at = options(importer, line, has_header, &mut entries);
    let levels = ["facility", "level", "minlevel"];
    for (key, word) in levels.into_iter().zip(line.from(at)) {
        entries.push(Entry::new(key, word.whole(), Value::Text(word.clone()), unit));
    }
    importer.word(line, at);
    importer.ends(line, at + levels.len());
    add(importer, line, Value::table(entries));
}

/// `no log`: nothing that is inherited either.
pub(super) fn none(importer: &mut Importer<'_>, line: &Line) {
    importer.ends(line, 1);
    importer.set(line, 1, "log", Value::Flag(false));
}

/// The words before the facility; returns where that stands.
fn options(
    importer: &mut Importer<'_>,
    line: &Line,
    has_header: bool,
    entries: &mut Vec<Entry>,
) -> usize {
    let mut at = 2;
    while let Some(word) = line.words.get(at) {
        let name = word.as_str();
        if !["len", "format", "sample", "profile"].contains(&name) {
            break;
        }
        let Some(value) = importer.word(line, at + 1) else { break };
        let place = Place { end: value.whole().end, ..word.whole() };
        match name {
            "format" if !has_header => {
                importer.assumed(place, "lines of this target have no syslog header");
            }
            "format" => entries.push(Entry::new("syslog", word.whole(), format(value), place)),
            "len" => {
                let value = Value::Scalar(value.clone());
                entries.push(Entry::new("len", word.whole(), value, place));
            }
            _ => importer.unsupported(place, format!("`{name}` of a log is not yet supported"), ""),
        }
        at += 2;
    }
    at
}

/// `local` is what daemons on the same machine take, RFC 3164 without the host's name.
fn format(value: &Text) -> Value {
    match value.as_str() {
        "local" => Value::Text(Text::opaque(value.whole(), "rfc3164".to_owned())),
        _ => Value::Text(value.clone()),
    }
}

/// The target, and whether its lines have a syslog header.
fn address(word: &Text) -> Option<(Text, bool)> {
    let value = word.as_str();
    let with = |prefix: &str, from: usize, suffix: &str| {
        let place = word.whole();
        let mut text = Text::empty(place);
        text.push(prefix, Place { end: place.start, ..place });
        text.copy(word, from..value.len());
        text.push(suffix, Place { start: place.end, ..place });
        text
    };
    match value {
        "stdout" | "stderr" => return Some((word.clone(), false)),
        "fd@1" => return Some((Text::opaque(word.whole(), "stdout".to_owned()), false)),
        "fd@2" => return Some((Text::opaque(word.whole(), "stderr".to_owned()), false)),
        _ => {}
    }
    if value.starts_with('/') {
        return Some((with("unix:", 0, ""), true));
    }
    let from = match value.split_once('@').filter(|(family, _)| !family.contains('{')) {
        Some(("unix", _)) => return Some((with("unix:", 5, ""), true)),
        Some((family @ ("ipv4" | "ipv6" | "udp" | "udp4" | "udp6"), _)) => family.len() + 1,
        Some(_) => return None,
        None => 0,
    };
    let host = &value[from..];
    let is_bare = host.matches(':').count() > 1 && !host.starts_with('[') && !host.contains('{');
    let has_port = host.rsplit(']').next().is_some_and(|rest| rest.contains(':'));
    Some(match (is_bare, has_port) {
        (true, _) => (with("udp:[", from, "]:514"), true),
        (false, true) => (with("udp:", from, ""), true),
        (false, false) => (with("udp:", from, ":514"), true),
    })
}

/// What a section logs to comes on top of what its `defaults` do.
fn add(importer: &mut Importer<'_>, line: &Line, value: Value) {
    let Current::Section(index) = importer.current else { return };
    let is_global = importer.section().is_some_and(|section| section.kind == SectionKind::Global);
    let has_own = importer.section().is_some_and(|section| section.get("log").is_some());
    let inherited = importer.effective(index, "log").filter(|_| !has_own && !is_global).cloned();
    if let Some(entry @ Entry { value: Value::Array(_), .. }) = inherited
        && importer.may_have("log", line)
    {
        importer.section().into_iter().for_each(|section| section.set(entry.clone()));
    }
    importer.push(line, 1, "log", value);
}
