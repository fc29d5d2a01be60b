//! TLS with clients whose bytes come in any pieces.

use crate::support::tls::{Authority, DATA, Shaking, Tls, Version};
use crate::support::{Pace, Peer, Proxy, Server, Web, assert_same, noise, pause, reply};

/// A proxy with a certificate for `test.example`, and its clients.
struct Site {
    authority: Authority,
    proxy: Proxy,
    _server: Server,
}

const NAME: &str = "test.example";
/// Long enough that two sends are two reads.
const APART_MS: u64 = 1;

impl Site {
    fn new() -> Self {
        let server = Server::http(|request| reply(request.first_line()));
        Self::before(server)
    }

    fn before(server: Server) -> Self {
        let authority = Authority::new();
        let proxy = Web::to(&server).tls(&authority.issue(&[NAME]), "").start();
        Self { authority, proxy, _server: server }
    }

    fn shaking(&self, version: Version) -> Shaking {
        let peer = Peer::connect(self.proxy.address("web"));
        Shaking::client(peer, &self.authority.client(version), NAME)
    }

    fn client(&self, version: Version) -> Tls {
        Tls::connect(self.proxy.address("web"), &self.authority.client(version), NAME)
    }
}

fn assert_serves(client: &mut Tls) {
    assert_eq!(client.get("/a").text(), "GET /a HTTP/1.1");
}

/// Sends bytes in two pieces.
fn send_cut(peer: &mut Peer, bytes: &[u8], cut: usize) {
    let (start, end) = bytes.split_at(cut.min(bytes.len()));
    peer.send(start);
    pause(APART_MS);
    peer.send(end);
}

/// Each flight of a client's handshake cut in two at each position.
fn flights_cut_anywhere(version: Version) {
    let site = Site::new();
    // A client of TLS 1.3 sends its change_cipher_spec ahead of the rest.
    let flights = if version == Version::V12 { 2 } else { 3 };
    for wanted in 0..flights {
        let mut cut = 1;
        loop {
            let mut len = 0;
            let mut client = site.shaking(version);
            let is_done = client.shake(|peer, number, flight| {
                if number != wanted {
                    return peer.send(flight);
                }
                len = flight.len();
                send_cut(peer, flight, cut);
            });
            assert!(is_done, "{version:?}: flight {wanted} of {len} bytes cut at {cut}");
            assert_serves(&mut client.open());
            assert!(len > 0, "{version:?}: flight {wanted}");
            cut += 1;
            if cut >= len {
                break;
            }
        }
    }
}

#[test]
fn flights_cut_anywhere_12() {
    flights_cut_anywhere(Version::V12);
}

#[test]
fn flights_cut_anywhere_13() {
    flights_cut_anywhere(Version::V13);
}

#[test]
fn flights_byte_by_byte() {
    let site = Site::new();
    for version in Version::ALL {
        let mut client = site.shaking(version);
        let is_done =
            client.shake(|peer, _, flight| peer.try_send_at(Pace::Bytes, flight).unwrap());
        assert!(is_done, "{version:?}");
        assert_serves(&mut client.open());
    }
}

/// The same message in records of other lengths.
fn in_records(flight: &[u8], len: usize) -> Vec<u8> {
    assert_eq!(flight[0], 22);
    let record = |piece: &[u8]| [&[22, 3, 1, 0, piece.len() as u8], piece].concat();
    flight[5..].chunks(len).flat_map(record).collect()
}

#[test]
fn hello_in_small_records() {
    let site = Site::new();
    for version in Version::ALL {
        for len in [1, 2, 3, 4, 5, 50, 100] {
            for is_whole in [true, false] {
                let mut client = site.shaking(version);
                let is_done = client.shake(|peer, number, flight| match number {
                    0 if is_whole => peer.send(in_records(flight, len)),
                    0 => send_cut(peer, &in_records(flight, len), 17),
                    _ => peer.send(flight),
                });
                assert!(is_done, "{version:?} {len}");
                assert_serves(&mut client.open());
            }
        }
    }
}

/// A request right behind the last flight, in one segment, also cut.
#[test]
fn request_behind_the_handshake() {
    let site = Site::new();
    for cut in [0, 1, 40, 64, 79, 80, 81, 90, 120] {
        let mut client = site.shaking(Version::V13);
        let mut last = Vec::new();
        assert!(client.shake(|peer, number, flight| match number {
            0 => peer.send(flight),
            _ => last = flight.to_vec(),
        }));
        let mut client = client.open();
        last.extend(client.seal_data("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"));
        last.extend(client.seal_data("GET /b HTTP/1.1\r\nHost: h\r\n\r\n"));
        send_cut(&mut client.peer, &last, cut);
        assert_eq!(client.message().text(), "GET /a HTTP/1.1", "{cut}");
        assert_eq!(client.message().text(), "GET /b HTTP/1.1", "{cut}");
    }
}

#[test]
fn records_cut_anywhere() {
    let site = Site::new();
    for version in Version::ALL {
        let mut client = site.client(version);
        let mut cut = 1;
        loop {
            let mut records = client.seal_data("GET /a HTT");
            records.extend(client.seal_data("P/1.1\r\nHost: h\r\n\r\n"));
            send_cut(&mut client.peer, &records, cut);
            assert_eq!(client.message().text(), "GET /a HTTP/1.1", "{version:?} {cut}");
            cut += 1;
            if cut >= records.len() {
                break;
            }
        }
        let records = client.seal_data("GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
        client.peer.try_send_at(Pace::Bytes, &records).unwrap();
        assert_eq!(client.message().text(), "GET /b HTTP/1.1", "{version:?}");
    }
}

/// A record for each byte, all in one segment; many requests in one record.
#[test]
fn many_records_and_many_requests() {
    let site = Site::new();
    for version in Version::ALL {
        let mut client = site.client(version);
        let request = "GET /small HTTP/1.1\r\nHost: h\r\n\r\n";
        let records: Vec<u8> = request.bytes().flat_map(|byte| client.seal(DATA, [byte])).collect();
        client.peer.send(records);
        assert_eq!(client.message().text(), "GET /small HTTP/1.1", "{version:?}");
        let requests: String =
            (0..100).map(|number| format!("GET /{number} HTTP/1.1\r\nHost: h\r\n\r\n")).collect();
        client.send(requests);
        for number in 0..100 {
            assert_eq!(client.message().text(), format!("GET /{number} HTTP/1.1"), "{version:?}");
        }
    }
}

/// Bodies both ways in records of every length.
#[test]
fn bodies_in_records_of_any_length() {
    let site = Site::before(Server::http(|request| reply(&request.body)));
    for version in Version::ALL {
        let mut client = site.client(version);
        for (len, piece_len) in [
            (1, 1),
            (5_000, 1),
            (20_000, 77),
            (100_000, 4097),
            (16_384, 16_384),
            (3_000_000, 16_384),
        ] {
            let body = noise(len);
            let head = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {len}\r\n\r\n");
            let mut records = client.seal_data(head);
            records.extend(body.chunks(piece_len).flat_map(|piece| client.seal(DATA, piece)));
            let mut sender = client.peer.double();
            let sending = std::thread::spawn(move || sender.send(records));
            assert_same(&client.message().body, &body);
            sending.join().unwrap();
        }
    }
}
