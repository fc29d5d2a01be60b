//! A request's body held back: waited for before a server is asked (`option.http-buffer-request`), and
//! kept so that it can be sent again (`retry-on`).

use super::Stream;
use super::forward::append;
use crate::connect::Fault;
use crate::io::{Chunk, RecvBuf, io};
use crate::observe::StreamEnd;
use crate::proto::h1::Framing;
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
        let is_expected = std::mem::take(&mut self.request.expect_continue);
        if self.is_request_done() {
            return Ok(());
        }
        if is_expected && !session.client.has_input() {
            self.offer_continue(session);
        }
        let deadline = self.progress.times.begun + millis(session.config().timeouts.http_request);
        loop {
            while let Some(buffer) = session.client.take() {
                if self.hold(session, buffer)? {
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
        Ok(self.is_request_done() || self.held_len() >= session.shard.config.global.tune.bufsize)
    }

    /// Appends a buffer of the body to what is kept, framed as it goes to a server. Returns where that
    /// begins.
    pub(super) fn keep_part(
        &mut self,
        session: &Session,
        mut buffer: RecvBuf,
    ) -> Result<usize, Fault> {
        let start = self.request_bytes.len();
        let Some(body) = &mut self.progress.request_body else { return Ok(start) };
        let chunked = self.request.framing == Framing::Chunked;
        let before = buffer.len();
        append(body, chunked, &mut buffer, &mut self.request_bytes)
            .map_err(|error| Fault::new(StreamEnd::PROXY_DATA, error.status()))?;
        self.count_received(session, before - buffer.len());
        self.progress.client.seen(io().now_ms());
        if !buffer.is_empty() {
            session.client.put_back(buffer);
        }
        Ok(start)
    }

    /// Bytes of the body that are kept, framed.
    pub(super) fn held_len(&self) -> usize {
        self.request_bytes.len().saturating_sub(self.request.len)
    }
}
