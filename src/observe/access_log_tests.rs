//! Expected lines were printed by HAProxy 2.6.12 for the same situation, but for client ports.

use super::*;
use crate::observe::end::StreamEnd;
use crate::observe::record::TlsNames;
use crate::observe::sample::{REQUEST, dates, served};

/// The default of `len`.
const LEN: usize = 1024;

/// The same, but it never came to a backend.
fn refused(status: i32, end: StreamEnd, total_ms: i64) -> Record<'static> {
    Record {
        backend: "web",
        server: None,
        timers: Timers { active_ms: total_ms, total_ms, ..Timers::NONE },
        status,
        bytes: 0,
        end,
        request: None,
        ..served()
    }
}

fn timers([request_ms, queue_ms, connect_ms, response_ms, active_ms]: [i64; 5]) -> Timers {
    let total_ms = active_ms;
    let steps = Timers { request_ms, queue_ms, connect_ms, response_ms, ..Timers::NONE };
    Timers { active_ms, total_ms, ..steps }
}

fn target(target: &'static [u8]) -> Option<RequestLine<'static>> {
    Some(RequestLine { target, ..REQUEST })
}

fn http(record: &Record<'_>) -> String {
    written(|out, dates| write_http(out, dates, record, LEN))
}

fn tcp(record: &Record<'_>) -> String {
    written(|out, dates| write_tcp(out, dates, record, LEN))
}

/// The line without its `\n`, which must be its only one; written behind other bytes.
fn written(write: impl FnOnce(&mut Vec<u8>, &mut DateCache)) -> String {
    let mut out = b"earlier line\n".to_vec();
    write(&mut out, &mut dates());
    let text = String::from_utf8(out).unwrap();
    let line = text.strip_prefix("earlier line\n").unwrap().strip_suffix('\n').unwrap();
    assert!(!line.contains('\n'), "{line}");
    line.to_owned()
}

#[test]
fn http_lines_are_those_of_haproxy() {
    let dead = Record {
        backend: "dead",
        server: Some("d1"),
        timers: timers([0, 2003, -1, -1, 2003]),
        status: 503,
        bytes: 217,
        end: StreamEnd::SERVER_CONNECT,
        counts: Counts { retries: 2, ..served().counts },
        ..served()
    };
    let redispatched = Counts { retries: 1, redispatched: true, ..served().counts };
    let vanished = Record {
        timers: timers([0, 0, 0, -1, 100]),
        status: -1,
        bytes: 0,
        end: StreamEnd::CLIENT_DATA,
        ..served()
    };
    for (record, tail) in [
        (served(), r#"web app/s1 0/0/0/0/0 200 54 - - ---- 1/1/0/0/0 0/0 "GET /a HTTP/1.1""#),
        (dead, r#"web dead/d1 0/2003/-1/-1/2003 503 217 - - SC-- 1/1/0/0/2 0/0 "GET /a HTTP/1.1""#),
        (
            Record { counts: redispatched, ..served() },
            r#"web app/s1 0/0/0/0/0 200 54 - - ---- 1/1/0/0/+1 0/0 "GET /a HTTP/1.1""#,
        ),
        (
            refused(400, StreamEnd::PROXY_REQUEST, 0),
            r#"web web/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>""#,
        ),
        (
            refused(408, StreamEnd::CLIENT_TIMEOUT_REQUEST, 1001),
            r#"web web/<NOSRV> -1/-1/-1/-1/1001 408 0 - - cR-- 1/1/0/0/0 0/0 "<BADREQ>""#,
        ),
        (vanished, r#"web app/s1 0/0/0/-1/100 -1 0 - - CD-- 1/1/0/0/0 0/0 "GET /a HTTP/1.1""#),
        (
            Record {
                tls: Some(TlsNames { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256" }),
                bytes: 3_977_747,
                ..served()
            },
            r#"web~ app/s1 0/0/0/0/0 200 3977747 - - ---- 1/1/0/0/0 0/0 "GET /a HTTP/1.1""#,
        ),
    ] {
        let expected = format!("127.0.0.1:55650 [22/Nov/2026:17:17:46.152] {tail}");
        assert_eq!(http(&record), expected);
    }
}

#[test]
fn tcp_lines_are_those_of_haproxy() {
    let relayed = Record {
        frontend: "t",
        backend: "tapp",
        timers: timers([-1, 1, 0, -1, 1501]),
        bytes: 2,
        end: StreamEnd::CLIENT_TIMEOUT_DATA,
        ..served()
    };
    let dead = Record {
        backend: "tdeadb",
        server: Some("d1"),
        timers: timers([-1, 2003, -1, -1, 2003]),
        bytes: 0,
        end: StreamEnd::SERVER_CONNECT,
        counts: Counts { retries: 2, ..served().counts },
        ..relayed.clone()
    };
    for (record, tail) in [
        (relayed, "t tapp/s1 1/0/1501 2 cD 1/1/0/0/0 0/0"),
        (dead, "t tdeadb/d1 2003/-1/2003 0 SC 1/1/0/0/2 0/0"),
    ] {
        let expected = format!("127.0.0.1:55650 [22/Nov/2026:17:17:46.152] {tail}");
        assert_eq!(tcp(&record), expected);
    }
}

#[test]
fn clients_are_shown_by_address_or_by_bind() {
    for (client, bind_number, shown) in [
        (Some("127.0.0.1:80"), 1, "127.0.0.1:80 ["),
        (Some("[::1]:47578"), 1, "::1:47578 ["),
        (Some("[::ffff:127.0.0.1]:9"), 1, "::ffff:127.0.0.1:9 ["),
        (None, 2, "unix:2 ["),
    ] {
        let client = client.map(|address| address.parse().unwrap());
        let line = http(&Record { client, bind_number, ..served() });
        assert!(line.starts_with(shown), "{line}");
    }
}

#[test]
fn each_format_has_its_own_date() {
    let record = Record { accept_ms: 1_795_367_860_001, ..served() };
    assert!(tcp(&record).contains(" [22/Nov/2026:17:17:40.001] "));
    assert!(http(&record).contains(" [22/Nov/2026:17:17:46.152] "));
}

#[test]
fn what_clients_send_is_escaped_like_haproxy_does() {
    for (sent, shown) in [
        (&b"/a\xe9\x80\"#%<>\\{}|^`~?q=\""[..], r#"/a#E9#80#22#23%<>\{}|^`~?q=#22"#),
        (b"/x!$&'()*+,-.:;=@[]_", "/x!$&'()*+,-.:;=@[]_"),
        (b"/\x00\x1b\r\n\x1f\x7f\xff", "/#00#1B#0D#0A#1F#7F#FF"),
    ] {
        let line = http(&Record { request: target(sent), ..served() });
        assert!(line.ends_with(&format!(" 0/0 \"GET {shown} HTTP/1.1\"")), "{line}");
    }
    let request = RequestLine { method: b"FOO!#$", ..REQUEST };
    let line = http(&Record { request: Some(request), ..served() });
    assert!(line.ends_with(r#" "FOO!#23$ /a HTTP/1.1""#), "{line}");
}

#[test]
fn captures_and_early_lines_are_those_of_haproxy() {
    let captured = Captured {
        request_headers: &[Some(b"h"), None],
        response_headers: &[Some(b"a\"]\\#b"), None, Some(b"o1")],
        ..Captured::default()
    };
    let nothing_found = Captured { request_headers: &[None, None], ..Captured::default() };
    let cookies = Captured {
        request_cookie: Some(b"c=abc\"#|{}\\]efg"),
        response_cookie: Some(b"c=v\n; path=/"),
        ..Captured::default()
    };
    let asap = Record { is_early: true, captured, bytes: 94, ..served() };
    for (record, tail) in [
        (
            Record { captured, ..served() },
            r##"0/0/0/0/0 200 54 - - ---- 1/1/0/0/0 0/0 {h|} {a#22]\#23b||o1} "GET /a HTTP/1.1""##,
        ),
        (
            asap,
            r##"0/0/0/0/+0 200 +94 - - ---- 1/1/0/0/0 0/0 {h|} {a#22]\#23b||o1} "GET /a HTTP/1.1""##,
        ),
        (
            Record { captured: nothing_found, ..served() },
            r#"0/0/0/0/0 200 54 - - ---- 1/1/0/0/0 0/0 {|} "GET /a HTTP/1.1""#,
        ),
        (
            Record { captured: cookies, ..served() },
            r##"0/0/0/0/0 200 54 c=abc"#|{}\]efg c=v#0A; path=/ ---- 1/1/0/0/0 0/0 "GET /a HTTP/1.1""##,
        ),
    ] {
        let line = http(&record);
        assert_eq!(line.split_once(" app/s1 ").unwrap().1, tail);
    }
    let early = Record { is_early: true, ..served() };
    assert!(tcp(&early).ends_with(" 0/0/+0 +54 -- 1/1/0/0/0 0/0"), "{}", tcp(&early));
}

#[test]
fn long_lines_are_cut_at_the_bound() {
    let overhead = http(&Record { request: target(b""), ..served() }).len();
    for (target_len, line_len) in [
        (LEN - overhead - 1, LEN - 1),
        (LEN - overhead, LEN),
        (LEN - overhead + 1, LEN),
        (100_000, LEN),
    ] {
        for byte in [b'a', b'"'] {
            let target = vec![byte; target_len];
            let request = RequestLine { target: &target, ..REQUEST };
            let line = http(&Record { request: Some(request), ..served() });
            let is_whole = byte == b'a' && target_len + overhead <= LEN;
            assert_eq!(line.ends_with(" HTTP/1.1\""), is_whole, "{line}");
            assert_eq!(line.len(), if byte == b'a' { line_len } else { LEN });
        }
    }
}
