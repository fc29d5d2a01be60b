//! HAProxy as a TLS client and as a TLS server.

use super::super::exchanges::{Chain, origin};
use super::super::haproxy::Haproxy;
use super::pki::Pki;
use super::{based, to_origin, web};
use crate::support::eventually;

fn pki() -> Pki {
    let pki = Pki::new();
    pki.issue("origin", &["origin.test"]);
    pki.issue("site", &["site.test"]);
    pki
}

/// A frontend with TLS that relays to a server.
fn behind(pki: &Pki, server: &str) -> Haproxy {
    Haproxy::start(&format!(
        "frontend f\n  bind fd@0 ssl crt {} alpn http/1.1\n  option httplog\n  default_backend b\n\
         backend b\n  server s {server}",
        pki.file("origin.pem").display()
    ))
}

fn in_front(pki: &Pki, server: &str) -> Haproxy {
    let ca = pki.file("ca.crt");
    let words =
        format!("ssl verify required ca-file {} sni str(site.test) alpn http/1.1", ca.display());
    Haproxy::before(server, &words, "")
}

#[test]
fn behind_us() {
    let (pki, server) = (pki(), origin());
    let haproxy = behind(&pki, &server.address());
    let proxy = based(&pki).server(&haproxy.address, &to_origin("")).start();
    Chain { address: proxy.address("web"), has_trailers: true }.exercise();
    haproxy.log().wait(|line| line.contains(" f~ b/s "));
}

#[test]
fn before_us() {
    let (pki, server) = (pki(), origin());
    let proxy = web(&pki, "crt = \"site.pem\"").server(&server.address(), "").start();
    let haproxy = in_front(&pki, proxy.address("web"));
    Chain { address: &haproxy.address, has_trailers: true }.exercise();
    proxy.log_line(|line| line.starts_with("web~ app/s1 200 "));
}

/// TLS all the way, with many clients at once.
#[test]
fn around_us() {
    let (pki, server) = (pki(), origin());
    let last = behind(&pki, &server.address());
    let web = web(&pki, "crt = \"site.pem\"");
    let proxy = web.server(&last.address, &to_origin("")).start();
    let first = in_front(&pki, proxy.address("web"));
    Chain { address: &first.address, has_trailers: true }.crowd();
    // In TCP mode, too.
    let web = super::web(&pki, "crt = \"site.pem\"").tcp();
    let proxy = web.server(&last.address, &to_origin("")).start();
    let first = in_front(&pki, proxy.address("web"));
    Chain { address: &first.address, has_trailers: true }.crowd();
}

/// Its `check-ssl` of our bind, and ours of its bind.
#[test]
fn checks() {
    let (pki, server) = (pki(), origin());
    let proxy = web(&pki, "crt = \"site.pem\"").server(&server.address(), "").start();
    let ca = pki.file("ca.crt");
    let words = format!(
        "ssl verify required ca-file {} sni str(site.test) check-sni site.test check inter 100ms",
        ca.display()
    );
    let lines = "timeout check 5s\n  option httpchk GET /health\n  option log-health-checks";
    let haproxy = Haproxy::before(proxy.address("web"), &words, lines);
    proxy.log_line(|line| line.starts_with("web~ app/s1 200 ") && line.contains("GET /health"));
    assert!(!haproxy.log().now().iter().any(|line| line.contains("is DOWN")));
    let last = behind(&pki, &server.address());
    let words = to_origin(", check-sni = \"origin.test\", check = true, inter = \"100ms\"");
    let web = based(&pki)
        .backend("timeout.check = \"5s\"\noption.httpchk = { method = \"GET\", uri = \"/check\" }");
    let proxy = web.server(&last.address, &words).start();
    last.log().wait(|line| line.contains("GET /check "));
    eventually("the server is up", || proxy.get("/").status() == 200);
}
