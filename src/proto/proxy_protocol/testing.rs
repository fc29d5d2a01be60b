//! What the tests of the PROXY protocol share: arrivals, and headers of version 2 built by hand.

use std::net::SocketAddr;

use super::{Header, ProxyError, parse};

/// The verdict on a header, found in each way that it can arrive: at once, byte by byte, and with
/// the client's first bytes behind it.
pub(super) fn verdict(bytes: &[u8]) -> Result<Header, ProxyError> {
    let shown = bytes.escape_ascii();
    let whole = parse(bytes).map(|header| header.unwrap_or_else(|| panic!("not whole: {shown}")));
    let by_byte = (0..=bytes.len()).find_map(|len| parse(&bytes[..len]).transpose());
    assert_eq!(by_byte, Some(whole), "byte by byte: {shown}");
    for trailing in ["GET / HTTP/1.1\r\n\r\n", "\r\n", "\n", "\0", " ", "PROXY UNKNOWN\r\n"] {
        let followed = [bytes, trailing.as_bytes()].concat();
        assert_eq!(parse(&followed), whole.map(Some), "followed by {trailing:?}: {shown}");
    }
    whole
}

/// A header that must pass, all of `bytes` and nothing less.
pub(super) fn accept(bytes: &[u8]) -> Header {
    let shown = bytes.escape_ascii();
    let header = verdict(bytes).unwrap_or_else(|error| panic!("{error}: {shown}"));
    assert_eq!(header.len, bytes.len(), "{shown}");
    assert_eq!(parse(&bytes[..bytes.len() - 1]), Ok(None), "too early: {shown}");
    header
}

pub(super) fn refuse(bytes: &[u8], error: ProxyError) {
    assert_eq!(verdict(bytes), Err(error), "{}", bytes.escape_ascii());
}

/// Refused with the last of `bytes`, not with the one before it.
pub(super) fn refuse_at_once(bytes: &[u8], error: ProxyError) {
    refuse(bytes, error);
    assert_eq!(parse(&bytes[..bytes.len() - 1]), Ok(None), "{}", bytes.escape_ascii());
}

pub(super) fn addresses(header: &Header) -> Option<(SocketAddr, SocketAddr)> {
    assert_eq!(header.source.is_some(), header.destination.is_some());
    header.source.zip(header.destination)
}

pub(super) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A header of version 2 around `body`, whose length it states.
pub(super) fn v2(version_command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x0d\x0a\x0d\x0a\x00\x0d\x0aQUIT\x0a".to_vec();
    bytes.extend([version_command, family]);
    bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

/// Of 192.0.2.1:258 to 198.51.100.2:443.
pub(super) const INET: [u8; 12] = [192, 0, 2, 1, 198, 51, 100, 2, 1, 2, 1, 187];

/// A header of TCP over IPv4 with `tlvs`.
pub(super) fn with_tlvs(tlvs: &[u8]) -> Vec<u8> {
    v2(0x21, 0x11, &[&INET, tlvs].concat())
}

pub(super) fn tlv(kind: u8, value: &[u8]) -> Vec<u8> {
    let len = u16::try_from(value.len()).unwrap().to_be_bytes();
    [&[kind, len[0], len[1]], value].concat()
}

pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
