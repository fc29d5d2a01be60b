//! Rules: what is done with a connection, a request or a response, and under which conditions
//! (HAProxy's manual, chapters 4.3, 4.4 and 7).
//!
//! Everything is resolved: names are indices, words are variants, times are durations. What can be
//! replaced while the program runs (patterns and maps from files), and what is compiled for each shard
//! (regular expressions), stands in [`Tables`]; a rule has its index.

mod action;
mod condition;
mod converter;
mod fetch;
mod table;
mod user;

pub use action::{
    Action, CaptureInto, HeaderEdit, KeepQuery, Moment, NameMatch, Normalizer, Redirect,
    RedirectTo, Reply, ReplyContent, Side, TimeoutOf, UriPart, VarCondition,
};
pub use condition::{Acl, Condition, Matching, Term, Test};
pub use converter::{
    Arg, Arithmetic, Bits, Bytes, Converter, Digest, Hash, JsonInput, JwtPart, MapOutput, NodePart,
    Operand, StreamState, TimeUnit, UrlCode,
};
pub use fetch::{
    Cert, CertFact, ConnectionFact, Cookie, Expr, Fetch, Header, HttpFact, InternalFact, Length,
    Message, Offset, PayloadFact, Peer, TlsFact, UrlParam,
};
pub use table::{
    AddressPattern, FileText, JwtKeyFile, Map, Match, Pattern, PatternFile, Patterns, Range, Regex,
    Tables,
};
pub use user::{Password, User, Userlist};

use std::net::IpAddr;
use std::time::Duration;

use super::{BackendId, Format};

/// A value that a rule has at load: an argument, a constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Ip(IpAddr),
    Str(Box<[u8]>),
    Bin(Box<[u8]>),
}

/// A variable: where it lives and its slot there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Var {
    pub scope: Scope,
    /// Below the scope's number in [`Tables::vars`].
    pub slot: u16,
}

/// The life of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The process; all shards share it.
    Proc,
    /// The client connection.
    Sess,
    /// Request and response of one stream.
    Txn,
    /// From the request's first rule until it was sent.
    Req,
    /// From the response's head on.
    Res,
}

/// One rule of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub action: Action,
    /// `None`: always.
    pub condition: Option<Condition>,
}

/// The rule sets of a frontend or a backend, in the order of the configuration: those of its `defaults`
/// first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// `tcp-request-connection`, before anything of the connection is read; frontends only.
    pub connection: Vec<Rule>,
    /// `tcp-request-session`, after the handshakes; frontends only.
    pub session: Vec<Rule>,
    /// `tcp-request-content`.
    pub content: Vec<Rule>,
    /// `tcp-request-inspect-delay`: how long `content` may wait for bytes. `None`: not at all.
    pub inspect_delay: Option<Duration>,
    /// `tcp-response-content`; backends only.
    pub response_content: Vec<Rule>,
    /// `tcp-response-inspect-delay`; backends only.
    pub response_inspect_delay: Option<Duration>,
    /// `http-request`.
    pub request: Vec<Rule>,
    /// `redirect`, after `http-request`. Only [`Action::Redirect`].
    pub redirects: Vec<Rule>,
    /// `http-response`.
    pub response: Vec<Rule>,
    /// `http-after-response`.
    pub after_response: Vec<Rule>,
}

impl Rules {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// Every rule.
    pub fn all(&self) -> impl Iterator<Item = &Rule> {
        [
            &self.connection,
            &self.session,
            &self.content,
            &self.response_content,
            &self.request,
            &self.redirects,
            &self.response,
            &self.after_response,
        ]
        .into_iter()
        .flatten()
    }
}

/// One `use-backend`.
#[derive(Debug, Clone, PartialEq)]
pub struct UseBackend {
    pub target: BackendTarget,
    pub condition: Option<Condition>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum BackendTarget {
    Fixed(BackendId),
    /// A name that is looked up for each stream; one that no backend of the frontend's mode has leads
    /// to the default backend.
    Named(Format),
}

/// One `use-server`.
#[derive(Debug, Clone, PartialEq)]
pub struct UseServer {
    pub target: ServerTarget,
    pub condition: Option<Condition>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ServerTarget {
    /// Index into the backend's servers.
    Fixed(usize),
    /// A name that is looked up for each stream; one that no server has is passed over.
    Named(Format),
}
