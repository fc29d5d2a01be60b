use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::framing::{ResponseFraming, Version};
use super::super::head::Method;
use super::super::testing::{LIMITS, Random, parse_request, parse_response, with_seeds};
use super::*;

const PLAIN: RequestOut<'_> =
    RequestOut { host_if_missing: b"default", connection: ConnectionOut::None };

fn encode(text: &str, request_out: &RequestOut<'_>) -> String {
    let head = parse_request(text.as_bytes(), &LIMITS).unwrap().unwrap();
    let mut out = b"before ".to_vec();
    encode_request(&mut out, text.as_bytes(), &head, request_out);
    out.extend_from_slice(CRLF);
    String::from_utf8(out).unwrap().strip_prefix("before ").unwrap().to_owned()
}

/// Lines of a request as they come in, and as they go out.
fn check_lines(lines: &str, request_out: &RequestOut<'_>, expected: &str) {
    let found = encode(&format!("POST /x HTTP/1.1\r\nHost: a\r\n{lines}\r\n"), request_out);
    assert_eq!(found, format!("POST /x HTTP/1.1\r\nhost: a\r\n{expected}\r\n"), "{lines:?}");
}

#[test]
fn request_lines_and_hosts() {
    for (start, expected) in [
        ("GET /x HTTP/1.0\r\n", "GET /x HTTP/1.1\r\nhost: default\r\n"),
        ("GET http://b:81/x HTTP/1.0\r\n", "GET http://b:81/x HTTP/1.1\r\nhost: b:81\r\n"),
        ("GET /x HTTP/1.0\r\nX: y\r\nHOST:b\r\n", "GET /x HTTP/1.1\r\nx: y\r\nhost: b\r\n"),
        ("OPTIONS * HTTP/1.1\r\nHost:\r\n", "OPTIONS * HTTP/1.1\r\nhost: \r\n"),
        ("CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n", "CONNECT b:1 HTTP/1.1\r\nhost: b:1\r\n"),
        ("\r\nX-Y / HTTP/1.1\r\nHost: b\r\n", "X-Y / HTTP/1.1\r\nhost: b\r\n"),
    ] {
        assert_eq!(encode(&format!("{start}\r\n"), &PLAIN), format!("{expected}\r\n"));
    }
}

#[test]
fn fields_keep_their_order_in_lower_case() {
    check_lines(
        "B: One\r\nA:  Two \r\nB:Three\r\nX_Y:\t4\r\nE:\r\nF: \r\n",
        &PLAIN,
        "b: One\r\na: Two\r\nb: Three\r\nx_y: 4\r\ne: \r\nf: \r\n",
    );
}

#[test]
fn the_framing_is_written_anew() {
    check_lines("Content-Length: 5, 5\r\nX: y\r\n", &PLAIN, "x: y\r\ncontent-length: 5\r\n");
    check_lines("Content-Length: 5\r\ncontent-length: 05\r\n", &PLAIN, "content-length: 5\r\n");
    check_lines("Content-Length: 0\r\n", &PLAIN, "content-length: 0\r\n");
    check_lines("Transfer-Encoding: CHUNKED\r\n", &PLAIN, "transfer-encoding: chunked\r\n");
    check_lines(
        "Trailer: x\r\nTransfer-Encoding: chunked\r\n",
        &PLAIN,
        "trailer: x\r\ntransfer-encoding: chunked\r\n",
    );
    check_lines("Trailer: x\r\n", &PLAIN, "");
}

#[test]
fn fields_for_this_hop_stay_here() {
    check_lines("Connection: close\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\n", &PLAIN, "");
    check_lines(
        "Connection: X-One, x-TWO\r\nX-One: 1\r\nX-Two: 2\r\nX-T: 3\r\n",
        &PLAIN,
        "x-t: 3\r\n",
    );
    check_lines("X-One: 1\r\nConnection: x-one\r\nConnection: x-two\r\nX-Two: 2\r\n", &PLAIN, "");
    check_lines("TE: gzip\r\n", &PLAIN, "");
    check_lines("TE: gzip;q=0.5, Trailers\r\nConnection: TE\r\n", &PLAIN, "te: trailers\r\n");
    check_lines("Upgrade: websocket\r\nConnection: upgrade\r\n", &PLAIN, "");
    check_lines("Expect: 100-continue\r\n", &PLAIN, "expect: 100-continue\r\n");
}

#[test]
fn connection_options_cannot_take_away_what_matters() {
    check_lines(
        "Connection: Host, Content-Length, X-Forwarded-For, expect\r\nContent-Length: 5\r\n\
         X-Forwarded-For: forged\r\nExpect: 100-continue\r\n",
        &PLAIN,
        "expect: 100-continue\r\ncontent-length: 5\r\n",
    );
    check_lines(
        "Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n",
        &PLAIN,
        "transfer-encoding: chunked\r\n",
    );
}

#[test]
fn the_connection_field_is_ours() {
    let with = |connection| RequestOut { connection, ..PLAIN };
    check_lines("", &with(ConnectionOut::Close), "connection: close\r\n");
    check_lines("", &with(ConnectionOut::None), "");
    check_lines(
        "Upgrade: websocket\r\nConnection: Upgrade, keep-alive\r\n",
        &with(ConnectionOut::Upgrade),
        "upgrade: websocket\r\nconnection: upgrade\r\n",
    );
}

#[test]
fn addresses() {
    let line = |address: IpAddr| {
        let mut out = Vec::new();
        push_address_line(&mut out, b"xff", address);
        String::from_utf8(out).unwrap()
    };
    let v6: Ipv6Addr = "2001:db8::1".parse().unwrap();
    let mapped: Ipv6Addr = "::ffff:192.0.2.1".parse().unwrap();
    assert_eq!(line(Ipv4Addr::new(10, 0, 255, 1).into()), "xff: 10.0.255.1\r\n");
    assert_eq!(line(v6.into()), "xff: 2001:db8::1\r\n");
    assert_eq!(line(mapped.into()), "xff: 192.0.2.1\r\n");
}

#[test]
fn an_http_10_client_expects_nothing() {
    let text = "POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
    let expected = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\n";
    assert_eq!(encode(text, &PLAIN), expected);
}

/// A response as it comes in, to a request of `method` of a client of `version`, and as it goes
/// out.
fn check_response(
    text: &str,
    (method, version): (Method, Version),
    connection: ConnectionOut,
    expected: &str,
) {
    let head = parse_response(text.as_bytes(), &LIMITS, method).unwrap().unwrap();
    let mut out = Vec::new();
    let response_out = ResponseOut { connection, body: head.body_out(version) };
    encode_response(&mut out, text.as_bytes(), &head, &response_out);
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

const GET: (Method, Version) = (Method::Get, Version::Http11);
const GET_10: (Method, Version) = (Method::Get, Version::Http10);
const HEAD: (Method, Version) = (Method::Head, Version::Http11);

#[test]
fn responses() {
    for (text, request, expected) in [
        ("1.0 200 OK\r\nContent-Length: 5", GET, "200 OK\r\ncontent-length: 5\r\n"),
        (
            "1.1 200 A  B \r\nX:y\r\nContent-Length:0",
            GET,
            "200 A  B \r\nx: y\r\ncontent-length: 0\r\n",
        ),
        ("1.1 404\r\nContent-Length: 5", GET_10, "404 \r\ncontent-length: 5\r\n"),
        (
            "1.1 200 OK\r\nTransfer-Encoding: chunked",
            GET,
            "200 OK\r\ntransfer-encoding: chunked\r\n",
        ),
        ("1.1 200 OK\r\nTrailer: x\r\nTransfer-Encoding: chunked", GET_10, "200 OK\r\n"),
        ("1.1 200 OK\r\nServer: x", GET, "200 OK\r\nserver: x\r\ntransfer-encoding: chunked\r\n"),
        ("1.1 200 OK\r\nServer: x", GET_10, "200 OK\r\nserver: x\r\n"),
        ("1.1 200 OK\r\nContent-Length: 5", HEAD, "200 OK\r\ncontent-length: 5\r\n"),
        ("1.1 200 OK\r\nTransfer-Encoding: chunked", HEAD, "200 OK\r\n"),
        ("1.1 304 X\r\nContent-Length: 5", GET, "304 X\r\ncontent-length: 5\r\n"),
        ("1.1 204 X\r\nContent-Length: 5", GET, "204 X\r\n"),
        ("1.1 103 X\r\nLink: y", GET, "103 X\r\nlink: y\r\n"),
        (
            "1.1 200 OK\r\nConnection: x\r\nX: y\r\nKeep-Alive: z\r\nContent-Length: 1",
            GET,
            "200 OK\r\ncontent-length: 1\r\n",
        ),
    ] {
        let text = format!("HTTP/{text}\r\n\r\n");
        check_response(&text, request, ConnectionOut::None, &format!("HTTP/1.1 {expected}\r\n"));
    }
}

#[test]
fn connections_of_responses() {
    let text = "HTTP/1.1 200 OK\r\nConnection: close\r\nUpgrade: h3\r\nContent-Length: 1\r\n\r\n";
    for (connection, line) in [
        (ConnectionOut::Close, "connection: close\r\n"),
        (ConnectionOut::KeepAlive10, "connection: keep-alive\r\n"),
        (ConnectionOut::None, ""),
    ] {
        let expected = format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n{line}\r\n");
        check_response(text, GET, connection, &expected);
    }
    check_response(
        "HTTP/1.1 101 Switch\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX: y\r\n\r\n",
        GET,
        ConnectionOut::Upgrade,
        "HTTP/1.1 101 Switch\r\nupgrade: websocket\r\nx: y\r\nconnection: upgrade\r\n\r\n",
    );
}

#[test]
fn a_reason_may_be_any_text() {
    let text = b"HTTP/1.1 200 caf\xe9\r\ncontent-length: 0\r\n\r\n";
    let head = parse_response(text, &LIMITS, Method::Get).unwrap().unwrap();
    let mut out = Vec::new();
    let body = head.body_out(Version::Http11);
    encode_response(&mut out, text, &head, &ResponseOut { connection: ConnectionOut::None, body });
    assert_eq!(out, text);
}

#[test]
fn decimals() {
    for number in [0, 9, 10, 99, 100, 65_535, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
        let mut out = Vec::new();
        push_decimal(&mut out, number);
        assert_eq!(out, number.to_string().into_bytes());
    }
}

fn random_request(random: &mut Random) -> String {
    let mut text = String::from(random.pick(&["", "\r\n"]));
    text += random.pick(&[
        "GET / HTTP/1.1\r\nHost: a\r\n",
        "POST /a?b=%00 HTTP/1.1\r\nhost:a.b:80\r\n",
        "PUT http://a/ HTTP/1.1\r\nHOST: \tA:80 \r\n",
        "OPTIONS * HTTP/1.1\r\nHost:\r\n",
        "X http://a HTTP/1.0\r\n",
        "POST / HTTP/1.0\r\n",
    ]);
    for _ in 0..random.below(8) {
        text += random.pick(&[
            "A: b\r\n",
            "Abc-D:e\r\n",
            "X_y:  z \r\n",
            "Empty:\r\n",
            "Cookie: a=b; c\r\n",
            "TE: trailers\r\n",
            "Connection: keep-alive, A\r\n",
            "Keep-Alive: 5\r\n",
            "Upgrade: x\r\n",
            "Trailer: y\r\n",
        ]);
    }
    text += random.pick(&["", "", "Content-Length: 7\r\n", "content-length: 0,0\r\n"]);
    text + "\r\n"
}

#[test]
fn what_is_written_means_what_was_read() {
    with_seeds(2000, |random| {
        let text = random_request(random);
        let first_out = encode(&text, &PLAIN);
        let first = parse_request(text.as_bytes(), &LIMITS).unwrap().unwrap();
        let second = parse_request(first_out.as_bytes(), &LIMITS).unwrap().unwrap();
        assert_eq!(second.len, first_out.len());
        assert_eq!((second.method, second.framing), (first.method, first.framing));
        assert_eq!(second.target.of(first_out.as_bytes()), first.target.of(text.as_bytes()));
        assert!(second.keep_alive && !second.upgrade && second.version == Version::Http11);
        assert_eq!(others(&second.fields, &first_out), others(&first.fields, &text));
        // What left is as it would leave again.
        assert_eq!(encode(&first_out, &PLAIN), first_out);
    });
}

fn others(fields: &[Field], text: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let bytes = text.as_bytes();
    let others = fields.iter().filter(|field| field.kind == FieldKind::Other);
    others
        .map(|field| (field.name.of(bytes).to_ascii_lowercase(), field.value.of(bytes).to_vec()))
        .collect()
}

#[test]
fn whatever_passes_leaves_strict_and_alike() {
    with_seeds(3000, |random| {
        let mut bytes = random_request(random).into_bytes();
        random.mutate(&mut bytes);
        let Ok(Some(head)) = parse_request(&bytes, &LIMITS) else {
            return;
        };
        let mut out = Vec::new();
        encode_request(&mut out, &bytes, &head, &PLAIN);
        out.extend_from_slice(CRLF);
        let again = parse_request(&out, &LIMITS);
        let again = again.map(|head| head.map(|head| (head.len, head.framing)));
        assert_eq!(again, Ok(Some((out.len(), head.framing))), "{}", bytes.escape_ascii());
    });
}

#[test]
fn the_same_for_responses() {
    with_seeds(3000, |random| {
        let lines = random.pick(&["", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"]);
        let start = random.pick(&["200 OK", "204 ", "304 Not", "101 X", "404"]);
        let mut bytes = format!("HTTP/1.1 {start}\r\nX:y\r\n{lines}A: b\r\n\r\n").into_bytes();
        random.mutate(&mut bytes);
        let Ok(Some(head)) = parse_response(&bytes, &LIMITS, Method::Get) else {
            return;
        };
        let mut out = Vec::new();
        let body = head.body_out(Version::Http11);
        let connection = ConnectionOut::None;
        encode_response(&mut out, &bytes, &head, &ResponseOut { connection, body });
        let again = parse_response(&out, &LIMITS, Method::Get).unwrap().unwrap();
        let framing = match head.framing {
            ResponseFraming::Close => ResponseFraming::Chunked,
            framing => framing,
        };
        assert_eq!((again.status, again.framing), (head.status, framing));
        assert_eq!(again.len, out.len());
    });
}
