//! Keywords of `global`.

use crate::import::document::Value;
use crate::import::line::Line;
use crate::import::translate::Importer;
use crate::import::{keyword, log, option, proxy, rule};
use crate::text::Text;
use crate::words;

/// Keywords with one word behind them, whose keys have the same name.
const WORDS: [&str; 14] = [
    "ca-base",
    "crt-base",
    "hard-stop-after",
    "key-base",
    "log-tag",
    "maxconn",
    "ssl-default-bind-ciphers",
    "ssl-default-bind-ciphersuites",
    "ssl-default-bind-curves",
    "ssl-default-server-ciphers",
    "ssl-default-server-ciphersuites",
    "ssl-default-server-curves",
    "ssl-server-verify",
    "nbthread",
];

/// Tuning that has a meaning here.
const TUNE: [&str; 5] = [
    "tune.http.cookielen",
    "tune.http.logurilen",
    "tune.http.maxhdr",
    "tune.ssl.cachesize",
    "tune.ssl.max-hello-size",
];

/// What the preprocessor has done already.
const ENVIRONMENT: [&str; 4] = ["presetenv", "resetenv", "setenv", "unsetenv"];

/// Keywords with a word behind them.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    WORDS.into_iter().chain(TUNE)
}

pub(super) fn line(importer: &mut Importer<'_>, line: &Line) {
    match line.word(0) {
        "log" => log::line(importer, line),
        "log-send-hostname" => hostname(importer, line),
        "nbthread" => word(importer, line, "shards"),
        "h1-accept-payload-with-any-method" => {
            importer.ends(line, 1);
            importer.set(line, 1, line.word(0), Value::Flag(true));
        }
        "ssl-default-bind-options" | "ssl-default-server-options" => option::row(importer, line),
        "set-var" | "set-var-fmt" => {
            let rule = rule::text(importer, line.from(1));
            importer.push(line, 1, line.word(0), Value::Text(rule));
        }
        "tune.bufsize" => bufsize(importer, line),
        "tune.ssl.lifetime" => lifetime(importer, line),
        "resetenv" => importer.not_yet(line.place, "resetenv"),
        name if ENVIRONMENT.contains(&name) => {}
        name if WORDS.contains(&name) || TUNE.contains(&name) => word(importer, line, name),
        name => match keyword::remark(keyword::GLOBAL, name) {
            Some(remark) => importer.ignored(line.place, name, remark),
            None => proxy::unknown(importer, line, words::GLOBAL),
        },
    }
}

fn word(importer: &mut Importer<'_>, line: &Line, key: &str) {
    if let Some(value) = importer.word(line, 1) {
        importer.set(line, 1, key, Value::Scalar(value.clone()));
        importer.ends(line, 2);
    }
}

/// `log-send-hostname [NAME]`.
fn hostname(importer: &mut Importer<'_>, line: &Line) {
    let value = line.words.get(1).map_or(Value::Flag(true), |name| Value::Text(name.clone()));
    importer.set(line, 1, "log-send-hostname", value);
    importer.ends(line, 2);
}

/// Buffers here are a power of two from 1k to 64k.
fn bufsize(importer: &mut Importer<'_>, line: &Line) {
    let Some(value) = importer.word(line, 1) else { return };
    importer.ends(line, 2);
    let fitting = crate::units::size(value.as_str())
        .ok()
        .map(|bytes| (bytes, bytes.clamp(1024, 65_536).next_power_of_two()));
    let value = match fitting {
        Some((bytes, fitting)) if bytes != fitting => {
            importer.assumed(line.place, format!("buffers of {fitting} bytes, not {bytes}"));
            Text::opaque(value.whole(), fitting.to_string())
        }
        _ => value.clone(),
    };
    importer.set(line, 1, "tune.bufsize", Value::Scalar(value));
}

/// A bare number is seconds.
fn lifetime(importer: &mut Importer<'_>, line: &Line) {
    let Some(value) = importer.word(line, 1) else { return };
    importer.ends(line, 2);
    let is_bare = value.as_str().bytes().all(|b| b.is_ascii_digit());
    let text = if is_bare { format!("{}s", value.as_str()) } else { value.as_str().to_owned() };
    importer.set(line, 1, "tune.ssl.lifetime", Value::Text(Text::opaque(value.whole(), text)));
}
