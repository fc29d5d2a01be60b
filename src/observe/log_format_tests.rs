//! Expected texts were printed by HAProxy 2.6.12 for the same situation and format.

use std::net::SocketAddr;

use proxy_config::model::Encoding as Wrap;

use super::*;
use crate::observe::access_log::{write_http, write_tcp};
use crate::observe::end::StreamEnd;
use crate::observe::record::{Captured, ConnEnds, Counts, Timers, TlsNames};
use crate::observe::sample::{
    Dice, HTTP_FORMAT, REQUEST, TCP_FORMAT, all_fields, dates, format, served,
};

const LEN: usize = 8192;

fn host() -> Host {
    Host { name: "vm".to_owned(), pid: 8239 }
}

fn line(format: &Format, record: &Record<'_>, len: usize) -> String {
    let mut out = b"earlier".to_vec();
    let (mut dates, host) = (dates(), host());
    let mut source = Source { record, dates: &mut dates, host: &host, origin: Origin::Stream };
    write_line(&mut out, len, format, &mut source);
    String::from_utf8_lossy(&out).strip_prefix("earlier").unwrap().to_owned()
}

fn shown(text: &str, record: &Record<'_>) -> String {
    line(&format(text), record, LEN)
}

/// All that HAProxy 2.6 knows, as `alias=<%alias>`.
fn every_alias(options: &str) -> String {
    let aliases = "ci cp fi fp bi bp si sp f ft b s t ms T Tl Ts tr trg trl Th Ti TR Tq Tw Tc Tr \
        Td Ta Tt Tu ST B U CC CS ts tsc ac fc bc sc rc sq bq hr hrl hs hsl r HM HP HPO HQ HU HV \
        ID lc rt H pid sslc sslv";
    let part = |alias: &str| format!("{alias}=<%{options}{alias}>");
    aliases.split(' ').map(part).collect::<Vec<_>>().join(" ")
}

/// A connection refused by the server, at 22/Nov/2026:20:15:02.932.
fn dead() -> Record<'static> {
    let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let at_ms = 1_795_378_502_932;
    Record {
        client: Some(address(38604)),
        destination: Some(address(36695)),
        server_conn: Some(ConnEnds { source: address(47810), destination: address(1) }),
        accept_ms: at_ms,
        request_ms: at_ms,
        frontend: "plain",
        backend: "dead",
        server: Some("d1"),
        timers: Timers { connect_ms: -1, response_ms: -1, ..served().timers },
        status: 503,
        bytes: 217,
        bytes_received: 42,
        end: StreamEnd::SERVER_CONNECT,
        counts: Counts { process: 1, frontend: 1, logged: 1, request: 45, ..Counts::default() },
        request: Some(RequestLine { target: b"/dead", ..REQUEST }),
        unique_id: b"u8239",
        captured: Captured {
            request_headers: &[Some(b"a"), None],
            response_headers: &[None, None, None],
            ..Captured::default()
        },
        ..served()
    }
}

/// A request that could not be parsed, of a frontend that captures.
fn bad() -> Record<'static> {
    Record {
        server_conn: None,
        backend: "plain",
        server: None,
        timers: Timers { handshake_ms: 0, idle_ms: 0, active_ms: 0, total_ms: 0, ..Timers::NONE },
        status: 400,
        bytes: 0,
        bytes_received: 0,
        end: StreamEnd::PROXY_REQUEST,
        request: None,
        unique_id: b"",
        captured: Captured::default(),
        ..dead()
    }
}

#[test]
fn every_alias_is_that_of_haproxy() {
    let shown = shown(&every_alias(""), &dead());
    let expected = "ci=<127.0.0.1> cp=<38604> fi=<127.0.0.1> fp=<36695> bi=<127.0.0.1> bp=<47810> \
        si=<127.0.0.1> sp=<1> f=<plain> ft=<plain> b=<dead> s=<d1> t=<22/Nov/2026:20:15:02.932> \
        ms=<932> T=<22/Nov/2026:20:15:02 +0000> Tl=<22/Nov/2026:20:15:02 +0000> Ts=<1795378502> \
        tr=<22/Nov/2026:20:15:02.932> trg=<22/Nov/2026:20:15:02 +0000> \
        trl=<22/Nov/2026:20:15:02 +0000> Th=<0> Ti=<0> TR=<0> Tq=<0> Tw=<0> Tc=<-1> Tr=<-1> \
        Td=<-1> Ta=<0> Tt=<0> Tu=<0> ST=<503> B=<217> U=<42> CC=<-> CS=<-> ts=<SC> tsc=<SC--> \
        ac=<1> fc=<1> bc=<0> sc=<0> rc=<0> sq=<0> bq=<0> hr=<{a|}> hrl=<a -> hs=<{||}> \
        hsl=<- - -> r=<GET /dead HTTP/1.1> HM=<GET> HP=</dead> HPO=</dead> HQ=<> HU=</dead> \
        HV=<HTTP/1.1> ID=<u8239> lc=<1> rt=<45> H=<vm> pid=<8239> sslc=<-> sslv=<->";
    assert_eq!(shown, expected);
}

#[test]
fn every_alias_without_a_request_is_that_of_haproxy() {
    let shown = shown(&every_alias(""), &bad());
    let expected = "ci=<127.0.0.1> cp=<38604> fi=<127.0.0.1> fp=<36695> bi=<-> bp=<-> si=<-> \
        sp=<-> f=<plain> ft=<plain> b=<plain> s=<<NOSRV>> t=<22/Nov/2026:20:15:02.932> ms=<932> \
        T=<22/Nov/2026:20:15:02 +0000> Tl=<22/Nov/2026:20:15:02 +0000> Ts=<1795378502> \
        tr=<22/Nov/2026:20:15:02.932> trg=<22/Nov/2026:20:15:02 +0000> \
        trl=<22/Nov/2026:20:15:02 +0000> Th=<0> Ti=<0> TR=<-1> Tq=<-1> Tw=<-1> Tc=<-1> Tr=<-1> \
        Td=<-1> Ta=<0> Tt=<0> Tu=<0> ST=<400> B=<0> U=<0> CC=<-> CS=<-> ts=<PR> tsc=<PR--> \
        ac=<1> fc=<1> bc=<0> sc=<0> rc=<0> sq=<0> bq=<0> hr=<> hrl=<> hs=<> hsl=<> \
        r=<<BADREQ>> HM=<<BADREQ>> HP=<<BADREQ>> HPO=<<BADREQ>> HQ=<<BADREQ>> HU=<<BADREQ>> \
        HV=<<BADREQ>> ID=<-> lc=<1> rt=<45> H=<vm> pid=<8239> sslc=<-> sslv=<->";
    assert_eq!(shown, expected);
}

#[test]
fn every_alias_quoted_is_that_of_haproxy() {
    let shown = shown(&every_alias("{+Q}"), &dead());
    let expected = r#"ci=<"127.0.0.1"> cp=<38604> fi=<"127.0.0.1"> fp=<36695> bi=<"127.0.0.1"> bp=<47810> si=<"127.0.0.1"> sp=<1> f=<"plain"> ft=<"plain"> b=<"dead"> s=<"d1"> t=<22/Nov/2026:20:15:02.932> ms=<932> T=<22/Nov/2026:20:15:02 +0000> Tl=<22/Nov/2026:20:15:02 +0000> Ts=<1795378502> tr=<22/Nov/2026:20:15:02.932> trg=<22/Nov/2026:20:15:02 +0000> trl=<22/Nov/2026:20:15:02 +0000> Th=<0> Ti=<0> TR=<0> Tq=<0> Tw=<0> Tc=<-1> Tr=<-1> Td=<-1> Ta=<0> Tt=<0> Tu=<0> ST=<503> B=<217> U=<42> CC=<""> CS=<""> ts=<SC> tsc=<SC--> ac=<1> fc=<1> bc=<0> sc=<0> rc=<0> sq=<0> bq=<0> hr=<"{a|}"> hrl=<"a" ""> hs=<"{||}"> hsl=<"" "" ""> r=<"GET /dead HTTP/1.1"> HM=<"GET"> HP=<"/dead"> HPO=<"/dead"> HQ=<""> HU=<"/dead"> HV=<"HTTP/1.1"> ID=<"u8239"> lc=<1> rt=<45> H=<"vm"> pid=<8239> sslc=<""> sslv=<"">"#;
    assert_eq!(shown, expected);
}

#[test]
fn what_is_missing_is_a_dash_or_nothing_between_quotes() {
    let text = "%{+Q}bi %{+Q}sp %{+Q}s %{+Q}CC|%{+Q}hr|%{+Q}hrl|%{+Q}r %{+Q}ID";
    let expected = r#""" "" "<NOSRV>" ""|||"<BADREQ>" """#;
    assert_eq!(shown(text, &bad()), expected);
    let unix = Record { client: None, bind_number: 2, destination: None, ..bad() };
    let text = "%ci:%cp %fi:%fp %{+Q}ci %{+X}cp";
    assert_eq!(shown(text, &unix), r#"unix:2 unix:2 "unix" 2"#);
}

#[test]
fn hexadecimal_is_that_of_haproxy() {
    let record = Record {
        client: Some("[::1]:49282".parse().unwrap()),
        accept_ms: 1_795_378_502_030,
        counts: Counts { logged: 1, request: 0x2d, ..dead().counts },
        ..dead()
    };
    for (alias, hex) in [
        ("ci", "00000000000000000000000000000001"),
        ("cp", "C082"),
        ("fi", "7F000001"),
        ("fp", "8F57"),
        ("si", "7F000001"),
        ("sp", "0001"),
        ("ms", "1E"),
        ("Ts", "6B034D46"),
        ("lc", "0001"),
        ("rt", "002D"),
        ("pid", "202F"),
        ("ST", "503"),
        ("B", "217"),
        ("U", "42"),
        ("Tc", "-1"),
        ("ac", "1"),
    ] {
        assert_eq!(shown(&format!("%{{+X}}{alias}"), &record), hex);
        // Numbers are never quoted.
        assert_eq!(shown(&format!("%{{+Q,+X}}{alias}"), &record), hex);
    }
}

#[test]
fn what_peers_sent_is_escaped_by_kind_and_option() {
    let captured = Captured {
        request_headers: &[Some(b"a\tb|c]"), None],
        response_headers: &[Some(b"a\"]\\#b")],
        request_cookie: Some(b"c=abc\"#|{}\\]e"),
        response_cookie: None,
    };
    let request = Some(RequestLine { target: b"/\"]\\{?x=#", ..REQUEST });
    let record = Record { captured, request, ..dead() };
    for (text, expected) in [
        ("%r", r"GET /#22]\{?x=#23 HTTP/1.1"),
        ("%{+E}r", r"GET /#22\]\\{?x=#23 HTTP/1.1"),
        ("%{+Q,+E}HU", r#""/#22\]\\{?x=#23""#),
        ("%HP|%HPO|%HQ", r"/#22]\{|/#22]\{|?x=#23"),
        ("%hr|%hs", r"{a#09b#7Cc]|}|{a#22]\#23b}"),
        ("%{+E}hr|%{+E}hs", r"{a#09b#7Cc\]|}|{a#22\]\\#23b}"),
        ("%hrl|%{+Q,+E}hrl", r#"a#09b#7Cc] -|"a#09b#7Cc\]" """#),
        ("%CC|%{+E}CC|%{+Q}CC", r##"c=abc"#|{}\]e|c=abc\"#|{}\\\]e|"c=abc"#|{}\]e""##),
    ] {
        assert_eq!(shown(text, &record), expected, "{text}");
    }
}

#[test]
fn spaces_are_joined_as_haproxy_does() {
    let text =
        "  a  b\t\tc %hr %hs d %HQ e  %hr f %hr%hr%HQ \t g%{+Q}HQ %hrl |%{+Q}hr| %{+Q}ci %f  ";
    let one = |target| Record { request: Some(RequestLine { target, ..REQUEST }), ..dead() };
    let request_headers = &[Some(&b"h"[..]), None];
    let response_headers = &[Some(&b"o"[..])];
    let captured = Captured { request_headers, response_headers, ..Captured::default() };
    let found = Record { captured, ..one(b"/a?b?c") };
    let nothing = Record { captured: Captured::default(), ..one(b"/dead") };
    for (record, expected) in [
        (bad(), "a b\t\tc d <BADREQ> e f <BADREQ> \t g\"<BADREQ>\" || \"127.0.0.1\" plain "),
        (
            found,
            "a b\t\tc {h|} {o} d ?b?c e {h|} f {h|}{h|}?b?c \t g\"?b?c\" h - |\"{h|}\"| \
             \"127.0.0.1\" plain ",
        ),
        (nothing, "a b\t\tc d  e f  \t g\"\" || \"127.0.0.1\" plain "),
    ] {
        assert_eq!(shown(text, &record), expected);
    }
}

#[test]
fn timers_are_sums_of_the_steps() {
    let timers = Timers {
        handshake_ms: 1,
        idle_ms: 20,
        request_ms: 300,
        queue_ms: 4,
        connect_ms: 5,
        response_ms: 60,
        active_ms: 400,
        total_ms: 421,
    };
    let text = "%Th/%Ti/%TR/%Tq/%Tw/%Tc/%Tr/%Td/%Ta/%Tt/%Tu";
    let tcp = Timers { request_ms: -1, response_ms: -1, active_ms: -1, ..timers };
    for (timers, is_early, expected) in [
        (timers, false, "1/20/300/321/4/5/60/31/400/421/401"),
        (timers, true, "1/20/300/321/4/5/60/31/+400/+421/+401"),
        (Timers { idle_ms: -1, ..timers }, false, "1/-1/300/301/4/5/60/31/400/421/421"),
        (Timers { response_ms: -1, ..timers }, false, "1/20/300/321/4/5/-1/-1/400/421/401"),
        (tcp, false, "1/20/-1/-1/4/5/-1/412/-1/421/401"),
        (Timers::NONE, false, "-1/-1/-1/-1/-1/-1/-1/-1/-1/-1/-1"),
    ] {
        let record = Record { timers, is_early, ..served() };
        assert_eq!(shown(text, &record), expected);
    }
    let redispatched = Counts { retries: 1, redispatched: true, ..Counts::default() };
    let record = Record { counts: redispatched, is_early: true, ..served() };
    assert_eq!(shown("%rc %B %U %OG", &record), "+1 +54 42 txn_response");
    assert_eq!(shown("%OG", &served()), "txn_close");
    assert_eq!(
        shown(
            "%ft %{+Q}ft",
            &Record {
                tls: Some(TlsNames { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256" }),
                ..served()
            }
        ),
        r#"web~ "web~""#
    );
}

#[test]
fn the_lines_with_code_of_their_own_are_those_of_their_formats() {
    let (http, tcp) = (format(HTTP_FORMAT), format(TCP_FORMAT));
    for seed in 0..20_000 {
        let mut dice = Dice(seed);
        let record = dice.record();
        let len = 80 + dice.below(4000) as usize;
        let (mut fast, mut dates) = (Vec::new(), dates());
        write_http(&mut fast, &mut dates, &record, len);
        assert_eq!(String::from_utf8_lossy(&fast), line(&http, &record, len) + "\n", "{seed}");
        fast.clear();
        write_tcp(&mut fast, &mut dates, &record, len);
        assert_eq!(String::from_utf8_lossy(&fast), line(&tcp, &record, len) + "\n", "{seed}");
    }
}

#[test]
fn any_format_and_record_give_one_bounded_line() {
    let every = all_fields(Wrap::Text);
    for seed in 0..20_000 {
        let mut dice = Dice(seed);
        let record = dice.record();
        let len = 2 + dice.below(3000) as usize;
        for format in [&dice.format(), &every] {
            let (mut out, mut dates, host) = (Vec::new(), dates(), host());
            let mut source =
                Source { record: &record, dates: &mut dates, host: &host, origin: Origin::Stream };
            write_line(&mut out, len, format, &mut source);
            assert!(out.len() <= len, "seed {seed}");
            assert!(!out.contains(&b'\n'), "seed {seed}");
            out.clear();
            write_text(&mut out, len, format, &mut source);
            assert!(out.len() <= len, "seed {seed}");
        }
    }
}

#[test]
fn a_text_that_is_no_line_keeps_its_spaces() {
    let mut out = b"<p>".to_vec();
    let (record, mut dates, host) = (served(), dates(), host());
    let mut source =
        Source { record: &record, dates: &mut dates, host: &host, origin: Origin::Stream };
    write_text(&mut out, LEN, &format("  a \n %hr  %ST\n"), &mut source);
    assert_eq!(out, b"<p>  a \n   200\n");
}

#[test]
fn a_line_feed_in_a_text_does_not_end_the_line() {
    assert_eq!(shown("a\nb %ST\n", &served()), "a b 200 ");
}
