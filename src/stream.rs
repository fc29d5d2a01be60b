//! A stream: one request and its response, from the first byte read to the log line.
//!
//! ```text
//! serve: read_head -> normalise -> choose a backend -> hold_body -> connect -> exchange -> record
//!                                                                   ^           |
//!                                    stale connection, `retry-on`:  +-- again --+
//! ```
//! `exchange` moves both directions as far as they go, then sleeps until something happened.
//! A stage that cannot go on returns a `Fault`; `serve` alone turns it into an answer, a log line
//! and counters.

mod answer;
mod capture;
mod edit;
mod forward;
mod hold;
mod hold_response;
mod identity;
mod judge;
mod normalise;
mod normalise_uri;
mod own_reply;
mod perform;
mod record;
mod redirect;
mod request;
mod response;
mod retry;
mod rules;
mod scene;

use std::mem;

use proxy_config::model::rule::Expr;
use proxy_config::model::{BackendId, HttpReuse, SendProxy};

use crate::connect::{Attempts, Caller, Connected, Fault, Names, Place, Retry, Reuse};
use crate::io::{Conn, io};
use crate::observe::{ConnEnds, StreamEnd};
use crate::patience::Patience;
use crate::proto::h1::{BodyDecoder, RequestHead, ResponseHead, Span};
use crate::session::{Session, millis};

pub use judge::TcpChoice;
pub use rules::Pick;
use rules::{Asked, Inputs, Owner, StreamVars};

/// A response with no more than this to send is over when it is queued: the kernel takes it at the
/// end of this turn.
const UNSENT_LOW: usize = 32 * 1024;

/// What a stream that waits for its next request keeps of a buffer.
const SPARE_BYTES: usize = 16 * 1024;

/// What the session does after a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Everything was read and sent.
    Close,
    /// Something may still arrive that nobody reads.
    Linger,
    Request,
    /// The connections became a tunnel.
    Tunnel,
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The request is sent again: the connection was stale, or `retry-on` says so.
    Again,
    Done,
    Tunnel,
}

/// Reused from stream to stream: an idle session holds none.
#[derive(Default)]
pub struct Stream {
    request: RequestHead,
    response: ResponseHead,
    /// The request's head, and behind it what rules wrote into it.
    request_bytes: Vec<u8>,
    /// The request's body, without its framing, if that is kept.
    body: Vec<u8>,
    /// A response's head that came in pieces.
    response_bytes: Vec<u8>,
    unique_id: Vec<u8>,
    captured_request: capture::Captured,
    captured_response: capture::Captured,
    vars: StreamVars,
    asked: Asked,
    input: Inputs,
    /// A reply that a rule composed.
    reply: Vec<u8>,
    /// A response with 103 to which rules still add.
    hints: Vec<u8>,
    /// The next rule adds to it.
    more_hints: bool,
    progress: Progress,
}

/// The part of a stream that begins anew with each request.
#[derive(Default)]
struct Progress {
    /// Unique in the process.
    number: u64,
    end: StreamEnd,
    request_body: Option<BodyDecoder>,
    response_body: Option<BodyDecoder>,
    head_read: bool,
    response_begun: bool,
    response_chunked: bool,
    /// The response ends with the client's connection.
    response_closes: bool,
    /// Some of the request's body is gone to a server and not kept.
    body_moved: bool,
    /// What goes of the request's body to a server is kept.
    keeps_body: bool,
    is_websocket: bool,
    /// The response's rules were obeyed: `response` is of this stream.
    response_judged: bool,
    switches_to_http: bool,
    cursor: judge::Cursor,
    /// A response that rules hold back.
    held: Option<Box<hold_response::HeldResponse>>,
    /// As the server sent it.
    server_status: u16,
    /// The answer for which the tarpit is waited.
    tarpit: Option<Box<Fault>>,
    /// Method and target as they came.
    line: (Span, Span),
    /// No log line is to be written, or it was already.
    is_unlogged: bool,
    /// The client is to be left without a word (`silent-drop`).
    vanishes: bool,
    keep_client: bool,
    interims: u32,
    status: u16,
    place: Option<Place>,
    /// The backend, and in TCP mode the server, of a connection whose place is elsewhere.
    chosen: Option<(BackendId, Option<usize>)>,
    server: Option<Connected>,
    /// For logs that show them; in a box, since few do.
    server_ends: Option<Box<ConnEnds>>,
    attempts: Attempts,
    times: Times,
    client: Patience,
    server_patience: Patience,
    bytes_in: u64,
    bytes_out: u64,
}

/// When each step was reached, on the shard's clock; 0 if it was not.
#[derive(Debug, Default, Clone, Copy)]
struct Times {
    begun: u64,
    head: u64,
    connected: u64,
    response: u64,
}

impl Stream {
    /// Makes a used stream as good as new, keeping its buffers if they are of a usual size.
    pub fn reset(&mut self) {
        // A body that was held is not what most requests need.
        for bytes in [
            &mut self.request_bytes,
            &mut self.body,
            &mut self.response_bytes,
            &mut self.reply,
            &mut self.unique_id,
            &mut self.hints,
        ] {
            bytes.clear();
            bytes.shrink_to(SPARE_BYTES);
        }
        self.captured_request.clear();
        self.captured_response.clear();
        self.vars.clear();
        self.asked = Asked::default();
        self.input = Inputs::default();
        self.progress = Progress::default();
    }

    /// Serves the request that begins now.
    pub async fn serve(&mut self, session: &mut Session) -> Next {
        let now_ms = io().now_ms();
        self.progress.times.begun = now_ms;
        self.progress.client.seen(now_ms);
        let (end, next) = match self.run(session).await {
            Ok(Step::Tunnel) => return Next::Tunnel,
            Ok(_) => (StreamEnd::NORMAL, self.next(session)),
            Err(fault) => {
                // What the answer shows of the stream includes why it ended.
                self.progress.end = fault.end;
                (fault.end, self.answer(session, fault).await)
            }
        };
        self.record(session, end);
        next
    }

    async fn run(&mut self, session: &mut Session) -> Result<Step, Fault> {
        self.read_head(session).await?;
        self.name_request(session);
        self.normalise(session)?;
        let has_rules = session.extras.is_some();
        if has_rules {
            if session.config().buffer_request {
                let deadline = self.body_deadline(session);
                self.await_body(session, deadline, 0).await?;
            }
            let frontend = Owner::Frontend(session.frontend);
            while let Some(wait) = self.judge_request(session, frontend)? {
                // In a box, since hardly any request waits.
                Box::pin(self.wait_for(session, wait)).await?;
            }
        }
        let place = Place::new(&session.shard, self.choose_backend(session)?);
        self.take_captures(session);
        let restrict = place.backend().config().restrict_names;
        self.progress.place = Some(place);
        self.restrict_names(session, restrict)?;
        self.hold_body(session).await?;
        if has_rules {
            while let Some(wait) = self.judge_backend(session)? {
                Box::pin(self.wait_for(session, wait)).await?;
            }
        }
        loop {
            self.connect(session).await?;
            let step = match self.exchange(session).await {
                Err(fault) if self.tries_again(&fault) => Step::Again,
                outcome => outcome?,
            };
            match step {
                Step::Again => self.progress.server = None,
                Step::Done => {
                    self.keep_server(session);
                    self.flush_client(session).await?;
                    return Ok(Step::Done);
                }
                Step::Tunnel => return Ok(Step::Tunnel),
            }
        }
    }

    /// Connects to a server and sends it the head, and the body if that is kept.
    async fn connect(&mut self, session: &mut Session) -> Result<(), Fault> {
        let Some(mut place) = self.progress.place.take() else {
            return Err(Fault::new(StreamEnd::INTERNAL_REQUEST, 500));
        };
        let mut attempts = mem::take(&mut self.progress.attempts);
        self.progress.chosen = Some((place.id(), None));
        // A request that was sent in vain once goes over a connection that is surely alive.
        let is_marked = self.asked.mark.is_some() || self.asked.tos.is_some();
        let reuse = match (attempts.retries, self.may_send_again()) {
            _ if is_marked => Reuse::No,
            (0, true) if self.is_request_done() => Reuse::Yes,
            (0, _) => Reuse::Once,
            _ => Reuse::No,
        };
        let connected = attempts.connect(session, &mut place, reuse, self).await;
        let now_ms = io().now_ms();
        let progress = &mut self.progress;
        (progress.place, progress.attempts) = (Some(place), attempts);
        let connected = connected?;
        if session.shard.frontends[session.frontend].asks_server_conn {
            progress.server_ends = connected.conn.ends().map(|ends| Box::new(ConnEnds::from(ends)));
        }
        progress.server = Some(connected);
        progress.times.connected = now_ms;
        progress.server_patience.seen(now_ms);
        Ok(())
    }

    /// Moves request and response until both are done.
    async fn exchange(&mut self, session: &Session) -> Result<Step, Fault> {
        loop {
            self.pump_request(session)?;
            if let Some(step) = self.pump_response(session)? {
                return Ok(step);
            }
            self.forgive(session);
            if io().now_ms() >= self.deadline(session) {
                self.judge_timeouts(session)?;
            }
            session.task.wait(self.deadline(session)).await;
            if session.shard.killing.get() {
                return Err(Fault::new(StreamEnd::KILLED_DATA, 0));
            }
        }
    }

    /// Whether the client is waited for, and whether the server is: a side from which nothing is
    /// taken because the other is slow does not count as still.
    fn waits(&self, session: &Session) -> (bool, bool) {
        let room = io().window();
        let to_server = self.progress.server.as_ref().map_or(0, |server| server.conn.unsent());
        let to_client = session.client.unsent();
        let body_open = !self.is_request_done();
        let client = body_open && to_server < room || to_client > 0;
        // While a rule lets time pass nothing is taken from the server.
        let takes = !self.is_paused() && to_client < room;
        (client, !body_open && takes || to_server > 0)
    }

    /// A side that is not waited for now begins anew when it is.
    fn forgive(&mut self, session: &Session) {
        let (client_waits, server_waits) = self.waits(session);
        let now_ms = io().now_ms();
        if !client_waits {
            self.progress.client.seen(now_ms);
        }
        if !server_waits {
            self.progress.server_patience.seen(now_ms);
        }
    }

    fn deadline(&self, session: &Session) -> u64 {
        let (client_ms, server_ms) = self.timeouts(session);
        let (client_waits, server_waits) = self.waits(session);
        let progress = &self.progress;
        let client = progress.client.deadline(&session.client, client_ms);
        let server = progress
            .server
            .as_ref()
            .map_or(u64::MAX, |server| progress.server_patience.deadline(&server.conn, server_ms));
        let unless = |waits: bool, at_ms| if waits { at_ms } else { u64::MAX };
        unless(client_waits, client).min(unless(server_waits, server)).min(self.held_until())
    }

    fn judge_timeouts(&mut self, session: &Session) -> Result<(), Fault> {
        let now_ms = io().now_ms();
        let (client_ms, server_ms) = self.timeouts(session);
        let (client_waits, server_waits) = self.waits(session);
        let progress = &mut self.progress;
        let begun = progress.response_begun;
        if client_waits && progress.client.is_over(&session.client, client_ms, now_ms) {
            return Err(match begun {
                true => Fault::new(StreamEnd::CLIENT_TIMEOUT_DATA, 0),
                false => Fault::new(StreamEnd::CLIENT_TIMEOUT_HEADERS, 408),
            });
        }
        let Some(server) = &progress.server else { return Ok(()) };
        if server_waits && progress.server_patience.is_over(&server.conn, server_ms, now_ms) {
            return Err(match begun {
                true => Fault::new(StreamEnd::SERVER_TIMEOUT_DATA, 0),
                false if progress.held.is_some() => hold_response::TOO_LATE,
                false => Fault::of_server(StreamEnd::SERVER_TIMEOUT_HEADERS, 504, Retry::Timeout),
            });
        }
        Ok(())
    }

    /// `timeout.client` and `timeout.server`, in milliseconds.
    fn timeouts(&self, session: &Session) -> (u64, u64) {
        let server = self
            .progress
            .place
            .as_ref()
            .map_or(u64::MAX / 2, |place| millis(place.backend().config().timeouts.server));
        let client =
            self.asked.client_ms.unwrap_or_else(|| millis(session.config().timeouts.client));
        (client, self.asked.server_ms.unwrap_or(server))
    }

    /// Puts the server's connection where the next request finds it, if it may carry one.
    fn keep_server(&mut self, session: &mut Session) {
        let closes =
            self.progress.place.as_ref().is_some_and(|place| self.closes_server(session, place));
        let progress = &mut self.progress;
        let (Some(server), Some(place)) = (progress.server.take(), &progress.place) else { return };
        let Some(index) = place.server() else { return };
        let whole = progress.request_body.as_ref().is_none_or(BodyDecoder::is_done);
        if !whole || !self.response.keep_alive || server.conn.unsent() > 0 || closes {
            return;
        }
        let config = place.backend().config();
        match config.http_reuse {
            _ if self.asked.mark.is_some() || self.asked.tos.is_some() => {}
            _ if config.servers[index].send_proxy.is_some_and(names_request) => {}
            // What a PROXY header said of one client holds for no other.
            _ if config.servers[index].send_proxy.is_some() => {
                session.keep_private(place.id(), index, server.conn);
            }
            HttpReuse::Never => session.keep_private(place.id(), index, server.conn),
            _ => place.backend().keep(index, server.conn, server.reused),
        }
    }

    /// Waits until the client has the response; not for a short one, which is as good as sent.
    async fn flush_client(&mut self, session: &Session) -> Result<(), Fault> {
        let low = if self.progress.keep_client { UNSENT_LOW } else { 0 };
        let timeout_ms = self.timeouts(session).0;
        let client = &session.client;
        client.notify_sent(client.unsent() > low);
        while client.unsent() > low {
            let now_ms = io().now_ms();
            if client.send_error().is_some() {
                return Err(Fault::new(StreamEnd::CLIENT_DATA, 0));
            }
            if self.progress.client.is_over(client, timeout_ms, now_ms) {
                return Err(Fault::new(StreamEnd::CLIENT_TIMEOUT_DATA, 0));
            }
            if session.shard.killing.get() {
                return Err(Fault::new(StreamEnd::KILLED_DATA, 0));
            }
            session.task.wait(self.progress.client.deadline(client, timeout_ms)).await;
        }
        Ok(())
    }

    /// What follows a response that was sent in full.
    fn next(&self, session: &Session) -> Next {
        match (self.is_request_done(), self.progress.keep_client) {
            (true, true) => Next::Request,
            (true, false) if !session.client.has_input() => Next::Close,
            _ => Next::Linger,
        }
    }

    /// Hands over what the tunnel that this exchange opened needs.
    pub fn take_tunnel(&mut self) -> Option<(Place, Connected)> {
        self.progress.place.take().zip(self.progress.server.take())
    }

    /// Records the end of a tunnel in which so many bytes came from the client and went to it.
    pub fn end_tunnel(
        &mut self,
        session: &Session,
        place: Place,
        (received, sent): (u64, u64),
        end: StreamEnd,
    ) {
        self.progress.bytes_in += received;
        self.progress.bytes_out += sent;
        self.progress.status = self.response.status;
        self.progress.times.response =
            self.progress.times.connected.max(self.progress.times.response);
        self.progress.place = Some(place);
        self.record(session, end);
    }
}

impl Caller for Stream {
    fn names(&self) -> Names<'_> {
        Names {
            authority: self.request.host.map(|host| host.of(&self.request_bytes)),
            unique_id: Some(&*self.unique_id).filter(|id| !id.is_empty()),
        }
    }

    fn greet(&self, session: &Session, conn: &Conn, place: &Place) {
        self.send_head(session, conn, place);
    }

    fn sni(&self, session: &Session, expr: &Expr) -> Option<String> {
        self.sni_of(session, expr)
    }
}

/// Whether the PROXY header of a connection says something of its first request, which then holds for no
/// other.
fn names_request(send_proxy: SendProxy) -> bool {
    match send_proxy {
        SendProxy::V1 => false,
        SendProxy::V2 { authority, unique_id, .. } => authority || unique_id,
    }
}
