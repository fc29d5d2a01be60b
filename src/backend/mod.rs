//! A backend on one shard: its servers' state, idle connections and turn, all of it this shard's own.

pub mod balance;
pub mod health;
pub mod pool;
#[cfg(test)]
mod tests;
mod tls;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use proxy_config::model::{self, BackendId, Config, HttpReuse};
use socket2::SockAddr;

use crate::error_page::ErrorPages;
use crate::io::{Conn, Task, TlsFault, dial_socket, io};
use crate::observe::say;
use crate::proto::h1::Limits;
use balance::RoundRobin;
use pool::Pool;

use crate::tls::ServerContexts;
use crate::tls::describe;

pub use tls::{Dialer, ServerTls};

/// Index into [`Backend::servers`].
pub type ServerIndex = usize;

pub struct Backend {
    config: Arc<Config>,
    id: BackendId,
    pub servers: Vec<Server>,
    /// Of responses.
    pub limits: Limits,
    pub pages: ErrorPages,
    turn: RefCell<RoundRobin>,
}

/// A server as one shard sees it.
pub struct Server {
    pub address: Rc<SockAddr>,
    /// The address as a `host` field says it, for requests that name no host.
    pub host: String,
    /// What checks say; true without checks.
    up: Cell<bool>,
    idle: RefCell<Pool>,
    pub tls: ServerTls,
}

/// The servers that a stream tried already; those beyond the 64th are not remembered.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tried(u64);

impl Tried {
    pub fn add(&mut self, server: ServerIndex) {
        self.0 |= 1_u64.checked_shl(server as u32).unwrap_or(0);
    }

    pub fn has(self, server: ServerIndex) -> bool {
        self.0 & 1_u64.checked_shl(server as u32).unwrap_or(0) != 0
    }
}

impl Backend {
    /// `addresses`: the servers' addresses, resolved. `shard`: where in the round this one begins,
    /// so that shards do not all start with the first server.
    pub fn new(
        config: &Arc<Config>,
        id: BackendId,
        addresses: &[SockAddr],
        contexts: &[ServerContexts],
        shard: usize,
    ) -> Self {
        let server = |(index, address): (usize, &SockAddr)| Server {
            address: Rc::new(address.clone()),
            host: address.as_socket().map_or_else(|| "localhost".to_owned(), |ip| ip.to_string()),
            up: Cell::new(true),
            idle: RefCell::default(),
            tls: contexts.get(index).map_or_else(ServerTls::default, ServerTls::new),
        };
        let (tune, own) = (&config.global.tune, &config.backends[id.0]);
        let strict = Limits::strict(tune.bufsize, tune.http_maxhdr);
        let backend = Self {
            limits: Limits { is_lenient: own.lenient, ..strict },
            pages: ErrorPages::new(&own.error_pages),
            config: Arc::clone(config),
            id,
            servers: addresses.iter().enumerate().map(server).collect(),
            turn: RefCell::new(RoundRobin::new(addresses.len())),
        };
        for _ in 0..shard {
            backend.pick(Tried::default());
        }
        backend
    }

    pub fn config(&self) -> &model::Backend {
        &self.config.backends[self.id.0]
    }

    /// The server for a stream: one not tried yet if there is any, else one tried before; `None`
    /// when no server may be used.
    pub fn pick(&self, tried: Tried) -> Option<ServerIndex> {
        let mut turn = self.turn.borrow_mut();
        let fresh = |server: ServerIndex| !tried.has(server);
        let active = |server: ServerIndex| !self.config().servers[server].backup;
        turn.pick(|server| self.weight(server) * u32::from(active(server) && fresh(server)))
            .or_else(|| turn.pick(|server| self.weight(server) * u32::from(active(server))))
            .or_else(|| {
                // Backups are used one at a time, in order, and only without any active server.
                let usable = |server: &ServerIndex| self.weight(*server) > 0;
                let mut backups = (0..self.servers.len()).filter(usable);
                backups.clone().find(|server| fresh(*server)).or_else(|| backups.next())
            })
    }

    /// Whether [`Backend::pick`] would find a server that was not tried.
    pub fn has_untried(&self, tried: Tried) -> bool {
        let is_backup = |server: ServerIndex| self.config().servers[server].backup;
        let mut usable = (0..self.servers.len()).filter(|server| self.is_usable(*server));
        let backups_serve = usable.clone().all(is_backup);
        usable.any(|server| is_backup(server) == backups_serve && !tried.has(server))
    }

    /// The configured weight, or 0 when the server must not be used.
    fn weight(&self, server: ServerIndex) -> u32 {
        let config = &self.config().servers[server];
        if config.disabled || !self.servers[server].up.get() { 0 } else { config.weight }
    }

    pub fn usable_servers(&self) -> usize {
        (0..self.servers.len()).filter(|server| self.is_usable(*server)).count()
    }

    pub fn is_usable(&self, server: ServerIndex) -> bool {
        self.weight(server) > 0
    }

    /// Whether a rule may name it: one with weight 0 takes what is not balanced.
    pub fn is_running(&self, server: ServerIndex) -> bool {
        !self.config().servers[server].disabled && self.servers[server].up.get()
    }

    /// Takes over what checks found. A server that went down loses its idle connections.
    pub fn set_up(&self, server: ServerIndex, up: bool) {
        self.servers[server].up.set(up);
        if !up {
            self.servers[server].idle.borrow_mut().close_older(u64::MAX);
        }
    }

    /// An idle connection that `http-reuse` lets a request use. `first`: the first request of its
    /// client connection, whose client cannot be asked to try again. `once`: it must not be sent
    /// twice, so that the connection is looked at more closely.
    /// `asked`: the name that the server is asked for in TLS, if it differs from stream to stream.
    pub fn reuse(
        &self,
        server: ServerIndex,
        task: &Task,
        asked: Option<&str>,
        (first, once): (bool, bool),
    ) -> Option<Conn> {
        let proven_only = match (self.config().http_reuse, first) {
            (HttpReuse::Never, _) | (HttpReuse::Safe, true) => return None,
            (HttpReuse::Aggressive, true) => true,
            (HttpReuse::Aggressive | HttpReuse::Safe, false) | (HttpReuse::Always, _) => false,
        };
        let mut idle = self.servers[server].idle.borrow_mut();
        loop {
            let fits = |conn: &Conn| self.servers[server].tls.traffic.fits(conn, asked);
            let conn = idle.take(task.id(), fits, proven_only)?;
            if !once || conn.is_quiet_now() {
                return Some(conn);
            }
        }
    }

    /// Says why a handshake with a server failed, which a client's answer does not; now and then, as a
    /// server that is refused is so for every request.
    pub fn report_tls(&self, server: ServerIndex, fault: &TlsFault) {
        let now_ms = io().now_ms();
        if self.servers[server].tls.may_report(now_ms) {
            let (config, reason) = (self.config(), describe(fault));
            let name = &config.servers[server].name;
            say(&format!("server {}/{name}: SSL handshake failure: {reason}", config.name));
        }
    }

    /// Takes over TLS contexts that changed: a server's idle connections are of the old one.
    pub fn take_tls(&self, contexts: &[ServerContexts]) {
        for (server, contexts) in self.servers.iter().zip(contexts) {
            if server.tls.take(contexts) {
                server.idle.borrow_mut().close_older(u64::MAX);
            }
        }
    }

    /// Keeps a connection for other requests.
    pub fn keep(&self, server: ServerIndex, conn: Conn, proven: bool) {
        if self.is_usable(server) && conn.is_fresh() {
            self.servers[server].idle.borrow_mut().put(conn, proven, io().now_ms());
        }
    }

    /// Begins a new connection.
    ///
    /// # Errors
    /// The system's error number.
    pub fn dial(&self, server: ServerIndex, task: &Task) -> Result<Conn, i32> {
        let address = &self.servers[server].address;
        let fd = dial_socket(address)?;
        Ok(Conn::dial(fd, Rc::clone(address), task.id()))
    }

    /// Gives up the idle connection that waited longest at some server. False if there is none.
    pub fn close_oldest_idle(&self) -> bool {
        self.servers.iter().any(|server| server.idle.borrow_mut().close_oldest())
    }

    /// Forgets an idle connection by its key. Returns whether it was here.
    pub fn evict(&self, key: u32) -> bool {
        self.servers.iter().any(|server| server.idle.borrow_mut().evict(key))
    }

    /// Closes half of the connections that nobody needed since the last call.
    pub fn close_excess(&self) {
        self.servers.iter().for_each(|server| server.idle.borrow_mut().close_excess());
    }

    /// Closes connections that idled too long, or all.
    pub fn close_idle(&self, since_ms: u64) {
        self.servers.iter().for_each(|server| server.idle.borrow_mut().close_older(since_ms));
    }
}
