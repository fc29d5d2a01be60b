//! `errorfile`, `errorfiles`, `errorloc*`, `http-error` and the built-in pages.

use crate::support::{Dir, Peer, Server, Web};

const GET: &str = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
const LOGGED: &str = "log-format = \"%ST %ts %s\"";
const PAGE: &str = "HTTP/1.1 503 Sorry\r\nContent-Type: text/plain\r\nX-Page: own\r\n\r\nSorry!\n";

/// In front of a server that refuses connections.
fn refusing() -> Web {
    Web::new().server("127.0.0.1:1", "").logged().frontend(LOGGED).backend("retries = 0")
}

/// All that comes back, and the log line.
fn answer(web: Web, request: &str) -> (String, String) {
    let proxy = web.start();
    let mut client = proxy.client();
    client.send(request);
    let bytes = client.drain();
    (String::from_utf8(bytes).unwrap(), proxy.log_line(|_| true))
}

fn page(head: &str, fields: &str, body: &str) -> String {
    format!("HTTP/1.1 {head}\r\n{fields}connection: close\r\n\r\n{body}")
}

/// HAProxy's own bytes, but that the connection always closes.
#[test]
fn built_in_pages() {
    let silent = Server::start(|peer| drop(peer.drain()));
    let junk = Server::once("junk\r\n\r\n");
    let timeout = |web: Web| web.logged().frontend(LOGGED).backend("timeout.server = \"50ms\"");
    let hasty = "timeout.http-request = \"50ms\"";
    let cases = [
        (
            refusing(),
            GET,
            "503 Service Unavailable",
            "No server is available to handle this request.",
        ),
        (
            timeout(Web::to(&silent)),
            GET,
            "504 Gateway Time-out",
            "The server didn't respond in time.",
        ),
        (
            timeout(Web::to(&junk)),
            GET,
            "502 Bad Gateway",
            "The server returned an invalid or incomplete response.",
        ),
        (refusing(), "bad\r\n\r\n", "400 Bad request", "Your browser sent an invalid request."),
        (
            refusing().frontend(hasty),
            "GET",
            "408 Request Time-out",
            "Your browser didn't send a complete request in time.",
        ),
    ];
    for (web, request, status, text) in cases {
        let body = format!("<html><body><h1>{status}</h1>\n{text}\n</body></html>\n");
        let fields = format!(
            "content-length: {}\r\ncache-control: no-cache\r\ncontent-type: text/html\r\n",
            body.len()
        );
        assert_eq!(answer(web, request).0, page(status, &fields, &body));
    }
}

/// The head says how long the page would be, and it ends there.
#[test]
fn head_gets_no_page() {
    let (dir, head) = (Dir::new(), GET.replace("GET", "HEAD"));
    let own = format!("errorfile.503 = {:?}", dir.write("503", PAGE));
    for line in ["", &own, "http-error = 'status 503 content-type text/plain lf-string \"%ST\"'"] {
        let (whole, _) = answer(refusing().frontend(line), GET);
        let (alone, _) = answer(refusing().frontend(line), &head);
        let (expected, body) = whole.split_once("\r\n\r\n").unwrap();
        assert_eq!((alone, body.is_empty()), (format!("{expected}\r\n\r\n"), false), "{line}");
    }
}

#[test]
fn errorfile() {
    let dir = Dir::new();
    let line = format!("errorfile.503 = {:?}", dir.write("503", PAGE));
    let expected = page(
        "503 Sorry",
        "content-type: text/plain\r\nx-page: own\r\ncontent-length: 7\r\n",
        "Sorry!\n",
    );
    for (web, on) in
        [(refusing().frontend(&line), "frontend"), (refusing().backend(&line), "backend")]
    {
        let (bytes, log) = answer(web, GET);
        assert_eq!(bytes.to_lowercase(), expected.to_lowercase(), "{on}");
        assert_eq!(log, "503 SC s1");
    }
}

/// A file may have another status; what is logged is what happened.
#[test]
fn errorfile_of_another_status() {
    let dir = Dir::new();
    let file = dir.write("503", "HTTP/1.0 200 Fine\r\n\r\nok");
    let (bytes, log) = answer(refusing().frontend(&format!("errorfile.503 = {file:?}")), GET);
    assert!(bytes.starts_with("HTTP/1.1 200 Fine\r\n") && bytes.ends_with("\r\n\r\nok"), "{bytes}");
    assert_eq!(log, "503 SC s1");
}

#[test]
fn dev_null_closes_without_a_word() {
    let silence = |status: &str| format!("errorfile.{status} = \"/dev/null\"");
    for (status, request, log) in
        [("503", GET, "503 SC s1"), ("400", "bad\r\n\r\n", "400 PR <NOSRV>")]
    {
        let (bytes, line) = answer(refusing().frontend(&silence(status)), request);
        assert_eq!((&*bytes, &*line), ("", log));
    }
    let web = refusing().frontend(&silence("408")).frontend("timeout.http-request = \"50ms\"");
    assert_eq!(answer(web, "GET"), (String::new(), "408 cR <NOSRV>".to_owned()));
}

/// The answer to the request before it is not taken along.
#[test]
fn dev_null_behind_a_good_response() {
    let server = Server::text("good");
    let proxy = Web::to(&server).frontend("errorfile.400 = \"/dev/null\"").start();
    for _ in 0..20 {
        let mut client = proxy.client();
        client.send(format!("{GET}bad\r\n\r\n"));
        let bytes = String::from_utf8(client.drain()).unwrap();
        assert!(bytes.ends_with("good"), "{bytes}");
    }
}

#[test]
fn backends_page_wins() {
    let dir = Dir::new();
    let file = |name: &str| dir.write(name, format!("HTTP/1.1 503 {name}\r\n\r\n{name}"));
    let line = |name: &str| format!("errorfile.503 = {:?}", file(name));
    let (bytes, _) = answer(refusing().frontend(&line("front")).backend(&line("back")), GET);
    assert!(bytes.ends_with("back"), "{bytes}");
    // Before a backend is chosen there is only the frontend's.
    let bad = |name: &str| line(name).replace(".503", ".400");
    let (bytes, _) =
        answer(refusing().frontend(&bad("front")).backend(&bad("back")), "bad\r\n\r\n");
    assert!(bytes.ends_with("front"), "{bytes}");
}

#[test]
fn http_errors_sections() {
    let dir = Dir::new();
    let section = format!(
        "[http-errors.site]\nerrorfile.503 = {:?}\nerrorfile.400 = \"/dev/null\"",
        dir.write("503", PAGE)
    );
    let web = || refusing().global(&section);
    let all = "errorfiles = \"site\"";
    let some = "errorfiles = { name = \"site\", codes = [503] }";
    for (line, request, is_own) in [
        (all, GET, true),
        (some, GET, true),
        (all, "bad\r\n\r\n", true),
        (some, "bad\r\n\r\n", false),
    ] {
        let (bytes, _) = answer(web().frontend(line), request);
        assert_eq!(!bytes.contains("<html>"), is_own, "{line} {request:?}: {bytes}");
    }
    // Of several words on a status the last one counts.
    let later = format!("{all}\nhttp-error = \"status 503 default-errorfiles\"");
    let (bytes, _) = answer(web().frontend(&later), GET);
    assert!(bytes.contains("<h1>503 Service Unavailable</h1>"), "{bytes}");
}

#[test]
fn errorloc() {
    for (key, status) in
        [("errorloc", "302 Found"), ("errorloc302", "302 Found"), ("errorloc303", "303 See Other")]
    {
        let line = format!("{key}.503 = \"https://sorry.example/?a=b\"");
        let (bytes, log) = answer(refusing().frontend(&line), GET);
        let fields = "cache-control: no-cache\r\nlocation: https://sorry.example/?a=b\r\n\
            content-length: 0\r\n";
        assert_eq!((bytes, &*log), (page(status, fields, ""), "503 SC s1"));
    }
}

#[test]
fn http_error_with_formats() {
    let rule = "'status 503 content-type text/plain lf-string \"%HM %HP: %ST %ts from %ci\" \
        hdr x-id %ID hdr X-Static plain'";
    let web = refusing().frontend(&format!("http-error = {rule}\nunique-id-format = \"id-%HM\""));
    let (bytes, log) = answer(web, GET);
    let body = "GET /x: 503 SC from 127.0.0.1";
    let fields = format!(
        "x-id: id-GET\r\nx-static: plain\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n",
        body.len()
    );
    assert_eq!((bytes, &*log), (page("503 Service Unavailable", &fields, body), "503 SC s1"));
}

/// What a client sends cannot become a header of its own answer.
#[test]
fn formats_cannot_be_injected() {
    let rule = "http-error = 'status 503 hdr x-query %HQ hdr x-agent %hr'";
    let capture = "capture.request-header = [{ name = \"user-agent\", len = 64 }]";
    let (bytes, _) = answer(
        refusing().frontend(rule).frontend(capture),
        "GET /?a%0d%0aSet-Cookie:%20x HTTP/1.1\r\nHost: h\r\nUser-Agent: a\tb\r\n\r\n",
    );
    assert!(!bytes.to_lowercase().contains("\r\nset-cookie"), "{bytes}");
    assert!(bytes.contains("x-query: ?a%0d%0aSet-Cookie:%20x\r\n"), "{bytes}");
}

#[test]
fn http_error_forms() {
    let dir = Dir::new();
    let (text, format) = (dir.write("text", "as %it is\n"), dir.write("format", "status %ST\n"));
    let own = dir.write("own", PAGE);
    for (rule, expected) in [
        ("status 503 content-type text/plain string '100 %'".to_owned(), "\r\n\r\n100 %"),
        (
            format!("status 503 content-type text/plain file {}", text.display()),
            "\r\n\r\nas %it is\n",
        ),
        (
            format!("status 503 content-type text/plain lf-file {}", format.display()),
            "\r\n\r\nstatus 503\n",
        ),
        (format!("status 503 errorfile {}", own.display()), "\r\n\r\nSorry!\n"),
        ("status 503 hdr x-only head".to_owned(), "connection: close\r\n\r\n"),
        ("status 503".to_owned(), "</body></html>\n"),
    ] {
        let (bytes, _) = answer(refusing().frontend(&format!("http-error = {rule:?}")), GET);
        assert!(bytes.ends_with(expected), "{rule}: {bytes}");
    }
}

/// A large page reaches a client that reads late.
#[test]
fn large_page() {
    let (dir, body) = (Dir::new(), "p".repeat(12_000));
    let file = dir.write("503", format!("HTTP/1.1 503 Sorry\r\n\r\n{body}"));
    let proxy = refusing().frontend(&format!("errorfile.503 = {file:?}")).start();
    let mut client = Peer::connect_narrow(proxy.address("web"));
    client.send(GET);
    assert_eq!(client.message().text(), body);
}
