//! The client side: binds, what is done to requests, and the backend behind.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::draft::{BindDraft, GlobalTlsDraft, RuleSet};
use crate::formats;
use crate::model::{
    BackendId, Bind, BindAddress, Captures, Format, Frontend, FrontendTimeouts, Mode,
    RestrictNames, UniqueId,
};
use crate::nearest::nearest;
use crate::place::Place;
use crate::report::Report;
use crate::resolve::logs::{self, Logs};
use crate::resolve::rules::Compiled;
use crate::resolve::{Leads, Proxy, error_pages, tls};

const BACKLOG: u32 = 4096;
const TIMEOUT_CLIENT: Duration = Duration::from_secs(60);
const TIMEOUT_CLIENT_HS: Duration = Duration::from_secs(10);
const TIMEOUT_HTTP_KEEP_ALIVE: Duration = Duration::from_secs(60);
const TIMEOUT_HTTP_REQUEST: Duration = Duration::from_secs(10);
const TIMEOUT_TARPIT: Duration = Duration::from_secs(5);

/// For each proxy section its default backend: an index into the proxy sections.
pub(super) fn targets(
    proxies: &[Proxy<'_>],
    compiled: &[Compiled],
    report: &mut Report,
) -> Vec<Option<usize>> {
    let targets = (0..proxies.len()).map(|index| target(index, proxies, report));
    let targets: Vec<_> = targets.collect();
    for ((proxy, compiled), target) in proxies.iter().zip(compiled).zip(&targets) {
        no_backend(proxy, compiled, target.is_some(), report);
    }
    targets
}

fn target(index: usize, proxies: &[Proxy<'_>], report: &mut Report) -> Option<usize> {
    let proxy = proxies.get(index)?;
    let wanted = &proxy.settings.default_backend;
    if !proxy.draft.kind.is_frontend() || wanted.is_wrong() {
        return None;
    }
    let (Some(name), Some(place)) = (wanted.value(), wanted.place()) else {
        return proxy.draft.kind.is_backend().then_some(index);
    };
    let found =
        proxies.iter().position(|other| other.draft.kind.is_backend() && other.name() == name);
    match found {
        Some(found) => agree(proxy, &proxies[found], report),
        None => report.add(dangling(name, proxies, place)),
    }
    found
}

/// A frontend that answers by its rules needs no backend.
fn no_backend(proxy: &Proxy<'_>, compiled: &Compiled, has_default: bool, report: &mut Report) {
    let is_led = has_default
        || !proxy.settings.default_backend.is_absent()
        || proxy.draft.rules.has(RuleSet::UseBackend)
        || compiled.answers();
    if is_led || !proxy.draft.kind.is_frontend() || !proxy.draft.is_complete {
        return;
    }
    let outcome = match proxy.mode() {
        Some(Mode::Tcp) => "every connection is closed at once",
        _ => "every request gets 503",
    };
    let message = format!("frontend `{}` has no default-backend", proxy.name());
    report.add(Diagnostic::warning(proxy.draft.place, message).expected(outcome));
}

pub(super) fn dangling(name: &str, proxies: &[Proxy<'_>], place: Place) -> Diagnostic {
    let is_frontend = proxies.iter().any(|proxy| proxy.name() == name);
    let backends = proxies.iter().filter(|proxy| proxy.draft.kind.is_backend()).map(Proxy::name);
    let remedy = match nearest(name, backends) {
        _ if is_frontend => format!("`{name}` is a frontend"),
        Some(found) => format!("did you mean `{found}`?"),
        None => format!("add a section [backend.{name}]"),
    };
    Diagnostic::error(place, format!("there is no backend `{name}`")).expected(remedy)
}

/// Requests need servers of HTTP; connections of mode tcp become requests in a backend of mode http.
fn agree(frontend: &Proxy<'_>, backend: &Proxy<'_>, report: &mut Report) {
    let (Some(client_mode), Some(server_mode)) = (frontend.mode(), backend.mode()) else {
        return;
    };
    if (client_mode, server_mode) == (Mode::Http, Mode::Tcp) {
        let message = format!(
            "frontend `{}` is in mode http but its backend `{}` is in mode tcp",
            frontend.name(),
            backend.name(),
        );
        let diagnostic = Diagnostic::error(frontend.mode_place(), message)
            .expected("the frontend is http")
            .label(backend.mode_place(), "the backend is tcp")
            .help("give both the same `mode`; the default is \"http\"");
        report.add(diagnostic);
    }
}

/// What all frontends share.
pub(super) struct Shared<'g> {
    pub(super) logs: Logs<'g>,
    pub(super) tls: &'g GlobalTlsDraft,
    /// `tune.http.cookielen`.
    pub(super) cookielen: usize,
}

pub(super) fn build(
    shared: &Shared<'_>,
    proxies: &[Proxy<'_>],
    leads: Leads<'_>,
    report: &mut Report,
) -> Vec<Frontend> {
    check_binds(proxies, report);
    // Ids count backends only, in the order of the sections.
    let id = |target: usize| {
        let before = proxies[..target].iter().filter(|proxy| proxy.draft.kind.is_backend());
        BackendId(before.count())
    };
    proxies
        .iter()
        .zip(leads.compiled)
        .zip(leads.targets)
        .filter(|((proxy, _), _)| proxy.draft.kind.is_frontend())
        .map(|((proxy, compiled), target)| Frontend {
            default_backend: target.map(id),
            ..frontend(shared, proxy, compiled, report)
        })
        .collect()
}

fn frontend(
    shared: &Shared<'_>,
    proxy: &Proxy<'_>,
    compiled: &Compiled,
    report: &mut Report,
) -> Frontend {
    let settings = &proxy.settings;
    let mode = proxy.mode().unwrap_or(Mode::Http);
    let is_http = mode == Mode::Http || compiled.switches_to_http;
    let pages = if is_http { error_pages::build(&settings.pages) } else { Vec::new() };
    let error_log_format = settings.error_log_format.format();
    Frontend {
        name: proxy.name().to_owned(),
        mode,
        binds: binds(shared, proxy, report),
        maxconn: settings.maxconn.value().copied(),
        default_backend: None,
        timeouts: timeouts(proxy),
        connection_mode: proxy.connection_mode(),
        forwardfor: settings.forwardfor.or(None).filter(|_| is_http),
        forwarded: settings.forwarded.or(None).filter(|_| is_http),
        originalto: settings.originalto.or(None).filter(|_| is_http),
        restrict_names: settings.restrict_names.or(RestrictNames::Preserve),
        buffer_request: settings.buffer_request.or(false),
        ignore_probes: settings.ignore_probes.or(false),
        lenient: settings.lenient_request.or(false),
        monitor_uri: settings.monitor_uri.value().cloned().filter(|_| is_http),
        unique_id: unique_id(proxy, is_http),
        captures: captures(proxy, compiled, shared.cookielen, is_http),
        error_pages: pages,
        log_options: logs::options(proxy),
        error_log_format: error_log_format.map(|format| Format::clone(format)),
        logs: shared.logs.of(proxy, mode),
        rules: compiled.of_frontend(),
        use_backends: compiled.use_backends.clone(),
    }
}

fn timeouts(proxy: &Proxy<'_>) -> FrontendTimeouts {
    let settings = &proxy.settings;
    let tarpit = settings.timeout_tarpit.value().or_else(|| settings.timeout_connect.value());
    FrontendTimeouts {
        client: settings.timeout_client.or(TIMEOUT_CLIENT),
        http_request: settings.timeout_http_request.or(TIMEOUT_HTTP_REQUEST),
        http_keep_alive: settings.timeout_http_keep_alive.or(TIMEOUT_HTTP_KEEP_ALIVE),
        client_hs: settings.timeout_client_hs.or(TIMEOUT_CLIENT_HS),
        tarpit: tarpit.copied().unwrap_or(TIMEOUT_TARPIT),
    }
}

/// A header without a format has HAProxy's example of one.
fn unique_id(proxy: &Proxy<'_>, is_http: bool) -> Option<UniqueId> {
    let settings = &proxy.settings;
    let header = settings.unique_id_header.value().cloned().filter(|_| is_http);
    match (settings.unique_id_format.format(), &header) {
        (Some(format), _) => Some(UniqueId { format: Format::clone(format), header }),
        (None, Some(_)) => Some(UniqueId { format: formats::unique_id(), header }),
        (None, None) => None,
    }
}

fn captures(proxy: &Proxy<'_>, compiled: &Compiled, cookielen: usize, is_http: bool) -> Captures {
    let captures = &proxy.draft.captures;
    let mut cookie = captures.cookie.value().cloned().filter(|_| is_http);
    if let Some(cookie) = &mut cookie {
        cookie.len = cookie.len.min(cookielen);
    }
    Captures {
        request: compiled.slots.request.clone(),
        response: compiled.slots.response.clone(),
        cookie,
    }
}

fn binds(shared: &Shared<'_>, proxy: &Proxy<'_>, report: &mut Report) -> Vec<Bind> {
    let section_backlog = proxy.settings.backlog.or(BACKLOG);
    let mut bind = |draft: &BindDraft| Bind {
        address: draft.address.clone(),
        backlog: draft.backlog.or(section_backlog),
        name: draft.name.clone(),
        accept_proxy: draft.accept_proxy,
        tls: tls::bind(draft, proxy.mode(), shared.tls, report),
        text: draft.text.clone(),
    };
    proxy.draft.binds.value().into_iter().flatten().map(&mut bind).collect()
}

/// A frontend must listen somewhere, and no two at the same place.
fn check_binds(proxies: &[Proxy<'_>], report: &mut Report) {
    let mut seen = BTreeMap::new();
    for proxy in proxies.iter().filter(|proxy| proxy.draft.kind.is_frontend()) {
        if proxy.draft.binds.is_absent() && proxy.draft.is_complete {
            let message = format!("{} `{}` has no bind", proxy.draft.kind.word(), proxy.name());
            let diagnostic = Diagnostic::error(proxy.draft.place, message);
            report.add(diagnostic.expected("add bind = \"*:80\" or another address"));
        }
        for bind in proxy.draft.binds.value().into_iter().flatten() {
            let Some(key) = listening_place(&bind.address) else {
                continue;
            };
            let first = *seen.entry(key).or_insert(bind.place);
            if first != bind.place {
                let message = format!("address `{}` is bound twice", bind.text);
                let diagnostic = Diagnostic::error(bind.place, message)
                    .expected("bound again here")
                    .label(first, "first bound here");
                report.add(diagnostic);
            }
        }
    }
}

/// What only one listener can have; a port that the kernel picks is never the same.
fn listening_place(address: &BindAddress) -> Option<String> {
    match address {
        BindAddress::Tcp(address) if address.port() == 0 => None,
        BindAddress::Tcp(address) => Some(SocketAddr::to_string(address)),
        BindAddress::Unix(path) => Some(format!("unix:{}", path.display())),
        BindAddress::Inherited(descriptor) => Some(format!("fd@{descriptor}")),
    }
}
