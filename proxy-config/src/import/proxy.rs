//! Keywords of `defaults`, `frontend`, `listen` and `backend`.

use crate::import::document::{Entry, Value, key};
use crate::import::line::Line;
use crate::import::note::Verdict;
use crate::import::translate::Importer;
use crate::import::{bind, check, global, keyword, list, log, option, rule, server};
use crate::section::kinds_of;
use crate::text::Text;
use crate::{units, words};

/// The longest timeout, for those that HAProxy never ends.
pub(super) const NEVER: &str = "24d";

type Handler = fn(&mut Importer<'_>, &Line);

const KEYWORDS: [(&str, Handler); 57] = [
    ("acl", acl),
    ("backlog", scalar),
    ("balance", option::row),
    ("bind", bind::line),
    ("capture", capture),
    ("clitimeout", |i, l| old_timeout(i, l, "timeout.client")),
    ("contimeout", |i, l| old_timeout(i, l, "timeout.connect")),
    ("cookie", cookie),
    ("declare", declare),
    ("default-server", server::default_line),
    ("default_backend", default_backend),
    ("disabled", disabled),
    ("error-log-format", word),
    ("errorfile", list::error_file),
    ("errorfiles", list::error_files),
    ("errorloc", list::error_file),
    ("errorloc302", list::error_file),
    ("errorloc303", list::error_file),
    ("http-after-response", |i, l| rule_line(i, l, "http-after-response", 1)),
    ("http-check", check::http_check),
    ("http-error", |i, l| rule_line(i, l, "http-error", 1)),
    ("http-request", |i, l| rule_line(i, l, "http-request", 1)),
    ("http-response", |i, l| rule_line(i, l, "http-response", 1)),
    ("http-reuse", word),
    ("log", log::line),
    ("log-format", log_format),
    ("log-format-sd", word),
    ("log-tag", word),
    ("maxconn", scalar),
    ("mode", word),
    ("monitor-uri", word),
    ("option", |i, l| option::line(i, l, false)),
    ("redirect", |i, l| rule_line(i, l, "redirect", 1)),
    ("retries", scalar),
    ("retry-on", option::row),
    ("server", server::line),
    ("source", source),
    ("srvtimeout", |i, l| old_timeout(i, l, "timeout.server")),
    ("tcp-request", tcp_rule),
    ("tcp-response", tcp_rule),
    ("timeout", timeout),
    ("unique-id-format", word),
    ("unique-id-header", word),
    ("use-server", |i, l| rule_line(i, l, "use-server", 1)),
    ("use_backend", use_backend),
    // What follows is told by name: what its form will be is not known.
    ("compression", not_yet),
    ("email-alert", not_yet),
    ("external-check", not_yet),
    ("filter", not_yet),
    ("monitor", not_yet),
    ("persist", not_yet),
    ("rate-limit", not_yet),
    ("server-template", |i, l| i.not_yet(l.place, l.word(0))),
    ("stats", not_yet),
    ("stick", not_yet),
    ("stick-table", |i, l| i.not_yet(l.place, l.word(0))),
    ("tcp-check", not_yet),
];

pub(super) fn line(importer: &mut Importer<'_>, line: &Line) {
    let word = line.word(0);
    if word == "no" || word == "default" {
        return negated(importer, line);
    }
    if let Some((_, handler)) = KEYWORDS.iter().find(|(known, _)| *known == word) {
        return handler(importer, line);
    }
    if let Some(remark) = keyword::remark(keyword::PROXY, word) {
        return importer.ignored(line.place, word, remark);
    }
    unknown(importer, line, words::PROXY);
}

/// A keyword that HAProxy has given up, that this release lacks, or that nobody knows.
pub(super) fn unknown(importer: &mut Importer<'_>, line: &Line, known: &'static str) {
    let word = line.word(0);
    if let Some(instead) = keyword::removed(word) {
        let message = format!("`{word}` is no longer a keyword of HAProxy");
        return importer.unsupported(line.place, message, &format!("write `{instead}`"));
    }
    if keyword::is_known(known, word) {
        return importer.not_yet(line.place, word);
    }
    let own = KEYWORDS.iter().map(|(known, _)| *known).chain(global::words());
    let remedy = keyword::remedy(word, own.chain(known.split_whitespace()));
    importer.unsupported(line.place_to(1), format!("unknown keyword `{word}`"), &remedy);
}

/// `no option X`, `no log`.
fn negated(importer: &mut Importer<'_>, line: &Line) {
    let Some(positive) = line.shifted() else {
        importer.word(line, 1);
        return;
    };
    match (line.word(0), line.word(1)) {
        ("no", "option") => option::line(importer, &positive, true),
        ("no", "log") => log::none(importer, &positive),
        (no, other) => {
            let message = format!("`{no} {other}` is not yet supported");
            importer.unsupported(line.place, message, "");
        }
    }
}

fn not_yet(importer: &mut Importer<'_>, line: &Line) {
    let words: Vec<_> = line.words.iter().take(2).map(Text::as_str).collect();
    importer.not_yet(line.place, &words.join(" "));
}

/// A keyword with one word behind it.
fn word(importer: &mut Importer<'_>, line: &Line) {
    if let Some(value) = importer.word(line, 1) {
        importer.set(line, 1, line.word(0), Value::Text(value.clone()));
        importer.ends(line, 2);
    }
}

/// A keyword with a number behind it.
fn scalar(importer: &mut Importer<'_>, line: &Line) {
    if let Some(value) = importer.word(line, 1) {
        importer.set(line, 1, line.word(0), Value::Scalar(value.clone()));
        importer.ends(line, 2);
    }
}

fn log_format(importer: &mut Importer<'_>, line: &Line) {
    option::forget_line(importer, "log-format");
    word(importer, line);
}

/// A rule of an ordered set, in HAProxy's own words.
fn rule_line(importer: &mut Importer<'_>, line: &Line, key: &str, from: usize) {
    if importer.word(line, from).is_some() {
        let rule = rule::text(importer, line.from(from));
        importer.push(line, from, key, Value::Text(rule));
    }
}

/// `tcp-request connection ...` and its like; `inspect-delay` is a timeout.
fn tcp_rule(importer: &mut Importer<'_>, line: &Line) {
    let Some(set) = importer.word(line, 1) else { return };
    let key = format!("{}-{}", line.word(0), set.as_str());
    match (line.word(0), set.as_str()) {
        (_, "inspect-delay") => {
            if let Some(delay) = importer.word(line, 2) {
                importer.set(line, 2, &key, Value::Scalar(delay.clone()));
                importer.ends(line, 3);
            }
        }
        ("tcp-request", "connection" | "session" | "content") | ("tcp-response", "content") => {
            rule_line(importer, line, &key, 2);
        }
        (keyword, other) => {
            let message = format!("unknown rule set `{keyword} {other}`");
            importer.unsupported(line.place, message, "");
        }
    }
}

/// `acl NAME FETCH WORD...`: several lines of a name are an array.
fn acl(importer: &mut Importer<'_>, line: &Line) {
    let Some(name) = importer.word(line, 1) else { return };
    let name = format!("acl.{}", key(name.as_str()));
    rule_line(importer, line, &name, 2);
}

fn use_backend(importer: &mut Importer<'_>, line: &Line) {
    let Some(name) = importer.word(line, 1) else { return };
    let mut words = line.from(1).to_vec();
    let renamed = rule::backend(importer, name);
    if renamed.as_str() == name.as_str() {
        return rule_line(importer, line, "use-backend", 1);
    }
    words.remove(0);
    let mut text = renamed;
    if !words.is_empty() {
        let rest = rule::text(importer, &words);
        let place = rest.whole();
        text.push(" ", crate::place::Place { end: place.start, ..place });
        text.copy(&rest, 0..rest.as_str().len());
    }
    importer.push(line, 1, "use-backend", Value::Text(text.placed(line.place_from(1))));
}

fn default_backend(importer: &mut Importer<'_>, line: &Line) {
    if let Some(name) = importer.word(line, 1) {
        let name = rule::backend(importer, name);
        importer.set(line, 1, "default-backend", Value::Text(name));
        importer.ends(line, 2);
    }
}

/// `timeout NAME DURATION`; 0 is never.
fn timeout(importer: &mut Importer<'_>, line: &Line) {
    let (Some(name), Some(value)) = (importer.word(line, 1), importer.word(line, 2)) else {
        return;
    };
    importer.ends(line, 3);
    let name = name.as_str();
    let name = name.strip_suffix("timeout").map_or(name, |old| match old {
        "cli" => "client",
        "con" => "connect",
        "srv" => "server",
        _ => name,
    });
    let key = format!("timeout.{}", key(name));
    if kinds_of(&key).is_none()
        && let Some(remark) = keyword::remark(keyword::TIMEOUTS, name)
    {
        return importer.ignored(line.place, &format!("timeout {name}"), remark);
    }
    let value = duration(importer, line, value);
    importer.set(line, 2, &key, Value::Scalar(value));
}

fn old_timeout(importer: &mut Importer<'_>, line: &Line, key: &str) {
    if let Some(value) = importer.word(line, 1) {
        importer.ends(line, 2);
        importer.assumed(line.place, format!("`{}` is `{key}`", line.word(0)));
        let value = duration(importer, line, value);
        importer.set(line, 1, key, Value::Scalar(value));
    }
}

fn duration(importer: &mut Importer<'_>, line: &Line, value: &Text) -> Text {
    let digits = value.as_str().trim_end_matches(|c: char| c.is_ascii_lowercase());
    let is_zero = !digits.is_empty() && digits.bytes().all(|b| b == b'0');
    if is_zero && units::timeout(value.as_str()).is_err() {
        importer.assumed(line.place, format!("0 is never, for which {NEVER} stands"));
        return Text::opaque(value.whole(), NEVER.to_owned());
    }
    value.clone()
}

/// `capture request header NAME len N`, `capture response header ..`, `capture cookie NAME len N`.
fn capture(importer: &mut Importer<'_>, line: &Line) {
    let (key, at) = match (line.word(1), line.word(2)) {
        ("request", "header") => ("capture.request-header", 3),
        ("response", "header") => ("capture.response-header", 3),
        ("cookie", _) => ("capture.cookie", 2),
        _ => {
            let known = "must be `cookie`, `request header` or `response header`";
            return importer.unsupported(line.place, "unknown capture", known);
        }
    };
    let (Some(name), Some(len)) = (importer.word(line, at), importer.word(line, at + 2)) else {
        return;
    };
    if line.word(at + 1) != "len" {
        let place = line.place_from(at + 1);
        return importer.unsupported(place, "a capture has no `len`", "write `len` and a number");
    }
    importer.ends(line, at + 3);
    let unit = line.place;
    let entries = vec![
        Entry::new("name", name.whole(), Value::Text(name.clone()), unit),
        Entry::new("len", len.whole(), Value::Scalar(len.clone()), unit),
    ];
    match at {
        3 => importer.push(line, 3, key, Value::table(entries)),
        _ => importer.set(line, 2, key, Value::table(entries)),
    }
}

/// `declare capture request len N`.
fn declare(importer: &mut Importer<'_>, line: &Line) {
    if line.word(1) != "capture" {
        return unknown(importer, line, "");
    }
    rule_line(importer, line, "declare-capture", 2);
}

/// `cookie NAME WORD...`.
fn cookie(importer: &mut Importer<'_>, line: &Line) {
    const ROW: bind::Row =
        bind::Row { values: "attr domain maxidle maxlife", remarks: &[], knows: |_| true };
    let Some(name) = importer.word(line, 1) else { return };
    let mut entries = vec![Entry::new("name", name.whole(), Value::Text(name.clone()), line.place)];
    entries.extend(bind::words(importer, line.from(2), &ROW));
    importer.set(line, 1, "cookie", Value::table(entries));
}

/// Any address is what connections have anyway.
fn source(importer: &mut Importer<'_>, line: &Line) {
    let is_any = ["0.0.0.0", "0.0.0.0:0", "*", ":::0"].contains(&line.word(1));
    if is_any && line.words.len() == 2 {
        return importer.assumed(line.place, "the kernel chooses the source, as it does anyway");
    }
    importer.not_yet(line.place, "source");
}

/// Nothing of the section is written: a frontend is not referred to by any other.
fn disabled(importer: &mut Importer<'_>, line: &Line) {
    let is_frontend = importer.kind() == Some(crate::draft::Kind::Frontend);
    if !is_frontend {
        return importer.not_yet(line.place, "disabled");
    }
    importer.section().into_iter().for_each(|section| section.is_disabled = true);
    importer.note(Verdict::Assumed, line.place, "a disabled frontend is left out");
}
