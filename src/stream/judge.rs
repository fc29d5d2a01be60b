//! The rule sets of a stream in their order (HAProxy's manual, section 2 of `tcp-request` and
//! `http-request`): the frontend's, the choice of a backend, the backend's; and the response's, backend
//! first.

use proxy_config::model::rule::{BackendTarget, Moment, ServerTarget, TimeoutOf};
use proxy_config::model::{BackendId, Mode};

use super::Stream;
use super::rules::{Owner, Pick, Stop, Verdict, Wait};
use super::scene::{Seen, Stage};
use crate::connect::{Attempts, Fault, Place, Wishes};
use crate::io::{Conn, InputEnd, io};
use crate::observe::StreamEnd;
use crate::rule::{self, Destination, Truth};
use crate::session::{Session, millis};

const CONTENT: (Pick, Moment) = (|rules| &rules.content, Moment::Content);
const REQUEST: (Pick, Moment) = (|rules| &rules.request, Moment::Request);
const REDIRECTS: (Pick, Moment) = (|rules| &rules.redirects, Moment::Request);
const RESPONSE_CONTENT: (Pick, Moment) = (|rules| &rules.response_content, Moment::ResponseContent);
const RESPONSE: (Pick, Moment) = (|rules| &rules.response, Moment::Response);
const AFTER_RESPONSE: (Pick, Moment) = (|rules| &rules.after_response, Moment::AfterResponse);

/// What becomes of a connection in TCP mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TcpChoice {
    Backend(BackendId),
    /// It carries HTTP from here on; the backend if that is chosen already.
    Http(Option<BackendId>),
    /// There is no backend.
    None,
}

/// Where the rules of a request stopped.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cursor {
    set: u8,
    rule: u16,
}

impl Stream {
    /// Obeys rules of a connection that is only just there. False when it is to be closed.
    pub async fn judge_connection(&mut self, session: &mut Session, set: (Pick, Moment)) -> bool {
        let owner = Owner::Frontend(session.frontend);
        self.run_rules(session, owner, set).await.is_ok()
    }

    /// Obeys the rules of HTTP of a frontend or a backend, from where they stopped. Returns what one of
    /// them waits for.
    ///
    /// No future of its own: it would make every session larger.
    pub(super) fn judge_request(
        &mut self,
        session: &Session,
        owner: Owner,
    ) -> Result<Option<Wait>, Fault> {
        const SETS: [(Pick, Moment); 3] = [CONTENT, REQUEST, REDIRECTS];
        loop {
            let Cursor { set, rule } = self.progress.cursor;
            let is_judged =
                set == 0 && matches!(owner, Owner::Frontend(_)) && has_been_judged(session);
            let set = set + u8::from(is_judged);
            let Some(at) = SETS.get(usize::from(set)) else {
                self.progress.cursor = Cursor::default();
                return Ok(None);
            };
            match self.obey(session, owner, *at, usize::from(rule))? {
                Stop::At(_) => self.progress.cursor = Cursor { set: set + 1, rule: 0 },
                Stop::Wait { next, wait } => {
                    let rule = u16::try_from(next).unwrap_or(u16::MAX);
                    self.progress.cursor = Cursor { set, rule };
                    return Ok(Some(wait));
                }
            }
        }
    }

    /// The rules of the backend that was chosen, and its server if a rule says which.
    pub(super) fn judge_backend(&mut self, session: &Session) -> Result<Option<Wait>, Fault> {
        if let Some(owner) = self.backend_owner(session)
            && let Some(wait) = self.judge_request(session, owner)?
        {
            return Ok(Some(wait));
        }
        let place = self.progress.place.as_ref();
        let server = place.and_then(|place| self.use_server(session, place));
        self.take_captures(session);
        self.progress.attempts.wishes = self.wishes(server);
        Ok(None)
    }

    /// The backend of a request.
    pub(super) fn choose_backend(&self, session: &Session) -> Result<BackendId, Fault> {
        // For the request with which the connection became HTTP; those behind it choose anew.
        let switched = session.extras.as_deref().and_then(|extras| extras.http_backend.take());
        let chosen = switched.or_else(|| self.use_backend(session));
        let is_http = |id: &BackendId| session.shard.config.backends[id.0].mode == Mode::Http;
        chosen.filter(is_http).ok_or(Fault::new(StreamEnd::SERVER_CONNECT, 503))
    }

    /// `use-backend`, then `default-backend`.
    fn use_backend(&self, session: &Session) -> Option<BackendId> {
        let config = session.config();
        if config.use_backends.is_empty() {
            return config.default_backend;
        }
        let library = session.shard.library();
        session.shard.clear_arena();
        let arena = session.shard.arena.borrow();
        let stage = Stage::new(self, session);
        let context = stage.context(&arena, &library);
        let is_due = |condition: &Option<_>| {
            condition.as_ref().is_none_or(|own| rule::holds(own, &context) == Truth::Yes)
        };
        for choice in &config.use_backends {
            if !is_due(&choice.condition) {
                continue;
            }
            return match &choice.target {
                BackendTarget::Fixed(id) => Some(*id),
                BackendTarget::Named(format) => {
                    let name = arena.write(|out| {
                        rule::render(out, format, Destination::Anywhere, &context);
                    });
                    session.shard.backend_named(name, config.mode).or(config.default_backend)
                }
            };
        }
        config.default_backend
    }

    /// `use-server`: the first that holds and whose server can be used.
    pub(super) fn use_server(&self, session: &Session, place: &Place) -> Option<usize> {
        let config = place.backend().config();
        if config.use_servers.is_empty() {
            return None;
        }
        let library = session.shard.library();
        session.shard.clear_arena();
        let arena = session.shard.arena.borrow();
        let stage = Stage::new(self, session);
        let context = stage.context(&arena, &library);
        for choice in &config.use_servers {
            let condition = choice.condition.as_ref();
            let is_due = condition.is_none_or(|own| rule::holds(own, &context) == Truth::Yes);
            if !is_due {
                continue;
            }
            let server = match &choice.target {
                ServerTarget::Fixed(index) => *index,
                ServerTarget::Named(format) => {
                    let name = arena.write(|out| {
                        rule::render(out, format, Destination::Anywhere, &context);
                    });
                    // As with HAProxy, a name that no server has ends the search.
                    config.servers.iter().position(|server| server.name.as_bytes() == name)?
                }
            };
            if place.backend().is_running(server) {
                return Some(server);
            }
        }
        None
    }

    /// The rules of a backend, unless they are those of the frontend that were obeyed already.
    pub(super) fn backend_owner(&self, session: &Session) -> Option<Owner> {
        let place = self.progress.place.as_ref()?;
        let is_same = place.backend().config().listen_frontend == Some(session.frontend);
        (!is_same).then_some(Owner::Backend(place.id().0))
    }

    /// Whether anything is to be done with responses.
    pub(super) fn has_response_rules(&self, session: &Session) -> bool {
        let is_any = |owner: Owner| {
            let rules = owner.rules(&session.shard.config);
            !(rules.response.is_empty() && rules.after_response.is_empty())
        };
        session.extras.is_some()
            && (is_any(Owner::Frontend(session.frontend))
                || self.backend_owner(session).is_some_and(is_any))
    }

    /// `http-response`, from where it stopped, then `http-after-response`, on a response whose bytes are
    /// kept. Returns what a rule waits for.
    pub(super) fn judge_response(&mut self, session: &Session) -> Result<Option<Wait>, Fault> {
        if !self.progress.response_judged {
            self.progress.response_judged = true;
            // Variables of the request end where the response begins.
            self.vars.req.borrow_mut().clear();
        }
        let owners = [self.backend_owner(session), Some(Owner::Frontend(session.frontend))];
        while let Some(owner) = owners.get(usize::from(self.progress.cursor.set)) {
            let Cursor { set, rule } = self.progress.cursor;
            let stop = match owner {
                Some(owner) => self.obey(session, *owner, RESPONSE, usize::from(rule))?,
                None => Stop::At(Verdict::Passed),
            };
            match stop {
                Stop::At(_) => self.progress.cursor = Cursor { set: set + 1, rule: 0 },
                Stop::Wait { next, wait } => {
                    let rule = u16::try_from(next).unwrap_or(u16::MAX);
                    self.progress.cursor = Cursor { set, rule };
                    return Ok(Some(wait));
                }
            }
        }
        self.progress.cursor = Cursor::default();
        self.judge_after(session)?;
        Ok(None)
    }

    /// `http-after-response`.
    pub(super) fn judge_after(&mut self, session: &Session) -> Result<(), Fault> {
        let owners = [self.backend_owner(session), Some(Owner::Frontend(session.frontend))];
        for owner in owners.into_iter().flatten() {
            self.run_rules_now(session, owner, AFTER_RESPONSE)?;
        }
        Ok(())
    }

    /// Whether replies of the proxy's own are edited.
    pub(super) fn has_after_rules(&self, session: &Session) -> bool {
        let is_any = |owner: Owner| !owner.rules(&session.shard.config).after_response.is_empty();
        session.extras.is_some()
            && (is_any(Owner::Frontend(session.frontend))
                || self.backend_owner(session).is_some_and(is_any))
    }

    /// The rules of a connection in TCP mode, which may wait for bytes of the client's; and what becomes
    /// of it.
    ///
    /// # Errors
    /// A rule refused it, or its end.
    pub async fn judge_tcp(&mut self, session: &Session) -> Result<TcpChoice, Fault> {
        self.progress.times.begun = io().now_ms();
        self.inspect(session, Owner::Frontend(session.frontend)).await?;
        self.see(session, true);
        self.read_http(session);
        if self.progress.switches_to_http {
            return Ok(TcpChoice::Http(None));
        }
        let chosen = self.use_backend(session);
        self.take_captures(session);
        let Some(id) = chosen else { return Ok(TcpChoice::None) };
        Ok(match session.shard.config.backends[id.0].mode {
            Mode::Http => TcpChoice::Http(Some(id)),
            Mode::Tcp => TcpChoice::Backend(id),
        })
    }

    /// The rules of a backend for a connection in TCP mode.
    pub async fn judge_tcp_backend(
        &mut self,
        session: &Session,
        place: &Place,
        attempts: &mut Attempts,
    ) -> Result<(), Fault> {
        self.progress.chosen = Some((place.id(), None));
        let is_same = place.backend().config().listen_frontend == Some(session.frontend);
        if !is_same {
            self.inspect(session, Owner::Backend(place.id().0)).await?;
        }
        let server = self.use_server(session, place);
        self.take_captures(session);
        attempts.wishes = self.wishes(server);
        Ok(())
    }

    /// What rules asked of connections to servers, if anything.
    fn wishes(&self, server: Option<usize>) -> Option<Box<Wishes>> {
        let asked = &self.asked;
        let wishes = Wishes {
            server,
            retries: asked.retries,
            connect_ms: asked.connect_ms,
            mark: asked.mark,
            tos: asked.tos,
        };
        (wishes != Wishes::default()).then(|| Box::new(wishes))
    }

    /// `set-timeout`, in milliseconds.
    pub fn asked_timeout(&self, of: TimeoutOf) -> Option<u64> {
        match of {
            TimeoutOf::Client => self.asked.client_ms,
            TimeoutOf::Server => self.asked.server_ms,
            TimeoutOf::Tunnel => self.asked.tunnel_ms,
            TimeoutOf::Connect | TimeoutOf::Queue | TimeoutOf::Tarpit => None,
        }
    }

    /// Tells the stream which backend and server its connection in TCP mode had, if any, and how it ended.
    pub fn end_tcp(&mut self, place: Option<&Place>, end: StreamEnd) {
        self.progress.chosen = place.map(|place| (place.id(), place.server()));
        self.progress.end = end;
    }

    /// `tcp-request-content` in TCP mode: from the first rule on whenever more bytes are there, until
    /// they decide or `tcp-request-inspect-delay` is over.
    async fn inspect(&mut self, session: &Session, owner: Owner) -> Result<(), Fault> {
        let rules = owner.rules(&session.shard.config);
        if rules.content.is_empty() {
            return Ok(());
        }
        let begun_ms = io().now_ms();
        let deadline = begun_ms + rules.inspect_delay.map_or(0, millis);
        let seen_max = session.shard.config.global.tune.bufsize;
        loop {
            let is_over = io().now_ms() >= deadline;
            let ended = session.client.closing().is_some();
            self.see(session, is_over || ended);
            let is_full = session.client.is_full()
                || self.input.request.as_ref().is_some_and(|seen| seen.bytes.len() >= seen_max);
            if is_full {
                self.see(session, true);
            }
            self.read_http(session);
            match self.run_rules(session, owner, CONTENT).await? {
                Verdict::Passed | Verdict::Accepted => return Ok(()),
                Verdict::Undecided => {}
            }
            if session.shard.killing.get() {
                return Err(Fault::new(StreamEnd::KILLED_REQUEST, 0));
            }
            session.task.wait(deadline).await;
        }
    }

    /// Copies what the client sent and nobody took.
    fn see(&mut self, session: &Session, is_final: bool) {
        let seen_max = session.shard.config.global.tune.bufsize;
        peek(&session.client, self.input.request.get_or_insert_default(), (seen_max, is_final));
    }

    /// For rules of TCP that ask for HTTP: the head of a request, if the bytes begin with one.
    fn read_http(&mut self, session: &Session) {
        let Some(seen) = &self.input.request else { return };
        let limits = &session.shard.frontends[session.frontend].limits;
        let is_head = matches!(self.request.parse(&seen.bytes, limits), Ok(true));
        self.progress.head_read = is_head;
        if is_head {
            self.request_bytes.clear();
            self.request_bytes
                .extend_from_slice(seen.bytes.get(..self.request.len).unwrap_or_default());
        }
    }

    /// `tcp-response-content`. `None` while bytes that are still to come may decide.
    ///
    /// # Errors
    /// A rule refused the response.
    pub fn judge_tcp_response(
        &mut self,
        session: &Session,
        place: &Place,
        (server, is_final): (&Conn, bool),
    ) -> Result<Option<()>, Fault> {
        let seen_max = session.shard.config.global.tune.bufsize;
        let seen = self.input.response.get_or_insert_default();
        peek(server, seen, (seen_max, is_final));
        seen.is_final |=
            server.closing().is_some() || seen.bytes.len() >= seen_max || server.is_full();
        let owner = Owner::Backend(place.id().0);
        Ok(match self.run_rules_now(session, owner, RESPONSE_CONTENT)? {
            Verdict::Passed | Verdict::Accepted => Some(()),
            Verdict::Undecided => None,
        })
    }

    /// Waits as a rule says.
    pub(super) async fn wait_for(&mut self, session: &Session, wait: Wait) -> Result<(), Fault> {
        match wait {
            Wait::Pause { until_ms } => {
                self.pause(session, until_ms).await?;
                // A client that waits for `100 Continue` had nothing to do meanwhile.
                self.progress.client.seen(io().now_ms());
            }
            Wait::Body { deadline_ms, at_least } => {
                self.await_body(session, deadline_ms, at_least).await?;
            }
        }
        match self.progress.tarpit.take() {
            Some(fault) => Err(*fault),
            None => Ok(()),
        }
    }

    async fn pause(&self, session: &Session, until_ms: u64) -> Result<(), Fault> {
        while io().now_ms() < until_ms {
            // One that only closed its sending half still wants the answer.
            let is_gone = matches!(session.client.closing(), Some(InputEnd::Failed(_)));
            if is_gone || session.client.send_error().is_some() {
                return Err(Fault::new(StreamEnd::CLIENT_REQUEST, 0));
            }
            if session.shard.killing.get() {
                return Err(Fault::new(StreamEnd::KILLED_REQUEST, 0));
            }
            session.task.wait(until_ms).await;
        }
        Ok(())
    }
}

/// Whether the frontend's rules of TCP were obeyed already, as the connection came in that mode.
fn has_been_judged(session: &Session) -> bool {
    session.extras.as_deref().is_some_and(|extras| extras.is_judged.take())
}

fn peek(from: &Conn, seen: &mut Seen, (len_max, is_final): (usize, bool)) {
    seen.bytes.clear();
    from.peek(&mut seen.bytes, len_max);
    seen.is_final = is_final;
}
