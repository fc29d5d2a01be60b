//! Rules of responses, and of the replies that are the proxy's own.

use crate::support::{Server, Web};

#[test]
fn responses_are_edited_and_refused() {
    let server = Server::http(|request| {
        let secret = if request.first_line().contains("/secret") { "x-secret: 1\r\n" } else { "" };
        format!(
            "HTTP/1.1 200 OK\r\nserver: apache\r\nset-cookie: a=1\r\n{secret}content-length: 2\r\n\r\nok"
        )
        .into_bytes()
    });
    let proxy = Web::to(&server)
        .logged()
        .frontend(
            r#"http-response = [
            "deny if { res.hdr(x-secret) -m found }",
            "del-header server",
            "set-header strict-transport-security max-age=1",
            "replace-header set-cookie (.*) \\1;\\ Secure",
            "set-status 201 reason Made if { capture.req.method POST }",
            "set-header x-status %[status]",
        ]"#,
        )
        .start();
    let mut client = proxy.client();
    let answer = client.get("/");
    assert_eq!(answer.first_line(), "HTTP/1.1 200 OK");
    assert_eq!((answer.field("server"), answer.text()), (None, "ok"));
    assert_eq!(answer.field("strict-transport-security"), Some("max-age=1"));
    assert_eq!(answer.field("set-cookie"), Some("a=1; Secure"));
    let post = client.ask("POST /p HTTP/1.1\r\nHost: h\r\ncontent-length: 0\r\n\r\n");
    assert_eq!((post.first_line(), post.field("x-status")), ("HTTP/1.1 201 Made", Some("201")));
    assert!(proxy.log_line(|line| line.contains("/p ")).contains(" 201 "));
    let refused = client.get("/secret");
    assert_eq!(refused.status(), 502);
    assert!(proxy.log_line(|line| line.contains("/secret")).contains(" PH-- "));
}

#[test]
fn what_follows_every_response() {
    let server = Server::text("origin");
    let proxy = Web::to(&server)
        .frontend(
            r#"
            http-request = ["deny if { path /no }", "return status 200 string hi content-type text/plain if { path /own }"]
            http-response = ["set-header x-response 1"]
            http-after-response = ["set-header x-after %[status]", "del-header cache-control"]
            "#,
        )
        .start();
    let mut client = proxy.client();
    let answer = client.get("/");
    assert_eq!((answer.field("x-response"), answer.field("x-after")), (Some("1"), Some("200")));
    let denied = client.get("/no");
    assert_eq!((denied.field("x-response"), denied.field("x-after")), (None, Some("403")));
    assert_eq!(denied.field("cache-control"), None);
    assert!(denied.text().contains("403 Forbidden"));
    let own = client.get("/own");
    assert_eq!((own.text(), own.field("x-after")), ("hi", Some("200")));
    // What was no request is answered, too.
    let mut client = proxy.client();
    client.send("bad\r\n\r\n");
    assert_eq!(client.message().field("x-after"), Some("400"));
}

#[test]
fn variables_carry_from_request_to_response() {
    let server = Server::text("origin");
    let proxy = Web::to(&server)
        .frontend(
            r#"
            http-request = ["set-var(txn.host) req.hdr(host),lower", "set-var(req.gone) path"]
            http-response = ["set-header x-host %[var(txn.host)]", "set-header x-gone '[%[var(req.gone)]]'"]
            "#,
        )
        .start();
    let answer = proxy.client().ask("GET / HTTP/1.1\r\nHost: A.Example\r\n\r\n");
    assert_eq!(answer.field("x-host"), Some("a.example"));
}

#[test]
fn a_response_in_pieces_is_edited_as_a_whole() {
    let server = Server::start(|peer| {
        peer.head();
        for part in ["HTTP/1.1 200 OK\r\nX-A", ": 1\r\ncontent-le", "ngth: 5\r\n\r\nhe", "llo"] {
            peer.send(part);
            crate::support::pause(20);
        }
        peer.drain();
    });
    let proxy = Web::to(&server)
        .frontend("http-response = [\"set-header x-a %[res.hdr(x-a)]2\", \"add-header x-b 3\"]")
        .start();
    let answer = proxy.get("/");
    assert_eq!((answer.fields("x-a"), answer.text()), (vec!["12"], "hello"));
    assert_eq!(answer.field("x-b"), Some("3"));
}

#[test]
fn hints_go_ahead() {
    let server = Server::text("origin");
    let proxy = Web::to(&server)
        .frontend("http-request = [\"early-hint Link '</a.css>; rel=preload'\"]")
        .start();
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let hint = client.read_until("\r\n\r\n");
    assert_eq!(hint, b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n");
    assert_eq!(client.message().text(), "origin");
}

/// As HAProxy: rules in a row make one response, as long as they have no condition.
#[test]
fn hints_are_gathered() {
    let server = Server::text("origin");
    let proxy = Web::to(&server)
        .frontend(
            r#"http-request = [
            "early-hint Link </a.css>",
            "early-hint Link </b.css>",
            "early-hint x c if { path /x }",
            "early-hint y d",
            "set-header a b",
            "early-hint z e",
        ]"#,
        )
        .start();
    let mut client = proxy.client();
    for (target, fields) in [
        ("/", ["link: </a.css>\r\nlink: </b.css>", "y: d", "z: e"]),
        ("/x", ["link: </a.css>\r\nlink: </b.css>", "x: c\r\ny: d", "z: e"]),
    ] {
        client.send(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"));
        for fields in fields {
            let hint = String::from_utf8(client.read_until("\r\n\r\n")).unwrap();
            assert_eq!(hint, format!("HTTP/1.1 103 Early Hints\r\n{fields}\r\n\r\n"));
        }
        assert_eq!(client.message().text(), "origin");
    }
}

/// `when`: what a log shows of streams depends on how they went.
#[test]
fn streams_that_went_well_and_others() {
    let server = Server::text("origin");
    let proxy = Web::to(&server)
        .logged()
        .frontend(
            r#"
            http-request = ["deny if { path /denied }", "return status 200 if { path /own }"]
            log-format = "%HU %[str(e),when(error)] %[str(n),when(normal)] %[str(f),when(forwarded)]"
            "#,
        )
        .start();
    for (target, expected) in [("/", "- n f"), ("/denied", "e - -"), ("/own", "- n -")] {
        proxy.get(target);
        let line = proxy.log_line(|line| line.starts_with(&format!("{target} ")));
        assert_eq!(line, format!("{target} {expected}"));
    }
}

/// A client that waits for a body of which there is none would take the next response for it.
#[test]
fn a_status_without_a_body_gets_a_length_with_another_one() {
    let server = Server::http(|request| {
        let status = if request.first_line().contains("/204") {
            "204 No Content"
        } else {
            "304 Not Modified"
        };
        format!("HTTP/1.1 {status}\r\netag: x\r\n\r\n").into_bytes()
    });
    let proxy = Web::to(&server)
        .frontend("http-response = [\"set-status 200 if { status 204 304 }\"]")
        .start();
    let mut client = proxy.client();
    for target in ["/204", "/304", "/204"] {
        let answer = client.get(target);
        assert_eq!((answer.status(), answer.field("content-length")), (200, Some("0")), "{target}");
    }
}
