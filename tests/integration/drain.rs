//! Stopping: what runs is finished, what idles is closed, nothing is left.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::{Message, Peer, Proxy, Server, Web, eventually, reply};

#[test]
fn signals_end_an_idle_proxy_with_0() {
    for signal in [Signal::TERM, Signal::INT, Signal::USR1] {
        let mut proxy = Web::to(&Server::text("ok")).start();
        proxy.signal(signal);
        let exit = proxy.wait();
        exit.assert_clean();
        assert_eq!(exit.stdout.len() > 2, signal == Signal::USR1, "{:?}", exit.stdout);
    }
}

/// The contract's lines, and nothing else.
#[test]
fn start_up_lines() {
    let mut proxy = Web::to(&Server::text("ok")).start();
    let address = proxy.address("web").to_owned();
    assert!(address.starts_with("127.0.0.1:") && !address.ends_with(":0"), "{address}");
    let exit = proxy.stop();
    let listening = format!("listening frontend=web address={address} shards=2");
    assert_eq!(exit.stdout, [&*listening, "ready"]);
}

#[test]
fn counters_on_sigusr1() {
    let server = Server::text("ok");
    let mut proxy = Web::to(&server).start();
    (0..7).for_each(|_| assert_eq!(proxy.get("/").status(), 200));
    proxy.signal(Signal::USR1);
    let table = proxy.wait().stdout.join("\n");
    for word in ["web", "app", "s1", "7"] {
        assert!(table.contains(word), "{word} in:\n{table}");
    }
}

#[test]
fn idle_connections_are_closed_at_once() {
    let server = Server::text("ok");
    let mut proxy = Web::to(&server).start();
    let mut clients: Vec<Peer> = (0..20).map(|_| proxy.client()).collect();
    clients.iter_mut().for_each(|client| assert_eq!(client.get("/").status(), 200));
    // These never said anything.
    clients.extend((0..5).map(|_| proxy.client()));
    let begun = Instant::now();
    proxy.signal(Signal::TERM);
    for client in &mut clients {
        assert_eq!(client.drain(), b"");
    }
    proxy.wait().assert_clean();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    server.await_ended();
}

/// Answers when it is told to: the connection of a tester says "go".
fn held_server() -> (Server, impl Fn()) {
    let gate = std::sync::Arc::new((std::sync::Mutex::new(false), std::sync::Condvar::new()));
    let opener = std::sync::Arc::clone(&gate);
    let server = Server::http(move |_| {
        let guard = gate.0.lock().unwrap();
        drop(gate.1.wait_while(guard, |open| !*open).unwrap());
        reply("finished")
    });
    let open = move || {
        *opener.0.lock().unwrap() = true;
        opener.1.notify_all();
    };
    (server, open)
}

fn await_draining(proxy: &Proxy) {
    let refused = |address| {
        Peer::try_connect(address).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    };
    eventually("new connections are refused", || refused(proxy.address("web")));
}

/// While a request runs on, new connections are refused, so that whoever balances between proxies
/// goes elsewhere; the request is answered, and its client told to close.
#[test]
fn request_in_flight_is_finished() {
    let (server, open) = held_server();
    let mut proxy = Web::to(&server).start();
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    eventually("the request arrives", || server.connections() == 1);
    proxy.signal(Signal::TERM);
    await_draining(&proxy);
    open();
    let response: Message = client.message();
    assert_eq!((response.text(), response.closes()), ("finished", true));
    client.closed_after();
    proxy.wait().assert_clean();
}

/// Connections that the kernel had queued when the drain began are served.
#[test]
fn queued_connections_are_served() {
    let server = Server::text("ok");
    let mut proxy = Web::to(&server).start();
    proxy.signal(Signal::STOP);
    let mut clients: Vec<Peer> = (0..10).map(|_| proxy.client()).collect();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    proxy.signal(Signal::TERM);
    proxy.signal(Signal::CONT);
    for client in &mut clients {
        assert_eq!(client.message().text(), "ok");
    }
    proxy.wait().assert_clean();
}

#[test]
fn hard_stop_cuts_off_what_takes_too_long() {
    let (server, open) = held_server();
    let mut proxy = Web::to(&server).logged().global("hard-stop-after = \"300ms\"").start();
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    eventually("the request arrives", || server.connections() == 1);
    let begun = Instant::now();
    proxy.signal(Signal::TERM);
    let exit = proxy.wait();
    assert!(begun.elapsed() >= Duration::from_millis(290), "{:?}", begun.elapsed());
    assert_eq!(exit.status.code(), Some(0));
    assert!(exit.errors().contains("cut off 1 sessions"), "{}", exit.errors());
    assert!(!exit.errors().contains("left behind"), "{}", exit.errors());
    proxy.log_line(|line| line.contains(" KD-- "));
    client.drain();
    open();
}

/// Tunnels have no end of their own: they live until the deadline.
#[test]
fn tunnels_live_until_the_deadline() {
    let server = Server::start(|peer| {
        while peer.has_more() {
            let bytes = peer.take();
            let _ = peer.try_send(bytes);
        }
    });
    let mut proxy = Web::to(&server).tcp().global("hard-stop-after = \"1s\"").start();
    let mut client = proxy.client();
    client.send("before");
    client.read_exact(6);
    proxy.signal(Signal::TERM);
    await_draining(&proxy);
    client.send("after");
    client.read_exact(5);
    client.finish();
    client.drain();
    proxy.wait().assert_clean();
}

/// Descriptors return to what they were, and the drain finds no socket, buffer or task.
#[test]
fn no_leaks_after_drain() {
    let server = Server::http(|request| reply(vec![b'x'; 10 + request.body.len()]));
    let mut proxy = Web::to(&server).backend("http-reuse = \"never\"").start();
    // What is opened at first use, such as the time zone's file, is open now.
    proxy.get("/");
    eventually("the connection ends", || server.connections() == 1);
    server.await_ended();
    let before = proxy.descriptors();
    for round in 0..5 {
        let mut clients: Vec<Peer> = (0..40).map(|_| proxy.client()).collect();
        for (index, client) in clients.iter_mut().enumerate() {
            match index % 4 {
                0 => client.send("GET / HTTP/1.1\r\nHo"),
                1 => client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf"),
                2 => assert_eq!(client.get("/").status(), 200),
                _ => client.send("bad\r\n\r\n"),
            }
        }
        for (index, client) in clients.into_iter().enumerate() {
            if (index + round) % 3 == 0 {
                client.reset();
            }
        }
    }
    eventually("descriptors return", || proxy.descriptors() <= before);
    proxy.stop();
}
