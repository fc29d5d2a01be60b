//! A request's body held back: waited for before a server is asked (`option.http-buffer-request`), and
//! kept so that it can be sent again (`retry-on`).

use super::Stream;
use super::forward::{append, frame};
use crate::connect::Fault;
use crate::io::{Chunk, RecvBuf, io};
use crate::observe::StreamEnd;
use crate::proto::h1::{BodyDecoder, Framing};
use crate::session::{Session, millis};

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

impl Stream {
    /// Decides what is kept of the body, and waits for it if the configuration says so: for all of it,
    /// or as much as a buffer takes.
    pub(super) async fn hold_body(&mut self, session: &Session) -> Result<(), Fault> {
        let Some(place) = &self.progress.place else { return Ok(()) };
        let config = place.backend().config();
        self.progress.keeps_body = config.retry_on.is_beyond_connect();
        if !(session.config().buffer_request || config.buffer_request) {
            return Ok(());
        }
        let deadline = self.body_deadline(session);
        self.await_body(session, deadline, 0).await
    }

    /// Until when a body that is waited for must be here: it counts as part of the request.
    pub(super) fn body_deadline(&self, session: &Session) -> u64 {
        self.progress.times.begun + millis(session.config().timeouts.http_request)
    }

    /// Waits for the request's body: for all of it, for `at_least` bytes if that is not 0, or for as much
    /// as a buffer takes.
    pub(super) async fn await_body(
        &mut self,
        session: &Session,
        deadline: u64,
        at_least: usize,
    ) -> Result<(), Fault> {
        let is_expected = std::mem::take(&mut self.request.expect_continue);
        let is_enough = at_least > 0 && self.body.len() >= at_least;
        if self.is_request_done() || is_enough {
            return Ok(());
        }
        if is_expected && !session.client.has_input() {
            self.offer_continue(session);
        }
        loop {
            while let Some(buffer) = session.client.take() {
                if self.hold(session, buffer)? || at_least > 0 && self.body.len() >= at_least {
                    // As HAProxy, which counts the wait as part of the request.
                    self.progress.times.head = io().now_ms();
                    return Ok(());
                }
            }
            if session.client.input_end().is_some() {
                return Err(Fault::new(StreamEnd::CLIENT_REQUEST, 0));
            }
            if io().now_ms() >= deadline {
                return Err(Fault::new(StreamEnd::CLIENT_TIMEOUT_REQUEST, 408));
            }
            if session.shard.killing.get() {
                return Err(Fault::new(StreamEnd::KILLED_REQUEST, 0));
            }
            session.task.wait(deadline).await;
        }
    }

    /// The client waits for somebody's word before it sends its body, and the server will have it only
    /// afterwards.
    fn offer_continue(&mut self, session: &Session) {
        session.client.queue(Chunk::Static(CONTINUE));
        session.client.flush();
        self.progress.bytes_out += CONTINUE.len() as u64;
    }

    /// Keeps a buffer of the body. Returns whether that is enough.
    fn hold(&mut self, session: &Session, buffer: RecvBuf) -> Result<bool, Fault> {
        self.keep_part(session, buffer)?;
        Ok(self.is_request_done() || self.body.len() >= session.shard.config.global.tune.bufsize)
    }

    /// Appends a buffer of the body to what is kept. Returns where that begins.
    pub(super) fn keep_part(
        &mut self,
        session: &Session,
        mut buffer: RecvBuf,
    ) -> Result<usize, Fault> {
        let start = self.body.len();
        let Some(body) = &mut self.progress.request_body else { return Ok(start) };
        let before = buffer.len();
        append(body, &mut buffer, &mut self.body)
            .map_err(|error| Fault::new(StreamEnd::PROXY_DATA, error.status()))?;
        self.count_received(session, before - buffer.len());
        self.progress.client.seen(io().now_ms());
        if !buffer.is_empty() {
            session.client.put_back(buffer);
        }
        Ok(start)
    }

    /// Appends the body from `start` on, as it goes to a server.
    pub(super) fn frame_body(&self, out: &mut Vec<u8>, start: usize) {
        let data = self.body.get(start..).unwrap_or_default();
        let is_chunked = self.request.framing == Framing::Chunked;
        let body = self.progress.request_body.as_ref().filter(|body| body.is_done());
        frame(out, data, is_chunked, body.map(BodyDecoder::trailers));
    }
}
