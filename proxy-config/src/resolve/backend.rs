//! The server side: servers, their checks, and how to reach them.

use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::draft::{ServerDraft, ServerWords};
use crate::model::{
    Backend, BackendTimeouts, Balance, Check, HttpReuse, Mode, Server, ServerAddress,
};
use crate::report::Report;
use crate::resolve::Proxy;

const CHECK_FALL: u32 = 3;
const CHECK_INTER: Duration = Duration::from_secs(2);
const CHECK_RISE: u32 = 2;
const RETRIES: u32 = 3;
const TIMEOUT_CONNECT: Duration = Duration::from_secs(5);
const TIMEOUT_SERVER: Duration = Duration::from_secs(60);
const TIMEOUT_TUNNEL: Duration = Duration::from_secs(3600);
const WEIGHT: u32 = 1;

pub(super) fn build(proxies: &[Proxy<'_>], report: &mut Report) -> Vec<Backend> {
    let is_backend = |proxy: &&Proxy<'_>| proxy.draft.kind.is_backend();
    proxies.iter().filter(is_backend).map(|proxy| backend(proxy, report)).collect()
}

fn backend(proxy: &Proxy<'_>, report: &mut Report) -> Backend {
    let settings = &proxy.settings;
    let mode = proxy.mode().unwrap_or(Mode::Http);
    Backend {
        name: proxy.name().to_owned(),
        mode,
        balance: settings.balance.or(Balance::RoundRobin),
        http_reuse: settings.http_reuse.or(HttpReuse::Safe),
        servers: servers(proxy, report),
        retries: settings.retries.or(RETRIES),
        timeouts: BackendTimeouts {
            connect: settings.timeout_connect.or(TIMEOUT_CONNECT),
            server: settings.timeout_server.or(TIMEOUT_SERVER),
            tunnel: tunnel(settings.timeout_tunnel.value().copied(), mode),
            check: settings.timeout_check.value().copied(),
        },
        forwardfor: settings.forwardfor.or(None).filter(|_| mode == Mode::Http),
        httpchk: settings.httpchk.or(None),
    }
}

/// A tunnel that HTTP opens needs a limit of its own; a TCP proxy is a tunnel by nature.
fn tunnel(written: Option<Duration>, mode: Mode) -> Option<Duration> {
    written.or_else(|| (mode == Mode::Http).then_some(TIMEOUT_TUNNEL))
}

fn servers(proxy: &Proxy<'_>, report: &mut Report) -> Vec<Server> {
    let drafts = proxy.draft.servers.value().into_iter().flatten();
    drafts.filter_map(|draft| server(draft, &proxy.settings.default_server, report)).collect()
}

fn server(draft: &ServerDraft, default: &ServerWords, report: &mut Report) -> Option<Server> {
    let mut words = draft.words.clone();
    words.inherit(default);
    let address = draft.address.value()?.clone();
    Some(Server {
        name: draft.name.value()?.clone(),
        weight: words.weight.or(WEIGHT),
        backup: words.backup.or(false),
        disabled: words.disabled.or(false),
        check: check(draft, &words, &address, report),
        address,
    })
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
    words.check.or(false).then(|| Check {
        inter: words.inter.or(CHECK_INTER),
        rise: words.rise.or(CHECK_RISE),
        fall: words.fall.or(CHECK_FALL),
        port: words.port.value().copied().filter(|_| !is_unix),
    })
}
