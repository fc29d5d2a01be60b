//! `option.abortonclose`: whether a client that closes takes its request back.

use crate::support::{Peer, Proxy, Server, Web, eventually, pause, reply};
use crate::timeouts::Full;

const GET: &str = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
const ON: &str = "option.abortonclose = true";

fn logged(web: Web) -> Web {
    web.logged().frontend("log-format = \"%ST %ts %rc %s\"")
}

/// A server that answers only `delay_ms` after it was asked.
fn slow(delay_ms: u64) -> Server {
    Server::start(move |peer| {
        while peer.has_more() {
            peer.head();
            pause(delay_ms);
            let _ = peer.try_send(reply("late"));
        }
    })
}

/// A server that never answers; its connection ends when the proxy closes it.
fn silent() -> Server {
    Server::start(|peer| drop(peer.drain()))
}

fn asked(proxy: &Proxy, server: &Server) -> Peer {
    let mut client = proxy.client();
    client.send(GET);
    eventually("the request arrives", || server.connections() == 1);
    client
}

/// Half a close is the end of what the client sends, and it may still read.
#[test]
fn off_half_closed_client_is_answered() {
    let server = slow(60);
    let proxy = logged(Web::to(&server)).start();
    let mut client = asked(&proxy, &server);
    client.finish();
    assert_eq!(client.message().text(), "late");
    assert_eq!(proxy.log_line(|_| true), "200 -- 0 s1");
}

#[test]
fn on_half_closed_client_gives_up() {
    let server = silent();
    let proxy = logged(Web::to(&server)).backend(ON).start();
    let mut client = asked(&proxy, &server);
    client.finish();
    assert_eq!(client.drain(), b"");
    server.await_ended();
    assert_eq!(proxy.log_line(|_| true), "-1 CH 0 s1");
}

/// A reset leaves nobody to answer, whatever the option says.
#[test]
fn reset_gives_up_either_way() {
    for option in ["option.abortonclose = false", ON] {
        let server = silent();
        let proxy = logged(Web::to(&server)).backend(option).start();
        asked(&proxy, &server).reset();
        server.await_ended();
        assert_eq!(proxy.log_line(|_| true), "-1 CH 0 s1");
    }
}

#[test]
fn while_connecting() {
    for (option, resets, expected) in [
        ("", false, "503 sC 0 s1"),
        ("", true, "-1 CC 0 s1"),
        (ON, false, "-1 CC 0 s1"),
        (ON, true, "-1 CC 0 s1"),
    ] {
        let full = Full::new();
        let lines = format!("timeout.connect = \"250ms\"\nretries = 0\n{option}");
        let proxy = logged(Web::new().server(&full.address, "")).backend(&lines).start();
        let mut client = proxy.client();
        client.send(GET);
        match resets {
            true => client.reset(),
            false => {
                client.finish();
                client.drain();
            }
        }
        assert_eq!(proxy.log_line(|_| true), expected, "{option} {resets}");
    }
}

/// Between two attempts as well.
#[test]
fn while_waiting_for_the_next_attempt() {
    let lines = format!("{ON}\ntimeout.connect = \"1s\"\nretries = 100");
    let proxy = logged(Web::new().server("127.0.0.1:1", "")).backend(&lines).start();
    let mut client = proxy.client();
    client.send(GET);
    client.finish();
    assert_eq!(client.drain(), b"");
    let line = proxy.log_line(|_| true);
    assert!(line.starts_with("-1 CC "), "{line}");
}

/// Requests that came before the close are all answered: the client did not leave, it has finished.
#[test]
fn pipelined_requests_are_not_given_up() {
    let server = slow(10);
    let proxy = logged(Web::to(&server)).start();
    let mut client = proxy.client();
    client.send(GET.repeat(3));
    client.finish();
    assert_eq!(String::from_utf8(client.drain()).unwrap().matches("late").count(), 3);
}

/// With the option the request that others wait behind is served; the last one is given up.
#[test]
fn on_request_behind_counts_as_presence() {
    let server = slow(30);
    let proxy = logged(Web::to(&server)).backend(ON).start();
    let mut client = proxy.client();
    client.send(GET.repeat(2));
    client.finish();
    let answers = String::from_utf8(client.drain()).unwrap();
    assert_eq!(answers.matches("late").count(), 1, "{answers}");
    proxy.log_line(|line| line == "200 -- 0 s1");
    proxy.log_line(|line| line == "-1 CH 0 s1");
}

/// Once the response has begun it is sent whole.
#[test]
fn on_response_that_began_is_finished() {
    let server = Server::start(|peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ");
        pause(50);
        peer.send("whole");
    });
    let proxy = logged(Web::to(&server)).backend(ON).start();
    let mut client = proxy.client();
    client.send(GET);
    client.read_until("half ");
    client.finish();
    assert_eq!(client.drain(), b"whole");
    assert_eq!(proxy.log_line(|_| true), "200 -- 0 s1");
}

/// A client that half-closes in its body has aborted it, whatever the option says.
#[test]
fn unfinished_body_is_always_given_up() {
    for option in ["", ON] {
        let server = silent();
        let proxy = logged(Web::to(&server)).backend(option).start();
        let mut client = proxy.client();
        client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf");
        eventually("the request arrives", || server.connections() == 1);
        client.finish();
        client.drain();
        server.await_ended();
        assert_eq!(proxy.log_line(|_| true), "-1 CD 0 s1");
    }
}
