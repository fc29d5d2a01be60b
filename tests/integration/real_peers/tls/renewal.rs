//! Certificates that are renewed while the proxy runs.

use super::pki::Pki;
use super::s_client::{KEPT, ONCE, SClient, ask};
use super::{Site, everywhere, to_origin};
use crate::support::eventually;

/// A serial number of the certificate that a new connection is shown.
fn serial(site: &Site, name: &str) -> String {
    let said = ask(site.address(), &format!("-servername {name}"));
    let text: Vec<&str> = said.assert_served().lines.iter().map(String::as_str).collect();
    let start = text.iter().position(|line| line.contains("BEGIN CERTIFICATE")).unwrap();
    let end = text.iter().position(|line| line.contains("END CERTIFICATE")).unwrap();
    text[start + 1..end].concat()
}

/// New connections get what is there now; one that was there before goes on.
#[test]
fn rewritten_replaced_added() {
    let pki = Pki::new();
    pki.folder("certs");
    pki.issue("first", &["site.test"]);
    pki.bundle("first", "certs/site.pem");
    let site = Site::new(pki, "crt = \"certs\"");
    let mut kept = SClient::start(site.address(), "-servername site.test");
    kept.type_in(KEPT);
    kept.await_lines("hello of the server", 1);
    let first = serial(&site, "site.test");
    // In place.
    site.pki.issue("second", &["site.test"]);
    site.pki.bundle("second", "certs/site.pem");
    everywhere("the second is there", || serial(&site, "site.test") != first);
    let second = serial(&site, "site.test");
    // By a file that takes its name.
    site.pki.issue("third", &["site.test"]);
    std::fs::rename(site.pki.file("third.pem"), site.pki.file("certs/site.pem")).unwrap();
    everywhere("the third is there", || serial(&site, "site.test") != second);
    let third = serial(&site, "site.test");
    assert_ne!(first, third);
    // One more file, and one less.
    assert_eq!(serial(&site, "added.test"), third);
    site.pki.issue("added", &["added.test"]);
    site.pki.bundle("added", "certs/zadded.pem");
    everywhere("one more is there", || serial(&site, "added.test") != third);
    assert_eq!(serial(&site, "site.test"), third);
    std::fs::remove_file(site.pki.file("certs/zadded.pem")).unwrap();
    everywhere("one less is there", || serial(&site, "added.test") == third);
    kept.type_in(ONCE);
    kept.await_lines("hello of the server", 2);
    assert!(!kept.end().has("error:0"));
}

/// Sessions go on over a renewal: tickets are not the certificate's.
#[test]
fn sessions_outlive_it() {
    let site = Site::simple("");
    for version in ["-tls1_2", "-tls1_2 -no_ticket", "-tls1_3"] {
        let old = serial(&site, "site.test");
        let session = site.pki.file("session").display().to_string();
        ask(site.address(), &format!("{version} -sess_out {session}")).assert_served();
        site.pki.issue("next", &["site.test"]);
        site.pki.bundle("next", "site.pem");
        everywhere("the next is there", || serial(&site, "site.test") != old);
        let said = ask(site.address(), &format!("{version} -sess_in {session}"));
        assert!(said.assert_served().session().starts_with("Reused, "), "{version}: {said:#?}");
    }
}

/// What an authority says is renewed more often than what it says it of.
#[test]
fn staple() {
    let site = Site::simple("");
    let status = |site: &Site| ask(site.address(), "-status");
    assert!(status(&site).assert_served().has("OCSP response: no response sent"));
    site.pki.staple("site", "site.pem.ocsp");
    everywhere("it is stapled", || status(&site).has("Cert Status: good"));
    site.pki.revoke("site");
    site.pki.staple("site", "next.ocsp");
    std::fs::rename(site.pki.file("next.ocsp"), site.pki.file("site.pem.ocsp")).unwrap();
    // Clients are better off without it; we are told.
    everywhere("it is not stapled", || status(&site).has("OCSP response: no response sent"));
    site.proxy
        .stderr
        .wait(|line| line.contains("site.pem.ocsp` is not stapled") && line.contains("REVOKED"));
}

/// What is broken changes nothing, and is told by its name.
#[test]
fn broken() {
    let site = Site::simple("");
    let good = serial(&site, "site.test");
    let whole = site.pki.read("site.pem");
    site.pki.issue("other", &["site.test"]);
    let other_key = [site.pki.read("site.crt"), site.pki.read("other.key")].concat();
    for (bytes, reason) in [
        (&whole[..whole.len() / 2], "site.pem`: "),
        (b"nonsense", "site.pem`: "),
        (&other_key, "site.pem`: "),
    ] {
        let told = site.proxy.stderr.now().len();
        site.pki.write_private("site.pem", bytes);
        eventually("an error is told", || {
            let lines = site.proxy.stderr.now();
            lines[told..].iter().any(|line| line.starts_with("error: ") && line.contains(reason))
        });
        assert_eq!(serial(&site, "site.test"), good);
    }
    site.pki.bundle("other", "site.pem");
    site.proxy.stderr.wait(|line| line == "certificates read anew");
    everywhere("the other is there", || serial(&site, "site.test") != good);
    // The errors that were told are no sign of trouble at the end.
    let mut site = site;
    site.proxy.signal(rustix::process::Signal::TERM);
    assert!(site.proxy.wait().status.success());
}

/// Who is trusted changes with the file, towards clients and towards servers.
#[test]
fn authorities() {
    let pki = Pki::new();
    pki.issue("site", &["site.test"]);
    pki.authority("other");
    pki.client("somebody");
    let pem = pki.file("somebody.pem").display().to_string();
    pki.dir().write("trusted.crt", pki.read("other.crt"));
    let site =
        Site::new(pki, "crt = \"site.pem\", verify = \"required\", ca-file = \"trusted.crt\"");
    let visit = || ask(site.address(), &format!("-cert {pem}"));
    visit().assert_alert(48);
    site.pki.dir().write("trusted.crt", site.pki.read("ca.crt"));
    everywhere("it is trusted", || visit().has("HTTP/1.1 200 OK"));
    // A server.
    site.pki.issue("origin", &["origin.test"]);
    let origin = super::s_server::SServer::start(&format!(
        "-cert {} -www",
        site.pki.file("origin.pem").display()
    ));
    site.pki.dir().write("roots.crt", site.pki.read("other.crt"));
    let words = to_origin("").replace("ca.crt", "roots.crt");
    let proxy =
        super::based(&site.pki).backend("retries = 0").server(&origin.address, &words).start();
    assert_eq!(proxy.get("/").status(), 503);
    site.pki.dir().write("roots.crt", site.pki.read("ca.crt"));
    eventually("the server is trusted", || proxy.get("/").status() == 200);
}
