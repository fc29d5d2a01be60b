//! What is said of which error.

use std::time::Duration;

use rustls::{OtherError, PeerMisbehaved};

use super::*;

fn for_name(expected: &str, presented: &[&str]) -> String {
    explain(
        &CertificateError::NotValidForNameContext {
            expected: ServerName::try_from(expected.to_owned()).unwrap(),
            presented: presented.iter().map(|name| (*name).to_owned()).collect(),
        }
        .into(),
    )
}

#[test]
fn names_are_told_apart() {
    assert_eq!(
        for_name("b.example", &["DnsName(\"a.example\")"]),
        "certificate is for `a.example`, not for `b.example`"
    );
    assert_eq!(
        for_name(
            "192.0.2.1",
            &["DnsName(\"a.example\")", "IpAddress(192.0.2.2)", "DnsName(\"c\")", "Unsupported(0)"]
        ),
        "certificate is for `a.example`, `192.0.2.2` and 1 more, not for `192.0.2.1`"
    );
    assert_eq!(
        for_name("b.example", &["DirectoryName"]),
        "certificate is not for `b.example`: it has no subjectAltName (a common name does not count)"
    );
}

#[test]
fn what_it_sent_is_made_harmless() {
    let long = format!("DnsName(\"{}\")", "a\u{1b}\n\u{202e}".repeat(1000));
    let text = for_name("b.example", &[&long, &long, &long]);
    assert!(text.len() <= TEXT_LEN_MAX, "{}", text.len());
    assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
    assert!(text.ends_with("not for `b.example`"), "{text:?}");
    let text = explain(&Error::General("x\r\n".repeat(1000)));
    assert!(text.len() == TEXT_LEN_MAX && !text.contains('\n'), "{text:?}");
}

#[test]
fn times_are_dates() {
    let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let expired = CertificateError::ExpiredContext { time: at(0), not_after: at(1_709_210_096) };
    assert_eq!(explain(&expired.into()), "certificate expired on 2024-02-29");
    let far = CertificateError::ExpiredContext { time: at(0), not_after: at(u64::MAX) };
    assert_eq!(explain(&far.into()), "certificate expired on a day that no calendar has");
}

#[test]
fn others_say_what_they_are() {
    for (error, text) in [
        (CertificateError::Revoked.into(), "certificate is revoked"),
        (
            Error::AlertReceived(AlertDescription::UnknownCA),
            "authority that signed our certificate",
        ),
        (Error::AlertReceived(AlertDescription::Unknown(0xfe)), "it sent an alert: number 254"),
        (InvalidMessage::InvalidContentType.into(), "what it sent is not TLS"),
        (PeerMisbehaved::IncorrectBinder.into(), "it broke the protocol (IncorrectBinder)"),
        (PeerIncompatible::NoCipherSuitesInCommon.into(), "no cipher suite in common"),
        (
            PeerIncompatible::ServerRejectedEncryptedClientHello(Some(vec![])).into(),
            "it does not decrypt our hello",
        ),
        (Error::Other(OtherError(std::sync::Arc::new(std::fmt::Error))), "other error"),
    ] {
        assert!(explain(&error).contains(text), "{error:?}: {}", explain(&error));
    }
}
