//! A value on its way through an expression, and what it becomes where another type is asked for (the
//! casts of HAProxy's manual, chapter 7.1).

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};

use proxy_config::model::rule::Value;

use super::context::Arena;
use crate::proto::h1::{push_address, push_decimal};

/// Bytes are of the message, of the configuration, or of the context's arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample<'a> {
    Bool(bool),
    Int(i64),
    Ip(IpAddr),
    Str(&'a [u8]),
    Bin(&'a [u8]),
}

impl<'a> Sample<'a> {
    pub fn of(value: &'a Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Ip(value) => Self::Ip(*value),
            Value::Str(value) => Self::Str(value),
            Value::Bin(value) => Self::Bin(value),
        }
    }

    /// As text: booleans are `1` and `0`, bytes end where one is 0.
    pub fn text(self, arena: &'a Arena) -> &'a [u8] {
        match self {
            Self::Str(text) => text,
            Self::Bin(bytes) => until_nul(bytes),
            Self::Bool(value) => {
                if value {
                    b"1"
                } else {
                    b"0"
                }
            }
            Self::Int(_) | Self::Ip(_) => arena.write(|out| self.push_text(out)),
        }
    }

    /// Appends what [`Self::text`] gives.
    pub fn push_text(self, out: &mut Vec<u8>) {
        match self {
            Self::Str(text) => out.extend_from_slice(text),
            Self::Bool(value) => out.push(b'0' + u8::from(value)),
            Self::Int(value) => {
                if value < 0 {
                    out.push(b'-');
                }
                push_decimal(out, value.unsigned_abs());
            }
            Self::Ip(address @ IpAddr::V4(_)) => push_address(out, address),
            // As it is, also where it has an address of IPv4 in it. Writing to a Vec cannot fail.
            Self::Ip(IpAddr::V6(address)) => _ = write!(out, "{address}"),
            Self::Bin(bytes) => out.extend_from_slice(until_nul(bytes)),
        }
    }

    /// As bytes: of a text as it is, of an address its octets, of a number 8 bytes in network order.
    pub fn bytes(self, arena: &'a Arena) -> Option<&'a [u8]> {
        match self {
            Self::Str(bytes) | Self::Bin(bytes) => Some(bytes),
            Self::Bool(value) => Self::Int(i64::from(value)).bytes(arena),
            Self::Int(value) => Some(arena.keep(&value.to_be_bytes())),
            Self::Ip(IpAddr::V4(address)) => Some(arena.keep(&address.octets())),
            Self::Ip(IpAddr::V6(address)) => Some(arena.keep(&address.octets())),
        }
    }

    /// As a number: the digits that a text begins with, behind a sign; 0 without any. `None`: of an
    /// empty text, of bytes, or of an address of IPv6.
    pub fn int(self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(value),
            Self::Bool(value) => Some(i64::from(value)),
            Self::Str(text) => (!text.is_empty()).then(|| leading_int(text)),
            Self::Ip(IpAddr::V4(address)) => Some(i64::from(address.to_bits())),
            Self::Ip(IpAddr::V6(_)) | Self::Bin(_) => None,
        }
    }

    /// A number that is not 0; `None` where there is no number.
    pub fn truth(self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(value),
            Self::Ip(_) => None,
            _ => self.int().map(|value| value != 0),
        }
    }

    /// As an address: of a number its lower 32 bits.
    pub fn ip(self) -> Option<IpAddr> {
        match self {
            Self::Ip(address) => Some(address),
            Self::Int(value) => Some(IpAddr::V4((value as u32).into())),
            Self::Str(text) => match leading_ipv4(text) {
                Some(address) => Some(IpAddr::V4(address)),
                None => std::str::from_utf8(text).ok()?.parse().ok().map(IpAddr::V6),
            },
            Self::Bool(_) | Self::Bin(_) => None,
        }
    }
}

/// HAProxy's texts are C's where they come from bytes.
fn until_nul(bytes: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or(bytes)
}

/// As strtoll(3) has it, but without blanks: what does not fit is the number next to it.
fn leading_int(text: &[u8]) -> i64 {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, text),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0i64, |value, digit| {
        value.saturating_mul(10).saturating_add(sign * i64::from(digit - b'0'))
    })
}

/// Four numbers below 256, in decimal also behind zeros, with whatever follows but a digit or a point.
fn leading_ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut rest = text;
    for (index, octet) in octets.iter_mut().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix(b".")?;
        }
        let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, behind) = rest.split_at_checked(len).filter(|_| len > 0)?;
        *octet = u8::try_from(leading_int(digits)).ok()?;
        rest = behind;
    }
    (rest.first() != Some(&b'.')).then(|| octets.into())
}
