//! All that one access log line needs to know of a stream.

use std::net::SocketAddr;

use proxy_config::model::rule::Expr;

use super::end::StreamEnd;

/// A finished stream, as the log sees it. Borrowed: made on the stack when the stream ends.
#[derive(Clone)]
pub struct Record<'a> {
    /// `None` is a client on a UNIX socket, printed as `unix:` and `bind_number`.
    pub client: Option<SocketAddr>,
    /// Which bind of the frontend accepted, from 1.
    pub bind_number: u32,
    /// Where the client connected to; `None` on a UNIX socket, and where no format shows it.
    pub destination: Option<SocketAddr>,
    /// Both ends of the server connection; `None` without one, and where no format shows them.
    pub server_conn: Option<ConnEnds>,
    /// Wall clock, milliseconds since the epoch: when the connection was accepted. The tcp
    /// format's date.
    pub accept_ms: u64,
    /// Wall clock, milliseconds since the epoch: when the request's first byte arrived. The http
    /// format's date.
    pub request_ms: u64,
    pub frontend: &'a str,
    /// The client speaks TLS: `~` follows the frontend's name.
    pub tls: Option<TlsNames>,
    /// The frontend's name again when no backend was chosen.
    pub backend: &'a str,
    /// `None` is printed as `<NOSRV>`.
    pub server: Option<&'a str>,
    pub timers: Timers,
    /// What the client was answered; -1 when it was answered nothing.
    pub status: i32,
    /// Bytes sent to the client, heads included.
    pub bytes: u64,
    /// Bytes received from the client, heads included.
    pub bytes_received: u64,
    pub end: StreamEnd,
    pub counts: Counts,
    /// `None` is printed as `<BADREQ>`.
    pub request: Option<RequestLine<'a>>,
    /// Empty when there is none.
    pub unique_id: &'a [u8],
    pub captured: Captured<'a>,
    /// Written before the end (`option.logasap`): `+` stands before the total time and the bytes.
    pub is_early: bool,
    /// What answers the sample expressions of log formats; `None` where nothing does.
    pub samples: Option<&'a dyn Samples>,
    /// The severity of its lines, where a rule set one (`set-log-level`).
    pub level: Option<u8>,
}

/// Evaluates the sample expressions of log formats.
pub trait Samples {
    /// Appends the text of a sample, cast as HAProxy casts it, and says what it was.
    fn put(&self, out: &mut Vec<u8>, expr: &Expr) -> SampleKind;
}

/// What a sample is beyond its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleKind {
    Missing,
    Bool(bool),
    Int(i64),
    Text,
}

/// What `capture.*` found.
#[derive(Debug, Clone, Copy, Default)]
pub struct Captured<'a> {
    /// A value for each header that is captured; `None`: the message had none. Empty where nothing
    /// is captured.
    pub request_headers: &'a [Option<&'a [u8]>],
    pub response_headers: &'a [Option<&'a [u8]>],
    /// `name=value`.
    pub request_cookie: Option<&'a [u8]>,
    pub response_cookie: Option<&'a [u8]>,
}

impl Captured<'_> {
    /// Whether nothing is captured, or could be.
    pub(super) const fn is_empty(&self) -> bool {
        self.request_headers.is_empty()
            && self.response_headers.is_empty()
            && self.request_cookie.is_none()
            && self.response_cookie.is_none()
    }
}

/// What a client's TLS connection agreed on, by OpenSSL's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsNames {
    /// `%sslv`.
    pub version: &'static str,
    /// `%sslc`.
    pub cipher: &'static str,
}

/// The addresses of a connection that we made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnEnds {
    pub source: SocketAddr,
    pub destination: SocketAddr,
}

impl From<(SocketAddr, SocketAddr)> for ConnEnds {
    fn from((source, destination): (SocketAddr, SocketAddr)) -> Self {
        Self { source, destination }
    }
}

/// The parts of a request line, as they came.
#[derive(Debug, Clone, Copy)]
pub struct RequestLine<'a> {
    pub method: &'a [u8],
    pub target: &'a [u8],
    /// `HTTP/1.1`.
    pub version: &'a [u8],
}

/// Milliseconds that the steps of a stream took; -1 for a step that was not reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// `Th`: the handshakes before the session's first byte; 0 from its second request on.
    pub handshake_ms: i64,
    /// `Ti`: from the handshakes, or the previous response, to the request's first byte.
    pub idle_ms: i64,
    /// `TR`: from the request's first byte to the end of its head. Not in the tcp format.
    pub request_ms: i64,
    /// `Tw`: waiting in queues, and between attempts to connect.
    pub queue_ms: i64,
    /// `Tc`: connecting to the server.
    pub connect_ms: i64,
    /// `Tr`: from the request's last byte sent to the response's head. Not in the tcp format.
    pub response_ms: i64,
    /// `Ta`: from the request's first byte to the end.
    pub active_ms: i64,
    /// `Tt`: from accept to the end; of later requests of a session, from the end of the one
    /// before.
    pub total_ms: i64,
}

impl Timers {
    /// No step reached: where a stream begins.
    pub const NONE: Self = Self {
        handshake_ms: -1,
        idle_ms: -1,
        request_ms: -1,
        queue_ms: -1,
        connect_ms: -1,
        response_ms: -1,
        active_ms: -1,
        total_ms: -1,
    };

    /// `Tq`: from accept, or the previous response, to the end of the request's head.
    pub fn query_ms(&self) -> i64 {
        if self.request_ms < 0 {
            return -1;
        }
        self.handshake_ms.max(0).saturating_add(self.idle_ms.max(0)).saturating_add(self.request_ms)
    }

    /// `Td`: from the response's head, or from the connection without HTTP, to the end.
    pub(super) fn data_ms(&self) -> i64 {
        let is_http = self.request_ms >= 0;
        let before = [self.request_ms, self.queue_ms, self.connect_ms, self.response_ms];
        let reached = if is_http { self.response_ms } else { self.connect_ms };
        if reached < 0 {
            return -1;
        }
        let all_ms = if self.active_ms >= 0 { self.active_ms } else { self.total_ms };
        before.iter().fold(all_ms, |rest, step| rest.saturating_sub((*step).max(0))).max(0)
    }

    /// `Tu`: what the user felt, all but the idle time.
    pub fn user_ms(&self) -> i64 {
        if self.total_ms < 0 {
            -1
        } else {
            self.total_ms.saturating_sub(self.idle_ms.max(0)).max(0)
        }
    }
}

/// How busy things were when the stream ended, itself included, and what it took to connect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// `ac`: client connections of the process.
    pub process: u64,
    /// `fc`: client connections of the frontend.
    pub frontend: u64,
    /// `bc`: streams of the backend.
    pub backend: u64,
    /// `sc`: streams of the server.
    pub server: u64,
    /// `rc`: attempts to connect after the first.
    pub retries: u64,
    /// Another server than the first one was taken: `+` before `rc`.
    pub redispatched: bool,
    /// `sq`: requests that were ahead in the server's queue.
    pub server_queue: u64,
    /// `bq`: requests that were ahead in the backend's queue.
    pub backend_queue: u64,
    /// `lc`: lines that the frontend logged.
    pub logged: u64,
    /// `rt`: the number of this request, unique in the process.
    pub request: u64,
}
