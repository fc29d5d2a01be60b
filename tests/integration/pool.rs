//! Server connections that are used again, by whom, and what happens when they die.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::{Peer, Proxy, Server, Web, eventually, reply};

/// One shard, so that all clients share a pool.
fn pooled(server: &Server, reuse: &str) -> Proxy {
    Web::to(server).shards(1).backend(&format!("http-reuse = \"{reuse}\"")).start()
}

/// Connections that the server saw after two clients sent two requests each, in turn.
fn connections_of_two_clients(reuse: &str) -> usize {
    let server = Server::text("ok");
    let proxy = pooled(&server, reuse);
    let (mut first, mut second) = (proxy.client(), proxy.client());
    for _ in 0..2 {
        assert_eq!(first.get("/").text(), "ok");
        assert_eq!(second.get("/").text(), "ok");
    }
    server.connections()
}

#[test]
fn reuse_never_gives_each_client_its_own() {
    assert_eq!(connections_of_two_clients("never"), 2);
}

/// The first request of a client opens a connection, later ones take whichever idles.
#[test]
fn reuse_safe_opens_one_for_a_first_request() {
    assert_eq!(connections_of_two_clients("safe"), 2);
    let server = Server::text("ok");
    let proxy = pooled(&server, "safe");
    let mut first = proxy.client();
    first.get("/");
    let mut second = proxy.client();
    second.get("/");
    drop(first);
    for _ in 0..4 {
        second.get("/");
    }
    assert_eq!(server.connections(), 2);
}

/// Only a connection that was used again before serves a first request.
#[test]
fn reuse_aggressive_trusts_proven_connections() {
    let server = Server::text("ok");
    let proxy = pooled(&server, "aggressive");
    let mut first = proxy.client();
    first.get("/");
    proxy.client().get("/");
    assert_eq!(server.connections(), 2, "not proven yet");
    first.get("/");
    proxy.client().get("/");
    assert_eq!(server.connections(), 2, "proven");
}

#[test]
fn reuse_always_shares() {
    assert_eq!(connections_of_two_clients("always"), 1);
}

#[test]
fn requests_at_the_same_time_have_their_own_connections() {
    let server = Server::start(|peer| {
        while peer.has_more() {
            peer.head();
            // The proxy cannot put two requests on this connection: nothing else may come now.
            peer.assert_silent(100);
            peer.send(reply("ok"));
        }
    });
    let proxy = pooled(&server, "always");
    let mut clients: Vec<Peer> = (0..5).map(|_| proxy.client()).collect();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    for client in &mut clients {
        assert_eq!(client.message().text(), "ok");
    }
    assert_eq!(server.connections(), 5);
}

/// The server closes each connection while it idles; no client may notice.
#[test]
fn idle_connection_closed_by_the_server() {
    let server = Server::once(reply("ok"));
    let proxy = pooled(&server, "always");
    let mut client = proxy.client();
    let post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx";
    for _ in 0..30 {
        assert_eq!(client.get("/").text(), "ok");
        server.await_ended();
        assert_eq!(client.ask(post).text(), "ok");
        server.await_ended();
    }
}

/// The server closes its connection when the second request arrives on it.
fn server_that_closes_on_reuse() -> Server {
    Server::start(|peer| {
        peer.message();
        peer.send(reply("ok"));
        if peer.has_more() {
            peer.message();
        }
    })
}

#[test]
fn stale_connection_is_replaced_for_requests_that_can_be_repeated() {
    let server = server_that_closes_on_reuse();
    let proxy = pooled(&server, "always");
    let mut client = proxy.client();
    for _ in 0..5 {
        assert_eq!(client.get("/").text(), "ok");
    }
    assert_eq!(server.connections(), 5);
}

/// A POST must not be sent twice; the client is told nothing, as if its own connection had aged.
#[test]
fn stale_connection_under_a_post() {
    let server = server_that_closes_on_reuse();
    let proxy = pooled(&server, "always");
    let mut client = proxy.client();
    assert_eq!(client.get("/").text(), "ok");
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
    client.closed_after();
    assert_eq!(server.connections(), 1);
}

/// A server that speaks out of turn is not listened to.
#[test]
fn idle_connection_that_speaks_is_dropped() {
    let server = Server::start(|peer| {
        peer.message();
        peer.send([reply("ok"), reply("never asked for")].concat());
        peer.drain();
    });
    let proxy = pooled(&server, "always");
    let mut client = proxy.client();
    for _ in 0..5 {
        assert_eq!(client.get("/").text(), "ok");
    }
    server.await_ended();
}

/// A connection that the server wants closed is not kept.
#[test]
fn connection_close_is_obeyed() {
    let served = AtomicUsize::new(0);
    let server = Server::http(move |_| {
        let close = served.fetch_add(1, Ordering::SeqCst) == 1;
        let connection = if close { "Connection: close\r\n" } else { "" };
        format!("HTTP/1.1 200 OK\r\n{connection}Content-Length: 0\r\n\r\n").into_bytes()
    });
    let proxy = pooled(&server, "always");
    let mut client = proxy.client();
    (0..3).for_each(|_| assert_eq!(client.get("/").status(), 200));
    eventually("the second connection", || server.connections() == 2);
}
