//! TLVs: what is read, their limits and the checksum.

use super::super::ProxyError;
use super::super::crc32c::crc32c;
use super::super::testing::{accept, refuse_at_once, tlv, v2, with_tlvs};
use super::{
    AUTHORITY, AUTHORITY_LEN_MAX, CRC32C, NETNS, NOOP, SSL, SSL_CIPHER, SSL_CN, SSL_KEY_ALG,
    SSL_SIG_ALG, SSL_VERSION, Ssl, Tlv, Tlvs, UNIQUE_ID, UNIQUE_ID_LEN_MAX,
};

#[test]
fn tlvs_come_in_order_with_unknown_and_repeated_ones() {
    let sent: [(u8, &[u8]); 7] = [
        (NOOP, b""),
        (0xea, b"\0\xff\r\n"),
        (AUTHORITY, b"a.example"),
        (NETNS, b"blue"),
        (0x00, b"?"),
        (AUTHORITY, b"b.example"),
        (NOOP, b"padding"),
    ];
    let bytes = with_tlvs(&sent.map(|(kind, value)| tlv(kind, value)).concat());
    let header = accept(&bytes);
    let read: Vec<Tlv<'_>> = header.tlvs(&bytes).collect();
    assert_eq!(read, sent.map(|(kind, value)| Tlv { kind, value }));
    assert_eq!(header.tlvs(&bytes).first(AUTHORITY), Some(&b"a.example"[..]));
    let copied = header.tlv_bytes(&bytes).to_vec();
    assert!(Tlvs::new(&copied).eq(read));
    // The bytes that follow the header, and those of another, are none of its TLVs.
    assert_eq!(header.tlvs(&[&bytes[..], &tlv(NETNS, b"x")].concat()).count(), sent.len());
    assert_eq!(header.tlvs(b"").count(), 0);
}

#[test]
fn tlvs_of_unix_connections_follow_the_paths() {
    let bytes = v2(0x21, 0x31, &[vec![0; 216], tlv(UNIQUE_ID, b"id")].concat());
    assert_eq!(accept(&bytes).tlvs(&bytes).first(UNIQUE_ID), Some(&b"id"[..]));
}

#[test]
fn a_tlv_that_runs_over_the_end_is_refused() {
    let good = tlv(AUTHORITY, b"12345");
    let broken: [&[u8]; 6] =
        [b"\x02", b"\x02\0", b"\x02\0\x01", b"\x02\0\x02a", b"\x02\xff\xffa", b"\xe0\x01\0abc"];
    for bytes in broken {
        refuse_at_once(&with_tlvs(bytes), ProxyError::TlvOverrun);
        refuse_at_once(&with_tlvs(&[&good, bytes].concat()), ProxyError::TlvOverrun);
    }
    // The shapes of HAProxy's own regression test: a value longer than the header, and a header
    // that ends within a TLV.
    refuse_at_once(&with_tlvs(b"\x02\0\x0a12345"), ProxyError::TlvOverrun);
    refuse_at_once(&with_tlvs(b"\x02\0\x041234\x02"), ProxyError::TlvOverrun);
    assert_eq!(Tlvs::new(&[&good[..], b"\x02\0\x01"].concat()).count(), 1);
}

#[test]
fn values_have_their_limits() {
    let cases = [
        (AUTHORITY, AUTHORITY_LEN_MAX, ProxyError::AuthorityTooLong),
        (UNIQUE_ID, UNIQUE_ID_LEN_MAX, ProxyError::UniqueIdTooLong),
    ];
    for (kind, len_max, error) in cases {
        for len in [0, 1, len_max - 1, len_max] {
            let bytes = with_tlvs(&tlv(kind, &vec![b'a'; len]));
            assert_eq!(accept(&bytes).tlvs(&bytes).first(kind).map(<[u8]>::len), Some(len));
        }
        refuse_at_once(&with_tlvs(&tlv(kind, &vec![b'a'; len_max + 1])), error);
        assert!(error.to_string().contains(&format!("longer than {len_max} bytes")));
    }
}

fn ssl_value(tlvs: &[Vec<u8>]) -> Vec<u8> {
    [vec![0x07, 0, 0, 1, 2], tlvs.concat()].concat()
}

#[test]
fn ssl_is_taken_apart() {
    let sent: [(u8, &[u8]); 6] = [
        (SSL_VERSION, b"TLSv1.3"),
        (SSL_CN, b"example.com"),
        (SSL_CIPHER, b"TLS_AES_256_GCM_SHA384"),
        (SSL_SIG_ALG, b"RSA-SHA256"),
        (SSL_KEY_ALG, b"RSA2048"),
        (0x2f, b""),
    ];
    let bytes = with_tlvs(&tlv(SSL, &ssl_value(&sent.map(|(kind, value)| tlv(kind, value)))));
    let value = accept(&bytes).tlvs(&bytes).first(SSL).unwrap();
    let ssl = Ssl::parse(value).unwrap();
    assert_eq!((ssl.client, ssl.verify), (7, 258));
    assert!(ssl.tlvs.eq(sent.map(|(kind, value)| Tlv { kind, value })));
    // As HAProxy sends it for a client without TLS.
    accept(&with_tlvs(&tlv(SSL, &[0; 5])));
}

#[test]
fn a_broken_ssl_tlv_is_refused() {
    for len in 0..5 {
        refuse_at_once(&with_tlvs(&tlv(SSL, &vec![0; len])), ProxyError::SslTlvTooShort);
    }
    let version = tlv(SSL_VERSION, b"TLSv1.3");
    for len in (1..version.len()).chain([version.len() + 1, version.len() + 2]) {
        let within: Vec<u8> = version.iter().chain(&version).copied().take(len).collect();
        let bytes = with_tlvs(&tlv(SSL, &ssl_value(&[within])));
        refuse_at_once(&bytes, ProxyError::SslTlvOverrun);
    }
}

/// A header with `tlvs`, of which the checksum at `start` of them is filled in.
fn with_checksum(tlvs: &[u8], start: usize) -> Vec<u8> {
    let mut bytes = with_tlvs(tlvs);
    let start = bytes.len() - tlvs.len() + start + 3;
    let sum = crc32c(&[&bytes]);
    bytes[start..start + 4].copy_from_slice(&sum.to_be_bytes());
    bytes
}

#[test]
fn a_checksum_may_stand_anywhere_and_must_match() {
    let checksum = tlv(CRC32C, &[0; 4]);
    let other = tlv(NETNS, b"blue");
    accept(&with_checksum(&checksum, 0));
    accept(&with_checksum(&[&checksum[..], &other].concat(), 0));
    accept(&with_checksum(&[&other[..], &checksum].concat(), other.len()));
    accept(&with_checksum(&[&other[..], &checksum, &other].concat(), other.len()));
    refuse_at_once(&with_tlvs(&checksum), ProxyError::ChecksumMismatch);
    refuse_at_once(&with_tlvs(&tlv(CRC32C, b"\xff\xff\xff\xff")), ProxyError::ChecksumMismatch);
    let mut bytes = with_checksum(&checksum, 0);
    let start = bytes.len() - 4;
    bytes[start..].reverse();
    refuse_at_once(&bytes, ProxyError::ChecksumMismatch);
}

#[test]
fn a_checksum_has_4_bytes_and_comes_once() {
    for len in [0, 1, 3, 5, 8] {
        let bytes = with_tlvs(&tlv(CRC32C, &vec![0; len]));
        refuse_at_once(&bytes, ProxyError::ChecksumLength);
    }
    let checksum = tlv(CRC32C, &[0; 4]);
    let twice = with_checksum(&[&checksum[..], &checksum].concat(), 0);
    refuse_at_once(&twice, ProxyError::ChecksumRepeated);
}
