//! What real clients said.

use super::super::testing::{CAPTURED, accept, captured, cut, from_hex, said};
use super::super::{HELLO_LEN_MAX, codes, inspect};
use crate::proto::testing::with_seeds;

#[test]
fn names_and_protocols() {
    for (file, name, alpn) in [
        ("curl-address", None, &["h2", "http/1.1"][..]),
        ("curl-http2", Some("shop.example.org"), &["h2", "http/1.1"]),
        ("openssl-no-sni", None, &[]),
        ("openssl-psk-early-data", Some("www.example.com"), &[]),
        ("openssl-tls10-no-ticket", None, &[]),
        ("openssl-tls11", Some("old.example.com"), &[]),
        ("openssl-tls12", Some("WWW.Example.COM"), &[]),
        ("openssl-tls12-ticket", Some("www.example.com"), &[]),
        ("openssl-tls13", Some("www.example.com"), &["h2", "http/1.1"]),
        ("python-underscore", Some("a_b.example.com"), &[]),
        ("rustls-ech", Some("www.example.com"), &["h2", "http/1.1"]),
        ("rustls-hybrid", Some("www.example.com"), &["h2", "http/1.1"]),
    ] {
        let bytes = captured(file);
        let hello = accept(&bytes);
        assert_eq!(hello.server_name(), name, "{file}");
        assert!(hello.alpn().eq(alpn.iter().map(|name| name.as_bytes())), "{file}");
    }
}

#[test]
fn versions() {
    for (file, record, legacy, highest) in [
        ("openssl-tls10-no-ticket", 0x0301, 0x0301, 0x0301),
        ("openssl-tls11", 0x0301, 0x0302, 0x0302),
        ("openssl-tls12", 0x0301, 0x0303, 0x0303),
        ("openssl-tls13", 0x0301, 0x0303, 0x0304),
        ("rustls-hybrid", 0x0301, 0x0303, 0x0304),
    ] {
        let bytes = captured(file);
        let hello = accept(&bytes);
        let versions = (hello.record_version, hello.legacy_version, hello.highest_version());
        assert_eq!(versions, (record, legacy, highest), "{file}");
    }
}

#[test]
fn tickets_keys_and_early_data() {
    for (file, ticket_len, key, early, ech) in [
        ("openssl-tls10-no-ticket", None, false, false, false),
        ("openssl-tls11", Some(0), false, false, false),
        ("openssl-tls12-ticket", Some(176), false, false, false),
        ("openssl-psk-early-data", Some(0), true, true, false),
        ("rustls-ech", None, false, false, true),
    ] {
        let bytes = captured(file);
        let hello = accept(&bytes);
        let says = (hello.session_ticket().map(<[u8]>::len), hello.has_pre_shared_key());
        assert_eq!(says, (ticket_len, key), "{file}");
        assert_eq!((hello.has_early_data(), hello.has_encrypted_hello()), (early, ech), "{file}");
    }
}

/// The numbers of `openssl s_client -connect 127.0.0.1:PORT -tls1_2 -trace`.
#[test]
fn lists() {
    let bytes = captured("openssl-tls12");
    let hello = accept(&bytes);
    assert_eq!(hello.session_id(), b"");
    let mut suites = codes(hello.cipher_suites());
    assert_eq!((suites.next(), suites.next()), (Some(0xc02c), Some(0xc030)));
    assert_eq!((suites.count(), hello.compression_methods()), (26, &[0][..]));
    assert!(hello.extension_types().eq([0, 11, 10, 35, 22, 23, 13]));
    assert!(codes(hello.supported_groups().unwrap()).eq([29, 23, 30, 25, 24]));
    assert_eq!(hello.point_formats(), Some(&[0, 1, 2][..]));
    assert_eq!(codes(hello.signature_algorithms().unwrap()).next(), Some(0x0403));
    let bytes = captured("openssl-tls13");
    assert!(accept(&bytes).key_share_groups().eq([29]));
    let bytes = captured("rustls-hybrid");
    assert!(accept(&bytes).key_share_groups().eq([0x11ec, 29]));
}

/// However it is changed, and however it is cut: one answer, and no panic.
#[test]
fn mutations_are_judged_alike_whole_and_cut() {
    let captured = CAPTURED.map(|(_, text)| from_hex(text));
    with_seeds(20_000, |random| {
        let mut bytes = captured[random.below(captured.len())].clone();
        let mut message = bytes.split_off(5);
        random.mutate(&mut message);
        // Half with the length that it has then.
        if random.one_in(2) {
            let len = (message.len() - 4).to_be_bytes();
            message[1..4].copy_from_slice(&len[5..]);
        }
        bytes.truncate(3);
        bytes.extend((message.len() as u16).to_be_bytes());
        bytes.extend(&message);
        let whole = inspect(&bytes, HELLO_LEN_MAX);
        let mut ends: Vec<usize> =
            (0..=random.below(4)).map(|_| 1 + random.below(message.len() - 1)).collect();
        ends.sort_unstable();
        ends.dedup();
        let parted = cut(&bytes, &ends);
        let parted = inspect(&parted, HELLO_LEN_MAX);
        // A message that is shorter than it was ends before the last records.
        if message_len(&message) == message.len() {
            let said = |hello: Option<_>| hello.as_ref().map(said);
            assert_eq!(parted.map(said), whole.map(said));
        }
    });
}

fn message_len(message: &[u8]) -> usize {
    4 + usize::from(message[1]) * 65_536 + usize::from(message[2]) * 256 + usize::from(message[3])
}

#[test]
fn changed_bytes_settle_as_they_arrive() {
    let captured = CAPTURED.map(|(_, text)| from_hex(text));
    with_seeds(1_000, |random| {
        let mut bytes = captured[random.below(captured.len())].clone();
        random.mutate(&mut bytes);
        let mut settled = None;
        for len in 0..=bytes.len() {
            let verdict = inspect(&bytes[..len], HELLO_LEN_MAX).transpose();
            assert!(settled.is_none() || verdict == settled, "{len}");
            settled = verdict;
        }
    });
}
