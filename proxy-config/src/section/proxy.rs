//! The keys of `defaults`, `frontend`, `listen` and `backend`.

use crate::draft::{Kind, ProxyDraft, RuleSet};
use crate::model::{Balance, HttpReuse, Mode};
use crate::overrides::MAXCONN_MAX;
use crate::section::{
    bind, capture, error_page, log, option, proxy_name, retry, rule, server, timeout,
};
use crate::setting::Setting;
use crate::text::Fault;
use crate::walk::{Entry, Key, Reader, Vocabulary};
use crate::{http, nearest, words};

/// Sections with a client side, and their defaults.
pub(super) const CLIENT_SIDE: &[Kind] = &[Kind::Defaults, Kind::Frontend, Kind::Listen];

/// Sections with a server side, and their defaults.
pub(super) const SERVER_SIDE: &[Kind] = &[Kind::Defaults, Kind::Backend, Kind::Listen];

/// What is not for `defaults`.
const SECTIONS: &[Kind] = &[Kind::Frontend, Kind::Backend, Kind::Listen];
const FRONTENDS: &[Kind] = &[Kind::Frontend, Kind::Listen];
const BACKENDS: &[Kind] = &[Kind::Backend, Kind::Listen];

const HTTP_ERROR_FORM: &str = "rules such as \"status 503 content-type text/plain string sorry\"";

const MODES: [(&str, Mode); 2] = [("http", Mode::Http), ("tcp", Mode::Tcp)];

const HTTP_REUSE: [(&str, HttpReuse); 4] = [
    ("aggressive", HttpReuse::Aggressive),
    ("always", HttpReuse::Always),
    ("never", HttpReuse::Never),
    ("safe", HttpReuse::Safe),
];

pub(super) const PROXY: Vocabulary<ProxyDraft> = Vocabulary {
    noun: "key",
    owner: "",
    keys: &[
        Key::any("acl", rule::acls),
        Key::of("backlog", CLIENT_SIDE, |r, e, p| p.settings.backlog = r.number(e, 1, 65_535)),
        Key::of("balance", SERVER_SIDE, |r, e, p| p.settings.balance = balance(r, e)),
        Key::of("bind", FRONTENDS, |r, e, p| p.binds = bind::read(r, e)),
        Key::of("capture", FRONTENDS, capture::read),
        Key::of("declare-capture", FRONTENDS, |r, e, p| p.captures.declared = rule::captures(r, e)),
        Key::of("default-backend", CLIENT_SIDE, |r, e, p| {
            p.settings.default_backend = r.parsed(e, "the name of a backend", proxy_name);
        }),
        Key::of("default-server", SERVER_SIDE, server::read_default),
        Key::of("error-log-format", CLIENT_SIDE, |r, e, p| {
            p.settings.error_log_format = log::line_format(r, e);
        }),
        Key::any("errorfile", |r, e, p| error_page::files(r, e, &mut p.settings.pages)),
        Key::any("errorfiles", |r, e, p| p.settings.errorfiles = error_page::imports(r, e)),
        Key::any("errorloc", |r, e, p| error_page::locations(r, e, 302, &mut p.settings.pages)),
        Key::any("errorloc302", |r, e, p| error_page::locations(r, e, 302, &mut p.settings.pages)),
        Key::any("errorloc303", |r, e, p| error_page::locations(r, e, 303, &mut p.settings.pages)),
        Key::any("from", |r, e, p| {
            p.from = r.parsed(e, "the name of a defaults section", proxy_name)
        }),
        Key::any("http-after-response", |r, e, p| rule::lines(r, e, p, RuleSet::AfterResponse)),
        Key::any("http-error", |r, e, p| {
            p.rules.http_errors.extend(rule::texts(r, e, HTTP_ERROR_FORM));
        }),
        Key::any("http-request", |r, e, p| rule::lines(r, e, p, RuleSet::Request)),
        Key::any("http-response", |r, e, p| rule::lines(r, e, p, RuleSet::Response)),
        Key::of("http-reuse", SERVER_SIDE, |r, e, p| {
            p.settings.http_reuse = r.word(e, &HTTP_REUSE, "");
        }),
        Key::of("log", CLIENT_SIDE, |r, e, p| p.settings.log = log::read(r, e)),
        Key::of("log-format", CLIENT_SIDE, |r, e, p| {
            p.settings.line.log_format = log::line_format(r, e);
        }),
        Key::of("log-format-sd", CLIENT_SIDE, |r, e, p| {
            p.settings.log_format_sd = log::line_format(r, e);
        }),
        Key::of("log-tag", CLIENT_SIDE, |r, e, p| {
            p.settings.log_tag = r.parsed(e, log::TAG_FORM, log::tag);
        }),
        Key::of("maxconn", CLIENT_SIDE, |r, e, p| p.settings.maxconn = r.number(e, 1, MAXCONN_MAX)),
        Key::any("mode", |r, e, p| p.settings.mode = r.word(e, &MODES, words::MODES)),
        Key::of("monitor-uri", CLIENT_SIDE, |r, e, p| {
            p.settings.monitor_uri = r.parsed(e, "a path such as \"/health\"", http::target);
        }),
        Key::any("option", option::read),
        Key::of("redirect", SECTIONS, |r, e, p| rule::lines(r, e, p, RuleSet::Redirect)),
        Key::of("retries", SERVER_SIDE, |r, e, p| p.settings.retries = r.number(e, 0, 100)),
        Key::of("retry-on", SERVER_SIDE, |r, e, p| p.settings.retry_on = retry::retry_on(r, e)),
        Key::of("server", BACKENDS, |r, e, p| p.servers = server::read(r, e)),
        Key::of("tcp-request-connection", CLIENT_SIDE, |r, e, p| {
            rule::lines(r, e, p, RuleSet::Connection);
        }),
        Key::any("tcp-request-content", |r, e, p| rule::lines(r, e, p, RuleSet::Content)),
        Key::any("tcp-request-inspect-delay", |r, e, p| p.settings.inspect_delay = r.duration(e)),
        Key::of("tcp-request-session", CLIENT_SIDE, |r, e, p| {
            rule::lines(r, e, p, RuleSet::Session);
        }),
        Key::of("tcp-response-content", SERVER_SIDE, |r, e, p| {
            rule::lines(r, e, p, RuleSet::ResponseContent);
        }),
        Key::of("tcp-response-inspect-delay", SERVER_SIDE, |r, e, p| {
            p.settings.response_inspect_delay = r.duration(e);
        }),
        Key::any("timeout", timeout::read),
        Key::of("unique-id-format", CLIENT_SIDE, |r, e, p| {
            p.settings.unique_id_format = log::line_format(r, e);
        }),
        Key::of("unique-id-header", CLIENT_SIDE, |r, e, p| {
            p.settings.unique_id_header = r.parsed(e, "the name of a header", own_header);
        }),
        Key::of("use-backend", FRONTENDS, |r, e, p| rule::lines(r, e, p, RuleSet::UseBackend)),
        Key::of("use-server", BACKENDS, |r, e, p| rule::lines(r, e, p, RuleSet::UseServer)),
    ],
    unsupported: words::PROXY,
};

/// Reads one key of a section.
pub(super) fn read_key(reader: &mut Reader<'_>, entry: &Entry<'_>, draft: &mut ProxyDraft) {
    reader.kind = Some(draft.kind);
    draft.is_complete &= reader.walk_entry(entry, &PROXY, draft);
    reader.kind = None;
}

/// The name of a field that the proxy adds, in lower case.
pub(super) fn own_header(text: &str) -> Result<String, Fault> {
    let name = http::token(text)?.to_ascii_lowercase();
    if name == "host" || http::is_of_connection(&name) {
        let problem = format!("cannot be `{name}`, which is not for a proxy to add");
        return Err(Fault::new(0..text.len(), problem, "choose a name such as `x-unique-id`"));
    }
    Ok(name)
}

fn balance(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Balance> {
    reader.parsed(entry, "a way to balance such as \"roundrobin\"", balance_word)
}

/// The first word names the way to balance; its arguments follow.
fn balance_word(text: &str) -> Result<Balance, Fault> {
    if text == "roundrobin" {
        return Ok(Balance::RoundRobin);
    }
    let end = text.find([' ', '(']).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    if word == "roundrobin" {
        return Err(Fault::new(
            end..text.len(),
            format!("has `{rest}`"),
            "`roundrobin` stands alone",
        ));
    }
    let expected = "this release has `roundrobin`";
    if words::BALANCE.split_whitespace().any(|known| known == word) {
        let problem = format!("cannot be `{word}`, which is not yet supported");
        return Err(Fault::new(0..end, problem, expected));
    }
    let known = words::BALANCE.split_whitespace().chain(["roundrobin"]);
    let remedy = match nearest::nearest(word, known) {
        Some(found) => format!("did you mean `{found}`?"),
        None => expected.to_owned(),
    };
    Err(Fault::new(0..end, format!("has unknown value `{word}`"), remedy))
}
