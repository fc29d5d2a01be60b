//! `option.*`.

use crate::diagnostic::Diagnostic;
use crate::draft::ProxyDraft;
use crate::model::{ForwardFor, HttpCheck, Network};
use crate::section::proxy::{CLIENT_SIDE, SERVER_SIDE};
use crate::setting::Setting;
use crate::text::Fault;
use crate::walk::{Entry, Key, Reader, Vocabulary};
use crate::{address, http, words};

pub(super) const OPTIONS: Vocabulary<ProxyDraft> = Vocabulary {
    noun: "option",
    owner: "",
    keys: &[
        Key::any("forwardfor", |r, e, p| p.settings.forwardfor = forwardfor(r, e)),
        Key::of("httpchk", SERVER_SIDE, |r, e, p| p.settings.httpchk = httpchk(r, e)),
        Key::of("httplog", CLIENT_SIDE, |r, e, p| p.settings.httplog = r.flag(e)),
        Key::of("tcplog", CLIENT_SIDE, |r, e, p| p.settings.tcplog = r.flag(e)),
    ],
    unsupported: words::OPTIONS,
};

const FORWARDFOR: Vocabulary<ForwardForWords> = Vocabulary {
    noun: "word",
    owner: "",
    keys: &[
        Key::any("except", |r, e, f| f.except = except(r, e)),
        Key::any("header", |r, e, f| f.header = r.parsed(e, "the name of a header", http::token)),
        Key::any("if-none", |r, e, f| f.if_none = r.flag(e)),
    ],
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
    let (httplog, tcplog) = (&draft.settings.httplog, &draft.settings.tcplog);
    if let (Some(true), Some(true), Some(http_place), Some(tcp_place)) =
        (httplog.value(), tcplog.value(), httplog.place(), tcplog.place())
    {
        let message = "`option.httplog` and `option.tcplog` cannot both be true";
        let diagnostic = Diagnostic::error(http_place.max(tcp_place), message)
            .expected("a log has one format")
            .label(http_place.min(tcp_place), "the other is here");
        reader.report.add(diagnostic);
    }
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
