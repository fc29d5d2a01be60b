//! The TLS of a server, for traffic and for checks.

use std::net::IpAddr;

use crate::address;
use crate::diagnostic::Diagnostic;
use crate::draft::{GlobalTlsDraft, ServerDraft, ServerTlsWords, ServerWords};
use crate::model::{HttpCheck, Mode, ServerTls, Sni};
use crate::report::Report;
use crate::resolve::Proxy;
use crate::resolve::tls::{alpn, based, crypto, idle};

/// `None` is plain.
#[derive(Default)]
pub(in crate::resolve) struct OfServer {
    pub(in crate::resolve) traffic: Option<Box<ServerTls>>,
    /// Whether or not the server is checked.
    pub(in crate::resolve) check: Option<Box<ServerTls>>,
}

/// `words` are those of the draft with what they inherit.
pub(in crate::resolve) fn server(
    draft: &ServerDraft,
    words: &ServerWords,
    proxy: &Proxy<'_>,
    global: &GlobalTlsDraft,
    report: &mut Report,
) -> OfServer {
    let (own, tls) = (&draft.words.tls, &words.tls);
    let is_on = tls.ssl.or(false);
    // Where checks go elsewhere, nothing says that TLS is spoken there.
    let is_checked_so = tls.check_ssl.or(is_on && words.port.is_absent());
    let is_sure = !tls.ssl.is_wrong() && !tls.check_ssl.is_wrong();
    let is_checked = words.check.or(false);
    let is_used = is_on || (is_checked && is_checked_so);
    if is_checked && !is_checked_so && is_sure {
        let why = "on a server whose checks are plain";
        idle(own.of_checks(), why, "add check-ssl = true", report);
    }
    if !is_used {
        if is_sure {
            idle(own.written(), "on a server without `ssl`", "add ssl = true", report);
        }
        return OfServer::default();
    }
    let traffic = Box::new(build(own, tls, proxy.mode(), global, report));
    let check = is_checked_so.then(|| {
        let httpchk = proxy.settings.httpchk.or(None);
        for_checks(tls, proxy.mode(), httpchk.as_ref(), &traffic, report)
    });
    OfServer { traffic: is_on.then_some(traffic), check }
}

fn build(
    own: &ServerTlsWords,
    words: &ServerTlsWords,
    mode: Option<Mode>,
    global: &GlobalTlsDraft,
    report: &mut Report,
) -> ServerTls {
    let crypto = crypto::crypto(&[&words.crypto, &global.server.crypto], report);
    crypto::check(&own.crypto, &crypto, report);
    let verify = words.verify.or(global.server_verify.or(true));
    if !verify {
        idle(own.of_verification(), "with `verify` none", "leave one of them out", report);
    }
    check_sni(own, words, mode, report);
    let ca_file = words.ca_file.value().and_then(Option::as_ref);
    ServerTls {
        crypto,
        verify,
        ca_file: ca_file.map(|path| based(&global.ca_base, path)),
        crl_file: words.crl_file.value().map(|path| based(&global.ca_base, path)),
        crt: words.crt.value().map(|path| based(&global.crt_base, path)),
        key_base: global.key_base.value().cloned(),
        sni: sni(words, mode),
        verifyhost: words.verifyhost.or(None),
        alpn: alpn::alpn(&words.alpn, mode, report),
        reuse: words.ssl_reuse.or(true),
    }
}

/// `sni` wins over `sni-auto`, which is on in mode http.
fn sni(words: &ServerTlsWords, mode: Option<Mode>) -> Sni {
    let is_auto = mode == Some(Mode::Http) && words.sni_auto.or(true);
    let otherwise = || if is_auto { Sni::RequestHost } else { Sni::None };
    words.sni().cloned().unwrap_or_else(otherwise)
}

fn check_sni(
    own: &ServerTlsWords,
    words: &ServerTlsWords,
    mode: Option<Mode>,
    report: &mut Report,
) {
    let is_tcp = mode == Some(Mode::Tcp);
    if let (true, Some(Sni::RequestHost), Some(place)) = (is_tcp, words.sni(), words.sni.place()) {
        let message = "`sni` is the host of a request, and mode tcp has no requests";
        let expected = "write a name, or ssl_fc_sni";
        report.add_once(Diagnostic::error(place, message).expected(expected));
    }
    let Some(auto) = own.sni_auto.place().filter(|_| own.sni_auto.or(false)) else { return };
    if is_tcp {
        idle([("sni-auto", auto)].into_iter(), "in mode tcp", "only mode http uses it", report);
    }
    if let Some(sni) = own.sni.place() {
        let (first, second) = if auto < sni { (auto, sni) } else { (sni, auto) };
        let diagnostic = Diagnostic::error(second, "`sni` and `sni-auto` cannot go together")
            .expected("a server is asked for one name")
            .label(first, "the other is here");
        report.add_once(diagnostic);
    }
}

/// The server's TLS, but for what belongs to a request or a client.
fn for_checks(
    words: &ServerTlsWords,
    mode: Option<Mode>,
    httpchk: Option<&HttpCheck>,
    traffic: &ServerTls,
    report: &mut Report,
) -> Box<ServerTls> {
    let sni = match (words.check_sni.value(), &traffic.sni) {
        (Some(name), _) => Sni::Name(name.clone()),
        (None, Sni::Name(name)) => Sni::Name(name.clone()),
        (None, Sni::RequestHost) => httpchk
            .and_then(|httpchk| httpchk.host.as_deref())
            .and_then(name_of)
            .map_or(Sni::None, Sni::Name),
        (None, Sni::None | Sni::ClientSni | Sni::Expr(_)) => Sni::None,
    };
    let mut tls = ServerTls { sni, ..traffic.clone() };
    if !words.check_alpn.is_absent() {
        tls.alpn = alpn::alpn(&words.check_alpn, mode, report);
    }
    Box::new(tls)
}

/// The name in a `host` field; none if it is an address.
fn name_of(host: &str) -> Option<String> {
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    let is_name = name.parse::<IpAddr>().is_err() && address::host_name(name, name, "").is_ok();
    is_name.then(|| name.trim_end_matches('.').to_ascii_lowercase())
}
