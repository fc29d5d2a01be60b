//! What HAProxy does without being told, written out where ours differs.

use std::time::Duration;

use crate::draft::Kind;
use crate::import::document::{Entry, SectionKind, Value};
use crate::import::note::Verdict;
use crate::import::proxy::NEVER;
use crate::import::section;
use crate::import::translate::Importer;
use crate::place::Place;
use crate::section::kinds_of;
use crate::text::Text;
use crate::units;

const UNLIMITED: &str = "HAProxy has no limit";

/// What `log` without a format writes, when a connection is accepted.
const CONNECT_FORMAT: &str = "Connect from %ci:%cp to %fi:%fp (%f/";

pub(super) fn apply(importer: &mut Importer<'_>) {
    for index in 0..importer.sections.len() {
        match importer.sections.get(index).map(|section| section.kind) {
            Some(SectionKind::Proxy(Kind::Defaults)) => defaults(importer, index),
            Some(SectionKind::Proxy(kind)) => proxy(importer, index, kind),
            _ => {}
        }
    }
    section::link(importer);
    versions(importer);
}

/// An entry that no line has.
fn add(importer: &mut Importer<'_>, index: usize, key: &str, value: &str, why: &'static str) {
    let Some(section) = importer.sections.get_mut(index) else { return };
    let place = section.place;
    let text = Text::opaque(place, value.to_owned());
    let value = match value {
        "false" => Value::Flag(false),
        "true" => Value::Flag(true),
        _ => Value::Scalar(text),
    };
    let unit = Place { end: place.start, ..place };
    let mut entry = Entry::new(key, place, value, unit);
    entry.comment = Some(why);
    section.entries.push(entry);
    importer.note(Verdict::Assumed, place, format!("{key}: {why}"));
}

fn is_set(importer: &Importer<'_>, index: usize, key: &str) -> bool {
    importer.effective(index, key).is_some()
}

/// A `defaults` starts from HAProxy's own values.
fn defaults(importer: &mut Importer<'_>, index: usize) {
    if importer.sections.get(index).is_none_or(|section| section.parent.is_none()) {
        root(importer, index);
    }
    if mode(importer, index) == "http" {
        keep_alive(importer, index);
        tunnel(importer, index);
    }
}

fn root(importer: &mut Importer<'_>, index: usize) {
    let values = [
        ("mode", "tcp", "HAProxy's default"),
        ("timeout.client", NEVER, UNLIMITED),
        ("timeout.connect", NEVER, UNLIMITED),
        ("timeout.server", NEVER, UNLIMITED),
        ("option.redispatch", "false", "HAProxy's default"),
        ("log", "false", "HAProxy logs where it is told to"),
    ];
    for (key, value, why) in values {
        if !is_set(importer, index, key) {
            add(importer, index, key, value, why);
        }
    }
    if mode(importer, index) == "http" && !is_set(importer, index, "timeout.http-request") {
        add(importer, index, "timeout.http-request", NEVER, "HAProxy has timeout.client alone");
    }
}

fn proxy(importer: &mut Importer<'_>, index: usize, kind: Kind) {
    let is_http = mode(importer, index) == "http";
    if kind.is_frontend() {
        if is_http {
            if !is_set(importer, index, "timeout.http-request") {
                add(
                    importer,
                    index,
                    "timeout.http-request",
                    NEVER,
                    "HAProxy has timeout.client alone",
                );
            }
            keep_alive(importer, index);
        }
        handshake(importer, index);
        line_format(importer, index, is_http);
        tarpit(importer, index);
    }
    if kind.is_backend() && is_http {
        tunnel(importer, index);
        server_names(importer, index);
    }
}

fn mode(importer: &Importer<'_>, index: usize) -> String {
    text(importer, index, "mode").unwrap_or_else(|| "tcp".to_owned())
}

fn text(importer: &Importer<'_>, index: usize, key: &str) -> Option<String> {
    match &importer.effective(index, key)?.value {
        Value::Scalar(text) | Value::Text(text) => Some(text.as_str().to_owned()),
        Value::Array(_) | Value::Flag(_) | Value::Table(_) => None,
    }
}

/// A value that some line gives, and no preset.
fn written(importer: &Importer<'_>, index: usize, key: &str) -> Option<String> {
    importer.effective(index, key).filter(|entry| entry.comment.is_none())?;
    text(importer, index, key)
}

/// Sets what is derived, unless it is what the section has anyway.
fn derive(importer: &mut Importer<'_>, index: usize, key: &str, value: &str, why: &'static str) {
    if text(importer, index, key).as_deref() != Some(value) {
        add(importer, index, key, value, why);
    }
}

/// `timeout http-keep-alive` is `http-request` where it is not given, or else `client`.
fn keep_alive(importer: &mut Importer<'_>, index: usize) {
    if written(importer, index, "timeout.http-keep-alive").is_some() {
        return;
    }
    let request = written(importer, index, "timeout.http-request");
    let value = request.or_else(|| text(importer, index, "timeout.client"));
    let why = "as timeout.http-request or timeout.client";
    value.into_iter().for_each(|v| derive(importer, index, "timeout.http-keep-alive", &v, why));
}

/// Without `timeout tunnel` both sides keep their own.
fn tunnel(importer: &mut Importer<'_>, index: usize) {
    if written(importer, index, "timeout.tunnel").is_some() {
        return;
    }
    let client = text(importer, index, "timeout.client");
    let server = text(importer, index, "timeout.server");
    let duration = |text: &Option<String>| {
        text.as_deref().and_then(|text| units::timeout(text).ok()).unwrap_or(Duration::MAX)
    };
    let shorter = if duration(&client) < duration(&server) { client } else { server };
    let why = "the shorter of timeout.client and timeout.server";
    shorter.into_iter().for_each(|value| derive(importer, index, "timeout.tunnel", &value, why));
}

/// A handshake has the client's timeout.
fn handshake(importer: &mut Importer<'_>, index: usize) {
    let has_handshake = |entry: &Entry| match &entry.value {
        Value::Table(words) => {
            words.iter().any(|word| ["ssl", "accept-proxy"].contains(&word.key.as_str()))
        }
        _ => false,
    };
    let binds = importer.sections.get(index).and_then(|section| section.get("bind"));
    let needs = matches!(binds.map(|entry| &entry.value), Some(Value::Array(binds)) if binds.iter().any(has_handshake));
    if needs && written(importer, index, "timeout.client-hs").is_none() {
        let client = text(importer, index, "timeout.client");
        client.into_iter().for_each(|value| {
            derive(importer, index, "timeout.client-hs", &value, "as timeout.client");
        });
    }
}

/// `timeout tarpit` is `timeout connect` where it is not given.
fn tarpit(importer: &mut Importer<'_>, index: usize) {
    let is_known = kinds_of("timeout.tarpit").is_some();
    let may_tarpit = |entry: &Entry| match &entry.value {
        Value::Array(rules) => rules.iter().any(|rule| match &rule.value {
            Value::Text(text) => text.as_str().starts_with("tarpit"),
            _ => false,
        }),
        _ => false,
    };
    let tarpits = importer.effective(index, "http-request").is_some_and(may_tarpit);
    if is_known && tarpits && written(importer, index, "timeout.tarpit").is_none() {
        let connect = text(importer, index, "timeout.connect");
        connect.into_iter().for_each(|value| {
            derive(importer, index, "timeout.tarpit", &value, "as timeout.connect");
        });
    }
}

/// `log` without `option httplog`, `option tcplog` or `log-format`.
fn line_format(importer: &mut Importer<'_>, index: usize, is_http: bool) {
    let is_on = |key: &str| {
        let entry = importer.effective(index, key);
        entry.is_some_and(|entry| !matches!(entry.value, Value::Flag(false)))
    };
    let formats = ["option.httplog", "option.httpslog", "option.tcplog", "log-format"];
    if is_on("log") && !formats.iter().any(|key| is_on(key)) {
        let format = format!("{CONNECT_FORMAT}{})", if is_http { "HTTP" } else { "TCP" });
        let why = "HAProxy writes this when a connection begins";
        add(importer, index, "log-format", &format, why);
    }
}

/// Before 3.3 no server is asked for the host of the request.
fn server_names(importer: &mut Importer<'_>, index: usize) {
    if importer.version().is_from(3, 3) {
        return;
    }
    let words = |entry: &Entry| match &entry.value {
        Value::Table(words) => words.clone(),
        _ => Vec::new(),
    };
    let inherited = importer.effective(index, "default-server").map(words).unwrap_or_default();
    let Some(section) = importer.sections.get_mut(index) else { return };
    let server = section.entries.iter_mut().find(|entry| entry.key == "server");
    let Some(Entry { value: Value::Array(servers), .. }) = server else { return };
    for server in servers {
        let Value::Table(own) = &mut server.value else { continue };
        let has = |key: &str| own.iter().chain(&inherited).any(|word| word.key == key);
        let is_named = ["sni", "sni-auto", "no-sni-auto", "no-ssl"].iter().any(|key| has(key));
        if (has("ssl") || has("check-ssl")) && !is_named {
            let place = Place { end: server.unit.start, ..server.unit };
            own.push(Entry::new("no-sni-auto", place, Value::Flag(true), place));
        }
    }
}

/// Defaults that moved between versions.
fn versions(importer: &mut Importer<'_>) {
    let version = importer.version();
    let place =
        Place::new(importer.sections.first().map_or(0, |section| section.place.source), 0..0);
    importer.assumed(place, format!("the defaults of HAProxy {version}"));
    if version.is_from(3, 3) {
        importer.assumed(place, "`balance random` is the default of HAProxy 3.3: roundrobin here");
    }
}
