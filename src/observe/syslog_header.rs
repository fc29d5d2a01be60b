//! What stands before a line in a syslog datagram: RFC 3164 section 4.1, RFC 5424 section 6.2.

use proxy_config::model::{Log, SyslogFormat};

use super::date::{DateCache, Zone};
use super::digits::put_u64;
use super::log_value::Host;

/// RFC 5424 section 6: bounds of HOSTNAME and APP-NAME.
const HOSTNAME_MAX: usize = 255;
const APP_NAME_MAX: usize = 48;

/// The parts of a header that do not change. A line's own severity and the date join them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyslogHeader {
    format: SyslogFormat,
    facility: u8,
    tag: String,
    hostname: Option<String>,
    pid: u32,
}

impl SyslogHeader {
    pub(super) fn new(log: &Log) -> Self {
        let Host { name, pid } = Host::this();
        let hostname = match log.syslog {
            SyslogFormat::Rfc5424 => Some(log.hostname.clone().unwrap_or(name)),
            SyslogFormat::Raw | SyslogFormat::Rfc3164 => log.hostname.clone(),
        };
        Self { format: log.syslog, facility: log.facility, tag: log.tag.clone(), hostname, pid }
    }

    /// None: lines go alone.
    pub(super) fn raw() -> Self {
        let (tag, hostname) = (String::new(), None);
        Self { format: SyslogFormat::Raw, facility: 0, tag, hostname, pid: 0 }
    }

    /// `<134>` for each severity; nothing for lines that go alone.
    pub(super) fn priorities(&self) -> [Vec<u8>; 8] {
        std::array::from_fn(|severity| match self.format {
            SyslogFormat::Raw => Vec::new(),
            SyslogFormat::Rfc3164 | SyslogFormat::Rfc5424 => {
                format!("<{}>", usize::from(self.facility) * 8 + severity).into_bytes()
            }
        })
    }

    /// Appends what comes between the priority and the line, or its structured data: `Mon DD
    /// HH:MM:SS [HOST ]TAG[PID]: ` or `1 TIMESTAMP HOST TAG PID - `.
    pub(super) fn put(&self, out: &mut Vec<u8>, dates: &mut DateCache, wall_ms: u64) {
        match self.format {
            SyslogFormat::Raw => {}
            SyslogFormat::Rfc3164 => self.put_rfc3164(out, dates, wall_ms),
            SyslogFormat::Rfc5424 => self.put_rfc5424(out, dates, wall_ms),
        }
    }

    fn put_rfc3164(&self, out: &mut Vec<u8>, dates: &mut DateCache, wall_ms: u64) {
        dates.put_syslog(out, wall_ms);
        out.push(b' ');
        if let Some(hostname) = &self.hostname {
            out.extend_from_slice(hostname.as_bytes());
            out.push(b' ');
        }
        out.extend_from_slice(self.tag.as_bytes());
        out.push(b'[');
        put_u64(out, u64::from(self.pid));
        out.extend_from_slice(b"]: ");
    }

    fn put_rfc5424(&self, out: &mut Vec<u8>, dates: &mut DateCache, wall_ms: u64) {
        out.extend_from_slice(b"1 ");
        dates.put_rfc3339(out, wall_ms);
        out.push(b' ');
        put_name(out, self.hostname.as_deref().unwrap_or_default(), HOSTNAME_MAX);
        put_name(out, &self.tag, APP_NAME_MAX);
        put_u64(out, u64::from(self.pid));
        out.extend_from_slice(b" - ");
    }

    /// Bytes before a line, priority included; those that change have the same length always, but
    /// for the priority's last digit.
    pub(super) fn len(&self) -> usize {
        let mut out = self.priorities().into_iter().next_back().unwrap_or_default();
        self.put(&mut out, &mut DateCache::new(Zone::utc().into()), 0);
        out.len()
    }
}

/// Appends printable ASCII and a space; `-` for nothing.
fn put_name(out: &mut Vec<u8>, name: &str, len_max: usize) {
    let before = out.len();
    out.extend(name.bytes().filter(u8::is_ascii_graphic).take(len_max));
    if out.len() == before {
        out.push(b'-');
    }
    out.push(b' ');
}

#[cfg(test)]
mod tests {
    use proxy_config::model::{LogFormat, LogTarget};

    use super::*;

    /// 22/Nov/2026:17:03:56.123 UTC.
    const NOW_MS: u64 = 1_795_367_036_123;

    fn header(log: &Log, severity: usize) -> String {
        let header = SyslogHeader::new(log);
        let mut out = header.priorities()[severity].clone();
        header.put(&mut out, &mut DateCache::new(Zone::utc().into()), NOW_MS);
        String::from_utf8(out).unwrap()
    }

    fn log() -> Log {
        Log::new(LogTarget::Udp { host: "127.0.0.1".to_owned(), port: 514 }, LogFormat::Http)
    }

    #[test]
    fn headers_are_those_of_the_rfcs() {
        let pid = std::process::id();
        let name = Host::this().name;
        let rfc5424 = Log { syslog: SyslogFormat::Rfc5424, ..log() };
        let hostname = Some("edge-1".to_owned());
        let tag = "my tag".to_owned();
        for (log, expected) in [
            (log(), format!("<134>Nov 22 17:03:56 corelane[{pid}]: ")),
            (
                Log { hostname: hostname.clone(), tag: tag.clone(), facility: 0, ..log() },
                format!("<6>Nov 22 17:03:56 edge-1 my tag[{pid}]: "),
            ),
            (
                rfc5424.clone(),
                format!("<134>1 2026-11-22T17:03:56.123+00:00 {name} corelane {pid} - "),
            ),
            (
                Log { hostname, tag, facility: 23, ..rfc5424.clone() },
                format!("<190>1 2026-11-22T17:03:56.123+00:00 edge-1 mytag {pid} - "),
            ),
            (
                Log { hostname: Some(" ".to_owned()), tag: String::new(), ..rfc5424 },
                format!("<134>1 2026-11-22T17:03:56.123+00:00 - - {pid} - "),
            ),
        ] {
            assert_eq!(header(&log, 6), expected);
            assert_eq!(SyslogHeader::new(&log).len(), header(&log, 7).len());
        }
        assert!(header(&log(), 3).starts_with("<131>"));
        assert_eq!(SyslogHeader::raw().len(), 0);
    }
}
