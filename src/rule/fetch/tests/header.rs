//! Fields of a request's head.

use proxy_config::model::rule::{Fetch, Header, HttpFact, Side};

use super::{check, check_many, http, with_request};

pub(super) fn named(name: &str, occurrence: i32) -> Header {
    Header { name: Some(name.into()), occurrence }
}

pub(super) fn hdr(name: &str, occurrence: i32) -> Fetch {
    http(HttpFact::Header(Side::Request, named(name, occurrence)))
}

fn fhdr(name: &str, occurrence: i32) -> Fetch {
    http(HttpFact::FullHeader(Side::Request, named(name, occurrence)))
}

fn hdr_ip(occurrence: i32) -> Fetch {
    http(HttpFact::HeaderIp(Side::Request, named("x", occurrence)))
}

pub(super) const ANY: Header = Header { name: None, occurrence: 0 };

const HEADERS: &str = "GET / HTTP/1.1\r\nHost: h\r\nX: 1.2.3.4:80, \"q,r\\\",\" , 5\r\nx:\r\n\
                       X: 7,,8,\r\nY:  a\tb , c\t,\td \r\nXX: no\r\n\r\n";

#[test]
fn req_hdr() {
    check_many(
        &with_request(HEADERS),
        [
            (
                hdr("x", 0),
                "str ",
                "str 1.2.3.4:80|str \"q,r\\\\\",\"|str 5|str |str 7|str |str 8|str ",
            ),
            (hdr("x", 1), "str 1.2.3.4:80", "str 1.2.3.4:80"),
            (hdr("x", 2), "str \"q,r\\\\\",\"", "str \"q,r\\\\\",\""),
            (hdr("x", 7), "str 8", "str 8"),
            (hdr("x", 8), "str ", "str "),
            (hdr("x", 9), "-", ""),
            (hdr("x", -1), "str ", "str "),
            (hdr("x", -2), "str 8", "str 8"),
            (hdr("x", -8), "str 1.2.3.4:80", "str 1.2.3.4:80"),
            (hdr("x", -9), "-", ""),
            (hdr("x", i32::MIN), "-", ""),
            (hdr("x", i32::MAX), "-", ""),
            (hdr("y", 0), "str d", "str a\\tb|str c|str d"),
            (hdr("xx", 0), "str no", "str no"),
            (hdr("none", 0), "-", ""),
            (hdr("", 0), "-", ""),
        ],
    );
}

#[test]
fn quotes_begin_anywhere_and_may_stay_open() {
    check_many(
        &with_request(
            "GET / HTTP/1.0\r\nX: a\"b\\\\\",c\",d\r\nY: \"a,b\r\nZ: \\\"a,b\\\",c\r\n\r\n",
        ),
        [
            (hdr("x", 0), "str c\",d", "str a\"b\\\\\\\\\"|str c\",d"),
            (hdr("y", 0), "str \"a,b", "str \"a,b"),
            // The quote counts: only within quotes does a backslash escape.
            (hdr("z", 0), "str \\\\\"a,b\\\\\",c", "str \\\\\"a,b\\\\\",c"),
        ],
    );
}

#[test]
fn req_fhdr() {
    check_many(
        &with_request(HEADERS),
        [
            (fhdr("x", 0), "str 7,,8,", "str 1.2.3.4:80, \"q,r\\\\\",\" , 5|str |str 7,,8,"),
            (
                fhdr("x", 1),
                "str 1.2.3.4:80, \"q,r\\\\\",\" , 5",
                "str 1.2.3.4:80, \"q,r\\\\\",\" , 5",
            ),
            (fhdr("x", -2), "str ", "str "),
            (fhdr("x", 4), "-", ""),
            (fhdr("none", 0), "-", ""),
        ],
    );
}

#[test]
fn req_hdr_cnt_and_fhdr_cnt() {
    let count = |header| http(HttpFact::HeaderCount(Side::Request, header));
    let full_count = |header| http(HttpFact::FullHeaderCount(Side::Request, header));
    check(
        &with_request(HEADERS),
        [
            (count(named("x", 0)), "int 8"),
            (count(named("none", 0)), "int 0"),
            (count(ANY), "int 13"),
            (full_count(named("x", 0)), "int 3"),
            (full_count(named("none", 0)), "int 0"),
            (full_count(ANY), "int 6"),
        ],
    );
}

#[test]
fn req_hdr_ip() {
    for (value, expected) in [
        ("1.2.3.4", "ip 1.2.3.4"),
        ("01.2.3.4", "ip 1.2.3.4"),
        ("1.2.3.4:80", "ip 1.2.3.4"),
        ("1.2.3.4:08", "ip 1.2.3.4"),
        ("1.2.3.4:65535", "ip 1.2.3.4"),
        ("1.2.3.4:65536", "-"),
        ("1.2.3.4:99999999999999999999", "-"),
        ("1.2.3.4:", "-"),
        ("1.2.3.4:+80", "-"),
        ("1.2.3.4 x", "-"),
        ("1.2.3.4.", "-"),
        ("1.2.3.4.5", "-"),
        ("1.2..4", "-"),
        ("1.2.3", "-"),
        ("256.2.3.4", "-"),
        ("::1", "ip ::1"),
        ("::ffff:1.2.3.4", "ip ::ffff:1.2.3.4"),
        ("2001:DB8::1", "ip 2001:db8::1"),
        // Since HAProxy 3.0.
        ("[::1]", "ip ::1"),
        ("[::1]:80", "-"),
        ("[::1", "-"),
        ("::1]", "-"),
        ("[]", "-"),
        ("fe80::1%1", "-"),
        ("unknown", "-"),
        ("", "-"),
    ] {
        let stage = with_request(&format!("GET / HTTP/1.0\r\nX: {value}\r\n\r\n"));
        check(&stage, [(hdr_ip(0), expected), (hdr_ip(1), expected), (hdr_ip(-1), expected)]);
    }
    check_many(
        &with_request("GET / HTTP/1.0\r\nX: 1.2.3.4, unknown\r\nX: ::1, x\r\n\r\n"),
        [
            (hdr_ip(0), "-", "ip 1.2.3.4|ip ::1"),
            (hdr_ip(2), "-", ""),
            (hdr_ip(-2), "ip ::1", "ip ::1"),
        ],
    );
}

#[test]
fn req_hdr_val() {
    let val = |name: &str| http(HttpFact::HeaderInt(Side::Request, named(name, 0)));
    check_many(
        &with_request(
            "GET / HTTP/1.0\r\nX: 5, -12x\r\nX: 5a5, 99999999999999999999\r\nY:\r\nZ: a\r\n\r\n",
        ),
        [
            (val("x"), "int 9223372036854775807", "int 5|int -12|int 5|int 9223372036854775807"),
            (val("y"), "int 0", "int 0"),
            (val("z"), "int 0", "int 0"),
            (val("none"), "-", ""),
        ],
    );
}

#[test]
fn req_hdr_names_and_hdrs() {
    let text = "GET / HTTP/1.1\r\nHost: h\r\nX-A:\r\nx-b:  A, b \r\n\r\n";
    check(
        &with_request(text),
        [
            (http(HttpFact::HeaderNames(Side::Request, b',')), "str host,x-a,x-b"),
            (http(HttpFact::HeaderNames(Side::Request, b';')), "str host;x-a;x-b"),
            (
                http(HttpFact::HeaderBlock(Side::Request)),
                "str host: h\\r\\nx-a: \\r\\nx-b: A, b\\r\\n\\r\\n",
            ),
        ],
    );
    check(
        &with_request("GET / HTTP/1.0\r\n\r\n"),
        [
            (http(HttpFact::HeaderNames(Side::Request, b',')), "str "),
            (http(HttpFact::HeaderBlock(Side::Request)), "str \\r\\n"),
        ],
    );
}
