//! Every rule that something which is no ClientHello can break, as the log names it.

use std::error::Error;
use std::fmt;

/// Why what a client sent will never be a ClientHello, one variant a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelloError {
    Alert,
    Alpn,
    CipherSuites,
    Compression,
    EarlyData,
    EncryptedHello,
    ExtensionRepeated,
    Extensions,
    Http,
    KeyShare,
    MessageFollows,
    NotClientHello,
    NotHandshake,
    NotTls,
    PointFormats,
    PreSharedKey,
    PreSharedKeyNotLast,
    ProxyHeader,
    RecordEmpty,
    RecordTooLong,
    RecordVersion,
    RecordsTooMany,
    ServerName,
    ServerNameInvalid,
    ServerNameRepeated,
    ServerNameType,
    SessionId,
    SignatureAlgorithms,
    SslV2,
    SupportedGroups,
    SupportedVersions,
    TooLong,
    TooShort,
    TrailingBytes,
    Version,
}

/// How an error reads.
enum Text {
    /// Something else came.
    Instead(&'static str),
    /// A hello came that is invalid.
    Fault(&'static str),
}

impl HelloError {
    fn text(self) -> Text {
        use Text::{Fault, Instead};
        match self {
            Self::Alert => Instead("a TLS alert"),
            Self::Alpn => Fault("the list of protocols is malformed"),
            Self::CipherSuites => Fault("the list of cipher suites is malformed"),
            Self::Compression => {
                Fault("the list of compression methods is malformed or without `none`")
            }
            Self::EarlyData => Fault("the extension for early data is not empty"),
            Self::EncryptedHello => Fault("the encrypted hello is malformed"),
            Self::ExtensionRepeated => Fault("an extension is repeated"),
            Self::Extensions => Fault("the list of extensions is malformed"),
            Self::Http => Instead("HTTP without TLS"),
            Self::KeyShare => Fault("the list of key shares is malformed"),
            Self::MessageFollows => Fault("another message follows it in its record"),
            Self::NotClientHello => Instead("another handshake message of TLS"),
            Self::NotHandshake => Instead("a TLS record that is no handshake"),
            Self::NotTls => Instead("something which does not look like TLS"),
            Self::PointFormats => Fault("the list of point formats is malformed"),
            Self::PreSharedKey => Fault("the extension for pre-shared keys is malformed"),
            Self::PreSharedKeyNotLast => Fault("the extension for pre-shared keys is not the last"),
            Self::ProxyHeader => {
                Instead("a PROXY protocol header, which `accept-proxy` would expect")
            }
            Self::RecordEmpty => Fault("one of its records is empty"),
            Self::RecordTooLong => Fault("one of its records is longer than 16384 bytes"),
            Self::RecordVersion => Fault("one of its records is of no version of SSL or TLS"),
            Self::RecordsTooMany => Fault("it is cut into more than 1024 records"),
            Self::ServerName => Fault("the server name is malformed"),
            Self::ServerNameInvalid => Fault("the server name is no host name"),
            Self::ServerNameRepeated => Fault("there is more than one server name"),
            Self::ServerNameType => Fault("the server name is of an unknown type"),
            Self::SessionId => Fault("the session ID is malformed or longer than 32 bytes"),
            Self::SignatureAlgorithms => Fault("the list of signature algorithms is malformed"),
            Self::SslV2 => Instead("a hello of SSL 2.0"),
            Self::SupportedGroups => Fault("the list of supported groups is malformed"),
            Self::SupportedVersions => Fault("the list of supported versions is malformed"),
            Self::TooLong => Fault("it is longer than the limit"),
            Self::TooShort => Fault("it ends within its version and random bytes"),
            Self::TrailingBytes => Fault("bytes follow its extensions"),
            Self::Version => Fault("its version is none of SSL or TLS"),
        }
    }
}

impl fmt::Display for HelloError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Text::Fault(fault) => write!(f, "received an invalid TLS client hello: {fault}"),
            Text::Instead(other) => write!(f, "received {other} instead of a TLS client hello"),
        }
    }
}

impl Error for HelloError {}
