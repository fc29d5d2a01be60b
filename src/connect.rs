//! Getting a stream to a server: chosen, connected to, and on failure tried again elsewhere.

mod proxy_header;

use std::borrow::Cow;
use std::mem;
use std::rc::Rc;

use proxy_config::model::rule::Expr;
use proxy_config::model::{BackendId, Redispatch, Sni};

use crate::backend::{Backend, ServerIndex, Tried};
use crate::io::{Conn, InputEnd, TlsFacts, TlsFault, io};
use crate::observe::counters::Traffic;
use crate::observe::{StreamEnd, Who};
use crate::proto::h1::host_of;
use crate::session::{Session, millis};
use crate::shard::Shard;
use proxy_header::send_proxy_header;

/// Pause before the next attempt when the system had no descriptor to give.
const RESOURCE_PAUSE_MS: u64 = 20;

/// Pause before the same server is tried again, at the most.
const SAME_SERVER_PAUSE_MS: u64 = 1000;

/// Why a stream cannot go on, and what the client is told; 0 for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    pub end: StreamEnd,
    pub status: u16,
    pub retry: Retry,
}

/// What `retry-on` could say of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    Never,
    /// `empty-response`
    Empty,
    /// `junk-response`
    Junk,
    /// The server answered with this status.
    Status(u16),
    /// `response-timeout`
    Timeout,
}

impl Fault {
    pub const fn new(end: StreamEnd, status: u16) -> Self {
        Self { end, status, retry: Retry::Never }
    }

    /// A fault of the server that another attempt may not have.
    pub const fn of_server(end: StreamEnd, status: u16, retry: Retry) -> Self {
        Self { end, status, retry }
    }
}

/// A stream's place in a backend, counted as long as it exists.
pub struct Place {
    shard: Rc<Shard>,
    backend: BackendId,
    server: Option<ServerIndex>,
}

impl Place {
    pub fn new(shard: &Rc<Shard>, backend: BackendId) -> Self {
        let traffic = &shard.backend_counters(backend).traffic;
        traffic.streams.add(1);
        traffic.current.add(1);
        Self { shard: Rc::clone(shard), backend, server: None }
    }

    pub fn id(&self) -> BackendId {
        self.backend
    }

    pub fn backend(&self) -> &Backend {
        &self.shard.backends[self.backend.0]
    }

    pub fn server(&self) -> Option<ServerIndex> {
        self.server
    }

    /// Counts for the backend, and for the server if one was chosen.
    pub fn count(&self, add: impl Fn(&Traffic)) {
        let counters = self.shard.backend_counters(self.backend);
        add(&counters.traffic);
        if let Some(server) = self.server {
            add(&counters.servers[server].traffic);
        }
    }

    pub fn count_no_server(&self) {
        self.shard.backend_counters(self.backend).no_server.add(1);
    }

    fn set_server(&mut self, server: Option<ServerIndex>) {
        if self.server == server {
            return;
        }
        if let Some(old) = self.server {
            self.server_traffic(old).current.sub(1);
        }
        if let Some(new) = server {
            self.server_traffic(new).current.add(1);
            self.server_traffic(new).streams.add(1);
        }
        self.server = server;
    }

    fn server_traffic(&self, server: ServerIndex) -> &Traffic {
        &self.shard.backend_counters(self.backend).servers[server].traffic
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.set_server(None);
        self.shard.backend_counters(self.backend).traffic.current.sub(1);
    }
}

/// What the attempts of one stream came to so far.
#[derive(Debug, Default)]
pub struct Attempts {
    tried: Tried,
    /// The next attempt is to the same server: only its old connection was at fault.
    stays: bool,
    pub retries: u32,
    pub redispatched: bool,
    /// In a box, since every session has room for it and few have any.
    pub wishes: Option<Box<Wishes>>,
}

/// What rules ask of connections to servers.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Wishes {
    /// The server to take first (`use-server`).
    pub server: Option<ServerIndex>,
    /// Further attempts after the first (`set-retries`).
    pub retries: Option<u32>,
    /// Milliseconds until a connection stands (`set-timeout connect`).
    pub connect_ms: Option<u64>,
    /// SO_MARK (`set-bc-mark`).
    pub mark: Option<u32>,
    /// The type of service (`set-bc-tos`).
    pub tos: Option<u8>,
}

/// Whether an idle connection may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    No,
    /// For a request that must not be sent twice, should the connection turn out to be dead.
    Once,
    Yes,
}

/// A connection to a server that is ready to use.
pub struct Connected {
    pub conn: Conn,
    /// It served a request before.
    pub reused: bool,
}

impl Attempts {
    /// Connects `place` to a server. What `caller` queues to be sent first leaves as soon
    /// as the connection stands, behind a PROXY header and TLS where the server has them.
    ///
    /// # Errors
    /// When no server may be used, none accepted within the retries, or the client left.
    pub async fn connect(
        &mut self,
        session: &mut Session,
        place: &mut Place,
        reuse: Reuse,
        caller: &impl Caller,
    ) -> Result<Connected, Fault> {
        loop {
            self.choose(place)?;
            if let Some(conn) = idle(session, place, reuse, caller) {
                caller.greet(session, &conn, place);
                return Ok(Connected { conn, reused: true });
            }
            let failed = match attempt(session, place, caller, self.wishes.as_deref()).await {
                Ok(conn) => return Ok(Connected { conn, reused: false }),
                Err(failed) => failed,
            };
            let config = place.backend().config();
            if matches!(failed.end.who, Who::Client | Who::Killed) {
                return Err(failed);
            }
            if !config.retry_on.conn_failure || self.retries >= self.limit(place) {
                place.count(|traffic| traffic.connect_errors.add(1));
                return Err(failed);
            }
            self.again(place);
            if failed.end.who == Who::Resource {
                // Its descriptor is free a moment later.
                session.shard.close_oldest_idle();
                pause(session, place, RESOURCE_PAUSE_MS).await?;
            } else if self.stays || !place.backend().has_untried(self.tried) {
                // As HAProxy: a server that is asked again may need a moment.
                let connect_ms = connect_ms(place, self.wishes.as_deref());
                pause(session, place, connect_ms.min(SAME_SERVER_PAUSE_MS)).await?;
            }
        }
    }

    /// Further attempts after the first.
    pub fn limit(&self, place: &Place) -> u32 {
        let wished = self.wishes.as_ref().and_then(|wishes| wishes.retries);
        wished.unwrap_or_else(|| place.backend().config().retries)
    }

    /// Another attempt is due: the server is not taken again if there are others, unless
    /// `option.redispatch` is off.
    pub fn again(&mut self, place: &Place) {
        if place.backend().config().redispatch == Redispatch::Never {
            self.stays = true;
        } else if let Some(server) = place.server() {
            self.tried.add(server);
        }
        self.retries += 1;
        place.count(|traffic| traffic.retries.add(1));
    }

    /// A reused connection turned out dead: once more, over a new one.
    pub fn retry_stale(&mut self, place: &Place) {
        self.retries += 1;
        self.stays = true;
        place.count(|traffic| traffic.retries.add(1));
    }

    fn choose(&mut self, place: &mut Place) -> Result<(), Fault> {
        let stays = mem::take(&mut self.stays);
        if stays && place.server().is_some_and(|server| place.backend().is_usable(server)) {
            return Ok(());
        }
        let wished = self.wishes.as_ref().and_then(|wishes| wishes.server);
        let wished =
            wished.filter(|server| !self.tried.has(*server) && place.backend().is_running(*server));
        let Some(server) = wished.or_else(|| place.backend().pick(self.tried)) else {
            place.count_no_server();
            place.set_server(None);
            return Err(Fault::new(StreamEnd::SERVER_CONNECT, 503));
        };
        if place.server().is_some_and(|before| before != server) {
            self.redispatched = true;
            place.count(|traffic| traffic.redispatches.add(1));
        }
        place.set_server(Some(server));
        Ok(())
    }
}

/// A connection that idles, in the session or in the shard's pool.
fn idle(session: &mut Session, place: &Place, reuse: Reuse, caller: &impl Caller) -> Option<Conn> {
    if reuse == Reuse::No {
        return None;
    }
    let server = place.server()?;
    let client_tls = session.tls.clone();
    let asked = asked(session, client_tls.as_deref(), place, caller);
    let asked = asked.as_deref();
    if let Some(conn) = session.take_private(place.id(), server)
        && place.backend().servers[server].tls.traffic.fits(&conn, asked)
        && conn.is_fresh()
        && (reuse == Reuse::Yes || conn.is_quiet_now())
    {
        return Some(conn);
    }
    let first = session.requests == 0;
    place.backend().reuse(server, &session.task, asked, (first, reuse == Reuse::Once))
}

/// The name that a server is asked for, where that differs from stream to stream.
fn asked<'a>(
    session: &Session,
    client_tls: Option<&'a TlsFacts>,
    place: &Place,
    caller: &'a impl Caller,
) -> Option<Cow<'a, str>> {
    let server = place.server()?;
    let tls = place.backend().config().servers[server].tls.as_deref()?;
    if let Sni::Expr(expr) = &tls.sni {
        return caller.sni(session, expr).map(Cow::Owned);
    }
    let client_sni = client_tls.and_then(|tls| tls.server_name.as_deref());
    let dialer = &place.backend().servers[server].tls.traffic;
    dialer.asked(caller.names().host(), client_sni).map(Cow::Borrowed)
}

const CLIENT_LEFT: Fault = Fault::new(StreamEnd::CLIENT_CONNECT, 0);

/// Waits, unless the client leaves or the proxy stops meanwhile.
async fn pause(session: &Session, place: &Place, pause_ms: u64) -> Result<(), Fault> {
    let until = io().now_ms() + pause_ms;
    while io().now_ms() < until {
        give_up(session, place)?;
        session.task.wait(until).await;
    }
    Ok(())
}

/// Whether there is nobody left to connect for.
fn give_up(session: &Session, place: &Place) -> Result<(), Fault> {
    let has_failed = matches!(session.client.closing(), Some(InputEnd::Failed(_)));
    let has_closed = || session.client.input_end().is_some();
    if has_failed || place.backend().config().abort_on_close && has_closed() {
        return Err(CLIENT_LEFT);
    }
    match session.shard.killing.get() {
        true => Err(Fault::new(StreamEnd::KILLED_CONNECT, 0)),
        false => Ok(()),
    }
}

/// `timeout.connect`, or what a rule set in its place; milliseconds.
fn connect_ms(place: &Place, wishes: Option<&Wishes>) -> u64 {
    let wished = wishes.and_then(|wishes| wishes.connect_ms);
    wished.unwrap_or_else(|| millis(place.backend().config().timeouts.connect))
}

/// One attempt to connect.
async fn attempt(
    session: &Session,
    place: &Place,
    caller: &impl Caller,
    wishes: Option<&Wishes>,
) -> Result<Conn, Fault> {
    let no_descriptor = |_| Fault::new(StreamEnd::RESOURCE_CONNECT, 503);
    let server = place.server().unwrap_or_default();
    let conn = place.backend().dial(server, &session.task).map_err(no_descriptor)?;
    if let Some(mark) = wishes.and_then(|wishes| wishes.mark) {
        conn.set_mark(mark);
    }
    if let Some(tos) = wishes.and_then(|wishes| wishes.tos) {
        conn.set_tos(tos);
    }
    send_proxy_header(session, &conn, place, caller.names());
    let has_tls = begin_tls(session, &conn, place, caller)?;
    caller.greet(session, &conn, place);
    let deadline = io().now_ms() + connect_ms(place, wishes);
    loop {
        match conn.connected() {
            Some(Ok(())) if !has_tls => return Ok(conn),
            Some(Ok(())) => {
                if shake_hands(&conn, place)? {
                    return Ok(conn);
                }
                if io().now_ms() >= deadline {
                    return Err(Fault::new(StreamEnd::SERVER_TIMEOUT_CONNECT, 503));
                }
                give_up(session, place)?;
                session.task.wait(deadline).await;
            }
            Some(Err(_)) => return Err(Fault::new(StreamEnd::SERVER_CONNECT, 503)),
            None if io().now_ms() >= deadline => {
                return Err(Fault::new(StreamEnd::SERVER_TIMEOUT_CONNECT, 503));
            }
            None => {
                give_up(session, place)?;
                session.task.wait(deadline).await;
            }
        }
    }
}

/// Begins TLS on a new connection if its server has it; the name that it asks for may be the request's.
fn begin_tls(
    session: &Session,
    conn: &Conn,
    place: &Place,
    caller: &impl Caller,
) -> Result<bool, Fault> {
    let server = &place.backend().servers[place.server().unwrap_or_default()];
    let asked = asked(session, session.tls.as_deref(), place, caller);
    let Some(target) = server.tls.traffic.target(asked.as_deref()) else { return Ok(false) };
    match conn.dial_tls(target) {
        Ok(()) => Ok(true),
        Err(fault) => Err(refused(place, &fault)),
    }
}

/// Whether the handshake with a server is done.
fn shake_hands(conn: &Conn, place: &Place) -> Result<bool, Fault> {
    match conn.shake_hands() {
        Some(Ok(_)) => Ok(true),
        Some(Err(fault)) => Err(refused(place, &fault)),
        None => Ok(false),
    }
}

fn refused(place: &Place, fault: &TlsFault) -> Fault {
    place.backend().report_tls(place.server().unwrap_or_default(), fault);
    Fault::new(StreamEnd::SERVER_CONNECT, 503)
}

/// Who asks for a connection.
pub trait Caller {
    fn names(&self) -> Names<'_>;

    /// Queues what is to be sent first.
    fn greet(&self, session: &Session, conn: &Conn, place: &Place);

    /// `sni` of a server, where that is an expression: its value, if it has one that is text.
    fn sni(&self, session: &Session, expr: &Expr) -> Option<String>;
}

/// What a stream tells of itself before anything else: in TLS, and in a PROXY protocol header.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// Its host, with a port if it says one.
    pub authority: Option<&'a [u8]>,
    pub unique_id: Option<&'a [u8]>,
}

impl<'a> Names<'a> {
    fn host(&self) -> Option<&'a str> {
        self.authority.and_then(host_of)
    }
}
