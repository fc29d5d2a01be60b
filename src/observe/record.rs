//! All that one access log line needs to know of a stream.

use std::net::SocketAddr;

use super::end::StreamEnd;

/// A finished stream, as the log sees it. Borrowed: made on the stack when the stream ends.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// `None` is a client on a UNIX socket, printed as `unix:` and `bind_number`.
    pub client: Option<SocketAddr>,
    /// Which bind of the frontend accepted, from 1.
    pub bind_number: u32,
    /// Wall clock, milliseconds since the epoch: when the connection was accepted. The tcp
    /// format's date.
    pub accept_ms: u64,
    /// Wall clock, milliseconds since the epoch: when the request's first byte arrived. The http
    /// format's date.
    pub request_ms: u64,
    pub frontend: &'a str,
    /// The client spoke TLS: `~` follows the frontend's name.
    pub tls: bool,
    /// The frontend's name again when no backend was chosen.
    pub backend: &'a str,
    /// `None` is printed as `<NOSRV>`.
    pub server: Option<&'a str>,
    pub timers: Timers,
    /// What the client was answered; -1 when it was answered nothing.
    pub status: i32,
    /// Bytes sent to the client, heads included.
    pub bytes: u64,
    pub end: StreamEnd,
    pub counts: Counts,
    /// `None` is printed as `<BADREQ>`.
    pub request: Option<RequestLine<'a>>,
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
    /// `TR`: from the request's first byte to the end of its head. Not in the tcp format.
    pub request_ms: i64,
    /// `Tw`: waiting in queues, and between attempts to connect.
    pub queue_ms: i64,
    /// `Tc`: connecting to the server.
    pub connect_ms: i64,
    /// `Tr`: from the request's last byte sent to the response's head. Not in the tcp format.
    pub response_ms: i64,
    /// `Ta` of the http format, from the request's first byte to the end; `Tt` of the tcp format,
    /// from accept to the end.
    pub total_ms: i64,
}

impl Timers {
    /// No step reached: where a stream begins.
    pub const NONE: Self =
        Self { request_ms: -1, queue_ms: -1, connect_ms: -1, response_ms: -1, total_ms: -1 };
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
}
