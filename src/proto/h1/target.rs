//! The request target and the host field: which form fits which method, and that both name one
//! host (RFC 9112 sections 3.2 and 3.2.1 to 3.2.4).

use super::error::ParseError;
use super::head::Method;

/// A request target, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    pub(super) authority: Option<Authority<'a>>,
    /// The path and its query; empty where the form has none.
    pub(super) path: &'a [u8],
}

/// `host[:port]`, with the port that is meant where none is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Authority<'a> {
    pub(super) bytes: &'a [u8],
    host: &'a [u8],
    port: Option<u16>,
    default_port: DefaultPort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DefaultPort {
    /// For a CONNECT target: a host field may leave out the port of either scheme.
    Either,
    Http,
    Https,
}

/// Takes `target` apart, whose form must fit `method`. `is_lenient`: a fragment and UTF-8 that is not
/// ASCII may pass.
#[inline]
pub(super) fn split_target(
    method: Method,
    target: &[u8],
    is_lenient: bool,
) -> Result<Target<'_>, ParseError> {
    let is_valid = target.iter().fold(true, |valid, byte| valid & is_target_byte(*byte));
    let is_visible = |byte: &u8| *byte > b' ' && *byte != 0x7f;
    if !is_valid && (!is_lenient || !target.iter().all(is_visible)) {
        return Err(ParseError::TargetInvalid);
    }
    match (method, target) {
        (Method::Connect, _) => connect_target(target),
        (_, [b'/', ..]) => Ok(Target { authority: None, path: target }),
        (Method::Options, b"*") => Ok(Target { authority: None, path: target }),
        _ => absolute_target(target),
    }
}

/// RFC 3986 knows fewer, but what browsers send unescaped (`"<>[]^{|}`) must pass. No fragment:
/// rules would match its bytes as if they were the path.
fn is_target_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'#'
}

fn connect_target(target: &[u8]) -> Result<Target<'_>, ParseError> {
    let authority = split_authority(target, DefaultPort::Either).ok_or(ParseError::TargetForm)?;
    match authority.port {
        Some(port) if port > 0 => Ok(Target { authority: Some(authority), path: b"" }),
        _ => Err(ParseError::TargetForm),
    }
}

fn absolute_target(target: &[u8]) -> Result<Target<'_>, ParseError> {
    let (rest, default_port) = strip_scheme(target).ok_or(ParseError::TargetForm)?;
    let authority_len =
        rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_len);
    let authority = split_authority(authority, default_port).ok_or(ParseError::TargetInvalid)?;
    Ok(Target { authority: Some(authority), path })
}

fn strip_scheme(target: &[u8]) -> Option<(&[u8], DefaultPort)> {
    let strip = |scheme: &[u8]| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let http = strip(b"http://").map(|rest| (rest, DefaultPort::Http));
    http.or_else(|| strip(b"https://").map(|rest| (rest, DefaultPort::Https)))
}

/// Checks a host field, which must name the same host as the target if that names one.
#[inline]
pub(super) fn check_host(host: &[u8], target: &Target<'_>) -> Result<(), ParseError> {
    // RFC 9112 section 3.2: a target without authority goes with an empty host.
    if host.is_empty() && target.authority.is_none() {
        return Ok(());
    }
    let host = split_authority(host, DefaultPort::Either).ok_or(ParseError::HostInvalid)?;
    match &target.authority {
        Some(authority) if !authority.is_same(&host) => Err(ParseError::HostDiffers),
        _ => Ok(()),
    }
}

impl Authority<'_> {
    /// Whether the host field `other` names what this authority of a target names.
    fn is_same(&self, other: &Authority<'_>) -> bool {
        let is_default = |port| match self.default_port {
            DefaultPort::Either => port == 80 || port == 443,
            DefaultPort::Http => port == 80,
            DefaultPort::Https => port == 443,
        };
        let is_same_port = match (self.port, other.port) {
            (None, None) => true,
            (Some(a), Some(b)) => a == b,
            (Some(port), None) | (None, Some(port)) => is_default(port),
        };
        is_same_port && self.host.eq_ignore_ascii_case(other.host)
    }
}

/// The host in `host[:port]`, an IPv6 address without its brackets; `None` where there is none.
pub fn host_of(authority: &[u8]) -> Option<&str> {
    let host = split_authority(authority, DefaultPort::Either)?.host;
    let bare = host.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    std::str::from_utf8(bare.unwrap_or(host)).ok()
}

/// `uri-host [":" port]` without user information (RFC 9110 sections 4.2.4 and 7.2).
fn split_authority(bytes: &[u8], default_port: DefaultPort) -> Option<Authority<'_>> {
    let host_len = match bytes {
        [b'[', rest @ ..] => {
            let len = rest.iter().position(|byte| *byte == b']')?;
            let is_address = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
            if len == 0 || !rest.get(..len)?.iter().all(is_address) {
                return None;
            }
            len + 2
        }
        _ => bytes.iter().position(|byte| !HOST_BYTES[usize::from(*byte)]).unwrap_or(bytes.len()),
    };
    let (host, rest) = bytes.split_at_checked(host_len)?;
    let port = match rest {
        [] | [b':'] => None,
        [b':', digits @ ..] => Some(port(digits)?),
        _ => return None,
    };
    (!host.is_empty()).then_some(Authority { bytes, host, port, default_port })
}

/// The bytes of a registered name of RFC 3986, less the comma, which would make a list of it.
static HOST_BYTES: [bool; 256] = {
    let mut is_host_byte = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        is_host_byte[byte as usize] = matches!(
            byte,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'%' | b'!'
                | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b';' | b'='
        );
        byte += 1;
    }
    is_host_byte
};

fn port(digits: &[u8]) -> Option<u16> {
    digits.iter().try_fold(0_u16, |port, byte| {
        let digit = byte.is_ascii_digit().then(|| u16::from(byte - b'0'))?;
        port.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests;
