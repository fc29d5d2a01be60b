//! What a rule can ask: of the connection, the messages, and the proxy around them.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};

use bumpalo::Bump;
use proxy_config::model::rule::{StreamState, TimeoutOf};
use proxy_config::model::{self, BackendId, LogField, LogFlags};

use super::table::Library;
use super::vars::Vars;
use crate::io::TlsFacts;
use crate::observe::{RequestLine, Timers, Zone};
use crate::proto::h1::{RequestHead, ResponseHead};

/// Where samples that were made live. Reused: after the first few requests nothing is allocated.
#[derive(Debug, Default)]
pub struct Arena {
    bump: Bump,
    scratch: RefCell<Vec<u8>>,
}

impl Arena {
    /// Keeps bytes for as long as the samples live.
    pub fn keep(&self, bytes: &[u8]) -> &[u8] {
        self.bump.alloc_slice_copy(bytes)
    }

    /// Keeps bytes, to be changed in place.
    pub fn keep_mut(&self, bytes: &[u8]) -> &mut [u8] {
        self.bump.alloc_slice_copy(bytes)
    }

    /// Keeps what `write` appends to an empty buffer.
    pub fn write(&self, write: impl FnOnce(&mut Vec<u8>)) -> &[u8] {
        // Taken, so that whatever writes may do so too.
        let mut scratch = self.scratch.take();
        scratch.clear();
        write(&mut scratch);
        let kept = self.keep(&scratch);
        self.scratch.replace(scratch);
        kept
    }

    /// Gives up all samples.
    pub fn clear(&mut self) {
        self.bump.reset();
    }
}

/// All that one evaluation sees. Made anew for each rule, since a rule may change what the next one
/// sees; it only borrows.
pub struct Context<'a> {
    pub arena: &'a Arena,
    pub config: &'a model::Config,
    /// Index into [`model::Config::frontends`].
    pub frontend: usize,
    pub library: &'a Library,
    pub client: Client<'a>,
    /// Bytes that a `tcp-request-content` rule looks at, and `tcp-response-content`.
    pub request_input: Option<Input<'a>>,
    pub response_input: Option<Input<'a>>,
    /// `None` before it was parsed.
    pub request: Option<Message<'a, RequestHead>>,
    pub response: Option<Message<'a, ResponseHead>>,
    pub vars: Vars<'a>,
    pub scene: &'a dyn Scene,
    /// Set by a fetch whose answer may still change as bytes arrive: what does not match then may match
    /// later.
    pub may_change: Cell<bool>,
}

/// The client's connection.
#[derive(Clone, Copy)]
pub struct Client<'a> {
    /// `src`, `dst`: as the kernel, a PROXY header or a rule has it; `None` on a UNIX socket.
    pub source: Option<SocketAddr>,
    pub destination: Option<SocketAddr>,
    /// From 1.
    pub bind_number: u32,
    pub tls: Option<&'a TlsFacts>,
    /// Requests that came before this one.
    pub requests: u32,
}

/// Bytes that arrived and were not yet taken.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    pub bytes: &'a [u8],
    /// No more will come: the buffer is full, the peer ended, or the delay is over.
    pub is_final: bool,
}

/// A message: its head, the bytes that the head's spans are of, and what is here of its body.
#[derive(Debug)]
pub struct Message<'a, H> {
    pub head: &'a H,
    pub bytes: &'a [u8],
    /// Without its framing: what rules waited for.
    pub body: &'a [u8],
    /// That is all of the body.
    pub is_body_whole: bool,
}

impl<H> Clone for Message<'_, H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H> Copy for Message<'_, H> {}

/// What an evaluation asks of the proxy around it: what is rarely asked, and what is not pure.
pub trait Scene {
    /// Microseconds since 1970.
    fn wall_us(&self) -> u64;
    /// Where local time is; `None` is UTC.
    fn zone(&self) -> Option<&Zone>;
    /// When the connection was accepted, and when the request began: milliseconds since 1970.
    fn accept_ms(&self) -> u64;
    fn request_ms(&self) -> u64;
    fn uptime_s(&self) -> u64;
    fn random(&self) -> u64;
    /// The shard, from 0.
    fn shard(&self) -> usize;
    fn is_stopping(&self) -> bool;
    /// `when`
    fn stream_is(&self, state: StreamState) -> bool;
    /// Client connections of the process, and of a frontend.
    fn process_conns(&self) -> u64;
    fn frontend_conns(&self, frontend: usize) -> u64;
    /// On the bind that accepted the connection.
    fn bind_conns(&self) -> u64;
    fn backend_conns(&self, backend: BackendId) -> u64;
    fn usable_servers(&self, backend: BackendId) -> usize;
    fn server_conns(&self, backend: BackendId, server: usize) -> u64;
    fn is_server_up(&self, backend: BackendId, server: usize) -> bool;
    /// The backend that was chosen.
    fn backend(&self) -> Option<BackendId>;
    fn server(&self) -> Option<usize>;
    /// Whether the machine has this address itself.
    fn is_local(&self, address: IpAddr) -> bool;
    /// `fc_src` and `fc_dst`, whatever rules set.
    fn client_ends(&self) -> (Option<SocketAddr>, Option<SocketAddr>);
    /// Our end of the server's connection and the server's.
    fn server_ends(&self) -> Option<(SocketAddr, SocketAddr)>;
    /// `None` where no server's connection stands, or it has no TLS.
    fn server_tls(&self) -> Option<&TlsFacts>;
    fn is_server_reused(&self) -> bool;
    /// The client's connection began with a PROXY header; the value of one of its TLVs.
    fn has_proxy_header(&self) -> bool;
    fn proxy_tlv(&self, kind: u8) -> Option<&[u8]>;
    /// Milliseconds.
    fn timeout(&self, of: TimeoutOf) -> Option<u64>;
    fn retries(&self) -> u32;
    fn max_retries(&self) -> Option<u32>;
    fn is_redispatched(&self) -> bool;
    fn timers(&self) -> Timers;
    /// From the client, to the client.
    fn bytes(&self) -> (u64, u64);
    /// Unique in the process.
    fn request_number(&self) -> u64;
    fn termination(&self) -> [u8; 2];
    /// The status that the server sent.
    fn server_status(&self) -> Option<u16>;
    fn unique_id(&self) -> &[u8];
    /// As it came, for `capture.req.*`; `None` before.
    fn request_line(&self) -> Option<RequestLine<'_>>;
    /// What was captured last, be it by the rule that asks.
    fn captured<'a>(&'a self, is_request: bool, slot: usize, arena: &'a Arena) -> Option<&'a [u8]>;
    /// `capture-req`, `capture-res`.
    fn capture(&self, is_request: bool, slot: usize, value: &[u8]);
    /// Whether the credentials are right for a user of a list ([`model::rule::Tables::userlists`]).
    fn is_user(&self, userlist: usize, user: &[u8], password: &[u8]) -> bool;
    /// Appends a field of a log format.
    fn put_field(&self, out: &mut Vec<u8>, field: LogField, flags: LogFlags);
}
