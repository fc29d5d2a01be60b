//! Load generators, with every request in the log.

use std::process::Command;

use super::nginx::Nginx;
use super::output;
use crate::support::{Dir, HttpLine, Proxy, Web, eventually};

fn logged(nginx: &Nginx) -> Proxy {
    Web::new().logged().server(&nginx.address, "check = true").start()
}

/// The log, once it has at least so many lines.
fn log(proxy: &Proxy, lines: usize) -> Vec<HttpLine> {
    let read = || std::fs::read_to_string(proxy.dir.file("access.log")).unwrap_or_default();
    eventually("every request is logged", || {
        read().ends_with('\n') && read().lines().count() >= lines
    });
    read().lines().map(HttpLine::parse).collect()
}

/// The number before `word`.
fn number(text: &str, word: &str) -> usize {
    let words: Vec<_> = text.split_whitespace().collect();
    let found = words.windows(2).find(|pair| pair[1] == word);
    let found = found.unwrap_or_else(|| panic!("no {word} in {text}"));
    found[0].parse().unwrap_or_else(|_| panic!("{word} in {text}"))
}

/// 64 connections, no error. What wrk gave up at its end is logged, but not counted by it; nor is a
/// connection by which it looks whether somebody listens.
#[test]
fn wrk() {
    let nginx = Nginx::files(Dir::new());
    let proxy = logged(&nginx);
    let url = format!("http://{}/small", proxy.address("web"));
    let text = output(Command::new("wrk").args(["-t", "1", "-c", "64", "-d", "1s", &url]));
    let text = String::from_utf8(text).unwrap();
    assert!(!text.contains("Socket errors") && !text.contains("Non-2xx"), "{text}");
    let requests = number(&text, "requests");
    let log = log(&proxy, requests);
    let whole = log.iter().filter(|line| line.verdict() == "200 --").count();
    let counts = (requests, whole, log.len());
    assert!(requests <= whole && log.len() <= requests + 65, "requests, logged: {counts:?}");
    let left = log.iter().filter(|line| line.verdict() != "200 --");
    assert!(left.clone().all(|line| line.end.starts_with('C')), "{:?}", left.collect::<Vec<_>>());
}

/// As many lines as requests.
#[test]
fn h2load() {
    let nginx = Nginx::files(Dir::new());
    let proxy = logged(&nginx);
    let url = format!("http://{}/small", proxy.address("web"));
    let arguments = ["--h1", "-n", "20000", "-c", "50", "-t", "1", &url];
    let text = String::from_utf8(output(Command::new("h2load").args(arguments))).unwrap();
    let results = "20000 total, 20000 started, 20000 done, 20000 succeeded, 0 failed, 0 errored";
    assert!(text.contains(results), "{text}");
    let log = log(&proxy, 20_000);
    assert_eq!(log.len(), 20_000);
    for line in &log {
        let facts = (line.verdict(), &*line.route, &*line.request);
        assert_eq!(facts, ("200 --".to_owned(), "app/s1", "GET /small HTTP/1.1"));
    }
}
