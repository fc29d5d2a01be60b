//! `accept-proxy`: the PROXY protocol's header before everything else.

use std::time::{Duration, Instant};

use crate::support::{Peer, Proxy, Server, Web, eventually, reply};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const V1: &[u8] = b"PROXY TCP4 192.0.2.1 192.0.2.2 1111 2222\r\n";
const V1_6: &[u8] = b"PROXY TCP6 2001:db8::1 2001:db8::2 1111 2222\r\n";
const GET: &[u8] = b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
const BIND: &str = "bind = { address = \"127.0.0.1:0\", accept-proxy = true }";
const ENDS: &str = "log-format = \"%ci:%cp %fi:%fp %ST %ts\"";

/// A header of version 2.
fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let len = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[0x20 | command, family], &len, rest].concat()
}

/// From 192.0.2.1:1111 to 192.0.2.2:2222, and more.
fn v2_tcp4(more: &[u8]) -> Vec<u8> {
    let addresses = [192, 0, 2, 1, 192, 0, 2, 2, 4, 87, 8, 174];
    v2(1, 0x11, &[&addresses[..], more].concat())
}

fn web(server: &Server) -> Web {
    Web::to(server).logged().frontend(BIND).frontend(ENDS).frontend("option.forwardfor = true")
}

/// What the server and the log are told of the client behind `header`.
fn told(header: &[u8]) -> (Option<String>, String) {
    let server = Server::text("ok");
    let proxy = web(&server).start();
    let mut client = proxy.client();
    client.send([header, GET].concat());
    assert_eq!(client.message().text(), "ok");
    let line = proxy.log_line(|_| true);
    let own = format!("127.0.0.1:{}", client.port());
    let line = line.replace(&own, "OWN").replace(proxy.address("web"), "BIND");
    (server.last_request().field("x-forwarded-for").map(str::to_owned), line)
}

#[test]
fn addresses_are_those_of_the_header() {
    let (v4, v6) =
        ("192.0.2.1:1111 192.0.2.2:2222 200 --", "2001:db8::1:1111 2001:db8::2:2222 200 --");
    let v6_addresses: Vec<u8> = [1, 2]
        .iter()
        .flat_map(|last| [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[*last]].concat())
        .chain([4, 87, 8, 174])
        .collect();
    for (header, client, line) in [
        (V1.to_vec(), "192.0.2.1", v4),
        (V1_6.to_vec(), "2001:db8::1", v6),
        (v2_tcp4(b""), "192.0.2.1", v4),
        // A TLV of no meaning, and one of an authority.
        (v2_tcp4(b"\xe0\0\x02ab\x02\0\x01h"), "192.0.2.1", v4),
        (v2(1, 0x21, &v6_addresses), "2001:db8::1", v6),
    ] {
        assert_eq!(told(&header), (Some(client.to_owned()), line.to_owned()), "{header:?}");
    }
}

/// Those that say that they do not know leave the connection's own.
#[test]
fn local_and_unknown() {
    for header in [
        b"PROXY UNKNOWN\r\n".to_vec(),
        b"PROXY UNKNOWN 192.0.2.1 192.0.2.2 1 2\r\n".to_vec(),
        v2(0, 0, b""),
        v2(0, 0x11, &[9; 12]),
        v2(0, 0, &[0; 100]),
    ] {
        let expected = (Some("127.0.0.1".to_owned()), "OWN BIND 200 --".to_owned());
        assert_eq!(told(&header), expected, "{header:?}");
    }
}

#[test]
fn byte_by_byte() {
    for header in [V1.to_vec(), V1_6.to_vec(), v2_tcp4(b"\x04\0\x05noops")] {
        let server = Server::text("ok");
        let proxy = web(&server).start();
        let mut client = proxy.client();
        for byte in [&header, GET].concat() {
            client.send([byte]);
        }
        assert_eq!(client.message().text(), "ok");
        let line = proxy.log_line(|_| true);
        assert!(line.contains(":1111 ") && line.ends_with(" 200 --"), "{line}");
    }
}

/// One header serves all requests of the connection, however they come.
#[test]
fn keep_alive_and_pipelining() {
    let server = Server::http(|request| reply(request.field("x-forwarded-for").unwrap()));
    let proxy = web(&server).start();
    let mut client = proxy.client();
    client.send([V1, GET, GET].concat());
    for _ in 0..2 {
        assert_eq!(client.message().text(), "192.0.2.1");
    }
    assert_eq!(client.get("/").text(), "192.0.2.1");
}

fn refused(header: &[u8], half_closes: bool) -> String {
    let server = Server::text("never");
    let mut proxy = web(&server).start();
    let mut client = proxy.client();
    let _ = client.try_send(header);
    if half_closes {
        let _ = client.try_finish();
    }
    assert_eq!(client.drain(), b"", "closed without an answer");
    let port = client.port();
    proxy.stop();
    let text = std::fs::read_to_string(proxy.dir.file("access.log")).unwrap();
    let (lines, own) = (text.lines().count(), format!("127.0.0.1:{port} ["));
    assert!(lines == 1 && text.starts_with(&own), "{text}");
    assert_eq!(server.connections(), 0);
    text.trim_end().split_once("] ").unwrap().1.to_owned()
}

/// One line each, HAProxy's words first.
#[test]
fn malformed_headers_are_refused_without_an_answer() {
    let (no_header, invalid) = (
        "web/1: Received something which does not look like a PROXY protocol header",
        "web/1: Received an invalid PROXY protocol header",
    );
    for (header, expected) in [
        (GET.to_vec(), no_header),
        (b"PROXYTCP4 ".to_vec(), no_header),
        ([&SIGNATURE[..11], b"x and so on"].concat(), no_header),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1111 99999\r\n".to_vec(), invalid),
        (b"PROXY TCP4 192.0.2.1 2001:db8::1 1111 2222\r\n".to_vec(), invalid),
        (b"PROXY TCP4 192.0.2.1  192.0.2.2 1111 2222\r\n".to_vec(), invalid),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1111 2222\n\n".to_vec(), invalid),
        ([b"PROXY UNKNOWN ", &[b'x'; 200][..]].concat(), invalid),
        (v2(1, 0x11, &[0; 4]), invalid),
        (v2(2, 0x11, &[0; 12]), invalid),
        (v2_tcp4(b"\x04\0\x09short"), invalid),
        (v2_tcp4(b"\x03\0\x04\0\0\0\0"), invalid),
        (b"PROXY UDP4 192.0.2.1 192.0.2.2 1111 2222\r\n".to_vec(), "web/1: Received an "),
    ] {
        let line = refused(&header, false);
        assert!(line.starts_with(expected), "{:?}: {line}", String::from_utf8_lossy(&header));
    }
}

#[test]
fn missing_headers() {
    for (sent, expected) in [
        ("", "web/1: Connection closed while waiting for PROXY protocol header"),
        ("PROXY TC", "web/1: Truncated PROXY protocol header received"),
    ] {
        assert_eq!(refused(sent.as_bytes(), true), expected);
    }
}

#[test]
fn timeout_client_hs() {
    for sent in ["", "PROXY TC"] {
        let server = Server::text("never");
        let web = web(&server).frontend("timeout.client-hs = \"100ms\"");
        let proxy = web.start();
        let (mut client, begun) = (proxy.client(), Instant::now());
        client.send(sent);
        assert_eq!(client.drain(), b"");
        assert!(begun.elapsed() >= Duration::from_millis(90), "{:?}", begun.elapsed());
        let line = proxy.log_line(|_| true);
        assert!(line.ends_with("Timeout while waiting for PROXY protocol header"), "{line}");
    }
}

/// The handshake's time is the handshake's: the request's own clock begins behind it.
#[test]
fn handshake_time_is_its_own() {
    let server = Server::text("ok");
    let proxy = Web::to(&server)
        .logged()
        .frontend(BIND)
        .frontend("timeout.http-request = \"200ms\"\nlog-format = \"%Th %TR %Tt\"")
        .start();
    let mut client = proxy.client();
    crate::support::pause(250);
    client.send([V1, GET].concat());
    assert_eq!(client.message().status(), 200);
    let line = proxy.log_line(|_| true);
    let timers: Vec<i64> = line.split(' ').map(|timer| timer.parse().unwrap()).collect();
    assert!(timers[0] >= 245 && timers[1] < 100 && timers[2] >= timers[0], "{line}");
}

/// Port scans and checks of another balancer need not fill the log, broken headers do.
#[test]
fn dontlognull() {
    let server = Server::text("ok");
    let mut proxy = web(&server).frontend("option.dontlognull = true").start();
    for sent in [&b""[..], b"PROXY TC", GET] {
        let mut client = proxy.client();
        client.send(sent);
        client.finish();
        assert_eq!(client.drain(), b"");
    }
    proxy.stop();
    let text = std::fs::read_to_string(proxy.dir.file("access.log")).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn error_log_format() {
    let server = Server::text("never");
    let proxy = web(&server).frontend("error-log-format = \"refused %ci on %f %ST %Th\"").start();
    let mut client = proxy.client();
    client.send(GET);
    client.drain();
    let line = proxy.log_line(|_| true);
    assert!(line.starts_with("refused 127.0.0.1 on web 0 "), "{line}");
}

#[test]
fn name_of_the_bind() {
    let server = Server::text("never");
    let bind = "bind = { address = \"127.0.0.1:0\", accept-proxy = true, name = \"edge\" }";
    let proxy = Web::to(&server).logged().frontend(bind).start();
    let mut client = proxy.client();
    client.send(GET);
    client.drain();
    proxy.log_line(|line| line.contains(" web/edge: Received "));
}

fn tcp_echo() -> Server {
    Server::start(|peer| {
        while peer.has_more() {
            let bytes = peer.take();
            peer.send(bytes);
        }
    })
}

/// In TCP mode the header stays here, and what follows goes on.
#[test]
fn tcp_mode() {
    let server = tcp_echo();
    let proxy = Web::to(&server)
        .tcp()
        .logged()
        .frontend(BIND)
        .frontend("log-format = \"%ci %U %B %ts\"")
        .start();
    for header in [V1.to_vec(), v2_tcp4(b"")] {
        let mut client = proxy.client();
        client.send([&header[..], b"hello"].concat());
        assert_eq!(client.read_exact(5), b"hello");
        client.finish();
        client.drain();
    }
    assert_eq!(proxy.log_line(|_| true), "192.0.2.1 5 5 --");
}

/// Where the client speaks only after the server, the header is enough to go on.
#[test]
fn tcp_mode_server_speaks_first() {
    let server = Server::start(|peer| {
        peer.send("220 ready\r\n");
        peer.drain();
    });
    let proxy = Web::to(&server).tcp().frontend(BIND).start();
    let mut client = proxy.client();
    client.send(V1);
    assert_eq!(client.read_until("\r\n"), b"220 ready\r\n");
}

/// Nobody may pretend to be another where no header is expected.
#[test]
fn header_without_accept_proxy() {
    let server = Server::text("never");
    let proxy = Web::to(&server).start();
    let mut client = proxy.client();
    client.send([V1, GET].concat());
    assert_eq!(client.message().status(), 400);
    assert_eq!(server.connections(), 0);
}

/// A stop does not wait for headers that may never come.
#[test]
fn drain_while_headers_are_awaited() {
    let server = Server::text("ok");
    let mut proxy: Proxy = web(&server).start();
    let (mut silent, mut partial) = (proxy.client(), proxy.client());
    partial.send("PROXY TCP4 192.");
    let before = Instant::now();
    proxy.signal(rustix::process::Signal::TERM);
    assert_eq!(silent.drain(), b"");
    assert!(before.elapsed() < Duration::from_secs(2), "{:?}", before.elapsed());
    // What began is finished.
    partial.send("0.2.1 192.0.2.2 1111 2222\r\n");
    partial.send(GET);
    let response = partial.message();
    assert_eq!((response.text(), response.closes()), ("ok", true));
    proxy.wait().assert_clean();
}

#[test]
fn many_at_once() {
    let server = Server::http(|request| reply(request.field("x-forwarded-for").unwrap()));
    let proxy = web(&server).start();
    let mut clients: Vec<Peer> = (0..100).map(|_| proxy.client()).collect();
    for (index, client) in clients.iter_mut().enumerate() {
        client.send(format!("PROXY TCP4 10.0.0.{index} 192.0.2.2 1 2\r\n"));
        client.send(GET);
    }
    for (index, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.message().text(), format!("10.0.0.{index}"));
    }
    eventually("all lines", || {
        let text = std::fs::read_to_string(proxy.dir.file("access.log")).unwrap_or_default();
        text.lines().count() == 100
    });
}

/// The request has its whole `timeout.http-request`, however late the header came.
#[test]
fn the_requests_time_begins_after_the_header() {
    let server = Server::text("ok");
    let proxy = web(&server).frontend("timeout.http-request = \"600ms\"").start();
    let mut client = proxy.client();
    client.assert_silent(700);
    client.send(V1);
    let (first, second) = GET.split_at(9);
    client.send(first);
    client.assert_silent(50);
    client.send(second);
    assert_eq!(client.message().text(), "ok");
}

/// The line of a refused connection shows its address, whatever the format of requests shows.
#[test]
fn refused_connections_have_an_address() {
    let server = Server::text("never");
    let proxy = Web::to(&server).logged().frontend(BIND).frontend("log-format = \"%ST\"").start();
    let mut client = proxy.client();
    client.send(GET);
    client.drain();
    let line = proxy.log_line(|_| true);
    assert!(line.starts_with(&format!("127.0.0.1:{} [", client.port())), "{line}");
}
