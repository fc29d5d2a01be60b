//! Files as HAProxy ships them, and those that must not reach a client.

use super::*;

fn response(text: &str) -> ErrorResponse {
    match parse(text.as_bytes()) {
        Ok(ErrorContent::Response(response)) => response,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn the_head_and_the_body() {
    let text = "HTTP/1.0 503 Service Unavailable\r\nCache-Control:  no-cache \r\n\
                Connection: close\r\nContent-Type: text/html\r\nKeep-Alive: 5\r\n\r\n\
                <html>\n</html>\n";
    let expected = ErrorResponse {
        status: 503,
        reason: "Service Unavailable".to_owned(),
        fields: vec![
            ("cache-control".to_owned(), Template::Bytes(b"no-cache".to_vec())),
            ("content-type".to_owned(), Template::Bytes(b"text/html".to_vec())),
        ],
        body: Template::Bytes(b"<html>\n</html>\n".to_vec()),
    };
    assert_eq!(response(text), expected);
    assert_eq!(response(&text.replace("\r\n", "\n")), expected);
}

#[test]
fn what_may_be() {
    assert_eq!(parse(b""), Ok(ErrorContent::Silent));
    assert_eq!(response("HTTP/1.1 403\n\n").reason, "");
    assert_eq!(response("HTTP/1.1 403 \n\n").reason, "");
    assert_eq!(response("HTTP/1.1 403 a b\n\n").reason, "a b");
    assert_eq!(response("HTTP/1.1 404 x\ncontent-length: 2\n\nab").fields, []);
    assert_eq!(response("HTTP/1.1 304 x\n\n").status, 304);
    let value = parse(b"HTTP/1.1 200 x\nx: \xff\n\n");
    assert!(matches!(value, Ok(ErrorContent::Response(_))));
}

#[test]
fn what_may_not_be() {
    let cases = [
        ("<html></html>", "its head does not end with an empty line"),
        ("<html>\n</html>\n", "line 1 is no status line such as `HTTP/1.1 503 Sorry`"),
        ("HTTP/1.1 503 x\r\na: b\r\n", "its head does not end with an empty line"),
        ("HTTP/2 503 x\n\n", "line 1 is no status line such as `HTTP/1.1 503 Sorry`"),
        ("HTTP/1.1 +50 x\n\n", "line 1 is no status line such as `HTTP/1.1 503 Sorry`"),
        ("HTTP/1.1  503 x\n\n", "line 1 is no status line such as `HTTP/1.1 503 Sorry`"),
        ("HTTP/1.1 503 a\rb\n\n", "line 1 is no status line such as `HTTP/1.1 503 Sorry`"),
        ("HTTP/1.1 101 x\n\n", "line 1 has a status that is not from 200 to 599"),
        ("HTTP/1.1 600 x\n\n", "line 1 has a status that is not from 200 to 599"),
        ("HTTP/1.1 503 x\na\n\n", "line 2 has no `:`"),
        ("HTTP/1.1 503 x\na : b\n\n", "line 2 has a bad field name"),
        ("HTTP/1.1 503 x\n: b\n\n", "line 2 has a bad field name"),
        ("HTTP/1.1 503 x\na: b\n c\n\n", "line 3 begins with a blank"),
        ("HTTP/1.1 503 x\na: b\rc\n\n", "line 2 has a control character"),
        ("HTTP/1.1 503 x\na: \u{0}\n\n", "line 2 has a control character"),
        ("HTTP/1.1 503 x\nTransfer-Encoding: chunked\n\n0\r\n\r\n", "line 2 has transfer-encoding"),
        (
            "HTTP/1.1 503 x\ncontent-length: 3\n\nab",
            "content-length is 3, but the body has 2 bytes",
        ),
        ("HTTP/1.1 503 x\ncontent-length: +2\n\nab", "content-length is not a number"),
        (
            "HTTP/1.1 503 x\ncontent-length: 2\nContent-Length: 2\n\n",
            "line 3 has a second content-length",
        ),
        ("HTTP/1.1 304 x\n\nab", "a 304 has no body"),
    ];
    for (text, problem) in cases {
        let fault = parse(text.as_bytes()).unwrap_err();
        assert_eq!(
            fault.0,
            format!("names a file that is no valid response: {problem}"),
            "{text:?}"
        );
    }
}
