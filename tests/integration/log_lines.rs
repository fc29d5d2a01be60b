//! What the lines of an access log say: timers, counts, ids; and which are written, and when.

use std::collections::HashSet;

use crate::support::{Message, Peer, Proxy, Server, Web, pause, reply};
use crate::timeouts::Full;

const GET: &str = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
pub(crate) const POST: &str = "POST /p/a?q=1 HTTP/1.1\r\nHost: h\r\nCookie: a=1; SESSION=xyz; SESSION=last\r\n\
    X-A: first\r\nX-A: se\"c]ond\r\nContent-Length: 3\r\n\r\nabc";
/// The proxy's own format in TOML's literal string.
pub(crate) fn format_line(format: &str) -> String {
    format!("log-format = '{format}'")
}

pub(crate) fn written(proxy: &mut Proxy) -> Vec<String> {
    proxy.stop();
    let text = std::fs::read_to_string(proxy.dir.file("access.log")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn timers(line: &str) -> Vec<i64> {
    line.split(' ').map(|timer| timer.parse().unwrap()).collect()
}

fn near(value: i64, expected: i64) -> bool {
    (expected - 20..expected + 100).contains(&value)
}

/// A known delay in each step shows in its own timer only.
#[test]
fn timers_of_each_step() {
    let server = Server::start(|peer| {
        while peer.has_more() {
            peer.message();
            pause(180);
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nda");
            pause(300);
            peer.send("ta");
        }
    });
    let format = format_line("%Th %Ti %TR %Tw %Tc %Tr %Td %Ta %Tt %Tu %Tq");
    let proxy = Web::to(&server).logged().frontend(&format).start();
    let mut client = proxy.client();
    for round in 0..2 {
        pause(200);
        client.send("GET /x HTTP/1.1\r\n");
        pause(60);
        client.send("Host: h\r\n\r\n");
        assert_eq!(client.message().text(), "data");
        let text = std::cell::RefCell::new(Vec::new());
        proxy.log_line(|line| {
            let mut seen = text.borrow_mut();
            seen.push(line.to_owned());
            seen.len() > round
        });
        let line = text.into_inner().pop().unwrap();
        let [th, ti, tr, tw, tc, tr_response, td, ta, tt, tu, tq] = timers(&line)[..] else {
            panic!("{line}")
        };
        assert_eq!((th, tw), (0, 0), "{line}");
        assert!(near(ti, 200) && near(tr, 60) && near(tc, 0), "{line}");
        assert!(near(tr_response, 180) && near(td, 300) && near(ta, 540), "{line}");
        assert_eq!((tt, tu, tq), (ti + ta, tt - ti, ti + tr), "{line}");
        assert_eq!(ta, tr + tw + tc + tr_response + td, "{line}");
    }
}

#[test]
fn connect_time() {
    let full = Full::new();
    let server = Server::text("ok");
    let web = Web::new().shards(1).logged().frontend(&format_line("%Tc %Tr %ST %rc"));
    let web = web.backend("timeout.connect = \"100ms\"").server(&full.address, "");
    let proxy = web.server(&server.address(), "").start();
    assert_eq!(proxy.get("/").text(), "ok");
    let line = proxy.log_line(|_| true);
    let timers = timers(&line.replace('+', ""));
    assert!(near(timers[0], 100) && near(timers[1], 0), "{line}");
    assert_eq!(timers[2..], [200, 1]);
}

/// Bytes from the client, of heads and of bodies, pipelined or not.
#[test]
fn bytes_received() {
    let server = Server::http(|request| reply(&request.body));
    let mut proxy = Web::to(&server).logged().frontend(&format_line("%U %HM")).start();
    let mut client = proxy.client();
    let long = format!(
        "PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n{}",
        "b".repeat(50_000)
    );
    let chunked =
        "PATCH /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    client.send([GET, POST, chunked, &long, GET].concat());
    (0..5).for_each(|_| assert_eq!(client.message().status(), 200));
    let expected = [
        format!("{} GET", GET.len()),
        format!("{} POST", POST.len()),
        format!("{} PATCH", chunked.len()),
        format!("{} PUT", long.len()),
        format!("{} GET", GET.len()),
    ];
    assert_eq!(written(&mut proxy), expected);
}

/// Unique over both shards, in the log as at the server.
#[test]
fn unique_ids() {
    let server = Server::http(|request| reply(request.field("x-unique-id").unwrap()));
    let lines = "unique-id-header = \"X-Unique-ID\"\nlog-format = \"%ID\"";
    let mut proxy = Web::to(&server).logged().frontend(lines).start();
    let mut clients: Vec<Peer> = (0..40).map(|_| proxy.client()).collect();
    let mut ids = HashSet::new();
    for _ in 0..50 {
        clients.iter_mut().for_each(|client| client.send(GET));
        for client in &mut clients {
            assert!(ids.insert(client.message().text().to_owned()));
        }
    }
    let logged: HashSet<String> = written(&mut proxy).into_iter().collect();
    assert_eq!((ids.len(), logged == ids), (2000, true));
}

/// `%lc` counts the lines of a frontend, `%rt` the requests of the process.
#[test]
fn counters() {
    let server = Server::text("ok");
    let mut proxy = Web::to(&server).logged().frontend(&format_line("%lc %rt")).start();
    let mut clients: Vec<Peer> = (0..20).map(|_| proxy.client()).collect();
    for _ in 0..10 {
        clients.iter_mut().for_each(|client| assert_eq!(client.get("/").status(), 200));
    }
    let lines = written(&mut proxy);
    let column = |index: usize| -> HashSet<String> {
        lines.iter().map(|line| line.split(' ').nth(index).unwrap().to_owned()).collect()
    };
    assert_eq!((lines.len(), column(0).len(), column(1).len()), (200, 200, 200));
}

#[test]
fn tcp_mode() {
    let server = Server::start(|peer| {
        pause(50);
        peer.send("12345");
        peer.drain();
    });
    let format = format_line("%ci:%cp %b/%s %Th/%Ti/%Tw %Tc %Tt %U %B %ts %tsc %ST %{+Q}r");
    let proxy = Web::to(&server).tcp().logged().frontend(&format).start();
    let mut client = proxy.client();
    client.send("abc");
    client.read_exact(5);
    client.finish();
    client.drain();
    let line = proxy.log_line(|_| true);
    let start = format!("127.0.0.1:{} app/s1 0/0/0 ", client.port());
    assert!(line.starts_with(&start), "{line}");
    assert!(line.contains(" 3 5 -- ---- "), "{line}");
}

#[test]
fn dontlognull() {
    let server = Server::text("ok");
    let lines = "option.dontlognull = true\nlog-format = \"%ST %ts\"";
    let mut proxy = Web::to(&server).logged().frontend(lines).start();
    drop(proxy.client());
    proxy.client().reset();
    let mut partial = proxy.client();
    partial.send("G");
    partial.finish();
    partial.drain();
    proxy.get("/");
    let mut lines = written(&mut proxy);
    lines.sort();
    assert_eq!(lines, ["200 --", "400 CR"]);
}

#[test]
fn dontlognull_in_tcp_mode() {
    let server = Server::start(|peer| {
        peer.send("hello");
        peer.drain();
    });
    let lines = "option.dontlognull = true\nlog-format = \"%U %ts\"";
    let mut proxy = Web::to(&server).tcp().logged().frontend(lines).start();
    for sent in ["", "abc"] {
        let mut client = proxy.client();
        client.send(sent);
        client.finish();
        client.drain();
    }
    assert_eq!(written(&mut proxy), ["3 --"]);
}

/// Failures, server errors and retries only.
#[test]
fn dontlog_normal() {
    let server = Server::http(|request| match request.first_line() {
        line if line.contains("/500") => b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n".to_vec(),
        line if line.contains("/404") => b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n".to_vec(),
        _ => reply("ok"),
    });
    let lines = "option.dontlog-normal = true\nlog-format = \"%ST %ts\"";
    let mut proxy = Web::to(&server).logged().frontend(lines).start();
    for target in ["/", "/404", "/500"] {
        proxy.get(target);
    }
    let mut bad = proxy.client();
    bad.send("bad\r\n\r\n");
    bad.drain();
    drop(bad);
    let mut lines = written(&mut proxy);
    lines.sort();
    assert_eq!(lines, ["400 PR", "500 --"]);
}

/// The line comes before the end, and says that it does.
#[test]
fn logasap() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = std::sync::Mutex::new(receiver);
    let server = Server::start(move |peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
        let _ = receiver.lock().unwrap().recv();
        let _ = peer.try_send("late");
    });
    let mut proxy = Web::to(&server).logged().frontend("option.logasap = true").start();
    let mut client = proxy.client();
    client.send(GET);
    let line = proxy.log_line(|_| true);
    let words: Vec<&str> = line.split(' ').collect();
    assert!(words[4].rsplit('/').next().unwrap().starts_with('+'), "{line}");
    assert!(words[5] == "200" && words[6].starts_with('+') && words[9] == "----", "{line}");
    sender.send(()).unwrap();
    assert_eq!(client.message().text(), "late");
    drop(client);
    assert_eq!(written(&mut proxy).len(), 1);
}

#[test]
fn logasap_in_tcp_mode() {
    let server = Server::start(|peer| drop(peer.drain()));
    let mut proxy = Web::to(&server).tcp().logged().frontend("option.logasap = true").start();
    let mut client = proxy.client();
    let line = proxy.log_line(|_| true);
    assert!(line.contains(" +0 -- ") && line.contains(" app/s1 "), "{line}");
    client.finish();
    client.drain();
    assert_eq!(written(&mut proxy).len(), 1);
}

/// A request that is never answered has its line all the same.
#[test]
fn logasap_of_failures() {
    let lines = "option.logasap = true\nlog-format = \"%ST %ts %B\"";
    let web = Web::new().server("127.0.0.1:1", "").logged().frontend(lines);
    let proxy = web.backend("retries = 0").start();
    let response: Message = proxy.get("/");
    let len = response.head.len() + response.body.len();
    assert_eq!(proxy.log_line(|_| true), format!("503 SC {len}"));
}

/// A failure that a client met which did send is no null connection.
#[test]
fn dontlognull_in_tcp_mode_keeps_failures() {
    let full = Full::new();
    let proxy = Web::new()
        .server(&full.address, "")
        .tcp()
        .logged()
        .frontend(&format!("option.dontlognull = true\n{}", format_line("%ts %U")))
        .backend("retries = 0\ntimeout.connect = \"200ms\"")
        .start();
    let mut client = proxy.client();
    client.send("hello");
    client.drain();
    assert!(proxy.log_line(|_| true).starts_with("sC "));
}

#[test]
fn unique_id_in_tcp_mode() {
    let server = Server::once("never");
    let mut proxy = Web::to(&server)
        .tcp()
        .logged()
        .frontend(&format!("unique-id-format = \"id-%ci\"\n{}", format_line("%ID")))
        .start();
    let mut client = proxy.client();
    client.finish();
    client.drain();
    assert_eq!(written(&mut proxy), ["id-127.0.0.1"]);
}
