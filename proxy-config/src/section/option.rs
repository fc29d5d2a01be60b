//! `option.*`.

use crate::diagnostic::Diagnostic;
use crate::draft::{LineOption, ProxyDraft};
use crate::model::{ForwardFor, Forwarded, HttpCheck, Network, RestrictNames};
use crate::section::proxy::{CLIENT_SIDE, SERVER_SIDE, own_header};
use crate::section::retry;
use crate::setting::Setting;
use crate::text::Fault;
use crate::walk::{Entry, Key, Reader, Vocabulary};
use crate::{address, http, words};

pub(super) const OPTIONS: Vocabulary<ProxyDraft> = Vocabulary {
    noun: "option",
    owner: "",
    keys: &[
        Key::of("abortonclose", SERVER_SIDE, |r, e, p| p.settings.abort_on_close = r.flag(e)),
        // The name until HAProxy 3.1 of what follows.
        Key::of("accept-invalid-http-request", CLIENT_SIDE, lenient_request),
        Key::of("accept-invalid-http-response", SERVER_SIDE, lenient_response),
        Key::of("accept-unsafe-violations-in-http-request", CLIENT_SIDE, lenient_request),
        Key::of("accept-unsafe-violations-in-http-response", SERVER_SIDE, lenient_response),
        Key::of("dontlog-normal", CLIENT_SIDE, |r, e, p| p.settings.dontlog_normal = r.flag(e)),
        Key::of("dontlognull", CLIENT_SIDE, |r, e, p| p.settings.dontlognull = r.flag(e)),
        Key::any("forwarded", |r, e, p| p.settings.forwarded = forwarded(r, e)),
        Key::any("forwardfor", |r, e, p| p.settings.forwardfor = forwardfor(r, e)),
        Key::any("http-buffer-request", |r, e, p| p.settings.buffer_request = r.flag(e)),
        Key::of("http-ignore-probes", CLIENT_SIDE, |r, e, p| p.settings.ignore_probes = r.flag(e)),
        Key::any("http-keep-alive", |r, e, p| p.settings.connection.keep_alive = r.flag(e)),
        Key::any("http-restrict-req-hdr-names", |r, e, p| {
            p.settings.restrict_names = r.word(e, &RESTRICT_NAMES, "");
        }),
        Key::any("http-server-close", |r, e, p| p.settings.connection.server_close = r.flag(e)),
        Key::of("httpchk", SERVER_SIDE, |r, e, p| p.settings.httpchk = httpchk(r, e)),
        Key::any("httpclose", |r, e, p| p.settings.connection.close = r.flag(e)),
        Key::of("httplog", CLIENT_SIDE, |r, e, p| p.settings.line.httplog = line_option(r, e)),
        Key::of("httpslog", CLIENT_SIDE, |r, e, p| p.settings.line.httpslog = r.flag(e)),
        Key::of("log-separate-errors", CLIENT_SIDE, |r, e, p| {
            p.settings.log_separate_errors = r.flag(e);
        }),
        Key::of("logasap", CLIENT_SIDE, |r, e, p| p.settings.logasap = r.flag(e)),
        Key::any("originalto", |r, e, p| p.settings.originalto = originalto(r, e)),
        Key::of("redispatch", SERVER_SIDE, |r, e, p| {
            p.settings.redispatch = retry::redispatch(r, e);
        }),
        Key::of("tcplog", CLIENT_SIDE, |r, e, p| p.settings.line.tcplog = line_option(r, e)),
    ],
    unsupported: words::OPTIONS,
};

const RESTRICT_NAMES: [(&str, RestrictNames); 3] = [
    ("delete", RestrictNames::Delete),
    ("preserve", RestrictNames::Preserve),
    ("reject", RestrictNames::Reject),
];

const FORWARDED: Vocabulary<ForwardedWords> = Vocabulary {
    noun: "word",
    owner: "",
    keys: &[
        Key::any("by", |r, e, f| f.by = r.flag(e)),
        Key::any("by-port", |r, e, f| f.by_port = r.flag(e)),
        Key::any("for", |r, e, f| f.for_ = r.flag(e)),
        Key::any("for-port", |r, e, f| f.for_port = r.flag(e)),
        Key::any("host", |r, e, f| f.host = r.flag(e)),
        Key::any("proto", |r, e, f| f.proto = r.flag(e)),
    ],
    unsupported: "",
};

const FORWARDFOR: Vocabulary<ForwardForWords> = Vocabulary {
    noun: "word",
    owner: "",
    keys: &[
        Key::any("except", |r, e, f| f.except = except(r, e)),
        Key::any("header", |r, e, f| {
            f.header = r.parsed(e, "the name of a header", own_header);
        }),
        Key::any("if-none", |r, e, f| f.if_none = r.flag(e)),
    ],
    unsupported: "",
};

const ORIGINALTO: Vocabulary<ForwardForWords> = Vocabulary {
    noun: "word",
    owner: "",
    keys: &[
        Key::any("except", |r, e, f| f.except = except(r, e)),
        Key::any("header", |r, e, f| {
            f.header = r.parsed(e, "the name of a header", own_header);
        }),
    ],
    unsupported: "",
};

const LINE_OPTION: Vocabulary<LineOptionWords> = Vocabulary {
    noun: "word",
    owner: "",
    keys: &[Key::any("clf", |r, e, l| l.clf = r.flag(e))],
    unsupported: "",
};

const HTTPCHK: Vocabulary<HttpCheckWords> = Vocabulary {
    noun: "word",
    owner: "",
    keys: &[
        Key::any("host", |r, e, h| h.host = r.parsed(e, "a host", http::host)),
        Key::any("method", |r, e, h| {
            h.method = r.parsed(e, "a method such as \"GET\"", http::token)
        }),
        Key::any("uri", |r, e, h| h.uri = r.parsed(e, "a path such as \"/healthz\"", http::target)),
        Key::any("version", |r, e, h| {
            h.version = r.word(e, &[("HTTP/1.0", "HTTP/1.0"), ("HTTP/1.1", "HTTP/1.1")], "HTTP/2");
        }),
    ],
    unsupported: "",
};

#[derive(Default)]
struct ForwardForWords {
    except: Setting<Vec<Network>>,
    header: Setting<String>,
    if_none: Setting<bool>,
}

#[derive(Default)]
struct ForwardedWords {
    by: Setting<bool>,
    by_port: Setting<bool>,
    for_: Setting<bool>,
    for_port: Setting<bool>,
    host: Setting<bool>,
    proto: Setting<bool>,
}

#[derive(Default)]
struct LineOptionWords {
    clf: Setting<bool>,
}

#[derive(Default)]
struct HttpCheckWords {
    host: Setting<String>,
    method: Setting<String>,
    uri: Setting<String>,
    version: Setting<&'static str>,
}

pub(super) fn read(reader: &mut Reader<'_>, entry: &Entry<'_>, draft: &mut ProxyDraft) {
    let Some(table) = reader.table(entry, "a table: option.forwardfor = true") else {
        return;
    };
    reader.walk(table, "option.", &OPTIONS, draft);
}

fn lenient_request(reader: &mut Reader<'_>, entry: &Entry<'_>, draft: &mut ProxyDraft) {
    lenient(reader, entry, &mut draft.settings.lenient_request);
}

fn lenient_response(reader: &mut Reader<'_>, entry: &Entry<'_>, draft: &mut ProxyDraft) {
    lenient(reader, entry, &mut draft.settings.lenient_response);
}

/// Two names for one option.
fn lenient(reader: &mut Reader<'_>, entry: &Entry<'_>, setting: &mut Setting<bool>) {
    let first = setting.place();
    *setting = reader.flag(entry);
    if let Some(first) = first {
        let message = format!("`{}` is given under its other name too", entry.path);
        let diagnostic = Diagnostic::error(reader.value_place(entry), message)
            .expected("leave one of them out")
            .label(first, "the other is here");
        reader.report.add(diagnostic);
    }
}

/// `true`, `false`, `"clf"` or `{ clf = true }`.
fn line_option(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<LineOption> {
    if entry.node.get_ref().is_str() {
        return reader.word(entry, &[("clf", LineOption::Clf)], "");
    }
    let chosen =
        switch(reader, entry, "\"clf\"", &LINE_OPTION, |words| match words.clf.or(false) {
            true => LineOption::Clf,
            false => LineOption::On,
        });
    let option = chosen.value().map(|chosen| chosen.unwrap_or(LineOption::Off));
    Setting::written(option, reader.value_place(entry))
}

/// `true` is what HAProxy does without arguments: `proto` and `for`.
fn forwarded(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Option<Forwarded>> {
    let forms = "{ proto, host, by, by-port, for, for-port }";
    let is_table = entry.node.get_ref().is_table();
    let read = switch(reader, entry, forms, &FORWARDED, |words| Forwarded {
        proto: words.proto.or(false),
        host: words.host.or(false),
        by: words.by.or(false),
        by_port: words.by_port.or(false),
        for_: words.for_.or(false),
        for_port: words.for_port.or(false),
    });
    let Some(Some(mut forwarded)) = read.value().copied() else { return read };
    if !is_table {
        forwarded = Forwarded { proto: true, for_: true, ..Forwarded::default() };
    }
    let problem = match forwarded {
        Forwarded { by_port: true, by: false, .. } => "has `by-port` without `by`",
        Forwarded { for_port: true, for_: false, .. } => "has `for-port` without `for`",
        _ if forwarded == Forwarded::default() => "names no parameter",
        _ => return Setting::written(Some(Some(forwarded)), reader.value_place(entry)),
    };
    reader.refuse(entry, &Fault::new(0..0, problem, "such as { proto = true, for = true }"))
}

fn originalto(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Option<ForwardFor>> {
    switch(reader, entry, "{ header, except }", &ORIGINALTO, |words| ForwardFor {
        header: words.header.or("x-original-to".to_owned()).to_ascii_lowercase(),
        except: words.except.or(Vec::new()),
        if_none: false,
    })
}

fn forwardfor(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Option<ForwardFor>> {
    switch(reader, entry, "{ header, except, if-none }", &FORWARDFOR, |words| ForwardFor {
        header: words.header.or("x-forwarded-for".to_owned()).to_ascii_lowercase(),
        except: words.except.or(Vec::new()),
        if_none: words.if_none.or(false),
    })
}

fn httpchk(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Option<HttpCheck>> {
    switch(reader, entry, "{ method, uri, version, host }", &HTTPCHK, |words| HttpCheck {
        method: words.method.or("OPTIONS".to_owned()),
        uri: words.uri.or("/".to_owned()),
        version: words.version.or("HTTP/1.0").to_owned(),
        host: words.host.value().cloned(),
    })
}

/// An option that is true, false, or a table of its words.
fn switch<W: Default, T>(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    forms: &str,
    vocabulary: &Vocabulary<W>,
    build: fn(&W) -> T,
) -> Setting<Option<T>> {
    let place = reader.value_place(entry);
    let mut words = W::default();
    if let Some(is_on) = entry.node.get_ref().as_bool() {
        return Setting::written(Some(is_on.then(|| build(&words))), place);
    }
    let Some(table) = reader.table(entry, &format!("true, false or {forms}")) else {
        return Setting::written(None, place);
    };
    reader.walk(table, &format!("{}.", entry.path), vocabulary, &mut words);
    Setting::written(Some(Some(build(&words))), place)
}

fn except(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Vec<Network>> {
    let items = reader.items(entry);
    let networks: Vec<_> = items
        .iter()
        .map(|item| reader.parsed(item, "a network such as \"10.0.0.0/8\"", address::network))
        .collect();
    if items.is_empty() {
        let fault = Fault::new(0..0, "is empty", "leave it out to except no network");
        return reader.refuse(entry, &fault);
    }
    let good = networks.iter().map(|network| network.value().copied()).collect();
    Setting::written(good, reader.value_place(entry))
}
