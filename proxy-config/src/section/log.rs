//! `log`: where access logs go and how they look.

use crate::choice::unknown_word;
use crate::diagnostic::Diagnostic;
use crate::draft::{FormatDraft, LineFormat, LogChoice, LogDraft, LogEntry};
use crate::model::{LogTarget, SyslogFormat};
use crate::setting::Setting;
use crate::text::{Fault, Text};
use crate::walk::{Entry, Key, Reader, Vocabulary};
use crate::{address, nearest, words};

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
    ("local0", 16),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
];

/// Severities of RFC 3164 section 4.1.1 by HAProxy's names.
pub(crate) const LEVELS: [(&str, u8); 8] = [
    ("emerg", 0),
    ("alert", 1),
    ("crit", 2),
    ("err", 3),
    ("warning", 4),
    ("notice", 5),
    ("info", 6),
    ("debug", 7),
];

const SYSLOG: [(&str, SyslogFormat); 3] = [
    ("raw", SyslogFormat::Raw),
    ("rfc3164", SyslogFormat::Rfc3164),
    ("rfc5424", SyslogFormat::Rfc5424),
];

const FORMATS: [(&str, LineFormat); 4] = [
    ("clf", LineFormat::Clf),
    ("http", LineFormat::Http),
    ("json", LineFormat::Json),
    ("tcp", LineFormat::Tcp),
];

pub(super) const TAG_FORM: &str = "the name of a program";

pub(super) const LOG: Vocabulary<LogWords> = Vocabulary {
    noun: "log word",
    owner: "log",
    keys: &[
        Key::any("facility", |r, e, l| l.facility = r.word(e, &FACILITIES, "")),
        Key::any("format", format),
        Key::any("len", |r, e, l| l.len = r.number(e, 80, 65_535)),
        Key::any("level", |r, e, l| l.level = r.word(e, &LEVELS, "")),
        Key::any("minlevel", |r, e, l| l.minlevel = r.word(e, &LEVELS, "")),
        Key::any("syslog", |r, e, l| l.syslog = r.word(e, &SYSLOG, "")),
        Key::any("target", |r, e, l| {
            l.target = r.parsed(e, "a target such as \"stdout\"", address::log_target);
        }),
    ],
    unsupported: words::LOG,
};

#[derive(Default)]
pub(super) struct LogWords {
    facility: Setting<u8>,
    format: Setting<LineFormat>,
    /// A `format` of HAProxy's that is about the header.
    format_syslog: Setting<SyslogFormat>,
    len: Setting<usize>,
    level: Setting<u8>,
    minlevel: Setting<u8>,
    syslog: Setting<SyslogFormat>,
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
        return read_one(reader, item, SECTION_ITEM_FORM).map(Box::new).map(LogEntry::Own);
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
    check_syslog(reader, &words);
    let syslog = if words.syslog.is_absent() { words.format_syslog } else { words.syslog };
    Some(LogDraft {
        target: words.target.value()?.clone(),
        facility: words.facility,
        format: words.format,
        len: words.len,
        level: words.level,
        minlevel: words.minlevel,
        syslog,
    })
}

/// `format` and `syslog` may say the same thing, and only one of them may.
fn check_syslog(reader: &mut Reader<'_>, words: &LogWords) {
    let places = words.format_syslog.place().zip(words.syslog.place());
    if let Some((format, syslog)) = places {
        let message = "`format` and `syslog` both choose the header of a line";
        let diagnostic = Diagnostic::error(format.max(syslog), message)
            .expected("leave one of them out")
            .label(format.min(syslog), "the other is here");
        reader.report.add(diagnostic);
    }
}

/// The format of the line, or of the header around it.
fn format(reader: &mut Reader<'_>, entry: &Entry<'_>, words: &mut LogWords) {
    let place = reader.value_place(entry);
    let text = reader.text(entry, "a format such as \"http\" or \"%ci %ST\"");
    let read = match text {
        Some(whole) => reader.parse_text(entry, Some(whole.clone()), |text| {
            let header = SYSLOG.iter().find(|(word, _)| *word == text).map(|(_, syslog)| *syslog);
            match header {
                Some(syslog) => Ok((None, Some(syslog))),
                None => log_format(&whole).map(|format| (Some(format), None)),
            }
        }),
        None => Setting::written(None, place),
    };
    match read.value().cloned() {
        Some((None, syslog)) => words.format_syslog = Setting::written(syslog, place),
        Some((format, _)) => words.format = Setting::written(format, place),
        None => words.format = Setting::written(None, place),
    }
}

fn log_format(whole: &Text) -> Result<LineFormat, Fault> {
    let text = whole.as_str();
    if let Some((_, format)) = FORMATS.iter().find(|(word, _)| *word == text) {
        return Ok(format.clone());
    }
    if text.contains('%') {
        return Ok(LineFormat::Custom(Box::new(draft(whole.clone()))));
    }
    let named = FORMATS.iter().map(|(word, _)| *word);
    let known: Vec<_> = named.chain(SYSLOG.iter().map(|(word, _)| *word)).collect();
    let fault = unknown_word(text, 0..text.len(), &known, words::LOG_FORMATS);
    if fault.expected.starts_with("must be") {
        return Err(Fault { expected: format!("{}, or have a `%`", fault.expected), ..fault });
    }
    Err(fault)
}

/// `log-format` and its like.
pub(super) fn line_format(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<FormatDraft> {
    let text = reader.text(entry, "a log-format string such as \"%ci %ST\"");
    Setting::written(text.map(draft), reader.value_place(entry))
}

fn draft(text: Text) -> FormatDraft {
    FormatDraft { text, format: None }
}

/// `log-tag`: what RFC 5424 section 6 takes for APP-NAME.
pub(super) fn tag(text: &str) -> Result<String, Fault> {
    let expected = "a tag has 1 to 48 visible ASCII characters";
    if text.is_empty() || text.len() > 48 || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Fault::new(0..text.len(), "is not a tag", expected));
    }
    Ok(text.to_owned())
}
