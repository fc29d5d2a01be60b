//! The recording origin: answers as the case says, and keeps what arrived.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::case::{Answer, Case, Moment};
use super::expected::Got;
use crate::support::strict::{Body, Head, body, request_head};
use crate::support::{DEADLINE, Dir, Pace, Peer};

/// What the runner itself says to tell the connections before it from those after it.
const SENTINEL: &[u8] = b"\0sentinel";

/// One run of one case, as the origin sees it.
pub(super) struct Scene {
    case: Arc<Case>,
    pace: Pace,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    connections: Vec<Connection>,
    /// Requests in the order of their heads.
    requests: Vec<Got>,
    /// Connections that have something to say, and are not waiting to hear more.
    speaking: usize,
    /// The client has all the responses that it was promised so far.
    client_served: bool,
    problems: Vec<String>,
}

#[derive(Default)]
struct Connection {
    ended: bool,
    is_sentinel: bool,
    is_silent: bool,
}

/// The scene that connections belong to.
type Stage = Arc<Mutex<Option<Arc<Scene>>>>;

/// One for each lane, in which cases come after each other.
pub(super) struct Origin {
    stage: Stage,
    tcp: String,
    unix: String,
}

/// All that arrived during one case.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) requests: Vec<Got>,
    /// What no strict reader would take, and what did not end.
    pub(super) problems: Vec<String>,
}

impl Origin {
    pub(super) fn start(dir: &Dir) -> Self {
        let stage = Stage::default();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let tcp = listener.local_addr().unwrap().to_string();
        let accepting = Arc::clone(&stage);
        std::thread::spawn(move || {
            let incoming = listener.incoming().flatten();
            incoming.for_each(|stream| adopt(&accepting, Peer::over(stream.into())));
        });
        let path = dir.file("origin");
        let listener = UnixListener::bind(&path).unwrap();
        let accepting = Arc::clone(&stage);
        std::thread::spawn(move || {
            let incoming = listener.incoming().flatten();
            incoming.for_each(|stream| adopt(&accepting, Peer::over(stream.into())));
        });
        Self { stage, tcp, unix: format!("unix:{}", path.display()) }
    }

    pub(super) fn tcp(&self) -> &str {
        &self.tcp
    }

    pub(super) fn unix(&self) -> &str {
        &self.unix
    }

    pub(super) fn begin(&self, case: &Arc<Case>, pace: Pace) -> Arc<Scene> {
        let (state, changed) = (Mutex::default(), Condvar::default());
        let scene = Arc::new(Scene { case: Arc::clone(case), pace, state, changed });
        *self.stage.lock().unwrap() = Some(Arc::clone(&scene));
        scene
    }

    /// Waits until every connection of the scene has ended. Returns what they brought.
    pub(super) fn end(&self, scene: &Scene) -> Record {
        // Connections are accepted in order: when these were, all before them were.
        for address in [&self.tcp, &self.unix] {
            Peer::connect(address).send(SENTINEL);
        }
        let sentinels = |state: &State| state.connections.iter().filter(|c| c.is_sentinel).count();
        if !scene.wait(|state| sentinels(state) == 2) {
            scene.object("the origin does not accept".into());
        }
        let ended = scene.wait(|state| state.connections.iter().all(|connection| connection.ended));
        let mut state = scene.state();
        if !ended {
            state.problems.push("a connection to the origin stays open".into());
        }
        // Where nothing is to arrive, nothing is to be opened either.
        if scene.case.origin_gets.is_empty() && state.connections.iter().any(|c| c.is_silent) {
            state.problems.push("a connection to the origin brought nothing".into());
        }
        Record {
            requests: std::mem::take(&mut state.requests),
            problems: std::mem::take(&mut state.problems),
        }
    }
}

impl Scene {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits until it holds. Returns whether it does.
    fn wait(&self, holds: impl Fn(&State) -> bool) -> bool {
        let fails = |state: &mut State| !holds(state);
        let waited = self.changed.wait_timeout_while(self.state(), DEADLINE / 2, fails).unwrap();
        !waited.1.timed_out()
    }

    /// Says whether the client has the responses that it was promised so far.
    pub(super) fn set_client_served(&self, served: bool) {
        self.change(|state| state.client_served = served);
    }

    /// Waits until the origin has said all that it has to say to what came so far.
    pub(super) fn await_silence(&self) {
        if !self.wait(|state| state.speaking == 0) {
            self.object("the origin does not get to an end".into());
        }
    }

    fn object(&self, problem: String) {
        self.state().problems.push(problem);
    }
}

/// Counts a connection before the next one is accepted, then serves it.
fn adopt(stage: &Stage, peer: Peer) {
    let Some(scene) = stage.lock().unwrap().clone() else { return };
    let mut state = scene.state();
    let index = state.connections.len();
    state.connections.push(Connection { is_silent: true, ..Connection::default() });
    drop(state);
    let mut serving = Serving { scene, index, peer, consumed: 0, speaking: false };
    std::thread::spawn(move || {
        serving.run();
        serving.scene.change(|state| state.connections[index].ended = true);
    });
}

/// One connection of the proxy.
struct Serving {
    scene: Arc<Scene>,
    index: usize,
    peer: Peer,
    /// Bytes that belong to messages which were taken.
    consumed: usize,
    speaking: bool,
}

impl Serving {
    fn rest(&self) -> &[u8] {
        &self.peer.unread()[self.consumed..]
    }

    /// Reads once more. False at the end.
    fn fill(&mut self) -> bool {
        let more = self.peer.fill().unwrap_or(false);
        if more {
            self.scene.state().connections[self.index].is_silent = false;
        }
        more
    }

    fn run(&mut self) {
        let case = Arc::clone(&self.scene.case);
        let first = case.answers.first().filter(|answer| answer.moment == Moment::First);
        if let Some(answer) = first.filter(|_| self.index == 0) {
            self.say(&answer.bytes);
        }
        while let Some(number) = self.take_head() {
            let usual = Answer { bytes: self.usual_answer(number), ..Answer::default() };
            let answer = case.answers.get(number).unwrap_or(&usual);
            let expected = case.origin_gets.get(number);
            if answer.moment == Moment::Early {
                self.say(&answer.bytes);
            }
            if expected.is_some_and(|expected| expected.tunnel) {
                self.say(&answer.bytes);
                return self.take_tunnel(number);
            }
            let whole = self.take_body(number);
            if whole && answer.moment == Moment::Whole {
                self.say(&answer.bytes);
            }
            if whole {
                self.add(answer);
            }
            if answer.closes {
                let _ = self.peer.try_finish();
            }
            self.set_speaking(false);
            if !whole {
                break;
            }
        }
        while self.fill() {}
    }

    fn set_speaking(&mut self, speaking: bool) {
        if speaking != self.speaking {
            self.speaking = speaking;
            let change = |count: usize| if speaking { count + 1 } else { count - 1 };
            self.scene.change(|state| state.speaking = change(state.speaking));
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        // A proxy that wants no more has closed.
        let _ = self.peer.try_send_at(self.scene.pace, bytes);
    }

    fn add(&mut self, answer: &Answer) {
        for addition in &answer.additions {
            if addition.late && !self.scene.wait(|state| state.client_served) {
                self.scene.object("the client does not get its response".into());
            }
            self.say(&addition.bytes);
        }
    }

    fn usual_answer(&self, number: usize) -> Vec<u8> {
        let start =
            self.scene.state().requests.get(number).map(|request| request.head.start.clone());
        let (len, body) = match start.as_deref() {
            Some(b"GET /corelane-probe HTTP/1.1") => (5, "probe"),
            Some(start) if start.starts_with(b"HEAD ") => (2, ""),
            _ => (2, "ok"),
        };
        format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n{body}").into_bytes()
    }

    /// Reads the next head. Returns the number of its request, or nothing at the end.
    fn take_head(&mut self) -> Option<usize> {
        loop {
            if self.rest() == SENTINEL {
                self.scene.change(|state| {
                    state.connections[self.index].is_sentinel = true;
                });
                return None;
            }
            match request_head(self.rest()) {
                Ok(Some(head)) => return Some(self.add_request(head)),
                Ok(None) if self.fill() => {}
                Ok(None) => {
                    let may_be_cut = self.scene.case.origin_gets.last().is_some_and(|m| m.cut);
                    if !self.rest().is_empty() && !may_be_cut {
                        self.object("a head that does not end");
                    }
                    return None;
                }
                Err(objection) => {
                    self.object(&objection);
                    return None;
                }
            }
        }
    }

    /// Returns the number of the request.
    fn add_request(&mut self, mut head: Head) -> usize {
        self.consumed += head.len;
        self.name_origin(&mut head.fields);
        let (body, tunnel, connection) = (Body::default(), None, self.index + 1);
        let mut state = self.scene.state();
        state.requests.push(Got { head, body, tunnel, connection });
        let number = state.requests.len() - 1;
        drop(state);
        self.set_speaking(true);
        number
    }

    /// The origin's address differs from run to run.
    fn name_origin(&self, fields: &mut [(String, Vec<u8>)]) {
        let own = self.peer.local_name();
        for (name, value) in fields {
            if name == "host" && *value == own.as_bytes() {
                *value = b"ORIGIN".to_vec();
            }
        }
    }

    /// Reads a body as far as it comes. Returns whether that is all of it.
    fn take_body(&mut self, number: usize) -> bool {
        let end = self.scene.state().requests[number].head.body_end;
        loop {
            let body = match body(end, self.rest(), false) {
                Ok(body) => body,
                Err(objection) => {
                    self.object(&objection);
                    return false;
                }
            };
            let (whole, len) = (body.whole, body.len);
            self.scene.state().requests[number].body = body;
            if whole {
                self.consumed += len;
                self.set_speaking(true);
                return true;
            }
            self.set_speaking(false);
            if !self.fill() {
                return false;
            }
        }
    }

    fn take_tunnel(&mut self, number: usize) {
        self.set_speaking(false);
        while self.fill() {}
        let bytes = self.rest().to_vec();
        let mut state = self.scene.state();
        state.requests[number].tunnel = Some(bytes);
        state.requests[number].body.whole = true;
    }

    fn object(&self, objection: &str) {
        let bytes = super::notation::text_of(self.peer.unread());
        let problem = format!("no strict reader takes what came: {objection}, of {bytes}");
        self.scene.object(problem);
    }
}
