//! TCP mode, and addresses that are not TCP's.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use socket2::Socket;

use crate::support::{Dir, Peer, Proxy, Server, Web, assert_same, binary, noise, reply};

fn echo() -> Server {
    Server::start(|peer| {
        while peer.has_more() {
            let bytes = peer.take();
            if peer.try_send(bytes).is_err() {
                return;
            }
        }
        peer.finish();
    })
}

#[test]
fn relays_both_ways() {
    let server = echo();
    let proxy = Web::to(&server).tcp().start();
    let mut client = proxy.client();
    for text in ["one", "two", "\0\u{7f}"] {
        client.send(text);
        assert_eq!(client.read_exact(text.len()), text.as_bytes());
    }
}

#[test]
fn relays_megabytes_both_ways_at_once() {
    let server = echo();
    let proxy = Web::to(&server).tcp().start();
    let mut client = proxy.client();
    let bytes = noise(8_000_001);
    let (mut sender, sent) = (client.double(), bytes.clone());
    let upload = std::thread::spawn(move || {
        sender.send(sent);
        sender.finish();
    });
    assert_same(&client.read_to_end(), &bytes);
    upload.join().unwrap();
}

#[test]
fn client_finishes_first() {
    let server = Server::start(|peer| {
        assert_eq!(peer.read_to_end(), b"question");
        peer.send("answer");
    });
    let proxy = Web::to(&server).tcp().start();
    let mut client = proxy.client();
    client.send("question");
    client.finish();
    assert_eq!(client.read_to_end(), b"answer");
}

#[test]
fn server_finishes_first() {
    let server = Server::start(|peer| {
        peer.send("greeting");
        peer.finish();
        assert_eq!(peer.read_to_end(), b"late words");
    });
    let proxy = Web::to(&server).tcp().start();
    let mut client = proxy.client();
    assert_eq!(client.read_to_end(), b"greeting");
    client.send("late ");
    client.send("words");
    client.finish();
    server.await_ended();
}

#[test]
fn server_speaks_first() {
    let server = Server::start(|peer| {
        peer.send("220 ready\r\n");
        assert_eq!(peer.read_until("\r\n"), b"QUIT\r\n");
    });
    let proxy = Web::to(&server).tcp().start();
    let mut client = proxy.client();
    client.read_until("220 ready\r\n");
    client.send("QUIT\r\n");
    assert_eq!(client.read_to_end(), b"");
}

/// No server: the client is turned away, not kept waiting.
#[test]
fn without_a_server() {
    let proxy = Web::new().tcp().server("127.0.0.1:1", "").start();
    assert_eq!(proxy.client().drain(), b"");
}

/// One listening socket that two shards accept from.
fn many_clients_of(proxy: &Proxy, address: &str) {
    let mut clients: Vec<Peer> = (0..20).map(|_| Peer::connect(address)).collect();
    for client in &mut clients {
        assert_eq!(client.get("/").text(), "ok");
    }
    assert_eq!(proxy.address("web"), address);
}

#[test]
fn unix_bind_shared_by_shards() {
    let (server, dir) = (Server::text("ok"), Dir::new());
    let address = format!("unix:{}", dir.file("s").display());
    let proxy = Web::to(&server).frontend(&format!("bind = \"{address}\"")).start();
    many_clients_of(&proxy, &address);
}

/// A socket that a killed run left behind is no obstacle; one in use is.
#[test]
fn unix_bind_over_a_dead_socket() {
    let (server, dir) = (Server::text("ok"), Dir::new());
    let path = dir.file("s");
    drop(UnixListener::bind(&path).unwrap());
    let address = format!("unix:{}", path.display());
    let config = Web::to(&server).frontend(&format!("bind = \"{address}\"")).config();
    let proxy = Proxy::start(&config);
    many_clients_of(&proxy, &address);
    let exit = Proxy::launch(Dir::new(), &config, Command::new(binary())).wait();
    assert_eq!(exit.status.code(), Some(1));
    assert!(exit.errors().contains(&address), "{}", exit.errors());
    many_clients_of(&proxy, &address);
}

#[test]
fn inherited_bind_shared_by_shards() {
    let server = Server::text("ok");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let config = Web::to(&server).frontend("bind = \"fd@0\"").config();
    let mut command = Command::new(binary());
    command.stdin(Stdio::from(OwnedFd::from(listener)));
    let mut proxy = Proxy::launch(Dir::new(), &config, command);
    proxy.await_ready();
    assert_eq!(proxy.address("web"), "fd@0");
    for _ in 0..20 {
        assert_eq!(Peer::connect(&address).get("/").text(), "ok");
    }
}

#[test]
fn inherited_descriptor_that_does_not_listen() {
    let config = Web::to(&Server::text("ok")).frontend("bind = [\"fd@0\", \"fd@77\"]").config();
    let mut command = Command::new(binary());
    command.stdin(Stdio::from(OwnedFd::from(Socket::from(
        std::net::UdpSocket::bind("127.0.0.1:0").unwrap(),
    ))));
    let exit = Proxy::launch(Dir::new(), &config, command).wait();
    assert_eq!(exit.status.code(), Some(1));
    assert!(exit.errors().contains("fd@0") && exit.errors().contains("fd@77"), "{}", exit.errors());
}

#[test]
fn unix_server() {
    let dir = Dir::new();
    let listener = UnixListener::bind(dir.file("o")).unwrap();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut peer = Peer::over(Socket::from(OwnedFd::from(stream)));
        assert_eq!(peer.message().first_line(), "GET /x HTTP/1.1");
        peer.send(reply("from a path"));
    });
    let proxy = Web::new().server(&format!("unix:{}", dir.file("o").display()), "").start();
    assert_eq!(proxy.get("/x").text(), "from a path");
}
