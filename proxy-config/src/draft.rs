//! What the files say, section by section, before anything is inherited or looked up.

use std::time::Duration;

use crate::model::{
    Balance, BindAddress, ForwardFor, HttpCheck, HttpReuse, LogFormat, LogTarget, Mode,
    ServerAddress, Shards,
};
use crate::place::Place;
use crate::setting::Setting;

/// All files together.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) global: GlobalDraft,
    /// Where `global` is given; more than one place is an error.
    pub(crate) global_places: Vec<Place>,
    /// `defaults` and `defaults.NAME`, in file order.
    pub(crate) defaults: Vec<ProxyDraft>,
    /// `frontend.NAME`, `backend.NAME` and `listen.NAME`, in file order.
    pub(crate) proxies: Vec<ProxyDraft>,
}

#[derive(Debug, Default)]
pub(crate) struct GlobalDraft {
    pub(crate) shards: Setting<Shards>,
    pub(crate) maxconn: Setting<u32>,
    pub(crate) log: Setting<Vec<LogDraft>>,
    pub(crate) hard_stop_after: Setting<Duration>,
    pub(crate) bufsize: Setting<usize>,
    pub(crate) buffers_limit: Setting<usize>,
    pub(crate) http_maxhdr: Setting<usize>,
}

/// The kind of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Backend,
    Defaults,
    Frontend,
    Listen,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Defaults, Self::Frontend, Self::Listen, Self::Backend];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Backend => "backend",
            Self::Defaults => "defaults",
            Self::Frontend => "frontend",
            Self::Listen => "listen",
        }
    }

    /// Has a client side.
    pub(crate) fn is_frontend(self) -> bool {
        matches!(self, Self::Frontend | Self::Listen)
    }

    /// Has a server side.
    pub(crate) fn is_backend(self) -> bool {
        matches!(self, Self::Backend | Self::Listen)
    }
}

/// One `defaults`, `frontend`, `backend` or `listen` section.
#[derive(Debug)]
pub(crate) struct ProxyDraft {
    pub(crate) kind: Kind,
    /// `None` for the unnamed `defaults`.
    pub(crate) name: Option<String>,
    /// The name in the header, or the header word of the unnamed `defaults`.
    pub(crate) place: Place,
    /// No key of the section was refused, so what is absent was not mistyped.
    pub(crate) is_complete: bool,
    pub(crate) from: Setting<String>,
    pub(crate) binds: Setting<Vec<BindDraft>>,
    pub(crate) servers: Setting<Vec<ServerDraft>>,
    pub(crate) settings: Settings,
}

impl ProxyDraft {
    pub(crate) fn new(kind: Kind, name: Option<String>, place: Place) -> Self {
        Self {
            kind,
            name,
            place,
            is_complete: true,
            from: Setting::default(),
            binds: Setting::default(),
            servers: Setting::default(),
            settings: Settings::default(),
        }
    }

    /// The name, for messages and look-ups.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("")
    }
}

/// What a section inherits from its defaults.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) backlog: Setting<u32>,
    pub(crate) balance: Setting<Balance>,
    pub(crate) default_backend: Setting<String>,
    pub(crate) default_server: ServerWords,
    pub(crate) forwardfor: Setting<Option<ForwardFor>>,
    pub(crate) http_reuse: Setting<HttpReuse>,
    pub(crate) httpchk: Setting<Option<HttpCheck>>,
    pub(crate) httplog: Setting<bool>,
    pub(crate) log: Setting<LogChoice>,
    pub(crate) maxconn: Setting<u32>,
    pub(crate) mode: Setting<Mode>,
    pub(crate) retries: Setting<u32>,
    pub(crate) tcplog: Setting<bool>,
    pub(crate) timeout_check: Setting<Duration>,
    pub(crate) timeout_client: Setting<Duration>,
    pub(crate) timeout_connect: Setting<Duration>,
    pub(crate) timeout_http_keep_alive: Setting<Duration>,
    pub(crate) timeout_http_request: Setting<Duration>,
    pub(crate) timeout_server: Setting<Duration>,
    pub(crate) timeout_tunnel: Setting<Duration>,
}

impl Settings {
    /// Takes from the parent what this section does not say.
    pub(crate) fn inherit(&mut self, parent: &Self) {
        self.inherit_log_format(parent);
        self.backlog.inherit(&parent.backlog);
        self.balance.inherit(&parent.balance);
        self.default_backend.inherit(&parent.default_backend);
        self.default_server.inherit(&parent.default_server);
        self.forwardfor.inherit(&parent.forwardfor);
        self.http_reuse.inherit(&parent.http_reuse);
        self.httpchk.inherit(&parent.httpchk);
        self.log.inherit(&parent.log);
        self.maxconn.inherit(&parent.maxconn);
        self.mode.inherit(&parent.mode);
        self.retries.inherit(&parent.retries);
        self.timeout_check.inherit(&parent.timeout_check);
        self.timeout_client.inherit(&parent.timeout_client);
        self.timeout_connect.inherit(&parent.timeout_connect);
        self.timeout_http_keep_alive.inherit(&parent.timeout_http_keep_alive);
        self.timeout_http_request.inherit(&parent.timeout_http_request);
        self.timeout_server.inherit(&parent.timeout_server);
        self.timeout_tunnel.inherit(&parent.timeout_tunnel);
    }

    /// `httplog` and `tcplog` are one choice: a section that makes it inherits neither.
    fn inherit_log_format(&mut self, parent: &Self) {
        if self.httplog.value() != Some(&true) && self.tcplog.value() != Some(&true) {
            self.httplog.inherit(&parent.httplog);
            self.tcplog.inherit(&parent.tcplog);
        }
    }
}

/// `log` of a section.
#[derive(Debug, Clone)]
pub(crate) enum LogChoice {
    /// `log = false`.
    Off,
    Targets(Vec<LogEntry>),
}

#[derive(Debug, Clone)]
pub(crate) enum LogEntry {
    /// `"global"`: the targets of `global.log`.
    Global(Place),
    Own(LogDraft),
}

#[derive(Debug, Clone)]
pub(crate) struct LogDraft {
    pub(crate) target: LogTarget,
    pub(crate) format: Setting<LogFormat>,
    pub(crate) facility: u8,
}

#[derive(Debug)]
pub(crate) struct BindDraft {
    pub(crate) address: BindAddress,
    pub(crate) backlog: Setting<u32>,
    pub(crate) name: Option<String>,
    /// The address as written, with variables expanded.
    pub(crate) text: String,
    pub(crate) place: Place,
}

#[derive(Debug, Default)]
pub(crate) struct ServerDraft {
    pub(crate) name: Setting<String>,
    pub(crate) address: Setting<ServerAddress>,
    pub(crate) words: ServerWords,
}

/// The words that both `server` and `default-server` take.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServerWords {
    pub(crate) backup: Setting<bool>,
    pub(crate) check: Setting<bool>,
    pub(crate) disabled: Setting<bool>,
    pub(crate) fall: Setting<u32>,
    pub(crate) inter: Setting<Duration>,
    pub(crate) port: Setting<u16>,
    pub(crate) rise: Setting<u32>,
    pub(crate) weight: Setting<u32>,
}

impl ServerWords {
    pub(crate) fn inherit(&mut self, parent: &Self) {
        self.backup.inherit(&parent.backup);
        self.check.inherit(&parent.check);
        self.disabled.inherit(&parent.disabled);
        self.fall.inherit(&parent.fall);
        self.inter.inherit(&parent.inter);
        self.port.inherit(&parent.port);
        self.rise.inherit(&parent.rise);
        self.weight.inherit(&parent.weight);
    }
}
