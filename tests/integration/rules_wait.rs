//! Rules that hold a response back, and rules that end a connection with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Server, Web, assert_same, eventually, noise, pause, reply};

/// `http-response` in the frontend.
fn rules(server: &Server, rules: &str) -> Web {
    Web::to(server).frontend(&format!("http-response = [\n{rules}\n]"))
}

const LOOK: &str = r#"
    "wait-for-body time 5s",
    "set-header x-len %[res.body_len]",
    "set-header x-size %[res.body_size]",
    "deny if { res.body -m sub evil }",
"#;

/// A server that says `first`, and `second` a little later.
fn in_two(first: &'static str, second: &'static str, closes: bool) -> Server {
    Server::start(move |peer| {
        while peer.has_more() {
            peer.head();
            peer.send(first);
            pause(80);
            peer.send(second);
            if closes {
                return;
            }
        }
    })
}

#[test]
fn a_body_is_waited_for_and_seen() {
    for (first, second, closes) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nhello", " world", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n", "hello world", false),
        ("HTTP/1.1 200 OK\r\ncontent-len", "gth: 11\r\n\r\nhello world", false),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "6\r\n world\r\n0\r\n\r\n",
            false,
        ),
        ("HTTP/1.1 200 OK\r\n\r\nhello", " world", true),
    ] {
        let server = in_two(first, second, closes);
        let proxy = rules(&server, LOOK).start();
        let mut client = proxy.client();
        for _ in 0..2 {
            let answer = client.get("/");
            assert_eq!(answer.text(), "hello world", "{first}");
            assert_eq!(answer.field("x-len"), Some("11"), "{first}");
            assert_eq!(answer.field("x-size"), Some("11"), "{first}");
        }
        assert_eq!(server.connections(), if closes { 2 } else { 1 }, "{first}");
    }
}

#[test]
fn a_body_can_be_refused() {
    let server = in_two("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsome", "evil", false);
    let proxy = rules(&server, LOOK).logged().start();
    assert_eq!(proxy.get("/").status(), 502);
    assert!(proxy.log_line(|_| true).contains(" PH-- "));
}

/// HAProxy says so too.
#[test]
fn a_body_that_is_late_is_504() {
    let server = Server::start(|peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsome");
        peer.drain();
    });
    let proxy = rules(&server, r#""wait-for-body time 100ms""#).logged().start();
    let mut client = proxy.client();
    assert_eq!(client.get("/late").status(), 504);
    let line = proxy.log_line(|_| true);
    assert!(line.contains(" sD-- ") && line.contains(" 504 "), "{line}");
}

#[test]
fn some_of_a_body_is_enough() {
    let is_seen = Arc::new(AtomicBool::new(false));
    let may_go_on = Arc::clone(&is_seen);
    let server = Server::start(move |peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nso");
        pause(80);
        peer.send("mee");
        eventually("the client has that", || may_go_on.load(Ordering::SeqCst));
        peer.send("vil");
    });
    let waits = r#""wait-for-body time 5s at-least 5", "set-header x-seen %[res.body]""#;
    let proxy = rules(&server, waits).start();
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let head = String::from_utf8(client.read_until("\r\n\r\n")).unwrap();
    assert!(head.contains("x-seen: somee\r\n"), "{head}");
    assert_eq!(client.read_exact(5), b"somee");
    is_seen.store(true, Ordering::SeqCst);
    assert_eq!(client.read_exact(3), b"vil");
}

#[test]
fn a_long_body_is_seen_in_part_and_sent_whole() {
    let sent = noise(300_000);
    for is_chunked in [false, true] {
        let body = sent.clone();
        let server = Server::http(move |_| match is_chunked {
            false => reply(&body),
            true => {
                let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
                for part in body.chunks(7000) {
                    bytes.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
                    bytes.extend_from_slice(part);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(b"0\r\nx-end: 1\r\n\r\n");
                bytes
            }
        });
        let proxy =
            rules(&server, r#""wait-for-body time 5s", "set-header x-len %[res.body_len]""#)
                .start();
        let mut client = proxy.client();
        for _ in 0..2 {
            let answer = client.get("/");
            assert_same(&answer.body, &sent);
            let len: usize = answer.field("x-len").unwrap().parse().unwrap();
            assert!((16_384..300_000).contains(&len), "{len}");
            assert_eq!(answer.trailers.contains("x-end"), is_chunked);
        }
    }
}

#[test]
fn nothing_is_waited_for_where_there_is_no_body() {
    let server = Server::http(|request| match request.first_line().split(' ').next() {
        Some("HEAD") => b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n".to_vec(),
        _ => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
    });
    let proxy = rules(&server, LOOK).start();
    let mut client = proxy.client();
    client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    let answer = client.head();
    assert_eq!((answer.field("content-length"), answer.field("x-len")), (Some("100"), Some("0")));
    let answer = client.get("/");
    assert_eq!((answer.status(), answer.field("x-len")), (204, Some("0")));
}

/// Else the next request would be answered with it.
#[test]
fn what_follows_a_response_is_nobodys() {
    const EVIL: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    for first in [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ] {
        for rule in ["wait-for-body time 5s", "pause 30ms", "set-header a b"] {
            let server = Server::start(move |peer| {
                while peer.has_more() {
                    peer.head();
                    if peer.try_send(format!("{first}{EVIL}")).is_err() {
                        return;
                    }
                }
            });
            let proxy = rules(&server, &format!("{rule:?}")).start();
            let mut client = proxy.client();
            for request in 0..3 {
                let answer = client.get("/");
                assert_ne!(answer.text(), "evil", "{rule} {first} {request}");
            }
        }
    }
}

/// What is missing shows, as it does without a rule.
#[test]
fn a_body_that_ends_early_is_cut() {
    let server = Server::once("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nhello");
    let proxy = rules(&server, LOOK).logged().start();
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let (bytes, _) = client.try_read_to_end();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("x-len: 5\r\n") && text.ends_with("\r\n\r\nhello"), "{text}");
    assert!(proxy.log_line(|_| true).contains(" SD-- "));
}

#[test]
fn a_response_pauses() {
    let server = Server::text("origin");
    let proxy = rules(&server, r#""pause 150ms if { status 200 }", "set-header x-a 1""#)
        .backend("http-response = [\"pause 150ms\", \"wait-for-body time 1s\", \"set-header x-b %[res.body]\"]")
        .start();
    let mut client = proxy.client();
    for _ in 0..2 {
        let begun = Instant::now();
        let answer = client.get("/");
        assert!(begun.elapsed() >= Duration::from_millis(290), "{:?}", begun.elapsed());
        assert_eq!(answer.text(), "origin");
        assert_eq!((answer.field("x-a"), answer.field("x-b")), (Some("1"), Some("origin")));
    }
    assert_eq!(server.connections(), 1);
}

/// A pause is nobody's slowness.
#[test]
fn a_pause_outlasts_the_servers_timeout() {
    let server = Server::text("origin");
    let proxy = rules(&server, r#""pause 400ms""#).backend("timeout.server = \"150ms\"").start();
    assert_eq!(proxy.get("/").text(), "origin");
}

/// The rest of a body may take as long as the server may, once it is listened to again.
#[test]
fn the_servers_time_begins_anew_behind_a_pause() {
    let server = Server::start(|peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n");
        pause(600);
        peer.send("origin");
    });
    let proxy = rules(&server, r#""pause 450ms""#).backend("timeout.server = \"300ms\"").start();
    assert_eq!(proxy.get("/").text(), "origin");
}

#[test]
fn a_client_that_waits_for_a_word_is_not_late_behind_a_pause() {
    let server = Server::start(|peer| {
        peer.head();
        peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        let body = peer.read_exact(5);
        peer.send(reply(&body));
    });
    let proxy = Web::to(&server)
        .frontend("timeout.client = \"300ms\"\nhttp-request = [\"pause 450ms\"]")
        .start();
    let mut client = proxy.client();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(client.head().status(), 100);
    client.send("hello");
    assert_eq!(client.message().text(), "hello");
}

/// It has nothing to take until then.
#[test]
fn the_clients_time_begins_when_a_response_is_let_go() {
    let sent = noise(300_000);
    let (body, half) = (sent.clone(), sent.len() / 2);
    let server = Server::start(move |peer| {
        while peer.has_more() {
            peer.head();
            peer.send("HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n");
            pause(300);
            peer.send(&body[..half]);
            pause(50);
            peer.send(&body[half..]);
        }
    });
    for rule in ["wait-for-body time 5s", "pause 320ms"] {
        let proxy =
            rules(&server, &format!("{rule:?}")).frontend("timeout.client = \"150ms\"").start();
        assert_same(&proxy.get("/").body, &sent);
    }
}

#[test]
fn a_client_that_leaves_ends_a_pause() {
    let server = Server::text("origin");
    let proxy = rules(&server, r#""pause 60s""#).logged().start();
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    eventually("the server was asked", || !server.requests().is_empty());
    client.reset();
    assert!(proxy.log_line(|_| true).contains(" CH-- "));
}

#[test]
fn a_tunnel_begins_behind_a_pause() {
    let server = Server::start(|peer| {
        peer.head();
        peer.send(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhi",
        );
        let word = peer.read_exact(3);
        peer.send(word);
    });
    let proxy =
        rules(&server, r#""pause 100ms", "wait-for-body time 5s", "set-header x-a 1""#).start();
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
    let head = client.head();
    assert_eq!((head.status(), head.field("x-a")), (101, Some("1")));
    assert_eq!(client.read_exact(2), b"hi");
    client.send("abc");
    assert_eq!(client.read_exact(3), b"abc");
}

#[test]
fn a_rule_ends_the_clients_connection() {
    let server = Server::text("origin");
    let proxy = rules(&server, r#""set-header Connection close if { capture.req.uri /last }""#)
        .frontend(
            r#"
            http-request = ["return status 200 content-type text/plain string own if { path_beg /own }"]
            http-after-response = ["add-header connection Close if { capture.req.uri /own-last }"]
            "#,
        )
        .start();
    let mut client = proxy.client();
    for target in ["/", "/own", "/last"] {
        let answer = client.get(target);
        assert_eq!(answer.closes(), target == "/last", "{target}");
    }
    assert_eq!(client.read_to_end(), b"");
    assert_eq!(server.connections(), 1);
    let mut client = proxy.client();
    let answer = client.get("/own-last");
    assert!(answer.text() == "own" && answer.closes());
    assert_eq!(client.read_to_end(), b"");
}

#[test]
fn a_rule_ends_the_servers_connection() {
    let server = Server::text("origin");
    let proxy = Web::to(&server)
        .backend(
            r#"http-request = [
            "set-header connection close if { path /last /both }",
            "set-header connection keep-alive if { path /both }",
        ]"#,
        )
        .start();
    let mut client = proxy.client();
    for (target, closes, connections) in
        [("/", false, 1), ("/both", false, 1), ("/last", true, 1), ("/", false, 2)]
    {
        let answer = client.get(target);
        assert!(answer.text() == "origin" && !answer.closes(), "{target}");
        assert_eq!(server.last_request().closes(), closes, "{target}");
        assert_eq!(server.connections(), connections, "{target}");
    }
}
