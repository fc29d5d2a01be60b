//! `ssl_*` of connections that we end, and certificates.

use proxy_config::model::rule::{Cert, CertFact, Fetch, Side, TlsFact};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::{check, one};
use crate::io::TlsFacts;
use crate::rule::testing::Stage;

const ODD: &[u8] = include_bytes!("../../../tls/certificate/fixtures/odd.pem");
const EMPTY: &[u8] = include_bytes!("../../../tls/certificate/fixtures/empty.pem");
const V1: &[u8] = include_bytes!("../../../tls/certificate/fixtures/v1.pem");

fn der(pem: &[u8]) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn facts(certificates: &[&[u8]]) -> TlsFacts {
    TlsFacts {
        version: "TLSv1.3",
        cipher: "TLS_AES_128_GCM_SHA256",
        key_bits: 128,
        curve: "X25519",
        is_resumed: false,
        alpn: Some(b"h2"[..].into()),
        server_name: Some("a.example".into()),
        peer_certificates: certificates.iter().map(|pem| der(pem)).collect(),
        own_certificate: None,
    }
}

fn bare() -> TlsFacts {
    TlsFacts { curve: "", alpn: None, server_name: None, ..facts(&[]) }
}

/// Is, is_resumed, alpn, cipher, curve, protocol, keysize, sni.
fn of_side(side: Side, values: [&'static str; 8]) -> impl Iterator<Item = (Fetch, &'static str)> {
    let facts = [
        TlsFact::Is(side),
        TlsFact::IsResumed(side),
        TlsFact::Alpn(side),
        TlsFact::Cipher(side),
        TlsFact::Curve(side),
        TlsFact::Protocol(side),
        TlsFact::KeySize(side),
        TlsFact::Sni(side),
    ];
    facts.map(Fetch::Tls).into_iter().zip(values)
}

/// has_sni, has_crt, c_used, c_verify, has_early.
fn of_client(values: [&'static str; 5]) -> impl Iterator<Item = (Fetch, &'static str)> {
    let facts = [
        TlsFact::HasSni,
        TlsFact::HasClientCert,
        TlsFact::ClientCertUsed,
        TlsFact::ClientVerify,
        TlsFact::HasEarlyData,
    ];
    facts.map(Fetch::Tls).into_iter().zip(values)
}

const NONE: [&str; 8] = ["bool false", "bool false", "-", "-", "-", "-", "-", "-"];

const FULL: [&str; 8] = [
    "bool true",
    "bool false",
    "str h2",
    "str TLS_AES_128_GCM_SHA256",
    "str X25519",
    "str TLSv1.3",
    "int 128",
    "str a.example",
];

#[test]
fn ssl_fc_and_ssl_bc() {
    let mut stage = Stage::empty();
    check(&stage, of_side(Side::Request, NONE));
    check(&stage, of_side(Side::Response, NONE));
    stage.tls = Some(facts(&[]));
    check(&stage, of_side(Side::Request, FULL));
    check(&stage, of_side(Side::Response, NONE));
    stage.tls = None;
    stage.world.server_tls = Some(facts(&[]));
    check(&stage, of_side(Side::Request, NONE));
    check(&stage, of_side(Side::Response, FULL));
    stage.tls = Some(bare());
    let mut expected = FULL;
    (expected[2], expected[4], expected[7]) = ("-", "-", "-");
    check(&stage, of_side(Side::Request, expected));
}

#[test]
fn client_certificates() {
    let mut stage = Stage::empty();
    check(&stage, of_client(["bool false", "-", "-", "-", "-"]));
    stage.tls = Some(bare());
    check(&stage, of_client(["bool false", "bool false", "bool false", "int 0", "bool false"]));
    stage.tls = Some(facts(&[ODD]));
    check(&stage, of_client(["bool true", "bool true", "bool true", "int 0", "bool false"]));
    stage.tls = Some(TlsFacts { is_resumed: true, ..facts(&[ODD]) });
    check(&stage, of_client(["bool true", "bool false", "bool true", "int 0", "bool false"]));
}

fn cert(whose: Cert, fact: CertFact) -> Fetch {
    Fetch::Tls(TlsFact::Cert(whose, fact))
}

#[test]
fn whose_certificate() {
    let mut stage = Stage::empty();
    let table = |values: [String; 6]| {
        let facts = [
            cert(Cert::Client, CertFact::Der),
            cert(Cert::Frontend, CertFact::Der),
            cert(Cert::Server, CertFact::Der),
            cert(Cert::Client, CertFact::ChainDer),
            cert(Cert::Frontend, CertFact::ChainDer),
            cert(Cert::Server, CertFact::ChainDer),
        ];
        facts.into_iter().zip(values)
    };
    let none = || "-".to_owned();
    let bin =
        |pems: &[&[u8]]| pems.iter().fold("bin ".to_owned(), |text, pem| text + &hex(&der(pem)));
    check(&stage, table([none(), none(), none(), none(), none(), none()]));
    stage.tls = Some(TlsFacts { own_certificate: Some(der(V1)), ..facts(&[ODD]) });
    stage.world.server_tls = Some(facts(&[EMPTY]));
    check(&stage, table([bin(&[ODD]), bin(&[V1]), bin(&[EMPTY]), none(), none(), bin(&[EMPTY])]));
    stage.tls = Some(facts(&[ODD, EMPTY, V1]));
    stage.world.server_tls = Some(facts(&[V1, ODD]));
    check(
        &stage,
        table([bin(&[ODD]), none(), bin(&[V1]), bin(&[EMPTY, V1]), none(), bin(&[V1, ODD])]),
    );
}

#[test]
fn facts_of_a_certificate() {
    let mut stage = Stage::empty();
    let entry = |name: &str, occurrence| Some((name.into(), occurrence));
    let table = |values: [&'static str; 15]| {
        let facts = [
            CertFact::Subject(entry("CN", -1)),
            CertFact::Subject(entry("ou", 2)),
            CertFact::Subject(entry("OU", -9)),
            CertFact::Subject(entry("OU", 0)),
            CertFact::Issuer(None),
            CertFact::Issuer(entry("O", 1)),
            CertFact::IssuerRfc2253,
            CertFact::KeyAlg,
            CertFact::NotAfter,
            CertFact::NotBefore,
            CertFact::San,
            CertFact::Serial,
            CertFact::Sha1,
            CertFact::SigAlg,
            CertFact::Version,
        ];
        facts.map(|fact| cert(Cert::Client, fact)).into_iter().zip(values)
    };
    check(&stage, table(["-"; 15]));
    stage.tls = Some(facts(&[]));
    check(&stage, table(["-"; 15]));
    stage.tls = Some(facts(&[ODD]));
    let shown: Vec<_> = table([""; 15]).map(|(fact, _)| one(&stage, &fact)).collect();
    assert_eq!(shown[..4], ["str last", "str two", "-", "-"]);
    assert_eq!(
        shown[4..8],
        [
            "str /C=FR/O=Acme Roots/CN=Root",
            "str Acme Roots",
            "str CN=Root,O=Acme Roots,C=FR",
            "str rsaEncryption"
        ]
    );
    assert!(shown[8].starts_with("str ") && shown[8].ends_with('Z') && shown[8].len() == 17);
    assert_eq!(shown[12].len(), "bin ".len() + 40);
    assert_eq!(shown[13..], ["str ecdsa-with-SHA256", "int 3"]);
    // Without a subject, and valid for long.
    stage.tls = Some(facts(&[EMPTY]));
    for fact in
        [CertFact::Subject(None), CertFact::SubjectRfc2253, CertFact::Subject(entry("CN", 1))]
    {
        check(&stage, [(cert(Cert::Client, fact), "-")]);
    }
    stage.tls = Some(facts(&[V1]));
    check(&stage, [(cert(Cert::Client, CertFact::Version), "int 1")]);
}

#[test]
fn what_is_no_certificate_has_bytes_only() {
    let mut stage = Stage::empty();
    stage.tls = Some(TlsFacts {
        peer_certificates: Box::new([CertificateDer::from(b"junk".to_vec())]),
        ..facts(&[])
    });
    check(
        &stage,
        [
            (cert(Cert::Client, CertFact::Der), "bin 6A756E6B"),
            (cert(Cert::Client, CertFact::Sha1), "bin C911297212D955D650502555D84DE2C922B6E4F9"),
            (cert(Cert::Client, CertFact::Subject(None)), "-"),
            (cert(Cert::Client, CertFact::Version), "-"),
        ],
    );
}
