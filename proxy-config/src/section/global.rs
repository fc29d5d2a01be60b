//! `[global]`: the process as a whole.

use crate::draft::{GlobalDraft, HostnameChoice};
use crate::model::Shards;
use crate::overrides::MAXCONN_MAX;
use crate::section::log;
use crate::setting::Setting;
use crate::text::Fault;
use crate::walk::{Entry, Key, Reader, Vocabulary};
use crate::{http, units, words};

/// What the kernel's default CPU set holds.
const CORES_MAX: u64 = 1024;

const SHARDS_FORMS: &str = "\"auto\", a count from 1 to 1024, or core ids such as [0, 2, 4]";

pub(super) const GLOBAL: Vocabulary<GlobalDraft> = Vocabulary {
    noun: "key",
    owner: "",
    keys: &[
        Key::any("h1-accept-payload-with-any-method", |r, e, g| g.h1_any_method = r.flag(e)),
        Key::any("hard-stop-after", |r, e, g| g.hard_stop_after = r.duration(e)),
        Key::any("log", |r, e, g| g.log = log::read_global(r, e)),
        Key::any("log-send-hostname", |r, e, g| g.log_send_hostname = hostname(r, e)),
        Key::any("log-tag", |r, e, g| g.log_tag = r.parsed(e, log::TAG_FORM, log::tag)),
        Key::any("maxconn", |r, e, g| g.maxconn = r.number(e, 1, MAXCONN_MAX)),
        Key::any("shards", |r, e, g| g.shards = shards(r, e)),
        Key::any("tune", |r, e, g| sub_table(r, e, &TUNE, g)),
    ],
    unsupported: words::GLOBAL,
};

pub(super) const TUNE: Vocabulary<GlobalDraft> = Vocabulary {
    noun: "key",
    owner: "",
    keys: &[
        Key::any("buffers", |r, e, g| sub_table(r, e, &TUNE_BUFFERS, g)),
        Key::any("bufsize", |r, e, g| {
            g.bufsize = r.parsed_scalar(e, "a size such as \"16k\"", bufsize);
        }),
        Key::any("http", |r, e, g| sub_table(r, e, &TUNE_HTTP, g)),
    ],
    unsupported: words::TUNE,
};

pub(super) const TUNE_BUFFERS: Vocabulary<GlobalDraft> = Vocabulary {
    noun: "key",
    owner: "",
    keys: &[Key::any("limit", |r, e, g| g.buffers_limit = r.number(e, 2, 32_768))],
    unsupported: words::TUNE_BUFFERS,
};

pub(super) const TUNE_HTTP: Vocabulary<GlobalDraft> = Vocabulary {
    noun: "key",
    owner: "",
    keys: &[
        Key::any("cookielen", |r, e, g| g.http_cookielen = r.number(e, 1, 1024)),
        Key::any("logurilen", |r, e, g| g.http_logurilen = r.number(e, 1, 65_535)),
        Key::any("maxhdr", |r, e, g| g.http_maxhdr = r.number(e, 1, 1024)),
    ],
    unsupported: "",
};

fn sub_table(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    vocabulary: &Vocabulary<GlobalDraft>,
    global: &mut GlobalDraft,
) {
    if let Some(table) = reader.table(entry, "a table of keys") {
        reader.walk(table, &format!("{}.", entry.path), vocabulary, global);
    }
}

/// `log-send-hostname`: `true`, `false` or a name.
fn hostname(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<HostnameChoice> {
    let place = reader.value_place(entry);
    match entry.node.get_ref().as_bool() {
        Some(true) => Setting::written(Some(HostnameChoice::System), place),
        Some(false) => Setting::written(Some(HostnameChoice::Off), place),
        None => reader.parsed(entry, "true, false or a name", |text| {
            http::host(text).map(HostnameChoice::Named)
        }),
    }
}

fn shards(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Shards> {
    if !entry.node.get_ref().is_array() {
        return reader.parsed_scalar(entry, SHARDS_FORMS, read_shards);
    }
    let items = reader.items(entry);
    let ids: Vec<Setting<usize>> =
        items.iter().map(|item| reader.number(item, 0, CORES_MAX - 1)).collect();
    let good: Option<Vec<usize>> = ids.iter().map(|id| id.value().copied()).collect();
    let Some(ids) = good else {
        return Setting::written(None, reader.value_place(entry));
    };
    // The same checks as for text; what is wrong concerns the array as a whole.
    let list = ids.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    match read_core_ids(&list) {
        Ok(shards) => Setting::written(Some(shards), reader.value_place(entry)),
        Err(fault) => reader.refuse(entry, &fault),
    }
}

/// `auto`, a count, or core ids separated by commas.
pub(crate) fn read_shards(text: &str) -> Result<Shards, Fault> {
    if text == "auto" {
        return Ok(Shards::Auto);
    }
    if text.contains(',') {
        return read_core_ids(text);
    }
    if text.is_empty() || text.starts_with(|c: char| c.is_alphabetic()) {
        return Err(Fault::new(0..text.len(), format!("has unknown value `{text}`"), SHARDS_FORMS));
    }
    let count = units::number(text, 1, CORES_MAX)?;
    Ok(Shards::Count(as_usize(count)))
}

fn read_core_ids(text: &str) -> Result<Shards, Fault> {
    if text.is_empty() {
        return Err(Fault::new(0..0, "has no core ids", SHARDS_FORMS));
    }
    let mut ids = Vec::new();
    let mut at = 0;
    for part in text.split(',') {
        let range = at..at + part.len();
        let fault = |fault: Fault| Fault { range: range.clone(), ..fault };
        let id = as_usize(units::number(part, 0, CORES_MAX - 1).map_err(fault)?);
        if ids.contains(&id) {
            let problem = format!("has core {id} twice");
            return Err(Fault::new(range, problem, "a core runs one shard"));
        }
        ids.push(id);
        at += part.len() + 1;
    }
    Ok(Shards::Cores(ids))
}

fn bufsize(text: &str) -> Result<usize, Fault> {
    let bytes = units::size(text)?;
    if !(1024..=65_536).contains(&bytes) || !bytes.is_power_of_two() {
        let expected = "must be a power of two from 1k to 64k";
        return Err(Fault::new(0..text.len(), format!("cannot be {bytes} bytes"), expected));
    }
    Ok(as_usize(bytes))
}

/// For values far below any `usize`.
fn as_usize(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_from_text() {
        let cases = [
            ("auto", Shards::Auto),
            ("1", Shards::Count(1)),
            ("1024", Shards::Count(1024)),
            ("0,2,4", Shards::Cores(vec![0, 2, 4])),
            ("1023,0", Shards::Cores(vec![1023, 0])),
        ];
        for (text, expected) in cases {
            assert_eq!(read_shards(text), Ok(expected), "{text}");
        }
        let wrong = [
            ("", "has unknown value ``", 0..0),
            ("many", "has unknown value `many`", 0..4),
            ("0", "is out of range", 0..1),
            ("1025", "is out of range", 0..4),
            ("0,1024", "is out of range", 2..6),
            ("0,2,0", "has core 0 twice", 4..5),
            ("0,", "is not an integer", 2..2),
            ("0, 1", "is not an integer", 2..4),
        ];
        for (text, problem, range) in wrong {
            let fault = read_shards(text).unwrap_err();
            assert_eq!((fault.problem.as_str(), fault.range), (problem, range), "{text}");
        }
    }

    #[test]
    fn bufsize_limits() {
        for (text, bytes) in [("1024", 1024), ("1k", 1024), ("16k", 16_384), ("64k", 65_536)] {
            assert_eq!(bufsize(text), Ok(bytes));
        }
        for text in ["0", "1023", "1025", "512", "24k", "65537", "128k"] {
            assert!(bufsize(text).is_err(), "{text}");
        }
    }
}
