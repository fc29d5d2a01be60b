//! Where the lines of one `log` go, and how a shard writes them.

use std::sync::Arc;

use proxy_config::model::{Format, Log, LogField, LogFormat, LogTarget, SyslogFormat};

use super::syslog_header::SyslogHeader;

/// No line is cut to less, however long its syslog header is.
const LEN_MIN: usize = 40;

/// UDP takes 65507 bytes, over IPv6 20 less.
const DATAGRAM_MAX: usize = 65_000;

/// Which target a line goes to: an index that [`LogWriter::route`](super::LogWriter::route) gives
/// out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TargetId(pub(super) usize);

/// A frontend's [`Log`], resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRoute {
    pub target: TargetId,
    pub format: LogFormat,
    /// Bytes of a line without its `\n`; HAProxy counts the syslog header too, so it is taken off
    /// already.
    pub len: usize,
    /// Lines of a higher severity number are not logged.
    pub level: u8,
    /// Lines of a lower severity number get this one.
    pub minlevel: u8,
    pub(super) framing: Framing,
}

/// What stands before a line on its way to the log thread.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Framing {
    /// Nothing: a byte stream has no severities.
    Line,
    /// The severity, one byte.
    Severity,
    /// The severity, and RFC 5424's structured data, by default `-`.
    StructuredData(Option<Arc<Format>>),
}

impl LogRoute {
    /// Whether its lines show samples.
    pub fn has_samples(&self) -> bool {
        let has_samples = |format: &Format| format.samples().next().is_some();
        let is_data = match &self.framing {
            Framing::StructuredData(Some(format)) => has_samples(format),
            _ => false,
        };
        is_data || matches!(&self.format, LogFormat::Custom(format) if has_samples(format))
    }

    pub(super) fn new(target: TargetId, log: &Log) -> Self {
        let framing = match log.syslog {
            _ if !is_syslog(&log.target) => Framing::Line,
            SyslogFormat::Rfc5424 => Framing::StructuredData(log.structured_data.clone()),
            SyslogFormat::Raw | SyslogFormat::Rfc3164 => Framing::Severity,
        };
        let header_len = TargetKey::of(log).header.len();
        let is_udp = matches!(log.target, LogTarget::Udp { .. });
        let len_max = if is_udp { DATAGRAM_MAX } else { usize::MAX };
        Self {
            target,
            format: log.format.clone(),
            len: log.len.min(len_max).saturating_sub(header_len).max(LEN_MIN),
            level: log.level,
            minlevel: log.minlevel,
            framing,
        }
    }

    /// Whether a line shows `field`.
    pub fn shows(&self, field: LogField) -> bool {
        let data = match &self.framing {
            Framing::StructuredData(data) => data.as_deref(),
            Framing::Line | Framing::Severity => None,
        };
        self.format.shows(field) || data.is_some_and(|format| format.shows(field))
    }
}

/// What makes two logs share a target: a syslog daemon is told more than a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TargetKey {
    pub(super) target: LogTarget,
    /// The raw one for what is no syslog daemon.
    pub(super) header: SyslogHeader,
}

impl TargetKey {
    pub(super) fn of(log: &Log) -> Self {
        let has_header = is_syslog(&log.target) && log.syslog != SyslogFormat::Raw;
        let header = if has_header { SyslogHeader::new(log) } else { SyslogHeader::raw() };
        Self { target: log.target.clone(), header }
    }

    /// As it is written in the configuration.
    pub(super) fn name(&self) -> String {
        match &self.target {
            LogTarget::File(path) => format!("file:{}", path.display()),
            LogTarget::Stderr => "stderr".to_owned(),
            LogTarget::Stdout => "stdout".to_owned(),
            LogTarget::Udp { host, port } => format!("udp:{host}:{port}"),
            LogTarget::Unix(path) => format!("unix:{}", path.display()),
        }
    }
}

const fn is_syslog(target: &LogTarget) -> bool {
    matches!(target, LogTarget::Udp { .. } | LogTarget::Unix(_))
}
