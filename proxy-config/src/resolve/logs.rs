//! Where a frontend logs to, and how its lines look.

use std::sync::Arc;

use crate::action::Tools;
use crate::draft::{
    GlobalDraft, HostnameChoice, LineFormat, LineOption, LogChoice, LogDraft, LogEntry,
};
use crate::formats;
use crate::model::{Format, Log, LogFormat, LogOptions, Mode, SyslogFormat};
use crate::resolve::Proxy;

/// What the logs of all frontends share.
pub(super) struct Logs<'g> {
    global: &'g GlobalDraft,
    /// For RFC 3164 headers.
    hostname: Option<String>,
    /// Of `option.httpslog`.
    https: Arc<Format>,
}

impl<'g> Logs<'g> {
    /// `system` is the machine's name, or empty.
    pub(super) fn new(global: &'g GlobalDraft, system: &str, tools: &mut Tools<'_>) -> Self {
        let hostname = match global.log_send_hostname.or(HostnameChoice::Off) {
            HostnameChoice::Off => None,
            HostnameChoice::System => Some(system.to_owned()).filter(|name| !name.is_empty()),
            HostnameChoice::Named(name) => Some(name),
        };
        Self { global, hostname, https: formats::https(tools) }
    }

    /// The frontend's own targets, or else those of `global`.
    pub(super) fn of(&self, proxy: &Proxy<'_>, mode: Mode) -> Vec<Log> {
        let drafts = drafts(self.global, proxy);
        drafts.into_iter().map(|draft| self.log(draft, proxy, mode)).collect()
    }

    fn log(&self, draft: &LogDraft, proxy: &Proxy<'_>, mode: Mode) -> Log {
        let default = || default_format(proxy);
        let line = draft.format.value().cloned().unwrap_or_else(default);
        let plain = Log::new(draft.target.clone(), self.format(line, mode));
        let settings = &proxy.settings;
        let tag = settings.log_tag.value().or_else(|| self.global.log_tag.value());
        Log {
            facility: draft.facility.or(plain.facility),
            level: draft.level.or(plain.level),
            minlevel: draft.minlevel.or(plain.minlevel),
            len: draft.len.or(plain.len),
            syslog: draft.syslog.or(SyslogFormat::default()),
            tag: tag.cloned().unwrap_or(plain.tag),
            hostname: self.hostname.clone(),
            structured_data: settings.log_format_sd.format().cloned(),
            target: plain.target,
            format: plain.format,
        }
    }

    /// A TCP stream has no request to show, so a shared `format = "http"` means tcp there.
    fn format(&self, line: LineFormat, mode: Mode) -> LogFormat {
        match line {
            LineFormat::Http if mode == Mode::Http => LogFormat::Http,
            LineFormat::Https if mode == Mode::Http => LogFormat::Custom(self.https.clone()),
            LineFormat::Http | LineFormat::Https | LineFormat::Tcp => LogFormat::Tcp,
            LineFormat::Clf => LogFormat::Custom(formats::clf(mode)),
            LineFormat::TcpClf => LogFormat::Custom(formats::clf(Mode::Tcp)),
            LineFormat::Json => LogFormat::Custom(formats::json(mode)),
            // Without one it is wrong, which has been reported.
            LineFormat::Custom(draft) => draft.format.map_or(LogFormat::Http, LogFormat::Custom),
        }
    }
}

/// What a frontend logs to, before anything is looked up.
pub(super) fn drafts<'d>(global: &'d GlobalDraft, proxy: &'d Proxy<'_>) -> Vec<&'d LogDraft> {
    let of_global = || global.log.value().into_iter().flatten();
    match proxy.settings.log.value() {
        None => of_global().collect(),
        Some(LogChoice::Off) => Vec::new(),
        Some(LogChoice::Targets(entries)) => entries
            .iter()
            .flat_map(|entry| match entry {
                LogEntry::Global(_) => of_global().collect(),
                LogEntry::Own(log) => vec![&**log],
            })
            .collect(),
    }
}

fn default_format(proxy: &Proxy<'_>) -> LineFormat {
    let line = &proxy.settings.line;
    if let Some(format) = line.log_format.value() {
        return LineFormat::Custom(Box::new(format.clone()));
    }
    if line.httpslog.or(false) {
        return LineFormat::Https;
    }
    match (line.httplog.or(LineOption::Off), line.tcplog.or(LineOption::Off)) {
        (LineOption::On, _) => LineFormat::Http,
        (LineOption::Clf, _) => LineFormat::Clf,
        (_, LineOption::On) => LineFormat::Tcp,
        (_, LineOption::Clf) => LineFormat::TcpClf,
        // Tcp in mode tcp.
        (LineOption::Off, LineOption::Off) => LineFormat::Http,
    }
}

pub(super) fn options(proxy: &Proxy<'_>) -> LogOptions {
    let settings = &proxy.settings;
    LogOptions {
        without_null: settings.dontlognull.or(false),
        without_normal: settings.dontlog_normal.or(false),
        separate_errors: settings.log_separate_errors.or(false),
        asap: settings.logasap.or(false),
    }
}
