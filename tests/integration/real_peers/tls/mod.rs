//! TLS with clients, servers and scanners that others wrote.

mod client_auth;
mod curl;
mod haproxy;
mod manners;
mod names;
mod nginx;
mod pki;
mod policy;
mod proxy_protocol;
mod python;
mod renewal;
mod resumption;
mod s_client;
mod s_server;
mod scanners;

use crate::support::{Proxy, Server, Web, eventually};

use pki::Pki;

/// What servers of these tests answer with; a whole line for those who read lines.
const HELLO: &str = "hello of the server\n";

/// What these tests log of a stream.
const LOG_FORMAT: &str = "log-format = '%ft %b/%s %ST %ts th=%Th v=%sslv c=%sslc %{+Q}r'";

/// A proxy that speaks TLS with clients, and what is around it.
struct Site {
    pki: Pki,
    server: Server,
    proxy: Proxy,
}

impl Site {
    /// The bind has these words beside `ssl`, in which files are named relative to those of `pki`.
    fn new(pki: Pki, words: &str) -> Self {
        let server = Server::text(HELLO);
        let proxy = web(&pki, words).server(&server.address(), "").start();
        Self { pki, server, proxy }
    }

    /// With one certificate for `site.test`, and these words more.
    fn simple(words: &str) -> Self {
        let pki = Pki::new();
        pki.issue("site", &["site.test"]);
        Self::new(pki, &format!("crt = \"site.pem\", {words}"))
    }

    fn address(&self) -> &str {
        self.proxy.address("web")
    }
}

/// A proxy in front of nothing yet.
fn web(pki: &Pki, words: &str) -> Web {
    let bind = format!("bind = {{ address = \"127.0.0.1:0\", ssl = true, {words} }}");
    based(pki).frontend(&bind)
}

/// The same without TLS towards clients.
fn based(pki: &Pki) -> Web {
    unlogged(pki).frontend(LOG_FORMAT)
}

/// The same with another format of the log.
fn unlogged(pki: &Pki) -> Web {
    let base = pki.path();
    Web::new().logged().global(&format!("crt-base = \"{base}\"\nca-base = \"{base}\""))
}

/// What servers are spoken to with, that must prove to be `origin.test`.
fn to_origin(words: &str) -> String {
    format!("ssl = true, ca-file = \"ca.crt\", sni = \"origin.test\"{words}")
}

/// Waits until every shard does as `check` asks: each takes over what was read anew when it can,
/// and which one answers is for chance to say.
fn everywhere(what: &str, check: impl Fn() -> bool) {
    eventually(what, || (0..8).all(|_| check()));
}
