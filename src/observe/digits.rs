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
        out.push(b'0' + value as u8);
        return;
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
