//! `monitor-uri`, `forwardfor`, `originalto`, `forwarded`, restricted names, lenient parsing, probes.

use crate::support::{Message, Server, Web, eventually};

const BIND: &str = "bind = { address = \"127.0.0.1:0\", accept-proxy = true }";
const V4: &str = "PROXY TCP4 192.0.2.1 198.51.100.2 1111 2222\r\n";
const V6: &str = "PROXY TCP6 2001:db8::1 2001:db8::2 1111 2222\r\n";
const GET: &str = "GET /x HTTP/1.1\r\nHost: example.org\r\n\r\n";

/// The request that a server gets for `bytes`.
fn asked(web: impl FnOnce(Web) -> Web, bytes: &str) -> Message {
    let server = Server::text("ok");
    let proxy = web(Web::to(&server)).start();
    assert_eq!(proxy.client().ask(bytes).text(), "ok");
    server.last_request()
}

/// The status that `bytes` get, and whether a server was asked.
fn status(web: impl FnOnce(Web) -> Web, bytes: impl AsRef<[u8]>) -> (u16, bool) {
    let server = Server::text("ok");
    let proxy = web(Web::to(&server)).start();
    let mut client = proxy.client();
    client.send(bytes);
    (client.message().status(), server.connections() > 0)
}

#[test]
fn monitor_uri() {
    let server = Server::text("ok");
    let mut proxy = Web::to(&server).logged().frontend("monitor-uri = \"/alive\"").start();
    for target in ["/alive", "/alive/", "/alive?x", "/", "/Alive"] {
        let response = proxy.get(target);
        assert_eq!((response.status(), response.text() == "ok"), (200, target != "/alive"));
    }
    let mut client = proxy.client();
    client.send("HEAD /alive HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.head().status(), 200);
    assert_eq!(client.drain(), b"");
    drop(client);
    assert_eq!(server.requests().len(), 4);
    proxy.stop();
    let text = std::fs::read_to_string(proxy.dir.file("access.log")).unwrap();
    assert_eq!((text.lines().count(), text.contains("/alive ")), (4, false), "{text}");
}

/// It tells of the proxy, not of servers.
#[test]
fn monitor_uri_without_servers() {
    let proxy = Web::new().frontend("monitor-uri = \"/alive\"").start();
    let response = proxy.get("/alive");
    assert_eq!(response.status(), 200);
    assert!(response.text().contains("Service ready."), "{response:?}");
    assert_eq!(proxy.get("/").status(), 503);
}

#[test]
fn addresses_after_a_proxy_header() {
    let options = "option.forwardfor = true\noption.originalto = true\n\
        option.forwarded = { proto = true, host = true, by = true, by-port = true, for = true, for-port = true }";
    let web = |web: Web| web.frontend(BIND).frontend(options);
    let request = asked(web, &format!("{V4}{GET}"));
    assert_eq!(request.field("x-forwarded-for"), Some("192.0.2.1"));
    assert_eq!(request.field("x-original-to"), Some("198.51.100.2"));
    let expected =
        "proto=http;host=\"example.org\";by=\"198.51.100.2:2222\";for=\"192.0.2.1:1111\"";
    assert_eq!(request.field("forwarded"), Some(expected));
    let request = asked(web, &format!("{V6}{GET}"));
    assert_eq!(request.field("x-forwarded-for"), Some("2001:db8::1"));
    assert_eq!(request.field("x-original-to"), Some("2001:db8::2"));
    let expected =
        "proto=http;host=\"example.org\";by=\"[2001:db8::2]:2222\";for=\"[2001:db8::1]:1111\"";
    assert_eq!(request.field("forwarded"), Some(expected));
}

#[test]
fn except_looks_at_the_proxied_address() {
    let web = |except: &'static str| {
        move |web: Web| web.frontend(BIND).frontend(&format!("option.forwardfor.except = {except}"))
    };
    for (except, header, expected) in [
        ("[\"192.0.2.0/24\"]", V4, None),
        ("[\"127.0.0.0/8\"]", V4, Some("192.0.2.1")),
        ("[\"2001:db8::/32\"]", V6, None),
        ("[\"192.0.2.0/24\", \"::1\"]", V6, Some("2001:db8::1")),
    ] {
        let request = asked(web(except), &format!("{header}{GET}"));
        assert_eq!(request.field("x-forwarded-for"), expected, "{except}");
    }
}

#[test]
fn ipv6_clients() {
    let web = |web: Web| {
        web.frontend("bind = \"[::1]:0\"\noption.forwardfor = true\noption.forwarded = true")
    };
    let request = asked(web, GET);
    assert_eq!(request.field("x-forwarded-for"), Some("::1"));
    assert_eq!(request.field("forwarded"), Some("proto=http;for=\"[::1]\""));
}

/// Nothing is invented for a client without an address.
#[test]
fn unix_clients() {
    let dir = crate::support::Dir::new();
    let bind = format!("bind = \"unix:{}\"", dir.file("s").display());
    let options = "option.forwardfor = true\noption.originalto = true";
    let request = asked(|web| web.frontend(&bind).frontend(options), GET);
    assert_eq!((request.field("x-forwarded-for"), request.field("x-original-to")), (None, None));
}

/// What the client claims is kept in front, so that a server can tell who said what.
#[test]
fn claims_of_the_client_come_first() {
    let options = "option.forwardfor = true\noption.forwarded = true\noption.originalto = true";
    let claims = "GET /x HTTP/1.1\r\nHost: h\r\nForwarded: for=1.2.3.4\r\n\
        X-Forwarded-For: 1.2.3.4\r\nX-Original-To: 4.3.2.1\r\n\r\n";
    let request = asked(|web| web.frontend(options), claims);
    assert_eq!(request.fields("x-forwarded-for"), ["1.2.3.4", "127.0.0.1"]);
    assert_eq!(request.fields("x-original-to"), ["4.3.2.1", "127.0.0.1"]);
    assert_eq!(request.fields("forwarded"), ["for=1.2.3.4", "proto=http;for=127.0.0.1"]);
}

#[test]
fn backends_options_win() {
    let web = |web: Web| {
        web.frontend("option.forwarded = true\noption.originalto = true")
            .backend("option.forwarded = { host = true }\noption.originalto.header = \"X-To\"")
    };
    let request = asked(web, GET);
    assert_eq!(request.field("forwarded"), Some("host=\"example.org\""));
    assert_eq!((request.field("x-to"), request.field("x-original-to")), (Some("127.0.0.1"), None));
}

/// HAProxy adds the field unless both sides say `if-none`.
#[test]
fn forwardfor_if_none_of_one_side() {
    let there = "GET /x HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n";
    let (plain, if_none) = ("option.forwardfor = true", "option.forwardfor.if-none = true");
    for (frontend, backend, count) in
        [(if_none, if_none, 1), (if_none, "", 1), ("", if_none, 1), (plain, plain, 2)]
    {
        let request = asked(|web| web.frontend(frontend).backend(backend), there);
        let found = request.fields("x-forwarded-for");
        assert_eq!((found[0], found.len()), ("1.2.3.4", count), "{frontend} {backend}");
    }
    for (frontend, backend) in [(if_none, plain), (plain, if_none)] {
        let request = asked(|web| web.frontend(frontend).backend(backend), there);
        assert_eq!(request.fields("x-forwarded-for").len(), 2, "{frontend} {backend}");
    }
}

/// An address that either side excepts gets no field.
#[test]
fn except_of_one_side() {
    let except = "option.forwardfor.except = [\"127.0.0.0/8\"]";
    for (frontend, backend) in
        [(except, "option.forwardfor = true"), ("option.forwardfor = true", except)]
    {
        let request = asked(|web| web.frontend(frontend).backend(backend), GET);
        assert_eq!(request.field("x-forwarded-for"), None, "{frontend} {backend}");
    }
}

const ODD: &str = "GET /x HTTP/1.1\r\nHost: h\r\nX_Real: 1\r\nX-Plain: 2\r\nx.y: 3\r\n\r\n";

#[test]
fn restricted_names() {
    let option = |word: &str| format!("option.http-restrict-req-hdr-names = \"{word}\"");
    for (word, odd) in [("preserve", true), ("delete", false)] {
        for on_frontend in [true, false] {
            let web = |web: Web| match on_frontend {
                true => web.frontend(&option(word)),
                false => web.backend(&option(word)),
            };
            let request = asked(web, ODD);
            assert_eq!(request.field("x-plain"), Some("2"));
            assert_eq!(
                (request.field("x_real").is_some(), request.field("x.y").is_some()),
                (odd, odd)
            );
        }
    }
    let reject = option("reject");
    assert_eq!(status(|web| web.frontend(&reject), ODD), (403, false));
    assert_eq!(status(|web| web.backend(&reject), ODD), (403, false));
    assert_eq!(status(|web| web.frontend(&reject), GET), (200, true));
    // The frontend has dropped them already.
    let deleted = |web: Web| web.frontend(&option("delete")).backend(&reject);
    assert_eq!(status(deleted, ODD), (200, true));
}

#[test]
fn rejected_names_in_the_log() {
    let server = Server::text("never");
    let option = "option.http-restrict-req-hdr-names = \"reject\"\nlog-format = \"%ST %ts %b %s\"";
    let proxy = Web::to(&server).logged().frontend(option).start();
    proxy.client().ask(ODD);
    let line = proxy.log_line(|_| true);
    assert!(line.starts_with("403 PR "), "{line}");
}

#[test]
fn lenient_requests() {
    let option = "option.accept-unsafe-violations-in-http-request = true";
    let odd: [&[u8]; 3] = [
        b"GET /x HTTP/1.1\r\nHost: h\r\nX(1): a\r\n\r\n",
        b"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /caf\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n",
    ];
    for request in odd {
        assert_eq!(status(|web| web, request), (400, false));
        assert_eq!(status(|web| web.frontend(option), request), (200, true));
    }
    // What could be read in two ways is refused all the same.
    for request in [
        "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length : 0\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
    ] {
        assert_eq!(status(|web| web.frontend(option), request), (400, false));
    }
    let request =
        asked(|web| web.frontend(option), "GET /x HTTP/1.1\r\nHost: h\r\nX(1): a\r\n\r\n");
    assert!(!request.head.contains("(1)"), "{request:?}");
}

#[test]
fn lenient_responses() {
    let option = "option.accept-unsafe-violations-in-http-response = true";
    let odd = "HTTP/1.1 200 OK\r\nX(1): a\r\nX-B : b\r\nContent-Length: 2\r\n\r\nok";
    let server = Server::once(odd);
    assert_eq!(Web::to(&server).start().get("/").status(), 502);
    let response = Web::to(&server).backend(option).start().get("/");
    assert_eq!((response.text(), response.field("x-b")), ("ok", Some("b")));
    assert!(!response.head.contains("(1)"), "{response:?}");
}

#[test]
fn http_1_0_bodies_of_any_method() {
    let request = "GET /x HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello";
    let (code, forwarded) = status(|web| web, request);
    assert!(matches!(code, 400 | 413) && !forwarded, "{code}");
    let request = asked(|web| web.global("h1-accept-payload-with-any-method = true"), request);
    assert_eq!(request.text(), "hello");
}

#[test]
fn http_ignore_probes() {
    let server = Server::text("ok");
    let lines = "option.http-ignore-probes = true\ntimeout.http-request = \"80ms\"";
    let mut proxy = Web::to(&server).logged().frontend(lines).start();
    // A probe that closes, one that stays silent.
    let (closing, mut silent) = (proxy.client(), proxy.client());
    drop(closing);
    assert_eq!(silent.drain(), b"");
    // What began is no probe.
    let mut partial = proxy.client();
    partial.send("GET");
    assert_eq!(partial.message().status(), 408);
    drop((silent, partial));
    proxy.stop();
    let text = std::fs::read_to_string(proxy.dir.file("access.log")).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
}

/// Without the option a silent client is told why it is left, and logged.
#[test]
fn probes_are_answered_by_default() {
    let server = Server::text("ok");
    let proxy = Web::to(&server).logged().frontend("timeout.http-request = \"80ms\"").start();
    assert_eq!(proxy.client().message().status(), 408);
    proxy.log_line(|line| line.contains(" 408 ") && line.contains(" cR-- "));
    drop(proxy.client());
    eventually("the other one is logged", || {
        let text = std::fs::read_to_string(proxy.dir.file("access.log")).unwrap();
        text.lines().count() == 2 && text.contains(" 400 ") && text.contains(" CR-- ")
    });
}

/// What a connection option takes away was not there: the server must not be left without an address.
#[test]
fn if_none_and_a_field_that_ends_here() {
    let request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: x-forwarded-for\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n";
    let asked = asked(|web| web.frontend("option.forwardfor = { if-none = true }"), request);
    assert_eq!(asked.field("x-forwarded-for"), Some("127.0.0.1"));
}
