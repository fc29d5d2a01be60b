//! `[global]`: the process as a whole.

use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::draft::{GlobalDraft, HostnameChoice};
use crate::model::Shards;
use crate::overrides::MAXCONN_MAX;
use crate::section::{crypto, log, path, rule, server};
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
        Key::any("ca-base", |r, e, g| g.tls.ca_base = path::path(r, e)),
        Key::any("crt-base", |r, e, g| g.tls.crt_base = path::path(r, e)),
        Key::any("h1-accept-payload-with-any-method", |r, e, g| g.h1_any_method = r.flag(e)),
        Key::any("hard-stop-after", |r, e, g| g.hard_stop_after = r.duration(e)),
        Key::any("key-base", |r, e, g| g.tls.key_base = path::path(r, e)),
        Key::any("log", |r, e, g| g.log = log::read_global(r, e)),
        Key::any("log-send-hostname", |r, e, g| g.log_send_hostname = hostname(r, e)),
        Key::any("log-tag", |r, e, g| g.log_tag = r.parsed(e, log::TAG_FORM, log::tag)),
        Key::any("maxconn", |r, e, g| g.maxconn = r.number(e, 1, MAXCONN_MAX)),
        Key::any("set-var", |r, e, g| rule::proc_vars(r, e, "set-var", &mut g.proc_vars)),
        Key::any("set-var-fmt", |r, e, g| {
            rule::proc_vars(r, e, "set-var-fmt", &mut g.proc_vars);
        }),
        Key::any("shards", |r, e, g| g.shards = shards(r, e)),
        Key::any("ssl-default-bind-ciphers", |r, e, g| crypto::ciphers(r, e, &mut g.tls.bind)),
        Key::any("ssl-default-bind-ciphersuites", |r, e, g| {
            crypto::ciphersuites(r, e, &mut g.tls.bind);
        }),
        Key::any("ssl-default-bind-curves", |r, e, g| crypto::curves(r, e, &mut g.tls.bind)),
        Key::any("ssl-default-bind-options", |r, e, g| {
            crypto::options(r, e, &crypto::BIND_OPTIONS, &mut g.tls.bind);
        }),
        Key::any("ssl-default-server-ciphers", |r, e, g| {
            crypto::ciphers(r, e, &mut g.tls.server);
        }),
        Key::any("ssl-default-server-ciphersuites", |r, e, g| {
            crypto::ciphersuites(r, e, &mut g.tls.server);
        }),
        Key::any("ssl-default-server-curves", |r, e, g| crypto::curves(r, e, &mut g.tls.server)),
        Key::any("ssl-default-server-options", |r, e, g| {
            crypto::options(r, e, &crypto::SERVER_OPTIONS, &mut g.tls.server);
        }),
        Key::any("ssl-dh-param-file", |r, e, _| {
            path::path(r, e);
            without_dh(r, e);
        }),
        Key::any("ssl-server-verify", |r, e, g| {
            g.tls.server_verify = r.word(e, &server::VERIFY, "");
        }),
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
        Key::any("ssl", |r, e, g| sub_table(r, e, &TUNE_SSL, g)),
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

pub(super) const TUNE_SSL: Vocabulary<GlobalDraft> = Vocabulary {
    noun: "key",
    owner: "",
    keys: &[
        Key::any("cachesize", |r, e, g| g.tls.cachesize = r.number(e, 0, 10_000_000)),
        Key::any("default-dh-param", |r, e, _| {
            r.number::<u32>(e, 1024, 65_536);
            without_dh(r, e);
        }),
        Key::any("lifetime", |r, e, g| {
            g.tls.lifetime = r.parsed_scalar(e, "a duration such as \"300s\"", lifetime);
        }),
        Key::any("max-hello-size", |r, e, g| {
            g.tls.max_hello_size = r.parsed_scalar(e, "a size such as \"16k\"", max_hello_size);
        }),
    ],
    unsupported: words::TUNE_SSL,
};

/// Keys are exchanged over elliptic curves only.
fn without_dh(reader: &mut Reader<'_>, entry: &Entry<'_>) {
    let message = format!("`{}` has no effect: there are no DHE ciphers", entry.path);
    let place = reader.value_place(entry);
    reader.report.add(Diagnostic::warning(place, message).expected("`curves` is what counts"));
}

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

/// HAProxy takes a bare number for seconds here, where every other one is milliseconds.
fn lifetime(text: &str) -> Result<Duration, Fault> {
    let whole = 0..text.len();
    let expected = "must be from \"1s\" to \"7d\"";
    let duration = units::duration(text)?;
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::new(whole, "has no unit", format!("write \"{text}s\" for seconds")));
    }
    if !(Duration::from_secs(1)..=Duration::from_secs(7 * 86_400)).contains(&duration) {
        return Err(Fault::new(whole, "is out of range", expected));
    }
    Ok(duration)
}

fn max_hello_size(text: &str) -> Result<usize, Fault> {
    let bytes = units::size(text)?;
    if !(512..=65_536).contains(&bytes) {
        let problem = format!("cannot be {bytes} bytes");
        return Err(Fault::new(0..text.len(), problem, "must be from 512 to 64k"));
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
