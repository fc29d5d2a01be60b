//! A session: the life of one client connection, from accept to close.

mod extras;
mod handshake;
mod proxy_header;
#[cfg(test)]
mod tests;
mod tls;

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use proxy_config::model::rule::Moment;
use proxy_config::model::{self, BackendId, Mode};

use crate::backend::ServerIndex;
use crate::io::{Conn, Task, TlsFacts, io};
use crate::observe::{
    Captured, Counts, LEVEL_ERR, LEVEL_INFO, Record, StreamEnd, Timers, TlsNames, Who,
};
use crate::shard::admission::Permit;
use crate::shard::{Enrolled, Shard};
use crate::stream::{Next, Pick};
use crate::tunnel;
use extras::Extras;

/// What arrived at a closing connection is read and thrown away up to here, so that the reset for
/// unread bytes does not overtake our last answer.
const LINGER_BYTES: usize = 256 * 1024;
const LINGER_MS: u64 = 2000;
/// The rules of `tcp-request-connection`, and of `tcp-request-session`.
const CONNECTION: (Pick, Moment) = (|rules| &rules.connection, Moment::Connection);
const SESSION: (Pick, Moment) = (|rules| &rules.session, Moment::Session);
/// Idle server connections of a session, as HAProxy's `max-session-srv-conns`.
const PRIVATE_MAX: usize = 5;
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

/// The ends of a client connection as rules, logs and servers are told, be it by the client's proxy.
/// `None` on a UNIX socket, and where nobody asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ends {
    pub source: Option<SocketAddr>,
    /// Where the client connected to.
    pub destination: Option<SocketAddr>,
}

pub struct Session {
    pub task: Task,
    pub shard: Rc<Shard>,
    pub client: Conn,
    source: Option<SocketAddr>,
    /// In a box, since hardly anybody asks.
    destination: Option<Box<SocketAddr>>,
    /// What was agreed with the client; `None` without TLS.
    pub tls: Option<Rc<TlsFacts>>,
    pub frontend: usize,
    pub bind_number: u32,
    pub accepted_ms: u64,
    /// What the handshakes before the first request took; 0 from the second request on.
    pub handshake_ms: u64,
    /// Since when a request is waited for: the handshakes, or the request before, ended.
    pub since_ms: u64,
    /// Requests that came before the current one.
    pub requests: u32,
    /// Idle server connections that only this session may use (`http-reuse never`, `send-proxy`).
    private: Vec<(BackendId, ServerIndex, Conn)>,
    /// `None` where there are no rules.
    pub extras: Option<Box<Extras>>,
    _permit: Permit,
    _enrolled: Enrolled,
}

/// Serves a client connection until it ends.
pub async fn run(task: Task, shard: Rc<Shard>, accepted: Accepted) {
    let mut session = Session::open(task, shard, accepted);
    // In boxes, as most of a session's life is behind them.
    if session.has_rules(CONNECTION) && !Box::pin(session.obey(CONNECTION)).await {
        return;
    }
    if session.has_handshake() && !Box::pin(session.shake_hands()).await {
        return;
    }
    if session.has_rules(SESSION) && !Box::pin(session.obey(SESSION)).await {
        return;
    }
    match session.config().mode {
        Mode::Http => session.serve_http().await,
        // In a box, so that an HTTP session, which may idle for long, has no room for it.
        Mode::Tcp => Box::pin(tunnel::serve_tcp(&mut session)).await,
    }
}

impl Session {
    fn open(task: Task, shard: Rc<Shard>, accepted: Accepted) -> Self {
        let client = Conn::adopt(accepted.fd, task.id());
        let frontend = &shard.frontends[accepted.frontend];
        let source = if frontend.asks_source { client.peer_address() } else { None };
        let destination = if frontend.asks_destination { client.local_address() } else { None };
        let now_ms = io().now_ms();
        let counters = shard.frontend_counters(accepted.frontend);
        counters.conns.add(1);
        counters.current.add(1);
        Self {
            source,
            destination: destination.map(Box::new),
            tls: None,
            client,
            frontend: accepted.frontend,
            bind_number: accepted.bind_number,
            accepted_ms: now_ms,
            handshake_ms: 0,
            since_ms: now_ms,
            requests: 0,
            private: Vec::new(),
            extras: frontend.has_rules.then(Box::default),
            _permit: accepted.permit,
            _enrolled: shard.enroll(task.id()),
            task,
            shard,
        }
    }

    pub fn config(&self) -> &model::Frontend {
        &self.shard.config.frontends[self.frontend]
    }

    /// An idle connection of this session to a server.
    pub fn take_private(&mut self, backend: BackendId, server: ServerIndex) -> Option<Conn> {
        let is_to = |(to, at, _): &(BackendId, ServerIndex, Conn)| (*to, *at) == (backend, server);
        let index = self.private.iter().position(is_to)?;
        Some(self.private.remove(index).2)
    }

    /// Keeps a connection for this session's further requests.
    pub fn keep_private(&mut self, backend: BackendId, server: ServerIndex, conn: Conn) {
        if self.private.len() >= PRIVATE_MAX {
            self.private.remove(0);
        }
        self.private.push((backend, server, conn));
    }

    /// The ends, as rules may have set them.
    pub fn ends(&self) -> Ends {
        let set = self.extras.as_deref().and_then(Extras::ends);
        set.unwrap_or_else(|| self.original_ends())
    }

    fn has_rules(&self, (pick, _): (Pick, Moment)) -> bool {
        !pick(&self.config().rules).is_empty()
    }

    /// Obeys rules that come before any request. False when the connection is to be closed.
    async fn obey(&mut self, set: (Pick, Moment)) -> bool {
        let mut stream = self.shard.take_stream();
        let is_welcome = stream.judge_connection(self, set).await;
        self.shard.give_stream(stream);
        is_welcome
    }

    pub fn bind(&self) -> Option<&model::Bind> {
        self.config().binds.get(self.bind_number.checked_sub(1)? as usize)
    }

    /// What a log line says of the session, and of a stream to which nothing happened yet.
    pub fn blank_record(&self) -> Record<'_> {
        let accept_ms = io().wall_ms(self.accepted_ms);
        let name = &self.config().name;
        let Ends { source, destination } = self.ends();
        Record {
            client: source,
            bind_number: self.bind_number,
            destination,
            server_conn: None,
            accept_ms,
            request_ms: accept_ms,
            frontend: name,
            tls: self.tls.as_deref().map(names),
            backend: name,
            server: None,
            timers: Timers { handshake_ms: self.handshake_ms as i64, ..Timers::NONE },
            // As HAProxy where there is no HTTP.
            status: 0,
            bytes: 0,
            bytes_received: 0,
            end: StreamEnd::NORMAL,
            counts: Counts::default(),
            request: None,
            unique_id: b"",
            captured: Captured::default(),
            is_early: false,
            samples: None,
            level: None,
        }
    }

    /// Writes a stream's lines to the frontend's logs, as `option.dontlog-normal` and its like have it.
    pub fn log(&self, record: &Record<'_>) {
        let options = &self.config().log_options;
        let is_error = is_error(record);
        if options.without_normal && !is_error {
            return;
        }
        let level = record.level.unwrap_or_else(|| self.level(is_error));
        self.shard.write_log(self.frontend, level, record);
    }

    /// The severity of a line, of RFC 5424 section 6.2.1.
    fn level(&self, is_error: bool) -> u8 {
        let is_apart = is_error && self.config().log_options.separate_errors;
        if is_apart { LEVEL_ERR } else { LEVEL_INFO }
    }

    pub(crate) async fn serve_http(&mut self) {
        while self.await_request().await {
            let mut stream = self.shard.take_stream();
            let next = stream.serve(self).await;
            if !matches!(next, Next::Tunnel) {
                self.shard.give_stream(stream);
                if let Some(extras) = self.extras.as_deref() {
                    extras.end_stream();
                }
                self.requests += 1;
                (self.handshake_ms, self.since_ms) = (0, io().now_ms());
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
    async fn await_request(&mut self) -> bool {
        let timeouts = &self.config().timeouts;
        let first = self.requests == 0;
        let mut deadline = match first {
            true => self.since_ms + millis(timeouts.http_request),
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
                // A connection that came, or shook hands, just before may have a request on its way.
                deadline = deadline.min(self.since_ms + FRESH_MS);
                if !first {
                    return false;
                }
            }
            self.task.wait(deadline).await;
            self.private.retain(|(_, _, conn)| conn.is_fresh());
        }
    }

    /// Sends the FIN, then reads what is still coming for a moment.
    async fn linger(&self) {
        self.client.finish();
        let deadline = io().now_ms() + LINGER_MS;
        let mut left = LINGER_BYTES;
        let is_over = || io().now_ms() >= deadline || self.shard.killing.get();
        while left > 0 && self.client.input_end().is_none() && !is_over() {
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

fn names(facts: &TlsFacts) -> TlsNames {
    TlsNames { version: facts.version, cipher: facts.cipher }
}

/// What HAProxy logs as an error: anything but a normal end or an answer of the proxy's own, a retry,
/// and a server's error.
pub fn is_error(record: &Record<'_>) -> bool {
    !matches!(record.end.who, Who::Normal | Who::Local)
        || record.counts.retries > 0
        || record.counts.redispatched
        || record.status >= 500
}

/// A duration of the configuration on the shard's clock.
pub fn millis(duration: std::time::Duration) -> u64 {
    duration.as_millis() as u64
}
