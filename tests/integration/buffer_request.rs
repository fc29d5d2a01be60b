//! `option.http-buffer-request`: no server is asked before a request's body is here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Peer, Proxy, Server, Web, assert_same, noise, pause, reply};

const OPTION: &str = "option.http-buffer-request = true";
const HEAD: &str = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n";

fn logged(web: Web) -> Web {
    web.logged().frontend("log-format = \"%ST %ts %b %s %TR\"")
}

fn started(server: &Server) -> Proxy {
    logged(Web::to(server)).frontend(OPTION).start()
}

fn echo() -> Server {
    Server::http(|request| reply(&request.body))
}

/// `status end backend server`.
fn verdict(proxy: &Proxy) -> String {
    proxy.log_line(|_| true).rsplit_once(' ').unwrap().0.to_owned()
}

/// On either side, or both.
#[test]
fn server_is_asked_once_the_body_is_whole() {
    for (frontend, backend) in [(OPTION, ""), ("", OPTION), (OPTION, OPTION)] {
        let server = echo();
        let proxy = logged(Web::to(&server)).frontend(frontend).backend(backend).start();
        let mut client = proxy.client();
        client.send(format!("{HEAD}\r\nhalf "));
        client.assert_silent(30);
        assert_eq!(server.connections(), 0);
        client.send("whole");
        assert_eq!(client.message().text(), "half whole");
        assert_eq!(verdict(&proxy), "200 -- app s1");
        // Another one over the same connections.
        assert_eq!(client.ask(&format!("{HEAD}\r\n0123456789")).text(), "0123456789");
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn without_a_body_nothing_is_waited_for() {
    let server = echo();
    let proxy = started(&server);
    let mut client = proxy.client();
    assert_eq!(client.get("/").text(), "");
    let empty = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(client.ask(empty).text(), "");
    assert_eq!(server.last_request().field("content-length"), Some("0"));
}

#[test]
fn chunks_and_trailers() {
    let server = echo();
    let proxy = started(&server);
    let mut client = proxy.client();
    client.send("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    for piece in ["5\r\nhel", "lo\r\n", "6;x=y\r\n world\r\n", "0\r\nX-Sum:", " 11\r\n"] {
        client.send(piece);
        client.assert_silent(5);
    }
    assert_eq!(server.connections(), 0);
    client.send("\r\n");
    assert_eq!(client.message().text(), "hello world");
    let request = server.last_request();
    assert_eq!(request.trailers.to_lowercase(), "x-sum: 11\r\n\r\n");
    assert_eq!(request.field("transfer-encoding"), Some("chunked"));
}

/// A whole buffer is enough; the rest follows as it comes.
#[test]
fn longer_than_a_buffer() {
    let server = Server::start(|peer| {
        peer.head();
        let start = peer.read_exact(16_000);
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        peer.send(start);
        let rest = peer.read_exact(84_000);
        peer.send(rest);
    });
    let proxy = started(&server);
    let (mut client, body) = (proxy.client(), noise(100_000));
    client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
    client.send(&body[..20_000]);
    client.read_until("\r\n\r\n");
    let start = client.read_exact(16_000);
    client.send(&body[20_000..]);
    let rest = client.read_exact(84_000);
    assert_same(&[start, rest].concat(), &body);
}

#[test]
fn long_chunked_body() {
    let server = echo();
    let proxy = started(&server);
    let (mut client, body) = (proxy.client(), noise(200_000));
    client.send("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    for piece in body.chunks(7_001) {
        client.send(format!("{:x}\r\n", piece.len()));
        client.send(piece);
        client.send("\r\n");
    }
    client.send("0\r\n\r\n");
    assert_same(&client.message().body, &body);
}

/// `timeout.http-request` covers the body too.
#[test]
fn slow_body() {
    let server = echo();
    let timeout = "timeout.http-request = \"200ms\"";
    let proxy = logged(Web::to(&server)).frontend(OPTION).frontend(timeout).start();
    let mut client = proxy.client();
    let begun = Instant::now();
    client.send(format!("{HEAD}\r\nhalf "));
    let response = client.message();
    assert_eq!((response.status(), response.closes()), (408, true));
    assert!(begun.elapsed() >= Duration::from_millis(180), "{:?}", begun.elapsed());
    assert_eq!((&*verdict(&proxy), server.connections()), ("408 cR app <NOSRV>", 0));
}

/// The time that a body takes is the request's own.
#[test]
fn timers() {
    let server = echo();
    let format = "log-format = \"%TR %Tc %Tr %Ta\"";
    let proxy = Web::to(&server).logged().frontend(OPTION).frontend(format).start();
    let mut client = proxy.client();
    client.send(format!("{HEAD}\r\nhalf "));
    pause(200);
    client.send("whole");
    assert_eq!(client.message().text(), "half whole");
    let line = proxy.log_line(|_| true);
    let timers: Vec<i64> = line.split(' ').map(|timer| timer.parse().unwrap()).collect();
    // The proxy's clock starts when it reads the head, on a busy machine later than ours.
    assert!(timers[0] >= 150 && timers[1] < 100 && timers[2] < 100, "{line}");
    assert!(timers[3] >= timers[0], "{line}");
}

/// A byte now and then does not help.
#[test]
fn dripping_body() {
    let server = echo();
    let timeout = "timeout.http-request = \"300ms\"";
    let proxy = logged(Web::to(&server)).frontend(OPTION).frontend(timeout).start();
    let mut client = proxy.client();
    let mut sender = client.double();
    client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
    let answered = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&answered);
    let drip = std::thread::spawn(move || {
        while !stop.load(Ordering::SeqCst) && sender.try_send("x").is_ok() {
            pause(10);
        }
    });
    assert_eq!(client.message().status(), 408);
    answered.store(true, Ordering::SeqCst);
    drip.join().unwrap();
    assert_eq!((&*verdict(&proxy), server.connections()), ("408 cR app <NOSRV>", 0));
}

#[test]
fn client_that_leaves_in_its_body() {
    for resets in [false, true] {
        let server = echo();
        let proxy = started(&server);
        let mut client = proxy.client();
        client.send(format!("{HEAD}\r\nhalf "));
        if resets {
            client.assert_silent(20);
            client.reset();
        } else {
            client.finish();
            client.drain();
        }
        let line = verdict(&proxy);
        assert!(line.ends_with(" CR app <NOSRV>"), "{line}");
        assert_eq!(server.connections(), 0);
    }
}

/// The proxy wants the body, so it says so; the server has it already when it is asked.
#[test]
fn expect_is_answered_by_the_proxy() {
    let server = echo();
    let proxy = started(&server);
    let mut client = proxy.client();
    client.send(format!("{HEAD}Expect: 100-continue\r\n\r\n"));
    assert_eq!(client.head().status(), 100);
    assert_eq!(server.connections(), 0);
    client.send("0123456789");
    assert_eq!(client.message().text(), "0123456789");
    assert_eq!(server.last_request().field("expect"), None);
    assert_eq!(verdict(&proxy), "200 -- app s1");
}

/// A client that did not wait for a word may get one or not, but a single answer.
#[test]
fn expect_with_the_body_behind() {
    let server = echo();
    let proxy = started(&server);
    let mut client = proxy.client();
    client.send(format!("{HEAD}Expect: 100-continue\r\n\r\n0123456789"));
    let mut response = client.head();
    if response.status() == 100 {
        response = client.head();
    }
    assert_eq!((response.status(), client.read_exact(10)), (200, b"0123456789".to_vec()));
    assert_eq!(server.last_request().field("expect"), None);
}

#[test]
fn bad_chunks_reach_no_server() {
    let server = echo();
    let proxy = started(&server);
    let mut client = proxy.client();
    client.send("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz");
    client.send("\r\n");
    assert_eq!(client.message().status(), 400);
    let line = verdict(&proxy);
    assert!(line.starts_with("400 P") && line.ends_with(" <NOSRV>"), "{line}");
    assert_eq!(server.connections(), 0);
}

/// A small body, a large one and none at all pipelined behind each other.
#[test]
fn pipelined() {
    let server = Server::http(|request| reply(request.body.len().to_string()));
    let proxy = started(&server);
    let mut client = proxy.client();
    let large = "b".repeat(30_000);
    let post = |body: &str| {
        format!("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    client.send([post("small"), post(&large), post(""), post("last")].concat());
    let lengths: Vec<_> = (0..4).map(|_| client.message().text().to_owned()).collect();
    assert_eq!(lengths, ["5", "30000", "0", "4"]);
}

/// The slow body of one client holds up nobody else, and takes no server connection.
#[test]
fn many_waiting_clients() {
    let server = echo();
    let proxy = started(&server);
    let mut waiting: Vec<Peer> = (0..50).map(|_| proxy.client()).collect();
    waiting.iter_mut().for_each(|client| client.send(format!("{HEAD}\r\nhalf ")));
    assert_eq!(proxy.get("/").status(), 200);
    assert!(server.connections() == 1);
    waiting.iter_mut().for_each(|client| client.send("whole"));
    waiting.iter_mut().for_each(|client| assert_eq!(client.message().text(), "half whole"));
}
