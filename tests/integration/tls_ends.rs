//! How connections with TLS end: in order, cut off, and so that nobody takes one for the other.

use std::io::ErrorKind;
use std::sync::mpsc::{Receiver, channel};

use crate::support::tls::{Authority, Identity, Tls, TlsEnd, Version};
use crate::support::{
    DEADLINE, HttpLine, Proxy, Server, TcpLine, Web, assert_same, eventually, noise, pause,
};

const NAME: &str = "test.example";

struct Site {
    authority: Authority,
    proxy: Proxy,
}

impl Site {
    fn new(server: &Server, change: impl FnOnce(Web) -> Web) -> Self {
        let authority = Authority::new();
        let web = Web::to(server).logged().tls(&authority.issue(&[NAME]), "");
        Self { proxy: change(web).start(), authority }
    }

    /// TLS with the server too, which has a certificate of `authority`.
    fn to_tls(server: &Server, authority: Authority, change: impl FnOnce(Web) -> Web) -> Self {
        let web = Web::new().logged().tls(&authority.issue(&[NAME]), "");
        let web = web.server(&server.address(), "ssl = true, verify = \"none\"");
        Self { proxy: change(web).start(), authority }
    }

    fn client(&self, version: Version) -> Tls {
        Tls::connect(self.proxy.address("web"), &self.authority.client(version), NAME)
    }

    fn http_end(&self) -> String {
        HttpLine::parse(&self.proxy.log_line(|_| true)).end
    }
}

/// What a server has read to the end, and how that came.
type Drained = (Vec<u8>, Option<ErrorKind>);

/// A server that reads, from some time on, and tells what.
fn drain(delay_ms: u64) -> (Server, Receiver<Drained>) {
    let (tell, told) = channel();
    let server = Server::start(move |peer| {
        pause(delay_ms);
        let (bytes, outcome) = peer.try_read_to_end();
        let _ = tell.send((bytes, outcome.err().map(|error| error.kind())));
    });
    (server, told)
}

/// A server that shakes hands, reads a head, sends `response` and ends as `end` does.
fn tls_server(
    version: Version,
    response: &'static str,
    end: impl Fn(&mut Tls) + Send + Sync + 'static,
) -> (Server, Authority) {
    let authority = Authority::new();
    let identity = authority.issue(&[NAME]);
    let server = Server::start(move |peer| {
        let mut client = Tls::accept(peer, &identity.server(version));
        client.read_until("\r\n\r\n");
        client.send(response);
        end(&mut client);
    });
    (server, authority)
}

const POST: &str = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n";
const CHUNKED: &str = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
const GET: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const GET_10: &str = "GET / HTTP/1.0\r\n\r\n";

/// A body that is cut off is not passed on as if it were whole, whatever the client said in the end.
#[test]
fn request_bodies_cut_off() {
    for version in Version::ALL {
        for request in [format!("{POST}12345"), format!("{CHUNKED}5\r\n12345\r\n")] {
            for is_said in [true, false] {
                let (server, told) = drain(0);
                let site = Site::new(&server, |web| web);
                let mut client = site.client(version);
                client.send(&request);
                eventually("the server is reached", || server.connections() == 1);
                match is_said {
                    true => client.finish(),
                    false => client.peer.finish(),
                }
                client.read_to_end();
                let (got, _) = told.recv_timeout(DEADLINE).unwrap();
                let got = String::from_utf8(got).unwrap();
                assert!(!got.ends_with("\r\n0\r\n\r\n") && !got.ends_with("1234567890"), "{got}");
                let end = site.http_end();
                assert!(end.starts_with('C'), "{version:?} {is_said} {request:?}: {end}");
            }
        }
    }
}

/// A client that ends in order behind its request is answered.
#[test]
fn request_then_close_notify() {
    let server = Server::text("ok");
    for version in Version::ALL {
        let site = Site::new(&server, |web| web);
        let mut client = site.client(version);
        client.send(GET);
        client.say_end();
        assert_eq!(client.message().text(), "ok", "{version:?}");
        assert_eq!(client.ending(), TlsEnd::Said, "{version:?}");
    }
}

/// A response that ends with its connection has an end only if that is said.
#[test]
fn responses_that_end_with_the_connection() {
    const RESPONSE: &str = "HTTP/1.1 200 OK\r\n\r\nhello";
    for version in Version::ALL {
        let (server, authority) = tls_server(version, RESPONSE, |client| client.finish());
        let site = Site::to_tls(&server, authority, |web| web);
        let mut client = site.client(version);
        client.send(GET_10);
        let (bytes, end) = client.read_to_end();
        assert!(String::from_utf8_lossy(&bytes).ends_with("hello"), "{version:?}");
        assert_eq!(end, TlsEnd::Said, "{version:?}");
        let line = HttpLine::parse(&site.proxy.log_line(|_| true));
        assert_eq!(line.verdict(), "200 --", "{version:?}");

        for request in [GET, GET_10] {
            let cut = |client: &mut Tls| client.peer.finish();
            let (server, authority) = tls_server(version, RESPONSE, cut);
            let site = Site::to_tls(&server, authority, |web| web);
            let mut client = site.client(version);
            client.send(request);
            let (bytes, end) = client.read_to_end();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert!(!text.ends_with("\r\n0\r\n\r\n"), "{version:?} {text}");
            assert_ne!(end, TlsEnd::Said, "{version:?} {request:?}");
            let line = HttpLine::parse(&site.proxy.log_line(|_| true));
            assert_eq!(line.verdict(), "200 SD", "{version:?}");
        }
    }
}

/// What has an end of its own needs no other.
#[test]
fn whole_responses_need_no_close_notify() {
    for response in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
    ] {
        for version in Version::ALL {
            let (server, authority) = tls_server(version, response, |client| client.peer.finish());
            let site = Site::to_tls(&server, authority, |web| web);
            let mut client = site.client(version);
            client.send(GET);
            client.message();
            let line = HttpLine::parse(&site.proxy.log_line(|_| true));
            assert_eq!(line.end, "--", "{version:?} {response:?}");
        }
    }
}

/// Half a response is half a response, however politely its server ends.
#[test]
fn responses_cut_off() {
    for response in [
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ] {
        for is_said in [true, false] {
            let (server, authority) = tls_server(Version::V13, response, move |client| {
                if is_said { client.finish() } else { client.peer.finish() }
            });
            let site = Site::to_tls(&server, authority, |web| web);
            let mut client = site.client(Version::V13);
            client.send(GET);
            let (_, end) = client.read_to_end();
            assert_ne!(end, TlsEnd::Said, "{response:?} {is_said}");
            assert_eq!(site.http_end(), "SD", "{response:?} {is_said}");
        }
    }
}

/// TCP mode: all bytes of a client arrive, and their end; the log tells whether it was said.
#[test]
fn tcp_ends_of_clients() {
    let bytes = noise(1_000_000);
    for version in Version::ALL {
        for is_said in [true, false] {
            let (server, told) = drain(0);
            let site = Site::new(&server, Web::tcp);
            let mut client = site.client(version);
            client.send(&bytes);
            match is_said {
                true => client.finish(),
                false => client.peer.finish(),
            }
            client.read_to_end();
            let line = TcpLine::parse(&site.proxy.log_line(|_| true));
            let expected = if is_said { "--" } else { "CD" };
            assert_eq!(line.end, expected, "{version:?}");
            let (got, error) = told.recv_timeout(DEADLINE).unwrap();
            assert!(error.is_none(), "{version:?}: {error:?}");
            assert_same(&got, &bytes);
        }
    }
}

/// TCP mode: one direction ended by close_notify, the other goes on.
#[test]
fn tcp_half_closes() {
    for version in Version::ALL {
        let server = Server::start(|peer| {
            assert_eq!(peer.read_to_end(), b"question");
            peer.send("answer");
        });
        let site = Site::new(&server, Web::tcp);
        let mut client = site.client(version);
        client.send("question");
        client.say_end();
        let (answer, end) = client.read_to_end();
        assert_eq!((&answer[..], end), (&b"answer"[..], TlsEnd::Said), "{version:?}");

        let (tell, told) = channel();
        let server = Server::start(move |peer| {
            peer.send("first");
            peer.finish();
            let _ = tell.send(peer.read_to_end());
        });
        let site = Site::new(&server, Web::tcp);
        let mut client = site.client(version);
        assert_eq!(client.read_exact(5), b"first");
        while client.end.is_none() {
            client.fill();
        }
        assert_eq!(client.end, Some(TlsEnd::Said), "{version:?}");
        client.send("reply");
        client.finish();
        assert_eq!(told.recv_timeout(DEADLINE).unwrap(), b"reply", "{version:?}");
        let line = TcpLine::parse(&site.proxy.log_line(|_| true));
        assert_eq!(line.end, "--", "{version:?}");
    }
}

/// TCP mode: a server that is reset, or ends without a word where words are due.
#[test]
fn tcp_ends_of_servers() {
    for version in Version::ALL {
        let server = Server::start(|peer| {
            peer.read_until("x");
            peer.send("bytes");
            peer.reset_on_drop();
        });
        let site = Site::new(&server, Web::tcp);
        let mut client = site.client(version);
        client.send("x");
        assert_ne!(client.read_to_end().1, TlsEnd::Said, "{version:?}");

        let authority = Authority::new();
        let identity: Identity = authority.issue(&[NAME]);
        let server = Server::start(move |peer| {
            let mut client = Tls::accept(peer, &identity.server(version));
            client.send("bytes");
            client.peer.finish();
            client.read_to_end();
        });
        let site = Site::to_tls(&server, authority, Web::tcp);
        let mut client = site.client(version);
        let (bytes, end) = client.read_to_end();
        assert!(bytes == b"bytes" && end != TlsEnd::Said, "{version:?}: {end:?}");
        drop(client);
        let line = TcpLine::parse(&site.proxy.log_line(|_| true));
        assert_eq!(line.end, "SD", "{version:?}");
    }
}

/// Our own ends are said: when a client asks for it, when it idles, when the proxy goes.
#[test]
fn our_ends_are_said() {
    let server = Server::text("ok");
    for version in Version::ALL {
        let idle = "timeout.http-keep-alive = \"100ms\"";
        let site = Site::new(&server, |web| web.frontend(idle));
        let mut client = site.client(version);
        assert_eq!(client.get("/").text(), "ok");
        assert_eq!(client.ending(), TlsEnd::Said, "{version:?}: idle");

        let mut client = site.client(version);
        let last = client.ask("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        assert_eq!(last.text(), "ok");
        assert_eq!(client.ending(), TlsEnd::Said, "{version:?}: asked to");

        let mut client = site.client(version);
        client.send("GET /\r\n\r\n");
        assert_eq!(client.message().status(), 400);
        assert_eq!(client.ending(), TlsEnd::Said, "{version:?}: refused");

        let mut site = Site::new(&server, |web| web);
        let mut client = site.client(version);
        assert_eq!(client.get("/").text(), "ok");
        let ending = std::thread::spawn(move || client.ending());
        site.proxy.stop();
        assert_eq!(ending.join().unwrap(), TlsEnd::Said, "{version:?}: drained");
    }
}

/// Idle connections to servers end in order too.
#[test]
fn ends_of_pooled_connections_are_said() {
    let authority = Authority::new();
    let identity = authority.issue(&[NAME]);
    let (tell, told) = channel();
    let server = Server::start(move |peer| {
        let mut client = Tls::accept(peer, &identity.server(Version::V13));
        client.message();
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        let _ = tell.send(client.read_to_end());
    });
    let mut site = Site::to_tls(&server, authority, |web| web.shards(1));
    assert_eq!(site.client(Version::V13).get("/").text(), "ok");
    site.proxy.stop();
    assert_eq!(told.recv().unwrap(), (Vec::new(), TlsEnd::Said));
}

/// TCP mode: bytes that a slow side has not read yet are not lost in the cut that follows them.
#[test]
fn tcp_cuts_lose_nothing() {
    let bytes = noise(2_000_000);
    let (server, told) = drain(400);
    let site = Site::new(&server, Web::tcp);
    let mut client = site.client(Version::V13);
    client.send(&bytes);
    client.peer.finish();
    client.read_to_end();
    let line = TcpLine::parse(&site.proxy.log_line(|_| true));
    assert_eq!(line.end, "CD");
    let (got, error) = told.recv_timeout(DEADLINE).unwrap();
    assert_eq!(error, None);
    assert_same(&got, &bytes);
}
