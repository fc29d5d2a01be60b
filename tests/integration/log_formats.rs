//! How the lines of an access log look: log-format strings, clf, JSON, captures.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::log_lines::{POST, format_line, written};
use crate::support::{Server, Web, reply};

const CAPTURES: &str = "capture.request-header = [{ name = \"X-A\", len = 6 }, { name = \"Missing\", len = 5 }]\n\
    capture.response-header = [{ name = \"x-r\", len = 2 }]\n\
    capture.cookie = { name = \"SESSION=\", len = 12 }";

fn cookies() -> Server {
    Server::http(|_| {
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: SESSION=abcdefghij; path=/\r\n\
          Set-Cookie: B=2\r\nX-R: one\r\nX-R: two\r\n\r\nok"
            .to_vec()
    })
}

/// The line of `POST`, with the client's port as `PORT` and the server's as `SERVER`.
fn line_of_post(format: &str) -> String {
    let server = cookies();
    let web = Web::to(&server).logged().frontend(CAPTURES).frontend(&format_line(format));
    let proxy = web.frontend("unique-id-format = \"id-%HM\"").start();
    let mut client = proxy.client();
    assert_eq!(client.ask(POST).text(), "ok");
    let line = proxy.log_line(|_| true);
    let port = server.address().rsplit_once(':').unwrap().1.to_owned();
    line.replace(&client.port().to_string(), "PORT").replace(&port, "SERVER")
}

/// Each expectation is what HAProxy 2.6 prints.
#[test]
fn fields_and_flags() {
    for (format, expected) in [
        ("%hr %hs %CC %CS", "{se#22c]o|} {tw} SESSION=xyz SESSION=abcd"),
        (
            "%{+Q}hr %{+Q}hs %hrl %{+Q}hrl %hsl",
            "\"{se#22c]o|}\" \"{tw}\" se#22c]o - \"se#22c]o\" \"\" tw",
        ),
        ("%{+E}hr %{+Q,+E}hrl", "{se#22c\\]o|} \"se#22c\\]o\" \"\""),
        (
            "%HM %HP %HPO %HQ %HU %HV %r",
            "POST /p/a /p/a ?q=1 /p/a?q=1 HTTP/1.1 POST /p/a?q=1 HTTP/1.1",
        ),
        ("%{+X}ci", "7F000001"),
        (
            "%{+Q}CC %{+Q}s %{+Q}b %{+Q}ID [%ID]",
            "\"SESSION=xyz\" \"s1\" \"app\" \"id-POST\" [id-POST]",
        ),
        ("%ft %f %si:%sp %tsc %ts %rc %sq %bq %%", "web web 127.0.0.1:SERVER ---- -- 0 0 0 %"),
        ("%ci:%cp  %ST   %{+Q}r", "127.0.0.1:PORT 200 \"POST /p/a?q=1 HTTP/1.1\""),
    ] {
        assert_eq!(line_of_post(format), expected, "{format}");
    }
}

/// HAProxy's httplog line with captures.
#[test]
fn http_line_with_captures() {
    let server = cookies();
    let proxy = Web::to(&server).logged().frontend(CAPTURES).start();
    let mut client = proxy.client();
    client.ask(POST);
    let line = proxy.log_line(|_| true);
    assert!(line.contains(" SESSION=xyz SESSION=abcd ---- "), "{line}");
    assert!(line.ends_with(" {se#22c]o|} {tw} \"POST /p/a?q=1 HTTP/1.1\""), "{line}");
    // Nothing of the request before is left in the next one's.
    client.get("/bare");
    let line = proxy.log_line(|line| line.contains("/bare"));
    assert!(line.contains(" - SESSION=abcd ") && line.contains(" {|} {tw} "), "{line}");
}

#[test]
fn clf() {
    let server = cookies();
    let web = Web::to(&server).logged().frontend(CAPTURES);
    let proxy = web.frontend("option.httplog = \"clf\"").start();
    let mut client = proxy.client();
    let sent = client.ask(POST);
    let line = proxy.log_line(|_| true);
    let (date, rest) = line.split_once("] ").unwrap();
    assert!(date.starts_with("127.0.0.1 - - ["), "{line}");
    let bytes = sent.head.len() + sent.body.len();
    let request = format!("\"POST /p/a?q=1 HTTP/1.1\" 200 {bytes} \"\" \"\" {} ", client.port());
    assert!(rest.starts_with(&request), "{line}");
    let end = "\"SESSION=xyz\" \"SESSION=abcd\" \"se#22c]o\" \"\" \"tw\"";
    assert!(line.contains(" \"web\" \"app\" \"s1\" ") && line.ends_with(end), "{line}");
}

/// Runs Python over the lines: `member:type` of each line's members, sorted, as it sees them.
fn types_of(lines: &str) -> String {
    let program = "import json,sys\n\
        for line in sys.stdin.buffer.read().decode().splitlines():\n\
        \x20   members = json.loads(line)\n\
        \x20   print(' '.join(f'{k}:{type(v).__name__}' for k, v in sorted(members.items())))";
    let mut python = Command::new("python3")
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "no JSON: {lines}");
    String::from_utf8(output.stdout).unwrap()
}

/// Keys stay, types stay, and what is not known is null, whatever clients send.
#[test]
fn json() {
    // Reads heads that are no UTF-8 too.
    let server = Server::start(|peer| {
        while peer.has_more() {
            peer.read_until("\r\n\r\n");
            peer.send(reply("ok"));
        }
    });
    let mut web = Web::to(&server).shards(1).logged().frontend(CAPTURES);
    web = web.frontend("timeout.http-request = \"80ms\"\nlog-format = '%{+json}o %(a)ci %(b)ST %(c)hr %(d)r %(e)ID %(f)U %(g)s'");
    let mut proxy = web.start();
    let mut client = proxy.client();
    client.ask(POST);
    client.get("/%22%5c?\"'<>\\");
    client.ask("GET /x HTTP/1.1\r\nHost: h\r\nX-A: \"\\\t\r\nCookie: SESSION=\"\u{e9}\r\n\r\n");
    client.send(b"GET /x HTTP/1.1\r\nHost: h\r\nX-A: \xff\xfe\r\nConnection: close\r\n\r\n");
    client.drain();
    let mut bad = proxy.client();
    bad.send("\x01\x02\r\n\r\n");
    bad.drain();
    drop((client, bad));
    let lines = written(&mut proxy);
    assert_eq!(lines.len(), 5);
    let types = types_of(&lines.join("\n"));
    let types: Vec<_> = types.lines().collect();
    let good = "a:str b:int c:list d:str e:NoneType f:int g:str";
    assert_eq!(types[..4], [good; 4]);
    assert_eq!(types[4], "a:str b:int c:list d:NoneType e:NoneType f:int g:NoneType", "{lines:?}");
    assert!(lines[0].contains("\"c\":[\"se\\\"c]o\",null]"), "{}", lines[0]);
}

#[test]
fn json_preset() {
    let server = cookies();
    let log = "log = [{ target = \"stdout\", format = \"json\" }]";
    let proxy = Web::to(&server).global(log).frontend("timeout.http-request = \"80ms\"").start();
    let mut client = proxy.client();
    client.get("/long".repeat(400).as_str());
    client.send("bad\r\n\r\n");
    client.drain();
    let find = |mark: &'static str| proxy.stdout.wait(move |line| line.contains(mark));
    let types = types_of(&format!("{}\n{}", find("\"status\":200"), find("\"status\":400")));
    for (index, line) in types.lines().enumerate() {
        for member in
            ["status:int", "time:str", "request_headers:list", "retries:int", "active_ms:int"]
        {
            assert!(line.contains(member), "{member} in {line}");
        }
        let of_server = if index == 0 { "server:str" } else { "server:NoneType" };
        assert!(line.contains(of_server), "{line}");
    }
    assert_eq!(types.lines().count(), 2);
}

#[test]
fn tcp_json() {
    let server = Server::start(|peer| drop(peer.drain()));
    let log = "log = [{ target = \"stdout\", format = \"json\" }]";
    let proxy = Web::to(&server).tcp().global(log).start();
    let mut client = proxy.client();
    client.send("abc");
    client.finish();
    client.drain();
    let types = types_of(&proxy.stdout.wait(|line| line.starts_with('{')));
    assert!(types.contains("bytes_received:int") && types.contains("total_ms:int"), "{types}");
}

/// What clients send cannot break a line, or begin another one.
#[test]
fn lines_cannot_be_forged() {
    let server = cookies();
    let capture = "capture.request-header = [{ name = \"x-a\", len = 64 }]";
    let mut proxy = Web::to(&server).logged().frontend(capture).start();
    let mut client = proxy.client();
    for request in [
        "GET /\"}{|x HTTP/1.1\r\nHost: h\r\nX-A: a|b} \"c\" {\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: h\r\nX-A: \u{80}\u{9b}31m\r\n\r\n",
    ] {
        client.ask(request);
    }
    let lines = written(&mut proxy);
    assert_eq!(lines.len(), 2);
    let expected = "{a#7Cb#7D #22c#22 #7B} \"GET /#22}{|x HTTP/1.1\"";
    assert!(lines[0].ends_with(expected), "{}", lines[0]);
    assert!(lines[1].is_ascii(), "{}", lines[1]);
}
