//! Every rule of HTTP/1 that a peer can break, with the status that answers it.

use std::error::Error;
use std::fmt;

/// Why a message was refused, one variant a rule.
///
/// On the server side every one of these is answered with 502.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    BodyWithConnect,
    BodyWithHttp10Method,
    ChunkDataEnd,
    ChunkExtension,
    ChunkLineTooLong,
    ChunkSize,
    ConnectionOptionsTooMany,
    ContentLengthDiffers,
    ContentLengthInvalid,
    ContentLengthWithTransferEncoding,
    ExpectUnknown,
    FieldName,
    FieldValue,
    FieldsTooMany,
    HeadTooLong,
    HostDiffers,
    HostInvalid,
    HostMissing,
    HostRepeated,
    LineEnd,
    RequestLine,
    StatusLine,
    TargetForm,
    TargetInvalid,
    TargetTooLong,
    TrailersTooLong,
    TransferCodingUnsupported,
    TransferEncodingInvalid,
    TransferEncodingWithHttp10,
    VersionInvalid,
    VersionUnsupported,
    WebSocketHandshake,
}

impl ParseError {
    /// The status with which a client's broken request is answered.
    pub fn status(self) -> u16 {
        match self {
            Self::BodyWithHttp10Method => 413,
            Self::TargetTooLong => 414,
            Self::ExpectUnknown => 417,
            Self::TransferCodingUnsupported => 422,
            Self::FieldsTooMany | Self::HeadTooLong | Self::TrailersTooLong => 431,
            Self::VersionUnsupported => 505,
            _ => 400,
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::BodyWithConnect => "a CONNECT request has a body",
            Self::BodyWithHttp10Method => "an HTTP/1.0 GET, HEAD or DELETE request has a body",
            Self::ChunkDataEnd => "chunk data is not followed by CR LF",
            Self::ChunkExtension => "a chunk extension is not valid",
            Self::ChunkLineTooLong => "a chunk size line is too long",
            Self::ChunkSize => "a chunk size is not valid",
            Self::ConnectionOptionsTooMany => "the connection field names too many options",
            Self::ContentLengthDiffers => "two content-length values differ",
            Self::ContentLengthInvalid => "a content-length is not a number",
            Self::ContentLengthWithTransferEncoding => {
                "content-length and transfer-encoding are both present"
            }
            Self::ExpectUnknown => "the expect field asks for more than 100-continue",
            Self::FieldName => "a field name is not valid",
            Self::FieldValue => "a field value is not valid",
            Self::FieldsTooMany => "the message has too many fields",
            Self::HeadTooLong => "the head is too long",
            Self::HostDiffers => "the host field and the request target name two hosts",
            Self::HostInvalid => "the host field is not valid",
            Self::HostMissing => "the host field is missing",
            Self::HostRepeated => "the host field is repeated",
            Self::LineEnd => "a line does not end with CR LF",
            Self::RequestLine => "the request line is not valid",
            Self::StatusLine => "the status line is not valid",
            Self::TargetForm => "the request target does not fit the method",
            Self::TargetInvalid => "the request target is not valid",
            Self::TargetTooLong => "the request target is too long",
            Self::TrailersTooLong => "the trailers are too long",
            Self::TransferCodingUnsupported => "a transfer coding is not supported",
            Self::TransferEncodingInvalid => "the transfer-encoding field is not valid",
            Self::TransferEncodingWithHttp10 => "an HTTP/1.0 message has a transfer-encoding",
            Self::VersionInvalid => "the protocol version is not valid",
            Self::VersionUnsupported => "the protocol version is not supported",
            Self::WebSocketHandshake => "a WebSocket handshake is not valid",
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl Error for ParseError {}
