//! Version 1, a line of text (section 2.1 of the document).
//!
//! ```text
//! PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n
//! PROXY UNKNOWN\r\n
//! ```

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Command, Header, ProxyError, as_ipv6};

pub(super) const PREFIX: &[u8] = b"PROXY ";

/// Bytes of a line with its CR LF: the longest that the document can write.
const LINE_LEN_MAX: usize = 107;

/// As in `0000:0000:0000:0000:0000:ffff:255.255.255.255`.
const ADDRESS_LEN_MAX: usize = 45;

const PORT_LEN_MAX: usize = 5;

#[derive(Clone, Copy)]
enum Protocol {
    Tcp4,
    Tcp6,
    Unknown,
}

const PROTOCOLS: [(&[u8], Protocol); 3] =
    [(b"TCP4 ", Protocol::Tcp4), (b"TCP6 ", Protocol::Tcp6), (b"UNKNOWN", Protocol::Unknown)];

/// Why a line was not read to its end.
enum Stop {
    Broken(ProxyError),
    /// So far it is the beginning of a valid line.
    Incomplete,
}

impl From<ProxyError> for Stop {
    fn from(error: ProxyError) -> Self {
        Self::Broken(error)
    }
}

/// Reads the line that `bytes` begin with, of which [`PREFIX`] is there.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<Header>, ProxyError> {
    let window = bytes.get(..LINE_LEN_MAX).unwrap_or(bytes);
    let mut line = Line { rest: window.get(PREFIX.len()..).unwrap_or_default() };
    match line.addresses() {
        Ok(addresses) => {
            let len = window.len() - line.rest.len();
            Ok(Some(Header::bare(len, Command::Proxy).with_addresses(addresses)))
        }
        Err(Stop::Broken(error)) => Err(error),
        Err(Stop::Incomplete) if window.len() == LINE_LEN_MAX => Err(ProxyError::LineTooLong),
        Err(Stop::Incomplete) => Ok(None),
    }
}

/// A line that is read from the left, so that its first fault is the same however much of it
/// there is.
struct Line<'a> {
    rest: &'a [u8],
}

impl<'a> Line<'a> {
    /// `None` for a connection that the sender knows nothing of.
    fn addresses(&mut self) -> Result<Option<(SocketAddr, SocketAddr)>, Stop> {
        let parse_ip = match self.protocol()? {
            Protocol::Tcp4 => |text: &str| Some(IpAddr::V4(text.parse::<Ipv4Addr>().ok()?)),
            Protocol::Tcp6 => |text: &str| Some(IpAddr::V6(text.parse::<Ipv6Addr>().ok()?)),
            Protocol::Unknown => return self.skip().map(|()| None),
        };
        let mut ip = |broken| {
            let text = self.field(b' ', ADDRESS_LEN_MAX, broken)?;
            parse_ip(text).ok_or(Stop::Broken(broken))
        };
        let source = ip(ProxyError::SourceAddress)?;
        let destination = ip(ProxyError::DestinationAddress)?;
        let source_port = self.port(b' ', ProxyError::SourcePort)?;
        let destination_port = self.port(b'\r', ProxyError::DestinationPort)?;
        self.line_feed()?;
        let source = SocketAddr::new(source, source_port);
        Ok(Some((source, SocketAddr::new(destination, destination_port))))
    }

    fn protocol(&mut self) -> Result<Protocol, Stop> {
        for (word, protocol) in PROTOCOLS {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(protocol);
            }
        }
        let is_begun = PROTOCOLS.iter().any(|(word, _)| word.starts_with(self.rest));
        Err(if is_begun { Stop::Incomplete } else { ProxyError::ProtocolUnsupported.into() })
    }

    /// The field up to the byte `end`, or `broken` if it is none of this line.
    fn field(&mut self, end: u8, len_max: usize, broken: ProxyError) -> Result<&'a str, Stop> {
        let is_part = |byte: &&u8| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':');
        let len = self.rest.iter().take_while(is_part).count();
        let (field, rest) = self.rest.split_at_checked(len).unwrap_or_default();
        match rest {
            _ if len > len_max => Err(broken.into()),
            [] => Err(Stop::Incomplete),
            [byte, rest @ ..] if *byte == end => {
                self.rest = rest;
                str::from_utf8(field).map_err(|_| broken.into())
            }
            [b'\r' | b'\n', ..] => Err(ProxyError::LineEnd.into()),
            _ => Err(broken.into()),
        }
    }

    /// The shortest form of the number only, as the document wants it; `field` lets no sign pass.
    fn port(&mut self, end: u8, broken: ProxyError) -> Result<u16, Stop> {
        let digits = self.field(end, PORT_LEN_MAX, broken)?;
        let is_shortest = digits == "0" || !digits.starts_with('0');
        digits.parse().ok().filter(|_| is_shortest).ok_or(Stop::Broken(broken))
    }

    /// The rest of a line about an unknown connection is to be ignored, whatever it says. HAProxy
    /// takes none; the document shows a line with one.
    fn skip(&mut self) -> Result<(), Stop> {
        match self.rest {
            [] => return Err(Stop::Incomplete),
            [b' ' | b'\r' | b'\n', ..] => {}
            _ => return Err(ProxyError::ProtocolUnsupported.into()),
        }
        let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let end = self.rest.iter().position(is_end).ok_or(Stop::Incomplete)?;
        let rest = self.rest.get(end..).unwrap_or_default();
        self.rest = rest.strip_prefix(b"\r").ok_or(ProxyError::LineEnd)?;
        self.line_feed()
    }

    fn line_feed(&mut self) -> Result<(), Stop> {
        match self.rest {
            [] => Err(Stop::Incomplete),
            [b'\n', rest @ ..] => {
                self.rest = rest;
                Ok(())
            }
            _ => Err(ProxyError::LineEnd.into()),
        }
    }
}

/// Appends the header of `send-proxy`: one about an unknown connection unless both addresses are
/// known. Where only one is of IPv4, it is mapped to IPv6, as HAProxy does.
pub fn encode_v1(out: &mut Vec<u8>, source: Option<SocketAddr>, destination: Option<SocketAddr>) {
    let (Some(source), Some(destination)) = (source, destination) else {
        return out.extend_from_slice(b"PROXY UNKNOWN\r\n");
    };
    let ports = (source.port(), destination.port());
    // Writing to a Vec cannot fail.
    let _ = match (source.ip(), destination.ip()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            write!(out, "PROXY TCP4 {source} {destination} {} {}\r\n", ports.0, ports.1)
        }
        _ => {
            let (source, destination) = (as_ipv6(source), as_ipv6(destination));
            write!(out, "PROXY TCP6 {source} {destination} {} {}\r\n", ports.0, ports.1)
        }
    };
}

#[cfg(test)]
mod tests;
