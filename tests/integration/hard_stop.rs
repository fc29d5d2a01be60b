//! `hard-stop-after`: whatever a session does, the process ends in time and leaves nothing behind.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::{Peer, Proxy, Server, Web, eventually};
use crate::timeouts::Full;

const GET: &str = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
const SOON: &str = "hard-stop-after = \"200ms\"";

/// Stops a proxy that has `cut` sessions which would go on.
fn stop(proxy: &mut Proxy, cut: usize) {
    let begun = Instant::now();
    proxy.signal(Signal::TERM);
    let exit = proxy.wait();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(exit.status.code(), Some(0));
    let errors = exit.errors();
    assert!(!errors.contains("left behind") && !errors.contains("panicked"), "{errors}");
    assert_eq!(errors.lines().filter_map(cut_off).sum::<usize>(), cut, "{errors}");
    assert!(begun.elapsed() >= Duration::from_millis(190), "{:?}", begun.elapsed());
}

/// `shard 1 cut off 3 sessions at hard-stop-after`
fn cut_off(line: &str) -> Option<usize> {
    line.split_once(" cut off ")?.1.split(' ').next()?.parse().ok()
}

fn web(web: Web) -> Web {
    web.logged().global(SOON).frontend("log-format = \"%ST %ts\"")
}

fn silent() -> Server {
    Server::start(|peer| drop(peer.drain()))
}

/// A client that has sent this.
fn sent(proxy: &Proxy, bytes: &str) -> Peer {
    let mut client = proxy.client();
    client.send(bytes);
    client
}

#[test]
fn reading_a_head() {
    let server = silent();
    let mut proxy = web(Web::to(&server)).start();
    let mut client = sent(&proxy, "GET / HT");
    // Another one shows that the first has been read.
    crate::support::pause(20);
    stop(&mut proxy, 1);
    assert_eq!(proxy.log_line(|_| true), "-1 KR");
    client.drain();
}

#[test]
fn connecting() {
    let full = Full::new();
    let backend = "timeout.connect = \"20s\"";
    let mut proxy = web(Web::new().server(&full.address, "")).backend(backend).start();
    let mut client = sent(&proxy, GET);
    crate::support::pause(20);
    stop(&mut proxy, 1);
    assert_eq!(proxy.log_line(|_| true), "-1 KC");
    client.drain();
}

/// Between two attempts at the same server.
#[test]
fn waiting_for_the_next_attempt() {
    let backend = "timeout.connect = \"20s\"\nretries = 100";
    let mut proxy = web(Web::new().server("127.0.0.1:1", "")).backend(backend).start();
    let mut client = sent(&proxy, GET);
    crate::support::pause(20);
    stop(&mut proxy, 1);
    assert_eq!(proxy.log_line(|_| true), "-1 KC");
    client.drain();
}

#[test]
fn buffering_a_body() {
    let server = silent();
    let mut proxy = web(Web::to(&server)).frontend("option.http-buffer-request = true").start();
    let mut client = sent(&proxy, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf");
    crate::support::pause(20);
    stop(&mut proxy, 1);
    assert_eq!(proxy.log_line(|_| true), "-1 KR");
    client.drain();
}

/// A client that was told to close and does not is waited for, but not longer than all others.
#[test]
fn lingering() {
    let server = silent();
    let mut proxy = web(Web::to(&server)).start();
    let mut client = sent(&proxy, "bad\r\n\r\n");
    assert_eq!(client.message().status(), 400);
    let begun = Instant::now();
    stop(&mut proxy, 1);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(proxy.log_line(|_| true), "400 PR");
}

#[test]
fn sending_a_body() {
    let server = silent();
    let mut proxy = web(Web::to(&server)).start();
    let mut client = sent(&proxy, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf");
    eventually("the request arrives", || server.connections() == 1);
    stop(&mut proxy, 1);
    assert_eq!(proxy.log_line(|_| true), "-1 KD");
    client.drain();
    server.await_ended();
}

/// Far more on its way than anybody takes.
#[test]
fn flushing_to_a_client_that_does_not_read() {
    let server = Server::start(|peer| {
        peer.head();
        let _ = peer.try_send("HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n");
        while peer.try_send([b'x'; 50_000]).is_ok() {}
    });
    let mut proxy = web(Web::to(&server)).start();
    let mut client = Peer::connect_narrow(proxy.address("web"));
    client.send(GET);
    client.read_until("\r\n\r\n");
    stop(&mut proxy, 1);
    assert_eq!(proxy.log_line(|_| true), "200 KD");
    server.await_ended();
}

/// The server is done, and what it said waits for the client.
#[test]
fn flushing_the_end_of_a_response() {
    let server = Server::once({
        let mut bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n".to_vec();
        bytes.resize(bytes.len() + 3_000_000, b'x');
        bytes
    });
    let mut proxy = web(Web::to(&server)).start();
    let mut client = Peer::connect_narrow(proxy.address("web"));
    client.send(GET);
    client.read_until("\r\n\r\n");
    stop(&mut proxy, 1);
    assert_eq!(proxy.log_line(|_| true), "200 KD");
}

#[test]
fn tunnels() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n";
    let server = Server::start(move |peer| {
        peer.head();
        peer.send(switch);
        peer.drain();
    });
    let mut proxy = web(Web::to(&server)).start();
    let mut client =
        sent(&proxy, "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n");
    assert_eq!(client.head().status(), 101);
    stop(&mut proxy, 1);
    assert_eq!(proxy.log_line(|_| true), "101 KD");
    client.drain();
    server.await_ended();
}

#[test]
fn tcp_mode_and_its_connecting() {
    let (server, full) = (silent(), Full::new());
    for (address, expected) in [(server.address(), "KD"), (full.address, "KC")] {
        let web = Web::new().server(&address, "").tcp().logged().global(SOON);
        let web = web.backend("timeout.connect = \"20s\"").frontend("log-format = \"%ts\"");
        let mut proxy = web.start();
        let mut client = sent(&proxy, "hello");
        crate::support::pause(20);
        stop(&mut proxy, 1);
        assert_eq!(proxy.log_line(|_| true), expected);
        client.drain();
    }
}

#[test]
fn awaiting_a_proxy_header() {
    let server = silent();
    let bind = "bind = { address = \"127.0.0.1:0\", accept-proxy = true }";
    let mut proxy = web(Web::to(&server)).frontend(bind).start();
    let mut client = sent(&proxy, "PROXY TCP4 192.");
    crate::support::pause(20);
    stop(&mut proxy, 1);
    proxy.log_line(|line| line.ends_with("Stopped while waiting for PROXY protocol header"));
    client.drain();
}

/// All of it at once, many times: one line for each, and nothing left.
#[test]
fn everything_at_once() {
    let server = silent();
    let mut proxy = web(Web::to(&server)).start();
    let before = ["GET / HT", GET, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf"];
    let mut clients: Vec<Peer> = (0..60).map(|index| sent(&proxy, before[index % 3])).collect();
    eventually("40 requests arrive", || server.connections() == 40);
    stop(&mut proxy, 60);
    let text = std::fs::read_to_string(proxy.dir.file("access.log")).unwrap();
    assert_eq!(text.lines().filter(|line| line.starts_with("-1 K")).count(), 60, "{text}");
    clients.iter_mut().for_each(|client| drop(client.drain()));
    server.await_ended();
}
