//! `send-proxy` and `send-proxy-v2`: a server learns who the client is.

use crate::support::{Message, Peer, Proxy, Server, Web, eventually, reply};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Answers each request of a connection with the header that the connection began with.
fn telling() -> Server {
    Server::start(|peer| {
        if !peer.has_more() {
            return;
        }
        let header = read_header(peer);
        while peer.has_more() {
            peer.message();
            let _ = peer.try_send(reply(&header));
        }
    })
}

fn read_header(peer: &mut Peer) -> Vec<u8> {
    let mut header = peer.read_exact(12);
    if header != SIGNATURE {
        header.extend(peer.read_until("\r\n"));
        return header;
    }
    header.extend(peer.read_exact(4));
    let len = u16::from_be_bytes([header[14], header[15]]);
    header.extend(peer.read_exact(len.into()));
    header
}

fn to(server: &Server, words: &str) -> Web {
    Web::new().server(&server.address(), words)
}

fn port_of(address: &str) -> u16 {
    address.rsplit_once(':').unwrap().1.parse().unwrap()
}

/// The header of version 2 that tells of this client.
fn v2_of(client: &Peer, proxy: &Proxy, tlvs: &[u8]) -> Vec<u8> {
    let (from, to) = (client.port(), port_of(proxy.address("web")));
    let ports = [from.to_be_bytes(), to.to_be_bytes()].concat();
    let len = u16::try_from(12 + tlvs.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[0x21, 0x11], &len, &[127, 0, 0, 1, 127, 0, 0, 1], &ports, tlvs].concat()
}

#[test]
fn version_1() {
    let server = telling();
    let proxy = to(&server, "send-proxy = true").start();
    let mut client = proxy.client();
    let (from, to) = (client.port(), port_of(proxy.address("web")));
    let expected = format!("PROXY TCP4 127.0.0.1 127.0.0.1 {from} {to}\r\n");
    for _ in 0..2 {
        assert_eq!(client.get("/").text(), expected);
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn version_2() {
    let server = telling();
    let proxy = to(&server, "send-proxy-v2 = true").start();
    let mut client = proxy.client();
    assert_eq!(client.get("/").body, v2_of(&client, &proxy, b""));
}

#[test]
fn version_2_options() {
    let server = telling();
    let words = "send-proxy-v2 = true, proxy-v2-options = \"unique-id,authority\"";
    let proxy = to(&server, words).frontend("unique-id-format = \"id-%cp\"").start();
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
    let header = client.message().body;
    let id = format!("id-{}", client.port());
    let id = [&[5, 0, u8::try_from(id.len()).unwrap()], id.as_bytes()].concat();
    let authority = b"\x02\0\x0bexample.org";
    let has = |tlv: &[u8]| header.windows(tlv.len()).any(|window| window == tlv);
    assert!(has(&id) && has(authority), "{header:?}");
    let expected_len = 28 + id.len() + authority.len();
    assert_eq!(header.len(), expected_len);
}

/// A receiver with a checksum of its own accepts it: the proxy itself.
#[test]
fn checksum_is_accepted_by_a_receiver() {
    let server = Server::text("ok");
    let bind = "bind = { address = \"127.0.0.1:0\", accept-proxy = true }";
    let inner = Web::to(&server).logged().frontend(bind).frontend("log-format = \"%ci:%cp %ST\"");
    let inner = inner.start();
    let words = "send-proxy-v2 = true, proxy-v2-options = \"crc32c,unique-id\"";
    let outer = Web::new().server(inner.address("web"), words);
    let outer = outer.frontend("unique-id-format = \"%ci\"").start();
    let mut client = outer.client();
    assert_eq!(client.get("/").text(), "ok");
    assert_eq!(inner.log_line(|_| true), format!("127.0.0.1:{} 200", client.port()));
}

/// What a header said of one client holds for no other, whatever `http-reuse` says.
#[test]
fn connections_stay_with_their_client() {
    for reuse in ["always", "aggressive", "safe", "never"] {
        let server = telling();
        let web = to(&server, "send-proxy = true").shards(1);
        let proxy = web.backend(&format!("http-reuse = \"{reuse}\"")).start();
        let mut clients: Vec<Peer> = (0..3).map(|_| proxy.client()).collect();
        for _ in 0..3 {
            for client in &mut clients {
                let told = client.get("/").text().to_owned();
                assert!(told.contains(&format!(" {} ", client.port())), "{reuse}: {told}");
            }
        }
        assert_eq!(server.connections(), 3, "{reuse}");
        drop(clients);
        // They end with their clients.
        server.await_ended();
    }
}

/// A new attempt is a new connection, with a header of its own.
#[test]
fn retries_begin_with_a_header_too() {
    let refusing = "127.0.0.1:1";
    let server = telling();
    let web = Web::new().shards(1).server(refusing, "send-proxy = true");
    let proxy = web.server(&server.address(), "send-proxy = true").start();
    let mut client = proxy.client();
    assert!(client.get("/").text().starts_with("PROXY TCP4 127.0.0.1 127.0.0.1 "));
}

/// From `accept-proxy` to `send-proxy`: the client's own addresses go on.
#[test]
fn addresses_are_passed_on() {
    let bind = "bind = { address = \"127.0.0.1:0\", accept-proxy = true }";
    for (header, expected) in [
        (
            "PROXY TCP4 192.0.2.1 192.0.2.2 1111 2222\r\n",
            "PROXY TCP4 192.0.2.1 192.0.2.2 1111 2222\r\n",
        ),
        ("PROXY TCP6 ::1 2001:db8::2 1 2\r\n", "PROXY TCP6 ::1 2001:db8::2 1 2\r\n"),
    ] {
        let server = telling();
        let proxy = to(&server, "send-proxy = true").frontend(bind).start();
        let mut client = proxy.client();
        client.send(header);
        assert_eq!(client.get("/").text(), expected);
    }
}

#[test]
fn unix_clients_are_unknown() {
    let (server, dir) = (telling(), crate::support::Dir::new());
    let bind = format!("bind = \"unix:{}\"", dir.file("s").display());
    for (words, expected) in [
        ("send-proxy = true", b"PROXY UNKNOWN\r\n".to_vec()),
        ("send-proxy-v2 = true", [SIGNATURE, &[0x20, 0, 0, 0]].concat()),
    ] {
        let proxy = to(&server, words).frontend(&bind).start();
        let told = proxy.get("/").body;
        // With PROXY and no addresses, or LOCAL: both say that nobody knows.
        let is_v2 = told.starts_with(SIGNATURE) && told[12] & 0xf0 == 0x20 && told[13] == 0;
        assert!(told == expected || is_v2, "{told:?}");
    }
}

#[test]
fn tcp_mode() {
    let server = Server::start(|peer| {
        let header = read_header(peer);
        peer.send(header);
        let bytes = peer.read_exact(4);
        peer.send(bytes);
    });
    let proxy = to(&server, "send-proxy-v2 = true").tcp().start();
    let mut client = proxy.client();
    let expected = v2_of(&client, &proxy, b"");
    assert_eq!(client.read_exact(expected.len()), expected);
    client.send("ping");
    assert_eq!(client.read_to_end(), b"ping");
}

/// The header is for the server's eyes: counters and logs of requests do not know it.
#[test]
fn forwarded_request_follows_at_once() {
    let server = Server::start(|peer| {
        assert!(read_header(peer).starts_with(b"PROXY "));
        let request: Message = peer.message();
        assert_eq!((request.first_line(), request.text()), ("POST /x HTTP/1.1", "hello"));
        peer.send(reply("ok"));
    });
    let proxy = to(&server, "send-proxy = true").start();
    let mut client = proxy.client();
    let response = client.ask("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(response.text(), "ok");
    server.await_ended();
}

/// What the checks of a server began with.
fn checked(words: &str) -> Vec<u8> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let server = Server::start(move |peer| {
        if peer.has_more() {
            let _ = sender.send(peer.read_until(" HTTP/1.0\r\n"));
            let _ = peer.try_send("HTTP/1.0 200 OK\r\n\r\n");
        }
    });
    let web = to(&server, &format!("check = true, inter = \"100ms\", {words}"));
    let proxy = web.backend("option.httpchk = true").start();
    let begun = receiver.recv_timeout(crate::support::DEADLINE).unwrap();
    eventually("the server is up", || proxy.stderr.now().is_empty());
    begun
}

#[test]
fn checks() {
    let v1 = String::from_utf8(checked("send-proxy = true")).unwrap();
    assert!(v1.starts_with("PROXY TCP4 127.0.0.1 127.0.0.1 "), "{v1}");
    assert!(v1.contains("\r\nOPTIONS / HTTP/1.0\r\n"), "{v1}");
    let v2 = checked("send-proxy-v2 = true");
    assert!(v2.starts_with(&[SIGNATURE, &[0x20, 0, 0, 0][..]].concat()), "{v2:?}");
    let plain = checked("check-send-proxy = false");
    assert!(plain.starts_with(b"OPTIONS / "), "{plain:?}");
    let own = String::from_utf8(checked("check-send-proxy = true")).unwrap();
    assert!(own.starts_with("PROXY "), "{own}");
}
