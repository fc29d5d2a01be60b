//! One core's share of the proxy: what its sessions share with each other and with nobody else.

pub mod admission;
mod elsewhere;
mod run;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use proxy_config::model::{
    self, BackendId, Config, Encoding, Format, FormatPiece, Forwarded, LogField, LogFlags, Mode,
    SendProxy,
};
use slab::Slab;
use socket2::SockAddr;

use crate::backend::Backend;
use crate::connect::Place;
use crate::error_page::ErrorPages;
use crate::io::{self, Mailbox, TaskId, Usage};
use crate::observe::counters::{BackendCounters, FrontendCounters};
use crate::observe::{Counters, Counts, LogRoute, Record, ShardLog, Zone};
use crate::proto::h1::Limits;
use crate::rule::{Arena, Library, ProcVars, VarStore};
use crate::stream::Stream;
use crate::tls::{self, Terminator};
use crate::userlist::Users;
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
    /// Certificates changed.
    Tls(Arc<tls::Contexts>),
    /// Files of patterns or maps changed.
    Library(Arc<Library>),
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
    /// Files of certificates changed.
    Certificates,
    /// Files of patterns or maps changed.
    Tables,
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
    pub tls: Arc<tls::Contexts>,
    pub library: Arc<Library>,
    pub proc_vars: Arc<ProcVars>,
    pub zone: Arc<Zone>,
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
    /// Streams logged so far.
    logged: Cell<u64>,
    /// Something needs the client's address.
    pub asks_source: bool,
    /// Something needs the address that the client connected to.
    pub asks_destination: bool,
    /// Something needs the certificate that a client gets.
    pub asks_own_certificate: bool,
    /// Some log shows the addresses of server connections.
    pub asks_server_conn: bool,
    /// Of requests.
    pub limits: Limits,
    pub pages: ErrorPages,
    /// Any rule may be obeyed, or any sample be asked for.
    pub has_rules: bool,
}

pub struct Shard {
    pub index: usize,
    pub config: Arc<Config>,
    pub frontends: Vec<Frontend>,
    pub backends: Vec<Backend>,
    pub limits: Limits,
    /// What binds speak TLS with; servers' are with the backends.
    tls: RefCell<Arc<tls::Contexts>>,
    library: RefCell<Rc<Library>>,
    pub zone: Arc<Zone>,
    pub proc_vars: Arc<ProcVars>,
    pub users: Users,
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
    /// Requests so far.
    requests: Cell<u64>,
    log_keeper: Cell<Option<TaskId>>,
    log_waits: Cell<bool>,
    sessions: RefCell<Slab<TaskId>>,
    #[expect(clippy::vec_box, reason = "streams are large and move between sessions")]
    spare_streams: RefCell<Vec<Box<Stream>>>,
    elsewhere: RefCell<Elsewhere>,
    /// Where the samples of rules live.
    pub arena: RefCell<Arena>,
    /// The variables of sessions without any.
    pub no_vars: RefCell<VarStore>,
    /// By name.
    backend_names: HashMap<Box<[u8]>, BackendId, foldhash::fast::RandomState>,
    random: Cell<u64>,
}

impl Shard {
    /// Builds the shard; what it does not keep is for the task that runs it.
    fn new(plan: Plan, main: TaskId) -> (Rc<Self>, Doors) {
        let config = plan.config;
        let backend = |(index, addresses): (usize, &Vec<SockAddr>)| {
            let contexts = plan.tls.servers.get(index).map_or(&[][..], Vec::as_slice);
            Backend::new(&config, BackendId(index), addresses, contexts, plan.index)
        };
        let users = Users::new(Arc::clone(&config));
        let tune = &config.global.tune;
        let named = |(index, backend): (usize, &model::Backend)| {
            (backend.name.as_bytes().into(), BackendId(index))
        };
        let backend_names = config.backends.iter().enumerate().map(named).collect();
        let shard = Self {
            index: plan.index,
            frontends: frontends(&config, plan.logs),
            backends: plan.addresses.iter().enumerate().map(backend).collect(),
            limits: Limits::strict(tune.bufsize, tune.http_maxhdr),
            config,
            tls: RefCell::new(Arc::clone(&plan.tls)),
            library: RefCell::new(Rc::new((*plan.library).clone())),
            proc_vars: plan.proc_vars,
            zone: plan.zone,
            users,
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
            requests: Cell::new(0),
            log_keeper: Cell::new(None),
            log_waits: Cell::new(false),
            sessions: RefCell::default(),
            spare_streams: RefCell::default(),
            elsewhere: RefCell::default(),
            arena: RefCell::default(),
            no_vars: RefCell::default(),
            backend_names,
            // Of the system, as every map's is.
            random: Cell::new(RandomState::new().hash_one(plan.index)),
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

    /// Lends what a bind answers clients with to `look`.
    pub fn terminator<T>(
        &self,
        frontend: usize,
        bind_number: u32,
        look: impl FnOnce(&Terminator) -> Option<T>,
    ) -> Option<T> {
        let tls = self.tls.borrow();
        let bind = tls.binds.get(frontend)?.get(bind_number.checked_sub(1)? as usize)?;
        look(bind.as_ref()?)
    }

    /// Takes over certificates that changed, for connections to come.
    fn take_tls(&self, tls: Arc<tls::Contexts>) {
        for (backend, contexts) in self.backends.iter().zip(&tls.servers) {
            backend.take_tls(contexts);
        }
        self.tls.replace(tls);
    }

    /// What rules look up. An evaluation keeps the one that it began with.
    pub fn library(&self) -> Rc<Library> {
        Rc::clone(&self.library.borrow())
    }

    /// Takes over patterns and maps that changed, for evaluations to come.
    fn take_library(&self, library: &Library) {
        self.library.replace(Rc::new(library.clone()));
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
        self.clear_arena();
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
            logged: self.of_process(self.frontends[frontend].logged.get()),
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

    /// Streams of a backend, or of one of its servers, in all shards.
    pub fn backend_streams(&self, backend: BackendId, server: Option<usize>) -> u64 {
        let mut elsewhere = self.elsewhere.borrow_mut();
        elsewhere.refresh(&self.counters, self.index, io::io().now_ms());
        let counters = &self.counters.shard(self.index).backends[backend.0];
        match server {
            None => counters.traffic.current.read() + elsewhere.backends[backend.0],
            Some(server) => {
                let here = counters.servers[server].traffic.current.read();
                here + elsewhere.servers[backend.0][server]
            }
        }
    }

    /// The backend with this name and mode.
    pub fn backend_named(&self, name: &[u8], mode: Mode) -> Option<BackendId> {
        let id = *self.backend_names.get(name)?;
        let fits = mode == Mode::Tcp || self.config.backends[id.0].mode == mode;
        fits.then_some(id)
    }

    /// Gives up the samples of earlier evaluations.
    pub fn clear_arena(&self) {
        if let Ok(mut arena) = self.arena.try_borrow_mut() {
            arena.clear();
        }
    }

    /// A number that nobody could have told (not for keys): SplitMix64.
    pub fn random(&self) -> u64 {
        let state = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Seconds since the shard began.
    pub fn uptime_s(&self) -> u64 {
        io::io().now_ms() / 1000
    }

    /// A number for a request that no other request of the process has.
    pub fn number_request(&self) -> u64 {
        let number = self.requests.get();
        self.requests.set(number + 1);
        self.of_process(number)
    }

    /// A number of this shard's own made unique in the process.
    fn of_process(&self, number: u64) -> u64 {
        number * self.shards() as u64 + self.index as u64
    }

    /// Appends what `format` shows of a stream.
    pub fn render(&self, out: &mut Vec<u8>, format: &Format, record: &Record<'_>) {
        self.log.borrow_mut().render(out, format, record);
    }

    /// Appends one field of a log format.
    pub fn render_field(
        &self,
        out: &mut Vec<u8>,
        (field, flags): (LogField, LogFlags),
        record: &Record<'_>,
    ) {
        let piece = FormatPiece::Field { field, flags, name: None };
        let format = Format { encoding: Encoding::Text, pieces: vec![piece] };
        self.render(out, &format, record);
    }

    /// Writes a line of a severity of RFC 5424 to each of the frontend's logs.
    pub fn write_log(&self, frontend: usize, level: u8, record: &Record<'_>) {
        let Frontend { logs: routes, logged, .. } = &self.frontends[frontend];
        logged.set(logged.get() + 1);
        self.with_log(|log, wall_ms| log.record(routes, wall_ms, level, record));
    }

    /// Has `write` append lines, and sees to it that they are handed over before they are old.
    pub fn with_log(&self, write: impl FnOnce(&mut ShardLog, u64)) {
        let wall_ms = io::io().wall_ms(io::io().now_ms());
        let mut log = self.log.borrow_mut();
        write(&mut log, wall_ms);
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
    config.frontends.iter().zip(logs).map(|(own, logs)| frontend(config, own, logs)).collect()
}

fn frontend(config: &Config, own: &model::Frontend, logs: Vec<LogRoute>) -> Frontend {
    let backend = own.default_backend.map(|id| &config.backends[id.0]);
    let is_any = |asks: &dyn Fn(&model::Backend) -> bool| backend.is_some_and(asks);
    let shows = |fields: &[LogField]| is_shown(own, backend, &logs, fields);
    let sends = is_any(&|backend| backend.servers.iter().any(|to| to.send_proxy.is_some()));
    let forwards = |forwarded: Option<Forwarded>| forwarded.is_some();
    let tune = &config.global.tune;
    let has_rules = has_rules(config, own, &logs);
    Frontend {
        logged: Cell::new(0),
        asks_source: has_rules
            || sends
            || !logs.is_empty()
            || own.forwardfor.is_some()
            || forwards(own.forwarded)
            || is_any(&|backend| backend.forwardfor.is_some() || forwards(backend.forwarded))
            || shows(&CLIENT_FIELDS),
        asks_destination: has_rules
            || sends
            || own.originalto.is_some()
            || forwards(own.forwarded)
            || is_any(&|backend| backend.originalto.is_some() || forwards(backend.forwarded))
            || shows(&[LogField::FrontendIp, LogField::FrontendPort]),
        asks_own_certificate: is_any(&|backend| backend.servers.iter().any(shows_own_certificate)),
        asks_server_conn: shows(&[
            LogField::BackendSourceIp,
            LogField::BackendSourcePort,
            LogField::ServerIp,
            LogField::ServerPort,
        ]),
        limits: Limits {
            is_lenient: own.lenient,
            bodies_with_any_method: config.global.h1_accept_payload_with_any_method,
            ..Limits::strict(tune.bufsize, tune.http_maxhdr)
        },
        pages: ErrorPages::new(&own.error_pages),
        has_rules,
        logs,
    }
}

/// Whether any rule of a frontend, or of a backend that it may choose, is there, or anything shows a
/// sample.
fn has_rules(config: &Config, own: &model::Frontend, logs: &[LogRoute]) -> bool {
    let has_samples = |format: &Format| format.samples().next().is_some();
    let of_pages = |pages: &[model::ErrorPage]| {
        pages.iter().flat_map(model::ErrorPage::formats).any(has_samples)
    };
    let asks_expr = |server: &model::Server| {
        server.tls.as_ref().is_some_and(|tls| matches!(tls.sni, model::Sni::Expr(_)))
    };
    let of_backend = |backend: &model::Backend| {
        !(backend.rules.is_empty() && backend.use_servers.is_empty())
            || of_pages(&backend.error_pages)
            || backend.servers.iter().any(asks_expr)
    };
    let backends: Vec<&model::Backend> = match own.use_backends.is_empty() {
        true => own.default_backend.iter().map(|id| &config.backends[id.0]).collect(),
        false => config.backends.iter().collect(),
    };
    !(own.rules.is_empty() && own.use_backends.is_empty())
        || backends.into_iter().any(of_backend)
        || logs.iter().any(LogRoute::has_samples)
        || own.unique_id.as_ref().is_some_and(|id| has_samples(&id.format))
        || own.error_log_format.as_ref().is_some_and(has_samples)
        || of_pages(&own.error_pages)
}

/// Whether a server is told of the certificate that clients get.
fn shows_own_certificate(server: &model::Server) -> bool {
    let SendProxy::V2 { cert_sig, cert_key, .. } = server.send_proxy.unwrap_or(SendProxy::V1)
    else {
        return false;
    };
    cert_sig || cert_key
}

/// What is shown as of a UNIX socket where no client's address is known.
const CLIENT_FIELDS: [LogField; 4] =
    [LogField::ClientIp, LogField::ClientPort, LogField::FrontendIp, LogField::FrontendPort];

/// Whether any log or format of a frontend, or of the pages of its backend, shows one of `fields`.
fn is_shown(
    own: &model::Frontend,
    backend: Option<&model::Backend>,
    logs: &[LogRoute],
    fields: &[LogField],
) -> bool {
    let shows = |format: &Format| fields.iter().any(|field| format.shows(*field));
    let of_pages =
        |pages: &[model::ErrorPage]| pages.iter().flat_map(model::ErrorPage::formats).any(shows);
    logs.iter().any(|log| fields.iter().any(|field| log.shows(*field)))
        || own.unique_id.as_ref().is_some_and(|id| shows(&id.format))
        || own.error_log_format.as_ref().is_some_and(shows)
        || of_pages(&own.error_pages)
        || backend.is_some_and(|backend| of_pages(&backend.error_pages))
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
