//! Python's `ssl`, and aiohttp over it.

use super::super::{output, script};
use super::pki::Pki;
use super::web;
use crate::support::{Server, reply};

#[test]
fn clients() {
    let pki = Pki::new();
    pki.pair("certs", &["site.test"]);
    let server = Server::http(|request| {
        let method = request.first_line().split(' ').next().unwrap();
        reply(format!("{method} {}", request.body.len()))
    });
    let proxy = web(&pki, "crt = \"certs\"").server(&server.address(), "").start();
    let arguments = [proxy.address("web").to_owned(), pki.file("ca.crt").display().to_string()];
    let text = output(script("tls_client.py").args(arguments));
    assert!(text.ends_with(b"done\n"), "{}", String::from_utf8_lossy(&text));
    assert_eq!(server.requests().len(), 2 * 3 * 20 + 100);
}
