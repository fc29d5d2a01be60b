//! `log`: where access logs go and how they look.

use crate::draft::{LogChoice, LogDraft, LogEntry};
use crate::model::{LogFormat, LogTarget};
use crate::setting::Setting;
use crate::text::Fault;
use crate::walk::{Entry, Key, Reader, Vocabulary};
use crate::{address, nearest, words};

/// Facility number of `local0` (RFC 3164 section 4.1.1).
pub(crate) const LOCAL0: u8 = 16;

const FORMS: &str = "an array of tables: [{ target = \"stdout\" }]";
const ITEM_FORM: &str = "a table: { target = \"stdout\" }";
const SECTION_ITEM_FORM: &str = "a table: { target = \"stdout\" }, or \"global\"";

/// Numbers of RFC 3164 section 4.1.1 by HAProxy's names.
const FACILITIES: [(&str, u8); 24] = [
    ("kern", 0),
    ("user", 1),
    ("mail", 2),
    ("daemon", 3),
    ("auth", 4),
    ("syslog", 5),
    ("lpr", 6),
    ("news", 7),
    ("uucp", 8),
    ("cron", 9),
    ("auth2", 10),
    ("ftp", 11),
    ("ntp", 12),
    ("audit", 13),
    ("alert", 14),
    ("cron2", 15),
    ("local0", LOCAL0),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
];

pub(super) const LOG: Vocabulary<LogWords> = Vocabulary {
    noun: "log word",
    owner: "log",
    keys: &[
        Key::any("facility", |r, e, l| l.facility = r.word(e, &FACILITIES, "")),
        Key::any("format", |r, e, l| {
            l.format = r.parsed(e, "a format: \"http\" or \"tcp\"", log_format);
        }),
        Key::any("target", |r, e, l| {
            l.target = r.parsed(e, "a target such as \"stdout\"", address::log_target);
        }),
    ],
    unsupported: words::LOG,
};

#[derive(Default)]
pub(super) struct LogWords {
    facility: Setting<u8>,
    format: Setting<LogFormat>,
    target: Setting<LogTarget>,
}

/// `global.log`.
pub(super) fn read_global(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Vec<LogDraft>> {
    let place = reader.value_place(entry);
    let Some(items) = array(reader, entry, FORMS) else {
        return Setting::written(None, place);
    };
    let logs: Vec<_> = items.iter().filter_map(|item| read_one(reader, item, ITEM_FORM)).collect();
    Setting::written((logs.len() == items.len()).then_some(logs), place)
}

/// `log` of a section: an array, `false`, or `"global"`.
pub(super) fn read(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<LogChoice> {
    let place = reader.value_place(entry);
    if entry.node.get_ref().as_bool() == Some(false) {
        return Setting::written(Some(LogChoice::Off), place);
    }
    let items = if entry.node.get_ref().is_str() {
        vec![entry.clone()]
    } else if let Some(items) = array(reader, entry, "an array of tables, \"global\" or false") {
        items
    } else {
        return Setting::written(None, place);
    };
    let logs: Vec<_> = items.iter().filter_map(|item| read_entry(reader, item)).collect();
    let targets = (logs.len() == items.len()).then_some(LogChoice::Targets(logs));
    Setting::written(targets, place)
}

fn array<'n>(reader: &mut Reader<'_>, entry: &Entry<'n>, forms: &str) -> Option<Vec<Entry<'n>>> {
    if !entry.node.get_ref().is_array() {
        reader.wrong_type(entry, forms);
        return None;
    }
    let items = reader.items(entry);
    if items.is_empty() {
        let fault = Fault::new(0..0, "is empty", "give a target, or leave the key out");
        reader.refuse_at(reader.value_place(entry), &entry.path, &fault);
        return None;
    }
    Some(items)
}

fn read_entry(reader: &mut Reader<'_>, item: &Entry<'_>) -> Option<LogEntry> {
    if !item.node.get_ref().is_str() {
        return read_one(reader, item, SECTION_ITEM_FORM).map(LogEntry::Own);
    }
    let place = reader.value_place(item);
    let global = reader.parsed(item, SECTION_ITEM_FORM, |text| match text {
        "global" => Ok(LogEntry::Global(place)),
        _ => {
            let problem = format!("has unknown value `{text}`");
            let remedy = match nearest::nearest(text, ["global"]) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("must be {SECTION_ITEM_FORM}"),
            };
            Err(Fault::new(0..text.len(), problem, remedy))
        }
    });
    global.value().cloned()
}

fn read_one(reader: &mut Reader<'_>, item: &Entry<'_>, form: &str) -> Option<LogDraft> {
    let table = reader.table(item, form)?;
    let mut words = LogWords::default();
    let is_complete = reader.walk(table, "", &LOG, &mut words);
    if is_complete && words.target.is_absent() {
        reader.missing(item, "`log` has no `target`", "target = \"stdout\"");
    }
    Some(LogDraft {
        target: words.target.value()?.clone(),
        facility: words.facility.or(LOCAL0),
        format: words.format,
    })
}

fn log_format(text: &str) -> Result<LogFormat, Fault> {
    let whole = 0..text.len();
    let expected = "must be `http` or `tcp`";
    match text {
        "http" => return Ok(LogFormat::Http),
        "tcp" => return Ok(LogFormat::Tcp),
        _ => {}
    }
    if text.contains('%') {
        let problem = "is a log-format string, which is not yet supported";
        return Err(Fault::new(whole, problem, expected));
    }
    if words::LOG_FORMATS.split_whitespace().any(|word| word == text) {
        let problem = format!("cannot be `{text}`, which is not yet supported");
        return Err(Fault::new(whole, problem, expected));
    }
    let remedy = match nearest::nearest(text, ["http", "tcp"]) {
        Some(word) => format!("did you mean `{word}`?"),
        None => expected.to_owned(),
    };
    Err(Fault::new(whole, format!("has unknown value `{text}`"), remedy))
}
