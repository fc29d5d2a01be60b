use std::net::UdpSocket;
use std::time::Duration;

use proxy_config::model::{Encoding, Log, LogField, LogTarget, SyslogFormat};

use super::*;
use crate::observe::record::RequestLine;
use crate::observe::sample::{REQUEST, all_fields, format, served};
use crate::observe::{LogWriter, StreamEnd};

/// 22/Nov/2026:17:03:56.123 UTC.
const NOW_MS: u64 = 1_795_367_036_123;
const DEADLINE: Duration = Duration::from_secs(10);

/// A shard that logs to a daemon of the test's.
struct Scene {
    daemon: UdpSocket,
    writer: LogWriter,
    shard: ShardLog,
    routes: Vec<LogRoute>,
}

impl Scene {
    fn new(change: impl Fn(Log) -> Vec<Log>) -> Self {
        let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
        daemon.set_read_timeout(Some(DEADLINE)).unwrap();
        let port = daemon.local_addr().unwrap().port();
        let target = LogTarget::Udp { host: "127.0.0.1".to_owned(), port };
        let logs = change(Log::new(target, custom("%ST")));
        let writer = LogWriter::start(&logs, 1, Arc::new(Zone::utc())).unwrap();
        let shard = writer.shard_sender();
        let routes = logs.iter().map(|log| writer.route(log).unwrap()).collect();
        Self { daemon, writer, shard, routes }
    }

    fn record(&mut self, level: u8, record: &Record<'_>) {
        self.shard.record(&self.routes, NOW_MS, level, record);
    }

    /// What the daemon got, this process's id left out.
    fn received(mut self, count: usize) -> Vec<String> {
        self.shard.flush(NOW_MS);
        assert!(self.writer.stop(DEADLINE));
        let mut datagram = vec![0; 1 << 16];
        let mut receive = || {
            let len = self.daemon.recv(&mut datagram).unwrap();
            let text = String::from_utf8(datagram[..len].to_vec()).unwrap();
            text.replace(&std::process::id().to_string(), "PID")
        };
        let lines = (0..count).map(|_| receive()).collect();
        self.daemon.set_nonblocking(true).unwrap();
        assert!(self.daemon.recv(&mut [0; 8]).is_err(), "more than {count} lines");
        lines
    }
}

fn custom(text: &str) -> LogFormat {
    LogFormat::Custom(Arc::new(format(text)))
}

#[test]
fn severities_choose_lines_and_stand_in_their_headers() {
    let mut scene = Scene::new(|log| {
        vec![
            log.clone(),
            Log { level: 3, format: custom("only errors"), ..log.clone() },
            Log { minlevel: 5, format: custom("capped"), ..log },
        ]
    });
    scene.record(LEVEL_INFO, &served());
    scene.record(LEVEL_ERR, &Record { status: 503, ..served() });
    let rest = "Nov 22 17:03:56 corelane[PID]:";
    let expected = [
        format!("<134>{rest} 200\n"),
        format!("<134>{rest} capped\n"),
        format!("<131>{rest} 503\n"),
        format!("<131>{rest} only errors\n"),
        format!("<133>{rest} capped\n"),
    ];
    assert_eq!(scene.received(5), expected);
}

#[test]
fn rfc_5424_has_the_structured_data_of_each_line() {
    let data = format("[x@1 r=\"%{+E}HU\"]%hr");
    let mut scene = Scene::new(|log| {
        let log = Log {
            syslog: SyslogFormat::Rfc5424,
            hostname: Some("edge".to_owned()),
            tag: "lb".to_owned(),
            ..log
        };
        vec![
            log.clone(),
            Log { structured_data: Some(Arc::new(data.clone())), ..log.clone() },
            Log { structured_data: Some(Arc::new(format("%hr"))), len: 90, ..log },
        ]
    });
    let request = Some(RequestLine { target: b"/\"]\\", ..REQUEST });
    scene.record(LEVEL_INFO, &Record { request, ..served() });
    scene.record(LEVEL_ERR, &served());
    let rest = "1 2026-11-22T17:03:56.123+00:00 edge lb PID -";
    let expected = [
        format!("<134>{rest} - 200\n"),
        format!("<134>{rest} [x@1 r=\"/#22\\]\\\\\"] 200\n"),
        format!("<134>{rest} - 200\n"),
        format!("<131>{rest} - 200\n"),
        format!("<131>{rest} [x@1 r=\"/a\"] 200\n"),
        format!("<131>{rest} - 200\n"),
    ];
    assert_eq!(scene.received(6), expected);
}

#[test]
fn a_raw_datagram_is_the_line_alone() {
    let mut scene = Scene::new(|log| vec![Log { syslog: SyslogFormat::Raw, ..log }]);
    scene.record(LEVEL_INFO, &served());
    assert_eq!(scene.received(1), ["200\n"]);
}

/// HAProxy 2.6.12, `len 80`: 80 bytes and the `\n`, the header counted.
#[test]
fn the_bound_of_a_datagram_counts_its_header() {
    let target = vec![b'a'; 1000];
    let request = Some(RequestLine { target: &target, ..REQUEST });
    for syslog in [SyslogFormat::Rfc3164, SyslogFormat::Rfc5424, SyslogFormat::Raw] {
        let text = "[%HU";
        let mut scene = Scene::new(|log| {
            let structured_data = Some(Arc::new(format("[x@1 a=\"b\"]")));
            vec![Log { len: 200, syslog, format: custom(text), structured_data, ..log }]
        });
        scene.record(LEVEL_INFO, &Record { request, ..served() });
        let line = scene.received(1).remove(0).replace("PID", &std::process::id().to_string());
        assert_eq!(line.len(), 201, "{line}");
    }
}

#[test]
fn a_line_is_never_too_long_for_a_datagram() {
    let target = vec![b'a'; 100_000];
    let request = Some(RequestLine { target: &target, ..REQUEST });
    let mut scene = Scene::new(|log| vec![Log { len: 65_535, format: LogFormat::Http, ..log }]);
    scene.record(LEVEL_INFO, &Record { request, ..served() });
    scene.record(LEVEL_INFO, &served());
    let lines = scene.received(2);
    assert!(lines[0].len() > 64_000 && lines[1].ends_with("\"GET /a HTTP/1.1\"\n"));
}

#[test]
fn connection_errors_are_those_of_haproxy() {
    let message = "Truncated PROXY protocol header received";
    let by_format = format("ERR %ci %s %ST %{+Q}r %OG");
    let record = Record {
        server: None,
        status: 0,
        request: None,
        end: StreamEnd::PROXY_REQUEST,
        ..served()
    };
    let unix = Record { client: None, bind_number: 2, ..record.clone() };
    let mut scene = Scene::new(|log| vec![log]);
    for (record, format, bind_name) in
        [(&record, None, Some("na")), (&unix, None, None), (&record, Some(&by_format), Some("na"))]
    {
        let error = ConnectionError { record, format, bind_name, message };
        scene.shard.connection_error(&scene.routes, NOW_MS, LEVEL_ERR, &error);
    }
    let rest = "<131>Nov 22 17:03:56 corelane[PID]:";
    let expected = [
        format!("{rest} 127.0.0.1:55650 [22/Nov/2026:17:17:46.152] web/na: {message}\n"),
        format!("{rest} unix:2 [22/Nov/2026:17:17:46.152] web/2: {message}\n"),
        format!("{rest} ERR 127.0.0.1 <NOSRV> 0 \"<BADREQ>\" sess_error\n"),
    ];
    assert_eq!(scene.received(3), expected);
}

#[test]
fn a_text_is_rendered_behind_what_is_there() {
    let mut scene = Scene::new(|log| vec![log]);
    let mut out = b"id=".to_vec();
    scene.shard.render(&mut out, &format("%{+X}ci:%{+X}cp_%{+X}Ts"), &served());
    assert_eq!(out, b"id=7F000001:D962_6B0323BA");
    let page = "a".repeat(2 * TEXT_MAX);
    out.clear();
    scene.shard.render(&mut out, &format(&page), &served());
    assert_eq!(out.len(), TEXT_MAX);
    assert!(scene.received(0).is_empty());
}

#[test]
fn routes_know_what_they_show() {
    let data = Some(Arc::new(format("[x@1 a=\"%sp\"]")));
    let target = || LogTarget::Udp { host: "127.0.0.1".to_owned(), port: 9 };
    let shows = |log: &Log, field| LogRoute::new(TargetId(0), log).shows(field);
    let http = Log::new(target(), LogFormat::Http);
    assert!(shows(&http, LogField::ClientIp) && shows(&http, LogField::RequestLine));
    assert!(!shows(&http, LogField::ServerPort));
    let tcp = Log { format: LogFormat::Tcp, structured_data: data, ..http };
    assert!(!shows(&tcp, LogField::RequestLine) && !shows(&tcp, LogField::ServerPort));
    let rfc5424 = Log { syslog: SyslogFormat::Rfc5424, ..tcp };
    assert!(shows(&rfc5424, LogField::ServerPort));
    let named = all_fields(Encoding::Json);
    assert!(LogField::ALL.iter().all(|field| named.shows(*field)));
    let nameless = format("%sp");
    assert!(nameless.shows(LogField::ServerPort));
    let nameless = Format { encoding: Encoding::Json, ..nameless };
    assert!(!nameless.shows(LogField::ServerPort));
}

#[test]
fn the_fields_of_the_two_lines_are_those_of_their_formats() {
    use crate::observe::sample::{HTTP_FORMAT, TCP_FORMAT};
    for (text, known) in [(HTTP_FORMAT, LogField::HTTP), (TCP_FORMAT, LogField::TCP)] {
        let format = format(text);
        assert!(LogField::ALL.iter().all(|field| format.shows(*field) == known.contains(field)));
    }
}
