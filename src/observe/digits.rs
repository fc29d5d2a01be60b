//! Decimal numbers and addresses appended to a byte buffer, without `core::fmt`.

use std::io::Write as _;
use std::net::IpAddr;

/// `00` to `99`, so that two digits cost one division.
const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
2021222324252627282930313233343536373839\
4041424344454647484950515253545556575859\
6061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

/// Digits of `u64::MAX`.
const DIGITS_MAX: usize = 20;

pub(super) fn put_u64(out: &mut Vec<u8>, mut value: u64) {
    // Most of what a line holds is a timer or a count below ten.
    if value < 10 {
        return out.push(b'0' + value as u8);
    }
    // And most of the rest an octet of an address, a status, a number of connections.
    if value < 1000 {
        let [tens, ones] = pair((value % 100) as usize);
        if value < 100 {
            return out.extend_from_slice(&[tens, ones]);
        }
        return out.extend_from_slice(&[b'0' + (value / 100) as u8, tens, ones]);
    }
    let mut text = [0_u8; DIGITS_MAX];
    let mut start = DIGITS_MAX;
    while value >= 10 {
        start -= 2;
        text[start..start + 2].copy_from_slice(&pair((value % 100) as usize));
        value /= 100;
    }
    if value > 0 {
        start -= 1;
        text[start] = b'0' + value as u8;
    }
    out.extend_from_slice(&text[start..]);
}

pub(super) fn put_i64(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    put_u64(out, value.unsigned_abs());
}

/// Three digits with leading zeros; `value` below 1000.
pub(super) fn put_millis(out: &mut Vec<u8>, value: u64) {
    debug_assert!(value < 1000);
    let [tens, ones] = pair((value % 100) as usize);
    out.extend_from_slice(&[b'0' + (value / 100) as u8, tens, ones]);
}

/// Upper-case hexadecimal, filled up with zeros to `digits`.
pub(super) fn put_hex(out: &mut Vec<u8>, value: u64, digits: usize) {
    let used = (u64::BITS - value.leading_zeros()).div_ceil(4) as usize;
    for position in (0..used.max(digits)).rev() {
        let digit = value.checked_shr(4 * position as u32).unwrap_or(0) & 15;
        out.push(b"0123456789ABCDEF"[digit as usize]);
    }
}

/// The bytes of an address in hexadecimal: 8 digits or 32, as HAProxy's `%{+X}` has them.
pub(super) fn put_ip_hex(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => put_hex(out, u64::from(address.to_bits()), 8),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            put_hex(out, (bits >> 64) as u64, 16);
            put_hex(out, bits as u64, 16);
        }
    }
}

/// Two digits with a leading zero; `value` below 100.
pub(super) fn pair(value: usize) -> [u8; 2] {
    [PAIRS[value * 2], PAIRS[value * 2 + 1]]
}

pub(super) fn put_ip(out: &mut Vec<u8>, address: IpAddr) {
    let address = match address {
        IpAddr::V4(address) => address,
        // Writing to a `Vec` cannot fail and, short of growing it, does not allocate.
        IpAddr::V6(address) => return drop(write!(out, "{address}")),
    };
    for (position, octet) in address.octets().into_iter().enumerate() {
        if position > 0 {
            out.push(b'.');
        }
        put_u64(out, u64::from(octet));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_the_standard_library_prints_them() {
        let edges = [0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 9999, 10_000, 65_535, 123_456_789];
        for value in edges.into_iter().chain((0..64).map(|bit| 1 << bit)).chain([u64::MAX]) {
            let mut out = Vec::new();
            put_u64(&mut out, value);
            assert_eq!(out, value.to_string().as_bytes());
            out.clear();
            put_i64(&mut out, value as i64);
            assert_eq!(out, (value as i64).to_string().as_bytes());
        }
    }

    #[test]
    fn milliseconds_have_three_digits() {
        for (value, text) in [(0, "000"), (7, "007"), (40, "040"), (999, "999")] {
            let mut out = Vec::new();
            put_millis(&mut out, value);
            assert_eq!(out, text.as_bytes());
        }
    }

    #[test]
    fn hexadecimal_prints_as_the_standard_library_prints_it() {
        for value in (0..64).map(|bit| (1_u64 << bit).wrapping_sub(1)).chain([u64::MAX, 0xabc]) {
            for digits in [1, 2, 4, 8, 16, 20] {
                let mut out = Vec::new();
                put_hex(&mut out, value, digits);
                assert_eq!(String::from_utf8(out).unwrap(), format!("{value:0digits$X}"));
            }
        }
        for (text, hex) in [
            ("127.0.0.1", "7F000001"),
            ("0.0.0.0", "00000000"),
            ("::1", "00000000000000000000000000000001"),
            ("2001:db8::ff", "20010DB80000000000000000000000FF"),
        ] {
            let mut out = Vec::new();
            put_ip_hex(&mut out, text.parse().unwrap());
            assert_eq!(String::from_utf8(out).unwrap(), hex);
        }
    }

    #[test]
    fn addresses_print_as_haproxy_prints_them() {
        for text in
            ["0.0.0.0", "127.0.0.1", "192.168.10.255", "::1", "::ffff:10.0.0.1", "2001:db8::1:0"]
        {
            let mut out = Vec::new();
            put_ip(&mut out, text.parse().unwrap());
            assert_eq!(out, text.as_bytes());
        }
    }
}
