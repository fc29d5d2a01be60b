//! `http-keep-alive`, `http-server-close` and `httpclose`: which connection outlives a request.

use crate::support::{Message, Peer, Server, Web, reply};

const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const OLD: &str = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";

/// What two requests over one client connection came to.
#[derive(Debug, PartialEq)]
struct Seen {
    /// The `connection` field that the server got.
    asked: Option<String>,
    /// The one that the client got.
    told: Option<String>,
    server_connections: usize,
    answers: usize,
}

/// Both requests are sent at once, so that a connection that closes leaves the second unanswered.
fn two_requests(web: Web, server: &Server, request: &str) -> Seen {
    let proxy = web.start();
    let mut client = proxy.client();
    client.send(request.repeat(2));
    client.finish();
    let answers = String::from_utf8(client.drain()).unwrap();
    let first = Message { head: answers.clone(), ..Message::default() };
    let told = answers.split("\r\n\r\n").next().unwrap();
    let told = Message { head: told.to_owned(), ..first };
    let own = |message: &Message| message.field("connection").map(str::to_owned);
    Seen {
        asked: own(&server.requests()[0]),
        told: own(&told),
        server_connections: server.connections(),
        answers: answers.matches("HTTP/1.1 200").count(),
    }
}

fn check(request: &str, modes: (&str, &str), expected: (Option<&str>, Option<&str>, usize, usize)) {
    let server = Server::text("ok");
    let option = |mode: &str| match mode {
        "" => String::new(),
        _ => format!("option.{mode} = true"),
    };
    let web = Web::to(&server).frontend(&option(modes.0)).backend(&option(modes.1));
    let (asked, told, server_connections, answers) = expected;
    let owned = |value: Option<&str>| value.map(str::to_owned);
    let expected = Seen { asked: owned(asked), told: owned(told), server_connections, answers };
    assert_eq!(two_requests(web, &server, request), expected, "{modes:?}");
}

/// The stronger of the two sides' modes counts, but a backend's never closes the client.
#[test]
fn modes_combine() {
    let close = Some("close");
    let cases = [
        (("", ""), (None, None, 1, 2)),
        (("http-keep-alive", "http-keep-alive"), (None, None, 1, 2)),
        (("http-server-close", ""), (close, None, 2, 2)),
        (("", "http-server-close"), (close, None, 2, 2)),
        (("http-server-close", "http-keep-alive"), (close, None, 2, 2)),
        (("http-keep-alive", "http-server-close"), (close, None, 2, 2)),
        (("", "httpclose"), (close, None, 2, 2)),
        (("httpclose", ""), (close, close, 1, 1)),
        (("httpclose", "http-keep-alive"), (close, close, 1, 1)),
    ];
    for (modes, expected) in cases {
        check(GET, modes, expected);
    }
}

/// A client of HTTP/1.0 is told that its connection stays, for it would not think so.
#[test]
fn http_1_0_clients() {
    let (close, keep) = (Some("close"), Some("keep-alive"));
    check(OLD, ("", ""), (None, keep, 1, 2));
    check(OLD, ("http-server-close", ""), (close, keep, 2, 2));
    check(OLD, ("", "httpclose"), (close, keep, 2, 2));
    check(OLD, ("httpclose", ""), (close, close, 1, 1));
    check("GET / HTTP/1.0\r\n\r\n", ("", ""), (None, close, 1, 1));
}

/// Sections that inherit a mode may have another one of their own.
#[test]
fn a_sections_own_mode_wins_over_defaults() {
    let server = Server::text("ok");
    let web = Web::to(&server)
        .global("[defaults]\noption.httpclose = true")
        .frontend("option.http-keep-alive = true")
        .backend("option.http-keep-alive = true");
    let seen = two_requests(web, &server, GET);
    assert_eq!((seen.server_connections, seen.answers, seen.told), (1, 2, None));
}

/// What the server says of its own connection is its own affair.
#[test]
fn server_that_closes_leaves_the_client_alone() {
    let server =
        Server::once("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    for count in 1..=3 {
        let response = client.get("/");
        assert_eq!((response.text(), response.field("connection")), ("ok", None));
        assert_eq!(server.connections(), count);
    }
}

/// A client that wants to close does so; the server's connection stays for others.
#[test]
fn client_that_closes_leaves_the_server_alone() {
    let server = Server::text("ok");
    let proxy = Web::to(&server).shards(1).backend("http-reuse = \"always\"").start();
    for _ in 0..3 {
        let mut client = proxy.client();
        client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        let response = client.message();
        assert!(response.closes() && client.closed_after().as_millis() < 1000);
        assert_eq!(server.last_request().field("connection"), None);
    }
    assert_eq!(server.connections(), 1);
}

/// A connection from the pool is used, told to close, and not put back.
#[test]
fn server_close_ends_a_pooled_connection() {
    let server = Server::text("ok");
    let proxy = Web::to(&server)
        .shards(1)
        .global("[frontend.closing]\nbind = \"127.0.0.1:0\"\ndefault-backend = \"app\"")
        .global("option.http-server-close = true")
        .backend("http-reuse = \"always\"")
        .start();
    let get = |frontend| Peer::connect(proxy.address(frontend)).get("/").status();
    assert_eq!(get("web"), 200);
    assert_eq!(get("closing"), 200);
    assert_eq!((server.connections(), server.last_request().closes()), (1, true));
    server.await_ended();
    assert_eq!(get("web"), 200);
    assert_eq!(server.connections(), 2);
}

/// An upgrade asks for its own field; once it is declined the connection is closed all the same.
#[test]
fn upgrade_with_server_close() {
    let server = Server::text("plain");
    let proxy = Web::to(&server).frontend("option.http-server-close = true").start();
    let mut client = proxy.client();
    let upgrade = "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n";
    for count in 1..=2 {
        assert_eq!(client.ask(upgrade).text(), "plain");
        assert_eq!(server.last_request().field("connection"), Some("upgrade"));
        assert_eq!(server.connections(), count);
    }
    server.await_ended();
}

/// The tunnel that an upgrade opens lives on whatever the mode.
#[test]
fn tunnel_with_httpclose() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n";
    let server = Server::start(move |peer| {
        peer.head();
        peer.send(switch);
        assert_eq!(peer.read_exact(4), b"ping");
        peer.send("pong");
    });
    let proxy = Web::to(&server).frontend("option.httpclose = true").start();
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n");
    assert_eq!(client.head().field("connection"), Some("upgrade"));
    client.send("ping");
    assert_eq!(client.read_to_end(), b"pong");
}

/// `httpclose` with bodies on both sides: everything arrives before the FIN.
#[test]
fn httpclose_with_bodies() {
    let server = Server::http(|request| reply(&request.body));
    let proxy = Web::to(&server).logged().frontend("option.httpclose = true").start();
    let mut client = proxy.client();
    let body = "b".repeat(300_000);
    client.send(format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n{body}"));
    let response = client.message();
    assert_eq!((response.text() == body, response.closes()), (true, true));
    client.closed_after();
    proxy.log_line(|line| line.contains(" 200 ") && line.contains(" ---- "));
}
