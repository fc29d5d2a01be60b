//! What HAProxy 2.6 with OpenSSL 3.0 prints of the same certificates.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::*;
use crate::tls::test_pki::Authority;

/// Names in UTF-8, a part of two values, several OUs, characters to be escaped; RSA.
const ODD: &[u8] = include_bytes!("fixtures/odd.pem");
/// Two bytes a character.
const BMP: &[u8] = include_bytes!("fixtures/bmp.pem");
/// Latin 1.
const T61: &[u8] = include_bytes!("fixtures/t61.pem");
/// Without a subject, valid until 2057; ED25519.
const EMPTY: &[u8] = include_bytes!("fixtures/empty.pem");
/// Version 1, valid until 2109.
const V1: &[u8] = include_bytes!("fixtures/v1.pem");
/// With an attribute that OpenSSL does not know.
const UNKNOWN: &[u8] = include_bytes!("fixtures/unknown.pem");

const ODD_RFC2253: &str = r#"CN=last,serialNumber=42,GN=\#hash,emailAddress=me@a.example,UID=u#1+CN=J\C3\BCrgen\\x,OU=\ three\ ,OU=two,OU=one,O=Acme\, \"Inc\" \<x\>\;=y,ST=\C3\8Ele,C=FR"#;
const ODD_ONELINE: &str = "/C=FR/ST=\u{ce}le/O=Acme, \"Inc\" <x>;=y/OU=one/OU=two/OU= three \
                           /CN=J\u{fc}rgen\\x/UID=u#1/emailAddress=me@a.example/GN=#hash\
                           /serialNumber=42/CN=last";

fn der(pem: &[u8]) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem).unwrap().to_vec()
}

fn with(pem: &[u8], check: impl FnOnce(&Certificate<'_>)) {
    check(&Certificate::parse(&der(pem)).unwrap());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[test]
fn names_are_printed_in_one_line() {
    let issuer = "/C=FR/O=Acme Roots/CN=Root";
    for (pem, subject) in [
        (ODD, ODD_ONELINE.as_bytes()),
        (BMP, b"/O=\0\xdc\0n\0\xef/CN=\0b\0m\0p"),
        (T61, b"/O=\xdcn\xef/CN=t61"),
        (EMPTY, b""),
        (V1, b"/CN=v1"),
        (UNKNOWN, b"/CN=unknown/1.2.3.4.5=foo, bar/dnQualifier=-"),
    ] {
        with(pem, |certificate| {
            assert_eq!(certificate.subject().oneline(), subject);
            assert_eq!(certificate.issuer().oneline(), issuer.as_bytes());
        });
    }
}

#[test]
fn names_are_printed_by_rfc2253() {
    for (pem, subject) in [
        (ODD, ODD_RFC2253),
        (BMP, r"CN=bmp,O=\C3\9Cn\C3\AF"),
        (T61, r"CN=t61,O=\C3\9Cn\C3\AF"),
        (EMPTY, ""),
        (V1, "CN=v1"),
        (UNKNOWN, "dnQualifier=-,1.2.3.4.5=#0C08666F6F2C20626172,CN=unknown"),
    ] {
        with(pem, |certificate| {
            assert_eq!(certificate.subject().rfc2253(), subject);
            assert_eq!(certificate.issuer().rfc2253(), "CN=Root,O=Acme Roots,C=FR");
        });
    }
}

#[test]
fn entries_are_counted_from_either_end() {
    let entry = |pem, name, occurrence, expected: Option<&str>| {
        with(pem, |certificate| {
            let found = certificate.subject().entry(name, occurrence);
            assert_eq!(found, expected.map(str::as_bytes), "{name} {occurrence}");
        });
    };
    entry(ODD, "CN", 1, Some("J\u{fc}rgen\\x"));
    entry(ODD, "cn", 1, Some("J\u{fc}rgen\\x"));
    entry(ODD, "CN", 2, Some("last"));
    entry(ODD, "CN", -1, Some("last"));
    entry(ODD, "CN", 0, None);
    entry(ODD, "OU", -1, Some(" three "));
    entry(ODD, "OU", -3, Some("one"));
    entry(ODD, "OU", -4, None);
    entry(ODD, "OU", i32::MIN, None);
    entry(ODD, "OU", i32::MAX, None);
    entry(UNKNOWN, "1.2.3.4.5", 1, Some("foo, bar"));
    entry(UNKNOWN, "O", 1, None);
    entry(EMPTY, "CN", 1, None);
}

#[test]
fn numbers_times_and_algorithms() {
    with(ODD, |certificate| {
        assert_eq!(hex(certificate.serial()), "FFEEDDCCBBAA99887766554433221100");
        assert_eq!(certificate.version(), 3);
        assert_eq!(certificate.key_alg(), "rsaEncryption");
        assert_eq!(certificate.sig_alg(), "ecdsa-with-SHA256");
        assert_eq!(hex(&certificate.sha1()), "6B064D2121A3C6B9A1D06E2965CAA398E9BD99CA");
        assert_eq!(certificate.not_before_text().as_deref(), Some("261123000509Z"));
        assert_eq!(certificate.not_after_text().as_deref(), Some("361120000509Z"));
        assert_eq!(certificate.not_before(), 1_795_392_309);
        assert_eq!(certificate.not_after(), 2_110_752_309);
    });
    with(EMPTY, |certificate| {
        assert_eq!(certificate.key_alg(), "ED25519");
        assert_eq!(certificate.serial(), [5]);
        assert_eq!(certificate.not_after_text().as_deref(), Some("570104000509Z"));
    });
    with(V1, |certificate| {
        assert_eq!(certificate.key_alg(), "id-ecPublicKey");
        assert_eq!(certificate.version(), 1);
        assert_eq!(hex(certificate.serial()), "80");
        assert_eq!(certificate.not_after_text(), None);
    });
}

#[test]
fn alternative_names_are_printed() {
    with(ODD, |certificate| {
        assert_eq!(certificate.names(), ["a.example", "*.b.example"]);
        assert_eq!(
            certificate.alternative_names_text(),
            "DNS:A.Example, DNS:*.b.example, IP Address:192.0.2.1, \
             IP Address:2001:DB8:0:0:0:0:0:1, email:me@a.example, URI:https://a.example/x, \
             othername:<unsupported>, DirName:/C=FR/CN=Dir? Name, Registered ID:1.2.3.4"
        );
    });
    with(EMPTY, |certificate| {
        assert_eq!(certificate.alternative_names_text(), "");
        assert!(certificate.names().is_empty());
    });
    with(UNKNOWN, |certificate| assert_eq!(certificate.names(), ["unknown"]));
}

#[test]
fn purposes_are_known() {
    with(ODD, |certificate| assert!(certificate.is_for_servers()));
    with(T61, |certificate| assert!(!certificate.is_for_servers()));
    with(V1, |certificate| assert!(certificate.is_for_servers()));
}

#[test]
fn a_name_too_long_is_empty() {
    let signed = Authority::new("Root").sign_as(&["a.example"], |params| {
        let long = "x".repeat(TEXT_LEN_MAX - 3);
        params.distinguished_name.push(rcgen::DnType::CommonName, long);
    });
    let der = signed.der();
    let certificate = Certificate::parse(&der).unwrap();
    assert_eq!(certificate.subject().oneline(), b"");
    assert_eq!(certificate.subject().rfc2253().len(), TEXT_LEN_MAX);
}

#[test]
fn what_is_cut_or_changed_is_refused_or_read() {
    for pem in [ODD, BMP, T61, EMPTY, V1, UNKNOWN] {
        let whole = der(pem);
        for len in 0..whole.len() {
            assert!(Certificate::parse(&whole[..len]).is_err(), "{len}");
        }
        let mut longer = whole.clone();
        longer.push(0);
        assert_eq!(Certificate::parse(&longer).unwrap_err(), "is followed by other bytes");
        for index in 0..whole.len() {
            for flip in [1, 0x20, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[index] ^= flip;
                let Ok(certificate) = Certificate::parse(&changed) else { continue };
                let texts = [
                    certificate.subject().rfc2253(),
                    certificate.alternative_names_text(),
                    certificate.names().join(" "),
                    certificate.key_alg(),
                    certificate.sig_alg(),
                    format!("{:?} {:?}", certificate.not_after_text(), certificate.not_before()),
                ];
                assert!(texts.iter().all(|text| text.len() <= TEXT_LEN_MAX));
                assert!(certificate.subject().oneline().len() <= TEXT_LEN_MAX);
            }
        }
    }
}
