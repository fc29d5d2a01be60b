//! `bench micro`: how many instructions a head, a log line and a set of rules cost, counted by
//! callgrind, how often they ask for memory, and how long they take when nothing else runs.
//! Counts do not depend on what else the machine does, so one commit can be held against another
//! to the instruction.
//!
//! Each case runs with two numbers of rounds, in processes of its own where something counts; the
//! difference leaves out start and end.

mod rules;
mod scene;

use crate::{Result, browser};
use corelane::observe::access_log::write_http;
use corelane::observe::{
    Captured, Counts, DateCache, Record, RequestLine, StreamEnd, Timers, Zone,
};
use corelane::proto::h1::{
    BodyOut, ConnectionOut, Limits, Method, RequestHead, RequestOut, ResponseHead, ResponseOut,
    encode_request, encode_response,
};
use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

const ROUNDS: u64 = 1000;
/// Rounds of a time, and how often it is taken: the shortest counts. Short ones, many times, since a
/// neighbour on the same core makes all that happens meanwhile half as slow again.
const ROUNDS_TIMED: u64 = 20_000;
const TIMES: usize = 50;
const LIMITS: Limits = Limits::strict(16_384, 100);

const SMALL_REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Server: nginx/1.22.1\r\n\
    Date: Sun, 22 Nov 2026 17:16:12 GMT\r\n\
    Content-Type: text/html; charset=utf-8\r\n\
    Content-Length: 128\r\n\
    Last-Modified: Sat, 21 Nov 2026 08:00:00 GMT\r\n\
    Connection: keep-alive\r\n\
    ETag: \"6740c5d0-80\"\r\n\
    Accept-Ranges: bytes\r\n\r\n";

/// A case by name and what one round of it does.
type Case = (&'static str, fn(u64) -> Result<()>);

const CASES: &[Case] = &[
    ("parse request, small", |rounds| parse_requests(SMALL_REQUEST, rounds)),
    ("parse request, browser", |rounds| parse_requests(browser::REQUEST.as_bytes(), rounds)),
    ("parse response", parse_responses),
    ("encode request, small", |rounds| encode_requests(SMALL_REQUEST, rounds)),
    ("encode request, browser", |rounds| encode_requests(browser::REQUEST.as_bytes(), rounds)),
    ("encode response", encode_responses),
    ("write httplog line", write_log_lines),
    ("rules: only their contexts", rules::nothing),
    ("rules: conditions", rules::conditions),
    ("rules: all twenty", rules::obey_all),
];

/// `bench micro`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What is run under callgrind: a case by number
    #[arg(long, hide = true, requires = "rounds")]
    case: Option<usize>,
    #[arg(long, hide = true)]
    rounds: Option<u64>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if let (Some(case), Some(rounds)) = (args.case, args.rounds) {
        let (_, work) = CASES.get(case).ok_or("no such case")?;
        return work(rounds);
    }
    println!("| {:26} | instructions | allocations | ns      |", "work");
    println!("| {} | ------------ | ----------- | ------- |", "-".repeat(26));
    for (case, (name, work)) in CASES.iter().enumerate() {
        let instructions = each(case, &CALLGRIND)?;
        let allocations = each(case, &MEMCHECK)?;
        let ns = nanoseconds(*work)?;
        println!("| {name:26} | {instructions:12.0} | {allocations:11.2} | {ns:7.1} |");
    }
    Ok(())
}

/// A tool of valgrind's that counts something, and what it prints before the count.
struct Counter {
    arguments: [&'static str; 2],
    before: &'static str,
}

/// `==123== Collected : 4567`
const CALLGRIND: Counter = Counter {
    arguments: ["--tool=callgrind", "--callgrind-out-file=/dev/null"],
    before: "Collected : ",
};

/// `==123==   total heap usage: 4,567 allocs, 4,560 frees, 89,012 bytes allocated`
const MEMCHECK: Counter =
    Counter { arguments: ["--tool=memcheck", "--leak-check=no"], before: "total heap usage: " };

/// What one round adds to a count.
fn each(case: usize, counter: &Counter) -> Result<f64> {
    let few = counter.count(case, ROUNDS)?;
    let many = counter.count(case, 2 * ROUNDS)?;
    Ok(many.saturating_sub(few) as f64 / ROUNDS as f64)
}

impl Counter {
    /// Counts over everything that one case does in a process of its own.
    fn count(&self, case: usize, rounds: u64) -> Result<u64> {
        let output = Command::new("valgrind")
            .args(self.arguments)
            .arg(std::env::current_exe()?)
            .args(["micro", "--case", &case.to_string(), "--rounds", &rounds.to_string()])
            .output()
            .map_err(|error| format!("cannot run valgrind (package valgrind): {error}"))?;
        let printed = String::from_utf8_lossy(&output.stderr);
        self.read(&printed)
            .filter(|_| output.status.success())
            .ok_or_else(|| format!("valgrind counted nothing:\n{printed}").into())
    }

    fn read(&self, printed: &str) -> Option<u64> {
        let line = printed.lines().find_map(|line| line.split_once(self.before))?;
        line.1.split_ascii_whitespace().next()?.replace(',', "").parse().ok()
    }
}

/// The time of one round, in this process.
fn nanoseconds(work: fn(u64) -> Result<()>) -> Result<f64> {
    let shortest = |rounds| -> Result<f64> {
        let mut shortest = f64::MAX;
        for _ in 0..TIMES {
            let begun = Instant::now();
            work(rounds)?;
            shortest = shortest.min(begun.elapsed().as_secs_f64());
        }
        Ok(shortest)
    };
    let (start, whole) = (shortest(1)?, shortest(1 + ROUNDS_TIMED)?);
    Ok((whole - start) * 1e9 / ROUNDS_TIMED as f64)
}

fn parse_requests(bytes: &[u8], rounds: u64) -> Result<()> {
    let mut head = RequestHead::default();
    for _ in 0..rounds {
        let parsed = head.parse(black_box(bytes), &LIMITS);
        is_whole(parsed.is_ok_and(|is_complete| is_complete))?;
        black_box(&head);
    }
    Ok(())
}

fn parse_responses(rounds: u64) -> Result<()> {
    let mut head = ResponseHead::default();
    for _ in 0..rounds {
        let parsed = head.parse(black_box(RESPONSE), &LIMITS, Method::Get);
        is_whole(parsed.is_ok_and(|is_complete| is_complete))?;
        black_box(&head);
    }
    Ok(())
}

fn encode_requests(bytes: &[u8], rounds: u64) -> Result<()> {
    let mut head = RequestHead::default();
    is_whole(head.parse(bytes, &LIMITS).is_ok_and(|is_complete| is_complete))?;
    let request_out = RequestOut { host_if_missing: b"127.0.0.1", connection: ConnectionOut::None };
    let mut out = Vec::with_capacity(4096);
    for _ in 0..rounds {
        out.clear();
        encode_request(&mut out, black_box(bytes), &head, &request_out);
        black_box(&out);
    }
    Ok(())
}

fn encode_responses(rounds: u64) -> Result<()> {
    let mut head = ResponseHead::default();
    is_whole(head.parse(RESPONSE, &LIMITS, Method::Get).is_ok_and(|is_complete| is_complete))?;
    let response_out = ResponseOut { connection: ConnectionOut::None, body: BodyOut::Length(128) };
    let mut out = Vec::with_capacity(4096);
    for _ in 0..rounds {
        out.clear();
        encode_response(&mut out, black_box(RESPONSE), &head, &response_out);
        black_box(&out);
    }
    Ok(())
}

fn is_whole(is_whole: bool) -> Result<()> {
    if is_whole { Ok(()) } else { Err("the head was not parsed".into()) }
}

/// A request that was served within some milliseconds.
fn served() -> Record<'static> {
    Record {
        client: Some(([192, 0, 2, 17], 51_234).into()),
        bind_number: 1,
        destination: None,
        server_conn: None,
        accept_ms: 1_795_380_513_104,
        request_ms: 1_795_380_513_104,
        frontend: "web",
        tls: None,
        backend: "app",
        server: Some("app1"),
        timers: Timers {
            handshake_ms: 0,
            idle_ms: 0,
            request_ms: 0,
            queue_ms: 0,
            connect_ms: 1,
            response_ms: 12,
            active_ms: 13,
            total_ms: 13,
        },
        status: 200,
        bytes: 4321,
        bytes_received: 120,
        end: StreamEnd::NORMAL,
        counts: Counts { process: 64, frontend: 64, backend: 12, server: 6, ..Counts::default() },
        request: Some(RequestLine {
            method: b"GET",
            target: b"/articles/2024/07/a-page.html?from=start",
            version: b"HTTP/1.1",
        }),
        unique_id: b"",
        captured: Captured::default(),
        is_early: false,
        samples: None,
        level: None,
    }
}

fn write_log_lines(rounds: u64) -> Result<()> {
    let mut dates = DateCache::new(Arc::new(Zone::utc()));
    let record = served();
    let mut out = Vec::with_capacity(4096);
    for _ in 0..rounds {
        out.clear();
        write_http(&mut out, &mut dates, black_box(&record), 1024);
        black_box(&out);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{CALLGRIND, CASES, MEMCHECK};

    #[test]
    fn every_case_works() {
        for (name, work) in CASES {
            let done = work(2);
            assert!(done.is_ok(), "{name}: {}", done.unwrap_err());
        }
    }

    #[test]
    fn counts_are_read() {
        let printed = "==7== Events    : Ir\n==7== Collected : 4567\n";
        assert_eq!(CALLGRIND.read(printed), Some(4567));
        assert_eq!(MEMCHECK.read(printed), None);
        let printed = "==7==   total heap usage: 1,234 allocs, 1,230 frees, 9 bytes allocated\n";
        assert_eq!(MEMCHECK.read(printed), Some(1234));
    }
}
