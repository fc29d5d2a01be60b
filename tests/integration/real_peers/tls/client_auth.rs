//! Clients that prove who they are, or do not.

use super::pki::{Key, Pki, Request};
use super::s_client::{Said, ask};
use super::{Site, everywhere};

/// Certificates of all kinds of clients.
fn pki() -> Pki {
    let pki = Pki::new();
    pki.issue("site", &["site.test"]);
    pki.authority("other");
    for (name, ca, is_expired) in [
        ("good", "ca", false),
        ("revoked", "ca", false),
        ("expired", "ca", true),
        ("stranger", "other", false),
    ] {
        pki.make(&Request { name, ca, key: Key::Ecdsa, names: &[], is_expired });
    }
    pki
}

/// Comes with that certificate, or none.
fn visit(site: &Site, version: &str, name: &str) -> Said {
    let certificate = match name {
        "" => String::new(),
        _ => format!("-cert {}", site.pki.file(&format!("{name}.pem")).display()),
    };
    ask(site.address(), &format!("{version} {certificate}"))
}

fn refused(site: &Site, name: &str, alerts: [u8; 2], reason: &str) {
    for (version, alert) in ["-tls1_2", "-tls1_3"].into_iter().zip(alerts) {
        visit(site, version, name).assert_alert(alert);
    }
    let is_it = |line: &str| line.contains(&format!("web/1: SSL handshake failure: {reason}"));
    site.proxy.log_line(is_it);
}

#[test]
fn required() {
    let site = Site::new(pki(), "crt = \"site.pem\", verify = \"required\", ca-file = \"ca.crt\"");
    for version in ["-tls1_2", "-tls1_3"] {
        let said = visit(&site, version, "good");
        assert!(said.assert_served().has("CN = Authority ca"), "asks for its own: {said:#?}");
        assert!(said.has("Acceptable client certificate CA names"), "{said:#?}");
    }
    refused(&site, "", [116, 116], "it has no certificate");
    refused(&site, "expired", [45, 45], "certificate expired on 2025-02-01");
    refused(&site, "stranger", [48, 48], "certificate is signed by an unknown authority");
    assert_eq!(site.server.requests().len(), 2);
}

#[test]
fn optional() {
    let words =
        "crt = \"site.pem\", verify = \"optional\", ca-file = \"ca.crt\", no-ca-names = true";
    let site = Site::new(pki(), words);
    for version in ["-tls1_2", "-tls1_3"] {
        let said = visit(&site, version, "good");
        assert!(said.assert_served().has("No client certificate CA names sent"), "{said:#?}");
        visit(&site, version, "").assert_served();
    }
    refused(&site, "expired", [45, 45], "certificate expired on 2025-02-01");
    refused(&site, "stranger", [48, 48], "certificate is signed by an unknown authority");
}

/// A server's certificate does not say who a client is.
#[test]
fn for_another_purpose() {
    let site = Site::new(pki(), "crt = \"site.pem\", verify = \"required\", ca-file = \"ca.crt\"");
    let reason = "certificate is not for this purpose (extended key usage)";
    for version in ["-tls1_2", "-tls1_3"] {
        assert!(!visit(&site, version, "site").has("HTTP/1.1"));
    }
    site.proxy.log_line(|line| line.ends_with(reason));
}

/// What is revoked is refused, from the moment on at which the list says so.
#[test]
fn revoked() {
    let pki = pki();
    pki.list_revoked("ca.crl");
    let words =
        "crt = \"site.pem\", verify = \"required\", ca-file = \"ca.crt\", crl-file = \"ca.crl\"";
    let site = Site::new(pki, words);
    let pem = site.pki.file("revoked.pem").display().to_string();
    let session = |version: &str| site.pki.file(version).display().to_string();
    for version in ["-tls1_2", "-tls1_3"] {
        let begin = format!("{version} -cert {pem} -sess_out {}", session(version));
        ask(site.address(), &begin).assert_served();
    }
    site.pki.revoke("revoked");
    site.pki.list_revoked("ca.crl");
    let is_out = || !visit(&site, "", "revoked").has("HTTP/1.1");
    everywhere("it is revoked", is_out);
    let served = site.server.requests().len();
    refused(&site, "revoked", [44, 44], "certificate is revoked");
    // Nor does a session help that was begun before.
    for version in ["-tls1_2", "-tls1_3"] {
        let resume = format!("{version} -sess_in {}", session(version));
        ask(site.address(), &resume).assert_alert(116);
        ask(site.address(), &format!("{resume} -cert {pem}")).assert_alert(44);
    }
    visit(&site, "", "good").assert_served();
    assert_eq!(site.server.requests().len(), served + 1);
}
