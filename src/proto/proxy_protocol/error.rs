//! Every rule of the PROXY protocol that a sender can break, as the log names it.

use std::error::Error;
use std::fmt;

/// Why a connection was refused that had to begin with a PROXY protocol header, one variant a
/// rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyError {
    AddressesTooShort,
    AuthorityTooLong,
    ChecksumLength,
    ChecksumMismatch,
    ChecksumRepeated,
    CommandUnknown,
    DestinationAddress,
    DestinationPort,
    /// An address family and transport of version 2 that no proxy of TCP connections can mean.
    FamilyUnsupported,
    HeaderTooLong,
    LineEnd,
    LineTooLong,
    NotProxyHeader,
    /// A word of version 1 other than `TCP4`, `TCP6` and `UNKNOWN`.
    ProtocolUnsupported,
    SourceAddress,
    SourcePort,
    SslTlvOverrun,
    SslTlvTooShort,
    TlvOverrun,
    /// The client closed after a part of a header. Only who reads the connection knows, so
    /// [`parse`](super::parse) never says it.
    Truncated,
    UniqueIdTooLong,
    VersionUnsupported,
}

impl ProxyError {
    /// What makes the header invalid; `None` for what HAProxy has a message of its own for.
    fn fault(self) -> Option<&'static str> {
        Some(match self {
            Self::AddressesTooShort => "it is too short for its addresses",
            Self::AuthorityTooLong => "the authority TLV is longer than 255 bytes",
            Self::ChecksumLength => "the CRC32C TLV does not have 4 bytes",
            Self::ChecksumMismatch => "the CRC32C checksum does not match",
            Self::ChecksumRepeated => "the CRC32C TLV is repeated",
            Self::CommandUnknown => "the command is neither LOCAL nor PROXY",
            Self::DestinationAddress => "the destination address is not valid",
            Self::DestinationPort => "the destination port is not valid",
            Self::HeaderTooLong => "it is longer than 4096 bytes",
            Self::LineEnd => "the line ends too early or without CR LF",
            Self::LineTooLong => "the line is longer than 107 bytes",
            Self::SourceAddress => "the source address is not valid",
            Self::SourcePort => "the source port is not valid",
            Self::SslTlvOverrun => "a TLV within the SSL TLV runs over its end",
            Self::SslTlvTooShort => "the SSL TLV is shorter than 5 bytes",
            Self::TlvOverrun => "a TLV runs over the end of the header",
            Self::UniqueIdTooLong => "the unique ID TLV is longer than 128 bytes",
            Self::VersionUnsupported => "the version of the binary header is not 2",
            Self::FamilyUnsupported
            | Self::NotProxyHeader
            | Self::ProtocolUnsupported
            | Self::Truncated => return None,
        })
    }
}

/// HAProxy's wording, with the fault behind it where HAProxy does not name it.
impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(fault) = self.fault() {
            return write!(f, "Received an invalid PROXY protocol header: {fault}");
        }
        f.write_str(match self {
            Self::NotProxyHeader => {
                "Received something which does not look like a PROXY protocol header"
            }
            Self::Truncated => "Truncated PROXY protocol header received",
            _ => "Received an unhandled protocol in the PROXY protocol header",
        })
    }
}

impl Error for ProxyError {}
