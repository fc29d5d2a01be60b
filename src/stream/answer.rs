//! What the client is told of a stream that cannot go on.

use super::{Next, Stream};
use crate::connect::Fault;
use crate::error_page::write_reply;
use crate::io::{Chunk, io};
use crate::observe::Who;
use crate::proto::h1::{BodyOut, ConnectionOut, Limits, Method, ResponseOut, encode_response};
use crate::session::Session;

/// Fields that a reply of the proxy's own may have.
const FIELDS_MAX: usize = 1024;

impl Stream {
    /// Tells the client of a fault if there is still something to be told.
    pub(super) async fn answer(&mut self, session: &Session, fault: Fault) -> Next {
        self.progress.server = None;
        self.progress.held = None;
        if self.progress.response_begun {
            self.progress.keep_client = false;
            return self.cut(session, fault).await;
        }
        let of_rule = std::mem::take(&mut self.reply);
        self.progress.keep_client = !of_rule.is_empty() && self.survives_reply(session);
        if fault.status == 0 {
            return self.leave(session).await;
        }
        self.progress.status = fault.status;
        let reply = match of_rule.is_empty() {
            true => self.reply(session, fault.status),
            false => of_rule,
        };
        if reply.is_empty() {
            return self.leave(session).await;
        }
        let reply = self.finish_reply(session, reply);
        if self.progress.head_read {
            // As HAProxy, which does not count the answer to what was no request.
            self.progress.bytes_out += reply.len() as u64;
        }
        session.client.queue(Chunk::Owned(reply));
        self.progress.client.seen(io().now_ms());
        if self.progress.keep_client {
            session.client.flush();
            return match self.flush_client(session).await {
                Ok(()) => Next::Request,
                Err(_) => Next::Close,
            };
        }
        session.client.flush_last();
        match self.flush_client(session).await {
            Ok(()) => Next::Linger,
            Err(_) => Next::Close,
        }
    }

    /// A reply of the proxy's own as it goes out: `http-after-response` holds for it too.
    fn finish_reply(&mut self, session: &Session, reply: Vec<u8>) -> Vec<u8> {
        if session.extras.is_none() {
            return reply;
        }
        // What the log shows of the response is the reply.
        let limits = Limits::strict(reply.len() + 1, FIELDS_MAX);
        if !matches!(self.response.parse(&reply, &limits, Method::Get), Ok(true)) {
            return reply;
        }
        self.progress.response_judged = true;
        self.progress.status = self.response.status;
        self.response_bytes.clear();
        self.response_bytes.extend_from_slice(reply.get(..self.response.len).unwrap_or_default());
        if !self.has_after_rules(session) || self.judge_after(session).is_err() {
            return reply;
        }
        let body = reply.get(self.response.len..).unwrap_or_default();
        self.progress.keep_client &= !self.asked.closes_client;
        let is_last = !self.progress.keep_client;
        let response_out = ResponseOut {
            connection: if is_last { ConnectionOut::Close } else { ConnectionOut::None },
            body: BodyOut::None,
        };
        let mut out = io().take_buffer();
        encode_response(&mut out, &self.response_bytes, &self.response, &response_out);
        out.extend_from_slice(body);
        self.progress.status = self.response.status;
        out
    }

    /// Closes without a word. The response before this one may still be queued, and is not lost.
    async fn leave(&mut self, session: &Session) -> Next {
        let _ = self.flush_client(session).await;
        if self.progress.vanishes {
            session.client.vanish();
        }
        Next::Close
    }

    fn reply(&self, session: &Session, status: u16) -> Vec<u8> {
        let head_only = self.progress.head_read && self.request.method == Method::Head;
        let mut reply = io().take_buffer();
        let backend = self.progress.place.as_ref().map(|place| &place.backend().pages);
        let frontend = &session.shard.frontends[session.frontend].pages;
        write_reply(&mut reply, status, (backend, frontend), head_only, &mut |out, format| {
            self.with_record(session, |record| session.shard.render(out, format, record));
        });
        reply
    }

    /// Ends a response that cannot be completed: what was passed on is delivered, what is missing
    /// shows.
    async fn cut(&mut self, session: &Session, fault: Fault) -> Next {
        session.client.hide_end();
        if matches!(fault.end.who, Who::Client | Who::ClientTimeout | Who::Killed) {
            return Next::Close;
        }
        let _ = self.flush_client(session).await;
        // In TLS an end that is not said is enough, and loses nothing that is still on its way.
        if self.progress.response_closes && session.tls.is_none() {
            session.client.reset_on_close();
        }
        Next::Close
    }
}
