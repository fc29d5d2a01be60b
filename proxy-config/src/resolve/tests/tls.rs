//! TLS: defaults, inheritance and what the words come to.

use std::path::{Path, PathBuf};

use super::keys::server;
use super::{config, listen, outcome, secs};
use crate::model::*;
use crate::{Diagnostic, Overrides};

/// The TLS of a bind with these words, after these sections and with these lines in its own.
fn bind(before: &str, lines: &str, words: &str) -> BindTls {
    let text = format!(
        "{before}\n[listen.x]\n{lines}\nbind = {{ address = ':443', ssl = true, {words} }}\n\
         server = [{{ name = 'a', address = 'h:1' }}]\n"
    );
    *config(&text).frontends.remove(0).binds.remove(0).tls.unwrap()
}

/// The messages about a bind with these words.
fn messages(lines: &str, words: &str) -> Vec<String> {
    let text = format!(
        "[listen.x]\n{lines}\nbind = {{ address = ':443', {words} }}\n\
         server = [{{ name = 'a', address = 'h:1' }}]\n"
    );
    let outcome = outcome(&[&text], &Overrides::default());
    outcome.diagnostics.iter().map(|d| d.message().to_owned()).collect()
}

fn paths(names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(PathBuf::from).collect()
}

fn all_on() -> Crypto {
    Crypto {
        min: TlsVersion::Tls12,
        max: TlsVersion::Tls13,
        suites: CipherSuite::ALL.to_vec(),
        curves: vec![Curve::X25519MlKem768, Curve::X25519, Curve::P256, Curve::P384],
    }
}

#[test]
fn a_bind_of_which_little_is_said() {
    let expected = BindTls {
        default_crts: Vec::new(),
        crts: paths(&["site.pem"]),
        crt_list: Vec::new(),
        key_base: None,
        strict_sni: false,
        policy: ClientPolicy {
            crypto: all_on(),
            alpn: vec!["http/1.1".to_owned()],
            verify: Verify::None,
            ca_file: None,
            crl_file: None,
            ca_names: true,
        },
        prefer_client_ciphers: false,
        tickets: true,
        ticket_keys: None,
    };
    assert_eq!(bind("", "", "crt = 'site.pem'"), expected);
    let tcp = bind("", "mode = 'tcp'", "crt = 'site.pem'");
    assert!(tcp.policy.alpn.is_empty());
}

#[test]
fn every_word_of_a_bind() {
    let before = "[global]\ncrt-base = '/crt'\nca-base = '/ca'\nkey-base = '/key'\n";
    let words = "crt = ['a.pem', '/b'], default-crt = 'd.pem', alpn = 'http/1.0, http/1.1', \
                 verify = 'optional', ca-file = 'ca.pem', crl-file = '/crl.pem', \
                 no-ca-names = true, tls-ticket-keys = 'keys', prefer-client-ciphers = true, \
                 no-sslv3 = true, no-tlsv10 = true, no-tlsv11 = true, ssl-min-ver = 'TLSv1.3', \
                 ciphersuites = 'TLS_CHACHA20_POLY1305_SHA256', ecdhe = 'P-384'";
    let expected = BindTls {
        default_crts: paths(&["/crt/d.pem"]),
        crts: paths(&["/crt/a.pem", "/b"]),
        crt_list: Vec::new(),
        key_base: Some("/key".into()),
        strict_sni: false,
        policy: ClientPolicy {
            crypto: Crypto {
                min: TlsVersion::Tls13,
                max: TlsVersion::Tls13,
                suites: vec![CipherSuite::Tls13Chacha20Poly1305Sha256],
                curves: vec![Curve::P384],
            },
            alpn: vec!["http/1.0".to_owned(), "http/1.1".to_owned()],
            verify: Verify::Optional,
            ca_file: Some("/ca/ca.pem".into()),
            crl_file: Some("/crl.pem".into()),
            ca_names: false,
        },
        prefer_client_ciphers: true,
        tickets: true,
        ticket_keys: Some("keys".into()),
    };
    assert_eq!(bind(before, "", words), expected);
}

#[test]
fn versions_out_of_words() {
    use TlsVersion::{Tls12, Tls13};
    let global = |options: &str| format!("[global]\nssl-default-bind-options = {options}\n");
    let cases = [
        (String::new(), "", (Tls12, Tls13)),
        (String::new(), "ssl-min-ver = 'TLSv1.0'", (Tls12, Tls13)),
        (String::new(), "ssl-max-ver = 'TLSv1.2'", (Tls12, Tls12)),
        (String::new(), "no-tlsv13 = true", (Tls12, Tls12)),
        (String::new(), "no-tlsv12 = true", (Tls13, Tls13)),
        (String::new(), "no-tlsv12 = false", (Tls12, Tls13)),
        (String::new(), "force-tlsv12 = true", (Tls12, Tls12)),
        (String::new(), "force-tlsv13 = true", (Tls13, Tls13)),
        // The stricter one, where two words set one limit.
        (String::new(), "ssl-min-ver = 'TLSv1.2', no-tlsv12 = true", (Tls13, Tls13)),
        (global("'ssl-min-ver TLSv1.3'"), "", (Tls13, Tls13)),
        (global("['no-tlsv10', 'ssl-min-ver TLSv1.3']"), "", (Tls13, Tls13)),
        (global("{ ssl-min-ver = 'TLSv1.3' }"), "", (Tls13, Tls13)),
        (global("'ssl-min-ver TLSv1.3'"), "ssl-min-ver = 'TLSv1.2'", (Tls12, Tls13)),
        (global("'force-tlsv13'"), "ssl-min-ver = 'TLSv1.2'", (Tls12, Tls13)),
    ];
    for (before, words, expected) in cases {
        let crypto = bind(&before, "", &format!("crt = 'a', {words}")).policy.crypto;
        assert_eq!((crypto.min, crypto.max), expected, "{before}{words}");
        let is_on = |suite: &CipherSuite| (crypto.min..=crypto.max).contains(&suite.version());
        assert!(crypto.suites.iter().all(is_on) && is_on(&crypto.suites[0]), "{before}{words}");
    }
}

#[test]
fn defaults_of_global_hold_where_nothing_is_said() {
    let before = "[global]\nssl-default-bind-ciphers = 'ECDHE+AES256'\n\
                  ssl-default-bind-ciphersuites = 'TLS_AES_256_GCM_SHA384'\n\
                  ssl-default-bind-curves = 'P-256'\n\
                  ssl-default-bind-options = 'no-tls-tickets prefer-client-ciphers strict-sni'\n\
                  ssl-default-server-ciphers = 'ECDHE+CHACHA20'\nssl-default-server-curves = 'P-384'\n\
                  ssl-default-server-ciphersuites = 'TLS_AES_128_GCM_SHA256'\n\
                  ssl-default-server-options = 'ssl-max-ver TLSv1.2'\nssl-server-verify = 'none'\n";
    let tls = bind(before, "", "crt = 'a'");
    assert!(!tls.tickets && tls.prefer_client_ciphers && tls.strict_sni);
    let suites = [
        CipherSuite::Tls13Aes256GcmSha384,
        CipherSuite::EcdheEcdsaAes256GcmSha384,
        CipherSuite::EcdheRsaAes256GcmSha384,
    ];
    assert_eq!(tls.policy.crypto.suites, suites);
    assert_eq!(tls.policy.crypto.curves, [Curve::P256]);
    let words = "crt = 'a', ciphers = 'AES128', ecdhe = 'X25519', tls-tickets = true, \
                 no-strict-sni = true, prefer-client-ciphers = false";
    let tls = bind(before, "", words);
    assert!(tls.tickets && !tls.prefer_client_ciphers && !tls.strict_sni);
    assert_eq!(tls.policy.crypto.suites[1], CipherSuite::EcdheEcdsaAes128GcmSha256);
    assert_eq!(tls.policy.crypto.curves, [Curve::X25519]);
    let text =
        format!("{before}[backend.b]\nserver = [{{ name = 'a', address = 'h:1', ssl = true }}]");
    let tls = config(&text).backends.remove(0).servers.remove(0).tls.unwrap();
    assert!(!tls.verify);
    let suites =
        vec![CipherSuite::EcdheEcdsaChacha20Poly1305, CipherSuite::EcdheRsaChacha20Poly1305];
    let (min, max) = (TlsVersion::Tls12, TlsVersion::Tls12);
    assert_eq!(tls.crypto, Crypto { min, max, suites, curves: vec![Curve::P384] });
}

#[test]
fn protocols_that_the_mode_can_speak() {
    let cases = [
        ("", "alpn = ['h2', 'http/1.1']", &["http/1.1"][..], 1),
        ("", "alpn = 'h3,http/1.0,h2'", &["http/1.0"], 2),
        ("", "no-alpn = true", &[], 0),
        ("mode = 'tcp'", "alpn = 'h2,imap'", &["h2", "imap"], 0),
    ];
    for (lines, words, expected, warnings) in cases {
        let words = format!("crt = 'a', {words}");
        assert_eq!(bind("", lines, &words).policy.alpn, expected, "{words}");
        assert_eq!(messages(lines, &format!("ssl = true, {words}")).len(), warnings, "{words}");
    }
}

#[test]
fn lines_of_a_list() {
    let before = "[global]\ncrt-base = '/crt'\n";
    let words = "crt-list = 'crt-list.txt', verify = 'optional', ca-file = '/bind.pem', \
                 alpn = 'http/1.0'";
    let lines = bind(before, "", words).crt_list;
    let texts: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["crt-list.txt:2", "crt-list.txt:4", "crt-list.txt:5"]);
    let [plain, full, closed] = lines.try_into().unwrap();
    assert_eq!(plain.crt, Path::new("/crt/a.pem"));
    assert!(plain.filters.is_empty());
    assert_eq!(
        (plain.policy.verify, plain.policy.alpn),
        (Verify::Optional, vec!["http/1.0".into()])
    );
    assert_eq!(full.crt, Path::new("/b.pem"));
    assert_eq!(full.filters, ["b.example", "*.b.example", "!no.b.example"]);
    assert_eq!((full.policy.verify, full.policy.ca_names), (Verify::Required, false));
    assert_eq!(full.policy.ca_file.as_deref(), Some(Path::new("/line.pem")));
    assert_eq!(full.policy.crypto.max, TlsVersion::Tls12);
    assert!(full.policy.alpn.is_empty());
    assert_eq!((closed.filters.len(), closed.policy.verify), (1, Verify::None));
    assert_eq!(closed.policy.ca_file.as_deref(), Some(Path::new("/bind.pem")));
}

#[test]
fn a_server_of_which_little_is_said() {
    let expected = ServerTls {
        crypto: all_on(),
        verify: true,
        ca_file: None,
        crl_file: None,
        crt: None,
        key_base: None,
        sni: Sni::RequestHost,
        verifyhost: None,
        alpn: vec!["http/1.1".to_owned()],
        reuse: true,
    };
    let server = server("", "ssl = true");
    assert_eq!(*server.tls.unwrap(), expected);
    let of_check = ServerTls { sni: Sni::None, ..expected };
    assert_eq!(*server.check.unwrap().tls.unwrap(), of_check);
    assert_eq!(super::keys::server("", "").tls, None);
}

/// The TLS of a server with these words.
fn tls(default: &str, words: &str) -> Option<ServerTls> {
    server(default, words).tls.map(|tls| *tls)
}

#[test]
fn words_of_a_server_are_inherited_and_taken_back() {
    let default = "ssl = true, verify = 'none', ca-file = '/ca', crl-file = '/crl', crt = 'own.pem', \
                   verifyhost = 'V.example', sni = 'str(S.example)', alpn = 'http/1.0', \
                   no-ssl-reuse = true, force-tlsv13 = true";
    let inherited = tls(default, "").unwrap();
    assert!(!inherited.verify && !inherited.reuse);
    assert_eq!(inherited.ca_file.as_deref(), Some(Path::new("/ca")));
    assert_eq!(inherited.crl_file.as_deref(), Some(Path::new("/crl")));
    assert_eq!(inherited.crt.as_deref(), Some(Path::new("own.pem")));
    assert_eq!(inherited.verifyhost.as_deref(), Some("v.example"));
    assert_eq!(inherited.sni, Sni::Name("s.example".to_owned()));
    assert_eq!(inherited.alpn, ["http/1.0"]);
    assert_eq!(inherited.crypto.min, TlsVersion::Tls13);
    assert_eq!(tls(default, "no-ssl = true"), None);
    assert_eq!(tls(default, "ssl = false"), None);
    let words = "verify = 'required', ca-file = '@system-ca', no-verifyhost = true, \
                 sni-auto = true, ssl-reuse = true, force-tlsv13 = false";
    let own = tls(default, words).unwrap();
    assert!(own.verify && own.reuse);
    assert_eq!((own.ca_file, own.verifyhost, own.sni), (None, None, Sni::RequestHost));
    assert_eq!(own.crypto.min, TlsVersion::Tls12);
}

#[test]
fn names_that_servers_are_asked_for() {
    let name = |name: &str| Sni::Name(name.to_owned());
    let cases = [
        ("no-sni-auto = true", Sni::None),
        ("sni-auto = true", Sni::RequestHost),
        ("sni = 'App.example.'", name("app.example")),
        ("sni = 'str(a_b.example)'", name("a_b.example")),
        ("sni = 'app.example', no-sni-auto = true", name("app.example")),
        ("sni = 'req.hdr(Host)'", Sni::RequestHost),
        ("sni = 'hdr(host),host_only'", Sni::RequestHost),
        ("sni = 'req.hdr(host),field(1,:),lower'", Sni::RequestHost),
        ("sni = 'ssl_fc_sni'", Sni::ClientSni),
    ];
    for (words, expected) in cases {
        let text = format!("ssl = true, {words}");
        assert_eq!(tls("", &text).map(|tls| tls.sni), Some(expected), "{words}");
    }
    let tcp = "[defaults]\nmode = 'tcp'\ndefault-server = { ssl = true }\n";
    let tls = listen(tcp, "").1.servers.remove(0).tls.unwrap();
    assert_eq!((tls.sni, tls.alpn.len()), (Sni::None, 0));
}

#[test]
fn names_by_expression() {
    for words in [
        "sni = 'var(txn.name)'",
        "sni = 'req.hdr(x-name),lower'",
        "sni = 'path'",
        "sni = 'be_name'",
        "sni = 'req.ssl_sni'",
        "sni = 'str(a.example),lower'",
    ] {
        let sni = |default: &str, words: &str| tls(default, words).map(|tls| tls.sni);
        let own = sni("", &format!("ssl = true, {words}"));
        assert!(matches!(own, Some(Sni::Expr(_))), "{words} {own:?}");
        if !words.contains("be_name") {
            assert_eq!(sni(&format!("ssl = true, {words}"), ""), own, "{words}");
        }
    }
    let of_check = server("", "ssl = true, sni = 'var(txn.name)'").check.unwrap();
    assert_eq!(of_check.tls.map(|tls| tls.sni), Some(Sni::None));
}

#[test]
fn checks_over_tls() {
    let sni = |name: &str| Some(Sni::Name(name.to_owned()));
    let cases = [
        ("ssl = true", Some(Sni::None)),
        ("ssl = true, port = 8443", None),
        ("ssl = true, port = 8443, check-ssl = true", Some(Sni::None)),
        ("ssl = true, no-check-ssl = true", None),
        ("check-ssl = true, check-sni = 'C.example'", sni("c.example")),
        ("ssl = true, check-sni = 'str(c.example)', sni = 's.example'", sni("c.example")),
        ("ssl = true, sni = 's.example'", sni("s.example")),
        ("ssl = true, sni = 'ssl_fc_sni'", Some(Sni::None)),
        ("", None),
    ];
    for (words, expected) in cases {
        let check = server("", words).check.unwrap();
        assert_eq!(check.tls.map(|tls| tls.sni), expected, "{words}");
    }
    let checked = server("", "ssl = true, check-alpn = 'http/1.0'");
    assert_eq!(checked.tls.unwrap().alpn, ["http/1.1"]);
    assert_eq!(checked.check.unwrap().tls.unwrap().alpn, ["http/1.0"]);
    let plain = server("", "check-ssl = true");
    assert!(plain.tls.is_none() && plain.check.unwrap().tls.unwrap().verify);
}

#[test]
fn checks_ask_for_the_host_of_httpchk() {
    let cases = [
        ("app.example", Sni::Name("app.example".to_owned())),
        ("App.example:8443", Sni::Name("app.example".to_owned())),
        ("10.0.0.1:80", Sni::None),
        ("[::1]:80", Sni::None),
    ];
    for (host, expected) in cases {
        let before = "[defaults]\ndefault-server = { ssl = true }\n";
        let lines = format!("option.httpchk = {{ host = '{host}' }}");
        let check = listen(before, &lines).1.servers.remove(0).check.unwrap();
        assert_eq!(check.tls.map(|tls| tls.sni), Some(expected), "{host}");
    }
}

#[test]
fn proxy_headers_tell_of_tls() {
    let cases = [
        ("", "send-proxy-v2-ssl = true", "ssl"),
        ("", "send-proxy-v2-ssl-cn = true", "ssl cert-cn"),
        ("", "send-proxy-v2 = true, proxy-v2-options = 'ssl'", "ssl"),
        (
            "",
            "send-proxy-v2 = true, proxy-v2-options = 'cert-sig,cert-key'",
            "ssl cert-sig cert-key",
        ),
        (
            "",
            "send-proxy-v2 = true, proxy-v2-options = ['ssl-cipher', 'cert-cn']",
            "ssl cert-cn ssl-cipher",
        ),
        ("", "send-proxy-v2 = true, send-proxy-v2-ssl = true", "ssl"),
        ("send-proxy-v2-ssl-cn = true", "", "ssl cert-cn"),
        ("send-proxy-v2-ssl-cn = true", "send-proxy-v2 = true", ""),
    ];
    for (default, words, expected) in cases {
        let Some(SendProxy::V2 { ssl, cert_cn, ssl_cipher, cert_sig, cert_key, .. }) =
            server(default, words).send_proxy
        else {
            panic!("{default} / {words}")
        };
        let flags = [
            (ssl, "ssl"),
            (cert_cn, "cert-cn"),
            (ssl_cipher, "ssl-cipher"),
            (cert_sig, "cert-sig"),
            (cert_key, "cert-key"),
        ];
        let found: Vec<_> = flags.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
        assert_eq!(found.join(" "), expected, "{default} / {words}");
    }
    let none = server("send-proxy-v2-ssl = true", "no-send-proxy-v2-ssl = true");
    assert_eq!(none.send_proxy, None);
}

#[test]
fn what_is_inherited_is_told_once() {
    let text = "[defaults]\ndefault-server = { ssl = true, alpn = 'h2,http/1.1' }\n\
                [listen.x]\nbind = ':80'\n\
                server = [{ name = 'a', address = 'h:1' }, { name = 'b', address = 'h:2' }]\n";
    let outcome = outcome(&[text], &Overrides::default());
    let messages: Vec<_> = outcome.diagnostics.iter().map(Diagnostic::message).collect();
    assert_eq!(messages, ["`h2` is not yet supported"]);
}

#[test]
fn tuning() {
    let lines =
        "tune.ssl.cachesize = 0\ntune.ssl.lifetime = '1h'\ntune.ssl.max-hello-size = '4k'\n";
    let tune = config(&format!("[global]\n{lines}")).global.tune;
    assert_eq!((tune.ssl_cachesize, tune.ssl_max_hello), (0, 4096));
    assert_eq!(tune.ssl_lifetime, secs(3600));
}
