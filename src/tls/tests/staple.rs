//! OCSP responses beside certificates.

use rustls::pki_types::UnixTime;

use super::support::{Client, Folder, bind, ecdsa_key, params, read, resumption, signed_by_itself};
use crate::tls::ocsp::valid_until_s;
use crate::tls::reading::Reading;

const SERIAL: &[u8] = &[0x9a, 1, 2];
/// 2026-01-01 00:00:00 UTC.
const NOW_S: i64 = 1_767_225_600;

/// DER of one thing.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let len = content.len();
    let head = match len {
        0..128 => vec![tag, len as u8],
        _ => vec![tag, 0x82, (len >> 8) as u8, len as u8],
    };
    [head, content].concat()
}

const SEQUENCE: u8 = 0x30;
const GOOD: &[u8] = &[0x80, 0];
const UNKNOWN: &[u8] = &[0x82, 0];

fn time(text: &str) -> Vec<u8> {
    der(0x18, &[text.as_bytes()])
}

fn single(serial: &[u8], status: &[u8], this: &str, next: Option<&str>) -> Vec<u8> {
    let algorithm = der(SEQUENCE, &[&[6, 5, 0x2b, 0x0e, 3, 2, 0x1a], &[5, 0]]);
    let hash = der(4, &[&[7; 20]]);
    let id = der(SEQUENCE, &[&algorithm, &hash, &hash, &der(2, &[&[0], serial])]);
    let next = next.map(|next| der(0xa0, &[&time(next)])).unwrap_or_default();
    der(SEQUENCE, &[&id, status, &time(this), &next])
}

fn response(singles: &[Vec<u8>]) -> Vec<u8> {
    let singles: Vec<&[u8]> = singles.iter().map(Vec::as_slice).collect();
    let responder = der(0xa2, &[&der(4, &[&[7; 20]])]);
    let produced = time("20250101000000Z");
    let data = der(SEQUENCE, &[&responder, &produced, &der(SEQUENCE, &singles)]);
    let signature = der(3, &[&[0, 1, 2]]);
    let basic = der(SEQUENCE, &[&data, &der(SEQUENCE, &[&[6, 1, 0x2a]]), &signature]);
    let oid = [6, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];
    let bytes = der(SEQUENCE, &[&oid, &der(4, &[&basic])]);
    der(SEQUENCE, &[&[0x0a, 1, 0], &der(0xa0, &[&bytes])])
}

fn one(serial: &[u8], status: &[u8], this: &str, next: Option<&str>) -> Vec<u8> {
    response(&[single(&[1], GOOD, this, next), single(serial, status, this, next)])
}

#[test]
fn a_response_is_of_use_only_while_it_says_good() {
    let revoked = der(0xa1, &[&time("20250101000000Z")]);
    let (past, soon) = ("20251231000000Z", "20260102000000Z");
    let cases: [(Vec<u8>, Result<i64, &str>); 10] = [
        (one(SERIAL, GOOD, past, Some(soon)), Ok(NOW_S + 86_400)),
        (one(SERIAL, GOOD, "20260101000500Z", Some(soon)), Ok(NOW_S + 86_400)),
        (
            one(SERIAL, GOOD, "20260101000501Z", Some(soon)),
            Err("is not valid before Jan  1 00:05:01 2026 +00:00"),
        ),
        (
            one(SERIAL, GOOD, past, Some("20260101000000Z")),
            Err("is out of date since Jan  1 00:00:00 2026 +00:00"),
        ),
        (one(SERIAL, GOOD, past, None), Err("does not say until when it is valid")),
        (
            one(SERIAL, &revoked, past, Some(soon)),
            Err("says that the certificate is REVOKED: replace it"),
        ),
        (one(SERIAL, UNKNOWN, past, Some(soon)), Err("does not know the certificate")),
        (one(&[9], GOOD, past, Some(soon)), Err("is not about this certificate")),
        (
            der(SEQUENCE, &[&[0x0a, 1, 3]]),
            Err("is an OCSP response that only says that there was an error"),
        ),
        (b"not DER".to_vec(), Err("is not an OCSP response in DER")),
    ];
    for (bytes, expected) in cases {
        let expected = expected.map_err(str::to_owned);
        assert_eq!(valid_until_s(&bytes, SERIAL, NOW_S), expected);
    }
}

/// Responses that `openssl ocsp` made.
#[test]
fn real_responses_are_understood() {
    let (good, revoked) = (include_bytes!("ocsp-good.der"), include_bytes!("ocsp-revoked.der"));
    // 2026-11-23 00:15:17 UTC, for thirty days.
    let (made_s, end_s) = (1_795_392_917, 1_797_984_917);
    assert_eq!(valid_until_s(good, SERIAL, made_s), Ok(end_s));
    assert!(valid_until_s(good, SERIAL, end_s).unwrap_err().starts_with("is out of date"));
    assert!(valid_until_s(revoked, SERIAL, made_s).unwrap_err().contains("REVOKED"));
}

#[test]
fn a_broken_response_is_never_good() {
    let whole = one(SERIAL, GOOD, "20251231000000Z", Some("20260102000000Z"));
    for len in 0..whole.len() {
        assert!(valid_until_s(&whole[..len], SERIAL, NOW_S).is_err(), "{len}");
    }
}

#[test]
fn a_good_response_is_stapled() {
    for (file, next, expected) in [
        ("s.pem.ocsp", Some("29990101000000Z"), true),
        ("s.ocsp", Some("29990101000000Z"), true),
        ("s.ocsp", None, false),
    ] {
        let folder = Folder::new();
        let mut params = params(&["a.example"]);
        params.serial_number = Some(SERIAL.to_vec().into());
        let crt = folder.write("s.pem", signed_by_itself(&params, &ecdsa_key()).pem());
        let ocsp = one(SERIAL, GOOD, "20200101000000Z", next);
        folder.write(file, &ocsp);
        let read = read(&bind(&[&crt]), &resumption());
        let warnings: Vec<_> = read.warnings.iter().map(|text| folder.shorten(text)).collect();
        let client = Client::default().make();
        client.connect("a.example", &read.result.unwrap()).unwrap();
        let stapled = client.verifier.ocsp.lock().unwrap().clone();
        assert_eq!(stapled, if expected { ocsp } else { Vec::new() });
        let warning = "`s.ocsp` is not stapled: it does not say until when it is valid";
        assert_eq!(warnings, if expected { vec![] } else { vec![warning] });
    }
}

#[test]
fn a_response_is_stapled_until_it_is_out_of_date() {
    let folder = Folder::new();
    let mut params = params(&["a.example"]);
    params.serial_number = Some(SERIAL.to_vec().into());
    let crt = folder.write("s.pem", signed_by_itself(&params, &ecdsa_key()).pem());
    let next = "29990101000000Z";
    folder.write("s.ocsp", one(SERIAL, GOOD, "20200101000000Z", Some(next)));
    let mut reading = Reading::new(UnixTime::now().as_secs() as i64);
    let bundle = reading.bundle(&crt, None).unwrap();
    // 2999-01-01.
    let end_s = 32_472_144_000;
    assert!(bundle.certified(end_s - 1).ocsp.is_some());
    assert!(bundle.certified(end_s).ocsp.is_none());
}
