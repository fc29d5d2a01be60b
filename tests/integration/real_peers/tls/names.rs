//! Which certificate a name gets.

use super::pki::Pki;
use super::s_client::{Said, ask};
use super::{Site, web};
use crate::support::Server;

/// Certificates `a` to `d` for these names.
fn pki() -> Pki {
    let pki = Pki::new();
    pki.folder("certs");
    for (name, names) in [
        ("a", &["a.test"][..]),
        ("b", &["b.test", "www.b.test"]),
        ("wild", &["*.wild.test"]),
        ("own", &["own.wild.test"]),
    ] {
        pki.issue(name, names);
        pki.bundle(name, &format!("certs/{name}.pem"));
    }
    pki
}

fn visit(address: &str, name: &str) -> Said {
    let name = if name.is_empty() { "-noservername".into() } else { format!("-servername {name}") };
    ask(address, &name)
}

/// The first name of the certificate that who asks for `name` is shown.
fn shown(address: &str, name: &str) -> String {
    let said = visit(address, name);
    let subject = said.assert_served().value("subject=");
    let (_, name) = subject.split_once("CN = ").unwrap();
    name.split(',').next().unwrap().to_owned()
}

#[test]
fn of_a_folder() {
    let site = Site::new(pki(), "crt = \"certs\"");
    for (name, certificate) in [
        ("a.test", "a.test"),
        ("A.TEST", "a.test"),
        ("b.test", "b.test"),
        ("www.b.test", "b.test"),
        ("any.wild.test", "*.wild.test"),
        ("own.wild.test", "own.wild.test"),
        // Who asks for no known name gets the first.
        ("too.many.wild.test", "a.test"),
        ("wild.test", "a.test"),
        ("unknown.test", "a.test"),
        ("", "a.test"),
    ] {
        assert_eq!(shown(site.address(), name), certificate, "{name}");
    }
}

#[test]
fn default_crt() {
    let site = Site::new(pki(), "crt = \"certs\", default-crt = \"b.pem\"");
    for (name, certificate) in [("a.test", "a.test"), ("unknown.test", "b.test"), ("", "b.test")] {
        assert_eq!(shown(site.address(), name), certificate, "{name}");
    }
}

#[test]
fn strict_sni() {
    let site = Site::new(pki(), "crt = \"certs\", strict-sni = true");
    assert_eq!(shown(site.address(), "b.test"), "b.test");
    for (name, reason) in [
        ("unknown.test", "no certificate for `unknown.test`"),
        ("wild.test", "no certificate for `wild.test`"),
        ("", "no server name asked for"),
    ] {
        visit(site.address(), name).assert_alert(112);
        site.proxy.log_line(|line| line.ends_with(&format!("SSL handshake failure: {reason}")));
    }
}

/// Names in place of those in the certificate, and options of each line.
#[test]
fn crt_list() {
    let pki = pki();
    pki.client("somebody");
    let list = pki.dir().write(
        "list",
        "# names, then options\n\
         certs/a.pem\n\
         certs/b.pem [ssl-min-ver TLSv1.3 alpn http/1.0] new.test *.new.test !old.new.test\n\
         certs/wild.pem [verify required ca-file ca.crt] member.test\n",
    );
    let server = Server::text(super::HELLO);
    let words = format!("crt-list = \"{}\"", list.display());
    let proxy = web(&pki, &words).server(&server.address(), "").start();
    let address = proxy.address("web");
    for (name, certificate) in [
        ("a.test", "a.test"),
        ("new.test", "b.test"),
        ("any.new.test", "b.test"),
        ("old.new.test", "a.test"),
        ("b.test", "a.test"),
        ("", "a.test"),
    ] {
        assert_eq!(shown(address, name), certificate, "{name}");
    }
    ask(address, "-tls1_2 -servername a.test").assert_served();
    ask(address, "-tls1_2 -servername new.test").assert_alert(70);
    let said = ask(address, "-servername new.test -alpn http/1.1,http/1.0");
    assert_eq!(said.assert_served().value("ALPN protocol: "), "http/1.0");
    ask(address, "-servername member.test").assert_alert(116);
    let somebody = pki.file("somebody.pem");
    ask(address, &format!("-servername member.test -cert {}", somebody.display())).assert_served();
}

/// A session belongs to the name for which it was begun, and to who was checked there.
#[test]
fn no_resumption_across_names() {
    let pki = pki();
    let list = "certs/a.pem\ncerts/b.pem [verify required ca-file ca.crt]\n";
    let list = pki.dir().write("list", list);
    let server = Server::text(super::HELLO);
    let words = format!("crt-list = \"{}\"", list.display());
    let proxy = web(&pki, &words).server(&server.address(), "").start();
    let session = pki.file("session").display().to_string();
    for (version, alert) in [("-tls1_2", 116), ("-tls1_3", 116)] {
        let begin = format!("{version} -servername a.test -sess_out {session}");
        ask(proxy.address("web"), &begin).assert_served();
        let again = format!("{version} -servername a.test -sess_in {session}");
        assert!(ask(proxy.address("web"), &again).session().starts_with("Reused, "));
        let other = format!("{version} -servername b.test -sess_in {session}");
        ask(proxy.address("web"), &other).assert_alert(alert);
    }
    assert_eq!(server.requests().len(), 4);
}
