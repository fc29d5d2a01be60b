//! TLS with servers that send in pieces, wrongly, late, or more than they were asked for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::tls::{
    ALERT, Authority, CLOSE_NOTIFY, DATA, HANDSHAKE, Identity, KEY_UPDATE, KEY_UPDATE_ASKED,
    Shaking, Tls, Version,
};
use crate::support::{HttpLine, Peer, Proxy, Server, Web, eventually, pause, reply};

const NAME: &str = "server.example";

/// A proxy that clients reach without TLS, in front of servers that have it.
fn web(authority: &Authority) -> (Web, String) {
    let web = Web::new().logged();
    let ca = web.file("ca.pem", authority.pem());
    let words = format!("ssl = true, sni = \"{NAME}\", ca-file = \"{}\"", ca.display());
    (web, words)
}

fn identity() -> (Authority, Identity) {
    let authority = Authority::new();
    let identity = authority.issue(&[NAME]);
    (authority, identity)
}

fn proxy(authority: &Authority, server: &Server, change: impl FnOnce(Web) -> Web) -> Proxy {
    let (web, words) = web(authority);
    change(web.server(&server.address(), &words)).start()
}

/// Answers each request until the client ends.
fn serve(client: &mut Tls) {
    while client.has_more() {
        let request = client.message();
        if !client.try_send(reply(request.first_line())) {
            return;
        }
    }
}

fn verdict(proxy: &Proxy) -> String {
    HttpLine::parse(&proxy.log_line(|_| true)).verdict()
}

fn send_cut(peer: &mut Peer, bytes: &[u8], cut: usize) {
    let (start, end) = bytes.split_at(cut.min(bytes.len()));
    peer.send(start);
    pause(1);
    peer.send(end);
}

/// Each flight cut in two at each position.
fn flights_cut_anywhere(version: Version) {
    let (authority, identity) = identity();
    let (cut, longest) = (Arc::new(AtomicUsize::new(1)), Arc::new(AtomicUsize::new(2)));
    let (at, len) = (Arc::clone(&cut), Arc::clone(&longest));
    let server = Server::start(move |peer| {
        let mut shaking = Shaking::server(peer, &identity.server(version));
        let is_done = shaking.shake(|peer, _, flight| {
            len.fetch_max(flight.len(), Ordering::SeqCst);
            send_cut(peer, flight, at.load(Ordering::SeqCst));
        });
        if is_done {
            let mut client = shaking.open();
            client.message();
            client.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
            client.finish();
        }
    });
    let proxy = proxy(&authority, &server, |web| web);
    while cut.load(Ordering::SeqCst) < longest.load(Ordering::SeqCst) {
        let response = proxy.get("/");
        let at = cut.fetch_add(1, Ordering::SeqCst);
        assert_eq!((response.status(), response.text()), (200, "ok"), "{version:?} cut at {at}");
    }
    assert!(longest.load(Ordering::SeqCst) > 400);
}

#[test]
fn flights_cut_anywhere_12() {
    flights_cut_anywhere(Version::V12);
}

#[test]
fn flights_cut_anywhere_13() {
    flights_cut_anywhere(Version::V13);
}

fn record(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let [high, low] = (bytes.len() as u16).to_be_bytes();
    [&[kind, 3, 3, high, low], bytes].concat()
}

/// Bytes instead of a handshake, in front of it, and in it: no client ever sees them (CVE-2026-1642).
#[test]
fn bytes_from_outside_of_tls() {
    let secret = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
    let injections = [
        secret.to_vec(),
        record(DATA, secret),
        record(ALERT, &[2, 40]),
        record(ALERT, &[1, 0]),
        record(HANDSHAKE, &[2, 0, 0, 2, 3, 3]),
        record(HANDSHAKE, &[20, 0, 0, 1, 0]),
        record(HANDSHAKE, &[2, 0, 0, 200, 3]).into_iter().chain(record(DATA, secret)).collect(),
        record(HANDSHAKE, &[2]).into_iter().chain(*b"GARBAGE").collect(),
        vec![22, 3, 3, 0xff, 0xff, 1],
    ];
    for version in Version::ALL {
        for injection in &injections {
            for place in ["instead", "before", "behind"] {
                // Behind a handshake an alert means something.
                if place == "behind" && injection[0] == ALERT {
                    continue;
                }
                let (authority, identity) = identity();
                let bytes = injection.clone();
                let server = Server::start(move |peer| {
                    let mut shaking = Shaking::server(peer, &identity.server(version));
                    let is_done = shaking.shake(|peer, _, flight| {
                        let all = match place {
                            "instead" => bytes.clone(),
                            "before" => [&bytes[..], flight].concat(),
                            _ => [flight, &bytes].concat(),
                        };
                        let _ = peer.try_send(all);
                    });
                    if is_done {
                        serve(&mut shaking.open());
                    }
                });
                let proxy = proxy(&authority, &server, |web| web.backend("retries = 0"));
                let response = proxy.get("/");
                let what = format!("{version:?} {place} {injection:?}: {}", response.head);
                // TLS 1.2 lets warnings pass.
                let is_warned = injection[..2] == [ALERT, 3] && response.text() == "GET / HTTP/1.1";
                assert!(matches!(response.status(), 502 | 503) || is_warned, "{what}");
                assert!(!response.text().contains("secret"), "{what}");
            }
        }
    }
}

/// A server that says nothing, or goes in the middle.
#[test]
fn handshakes_that_do_not_end() {
    let (authority, identity) = identity();
    let hold = Server::start(|peer| {
        peer.drain();
    });
    let connect = "timeout.connect = \"200ms\"\nretries = 0";
    let begun = Instant::now();
    let proxy = proxy(&authority, &hold, |web| web.backend(connect));
    assert_eq!(proxy.get("/").status(), 503);
    assert_eq!(verdict(&proxy), "503 sC");
    assert!(begun.elapsed() < Duration::from_secs(5));

    for version in Version::ALL {
        for len in [0, 1, 5, 50, 300] {
            for is_reset in [true, false] {
                let identity = self::identity().1;
                let server = Server::start(move |peer| {
                    let mut shaking = Shaking::server(peer, &identity.server(version));
                    shaking.hear();
                    let flight = shaking.flight();
                    peer.send(&flight[..len]);
                    if is_reset {
                        peer.reset_on_drop();
                    }
                });
                let proxy = self::proxy(&authority, &server, |web| web.backend("retries = 0"));
                assert_eq!(proxy.get("/").status(), 503, "{version:?} {len}");
                assert_eq!(verdict(&proxy), "503 SC", "{version:?} {len}");
            }
        }
    }
    drop(identity);
}

/// A NewSessionTicket (RFC 8446 section 4.6.1).
fn ticket() -> Vec<u8> {
    let body = [&[0, 0, 0x1c, 0x20, 1, 2, 3, 4, 1, 7, 0, 50][..], &[9; 50], &[0, 0]].concat();
    [&[4, 0, 0, body.len() as u8][..], &body].concat()
}

/// What a server says on a connection that idles, and whether it is used again.
#[test]
fn pooled_connections_that_speak() {
    let ticket = ticket();
    type Act = fn(&mut Tls, &[u8]);
    let cases: [(&str, Version, Act, bool); 9] = [
        ("nothing", Version::V13, |_, _| {}, true),
        ("nothing", Version::V12, |_, _| {}, true),
        (
            "tickets",
            Version::V13,
            |client, ticket| {
                (0..4).for_each(|_| {
                    client.send_record(HANDSHAKE, ticket);
                })
            },
            true,
        ),
        (
            "new keys",
            Version::V13,
            |client, _| {
                let bytes = client.seal_key_update(KEY_UPDATE);
                client.peer.send(bytes);
            },
            true,
        ),
        (
            "new keys asked for",
            Version::V13,
            |client, _| {
                let bytes = client.seal_key_update(KEY_UPDATE_ASKED);
                client.peer.send(bytes);
            },
            true,
        ),
        ("the end", Version::V13, |client, _| client.send_record(ALERT, CLOSE_NOTIFY), false),
        ("the end", Version::V12, |client, _| client.send_record(ALERT, CLOSE_NOTIFY), false),
        ("data", Version::V13, |client, _| client.send("HTTP/1.1 200 OK\r\n\r\n"), false),
        (
            "half a record",
            Version::V13,
            |client, _| {
                let record = client.seal_data("x");
                client.peer.send(&record[..10]);
            },
            false,
        ),
    ];
    for (what, version, act, is_reused) in cases {
        let (authority, identity) = identity();
        let (acted, ticket) = (Arc::new(AtomicUsize::new(0)), ticket.clone());
        let has_acted = Arc::clone(&acted);
        let server = Server::start(move |peer| {
            let mut client = Tls::accept(peer, &identity.server(version));
            client.message();
            client.send(reply("first"));
            pause(20);
            act(&mut client, &ticket);
            has_acted.fetch_add(1, Ordering::SeqCst);
            serve(&mut client);
        });
        let proxy = proxy(&authority, &server, |web| web.shards(1));
        let mut client = proxy.client();
        assert_eq!(client.get("/").text(), "first", "{what}");
        eventually("the server has spoken", || acted.load(Ordering::SeqCst) == 1);
        pause(50);
        let answer = client.get("/b");
        let expected = if is_reused { "GET /b HTTP/1.1" } else { "first" };
        assert_eq!(answer.text(), expected, "{version:?} {what}");
        assert_eq!(server.connections(), if is_reused { 1 } else { 2 }, "{version:?} {what}");
    }
}

/// A connection on which one host was asked for serves no other.
#[test]
fn pooled_connections_are_of_one_host() {
    let authority = Authority::new();
    let hosts = ["a.example", "b.example", "c.example"];
    let identity = authority.issue(&hosts);
    let wrong = Arc::new(Mutex::new(Vec::new()));
    let found = Arc::clone(&wrong);
    let server = Server::start(move |peer| {
        let mut shaking = Shaking::server(peer, &identity.server(Version::V13));
        if !shaking.shake(|peer, _, flight| peer.send(flight)) {
            return;
        }
        let rustls::Connection::Server(connection) = &shaking.connection else { return };
        let asked = connection.server_name().map(str::to_owned);
        let mut client = shaking.open();
        while client.has_more() {
            let request = client.message();
            if request.field("host") != asked.as_deref() {
                found.lock().unwrap().push((asked.clone(), request.head));
            }
            client.send(reply(asked.as_deref().unwrap_or("none")));
        }
    });
    let web = Web::new().shards(1);
    let ca = web.file("ca.pem", authority.pem());
    let words = format!("ssl = true, sni = \"req.hdr(host)\", ca-file = \"{}\"", ca.display());
    let proxy = web.server(&server.address(), &words).start();
    let mut clients: Vec<Peer> = (0..3).map(|_| proxy.client()).collect();
    for round in 0..30 {
        let host = hosts[round * 7 % 3];
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(clients[round % 2].ask(&request).text(), host, "{round}");
        let host = hosts[(round + 1) % 3];
        let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(clients[2].ask(&request).text(), host, "{round}");
    }
    assert_eq!(*wrong.lock().unwrap(), []);
    // They are kept all the same.
    assert!(server.connections() <= 6, "{} connections", server.connections());
}

/// A server that answers each request with the name that its connection was asked for.
fn naming(identity: Identity) -> Server {
    Server::start(move |peer| {
        let mut shaking = Shaking::server(peer, &identity.server(Version::V13));
        if !shaking.shake(|peer, _, flight| peer.send(flight)) {
            return;
        }
        let rustls::Connection::Server(connection) = &shaking.connection else { return };
        let asked = connection.server_name().unwrap_or("none").to_owned();
        let mut client = shaking.open();
        while client.has_more() {
            client.message();
            client.send(reply(&asked));
        }
    })
}

/// `sni` is an expression: evaluated for each request, and connections of one name serve no other.
#[test]
fn names_by_expression() {
    let authority = Authority::new();
    let server = naming(authority.issue(&["a.example", "b.example", "be.app", "127.0.0.1"]));
    for (sni, cases) in [
        (
            "req.hdr(x-name),lower",
            [
                ("x-name: A.example", "a.example"),
                ("x-name: b.example", "b.example"),
                ("x-other: b.example", "none"),
            ],
        ),
        ("var(txn.name)", [("a: 1", "a.example"), ("b: 1", "b.example"), ("c: 1", "none")]),
        ("str(be),concat(.app)", [("a: 1", "be.app"), ("b: 1", "be.app"), ("c: 1", "be.app")]),
        ("be_name,regsub(^,be.)", [("a: 1", "be.app"), ("b: 1", "be.app"), ("c: 1", "be.app")]),
        // Addresses are no names.
        ("src", [("a: 1", "none"), ("b: 1", "none"), ("c: 1", "none")]),
    ] {
        let web = Web::new().shards(1);
        let ca = web.file("ca.pem", authority.pem());
        let words = format!(
            "ssl = true, sni = \"{sni}\", ca-file = \"{}\", verifyhost = \"a.example\"",
            ca.display()
        );
        let proxy = web
            .frontend(
                r#"http-request = [
                "set-var(txn.name) str(a.example) if { req.hdr(a) -m found }",
                "set-var(txn.name) str(b.example) if { req.hdr(b) -m found }",
            ]"#,
            )
            .server(&server.address(), &words)
            .start();
        let before = server.connections();
        let mut clients = [proxy.client(), proxy.client()];
        for round in 0..12 {
            let (field, name) = cases[round * 5 % 3];
            let ask = format!("GET / HTTP/1.1\r\nHost: h\r\n{field}\r\n\r\n");
            assert_eq!(clients[round % 2].ask(&ask).text(), name, "{sni} {field} {round}");
        }
        assert!(server.connections() - before <= 6, "they are kept");
    }
}

/// Without any rule, and in mode tcp: the name in a hello that is passed on, and one that is made.
#[test]
fn names_by_expression_in_mode_tcp() {
    let authority = Authority::new();
    let server = naming(authority.issue(&["a.example", "b.example"]));
    for (sni, delay, name) in [
        ("str(x.),regsub(x,a),concat(example)", "", "a.example"),
        (
            "req.payload(0,1),lower,concat(.example)",
            "tcp-request-inspect-delay = \"5s\"\ntcp-request-content = [\"accept if { req.len gt 1 }\"]",
            "b.example",
        ),
    ] {
        let web = Web::new().tcp();
        let ca = web.file("ca.pem", authority.pem());
        let words = format!("ssl = true, sni = \"{sni}\", ca-file = \"{}\"", ca.display());
        let proxy = web.frontend(delay).server(&server.address(), &words).start();
        let answer = proxy.client().ask("BREW / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(answer.text(), name, "{sni}");
    }
}

/// A server's files changed: its connections are not used any more, those of others are.
#[test]
fn pooled_connections_of_changed_files() {
    let authorities = [Authority::new(), Authority::new()];
    let servers = [0, 1].map(|number: usize| {
        let identity = authorities[number].issue(&[NAME]);
        Server::start(move |peer| serve(&mut Tls::accept(peer, &identity.server(Version::V13))))
    });
    let mut web = Web::new().shards(1);
    for (number, server) in servers.iter().enumerate() {
        let ca = web.file(&format!("ca{number}.pem"), authorities[number].pem());
        let words = format!("ssl = true, sni = \"{NAME}\", ca-file = \"{}\"", ca.display());
        web = web.server(&server.address(), &words);
    }
    let proxy = web.start();
    let mut client = proxy.client();
    for _ in 0..6 {
        assert_eq!(client.get("/").status(), 200);
    }
    let connections = || [servers[0].connections(), servers[1].connections()];
    assert_eq!(connections(), [1, 1]);
    proxy.dir.write("ca0.pem", authorities[0].pem() + &authorities[1].pem());
    eventually("the file is taken up", || {
        assert_eq!(client.get("/").status(), 200);
        servers[0].connections() > 1
    });
    for _ in 0..6 {
        assert_eq!(client.get("/").status(), 200);
    }
    assert_eq!(connections(), [2, 1]);
}
