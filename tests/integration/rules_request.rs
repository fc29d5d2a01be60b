//! Rules of requests: what is answered, what is edited, what is waited for.

use std::time::Duration;

use crate::support::{Server, Web};

/// `http-request` in the frontend, in front of a server that says `origin`.
fn rules(rules: &str) -> (Server, Web) {
    let server = Server::text("origin");
    let web = Web::to(&server).frontend(&format!("http-request = [\n{rules}\n]"));
    (server, web)
}

#[test]
fn final_rules_answer_and_the_connection_stays() {
    let (server, web) = rules(
        r#"
        "deny if { path /denied }",
        "deny deny_status 429 if { path /many }",
        "return status 200 content-type text/plain lf-string 'you are %[src]' hdr x-a b if { path /me }",
        "return status 204 if { path /nothing }",
        "redirect location /new code 301 if { path /old }",
        "allow if { path /fine }",
        "deny status 405 unless { path /fine /other }",
        "#,
    );
    let proxy = web.start();
    let mut client = proxy.client();
    let denied = client.get("/denied");
    assert_eq!(denied.first_line(), "HTTP/1.1 403 Forbidden");
    assert!(!denied.closes() && denied.text().contains("administrative rules"));
    assert_eq!(client.get("/many").status(), 429);
    let own = client.get("/me");
    assert_eq!(own.text(), "you are 127.0.0.1");
    assert_eq!((own.field("content-type"), own.field("x-a")), (Some("text/plain"), Some("b")));
    let nothing = client.get("/nothing");
    assert_eq!((nothing.status(), nothing.text()), (204, ""));
    let moved = client.get("/old");
    assert_eq!((moved.status(), moved.field("location")), (301, Some("/new")));
    assert_eq!(client.get("/fine").text(), "origin");
    assert_eq!(client.get("/other").text(), "origin");
    assert_eq!(client.get("/x").status(), 405);
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_body_that_nobody_read_ends_the_connection() {
    let (_server, web) = rules(r#""deny""#);
    let proxy = web.start();
    let mut client = proxy.client();
    client.send("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 100000\r\n\r\nabc");
    let denied = client.message();
    assert_eq!((denied.status(), denied.closes()), (403, true));
    client.read_to_end();
}

#[test]
fn fields_are_edited() {
    let (server, web) = rules(
        r#"
        "set-header X-Set one-%[req.hdr(x-old)]",
        "add-header X-Add two",
        "add-header X-Add %[src]:%[dst_port]",
        "del-header x-gone",
        "del-header x-tmp- -m beg",
        "replace-header cookie (.*)id=[^;]*(.*) \\1id=hidden\\2",
        "replace-value x-list ^b(.)$ B-\\1",
        "set-header host %[req.hdr(host),lower]",
        "#,
    );
    let proxy = web.start();
    proxy.client().ask(
        "GET / HTTP/1.1\r\nHost: H.Example\r\nX-Old: o\r\nX-Set: old\r\nx-set: older\r\n\
         X-Gone: 1\r\nX-Gone: 2\r\nX-Tmp-A: 1\r\nCookie: a=1; id=secret; b=2\r\n\
         X-List: a, b1 ,c\r\n\r\n",
    );
    let request = server.last_request();
    assert_eq!(request.fields("x-set"), ["one-o"]);
    assert_eq!(request.fields("x-add")[0], "two");
    assert!(request.fields("x-add")[1].starts_with("127.0.0.1:"));
    assert_eq!(request.field("x-gone"), None);
    assert_eq!(request.field("x-tmp-a"), None);
    assert_eq!(request.field("cookie"), Some("a=1; id=hidden; b=2"));
    assert_eq!(request.field("x-list"), Some("a,B-1,c"));
    assert_eq!(request.fields("host"), ["h.example"]);
}

#[test]
fn the_request_line_is_edited_and_the_log_has_what_came() {
    let (server, web) = rules(
        r#"
        "replace-path ^/old/(.*) /new/\\1",
        "set-query a=%[url_param(b)]&c=d if { query -m found }",
        "set-method POST if { method PUT }",
        "set-path %[path,regsub(x,y,g)] if { path_sub xx }",
        "set-uri /whole?thing if { path /uri }",
        "replace-pathq ^/pq(.*) /q\\1",
        "#,
    );
    let proxy = web.logged().start();
    for (target, expected) in [
        ("/old/a/b", "GET /new/a/b HTTP/1.1"),
        ("/p?b=1", "GET /p?a=1&c=d HTTP/1.1"),
        ("/xx", "GET /yy HTTP/1.1"),
        ("/uri?q", "GET /whole?thing HTTP/1.1"),
        ("/pq?b=x", "GET /q?a=x&c=d HTTP/1.1"),
    ] {
        proxy.get(target);
        assert_eq!(server.last_request().first_line(), expected, "{target}");
        proxy.log_line(|line| line.contains(&format!("\"GET {target} HTTP/1.1\"")));
    }
    proxy.client().ask("PUT /m HTTP/1.1\r\nHost: h\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(server.last_request().first_line(), "POST /m HTTP/1.1");
}

/// What a peer sent gets neither a line nor a blank into a head.
#[test]
fn nothing_is_injected() {
    let (server, web) = rules(
        r#"
        "set-header x-in %[url_param(v),url_dec]",
        "set-path /p/%[url_param(v),url_dec]",
        "#,
    );
    let proxy = web.start();
    let answer = proxy.client().get("/?v=a%0d%0ax-evil:%201%20b%23c");
    assert_eq!(answer.status(), 200);
    let request = server.last_request();
    assert_eq!(request.field("x-in"), Some("a%0D%0Ax-evil: 1 b#c"));
    assert_eq!(request.field("x-evil"), None);
    assert!(request.first_line().starts_with("GET /p/a%0D%0Ax-evil:%201%20b%23c?"));
}

#[test]
fn an_edit_that_fails_is_500_unless_rules_are_lax() {
    let (_server, web) = rules(
        r#"
        "strict-mode off if { path /lax }",
        "set-method %[path]",
        "#,
    );
    let proxy = web.logged().start();
    assert_eq!(proxy.get("/strict").status(), 500);
    assert!(proxy.log_line(|line| line.contains("/strict")).contains(" 500 "));
    assert_eq!(proxy.get("/lax").text(), "origin");
}

#[test]
fn variables_live_as_long_as_they_should() {
    let (server, web) = rules(
        r#"
        "set-var(txn.path) path",
        "set-var(sess.first,ifnotset) path",
        "set-var(proc.count) var(proc.count,0),add(1)",
        "set-var-fmt(req.both) '%[path]-%[var(sess.first)]'",
        "set-header x-both %[var(req.both)]",
        "set-header x-count %[var(proc.count)]",
        "unset-var(txn.path) if { path /b }",
        "set-header x-path %[var(txn.path)]",
        "#,
    );
    let proxy = web.start();
    let mut client = proxy.client();
    client.get("/a");
    let first = server.last_request();
    assert_eq!(first.field("x-both"), Some("/a-/a"));
    assert_eq!(first.field("x-path"), Some("/a"));
    client.get("/b");
    let second = server.last_request();
    assert_eq!(second.field("x-both"), Some("/b-/a"));
    assert_eq!(second.field("x-path"), Some(""));
    assert_eq!(second.field("x-count"), Some("2"));
    proxy.get("/c");
    assert_eq!(server.last_request().field("x-both"), Some("/c-/c"));
    assert_eq!(server.last_request().field("x-count"), Some("3"));
}

#[test]
fn a_tarpit_makes_wait() {
    let (server, web) = rules(r#""tarpit deny_status 403 if { path /bad }""#);
    let proxy = web.frontend("timeout.tarpit = \"300ms\"").logged().start();
    let mut client = proxy.client();
    client.send("GET /bad HTTP/1.1\r\nHost: h\r\n\r\n");
    client.assert_silent(150);
    assert_eq!(client.message().status(), 403);
    assert!(proxy.log_line(|line| line.contains("/bad")).contains(" 403 "));
    assert!(proxy.log_line(|line| line.contains("/bad")).contains(" PT-- "));
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_body_is_waited_for_and_seen() {
    let (server, web) = rules(
        r#"
        "wait-for-body time 5s if { method POST }",
        "set-header x-len %[req.body_len]",
        "deny if { req.body -m sub evil }",
        "#,
    );
    let proxy = web.start();
    for chunked in [false, true] {
        let mut client = proxy.client();
        let (fields, first, second) = match chunked {
            true => ("transfer-encoding: chunked", "5\r\nhello\r\n", "6\r\n world\r\n0\r\n\r\n"),
            false => ("content-length: 11", "hello", " world"),
        };
        client.send(format!("POST / HTTP/1.1\r\nhost: h\r\n{fields}\r\n\r\n{first}"));
        client.assert_silent(100);
        client.send(second);
        assert_eq!(client.message().text(), "origin");
        let request = server.last_request();
        assert_eq!(request.field("x-len"), Some("11"));
        assert_eq!(request.text(), "hello world");
    }
    let mut client = proxy.client();
    client.send("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 8\r\n\r\nsome");
    client.assert_silent(50);
    client.send("evil");
    assert_eq!(client.message().status(), 403);
}

#[test]
fn addresses_are_set_for_one_request() {
    let (server, web) = rules(
        r#"
        "set-src req.hdr_ip(x-real) if { req.hdr(x-real) -m found }",
        "set-header x-src %[src]:%[src_port]",
        "set-header x-fc %[fc_src]",
        "#,
    );
    let proxy = web.frontend("option.forwardfor = true").logged().start();
    let mut client = proxy.client();
    client.ask("GET /a HTTP/1.1\r\nHost: h\r\nX-Real: 192.0.2.7\r\n\r\n");
    let request = server.last_request();
    assert!(request.field("x-src").unwrap().starts_with("192.0.2.7:"));
    assert_eq!(request.field("x-forwarded-for"), Some("192.0.2.7"));
    assert_eq!(request.field("x-fc"), Some("127.0.0.1"));
    assert!(proxy.log_line(|line| line.contains("/a ")).contains("192.0.2.7:"));
    client.get("/b");
    assert_eq!(server.last_request().field("x-forwarded-for"), Some("127.0.0.1"));
}

#[test]
fn basic_authentication() {
    let (_server, web) = rules(r#""auth realm Secret\\ place unless { http_auth(staff) }""#);
    let users = "[userlist.staff]\nuser = [{ name = \"ann\", insecure-password = \"pass word\" }]";
    let config = format!("{}\n{users}\n", web.config());
    let proxy = crate::support::Proxy::start(&config);
    let mut client = proxy.client();
    let refused = client.get("/");
    assert_eq!(refused.status(), 401);
    assert_eq!(refused.field("www-authenticate"), Some("Basic realm=\"Secret place\""));
    let ask =
        |code: &str| format!("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic {code}\r\n\r\n");
    // ann:pass word, ann:other
    assert_eq!(client.ask(&ask("YW5uOnBhc3Mgd29yZA==")).text(), "origin");
    assert_eq!(client.ask(&ask("YW5uOm90aGVy")).status(), 401);
}

#[test]
fn silence_and_rejection() {
    let (server, web) = rules(
        r#"
        "reject if { path /reject }",
        "silent-drop if { path /drop }",
        "#,
    );
    let proxy = web.logged().start();
    let mut client = proxy.client();
    client.send("GET /reject HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.drain(), b"");
    assert!(proxy.log_line(|line| line.contains("/reject")).contains(" PR-- "));
    let mut client = proxy.client();
    client.send("GET /drop HTTP/1.1\r\nHost: h\r\n\r\n");
    proxy.log_line(|line| line.contains("/drop"));
    assert_eq!(server.connections(), 0);
}

/// As with HAProxy, also where nothing but a variable is set between.
#[test]
fn a_capture_is_seen_by_the_next_rule() {
    let (server, web) = rules(
        r#"
        "set-var(txn.a) req.hdr(x-a),capture-req(0)",
        "set-var(txn.b) capture.req.hdr(0)",
        "set-var(txn.c) req.hdr(x-c),capture-req(0) if { capture.req.hdr(0) one }",
        "set-header x-b %[var(txn.b)]",
        "set-header x-c %[capture.req.hdr(0)]",
        "set-header x-d %[capture.req.hdr(0)] if { str(longer),capture-req(0) -m found }",
        "#,
    );
    let proxy = web.frontend("declare-capture = [\"request len 4\"]").start();
    proxy.client().ask("GET / HTTP/1.1\r\nHost: h\r\nX-A: one\r\nX-C: two\r\n\r\n");
    let request = server.last_request();
    assert_eq!((request.field("x-b"), request.field("x-c")), (Some("one"), Some("two")));
    assert_eq!(request.field("x-d"), Some("long"));
}

#[test]
fn the_log_has_what_the_choice_of_a_backend_captured() {
    let (_server, web) = rules("");
    let proxy = web
        .logged()
        .frontend("declare-capture = [\"request len 9\"]\nlog-format = \"%HU %hr\"")
        .frontend("use-backend = [\"app if { req.hdr(x-a),capture-req(0) -m found }\"]")
        .start();
    proxy.client().ask("GET /a HTTP/1.1\r\nHost: h\r\nX-A: one\r\n\r\n");
    assert_eq!(proxy.log_line(|_| true), "/a {one}");
}

#[test]
fn captures_and_log_levels() {
    let (_server, web) = rules(
        r#"
        "capture req.hdr(user-agent) len 5",
        "set-log-level silent if { path /silent }",
        "set-var(txn.x) str(kept)",
        "#,
    );
    let proxy = web
        .logged()
        .frontend("log-format = \"%HU {%[capture.req.hdr(0)]} %hr %[var(txn.x)] %[src]\"")
        .start();
    let mut client = proxy.client();
    client.get("/silent");
    client.ask("GET /a HTTP/1.1\r\nHost: h\r\nUser-Agent: abcdefgh\r\n\r\n");
    let line = proxy.log_line(|_| true);
    assert_eq!(line, "/a {abcde} {abcde} kept 127.0.0.1");
}

#[test]
fn timeouts_are_set_by_rules() {
    let slow = Server::start(|peer| {
        peer.head();
        peer.assert_silent(400);
    });
    let proxy = Web::to(&slow)
        .backend("http-request = [\"set-timeout server 100ms if { path /short }\"]")
        .start();
    let begun = std::time::Instant::now();
    assert_eq!(proxy.get("/short").status(), 504);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

/// What a client sends looks like a line of our own, and is none.
#[test]
fn a_kept_reply_loses_no_line() {
    let (_server, web) =
        rules(r#""return status 200 content-type text/plain string ok hdr x-echo %[req.hdr(a)]""#);
    let proxy = web.start();
    let mut client = proxy.client();
    let ask = "GET / HTTP/1.1\r\nHost: h\r\nA: connection: close\r\n\r\n";
    for _ in 0..2 {
        let answer = client.ask(ask);
        assert_eq!(answer.field("x-echo"), Some("connection: close"));
        assert_eq!((answer.field("content-type"), answer.text()), (Some("text/plain"), "ok"));
    }
}

/// Rules see the host that the server sees.
#[test]
fn a_path_does_not_become_part_of_the_host() {
    let (server, web) = rules(
        r#"
        "set-path %[path,regsub(^/prefix,)] if { path_beg /prefix }",
        "set-uri http://other.example/x if { path /uri }",
        "set-header host %[req.hdr(x-host)] if { req.hdr(x-host) -m found }",
        "#,
    );
    let proxy = web.start();
    let ask = |target: &str, more: &str| {
        let request = format!("GET {target} HTTP/1.1\r\nHost: good.example\r\n{more}\r\n");
        proxy.client().ask(&request).status()
    };
    assert_eq!(ask("http://good.example/prefix.evil.example/x", ""), 500);
    assert_eq!(ask("/uri", ""), 200);
    let request = server.last_request();
    assert_eq!(request.first_line(), "GET http://other.example/x HTTP/1.1");
    assert_eq!(request.fields("host"), ["other.example"]);
    assert_eq!(ask("http://good.example/x", "X-Host: b@c\r\n"), 500);
}

#[test]
fn a_client_that_closed_its_half_gets_the_tarpits_answer() {
    let (_server, web) = rules(r#""tarpit""#);
    let proxy = web.frontend("timeout.tarpit = \"200ms\"").logged().start();
    let mut client = proxy.client();
    client.send("GET /bad HTTP/1.1\r\nHost: h\r\n\r\n");
    client.finish();
    assert_eq!(client.message().status(), 500);
    assert!(proxy.log_line(|_| true).contains(" PT-- "));
}
