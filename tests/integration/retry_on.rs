//! `retries`, `retry-on` and `option.redispatch`: what is asked again, how often, and where.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::{Message, Proxy, Server, Web};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const BUSY: &str = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";
const JUNK: &str = "garbage\r\n\r\n";
const HINTS: &str = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
/// A server that says nothing and stays.
const SILENCE: &str = "silence";

const GET: &str = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
const POST: &str = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
const CHUNKED: &str = "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
    3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";

/// A server whose connections each read a request, give the next answer, the last one again and
/// again, and close. It keeps what it was asked.
struct Script {
    server: Server,
    asked: Arc<Mutex<Vec<Message>>>,
}

impl Script {
    fn of(answers: &'static [&'static str]) -> Self {
        let (next, asked) = (AtomicUsize::new(0), Arc::new(Mutex::new(Vec::new())));
        let record = Arc::clone(&asked);
        let server = Server::start(move |peer| {
            if !peer.has_more() {
                return;
            }
            record.lock().unwrap().push(peer.message());
            let index = next.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
            match answers[index] {
                SILENCE => drop(peer.drain()),
                answer => drop(peer.try_send(answer)),
            }
        });
        Self { server, asked }
    }

    fn asked(&self) -> Vec<Message> {
        self.asked.lock().unwrap().clone()
    }

    fn proxy(&self, retry_on: &str) -> Proxy {
        logged(Web::to(&self.server)).backend(&format!("retry-on = \"{retry_on}\"")).start()
    }
}

fn logged(web: Web) -> Web {
    web.logged().frontend("log-format = \"%ST %ts %rc %s\"")
}

/// The line of the only request.
fn line(proxy: &Proxy) -> String {
    proxy.log_line(|_| true)
}

/// `retry-on`, the answers, the request, how often it was asked, the line.
type Case = (&'static str, &'static [&'static str], &'static str, usize, &'static str);

fn check(cases: &[Case]) {
    for (retry_on, answers, request, count, expected) in cases {
        let script = Script::of(answers);
        let proxy = script.proxy(retry_on);
        let response = proxy.client().ask(request);
        let case = format!("{retry_on} {answers:?}");
        assert_eq!(line(&proxy), *expected, "{case}");
        assert!(expected.starts_with(&response.status().to_string()), "{case}");
        let asked = script.asked();
        assert_eq!(asked.len(), *count, "{case}");
        let parts = |message: &Message| (message.head.clone(), message.body.clone());
        assert!(asked.iter().all(|again| parts(again) == parts(&asked[0])), "{case}");
    }
}

#[test]
fn each_reason_has_its_word() {
    check(&[
        ("empty-response", &["", OK], GET, 2, "200 -- 1 s1"),
        ("junk-response", &[JUNK, OK], GET, 2, "200 -- 1 s1"),
        ("503", &[BUSY, OK], GET, 2, "200 -- 1 s1"),
        ("401 503", &[BUSY, OK], GET, 2, "200 -- 1 s1"),
        ("all-retryable-errors", &[BUSY, "", JUNK, OK], GET, 4, "200 -- 3 s1"),
        // A head that ends in its middle is no complete HTTP response.
        ("junk-response", &["HTTP/1.1 200 OK\r\nX: ", OK], GET, 2, "200 -- 1 s1"),
    ]);
}

#[test]
fn other_reasons_do_not_count() {
    check(&[
        ("conn-failure", &["", OK], GET, 1, "502 SH 0 s1"),
        ("none", &["", OK], GET, 1, "502 SH 0 s1"),
        ("junk-response", &["", OK], GET, 1, "502 SH 0 s1"),
        ("empty-response", &[JUNK, OK], GET, 1, "502 PH 0 s1"),
        ("empty-response", &[BUSY, OK], GET, 1, "503 -- 0 s1"),
        ("502 504", &[BUSY, OK], GET, 1, "503 -- 0 s1"),
    ]);
}

/// What the last attempt came to is what the client gets.
#[test]
fn exhausted() {
    check(&[
        ("503", &[BUSY], GET, 4, "503 -- 3 s1"),
        ("empty-response", &[""], GET, 4, "502 SH 3 s1"),
        ("junk-response", &[JUNK], GET, 4, "502 PH 3 s1"),
        ("empty-response 503", &[BUSY, BUSY, BUSY, ""], GET, 4, "502 SH 3 s1"),
    ]);
    let script = Script::of(&[BUSY]);
    let proxy = logged(Web::to(&script.server)).backend("retry-on = \"503\"\nretries = 1").start();
    assert_eq!(proxy.get("/").text(), "busy");
    assert_eq!((script.asked().len(), &*line(&proxy)), (2, "503 -- 1 s1"));
}

/// Whatever the method: who writes `retry-on` says that asking twice is safe.
#[test]
fn bodies_are_sent_again() {
    let reasons: [(&str, &'static [&'static str]); 3] =
        [("empty-response", &["", OK]), ("junk-response", &[JUNK, OK]), ("503", &[BUSY, OK])];
    for (retry_on, answers) in reasons {
        for request in [POST, CHUNKED] {
            let script = Script::of(answers);
            let proxy = script.proxy(retry_on);
            assert_eq!(proxy.client().ask(request).text(), "ok");
            let bodies: Vec<_> = script.asked().into_iter().map(|asked| asked.body).collect();
            assert_eq!(bodies, [b"hello", b"hello"], "{retry_on} {request}");
            assert_eq!(line(&proxy), "200 -- 1 s1");
        }
    }
}

/// A body that arrives little by little is kept while it goes on, trailers and all.
#[test]
fn body_in_pieces_is_sent_again() {
    let script = Script::of(&[BUSY, OK]);
    let proxy = script.proxy("503");
    let mut client = proxy.client();
    client.send("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    for piece in ["4\r\npi", "ec\r\n", "2\r\nes\r\n", "0\r\nX-Sum: 6\r\n", "\r\n"] {
        client.send(piece);
    }
    assert_eq!(client.message().text(), "ok");
    for asked in script.asked() {
        assert_eq!((asked.text(), &*asked.trailers.to_lowercase()), ("pieces", "x-sum: 6\r\n\r\n"));
    }
    assert_eq!(script.asked().len(), 2);
}

/// The server answers before the body is whole: what is here is sent again, the rest follows.
#[test]
fn early_answer_is_retried_with_the_rest_of_the_body() {
    let next = AtomicUsize::new(0);
    let server = Server::start(move |peer| {
        if !peer.has_more() {
            return;
        }
        if next.fetch_add(1, Ordering::SeqCst) == 0 {
            peer.read_until("first ");
            peer.send(BUSY);
            return drop(peer.drain());
        }
        assert_eq!(peer.message().text(), "first then");
        peer.send(OK);
    });
    let proxy = logged(Web::to(&server)).backend("retry-on = \"503\"").start();
    let mut client = proxy.client();
    client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nfirst ");
    crate::support::eventually("it is sent again", || server.connections() == 2);
    client.send("then");
    assert_eq!(client.message().text(), "ok");
    assert_eq!(line(&proxy), "200 -- 1 s1");
}

/// A body longer than a buffer is not kept, and cannot be sent again.
#[test]
fn long_bodies_are_not_retried() {
    for (len, count, expected) in [(12_000, 2, "200 -- 1 s1"), (60_000, 1, "503 -- 0 s1")] {
        for chunked in [false, true] {
            let script = Script::of(&[BUSY, OK]);
            let proxy = script.proxy("503");
            let body = "b".repeat(len);
            let head = "POST /x HTTP/1.1\r\nHost: h\r\n";
            proxy.client().ask(&match chunked {
                true => {
                    format!(
                        "{head}Transfer-Encoding: chunked\r\n\r\n{len:x}\r\n{body}\r\n0\r\n\r\n"
                    )
                }
                false => format!("{head}Content-Length: {len}\r\n\r\n{body}"),
            });
            assert_eq!(
                (script.asked().len(), &*line(&proxy)),
                (count, expected),
                "{len} {chunked}"
            );
            assert!(script.asked().iter().all(|asked| asked.text() == body));
        }
    }
}

/// `option.http-buffer-request` and `retry-on` together: a body of just a buffer is sent again.
#[test]
fn buffered_body_is_sent_again() {
    let script = Script::of(&["", OK]);
    let option = "retry-on = \"empty-response\"\noption.http-buffer-request = true";
    let proxy = logged(Web::to(&script.server)).backend(option).start();
    let body = "b".repeat(16_000);
    let request = format!("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 16000\r\n\r\n{body}");
    assert_eq!(proxy.client().ask(&request).text(), "ok");
    assert_eq!(line(&proxy), "200 -- 1 s1");
    assert!(script.asked().iter().all(|asked| asked.text() == body));
}

/// The client has heard of the first attempt: there is no second one.
#[test]
fn interim_response_forbids_a_retry() {
    let script = Script::of(&[HINTS, OK]);
    let proxy = script.proxy("empty-response junk-response");
    let mut client = proxy.client();
    client.send(GET);
    assert_eq!((client.head().status(), client.message().status()), (103, 502));
    assert_eq!((script.asked().len(), &*line(&proxy)), (1, "502 SH 0 s1"));
}

#[test]
fn response_timeout() {
    let cases: [(&'static [&'static str], usize, &str); 2] =
        [(&[SILENCE, OK], 2, "200 -- 1 s1"), (&[SILENCE], 3, "504 sH 2 s1")];
    for (answers, count, expected) in cases {
        let script = Script::of(answers);
        let backend = "retry-on = \"response-timeout\"\nretries = 2\ntimeout.server = \"60ms\"";
        let proxy = logged(Web::to(&script.server)).backend(backend).start();
        proxy.client().ask(POST);
        assert_eq!((script.asked().len(), &*line(&proxy)), (count, expected));
    }
}

/// The answer that is not passed on is gone for good: neither its body nor its connection shows up.
#[test]
fn keep_alive_client_behind_a_retry() {
    let script = Script::of(&[BUSY, OK, OK]);
    let proxy = script.proxy("503");
    let mut client = proxy.client();
    for _ in 0..2 {
        assert_eq!(client.ask(GET).text(), "ok");
    }
    assert_eq!(script.asked().len(), 3);
}

#[test]
fn head_and_bodiless_answers() {
    let script = Script::of(&["HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\n", OK]);
    let proxy = script.proxy("503");
    let mut client = proxy.client();
    client.send("HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    let head = client.head();
    assert_eq!((head.status(), head.field("content-length")), (200, Some("2")));
    client.closed_after();
    assert_eq!(script.asked().len(), 2);
}

#[test]
fn connection_refused() {
    for (lines, expected) in [
        ("retries = 2", "503 SC 2 s1"),
        ("retries = 0", "503 SC 0 s1"),
        ("retry-on = \"none\"", "503 SC 0 s1"),
        ("retry-on = \"empty-response\"", "503 SC 0 s1"),
    ] {
        let web = logged(Web::new().server("127.0.0.1:1", ""));
        let proxy = web.backend(&format!("timeout.connect = \"20ms\"\n{lines}")).start();
        assert_eq!((proxy.get("/").status(), &*line(&proxy)), (503, expected), "{lines}");
    }
}

/// Without it every attempt is the same server's, with it another's, and `%rc` says so.
#[test]
fn redispatch() {
    for (option, counts, expected) in [
        ("true", (1, 1), "200 -- +1 s2"),
        ("1", (1, 1), "200 -- +1 s2"),
        ("false", (4, 0), "503 -- 3 s1"),
    ] {
        let (busy, good) = (Script::of(&[BUSY]), Script::of(&[OK]));
        let web = logged(Web::to(&busy.server)).shards(1).server(&good.server.address(), "");
        let lines = format!("retry-on = \"503\"\noption.redispatch = {option}");
        let proxy = web.backend(&lines).start();
        proxy.client().ask(GET);
        let found = (busy.asked().len(), good.asked().len());
        assert_eq!((found, &*line(&proxy)), (counts, expected), "{option}");
    }
}

#[test]
fn redispatch_after_a_refused_connection() {
    for (option, expected) in [("true", "200 -- +1 s2"), ("false", "503 SC 3 s1")] {
        let good = Script::of(&[OK]);
        let web = logged(Web::new().server("127.0.0.1:1", "")).shards(1);
        let lines = format!("timeout.connect = \"20ms\"\noption.redispatch = {option}");
        let proxy = web.server(&good.server.address(), "").backend(&lines).start();
        proxy.client().ask(GET);
        assert_eq!(line(&proxy), expected);
    }
}

/// A retry is no normal end for `option.dontlog-normal`.
#[test]
fn retried_requests_are_logged_as_errors() {
    let script = Script::of(&[BUSY, OK]);
    let web = logged(Web::to(&script.server)).frontend("option.dontlog-normal = true");
    let proxy = web.backend("retry-on = \"503\"").start();
    let mut client = proxy.client();
    assert_eq!(client.ask(GET).text(), "ok");
    assert_eq!(client.ask(GET).text(), "ok");
    assert_eq!(line(&proxy), "200 -- 1 s1");
}

/// Scenario: a client pauses in its body for longer than `timeout.server`, then sends the rest. The server
/// was not owed anything meanwhile: no 504, and no second request.
#[test]
fn slow_upload_is_not_the_servers_fault() {
    let script = Script::of(&[OK]);
    let proxy = logged(Web::to(&script.server))
        .backend("retry-on = \"response-timeout\"\ntimeout.server = \"300ms\"")
        .start();
    let mut client = proxy.client();
    client.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
    client.assert_silent(600);
    client.send("llo");
    assert_eq!(client.message().status(), 200);
    assert_eq!(line(&proxy), "200 -- 0 s1");
    assert_eq!(script.asked().len(), 1);
}
