//! The load itself: one thread, epoll, a state machine a connection, closed and open loop alike.
//!
//! ```text
//!            due (closed: at once; open: when the rate says)
//!   Idle ------------------------------------------------> Sending -> Receiving -> Idle
//!    ^                                                                   | the response closes
//!    +------------------------- a new connection <-------------------- Closing
//! ```
//! A handshake of TLS is a part of Sending, and Closing lasts until the peer has closed.
//! In an open loop a request that is due while no connection is idle waits, and keeps its time.

use super::{Errors, Latency, Outcome, Plan};
use crate::Result;
use crate::http::{self, Body};
use crate::wire::Wire;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

const SCRATCH_LEN: usize = 256 * 1024;
/// A request that is in flight for longer than this at the end of a run counts as timed out.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a run may fail to connect before it gives up.
const CONNECT_ERRORS_MAX: u64 = 100;

/// Runs a plan to its end.
pub(crate) fn run_plan(plan: &Plan) -> Result<Outcome> {
    let mut engine = Engine::new(plan)?;
    engine.drive()?;
    Ok(engine.finish())
}

struct Engine<'a> {
    plan: &'a Plan,
    epoll: OwnedFd,
    conns: Vec<Conn>,
    /// Connections that wait for a request that is due (open loop).
    idle: Vec<usize>,
    started: Instant,
    /// Requests of the open loop that were sent.
    sent: u64,
    scratch: Vec<u8>,
    outcome: Outcome,
}

struct Conn {
    wire: Wire,
    /// Whether events tell of room to write, too.
    hears_of_room: bool,
    state: State,
    /// When the request in flight was due.
    due: Instant,
    /// A part of a response head.
    partial: Vec<u8>,
    closes: bool,
}

enum State {
    Idle,
    Sending { sent: usize },
    Head,
    Body(Body),
    Closing,
}

enum Step {
    Waits,
    Answered,
    Closed,
}

impl<'a> Engine<'a> {
    fn new(plan: &'a Plan) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut conns = Vec::with_capacity(plan.connections);
        for index in 0..plan.connections {
            conns.push(Conn::open(plan, &epoll, index)?);
        }
        let outcome = Outcome {
            requests: 0,
            bytes: 0,
            seconds: 0.0,
            errors: Errors::default(),
            latency: Latency::new()?,
            unsent: 0,
        };
        Ok(Self {
            plan,
            epoll,
            idle: (0..conns.len()).rev().collect(),
            conns,
            started: Instant::now(),
            sent: 0,
            scratch: vec![0; SCRATCH_LEN],
            outcome,
        })
    }

    fn drive(&mut self) -> Result<()> {
        self.started = Instant::now();
        let deadline = self.started + self.plan.time;
        let mut events: Vec<Event> = Vec::with_capacity(512);
        loop {
            let now = Instant::now();
            if now >= deadline {
                break;
            }
            let wake = self.start_due(now)?.map_or(deadline, |due| due.min(deadline));
            let timeout = wake.saturating_duration_since(Instant::now()).try_into()?;
            match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&timeout)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in events.drain(..) {
                self.turn(usize::try_from(event.data.u64())?)?;
            }
        }
        self.outcome.seconds = self.started.elapsed().as_secs_f64();
        Ok(())
    }

    /// Starts every request that is due and has a connection; returns when to look again.
    fn start_due(&mut self, now: Instant) -> Result<Option<Instant>> {
        while let Some(index) = self.idle.pop() {
            let due = match self.plan.rate {
                None => now,
                Some(rate) => self.started + Duration::from_secs_f64(self.sent as f64 / rate),
            };
            if due > now {
                self.idle.push(index);
                return Ok(Some(due));
            }
            self.sent += 1;
            self.conns[index].due = due;
            self.conns[index].state = State::Sending { sent: 0 };
            self.turn(index)?;
        }
        Ok(None)
    }

    fn turn(&mut self, index: usize) -> Result<()> {
        let stepped = match self.conns[index].state {
            State::Sending { sent } => self.send(index, sent),
            _ => self.receive(index),
        };
        match stepped {
            Ok(Step::Waits) => Ok(()),
            Ok(Step::Answered) => self.answered(index),
            Ok(Step::Closed) => {
                self.reopen(index)?;
                self.rest(index);
                Ok(())
            }
            Err(_) => {
                self.outcome.errors.socket += 1;
                // One that was idle is in the list already.
                if !matches!(self.conns[index].state, State::Idle) {
                    self.idle.push(index);
                }
                self.reopen(index)?;
                Ok(())
            }
        }
    }

    fn answered(&mut self, index: usize) -> Result<()> {
        let conn = &mut self.conns[index];
        self.outcome.requests += 1;
        self.outcome.latency.record(conn.due.elapsed());
        let wanted = self.plan.tls.as_ref().map(|tls| tls.kind);
        let made = conn.wire.handshake_kind();
        if made != wanted {
            return Err(format!("a handshake was {made:?}, to be measured was {wanted:?}").into());
        }
        if conn.closes {
            conn.state = State::Closing;
            // Its end may have been read together with the response.
            return self.turn(index);
        }
        self.rest(index);
        Ok(())
    }

    /// Back to `start_due`, in a closed loop too: there the clock is read once for a batch of
    /// answers.
    fn rest(&mut self, index: usize) {
        self.conns[index].state = State::Idle;
        self.idle.push(index);
    }

    fn send(&mut self, index: usize, mut sent: usize) -> io::Result<Step> {
        let conn = &mut self.conns[index];
        let hears_of_room = match conn.write(&self.plan.request, &mut sent) {
            Ok(()) => {
                conn.state = State::Head;
                false
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                conn.state = State::Sending { sent };
                !conn.wire.awaits_peer()
            }
            Err(error) => return Err(error),
        };
        // Only a long upload has to wait for room, so these calls are spread over many bytes.
        if hears_of_room != conn.hears_of_room {
            conn.hears_of_room = hears_of_room;
            let data = EventData::new_u64(index as u64);
            let room = if hears_of_room { EventFlags::OUT } else { EventFlags::empty() };
            epoll::modify(&self.epoll, conn.wire.stream(), data, EventFlags::IN | room)?;
        }
        Ok(Step::Waits)
    }

    fn receive(&mut self, index: usize) -> io::Result<Step> {
        let conn = &mut self.conns[index];
        loop {
            let count = match conn.wire.read(&mut self.scratch) {
                Ok(0) if matches!(conn.state, State::Closing) => return Ok(Step::Closed),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Step::Waits),
                Err(error) => return Err(error),
            };
            self.outcome.bytes += count as u64;
            let step = conn.take(&self.scratch[..count], &mut self.outcome.errors)?;
            if !matches!(step, Step::Waits) || !conn.wire.holds_bytes() {
                return Ok(step);
            }
        }
    }

    fn reopen(&mut self, index: usize) -> Result<()> {
        loop {
            match Conn::open(self.plan, &self.epoll, index) {
                Ok(conn) => {
                    let due = self.conns[index].due;
                    self.conns[index] = Conn { due, ..conn };
                    return Ok(());
                }
                Err(error) => {
                    self.outcome.errors.connect += 1;
                    if self.outcome.errors.connect > CONNECT_ERRORS_MAX {
                        return Err(error);
                    }
                }
            }
        }
    }

    fn finish(mut self) -> Outcome {
        let now = Instant::now();
        let is_late = |conn: &&Conn| {
            !matches!(conn.state, State::Idle) && now.duration_since(conn.due) > PATIENCE
        };
        self.outcome.errors.timeout = self.conns.iter().filter(is_late).count() as u64;
        if let Some(rate) = self.plan.rate {
            let due = (self.outcome.seconds * rate) as u64;
            self.outcome.unsent = due.saturating_sub(self.sent);
        }
        self.outcome
    }
}

impl Conn {
    fn open(plan: &Plan, epoll: &OwnedFd, index: usize) -> Result<Self> {
        // On the loopback a connect is over at once: the listener's queue takes it.
        let wire = super::connect(plan.address, plan.tls.as_ref(), index)?;
        wire.stream().set_nonblocking(true)?;
        wire.stream().set_nodelay(true)?;
        epoll::add(epoll, wire.stream(), EventData::new_u64(index as u64), EventFlags::IN)?;
        Ok(Self {
            wire,
            hears_of_room: false,
            state: State::Idle,
            due: Instant::now(),
            partial: Vec::new(),
            closes: false,
        })
    }

    fn write(&mut self, request: &[u8], sent: &mut usize) -> io::Result<()> {
        while *sent < request.len() {
            *sent += self.wire.write(&request[*sent..])?;
        }
        self.wire.flush()
    }

    fn take(&mut self, bytes: &[u8], errors: &mut Errors) -> io::Result<Step> {
        let mut rest = bytes;
        let joined;
        if let State::Head = self.state {
            if !self.partial.is_empty() {
                self.partial.extend_from_slice(bytes);
                joined = std::mem::take(&mut self.partial);
                rest = &joined;
            }
            let Some(head) = http::parse_head(rest) else {
                self.partial.extend_from_slice(rest);
                return Ok(Step::Waits);
            };
            let status = http::status(head.first_line);
            if !(200..300).contains(&status) {
                errors.status += 1;
            }
            self.closes = head.closes;
            self.state = State::Body(Body::new(head.framing));
            rest = &rest[head.len..];
        }
        let State::Body(body) = &mut self.state else {
            return Err(io::Error::other("bytes that no request asked for"));
        };
        let used = body.take(rest);
        match (body.is_done(), used == rest.len()) {
            (true, true) => Ok(Step::Answered),
            (false, _) => Ok(Step::Waits),
            (true, false) => Err(io::Error::other("bytes behind a response")),
        }
    }
}
