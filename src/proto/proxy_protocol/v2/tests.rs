//! Binary headers: what is read, what is refused at which byte, and what HAProxy sends.

use super::super::testing::{
    INET, accept, address, addresses, hex, refuse, refuse_at_once, tlv as tlv_of, v2, with_tlvs,
};
use super::super::{Command, HEADER_LEN_MAX, ProxyError, tlv};
use super::{FIXED_LEN, ProxyOut, SIGNATURE, encode_v2};

fn encode(header: &ProxyOut<'_>) -> Vec<u8> {
    let mut out = b"before".to_vec();
    encode_v2(&mut out, header);
    out.split_off(b"before".len())
}

#[test]
fn addresses_are_read() {
    let header = accept(&v2(0x21, 0x11, &INET));
    assert_eq!(header.command, Command::Proxy);
    assert_eq!(addresses(&header), Some((address("192.0.2.1:258"), address("198.51.100.2:443"))));
    let six = hex("20010db8000000000000000000000001 00000000000000000000ffffc0000201 ffff 0000");
    let header = accept(&v2(0x21, 0x21, &six));
    let mapped = address("[::ffff:192.0.2.1]:0");
    assert_eq!(addresses(&header), Some((address("[2001:db8::1]:65535"), mapped)));
}

#[test]
fn unspecified_and_unix_keep_the_connections_own_addresses() {
    for (family, body) in [(0x31, &[b'/'; 216][..]), (0x00, &[][..]), (0x00, &[7; 99]), (0x01, &[])]
    {
        let header = accept(&v2(0x21, family, body));
        assert_eq!((header.command, addresses(&header)), (Command::Proxy, None), "{family:#x}");
    }
}

#[test]
fn all_of_a_local_header_is_skipped() {
    let bad_tlv = [&INET[..], &[1, 255, 255]].concat();
    for family in 0..=255 {
        for body in [&[][..], &[0], &INET, &bad_tlv, &[0xff; 300]] {
            let bytes = v2(0x20, family, body);
            let header = accept(&bytes);
            assert_eq!((header.command, addresses(&header)), (Command::Local, None));
            assert_eq!(header.tlvs(&bytes).count(), 0);
        }
    }
}

#[test]
fn the_signature_is_refused_at_its_first_wrong_byte() {
    for at in 0..SIGNATURE.len() {
        for byte in [b'x', SIGNATURE[at] ^ 1, b'P'] {
            // `P` begins a line of version 1, and could only be told by what follows.
            if at > 0 || byte != b'P' {
                let bytes = [&SIGNATURE[..at], &[byte]].concat();
                refuse_at_once(&bytes, ProxyError::NotProxyHeader);
            }
        }
    }
}

#[test]
fn version_and_command_are_judged_as_they_arrive() {
    for byte in 0..=255 {
        let bytes = [SIGNATURE, &[byte]].concat();
        match byte {
            0x20 | 0x21 => {}
            0x22..=0x2f => refuse_at_once(&bytes, ProxyError::CommandUnknown),
            _ => refuse_at_once(&bytes, ProxyError::VersionUnsupported),
        }
    }
}

#[test]
fn families_are_judged_as_they_arrive() {
    for family in 0..=255 {
        if !matches!(family, 0x00 | 0x01 | 0x11 | 0x21 | 0x31) {
            let bytes = [SIGNATURE, &[0x21, family]].concat();
            refuse_at_once(&bytes, ProxyError::FamilyUnsupported);
        }
    }
}

#[test]
fn a_header_has_room_for_its_addresses() {
    for (family, len) in [(0x11, 12), (0x21, 36), (0x31, 216)] {
        accept(&v2(0x21, family, &vec![0; len]));
        for short in [0, 1, len - 1] {
            let bytes = v2(0x21, family, &vec![0; short]);
            refuse(&bytes, ProxyError::AddressesTooShort);
            refuse_at_once(&bytes[..FIXED_LEN], ProxyError::AddressesTooShort);
        }
        // One byte more is no TLV, nor are two.
        for long in [len + 1, len + 2] {
            refuse_at_once(&v2(0x21, family, &vec![0; long]), ProxyError::TlvOverrun);
        }
        let padded = [vec![0; len], tlv_of(tlv::NOOP, b"")].concat();
        accept(&v2(0x21, family, &padded));
    }
}

#[test]
fn a_header_has_at_most_4096_bytes() {
    let body = |len| [&INET[..], &tlv_of(0xe0, &vec![b'x'; len - INET.len() - 3])].concat();
    let body_len_max = HEADER_LEN_MAX - FIXED_LEN;
    for len in [body_len_max - 1, body_len_max] {
        assert_eq!(accept(&v2(0x21, 0x11, &body(len))).len, FIXED_LEN + len);
        accept(&v2(0x20, 0x00, &body(len)));
    }
    for len in [body_len_max + 1, body_len_max + 2, 65535] {
        for version_command in [0x20, 0x21] {
            let bytes = v2(version_command, 0x11, &body(len));
            refuse(&bytes, ProxyError::HeaderTooLong);
            refuse_at_once(&bytes[..FIXED_LEN], ProxyError::HeaderTooLong);
        }
    }
    assert!(ProxyError::HeaderTooLong.to_string().contains(&HEADER_LEN_MAX.to_string()));
}

/// What HAProxy 2.6.12 sent to servers: `send-proxy-v2`; with `proxy-v2-options crc32c,unique-id`;
/// and a check with `send-proxy-v2-ssl proxy-v2-options crc32c`.
#[test]
fn headers_of_haproxy_are_read_and_written() {
    let plain = hex("0d0a0d0a000d0a515549540a 2111 000c 7f000001 7f000001 e902 a7d3");
    let (source, destination) = (address("127.0.0.1:59650"), address("127.0.0.1:42963"));
    assert_eq!(addresses(&accept(&plain)), Some((source, destination)));
    let out =
        ProxyOut { source: Some(source), destination: Some(destination), ..ProxyOut::default() };
    assert_eq!(encode(&out), plain);

    let full = hex("0d0a0d0a000d0a515549540a 2111 001d 7f000001 7f000001 c48c b735 \
                    030004 6a6951b3 050007 7265712d302d78");
    let (source, destination) = (address("127.0.0.1:50316"), address("127.0.0.1:46901"));
    let header = accept(&full);
    assert_eq!(addresses(&header), Some((source, destination)));
    assert_eq!(header.tlvs(&full).first(tlv::UNIQUE_ID), Some(&b"req-0-x"[..]));
    let out = ProxyOut {
        source: Some(source),
        destination: Some(destination),
        crc32c: true,
        unique_id: Some(b"req-0-x"),
        ..ProxyOut::default()
    };
    assert_eq!(encode(&out), full);

    let check = hex("0d0a0d0a000d0a515549540a 2000 000f 030004889da1df 2000050000000000");
    assert_eq!(accept(&check).command, Command::Local);
}

#[test]
fn mixed_families_become_ipv6() {
    let (four, six) = (address("192.0.2.1:5"), address("[2001:db8::1]:6"));
    let mapped = address("[::ffff:192.0.2.1]:5");
    for (source, destination, sent) in [(four, six, (mapped, six)), (six, four, (six, mapped))] {
        let bytes = encode(&ProxyOut {
            source: Some(source),
            destination: Some(destination),
            ..ProxyOut::default()
        });
        assert_eq!(addresses(&accept(&bytes)), Some(sent));
    }
}

#[test]
fn without_both_addresses_a_header_is_local() {
    let known = Some(address("192.0.2.1:5"));
    let cases =
        [(false, None, None), (false, known, None), (false, None, known), (true, known, known)];
    for (local, source, destination) in cases {
        let out = ProxyOut { local, source, destination, ..ProxyOut::default() };
        assert_eq!(encode(&out), hex("0d0a0d0a000d0a515549540a 2000 0000"));
        let out = ProxyOut { unique_id: Some(b"a"), ..out };
        assert_eq!(encode(&out), hex("0d0a0d0a000d0a515549540a 2000 0004 05000161"));
    }
}

#[test]
fn tlvs_are_written_in_haproxys_order() {
    let bytes = encode(&ProxyOut {
        source: Some(address("192.0.2.1:258")),
        destination: Some(address("198.51.100.2:443")),
        alpn: Some(b"h2"),
        authority: Some(b"example.com"),
        crc32c: true,
        unique_id: Some(b""),
        ..ProxyOut::default()
    });
    let header = accept(&bytes);
    let kinds: Vec<u8> = header.tlvs(&bytes).map(|tlv| tlv.kind).collect();
    assert_eq!(kinds, [tlv::CRC32C, tlv::ALPN, tlv::AUTHORITY, tlv::UNIQUE_ID]);
    assert_eq!(header.tlvs(&bytes).first(tlv::ALPN), Some(&b"h2"[..]));
    assert_eq!(header.tlvs(&bytes).first(tlv::AUTHORITY), Some(&b"example.com"[..]));
    assert_eq!(header.tlvs(&bytes).first(tlv::UNIQUE_ID), Some(&b""[..]));
    assert_eq!(header.tlvs(&bytes).first(tlv::NETNS), None);
}

#[test]
fn values_that_receivers_refuse_are_left_out() {
    let value = [b'a'; 300];
    let out = |alpn_len, authority_len, unique_id_len| {
        let bytes = encode(&ProxyOut {
            source: Some(address("192.0.2.1:258")),
            destination: Some(address("[::1]:443")),
            alpn: Some(&value[..alpn_len]),
            authority: Some(&value[..authority_len]),
            crc32c: true,
            unique_id: Some(&value[..unique_id_len]),
            ..ProxyOut::default()
        });
        let header = accept(&bytes);
        assert!(header.len <= 1024);
        [tlv::ALPN, tlv::AUTHORITY, tlv::UNIQUE_ID]
            .map(|kind| header.tlvs(&bytes).first(kind).map(<[u8]>::len))
    };
    assert_eq!(out(255, 255, 128), [Some(255), Some(255), Some(128)]);
    assert_eq!(out(256, 255, 129), [None, Some(255), None]);
    assert_eq!(out(1, 256, 0), [Some(1), None, Some(0)]);
}

/// A fault in what the checksum covers, one bit at a time.
#[test]
fn a_checksum_covers_addresses_and_tlvs() {
    let checksum = tlv_of(tlv::CRC32C, &[0; 4]);
    let mut bytes = with_tlvs(&[checksum, tlv_of(tlv::AUTHORITY, b"example.com")].concat());
    let start = FIXED_LEN + INET.len() + tlv::HEAD_LEN;
    let sum = super::crc32c(&[&bytes]);
    bytes[start..start + 4].copy_from_slice(&sum.to_be_bytes());
    accept(&bytes);
    let authority = start + 4 + tlv::HEAD_LEN;
    for at in
        (FIXED_LEN..FIXED_LEN + INET.len()).chain(start..start + 4).chain(authority..bytes.len())
    {
        for bit in 0..8 {
            bytes[at] ^= 1 << bit;
            refuse_at_once(&bytes, ProxyError::ChecksumMismatch);
            bytes[at] ^= 1 << bit;
        }
    }
}
