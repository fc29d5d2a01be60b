//! One core's share of the proxy: what its sessions share with each other and with nobody else.

pub mod admission;
mod elsewhere;
mod run;

use std::cell::{Cell, RefCell};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use proxy_config::model::{self, BackendId, Config, Mode};
use slab::Slab;
use socket2::SockAddr;

use crate::backend::Backend;
use crate::connect::Place;
use crate::io::{self, Mailbox, TaskId, Usage};
use crate::observe::counters::{BackendCounters, FrontendCounters};
use crate::observe::{Counters, Counts, LogRoute, Record, ShardLog};
use crate::proto::h1::Limits;
use crate::stream::Stream;
use admission::Admission;
use elsewhere::Elsewhere;

pub use run::run;

/// Streams kept for reuse; an idle session holds none.
const SPARE_STREAMS: usize = 256;

/// What other threads tell a shard.
#[derive(Debug, Clone)]
pub enum Letter {
    /// A connection ended somewhere while shards waited for room.
    Room,
    /// Checks changed their mind about a server.
    ServerIs { backend: usize, server: usize, up: bool },
    /// Begin to accept.
    Serve,
    /// Stop accepting and finish what runs, at the latest in `within_ms`.
    Drain { within_ms: u64 },
}

/// What the control thread learns, from its shards and from outside.
#[derive(Debug)]
pub enum Report {
    /// A signal of the system arrived.
    Signal(i32),
    /// Everything is built; or why not.
    Built(Result<(), String>),
    Serving,
    /// The deadline of a drain ended this many sessions.
    Killed {
        shard: usize,
        sessions: usize,
    },
    /// The shard ended. `left` is what it still held, which should be nothing.
    Ended {
        shard: usize,
        left: Usage,
        result: Result<(), String>,
    },
}

/// All that a shard is made of; moved to its thread.
pub struct Plan {
    pub index: usize,
    pub core: usize,
    pub config: Arc<Config>,
    /// Index: frontend, bind.
    pub listeners: Vec<Vec<Arc<OwnedFd>>>,
    /// Index: backend, server.
    pub addresses: Arc<Vec<Vec<SockAddr>>>,
    /// Index: frontend.
    pub logs: Vec<Vec<LogRoute>>,
    pub log: ShardLog,
    pub counters: Arc<Counters>,
    pub admission: Arc<Admission>,
    pub letters: io::Letters<Letter>,
    /// Every shard's, this one's too.
    pub mailboxes: Vec<Mailbox<Letter>>,
    pub reports: Sender<Report>,
}

/// A frontend as its shard sees it.
pub struct Frontend {
    pub logs: Vec<LogRoute>,
    /// Something needs the client's address.
    pub asks_peer: bool,
}

pub struct Shard {
    pub index: usize,
    pub config: Arc<Config>,
    pub frontends: Vec<Frontend>,
    pub backends: Vec<Backend>,
    pub limits: Limits,
    pub log: RefCell<ShardLog>,
    pub draining: Cell<bool>,
    /// The drain's deadline came: streams end where they are.
    pub killing: Cell<bool>,
    /// The drain ended.
    over: Cell<bool>,
    counters: Arc<Counters>,
    admission: Arc<Admission>,
    mailboxes: Vec<Mailbox<Letter>>,
    /// The shard's own first task, which wants to know when the last session ends.
    main: TaskId,
    /// The shard's own tasks: woken when a drain begins, and when there is room to accept.
    attendants: RefCell<Vec<TaskId>>,
    /// Binds on which connections are accepted.
    acceptors: Cell<usize>,
    log_keeper: Cell<Option<TaskId>>,
    log_waits: Cell<bool>,
    sessions: RefCell<Slab<TaskId>>,
    #[expect(clippy::vec_box, reason = "streams are large and move between sessions")]
    spare_streams: RefCell<Vec<Box<Stream>>>,
    elsewhere: RefCell<Elsewhere>,
}

impl Shard {
    /// Builds the shard; what it does not keep is for the task that runs it.
    fn new(plan: Plan, main: TaskId) -> (Rc<Self>, Doors) {
        let config = plan.config;
        let backend = |(index, addresses): (usize, &Vec<SockAddr>)| {
            Backend::new(&config, BackendId(index), addresses, plan.index)
        };
        let tune = &config.global.tune;
        let shard = Self {
            index: plan.index,
            frontends: frontends(&config, plan.logs),
            backends: plan.addresses.iter().enumerate().map(backend).collect(),
            limits: Limits { head_len_max: tune.bufsize, fields_max: tune.http_maxhdr },
            config,
            log: RefCell::new(plan.log),
            draining: Cell::new(false),
            killing: Cell::new(false),
            over: Cell::new(false),
            counters: plan.counters,
            admission: plan.admission,
            mailboxes: plan.mailboxes,
            main,
            attendants: RefCell::default(),
            acceptors: Cell::new(0),
            log_keeper: Cell::new(None),
            log_waits: Cell::new(false),
            sessions: RefCell::default(),
            spare_streams: RefCell::default(),
            elsewhere: RefCell::default(),
        };
        let doors =
            Doors { letters: plan.letters, listeners: plan.listeners, reports: plan.reports };
        (Rc::new(shard), doors)
    }

    /// A shard that nobody drives: it accepts nothing and reads no letters.
    #[cfg(test)]
    pub(crate) fn without_doors(plan: Plan, main: TaskId) -> Rc<Self> {
        Self::new(plan, main).0
    }

    /// Shards of the process.
    pub fn shards(&self) -> usize {
        self.mailboxes.len()
    }

    pub fn frontend_counters(&self, frontend: usize) -> &FrontendCounters {
        &self.counters.shard(self.index).frontends[frontend]
    }

    pub fn backend_counters(&self, backend: BackendId) -> &BackendCounters {
        &self.counters.shard(self.index).backends[backend.0]
    }

    /// Tells every shard what checks found.
    pub fn announce(&self, letter: &Letter) {
        self.mailboxes.iter().for_each(|mailbox| mailbox.send(letter.clone()));
    }

    /// A stream to serve a request with.
    pub fn take_stream(&self) -> Box<Stream> {
        self.spare_streams.borrow_mut().pop().unwrap_or_default()
    }

    pub fn give_stream(&self, mut stream: Box<Stream>) {
        stream.reset();
        let mut spare = self.spare_streams.borrow_mut();
        if spare.len() < SPARE_STREAMS {
            spare.push(stream);
        }
    }

    /// The log's connection counts, the caller's own included.
    pub fn counts(&self, frontend: usize, place: Option<&Place>) -> Counts {
        let mut elsewhere = self.elsewhere.borrow_mut();
        elsewhere.refresh(&self.counters, self.index, io::io().now_ms());
        let own = self.counters.shard(self.index);
        let here: u64 = own.frontends.iter().map(|frontend| frontend.current.read()).sum();
        let mut counts = Counts {
            process: here + elsewhere.frontends.iter().sum::<u64>(),
            frontend: own.frontends[frontend].current.read() + elsewhere.frontends[frontend],
            ..Counts::default()
        };
        if let Some(place) = place {
            let (backend, counters) = (place.id().0, &own.backends[place.id().0]);
            counts.backend = counters.traffic.current.read() + elsewhere.backends[backend];
            counts.server = place.server().map_or(0, |server| {
                let here = counters.servers[server].traffic.current.read();
                here + elsewhere.servers[backend][server]
            });
        }
        counts
    }

    /// Writes a line to each of the frontend's logs, to be handed over before it is old.
    pub fn write_log(&self, frontend: usize, record: &Record<'_>) {
        let wall_ms = io::io().wall_ms(io::io().now_ms());
        let mut log = self.log.borrow_mut();
        log.record(&self.frontends[frontend].logs, wall_ms, record);
        if log.is_full() {
            log.flush(wall_ms);
        }
        if !self.log_waits.replace(true)
            && let Some(keeper) = self.log_keeper.get()
        {
            io::wake(keeper);
        }
    }

    /// Counts a session for the drain, and has it woken when one begins.
    pub fn enroll(self: &Rc<Self>, task: TaskId) -> Enrolled {
        let key = self.sessions.borrow_mut().insert(task);
        Enrolled { shard: Rc::clone(self), key }
    }

    /// Gives up the longest idle server connection, for want of descriptors.
    pub fn close_oldest_idle(&self) {
        self.backends.iter().any(Backend::close_oldest_idle);
    }

    fn wake_sessions(&self) {
        self.sessions.borrow().iter().for_each(|(_, task)| io::wake(*task));
    }

    /// Has a task of the shard's own woken when a drain begins.
    pub fn attend(&self, task: TaskId) {
        self.attendants.borrow_mut().push(task);
    }

    fn wake_attendants(&self) {
        self.attendants.borrow().iter().for_each(|task| io::wake(*task));
    }
}

fn frontends(config: &Config, logs: Vec<Vec<LogRoute>>) -> Vec<Frontend> {
    let frontend = |(frontend, logs): (&model::Frontend, Vec<LogRoute>)| {
        let backend = frontend.default_backend.map(|id| &config.backends[id.0]);
        let forwards = frontend.forwardfor.is_some()
            || backend.is_some_and(|backend| backend.forwardfor.is_some());
        let asks_peer = !logs.is_empty() || frontend.mode == Mode::Http && forwards;
        Frontend { logs, asks_peer }
    };
    config.frontends.iter().zip(logs).map(frontend).collect()
}

/// What the shard's first task needs besides the shard.
struct Doors {
    letters: io::Letters<Letter>,
    listeners: Vec<Vec<Arc<OwnedFd>>>,
    reports: Sender<Report>,
}

/// A session's place in its shard.
pub struct Enrolled {
    shard: Rc<Shard>,
    key: usize,
}

impl Drop for Enrolled {
    fn drop(&mut self) {
        let mut sessions = self.shard.sessions.borrow_mut();
        sessions.remove(self.key);
        if self.shard.draining.get() && sessions.is_empty() {
            io::wake(self.shard.main);
        }
    }
}
