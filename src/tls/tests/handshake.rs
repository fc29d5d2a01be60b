//! Which certificate and what terms a client gets.

use proxy_config::model::{BindTls, CipherSuite, CrtListLine, TlsVersion};
use rustls::{ProtocolVersion, SignatureScheme};

use super::support::{
    Client, Folder, Made, bind, ecdsa, ed25519, made, params, policy, read, resumption, rsa,
    rsa_key, signed_by_itself,
};
use crate::tls::terminator::Terminator;

fn line(folder: &Folder, made: &Made, name: &str, filters: &[&str]) -> CrtListLine {
    CrtListLine {
        crt: folder.write(name, made.pem()),
        filters: filters.iter().map(|filter| (*filter).to_owned()).collect(),
        policy: policy(),
        text: format!("sites.list:{name}"),
    }
}

fn leaf(terminator: &Terminator, name: &str) -> Option<Vec<u8>> {
    let pair = Client::default().make().connect(name, terminator).ok()?;
    Some(pair.leaf().to_vec())
}

#[test]
fn a_name_comes_before_a_wildcard_and_that_before_the_default() {
    let folder = Folder::new();
    let [first, wild, exact] =
        [ecdsa(&["first.example"]), ecdsa(&["*.a.example"]), ecdsa(&["x.a.example", "B.example"])];
    let crts = [&first, &wild, &exact].map(|made| made.pem());
    let crts: Vec<_> =
        crts.iter().enumerate().map(|(at, pem)| folder.write(&format!("{at}.pem"), pem)).collect();
    let crts: Vec<_> = crts.iter().map(|path| path.as_path()).collect();
    let terminator = made(&bind(&crts));
    let cases = [
        ("x.a.example", &exact),
        ("b.example", &exact),
        ("y.a.example", &wild),
        ("a.example", &first),
        ("z.y.a.example", &first),
        ("unknown.example", &first),
        ("first.example", &first),
    ];
    for (name, expected) in cases {
        assert_eq!(leaf(&terminator, name).unwrap(), expected.der.to_vec(), "{name}");
    }
    let config = terminator.choose(None).unwrap();
    let pair = Client::default().make().connect_to("192.0.2.1", config).unwrap();
    assert_eq!(pair.leaf(), &first.der);

    let strict = made(&BindTls { strict_sni: true, ..bind(&crts) });
    for (name, expected) in cases {
        let is_known = strict.choose(Some(name)).is_some();
        assert_eq!(is_known, !std::ptr::eq(expected, &first) || name == "first.example", "{name}");
    }
    assert!(strict.choose(None).is_none());
}

#[test]
fn default_crt_answers_for_unknown_names_with_the_key_that_fits() {
    let folder = Folder::new();
    let [site, mine, mine_rsa] =
        [ecdsa(&["a.example"]), ecdsa(&["d.example"]), rsa(&["d.example"])];
    let crt = folder.write("a.pem", site.pem());
    let mut tls = bind(&[&crt]);
    tls.default_crts = vec![folder.write("1", mine_rsa.pem()), folder.write("2", mine.pem())];
    let terminator = made(&tls);
    assert_eq!(leaf(&terminator, "unknown.example").unwrap(), mine.der.to_vec());
    assert_eq!(leaf(&terminator, "d.example").unwrap(), mine.der.to_vec());
    assert_eq!(leaf(&terminator, "a.example").unwrap(), site.der.to_vec());
    let client =
        Client { schemes: Some(vec![SignatureScheme::RSA_PSS_SHA256]), ..Client::default() };
    let pair = client.make().connect("unknown.example", &terminator).unwrap();
    assert_eq!(pair.leaf(), &mine_rsa.der);
}

#[test]
fn without_a_name_the_first_and_those_beside_it_answer() {
    let folder = Folder::new();
    let [first, beside, other] = [ecdsa(&["a.example"]), rsa(&["a.example"]), rsa(&["b.example"])];
    let crts = [("1", &other), ("2", &beside), ("0", &first)];
    let crts = crts.map(|(name, made)| folder.write(name, made.pem()));
    let terminator = made(&bind(&[&crts[2], &crts[0], &crts[1]]));
    for (scheme, expected) in [
        (SignatureScheme::RSA_PSS_SHA256, &beside),
        (SignatureScheme::ECDSA_NISTP256_SHA256, &first),
    ] {
        let client = Client { schemes: Some(vec![scheme]), ..Client::default() };
        let pair = client.make().connect("unknown.example", &terminator).unwrap();
        assert_eq!(pair.leaf(), &expected.der, "{scheme:?}");
    }
}

#[test]
fn the_kind_of_key_is_what_the_client_can_check() {
    let folder = Folder::new();
    let [one, two, three] = [rsa(&["a.example"]), ecdsa(&["a.example"]), ed25519(&["a.example"])];
    let later = [rsa(&["a.example"]), ecdsa(&["a.example"])];
    let all = [&one, &three, &two, &later[0], &later[1]];
    let crts: Vec<_> = all
        .iter()
        .enumerate()
        .map(|(at, made)| folder.write(&format!("{at}.pem"), made.pem()))
        .collect();
    let crts: Vec<_> = crts.iter().map(|path| path.as_path()).collect();
    let terminator = made(&bind(&crts));
    let cases = [
        (vec![SignatureScheme::RSA_PSS_SHA256, SignatureScheme::ECDSA_NISTP256_SHA256], &two),
        (vec![SignatureScheme::RSA_PSS_SHA256, SignatureScheme::ED25519], &one),
        (vec![SignatureScheme::ED25519], &three),
    ];
    for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
        for (schemes, expected) in &cases {
            let client = Client { version, schemes: Some(schemes.clone()), ..Client::default() };
            let pair = client.make().connect("a.example", &terminator).unwrap();
            assert_eq!(pair.leaf(), &expected.der, "{version:?} {schemes:?}");
        }
        let none = vec![SignatureScheme::ECDSA_NISTP384_SHA384];
        let client = Client { version, schemes: Some(none), ..Client::default() };
        assert!(client.make().connect("a.example", &terminator).is_err());
    }
}

#[test]
fn suites_of_tls_1_2_choose_the_kind_of_key_too() {
    let folder = Folder::new();
    let [one, two] = [rsa(&["a.example"]), ecdsa(&["a.example"])];
    let crts = [folder.write("1.pem", one.pem()), folder.write("2.pem", two.pem())];
    let mut tls = bind(&[&crts[0], &crts[1]]);
    tls.policy.crypto.suites = vec![CipherSuite::EcdheRsaAes128GcmSha256];
    tls.policy.crypto.max = TlsVersion::Tls12;
    let client = Client { version: TlsVersion::Tls12, ..Client::default() };
    let pair = client.make().connect("a.example", &made(&tls)).unwrap();
    assert_eq!(pair.leaf(), &one.der);
}

#[test]
fn files_of_a_bundle_are_one_certificate() {
    let folder = Folder::new();
    let [one, two] = [rsa(&["a.example"]), ecdsa(&["a.example"])];
    folder.write("sites/s.pem.rsa", one.pem());
    folder.write("sites/s.pem.ecdsa", two.pem());
    for crt in ["sites/s.pem", "sites"] {
        let terminator = made(&bind(&[&folder.path(crt)]));
        for name in ["a.example", "unknown.example"] {
            assert_eq!(leaf(&terminator, name).unwrap(), two.der.to_vec(), "{crt} {name}");
            let schemes = Some(vec![SignatureScheme::RSA_PSS_SHA256]);
            let client = Client { schemes, ..Client::default() };
            let pair = client.make().connect(name, &terminator).unwrap();
            assert_eq!(pair.leaf(), &one.der, "{crt} {name}");
        }
    }
}

#[test]
fn filters_stand_in_place_of_names() {
    let folder = Folder::new();
    let [one, two, three] =
        [ecdsa(&["one.example"]), ecdsa(&["two.example"]), ecdsa(&["own.example", "*.t.example"])];
    let mut tls = bind(&[]);
    tls.crt_list = vec![
        line(
            &folder,
            &one,
            "1.pem",
            &["*.a.example", "!no.a.example", "one.example", "!one.example"],
        ),
        line(&folder, &two, "2.pem", &["*.a.example", "*"]),
        line(&folder, &three, "3.pem", &["!own.example", "!*.b.example", "!x.t.example"]),
    ];
    tls.strict_sni = true;
    let terminator = made(&tls);
    let cases = [
        ("yes.a.example", Some(&one)),
        ("no.a.example", Some(&two)),
        ("one.example", None),
        ("two.example", None),
        ("own.example", None),
        ("y.t.example", Some(&three)),
        ("x.t.example", None),
    ];
    for (name, expected) in cases {
        let expected = expected.map(|made| made.der.to_vec());
        assert_eq!(leaf(&terminator, name), expected, "{name}");
    }
    let terminator = made(&BindTls { strict_sni: false, ..tls });
    assert_eq!(leaf(&terminator, "unknown.example").unwrap(), two.der.to_vec());
}

#[test]
fn a_line_has_its_own_policy_and_a_name_only_one() {
    let folder = Folder::new();
    let [one, two] = [ecdsa(&["one.example"]), ecdsa(&["two.example", "one.example"])];
    let crt = folder.write("s.pem", one.pem());
    let mut tls = bind(&[&crt]);
    let mut line = line(&folder, &two, "2.pem", &[]);
    line.policy.alpn = vec!["h9".into()];
    tls.crt_list = vec![line.clone(), line];
    let read = read(&tls, &resumption());
    let terminator = read.result.unwrap();
    let agreed = |name| {
        let client = Client { alpn: vec!["http/1.1", "h9"], ..Client::default() }.make();
        let pair = client.connect(name, &terminator).unwrap();
        (pair.leaf().to_vec(), pair.client.alpn_protocol().map(<[u8]>::to_vec))
    };
    assert_eq!(agreed("one.example"), (one.der.to_vec(), None));
    assert_eq!(agreed("two.example"), (two.der.to_vec(), Some(b"h9".to_vec())));
    assert_eq!(terminator.configs.len(), 2);
    assert_eq!(
        read.warnings.iter().map(|text| folder.shorten(text)).collect::<Vec<_>>(),
        [
            "`2.pem` is not used for `one.example`: `s.pem` has the name before it, with other settings"
        ]
    );
}

#[test]
fn what_a_wildcard_leaves_out_another_may_serve_on_other_terms() {
    let folder = Folder::new();
    let [one, two] = [ecdsa(&["1.example"]), ecdsa(&["2.example"])];
    let mut tls = bind(&[]);
    let mut other = line(&folder, &two, "2.pem", &["*.a.example"]);
    other.policy.alpn = vec!["h9".into()];
    tls.crt_list = vec![line(&folder, &one, "1.pem", &["*.a.example", "!no.a.example"]), other];
    let read = read(&tls, &resumption());
    assert_eq!(read.warnings, [""; 0]);
    let terminator = read.result.unwrap();
    assert_eq!(leaf(&terminator, "yes.a.example").unwrap(), one.der.to_vec());
    assert_eq!(leaf(&terminator, "no.a.example").unwrap(), two.der.to_vec());
    let config = terminator.choose(Some("no.a.example")).unwrap();
    assert_eq!(config.alpn_protocols, [b"h9"]);
    assert!(terminator.choose(Some("yes.a.example")).unwrap().alpn_protocols.is_empty());
}

#[test]
fn terms_are_as_configured() {
    let folder = Folder::new();
    let crt = folder.write("s.pem", ecdsa(&["a.example"]).pem());
    let mut tls = bind(&[&crt]);
    tls.policy.alpn = vec!["http/1.1".into(), "http/1.0".into()];
    let both = made(&tls);
    for (version, expected) in [
        (TlsVersion::Tls12, ProtocolVersion::TLSv1_2),
        (TlsVersion::Tls13, ProtocolVersion::TLSv1_3),
    ] {
        let alpn = vec!["http/1.0", "http/1.1"];
        let client = Client { version, alpn, ..Client::default() }.make();
        let pair = client.connect("a.example", &both).unwrap();
        assert_eq!(pair.client.protocol_version(), Some(expected));
        assert_eq!(pair.client.alpn_protocol(), Some(&b"http/1.1"[..]));
    }
    let client = Client { alpn: vec!["h2"], ..Client::default() }.make();
    assert!(client.connect("a.example", &both).is_err(), "no protocol in common");

    tls.policy.crypto.min = TlsVersion::Tls13;
    tls.policy.crypto.suites = vec![CipherSuite::Tls13Chacha20Poly1305Sha256];
    let newest = made(&tls);
    let old = Client { version: TlsVersion::Tls12, ..Client::default() }.make();
    assert!(old.connect("a.example", &newest).is_err());
    let pair = Client::default().make().connect("a.example", &newest).unwrap();
    let suite = pair.client.negotiated_cipher_suite().unwrap().suite();
    assert_eq!(suite, rustls::CipherSuite::TLS13_CHACHA20_POLY1305_SHA256);
    let config = newest.choose(None).unwrap();
    assert_eq!(config.max_early_data_size, 0);
    assert!(!config.send_half_rtt_data && config.ignore_client_order);
}

#[test]
fn a_hundred_thousand_certificates_share_configurations() {
    let folder = Folder::new();
    // One file that many lines name: it is read once.
    let many = signed_by_itself(&params(&["a.example"]), rsa_key());
    let crt = folder.write("s.pem", many.pem());
    let mut tls = bind(&[&crt]);
    let line = |at: usize| CrtListLine {
        crt: crt.clone(),
        filters: vec![format!("n{at}.example"), "same.example".into()],
        policy: policy(),
        text: String::new(),
    };
    tls.crt_list = (0..100_000).map(line).collect();
    let terminator = made(&tls);
    assert_eq!(terminator.configs.len(), 1);
    assert!(
        terminator.certificates.names.lines("same.example", &terminator.certificates.lines).count()
            == 1
    );
    let pair = Client::default().make().connect("n99999.example", &terminator).unwrap();
    assert_eq!(pair.leaf(), &many.der);
}
