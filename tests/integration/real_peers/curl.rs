//! curl, in all the ways in which it speaks HTTP/1.

use std::process::Command;

use super::nginx::Nginx;
use super::output;
use crate::support::{Dir, Message, Peer, Proxy, Server, Web, assert_same, noise, reply};

/// A curl that fails within the deadline, and for statuses that are errors.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--fail", "--max-time", "9"]).args(arguments);
    command
}

pub(super) fn curl(proxy: &Proxy, arguments: &[&str], target: &str) -> Vec<u8> {
    output(command(arguments).arg(format!("http://{}{target}", proxy.address("web"))))
}

/// Answers each request with its own first line and the field `host`.
fn mirror() -> Server {
    Server::http(|request| {
        reply(format!("{} host={}", request.first_line(), request.field("host").unwrap()))
    })
}

#[test]
fn files_of_nginx() {
    let (dir, body) = (Dir::new(), noise(3_000_000));
    dir.write("large", &body);
    let nginx = Nginx::files(dir);
    let proxy = nginx.proxied();
    assert_same(&curl(&proxy, &[], "/large"), &body);
    assert_same(&curl(&proxy, &["--http1.0"], "/large"), &body);
    assert_same(&curl(&proxy, &["--range", "1000-1999"], "/large"), &body[1000..2000]);
    assert_same(&curl(&proxy, &["--range", "-10"], "/large"), &body[2_999_990..]);
    assert_eq!(curl(&proxy, &[], "/small"), b"small");
    let head = String::from_utf8(curl(&proxy, &["--head"], "/large")).unwrap();
    assert!(head.to_lowercase().contains("content-length: 3000000"), "{head}");
    let parts =
        String::from_utf8_lossy(&curl(&proxy, &["--range", "0-1,5-9"], "/large")).into_owned();
    assert_eq!(parts.matches("Content-Range: bytes ").count(), 2, "{parts}");
}

/// What nginx says was not modified has no body, and the connection goes on.
#[test]
fn conditional_requests() {
    let dir = Dir::new();
    dir.write("file", noise(1000));
    let nginx = Nginx::files(dir);
    let proxy = nginx.proxied();
    let head = String::from_utf8(curl(&proxy, &["--head"], "/file")).unwrap();
    let modified = head.lines().find_map(|line| line.split_once("ast-modified: ")).unwrap().1;
    let condition = format!("If-Modified-Since: {modified}");
    let url = format!("http://{}/file", proxy.address("web"));
    let written = ["-o", "/dev/null", "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n"];
    let text = output(command(&["-H", &condition]).args(written).args([&url, &url]));
    assert_eq!(String::from_utf8_lossy(&text), "304 1\n304 0\n");
}

/// One curl process, many requests over one connection.
#[test]
fn keeps_its_connection() {
    let nginx = Nginx::files(Dir::new());
    let proxy = nginx.proxied();
    let urls = format!("http://{}/small?[1-50]", proxy.address("web"));
    let connects = ["--write-out", "%{num_connects}", "--output", "/dev/null"];
    let text = output(command(&connects).arg(urls));
    assert_eq!(String::from_utf8_lossy(&text), format!("1{}", "0".repeat(49)));
}

/// Different methods and framings over one connection.
#[test]
fn many_kinds_over_one_connection() {
    let server = Server::http(|request| match request.head.starts_with("HEAD ") {
        true => b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n".to_vec(),
        false => reply([request.first_line().as_bytes(), b" ", &request.body, b"\n"].concat()),
    });
    let proxy = Web::to(&server).start();
    let url = |path: &str| format!("http://{}{path}", proxy.address("web"));
    let mut command = command(&["--write-out", "%{num_connects}\n", &url("/1")]);
    let silent = ["--next", "--silent", "--write-out", "%{num_connects}\n"];
    command.args(silent).args(["--data", "form", &url("/2")]);
    command.args(silent).args(["--head", "--output", "/dev/null", &url("/3")]);
    let chunked = ["-H", "Transfer-Encoding: chunked", "--data", "chunks"];
    command.args(silent).args(chunked).arg(url("/4"));
    command.args(silent).args(["-X", "PROPFIND", &url("/5")]);
    command.args(silent).args(["-X", "DELETE", "--data", "why", &url("/6")]);
    let expected = "GET /1 HTTP/1.1 \n1\nPOST /2 HTTP/1.1 form\n0\n0\nPOST /4 HTTP/1.1 chunks\n0\n\
        PROPFIND /5 HTTP/1.1 \n0\nDELETE /6 HTTP/1.1 why\n0\n";
    assert_eq!(String::from_utf8_lossy(&output(&mut command)), expected);
}

#[test]
fn uploads() {
    let (dir, body) = (Dir::new(), noise(2_000_000));
    let file = dir.write("upload", &body).display().to_string();
    let server = Server::http(move |request| {
        assert_same(&request.body, &noise(2_000_000));
        reply("whole")
    });
    let proxy = Web::to(&server).start();
    let chunked = ["-T", &file, "-H", "Transfer-Encoding: chunked"];
    let data = format!("@{file}");
    let expecting = ["--data-binary", &data, "-H", "Expect: 100-continue"];
    let unexpecting = ["--data-binary", &data, "-H", "Expect:"];
    // From a file it asks for 100-continue by itself, and goes on without after a second.
    for arguments in [&["--upload-file", &*file][..], &chunked, &expecting, &unexpecting] {
        assert_eq!(curl(&proxy, arguments, "/"), b"whole");
    }
    assert_eq!(curl(&proxy, &["--http1.0", "--data-binary", &data], "/"), b"whole");
}

/// A server that says at once that it does not want the body spares the client sending it.
#[test]
fn expectation_refused() {
    let (dir, server) = (Dir::new(), refusing());
    let file = dir.write("upload", noise(5_000_000)).display().to_string();
    let proxy = Web::to(&server).start();
    let url = format!("http://{}/", proxy.address("web"));
    let mut command = Command::new("curl");
    command.args(["--silent", "--max-time", "9", "--expect100-timeout", "9", "-T", &file]);
    let text = output(command.args(["-w", "%{http_code} %{size_upload}", &url]));
    assert_eq!(String::from_utf8_lossy(&text), "413 0");
}

fn refusing() -> Server {
    Server::start(|peer: &mut Peer| {
        let request: Message = peer.head();
        assert_eq!(request.field("expect"), Some("100-continue"));
        peer.send(
            "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    })
}

/// Targets arrive as they were written.
#[test]
fn odd_targets() {
    let server = mirror();
    let proxy = Web::to(&server).start();
    let odd = [
        "/a/../b/./c",
        "/..",
        "//twice",
        "/%2e%2E/%2f",
        "/?",
        "/?a=b&&c=%00%0a",
        "/;p=1?q;r",
        "/~u/%7Eu",
        "/a:b@c",
        "/a|b",
        "/{x}",
        "/[x]",
        "/'\"",
        "/?x=http://h/?y=z",
        "/^`",
        "/\\..\\x",
        "/?%zz%",
    ];
    for target in odd {
        let text = curl(&proxy, &["--path-as-is", "--globoff"], target);
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with(&format!("GET {target} HTTP/1.1 ")), "{target}: {text}");
    }
    let text = curl(&proxy, &["-X", "OPTIONS", "--request-target", "*"], "/");
    assert!(text.starts_with(b"OPTIONS * HTTP/1.1 "), "{}", String::from_utf8_lossy(&text));
}

/// A curl that takes us for its proxy names the whole URL.
#[test]
fn absolute_form() {
    let server = mirror();
    let proxy = Web::to(&server).start();
    let through = format!("http://{}", proxy.address("web"));
    let text = output(command(&["--proxy", &through]).arg("http://example.test:81/path?query"));
    let text = String::from_utf8(text).unwrap();
    assert!(text.ends_with(" host=example.test:81"), "{text}");
    let forms = ["GET /path?query ", "GET http://example.test:81/path?query "];
    assert!(forms.iter().any(|form| text.starts_with(form)), "{text}");
}

/// CONNECT reaches the server, and what follows is between it and the client.
#[test]
fn connect() {
    let server = Server::start(|peer| {
        let request = peer.head();
        assert_eq!(request.first_line(), "CONNECT example.test:80 HTTP/1.1");
        peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
        while peer.has_more() {
            let inner = peer.message();
            peer.send(reply(inner.first_line()));
        }
    });
    let proxy = Web::to(&server).start();
    let through = format!("http://{}", proxy.address("web"));
    let arguments = ["--proxytunnel", "--proxy", &through];
    let text = output(command(&arguments).args(["http://example.test/1", "http://example.test/2"]));
    assert_eq!(String::from_utf8_lossy(&text), "GET /1 HTTP/1.1GET /2 HTTP/1.1");
    assert_eq!(server.connections(), 1);
}

/// Trailers and interim responses, which curl shows among the fields.
#[test]
fn trailers_and_interims() {
    let server = Server::start(|peer| {
        peer.message();
        peer.send("HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n");
        peer.send("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n");
        peer.send("3;ext=\"a b\"\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n");
    });
    let proxy = Web::to(&server).start();
    let text = String::from_utf8(curl(&proxy, &["--include"], "/")).unwrap().to_lowercase();
    let lines: Vec<_> = text.lines().collect();
    for line in ["http/1.1 103 early hints", "link: </style.css>", "trailer: x-sum", "abcx-sum: 6"]
    {
        assert!(lines.contains(&line), "{line} in {text}");
    }
    // To HTTP/1.0 the body alone is sent.
    let text = String::from_utf8(curl(&proxy, &["--include", "--http1.0"], "/")).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("\r\n\r\nabc"), "{text}");
}
