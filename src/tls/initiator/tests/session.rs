//! Sessions that are resumed, and what else is agreed.

use rustls::{HandshakeKind, ProtocolVersion};

use super::*;

fn is_resumed(pair: &Pair) -> bool {
    pair.client.handshake_kind() == Some(HandshakeKind::Resumed)
}

#[test]
fn sessions_are_resumed_by_shard() {
    let site = Site::new(&["a.example"]);
    for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
        let tls = ServerTls { crypto: crypto(version, version), ..site.tls() };
        let initiator =
            Initiator::load(&tls, "a.example", Stamp::of(&tls), &mut reading()).unwrap();
        let (one, other) = (initiator.for_shard(), initiator.for_shard());
        let meet = |shard: &Arc<ClientConfig>| {
            is_resumed(&site.handshake(shard.clone(), initiator.server_name(None)).unwrap())
        };
        assert!(!meet(&one), "{version:?}");
        assert!(meet(&one), "{version:?}");
        assert!(meet(&one), "{version:?}");
        assert!(!meet(&other), "{version:?}");
    }
}

#[test]
fn sessions_are_not_resumed_under_another_name() {
    let site = Site::new(&["a.example", "b.example"]);
    let tls = ServerTls { sni: Sni::RequestHost, ..site.tls() };
    let initiator = Initiator::load(&tls, "a.example", Stamp::of(&tls), &mut reading()).unwrap();
    let shard = initiator.for_shard();
    let meet =
        |asked| is_resumed(&site.handshake(shard.clone(), initiator.server_name(asked)).unwrap());
    assert!(!meet(Some("a.example")));
    assert!(!meet(Some("b.example")));
    assert!(!meet(None));
    assert!(meet(Some("A.EXAMPLE")));
    assert!(meet(None));
}

#[test]
fn without_reuse_none_is_resumed() {
    let site = Site::new(&["a.example"]);
    for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
        let tls = ServerTls { crypto: crypto(version, version), reuse: false, ..site.tls() };
        let initiator =
            Initiator::load(&tls, "a.example", Stamp::of(&tls), &mut reading()).unwrap();
        let shard = initiator.for_shard();
        for _ in 0..2 {
            let pair = site.handshake(shard.clone(), initiator.server_name(None)).unwrap();
            assert!(!is_resumed(&pair), "{version:?}");
        }
    }
}

#[test]
fn sessions_are_bounded() {
    let names: Vec<String> = (0..200).map(|number| format!("n{number}.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let site = Site::new(&names);
    let tls = ServerTls { sni: Sni::RequestHost, ..site.tls() };
    let initiator = Initiator::load(&tls, "", Stamp::of(&tls), &mut reading()).unwrap();
    let shard = initiator.for_shard();
    let meet = |asked| {
        is_resumed(&site.handshake(shard.clone(), initiator.server_name(Some(asked))).unwrap())
    };
    assert!(!names.iter().any(|name| meet(name)));
    assert!(!meet(names[0]), "the oldest is still there");
    assert!(meet(names[199]), "the newest is gone");
}

#[test]
fn versions_are_as_configured() {
    let site = Site::new(&["a.example"]);
    for (version, agreed) in [
        (TlsVersion::Tls12, ProtocolVersion::TLSv1_2),
        (TlsVersion::Tls13, ProtocolVersion::TLSv1_3),
    ] {
        let tls = ServerTls { crypto: crypto(version, version), ..site.tls() };
        let pair = site.meets(&tls, "a.example").unwrap();
        assert_eq!(pair.client.protocol_version(), Some(agreed));
    }
}

#[test]
fn alpn_is_offered_as_configured() {
    let mut site = Site::new(&["a.example"]);
    assert_eq!(site.meets(&site.tls(), "a.example").unwrap().client.alpn_protocol(), None);
    let mut server = (*site.server).clone();
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    site.server = Arc::new(server);
    let with = |alpn: &[&str]| ServerTls {
        alpn: alpn.iter().map(|name| (*name).to_owned()).collect(),
        ..site.tls()
    };
    let pair = site.meets(&with(&["http/1.1"]), "a.example").unwrap();
    assert_eq!(pair.client.alpn_protocol(), Some(b"http/1.1".as_slice()));
    assert_eq!(site.meets(&site.tls(), "a.example").unwrap().client.alpn_protocol(), None);
    assert_refused(site.meets(&with(&["mqtt"]), "a.example"), "in our `alpn`");
}

#[test]
fn keys_can_be_taken_over() {
    let site = Site::new(&["a.example"]);
    let pair = site.meets(&site.tls(), "a.example").unwrap();
    pair.client.dangerous_extract_secrets().unwrap();
}

/// The server of `site`, asking for certificates of `clients`.
fn asking(site: &mut Site, clients: &Authority) {
    let mut roots = RootCertStore::empty();
    roots.add(clients.der()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let signed = site.authority.sign(&["a.example"]);
    let server = server_builder()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![signed.der()], signed.key_der());
    site.server = Arc::new(server.unwrap());
}

#[test]
fn our_certificate_is_shown_when_asked_for() {
    let mut site = Site::new(&["a.example"]);
    let clients = Authority::new("Clients");
    let between = clients.below("Between");
    let ours = between.sign(&["proxy.example"]);
    let crt = site.folder.file("ours.pem", ours.pem() + &between.pem() + &ours.key_pem());
    asking(&mut site, &clients);
    for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
        let without = ServerTls { crypto: crypto(version, version), ..site.tls() };
        assert_refused(site.meets(&without, "a.example"), "server: it has no certificate");
        let tls = ServerTls { crt: Some(crt.clone()), ..without };
        let pair = site.meets(&tls, "a.example").unwrap();
        let shown = pair.server.peer_certificates().unwrap();
        assert_eq!(shown, [ours.der(), between.der()]);
    }
}
