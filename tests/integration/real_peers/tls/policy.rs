//! Versions, cipher suites, curves and protocols that openssl's client and the proxy agree on.

use super::pki::Pki;
use super::s_client::ask;
use super::{Site, web};
use crate::support::{Server, reply};

/// OpenSSL's name, and whose key signs.
const TLS12_SUITES: [(&str, &str); 6] = [
    ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDSA"),
    ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDSA"),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", "ECDSA"),
    ("ECDHE-RSA-AES128-GCM-SHA256", "RSA-PSS"),
    ("ECDHE-RSA-AES256-GCM-SHA384", "RSA-PSS"),
    ("ECDHE-RSA-CHACHA20-POLY1305", "RSA-PSS"),
];
const TLS13_SUITES: [&str; 3] =
    ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];
/// OpenSSL's names in arguments and in reports.
const CURVES: [(&str, &str); 3] =
    [("X25519", "X25519, 253 bits"), ("P-256", "ECDH, prime256v1"), ("P-384", "ECDH, secp384r1")];

/// Certificates of both kinds in a folder.
fn both(words: &str) -> Site {
    let pki = Pki::new();
    pki.pair("certs", &["site.test"]);
    Site::new(pki, &format!("crt = \"certs\", {words}"))
}

/// Asks for the site as one that trusts its authority.
fn visit(site: &Site, arguments: &str) -> super::s_client::Said {
    let ca = site.pki.file("ca.crt");
    let trust = format!("-CAfile {} -verify_return_error -verify_hostname site.test", ca.display());
    ask(site.address(), &format!("-servername site.test {trust} {arguments}"))
}

/// What is refused is told, to the client by an alert and to us in the log.
fn refused(site: &Site, arguments: &str, alert: u8, reason: &str) {
    visit(site, arguments).assert_alert(alert);
    site.proxy.log_line(|line| line.ends_with(&format!("web/1: SSL handshake failure: {reason}")));
}

#[test]
fn suites_of_tls12() {
    let site = both("");
    for (suite, kind) in TLS12_SUITES {
        let said = visit(&site, &format!("-tls1_2 -cipher {suite}"));
        assert_eq!(said.assert_served().session(), format!("New, TLSv1.2, Cipher is {suite}"));
        assert_eq!(said.value("Peer signature type: "), kind);
        assert_eq!(said.value("Verify return code: "), "0 (ok)");
        site.proxy.log_line(|line| line.contains(&format!(" v=TLSv1.2 c={suite} ")));
    }
}

#[test]
fn suites_of_tls13() {
    let site = both("");
    for suite in TLS13_SUITES {
        let said = visit(&site, &format!("-tls1_3 -ciphersuites {suite}"));
        assert_eq!(said.assert_served().session(), format!("New, TLSv1.3, Cipher is {suite}"));
        site.proxy.log_line(|line| line.contains(&format!(" v=TLSv1.3 c={suite} ")));
    }
    for (schemes, kind) in [("ECDSA+SHA256", "ECDSA"), ("RSA-PSS+SHA256", "RSA-PSS")] {
        let said = visit(&site, &format!("-tls1_3 -sigalgs {schemes}"));
        assert_eq!(said.assert_served().value("Peer signature type: "), kind);
    }
}

#[test]
fn curves() {
    let site = both("");
    for (curve, reported) in CURVES {
        // Until TLS 1.2 the curve of an ECDSA key must be among them.
        for version in ["-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256", "-tls1_3"] {
            let said = visit(&site, &format!("{version} -curves {curve}"));
            let key = said.assert_served().value("Server Temp Key: ");
            assert!(key.starts_with(reported), "{curve}: {key}");
        }
    }
    refused(&site, "-tls1_3 -curves P-521", 40, "no curve in common");
    refused(&site, "-tls1_2 -curves P-521", 40, "no curve in common");
    // The client sends a key for its first curve; we ask for one for the curve that both have.
    let site = both("curves = \"P-384\"");
    let said = visit(&site, "-tls1_3 -curves X25519:P-256:P-384 -msg");
    assert!(said.assert_served().value("Server Temp Key: ").starts_with("ECDH, secp384r1"));
    let hellos = said
        .lines
        .iter()
        .filter(|line| line.contains("Handshake [") && line.contains("ClientHello"));
    assert_eq!(hellos.count(), 2, "asked again: {said:#?}");
}

#[test]
fn old_versions() {
    let site = both("");
    for version in ["-tls1", "-tls1_1"] {
        let arguments = format!("{version} -cipher ALL:@SECLEVEL=0");
        refused(&site, &arguments, 70, "it speaks no version of TLS that is on here");
    }
    assert_eq!(site.server.connections(), 0);
}

/// A client that asks for less than it can, after somebody made its first attempt fail (RFC 7507).
#[test]
fn fallback() {
    let site = both("");
    let reason = "it asks for TLS 1.2 after a failure, and TLS 1.3 is on here";
    refused(&site, "-tls1_2 -fallback_scsv", 86, reason);
    visit(&site, "-fallback_scsv").assert_served();
    let site = both("ssl-max-ver = \"TLSv1.2\"");
    visit(&site, "-tls1_2 -fallback_scsv").assert_served();
}

#[test]
fn nothing_in_common() {
    let site = both("");
    refused(&site, "-tls1_2 -cipher ECDHE-RSA-AES128-SHA", 40, "no cipher suite in common");
    refused(&site, "-tls1_2 -cipher AES128-GCM-SHA256", 40, "no curve in common");
}

#[test]
fn versions_as_configured() {
    let site = both("ssl-min-ver = \"TLSv1.3\"");
    refused(&site, "-tls1_2", 70, "it speaks no version of TLS that is on here");
    assert_eq!(
        visit(&site, "").assert_served().session(),
        "New, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256"
    );
    let site = both("ssl-max-ver = \"TLSv1.2\"");
    refused(&site, "-tls1_3", 70, "it speaks no version of TLS that is on here");
    let said = visit(&site, "");
    assert_eq!(
        said.assert_served().session(),
        "New, TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256"
    );
    let site = both("force-tlsv12 = true");
    visit(&site, "-tls1_3").assert_alert(70);
}

/// Ours come first, unless the client's are to.
#[test]
fn suites_as_configured() {
    let words = "ciphers = \"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256\", \
        ciphersuites = \"TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256\"";
    let lists = "-cipher \
        ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384 \
        -ciphersuites TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256";
    for (more, old, new) in [
        ("", "ECDHE-RSA-AES256-GCM-SHA384", "TLS_CHACHA20_POLY1305_SHA256"),
        (", prefer-client-ciphers = true", "ECDHE-RSA-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256"),
    ] {
        let site = both(&format!("{words}{more}"));
        let said = visit(&site, &format!("-tls1_2 {lists}"));
        assert_eq!(said.assert_served().session(), format!("New, TLSv1.2, Cipher is {old}"));
        let said = visit(&site, &format!("-tls1_3 {lists}"));
        assert_eq!(said.assert_served().session(), format!("New, TLSv1.3, Cipher is {new}"));
        let reason = "no cipher suite in common";
        refused(&site, "-tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384", 40, reason);
    }
}

#[test]
fn curves_as_configured() {
    let site = both("curves = \"P-256:X25519\"");
    for version in ["-tls1_2", "-tls1_3"] {
        let said = visit(&site, &format!("{version} -curves P-384:P-256"));
        assert!(said.assert_served().value("Server Temp Key: ").starts_with("ECDH, prime256v1"));
        refused(&site, &format!("{version} -curves P-384"), 40, "no curve in common");
    }
}

#[test]
fn alpn() {
    let site = both("");
    for version in ["-tls1_2", "-tls1_3"] {
        let said = visit(&site, &format!("{version} -alpn h2,http/1.1"));
        assert_eq!(said.assert_served().value("ALPN protocol: "), "http/1.1");
        assert!(visit(&site, version).assert_served().has("No ALPN negotiated"));
        let reason = "it offers no protocol that is in our `alpn`";
        refused(&site, &format!("{version} -alpn h2,spdy/3"), 120, reason);
    }
    let site = both("no-alpn = true");
    assert!(visit(&site, "-alpn h2,http/1.1").assert_served().has("No ALPN negotiated"));
}

/// In TCP mode any protocol can be agreed on, and what follows is not looked at.
#[test]
fn alpn_of_tcp() {
    let pki = Pki::new();
    pki.issue("site", &["site.test"]);
    let server = Server::once(reply("not HTTP to us"));
    let words = "crt = \"site.pem\", alpn = [\"smtp\", \"imap\"]";
    let proxy = web(&pki, words).tcp().server(&server.address(), "").start();
    let said = ask(proxy.address("web"), "-alpn imap,smtp");
    assert_eq!(said.assert_served().value("ALPN protocol: "), "smtp");
    ask(proxy.address("web"), "-alpn http/1.1").assert_alert(120);
}
