//! The extensions of a ClientHello (RFC 8446 section 4.2), those checked that somebody reads.

use super::HelloError;
use super::reader::{Reader, whole8, whole16};
use super::server_name;

// IANA's "TLS ExtensionType Values".
pub(super) const SERVER_NAME: u16 = 0;
pub(super) const SUPPORTED_GROUPS: u16 = 10;
pub(super) const POINT_FORMATS: u16 = 11;
pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
pub(super) const ALPN: u16 = 16;
pub(super) const SESSION_TICKET: u16 = 35;
pub(super) const PRE_SHARED_KEY: u16 = 41;
pub(super) const EARLY_DATA: u16 = 42;
pub(super) const SUPPORTED_VERSIONS: u16 = 43;
pub(super) const KEY_SHARE: u16 = 51;
pub(super) const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;

// Types of ECHClientHello (RFC 9849 section 5). A server behind the one that decrypts sees an inner.
pub(super) const ECH_OUTER: u8 = 0;
const ECH_INNER: u8 = 1;

/// A hash is no shorter (RFC 8446 section 4.2.11).
const PSK_BINDER_LEN_MIN: usize = 32;

/// Types and values in the client's order; ends before one that is not whole.
pub(super) struct Extensions<'a> {
    rest: Reader<'a>,
}

impl<'a> Extensions<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: Reader::new(bytes) }
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        Some((self.rest.code()?, self.rest.vec16()?))
    }
}

/// Checks that nothing is left over, that no type comes twice, and each that is read.
pub(super) fn check(bytes: &[u8]) -> Result<(), HelloError> {
    let mut extensions = Extensions::new(bytes);
    let mut seen = Seen::default();
    let mut used_len = 0;
    while let Some((kind, value)) = extensions.next() {
        if !seen.is_first(kind) {
            return Err(HelloError::ExtensionRepeated);
        }
        check_value(kind, value)?;
        // Its binders cover all that is before them (RFC 8446 section 4.2.11).
        if kind == PRE_SHARED_KEY && !extensions.rest.is_at_end() {
            return Err(HelloError::PreSharedKeyNotLast);
        }
        used_len += 4 + value.len();
    }
    if used_len == bytes.len() { Ok(()) } else { Err(HelloError::Extensions) }
}

fn check_value(kind: u16, value: &[u8]) -> Result<(), HelloError> {
    let (is_sound, error) = match kind {
        SERVER_NAME => return server_name::host_name(value).map(drop),
        SUPPORTED_GROUPS => (whole16(value).is_some_and(are_codes), HelloError::SupportedGroups),
        POINT_FORMATS => (whole8(value).is_some_and(is_filled), HelloError::PointFormats),
        SIGNATURE_ALGORITHMS => {
            (whole16(value).is_some_and(are_codes), HelloError::SignatureAlgorithms)
        }
        ALPN => (whole16(value).is_some_and(are_names), HelloError::Alpn),
        PRE_SHARED_KEY => (is_pre_shared_key(value), HelloError::PreSharedKey),
        EARLY_DATA => (value.is_empty(), HelloError::EarlyData),
        SUPPORTED_VERSIONS => (whole8(value).is_some_and(are_codes), HelloError::SupportedVersions),
        KEY_SHARE => (whole16(value).is_some_and(are_key_shares), HelloError::KeyShare),
        ENCRYPTED_CLIENT_HELLO => (is_encrypted_hello(value), HelloError::EncryptedHello),
        _ => return Ok(()),
    };
    if is_sound { Ok(()) } else { Err(error) }
}

/// A bit for each type, of which a hello of 16 KiB can have 4,000.
struct Seen([u64; 1024]);

impl Default for Seen {
    fn default() -> Self {
        Self([0; 1024])
    }
}

impl Seen {
    fn is_first(&mut self, kind: u16) -> bool {
        let Some(word) = self.0.get_mut(usize::from(kind >> 6)) else { return false };
        let bit = 1 << (kind & 63);
        let is_first = *word & bit == 0;
        *word |= bit;
        is_first
    }
}

/// The numbers of a list of two bytes each.
pub fn codes(list: &[u8]) -> impl Iterator<Item = u16> {
    let (pairs, _) = list.as_chunks();
    pairs.iter().map(|pair| u16::from_be_bytes(*pair))
}

pub(super) fn are_codes(list: &[u8]) -> bool {
    is_filled(list) && list.len().is_multiple_of(2)
}

fn is_filled(list: &[u8]) -> bool {
    !list.is_empty()
}

/// At least one, none empty.
fn are_names(list: &[u8]) -> bool {
    fills(list, |names| names.vec8().is_some_and(is_filled)) && is_filled(list)
}

/// None when a server is to choose the group.
fn are_key_shares(list: &[u8]) -> bool {
    fills(list, |shares| key_share(shares).is_some())
}

/// The group of the next share, whose key is not empty.
pub(super) fn key_share(shares: &mut Reader<'_>) -> Option<u16> {
    let group = shares.code()?;
    shares.vec16().filter(|key| is_filled(key)).map(|_| group)
}

/// Identities with their ages, then as many binders (RFC 8446 section 4.2.11).
fn is_pre_shared_key(value: &[u8]) -> bool {
    let mut value = Reader::new(value);
    let (Some(identities), Some(binders)) = (value.vec16(), value.vec16()) else { return false };
    let (mut identity_count, mut binder_count) = (0, 0);
    let are_identities = fills(identities, |rest| {
        identity_count += 1;
        rest.vec16().is_some_and(is_filled) && rest.take(4).is_some()
    });
    let are_binders = fills(binders, |rest| {
        binder_count += 1;
        rest.vec8().is_some_and(|binder| binder.len() >= PSK_BINDER_LEN_MIN)
    });
    value.is_at_end()
        && are_identities
        && are_binders
        && identity_count == binder_count
        && identity_count > 0
}

/// Of an outer hello: two algorithms, a key's number, a key that may be empty, and what is
/// encrypted.
fn is_encrypted_hello(value: &[u8]) -> bool {
    let mut rest = Reader::new(value);
    match rest.byte() {
        Some(ECH_OUTER) => {
            rest.take(2 + 2 + 1).is_some()
                && rest.vec16().is_some()
                && rest.vec16().is_some_and(is_filled)
                && rest.is_at_end()
        }
        Some(ECH_INNER) => rest.is_at_end(),
        _ => false,
    }
}

/// Whether `list` is nothing but items as `takes_one` finds them.
fn fills<'a>(list: &'a [u8], mut takes_one: impl FnMut(&mut Reader<'a>) -> bool) -> bool {
    let mut rest = Reader::new(list);
    while !rest.is_at_end() {
        if !takes_one(&mut rest) {
            return false;
        }
    }
    true
}
