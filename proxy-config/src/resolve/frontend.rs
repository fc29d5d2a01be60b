//! The client side: binds, what is done to requests, and the backend behind.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::draft::{BindDraft, GlobalTlsDraft};
use crate::formats;
use crate::model::{
    BackendId, Bind, BindAddress, Captures, Format, Frontend, FrontendTimeouts, Mode,
    RestrictNames, UniqueId,
};
use crate::nearest::nearest;
use crate::place::Place;
use crate::report::Report;
use crate::resolve::logs::{self, Logs};
use crate::resolve::{Proxy, error_pages, tls};

const BACKLOG: u32 = 4096;
const TIMEOUT_CLIENT: Duration = Duration::from_secs(60);
const TIMEOUT_CLIENT_HS: Duration = Duration::from_secs(10);
const TIMEOUT_HTTP_KEEP_ALIVE: Duration = Duration::from_secs(60);
const TIMEOUT_HTTP_REQUEST: Duration = Duration::from_secs(10);

/// For each proxy section its default backend: an index into the proxy sections.
pub(super) fn targets(proxies: &[Proxy<'_>], report: &mut Report) -> Vec<Option<usize>> {
    proxies.iter().enumerate().map(|(index, proxy)| target(index, proxy, proxies, report)).collect()
}

fn target(
    index: usize,
    proxy: &Proxy<'_>,
    proxies: &[Proxy<'_>],
    report: &mut Report,
) -> Option<usize> {
    let wanted = &proxy.settings.default_backend;
    if !proxy.draft.kind.is_frontend() || wanted.is_wrong() {
        return None;
    }
    let (Some(name), Some(place)) = (wanted.value(), wanted.place()) else {
        if proxy.draft.kind.is_backend() {
            return Some(index);
        }
        if proxy.draft.is_complete {
            report.add(no_backend(proxy));
        }
        return None;
    };
    let found =
        proxies.iter().position(|other| other.draft.kind.is_backend() && other.name() == name);
    match found {
        Some(found) => agree(proxy, &proxies[found], report),
        None => report.add(dangling(name, proxies, place)),
    }
    found
}

fn no_backend(proxy: &Proxy<'_>) -> Diagnostic {
    let outcome = match proxy.mode() {
        Some(Mode::Tcp) => "every connection is closed at once",
        _ => "every request gets 503",
    };
    let message = format!("frontend `{}` has no default-backend", proxy.name());
    Diagnostic::warning(proxy.draft.place, message).expected(outcome)
}

fn dangling(name: &str, proxies: &[Proxy<'_>], place: Place) -> Diagnostic {
    let is_frontend = proxies.iter().any(|proxy| proxy.name() == name);
    let backends = proxies.iter().filter(|proxy| proxy.draft.kind.is_backend()).map(Proxy::name);
    let remedy = match nearest(name, backends) {
        _ if is_frontend => format!("`{name}` is a frontend"),
        Some(found) => format!("did you mean `{found}`?"),
        None => format!("add a section [backend.{name}]"),
    };
    Diagnostic::error(place, format!("there is no backend `{name}`")).expected(remedy)
}

/// Both sides of a stream speak the same mode.
fn agree(frontend: &Proxy<'_>, backend: &Proxy<'_>, report: &mut Report) {
    let (Some(client_mode), Some(server_mode)) = (frontend.mode(), backend.mode()) else {
        return;
    };
    if client_mode != server_mode {
        let word = |mode| if mode == Mode::Http { "http" } else { "tcp" };
        let message = format!(
            "frontend `{}` is in mode {} but its backend `{}` is in mode {}",
            frontend.name(),
            word(client_mode),
            backend.name(),
            word(server_mode),
        );
        let diagnostic = Diagnostic::error(frontend.mode_place(), message)
            .expected(format!("the frontend is {}", word(client_mode)))
            .label(backend.mode_place(), format!("the backend is {}", word(server_mode)))
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
    targets: &[Option<usize>],
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
        .zip(targets)
        .filter(|(proxy, _)| proxy.draft.kind.is_frontend())
        .map(|(proxy, target)| frontend(shared, proxy, target.map(id), report))
        .collect()
}

fn frontend(
    shared: &Shared<'_>,
    proxy: &Proxy<'_>,
    default_backend: Option<BackendId>,
    report: &mut Report,
) -> Frontend {
    let settings = &proxy.settings;
    let mode = proxy.mode().unwrap_or(Mode::Http);
    let is_http = mode == Mode::Http;
    let captures = if is_http { captures(proxy, shared.cookielen) } else { Captures::default() };
    let pages = if is_http { error_pages::build(&settings.pages) } else { Vec::new() };
    let error_log_format = settings.error_log_format.value();
    Frontend {
        name: proxy.name().to_owned(),
        mode,
        binds: binds(shared, proxy, report),
        maxconn: settings.maxconn.value().copied(),
        default_backend,
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
        captures,
        error_pages: pages,
        log_options: logs::options(proxy),
        error_log_format: error_log_format.map(|format| Format::clone(format)),
        logs: shared.logs.of(proxy, mode),
    }
}

fn timeouts(proxy: &Proxy<'_>) -> FrontendTimeouts {
    let settings = &proxy.settings;
    FrontendTimeouts {
        client: settings.timeout_client.or(TIMEOUT_CLIENT),
        http_request: settings.timeout_http_request.or(TIMEOUT_HTTP_REQUEST),
        http_keep_alive: settings.timeout_http_keep_alive.or(TIMEOUT_HTTP_KEEP_ALIVE),
        client_hs: settings.timeout_client_hs.or(TIMEOUT_CLIENT_HS),
    }
}

/// A header without a format has HAProxy's example of one.
fn unique_id(proxy: &Proxy<'_>, is_http: bool) -> Option<UniqueId> {
    let settings = &proxy.settings;
    let header = settings.unique_id_header.value().cloned().filter(|_| is_http);
    match (settings.unique_id_format.value(), &header) {
        (Some(format), _) => Some(UniqueId { format: Format::clone(format), header }),
        (None, Some(_)) => Some(UniqueId { format: formats::unique_id(), header }),
        (None, None) => None,
    }
}

fn captures(proxy: &Proxy<'_>, cookielen: usize) -> Captures {
    let captures = &proxy.draft.captures;
    let mut cookie = captures.cookie.value().cloned();
    if let Some(cookie) = &mut cookie {
        cookie.len = cookie.len.min(cookielen);
    }
    Captures {
        request: captures.request.or(Vec::new()),
        response: captures.response.or(Vec::new()),
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
