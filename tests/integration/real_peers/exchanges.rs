//! What a chain of proxies must carry, whoever else is part of it.

use crate::support::{Message, Peer, Server, assert_same, noise};

const LARGE: usize = 3_000_000;
/// The handshake of RFC 6455 section 1.3.
const WEBSOCKET: &str = "GET /websocket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";
const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A server at the end of the chain, which knows all targets that [`Chain::exercise`] asks for, and
/// sends back the target and the body of any other request.
pub(super) fn origin() -> Server {
    Server::start(|peer| while peer.has_more() && answer(peer) {})
}

/// Answers one request. False when it was the connection's last.
fn answer(peer: &mut Peer) -> bool {
    let mut request = peer.head();
    if request.field("expect").is_some() {
        peer.send("HTTP/1.1 100 Continue\r\n\r\n");
    }
    peer.read_body(&mut request);
    if target(&request) == "/websocket" {
        peer.send(SWITCHING);
        while peer.has_more() {
            let bytes = peer.take();
            peer.send(bytes);
        }
        return false;
    }
    let (response, is_last) = response(&request);
    peer.try_send(response).is_ok() && !is_last
}

fn target(request: &Message) -> &str {
    request.first_line().split(' ').nth(1).unwrap()
}

fn response(request: &Message) -> (Vec<u8>, bool) {
    let target = target(request);
    let trailers = request.trailers.trim_end().replace("\r\n", "|");
    let facts = format!("HTTP/1.1 200 OK\r\nX-Target: {target}\r\nX-Trailers: {trailers}\r\n");
    let with = |fields: &str, body: &[u8]| [facts.as_bytes(), fields.as_bytes(), body].concat();
    match target {
        "/until-close" => (with("\r\n", &noise(LARGE)), true),
        "/no-content" => {
            (b"HTTP/1.1 204 No Content\r\nX-Target: /no-content\r\n\r\n".into(), false)
        }
        "/chunks" => {
            let body = chunks(&noise(LARGE), "X-Behind: it\r\n");
            (with("Trailer: X-Behind\r\nTransfer-Encoding: chunked\r\n\r\n", &body), false)
        }
        _ if request.head.starts_with("HEAD ") => (with("Content-Length: 777\r\n\r\n", b""), false),
        _ => {
            let length = format!("Content-Length: {}\r\n\r\n", request.body.len());
            (with(&length, &request.body), false)
        }
    }
}

/// A body in chunks of many sizes.
pub(super) fn chunks(mut body: &[u8], trailers: &str) -> Vec<u8> {
    let (mut encoded, mut size) = (Vec::new(), 1);
    while !body.is_empty() {
        let (chunk, rest) = body.split_at(body.len().min(size));
        encoded.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        encoded.extend_from_slice(chunk);
        encoded.extend_from_slice(b"\r\n");
        (body, size) = (rest, size * 5 % 70_001);
    }
    encoded.extend_from_slice(format!("0\r\n{trailers}\r\n").as_bytes());
    encoded
}

/// A client's view of proxies that end at an [`origin`].
pub(super) struct Chain<'a> {
    pub(super) address: &'a str,
    /// Whether every proxy of it passes on trailers, which none must.
    pub(super) has_trailers: bool,
}

impl Chain<'_> {
    pub(super) fn exercise(&self) {
        self.keep_alive();
        self.pipeline();
        self.uploads();
        self.downloads();
        self.bodiless();
        self.expectation();
        self.old_client();
        self.websocket();
    }

    fn client(&self) -> Peer {
        Peer::connect(self.address)
    }

    fn keep_alive(&self) {
        let mut client = self.client();
        for number in 0..50 {
            let target = format!("/kept/{number}");
            assert_eq!(client.get(&target).field("x-target"), Some(&*target));
        }
    }

    fn pipeline(&self) {
        let mut client = self.client();
        let request = |number| match number % 3 {
            0 => format!("GET /{number} HTTP/1.1\r\nHost: h\r\n\r\n"),
            1 => format!("PUT /{number} HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody"),
            _ => {
                let head = "HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
                format!("PUT /{number} {head}4\r\nbody\r\n0\r\n\r\n")
            }
        };
        client.send((0..20).map(request).collect::<String>());
        for number in 0..20 {
            let response = client.message();
            assert_eq!(response.field("x-target"), Some(&*format!("/{number}")));
            assert_eq!(response.text(), if number % 3 == 0 { "" } else { "body" });
        }
    }

    /// Each body goes up and comes back.
    fn uploads(&self) {
        let body = noise(LARGE);
        let length = format!("Content-Length: {LARGE}");
        let encoded = chunks(&body, "X-First: 1\r\nX-Second: two\r\n");
        let (chunked, trailers) = ("Transfer-Encoding: chunked", "x-first: 1|x-second: two");
        let mut client = self.client();
        for (framing, body, trailers) in [(&*length, &body, ""), (chunked, &encoded, trailers)] {
            let head = format!("PUT /up HTTP/1.1\r\nHost: h\r\n{framing}\r\n\r\n");
            let (mut sender, bytes) = (client.double(), [head.as_bytes(), body].concat());
            let sending = std::thread::spawn(move || sender.send(bytes));
            let response = client.message();
            sending.join().unwrap();
            assert_same(&response.body, &noise(LARGE));
            let trailers = if self.has_trailers { trailers } else { "" };
            let arrived = response.field("x-trailers").map(str::to_lowercase);
            assert_eq!(arrived.as_deref(), Some(trailers));
        }
    }

    fn downloads(&self) {
        let mut client = self.client();
        let response = client.get("/chunks");
        assert_same(&response.body, &noise(LARGE));
        let trailers = if self.has_trailers { "x-behind: it\r\n\r\n" } else { "\r\n" };
        assert_eq!(response.trailers.to_lowercase(), trailers);
        let response = client.get("/until-close");
        assert_same(&response.body, &noise(LARGE));
    }

    fn bodiless(&self) {
        let mut client = self.client();
        for _ in 0..2 {
            client.send("HEAD /head HTTP/1.1\r\nHost: h\r\n\r\n");
            let response = client.head();
            assert_eq!(response.field("x-target"), Some("/head"));
            assert_eq!(response.field("content-length"), Some("777"));
            client.send("GET /no-content HTTP/1.1\r\nHost: h\r\n\r\n");
            assert_eq!(client.head().status(), 204);
        }
        assert_eq!(client.get("/after").field("x-target"), Some("/after"));
    }

    fn expectation(&self) {
        let mut client = self.client();
        for body in ["first", "other"] {
            client.send("PUT /expected HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n");
            client.send("Expect: 100-continue\r\n\r\n");
            assert_eq!(client.head().status(), 100);
            assert_eq!(client.ask(body).text(), body);
        }
    }

    /// It knows neither chunks nor, by itself, connections that stay.
    fn old_client(&self) {
        let mut client = self.client();
        client.send("GET /chunks HTTP/1.0\r\nHost: h\r\n\r\n");
        let response = client.head();
        assert_eq!(response.fields("transfer-encoding"), [""; 0]);
        assert_same(&client.read_to_end(), &noise(LARGE));
        let mut client = self.client();
        for _ in 0..2 {
            client.send("GET /old HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n");
            assert_eq!(client.message().field("x-target"), Some("/old"));
        }
    }

    fn websocket(&self) {
        let (mut client, bytes) = (self.client(), noise(50_000));
        client.send(WEBSOCKET);
        let response = client.head();
        assert_eq!(response.status(), 101, "{response:?}");
        assert_eq!(response.field("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        for frame in [b"ping", &*bytes, b"pong"] {
            client.send(frame);
            assert_same(&client.read_exact(frame.len()), frame);
        }
    }

    /// A hundred clients at once: each gets its own answers.
    pub(super) fn crowd(&self) {
        std::thread::scope(|scope| {
            for client in 0..100 {
                scope.spawn(move || self.one_of_many(client));
            }
        });
    }

    /// Six requests over a connection, every second one with a body.
    fn one_of_many(&self, client: usize) {
        let mut connection = self.client();
        for number in 0..6 {
            let (target, body) = (format!("/{client}/{number}"), noise(client * 997 + number));
            let request = match number % 2 {
                0 => format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").into_bytes(),
                _ => {
                    let fields = format!("Host: h\r\nContent-Length: {}", body.len());
                    [format!("PUT {target} HTTP/1.1\r\n{fields}\r\n\r\n").as_bytes(), &body]
                        .concat()
                }
            };
            connection.send(request);
            let response = connection.message();
            assert_eq!(response.field("x-target"), Some(&*target));
            assert_same(&response.body, if number % 2 == 0 { b"" } else { &body });
        }
    }
}
