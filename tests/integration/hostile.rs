//! What is not valid, or ambiguous, goes no further.

use crate::support::{Server, Web};

/// Every request that two readers could take for different things.
#[test]
fn smuggling_is_refused() {
    let server = Server::text("reached");
    let proxy = Web::to(&server).start();
    let fields = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding : chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 6",
        "Content-Length: +5",
        "Content-Length: -1",
        "Content-Length: 0x5",
        "Content-Length: 99999999999999999999999",
        "X: a\r\n folded: b",
        "X: a\rY: b",
        "X: a\0b",
        "Host: other",
        " X: a",
        "X",
    ];
    for field in fields {
        let mut client = proxy.client();
        client.send(format!("POST / HTTP/1.1\r\nHost: h\r\n{field}\r\n\r\n0\r\n\r\n"));
        let response = client.message();
        assert!(matches!(response.status(), 400 | 501), "{field:?}: {}", response.head);
        assert!(response.closes(), "{field:?}");
        client.drain();
    }
    assert_eq!(server.requests().len(), 0, "{:?}", server.requests());
}

#[test]
fn bad_request_lines_are_refused() {
    let server = Server::text("reached");
    let proxy = Web::to(&server).logged().start();
    let lines = [
        "GET /",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 x",
        "G\0T / HTTP/1.1",
        "GET / HTTP/2.0",
        "\u{16}\u{3}\u{1}",
        "GET /\u{7f} HTTP/1.1",
        "get",
        "GET x HTTP/1.1",
    ];
    for line in lines {
        let mut client = proxy.client();
        client.send(format!("{line}\r\nHost: h\r\n\r\n"));
        let response = client.message();
        assert!(matches!(response.status(), 400 | 505), "{line:?}: {}", response.head);
        client.drain();
    }
    proxy.log_line(|line| {
        line.contains(" 400 ") && line.contains(" PR-- ") && line.contains("<BADREQ>")
    });
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn bad_chunks_of_a_client() {
    for chunks in ["x\r\n", "5\r\nhelloX", "-1\r\n", "fffffffffffffffff\r\n", "5\nhello", "\r\n"] {
        let server = Server::start(|peer| {
            peer.drain();
        });
        let proxy = Web::to(&server).logged().start();
        let mut client = proxy.client();
        client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.send(chunks);
        assert_eq!(client.message().status(), 400, "{chunks:?}");
        proxy.log_line(|line| line.contains(" 400 ") && line.contains(" PD-- "));
        server.await_ended();
    }
}

#[test]
fn server_sends_garbage() {
    let many = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(200);
    let fat = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(40_000));
    let answers = [
        "garbage\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 99 OK\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbroken\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        &fat,
        &many,
    ];
    for answer in answers {
        let server = Server::once(answer.to_owned());
        let proxy = Web::to(&server).logged().start();
        let mut client = proxy.client();
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        let response = loop {
            let response = client.message();
            if response.status() != 103 {
                break response;
            }
        };
        let start = &answer[..answer.len().min(60)];
        assert_eq!((response.status(), response.closes()), (502, true), "{start:?}");
        proxy.log_line(|line| line.contains(" 502 ") && line.contains(" PH-- "));
        server.await_ended();
    }
}

/// Garbage in the middle: what came before is on its way, the end must not look like one.
#[test]
fn server_sends_bad_chunks() {
    for chunks in ["x\r\n", "5\r\nhelloX", "3\r\nabc\r\nfffffffffffffffff\r\n"] {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let server = Server::once(format!("{head}4\r\ngood\r\n{chunks}"));
        let proxy = Web::to(&server).logged().start();
        let mut client = proxy.client();
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        let got = String::from_utf8(client.drain()).unwrap();
        assert!(!got.contains("\r\n0\r\n\r\n"), "{chunks:?}: {got}");
        proxy.log_line(|line| line.contains(" PD-- "));
    }
}
