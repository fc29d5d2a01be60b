//! The checked configuration: defaults applied, names resolved to ids, every value in range.
//!
//! Nothing here can be built but by loading a file, so the rest of the program does not check
//! again.

mod error_page;
mod log;
pub mod rule;
mod tls;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub use error_page::{ErrorContent, ErrorPage, ErrorResponse, Template};
pub use log::{
    Encoding, Format, FormatPiece, Log, LogField, LogFlags, LogFormat, LogOptions, LogTarget,
    SyslogFormat,
};
pub use tls::{
    BindTls, CipherSuite, ClientPolicy, CrtListLine, Crypto, Curve, ServerTls, Sni, TlsVersion,
    Verify,
};

/// A whole configuration. Ids are indices into these vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `global`, with the command line's overrides.
    pub global: Global,
    /// `frontend` sections and the client side of `listen` sections, in file order.
    pub frontends: Vec<Frontend>,
    /// `backend` sections and the server side of `listen` sections, in file order.
    pub backends: Vec<Backend>,
    /// What rules look up.
    pub tables: rule::Tables,
}

/// Index into [`Config::backends`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BackendId(pub usize);

/// The process as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Global {
    /// `shards`, default `auto`.
    pub shards: Shards,
    /// `maxconn`, 1 to 2147483647: client connections, all shards together; `None` is no limit
    /// but the descriptors'.
    pub maxconn: Option<u32>,
    /// How long a drain may take before what is left is cut off (`hard-stop-after`, 1 ms to 24
    /// days, default 30s).
    pub hard_stop_after: Duration,
    /// `h1-accept-payload-with-any-method`: GET, HEAD and DELETE of HTTP/1.0 may have a body.
    pub h1_accept_payload_with_any_method: bool,
    /// `tune.*`.
    pub tune: Tune,
}

/// `global.shards`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shards {
    /// One per core that the process may use.
    Auto,
    /// This many, on the first usable cores; at least 1.
    Count(usize),
    /// One on each of these core ids; not empty, no repeats.
    Cores(Vec<usize>),
}

/// `global.tune.*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tune {
    /// Bytes of one receive buffer and the most that a message head may take (`tune.bufsize`,
    /// 1k to 64k, default 16k). A power of two.
    pub bufsize: usize,
    /// Receive buffers a shard may have (`tune.buffers.limit`, 2 to 32768, default 1024).
    pub buffers_limit: usize,
    /// Header fields a message may have (`tune.http.maxhdr`, 1 to 1024, default 101).
    pub http_maxhdr: usize,
    /// Bytes of a captured cookie in the log (`tune.http.cookielen`, 1 to 1024, default 63).
    pub http_cookielen: usize,
    /// Bytes of a request's target in the log (`tune.http.logurilen`, 1 to 65535, default 1024).
    pub http_logurilen: usize,
    /// TLS sessions kept for resumption without tickets, all shards together (`tune.ssl.cachesize`,
    /// 0 to 10000000, default 20000).
    pub ssl_cachesize: usize,
    /// How long a TLS session may be resumed (`tune.ssl.lifetime`, 1s to 7d, default 300s).
    pub ssl_lifetime: Duration,
    /// Bytes that a client's hello may have (`tune.ssl.max-hello-size`, 512 to 64k, default 16k).
    pub ssl_max_hello: usize,
}

/// `mode`; both sides of a stream have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Requests and responses (the default).
    Http,
    /// Bytes, untouched.
    Tcp,
}

/// The client side of a proxy.
#[derive(Debug, Clone, PartialEq)]
pub struct Frontend {
    pub name: String,
    pub mode: Mode,
    /// `bind`, in file order; not empty, no address twice.
    pub binds: Vec<Bind>,
    /// `maxconn`, 1 to 2147483647: client connections of this frontend, all shards together;
    /// beyond it the kernel queues.
    pub maxconn: Option<u32>,
    /// `default-backend`, or a `listen`'s own servers; of the same mode, or of mode http behind a
    /// frontend of mode tcp, whose connections become HTTP then. `None`: only `use-backend` leads
    /// anywhere.
    pub default_backend: Option<BackendId>,
    pub timeouts: FrontendTimeouts,
    /// `option.http-keep-alive`, `http-server-close` and `httpclose`, one of which is on.
    pub connection_mode: ConnectionMode,
    /// `option.forwardfor`; `None` in mode tcp.
    pub forwardfor: Option<ForwardFor>,
    /// `option.forwarded` (RFC 7239); `None` in mode tcp.
    pub forwarded: Option<Forwarded>,
    /// `option.originalto`, with the client's destination; `None` in mode tcp.
    pub originalto: Option<ForwardFor>,
    /// `option.http-restrict-req-hdr-names`.
    pub restrict_names: RestrictNames,
    /// `option.http-buffer-request`: wait for the request's body before a backend is asked.
    pub buffer_request: bool,
    /// `option.http-ignore-probes`: a connection that sends nothing is neither answered nor logged.
    pub ignore_probes: bool,
    /// `option.accept-unsafe-violations-in-http-request`.
    pub lenient: bool,
    /// `monitor-uri`: requests for this target are answered 200, neither forwarded nor logged.
    pub monitor_uri: Option<String>,
    /// `unique-id-format` and `unique-id-header`.
    pub unique_id: Option<UniqueId>,
    /// `capture.*`; empty in mode tcp.
    pub captures: Captures,
    /// `errorfile`, `errorfiles`, `errorloc*`, `http-error`: at most one for a status, by status.
    pub error_pages: Vec<ErrorPage>,
    /// `option.dontlognull` and its like.
    pub log_options: LogOptions,
    /// `error-log-format`: for connections that ended before a stream began; by default
    /// HAProxy's own line.
    pub error_log_format: Option<Format>,
    /// Where this frontend's access log goes: its own targets, or else `global.log`.
    pub logs: Vec<Log>,
    pub rules: rule::Rules,
    /// `use-backend`: the first that holds wins over `default-backend`.
    pub use_backends: Vec<rule::UseBackend>,
}

/// What becomes of the connections of a request once it is answered. A frontend's and a backend's
/// combine to the stronger one, which is the later one here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConnectionMode {
    /// Both are kept (`option.http-keep-alive`, the default).
    #[default]
    KeepAlive,
    /// The server's is closed, the client's is kept (`option.http-server-close`).
    ServerClose,
    /// Both are closed (`option.httpclose`; in a backend alone it closes the server's only).
    Close,
}

/// `option.http-restrict-req-hdr-names`: what becomes of request fields whose names have other
/// characters than letters, digits and `-`. A frontend's and a backend's combine to the stronger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RestrictNames {
    #[default]
    Preserve,
    /// The field is dropped.
    Delete,
    /// The request gets 403.
    Reject,
}

/// `option.forwarded`: which parameters the `forwarded` field of RFC 7239 gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forwarded {
    pub proto: bool,
    /// The request's host.
    pub host: bool,
    /// The address that the client connected to.
    pub by: bool,
    pub by_port: bool,
    /// The client's address.
    pub for_: bool,
    pub for_port: bool,
}

/// `unique-id-format` and `unique-id-header`.
#[derive(Debug, Clone, PartialEq)]
pub struct UniqueId {
    pub format: Format,
    /// Lower case; `None`: the id is for logs only.
    pub header: Option<String>,
}

/// `capture.*`: what a request and its response leave for the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captures {
    /// `capture.request-header`, `declare-capture` and the rules that capture, in this order.
    pub request: Vec<Capture>,
    /// `capture.response-header` and `declare-capture`, in this order.
    pub response: Vec<Capture>,
    /// `capture.cookie`.
    pub cookie: Option<Capture>,
}

impl Captures {
    /// Whether anything is captured.
    pub fn is_any(&self) -> bool {
        !(self.request.is_empty() && self.response.is_empty()) || self.cookie.is_some()
    }
}

/// One captured header or cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Of a header in lower case. Empty: only rules fill it (`capture` with `len`,
    /// `declare-capture`). Of a cookie as written: a cookie whose name begins with it is captured, as
    /// HAProxy does, unless it ends with `=`.
    pub name: String,
    /// Bytes kept, 1 to 65535.
    pub len: usize,
}

/// Timeouts of the client side, each 1 ms to 24 days.
#[derive(Debug, Clone, PartialEq)]
pub struct FrontendTimeouts {
    /// Inactivity of the client (`timeout.client`, default 60s).
    pub client: Duration,
    /// A whole request head must arrive within this (`timeout.http-request`, default 10s).
    pub http_request: Duration,
    /// Between two requests (`timeout.http-keep-alive`, default 60s).
    pub http_keep_alive: Duration,
    /// What comes before the first request must be over within this: the PROXY protocol's header
    /// and the TLS handshake (`timeout.client-hs`, default 10s).
    pub client_hs: Duration,
    /// How long `tarpit` keeps a client waiting (`timeout.tarpit`, default `timeout.connect` if that
    /// is written, or else 5s). A backend's wins.
    pub tarpit: Duration,
}

/// Where a frontend listens.
#[derive(Debug, Clone, PartialEq)]
pub struct Bind {
    pub address: BindAddress,
    /// Length of the kernel's accept queue (`backlog`, default 4096, 1 to 65535).
    pub backlog: u32,
    /// `name`, for statistics and messages.
    pub name: Option<String>,
    /// `accept-proxy`: each connection begins with a PROXY protocol header.
    pub accept_proxy: bool,
    /// `ssl` and what belongs to it; `None`: plain.
    pub tls: Option<Box<BindTls>>,
    /// As written, for messages.
    pub text: String,
}

/// The address of a `bind`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindAddress {
    /// `*:80`, `:80`, `127.0.0.1:80`, `[::]:80`; port 0 asks for a free one.
    Tcp(SocketAddr),
    /// `unix:/path`.
    Unix(PathBuf),
    /// `fd@N`, an inherited listening socket.
    Inherited(i32),
}

/// `option.forwardfor`.
#[derive(Debug, Clone, PartialEq)]
pub struct ForwardFor {
    /// Lower case; default `x-forwarded-for`.
    pub header: String,
    /// Client networks for which nothing is added.
    pub except: Vec<Network>,
    /// Add only when the request has no such field.
    pub if_none: bool,
}

/// An address and the number of its leading bits that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    pub address: IpAddr,
    pub prefix_len: u8,
}

impl Network {
    /// Whether `address` is in the network. IPv4 in IPv6's clothes counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let within = |own: u128, other: u128, bits: u32| {
            let shift = bits - u32::from(self.prefix_len).min(bits);
            own.checked_shr(shift).unwrap_or(0) == other.checked_shr(shift).unwrap_or(0)
        };
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                within(own.to_bits().into(), other.to_bits().into(), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => within(own.to_bits(), other.to_bits(), 128),
            _ => false,
        }
    }
}

/// The server side of a proxy.
#[derive(Debug, Clone, PartialEq)]
pub struct Backend {
    pub name: String,
    pub mode: Mode,
    pub balance: Balance,
    pub http_reuse: HttpReuse,
    /// `server`, in file order; may be empty, no name twice.
    pub servers: Vec<Server>,
    /// Further attempts after the first (`retries`, 0 to 100, default 3).
    pub retries: u32,
    pub retry_on: RetryOn,
    pub redispatch: Redispatch,
    pub timeouts: BackendTimeouts,
    pub connection_mode: ConnectionMode,
    /// `option.abortonclose`: a client that closes, even only its sending half, before the response
    /// began gives its request up.
    pub abort_on_close: bool,
    /// `option.http-buffer-request`, as in a frontend.
    pub buffer_request: bool,
    /// `option.accept-unsafe-violations-in-http-response`.
    pub lenient: bool,
    /// `option.forwardfor`; `None` in mode tcp. Wins over the frontend's.
    pub forwardfor: Option<ForwardFor>,
    /// `option.forwarded`; `None` in mode tcp. Wins over the frontend's.
    pub forwarded: Option<Forwarded>,
    /// `option.originalto`; `None` in mode tcp. Wins over the frontend's.
    pub originalto: Option<ForwardFor>,
    pub restrict_names: RestrictNames,
    /// As in a frontend; a backend's page wins over a frontend's.
    pub error_pages: Vec<ErrorPage>,
    /// `option.httpchk`: what a check asks; without it a check connects only.
    pub httpchk: Option<HttpCheck>,
    /// The client side of this `listen`, which has the same rules: where the stream came in there,
    /// those of `content`, `request`, `redirects`, `response` and `after_response` have run already,
    /// or are to run, as the frontend's, and do not run here. Index into [`Config::frontends`].
    pub listen_frontend: Option<usize>,
    pub rules: rule::Rules,
    /// `use-server`: the first that holds wins over balancing, if its server is usable.
    pub use_servers: Vec<rule::UseServer>,
}

/// `retry-on`: what another attempt is made for. Beyond a failed connection the request must be at
/// hand as a whole: its body no longer than a buffer, and waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryOn {
    /// No connection stood (`conn-failure`, the default).
    pub conn_failure: bool,
    /// The connection ended without a byte (`empty-response`).
    pub empty_response: bool,
    /// What came was no valid response (`junk-response`).
    pub junk_response: bool,
    /// `timeout.server` before a response (`response-timeout`).
    pub response_timeout: bool,
    /// Responses with these statuses, ascending.
    pub statuses: Vec<u16>,
}

impl RetryOn {
    /// Whether anything but a failed connection is a reason.
    pub fn is_beyond_connect(&self) -> bool {
        self.empty_response
            || self.junk_response
            || self.response_timeout
            || !self.statuses.is_empty()
    }
}

/// `option.redispatch`: whether a retry goes to another server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redispatch {
    /// Every retry goes to the same server, as long as it is up.
    Never,
    /// Every retry goes to another server if there is one (the default, and `true`); with an
    /// interval, retries number `n`, `2n` ... do (positive), or the last `n` (negative).
    Every(i32),
}

/// Timeouts of the server side, each 1 ms to 24 days.
#[derive(Debug, Clone, PartialEq)]
pub struct BackendTimeouts {
    /// Until a connection to a server stands (`timeout.connect`, default 5s).
    pub connect: Duration,
    /// Inactivity of the server (`timeout.server`, default 60s).
    pub server: Duration,
    /// Inactivity of a tunnel, in place of client and server (`timeout.tunnel`). By default 1h
    /// for what CONNECT and upgrades open; `None` in TCP mode, where client and server then hold.
    pub tunnel: Option<Duration>,
    /// `timeout.check`: what a check may take after it connected; `None` is the check's interval.
    pub check: Option<Duration>,
    /// `timeout.tarpit`, or else a written `timeout.connect`.
    pub tarpit: Option<Duration>,
}

/// `balance`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balance {
    /// Weighted, smooth.
    RoundRobin,
}

/// When an idle server connection may serve another client's request (`http-reuse`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpReuse {
    Aggressive,
    Always,
    Never,
    Safe,
}

/// `option.httpchk`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCheck {
    /// Default `OPTIONS`.
    pub method: String,
    /// Default `/`.
    pub uri: String,
    /// `HTTP/1.0` (the default) or `HTTP/1.1`.
    pub version: String,
    /// Value of the `host` field, which is not sent without.
    pub host: Option<String>,
}

/// One address of a backend.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    pub name: String,
    pub address: ServerAddress,
    /// `weight`, 0 to 256, default 1; 0 takes no new traffic.
    pub weight: u32,
    /// Used only when every other server is unusable.
    pub backup: bool,
    /// In maintenance from the start.
    pub disabled: bool,
    /// `check`; `None`: always taken for up.
    pub check: Option<Check>,
    /// `send-proxy`, `send-proxy-v2`: begin each connection with a PROXY protocol header.
    pub send_proxy: Option<SendProxy>,
    /// `ssl` and what belongs to it; `None`: plain.
    pub tls: Option<Box<ServerTls>>,
}

/// `send-proxy`, `send-proxy-v2` and `proxy-v2-options`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendProxy {
    V1,
    V2 {
        /// Add the request's host.
        authority: bool,
        crc32c: bool,
        unique_id: bool,
        /// Add what is known of the client's TLS connection (`ssl`, `send-proxy-v2-ssl`).
        ssl: bool,
        /// And in it these (`cert-cn`, which `send-proxy-v2-ssl-cn` implies, `ssl-cipher`,
        /// `cert-sig`, `cert-key`); none without `ssl`.
        cert_cn: bool,
        ssl_cipher: bool,
        cert_sig: bool,
        cert_key: bool,
    },
}

/// The address of a server; a port is never 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerAddress {
    Tcp(SocketAddr),
    /// A name that the program resolves when it starts.
    Name {
        host: String,
        port: u16,
    },
    Unix(PathBuf),
}

/// How a server is probed. `rise` and `fall` are 1 to 65535.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Between two checks (`inter`, default 2s).
    pub inter: Duration,
    /// Good checks in a row until a server is up (`rise`, default 2).
    pub rise: u32,
    /// Bad checks in a row until a server is down (`fall`, default 3).
    pub fall: u32,
    /// `port`, when checks go elsewhere than traffic.
    pub port: Option<u16>,
    /// A check's connection begins with a PROXY protocol header too: `check-send-proxy`, or the
    /// server has one and the check goes to the same address and port.
    pub send_proxy: bool,
    /// A check speaks TLS: `check-ssl`, or the server does and the check goes to the same address
    /// and port. The server's, with `check-alpn`, and as `sni` the name of `check-sni`, or the one
    /// that the server's `sni` is, or in place of a request's the host of `option.httpchk`.
    pub tls: Option<Box<ServerTls>>,
}
