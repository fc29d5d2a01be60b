//! Rules of TCP: connections refused, bytes inspected, several protocols on one port.

use crate::support::{Peer, Proxy, Server, Web};

/// A server that says its name to whoever sends something.
fn named(name: &'static str) -> Server {
    Server::start(move |peer| {
        while peer.fill().unwrap_or(false) {
            let got = peer.take();
            peer.send([name.as_bytes(), b":", &got].concat());
        }
    })
}

#[test]
fn connections_are_refused_before_anything_is_read() {
    let server = Server::text("origin");
    let proxy = Web::to(&server)
        .frontend("tcp-request-connection = [\"reject if { src 127.0.0.2 }\"]")
        .start();
    assert_eq!(proxy.get("/").text(), "origin");
    let mut client = Peer::connect_from("127.0.0.2".parse().unwrap(), proxy.address("web"));
    assert_eq!(client.drain(), b"");
}

#[test]
fn several_protocols_on_one_port() {
    let (ssh, redis, other) = (named("ssh"), named("redis"), named("other"));
    let web = Server::text("web");
    let config = format!(
        r#"
        [global]
        shards = 1
        [frontend.all]
        mode = "tcp"
        bind = "127.0.0.1:0"
        tcp-request-inspect-delay = "300ms"
        tcp-request-content = [
          "accept if {{ req.proto_http }}",
          "accept if {{ req.payload(0,7) -m bin 5353482d322e30 }}",
          "accept if {{ req.payload(0,1) -m str * }}",
        ]
        use-backend = [
          "web if {{ req.proto_http }}",
          "ssh if {{ req.payload(0,4) -m str SSH- }}",
          "redis if {{ req.payload(0,1) -m str * }}",
        ]
        default-backend = "other"
        [backend.web]
        server = [{{ name = "s", address = "{}" }}]
        [backend.ssh]
        mode = "tcp"
        server = [{{ name = "s", address = "{}" }}]
        [backend.redis]
        mode = "tcp"
        server = [{{ name = "s", address = "{}" }}]
        [backend.other]
        mode = "tcp"
        server = [{{ name = "s", address = "{}" }}]
        "#,
        web.address(),
        ssh.address(),
        redis.address(),
        other.address()
    );
    let proxy = Proxy::start(&config);
    let talk = |parts: &[&str], expected: &str| {
        let mut client = Peer::connect(proxy.address("all"));
        for part in parts {
            client.send(part);
            crate::support::pause(10);
        }
        assert_eq!(client.read_until(expected), expected.as_bytes(), "{parts:?}");
    };
    talk(&["SSH-2.0-x\r\n"], "ssh:SSH-2.0-x\r\n");
    talk(&["SSH", "-2", ".0-x\r\n"], "ssh:SSH-2.0-x\r\n");
    talk(&["*1\r\n"], "redis:*1\r\n");
    talk(&["hello"], "other:hello");
    let mut client = Peer::connect(proxy.address("all"));
    // HTTP goes on as HTTP, request by request.
    assert_eq!(client.get("/a").text(), "web");
    assert_eq!(client.get("/b").text(), "web");
    // A client that waits for the server to speak goes to the default when the delay is over.
    let mut silent = Peer::connect(proxy.address("all"));
    silent.assert_silent(100);
    silent.send("x");
    assert_eq!(silent.read_until("other:x"), b"other:x");
}

#[test]
fn a_connection_switches_to_http_in_flight() {
    let web = Server::text("web");
    let config = format!(
        r#"
        [frontend.all]
        mode = "tcp"
        bind = "127.0.0.1:0"
        tcp-request-inspect-delay = "2s"
        tcp-request-content = ["switch-mode http if {{ req.proto_http }}", "reject if WAIT_END"]
        default-backend = "web"
        [backend.web]
        http-response = ["set-header x-b 1"]
        server = [{{ name = "s", address = "{}" }}]
        "#,
        web.address()
    );
    let proxy = Proxy::start(&config);
    let mut client = Peer::connect(proxy.address("all"));
    client.send("GET /a HT");
    client.assert_silent(50);
    client.send("TP/1.1\r\nHost: h\r\n\r\n");
    let answer = client.message();
    assert_eq!((answer.text(), answer.field("x-b")), ("web", Some("1")));
}

#[test]
fn bytes_that_rules_refuse() {
    let server = named("app");
    let proxy = Web::to(&server)
        .tcp()
        .logged()
        .frontend(
            r#"tcp-request-inspect-delay = "5s"
            tcp-request-content = [
              "reject if { req.payload(0,3) -m str BAD }",
              "accept if { req.len gt 5 }",
            ]"#,
        )
        .backend(
            r#"tcp-response-inspect-delay = "5s"
            tcp-response-content = ["reject if { res.payload(0,0) -m sub secret }", "accept if { res.len gt 8 }"]"#,
        )
        .start();
    let mut client = proxy.client();
    client.send("BAD stuff");
    assert_eq!(client.drain(), b"");
    assert_eq!(server.connections(), 0);
    let mut client = proxy.client();
    client.send("abcdef");
    assert_eq!(client.read_until("app:abcdef"), b"app:abcdef");
    let mut client = proxy.client();
    client.send("abc secret");
    assert_eq!(client.drain(), b"");
}

/// Each request of a connection that became HTTP goes where its own head says.
#[test]
fn requests_behind_the_first_choose_anew() {
    let (one, two) = (Server::text("one"), Server::text("two"));
    let config = format!(
        r#"
        [frontend.all]
        mode = "tcp"
        bind = "127.0.0.1:0"
        tcp-request-inspect-delay = "2s"
        tcp-request-content = ["accept if {{ req.len gt 0 }}", "reject"]
        use-backend = ["two if {{ path /two }}"]
        default-backend = "one"
        [backend.one]
        server = [{{ name = "s", address = "{}" }}]
        [backend.two]
        server = [{{ name = "s", address = "{}" }}]
        "#,
        one.address(),
        two.address()
    );
    let proxy = Proxy::start(&config);
    let mut client = Peer::connect(proxy.address("all"));
    for (target, expected) in [("/two", "two"), ("/one", "one"), ("/two", "two")] {
        assert_eq!(client.get(target).text(), expected, "{target}");
    }
}
