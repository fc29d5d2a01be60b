//! What else a client may want: a staple, other terms, early data, new keys, to close one side.

use super::pki::Pki;
use super::s_client::{KEPT, ONCE, SClient, ask};
use super::s_server::SServer;
use super::{Site, web};
use crate::support::{Server, eventually, noise};

/// Each kind of key has a response of its own.
#[test]
fn staples_what_an_authority_says() {
    let pki = Pki::new();
    pki.pair("certs", &["site.test"]);
    pki.staple("ecdsa", "certs/ecdsa.pem.ocsp");
    pki.staple("rsa", "certs/rsa.pem.ocsp");
    let ca = pki.file("ca.crt").display().to_string();
    let site = Site::new(pki, "crt = \"certs\"");
    let trust = format!("-CAfile {ca} -servername site.test -status");
    let index = String::from_utf8(site.pki.read("index.txt")).unwrap();
    let lines: Vec<&str> = index.lines().collect();
    for (line, arguments) in [
        (lines[0], "-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256"),
        (lines[1], "-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256"),
        (lines[0], "-tls1_3 -sigalgs ECDSA+SHA256"),
        (lines[1], "-tls1_3 -sigalgs RSA-PSS+SHA256"),
    ] {
        let said = ask(site.address(), &format!("{trust} {arguments}"));
        assert_eq!(said.assert_served().value("Cert Status: "), "good", "{arguments}");
        let serial = said.value("Serial Number: ");
        assert!(line.contains(serial), "{arguments}: {serial} in {line}");
    }
    assert!(!ask(site.address(), "-servername site.test").has("OCSP Response Data"));
}

#[test]
fn staples_nothing_without_a_file() {
    let site = Site::simple("");
    assert!(ask(site.address(), "-status").assert_served().has("OCSP response: no response sent"));
}

/// It is answered with a warning that there will be none, and the client gives up; no handshake
/// takes place, and nothing else suffers.
#[test]
fn renegotiates_not() {
    let site = Site::simple("");
    let mut client = SClient::start(site.address(), "-tls1_2 -msg");
    client.type_in(KEPT);
    client.await_lines("hello of the server", 1);
    client.type_in("R\n");
    let said = client.end();
    assert!(said.has("RENEGOTIATING") && said.has("no renegotiation"), "{said:#?}");
    let hellos =
        said.lines.iter().filter(|line| line.contains("ServerHello") && !line.contains("Done"));
    assert_eq!(hellos.count(), 1, "{said:#?}");
    ask(site.address(), "-tls1_2").assert_served();
}

/// Sessions allow no early data, be they kept in tickets or here; a client that sends some for all
/// that is answered after all, once.
#[test]
fn early_data() {
    for words in ["", "no-tls-tickets = true"] {
        let site = Site::simple(words);
        let session = site.pki.file("session").display().to_string();
        let said = ask(site.address(), &format!("-tls1_3 -sess_out {session}"));
        assert_eq!(said.assert_served().value("Max Early Data: "), "0");
        let data = site.pki.dir().write("early", ONCE).display().to_string();
        let resume = format!("-tls1_3 -sess_in {session} -early_data {data}");
        let said = ask(site.address(), &resume);
        assert!(said.assert_served().has("Early data was not sent"), "{said:#?}");
        assert!(said.session().starts_with("Reused, "));
        let said = ask(site.address(), &early_session_of_somebody_else(&site, &data));
        assert!(said.assert_served().has("Early data was rejected"), "{said:#?}");
        assert!(said.session().starts_with("New, "));
        let requests = site.server.requests();
        assert_eq!(requests.len(), 3, "each was asked for once: {requests:#?}");
    }
}

/// Begins a session where early data is allowed. Returns how to bring it and `data` to us.
fn early_session_of_somebody_else(site: &Site, data: &str) -> String {
    let pem = site.pki.file("site.pem").display().to_string();
    let other = SServer::start(&format!("-cert {pem} -early_data -tls1_3"));
    let session = site.pki.file("theirs");
    let begin = format!("-tls1_3 -sess_out {}", session.display());
    let client = SClient::start(&other.address, &begin);
    eventually("a session is there", || session.exists());
    client.close();
    format!("-tls1_3 -sess_in {} -early_data {data}", session.display())
}

/// New keys in the client's direction (`k`) and in both (`K`), between requests and within a body.
#[test]
fn renews_keys() {
    let site = Site::simple("");
    let mut client = SClient::start(site.address(), "-tls1_3 -msg");
    for (count, command) in ["k\n", "K\n", "k\n", "K\n", "K\n"].into_iter().enumerate() {
        client.type_in(KEPT);
        client.await_lines("hello of the server", count + 1);
        client.type_in(command);
        client.await_lines("KEYUPDATE", count + 1);
    }
    // Each of the three requests for new keys of both is answered with ours.
    client.type_in(ONCE);
    let said = client.end();
    let ours =
        said.lines.iter().filter(|line| line.starts_with("<<<") && line.contains("KeyUpdate"));
    assert_eq!(ours.count(), 3, "{said:#?}");
    let answers = said.lines.iter().filter(|line| line.contains("hello of the server"));
    assert_eq!(answers.count(), 6, "{said:#?}");
    assert!(!said.has("error:0"), "{said:#?}");
}

/// While a response is on its way through.
#[test]
fn renews_keys_amid_data() {
    let pki = Pki::new();
    pki.issue("site", &["site.test"]);
    let server = Server::start(|peer| {
        peer.head();
        let lines: String = (0..20_000).map(|number| format!("line {number} of many\n")).collect();
        peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", lines.len() + 5));
        for part in lines.as_bytes().chunks(lines.len() / 10) {
            peer.send(part);
            crate::support::pause(20);
        }
        peer.send("last\n");
    });
    let proxy = web(&pki, "crt = \"site.pem\"").server(&server.address(), "").start();
    let mut client = SClient::start(proxy.address("web"), "-tls1_3");
    client.type_in(ONCE);
    for count in 1..5 {
        client.await_lines(" of many", count * 2_000);
        client.type_in(if count % 2 == 0 { "k\n" } else { "K\n" });
        client.await_lines("KEYUPDATE", count);
    }
    let said = client.end();
    let numbers =
        said.lines.iter().filter_map(|line| line.strip_suffix(" of many")?.strip_prefix("line "));
    let numbers: Vec<usize> = numbers.map(|number| number.parse().unwrap()).collect();
    assert_eq!(numbers, (0..20_000).collect::<Vec<_>>());
    assert!(said.has("last"), "{said:#?}");
}

/// The client says that it sends no more and still gets its answer; in TCP mode the server hears of
/// the end, and answers then.
#[test]
fn closes_one_side() {
    let pki = Pki::new();
    pki.issue("site", &["site.test"]);
    let body = noise(3000);
    let server = Server::start(move |peer| {
        let got = peer.read_to_end();
        peer.send(format!("{} bytes came\n", got.len()));
    });
    let web = web(&pki, "crt = \"site.pem\"").tcp().server(&server.address(), "");
    let proxy = web.start();
    let text: String = body.iter().map(|byte| char::from(b'a' + byte % 13)).collect();
    let said = super::super::output(
        super::super::script("tls_half_close.py").args([proxy.address("web"), &text]),
    );
    assert_eq!(String::from_utf8_lossy(&said), "3000 bytes came\n");
}
