//! HAProxy on both sides.

use std::collections::{HashMap, HashSet};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::Command;

use super::Running;
use super::exchanges::{Chain, origin};
use crate::support::{Dir, Lines, Server, Web, eventually};

/// HAProxy, until it is dropped.
pub(super) struct Haproxy {
    pub(super) address: String,
    running: Running,
    _dir: Dir,
}

impl Haproxy {
    /// Starts it with these sections below the usual ones. It listens where they say `bind fd@0`.
    pub(super) fn start(sections: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let config = format!(
            "global\n  log stdout format raw local0\n  nbthread 2\n\
             defaults\n  mode http\n  log global\n  timeout connect 5s\n  timeout client 10s\n  \
             timeout server 10s\n{sections}\n"
        );
        let dir = Dir::new();
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(dir.write("haproxy.cfg", config));
        let running = Running::start(command.stdin(OwnedFd::from(listener)));
        Self { address, running, _dir: dir }
    }

    /// Starts it in front of a server, with these words and lines for its backend.
    pub(super) fn before(server: &str, words: &str, lines: &str) -> Self {
        Self::start(&format!(
            "frontend f\n  bind fd@0\n  option httplog\n  default_backend b\n\
             backend b\n  server s {server} {words}\n  {lines}"
        ))
    }

    /// Its log.
    pub(super) fn log(&self) -> &Lines {
        &self.running.stdout
    }
}

#[test]
fn in_front() {
    let server = origin();
    let proxy = Web::to(&server).start();
    let haproxy = Haproxy::before(proxy.address("web"), "", "");
    Chain { address: &haproxy.address, has_trailers: true }.exercise();
}

#[test]
fn behind() {
    let server = origin();
    let haproxy = Haproxy::before(&server.address(), "", "");
    let proxy = Web::new().server(&haproxy.address, "").start();
    Chain { address: proxy.address("web"), has_trailers: true }.exercise();
}

/// Requests of many clients share the connections that it pools, towards us and from us.
#[test]
fn shared_connections() {
    let server = origin();
    let behind = Haproxy::before(&server.address(), "", "http-reuse always");
    let web = Web::new().logged().backend("http-reuse = \"always\"");
    let proxy = web.server(&behind.address, "").start();
    let haproxy = Haproxy::before(proxy.address("web"), "", "http-reuse always");
    Chain { address: &haproxy.address, has_trailers: true }.crowd();
    let log = || std::fs::read_to_string(proxy.dir.file("access.log")).unwrap();
    eventually("600 requests are logged", || log().lines().count() == 600);
    let log = log();
    assert!(log.lines().all(|line| line.contains(" 200 ") && line.contains(" ---- ")), "{log}");
    // Somebody's connection to us carried requests of several clients of HAProxy.
    let mut clients = HashMap::<&str, HashSet<&str>>::new();
    for line in log.lines() {
        let (connection, _) = line.split_once(' ').unwrap();
        clients.entry(connection).or_default().insert(line.split('/').rev().nth(2).unwrap());
    }
    assert!(clients.values().any(|clients| clients.len() > 1), "{clients:?}");
}

/// Its `option httpchk` follows what becomes of our server.
#[test]
fn checks_us() {
    let server = Server::text("well");
    let web = Web::new().server(&server.address(), "check = true, inter = \"50ms\", fall = 2");
    let proxy = web.start();
    let lines = "option httpchk GET /health\n  option log-health-checks";
    let haproxy = Haproxy::before(proxy.address("web"), "check inter 50ms fall 2 rise 2", lines);
    haproxy.log().wait(|line| line.contains("Health check") && line.contains("code: 200"));
    assert!(server.requests().iter().any(|request| request.head.contains("/health")));
    drop(server);
    haproxy.log().wait(|line| line.contains("Layer7 wrong status, code: 503"));
    haproxy.log().wait(|line| line.starts_with("Server b/s is DOWN"));
}

/// Our `option.httpchk` follows what becomes of its server.
#[test]
fn is_checked() {
    let server = Server::text("well");
    let haproxy = Haproxy::start(&format!(
        "frontend f\n  bind fd@0\n  monitor-uri /monitor\n  monitor fail if {{ nbsrv(b) lt 1 }}\n  \
         default_backend b\n\
         backend b\n  server s {} check inter 50ms fall 2",
        server.address()
    ));
    let web = Web::new().logged();
    let web = web.backend("option.httpchk = { method = \"GET\", uri = \"/monitor\" }");
    let proxy = web.server(&haproxy.address, "check = true, inter = \"50ms\", fall = 2").start();
    assert_eq!(proxy.get("/").text(), "well");
    drop(server);
    eventually("the server is down", || {
        proxy.get("/");
        let log = std::fs::read_to_string(proxy.dir.file("access.log")).unwrap_or_default();
        log.contains(" app/<NOSRV> ")
    });
}
