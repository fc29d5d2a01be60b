//! Peers that go away, at every stage, in order and with a reset.

use std::time::Duration;

use crate::support::{Peer, Proxy, Server, Web, eventually, pause, reply};

/// What a client has sent when it goes, and whether it read the response's beginning.
const CLIENT_STAGES: [(&str, bool); 8] = [
    ("", false),
    ("GE", false),
    ("GET / HTTP/1.1\r\nHost: h\r\nX: ", false),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n", false),
    ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf", false),
    ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nha", false),
    ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", false),
    ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", true),
];

#[test]
fn client_vanishes_at_every_stage() {
    // Never finishes its answer, so that the client is what ends each stream.
    let server = Server::start(|peer| {
        if peer.has_more() {
            peer.head();
            let _ = peer.try_send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
            while peer.try_send([b'x'; 10_000]).is_ok() {}
        }
    });
    let proxy = Web::to(&server).backend("http-reuse = \"never\"").start();
    let before = proxy.descriptors();
    for (sent, reads) in CLIENT_STAGES {
        for resets in [false, true] {
            let mut client = proxy.client();
            client.send(sent);
            if reads {
                client.read_until("xxxx");
            } else {
                pause(5);
            }
            if resets {
                client.reset();
            } else {
                drop(client);
            }
            eventually(&format!("descriptors return after {sent:?}, {resets}"), || {
                proxy.descriptors() <= before
            });
        }
    }
    server.await_ended();
    eventually("all connections are closed", || proxy.descriptors() <= before);
}

/// A client that goes while the server thinks is noticed when the answer comes, if not before.
#[test]
fn client_vanishes_before_the_answer() {
    let server = Server::start(|peer| {
        if peer.has_more() {
            peer.message();
            pause(50);
            let _ = peer.try_send(reply(vec![b'x'; 5_000_000]));
            peer.drain();
        }
    });
    let proxy = Web::to(&server).logged().start();
    for resets in [false, true] {
        let mut client = proxy.client();
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        pause(10);
        if resets {
            client.reset();
        }
    }
    // Depending on when the reset comes.
    proxy.log_line(|line| line.contains(" CH-- ") || line.contains(" CC-- "));
    proxy.log_line(|line| line.contains(" CD-- "));
    server.await_ended();
}

#[test]
fn client_vanishes_while_the_server_is_being_connected() {
    let proxy = Web::new().backend("timeout.connect = \"200ms\"").server("127.0.0.1:1", "").start();
    let before = proxy.descriptors();
    for _ in 0..20 {
        let mut client = proxy.client();
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        client.reset();
    }
    eventually("all connections are closed", || proxy.descriptors() <= before);
}

/// How a server goes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    Closes,
    Resets,
}

/// One request to a server that sends `sent` and goes.
fn ask_vanishing(sent: &'static str, how: How, reads: bool) -> (Proxy, Peer, Server) {
    let server = Server::start(move |peer| {
        if reads {
            peer.message();
        }
        let _ = peer.try_send(sent);
        if how == How::Resets {
            // What was sent arrives first.
            pause(20);
            peer.reset_on_drop();
        }
    });
    let proxy = Web::to(&server).logged().start();
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    (proxy, client, server)
}

/// Before its head is whole: 502.
#[test]
fn server_vanishes_before_its_head() {
    for how in [How::Closes, How::Resets] {
        for (sent, reads) in
            [("", false), ("", true), ("HT", true), ("HTTP/1.1 200 OK\r\nX: ", true)]
        {
            let (proxy, mut client, _server) = ask_vanishing(sent, how, reads);
            let response = client.message();
            assert_eq!((response.status(), response.closes()), (502, true), "{how:?} {sent:?}");
            proxy.log_line(|line| line.contains(" 502 ") && line.contains(" SH-- "));
        }
    }
}

/// In the middle of a body whose end is known: the client sees that some is missing.
#[test]
fn server_vanishes_in_its_body() {
    let cases = [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ];
    for how in [How::Closes, How::Resets] {
        for sent in cases {
            let (proxy, mut client, _server) = ask_vanishing(sent, how, true);
            let got = String::from_utf8(client.drain()).unwrap();
            assert!(got.starts_with("HTTP/1.1 200"), "{how:?} {sent:?}: {got}");
            assert!(!got.ends_with("\r\n0\r\n\r\n"), "{how:?} {sent:?}: {got}");
            proxy.log_line(|line| line.contains(" 200 ") && line.contains(" SD-- "));
        }
    }
}

/// A body that ends with its connection, cut off by a reset, must not look whole: the end is no end
/// in order for a client of HTTP/1.0 either.
#[test]
fn server_resets_a_body_without_a_length() {
    let server = Server::start(|peer| {
        peer.message();
        peer.send("HTTP/1.0 200 OK\r\n\r\nhalf");
        pause(20);
        peer.reset_on_drop();
    });
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(!String::from_utf8(client.drain()).unwrap().ends_with("\r\n0\r\n\r\n"));
    for _ in 0..5 {
        let mut old = proxy.client();
        old.send("GET / HTTP/1.0\r\n\r\n");
        let (_, outcome) = old.try_read_to_end();
        assert!(outcome.is_err(), "looks whole");
    }
}

/// A server that goes while a large upload is on its way.
#[test]
fn server_vanishes_during_an_upload() {
    for how in [How::Closes, How::Resets] {
        let server = Server::start(move |peer| {
            peer.head();
            peer.read_exact(100_000);
            if how == How::Resets {
                peer.reset_on_drop();
            }
        });
        let proxy = Web::to(&server).logged().start();
        let mut client = proxy.client();
        let mut sender = client.double();
        let upload = std::thread::spawn(move || {
            sender.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 50000000\r\n\r\n");
            while sender.try_send([b'x'; 10_000]).is_ok() {}
        });
        assert_eq!(client.message().status(), 502);
        client.drain();
        drop(client);
        upload.join().unwrap();
        proxy.log_line(|line| line.contains(" 502 ") && line.contains(" SH-- "));
    }
}

#[test]
fn either_side_of_a_tunnel_vanishes() {
    for client_goes in [true, false] {
        let server = Server::start(move |peer| {
            peer.read_exact(1);
            if client_goes {
                peer.drain();
            } else {
                peer.reset_on_drop();
            }
        });
        let proxy = Web::to(&server).tcp().logged().start();
        let mut client = proxy.client();
        client.send("x");
        let end = if client_goes {
            eventually("the server has it", || server.connections() == 1);
            pause(10);
            client.reset();
            " CD "
        } else {
            client.drain();
            " SD "
        };
        proxy.log_line(|line| line.contains(end));
        server.await_ended();
    }
}

/// Answers that the server gives before it goes are not lost to its reset.
#[test]
fn answer_in_front_of_a_reset_arrives() {
    let server = Server::start(|peer| {
        peer.head();
        peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
        // Closing with the upload unread makes the kernel send a reset.
        std::thread::sleep(Duration::from_millis(30));
    });
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    client.send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
    client.send(vec![b'x'; 10_000]);
    assert_eq!(client.message().text(), "no");
}
