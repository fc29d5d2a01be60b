use super::super::testing::{
    refuse, refuse_fields, refuse_response, request, response, with_fields,
};
use super::*;
use ParseError as E;

#[test]
fn content_lengths() {
    for (lines, len) in [
        ("Content-Length: 0", 0),
        ("Content-Length: 9223372036854775807", (1 << 63) - 1),
        ("Content-Length: 007", 7),
        ("content-length:5\r\nCONTENT-LENGTH: \t5", 5),
        ("Content-Length: 5, 5 ,5", 5),
    ] {
        assert_eq!(with_fields(lines).framing, Framing::Length(len), "{lines}");
    }
    for value in [
        "",
        " ",
        "+3",
        "-3",
        "-0",
        "0x5",
        "5 5",
        "1_0",
        "1e1",
        "5,",
        ",5",
        "5,,5",
        "5;",
        "five",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999",
        "\"5\"",
        "5.0",
        "\u{b2}",
        "5, x",
    ] {
        refuse_fields(format!("Content-Length: {value}"), E::ContentLengthInvalid);
    }
    refuse_fields("Content-Length: 5\r\nContent-Length:", E::ContentLengthInvalid);
    refuse_fields("Content-Length: 5\r\nContent-Length: 6", E::ContentLengthDiffers);
    refuse_fields("Content-Length: 5, 6", E::ContentLengthDiffers);
    refuse_fields("Content-Length: 0\r\nContent-Length: 1", E::ContentLengthDiffers);
}

#[test]
fn transfer_encodings() {
    for value in ["chunked", "Chunked", "CHUNKED", "\tchunked "] {
        let head = with_fields(&format!("Transfer-Encoding: {value}"));
        assert_eq!(head.framing, Framing::Chunked);
    }
    for value in [
        "",
        " ",
        ",",
        "chunked,",
        ",chunked",
        "chunked, chunked",
        "chunked, identity",
        "identity",
        "chunked, foo",
        "foo, chunked",
        "xchunked",
        "chunkedx",
        "\"chunked\"",
        "'chunked'",
        "chunked;q=1",
        "gzip",
        "gzip, deflate",
        "chunked, gzip",
        "gzip, chunked, chunked",
        "chun ked",
        "gzip;q=1, chunked",
        "identity, chunked",
        "\u{a0}chunked",
        "chunked\u{85}",
    ] {
        refuse_fields(format!("Transfer-Encoding: {value}"), E::TransferEncodingInvalid);
        let lines = format!("Content-Length: 5\r\nTransfer-Encoding: {value}");
        refuse_fields(lines, E::TransferEncodingInvalid);
    }
    refuse_fields("Transfer-Encoding: \x0bchunked", E::FieldValue);
    refuse_fields("Transfer-Encoding: chunked\x0c", E::FieldValue);
    refuse_fields("Transfer-Encoding : chunked", E::FieldName);
    refuse_fields("Transfer-Encoding:\r\n chunked", E::FieldName);
    for lines in [
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: chunked\r\ntransfer-encoding:",
    ] {
        refuse_fields(lines, E::TransferEncodingInvalid);
    }
    for lines in [
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: x-gzip, Deflate,chunked",
    ] {
        refuse_fields(lines, E::TransferCodingUnsupported);
    }
}

#[test]
fn two_framings_are_none() {
    for lines in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked\r\nContent-Length: 0",
    ] {
        refuse_fields(lines, E::ContentLengthWithTransferEncoding);
    }
    // Another name is another field.
    let head = with_fields("Transfer_Encoding: chunked\r\nContent-Length: 5\r\nContent_Length: 6");
    assert_eq!(head.framing, Framing::Length(5));
}

#[test]
fn methods_and_versions_with_a_body() {
    let with_body = |method: &str, minor: u8, line: &str| {
        format!("{method} / HTTP/1.{minor}\r\nHost: a\r\n{line}\r\n\r\n")
    };
    for method in ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "POST", "X"] {
        let head = request(&with_body(method, 1, "Content-Length: 5"));
        assert_eq!(head.framing, Framing::Length(5));
        let head = request(&with_body(method, 1, "Transfer-Encoding: chunked"));
        assert_eq!(head.framing, Framing::Chunked);
        let text = with_body(method, 0, "Transfer-Encoding: chunked");
        refuse(text, E::TransferEncodingWithHttp10);
    }
    for method in ["GET", "HEAD", "DELETE"] {
        refuse(with_body(method, 0, "Content-Length: 5"), E::BodyWithHttp10Method);
        request(&with_body(method, 0, "Content-Length: 0"));
    }
    request(&with_body("POST", 0, "Content-Length: 5"));
    let connect = |line| format!("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n{line}\r\n\r\n");
    refuse(connect("Content-Length: 5"), E::BodyWithConnect);
    refuse(connect("Transfer-Encoding: chunked"), E::BodyWithConnect);
    request(&connect("Content-Length: 0"));
}

#[test]
fn expectations() {
    assert!(with_fields("Expect: 100-Continue").expect_continue);
    let head = request("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    assert!(!head.expect_continue);
    for lines in [
        "Expect:",
        "Expect: 200-ok",
        "Expect: 100-continue, x",
        "Expect: y 100-continue",
        "Expect: 100-continue\r\nExpect: 100-continue",
    ] {
        refuse_fields(lines, E::ExpectUnknown);
    }
}

#[test]
fn keeping_the_connection() {
    for (minor, lines, keep_alive) in [
        (1, "X: y", true),
        (1, "Connection: close", false),
        (1, "Connection: x, CLOSE ,y", false),
        (1, "Connection: keep-alive\r\nConnection: close", false),
        (1, "Connection: closed", true),
        (1, "Proxy-Connection: close", true),
        (0, "X: y", false),
        (0, "Connection: Keep-Alive", true),
        (0, "Connection: keep-alive, close", false),
        (0, "Proxy-Connection: keep-alive", false),
    ] {
        let head = request(&format!("GET / HTTP/1.{minor}\r\nHost: a\r\n{lines}\r\n\r\n"));
        assert_eq!(head.keep_alive, keep_alive, "{minor} {lines}");
    }
}

#[test]
fn upgrades() {
    for (minor, lines, upgrade) in [
        (1, "Connection: Upgrade\r\nUpgrade: websocket", true),
        (1, "Upgrade: websocket\r\nConnection: keep-alive, upgrade", true),
        (0, "Connection: Upgrade\r\nUpgrade: websocket", false),
        (1, "Upgrade: websocket", false),
        (1, "Connection: Upgrade", false),
        (1, "Connection: Upgrade\r\nUpgrade:", false),
        (1, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c", false),
        (1, "Connection: Upgrade\r\nUpgrade: websocket, H2C", false),
        (1, "Connection: Upgrade\r\nUpgrade: h2c-14", false),
    ] {
        let head = request(&format!("GET / HTTP/1.{minor}\r\nHost: a\r\n{lines}\r\n\r\n"));
        assert_eq!(head.upgrade, upgrade, "{minor} {lines}");
    }
}

#[test]
fn connection_options_are_bounded() {
    let options = |count| format!("Connection: {}", vec!["x"; count].join(","));
    with_fields(&options(64));
    refuse_fields(options(65), E::ConnectionOptionsTooMany);
    let line = options(33);
    refuse_fields(format!("{line}\r\n{line}"), E::ConnectionOptionsTooMany);
}

/// How a response is framed, the length that it announces, and whether its connection is kept.
fn framed(method: Method, start: &str, line: &str) -> (ResponseFraming, Option<u64>, bool) {
    let head = response(&format!("HTTP/{start} X\r\n{line}\r\n\r\n"), method);
    (head.framing, head.content_length, head.keep_alive)
}

#[test]
fn response_framings() {
    use ResponseFraming as F;
    let kept = "Connection: keep-alive\r\nContent-Length: 5";
    let closed = "Connection: close\r\nContent-Length: 5";
    for (start, line, framing, len, keep_alive) in [
        ("1.1 200", "Content-Length: 5", F::Length(5), Some(5), true),
        ("1.1 200", "Content-Length: 0", F::Length(0), Some(0), true),
        ("1.1 205", "Content-Length: 0", F::Length(0), Some(0), true),
        ("1.1 200", "Transfer-Encoding: chunked", F::Chunked, None, true),
        ("1.1 200", "X: y", F::Close, None, false),
        ("1.1 200", closed, F::Length(5), Some(5), false),
        ("1.0 200", "Content-Length: 5", F::Length(5), Some(5), false),
        ("1.0 200", kept, F::Length(5), Some(5), true),
        ("1.0 200", "Connection: keep-alive", F::Close, None, false),
    ] {
        let found = framed(Method::Get, start, line);
        assert_eq!(found, (framing, len, keep_alive), "{start} {line}");
    }
}

#[test]
fn responses_without_body() {
    let length = "Content-Length: 5";
    for (method, start, line, len, keep_alive) in [
        (Method::Head, "1.1 200", length, Some(5), true),
        (Method::Head, "1.1 200", "Transfer-Encoding: chunked", None, true),
        (Method::Head, "1.1 200", "X: y", None, true),
        (Method::Get, "1.1 304", length, Some(5), true),
        (Method::Get, "1.1 204", "X: y", None, true),
        (Method::Get, "1.1 204", "Content-Length: 0", None, true),
        (Method::Get, "1.1 204", length, None, false),
        (Method::Get, "1.1 204", "Transfer-Encoding: chunked", None, false),
        (Method::Get, "1.1 103", "Link: x", None, true),
        (Method::Get, "1.1 101", "Upgrade: x", None, false),
        (Method::Connect, "1.1 200", length, None, false),
        (Method::Connect, "1.1 200", "Transfer-Encoding: x", None, false),
    ] {
        let found = framed(method, start, line);
        let expected = (ResponseFraming::None, len, keep_alive);
        assert_eq!(found, expected, "{method:?} {start} {line}");
    }
    let found = framed(Method::Connect, "1.1 404", length);
    assert_eq!(found, (ResponseFraming::Length(5), Some(5), true));
}

#[test]
fn bad_response_framings() {
    for (minor, lines, error) in [
        (
            1,
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            E::ContentLengthWithTransferEncoding,
        ),
        (1, "Transfer-Encoding: gzip, chunked", E::TransferCodingUnsupported),
        (1, "Transfer-Encoding: gzip", E::TransferEncodingInvalid),
        (1, "Transfer-Encoding:", E::TransferEncodingInvalid),
        (1, "Transfer-Encoding: chunked, chunked", E::TransferEncodingInvalid),
        (0, "Transfer-Encoding: chunked", E::TransferEncodingWithHttp10),
        (1, "Content-Length: +5", E::ContentLengthInvalid),
        (1, "Content-Length:", E::ContentLengthInvalid),
        (1, "Content-Length: 5\r\nContent-Length: 6", E::ContentLengthDiffers),
    ] {
        refuse_response(&format!("HTTP/1.{minor} 200 OK\r\n{lines}\r\n\r\n"), error);
    }
}

#[test]
fn interim_responses_and_tunnels() {
    for (start, method, interim, tunnel, upgrade) in [
        ("100", Method::Post, true, false, false),
        ("103", Method::Get, true, false, false),
        ("101", Method::Get, false, true, true),
        ("200", Method::Connect, false, true, false),
        ("407", Method::Connect, false, false, false),
        ("200", Method::Get, false, false, false),
    ] {
        let fields = if upgrade { "Connection: upgrade\r\nUpgrade: x\r\n" } else { "" };
        let head = response(&format!("HTTP/1.1 {start} X\r\n{fields}\r\n"), method);
        assert_eq!((head.is_interim(), head.tunnel, head.upgrade), (interim, tunnel, upgrade));
    }
}
