//! What the client is told of a stream that cannot go on.

use super::{Next, Stream};
use crate::connect::Fault;
use crate::error_page::write_reply;
use crate::io::{Chunk, io};
use crate::observe::Who;
use crate::proto::h1::Method;
use crate::session::Session;

impl Stream {
    /// Tells the client of a fault if there is still something to be told.
    pub(super) async fn answer(&mut self, session: &Session, fault: Fault) -> Next {
        self.progress.server = None;
        self.progress.keep_client = false;
        if self.progress.response_begun {
            return self.cut(session, fault).await;
        }
        if fault.status == 0 {
            return self.leave(session).await;
        }
        self.progress.status = fault.status;
        let reply = self.reply(session, fault.status);
        if reply.is_empty() {
            return self.leave(session).await;
        }
        if self.progress.head_read {
            // As HAProxy, which does not count the answer to what was no request.
            self.progress.bytes_out += reply.len() as u64;
        }
        session.client.queue(Chunk::Owned(reply));
        session.client.flush_last();
        self.progress.client.seen(io().now_ms());
        match self.flush_client(session).await {
            Ok(()) => Next::Linger,
            Err(_) => Next::Close,
        }
    }

    /// Closes without a word. The response before this one may still be queued, and is not lost.
    async fn leave(&mut self, session: &Session) -> Next {
        let _ = self.flush_client(session).await;
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
