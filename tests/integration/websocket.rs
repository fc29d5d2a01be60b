//! WebSocket handshakes: only whole ones go on, and only a true proof opens the tunnel.

use crate::support::{Server, Web, pause};

const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const ACCEPT: &str = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

fn request(lines: &str) -> String {
    format!(
        "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\n{lines}\r\n"
    )
}

fn response(lines: &str) -> String {
    format!("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n{lines}\r\n")
}

/// Answers with these bytes, then sends back what comes.
fn echoing(head: String) -> Server {
    Server::start(move |peer| {
        if !peer.has_more() {
            return;
        }
        peer.head();
        let _ = peer.try_send(&head);
        while peer.has_more() {
            let bytes = peer.take();
            let _ = peer.try_send(bytes);
        }
    })
}

fn logged(web: Web) -> Web {
    web.logged().frontend("log-format = \"%ST %ts %U %B\"")
}

#[test]
fn proven_handshake() {
    let server = echoing(response(&format!("Upgrade: websocket\r\n{ACCEPT}")));
    let proxy = logged(Web::to(&server)).start();
    let mut client = proxy.client();
    client.send(request(KEY));
    let head = client.head();
    assert_eq!((head.status(), head.field("upgrade")), (101, Some("websocket")));
    assert_eq!(head.field("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    client.send("ping");
    assert_eq!(client.read_exact(4), b"ping");
    client.finish();
    client.drain();
    let sent = head.head.len() + 4;
    let received = request(KEY).len() + 4;
    assert_eq!(proxy.log_line(|_| true), format!("101 -- {received} {sent}"));
}

#[test]
fn bad_requests_reach_no_server() {
    let short = "Sec-WebSocket-Key: c2hvcnQ=\r\n";
    let twice = format!("{KEY}{KEY}");
    for lines in ["", "Sec-WebSocket-Key: \r\n", "Sec-WebSocket-Key: ?\r\n", short, &twice] {
        let server = echoing(response("Upgrade: websocket\r\n"));
        let proxy = logged(Web::to(&server)).start();
        let mut client = proxy.client();
        client.send(request(lines));
        assert_eq!((client.message().status(), server.connections()), (400, 0), "{lines:?}");
        let line = proxy.log_line(|_| true);
        assert!(line.starts_with("400 PR "), "{line}");
    }
    let server = echoing(response("Upgrade: websocket\r\n"));
    let post =
        request(KEY).replace("GET", "POST").replace("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(Web::to(&server).start().client().ask(&post).status(), 400);
}

#[test]
fn bad_responses_open_no_tunnel() {
    let wrong = ACCEPT.replace("s3pPL", "s3pPM");
    for lines in [
        format!("Upgrade: websocket\r\n{wrong}"),
        format!("Upgrade: websocket\r\n{ACCEPT}{wrong}"),
        "Upgrade: other\r\n".to_owned(),
        String::new(),
    ] {
        let server = echoing(response(&lines));
        let proxy = logged(Web::to(&server)).start();
        let mut client = proxy.client();
        client.send(format!("{}GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n", request(KEY)));
        let head = client.head();
        assert_eq!(head.status(), 502, "{lines}");
        let rest = String::from_utf8(client.drain()).unwrap();
        assert!(!rest.contains("smuggled"), "{rest}");
        let line = proxy.log_line(|_| true);
        assert!(line.starts_with("502 PH "), "{line}");
    }
}

/// What the client says before the server agreed stays here, for it may be a request to us.
#[test]
fn early_bytes_wait_for_the_101() {
    let server = Server::start(|peer| {
        peer.head();
        peer.assert_silent(60);
        peer.send(response(&format!("Upgrade: websocket\r\n{ACCEPT}")));
        assert_eq!(peer.read_exact(5), b"early");
        peer.send("got it");
    });
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    client.send(request(KEY));
    client.send("early");
    assert_eq!(client.head().status(), 101);
    assert_eq!(client.read_exact(6), b"got it");
    server.await_ended();
}

/// A handshake that the server declines leaves a client connection like any other: what was sent
/// early is the next request.
#[test]
fn declined_with_a_request_behind() {
    let server = Server::http(|request| match request.first_line().contains("/chat") {
        true => b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno".to_vec(),
        false => crate::support::reply(request.first_line()),
    });
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    client.send(format!("{}GET /next HTTP/1.1\r\nHost: h\r\n\r\n", request(KEY)));
    assert_eq!(client.message().status(), 403);
    assert_eq!(client.message().text(), "GET /next HTTP/1.1");
}

/// Lenient frontends let old clients through that send no key.
#[test]
fn lenient_frontend() {
    let option = "option.accept-unsafe-violations-in-http-request = true";
    let server = echoing(response("Upgrade: websocket\r\n"));
    let proxy = Web::to(&server).frontend(option).start();
    let mut client = proxy.client();
    client.send(request(""));
    assert_eq!(client.head().status(), 101);
    client.send("ping");
    assert_eq!(client.read_exact(4), b"ping");
}

/// A slow server is waited for, a silent tunnel is not cut off by the timeouts of requests.
#[test]
fn timeouts_of_a_handshake() {
    let server = Server::start(|peer| {
        peer.head();
        pause(80);
        peer.send(response(&format!("Upgrade: websocket\r\n{ACCEPT}")));
        assert_eq!(peer.read_exact(4), b"ping");
        peer.send("pong");
    });
    let web = Web::to(&server).frontend("timeout.client = \"150ms\"");
    let proxy = web.backend("timeout.server = \"150ms\"").start();
    let mut client = proxy.client();
    client.send(request(KEY));
    assert_eq!(client.head().status(), 101);
    client.assert_silent(250);
    client.send("ping");
    assert_eq!(client.read_to_end(), b"pong");
}

/// `option.logasap` writes the line when the tunnel begins.
#[test]
fn logasap() {
    let server = echoing(response(&format!("Upgrade: websocket\r\n{ACCEPT}")));
    let proxy = logged(Web::to(&server)).frontend("option.logasap = true").start();
    let mut client = proxy.client();
    client.send(request(KEY));
    let head = client.head();
    assert_eq!(
        proxy.log_line(|_| true),
        format!("101 -- {} +{}", request(KEY).len(), head.head.len())
    );
    client.send("ping");
    assert_eq!(client.read_exact(4), b"ping");
}

/// What is left of a request's body would run into the tunnel.
#[test]
fn a_switch_before_the_body_is_whole() {
    let server = Server::start(|peer| {
        peer.head();
        let _ = peer.try_send(response("Upgrade: chat\r\n"));
        peer.drain();
    });
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    client.send(
        "POST / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: chat\r\n\
         Content-Length: 9\r\n\r\nhalf",
    );
    assert_eq!(client.head().status(), 502);
}
