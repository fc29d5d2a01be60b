//! A scene for tests of rules: everything a context borrows, with values that a test may change.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};

use proxy_config::model::rule::{StreamState, TimeoutOf};
use proxy_config::model::{BackendId, Config, LogField, LogFlags};

use super::context::{Arena, Client, Context, Input, Message, Scene};
use super::table::Library;
use super::vars::{ProcVars, VarStore, Vars};
use crate::io::TlsFacts;
use crate::observe::{RequestLine, Timers, Zone};
use crate::proto::h1::{Limits, Method, RequestHead, ResponseHead};

/// What rules are evaluated on in tests.
pub(crate) struct Stage {
    pub(crate) arena: Arena,
    pub(crate) config: Config,
    pub(crate) library: Library,
    pub(crate) source: Option<SocketAddr>,
    pub(crate) destination: Option<SocketAddr>,
    pub(crate) tls: Option<TlsFacts>,
    pub(crate) requests: u32,
    pub(crate) frontend: usize,
    pub(crate) bind_number: u32,
    pub(crate) request_input: Option<(Vec<u8>, bool)>,
    pub(crate) response_input: Option<(Vec<u8>, bool)>,
    request: Option<(RequestHead, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) is_body_whole: bool,
    response: Option<(ResponseHead, Vec<u8>)>,
    pub(crate) proc: ProcVars,
    pub(crate) sess: RefCell<VarStore>,
    pub(crate) txn: RefCell<VarStore>,
    pub(crate) req: RefCell<VarStore>,
    pub(crate) res: RefCell<VarStore>,
    pub(crate) world: World,
}

/// The answers of the scene.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) wall_us: u64,
    pub(crate) zone: Option<Zone>,
    pub(crate) random: Cell<u64>,
    pub(crate) backend: Option<BackendId>,
    pub(crate) server: Option<usize>,
    pub(crate) client_ends: (Option<SocketAddr>, Option<SocketAddr>),
    pub(crate) server_ends: Option<(SocketAddr, SocketAddr)>,
    pub(crate) server_tls: Option<TlsFacts>,
    pub(crate) proxy_tlvs: Option<Vec<(u8, Vec<u8>)>>,
    pub(crate) timers: Option<Timers>,
    pub(crate) unique_id: Vec<u8>,
    pub(crate) captured: Vec<Vec<u8>>,
    /// Of `capture`: is_request, slot, value.
    pub(crate) kept: RefCell<Vec<(bool, usize, Vec<u8>)>>,
    /// User and password that are right.
    pub(crate) user: Option<(Vec<u8>, Vec<u8>)>,
    pub(crate) server_status: Option<u16>,
    /// Method, target and version as they came.
    pub(crate) request_line: Option<[Vec<u8>; 3]>,
}

impl Stage {
    /// Of a whole configuration in TOML, which must load without a warning.
    pub(crate) fn of(toml: &str) -> Self {
        let source = proxy_config::Source { name: "test.toml".to_owned(), text: toml.to_owned() };
        let surroundings = proxy_config::Surroundings {
            env: &|_| None,
            read_file: &|path| std::fs::read(path),
            hostname: "host",
        };
        let sources = [source];
        let outcome =
            proxy_config::load(&sources, &proxy_config::Overrides::default(), surroundings);
        let told: Vec<_> =
            outcome.diagnostics.iter().map(|found| found.render(&sources, false)).collect();
        assert!(told.is_empty(), "{}", told.join("\n"));
        Self::new(outcome.config.unwrap())
    }

    /// With a configuration that has nothing but a server.
    pub(crate) fn empty() -> Self {
        Self::of(
            "[listen.test]\nbind = \"127.0.0.1:0\"\n\
             server = [{ name = \"s\", address = \"127.0.0.1:1\" }]\n",
        )
    }

    pub(crate) fn new(config: Config) -> Self {
        Self {
            arena: Arena::default(),
            library: Library::new(&config.tables).unwrap(),
            proc: ProcVars::new(&config.tables),
            config,
            source: Some("192.0.2.1:40000".parse().unwrap()),
            destination: Some("198.51.100.1:80".parse().unwrap()),
            tls: None,
            requests: 0,
            frontend: 0,
            bind_number: 1,
            request_input: None,
            response_input: None,
            request: None,
            body: Vec::new(),
            is_body_whole: true,
            response: None,
            sess: RefCell::default(),
            txn: RefCell::default(),
            req: RefCell::default(),
            res: RefCell::default(),
            world: World::default(),
        }
    }

    /// A whole head in `text`, and behind it a body.
    pub(crate) fn set_request(&mut self, text: &str) {
        let mut head = RequestHead::default();
        let bytes = text.as_bytes();
        assert!(head.parse(bytes, &Limits::strict(16384, 100)).unwrap(), "{text}");
        self.body = bytes[head.len..].to_vec();
        self.request = Some((head, bytes.to_vec()));
    }

    pub(crate) fn set_response(&mut self, text: &str) {
        let mut head = ResponseHead::default();
        let limits = Limits::strict(16384, 100);
        assert!(head.parse(text.as_bytes(), &limits, Method::Get).unwrap(), "{text}");
        self.response = Some((head, text.as_bytes().to_vec()));
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            arena: &self.arena,
            config: &self.config,
            frontend: self.frontend,
            library: &self.library,
            client: Client {
                source: self.source,
                destination: self.destination,
                bind_number: self.bind_number,
                tls: self.tls.as_ref(),
                requests: self.requests,
            },
            request_input: self
                .request_input
                .as_ref()
                .map(|(bytes, is_final)| Input { bytes, is_final: *is_final }),
            response_input: self
                .response_input
                .as_ref()
                .map(|(bytes, is_final)| Input { bytes, is_final: *is_final }),
            request: self.request.as_ref().map(|(head, bytes)| Message {
                head,
                bytes,
                body: &self.body,
                is_body_whole: self.is_body_whole,
            }),
            response: self.response.as_ref().map(|(head, bytes)| Message {
                head,
                bytes,
                body: &[],
                is_body_whole: false,
            }),
            vars: Vars {
                proc: &self.proc,
                sess: &self.sess,
                txn: &self.txn,
                req: &self.req,
                res: &self.res,
            },
            scene: &self.world,
            may_change: Cell::new(false),
        }
    }
}

impl Scene for World {
    fn wall_us(&self) -> u64 {
        self.wall_us
    }

    fn zone(&self) -> Option<&Zone> {
        self.zone.as_ref()
    }

    fn accept_ms(&self) -> u64 {
        self.wall_us / 1000
    }

    fn request_ms(&self) -> u64 {
        self.wall_us / 1000
    }

    fn uptime_s(&self) -> u64 {
        7
    }

    fn random(&self) -> u64 {
        self.random.set(self.random.get().wrapping_add(1));
        self.random.get()
    }

    fn shard(&self) -> usize {
        3
    }

    fn is_stopping(&self) -> bool {
        false
    }

    fn stream_is(&self, state: StreamState) -> bool {
        matches!(state, StreamState::Forwarded | StreamState::Normal)
    }

    fn process_conns(&self) -> u64 {
        11
    }

    fn frontend_conns(&self, _: usize) -> u64 {
        12
    }

    fn bind_conns(&self) -> u64 {
        15
    }

    fn backend_conns(&self, _: BackendId) -> u64 {
        13
    }

    fn usable_servers(&self, _: BackendId) -> usize {
        2
    }

    fn server_conns(&self, _: BackendId, _: usize) -> u64 {
        14
    }

    fn is_server_up(&self, _: BackendId, server: usize) -> bool {
        server == 0
    }

    fn backend(&self) -> Option<BackendId> {
        self.backend
    }

    fn server(&self) -> Option<usize> {
        self.server
    }

    fn is_local(&self, address: IpAddr) -> bool {
        address.is_loopback()
    }

    fn client_ends(&self) -> (Option<SocketAddr>, Option<SocketAddr>) {
        self.client_ends
    }

    fn server_ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.server_ends
    }

    fn server_tls(&self) -> Option<&TlsFacts> {
        self.server_tls.as_ref()
    }

    fn is_server_reused(&self) -> bool {
        false
    }

    fn has_proxy_header(&self) -> bool {
        self.proxy_tlvs.is_some()
    }

    fn proxy_tlv(&self, kind: u8) -> Option<&[u8]> {
        let mut tlvs = self.proxy_tlvs.iter().flatten();
        tlvs.find(|(own, _)| *own == kind).map(|(_, value)| value.as_slice())
    }

    fn timeout(&self, of: TimeoutOf) -> Option<u64> {
        (of == TimeoutOf::Client).then_some(30_000)
    }

    fn retries(&self) -> u32 {
        1
    }

    fn max_retries(&self) -> Option<u32> {
        Some(3)
    }

    fn is_redispatched(&self) -> bool {
        true
    }

    fn timers(&self) -> Timers {
        self.timers.unwrap_or(Timers::NONE)
    }

    fn bytes(&self) -> (u64, u64) {
        (100, 200)
    }

    fn request_number(&self) -> u64 {
        77
    }

    fn termination(&self) -> [u8; 2] {
        *b"--"
    }

    fn server_status(&self) -> Option<u16> {
        self.server_status
    }

    fn unique_id(&self) -> &[u8] {
        &self.unique_id
    }

    fn request_line(&self) -> Option<RequestLine<'_>> {
        let [method, target, version] = self.request_line.as_ref()?;
        Some(RequestLine { method, target, version })
    }

    fn captured<'a>(&'a self, _: bool, slot: usize, _: &'a Arena) -> Option<&'a [u8]> {
        self.captured.get(slot).map(Vec::as_slice)
    }

    fn capture(&self, is_request: bool, slot: usize, value: &[u8]) {
        self.kept.borrow_mut().push((is_request, slot, value.to_vec()));
    }

    fn is_user(&self, _: usize, user: &[u8], password: &[u8]) -> bool {
        self.user.as_ref().is_some_and(|(own, word)| own == user && word == password)
    }

    fn put_field(&self, out: &mut Vec<u8>, field: LogField, _: LogFlags) {
        out.extend_from_slice(field.alias().as_bytes());
    }
}
