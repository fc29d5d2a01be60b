//! Every timeout ends in its own way, on time.

use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::support::{Peer, Server, Web, pause, reply};

/// Time from when `wait` begins until it ends, which must be near `expected_ms`.
fn assert_takes<T>(expected_ms: u64, wait: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let outcome = wait();
    let took = begun.elapsed();
    let expected = Duration::from_millis(expected_ms);
    let on_time = expected.mul_f32(0.9)..expected + Duration::from_millis(400);
    assert!(on_time.contains(&took), "took {took:?} instead of {expected:?}");
    outcome
}

/// A server that takes no connection: its queue is full, so that the kernel drops each SYN.
pub(crate) struct Full {
    pub(crate) address: String,
    _listener: Socket,
    _waiting: Vec<Socket>,
}

impl Full {
    pub(crate) fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
        listener.bind(&any.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let connect = |_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            let _ = socket.connect(&address);
            socket
        };
        let waiting = (0..4).map(connect).collect();
        let address = address.as_socket().unwrap().to_string();
        Self { address, _listener: listener, _waiting: waiting }
    }
}

#[test]
fn connect_timeout_is_503() {
    let full = Full::new();
    let web = Web::new().logged().backend("timeout.connect = \"100ms\"\nretries = 1");
    let proxy = web.server(&full.address, "").start();
    let response = assert_takes(200, || proxy.get("/"));
    assert_eq!(response.status(), 503);
    proxy.log_line(|line| line.contains(" 503 ") && line.contains(" sC-- "));
}

#[test]
fn connect_timeout_goes_to_the_next_server() {
    let (full, server) = (Full::new(), Server::text("ok"));
    let web = Web::new().shards(1).backend("timeout.connect = \"100ms\"");
    let proxy = web.server(&full.address, "").server(&server.address(), "").start();
    let response = assert_takes(100, || proxy.get("/"));
    assert_eq!(response.text(), "ok");
}

#[test]
fn server_timeout_is_504() {
    let server = Server::start(|peer| {
        peer.message();
        assert_eq!(peer.drain(), b"");
    });
    let proxy = Web::to(&server).logged().backend("timeout.server = \"200ms\"").start();
    let response = assert_takes(200, || proxy.get("/"));
    assert_eq!((response.status(), response.closes()), (504, true));
    proxy.log_line(|line| line.contains(" 504 ") && line.contains(" sH-- "));
    server.await_ended();
}

/// In the middle of a body, what is missing must show.
#[test]
fn server_timeout_in_a_body() {
    let server = Server::start(|peer| {
        peer.message();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ");
        peer.drain();
    });
    let proxy = Web::to(&server).logged().backend("timeout.server = \"200ms\"").start();
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client.read_until("half ");
    assert_eq!(assert_takes(200, || client.drain()), b"");
    proxy.log_line(|line| line.contains(" 200 ") && line.contains(" sD-- "));
}

/// A server that goes on sending, however slowly, is not cut off.
#[test]
fn slow_server() {
    let server = Server::start(|peer| {
        peer.message();
        for piece in
            "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nlittle by li".as_bytes().chunks(2)
        {
            peer.send(piece);
            pause(20);
        }
    });
    let proxy = Web::to(&server).backend("timeout.server = \"150ms\"").start();
    assert_eq!(proxy.get("/").text(), "little by li");
}

#[test]
fn http_request_timeout_is_408() {
    let server = Server::text("never");
    let proxy = Web::to(&server).logged().frontend("timeout.http-request = \"200ms\"").start();
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHos");
    let response = assert_takes(200, || client.message());
    assert_eq!((response.status(), response.closes()), (408, true));
    proxy.log_line(|line| {
        line.contains(" 408 ") && line.contains(" cR-- ") && line.contains("<BADREQ>")
    });
}

/// A byte now and then does not keep a request head alive.
#[test]
fn slow_client_hits_the_http_request_timeout() {
    let server = Server::text("never");
    let proxy = Web::to(&server).frontend("timeout.http-request = \"300ms\"").start();
    let mut client = proxy.client();
    let mut sender = client.double();
    let drip = std::thread::spawn(move || {
        let mut head = "GET / HTTP/1.1\r\nX-Slow: ".bytes().chain(std::iter::repeat(b'x'));
        while sender.try_send([head.next().unwrap()]).is_ok() {
            pause(20);
        }
    });
    let response = assert_takes(300, || client.message());
    assert_eq!(response.status(), 408);
    drop(client);
    drip.join().unwrap();
    assert_eq!(server.connections(), 0);
}

/// A whole request in pieces of one byte, and its response read in small pieces.
#[test]
fn slow_client() {
    let server = Server::http(|request| reply(&request.body));
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    for round in 0..2 {
        for byte in
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n01234567890123456789".bytes()
        {
            client.send([byte]);
            if round == 0 {
                pause(1);
            }
        }
        client.read_until("\r\n\r\n");
        for digit in "01234567890123456789".bytes() {
            assert_eq!(client.read_exact(1), [digit]);
        }
    }
    assert_eq!(server.requests().len(), 2);
}

/// A client that reads slowly, but reads, is not cut off though the response takes much longer than
/// its timeout.
#[test]
fn slow_reader_is_alive() {
    const LEN: usize = 400_000;
    let server = Server::http(|_| reply(vec![b'x'; LEN]));
    let proxy = Web::to(&server).frontend("timeout.client = \"300ms\"").start();
    let mut client = Peer::connect_narrow(proxy.address("web"));
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client.read_until("\r\n\r\n");
    for _ in 0..100 {
        client.read_exact(LEN / 100);
        pause(12);
    }
}

#[test]
fn client_timeout_of_a_reader_that_stopped() {
    let server = Server::http(|_| reply(vec![b'x'; 20_000_000]));
    let proxy = Web::to(&server).logged().frontend("timeout.client = \"300ms\"").start();
    let mut client = Peer::connect_narrow(proxy.address("web"));
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client.read_until("\r\n\r\n");
    proxy.log_line(|line| line.contains(" 200 ") && line.contains(" cD-- "));
    server.await_ended();
}

#[test]
fn client_timeout_in_a_request_body() {
    let server = Server::start(|peer| {
        peer.head();
        peer.drain();
    });
    let proxy = Web::to(&server).logged().frontend("timeout.client = \"200ms\"").start();
    let mut client = proxy.client();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf ");
    let response = assert_takes(200, || client.message());
    assert_eq!(response.status(), 408);
    proxy.log_line(|line| line.contains(" 408 ") && line.contains(" cH-- "));
    server.await_ended();
}

#[test]
fn keep_alive_timeout_is_silent() {
    let server = Server::text("ok");
    let proxy = Web::to(&server).frontend("timeout.http-keep-alive = \"200ms\"").start();
    let mut client = proxy.client();
    client.get("/");
    assert_takes(200, || client.closed_after());
}

/// The FIN of a connection that idled too long comes at once, though a receive is in flight on it.
#[test]
fn fin_on_idle_timeout() {
    let server = Server::text("ok");
    let proxy = Web::to(&server).frontend("timeout.http-keep-alive = \"100ms\"").start();
    let mut late = Vec::new();
    for _ in 0..5 {
        let mut client = proxy.client();
        client.get("/");
        let took = client.closed_after();
        assert!(took >= Duration::from_millis(90), "{took:?}");
        late.push(took.saturating_sub(Duration::from_millis(100)));
    }
    late.sort_unstable();
    assert!(late[2] < Duration::from_millis(50), "{late:?}");
}

#[test]
fn tcp_mode_client_and_server_timeouts() {
    for (section, end) in [("timeout.client", "cD"), ("timeout.server", "sD")] {
        let server = Server::start(|peer| {
            peer.drain();
        });
        let web = Web::to(&server).tcp().logged();
        let timeout = format!("{section} = \"200ms\"");
        let web = if end == "cD" { web.frontend(&timeout) } else { web.backend(&timeout) };
        let proxy = web.start();
        let mut client = proxy.client();
        client.send("x");
        assert_takes(200, || client.drain());
        proxy.log_line(|line| line.contains(&format!(" {end} ")));
        server.await_ended();
    }
}

/// Once a connection is a tunnel, only `timeout.tunnel` counts.
#[test]
fn tunnel_timeout() {
    let server = Server::start(|peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        peer.drain();
    });
    let web = Web::to(&server).logged().frontend("timeout.client = \"50ms\"");
    let web = web.backend("timeout.server = \"50ms\"\ntimeout.tunnel = \"300ms\"");
    let proxy = web.start();
    let mut client = proxy.client();
    client.send("CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n");
    client.head();
    assert_takes(300, || client.drain());
    proxy.log_line(|line| line.contains("CONNECT") && line.contains(" 200 "));
    server.await_ended();
}
