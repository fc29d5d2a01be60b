//! One value of a `forwarded` field (RFC 7239 section 4), read as strictly as HAProxy does: no other
//! parameters, none twice, names in lower case, and a port only between quotes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proxy_config::model::rule::NodePart;

use super::super::sample::Sample;

/// The parameters, without quotes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Forwarded<'t> {
    by: Option<&'t [u8]>,
    client: Option<&'t [u8]>,
    host: Option<&'t [u8]>,
    proto: Option<&'t [u8]>,
}

/// `None`: the value is empty or wrong.
pub(super) fn parse(text: &[u8]) -> Option<Forwarded<'_>> {
    let mut found = Forwarded::default();
    let mut rest = text;
    loop {
        let (name, behind) = split_name(rest)?;
        let (slot, take): (_, Take) = match name {
            b"by" => (&mut found.by, take_node),
            b"for" => (&mut found.client, take_node),
            b"host" => (&mut found.host, take_host),
            b"proto" => (&mut found.proto, take_proto),
            _ => return None,
        };
        if slot.is_some() {
            return None;
        }
        let unquoted = behind.strip_prefix(b"\"").filter(|_| name != b"proto");
        let value = unquoted.unwrap_or(behind);
        let after = take(value, unquoted.is_some())?;
        *slot = value.get(..value.len() - after.len());
        rest = if unquoted.is_some() { after.strip_prefix(b"\"")? } else { after };
        if rest.is_empty() {
            return Some(found);
        }
        rest = rest.strip_prefix(b";")?;
    }
}

/// The value of a parameter as it is written, without quotes.
pub(super) fn field<'t>(text: &'t [u8], name: &[u8]) -> Option<&'t [u8]> {
    let found = parse(text)?;
    match name {
        b"by" => found.by,
        b"for" => found.client,
        b"host" => found.host,
        b"proto" => found.proto,
        _ => None,
    }
}

/// The name or the port of a `for` or `by`: an address or a number, or what hides it.
pub(super) fn node(text: &[u8], part: NodePart) -> Option<Sample<'_>> {
    let (name, rest) = take_name(text, true)?;
    let port = match rest.strip_prefix(b":") {
        Some(rest) => Some(take_port(rest)?.0),
        None => None,
    };
    match part {
        NodePart::Name => Some(name),
        NodePart::Port => port,
    }
}

/// Takes a value, quoted or not, and gives what is behind it.
type Take = fn(&[u8], bool) -> Option<&[u8]>;

fn split_name(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, behind) = text.split_at_checked(memchr::memchr(b'=', text)?)?;
    Some((name, behind.get(1..)?))
}

fn take_proto(text: &[u8], _: bool) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"http")?;
    Some(rest.strip_prefix(b"s").unwrap_or(rest))
}

fn take_host(text: &[u8], is_quoted: bool) -> Option<&[u8]> {
    let rest = match text.strip_prefix(b"[") {
        Some(rest) if is_quoted => take_ipv6(rest)?.1,
        _ => {
            let is_end = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte != b'.';
            text.get(text.iter().position(is_end).unwrap_or(text.len())..)?
        }
    };
    if text.is_empty() {
        return None;
    }
    match rest.strip_prefix(b":") {
        Some(port) if is_quoted => take_number(port).map(|(_, rest)| rest),
        Some(_) => None,
        None => Some(rest),
    }
}

fn take_node(text: &[u8], is_quoted: bool) -> Option<&[u8]> {
    let (_, rest) = take_name(text, is_quoted)?;
    match rest.strip_prefix(b":") {
        Some(port) if is_quoted => take_port(port).map(|(_, rest)| rest),
        Some(_) => None,
        None => Some(rest),
    }
}

fn take_name(text: &[u8], is_quoted: bool) -> Option<(Sample<'_>, &[u8])> {
    match text {
        [b'_', ..] => take_hidden(text),
        [b'u', ..] => {
            let rest = text.strip_prefix(b"unknown")?;
            Some((Sample::Str(b"unknown"), rest))
        }
        [b'[', rest @ ..] if is_quoted => {
            let (address, rest) = take_ipv6(rest)?;
            Some((Sample::Ip(IpAddr::V6(address)), rest))
        }
        _ => {
            let is_end = |byte: &u8| !byte.is_ascii_digit() && *byte != b'.';
            let len = text.iter().position(is_end).unwrap_or(text.len());
            let (address, rest) = text.split_at_checked(len)?;
            let address: Ipv4Addr = std::str::from_utf8(address).ok()?.parse().ok()?;
            Some((Sample::Ip(IpAddr::V4(address)), rest))
        }
    }
}

fn take_port(text: &[u8]) -> Option<(Sample<'_>, &[u8])> {
    match text {
        [b'_', ..] => take_hidden(text),
        _ => take_number(text).map(|(port, rest)| (Sample::Int(i64::from(port)), rest)),
    }
}

/// `_` and at least one byte of an identifier (RFC 7239 section 6.3).
fn take_hidden(text: &[u8]) -> Option<(Sample<'_>, &[u8])> {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let len = 1 + text.get(1..)?.iter().take_while(is_part).count();
    let (hidden, rest) = text.split_at_checked(len).filter(|_| len > 1)?;
    Some((Sample::Str(hidden), rest))
}

/// Behind its opening bracket, with its closing one.
fn take_ipv6(text: &[u8]) -> Option<(Ipv6Addr, &[u8])> {
    let (address, rest) = text.split_at_checked(memchr::memchr(b']', text)?)?;
    let is_plain = address.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b':');
    let address = std::str::from_utf8(address).ok().filter(|_| is_plain)?;
    Some((address.parse().ok()?, rest.get(1..)?))
}

/// 1 to 65535.
fn take_number(text: &[u8]) -> Option<(u16, &[u8])> {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(len)?;
    let number: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (number > 0).then_some((number, rest))
}
