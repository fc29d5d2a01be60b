//! What the files say, section by section, before anything is inherited or looked up.

mod page;
mod rule;
mod settings;
mod tls;
mod userlist;

use std::time::Duration;

pub(crate) use page::{HttpErrorsDraft, ImportDraft, PageContent, PageDraft};
pub(crate) use rule::{
    AclDraft, DeclaredCapture, FormatDraft, ProcVarDraft, RuleLine, RuleSet, RulesDraft,
};
pub(crate) use settings::{LineOption, LineWords, Settings};
pub(crate) use tls::{
    AlpnWord, BindTlsWords, CrtLineDraft, CrtListDraft, CryptoWords, GlobalTlsDraft, PolicyWords,
    ServerTlsWords, SniDraft, TlsDefaults,
};
pub(crate) use userlist::{GroupDraft, UserDraft, UserlistDraft};

use crate::model::{BindAddress, Capture, LogTarget, ServerAddress, Shards, SyslogFormat};
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
    /// `http-errors.NAME`, in file order.
    pub(crate) http_errors: Vec<HttpErrorsDraft>,
    /// `userlist.NAME`, in file order.
    pub(crate) userlists: Vec<UserlistDraft>,
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
    pub(crate) http_cookielen: Setting<usize>,
    pub(crate) http_logurilen: Setting<usize>,
    pub(crate) h1_any_method: Setting<bool>,
    pub(crate) log_send_hostname: Setting<HostnameChoice>,
    pub(crate) log_tag: Setting<String>,
    pub(crate) proc_vars: Vec<ProcVarDraft>,
    pub(crate) tls: GlobalTlsDraft,
}

/// `log-send-hostname`.
#[derive(Debug, Clone)]
pub(crate) enum HostnameChoice {
    /// `false`.
    Off,
    /// `true`: the name of the machine.
    System,
    Named(String),
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
    pub(crate) captures: CapturesDraft,
    pub(crate) rules: RulesDraft,
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
            captures: CapturesDraft::default(),
            rules: RulesDraft::default(),
            servers: Setting::default(),
            settings: Settings::default(),
        }
    }

    /// The name, for messages and look-ups.
    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("")
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
    Own(Box<LogDraft>),
}

#[derive(Debug, Clone)]
pub(crate) struct LogDraft {
    pub(crate) target: LogTarget,
    pub(crate) format: Setting<LineFormat>,
    /// A number of RFC 3164 section 4.1.1.
    pub(crate) facility: Setting<u8>,
    pub(crate) level: Setting<u8>,
    pub(crate) minlevel: Setting<u8>,
    pub(crate) len: Setting<usize>,
    pub(crate) syslog: Setting<SyslogFormat>,
}

impl LogDraft {
    /// A target with the defaults of everything else.
    pub(crate) fn new(target: LogTarget) -> Self {
        Self {
            target,
            format: Setting::default(),
            facility: Setting::default(),
            level: Setting::default(),
            minlevel: Setting::default(),
            len: Setting::default(),
            syslog: Setting::default(),
        }
    }
}

/// The format of a log's lines; which text the named ones have depends on the frontend's mode.
#[derive(Debug, Clone)]
pub(crate) enum LineFormat {
    Http,
    /// `option.httpslog`
    Https,
    Tcp,
    Clf,
    /// `option.tcplog = "clf"`, in mode http too.
    TcpClf,
    Json,
    Custom(Box<FormatDraft>),
}

/// `capture.*` and `declare-capture`.
#[derive(Debug, Default)]
pub(crate) struct CapturesDraft {
    pub(crate) request: Setting<Vec<Capture>>,
    pub(crate) response: Setting<Vec<Capture>>,
    pub(crate) cookie: Setting<Capture>,
    pub(crate) declared: Setting<Vec<DeclaredCapture>>,
}

#[derive(Debug)]
pub(crate) struct BindDraft {
    pub(crate) address: BindAddress,
    pub(crate) backlog: Setting<u32>,
    pub(crate) name: Option<String>,
    pub(crate) accept_proxy: bool,
    pub(crate) tls: Box<BindTlsWords>,
    /// No word of it was refused, so what is absent was not mistyped.
    pub(crate) is_complete: bool,
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
    pub(crate) check_send_proxy: Setting<bool>,
    pub(crate) disabled: Setting<bool>,
    pub(crate) fall: Setting<u32>,
    pub(crate) inter: Setting<Duration>,
    pub(crate) port: Setting<u16>,
    pub(crate) proxy_v2_options: Setting<ProxyV2Options>,
    pub(crate) rise: Setting<u32>,
    pub(crate) send_proxy: Setting<bool>,
    pub(crate) send_proxy_v2: Setting<bool>,
    pub(crate) send_proxy_v2_ssl: Setting<bool>,
    pub(crate) send_proxy_v2_ssl_cn: Setting<bool>,
    pub(crate) tls: ServerTlsWords,
    pub(crate) weight: Setting<u32>,
}

/// `proxy-v2-options`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ProxyV2Options {
    pub(crate) authority: bool,
    pub(crate) cert_cn: bool,
    pub(crate) cert_key: bool,
    pub(crate) cert_sig: bool,
    pub(crate) crc32c: bool,
    pub(crate) ssl: bool,
    pub(crate) ssl_cipher: bool,
    pub(crate) unique_id: bool,
}

impl ServerWords {
    pub(crate) fn inherit(&mut self, parent: &Self) {
        self.inherit_send_proxy(parent);
        self.backup.inherit(&parent.backup);
        self.check.inherit(&parent.check);
        self.check_send_proxy.inherit(&parent.check_send_proxy);
        self.disabled.inherit(&parent.disabled);
        self.fall.inherit(&parent.fall);
        self.inter.inherit(&parent.inter);
        self.port.inherit(&parent.port);
        self.proxy_v2_options.inherit(&parent.proxy_v2_options);
        self.rise.inherit(&parent.rise);
        self.tls.inherit(&parent.tls);
        self.weight.inherit(&parent.weight);
    }

    /// The forms of the second version of the PROXY protocol.
    pub(crate) fn proxy_v2(&self) -> [(&'static str, &Setting<bool>); 3] {
        [
            ("send-proxy-v2", &self.send_proxy_v2),
            ("send-proxy-v2-ssl", &self.send_proxy_v2_ssl),
            ("send-proxy-v2-ssl-cn", &self.send_proxy_v2_ssl_cn),
        ]
    }

    /// Whether the second version is chosen.
    pub(crate) fn has_proxy_v2(&self) -> bool {
        self.proxy_v2().iter().any(|(_, word)| word.or(false))
    }

    /// The two versions are one choice: whoever makes it inherits neither.
    fn inherit_send_proxy(&mut self, parent: &Self) {
        if !self.send_proxy.or(false) && !self.has_proxy_v2() {
            self.send_proxy.inherit(&parent.send_proxy);
            self.send_proxy_v2.inherit(&parent.send_proxy_v2);
            self.send_proxy_v2_ssl.inherit(&parent.send_proxy_v2_ssl);
            self.send_proxy_v2_ssl_cn.inherit(&parent.send_proxy_v2_ssl_cn);
        }
    }
}
