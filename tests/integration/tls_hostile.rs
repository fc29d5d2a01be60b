//! TLS with clients that mean harm, or nonsense.

use std::time::{Duration, Instant};

use crate::support::tls::{
    ALERT, Authority, DATA, HANDSHAKE, KEY_UPDATE, KEY_UPDATE_ASKED, Shaking, Tls, TlsEnd, Version,
};
use crate::support::{Peer, Proxy, Server, Web, eventually, pause, reply};

const NAME: &str = "test.example";

struct Site {
    authority: Authority,
    proxy: Proxy,
    server: Server,
}

impl Site {
    fn new() -> Self {
        Self::with(|web| web)
    }

    fn with(change: impl FnOnce(Web) -> Web) -> Self {
        let authority = Authority::new();
        let server = Server::http(|request| reply(request.first_line()));
        let web = Web::to(&server).logged().tls(&authority.issue(&[NAME]), "");
        Self { proxy: change(web).start(), authority, server }
    }

    fn shaking(&self, version: Version) -> Shaking {
        Shaking::client(self.proxy.client(), &self.authority.client(version), NAME)
    }

    fn client(&self, version: Version) -> Tls {
        Tls::connect(self.proxy.address("web"), &self.authority.client(version), NAME)
    }

    /// Sends bytes to begin with. Returns what comes until the proxy closes.
    fn answer_to(&self, bytes: &[u8]) -> Vec<u8> {
        let mut peer = self.proxy.client();
        let _ = peer.try_send(bytes);
        peer.drain()
    }

    fn hello(&self, version: Version) -> Vec<u8> {
        self.shaking(version).flight()
    }

    fn assert_serves(&self) {
        assert_eq!(self.client(Version::V13).get("/a").text(), "GET /a HTTP/1.1");
    }
}

/// A fatal alert in the clear, or none.
fn alert(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [] => None,
        [21, 3, _, 0, 2, 2, why] => Some(*why),
        other => panic!("no alert: {other:?}"),
    }
}

fn record(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let [high, low] = (bytes.len() as u16).to_be_bytes();
    [&[kind, 3, 1, high, low], bytes].concat()
}

#[test]
fn what_is_no_hello() {
    let site = Site::new();
    let http = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    let ssl2 = [0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10, 1, 0, 0x80, 2, 0, 0x80];
    for bytes in [
        &http[..],
        &ssl2,
        b"\0\0\0\0\0\0\0\0",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        &[21, 3, 1, 0, 2, 2, 40],
        &[21, 3, 1, 0, 2, 1, 0],
    ] {
        assert_eq!(alert(&site.answer_to(bytes)), None, "{bytes:?}");
    }
    for bytes in [
        // Data, a Finished, a key exchange, a hello of a server.
        record(DATA, b"GET / HTTP/1.1\r\n\r\n"),
        record(HANDSHAKE, &[20, 0, 0, 1, 0]),
        record(HANDSHAKE, &[16, 0, 0, 1, 0]),
        record(HANDSHAKE, &[2, 0, 0, 1, 0]),
        // Empty hellos, and one of zeros.
        record(HANDSHAKE, &[1, 0, 0, 0]),
        record(HANDSHAKE, &[&[1, 0, 0, 40][..], &[0; 40]].concat()),
    ] {
        // Whether it is told why depends on whether it looks like TLS.
        alert(&site.answer_to(&bytes));
    }
    assert_eq!(site.server.connections(), 0);
    site.proxy.log_line(|line| line.contains("SSL handshake failure"));
    site.assert_serves();
}

#[test]
fn hellos_that_are_too_long() {
    let site = Site::with(|web| web.global("tune.ssl.max-hello-size = 4096"));
    for len in [4096_u32, 10_000, 0xff_ffff] {
        let [_, high, mid, low] = len.to_be_bytes();
        let bytes = record(HANDSHAKE, &[1, high, mid, low, 3, 3]);
        assert_eq!(alert(&site.answer_to(&bytes)), Some(50), "{len}");
    }
    // However small its records are, it is not read on and on.
    let flood = record(HANDSHAKE, &[]).repeat(100_000);
    alert(&site.answer_to(&flood));
    let hello = site.hello(Version::V13);
    let mut mixed = Vec::new();
    for byte in &hello[5..] {
        mixed.extend(record(HANDSHAKE, &[*byte]));
        mixed.extend(record(HANDSHAKE, &[]).repeat(50));
    }
    alert(&site.answer_to(&mixed));
    assert_eq!(site.server.connections(), 0);
    site.assert_serves();
}

/// Silence at any point, and bytes that trickle in: the handshake ends when it has to.
#[test]
fn handshakes_that_never_end() {
    let site = Site::with(|web| web.frontend("timeout.client-hs = \"300ms\""));
    for version in Version::ALL {
        let hello = site.hello(version);
        for len in [0, 1, 5, 6, 50, hello.len()] {
            let begun = Instant::now();
            let mut peer = site.proxy.client();
            peer.send(&hello[..len]);
            peer.drain();
            let took = begun.elapsed();
            let is_right = Duration::from_millis(290)..Duration::from_secs(3);
            assert!(is_right.contains(&took), "{version:?} {len}: {took:?}");
        }
        let begun = Instant::now();
        let mut peer = site.proxy.client();
        for byte in hello.iter().cycle().take(100) {
            if peer.try_send([*byte]).is_err() {
                break;
            }
            pause(20);
        }
        peer.drain();
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    }
    site.proxy.log_line(|line| line.contains("Timeout during SSL handshake"));
    site.assert_serves();
}

/// Five hundred clients in the middle of their handshake.
#[test]
fn crowd_that_is_stuck() {
    let site = Site::with(|web| web.frontend("timeout.client-hs = \"2s\""));
    let before = site.proxy.descriptors();
    let hello = site.hello(Version::V13);
    let stuck: Vec<Peer> = (0..500)
        .map(|number| {
            let mut peer = site.proxy.client();
            peer.send(&hello[..if number % 2 == 0 { hello.len() / 2 } else { hello.len() }]);
            peer
        })
        .collect();
    let begun = Instant::now();
    for _ in 0..10 {
        site.assert_serves();
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    for mut peer in stuck {
        peer.drain();
    }
    eventually("all is given back", || site.proxy.descriptors() <= before + 4);
    site.assert_serves();
}

/// Clients that go at any point of the handshake, in order or not.
#[test]
fn handshakes_that_are_left() {
    let site = Site::new();
    for version in Version::ALL {
        for (flight_at, is_reset) in [(0, false), (0, true), (1, false), (1, true)] {
            for len in [1, 5, 20, 60, 10_000] {
                let mut client = site.shaking(version);
                client.shake(|peer, number, flight| {
                    if number < flight_at {
                        peer.send(flight);
                    } else if number == flight_at {
                        peer.send(&flight[..flight.len().min(len)]);
                        if is_reset {
                            peer.reset_on_drop();
                        }
                        let _ = peer.try_finish();
                    }
                });
            }
        }
    }
    site.proxy.log_line(|line| line.contains("Connection closed during SSL handshake"));
    site.assert_serves();
}

/// An alert instead of the second flight.
#[test]
fn alerts_in_the_handshake() {
    let site = Site::new();
    for version in Version::ALL {
        for bytes in [[2, 40], [2, 48], [1, 0], [1, 90], [2, 0], [7, 7]] {
            let mut client = site.shaking(version);
            client.shake(|peer, number, flight| match number {
                0 => peer.send(flight),
                _ => peer.send(record(ALERT, &bytes)),
            });
            let _ = client.peer.try_finish();
            client.peer.drain();
        }
    }
    site.assert_serves();
}

/// The second flight is wrong.
#[test]
fn second_flights_that_are_wrong() {
    let site = Site::new();
    for version in Version::ALL {
        let hello = site.hello(version);
        let wrong = [
            hello,
            record(DATA, &[0; 50]),
            record(HANDSHAKE, &[20, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            record(99, &[0; 5]),
            vec![22, 3, 3, 0xff, 0xff, 1, 2, 3],
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        ];
        for bytes in &wrong {
            let mut client = site.shaking(version);
            client.shake(|peer, number, flight| match number {
                0 => peer.send(flight),
                _ => peer.send(bytes),
            });
            let _ = client.peer.try_finish();
            client.peer.drain();
        }
        // Each byte of it wrong in turn.
        let mut len = 1;
        let mut at = 0;
        while at < len {
            let mut client = site.shaking(version);
            client.shake(|peer, number, flight| {
                let mut flight = flight.to_vec();
                if number == 1 {
                    len = flight.len();
                    flight[at] ^= 0x41;
                }
                peer.send(flight);
            });
            let _ = client.peer.try_finish();
            client.peer.drain();
            at += 7;
        }
    }
    assert_eq!(site.server.connections(), 0);
    site.assert_serves();
}

/// Records that are wrong once the connection stands: the client is told, and it is over.
#[test]
fn records_that_are_wrong() {
    let site = Site::new();
    for version in Version::ALL {
        let begin = || {
            let mut client = site.client(version);
            assert_eq!(client.get("/a").text(), "GET /a HTTP/1.1");
            client
        };
        let mut client = begin();
        let mut wrong = client.seal_data("GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
        *wrong.last_mut().unwrap() ^= 1;
        client.peer.send(wrong);
        assert_eq!(client.ending(), TlsEnd::Alert(20), "{version:?}");

        let mut client = begin();
        let request = client.seal_data("GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
        client.peer.send([&request[..], &request].concat());
        let (_, end) = client.read_to_end();
        assert_eq!(end, TlsEnd::Alert(20), "{version:?}: replayed");

        let mut client = begin();
        client.peer.send([23, 3, 3, 0xff, 0xff]);
        assert_eq!(client.ending(), TlsEnd::Alert(22), "{version:?}: too long");

        let mut client = begin();
        client.peer.send("GET / HTTP/1.1\r\n\r\n");
        assert_eq!(client.ending(), TlsEnd::Alert(70), "{version:?}: in the clear");

        let mut client = begin();
        client.send_record(99, "x");
        assert_eq!(client.ending(), TlsEnd::Alert(10), "{version:?}: unknown");

        let mut client = begin();
        client.send_record(ALERT, [2, 40]);
        let end = client.ending();
        assert!(!matches!(end, TlsEnd::Alert(_) | TlsEnd::Said), "{version:?}: {end:?}");
    }
    site.assert_serves();
}

/// What says nothing is not listened to for ever.
#[test]
fn floods() {
    let site = Site::new();
    for version in Version::ALL {
        let mut client = site.client(version);
        let flood: Vec<u8> = (0..1000).flat_map(|_| client.seal(DATA, "")).collect();
        let _ = client.peer.try_send(flood);
        let end = client.ending();
        assert!(matches!(end, TlsEnd::Alert(10) | TlsEnd::Reset), "{version:?} {end:?}");
        let mut client = site.client(version);
        let flood: Vec<u8> = (0..1000).flat_map(|_| client.seal(ALERT, [1, 90])).collect();
        let _ = client.peer.try_send(flood);
        let end = client.ending();
        assert!(matches!(end, TlsEnd::Alert(10) | TlsEnd::Reset), "{version:?} {end:?}");
    }
    for message in [KEY_UPDATE, KEY_UPDATE_ASKED] {
        let mut client = site.client(Version::V13);
        let flood: Vec<u8> = (0..1000).flat_map(|_| client.seal_key_update(message)).collect();
        let _ = client.peer.try_send(flood);
        assert!(matches!(client.ending(), TlsEnd::Alert(10) | TlsEnd::Reset));
    }
    site.assert_serves();
}

#[test]
fn new_keys() {
    let site = Site::new();
    let mut client = site.client(Version::V13);
    for round in 0..20 {
        let message = if round % 2 == 0 { KEY_UPDATE } else { KEY_UPDATE_ASKED };
        let mut records = client.seal_data("GET /a HTTP");
        records.extend(client.seal_key_update(message));
        records.extend(client.seal_data("/1.1\r\nHost: h\r\n\r\n"));
        client.peer.send(records);
        assert_eq!(client.message().text(), "GET /a HTTP/1.1", "{round}");
    }
    let updates = client.besides.iter().filter(|(kind, said)| *kind == HANDSHAKE && said[0] == 24);
    assert_eq!(updates.count(), 10, "an answer to each that asks");
}

/// TLS 1.2: politely refused once, then ended.
#[test]
fn renegotiation_is_refused() {
    let site = Site::new();
    let mut client = site.client(Version::V12);
    let hello = &site.hello(Version::V12)[5..];
    client.send_record(HANDSHAKE, hello);
    assert_eq!(client.get("/a").text(), "GET /a HTTP/1.1");
    assert_eq!(client.besides, [(ALERT, vec![1, 100])]);
    client.send_record(HANDSHAKE, hello);
    let (data, end) = client.read_to_end();
    assert_eq!((data, end), (Vec::new(), TlsEnd::Alert(10)));
    // TLS 1.3 does not know it.
    let mut client = site.client(Version::V13);
    client.send_record(HANDSHAKE, &site.hello(Version::V13)[5..]);
    assert_eq!(client.ending(), TlsEnd::Alert(10));
}

/// Nobody is offered to send data before the handshake is over.
#[test]
fn no_early_data() {
    let site = Site::new();
    let mut config = site.authority.client(Version::V13);
    config.enable_early_data = true;
    for round in 0..3 {
        let mut client = Shaking::client(site.proxy.client(), &config, NAME);
        if let rustls::Connection::Client(connection) = &mut client.connection {
            assert!(connection.early_data().is_none(), "{round}");
        }
        assert!(client.shake(|peer, _, flight| peer.send(flight)));
        assert_eq!(client.is_resumed(), round > 0);
        let answer = client.ask("GET /a HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        assert!(answer.contains("GET /a"), "{answer}");
    }
}
