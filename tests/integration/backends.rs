//! Which server is used: weights, backups, failures, checks.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use crate::support::{Peer, Proxy, Server, Web, eventually, reply};

/// An address that refuses connections.
fn refusing() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// How often each body came in `count` requests.
fn tally(proxy: &Proxy, count: usize) -> HashMap<String, usize> {
    let mut tally = HashMap::new();
    for _ in 0..count {
        *tally.entry(proxy.get("/").text().to_owned()).or_default() += 1;
    }
    tally
}

#[test]
fn round_robin_by_weight() {
    let (a, b, c) = (Server::text("a"), Server::text("b"), Server::text("c"));
    let proxy = Web::new()
        .shards(1)
        .server(&a.address(), "weight = 3")
        .server(&b.address(), "")
        .server(&c.address(), "weight = 0")
        .start();
    let tally = tally(&proxy, 40);
    assert_eq!((tally["a"], tally["b"], tally.get("c")), (30, 10, None));
}

/// Shards do not know of each other's turns; together they still are fair.
#[test]
fn round_robin_over_two_shards() {
    let (a, b) = (Server::text("a"), Server::text("b"));
    let proxy = Web::to(&a).server(&b.address(), "").start();
    let tally = tally(&proxy, 100);
    assert!(tally["a"].abs_diff(tally["b"]) <= 2, "{tally:?}");
}

#[test]
fn disabled_server_is_not_used() {
    let (a, b) = (Server::text("a"), Server::text("b"));
    let proxy = Web::new().server(&a.address(), "disabled = true").server(&b.address(), "").start();
    assert_eq!(tally(&proxy, 10)["b"], 10);
}

#[test]
fn backup_only_without_others() {
    let (a, b, c) = (Server::text("a"), Server::text("b"), Server::text("c"));
    let backup = "backup = true";
    let web = Web::to(&a).server(&b.address(), backup).server(&c.address(), backup);
    assert_eq!(tally(&web.start(), 10)["a"], 10);
    let web = Web::new().server(&a.address(), "disabled = true");
    let web = web.server(&b.address(), backup).server(&c.address(), backup);
    assert_eq!(tally(&web.start(), 10)["b"], 10);
}

#[test]
fn refused_connection_goes_to_the_next_server() {
    let b = Server::text("b");
    let proxy = Web::new().logged().server(&refusing(), "").server(&b.address(), "").start();
    assert_eq!(tally(&proxy, 10)["b"], 10);
    // One retry, on another server.
    proxy.log_line(|line| line.contains("app/s2") && line.contains("/+1 0/0"));
}

#[test]
fn no_server_is_503() {
    let proxy = Web::new().logged().server(&refusing(), "").start();
    let response = proxy.get("/");
    assert_eq!((response.status(), response.closes()), (503, true));
    proxy.log_line(|line| {
        line.contains(" 503 ") && line.contains(" SC-- ") && line.contains("/3 0/0")
    });
    let proxy = Web::new().logged().server(&refusing(), "disabled = true").start();
    assert_eq!(proxy.get("/").status(), 503);
    proxy.log_line(|line| line.contains("app/<NOSRV>") && line.contains(" 503 "));
}

#[test]
fn no_retries() {
    let b = Server::text("b");
    let web = Web::new().shards(1).backend("retries = 0");
    let proxy = web.server(&refusing(), "").server(&b.address(), "").start();
    let statuses: Vec<u16> = (0..4).map(|_| proxy.get("/").status()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 503).count(), 2, "{statuses:?}");
}

/// The statuses of enough connections for both shards to have had some.
fn statuses(proxy: &Proxy) -> Vec<u16> {
    let mut clients: Vec<Peer> = (0..24).map(|_| proxy.client()).collect();
    clients.iter_mut().map(|client| client.get("/").status()).collect()
}

fn eventually_all(proxy: &Proxy, expected: u16) {
    eventually(&format!("{expected} on both shards"), || {
        statuses(proxy).iter().all(|status| *status == expected)
    });
}

/// Checks every 50 ms; two bad ones take a server down, two good ones bring it back.
const CHECK: &str = "check = true, inter = \"50ms\", rise = 2, fall = 2";

#[test]
fn http_checks_take_a_server_down_and_up() {
    let health = Arc::new(AtomicU16::new(200));
    let answer = Arc::clone(&health);
    let server = Server::http(move |request| match request.first_line() {
        "GET /health HTTP/1.1" => {
            assert_eq!(request.field("host"), Some("check.test"));
            let status = answer.load(Ordering::SeqCst);
            format!("HTTP/1.1 {status} Health\r\nContent-Length: 0\r\n\r\n").into_bytes()
        }
        _ => reply("ok"),
    });
    let httpchk = "option.httpchk = { method = \"GET\", uri = \"/health\", version = \"HTTP/1.1\", \
        host = \"check.test\" }";
    let proxy = Web::new().backend(httpchk).server(&server.address(), CHECK).start();
    assert!(statuses(&proxy).iter().all(|status| *status == 200));
    for (health_status, says, expected) in
        [(500, "app/s1 is down", 503), (302, "app/s1 is up", 200), (404, "app/s1 is down", 503)]
    {
        health.store(health_status, Ordering::SeqCst);
        let before = proxy.stderr.now().len();
        eventually(says, || proxy.stderr.now()[before..].iter().any(|line| line.contains(says)));
        eventually_all(&proxy, expected);
    }
}

#[test]
fn tcp_checks_take_a_server_down_and_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let proxy = Web::new().server(&address.to_string(), CHECK).start();
    proxy.stderr.wait(|line| line.contains("app/s1 is down"));
    eventually_all(&proxy, 503);
    let server = Server::start_on(TcpListener::bind(address).unwrap(), |peer| {
        if peer.has_more() {
            peer.message();
            let _ = peer.try_send(reply("ok"));
        }
    });
    proxy.stderr.wait(|line| line.contains("app/s1 is up"));
    eventually_all(&proxy, 200);
    assert!(server.connections() > 0);
}

/// A server that says nothing to its checks fails them.
#[test]
fn silent_server_fails_http_checks() {
    let server = Server::http(|request| match request.first_line() {
        line if line.starts_with("OPTIONS") => Vec::new(),
        _ => reply("ok"),
    });
    let web = Web::new().backend("option.httpchk = true\ntimeout.check = \"20ms\"");
    let proxy = web.server(&server.address(), CHECK).start();
    proxy.stderr.wait(|line| line.contains("app/s1 is down"));
    eventually_all(&proxy, 503);
}

/// Checks go to another port than requests.
#[test]
fn checks_of_another_port() {
    let server = Server::text("ok");
    let dead = refusing();
    let port = dead.rsplit(':').next().unwrap();
    let proxy = Web::new().server(&server.address(), &format!("{CHECK}, port = {port}")).start();
    proxy.stderr.wait(|line| line.contains("app/s1 is down"));
    eventually_all(&proxy, 503);
}

/// A down server's share goes to the others; none of their requests fails.
#[test]
fn other_servers_take_over() {
    let (a, b) = (Server::text("a"), Server::text("b"));
    let dead = refusing();
    let web = Web::new().server(&a.address(), CHECK).server(&dead, CHECK);
    let proxy = web.server(&b.address(), CHECK).start();
    proxy.stderr.wait(|line| line.contains("app/s2 is down"));
    eventually("requests without retries", || statuses(&proxy) == [200; 24]);
    let tally = tally(&proxy, 40);
    assert!(tally["a"].abs_diff(tally["b"]) <= 2, "{tally:?}");
}
