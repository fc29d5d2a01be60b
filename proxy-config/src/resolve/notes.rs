//! Warnings about what is allowed but does nothing.

mod effects;
mod formats;
mod http_only;

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostic;
use crate::draft::{Draft, LogChoice, LogEntry, ServerDraft, ServerWords};
use crate::model::Mode;
use crate::place::Place;
use crate::report::Report;
use crate::resolve::rules::Compiled;
use crate::resolve::{Leads, Proxy};

/// The default backends of all sections.
struct Targets<'t> {
    names: BTreeSet<&'t str>,
    /// One of them is wrong or perhaps mistyped: any backend may be the one that was meant.
    are_unsure: bool,
}

pub(super) fn check(draft: &Draft, proxies: &[Proxy<'_>], leads: Leads<'_>, report: &mut Report) {
    let is_lost = |(proxy, target): (&Proxy<'_>, &Option<usize>)| {
        let is_written = !proxy.settings.default_backend.is_absent();
        let is_doubtful = is_written || !proxy.draft.is_complete;
        proxy.draft.kind.is_frontend() && is_doubtful && target.is_none()
    };
    let switched = leads.compiled.iter().flat_map(|compiled| &compiled.targets);
    let all = leads.targets.iter().flatten().chain(switched);
    let used = all.filter_map(|target| proxies.get(*target)).map(Proxy::name);
    let are_unsure = proxies.iter().zip(leads.targets).any(is_lost)
        || leads.compiled.iter().any(|compiled| compiled.leads_anywhere);
    let targets = Targets { names: used.collect(), are_unsure };
    effects::syslog_headers(draft, report);
    formats::unnamed(draft, report);
    for (index, proxy) in proxies.iter().enumerate() {
        let switches = leads.compiled.get(index).is_some_and(|own| own.switches_to_http);
        if proxy.mode() == Some(Mode::Tcp) && !switches {
            http_only::check(proxy.draft, report);
        }
        if proxy.draft.kind.is_backend() {
            let answers = leads.compiled.get(index).is_some_and(Compiled::answers);
            use_of_backend(proxy, &targets, answers, report);
            use_of_checks(proxy, report);
            effects::retries(proxy, report);
            effects::proxy_v2_options(proxy, report);
            let pairs = proxies.iter().zip(leads.targets).zip(leads.compiled);
            let clients = pairs
                .filter(|((_, target), compiled)| {
                    **target == Some(index) || compiled.targets.contains(&index)
                })
                .map(|((from, _), _)| from);
            if !targets.are_unsure {
                effects::client_sni(proxy, clients, report);
            }
        }
        if proxy.draft.kind.is_frontend() {
            effects::structured_data(&draft.global, proxy, report);
            effects::captured_cookie(&draft.global, proxy, report);
        }
        if draft.global.log.is_absent() {
            log_to_nowhere(proxy, report);
        }
    }
}

/// With `answers` its rules leave nothing to servers.
fn use_of_backend(proxy: &Proxy<'_>, targets: &Targets<'_>, answers: bool, report: &mut Report) {
    let servers = &proxy.draft.servers;
    let has_no_server = servers.is_absent() || servers.value().is_some_and(Vec::is_empty);
    let is_listen = proxy.draft.kind.is_frontend();
    let is_used = targets.names.contains(proxy.name());
    let name = proxy.name();
    let mut warn = |message: String, expected: &str| {
        report.add(Diagnostic::warning(proxy.draft.place, message).expected(expected));
    };
    // A listen without servers that nobody uses only passes on to another backend.
    if has_no_server && !answers && proxy.draft.is_complete && (is_used || !is_listen) {
        warn(format!("backend `{name}` has no server"), without_server(proxy));
    }
    if is_used || targets.are_unsure {
        return;
    }
    if !is_listen {
        warn(format!("backend `{name}` is not used"), "no frontend leads here");
    } else if !has_no_server {
        warn(format!("the servers of `{name}` are not used"), "default-backend leads elsewhere");
    }
}

fn without_server(proxy: &Proxy<'_>) -> &'static str {
    match proxy.mode() {
        Some(Mode::Tcp) => "every connection is closed at once",
        _ => "every request gets 503",
    }
}

/// Words of checks where nothing is checked.
fn use_of_checks(proxy: &Proxy<'_>, report: &mut Report) {
    let default = &proxy.settings.default_server;
    let servers = proxy.draft.servers.value().map_or(&[][..], Vec::as_slice);
    let is_checked = |server: &ServerDraft| {
        let mut check = server.words.check.clone();
        check.inherit(&default.check);
        check.is_wrong() || check.or(false)
    };
    for server in servers.iter().filter(|server| !is_checked(server)) {
        for (name, place) in check_words(&server.words) {
            let message = format!("`{name}` has no effect on a server without `check`");
            report.add(Diagnostic::warning(place, message).expected("add check = true"));
        }
    }
    let own = &proxy.draft.settings;
    let httpchk = own.httpchk.place().filter(|_| own.httpchk.or(None).is_some());
    let settings = [("option.httpchk", httpchk), ("timeout.check", own.timeout_check.place())];
    if servers.is_empty() || servers.iter().any(is_checked) {
        return;
    }
    for (name, place) in settings {
        if let Some(place) = place {
            let message = format!("`{name}` has no effect: no server has `check`");
            report.add(Diagnostic::warning(place, message).expected("add check = true to servers"));
        }
    }
}

fn check_words(words: &ServerWords) -> impl Iterator<Item = (&'static str, Place)> {
    let places = [
        ("inter", words.inter.place()),
        ("rise", words.rise.place()),
        ("fall", words.fall.place()),
        ("port", words.port.place()),
        ("check-send-proxy", words.check_send_proxy.place()),
        ("check-ssl", words.tls.check_ssl.place().filter(|_| words.tls.check_ssl.or(false))),
        ("check-sni", words.tls.check_sni.place()),
        ("check-alpn", words.tls.check_alpn.place()),
    ];
    places.into_iter().filter_map(|(name, place)| Some((name, place?)))
}

fn log_to_nowhere(proxy: &Proxy<'_>, report: &mut Report) {
    let Some(LogChoice::Targets(entries)) = proxy.draft.settings.log.value() else {
        return;
    };
    for entry in entries {
        if let LogEntry::Global(place) = entry {
            let message = "there is no `global.log` to log to";
            report.add(Diagnostic::warning(*place, message).expected("nothing is logged"));
        }
    }
}
