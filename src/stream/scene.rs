//! What rules see of a stream and of the proxy around it.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use proxy_config::model::rule::{Expr, StreamState, TimeoutOf};
use proxy_config::model::{BackendId, LogField, LogFlags};

use super::Stream;
use super::hold_response::HeldResponse;
use super::rules::Capture;
use crate::connect::Place;
use crate::io::{self, TlsFacts, io};
use crate::observe::{RequestLine, SampleKind, Samples, Timers, Zone};
use crate::proto::h1::{RequestHead, ResponseHead};
use crate::rule::{self, Arena, Client, Context, Input, Library, Message, Sample, Scene, Vars};
use crate::session::{Ends, Session, is_error};

/// A stream in its session.
pub(super) struct Stage<'a> {
    pub(super) stream: &'a Stream,
    pub(super) session: &'a Session,
    server_tls: Option<Rc<TlsFacts>>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(stream: &'a Stream, session: &'a Session) -> Self {
        let server = stream.progress.server.as_ref();
        Self { stream, session, server_tls: server.and_then(|server| server.conn.tls_facts()) }
    }

    pub(super) fn context<'c>(&'c self, arena: &'c Arena, library: &'c Library) -> Context<'c> {
        let (stream, session) = (self.stream, self.session);
        let Ends { source, destination } = session.ends();
        Context {
            arena,
            config: &session.shard.config,
            frontend: session.frontend,
            library,
            client: Client {
                source,
                destination,
                bind_number: session.bind_number,
                tls: session.tls.as_deref(),
                requests: session.requests,
            },
            request_input: stream.seen_of_request(),
            response_input: stream.input.response.as_ref().map(Seen::input),
            request: stream.request_message(),
            response: stream.response_message(),
            vars: Vars {
                proc: &session.shard.proc_vars,
                sess: session.vars(),
                txn: &stream.vars.txn,
                req: &stream.vars.req,
                res: &stream.vars.res,
            },
            scene: self,
            may_change: false.into(),
        }
    }
}

/// Bytes of a direction that rules of TCP look at, copied from what waits to be taken.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) bytes: Vec<u8>,
    pub(super) is_final: bool,
}

impl Seen {
    fn input(&self) -> Input<'_> {
        Input { bytes: &self.bytes, is_final: self.is_final }
    }
}

impl Stream {
    /// The name that a server is asked for, where that is an expression.
    pub fn sni_of(&self, session: &Session, expr: &Expr) -> Option<String> {
        let library = session.shard.library();
        session.shard.clear_arena();
        let arena = session.shard.arena.borrow();
        let stage = Stage::new(self, session);
        let sample = rule::eval(expr, &stage.context(&arena, &library))?;
        let name = std::str::from_utf8(sample.text(&arena)).ok()?;
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// The bytes that rules of TCP see: in HTTP those of the head, which is all that there is to wait for.
    fn seen_of_request(&self) -> Option<Input<'_>> {
        let head = || self.request_bytes.get(..self.request.len).unwrap_or_default();
        match &self.input.request {
            Some(seen) => Some(seen.input()),
            None if self.progress.head_read => Some(Input { bytes: head(), is_final: true }),
            None => None,
        }
    }

    fn request_message(&self) -> Option<Message<'_, RequestHead>> {
        self.progress.head_read.then(|| Message {
            head: &self.request,
            bytes: &self.request_bytes,
            body: &self.body,
            is_body_whole: self.is_request_done(),
        })
    }

    fn response_message(&self) -> Option<Message<'_, ResponseHead>> {
        let held = self.progress.held.as_deref();
        self.progress.response_judged.then(|| Message {
            head: &self.response,
            bytes: &self.response_bytes,
            body: held.map_or(&[], HeldResponse::body),
            is_body_whole: held.is_some_and(HeldResponse::is_whole),
        })
    }
}

impl Scene for Stage<'_> {
    fn zone(&self) -> Option<&Zone> {
        Some(&self.session.shard.zone)
    }

    fn wall_us(&self) -> u64 {
        io().wall_us()
    }

    fn accept_ms(&self) -> u64 {
        io().wall_ms(self.session.accepted_ms)
    }

    fn request_ms(&self) -> u64 {
        io().wall_ms(self.stream.progress.times.begun)
    }

    fn uptime_s(&self) -> u64 {
        self.session.shard.uptime_s()
    }

    fn random(&self) -> u64 {
        self.session.shard.random()
    }

    fn shard(&self) -> usize {
        self.session.shard.index
    }

    fn is_stopping(&self) -> bool {
        self.session.shard.draining.get()
    }

    fn stream_is(&self, state: StreamState) -> bool {
        let progress = &self.stream.progress;
        match state {
            StreamState::Stopping => self.is_stopping(),
            StreamState::Forwarded => {
                let is_seated = progress.chosen.is_some_and(|(_, server)| server.is_some());
                progress.times.connected != 0 || is_seated
            }
            StreamState::Error | StreamState::Normal => {
                let mut has_failed = false;
                self.stream.with_record(self.session, |record| has_failed = is_error(record));
                has_failed == (state == StreamState::Error)
            }
        }
    }

    fn process_conns(&self) -> u64 {
        self.session.shard.counts(self.session.frontend, None).process
    }

    fn frontend_conns(&self, frontend: usize) -> u64 {
        self.session.shard.counts(frontend, None).frontend
    }

    /// Those of the frontend: they are not counted for each bind.
    fn bind_conns(&self) -> u64 {
        self.frontend_conns(self.session.frontend)
    }

    fn backend_conns(&self, backend: BackendId) -> u64 {
        self.session.shard.backend_streams(backend, None)
    }

    fn usable_servers(&self, backend: BackendId) -> usize {
        self.session.shard.backends[backend.0].usable_servers()
    }

    fn server_conns(&self, backend: BackendId, server: usize) -> u64 {
        self.session.shard.backend_streams(backend, Some(server))
    }

    fn is_server_up(&self, backend: BackendId, server: usize) -> bool {
        self.session.shard.backends[backend.0].is_usable(server)
    }

    fn backend(&self) -> Option<BackendId> {
        let progress = &self.stream.progress;
        // Until another one is chosen, a `listen` section's is its own.
        let own = || {
            let config = &self.session.shard.config;
            let id = self.session.config().default_backend?;
            let backend = config.backends.get(id.0)?;
            (backend.listen_frontend == Some(self.session.frontend)).then_some(id)
        };
        let chosen = progress.place.as_ref().map(Place::id).or_else(|| Some(progress.chosen?.0));
        chosen.or_else(own)
    }

    fn server(&self) -> Option<usize> {
        let progress = &self.stream.progress;
        match &progress.place {
            Some(place) => place.server(),
            None => progress.chosen?.1,
        }
    }

    fn is_local(&self, address: IpAddr) -> bool {
        io::is_own_address(address)
    }

    fn client_ends(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        let Ends { source, destination } = self.session.original_ends();
        (source, destination)
    }

    fn server_ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.stream.progress.server.as_ref()?.conn.ends()
    }

    fn server_tls(&self) -> Option<&TlsFacts> {
        self.server_tls.as_deref()
    }

    fn is_server_reused(&self) -> bool {
        self.stream.progress.server.as_ref().is_some_and(|server| server.reused)
    }

    fn has_proxy_header(&self) -> bool {
        self.session.has_proxy_header()
    }

    fn proxy_tlv(&self, kind: u8) -> Option<&[u8]> {
        self.session.proxy_tlv(kind)
    }

    fn timeout(&self, of: TimeoutOf) -> Option<u64> {
        self.stream.timeout(self.session, of)
    }

    fn retries(&self) -> u32 {
        self.stream.progress.attempts.retries
    }

    fn max_retries(&self) -> Option<u32> {
        let place = self.stream.progress.place.as_ref()?;
        Some(self.stream.progress.attempts.limit(place))
    }

    fn is_redispatched(&self) -> bool {
        self.stream.progress.attempts.redispatched
    }

    fn timers(&self) -> Timers {
        self.stream.progress.times.timers(self.session, io().now_ms())
    }

    fn bytes(&self) -> (u64, u64) {
        (self.stream.progress.bytes_in, self.stream.progress.bytes_out)
    }

    fn request_number(&self) -> u64 {
        self.stream.progress.number
    }

    fn termination(&self) -> [u8; 2] {
        let end = self.stream.progress.end;
        [end.who.code(), end.when.code()]
    }

    fn server_status(&self) -> Option<u16> {
        Some(self.stream.progress.server_status).filter(|status| *status != 0)
    }

    fn unique_id(&self) -> &[u8] {
        &self.stream.unique_id
    }

    fn request_line(&self) -> Option<RequestLine<'_>> {
        let stream = self.stream;
        stream.progress.head_read.then(|| stream.request_line(self.session))
    }

    fn captured<'s>(&'s self, is_request: bool, slot: usize, arena: &'s Arena) -> Option<&'s [u8]> {
        let captures = self.stream.asked.captures.borrow();
        let is_it = |own: &&Capture| (own.is_request, own.slot) == (is_request, slot);
        if let Some(own) = captures.iter().rfind(is_it) {
            return Some(arena.keep(&own.value));
        }
        let kept = match is_request {
            true => &self.stream.captured_request,
            false => &self.stream.captured_response,
        };
        kept.header(slot)
    }

    fn capture(&self, is_request: bool, slot: usize, value: &[u8]) {
        let captures = &self.session.config().captures;
        let slots = if is_request { &captures.request } else { &captures.response };
        let Some(own) = slots.get(slot) else { return };
        let value = value.get(..own.len).unwrap_or(value).to_vec();
        self.stream.asked.captures.borrow_mut().push(Capture { is_request, slot, value });
    }

    fn is_user(&self, userlist: usize, user: &[u8], password: &[u8]) -> bool {
        self.session.shard.users.is_user(userlist, user, password)
    }

    fn put_field(&self, out: &mut Vec<u8>, field: LogField, flags: LogFlags) {
        self.stream.with_record(self.session, |record| {
            self.session.shard.render_field(out, (field, flags), record);
        });
    }
}

impl Samples for Stage<'_> {
    fn put(&self, out: &mut Vec<u8>, expr: &Expr) -> SampleKind {
        let library = self.session.shard.library();
        let arena = self.session.shard.arena.borrow();
        let context = self.context(&arena, &library);
        // The expression is the configuration's, the context is of this moment.
        let Some(sample) = rule::eval(expr, &context) else { return SampleKind::Missing };
        sample.push_text(out);
        match sample {
            Sample::Bool(value) => SampleKind::Bool(value),
            Sample::Int(value) => SampleKind::Int(value),
            _ => SampleKind::Text,
        }
    }
}
