//! An origin on h11, an independent parser: what it understands is what the client meant.

use super::Running;
use super::exchanges::chunks;
use crate::support::{Message, Web, noise};

/// What h11 made of a request.
struct Recorded(String);

impl Recorded {
    fn of(response: &Message) -> Self {
        assert_eq!(response.status(), 200, "{}", response.text());
        Self(response.text().to_owned())
    }

    fn assert_has(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.0.contains(part), "{part} in {}", self.0);
        }
    }

    fn assert_lacks(&self, parts: &[&str]) {
        for part in parts {
            assert!(!self.0.contains(part), "{part} in {}", self.0);
        }
    }
}

#[test]
fn fields() {
    let origin = Running::script("h11_origin.py", &[]);
    let proxy = Web::new().server(&origin.address(), "").start();
    let mut client = proxy.client();
    let request = "GET /%41?b=c HTTP/1.1\r\nHost: name:8080\r\nX-Mixed-Case: a, b\r\n\
        x-mixed-case:c\r\nEmpty:\r\nX-Padded: \t in the middle \t \r\nX-Latin: \u{e9}\r\n\
        Connection: keep-alive, X-Hop\r\nX-Hop: secret\r\nTE: trailers\r\n\
        Keep-Alive: timeout=5\r\nProxy-Connection: close\r\n\r\n";
    let recorded = Recorded::of(&client.ask(request));
    let mixed = "[\"x-mixed-case\",\"a, b\"],[\"x-mixed-case\",\"c\"]";
    recorded.assert_has(&["\"method\":\"GET\",\"target\":\"/%41?b=c\",\"version\":\"1.1\""]);
    recorded.assert_has(&["[\"host\",\"name:8080\"]", mixed, "[\"empty\",\"\"]"]);
    recorded.assert_has(&["[\"x-padded\",\"in the middle\"]", "[\"x-latin\",\"\\u00c3\\u00a9\"]"]);
    recorded.assert_has(&["\"trailers\":[]", "\"length\":0"]);
    recorded.assert_lacks(&["x-hop", "keep-alive", "proxy-connection"]);
}

/// The same body in both framings, one connection, and nothing of one request in the next.
#[test]
fn bodies() {
    let origin = Running::script("h11_origin.py", &[]);
    let proxy = Web::new().server(&origin.address(), "").start();
    let (mut client, body) = (proxy.client(), noise(300_000));
    let length = format!("Content-Length: {}", body.len());
    let encoded = chunks(&body, "X-Sum: 1\r\nX-More: 2\r\n");
    let mut digests = Vec::new();
    for (framing, sent) in [(&*length, &body), ("Transfer-Encoding: chunked", &encoded)] {
        let head = format!("POST /upload HTTP/1.1\r\nHost: h\r\n{framing}\r\n\r\n");
        client.send([head.as_bytes(), sent].concat());
        let recorded = Recorded::of(&client.message());
        recorded.assert_has(&["\"length\":300000"]);
        let trailers = [r#""trailers":[]"#, r#""trailers":[["x-sum","1"],["x-more","2"]]"#];
        recorded.assert_has(&trailers[digests.len()..][..1]);
        digests.push(recorded.0.split("\"sha256\":").nth(1).unwrap().to_owned());
        let next = Recorded::of(&client.get("/next"));
        next.assert_has(&["\"target\":\"/next\"", "\"length\":0"]);
    }
    assert_eq!(digests[0], digests[1]);
}

/// Bodies byte by byte, expectations, pipelines and old versions.
#[test]
fn manners_of_sending() {
    let origin = Running::script("h11_origin.py", &[]);
    let proxy = Web::new().server(&origin.address(), "").start();
    let mut client = proxy.client();
    let request = "POST /slow HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
        2;a=b\r\nab\r\n1\r\nc\r\n0\r\nX: y\r\n\r\n";
    for byte in request.as_bytes().chunks(1) {
        client.send(byte);
    }
    Recorded::of(&client.message()).assert_has(&["\"length\":3", "[\"x\",\"y\"]"]);
    client.send(
        "PUT /expect HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
    );
    assert_eq!(client.head().status(), 100);
    Recorded::of(&client.ask("abc")).assert_has(&["\"length\":3"]);
    let one = "DELETE /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxx";
    client.send(format!("{one}GET /2 HTTP/1.1\r\nHost: h\r\n\r\n{one}"));
    for target in ["/1", "/2", "/1"] {
        Recorded::of(&client.message()).assert_has(&[&format!("\"target\":\"{target}\"")]);
    }
    let response = client.get("/chunked");
    assert_eq!(response.trailers.to_lowercase(), "x-recorded-by: h11\r\n\r\n");
    // An older client's version is not the next hop's.
    let response = proxy.client().ask("GET /chunked HTTP/1.0\r\n\r\n");
    assert_eq!(response.fields("transfer-encoding"), [""; 0]);
    Recorded::of(&response).assert_has(&["\"version\":\"1.1\"", "\"target\":\"/chunked\""]);
}
