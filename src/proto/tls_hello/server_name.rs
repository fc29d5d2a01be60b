//! The name of the server that a client asks for (RFC 6066 section 3).
//!
//! What counts as a name is what does so for rustls: LDH labels (RFC 1035 section 2.3.1) with
//! underscores, the last of which is no number, since that would be an IPv4 address to some.

use std::net::IpAddr;

use super::HelloError;
use super::reader::{Reader, whole16};

const HOST_NAME: u8 = 0;

/// As text, a dot at the end included.
const NAME_LEN_MAX: usize = 253;

const LABEL_LEN_MAX: usize = 63;

/// The host name of the extension's value, without the dot that may end it; `None` for an IP
/// address.
///
/// Of the list there can only be one entry, as no other type was ever defined. rustls takes
/// others behind it, nobody sends them.
pub(super) fn host_name(value: &[u8]) -> Result<Option<&str>, HelloError> {
    let mut list = Reader::new(whole16(value).ok_or(HelloError::ServerName)?);
    match list.byte() {
        Some(HOST_NAME) => {}
        Some(_) => return Err(HelloError::ServerNameType),
        None => return Err(HelloError::ServerName),
    }
    let name = list.vec16().ok_or(HelloError::ServerName)?;
    if !list.is_at_end() {
        return Err(HelloError::ServerNameRepeated);
    }
    let name = str::from_utf8(name).map_err(|_| HelloError::ServerNameInvalid)?;
    match name.strip_suffix('.').unwrap_or(name) {
        stem if name.len() <= NAME_LEN_MAX && is_name(stem) => Ok(Some(stem)),
        _ if name.parse::<IpAddr>().is_ok() => Ok(None),
        _ => Err(HelloError::ServerNameInvalid),
    }
}

fn is_name(name: &str) -> bool {
    name.split('.').all(is_label) && !name.rsplit('.').next().is_some_and(is_number)
}

fn is_label(label: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=LABEL_LEN_MAX).contains(&label.len())
        && label.bytes().all(is_part)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Decimal or, after `0x`, hexadecimal, there without a digit too: what ends in such a label is an
/// IPv4 address to a browser.
fn is_number(label: &str) -> bool {
    match label.strip_prefix("0x").or_else(|| label.strip_prefix("0X")) {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}
