//! The PROXY protocol, versions 1 and 2 (HAProxy's doc/proxy-protocol.txt): the header in which a
//! proxy tells the next one whose connection it carries.
//!
//! ```text
//! accept-proxy                  bytes -> parse -> v1 (a line), v2 (binary) -> tlv -> Header
//! send-proxy, send-proxy-v2     addresses, ProxyOut -> encode_v1, encode_v2 -> bytes
//! ```
//!
//! Whoever can send this header chooses the address that rules and logs see. So it is read only
//! where the configuration expects it, never guessed; it is read strictly; and a connection that
//! begins with anything else is refused as soon as its bytes tell.

pub mod error;
pub mod tlv;

mod crc32c;
mod ssl_out;
mod v1;
mod v2;

#[cfg(test)]
mod testing;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

pub use error::ProxyError;
pub use ssl_out::SslOut;
pub use tlv::{Ssl, Tlv, Tlvs};
pub use v1::encode_v1;
pub use v2::{ProxyOut, encode_v2};

/// The bytes that a header may have, and thus the buffer that is enough to wait for a whole one.
///
/// The length field would let it grow to 65,551. The document has it fit a packet; HAProxy must
/// hold it in one buffer (`tune.bufsize`, 16 KiB) and takes no TLV of more than 1 KiB. What
/// senders are known to add comes to a few hundred bytes.
pub const HEADER_LEN_MAX: usize = 4096;

/// What the connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// For the sending proxy itself, as a health check is.
    Local,
    /// For a client of the sending proxy.
    Proxy,
}

/// A whole and valid header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The bytes that belong to the header; what follows is the client's.
    pub len: usize,
    pub command: Command,
    /// Where the client is.
    ///
    /// This and `destination` are as they were sent, an IPv4-mapped address too. Either both are
    /// there or none; without them the connection's own addresses hold: for `Command::Local`,
    /// `UNKNOWN`, an unspecified family and UNIX sockets.
    pub source: Option<SocketAddr>,
    /// Where the client had connected to.
    pub destination: Option<SocketAddr>,
    /// Where the TLVs begin; `len` where there are none to read.
    tlvs_start: usize,
}

impl Header {
    /// A header that says nothing of the connection.
    fn bare(len: usize, command: Command) -> Self {
        Self { len, command, source: None, destination: None, tlvs_start: len }
    }

    fn with_addresses(self, addresses: Option<(SocketAddr, SocketAddr)>) -> Self {
        let (source, destination) = addresses.unzip();
        Self { source, destination, ..self }
    }

    /// The bytes of its TLVs, for [`Tlvs::new`]; `bytes` are those that it was parsed from.
    pub fn tlv_bytes<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.tlvs_start..self.len).unwrap_or_default()
    }

    /// Its TLVs; `bytes` are those that it was parsed from.
    pub fn tlvs<'a>(&self, bytes: &'a [u8]) -> Tlvs<'a> {
        Tlvs::new(self.tlv_bytes(bytes))
    }
}

/// Reads the header at the beginning of `bytes`; `None` while it is not whole.
///
/// Nothing is kept between two calls: `bytes` must begin where the connection begins. The verdict
/// does not depend on how they arrive: once there is one, more bytes do not change it.
///
/// # Errors
/// The first rule that the header breaks.
pub fn parse(bytes: &[u8]) -> Result<Option<Header>, ProxyError> {
    if bytes.starts_with(v1::PREFIX) {
        v1::parse(bytes)
    } else if bytes.starts_with(v2::SIGNATURE) {
        v2::parse(bytes)
    } else if v1::PREFIX.starts_with(bytes) || v2::SIGNATURE.starts_with(bytes) {
        Ok(None)
    } else {
        Err(ProxyError::NotProxyHeader)
    }
}

/// The address as it is sent beside one of IPv6.
fn as_ipv6(address: SocketAddr) -> Ipv6Addr {
    match address.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

#[cfg(test)]
mod tests;
