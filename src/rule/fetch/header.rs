//! Fields of a head: whole lines, and the values between their commas.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proxy_config::model::rule::{Header, Message as Whose, Side};

use super::http;
use crate::proto::h1::Field;
use crate::rule::context::Context;

/// The fields of a head.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    fields: &'a [Field],
    bytes: &'a [u8],
}

impl<'a> Fields<'a> {
    /// `None` where that head was not parsed.
    #[inline]
    pub(super) fn of(whose: Whose, context: &Context<'a>) -> Option<Self> {
        match whose {
            Side::Request => {
                let request = http::request(context)?;
                Some(Self { fields: &request.head.fields, bytes: request.bytes })
            }
            Side::Response => {
                let response = context.response?;
                Some(Self { fields: &response.head.fields, bytes: response.bytes })
            }
        }
    }

    /// The whole values of the fields with a name, or of all.
    #[inline]
    pub(super) fn lines(
        self,
        name: Option<&str>,
    ) -> impl DoubleEndedIterator<Item = &'a [u8]> + Clone {
        let Self { fields, bytes } = self;
        let is_named = move |field: &&Field| match name {
            Some(name) => {
                // Most names have another length.
                field.name.len() == name.len()
                    && field.name.of(bytes).eq_ignore_ascii_case(name.as_bytes())
            }
            None => true,
        };
        fields.iter().filter(is_named).map(move |field| field.value.of(bytes))
    }

    /// The values between commas, all of them.
    pub(super) fn values(self, header: &Header) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.lines(header.name.as_deref()).flat_map(Elements::new)
    }

    /// The value between commas that `header` asks for.
    #[inline]
    pub(super) fn value(self, header: &Header) -> Option<&'a [u8]> {
        match header.occurrence {
            0 | -1 => {
                let line = self.lines(header.name.as_deref()).next_back()?;
                Elements::new(line).last()
            }
            occurrence => nth(self.values(header), occurrence),
        }
    }

    /// The line that `header` asks for.
    pub(super) fn line(self, header: &Header) -> Option<&'a [u8]> {
        let mut lines = self.lines(header.name.as_deref());
        match header.occurrence {
            0 => lines.next_back(),
            occurrence => nth(lines, occurrence),
        }
    }

    /// Names in lower case.
    pub(super) fn put_names(self, out: &mut Vec<u8>, delimiter: u8) {
        for field in self.fields {
            if !out.is_empty() {
                out.push(delimiter);
            }
            put_lower(out, field.name.of(self.bytes));
        }
    }

    /// Lines and the empty one that ends them, names in lower case.
    pub(super) fn put_block(self, out: &mut Vec<u8>) {
        for field in self.fields {
            put_lower(out, field.name.of(self.bytes));
            out.extend_from_slice(b": ");
            out.extend_from_slice(field.value.of(self.bytes));
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn put_lower(out: &mut Vec<u8>, name: &[u8]) {
    out.extend(name.iter().map(u8::to_ascii_lowercase));
}

/// From the first, which is 1, or from the last, which is -1.
fn nth<T>(mut values: impl Iterator<Item = T> + Clone, occurrence: i32) -> Option<T> {
    let distance = usize::try_from(occurrence.unsigned_abs()).ok()?;
    let skipped = match occurrence > 0 {
        true => distance.checked_sub(1)?,
        false => values.clone().count().checked_sub(distance)?,
    };
    values.nth(skipped)
}

/// The values of a line between its commas, without the blanks around them, empty ones too. Commas
/// between double quotes are part of a value (RFC 9110 section 5.6.4).
#[derive(Clone)]
pub(super) struct Elements<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Elements<'a> {
    pub(super) fn new(line: &'a [u8]) -> Self {
        Self { rest: Some(line) }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        // Most values have no quotes, and are long: they are searched for both at once.
        let end = match memchr::memchr2(b',', b'"', rest) {
            Some(at) if rest.get(at) == Some(&b'"') => end_of_value(rest, |byte| byte == b','),
            end => end,
        };
        let (element, behind) = match end {
            Some(end) => (rest.get(..end)?, rest.get(end + 1..)),
            None => (rest, None),
        };
        self.rest = behind;
        Some(element.trim_ascii())
    }
}

/// The place of the first separator that is not between double quotes, where a backslash escapes.
pub(super) fn end_of_value(bytes: &[u8], is_separator: impl Fn(u8) -> bool) -> Option<usize> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    bytes.iter().position(|byte| {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            byte => return !is_quoted && is_separator(*byte),
        }
        false
    })
}

/// An address as `req.hdr_ip` takes it: of IPv4 also with a port, of IPv6 also in brackets.
pub(super) fn address(value: &[u8]) -> Option<IpAddr> {
    if let Some((address, rest)) = ipv4(value) {
        let has_port = rest.strip_prefix(b":").is_some_and(is_port);
        return (rest.is_empty() || has_port).then_some(address.into());
    }
    let bare = value.strip_prefix(b"[").map_or(Some(value), |rest| rest.strip_suffix(b"]"))?;
    let address: Ipv6Addr = std::str::from_utf8(bare).ok()?.parse().ok()?;
    Some(address.into())
}

/// The dotted address that a text begins with, up to a byte that no such address has; zeros may lead
/// its numbers, which are decimal all the same.
pub(super) fn ipv4(text: &[u8]) -> Option<(Ipv4Addr, &[u8])> {
    let is_part = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let len = text.iter().take_while(|byte| is_part(byte)).count();
    let (address, rest) = text.split_at_checked(len)?;
    let mut octets = [0; 4];
    let mut parts = address.split(|byte| *byte == b'.');
    for octet in &mut octets {
        *octet = u8::try_from(decimal(parts.next()?)?).ok()?;
    }
    parts.next().is_none().then_some((octets.into(), rest))
}

fn is_port(digits: &[u8]) -> bool {
    decimal(digits).is_some_and(|port| port <= u32::from(u16::MAX))
}

/// A number of digits only.
pub(super) fn decimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| u32::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}
