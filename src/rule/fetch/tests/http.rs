//! Heads and bodies, but for fields.

use proxy_config::model::rule::{HttpFact, Side};

use super::header::{ANY, hdr, named};
use super::{check, check_many, http, look, one, with_request};
use crate::rule::testing::Stage;

#[test]
fn res_hdr_and_its_like() {
    let mut stage = with_request("GET / HTTP/1.0\r\nX: request\r\n\r\n");
    stage.set_response("HTTP/1.0 404 No\r\nX: a, b\r\nX: 7\r\nContent-Length: 5\r\n\r\n");
    stage.world.server_status = Some(500);
    check_many(
        &stage,
        [
            (http(HttpFact::Header(Side::Response, named("x", 0))), "str 7", "str a|str b|str 7"),
            (http(HttpFact::FullHeader(Side::Response, named("x", 1))), "str a, b", "str a, b"),
            (http(HttpFact::HeaderCount(Side::Response, named("x", 0))), "int 3", "int 3"),
            (
                http(HttpFact::HeaderNames(Side::Response, b' ')),
                "str x x content-length",
                "str x x content-length",
            ),
            (http(HttpFact::HeaderInt(Side::Response, named("x", -1))), "int 7", "int 7"),
            (http(HttpFact::Status), "int 404", "int 404"),
            (http(HttpFact::ServerStatus), "int 500", "int 500"),
            (http(HttpFact::Version(Side::Response)), "str 1.0", "str 1.0"),
            (http(HttpFact::CapturedVersion(Side::Response)), "str HTTP/1.0", "str HTTP/1.0"),
            (http(HttpFact::Body(Side::Response)), "bin ", "bin "),
            (http(HttpFact::BodyLen(Side::Response)), "int 0", "int 0"),
            (http(HttpFact::BodySize(Side::Response)), "int 5", "int 5"),
        ],
    );
}

#[test]
fn method_ver_and_first_req() {
    let mut stage = with_request("FOO / HTTP/1.1\r\nHost: h\r\n\r\n");
    let table = |is_first: &'static str| {
        [
            (http(HttpFact::Method), "str FOO"),
            (http(HttpFact::Version(Side::Request)), "str 1.1"),
            (http(HttpFact::IsFirst), is_first),
            (http(HttpFact::UniqueId), "-"),
        ]
    };
    check(&stage, table("bool true"));
    stage.requests = 1;
    check(&stage, table("bool false"));
    stage.world.unique_id = b"id".to_vec();
    check(&stage, [(http(HttpFact::UniqueId), "str id")]);
}

/// Target, host, path, pathq, query, url_ip, url_port, base, baseq.
const TARGETS: [[&str; 9]; 13] = [
    ["/", "h", "str /", "str /", "-", "-", "-", "str h/", "str h/"],
    [
        "/p/a?b?c",
        "h:80",
        "str /p/a",
        "str /p/a?b?c",
        "str b?c",
        "-",
        "-",
        "str h:80/p/a",
        "str h:80/p/a?b?c",
    ],
    ["/x?", "", "str /x", "str /x?", "str ", "-", "-", "str /x", "str /x?"],
    [
        "http://1.2.3.4:81/p?b=1",
        "1.2.3.4:81",
        "str /p",
        "str /p?b=1",
        "str b=1",
        "ip 1.2.3.4",
        "int 81",
        "str 1.2.3.4:81/p",
        "str 1.2.3.4:81/p?b=1",
    ],
    [
        "http://1.2.3.4",
        "1.2.3.4",
        "-",
        "-",
        "-",
        "ip 1.2.3.4",
        "int 80",
        "str 1.2.3.4",
        "str 1.2.3.4",
    ],
    [
        "HTTPS://1.2.3.4?q",
        "1.2.3.4",
        "-",
        "-",
        "str q",
        "ip 1.2.3.4",
        "int 443",
        "str 1.2.3.4",
        "str 1.2.3.4",
    ],
    [
        "http://1.2.3.4:/",
        "1.2.3.4",
        "str /",
        "str /",
        "-",
        "ip 1.2.3.4",
        "int 80",
        "str 1.2.3.4/",
        "str 1.2.3.4/",
    ],
    // HAProxy 2.6 takes a name for an address here.
    [
        "http://1.2.3.4x/",
        "1.2.3.4x",
        "str /",
        "str /",
        "-",
        "-",
        "-",
        "str 1.2.3.4x/",
        "str 1.2.3.4x/",
    ],
    ["http://[::1]/", "[::1]", "str /", "str /", "-", "-", "-", "str [::1]/", "str [::1]/"],
    ["http://h/x", "h", "str /x", "str /x", "-", "-", "-", "str h/x", "str h/x"],
    ["OPTIONS *", "h", "-", "-", "-", "-", "-", "str h", "str h"],
    [
        "CONNECT 1.2.3.4:80",
        "1.2.3.4:80",
        "-",
        "-",
        "-",
        "-",
        "-",
        "str 1.2.3.4:80",
        "str 1.2.3.4:80",
    ],
    [
        "/a//b;c=d?/e",
        "h",
        "str /a//b;c=d",
        "str /a//b;c=d?/e",
        "str /e",
        "-",
        "-",
        "str h/a//b;c=d",
        "str h/a//b;c=d?/e",
    ],
];

#[test]
fn url_and_its_parts() {
    for [target, host, path, pathq, query, ip, port, base, baseq] in TARGETS {
        let (method, target) = target.split_once(' ').unwrap_or(("GET", target));
        let stage = with_request(&format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        check(
            &stage,
            [
                (http(HttpFact::Url), format!("str {target}").as_str()),
                (http(HttpFact::Path), path),
                (http(HttpFact::PathAndQuery), pathq),
                (http(HttpFact::Query), query),
                (http(HttpFact::UrlIp), ip),
                (http(HttpFact::UrlPort), port),
                (http(HttpFact::Base { with_query: false }), base),
                (http(HttpFact::Base { with_query: true }), baseq),
            ],
        );
    }
}

#[test]
fn base_without_a_host() {
    let base = || http(HttpFact::Base { with_query: false });
    check(&with_request("GET /x?y HTTP/1.0\r\n\r\n"), [(base(), "str /x")]);
    check(&with_request("OPTIONS * HTTP/1.0\r\n\r\n"), [(base(), "-")]);
}

#[test]
fn base32_and_url32() {
    let table = |base32: &'static str, url32: &'static str| {
        [
            (http(HttpFact::Base32 { with_source: false }), base32),
            (http(HttpFact::Url32 { with_source: false }), url32),
        ]
    };
    for (target, host, base32, url32) in [
        ("/", "h", "int 1983837113", "int 1983837113"),
        ("/x", "h", "int 3120920787", "int 3120920787"),
        ("/x?a", "", "int 2340802059", "int 2127598656"),
        ("/x??", "", "int 2340802059", "int 2501229559"),
        ("/x;a=1;b=2?a=3", "", "int 3040575382", "int 2569861668"),
        ("http://1.2.3.4", "1.2.3.4", "int 3264276115", "int 3264276115"),
    ] {
        let stage = with_request(&format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        check(&stage, table(base32, url32));
    }
    check(
        &with_request("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"),
        table("int 1228821030", "int 1228821030"),
    );
}

#[test]
fn base32_and_url32_with_the_source() {
    let base32 = || http(HttpFact::Base32 { with_source: true });
    let url32 = || http(HttpFact::Url32 { with_source: true });
    let mut stage = with_request("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let hash = format!("{:08X}", 1_983_837_113);
    check(
        &stage,
        [(base32(), format!("bin {hash}C0000201")), (url32(), format!("bin {hash}C0000201"))],
    );
    stage.source = Some("[2001:db8::1]:9".parse().unwrap());
    check(&stage, [(base32(), format!("bin {hash}20010DB8000000000000000000000001"))]);
    stage.source = None;
    check(&stage, [(base32(), "-"), (url32(), "-")]);
}

#[test]
fn req_body_and_its_length() {
    let facts = || {
        [
            HttpFact::Body(Side::Request),
            HttpFact::BodyLen(Side::Request),
            HttpFact::BodySize(Side::Request),
        ]
        .map(http)
    };
    for (text, expected) in [
        ("GET / HTTP/1.0\r\n\r\n", ["bin ", "int 0", "int 0"]),
        ("POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nab", ["bin 6162", "int 2", "int 2"]),
        ("POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\nab", ["bin 6162", "int 2", "int 9"]),
        (
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nab",
            ["bin 6162", "int 2", "int 2"],
        ),
    ] {
        check(&with_request(text), facts().into_iter().zip(expected));
    }
}

#[test]
fn captures() {
    let mut stage = with_request("GET /new HTTP/1.1\r\nHost: h\r\n\r\n");
    let table = |values: [&'static str; 5]| {
        let facts = [
            HttpFact::Captured(Side::Request, 0),
            HttpFact::Captured(Side::Request, 1),
            HttpFact::CapturedMethod,
            HttpFact::CapturedUri,
            HttpFact::CapturedVersion(Side::Request),
        ];
        facts.map(http).into_iter().zip(values)
    };
    check(&stage, table(["-"; 5]));
    stage.world.captured = vec![b"a".to_vec()];
    for (target, uri) in [
        ("/old?q", "str /old?q"),
        ("http://h/old?q", "str /old?q"),
        ("http://h", "-"),
        ("*", "-"),
        ("h:80", "-"),
    ] {
        let line = ["PUT", target, "HTTP/1.0"].map(|part| part.as_bytes().to_vec());
        stage.world.request_line = Some(line);
        check(&stage, table(["str a", "-", "str PUT", uri, "str HTTP/1.0"]));
    }
}

#[test]
fn without_a_head_there_is_nothing() {
    let facts = [
        HttpFact::Base { with_query: false },
        HttpFact::Base32 { with_source: true },
        HttpFact::Url32 { with_source: false },
        HttpFact::CookieCount(Side::Request, proxy_config::model::rule::Cookie { name: None }),
        HttpFact::CookieNames(Side::Request, b','),
        HttpFact::FullHeaderCount(Side::Request, ANY),
        HttpFact::HeaderCount(Side::Request, ANY),
        HttpFact::Header(Side::Request, ANY),
        HttpFact::HeaderNames(Side::Request, b','),
        HttpFact::HeaderBlock(Side::Request),
        HttpFact::IsFirst,
        HttpFact::Method,
        HttpFact::Path,
        HttpFact::PathAndQuery,
        HttpFact::Query,
        HttpFact::Url,
        HttpFact::UrlIp,
        HttpFact::Body(Side::Request),
        HttpFact::BodySize(Side::Request),
        HttpFact::Version(Side::Request),
    ];
    let of_responses = [
        HttpFact::Status,
        HttpFact::ServerStatus,
        HttpFact::Version(Side::Response),
        HttpFact::CapturedVersion(Side::Response),
        HttpFact::HeaderCount(Side::Response, ANY),
        HttpFact::HeaderBlock(Side::Response),
        HttpFact::Body(Side::Response),
    ];
    check(
        &Stage::empty(),
        facts.into_iter().chain(of_responses.clone()).map(|fact| (http(fact), "-")),
    );
    let stage = with_request("GET / HTTP/1.0\r\n\r\n");
    check(&stage, of_responses.map(|fact| (http(fact), "-")));
}

#[test]
fn a_head_may_still_come() {
    let mut stage = Stage::empty();
    for (bytes, is_final, is_open) in [
        ("", false, true),
        ("GET / HTTP/1.0\r\n", false, true),
        ("GET / HTTP/1.0\r\n", true, false),
        ("\x16\x03\x01", false, false),
        ("GET / HTTP/1.0\r\n\r\n", false, false),
    ] {
        stage.request_input = Some((bytes.into(), is_final));
        for fact in [hdr("host", 0), http(HttpFact::Path), http(HttpFact::Query)] {
            assert_eq!(look(&stage, &fact), ("-".to_owned(), is_open), "{bytes:?}");
        }
    }
    stage.request_input = None;
    assert_eq!(one(&stage, &hdr("host", 0)), "-");
}
