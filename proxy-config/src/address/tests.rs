//! Every form of address, and every way to get one wrong.

use super::*;

fn tcp(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn binds() {
    let long = format!("unix:/{}", "x".repeat(UNIX_PATH_MAX - 1));
    let cases = [
        ("*:80", BindAddress::Tcp(tcp("0.0.0.0:80"))),
        (":80", BindAddress::Tcp(tcp("0.0.0.0:80"))),
        ("127.0.0.1:0", BindAddress::Tcp(tcp("127.0.0.1:0"))),
        ("127.0.0.1:65535", BindAddress::Tcp(tcp("127.0.0.1:65535"))),
        ("[::]:80", BindAddress::Tcp(tcp("[::]:80"))),
        ("[::1]:80", BindAddress::Tcp(tcp("[::1]:80"))),
        ("unix:/run/a.sock", BindAddress::Unix("/run/a.sock".into())),
        (&long, BindAddress::Unix(long[5..].into())),
        ("fd@3", BindAddress::Inherited(3)),
        ("fd@2147483647", BindAddress::Inherited(i32::MAX)),
    ];
    for (text, expected) in cases {
        assert_eq!(bind(text), Ok(expected), "{text}");
    }
}

#[test]
fn bad_binds() {
    let long = format!("unix:/{}", "x".repeat(UNIX_PATH_MAX));
    let cases = [
        ("", "has no port", 0..0),
        ("*", "has no port", 0..1),
        ("127.0.0.1", "has no port", 0..9),
        ("127.0.0.1:", "has no port", 0..10),
        ("[::1]", "has no port", 0..5),
        ("*:65536", "has a bad port", 2..7),
        ("*:http", "has a bad port", 2..6),
        ("*:-1", "has a bad port", 2..4),
        ("*:+1", "has a bad port", 2..4),
        ("*:80-90", "has a port range, which is not yet supported", 2..7),
        (":80,:81", "has more than one address in a string", 3..4),
        ("localhost:80", "has no IP address `localhost`", 0..9),
        ("127.0.0.256:80", "has no IP address `127.0.0.256`", 0..11),
        (":::80", "has an IPv6 address without brackets", 0..5),
        ("[::1:80", "has no closing `]`", 0..7),
        ("[127.0.0.1]:80", "has no IPv6 address in its brackets", 0..11),
        ("[::1]80", "has no port", 0..7),
        ("unix:", "has no absolute path", 5..5),
        ("unix:a.sock", "has no absolute path", 5..11),
        ("unix:/a\0b", "has no usable path", 0..9),
        (&long, "has too long a path", 5..113),
        ("unix@/a", "has `unix@`", 0..5),
        ("quic4@:443", "has `quic4@`, which is not yet supported", 0..6),
        ("fd@x", "has no descriptor number", 0..4),
        ("fd@2147483648", "has no descriptor number", 0..13),
    ];
    for (text, problem, range) in cases {
        let fault = bind(text).unwrap_err();
        assert_eq!((fault.problem.as_str(), fault.range), (problem, range), "{text}");
    }
}

#[test]
fn servers() {
    let name = |host: &str, port| ServerAddress::Name { host: host.to_owned(), port };
    let cases = [
        ("10.0.0.1:80", ServerAddress::Tcp(tcp("10.0.0.1:80"))),
        ("[fd00::1]:1", ServerAddress::Tcp(tcp("[fd00::1]:1"))),
        ("app.internal:8080", name("app.internal", 8080)),
        ("app_1.internal.:8080", name("app_1.internal.", 8080)),
        ("3com.com:80", name("3com.com", 80)),
        ("unix:/run/app.sock", ServerAddress::Unix("/run/app.sock".into())),
    ];
    for (text, expected) in cases {
        assert_eq!(server(text), Ok(expected), "{text}");
    }
}

#[test]
fn bad_servers() {
    let cases = [
        ("10.0.0.1", "has no port", 0..8),
        ("::1", "has an IPv6 address without brackets", 0..3),
        ("app:0", "has port 0", 4..5),
        ("*:80", "has no host name `*`", 0..1),
        (":80", "has no host name ``", 0..0),
        ("0.0.0.0:80", "cannot be `0.0.0.0`", 0..7),
        ("300.1.1.1:80", "has no IP address `300.1.1.1`", 0..9),
        ("a..b:80", "has no host name `a..b`", 0..4),
        ("-a:80", "has no host name `-a`", 0..2),
        ("a b:80", "has no host name `a b`", 0..3),
        ("http://a:80", "is a URL", 0..7),
        ("ipv4@a:80", "has `ipv4@`, which is not yet supported", 0..5),
    ];
    for (text, problem, range) in cases {
        let fault = server(text).unwrap_err();
        assert_eq!((fault.problem.as_str(), fault.range), (problem, range), "{text}");
    }
}

#[test]
fn log_targets() {
    let udp = |host: &str, port| LogTarget::Udp { host: host.to_owned(), port };
    let cases = [
        ("stdout", LogTarget::Stdout),
        ("stderr", LogTarget::Stderr),
        ("file:access.log", LogTarget::File("access.log".into())),
        ("udp:10.0.0.1:514", udp("10.0.0.1", 514)),
        ("udp:[::1]:514", udp("::1", 514)),
        ("udp:logs.internal:514", udp("logs.internal", 514)),
        ("unix:/dev/log", LogTarget::Unix("/dev/log".into())),
    ];
    for (text, expected) in cases {
        assert_eq!(log_target(text), Ok(expected), "{text}");
    }
    let wrong = [
        ("", "is not a log target", 0..0),
        ("/dev/log", "is not a log target", 0..8),
        ("127.0.0.1:514", "is not a log target", 0..13),
        ("file:", "has no usable path", 0..5),
        ("udp:10.0.0.1", "has no port", 4..12),
        ("udp:10.0.0.1:0", "has port 0", 13..14),
        ("udp:a b:514", "has no host name `a b`", 4..7),
        ("unix:log", "has no absolute path", 5..8),
        ("ring:r", "goes to a ring, which is not yet supported", 0..6),
    ];
    for (text, problem, range) in wrong {
        let fault = log_target(text).unwrap_err();
        assert_eq!((fault.problem.as_str(), fault.range), (problem, range), "{text}");
    }
}

#[test]
fn networks() {
    let net = |address: &str, prefix_len| Network { address: address.parse().unwrap(), prefix_len };
    let cases = [
        ("10.0.0.0/8", net("10.0.0.0", 8)),
        ("127.0.0.1", net("127.0.0.1", 32)),
        ("0.0.0.0/0", net("0.0.0.0", 0)),
        ("10.0.0.1/32", net("10.0.0.1", 32)),
        ("::1", net("::1", 128)),
        ("fd00::/128", net("fd00::", 128)),
    ];
    for (text, expected) in cases {
        assert_eq!(network(text), Ok(expected), "{text}");
    }
    let wrong = [
        ("localhost", "is not a network"),
        ("10.0.0.0/33", "has a bad prefix length"),
        ("::/129", "has a bad prefix length"),
        ("10.0.0.0/", "has a bad prefix length"),
        ("10.0.0.0/+8", "has a bad prefix length"),
        ("10.0.0.0/255.0.0.0", "has a bad prefix length"),
    ];
    for (text, problem) in wrong {
        assert_eq!(network(text).unwrap_err().problem, problem, "{text}");
    }
}
