//! The request's half of a stream: its head is read, sent to a server, and its body follows.

use proxy_config::model::ConnectionMode;

use super::Stream;
use super::forward::forward;
use crate::connect::{Fault, Place};
use crate::io::{Chunk, Conn, RecvBuf, io};
use crate::observe::StreamEnd;
use crate::proto::h1::{
    BodyDecoder, CRLF, ConnectionOut, Framing, Limits, ParseError, RequestOut, encode_request,
};
use crate::session::{Session, millis};

/// A body up to this length that came with its head is kept, so that it can be sent again.
const KEPT_BODY_MAX: usize = 4096;

impl Stream {
    pub(super) async fn read_head(&mut self, session: &Session) -> Result<(), Fault> {
        let first = session.requests == 0;
        let begun = if first { session.since_ms } else { self.progress.times.begun };
        let deadline = begun + millis(session.config().timeouts.http_request);
        loop {
            while let Some(buffer) = session.client.take() {
                let limits = &session.shard.frontends[session.frontend].limits;
                let complete = self.parse_head(session, buffer, limits);
                if complete.map_err(|error| Fault::new(StreamEnd::PROXY_REQUEST, error.status()))? {
                    self.begin_request(session);
                    return Ok(());
                }
            }
            if session.client.input_end().is_some() {
                return Err(self.unfinished(session, StreamEnd::CLIENT_REQUEST, 400));
            }
            if session.shard.killing.get() {
                return Err(Fault::new(StreamEnd::KILLED_REQUEST, 0));
            }
            if io().now_ms() >= deadline {
                return Err(self.unfinished(session, StreamEnd::CLIENT_TIMEOUT_REQUEST, 408));
            }
            session.task.wait(deadline).await;
        }
    }

    /// The client sent no whole head. One that sent nothing at all may be a browser's spare connection,
    /// or a monitor.
    fn unfinished(&mut self, session: &Session, end: StreamEnd, status: u16) -> Fault {
        let is_probe = self.progress.bytes_in == 0;
        let config = session.config();
        self.progress.is_unlogged = is_probe && config.log_options.without_null;
        if is_probe && config.ignore_probes {
            self.progress.is_unlogged = true;
            return Fault::new(end, 0);
        }
        Fault::new(end, status)
    }

    /// Counts bytes from the client.
    pub(super) fn count_received(&mut self, session: &Session, len: usize) {
        self.progress.bytes_in += len as u64;
        session.shard.frontend_counters(session.frontend).bytes_in.add(len as u64);
    }

    /// Adds a buffer to the head. What follows the head stays with the connection.
    fn parse_head(
        &mut self,
        session: &Session,
        mut buffer: RecvBuf,
        limits: &Limits,
    ) -> Result<bool, ParseError> {
        let before = self.request_bytes.len();
        let received = buffer.len();
        let parsed = match before {
            0 => self.request.parse(buffer.bytes(), limits),
            _ => self.parse_longer_head(&buffer, limits),
        };
        let complete = parsed.inspect_err(|_| self.count_received(session, received))?;
        if before == 0 {
            let len = if complete { self.request.len } else { buffer.len() };
            self.request_bytes.extend_from_slice(buffer.bytes().get(..len).unwrap_or_default());
        }
        if complete {
            self.request_bytes.truncate(self.request.len);
            buffer.advance(self.request.len - before);
            self.keep_body(&mut buffer);
        }
        let rest = if complete { buffer.len() } else { 0 };
        self.count_received(session, received - rest);
        if rest > 0 {
            session.client.put_back(buffer);
        }
        Ok(complete)
    }

    /// A head of many small pieces is parsed only where it can have ended, grown too long, or gone wrong.
    fn parse_longer_head(&mut self, buffer: &RecvBuf, limits: &Limits) -> Result<bool, ParseError> {
        self.request_bytes.extend_from_slice(buffer.bytes());
        // A line feed, or what no head can have.
        let is_telling = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\r');
        if buffer.bytes().iter().any(is_telling) || self.request_bytes.len() >= limits.head_len_max
        {
            return self.request.parse(&self.request_bytes, limits);
        }
        Ok(false)
    }

    /// Keeps a small body that is all here, so that the request can be sent again as a whole.
    fn keep_body(&mut self, buffer: &mut RecvBuf) {
        let Framing::Length(len) = self.request.framing else { return };
        let Ok(len) = usize::try_from(len) else { return };
        if (1..=KEPT_BODY_MAX).contains(&len)
            && let Some(body) = buffer.bytes().get(..len)
        {
            self.body.extend_from_slice(body);
            buffer.advance(len);
        }
    }

    fn begin_request(&mut self, session: &Session) {
        let now_ms = io().now_ms();
        let left = if !self.body.is_empty() { Framing::None } else { self.request.framing };
        let config = session.config();
        let progress = &mut self.progress;
        progress.times.head = now_ms;
        progress.client.seen(now_ms);
        progress.head_read = true;
        progress.line = (self.request.method_name, self.request.target);
        progress.number = session.shard.number_request();
        progress.keep_client =
            self.request.keep_alive && config.connection_mode != ConnectionMode::Close;
        let limits = &session.shard.frontends[session.frontend].limits;
        progress.request_body = Some(BodyDecoder::new(left, limits));
        if config.captures.is_any() {
            self.capture_request(&config.captures);
        }
        session.shard.frontend_counters(session.frontend).requests.add(1);
    }

    /// Queues the head as it goes to a server, and what is kept of the body.
    pub(super) fn send_head(&self, session: &Session, conn: &Conn, place: &Place) {
        let server = place.server().map(|server| &place.backend().servers[server]);
        let closes = self.closes_server(session, place);
        let request_out = RequestOut {
            host_if_missing: server.map_or(b"", |server| server.host.as_bytes()),
            connection: match (self.request.upgrade, closes) {
                (true, _) => ConnectionOut::Upgrade,
                (false, true) => ConnectionOut::Close,
                (false, false) => ConnectionOut::None,
            },
        };
        let mut head = io().take_buffer();
        encode_request(&mut head, &self.request_bytes, &self.request, &request_out);
        self.push_identity(&mut head, session, place);
        head.extend_from_slice(CRLF);
        self.frame_body(&mut head, 0);
        place.count(|traffic| traffic.bytes_in.add(head.len() as u64));
        conn.queue(Chunk::Owned(head));
        conn.flush();
    }

    /// Moves the request's body from the client to the server as far as it goes.
    pub(super) fn pump_request(&mut self, session: &Session) -> Result<(), Fault> {
        if self.is_request_done() {
            return Ok(());
        }
        while let Some(buffer) = self.next_body(session) {
            self.take_request_body(session, buffer)?;
            if self.is_request_done() {
                break;
            }
        }
        if let Some(server) = &self.progress.server {
            server.conn.flush();
            server.conn.notify_sent(!self.is_request_done());
        }
        if !self.is_request_done() && session.client.input_end().is_some() {
            return Err(Fault::new(StreamEnd::CLIENT_DATA, 0));
        }
        Ok(())
    }

    fn next_body(&self, session: &Session) -> Option<RecvBuf> {
        let server = self.progress.server.as_ref()?;
        if server.conn.unsent() < io().window() { session.client.take() } else { None }
    }

    fn take_request_body(&mut self, session: &Session, buffer: RecvBuf) -> Result<(), Fault> {
        if self.progress.keeps_body {
            return self.send_and_keep(session, buffer);
        }
        let progress = &mut self.progress;
        let (Some(server), Some(body)) = (&progress.server, &mut progress.request_body) else {
            return Ok(());
        };
        let now_ms = io().now_ms();
        progress.client.seen(now_ms);
        if server.conn.unsent() == 0 {
            progress.server_patience.seen(now_ms);
        }
        progress.body_moved = true;
        let len = buffer.len();
        let chunked = self.request.framing == Framing::Chunked;
        let forwarded = forward(body, chunked, buffer, None, &server.conn)
            .map_err(|error| Fault::new(StreamEnd::PROXY_DATA, error.status()))?;
        let rest_len = forwarded.rest.as_ref().map_or(0, RecvBuf::len);
        if let Some(place) = &progress.place {
            place.count(|traffic| traffic.bytes_in.add(forwarded.sent_len as u64));
        }
        if let Some(rest) = forwarded.rest {
            session.client.put_back(rest);
        }
        self.count_received(session, len - rest_len);
        Ok(())
    }

    /// For a request that may have to be sent again: while its body is no longer than a buffer.
    fn send_and_keep(&mut self, session: &Session, buffer: RecvBuf) -> Result<(), Fault> {
        let start = self.keep_part(session, buffer)?;
        let mut bytes = Vec::new();
        self.frame_body(&mut bytes, start);
        let len = bytes.len() as u64;
        let progress = &mut self.progress;
        if let Some(server) = &progress.server {
            if server.conn.unsent() == 0 {
                progress.server_patience.seen(io().now_ms());
            }
            server.conn.queue(Chunk::Owned(bytes));
        }
        if let Some(place) = &self.progress.place {
            place.count(|traffic| traffic.bytes_in.add(len));
        }
        self.progress.keeps_body = self.body.len() <= session.shard.config.global.tune.bufsize;
        Ok(())
    }

    pub(super) fn is_request_done(&self) -> bool {
        self.progress.request_body.as_ref().is_some_and(BodyDecoder::is_done)
    }

    /// Whether the whole request can be sent a second time, and doing so is safe: of the methods
    /// that RFC 9110 section 9.2.2 calls idempotent.
    pub(super) fn may_send_again(&self) -> bool {
        use crate::proto::h1::Method::{Delete, Get, Head, Options, Put, Trace};
        let idempotent = matches!(self.request.method, Delete | Get | Head | Options | Put | Trace);
        idempotent && !self.progress.body_moved
    }

    /// Whether the server's connection ends with this request: the stronger of the two sides' modes, or a
    /// rule's word.
    pub(super) fn closes_server(&self, session: &Session, place: &Place) -> bool {
        let mode = session.config().connection_mode.max(place.backend().config().connection_mode);
        mode > ConnectionMode::KeepAlive || self.asked.closes_server
    }
}
