use super::super::testing::{refuse, request};
use super::*;
use ParseError as E;

#[test]
fn targets_fit_methods() {
    for (start, host, authority, path) in [
        ("GET /", "a", None, "/"),
        ("GET //b/c", "a", None, "//b/c"),
        ("GET /?#".trim_end_matches('#'), "a", None, "/?"),
        ("GET /\"<>[]^{|}%00", "a", None, "/\"<>[]^{|}%00"),
        ("GET http://a/b?c", "a", Some("a"), "/b?c"),
        ("GET http://a", "a", Some("a"), ""),
        ("GET http://a?b", "a", Some("a"), "?b"),
        ("GET hTtP://A:80/b", "a", Some("A:80"), "/b"),
        ("GET http://a:/b", "a:80", Some("a:"), "/b"),
        ("GET https://a/b", "a:443", Some("a"), "/b"),
        ("GET http://[::1]:8080/", "[::1]:8080", Some("[::1]:8080"), "/"),
        ("OPTIONS *", "a", None, "*"),
        ("OPTIONS /", "a", None, "/"),
        ("OPTIONS http://a", "a", Some("a"), ""),
        ("CONNECT a:8443", "A:8443", Some("a:8443"), ""),
        ("CONNECT a:443", "a", Some("a:443"), ""),
        ("CONNECT [::1]:80", "[::1]", Some("[::1]:80"), ""),
    ] {
        let text = format!("{start} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let head = request(&text);
        let bytes = text.as_bytes();
        assert_eq!(head.authority.map(|span| span.of(bytes)), authority.map(str::as_bytes));
        assert_eq!(head.path_and_query.of(bytes), path.as_bytes(), "{text:?}");
    }
}

#[test]
fn bad_targets() {
    for start in [
        "GET *",
        "GET a",
        "GET a:80",
        "GET ftp://a/",
        "GET http:/a",
        "GET ?x",
        "OPTIONS **",
        "OPTIONS a",
        "CONNECT /",
        "CONNECT a",
        "CONNECT a:",
        "CONNECT a:0",
        "CONNECT a:65536",
        "CONNECT :1",
        "CONNECT http://a:1",
        "CONNECT *",
        "CONNECT a@b:1",
    ] {
        refuse(format!("{start} HTTP/1.1\r\nHost: a\r\n\r\n"), E::TargetForm);
    }
    for start in ["GET /#", "GET /a#b", "GET http://a/#", "GET http://", "GET http:///a"] {
        refuse(format!("{start} HTTP/1.1\r\nHost: a\r\n\r\n"), E::TargetInvalid);
    }
    for start in ["GET http://u@a/", "GET http://a,b/", "GET http://a:b/", "GET /\u{e9}"] {
        refuse(format!("{start} HTTP/1.1\r\nHost: a\r\n\r\n"), E::TargetInvalid);
    }
    for byte in (0..b' ').chain([0x7f]) {
        let target = [b'/', byte];
        refuse([b"GET ", &target[..], b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat(), E::RequestLine);
    }
}

#[test]
fn hosts() {
    for host in ["", "a", "a:", "a:80", "a.b-c_d~e", "1.2.3.4:1", "[::1]", "[1::2.3.4.5]:65535"] {
        request(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    }
    for host in [
        "a,b", "a b", "a\tb", "u@a", "a/b", "a?b", "a#b", "a\\b", "a:b", "a:1:2", "a:+1", "a:-1",
        "a:65536", ":80", "[::1", "[]", "[::1]a", "[::1]:x", "[g]", "http://a", "a\"", "\u{e9}",
    ] {
        refuse(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), E::HostInvalid);
    }
    refuse("GET / HTTP/1.1\r\n\r\n", E::HostMissing);
    refuse("GET http://a/ HTTP/1.1\r\n\r\n", E::HostMissing);
    refuse("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", E::HostRepeated);
    refuse("GET / HTTP/1.0\r\nHost:\r\nhost: a\r\n\r\n", E::HostRepeated);
    assert_eq!(request("GET / HTTP/1.0\r\n\r\n").host, None);
}

#[test]
fn the_host_is_that_of_the_target() {
    for (start, host) in [
        ("GET http://a/", "b"),
        ("GET http://a/", "a:443"),
        ("GET http://a:8080/", "a"),
        ("GET https://a/", "a:80"),
        ("GET http://a/", "aa"),
        ("CONNECT a:8443", "a"),
        ("CONNECT a:443", "a:80"),
        ("CONNECT a:443", "b:443"),
    ] {
        for version in ["HTTP/1.0", "HTTP/1.1"] {
            refuse(format!("{start} {version}\r\nHost: {host}\r\n\r\n"), E::HostDiffers);
        }
    }
    refuse("GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n", E::HostInvalid);
}
