use super::super::testing::{
    LIMITS, parse_request, parse_response, refuse, refuse_fields, refuse_response, request,
    response, with_fields, with_seeds,
};
use super::*;
use ParseError as E;

#[test]
fn a_plain_request() {
    let text = "GET /a?b=c HTTP/1.1\r\nHost: example.org:80\r\nAccept:*/*\r\nX:\t y z \t\r\n\r\n";
    let head = request(text);
    let bytes = text.as_bytes();
    assert_eq!((head.method, head.version), (Method::Get, Version::Http11));
    assert_eq!(head.method_name.of(bytes), b"GET");
    assert_eq!(head.target.of(bytes), b"/a?b=c");
    assert_eq!(head.path_and_query.of(bytes), b"/a?b=c");
    assert_eq!(head.host.unwrap().of(bytes), b"example.org:80");
    assert_eq!(head.value(bytes, b"accept"), Some(&b"*/*"[..]));
    assert_eq!(head.value(bytes, b"x"), Some(&b"y z"[..]));
    assert_eq!(head.value(bytes, b"y"), None);
    assert_eq!((head.authority, head.framing), (None, Framing::None));
    assert!(head.keep_alive && !head.expect_continue && !head.upgrade);
}

#[test]
fn a_head_is_reused() {
    let mut head = RequestHead::default();
    let first =
        b"CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\nupgrade: x\r\nconnection: upgrade, x\r\n\r\n";
    assert_eq!(head.parse(first, &LIMITS), Ok(true));
    assert_eq!(head.parse(b"GET / HTTP/1.0\r\n\r\n", &LIMITS), Ok(true));
    let second = parse_request(b"GET / HTTP/1.0\r\n\r\n", &LIMITS).unwrap().unwrap();
    assert_eq!(format!("{head:?}"), format!("{second:?}"));
}

#[test]
fn methods() {
    for (name, method) in [
        ("CONNECT", Method::Connect),
        ("DELETE", Method::Delete),
        ("GET", Method::Get),
        ("HEAD", Method::Head),
        ("OPTIONS", Method::Options),
        ("PATCH", Method::Patch),
        ("POST", Method::Post),
        ("PUT", Method::Put),
        ("TRACE", Method::Trace),
        ("get", Method::Other),
        ("M-SEARCH", Method::Other),
    ] {
        let target = if method == Method::Connect { "a:1" } else { "/" };
        let head = request(&format!("{name} {target} HTTP/1.1\r\nHost: a:1\r\n\r\n"));
        assert_eq!(head.method, method);
    }
    refuse("GE(T / HTTP/1.1\r\nHost: a\r\n\r\n", E::RequestLine);
    refuse(" GET / HTTP/1.1\r\nHost: a\r\n\r\n", E::RequestLine);
    refuse("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", E::RequestLine);
    refuse("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", E::RequestLine);
}

#[test]
fn versions() {
    for version in ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/3", "HTTP/11.1"] {
        refuse(format!("GET / {version}\r\nHost: a\r\n\r\n"), E::VersionUnsupported);
    }
    refuse("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", E::VersionUnsupported);
    for version in ["http/1.1", "HTTPS/1.1", "HTTP 1.1", "ICY/1.1 x", " HTTP/1.1", "HTTP/x.1"] {
        refuse(format!("GET / {version}\r\nHost: a\r\n\r\n"), E::VersionInvalid);
    }
    refuse("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", E::LineEnd);
    refuse("GET / HTTP/1.10\r\nHost: a\r\n\r\n", E::LineEnd);
    refuse("GET /\r\nHost: a\r\n\r\n", E::RequestLine);
}

#[test]
fn line_ends_are_cr_lf() {
    assert_eq!(request("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").len, 31);
    for text in [
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\n\r\n",
        "GET / HTTP/1.0\r\n\n",
        "GET / HTTP/1.0\n\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\r\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
        "GET / HTTP/1.1\r\nX:\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nX: \nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\rX: y\r\n\r\n",
    ] {
        refuse(text, E::LineEnd);
    }
}

#[test]
fn field_lines() {
    for line in [": x", "X : x", "X\t: x", "X", " X: x", "\tX: x", "X: y\r\n folded", "X\0Y: x"] {
        refuse_fields(line, E::FieldName);
    }
    for line in ["X(Y): x", "X\": x", "X\u{e9}: x", "X[0]: y", "X@: y", "X/: y", "\x0bX: y"] {
        refuse_fields(line, E::FieldName);
    }
    for byte in (0..b' ').chain([0x7f]).filter(|byte| !b"\t\n\r".contains(byte)) {
        refuse_fields([b'X', b':', byte], E::FieldValue);
        refuse_fields([b'X', b':', b'a', byte, b'b'], E::FieldValue);
    }
    for line in ["X: a\rb", "X:\rb", "X: a\r\rb", "X: a\r\r"] {
        refuse_fields(line, E::FieldValue);
    }
    for line in ["X:", "X: ", "X: \u{e9}", "!#$%&'*+-.^_`|~9: x", "X: a\tb", "X: :"] {
        with_fields(line);
    }
}

#[test]
fn a_long_name_hides_nothing() {
    for len in [255, 256, 257, 4096] {
        let name = "x".repeat(len);
        with_fields(&format!("{name}: y\r\nContent-Length: 1"));
        refuse_fields(
            format!(
                "{name}: y\r\nContent-Length: 1\r\n{name}: Content-Length\r\nContent-Length: 2"
            ),
            E::ContentLengthDiffers,
        );
    }
}

#[test]
fn length_limits() {
    let limits = Limits::strict(32, 10);
    let parse = |text: &str| parse_request(text.as_bytes(), &limits).map(|head| head.is_some());
    let target = |len: usize| format!("GET /{}", "a".repeat(len - 5));
    assert_eq!(parse(&target(31)), Ok(false));
    assert_eq!(parse(&target(32)), Err(E::TargetTooLong));
    assert_eq!(parse(&target(99)), Err(E::TargetTooLong));
    assert_eq!(parse(&format!("\r\n{}", target(30))), Err(E::TargetTooLong));
    assert_eq!(parse(&"\r\n".repeat(15)), Ok(false));
    assert_eq!(parse(&"\r\n".repeat(16)), Err(E::TargetTooLong));
    let field = |len: usize| format!("GET / HTTP/1.0\r\nX: {}", "a".repeat(len - 19));
    assert_eq!(parse(&field(31)), Ok(false));
    assert_eq!(parse(&field(32)), Err(E::HeadTooLong));
    assert_eq!(parse(&field(99)), Err(E::HeadTooLong));
    assert_eq!(E::TargetTooLong.status(), 414);
    assert_eq!(E::HeadTooLong.status(), 431);
}

#[test]
fn many_fields() {
    for (fields_max, count, passes) in [
        (0, 0, true),
        (0, 1, false),
        (128, 128, true),
        (128, 129, false),
        (129, 129, true),
        (1024, 1024, true),
        (1024, 1025, false),
        (usize::MAX, 1025, false),
    ] {
        let text = format!("GET / HTTP/1.0\r\n{}\r\n", "a:\r\n".repeat(count));
        let limits = Limits::strict(usize::MAX, fields_max);
        let expected = if passes { Ok(true) } else { Err(E::FieldsTooMany) };
        let parsed = parse_request(text.as_bytes(), &limits).map(|head| head.is_some());
        assert_eq!(parsed, expected, "{count} of {fields_max}");
    }
}

#[test]
fn status_lines() {
    for (line, status, reason) in [
        ("HTTP/1.1 200 OK", 200, "OK"),
        ("HTTP/1.0 404 Not  Found ", 404, "Not  Found "),
        ("HTTP/1.1 200 ", 200, ""),
        ("HTTP/1.1 200", 200, ""),
        ("HTTP/1.1 999 caf\u{e9}", 999, "caf\u{e9}"),
    ] {
        for fields in ["", "X: y\r\n"] {
            let text = format!("{line}\r\n{fields}\r\n");
            let head = response(&text, Method::Get);
            assert_eq!((head.status, head.len), (status, text.len()));
            assert_eq!(head.reason.of(text.as_bytes()), reason.as_bytes(), "{text:?}");
        }
    }
    for line in [
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 099 X",
        "HTTP/1.1 +20 X",
        "HTTP/1.1  200 OK",
        "HTTP/1.1 200\tOK",
        "HTTP/1.1 200 O\0K",
        "HTTP/1.1 200 O\rK",
        "HTTP/1.1 2x0 OK",
        "\r\nHTTP/1.1 200 OK",
        "\nHTTP/1.1 200 OK",
    ] {
        refuse_response(&format!("{line}\r\nContent-Length: 0\r\n\r\n"), E::StatusLine);
    }
    refuse_response("HTTP/2.0 200 OK\r\n\r\n", E::VersionUnsupported);
    refuse_response("HTTP/1.1200 OK\r\n\r\n", E::VersionUnsupported);
    refuse_response("ICY 200 OK\r\n\r\n", E::VersionInvalid);
    for text in [
        "HTTP/1.1 200 OK\nX: y\r\n\r\n",
        "HTTP/1.1 200\n\r\n",
        "HTTP/1.1 200 OK\r\n\n",
        "HTTP/1.1 200 OK\r\nX: y\n\r\n",
    ] {
        refuse_response(text, E::LineEnd);
    }
    refuse_response("HTTP/1.1 200 OK\r\nX: y\r\n folded\r\n\r\n", E::FieldName);
    refuse_response("HTTP/1.1 200 OK\r\nX : y\r\n\r\n", E::FieldName);
    refuse_response("HTTP/1.1 200 OK\r\nSet-Cookie: a\0\r\n\r\n", E::FieldValue);
}

#[test]
fn odd_cookies_end() {
    let cookies = "Set-Cookie2: $Version=\"1\"; =;;\r\nCookie: ;=,;\r\n".repeat(3);
    response(&format!("HTTP/1.1 200 OK\r\n{cookies}\r\n"), Method::Get);
}

#[test]
fn mutated_heads_do_not_panic() {
    const REQUEST: &[u8] = b"POST http://a:80/b?c HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\
        Connection: x, upgrade\r\nUpgrade: websocket\r\nX: y\r\nTE: trailers\r\n\r\nhello";
    const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX:y\r\n\r\n5\r\n";
    with_seeds(4000, |random| {
        for original in [REQUEST, RESPONSE] {
            let mut bytes = original.to_vec();
            random.mutate(&mut bytes);
            let end = random.below(bytes.len() + 1);
            let verdict = parse_request(&bytes, &LIMITS).map(|head| head.map(|head| head.len));
            let early = parse_request(&bytes[..end], &LIMITS);
            // What is refused early stays refused, and what is complete early stays complete.
            match early.map(|head| head.map(|head| head.len)) {
                Ok(None) => {}
                early => assert_eq!(early, verdict, "{}", bytes.escape_ascii()),
            }
            let _ = parse_response(&bytes, &LIMITS, Method::Get);
        }
    });
}

#[test]
fn only_the_head_is_looked_at() {
    with_seeds(500, |random| {
        let mut bytes = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec();
        let len = bytes.len();
        bytes.extend((0..random.below(50)).map(|_| random.next() as u8));
        assert_eq!(parse_request(&bytes, &LIMITS).unwrap().unwrap().len, len);
    });
}
