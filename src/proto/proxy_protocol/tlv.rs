//! What a header of version 2 says beyond the addresses: values with a type and a length
//! (sections 2.2 and 2.2.1 to 2.2.8 of the document).
//!
//! A value is any bytes that the sender chose, NUL and line ends included: who prints or compares
//! one as text must check that first.

use super::ProxyError;
use super::crc32c::crc32c;

/// The protocol spoken over the connection, as TLS agreed on it (RFC 7301).
pub const ALPN: u8 = 0x01;
/// The host name that the client asked for, as in TLS's `server_name`.
pub const AUTHORITY: u8 = 0x02;
/// A checksum over the whole header, in which these 4 bytes count as 0 (RFC 4960 appendix B).
pub const CRC32C: u8 = 0x03;
/// Padding.
pub const NOOP: u8 = 0x04;
/// Names the connection across proxies.
pub const UNIQUE_ID: u8 = 0x05;
/// TLS of the client's connection, for [`Ssl::parse`].
pub const SSL: u8 = 0x20;
/// Within [`SSL`]: the version of TLS as text.
pub const SSL_VERSION: u8 = 0x21;
/// Within [`SSL`]: the common name of the client's certificate.
pub const SSL_CN: u8 = 0x22;
/// Within [`SSL`]: the name of the cipher.
pub const SSL_CIPHER: u8 = 0x23;
/// Within [`SSL`]: the algorithm that signed the sender's certificate.
pub const SSL_SIG_ALG: u8 = 0x24;
/// Within [`SSL`]: the algorithm of the key of the sender's certificate.
pub const SSL_KEY_ALG: u8 = 0x25;
/// The name of the network namespace.
pub const NETNS: u8 = 0x30;

/// A bit of [`Ssl::client`]: the client spoke TLS.
pub const CLIENT_SSL: u8 = 0x01;
/// A bit of [`Ssl::client`]: it showed a certificate on this connection.
pub const CLIENT_CERT_CONN: u8 = 0x02;
/// A bit of [`Ssl::client`]: it showed one at least once in this TLS session.
pub const CLIENT_CERT_SESS: u8 = 0x04;

/// The bytes of one protocol's name (RFC 7301 section 3.1), which is what is sent. What is
/// received may be a list of them.
pub const ALPN_LEN_MAX: usize = 255;
/// As in HAProxy.
pub const AUTHORITY_LEN_MAX: usize = 255;
/// Section 2.2.5 of the document.
pub const UNIQUE_ID_LEN_MAX: usize = 128;
/// Of a common name that is sent; X.509 allows 64 characters (RFC 5280 appendix A.1).
pub const SSL_CN_LEN_MAX: usize = 255;
/// Of the name of a version, cipher or algorithm that is sent; the longest in use have about 45.
pub const SSL_NAME_LEN_MAX: usize = 64;

/// Type and length.
pub(super) const HEAD_LEN: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// One of the constants of this module, or any other.
    pub kind: u8,
    pub value: &'a [u8],
}

/// TLVs in the order in which they were sent; a type may occur several times.
#[derive(Clone, Debug)]
pub struct Tlvs<'a> {
    rest: &'a [u8],
}

impl<'a> Tlvs<'a> {
    /// For [`Header::tlv_bytes`](super::Header::tlv_bytes), or a copy of them.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The first value with this type, which is what `fc_pp_authority` and `fc_pp_unique_id` take
    /// since HAProxy 2.9; before, it was the last.
    pub fn first(mut self, kind: u8) -> Option<&'a [u8]> {
        self.find(|tlv| tlv.kind == kind).map(|tlv| tlv.value)
    }

    fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }
}

/// Ends before a TLV that is not whole; a header that was parsed has none.
impl<'a> Iterator for Tlvs<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let [kind, high, low, rest @ ..] = self.rest else { return None };
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        let (value, rest) = rest.split_at_checked(len)?;
        self.rest = rest;
        Some(Tlv { kind: *kind, value })
    }
}

/// The value of an [`SSL`] TLV, taken apart.
#[derive(Clone, Debug)]
pub struct Ssl<'a> {
    /// The bits `CLIENT_*`; others may come.
    pub client: u8,
    /// 0 when the client showed a certificate that was verified. HAProxy says so too when it
    /// showed none: only with [`CLIENT_CERT_SESS`] does this mean anything.
    pub verify: u32,
    /// The TLVs within.
    pub tlvs: Tlvs<'a>,
}

impl<'a> Ssl<'a> {
    /// # Errors
    /// The value is shorter than its fixed part, or a TLV within it runs over its end.
    pub fn parse(value: &'a [u8]) -> Result<Self, ProxyError> {
        let (fixed, rest) = value.split_first_chunk::<5>().ok_or(ProxyError::SslTlvTooShort)?;
        let [client, verify @ ..] = fixed;
        let mut tlvs = Tlvs::new(rest);
        tlvs.by_ref().for_each(drop);
        if !tlvs.is_at_end() {
            return Err(ProxyError::SslTlvOverrun);
        }
        let verify = u32::from_be_bytes(*verify);
        Ok(Self { client: *client, verify, tlvs: Tlvs::new(rest) })
    }
}

/// Checks the TLVs of a whole header, which begin at `start`.
pub(super) fn check(header: &[u8], start: usize) -> Result<(), ProxyError> {
    let mut tlvs = Tlvs::new(header.get(start..).unwrap_or_default());
    let mut checksum_start = None;
    while let Some(Tlv { kind, value }) = tlvs.next() {
        match kind {
            AUTHORITY if value.len() > AUTHORITY_LEN_MAX => {
                return Err(ProxyError::AuthorityTooLong);
            }
            CRC32C if value.len() != 4 => return Err(ProxyError::ChecksumLength),
            CRC32C if checksum_start.is_some() => return Err(ProxyError::ChecksumRepeated),
            CRC32C => checksum_start = Some(header.len() - tlvs.rest.len() - value.len()),
            SSL => {
                Ssl::parse(value)?;
            }
            UNIQUE_ID if value.len() > UNIQUE_ID_LEN_MAX => {
                return Err(ProxyError::UniqueIdTooLong);
            }
            _ => {}
        }
    }
    if !tlvs.is_at_end() {
        return Err(ProxyError::TlvOverrun);
    }
    match checksum_start {
        Some(start) if !is_intact(header, start) => Err(ProxyError::ChecksumMismatch),
        _ => Ok(()),
    }
}

/// Whether the checksum that begins at `start` is that of the header.
fn is_intact(header: &[u8], start: usize) -> bool {
    let (before, rest) = header.split_at_checked(start).unwrap_or_default();
    rest.split_first_chunk::<4>().is_some_and(|(checksum, after)| {
        crc32c(&[before, &[0; 4], after]) == u32::from_be_bytes(*checksum)
    })
}

/// Appends a TLV unless there is no value or it has more than `len_max` bytes, a limit below
/// 65,536.
pub(super) fn push_tlv(out: &mut Vec<u8>, kind: u8, value: Option<&[u8]>, len_max: usize) {
    let Some(value) = value.filter(|value| value.len() <= len_max) else { return };
    out.push(kind);
    out.extend_from_slice(&(value.len() as u16).to_be_bytes());
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests;
