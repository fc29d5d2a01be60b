//! The server side: servers, their checks, and how to reach them.

use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::draft::{GlobalTlsDraft, ProxyV2Options, ServerDraft, ServerWords};
use crate::model::rule::Rules;
use crate::model::{
    Backend, BackendTimeouts, Balance, Check, HttpReuse, Mode, Redispatch, RestrictNames, RetryOn,
    SendProxy, Server, ServerAddress,
};
use crate::report::Report;
use crate::resolve::rules::{Compiled, Sides};
use crate::resolve::tls::OfServer;
use crate::resolve::{Proxy, error_pages, tls};

const CHECK_FALL: u32 = 3;
const CHECK_INTER: Duration = Duration::from_secs(2);
const CHECK_RISE: u32 = 2;
const RETRIES: u32 = 3;
const RETRY_ON: RetryOn = RetryOn {
    conn_failure: true,
    empty_response: false,
    junk_response: false,
    response_timeout: false,
    statuses: Vec::new(),
};
const TIMEOUT_CONNECT: Duration = Duration::from_secs(5);
const TIMEOUT_SERVER: Duration = Duration::from_secs(60);
const TIMEOUT_TUNNEL: Duration = Duration::from_secs(3600);
const WEIGHT: u32 = 1;

pub(super) fn build(
    global: &GlobalTlsDraft,
    proxies: &[Proxy<'_>],
    compiled: &[Compiled],
    report: &mut Report,
) -> Vec<Backend> {
    let mut sides = Sides::default();
    let mut backends = Vec::new();
    for (proxy, compiled) in proxies.iter().zip(compiled) {
        let (frontend, id) = sides.next(proxy.draft);
        if id.is_some() {
            let rules = Backend {
                listen_frontend: frontend,
                rules: compiled.of_backend(),
                use_servers: compiled.use_servers.clone(),
                ..backend(global, proxy, report)
            };
            backends.push(rules);
        }
    }
    backends
}

fn backend(global: &GlobalTlsDraft, proxy: &Proxy<'_>, report: &mut Report) -> Backend {
    let settings = &proxy.settings;
    let mode = proxy.mode().unwrap_or(Mode::Http);
    let is_http = mode == Mode::Http;
    let tarpit = settings.timeout_tarpit.value().or_else(|| settings.timeout_connect.value());
    let pages = if is_http { error_pages::build(&settings.pages) } else { Vec::new() };
    Backend {
        name: proxy.name().to_owned(),
        mode,
        balance: settings.balance.or(Balance::RoundRobin),
        http_reuse: settings.http_reuse.or(HttpReuse::Safe),
        servers: servers(global, proxy, report),
        retries: settings.retries.or(RETRIES),
        retry_on: settings.retry_on.value().cloned().filter(|_| is_http).unwrap_or(RETRY_ON),
        redispatch: settings.redispatch.or(Redispatch::Every(1)),
        connection_mode: proxy.connection_mode(),
        abort_on_close: settings.abort_on_close.or(false),
        buffer_request: settings.buffer_request.or(false),
        lenient: settings.lenient_response.or(false),
        forwardfor: settings.forwardfor.or(None).filter(|_| is_http),
        forwarded: settings.forwarded.or(None).filter(|_| is_http),
        originalto: settings.originalto.or(None).filter(|_| is_http),
        restrict_names: settings.restrict_names.or(RestrictNames::Preserve),
        error_pages: pages,
        timeouts: BackendTimeouts {
            connect: settings.timeout_connect.or(TIMEOUT_CONNECT),
            server: settings.timeout_server.or(TIMEOUT_SERVER),
            tunnel: tunnel(settings.timeout_tunnel.value().copied(), mode),
            check: settings.timeout_check.value().copied(),
            tarpit: tarpit.copied(),
        },
        httpchk: settings.httpchk.or(None),
        listen_frontend: None,
        rules: Rules::default(),
        use_servers: Vec::new(),
    }
}

/// A tunnel that HTTP opens needs a limit of its own; a TCP proxy is a tunnel by nature.
fn tunnel(written: Option<Duration>, mode: Mode) -> Option<Duration> {
    written.or_else(|| (mode == Mode::Http).then_some(TIMEOUT_TUNNEL))
}

fn servers(global: &GlobalTlsDraft, proxy: &Proxy<'_>, report: &mut Report) -> Vec<Server> {
    let drafts = proxy.draft.servers.value().into_iter().flatten();
    drafts.filter_map(|draft| server(draft, proxy, global, report)).collect()
}

fn server(
    draft: &ServerDraft,
    proxy: &Proxy<'_>,
    global: &GlobalTlsDraft,
    report: &mut Report,
) -> Option<Server> {
    let mut words = draft.words.clone();
    words.inherit(&proxy.settings.default_server);
    let address = draft.address.value()?.clone();
    let OfServer { traffic, check: check_tls } = tls::server(draft, &words, proxy, global, report);
    let check = check(draft, &words, &address, report);
    Some(Server {
        name: draft.name.value()?.clone(),
        weight: words.weight.or(WEIGHT),
        backup: words.backup.or(false),
        disabled: words.disabled.or(false),
        send_proxy: send_proxy(&words),
        tls: traffic,
        check: check.map(|check| Check { tls: check_tls, ..check }),
        address,
    })
}

fn send_proxy(words: &ServerWords) -> Option<SendProxy> {
    let options = words.proxy_v2_options.or(ProxyV2Options::default());
    let has_cn = words.send_proxy_v2_ssl_cn.or(false);
    if words.has_proxy_v2() {
        return Some(SendProxy::V2 {
            authority: options.authority,
            crc32c: options.crc32c,
            unique_id: options.unique_id,
            ssl: options.ssl || has_cn || words.send_proxy_v2_ssl.or(false),
            cert_cn: options.cert_cn || has_cn,
            ssl_cipher: options.ssl_cipher,
            cert_sig: options.cert_sig,
            cert_key: options.cert_key,
        });
    }
    words.send_proxy.or(false).then_some(SendProxy::V1)
}

fn check(
    draft: &ServerDraft,
    words: &ServerWords,
    address: &ServerAddress,
    report: &mut Report,
) -> Option<Check> {
    let is_unix = matches!(address, ServerAddress::Unix(_));
    if let (true, Some(place)) = (is_unix, draft.words.port.place()) {
        let message = "`port` of a server on a unix socket";
        report.add(Diagnostic::error(place, message).expected("a unix socket has no ports"));
    }
    let port = words.port.value().copied().filter(|_| !is_unix);
    // Where checks go elsewhere, nothing says that a header is expected there.
    let goes_with_traffic = send_proxy(words).is_some() && port.is_none();
    words.check.or(false).then(|| Check {
        inter: words.inter.or(CHECK_INTER),
        rise: words.rise.or(CHECK_RISE),
        fall: words.fall.or(CHECK_FALL),
        port,
        send_proxy: words.check_send_proxy.or(goes_with_traffic),
        // The server's, once that is known.
        tls: None,
    })
}
