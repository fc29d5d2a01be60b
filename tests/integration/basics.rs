//! Requests and responses of every shape go through whole.

use crate::support::{Peer, Server, Web, assert_same, noise, reply};

#[test]
fn get() {
    let server = Server::text("hello");
    let proxy = Web::to(&server).start();
    let response = proxy.get("/a?b=c");
    assert_eq!((response.status(), response.text()), (200, "hello"));
    let request = server.last_request();
    assert_eq!(request.first_line(), "GET /a?b=c HTTP/1.1");
    assert_eq!(request.field("host"), Some("test"));
}

#[test]
fn keep_alive_on_both_sides() {
    let server = Server::text("hello");
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    for index in 0..20 {
        assert_eq!(client.get(&format!("/{index}")).text(), "hello");
    }
    assert_eq!((server.connections(), server.requests().len()), (1, 20));
}

#[test]
fn post_with_a_length() {
    let server = Server::http(|request| reply(&request.body));
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    for body in ["", "x", "a longer body"] {
        let len = body.len();
        let request = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {len}\r\n\r\n{body}");
        assert_eq!(client.ask(&request).text(), body);
    }
}

#[test]
fn post_in_chunks_with_trailers() {
    let server = Server::http(|request| reply(&request.body));
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    client
        .send("POST / HTTP/1.1\r\nHost: h\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("5\r\nhello\r\n1;ext=1\r\n,\r\n");
    client.send("6\r\n world\r\n0\r\nX-Sum: 12\r\n\r\n");
    assert_eq!(client.message().text(), "hello, world");
    let request = server.last_request();
    assert_eq!(request.field("transfer-encoding"), Some("chunked"));
    assert_eq!(request.trailers.to_lowercase(), "x-sum: 12\r\n\r\n");
    assert_eq!(client.get("/").status(), 200);
}

#[test]
fn chunked_response_with_trailers() {
    let server = Server::http(|_| {
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
          3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Sum: 7\r\n\r\n"
            .to_vec()
    });
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    for _ in 0..3 {
        let response = client.get("/");
        assert_eq!(response.text(), "abcdefg");
        assert_eq!(response.trailers.to_lowercase(), "x-sum: 7\r\n\r\n");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn responses_without_a_body() {
    let server = Server::http(|request| match request.first_line() {
        line if line.starts_with("HEAD") => {
            b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".to_vec()
        }
        line if line.contains("/304") => {
            b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: x\r\n\r\n".to_vec()
        }
        line if line.contains("/204") => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
        _ => reply("body"),
    });
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.head().field("content-length"), Some("1000"));
    client.send("GET /304 HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.head().status(), 304);
    client.send("GET /204 HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.head().fields("content-length"), Vec::<&str>::new());
    assert_eq!(client.get("/").text(), "body");
    assert_eq!(server.connections(), 1);
}

const LARGE: usize = 6 * 1024 * 1024 + 12_345;

#[test]
fn large_response() {
    let server = Server::http(|_| reply(noise(LARGE)));
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    for _ in 0..2 {
        assert_same(&client.get("/").body, &noise(LARGE));
    }
}

#[test]
fn large_request() {
    let server = Server::http(|request| {
        assert_same(&request.body, &noise(LARGE));
        reply("whole")
    });
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    for _ in 0..2 {
        client.send(format!("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: {LARGE}\r\n\r\n"));
        client.send(noise(LARGE));
        assert_eq!(client.message().text(), "whole");
    }
}

/// The server sends back what it receives while it receives it.
#[test]
fn large_bodies_both_ways_at_once() {
    let server = Server::start(|peer| {
        peer.head();
        peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n"));
        let mut left = LARGE;
        while left > 0 {
            let piece = peer.read_exact(left.min(10_000));
            left -= piece.len();
            peer.send(piece);
        }
    });
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    let mut sender = client.double();
    let upload = std::thread::spawn(move || {
        sender.send(format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {LARGE}\r\n\r\n"));
        sender.send(noise(LARGE));
    });
    assert_same(&client.message().body, &noise(LARGE));
    upload.join().unwrap();
}

#[test]
fn large_chunked_bodies() {
    let server = Server::http(|request| {
        let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for piece in request.body.chunks(70_001) {
            bytes.extend(format!("{:x}\r\n", piece.len()).bytes());
            bytes.extend_from_slice(piece);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        bytes
    });
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    let body = noise(2_000_000);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    for piece in body.chunks(33_333) {
        client.send(format!("{:X}\r\n", piece.len()));
        client.send(piece);
        client.send("\r\n");
    }
    client.send("0\r\n\r\n");
    assert_same(&client.message().body, &body);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Server::http(|request| reply(request.first_line()));
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    let requests: String =
        (0..50).map(|index| format!("GET /{index} HTTP/1.1\r\nHost: h\r\n\r\n")).collect();
    client.send(requests);
    for index in 0..50 {
        assert_eq!(client.message().text(), format!("GET /{index} HTTP/1.1"));
    }
}

#[test]
fn pipelined_request_behind_a_body() {
    let server = Server::http(|request| reply(&request.body));
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    let body = "b".repeat(9000);
    client.send(format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000\r\n\r\n{body}"));
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nokGET / HTTP/1.1\r\n");
    client.send("Host: h\r\n\r\n");
    assert_eq!(client.message().text(), body);
    assert_eq!(client.message().text(), "ok");
    assert_eq!(client.message().text(), "");
}

#[test]
fn http_1_0_client() {
    let server = Server::http(|_| {
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".to_vec()
    });
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    client.send("GET / HTTP/1.0\r\n\r\n");
    let response = String::from_utf8(client.read_to_end()).unwrap();
    assert!(!response.to_lowercase().contains("transfer-encoding"), "{response}");
    assert!(response.ends_with("\r\n\r\nabc"), "{response}");
    assert!(server.last_request().field("host").is_some());
}

#[test]
fn http_1_0_client_that_keeps_its_connection() {
    let server = Server::text("hello");
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    for _ in 0..3 {
        let response = client.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        assert_eq!(response.text(), "hello");
        assert_eq!(
            response.field("connection").map(str::to_lowercase).as_deref(),
            Some("keep-alive")
        );
    }
}

/// An HTTP/1.0 response ends with its connection; the client's can stay.
#[test]
fn http_1_0_server() {
    let server = Server::once("HTTP/1.0 200 OK\r\n\r\nuntil the end");
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    for _ in 0..3 {
        let response = client.get("/");
        assert_eq!(response.text(), "until the end");
        assert_eq!(response.field("transfer-encoding"), Some("chunked"));
    }
    assert_eq!(server.connections(), 3);
}

#[test]
fn response_that_ends_with_its_connection() {
    let body = noise(300_000);
    let mut bytes = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    bytes.extend_from_slice(&body);
    let server = Server::once(bytes);
    let proxy = Web::to(&server).start();
    assert_same(&proxy.client().get("/").body, &body);
    let mut old = proxy.client();
    old.send("GET / HTTP/1.0\r\n\r\n");
    old.head();
    assert_same(&old.read_to_end(), &body);
}

#[test]
fn expect_100_continue() {
    let server = Server::start(|peer| {
        let mut request = peer.head();
        assert_eq!(request.field("expect").map(str::to_lowercase).as_deref(), Some("100-continue"));
        peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        request.body = peer.read_exact(5);
        peer.send(reply(&request.body));
    });
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(client.head().status(), 100);
    client.send("hello");
    assert_eq!(client.message().text(), "hello");
}

#[test]
fn expect_100_continue_refused() {
    let server = Server::start(|peer| {
        peer.head();
        peer.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(peer.drain(), b"", "no body was sent");
    });
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    let response = client.message();
    assert_eq!((response.status(), response.closes()), (417, true));
    client.closed_after();
    server.await_ended();
}

#[test]
fn interim_responses() {
    let server = Server::http(|_| {
        let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
        [hints.as_bytes(), hints.as_bytes(), &reply("final")].concat()
    });
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    for _ in 0..2 {
        let hints = client.head();
        assert_eq!((hints.status(), hints.field("link").is_some()), (103, true));
    }
    assert_eq!(client.message().text(), "final");
    assert_eq!(client.ask("GET / HTTP/1.0\r\n\r\n").text(), "final");
}

/// The answer comes before the end of a large upload, of which the client learns.
#[test]
fn early_response_to_a_large_upload() {
    let server = Server::start(|peer| {
        peer.head();
        peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nstop");
        peer.drain();
    });
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    let mut sender = client.double();
    client.send(format!("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: {LARGE}\r\n\r\n"));
    let upload = std::thread::spawn(move || {
        let pieces = noise(LARGE);
        pieces.chunks(10_000).all(|piece| sender.try_send(piece).is_ok())
    });
    let response = client.message();
    assert_eq!((response.status(), response.text(), response.closes()), (413, "stop", true));
    client.drain();
    upload.join().unwrap();
}

#[test]
fn ipv6() {
    let server = Server::text("six");
    let proxy = Web::to(&server).frontend("bind = \"[::1]:0\"").start();
    assert!(proxy.address("web").starts_with("[::1]:"), "{}", proxy.address("web"));
    assert_eq!(proxy.get("/").text(), "six");
}

/// Many connections at once, so that both shards have some.
#[test]
fn many_clients() {
    let server = Server::http(|request| reply(request.first_line()));
    let proxy = Web::to(&server).start();
    let mut clients: Vec<Peer> = (0..100).map(|_| proxy.client()).collect();
    for round in 0..3 {
        for (index, client) in clients.iter_mut().enumerate() {
            client.send(format!("GET /{round}/{index} HTTP/1.1\r\nHost: h\r\n\r\n"));
        }
        for (index, client) in clients.iter_mut().enumerate() {
            assert_eq!(client.message().text(), format!("GET /{round}/{index} HTTP/1.1"));
        }
    }
}
