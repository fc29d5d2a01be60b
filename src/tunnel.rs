//! Tunnels: bytes both ways between a client and a server, whatever they mean. TCP mode from the
//! start, HTTP after CONNECT or an upgrade.

use proxy_config::model::BackendId;
use proxy_config::model::rule::{Expr, TimeoutOf};

use crate::connect::{Attempts, Caller, Fault, Names, Place, Reuse};
use crate::io::{Chunk, Conn, InputEnd, io};
use crate::observe::{ConnEnds, Record, StreamEnd, Timers};
use crate::patience::Patience;
use crate::session::{Session, millis};
use crate::stream::{Stream, TcpChoice};

/// Inactivity of an HTTP tunnel where `timeout.tunnel` is not set.
const HTTP_TUNNEL_MS: u64 = 3_600_000;

/// How long each side may be still.
#[derive(Debug, Clone, Copy)]
struct Timeouts {
    client_ms: u64,
    server_ms: u64,
}

/// One direction.
#[derive(Debug, Default)]
struct Direction {
    bytes: u64,
    /// The end was passed on.
    finished: bool,
    /// It was none in TLS, where it must be said: something may be missing.
    is_cut: bool,
}

#[derive(Debug, Default)]
struct Tunnel {
    client: Patience,
    server: Patience,
    request: Direction,
    response: Direction,
    /// Which side ended first without saying so in TLS.
    cut: Option<StreamEnd>,
    /// Rules did not yet let the response pass.
    is_held: bool,
}

impl Timeouts {
    /// Those of a connection in TCP mode, as rules may have set them.
    fn of_tcp(session: &Session, place: &Place, stream: Option<&Stream>) -> Self {
        let asked = |of| stream.and_then(|stream| stream.asked_timeout(of));
        let backend = &place.backend().config().timeouts;
        let tunnel = asked(TimeoutOf::Tunnel).or_else(|| backend.tunnel.map(millis));
        let client = asked(TimeoutOf::Client);
        let client = client.unwrap_or_else(|| millis(session.config().timeouts.client));
        let server = asked(TimeoutOf::Server).unwrap_or_else(|| millis(backend.server));
        Self { client_ms: tunnel.unwrap_or(client), server_ms: tunnel.unwrap_or(server) }
    }
}

/// Serves a client connection in TCP mode.
pub async fn serve_tcp(session: &mut Session) {
    let mut outcome = TcpOutcome {
        number: session.shard.number_request(),
        stream: session.extras.is_some().then(|| session.shard.take_stream()),
        ..TcpOutcome::default()
    };
    let choice = match &mut outcome.stream {
        Some(stream) => stream.judge_tcp(session).await,
        None => Ok(session.config().default_backend.map_or(TcpChoice::None, TcpChoice::Backend)),
    };
    let place = match choice {
        Ok(TcpChoice::Backend(backend)) => Some(Place::new(&session.shard, backend)),
        Ok(TcpChoice::Http(backend)) => return upgrade(session, outcome.stream, backend).await,
        Ok(TcpChoice::None) => {
            outcome.end = StreamEnd::SERVER_CONNECT;
            None
        }
        Err(Fault { end, .. }) => {
            outcome.end = end;
            None
        }
    };
    let mut attempts = Attempts::default();
    let Some(mut place) = place else {
        return finish(session, None, &attempts, outcome);
    };
    if let Some(stream) = &mut outcome.stream
        && let Err(fault) = stream.judge_tcp_backend(session, &place, &mut attempts).await
    {
        outcome.end = fault.end;
        return finish(session, Some(place), &attempts, outcome);
    }
    name_connection(session, &place, &attempts, &mut outcome);
    let connected = attempts.connect(session, &mut place, Reuse::No, &outcome).await;
    match connected {
        Ok(server) => {
            outcome.connected_ms = io().now_ms();
            if session.shard.frontends[session.frontend].asks_server_conn {
                outcome.server_ends = server.conn.ends().map(ConnEnds::from);
            }
            if session.config().log_options.asap {
                record_tcp_early(session, &place, &attempts, &outcome);
            }
            let timeouts = Timeouts::of_tcp(session, &place, outcome.stream.as_deref());
            let judge = outcome.stream.as_deref_mut();
            outcome.moved = run(session, &server.conn, &place, (timeouts, judge)).await;
            outcome.end = outcome.moved.end;
        }
        Err(Fault { end, .. }) => outcome.end = end,
    }
    session.shard.frontend_counters(session.frontend).bytes_out.add(outcome.moved.sent);
    finish(session, Some(place), &attempts, outcome);
}

/// Goes on as HTTP with a connection that began in TCP mode.
async fn upgrade(session: &mut Session, stream: Option<Box<Stream>>, backend: Option<BackendId>) {
    if let Some(stream) = stream {
        session.shard.give_stream(stream);
    }
    if let Some(extras) = session.extras.as_deref() {
        extras.http_backend.set(backend);
        extras.is_judged.set(true);
    }
    // In a box: the two future kinds of a session would hold each other.
    Box::pin(session.serve_http()).await;
}

/// Makes the connection's unique id, if it is to have one.
fn name_connection(
    session: &Session,
    place: &Place,
    attempts: &Attempts,
    outcome: &mut TcpOutcome,
) {
    let Some(unique_id) = &session.config().unique_id else { return };
    let mut id = Vec::new();
    with_tcp_record(session, Some(place), attempts, outcome, |record| {
        session.shard.render(&mut id, &unique_id.format, record);
    });
    outcome.unique_id = id;
}

/// Records the end of a connection in TCP mode.
fn finish(session: &Session, place: Option<Place>, attempts: &Attempts, mut outcome: TcpOutcome) {
    let Some(mut stream) = outcome.stream.take() else {
        return record_tcp(session, place.as_ref(), attempts, &outcome);
    };
    // What samples say of the backend is asked of the stream.
    stream.end_tcp(place.as_ref(), outcome.end);
    outcome.stream = Some(stream);
    record_tcp(session, place.as_ref(), attempts, &outcome);
    if let Some(stream) = outcome.stream.take() {
        session.shard.give_stream(stream);
    }
}

/// What came of a connection in TCP mode.
#[derive(Default)]
struct TcpOutcome {
    /// Unique in the process.
    number: u64,
    unique_id: Vec<u8>,
    /// 0 when no connection to a server stood.
    connected_ms: u64,
    server_ends: Option<ConnEnds>,
    moved: Moved,
    end: StreamEnd,
    /// What rules are obeyed with, where there are some.
    stream: Option<Box<Stream>>,
}

/// The client's first bytes go the way of all others.
impl Caller for TcpOutcome {
    fn names(&self) -> Names<'_> {
        Names { authority: None, unique_id: Some(&*self.unique_id).filter(|id| !id.is_empty()) }
    }

    fn greet(&self, _: &Session, _: &Conn, _: &Place) {}

    fn sni(&self, session: &Session, expr: &Expr) -> Option<String> {
        self.stream.as_ref()?.sni_of(session, expr)
    }
}

/// What a tunnel moved, and why it ended.
#[derive(Debug, Default)]
struct Moved {
    /// Bytes from the client.
    received: u64,
    /// Bytes to the client.
    sent: u64,
    end: StreamEnd,
}

/// Goes on with a client connection whose stream became a tunnel.
pub async fn serve_upgraded(session: &Session, mut stream: Box<Stream>) {
    let Some((place, server)) = stream.take_tunnel() else { return };
    let asked = stream.asked_timeout(TimeoutOf::Tunnel);
    let configured = place.backend().config().timeouts.tunnel;
    let tunnel = asked.unwrap_or_else(|| configured.map_or(HTTP_TUNNEL_MS, millis));
    let timeouts = Timeouts { client_ms: tunnel, server_ms: tunnel };
    let moved = run(session, &server.conn, &place, (timeouts, None)).await;
    let Moved { received, sent, end } = moved;
    drop(server);
    stream.end_tunnel(session, place, (received, sent), end);
}

/// Relays until both directions ended.
async fn run(
    session: &Session,
    server: &Conn,
    place: &Place,
    (timeouts, judge): (Timeouts, Option<&mut Stream>),
) -> Moved {
    let mut tunnel = Tunnel::default();
    let mut judge = judge.filter(|_| !place.backend().config().rules.response_content.is_empty());
    let judged_ms = place.backend().config().rules.response_inspect_delay.map_or(0, millis);
    let judged_ms = io().now_ms() + judged_ms;
    tunnel.client.seen(io().now_ms());
    tunnel.server.seen(io().now_ms());
    let end = loop {
        if let Some(stream) = judge.as_deref_mut() {
            let is_over = io().now_ms() >= judged_ms;
            match stream.judge_tcp_response(session, place, (server, is_over)) {
                Ok(Some(())) => judge = None,
                Ok(None) => {}
                Err(fault) => break fault.end,
            }
        }
        tunnel.is_held = judge.is_some();
        if let Some(end) = tunnel.pump(&session.client, server) {
            break end;
        }
        tunnel.forgive(&session.client, server);
        let deadline = tunnel.deadline(&session.client, server, timeouts);
        if io().now_ms() >= deadline
            && let Some(end) = tunnel.judge(&session.client, server, timeouts)
        {
            break end;
        }
        let deadline = tunnel.deadline(&session.client, server, timeouts);
        let deadline = if judge.is_some() { deadline.min(judged_ms) } else { deadline };
        session.task.wait(deadline).await;
        if session.shard.killing.get() {
            break StreamEnd::KILLED_DATA;
        }
    };
    // Neither side is told in TLS that it has everything when the other one broke off.
    if end != StreamEnd::NORMAL {
        session.client.hide_end();
        server.hide_end();
    }
    let counters = session.shard.frontend_counters(session.frontend);
    counters.bytes_in.add(tunnel.request.bytes);
    place.count(|traffic| {
        traffic.bytes_in.add(tunnel.request.bytes);
        traffic.bytes_out.add(tunnel.response.bytes);
    });
    Moved { received: tunnel.request.bytes, sent: tunnel.response.bytes, end }
}

impl Tunnel {
    /// Moves both directions as far as they go. Returns the end when there is nothing left to do.
    fn pump(&mut self, client: &Conn, server: &Conn) -> Option<StreamEnd> {
        move_bytes(client, server, (&mut self.client, &mut self.server), &mut self.request);
        if !self.is_held {
            move_bytes(server, client, (&mut self.server, &mut self.client), &mut self.response);
        }
        self.cut = self.cut.or(match (self.request.is_cut, self.response.is_cut) {
            (true, _) => Some(StreamEnd::CLIENT_DATA),
            (false, true) => Some(StreamEnd::SERVER_DATA),
            (false, false) => None,
        });
        if self.request.finished && self.response.finished {
            return Some(self.cut.unwrap_or(StreamEnd::NORMAL));
        }
        let broken = |conn: &Conn| {
            matches!(conn.input_end(), Some(InputEnd::Failed(_))) || conn.send_error().is_some()
        };
        if broken(client) {
            return Some(StreamEnd::CLIENT_DATA);
        }
        // What the server sent before it went is still delivered.
        let delivered = !server.has_input() && client.unsent() == 0;
        (broken(server) && delivered).then_some(StreamEnd::SERVER_DATA)
    }

    /// Whether the client is waited for, and whether the server is: to send while the other side
    /// takes, or to take.
    fn waits(&self, client: &Conn, server: &Conn) -> (bool, bool) {
        let room = io().window();
        let (to_client, to_server) = (client.unsent(), server.unsent());
        let client_sends = !self.request.finished && to_server < room;
        let server_sends = !self.response.finished && to_client < room;
        (client_sends || to_client > 0, server_sends || to_server > 0)
    }

    /// A side that is not waited for now begins anew when it is.
    fn forgive(&mut self, client: &Conn, server: &Conn) {
        let (client_waits, server_waits) = self.waits(client, server);
        let now_ms = io().now_ms();
        if !client_waits {
            self.client.seen(now_ms);
        }
        if !server_waits {
            self.server.seen(now_ms);
        }
    }

    fn deadline(&self, client: &Conn, server: &Conn, timeouts: Timeouts) -> u64 {
        let client = self.client.deadline(client, timeouts.client_ms);
        client.min(self.server.deadline(server, timeouts.server_ms))
    }

    fn judge(&mut self, client: &Conn, server: &Conn, timeouts: Timeouts) -> Option<StreamEnd> {
        let now_ms = io().now_ms();
        if self.client.is_over(client, timeouts.client_ms, now_ms) {
            return Some(StreamEnd::CLIENT_TIMEOUT_DATA);
        }
        let over = self.server.is_over(server, timeouts.server_ms, now_ms);
        over.then_some(StreamEnd::SERVER_TIMEOUT_DATA)
    }
}

/// Moves what `from` has to `to`, and its end once all is sent.
fn move_bytes(
    from: &Conn,
    to: &Conn,
    patience: (&mut Patience, &mut Patience),
    direction: &mut Direction,
) {
    let now_ms = io().now_ms();
    while to.unsent() < io().window() {
        let Some(buffer) = from.take() else { break };
        patience.0.seen(now_ms);
        if to.unsent() == 0 {
            patience.1.seen(now_ms);
        }
        direction.bytes += buffer.len() as u64;
        to.queue(Chunk::Received(buffer));
    }
    to.flush();
    let end = from.input_end();
    let ends = matches!(end, Some(InputEnd::Closed | InputEnd::Truncated));
    let broke = matches!(from.closing(), Some(InputEnd::Failed(_))) || from.send_error().is_some();
    if ends && to.unsent() == 0 && !direction.finished {
        direction.is_cut = end == Some(InputEnd::Truncated);
        if direction.is_cut {
            to.hide_end();
        }
        to.finish();
        direction.finished = true;
    }
    // Woken when there is room again, or when the end can be passed on.
    let full = to.unsent() >= io().window();
    to.notify_sent(full || broke || ends && !direction.finished);
}

/// Logs a connection that begins to carry data (`option.logasap`).
fn record_tcp_early(session: &Session, place: &Place, attempts: &Attempts, outcome: &TcpOutcome) {
    with_tcp_record(session, Some(place), attempts, outcome, |record| {
        session.log(&Record { is_early: true, ..record.clone() });
    });
}

fn record_tcp(session: &Session, place: Option<&Place>, attempts: &Attempts, outcome: &TcpOutcome) {
    let options = &session.config().log_options;
    let is_logged = options.asap && outcome.connected_ms > 0;
    // What a client sent to a server that could not be reached still waits.
    let is_silent = outcome.moved.received == 0 && !session.client.has_input();
    let is_null = options.without_null && is_silent;
    let is_unlogged = outcome.stream.as_deref().is_some_and(Stream::is_unlogged);
    if !is_logged
        && !is_null
        && !is_unlogged
        && !session.shard.frontends[session.frontend].logs.is_empty()
    {
        with_tcp_record(session, place, attempts, outcome, |record| session.log(record));
    }
}

/// Lends what is known of a connection to `look`.
fn with_tcp_record(
    session: &Session,
    place: Option<&Place>,
    attempts: &Attempts,
    outcome: &TcpOutcome,
    look: impl FnOnce(&Record<'_>),
) {
    let record = tcp_record(session, place, attempts, outcome);
    match &outcome.stream {
        Some(stream) => stream.complete_record(session, &record, look),
        None => look(&record),
    }
}

fn tcp_record<'a>(
    session: &'a Session,
    place: Option<&'a Place>,
    attempts: &Attempts,
    outcome: &'a TcpOutcome,
) -> Record<'a> {
    let now_ms = io().now_ms();
    let since = |from: u64| now_ms.saturating_sub(from) as i64;
    let config = place.map(|place| place.backend().config());
    let server = place.and_then(Place::server);
    let is_connected = outcome.connected_ms > 0;
    let mut counts = session.shard.counts(session.frontend, place);
    counts.retries = u64::from(attempts.retries);
    counts.redispatched = attempts.redispatched;
    counts.request = outcome.number;
    let blank = session.blank_record();
    Record {
        server_conn: outcome.server_ends,
        backend: config.map_or(blank.backend, |config| &config.name),
        server: config.zip(server).map(|(config, server)| config.servers[server].name.as_str()),
        timers: Timers {
            idle_ms: 0,
            queue_ms: if is_connected { 0 } else { -1 },
            connect_ms: match is_connected {
                true => since(session.since_ms) - since(outcome.connected_ms),
                false => -1,
            },
            active_ms: since(session.since_ms),
            total_ms: since(session.accepted_ms),
            ..blank.timers
        },
        bytes: outcome.moved.sent,
        bytes_received: outcome.moved.received,
        end: outcome.end,
        counts,
        unique_id: &outcome.unique_id,
        ..blank
    }
}
