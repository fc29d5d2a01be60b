//! The checked configuration: defaults applied, names resolved to ids, every value in range.
//!
//! Nothing here can be built but by loading a file, so the rest of the program does not check
//! again.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// A whole configuration. Ids are indices into these vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `global`, with the command line's overrides.
    pub global: Global,
    /// `frontend` sections and the client side of `listen` sections, in file order.
    pub frontends: Vec<Frontend>,
    /// `backend` sections and the server side of `listen` sections, in file order.
    pub backends: Vec<Backend>,
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
    /// `default-backend`, or a `listen`'s own servers; of the same mode. `None`: no request can
    /// be served.
    pub default_backend: Option<BackendId>,
    pub timeouts: FrontendTimeouts,
    /// `option.forwardfor`; `None` in mode tcp.
    pub forwardfor: Option<ForwardFor>,
    /// Where this frontend's access log goes: its own targets, or else `global.log`.
    pub logs: Vec<Log>,
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
}

/// Where a frontend listens.
#[derive(Debug, Clone, PartialEq)]
pub struct Bind {
    pub address: BindAddress,
    /// Length of the kernel's accept queue (`backlog`, default 4096, 1 to 65535).
    pub backlog: u32,
    /// `name`, for statistics and messages.
    pub name: Option<String>,
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
    /// Further attempts to connect after the first (`retries`, 0 to 100, default 3).
    pub retries: u32,
    pub timeouts: BackendTimeouts,
    /// `option.forwardfor`; `None` in mode tcp.
    pub forwardfor: Option<ForwardFor>,
    /// `option.httpchk`: what a check asks; without it a check connects only.
    pub httpchk: Option<HttpCheck>,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Between two checks (`inter`, default 2s).
    pub inter: Duration,
    /// Good checks in a row until a server is up (`rise`, default 2).
    pub rise: u32,
    /// Bad checks in a row until a server is down (`fall`, default 3).
    pub fall: u32,
    /// `port`, when checks go elsewhere than traffic.
    pub port: Option<u16>,
}

/// One access log of a frontend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    pub target: LogTarget,
    pub format: LogFormat,
    /// RFC 3164 facility number, 0 to 23 (default 16, `local0`).
    pub facility: u8,
}

/// `target` of a `log`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LogTarget {
    File(PathBuf),
    Stderr,
    Stdout,
    Udp { host: String, port: u16 },
    Unix(PathBuf),
}

/// `format` of a `log`; by default that of the mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// HAProxy's httplog line.
    Http,
    /// HAProxy's tcplog line.
    Tcp,
}
