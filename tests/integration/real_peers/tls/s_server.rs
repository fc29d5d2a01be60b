//! `openssl s_server`, which says what it was asked for.

use std::io::Write;
use std::process::{ChildStdin, Command, Stdio};

use super::super::Running;
use super::pki::Pki;
use super::s_client::SClient;
use super::{based, to_origin, web};
use crate::support::{Peer, Proxy, eventually};

/// One that runs on a free port.
pub(super) struct SServer {
    pub(super) address: String,
    pub(super) running: Running,
    stdin: ChildStdin,
}

impl SServer {
    pub(super) fn start(arguments: &str) -> Self {
        let mut command = Command::new("openssl");
        command.args(["s_server", "-accept", "127.0.0.1:0"]).args(arguments.split_whitespace());
        let mut running = Running::start(command.stdin(Stdio::piped()));
        let stdin = running.child.stdin.take().unwrap();
        let line = running.stdout.wait(|line| line.starts_with("ACCEPT 127.0.0.1:"));
        let address = line.trim_start_matches("ACCEPT ").to_owned();
        Self { address, running, stdin }
    }

    fn type_in(&mut self, text: &str) {
        self.stdin.write_all(text.as_bytes()).unwrap();
    }
}

fn pki() -> Pki {
    let pki = Pki::new();
    pki.issue("origin", &["origin.test"]);
    pki.issue("site", &["site.test"]);
    pki
}

/// Its status page, over each version and with a name of its own.
#[test]
fn status_page() {
    let pki = pki();
    let pem = pki.file("origin.pem").display().to_string();
    let second = pki.file("site.pem").display().to_string();
    let server = SServer::start(&format!(
        "-cert {pem} -www -servername site.test -cert2 {second} -key2 {second} -servername_fatal"
    ));
    for (words, expected) in [
        (", ssl-max-ver = \"TLSv1.2\"", "New, TLSv1.2, Cipher is ECDHE-ECDSA-"),
        ("", "New, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256"),
    ] {
        let ssl = format!("ssl = true, ca-file = \"ca.crt\", sni = \"site.test\"{words}");
        let proxy = based(&pki).backend("retries = 0").server(&server.address, &ssl).start();
        let page = proxy.get("/");
        assert!(page.text().contains(expected), "{page:?}");
    }
    // It refuses another name, and says so.
    let proxy = based(&pki).backend("retries = 0").server(&server.address, &to_origin("")).start();
    assert_eq!(proxy.get("/").status(), 503);
    proxy
        .stderr
        .wait(|line| line.contains("it does not know the name that it is asked for (`sni`)"));
}

/// It sends back each line reversed: TLS to TLS in TCP mode, both ways at once.
#[test]
fn echo() {
    let pki = pki();
    let server = SServer::start(&format!("-cert {} -rev", pki.file("origin.pem").display()));
    let web = web(&pki, "crt = \"site.pem\"").tcp();
    let proxy = web.server(&server.address, &to_origin("")).start();
    let mut client = SClient::start(proxy.address("web"), "");
    for (count, line) in ["abc", "12345", "corelane"].into_iter().enumerate() {
        client.type_in(&format!("{line}\n"));
        let back: String = line.chars().rev().collect();
        client.await_lines(&back, 1);
        assert!(count < 3);
    }
    client.close();
    proxy.log_line(|line| line.starts_with("web~ app/s1 "));
}

/// Starts a server whose data is what is typed, and a plain client in front of it in TCP mode.
fn typing(pki: &Pki, arguments: &str) -> (SServer, Proxy, Peer) {
    let pem = pki.file("origin.pem").display().to_string();
    let server = SServer::start(&format!("-cert {pem} {arguments}"));
    let proxy = based(pki).tcp().server(&server.address, &to_origin("")).start();
    let client = proxy.client();
    (server, proxy, client)
}

/// New keys in the server's direction (`k`) and in both (`K`), between what it sends and gets.
#[test]
fn renews_keys() {
    let pki = pki();
    let (mut server, _proxy, mut client) = typing(&pki, "-tls1_3 -msg");
    for (count, command) in ["k\n", "K\n", "K\n", "k\n"].into_iter().enumerate() {
        let (there, back) = (format!("there {count}\n"), format!("back {count}\n"));
        client.send(&there);
        server.running.stdout.wait(|line| line == there.trim_end());
        server.type_in(&back);
        client.read_until(&back);
        server.type_in(command);
    }
    client.send("after all\n");
    server.running.stdout.wait(|line| line == "after all");
    let lines = server.running.stdout.now();
    let ours = lines.iter().filter(|line| line.starts_with("<<<") && line.contains("KeyUpdate"));
    assert_eq!(ours.count(), 2, "{lines:#?}");
}

/// A server that wants to agree on all anew is told that this is not done, and nothing breaks.
#[test]
fn renegotiates_not() {
    let pki = pki();
    let (mut server, _proxy, mut client) = typing(&pki, "-tls1_2 -msg");
    client.send("there\n");
    server.running.stdout.wait(|line| line == "there");
    // Asks the client to begin.
    server.type_in("r\n");
    server.running.stdout.wait(|line| line.contains("HelloRequest"));
    client.send("once more\n");
    let lines = &server.running.stdout;
    eventually("the connection goes on or ends", || {
        let lines = lines.now();
        lines.iter().any(|line| line == "once more" || line.contains("fatal"))
    });
    let hellos = lines.now().iter().filter(|line| line.contains("ClientHello")).count();
    assert_eq!(hellos, 1, "{:#?}", lines.now());
}

/// With a curve of which no key comes unasked the server asks for one.
#[test]
fn curves_and_retry() {
    let pki = pki();
    let pem = pki.file("origin.pem").display().to_string();
    for curve in ["P-256", "P-384", "X25519"] {
        let server = SServer::start(&format!("-cert {pem} -www -curves {curve}"));
        let proxy =
            based(&pki).backend("retries = 0").server(&server.address, &to_origin("")).start();
        assert_eq!(proxy.get("/").status(), 200, "{curve}: {:#?}", proxy.stderr.now());
    }
    let server = SServer::start(&format!("-cert {pem} -www -curves P-521"));
    let proxy = based(&pki).backend("retries = 0").server(&server.address, &to_origin("")).start();
    assert_eq!(proxy.get("/").status(), 503);
    proxy.stderr.wait(|line| line.contains("nothing in common"));
    server.running.stderr.wait(|line| line.contains("no suitable key share"));
}
