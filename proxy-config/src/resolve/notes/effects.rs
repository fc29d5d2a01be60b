//! Settings that have no effect beside what else is set.

use crate::diagnostic::Diagnostic;
use crate::draft::{BindDraft, Draft, GlobalDraft, LogDraft};
use crate::model::{LogTarget, Sni, SyslogFormat};
use crate::place::Place;
use crate::report::Report;
use crate::resolve::notes::formats;
use crate::resolve::{HTTP_COOKIELEN, Proxy, logs};

fn warn(report: &mut Report, place: Place, message: &str, remedy: &str) {
    report.add(Diagnostic::warning(place, message).expected(remedy));
}

/// Headers of syslog around lines that no syslog daemon gets. Each log is told once, wherever it
/// is inherited.
pub(super) fn syslog_headers(draft: &Draft, report: &mut Report) {
    let of_global = draft.global.log.value().into_iter().flatten();
    let sections = draft.defaults.iter().chain(&draft.proxies);
    let own = sections.flat_map(|section| formats::own_logs(&section.settings));
    for log in of_global.chain(own) {
        if let Some(place) = log.syslog.place()
            && !has_header(&log.target)
            && log.syslog.or(SyslogFormat::Raw) != SyslogFormat::Raw
        {
            let message = "this target gets lines without a syslog header";
            warn(report, place, message, "only `udp:` and `unix:` get one");
        }
    }
}

fn has_header(target: &LogTarget) -> bool {
    matches!(target, LogTarget::Udp { .. } | LogTarget::Unix(_))
}

/// `log-format-sd` is for RFC 5424 alone.
pub(super) fn structured_data(global: &GlobalDraft, proxy: &Proxy<'_>, report: &mut Report) {
    let Some(place) = proxy.draft.settings.log_format_sd.place() else { return };
    let has_it = |log: &&LogDraft| {
        log.syslog.is_wrong() || log.syslog.value() == Some(&SyslogFormat::Rfc5424)
    };
    let is_unsure = global.log.is_wrong() || proxy.settings.log.is_wrong();
    if !is_unsure && !logs::drafts(global, proxy).iter().any(has_it) {
        let message = "`log-format-sd` has no effect: no log of this frontend has rfc5424";
        warn(report, place, message, "add syslog = \"rfc5424\" to a log");
    }
}

/// A cookie longer than what a log may have of it.
pub(super) fn captured_cookie(global: &GlobalDraft, proxy: &Proxy<'_>, report: &mut Report) {
    let cookie = &proxy.draft.captures.cookie;
    let max = global.http_cookielen.or(HTTP_COOKIELEN);
    if let (Some(capture), Some(place)) = (cookie.value(), cookie.place())
        && capture.len > max
    {
        let message = format!("`capture.cookie` has len {}, of which {max} are kept", capture.len);
        warn(report, place, &message, &format!("`tune.http.cookielen` is {max}"));
    }
}

/// Reasons for another attempt where there is none.
pub(super) fn retries(proxy: &Proxy<'_>, report: &mut Report) {
    let own = &proxy.draft.settings;
    let has_none = proxy.settings.retries.value() == Some(&0);
    let places =
        [("retry-on", own.retry_on.place()), ("option.redispatch", own.redispatch.place())];
    for (name, place) in places {
        if let Some(place) = place.filter(|_| has_none) {
            let message = format!("`{name}` has no effect: `retries` is 0");
            warn(report, place, &message, "there is no further attempt");
        }
    }
}

/// What only the second version of the PROXY protocol has.
pub(super) fn proxy_v2_options(proxy: &Proxy<'_>, report: &mut Report) {
    for server in proxy.draft.servers.value().into_iter().flatten() {
        let mut words = server.words.clone();
        words.inherit(&proxy.settings.default_server);
        let is_wrong = words.proxy_v2().iter().any(|(_, word)| word.is_wrong());
        let has_v2 = is_wrong || words.has_proxy_v2();
        if let Some(place) = server.words.proxy_v2_options.place().filter(|_| !has_v2) {
            let message = "`proxy-v2-options` has no effect on a server without `send-proxy-v2`";
            warn(report, place, message, "add send-proxy-v2 = true");
        }
    }
}

/// The name that a client asked for, in a backend to which only plain binds lead. `clients` are
/// the frontends that do; without any it is the backend that has no effect.
pub(super) fn client_sni<'p>(
    proxy: &Proxy<'_>,
    clients: impl Iterator<Item = &'p Proxy<'p>>,
    report: &mut Report,
) {
    let binds: Vec<_> =
        clients.flat_map(|client| client.draft.binds.value().into_iter().flatten()).collect();
    let speaks_tls = |bind: &&BindDraft| bind.tls.ssl.is_wrong() || bind.tls.ssl.or(false);
    if binds.is_empty() || binds.iter().any(speaks_tls) {
        return;
    }
    for server in proxy.draft.servers.value().into_iter().flatten() {
        let sni = &server.words.tls.sni;
        if let (Some(Sni::ClientSni), Some(place)) = (server.words.tls.sni(), sni.place()) {
            let message = "`sni` is what clients ask for, and none of them speaks TLS";
            warn(report, place, message, "no bind with `ssl` leads here");
        }
    }
}
