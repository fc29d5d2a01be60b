//! Access logs: where they go, and what their lines say.

use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;

use rustix::process::Signal;

use crate::support::{
    DEADLINE, Dir, HttpLine, Message, Peer, Proxy, Server, TcpLine, Web, eventually, pause, reply,
};

/// The line of a request.
fn line_of(proxy: &Proxy, target: &str) -> HttpLine {
    HttpLine::parse(&proxy.log_line(|line| line.contains(target)))
}

#[test]
fn http_line_of_a_good_request() {
    let server = Server::http(|_| {
        pause(30);
        reply("hello")
    });
    let proxy = Web::to(&server).logged().start();
    let mut client = proxy.client();
    let response = client.get("/a?b=%20");
    let line = line_of(&proxy, "/a?b=%20");
    let HttpLine { client: address, frontend, route, timers, status, bytes, end, retries, request } =
        line;
    assert_eq!(address, format!("127.0.0.1:{}", client.port()));
    assert_eq!((&*frontend, &*route, status, &*end, &*retries), ("web", "app/s1", 200, "--", "0"));
    assert_eq!(request, "GET /a?b=%20 HTTP/1.1");
    assert_eq!(bytes as usize, response.head.len() + response.body.len());
    let [request_ms, queue_ms, connect_ms, response_ms, total_ms] = timers[..] else {
        panic!("{timers:?}")
    };
    assert!(request_ms < 20 && queue_ms == 0 && connect_ms < 20, "{timers:?}");
    assert!((28..1000).contains(&response_ms) && total_ms >= response_ms, "{timers:?}");
}

/// The clock of a request begins with its first byte, not with the idle time before it.
#[test]
fn idle_time_is_nobodys() {
    let server = Server::text("ok");
    let proxy = Web::to(&server).logged().start();
    let mut client = proxy.client();
    client.get("/first");
    pause(150);
    client.get("/second");
    let line = line_of(&proxy, "/second");
    assert!(line.timers[4] < 100, "{line:?}");
}

#[test]
fn every_request_has_its_line() {
    let server = Server::text("ok");
    let mut proxy = Web::to(&server).logged().start();
    let mut clients: Vec<Peer> = (0..10).map(|_| proxy.client()).collect();
    for round in 0..20 {
        for client in &mut clients {
            client.send(format!("GET /{round} HTTP/1.1\r\nHost: h\r\n\r\n"));
        }
        clients.iter_mut().for_each(|client| assert_eq!(client.message().status(), 200));
    }
    drop(clients);
    proxy.stop();
    let text = std::fs::read_to_string(proxy.dir.file("access.log")).unwrap();
    let lines: Vec<HttpLine> = text.lines().map(HttpLine::parse).collect();
    assert_eq!(lines.len(), 200);
    assert!(lines.iter().all(|line| line.verdict() == "200 --"), "{text}");
}

/// One request and the line that came of it.
fn verdict(web: Web, request: &str) -> HttpLine {
    let proxy = web.logged().start();
    let mut client = proxy.client();
    client.send(request);
    client.drain();
    HttpLine::parse(&proxy.log_line(|_| true))
}

const GET: &str = "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

#[test]
fn failures_are_told_apart() {
    let silent = Server::start(|peer| {
        peer.drain();
    });
    let garbage = Server::once("garbage\r\n\r\n");
    let gone = Server::once("");
    let half = Server::once("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    let refusing = || Web::new().server("127.0.0.1:1", "");
    let cases = [
        (refusing(), GET, "503 SC", "app/s1"),
        (Web::new().server("127.0.0.1:1", "disabled = true"), GET, "503 SC", "app/<NOSRV>"),
        (Web::to(&gone), GET, "502 SH", "app/s1"),
        (Web::to(&garbage), GET, "502 PH", "app/s1"),
        (Web::to(&half), GET, "200 SD", "app/s1"),
        (Web::to(&silent).backend("timeout.server = \"50ms\""), GET, "504 sH", "app/s1"),
        (refusing(), "bad\r\n\r\n", "400 PR", "web/<NOSRV>"),
        (refusing().frontend("timeout.http-request = \"50ms\""), "GET", "408 cR", "web/<NOSRV>"),
    ];
    for (web, request, expected, route) in cases {
        let line = verdict(web, request);
        assert_eq!((&*line.verdict(), &*line.route), (expected, route), "{line:?}");
        let shown = if route.starts_with("web") { "<BADREQ>" } else { "GET /x HTTP/1.1" };
        assert_eq!(line.request, shown);
    }
}

/// A step that was never reached shows as -1.
#[test]
fn timers_of_steps_that_were_not_reached() {
    let line = verdict(Web::new().server("127.0.0.1:1", ""), "bad\r\n\r\n");
    assert_eq!(line.timers[..4], [-1, -1, -1, -1], "{line:?}");
    let line = verdict(Web::new().server("127.0.0.1:1", ""), GET);
    assert_eq!(line.timers[1..4], [-1, -1, -1], "{line:?}");
}

#[test]
fn client_that_left_in_its_head() {
    let server = Server::text("never");
    let proxy = Web::to(&server).logged().start();
    proxy.client().send("GET / HT");
    let line = HttpLine::parse(&proxy.log_line(|_| true));
    assert_eq!((&*line.verdict(), &*line.request), ("400 CR", "<BADREQ>"));
}

#[test]
fn tcp_line() {
    let server = Server::start(|peer| {
        peer.send("12345");
        peer.drain();
    });
    let proxy = Web::to(&server).tcp().logged().start();
    let mut client = proxy.client();
    client.read_exact(5);
    pause(30);
    client.finish();
    client.drain();
    let line = TcpLine::parse(&proxy.log_line(|_| true));
    assert_eq!((&*line.route, line.bytes, &*line.end), ("app/s1", 5, "--"));
    assert!(line.timers[2] >= 28 && line.timers[1] < 20, "{line:?}");
}

#[test]
fn tcp_line_of_a_failure() {
    let proxy = Web::new().tcp().server("127.0.0.1:1", "").logged().start();
    proxy.client().drain();
    let line = TcpLine::parse(&proxy.log_line(|_| true));
    assert_eq!((&*line.route, line.bytes, &*line.end), ("app/s1", 0, "SC"));
    assert_eq!(line.timers[..2], [-1, -1]);
}

#[test]
fn to_stdout() {
    let server = Server::text("ok");
    let proxy = Web::to(&server).global("log = [{ target = \"stdout\" }]").start();
    proxy.get("/here");
    let line = proxy.stdout.wait(|line| line.contains("/here"));
    assert_eq!(HttpLine::parse(&line).verdict(), "200 --");
}

/// RFC 3164: priority, date, name and process, then the line.
fn check_syslog(datagram: &[u8], target: &str) {
    let text = std::str::from_utf8(datagram).unwrap();
    // local3 is 19, info is 6.
    let rest = text.strip_prefix("<158>").unwrap_or_else(|| panic!("{text}"));
    let (before, line) = rest.split_once("]: ").unwrap();
    assert!(before.contains("corelane["), "{text}");
    assert!(line.contains(target), "{text}");
    assert_eq!(HttpLine::parse(line.trim_end()).verdict(), "200 --");
}

#[test]
fn to_syslog_over_udp() {
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    sink.set_read_timeout(Some(DEADLINE)).unwrap();
    let log = format!(
        "log = [{{ target = \"udp:{}\", facility = \"local3\" }}]",
        sink.local_addr().unwrap()
    );
    let server = Server::text("ok");
    let proxy = Web::to(&server).global(&log).start();
    for target in ["/one", "/two"] {
        proxy.get(target);
        let mut datagram = [0; 4096];
        let len = sink.recv(&mut datagram).unwrap();
        check_syslog(&datagram[..len], target);
    }
}

#[test]
fn to_syslog_over_a_unix_socket() {
    let dir = Dir::new();
    let sink = UnixDatagram::bind(dir.file("log")).unwrap();
    sink.set_read_timeout(Some(DEADLINE)).unwrap();
    let path = dir.file("log");
    let log = format!("log = [{{ target = \"unix:{}\", facility = \"local3\" }}]", path.display());
    let server = Server::text("ok");
    let proxy = Web::to(&server).global(&log).start();
    proxy.get("/one");
    let mut datagram = [0; 4096];
    let len = sink.recv(&mut datagram).unwrap();
    check_syslog(&datagram[..len], "/one");
}

/// A frontend's own log, or none, in place of the global one.
#[test]
fn frontend_without_a_log() {
    let server = Server::text("ok");
    let mut proxy = Web::to(&server).logged().frontend("log = false").start();
    proxy.get("/");
    proxy.stop();
    let text = std::fs::read_to_string(proxy.dir.file("access.log")).unwrap_or_default();
    assert_eq!(text, "");
}

#[test]
fn sighup_reopens_files() {
    let server = Server::text("ok");
    let proxy = Web::to(&server).logged().start();
    proxy.get("/before");
    proxy.log_line(|line| line.contains("/before"));
    let (current, rotated) = (proxy.dir.file("access.log"), proxy.dir.file("access.log.1"));
    std::fs::rename(&current, rotated).unwrap();
    proxy.signal(Signal::HUP);
    eventually("the file is made anew", || current.exists());
    proxy.get("/after");
    proxy.log_line(|line| line.contains("/after"));
}

/// What happens to requests does not depend on whether logs can be written.
#[test]
fn log_that_nobody_reads() {
    let server = Server::text("ok");
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    let log = format!("log = [{{ target = \"udp:{}\" }}]", sink.local_addr().unwrap());
    drop(sink);
    let proxy = Web::to(&server).global(&log).start();
    for _ in 0..20 {
        let response: Message = proxy.get("/");
        assert_eq!(response.status(), 200);
    }
}
