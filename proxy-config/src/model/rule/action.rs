//! What a rule does (HAProxy's manual, chapters 4.3 and 4.4).

use std::time::Duration;

use super::{Expr, Var};
use crate::model::{ErrorPage, Format};

/// Which direction of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The client's: `req.*`, `ssl_fc_*`.
    Request,
    /// The server's: `res.*`, `ssl_bc_*`.
    Response,
}

/// Where a rule set stands on the way of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Moment {
    Connection,
    Session,
    Content,
    Request,
    ResponseContent,
    Response,
    AfterResponse,
    /// The end of a stream: log lines.
    Log,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    // Final
    /// `accept`, `allow`: no further rule of this set.
    Accept,
    /// `deny`: as `Return`, but counted as denied; 403 for a request, 502 for a response.
    Deny(Reply),
    /// `return`
    Return(Reply),
    Redirect(Redirect),
    /// `reject`: closed without a word.
    Reject,
    /// `tarpit`: answered after `timeout.tarpit`.
    Tarpit(Reply),
    /// `silent-drop`: closed without the client learning of it.
    SilentDrop,
    /// `auth [realm FORMAT]`: 401.
    Auth {
        realm: Format,
    },
    /// `close`: of `tcp-response-content`, the server's connection.
    Close,

    // Heads
    EditHeader(HeaderEdit),
    SetMethod(Format),
    /// `set-path`, `set-pathq`, `set-query`, `set-uri`
    SetUri(UriPart, Format),
    /// `replace-path`, `replace-pathq`, `replace-uri`
    ReplaceUri {
        part: UriPart,
        regex: usize,
        with: Format,
    },
    NormalizeUri(Normalizer),
    /// `set-status STATUS [reason TEXT]`
    SetStatus {
        status: u16,
        reason: Option<String>,
    },
    /// `early-hint NAME FORMAT`: rules in a row make one 103.
    EarlyHint {
        name: String,
        value: Format,
    },

    // What is remembered
    SetVar {
        var: Var,
        conditions: Box<[VarCondition]>,
        expr: Expr,
    },
    SetVarFormat {
        var: Var,
        conditions: Box<[VarCondition]>,
        format: Format,
    },
    UnsetVar(Var),
    Capture {
        expr: Expr,
        into: CaptureInto,
    },
    /// `set-log-level`: 0 to 7; `None` is `silent`.
    SetLogLevel(Option<u8>),
    /// `do-log`: a line of the frontend's logs now.
    DoLog,

    // The connection
    /// `set-src`, `set-dst`
    SetAddress {
        is_source: bool,
        expr: Expr,
    },
    /// `set-src-port`, `set-dst-port`
    SetPort {
        is_source: bool,
        expr: Expr,
    },
    /// `set-fc-mark`, `set-mark` (SO_MARK); `set-bc-mark` with [`Side::Response`].
    SetMark(Side, Expr),
    /// `set-fc-tos`, `set-tos`; `set-bc-tos`.
    SetTos(Side, Expr),
    /// `set-timeout KIND DURATION`: in milliseconds.
    SetTimeout(TimeoutOf, Expr),
    /// `set-retries`: 0 to 100.
    SetRetries(Expr),
    /// `disable-l7-retry`
    DisableRetry,

    // The rules themselves
    /// `strict-mode on|off`
    StrictMode(bool),
    /// `wait-for-body time DURATION [at-least SIZE]`: 0 is the whole body.
    WaitForBody {
        time: Duration,
        at_least: usize,
    },
    /// `pause`: milliseconds.
    Pause(Expr),
    /// `switch-mode http`
    SwitchToHttp,
    /// `expect-proxy layer4`
    ExpectProxy,
}

impl Action {
    /// Whether no rule of the set is evaluated after it.
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Accept
                | Self::Deny(_)
                | Self::Return(_)
                | Self::Redirect(_)
                | Self::Reject
                | Self::Tarpit(_)
                | Self::SilentDrop
                | Self::Auth { .. }
                | Self::Close
        )
    }
}

/// A response of the proxy's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// 200 to 599.
    pub status: u16,
    pub content: ReplyContent,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ReplyContent {
    /// The page of the backend, the frontend, or the built-in one for `status`.
    Page,
    /// This response: `errorfile`, `errorfiles`, `file`, `lf-file`, `string`, `lf-string` and `hdr`.
    /// Its status is `status`.
    Own(Box<ErrorPage>),
}

/// `redirect`.
#[derive(Debug, Clone, PartialEq)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    pub to: RedirectTo,
    pub query: KeepQuery,
    /// `append-slash`: with `drop-query` and `prefix`, where the path has none at its end.
    pub append_slash: bool,
    /// `ignore-empty`: nothing happens when the location is empty.
    pub ignore_empty: bool,
    /// `set-cookie NAME[=VALUE]`, `clear-cookie NAME[=]`: a `set-cookie` value ready to send.
    pub set_cookie: Option<Format>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum RedirectTo {
    /// `location`: as it is.
    Location(Format),
    /// `prefix`: before path and query.
    Prefix(Format),
    /// `scheme`: before `://`, host, path and query.
    Scheme(Format),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeepQuery {
    /// A `location` has none of the request's query; the others keep it.
    #[default]
    Usual,
    /// `drop-query`
    Drop,
    /// `keep-query`: appended to a `location`.
    Keep,
}

/// An edit of the fields of the message that the rule set is about. Names are lower case.
#[derive(Debug, Clone, PartialEq)]
pub enum HeaderEdit {
    Add {
        name: String,
        value: Format,
    },
    Set {
        name: String,
        value: Format,
    },
    Del(NameMatch),
    /// `replace-header`: in the whole value of each line; `regex` is an index into
    /// [`super::Tables::regexes`].
    Replace {
        name: String,
        regex: usize,
        with: Format,
    },
    /// `replace-value`: in each value between commas.
    ReplaceValue {
        name: String,
        regex: usize,
        with: Format,
    },
}

/// `del-header NAME [-m METHOD]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameMatch {
    Is(String),
    Begins(String),
    Ends(String),
    Contains(String),
    /// Index into [`super::Tables::regexes`].
    Matches(usize),
}

/// A part of a request's target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UriPart {
    Path,
    PathAndQuery,
    Query,
    Uri,
}

/// `normalize-uri`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normalizer {
    FragmentEncode,
    FragmentStrip,
    PathMergeSlashes,
    PathStripDot,
    /// `full`: at the start too.
    PathStripDotDot {
        full: bool,
    },
    PercentDecodeUnreserved {
        strict: bool,
    },
    PercentToUppercase {
        strict: bool,
    },
    QuerySortByName,
}

/// `ifexists` and its like: all must hold for a variable to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VarCondition {
    IfExists,
    IfNotExists,
    IfEmpty,
    IfNotEmpty,
    IfSet,
    IfNotSet,
    IfGreater,
    IfLess,
}

/// Where `capture` puts its value: an index into the captures of the frontend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureInto {
    pub side: Side,
    pub slot: usize,
}

/// A timeout that rules may set, or ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeoutOf {
    Client,
    Connect,
    Queue,
    Server,
    Tarpit,
    Tunnel,
}
