//! Sessions that clients resume, whichever shard they come to.

use std::process::Command;

use super::super::output;
use super::pki::Pki;
use super::s_client::ask;
use super::{HELLO, Site, web};
use crate::support::Server;

/// Six connections of one s_client, the first of which begins the session.
fn reconnect(site: &Site, arguments: &str) -> Vec<String> {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-reconnect", "-connect", site.address()]);
    let said =
        output(command.args(arguments.split_whitespace()).stdin(std::process::Stdio::null()));
    let lines = String::from_utf8(said).unwrap();
    let is_session = |line: &&str| line.starts_with("New, ") || line.starts_with("Reused, ");
    lines.lines().filter(is_session).map(str::to_owned).collect()
}

fn assert_all_resumed(sessions: &[String], suite: &str) {
    let expected: Vec<_> =
        ["New"].iter().chain(&["Reused"; 5]).map(|how| format!("{how}, {suite}")).collect();
    assert_eq!(sessions, expected);
}

const SUITE12: &str = "TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256";

#[test]
fn of_tls12() {
    let site = Site::simple("");
    assert_all_resumed(&reconnect(&site, "-tls1_2"), SUITE12);
    assert_all_resumed(&reconnect(&site, "-tls1_2 -no_ticket"), SUITE12);
    let site = Site::simple("no-tls-tickets = true");
    assert_all_resumed(&reconnect(&site, "-tls1_2"), SUITE12);
    let said = ask(site.address(), "-tls1_2");
    assert!(!said.has("TLS session ticket:"), "{said:#?}");
}

/// Without tickets and without kept sessions nothing can be resumed.
#[test]
fn off() {
    let pki = Pki::new();
    pki.issue("site", &["site.test"]);
    let server = Server::text(HELLO);
    let words = "crt = \"site.pem\", no-tls-tickets = true";
    let web = web(&pki, words).global("tune.ssl.cachesize = 0");
    let proxy = web.server(&server.address(), "").start();
    let session = pki.file("session");
    for version in ["-tls1_2", "-tls1_3"] {
        let begin = format!("{version} -sess_out {}", session.display());
        let said = ask(proxy.address("web"), &begin);
        assert!(!said.assert_served().has("TLS session ticket"), "{said:#?}");
        if session.exists() {
            let again = format!("{version} -sess_in {}", session.display());
            assert!(ask(proxy.address("web"), &again).session().starts_with("New, "));
        }
    }
}

/// Begins a session at `first` and takes it to `second`, several times: any shard may answer.
fn carry(pki: &Pki, version: &str, first: &str, second: &str) -> Vec<String> {
    let session = pki.file("session").display().to_string();
    let said = ask(first, &format!("{version} -sess_out {session}"));
    assert!(said.assert_served().session().starts_with("New, "), "{said:#?}");
    let visit = |_| {
        ask(second, &format!("{version} -sess_in {session}")).assert_served().session().to_owned()
    };
    (0..8).map(visit).collect()
}

#[test]
fn at_every_shard() {
    for words in ["", "no-tls-tickets = true"] {
        let site = Site::simple(words);
        for version in ["-tls1_2", "-tls1_2 -no_ticket", "-tls1_3"] {
            let sessions = carry(&site.pki, version, site.address(), site.address());
            // A session of TLS 1.3 that is kept here serves once: later visits begin anew.
            let resumed = sessions.iter().filter(|session| session.starts_with("Reused, ")).count();
            let expected = if version == "-tls1_3" && !words.is_empty() { 1 } else { 8 };
            assert_eq!(resumed, expected, "{words} {version}: {sessions:#?}");
        }
    }
}

/// Machines with the same `tls-ticket-keys` know each other's sessions; others do not.
#[test]
fn at_another_process() {
    let pki = Pki::new();
    pki.issue("site", &["site.test"]);
    pki.ticket_keys("ours");
    pki.ticket_keys("theirs");
    let server = Server::text(HELLO);
    let start = |keys: &str| {
        let keys = pki.file(keys).display().to_string();
        let words = format!("crt = \"site.pem\", tls-ticket-keys = \"{keys}\"");
        web(&pki, &words).server(&server.address(), "").start()
    };
    let (first, second, stranger) = (start("ours"), start("ours"), start("theirs"));
    for version in ["-tls1_2", "-tls1_3"] {
        for (other, how) in [(&second, "Reused, "), (&stranger, "New, ")] {
            let sessions = carry(&pki, version, first.address("web"), other.address("web"));
            assert!(sessions.iter().all(|session| session.starts_with(how)), "{sessions:#?}");
        }
    }
}

/// A client that proved who it is, and resumes: it is still that client.
#[test]
fn with_a_client_certificate() {
    let pki = Pki::new();
    pki.issue("site", &["site.test"]);
    pki.client("somebody");
    let pem = pki.file("somebody.pem").display().to_string();
    let site = Site::new(pki, "crt = \"site.pem\", verify = \"required\", ca-file = \"ca.crt\"");
    let session = site.pki.file("session").display().to_string();
    for version in ["-tls1_2", "-tls1_3"] {
        let begin = format!("{version} -cert {pem} -sess_out {session}");
        ask(site.address(), &begin).assert_served();
        let said = ask(site.address(), &format!("{version} -sess_in {session}"));
        assert!(said.assert_served().session().starts_with("Reused, "), "{said:#?}");
    }
}
