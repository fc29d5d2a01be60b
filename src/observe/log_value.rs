//! What a field of a log format stands for in a record, before it is written in any encoding.

use std::net::{IpAddr, SocketAddr};

use proxy_config::model::LogField;

use super::escape::Encoding;
use super::record::{ConnEnds, Record, RequestLine, TlsNames};

/// The host that the lines come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) pid: u32,
}

impl Host {
    pub(super) fn this() -> Self {
        let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { name, pid: std::process::id() }
    }
}

/// Which step of a stream's life wrote the line: `%OG`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A connection that ended before its first stream.
    SessionError,
    /// A response's head, under `option.logasap`; else the end of the stream.
    Stream,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateStyle {
    Access,
    Utc,
    Local,
}

/// A field's value. `%{+X}` has an effect on addresses, ports and [`Value::Number`] alone, `%{+Q}`
/// on what is text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Ip(IpAddr),
    Port(u16),
    Date(u64, DateStyle),
    /// What is not known: -1 in text.
    Measure(i64),
    /// A measure that grows after an early line: `+` before it.
    GrowingMeasure(i64),
    /// A number, and how many digits it has in hexadecimal.
    Number(u64, usize),
    Count(u64),
    Millis(u64),
    Retries {
        count: u64,
        redispatched: bool,
    },
    /// From the configuration or the system; nothing in it needs escapes.
    Name(&'a str),
    FrontendTransport,
    State([u8; 4]),
    /// From a peer.
    Bytes(&'a [u8], Encoding),
    RequestLine(&'a RequestLine<'a>),
    /// `{a|b}`
    Headers(&'a [Option<&'a [u8]>]),
    /// `a b`, each for itself.
    HeadersClf(&'a [Option<&'a [u8]>]),
    Missing,
    /// Missing, and shown by this in text.
    Placeholder(&'static str),
}

impl<'a> Value<'a> {
    pub(super) fn of(
        field: LogField,
        record: &'a Record<'_>,
        host: &'a Host,
        origin: Origin,
    ) -> Self {
        match field {
            LogField::ClientIp => client_ip(record.client),
            LogField::ClientPort => client_port(record, record.client),
            LogField::FrontendIp if record.client.is_none() => client_ip(None),
            LogField::FrontendIp => ip(record.destination),
            LogField::FrontendPort if record.client.is_none() => client_port(record, None),
            LogField::FrontendPort => port(record.destination),
            LogField::BackendSourceIp => ip(record.server_conn.map(source)),
            LogField::BackendSourcePort => port(record.server_conn.map(source)),
            LogField::ServerIp => ip(record.server_conn.map(destination)),
            LogField::ServerPort => port(record.server_conn.map(destination)),
            LogField::Frontend => Self::Name(record.frontend),
            LogField::FrontendTransport => Self::FrontendTransport,
            LogField::Backend => Self::Name(record.backend),
            LogField::Server => record.server.map_or(Self::Placeholder("<NOSRV>"), Self::Name),
            LogField::AcceptDate => Self::Date(record.accept_ms, DateStyle::Access),
            LogField::AcceptMillis => Self::Millis(record.accept_ms % 1000),
            LogField::AcceptDateUtc => Self::Date(record.accept_ms, DateStyle::Utc),
            LogField::AcceptDateLocal => Self::Date(record.accept_ms, DateStyle::Local),
            LogField::AcceptTimestamp => Self::Number(record.accept_ms / 1000, 4),
            LogField::RequestDate => Self::Date(record.request_ms, DateStyle::Access),
            LogField::RequestDateUtc => Self::Date(record.request_ms, DateStyle::Utc),
            LogField::RequestDateLocal => Self::Date(record.request_ms, DateStyle::Local),
            LogField::UniqueId => bytes(Some(record.unique_id)),
            LogField::LogCounter => Self::Number(record.counts.logged, 4),
            LogField::RequestCounter => Self::Number(record.counts.request, 4),
            LogField::Hostname => Self::Name(&host.name),
            LogField::Pid => Self::Number(u64::from(host.pid), 4),
            LogField::Origin => Self::Name(origin.name(record)),
            LogField::TlsCipher => tls(record, |names| names.cipher),
            LogField::TlsVersion => tls(record, |names| names.version),
            _ => Self::of_stream(field, record),
        }
    }

    /// How the stream went.
    fn of_stream(field: LogField, record: &'a Record<'_>) -> Self {
        let timers = &record.timers;
        let counts = &record.counts;
        let captured = &record.captured;
        match field {
            LogField::HandshakeTime => Self::Measure(timers.handshake_ms),
            LogField::IdleTime => Self::Measure(timers.idle_ms),
            LogField::RequestTime => Self::Measure(timers.request_ms),
            LogField::QueryTime => Self::Measure(timers.query_ms()),
            LogField::QueueTime => Self::Measure(timers.queue_ms),
            LogField::ConnectTime => Self::Measure(timers.connect_ms),
            LogField::ResponseTime => Self::Measure(timers.response_ms),
            LogField::DataTime => Self::Measure(timers.data_ms()),
            LogField::ActiveTime => Self::GrowingMeasure(timers.active_ms),
            LogField::TotalTime => Self::GrowingMeasure(timers.total_ms),
            LogField::UserTime => Self::GrowingMeasure(timers.user_ms()),
            LogField::Status => Self::Measure(i64::from(record.status)),
            LogField::BytesSent => Self::GrowingMeasure(clamped(record.bytes)),
            LogField::BytesReceived => Self::Count(record.bytes_received),
            LogField::RequestCookie => bytes(captured.request_cookie),
            LogField::ResponseCookie => bytes(captured.response_cookie),
            LogField::TerminationState => {
                let [who, when] = record.end.code();
                Self::State([who, when, 0, 0])
            }
            LogField::TerminationStateCookies => {
                let [who, when] = record.end.code();
                Self::State([who, when, b'-', b'-'])
            }
            LogField::ActiveConns => Self::Count(counts.process),
            LogField::FrontendConns => Self::Count(counts.frontend),
            LogField::BackendConns => Self::Count(counts.backend),
            LogField::ServerConns => Self::Count(counts.server),
            LogField::Retries => {
                Self::Retries { count: counts.retries, redispatched: counts.redispatched }
            }
            LogField::ServerQueue => Self::Count(counts.server_queue),
            LogField::BackendQueue => Self::Count(counts.backend_queue),
            LogField::RequestHeaders => Self::Headers(captured.request_headers),
            LogField::RequestHeadersClf => Self::HeadersClf(captured.request_headers),
            LogField::ResponseHeaders => Self::Headers(captured.response_headers),
            LogField::ResponseHeadersClf => Self::HeadersClf(captured.response_headers),
            _ => Self::of_request(field, record.request.as_ref()),
        }
    }

    /// Parts of the request line.
    fn of_request(field: LogField, request: Option<&'a RequestLine<'_>>) -> Self {
        let Some(request) = request else {
            return Self::Placeholder("<BADREQ>");
        };
        let (before_query, query) = split_at_query(request.target);
        let text = match field {
            LogField::RequestLine => return Self::RequestLine(request),
            LogField::Method => request.method,
            LogField::Path => before_query,
            LogField::PathOnly => path_only(before_query),
            LogField::Query => query,
            LogField::Uri => request.target,
            LogField::Version => request.version,
            _ => return Self::Missing,
        };
        Self::Bytes(text, Encoding::Request)
    }
}

impl Origin {
    const fn name(self, record: &Record<'_>) -> &'static str {
        match self {
            Self::SessionError => "sess_error",
            Self::Stream if record.is_early => "txn_response",
            Self::Stream => "txn_close",
        }
    }
}

const fn source(ends: ConnEnds) -> SocketAddr {
    ends.source
}

const fn destination(ends: ConnEnds) -> SocketAddr {
    ends.destination
}

fn client_ip(client: Option<SocketAddr>) -> Value<'static> {
    client.map_or(Value::Name("unix"), |address| Value::Ip(address.ip()))
}

fn client_port(record: &Record<'_>, client: Option<SocketAddr>) -> Value<'static> {
    let bind = Value::Count(u64::from(record.bind_number));
    client.map_or(bind, |address| Value::Port(address.port()))
}

fn ip(address: Option<SocketAddr>) -> Value<'static> {
    address.map_or(Value::Missing, |address| Value::Ip(address.ip()))
}

fn port(address: Option<SocketAddr>) -> Value<'static> {
    address.map_or(Value::Missing, |address| Value::Port(address.port()))
}

fn bytes(text: Option<&[u8]>) -> Value<'_> {
    match text {
        Some(text) if !text.is_empty() => Value::Bytes(text, Encoding::Plain),
        _ => Value::Missing,
    }
}

fn clamped(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The query with its `?`; empty without one.
fn split_at_query(target: &[u8]) -> (&[u8], &[u8]) {
    target.split_at(memchr::memchr(b'?', target).unwrap_or(target.len()))
}

/// What comes behind the authority of an absolute target; empty where there is no path at all, as
/// in `*` or `host:443`.
fn path_only(before_query: &[u8]) -> &[u8] {
    if before_query.first() == Some(&b'/') {
        return before_query;
    }
    let authority = memchr::memmem::find(before_query, b"://").map(|at| at + 3);
    let rest = authority.and_then(|at| before_query.get(at..)).unwrap_or_default();
    memchr::memchr(b'/', rest).and_then(|at| rest.get(at..)).unwrap_or_default()
}

fn tls<'a>(record: &Record<'_>, name: impl Fn(TlsNames) -> &'static str) -> Value<'a> {
    record.tls.map_or(Value::Missing, |names| Value::Name(name(names)))
}
#[cfg(test)]
mod tests {
    use super::*;

    /// What HAProxy 2.6.12 shows by `%HP`, `%HPO` and `%HQ`.
    #[test]
    fn targets_are_split_as_haproxy_does() {
        for (target, before_query, path, query) in [
            ("/", "/", "/", ""),
            ("/a?b?c", "/a", "/a", "?b?c"),
            ("/deny?", "/deny", "/deny", "?"),
            ("http://h.x/p/q?y=1", "http://h.x/p/q", "/p/q", "?y=1"),
            ("http://a.b?x", "http://a.b", "", "?x"),
            ("http://a.b", "http://a.b", "", ""),
            ("a.b:80", "a.b:80", "", ""),
            ("?x", "", "", "?x"),
            ("*", "*", "", ""),
            ("", "", "", ""),
        ] {
            let split = split_at_query(target.as_bytes());
            assert_eq!(split, (before_query.as_bytes(), query.as_bytes()), "{target}");
            assert_eq!(path_only(split.0), path.as_bytes(), "{target}");
        }
    }
}
