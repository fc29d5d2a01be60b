//! Version 2, binary (section 2.2 of the document).
//!
//! ```text
//! 12 bytes             1                  1                   2       addresses, then TLVs
//! signature | version, command | family, transport | length | ..........................
//! ```

use std::net::{IpAddr, SocketAddr};

use super::crc32c::crc32c;
use super::ssl_out::SslOut;
use super::tlv::{self, push_tlv};
use super::{Command, HEADER_LEN_MAX, Header, ProxyError, as_ipv6};

pub(super) const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The bytes before the addresses, all of which every header has.
const FIXED_LEN: usize = 16;

const VERSION: u8 = 0x20;

const LOCAL: u8 = VERSION;
const PROXY: u8 = VERSION | 0x01;

// Address family and transport in one byte.
const UNSPEC: u8 = 0x00;
const UNSPEC_STREAM: u8 = 0x01;
const INET_STREAM: u8 = 0x11;
const INET6_STREAM: u8 = 0x21;
const UNIX_STREAM: u8 = 0x31;

/// What stands between the fixed part and the TLVs.
#[derive(Clone, Copy)]
enum Addresses {
    Inet,
    Inet6,
    /// Two paths, which no rule can use.
    Unix,
    /// Nobody knows how many bytes these are: all of the header is skipped.
    Unspec,
}

/// Reads the header that `bytes` begin with, of which [`SIGNATURE`] is there.
///
/// Each byte of the fixed part is judged as it arrives, the rest when it is whole, as the
/// document has it.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<Header>, ProxyError> {
    let fixed = bytes.get(SIGNATURE.len()..).unwrap_or_default();
    let [version_command, fixed @ ..] = fixed else { return Ok(None) };
    let command = command(*version_command)?;
    let [family, fixed @ ..] = fixed else { return Ok(None) };
    let addresses = Addresses::of(command, *family)?;
    let [high, low, ..] = fixed else { return Ok(None) };
    let len = FIXED_LEN + usize::from(u16::from_be_bytes([*high, *low]));
    if len < FIXED_LEN + addresses.len() {
        return Err(ProxyError::AddressesTooShort);
    }
    if len > HEADER_LEN_MAX {
        return Err(ProxyError::HeaderTooLong);
    }
    bytes.get(..len).map(|header| whole(header, command, addresses)).transpose()
}

fn command(byte: u8) -> Result<Command, ProxyError> {
    match byte {
        LOCAL => Ok(Command::Local),
        PROXY => Ok(Command::Proxy),
        _ if byte & 0xf0 == VERSION => Err(ProxyError::CommandUnknown),
        _ => Err(ProxyError::VersionUnsupported),
    }
}

fn whole(header: &[u8], command: Command, addresses: Addresses) -> Result<Header, ProxyError> {
    let block = header.get(FIXED_LEN..).unwrap_or_default();
    let bare = Header::bare(header.len(), command);
    let pair = match addresses {
        Addresses::Inet => pair::<4>(block),
        Addresses::Inet6 => pair::<16>(block),
        Addresses::Unix => None,
        Addresses::Unspec => return Ok(bare),
    };
    let tlvs_start = FIXED_LEN + addresses.len();
    tlv::check(header, tlvs_start)?;
    Ok(Header { tlvs_start, ..bare.with_addresses(pair) })
}

impl Addresses {
    /// The family of a `LOCAL` header is ignored with all that follows it.
    ///
    /// `UNSPEC` falls back to the connection's own addresses. The document lets a receiver do so
    /// with datagrams too; HAProxy refuses them, since no TCP connection carries one.
    fn of(command: Command, family: u8) -> Result<Self, ProxyError> {
        match (command, family) {
            (Command::Local, _) | (Command::Proxy, UNSPEC | UNSPEC_STREAM) => Ok(Self::Unspec),
            (Command::Proxy, INET_STREAM) => Ok(Self::Inet),
            (Command::Proxy, INET6_STREAM) => Ok(Self::Inet6),
            (Command::Proxy, UNIX_STREAM) => Ok(Self::Unix),
            (Command::Proxy, _) => Err(ProxyError::FamilyUnsupported),
        }
    }

    fn len(self) -> usize {
        match self {
            Self::Inet => 2 * (4 + 2),
            Self::Inet6 => 2 * (16 + 2),
            Self::Unix => 2 * 108,
            Self::Unspec => 0,
        }
    }
}

/// Source and destination whose addresses have `N` bytes.
fn pair<const N: usize>(block: &[u8]) -> Option<(SocketAddr, SocketAddr)>
where
    IpAddr: From<[u8; N]>,
{
    let (source, block) = block.split_first_chunk::<N>()?;
    let (destination, block) = block.split_first_chunk::<N>()?;
    let (source_port, block) = block.split_first_chunk::<2>()?;
    let (destination_port, _) = block.split_first_chunk::<2>()?;
    let address =
        |ip: &[u8; N], port: &[u8; 2]| SocketAddr::new((*ip).into(), u16::from_be_bytes(*port));
    Some((address(source, source_port), address(destination, destination_port)))
}

/// What a header of `send-proxy-v2` says; the default is one without TLVs about an unknown
/// connection.
///
/// A value that is too long for its TLV (`tlv::*_LEN_MAX`) is left out, since every receiver would
/// refuse the connection for it; so a header is never longer than 1,280 bytes, and none of its TLVs
/// than 1 KiB.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProxyOut<'a> {
    /// The connection is the proxy's own: `LOCAL`, without addresses.
    pub local: bool,
    /// `LOCAL` too when this or `destination` is missing, as HAProxy does. Where only one is of
    /// IPv4, it is mapped to IPv6.
    pub source: Option<SocketAddr>,
    pub destination: Option<SocketAddr>,
    /// The protocol that TLS has chosen with the client, sent whenever there is one.
    pub alpn: Option<&'a [u8]>,
    /// The name that the client asked for: `proxy-v2-options authority`.
    pub authority: Option<&'a [u8]>,
    /// A checksum: `proxy-v2-options crc32c`.
    pub crc32c: bool,
    /// `proxy-v2-options unique-id`.
    pub unique_id: Option<&'a [u8]>,
    /// `send-proxy-v2-ssl`, `proxy-v2-options ssl` and all that ask for more of TLS.
    pub ssl: Option<SslOut<'a>>,
}

impl ProxyOut<'_> {
    fn addresses(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.source.zip(self.destination).filter(|_| !self.local)
    }
}

/// Appends the header of `send-proxy-v2`, its TLVs in HAProxy's order.
pub fn encode_v2(out: &mut Vec<u8>, header: &ProxyOut<'_>) {
    let start = out.len();
    out.extend_from_slice(SIGNATURE);
    match header.addresses() {
        None => push_start(out, LOCAL, UNSPEC),
        Some((SocketAddr::V4(source), SocketAddr::V4(destination))) => {
            push_start(out, PROXY, INET_STREAM);
            out.extend_from_slice(&source.ip().octets());
            out.extend_from_slice(&destination.ip().octets());
            push_ports(out, source.port(), destination.port());
        }
        Some((source, destination)) => {
            push_start(out, PROXY, INET6_STREAM);
            out.extend_from_slice(&as_ipv6(source).octets());
            out.extend_from_slice(&as_ipv6(destination).octets());
            push_ports(out, source.port(), destination.port());
        }
    }
    let checksum_start = out.len() + tlv::HEAD_LEN;
    if header.crc32c {
        push_tlv(out, tlv::CRC32C, Some(&[0; 4]), 4);
    }
    push_tlv(out, tlv::ALPN, header.alpn, tlv::ALPN_LEN_MAX);
    push_tlv(out, tlv::AUTHORITY, header.authority, tlv::AUTHORITY_LEN_MAX);
    push_tlv(out, tlv::UNIQUE_ID, header.unique_id, tlv::UNIQUE_ID_LEN_MAX);
    if let Some(ssl) = &header.ssl {
        ssl.push(out);
    }
    // The limits of the TLVs keep this far below what 16 bits hold.
    let len = (out.len() - start - FIXED_LEN) as u16;
    replace(out, start + FIXED_LEN - 2, &len.to_be_bytes());
    if header.crc32c {
        let checksum = crc32c(&[out.get(start..).unwrap_or_default()]);
        replace(out, checksum_start, &checksum.to_be_bytes());
    }
}

/// The fixed part after the signature, its length still to be filled in.
fn push_start(out: &mut Vec<u8>, version_command: u8, family: u8) {
    out.extend_from_slice(&[version_command, family, 0, 0]);
}

fn push_ports(out: &mut Vec<u8>, source: u16, destination: u16) {
    out.extend_from_slice(&source.to_be_bytes());
    out.extend_from_slice(&destination.to_be_bytes());
}

fn replace(out: &mut [u8], start: usize, bytes: &[u8]) {
    if let Some(place) = out.get_mut(start..start + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests;
