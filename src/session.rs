//! A session: the life of one client connection, from accept to close.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use proxy_config::model::{self, BackendId, Mode};

use crate::backend::ServerIndex;
use crate::io::{Conn, Task, io};
use crate::shard::admission::Permit;
use crate::shard::{Enrolled, Shard};
use crate::stream::Next;
use crate::tunnel;

/// What arrived at a closing connection is read and thrown away up to here, so that the reset for
/// unread bytes does not overtake our last answer.
const LINGER_BYTES: usize = 256 * 1024;
const LINGER_MS: u64 = 2000;
/// How long a connection that was accepted just before a drain has to say something.
const FRESH_MS: u64 = 100;

/// A connection that was accepted.
pub struct Accepted {
    pub fd: OwnedFd,
    pub frontend: usize,
    /// Which bind of the frontend, from 1.
    pub bind_number: u32,
    /// Its place under `maxconn`.
    pub permit: Permit,
}

pub struct Session {
    pub task: Task,
    pub shard: Rc<Shard>,
    pub client: Conn,
    /// `None` for a client on a UNIX socket, or when nobody asks.
    pub peer: Option<SocketAddr>,
    pub frontend: usize,
    pub bind_number: u32,
    pub accepted_ms: u64,
    /// Requests that came before the current one.
    pub requests: u32,
    /// A server connection that only this session may use (`http-reuse never`).
    pub private: Option<(BackendId, ServerIndex, Conn)>,
    _permit: Permit,
    _enrolled: Enrolled,
}

/// Serves a client connection until it ends.
pub async fn run(task: Task, shard: Rc<Shard>, accepted: Accepted) {
    let mut session = Session::open(task, shard, accepted);
    match session.config().mode {
        Mode::Http => session.serve_http().await,
        Mode::Tcp => tunnel::serve_tcp(&mut session).await,
    }
}

impl Session {
    fn open(task: Task, shard: Rc<Shard>, accepted: Accepted) -> Self {
        let client = Conn::adopt(accepted.fd, task.id());
        let asks_peer = shard.frontends[accepted.frontend].asks_peer;
        let counters = shard.frontend_counters(accepted.frontend);
        counters.conns.add(1);
        counters.current.add(1);
        Self {
            peer: if asks_peer { client.peer_address() } else { None },
            client,
            frontend: accepted.frontend,
            bind_number: accepted.bind_number,
            accepted_ms: io().now_ms(),
            requests: 0,
            private: None,
            _permit: accepted.permit,
            _enrolled: shard.enroll(task.id()),
            task,
            shard,
        }
    }

    pub fn config(&self) -> &model::Frontend {
        &self.shard.config.frontends[self.frontend]
    }

    async fn serve_http(&mut self) {
        while self.await_request().await {
            let mut stream = self.shard.take_stream();
            let next = stream.serve(self).await;
            if !matches!(next, Next::Tunnel) {
                self.shard.give_stream(stream);
                self.requests += 1;
                match next {
                    Next::Request => continue,
                    Next::Close => {}
                    Next::Linger | Next::Tunnel => self.linger().await,
                }
                return;
            }
            tunnel::serve_upgraded(self, stream).await;
            return;
        }
        self.flush().await;
    }

    /// Waits for the end of a response that counted as sent when it was queued.
    async fn flush(&self) {
        let deadline = io().now_ms() + millis(self.config().timeouts.client);
        self.client.notify_sent(true);
        while self.client.unsent() > 0
            && self.client.send_error().is_none()
            && io().now_ms() < deadline
            && !self.shard.killing.get()
        {
            self.task.wait(deadline).await;
        }
    }

    /// Waits until there is something to read, be it the end. False when the connection is to be
    /// closed without a word: it idled too long, the client closed it, or the shard drains.
    async fn await_request(&self) -> bool {
        let timeouts = &self.config().timeouts;
        let first = self.requests == 0;
        let mut deadline = match first {
            true => self.accepted_ms + millis(timeouts.http_request),
            false => io().now_ms() + millis(timeouts.http_keep_alive),
        };
        loop {
            if self.client.has_input() {
                return true;
            }
            let ended = self.client.input_end().is_some() || self.client.send_error().is_some();
            if ended || io().now_ms() >= deadline {
                // A client that never said anything is answered and logged; later it is not.
                return first && !self.shard.draining.get();
            }
            if self.shard.draining.get() {
                // A connection that came just before the drain may have a request on its way.
                deadline = deadline.min(self.accepted_ms + FRESH_MS);
                if !first {
                    return false;
                }
            }
            self.task.wait(deadline).await;
        }
    }

    /// Sends the FIN, then reads what is still coming for a moment.
    async fn linger(&self) {
        self.client.finish();
        let deadline = io().now_ms() + LINGER_MS;
        let mut left = LINGER_BYTES;
        while left > 0 && self.client.input_end().is_none() && io().now_ms() < deadline {
            match self.client.take() {
                Some(buffer) => left = left.saturating_sub(buffer.len()),
                None => self.task.wait(deadline).await,
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shard.frontend_counters(self.frontend).current.sub(1);
    }
}

/// A duration of the configuration on the shard's clock.
pub fn millis(duration: std::time::Duration) -> u64 {
    duration.as_millis() as u64
}
