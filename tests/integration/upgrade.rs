//! CONNECT and upgrades: after the head, bytes both ways.

use crate::support::{Server, Web, assert_same, noise};

const WEBSOCKET: &str = "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const SWITCHING: &str =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/// Answers with `head`, then sends back all that comes.
fn echo_after(head: &'static str) -> Server {
    Server::start(move |peer| {
        let request = peer.head();
        if request.first_line().starts_with("GET") {
            assert_eq!(request.field("upgrade"), Some("websocket"));
            assert_eq!(
                request.field("connection").map(str::to_lowercase).as_deref(),
                Some("upgrade")
            );
        }
        peer.send(head);
        while peer.has_more() {
            let bytes = peer.take();
            peer.send(bytes);
        }
    })
}

#[test]
fn websocket() {
    let server = echo_after(SWITCHING);
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    client.send(WEBSOCKET);
    let response = client.head();
    assert_eq!((response.status(), response.field("upgrade")), (101, Some("websocket")));
    assert_eq!(response.field("connection").map(str::to_lowercase).as_deref(), Some("upgrade"));
    for frame in ["\u{1}ping", "\u{2}pong"] {
        client.send(frame);
        assert_eq!(client.read_exact(frame.len()), frame.as_bytes());
    }
    client.finish();
    assert_eq!(client.read_to_end(), b"");
    server.await_ended();
}

#[test]
fn connect() {
    let server = echo_after("HTTP/1.1 200 Connection established\r\n\r\n");
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    client.send("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n");
    assert_eq!(client.head().status(), 200);
    let bytes = noise(1_000_000);
    let mut sender = client.double();
    let sent = bytes.clone();
    let upload = std::thread::spawn(move || {
        sender.send(sent);
        sender.finish();
    });
    assert_same(&client.read_to_end(), &bytes);
    upload.join().unwrap();
}

/// What a side says in one breath with its head belongs to the tunnel.
#[test]
fn bytes_right_behind_the_heads() {
    let server = Server::start(|peer| {
        peer.head();
        peer.send(format!("{SWITCHING}hello from the server"));
        assert_eq!(peer.read_exact(5), b"early");
        peer.send(".");
    });
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    client.send(format!("{WEBSOCKET}early"));
    assert_eq!(client.head().status(), 101);
    assert_eq!(client.read_exact(22), b"hello from the server.");
}

/// An upgrade that the server declines is a plain request.
#[test]
fn upgrade_declined() {
    let server = Server::text("plain");
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    assert_eq!(client.ask(WEBSOCKET).text(), "plain");
    assert_eq!(client.get("/").text(), "plain");
}

/// Nobody asked for another protocol: RFC 9110 section 7.8 forbids the server to switch.
#[test]
fn unasked_101_is_refused() {
    let server = Server::once(SWITCHING);
    let proxy = Web::to(&server).start();
    assert_eq!(proxy.get("/").status(), 502);
}
