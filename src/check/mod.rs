//! Health checks: each server is probed by one shard, and every shard learns when its state changes.

use std::rc::Rc;

use proxy_config::model::{Check, HttpCheck, SendProxy};
use socket2::SockAddr;

use crate::backend::Dialer;
use crate::backend::health::Health;
use crate::io::{Chunk, Conn, ServerTarget, Task, TlsFault, dial_socket, io, spawn};
use crate::observe::say;
use crate::proto::h1::{Limits, Method, ResponseHead};
use crate::proto::proxy_protocol::{ProxyOut, SslOut, encode_v1, encode_v2};
use crate::session::millis;
use crate::shard::{Letter, Shard};

/// What a checked server may answer before its status is known.
const ANSWER_MAX: usize = 16 * 1024;

/// Starts the checks of the servers that this shard owns: every n-th.
pub fn start(shard: &Rc<Shard>) {
    let servers = shard.config.backends.iter().enumerate().flat_map(|(backend, config)| {
        (0..config.servers.len()).map(move |server| (backend, server))
    });
    let checked: Vec<_> = servers
        .filter(|(backend, server)| {
            shard.config.backends[*backend].servers[*server].check.is_some()
        })
        .collect();
    let total = checked.len();
    for (turn, (backend, server)) in checked.into_iter().enumerate() {
        if turn % shard.shards() == shard.index {
            let probe = Probe { shard: Rc::clone(shard), backend, server };
            spawn(|task| probe.run(task, turn, total));
        }
    }
}

/// The checks of one server.
struct Probe {
    shard: Rc<Shard>,
    backend: usize,
    server: usize,
}

impl Probe {
    async fn run(self, task: Task, turn: usize, total: usize) {
        let Some(check) =
            self.shard.config.backends[self.backend].servers[self.server].check.clone()
        else {
            return;
        };
        self.shard.attend(task.id());
        let inter_ms = millis(check.inter);
        let mut health = Health::new(check.rise, check.fall);
        // Spread over the interval, so that not all servers are asked at once.
        let first_ms = io().now_ms() + inter_ms * turn as u64 / total.max(1) as u64;
        sleep(&task, &self.shard, first_ms).await;
        while !self.shard.draining.get() {
            let begun = io().now_ms();
            let good = self.ask(&task, &check, begun).await;
            self.count(good);
            if let Some(up) = health.record(good) {
                self.tell(up);
            }
            sleep(&task, &self.shard, begun + inter_ms).await;
        }
    }

    /// One check. Good: connected, and with `option.httpchk` answered 2xx or 3xx.
    async fn ask(&self, task: &Task, check: &Check, begun: u64) -> bool {
        let config = &self.shard.config.backends[self.backend];
        let inter_ms = millis(check.inter);
        let Ok(fd) = dial_socket(&self.address(check)) else {
            // Our own want of descriptors says nothing about the server.
            return self.shard.backends[self.backend].is_usable(self.server);
        };
        let conn = Conn::dial(fd, Rc::new(self.address(check)), task.id());
        // As HAProxy: connecting takes the shorter of the two, the rest `timeout.check` if set.
        let connect_ms = millis(config.timeouts.connect).min(inter_ms);
        if !is_connected(task, &conn, begun + connect_ms).await {
            return false;
        }
        if check.send_proxy {
            self.send_proxy_header(&conn);
            await_sent(task, &conn, begun + inter_ms).await;
        }
        if let Some(target) = self.dialer().target(None) {
            if !self.is_secured(task, &conn, target, begun + connect_ms).await {
                return false;
            }
            // A handshake that is cut off looks like an attack to a server.
            await_sent(task, &conn, begun + inter_ms).await;
        } else {
            // A reset is no strain on the server, which has nothing to say.
            conn.reset_on_close();
        }
        match &config.httpchk {
            None => true,
            Some(request) => {
                let left_ms = config.timeouts.check.map_or(inter_ms, millis);
                is_answered(task, &conn, request, io().now_ms() + left_ms).await
            }
        }
    }

    fn dialer(&self) -> &Dialer {
        &self.shard.backends[self.backend].servers[self.server].tls.check
    }

    /// Shakes hands. A failure is told, since a server that is down for it does not say why.
    async fn is_secured(
        &self,
        task: &Task,
        conn: &Conn,
        target: ServerTarget,
        deadline: u64,
    ) -> bool {
        let begun = conn.dial_tls(target);
        let outcome = match begun {
            Ok(()) => are_hands_shaken(task, conn, deadline).await,
            Err(fault) => Err(fault),
        };
        match outcome {
            Ok(is_done) => is_done,
            Err(fault) => {
                self.shard.backends[self.backend].report_tls(self.server, &fault);
                false
            }
        }
    }

    /// As HAProxy: version 1 names the check's own addresses, version 2 says that it is for nobody.
    fn send_proxy_header(&self, conn: &Conn) {
        let server = &self.shard.config.backends[self.backend].servers[self.server];
        let send_proxy = server.send_proxy.unwrap_or(SendProxy::V1);
        let mut header = Vec::new();
        let (source, destination) = conn.ends().unzip();
        match send_proxy {
            SendProxy::V1 => encode_v1(&mut header, source, destination),
            SendProxy::V2 { crc32c, ssl, .. } => {
                let ssl = ssl.then(SslOut::default);
                let for_nobody = ProxyOut { local: true, crc32c, ssl, ..ProxyOut::default() };
                encode_v2(&mut header, &for_nobody);
            }
        }
        conn.queue(Chunk::Owned(header));
        conn.flush();
    }

    fn address(&self, check: &Check) -> SockAddr {
        let address = &*self.shard.backends[self.backend].servers[self.server].address;
        match (check.port, address.as_socket()) {
            (Some(port), Some(mut socket)) => {
                socket.set_port(port);
                socket.into()
            }
            _ => address.clone(),
        }
    }

    fn count(&self, good: bool) {
        let id = proxy_config::model::BackendId(self.backend);
        let counters = &self.shard.backend_counters(id).servers[self.server];
        if good { &counters.checks_passed } else { &counters.checks_failed }.add(1);
    }

    fn tell(&self, up: bool) {
        if !up {
            let id = proxy_config::model::BackendId(self.backend);
            self.shard.backend_counters(id).servers[self.server].downs.add(1);
        }
        let (backend, server) = (self.backend, self.server);
        self.shard.announce(&Letter::ServerIs { backend, server, up });
        let config = &self.shard.config.backends[backend];
        let (backend, server) = (&config.name, &config.servers[server].name);
        say(&format!("server {backend}/{server} is {}", if up { "up" } else { "down" }));
    }
}

async fn sleep(task: &Task, shard: &Shard, until_ms: u64) {
    while io().now_ms() < until_ms && !shard.draining.get() {
        task.wait(until_ms).await;
    }
}

async fn is_connected(task: &Task, conn: &Conn, deadline: u64) -> bool {
    loop {
        match conn.connected() {
            Some(outcome) => return outcome.is_ok(),
            None if io().now_ms() >= deadline => return false,
            None => task.wait(deadline).await,
        }
    }
}

/// False when that took too long.
async fn are_hands_shaken(task: &Task, conn: &Conn, deadline: u64) -> Result<bool, TlsFault> {
    loop {
        match conn.shake_hands() {
            Some(outcome) => return outcome.map(|_| true),
            None if io().now_ms() >= deadline => return Ok(false),
            None => task.wait(deadline).await,
        }
    }
}

/// A close that discards what is queued must wait for it.
async fn await_sent(task: &Task, conn: &Conn, deadline: u64) {
    conn.notify_sent(true);
    while conn.unsent() > 0 && conn.send_error().is_none() && io().now_ms() < deadline {
        task.wait(deadline).await;
    }
}

async fn is_answered(task: &Task, conn: &Conn, request: &HttpCheck, deadline: u64) -> bool {
    let HttpCheck { method, uri, version, host } = request;
    let host = host.as_ref().map_or_else(String::new, |host| format!("host: {host}\r\n"));
    let head = format!("{method} {uri} {version}\r\n{host}connection: close\r\n\r\n");
    conn.queue(Chunk::Owned(head.into_bytes()));
    conn.flush();
    let mut answer = Vec::new();
    let mut response = ResponseHead::default();
    let limits = Limits::strict(ANSWER_MAX, 128);
    let method = Method::of(method.as_bytes());
    loop {
        while let Some(buffer) = conn.take() {
            answer.extend_from_slice(buffer.bytes());
            match response.parse(&answer, &limits, method) {
                Ok(true) => return (200..400).contains(&response.status),
                Ok(false) => {}
                Err(_) => return false,
            }
        }
        if conn.input_end().is_some() || io().now_ms() >= deadline {
            return false;
        }
        task.wait(deadline).await;
    }
}
