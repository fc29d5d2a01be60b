//! Who may resume which session: never one that was asked for less (CVE-2025-23419).

use std::sync::Arc;

use rustls::client::ClientSessionMemoryCache;
use rustls::{ClientConfig, client::Resumption, client::Tls12Resumption};

use crate::support::tls::{Authority, Identity, Shaking, Version};
use crate::support::{Peer, Proxy, Server, Web};

const OPEN: &str = "open.example";
const CLOSED: &str = "closed.example";
const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/// How a connection went: was it let in, and was a session resumed?
#[derive(Debug, PartialEq)]
enum Met {
    New,
    Resumed,
    Refused,
}

struct Site {
    authority: Authority,
    clients: Authority,
    proxy: Proxy,
    _server: Server,
}

impl Site {
    /// `binds`: their words after `ssl`, with `CRT`, `LIST` and `CA` for files.
    fn new(binds: &[&str]) -> Self {
        let server = Server::text("ok");
        let (authority, clients) = (Authority::new(), Authority::new());
        let web = Web::to(&server);
        let crt = web.file("site.pem", authority.issue(&[OPEN, CLOSED]).pem);
        let ca = web.file("ca.pem", clients.pem());
        let crt = crt.display().to_string();
        let ca = ca.display().to_string();
        let list = web.file(
            "list.txt",
            format!("{crt} {OPEN}\n{crt} [ca-file {ca} verify required] {CLOSED}\n"),
        );
        let list = list.display().to_string();
        let binds: Vec<String> = binds
            .iter()
            .map(|words| {
                let words = words.replace("CRT", &crt).replace("LIST", &list).replace("CA", &ca);
                format!("{{ address = \"127.0.0.1:0\", ssl = true, {words} }}")
            })
            .collect();
        let proxy = web.frontend(&format!("bind = [{}]", binds.join(", "))).start();
        Self { authority, clients, proxy, _server: server }
    }

    /// The addresses of all binds.
    fn addresses(&self) -> Vec<String> {
        let lines = self.proxy.stdout.now();
        let address = |line: &String| {
            let (_, rest) = line.split_once(" address=")?;
            Some(rest.split(' ').next()?.to_owned())
        };
        lines.iter().filter_map(address).collect()
    }

    /// A client with a memory, and maybe a certificate.
    fn client(
        &self,
        version: Version,
        how: Tls12Resumption,
        own: Option<&Identity>,
    ) -> ClientConfig {
        let mut config = self.authority.client_with(version, own);
        let store = Resumption::store(Arc::new(ClientSessionMemoryCache::new(64)));
        config.resumption = store.tls12_resumption(how);
        config
    }
}

fn meet(address: &str, config: &ClientConfig, name: &str) -> Met {
    let mut client = Shaking::client(Peer::connect(address), config, name);
    if !client.shake(|peer, _, flight| {
        let _ = peer.try_send(flight);
    }) {
        return Met::Refused;
    }
    match client.ask(GET) {
        None => Met::Refused,
        Some(_) if client.is_resumed() => Met::Resumed,
        Some(_) => Met::New,
    }
}

/// Versions, and the ways to resume in each.
const WAYS: [(Version, Tls12Resumption); 3] = [
    (Version::V13, Tls12Resumption::SessionIdOrTickets),
    (Version::V12, Tls12Resumption::SessionIdOrTickets),
    (Version::V12, Tls12Resumption::SessionIdOnly),
];

/// All sessions of `from` are taken for those of `to`.
#[derive(Debug)]
struct Mixed {
    store: ClientSessionMemoryCache,
}

impl rustls::client::ClientSessionStore for Mixed {
    fn set_kx_hint(&self, _: rustls::pki_types::ServerName<'static>, _: rustls::NamedGroup) {}

    fn kx_hint(&self, _: &rustls::pki_types::ServerName<'_>) -> Option<rustls::NamedGroup> {
        None
    }

    fn set_tls12_session(
        &self,
        _: rustls::pki_types::ServerName<'static>,
        session: rustls::client::Tls12ClientSessionValue,
    ) {
        self.store.set_tls12_session(one_name(), session);
    }

    fn tls12_session(
        &self,
        _: &rustls::pki_types::ServerName<'_>,
    ) -> Option<rustls::client::Tls12ClientSessionValue> {
        self.store.tls12_session(&one_name())
    }

    fn remove_tls12_session(&self, _: &rustls::pki_types::ServerName<'static>) {
        self.store.remove_tls12_session(&one_name());
    }

    fn insert_tls13_ticket(
        &self,
        _: rustls::pki_types::ServerName<'static>,
        ticket: rustls::client::Tls13ClientSessionValue,
    ) {
        self.store.insert_tls13_ticket(one_name(), ticket);
    }

    fn take_tls13_ticket(
        &self,
        _: &rustls::pki_types::ServerName<'static>,
    ) -> Option<rustls::client::Tls13ClientSessionValue> {
        self.store.take_tls13_ticket(&one_name())
    }
}

fn one_name() -> rustls::pki_types::ServerName<'static> {
    "one.example".try_into().unwrap()
}

impl Site {
    /// A client that offers the sessions of any name to any other.
    fn mixing(
        &self,
        version: Version,
        how: Tls12Resumption,
        own: Option<&Identity>,
    ) -> ClientConfig {
        let mut config = self.client(version, how, own);
        let store = Mixed { store: ClientSessionMemoryCache::new(64) };
        config.resumption = Resumption::store(Arc::new(store)).tls12_resumption(how);
        config
    }
}

#[test]
fn sessions_are_resumed() {
    let site = Site::new(&["crt = [\"CRT\"]"]);
    let address = site.addresses().remove(0);
    for (version, how) in WAYS {
        let config = site.client(version, how, None);
        assert_eq!(meet(&address, &config, OPEN), Met::New, "{version:?} {how:?}");
        // By either shard.
        for round in 0..6 {
            assert_eq!(meet(&address, &config, OPEN), Met::Resumed, "{version:?} {how:?} {round}");
        }
    }
}

/// Two names on one bind, of which one asks for certificates.
#[test]
fn open_sessions_do_not_open_closed_names() {
    let site = Site::new(&["crt-list = \"LIST\""]);
    let address = site.addresses().remove(0);
    for (version, how) in WAYS {
        let config = site.mixing(version, how, None);
        assert_eq!(meet(&address, &config, OPEN), Met::New, "{version:?} {how:?}");
        assert_eq!(meet(&address, &config, OPEN), Met::Resumed, "{version:?} {how:?}");
        assert_eq!(meet(&address, &config, CLOSED), Met::Refused, "{version:?} {how:?}");
    }
}

/// Two binds with one certificate and one name, of which one asks for certificates.
#[test]
fn open_sessions_do_not_open_closed_binds() {
    let closed = "crt = [\"CRT\"], ca-file = \"CA\", verify = \"required\"";
    let site = Site::new(&["crt = [\"CRT\"]", closed]);
    let addresses = site.addresses();
    for (version, how) in WAYS {
        let config = site.client(version, how, None);
        assert_eq!(meet(&addresses[0], &config, OPEN), Met::New, "{version:?} {how:?}");
        assert_eq!(meet(&addresses[0], &config, OPEN), Met::Resumed, "{version:?} {how:?}");
        assert_eq!(meet(&addresses[1], &config, OPEN), Met::Refused, "{version:?} {how:?}");
    }
}

/// Clients that proved themselves are resumed where they did, and nowhere else.
#[test]
fn proven_sessions_are_resumed() {
    let closed = "crt = [\"CRT\"], ca-file = \"CA\", verify = \"required\"";
    let site = Site::new(&[closed, closed]);
    let own = site.clients.issue(&["client.example"]);
    let strange = Authority::new().issue(&["client.example"]);
    let addresses = site.addresses();
    for (version, how) in WAYS {
        let config = site.client(version, how, Some(&own));
        assert_eq!(meet(&addresses[0], &config, OPEN), Met::New, "{version:?} {how:?}");
        assert_eq!(meet(&addresses[0], &config, OPEN), Met::Resumed, "{version:?} {how:?}");
        // The same demands: the same client.
        assert_eq!(meet(&addresses[1], &config, OPEN), Met::Resumed, "{version:?} {how:?}");
        let config = site.client(version, how, Some(&strange));
        assert_eq!(meet(&addresses[0], &config, OPEN), Met::Refused, "{version:?} {how:?}");
        let config = site.client(version, how, None);
        assert_eq!(meet(&addresses[0], &config, OPEN), Met::Refused, "{version:?} {how:?}");
    }
}

/// A name that was proven to is not another one that has other demands.
#[test]
fn proven_sessions_stay_with_their_name() {
    let site = Site::new(&["crt-list = \"LIST\""]);
    let own = site.clients.issue(&["client.example"]);
    let address = site.addresses().remove(0);
    for (version, how) in WAYS {
        let config = site.mixing(version, how, Some(&own));
        assert_eq!(meet(&address, &config, CLOSED), Met::New, "{version:?} {how:?}");
        assert_eq!(meet(&address, &config, CLOSED), Met::Resumed, "{version:?} {how:?}");
        assert_eq!(meet(&address, &config, OPEN), Met::New, "{version:?} {how:?}");
    }
}
