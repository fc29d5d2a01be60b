//! What a section may inherit from its defaults.

use std::time::Duration;

use crate::draft::{FormatDraft, ImportDraft, LogChoice, PageDraft, ServerWords};
use crate::model::{
    Balance, ForwardFor, Forwarded, HttpCheck, HttpReuse, Mode, Redispatch, RestrictNames, RetryOn,
};
use crate::setting::Setting;

#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) abort_on_close: Setting<bool>,
    pub(crate) backlog: Setting<u32>,
    pub(crate) balance: Setting<Balance>,
    pub(crate) buffer_request: Setting<bool>,
    pub(crate) connection: ConnectionWords,
    pub(crate) default_backend: Setting<String>,
    pub(crate) default_server: ServerWords,
    pub(crate) dontlog_normal: Setting<bool>,
    pub(crate) dontlognull: Setting<bool>,
    pub(crate) error_log_format: Setting<FormatDraft>,
    /// `errorfiles`; becomes `pages` before anything is inherited.
    pub(crate) errorfiles: Setting<Vec<ImportDraft>>,
    pub(crate) forwarded: Setting<Option<Forwarded>>,
    pub(crate) forwardfor: Setting<Option<ForwardFor>>,
    pub(crate) http_reuse: Setting<HttpReuse>,
    pub(crate) httpchk: Setting<Option<HttpCheck>>,
    pub(crate) ignore_probes: Setting<bool>,
    pub(crate) inspect_delay: Setting<Duration>,
    pub(crate) lenient_request: Setting<bool>,
    pub(crate) lenient_response: Setting<bool>,
    pub(crate) line: LineWords,
    pub(crate) log: Setting<LogChoice>,
    pub(crate) log_format_sd: Setting<FormatDraft>,
    pub(crate) log_separate_errors: Setting<bool>,
    pub(crate) log_tag: Setting<String>,
    pub(crate) logasap: Setting<bool>,
    pub(crate) maxconn: Setting<u32>,
    pub(crate) mode: Setting<Mode>,
    pub(crate) monitor_uri: Setting<String>,
    pub(crate) originalto: Setting<Option<ForwardFor>>,
    /// `errorfile`, `errorloc`; those of `http-error` join them once names are known.
    pub(crate) pages: Vec<PageDraft>,
    pub(crate) redispatch: Setting<Redispatch>,
    pub(crate) response_inspect_delay: Setting<Duration>,
    pub(crate) restrict_names: Setting<RestrictNames>,
    pub(crate) retries: Setting<u32>,
    pub(crate) retry_on: Setting<RetryOn>,
    pub(crate) timeout_check: Setting<Duration>,
    pub(crate) timeout_client: Setting<Duration>,
    pub(crate) timeout_client_hs: Setting<Duration>,
    pub(crate) timeout_connect: Setting<Duration>,
    pub(crate) timeout_http_keep_alive: Setting<Duration>,
    pub(crate) timeout_http_request: Setting<Duration>,
    pub(crate) timeout_server: Setting<Duration>,
    pub(crate) timeout_tarpit: Setting<Duration>,
    pub(crate) timeout_tunnel: Setting<Duration>,
    pub(crate) unique_id_format: Setting<FormatDraft>,
    pub(crate) unique_id_header: Setting<String>,
}

impl Settings {
    /// Takes from the parent what this section does not say.
    pub(crate) fn inherit(&mut self, parent: &Self) {
        self.inherit_both_sides(parent);
        self.inherit_client_side(parent);
        self.inherit_log(parent);
        self.inherit_server_side(parent);
    }

    fn inherit_both_sides(&mut self, parent: &Self) {
        self.buffer_request.inherit(&parent.buffer_request);
        self.connection.inherit(&parent.connection);
        self.forwarded.inherit(&parent.forwarded);
        self.forwardfor.inherit(&parent.forwardfor);
        self.inherit_pages(parent);
        self.inspect_delay.inherit(&parent.inspect_delay);
        self.mode.inherit(&parent.mode);
        self.originalto.inherit(&parent.originalto);
        self.restrict_names.inherit(&parent.restrict_names);
        self.timeout_tarpit.inherit(&parent.timeout_tarpit);
    }

    fn inherit_client_side(&mut self, parent: &Self) {
        self.backlog.inherit(&parent.backlog);
        self.default_backend.inherit(&parent.default_backend);
        self.ignore_probes.inherit(&parent.ignore_probes);
        self.lenient_request.inherit(&parent.lenient_request);
        self.maxconn.inherit(&parent.maxconn);
        self.monitor_uri.inherit(&parent.monitor_uri);
        self.timeout_client.inherit(&parent.timeout_client);
        self.timeout_client_hs.inherit(&parent.timeout_client_hs);
        self.timeout_http_keep_alive.inherit(&parent.timeout_http_keep_alive);
        self.timeout_http_request.inherit(&parent.timeout_http_request);
        self.unique_id_format.inherit(&parent.unique_id_format);
        self.unique_id_header.inherit(&parent.unique_id_header);
    }

    fn inherit_log(&mut self, parent: &Self) {
        self.dontlog_normal.inherit(&parent.dontlog_normal);
        self.dontlognull.inherit(&parent.dontlognull);
        self.error_log_format.inherit(&parent.error_log_format);
        self.line.inherit(&parent.line);
        self.log.inherit(&parent.log);
        self.log_format_sd.inherit(&parent.log_format_sd);
        self.log_separate_errors.inherit(&parent.log_separate_errors);
        self.log_tag.inherit(&parent.log_tag);
        self.logasap.inherit(&parent.logasap);
    }

    fn inherit_server_side(&mut self, parent: &Self) {
        self.abort_on_close.inherit(&parent.abort_on_close);
        self.balance.inherit(&parent.balance);
        self.default_server.inherit(&parent.default_server);
        self.http_reuse.inherit(&parent.http_reuse);
        self.httpchk.inherit(&parent.httpchk);
        self.lenient_response.inherit(&parent.lenient_response);
        self.redispatch.inherit(&parent.redispatch);
        self.response_inspect_delay.inherit(&parent.response_inspect_delay);
        self.retries.inherit(&parent.retries);
        self.retry_on.inherit(&parent.retry_on);
        self.timeout_check.inherit(&parent.timeout_check);
        self.timeout_connect.inherit(&parent.timeout_connect);
        self.timeout_server.inherit(&parent.timeout_server);
        self.timeout_tunnel.inherit(&parent.timeout_tunnel);
    }

    /// Status by status.
    fn inherit_pages(&mut self, parent: &Self) {
        for page in &parent.pages {
            if self.pages.iter().all(|own| own.status != page.status) {
                self.pages.push(page.clone());
            }
        }
    }
}

/// `option.http-keep-alive`, `option.http-server-close` and `option.httpclose`: one choice. A
/// section that makes it inherits none of the others.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionWords {
    pub(crate) keep_alive: Setting<bool>,
    pub(crate) server_close: Setting<bool>,
    pub(crate) close: Setting<bool>,
}

impl ConnectionWords {
    /// The options with their names.
    pub(crate) fn all(&self) -> [(&'static str, &Setting<bool>); 3] {
        [
            ("option.http-keep-alive", &self.keep_alive),
            ("option.http-server-close", &self.server_close),
            ("option.httpclose", &self.close),
        ]
    }

    fn inherit(&mut self, parent: &Self) {
        if !self.all().iter().any(|(_, option)| option.or(false)) {
            self.keep_alive.inherit(&parent.keep_alive);
            self.server_close.inherit(&parent.server_close);
            self.close.inherit(&parent.close);
        }
    }
}

/// `option.httplog` or `option.tcplog`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LineOption {
    /// `false`.
    #[default]
    Off,
    /// `true`.
    On,
    /// `"clf"`.
    Clf,
}

/// How a section's log lines look: one choice. A section that makes it inherits none of the others.
#[derive(Debug, Clone, Default)]
pub(crate) struct LineWords {
    pub(crate) httplog: Setting<LineOption>,
    pub(crate) httpslog: Setting<bool>,
    pub(crate) tcplog: Setting<LineOption>,
    pub(crate) log_format: Setting<FormatDraft>,
}

impl LineWords {
    /// Whether an option is written, and not to take an inherited one back.
    pub(crate) fn is_on(option: &Setting<LineOption>) -> bool {
        option.or(LineOption::Off) != LineOption::Off
    }

    fn inherit(&mut self, parent: &Self) {
        let is_made = Self::is_on(&self.httplog)
            || Self::is_on(&self.tcplog)
            || self.httpslog.or(false)
            || !self.log_format.is_absent();
        if !is_made {
            self.httplog.inherit(&parent.httplog);
            self.httpslog.inherit(&parent.httpslog);
            self.tcplog.inherit(&parent.tcplog);
            self.log_format.inherit(&parent.log_format);
        }
    }
}
