//! Access logs: where they go, and the log-format language.

use std::path::PathBuf;
use std::sync::Arc;

use super::rule::Expr;

/// One access log of a frontend.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    pub target: LogTarget,
    pub format: LogFormat,
    /// RFC 3164 facility number, 0 to 23 (default 16, `local0`).
    pub facility: u8,
    /// `level`: lines of a higher severity number than this are not logged, 0 (emerg) to 7 (debug,
    /// the default).
    pub level: u8,
    /// `minlevel`: lines of a lower severity number are logged with this one (default 0).
    pub minlevel: u8,
    /// `len`: bytes of a line, 80 to 65535 (default 1024).
    pub len: usize,
    /// The header of each line; used by syslog targets only.
    pub syslog: SyslogFormat,
    /// `log-tag`, the name of the program in syslog headers (default `corelane`).
    pub tag: String,
    /// `global.log-send-hostname`: the host's name in RFC 3164 headers; `None`: none is sent (RFC
    /// 5424 has the system's then).
    pub hostname: Option<String>,
    /// `log-format-sd`: structured data of RFC 5424.
    pub structured_data: Option<Arc<Format>>,
}

impl Log {
    /// A log with the defaults of everything else.
    pub fn new(target: LogTarget, format: LogFormat) -> Self {
        Self {
            target,
            format,
            facility: 16,
            level: 7,
            minlevel: 0,
            len: 1024,
            syslog: SyslogFormat::default(),
            tag: "corelane".to_owned(),
            hostname: None,
            structured_data: None,
        }
    }
}

/// `target` of a `log`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LogTarget {
    File(PathBuf),
    Stderr,
    Stdout,
    Udp { host: String, port: u16 },
    Unix(PathBuf),
}

/// How a line is wrapped for a syslog daemon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SyslogFormat {
    /// The line alone.
    Raw,
    #[default]
    Rfc3164,
    Rfc5424,
}

/// `format` of a `log`; by default the frontend's `log-format`, or that of `option.httplog` or
/// `option.tcplog`, or that of the mode.
#[derive(Debug, Clone, PartialEq)]
pub enum LogFormat {
    /// HAProxy's httplog line, which has code of its own.
    Http,
    /// HAProxy's tcplog line, which has code of its own.
    Tcp,
    /// Any other: `json`, `clf`, a log-format string.
    Custom(Arc<Format>),
}

impl LogFormat {
    /// Whether a line shows `field`.
    pub fn shows(&self, field: LogField) -> bool {
        match self {
            Self::Http => LogField::HTTP.contains(&field),
            Self::Tcp => LogField::TCP.contains(&field),
            Self::Custom(format) => format.shows(field),
        }
    }
}

/// Which streams are logged, and when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// `option.dontlognull`: nothing of connections on which no byte came.
    pub without_null: bool,
    /// `option.dontlog-normal`: nothing of streams that went well.
    pub without_normal: bool,
    /// `option.log-separate-errors`: streams that did not go well get the level `err` in place of
    /// `info`.
    pub separate_errors: bool,
    /// `option.logasap`: the line is written when the response begins.
    pub asap: bool,
}

/// A log-format string, parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Format {
    pub encoding: Encoding,
    /// No two [`FormatPiece::Text`] in a row.
    pub pieces: Vec<FormatPiece>,
}

impl Format {
    /// Whether it has `field`, and shows it: in a JSON line only what has a name is shown.
    pub fn shows(&self, field: LogField) -> bool {
        self.pieces.iter().any(|piece| match piece {
            FormatPiece::Field { field: shown, name, .. } => {
                *shown == field && (self.encoding == Encoding::Text || name.is_some())
            }
            FormatPiece::Text(_) | FormatPiece::Sample { .. } => false,
        })
    }

    /// The sample expressions that it shows.
    pub fn samples(&self) -> impl Iterator<Item = &Expr> {
        self.pieces.iter().filter_map(|piece| match piece {
            FormatPiece::Sample { expr, .. } => Some(&**expr),
            FormatPiece::Field { .. } | FormatPiece::Text(_) => None,
        })
    }
}

/// How the pieces become a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    /// One after the other.
    #[default]
    Text,
    /// One object; each named field is a member, texts are left out (`%{+json}o`).
    Json,
}

#[derive(Debug, Clone, PartialEq)]
pub enum FormatPiece {
    /// As it is, `%%` being one `%` already.
    Text(String),
    Field {
        field: LogField,
        flags: LogFlags,
        /// `%(name)ci`; in a JSON line fields without a name are left out.
        name: Option<String>,
    },
    /// `%[EXPR]`
    Sample { expr: Box<Expr>, flags: LogFlags, name: Option<String> },
}

/// `%{+Q,+X,+E}`: how a field is written in text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogFlags {
    /// `+Q`: between quotes, and without what is not there: `""`.
    pub quote: bool,
    /// `+X`: numbers and addresses in hexadecimal.
    pub hex: bool,
    /// `+E`: `"`, `\` and `]` are escaped with a `\` (RFC 5424 structured data).
    pub escape: bool,
}

macro_rules! log_fields {
    ($($(#[$doc:meta])* $variant:ident $alias:literal)*) => {
        /// What a log-format string can show, by HAProxy's aliases (its manual, section 8.2.6).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum LogField {
            $($(#[$doc])* #[doc = concat!(" (`%", $alias, "`)")] $variant,)*
        }

        impl LogField {
            /// Every field.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The letters behind the `%`.
            pub const fn alias(self) -> &'static str {
                match self {
                    $(Self::$variant => $alias,)*
                }
            }
        }
    };
}

log_fields! {
    /// The client's address; `unix` on a UNIX socket
    ClientIp "ci"
    /// The client's port; the number of the bind on a UNIX socket
    ClientPort "cp"
    /// The address that the client connected to
    FrontendIp "fi"
    /// The port that the client connected to
    FrontendPort "fp"
    /// Our address of the server connection
    BackendSourceIp "bi"
    /// Our port of the server connection
    BackendSourcePort "bp"
    /// The server's address
    ServerIp "si"
    /// The server's port
    ServerPort "sp"
    /// The frontend's name
    Frontend "f"
    /// The frontend's name, followed by `~` where the client spoke TLS
    FrontendTransport "ft"
    /// The backend's name
    Backend "b"
    /// The server's name, or `<NOSRV>`
    Server "s"
    /// When the connection was accepted, with milliseconds
    AcceptDate "t"
    /// The milliseconds of `%t`, three digits
    AcceptMillis "ms"
    /// When the connection was accepted, in UTC: `02/Jan/2006:15:04:05 +0000`
    AcceptDateUtc "T"
    /// When the connection was accepted, local time: `02/Jan/2006:15:04:05 +0100`
    AcceptDateLocal "Tl"
    /// When the connection was accepted, seconds since 1970
    AcceptTimestamp "Ts"
    /// When the request began, with milliseconds
    RequestDate "tr"
    /// When the request began, in UTC
    RequestDateUtc "trg"
    /// When the request began, local time
    RequestDateLocal "trl"
    /// `Th`: TLS and PROXY handshakes
    HandshakeTime "Th"
    /// `Ti`: idle before the request
    IdleTime "Ti"
    /// `TR`: the request's head
    RequestTime "TR"
    /// `Tq`: `Th` + `Ti` + `TR`
    QueryTime "Tq"
    /// `Tw`: in queues
    QueueTime "Tw"
    /// `Tc`: connecting to the server
    ConnectTime "Tc"
    /// `Tr`: the server's head
    ResponseTime "Tr"
    /// `Td`: the data
    DataTime "Td"
    /// `Ta`: the request's whole active time
    ActiveTime "Ta"
    /// `Tt`: the session's whole time
    TotalTime "Tt"
    /// `Tu`: the time that the user felt: `Tt` without `Ti`
    UserTime "Tu"
    /// The status sent to the client
    Status "ST"
    /// Bytes sent to the client
    BytesSent "B"
    /// Bytes received from the client
    BytesReceived "U"
    /// The captured request cookie
    RequestCookie "CC"
    /// The captured response cookie
    ResponseCookie "CS"
    /// The termination state, two characters
    TerminationState "ts"
    /// The termination state with the two for cookies
    TerminationStateCookies "tsc"
    /// Client connections of the process
    ActiveConns "ac"
    /// Client connections of the frontend
    FrontendConns "fc"
    /// Streams of the backend
    BackendConns "bc"
    /// Streams of the server
    ServerConns "sc"
    /// Retries, with `+` before them when another server was taken
    Retries "rc"
    /// Requests ahead in the server's queue
    ServerQueue "sq"
    /// Requests ahead in the backend's queue
    BackendQueue "bq"
    /// Captured request headers: `{a|b}`
    RequestHeaders "hr"
    /// Captured request headers, a list in CLF style: each between quotes
    RequestHeadersClf "hrl"
    /// Captured response headers: `{a|b}`
    ResponseHeaders "hs"
    /// Captured response headers, a list in CLF style
    ResponseHeadersClf "hsl"
    /// The request line
    RequestLine "r"
    /// The request's method
    Method "HM"
    /// The request's target up to its query
    Path "HP"
    /// The path alone: without authority and query
    PathOnly "HPO"
    /// The query with its `?`
    Query "HQ"
    /// The request's target
    Uri "HU"
    /// The protocol's version
    Version "HV"
    /// The unique id
    UniqueId "ID"
    /// Lines logged by the frontend
    LogCounter "lc"
    /// The number of the request, unique in the process
    RequestCounter "rt"
    /// The host's name
    Hostname "H"
    /// The process's id
    Pid "pid"
    /// Where the line comes from
    Origin "OG"
    /// The TLS cipher suite of the client's connection
    TlsCipher "sslc"
    /// The TLS version of the client's connection
    TlsVersion "sslv"
}

impl LogField {
    /// The fields of HAProxy's httplog line, in order.
    pub const HTTP: &[Self] = &[
        Self::ClientIp,
        Self::ClientPort,
        Self::RequestDate,
        Self::FrontendTransport,
        Self::Backend,
        Self::Server,
        Self::RequestTime,
        Self::QueueTime,
        Self::ConnectTime,
        Self::ResponseTime,
        Self::ActiveTime,
        Self::Status,
        Self::BytesSent,
        Self::RequestCookie,
        Self::ResponseCookie,
        Self::TerminationStateCookies,
        Self::ActiveConns,
        Self::FrontendConns,
        Self::BackendConns,
        Self::ServerConns,
        Self::Retries,
        Self::ServerQueue,
        Self::BackendQueue,
        Self::RequestHeaders,
        Self::ResponseHeaders,
        Self::RequestLine,
    ];
    /// The fields of HAProxy's tcplog line, in order.
    pub const TCP: &[Self] = &[
        Self::ClientIp,
        Self::ClientPort,
        Self::AcceptDate,
        Self::FrontendTransport,
        Self::Backend,
        Self::Server,
        Self::QueueTime,
        Self::ConnectTime,
        Self::TotalTime,
        Self::BytesSent,
        Self::TerminationState,
        Self::ActiveConns,
        Self::FrontendConns,
        Self::BackendConns,
        Self::ServerConns,
        Self::Retries,
        Self::ServerQueue,
        Self::BackendQueue,
    ];
}
