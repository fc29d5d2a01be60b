//! Limits hold, and what waits because of them goes on afterwards.

use rustix::process::{Resource, Rlimit, prlimit};

use crate::support::{Peer, Proxy, Server, Web, assert_same, eventually, noise, pause, reply};

/// At `maxconn` the next connection waits until one ends, whichever shard it belongs to.
fn check_maxconn(web: Web) {
    let proxy = web.start();
    for _ in 0..10 {
        let mut served: Vec<Peer> = (0..3).map(|_| proxy.client()).collect();
        served.iter_mut().for_each(|client| assert_eq!(client.get("/").text(), "ok"));
        let mut waiting: Vec<Peer> = (0..4).map(|_| proxy.client()).collect();
        for client in &mut waiting {
            client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        }
        waiting[0].assert_silent(20);
        waiting[3].assert_silent(5);
        served.pop();
        // One place is enough: each that was served leaves it to the next.
        waiting.iter_mut().for_each(|client| assert_eq!(client.message().text(), "ok"));
    }
}

#[test]
fn global_maxconn() {
    check_maxconn(Web::to(&Server::text("ok")).global("maxconn = 3"));
}

#[test]
fn frontend_maxconn() {
    check_maxconn(Web::to(&Server::text("ok")).frontend("maxconn = 3"));
}

/// Clients that ask for much and read nothing hold all buffers; later they all get everything.
#[test]
fn buffer_exhaustion() {
    const LEN: usize = 3_000_000;
    let server = Server::http(|_| reply(noise(LEN)));
    let proxy = Web::to(&server).global("tune.buffers.limit = 16").start();
    let mut clients: Vec<Peer> = (0..24).map(|_| proxy.client()).collect();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    eventually("all requests arrive", || server.connections() == clients.len());
    let body = noise(LEN);
    for client in &mut clients {
        assert_same(&client.message().body, &body);
    }
}

/// The same with uploads to a server that reads late.
#[test]
fn buffer_exhaustion_by_uploads() {
    const LEN: usize = 3_000_000;
    let server = Server::start(|peer| {
        peer.head();
        pause(300);
        assert_same(&peer.read_exact(LEN), &noise(LEN));
        peer.send(reply("whole"));
    });
    let proxy = Web::to(&server).global("tune.buffers.limit = 8").start();
    let upload = |mut client: Peer| {
        client.send(format!("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: {LEN}\r\n\r\n"));
        client.send(noise(LEN));
        assert_eq!(client.message().text(), "whole");
    };
    let uploads: Vec<_> = (0..12)
        .map(|_| {
            let client = proxy.client();
            std::thread::spawn(move || upload(client))
        })
        .collect();
    uploads.into_iter().for_each(|upload| upload.join().unwrap());
}

/// Readers that stall must not take the buffers from those that do not.
#[test]
fn stalled_readers_do_not_stop_others() {
    let server = Server::http(|request| match request.first_line() {
        "GET /small HTTP/1.1" => reply("small"),
        _ => reply(vec![b'x'; 30_000_000]),
    });
    let proxy = Web::to(&server).global("tune.buffers.limit = 256").start();
    let mut stalled: Vec<Peer> =
        (0..80).map(|_| Peer::connect_narrow(proxy.address("web"))).collect();
    for client in &mut stalled {
        client.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    for client in &mut stalled {
        client.read_until("\r\n\r\n");
    }
    // Until what fits into the kernel's queues is there and the rest is held by the proxy.
    pause(300);
    for _ in 0..20 {
        assert_eq!(proxy.get("/small").text(), "small");
    }
}

/// Leaves the proxy with room for `spare` more descriptors.
fn limit_descriptors(proxy: &Proxy, spare: usize) -> usize {
    let used = proxy.descriptors();
    let limit = Some((used + spare) as u64);
    prlimit(Some(proxy.pid()), Resource::Nofile, Rlimit { current: limit, maximum: limit })
        .unwrap();
    used
}

#[test]
fn accept_storm_with_few_descriptors() {
    let server = Server::text("ok");
    let proxy = Web::to(&server).start();
    let before = limit_descriptors(&proxy, 20);
    let storm: Vec<Peer> = (0..300).map(|_| proxy.client()).collect();
    eventually("descriptors run out", || proxy.descriptors() >= before + 18);
    let cpu_before = proxy.cpu_time();
    pause(500);
    let cpu = proxy.cpu_time() - cpu_before;
    assert!(cpu.as_millis() <= 150, "used {cpu:?} of 500 ms");
    drop(storm);
    eventually("it recovers", || proxy.descriptors() <= before + 2);
    for _ in 0..20 {
        assert_eq!(proxy.get("/").text(), "ok");
    }
}

/// The client has a descriptor, the server finds none: requests wait or fail, none hangs, and idle
/// server connections give way.
#[test]
fn no_descriptor_for_the_server() {
    let server = Server::text("ok");
    let proxy = Web::to(&server).backend("http-reuse = \"always\"").start();
    limit_descriptors(&proxy, 8);
    let mut clients: Vec<Peer> = (0..8).map(|_| proxy.client()).collect();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    }
    let statuses: Vec<u16> = clients.iter_mut().map(|client| client.message().status()).collect();
    assert!(statuses.iter().all(|status| matches!(status, 200 | 503)), "{statuses:?}");
    drop(clients);
    eventually("it recovers", || proxy.get("/").status() == 200);
}

#[test]
fn heads_and_fields_up_to_the_limit() {
    let server = Server::text("ok");
    let proxy = Web::to(&server).global("tune.bufsize = \"4k\"\ntune.http.maxhdr = 10").start();
    let sized = |len: usize| {
        let frame = "GET / HTTP/1.1\r\nHost: h\r\nX: \r\n\r\n".len();
        format!("GET / HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "x".repeat(len - frame))
    };
    let counted =
        |count: usize| format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", "X: y\r\n".repeat(count - 1));
    let cases = [
        (sized(3000), 200),
        (sized(5000), 431),
        (counted(10), 200),
        (counted(11), 431),
        (format!("GET /{} HTTP/1.1\r\n", "x".repeat(5000)), 414),
    ];
    for (request, status) in cases {
        assert_eq!(proxy.client().ask(&request).status(), status, "{} bytes", request.len());
    }
}

/// The kernel's table of descriptors does not grow under load: all shards would wait for it.
#[test]
fn room_for_descriptors_from_the_start() {
    let server = Server::text("ok");
    let proxy = Web::to(&server).global("maxconn = 300").start();
    let path = format!("/proc/{}/status", proxy.pid().as_raw_nonzero());
    let status = std::fs::read_to_string(path).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("FDSize:")).unwrap();
    assert!(size.trim().parse::<usize>().unwrap() >= 600, "{size}");
}
