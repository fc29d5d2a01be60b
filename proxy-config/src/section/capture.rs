//! `capture.*`: headers and cookies for the log.

use crate::draft::{CapturesDraft, ProxyDraft};
use crate::http;
use crate::model::Capture;
use crate::setting::Setting;
use crate::text::Fault;
use crate::walk::{Entry, Key, Reader, Vocabulary};

const ITEM_FORM: &str = "a table: { name = \"host\", len = 64 }";

pub(super) const CAPTURES: Vocabulary<CapturesDraft> = Vocabulary {
    noun: "capture",
    owner: "",
    keys: &[
        Key::any("cookie", |r, e, c| c.cookie = one(r, e, cookie)),
        Key::any("request-header", |r, e, c| c.request = several(r, e)),
        Key::any("response-header", |r, e, c| c.response = several(r, e)),
    ],
    unsupported: "",
};

const CAPTURE: Vocabulary<CaptureWords> = Vocabulary {
    noun: "word",
    owner: "",
    keys: &[
        Key::any("len", |r, e, c| c.len = r.number(e, 1, 65_535)),
        Key::any("name", |r, e, c| c.name = r.parsed(e, "a name", c.parse_name)),
    ],
    unsupported: "",
};

type ParseName = fn(&str) -> Result<String, Fault>;

struct CaptureWords {
    parse_name: ParseName,
    len: Setting<usize>,
    name: Setting<String>,
}

pub(super) fn read(reader: &mut Reader<'_>, entry: &Entry<'_>, draft: &mut ProxyDraft) {
    let form = "a table: capture.request-header = [{ name = \"host\", len = 64 }]";
    if let Some(table) = reader.table(entry, form) {
        reader.walk(table, "capture.", &CAPTURES, &mut draft.captures);
    }
}

fn several(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Vec<Capture>> {
    let items = reader.items(entry);
    let captures: Vec<_> = items.iter().map(|item| one(reader, item, header)).collect();
    let good = captures.iter().map(|capture| capture.value().cloned()).collect();
    Setting::written(good, reader.value_place(entry))
}

fn header(text: &str) -> Result<String, Fault> {
    http::token(text).map(|name| name.to_ascii_lowercase())
}

/// The beginning of a cookie's name, or the whole of it with its `=`.
fn cookie(text: &str) -> Result<String, Fault> {
    http::token(text.strip_suffix('=').unwrap_or(text)).map(|_| text.to_owned())
}

fn one(reader: &mut Reader<'_>, entry: &Entry<'_>, parse_name: ParseName) -> Setting<Capture> {
    let place = reader.value_place(entry);
    let Some(table) = reader.table(entry, ITEM_FORM) else {
        return Setting::written(None, place);
    };
    let mut words = CaptureWords { parse_name, len: Setting::default(), name: Setting::default() };
    let is_complete = reader.walk(table, "", &CAPTURE, &mut words);
    for (word, is_absent) in [("name", words.name.is_absent()), ("len", words.len.is_absent())] {
        if is_complete && is_absent {
            let message = format!("`{}` has no `{word}`", entry.path);
            let example = if word == "name" { "name = \"host\"" } else { "len = 64" };
            reader.missing(entry, &message, example);
        }
    }
    let capture = words.name.value().zip(words.len.value());
    let capture = capture.map(|(name, len)| Capture { name: name.clone(), len: *len });
    Setting::written(capture, place)
}
