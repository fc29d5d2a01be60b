//! nginx as a server that speaks TLS.

use std::os::unix::fs::PermissionsExt;

use super::super::nginx::Nginx;
use super::pki::{Key, Pki, Request};
use super::{based, to_origin, web};
use crate::support::{Dir, Peer, Proxy, Web, eventually};

/// Says what nginx knows of the connection.
const SHOW: &str = "default_type text/plain; return 200 \"name=$ssl_server_name \
    protocol=$ssl_protocol cipher=$ssl_cipher reused=$ssl_session_reused \
    client=$ssl_client_s_dn verified=$ssl_client_verify alpn=$ssl_alpn_protocol \
    site=$server_name \"; ";

/// One with a certificate for `origin.test`, and these lines more.
fn origin(pki: &Pki, lines: &str) -> Nginx {
    let file = |name: &str| pki.file(name).display().to_string();
    let is_told = lines.contains("ssl_protocols");
    let versions = if is_told { "" } else { "ssl_protocols TLSv1.2 TLSv1.3;" };
    let within = format!(
        "server_name origin.test; ssl_certificate {}; ssl_certificate_key {};\n\
         ssl_session_cache shared:s:1m; {versions} {lines}\n\
         location / {{ {SHOW} }}",
        file("origin.crt"),
        file("origin.key")
    );
    Nginx::start_bound(Dir::new(), "ssl", "", &within)
}

fn pki() -> Pki {
    let pki = Pki::new();
    pki.issue("origin", &["origin.test"]);
    pki
}

fn one(web: Web, nginx: &Nginx, words: &str) -> Proxy {
    // Another try would meet the same certificate.
    web.backend("retries = 0\ntimeout.check = \"5s\"").server(&nginx.address, words).start()
}

/// Asks for the given host.
fn ask(proxy: &Proxy, host: &str) -> String {
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let answer = proxy.client().ask(&request);
    assert_eq!(answer.status(), 200, "{answer:?}; {:#?}", proxy.stderr.now());
    answer.text().to_owned()
}

/// The server cannot be used, and stderr says why.
fn refused(proxy: &Proxy, reason: &str) {
    let answer = proxy.get("/");
    assert_eq!(answer.status(), 503, "{answer:?}");
    let line = proxy.stderr.wait(|line| line.contains("app/s1"));
    assert!(line.contains(reason), "{line}");
    proxy.log_line(|line| line.contains("app/s1 503 SC "));
}

#[test]
fn must_prove_who_it_is() {
    let pki = pki();
    let nginx = origin(&pki, "");
    let proxy = one(based(&pki), &nginx, &to_origin(""));
    let said = ask(&proxy, "other.test");
    assert!(said.starts_with("name=origin.test protocol=TLSv1.3 "), "{said}");
    // Another name, another authority, and the system's.
    let name = "certificate is for `origin.test`, not for `other.test`";
    refused(
        &one(based(&pki), &nginx, "ssl = true, ca-file = \"ca.crt\", sni = \"other.test\""),
        name,
    );
    pki.authority("other");
    let unknown = "signed by an unknown authority";
    refused(
        &one(based(&pki), &nginx, "ssl = true, ca-file = \"other.crt\", sni = \"origin.test\""),
        unknown,
    );
    refused(&one(based(&pki), &nginx, "ssl = true, sni = \"origin.test\""), unknown);
    // Nobody asks.
    for words in ["ca-file = \"other.crt\", sni = \"origin.test\"", "sni = \"other.test\""] {
        let words = format!("ssl = true, verify = \"none\", {words}");
        ask(&one(based(&pki), &nginx, &words), "any.test");
    }
}

#[test]
fn expired_and_self_signed() {
    let pki = Pki::new();
    let names = &["origin.test"];
    pki.make(&Request { name: "origin", ca: "ca", key: Key::Ecdsa, names, is_expired: true });
    let nginx = origin(&pki, "");
    refused(&one(based(&pki), &nginx, &to_origin("")), "certificate expired on 2025-02-01");
    let pki = pki;
    pki.authority("origin");
    let nginx = origin(&pki, "");
    refused(&one(based(&pki), &nginx, &to_origin("")), "certificate");
}

#[test]
fn revoked() {
    let pki = pki();
    pki.list_revoked("ca.crl");
    let nginx = origin(&pki, "");
    let proxy = one(based(&pki).shards(1), &nginx, &to_origin(", crl-file = \"ca.crl\""));
    ask(&proxy, "any.test");
    pki.revoke("origin");
    pki.list_revoked("ca.crl");
    eventually("it is revoked", || proxy.get("/").status() == 503);
    refused(&proxy, "certificate is revoked");
}

/// `verifyhost` is who it must be, whoever it is asked for.
#[test]
fn verifyhost() {
    let pki = pki();
    let nginx = origin(&pki, "");
    let words = "ssl = true, ca-file = \"ca.crt\", verifyhost = \"origin.test\"";
    let said = ask(&one(based(&pki), &nginx, words), "any.test");
    assert!(said.starts_with("name=any.test "), "{said}");
    let said = ask(&one(based(&pki), &nginx, &format!("{words}, no-sni-auto = true")), "any.test");
    assert!(said.starts_with("name= "), "{said}");
    let words =
        "ssl = true, ca-file = \"ca.crt\", verifyhost = \"other.test\", sni = \"origin.test\"";
    refused(
        &one(based(&pki), &nginx, words),
        "certificate is for `origin.test`, not for `other.test`",
    );
}

/// By default the request's host is the name, and no connection serves two names.
#[test]
fn two_sites() {
    let pki = Pki::new();
    pki.issue("origin", &["origin.test"]);
    pki.issue("second", &["second.test"]);
    let dir = Dir::new();
    let file = |name: &str| pki.file(name).display().to_string();
    let site = |name: &str| {
        format!(
            "server_name {name}.test; ssl_certificate {}; ssl_certificate_key {};\n\
             location / {{ {SHOW} }}",
            file(&format!("{name}.crt")),
            file(&format!("{name}.key"))
        )
    };
    let listen = format!("listen unix:{}/nginx.sock ssl;", dir.path().display());
    let around = format!("server {{ {listen} {} }}", site("second"));
    let nginx = Nginx::start_bound(dir, "ssl", &around, &site("origin"));
    let web = based(&pki).shards(1);
    let proxy = one(web, &nginx, "ssl = true, ca-file = \"ca.crt\"");
    let mut client = proxy.client();
    for name in ["origin.test", "second.test", "origin.test:8443", "second.test"] {
        let answer = client.ask(&format!("GET / HTTP/1.1\r\nHost: {name}\r\n\r\n"));
        let name = name.split(':').next().unwrap();
        let expected = (format!("name={name} "), format!(" site={name} "));
        let said = answer.text();
        assert!(said.starts_with(&expected.0) && said.ends_with(&expected.1), "{said}");
    }
    let answer = client.ask("GET / HTTP/1.1\r\nHost: third.test\r\n\r\n");
    assert_eq!(answer.status(), 503);
    proxy.stderr.wait(|line| line.contains("not for `third.test`"));
}

/// Every connection after the first resumes its session, in either version, unless told not to.
#[test]
fn resumes() {
    let pki = pki();
    for version in ["TLSv1.2", "TLSv1.3"] {
        let nginx = origin(&pki, "keepalive_timeout 0;");
        for (more, reused) in [("", "r"), (", no-ssl-reuse = true", ".")] {
            let words = format!(", ssl-max-ver = \"{version}\"{more}");
            let proxy = one(based(&pki).shards(1), &nginx, &to_origin(&words));
            let said: Vec<String> = (0..6).map(|_| ask(&proxy, "any.test")).collect();
            assert!(said[0].contains(" reused=. "), "{said:#?}");
            let as_expected = |said: &&String| said.contains(&format!(" reused={reused} "));
            assert_eq!(
                said[1..].iter().filter(as_expected).count(),
                5,
                "{version}{more}: {said:#?}"
            );
            assert!(said.iter().all(|said| said.contains(&format!("protocol={version} "))));
        }
    }
}

#[test]
fn shows_our_certificate() {
    let pki = pki();
    pki.client("corelane");
    let lines =
        format!("ssl_verify_client on; ssl_client_certificate {};", pki.file("ca.crt").display());
    let nginx = origin(&pki, &lines);
    for version in ["TLSv1.2", "TLSv1.3"] {
        let words = format!(", crt = \"corelane.pem\", ssl-max-ver = \"{version}\"");
        let said = ask(&one(based(&pki), &nginx, &to_origin(&words)), "any.test");
        assert!(said.contains("client=O=Test,CN=corelane verified=SUCCESS "), "{said}");
    }
    // Without one nginx itself answers.
    assert_eq!(one(based(&pki), &nginx, &to_origin("")).get("/").status(), 400);
}

#[test]
fn policy_and_alpn() {
    let pki = pki();
    let nginx = origin(&pki, "");
    for (words, expected) in [
        ("", "protocol=TLSv1.3 cipher=TLS_AES_128_GCM_SHA256 "),
        (
            "ssl-max-ver = \"TLSv1.2\", ciphers = \"ECDHE-ECDSA-CHACHA20-POLY1305\"",
            "protocol=TLSv1.2 cipher=ECDHE-ECDSA-CHACHA20-POLY1305 ",
        ),
        ("ciphersuites = \"TLS_AES_256_GCM_SHA384\"", "cipher=TLS_AES_256_GCM_SHA384 "),
        ("", " alpn=http/1.1 "),
    ] {
        let comma = if words.is_empty() { "" } else { ", " };
        let said =
            ask(&one(based(&pki), &nginx, &to_origin(&format!("{comma}{words}"))), "any.test");
        assert!(said.contains(expected), "{words}: {said}");
    }
    let strict = origin(&pki, "ssl_protocols TLSv1.3;");
    let proxy = one(based(&pki), &strict, &to_origin(", ssl-max-ver = \"TLSv1.2\""));
    refused(&proxy, "it speaks no version of TLS that is on here");
}

/// Checks shake hands and verify as requests do; `check-sni` is their name.
#[test]
fn checks() {
    let pki = pki();
    pki.authority("other");
    let nginx = origin(&pki, "");
    let check = "check = true, inter = \"50ms\", fall = 2, rise = 2";
    let httpchk = "option.httpchk = { method = \"GET\", uri = \"/\" }";
    let ssl = "ssl = true, ca-file = \"ca.crt\", verifyhost = \"origin.test\"";
    for web in [based(&pki), based(&pki).backend(httpchk)] {
        let proxy = one(web, &nginx, &format!("{ssl}, check-sni = \"origin.test\", {check}"));
        ask(&proxy, "origin.test");
        // It gets a certificate of somebody whom we do not know.
        let good = ["origin.crt", "origin.key"].map(|name| (name, pki.read(name)));
        let names = &["origin.test"];
        pki.make(&Request {
            name: "origin",
            ca: "other",
            key: Key::Ecdsa,
            names,
            is_expired: false,
        });
        nginx.reload();
        let log = proxy.dir.file("access.log");
        eventually("the server is down", || {
            proxy.get("/");
            std::fs::read_to_string(&log).unwrap().contains(" app/<NOSRV> 503 ")
        });
        proxy.stderr.wait(|line| line == "server app/s1 is down");
        proxy.stderr.wait(|line| line.contains("signed by"));
        for (name, bytes) in good {
            pki.write_private(name, &bytes);
        }
        nginx.reload();
        eventually("the server is up", || proxy.get("/").status() == 200);
    }
    // Only the checks speak TLS.
    let words = format!("check-ssl = true, verify = \"none\", {check}");
    let proxy = one(based(&pki), &nginx, &words);
    eventually("nginx is asked in the clear", || proxy.get("/").status() == 400);
}

/// TLS on both sides, in both modes; in TCP mode whoever asks sees our certificate alone.
#[test]
fn tls_to_tls() {
    let pki = pki();
    pki.issue("site", &["site.test"]);
    let nginx = origin(&pki, "");
    for mode in ["http", "tcp"] {
        let mut web = web(&pki, "crt = \"site.pem\"");
        if mode == "tcp" {
            web = web.tcp();
        }
        let proxy = one(web, &nginx, &to_origin(""));
        for version in ["-tls1_2", "-tls1_3"] {
            let said = super::s_client::ask(proxy.address("web"), version);
            assert!(said.assert_served().value("subject=").contains("CN = site.test"), "{said:#?}");
            assert!(said.has("name=origin.test protocol=TLSv1.3 "), "{said:#?}");
        }
    }
    // The name that the client asks us for, passed on.
    let words =
        "ssl = true, ca-file = \"ca.crt\", sni = \"ssl_fc_sni\", verifyhost = \"origin.test\"";
    let proxy = one(web(&pki, "crt = \"site.pem\""), &nginx, words);
    let said = super::s_client::ask(proxy.address("web"), "-servername asked.test");
    assert!(said.has("name=asked.test "), "{said:#?}");
}

/// Towards us: nginx as a client that verifies, and resumes.
#[test]
fn in_front() {
    let site = super::Site::simple("");
    let ca = site.pki.file("ca.crt");
    let within = format!(
        "location / {{ proxy_pass https://{}; proxy_ssl_verify on; \
         proxy_ssl_trusted_certificate {}; proxy_ssl_name site.test; proxy_ssl_server_name on; \
         proxy_ssl_protocols TLSv1.2 TLSv1.3; }}",
        site.address(),
        ca.display()
    );
    let nginx = Nginx::start_bound(Dir::new(), "", "", &within);
    for _ in 0..5 {
        assert_eq!(Peer::connect(&nginx.address).get("/").text(), super::HELLO);
    }
    // Who cannot read a key does not start, so neither can anybody else.
    let mode = std::fs::metadata(site.pki.file("site.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
