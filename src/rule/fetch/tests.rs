//! What the tests of fetches share. The tables of HTTP are what HAProxy 2.6 answers, but where a comment
//! says otherwise.

mod any_bytes;
mod auth;
mod connection;
mod cookie;
mod header;
mod hello;
mod http;
mod internal;
mod param;
mod payload;
mod tls;

use proxy_config::model::rule::{Fetch, HttpFact, PayloadFact};

use super::{any, fetch};
use crate::rule::sample::Sample;
use crate::rule::testing::Stage;

/// With its type: `str a`, `int 5`, `bin 0AFF`; `-` without a sample.
fn shown(sample: Option<Sample<'_>>) -> String {
    match sample {
        None => "-".into(),
        Some(Sample::Bool(value)) => format!("bool {value}"),
        Some(Sample::Int(value)) => format!("int {value}"),
        Some(Sample::Ip(value)) => format!("ip {value}"),
        Some(Sample::Str(bytes)) => format!("str {}", bytes.escape_ascii()).replace("\\\"", "\""),
        Some(Sample::Bin(bytes)) => {
            bytes.iter().fold("bin ".to_owned(), |text, byte| format!("{text}{byte:02X}"))
        }
    }
}

fn one(stage: &Stage, wanted: &Fetch) -> String {
    shown(fetch(wanted, &stage.context()))
}

/// What an ACL sees, each behind a `|`.
fn all(stage: &Stage, wanted: &Fetch) -> String {
    let mut seen = Vec::new();
    let context = stage.context();
    let stopped = any(wanted, &context, &mut |sample| {
        seen.push(shown(Some(sample)));
        false
    });
    assert!(!stopped);
    // Whoever stops at the first sees no second.
    let mut count = 0;
    let stopped = any(wanted, &context, &mut |_| {
        count += 1;
        true
    });
    assert_eq!((stopped, count), (!seen.is_empty(), seen.len().min(1)));
    seen.join("|")
}

/// Checks single samples: for an ACL they are the same.
fn check(stage: &Stage, table: impl IntoIterator<Item = (Fetch, impl AsRef<str>)>) {
    for (wanted, expected) in table {
        let expected = expected.as_ref();
        assert_eq!(one(stage, &wanted), expected, "{wanted:?}");
        let seen = if expected == "-" { "" } else { expected };
        assert_eq!(all(stage, &wanted), seen, "{wanted:?}");
    }
}

/// Checks what is fetched, and all that an ACL sees.
fn check_many(stage: &Stage, table: impl IntoIterator<Item = (Fetch, &'static str, &'static str)>) {
    for (wanted, expected, seen) in table {
        assert_eq!(one(stage, &wanted), expected, "{wanted:?}");
        assert_eq!(all(stage, &wanted), seen, "{wanted:?}");
    }
}

fn http(fact: HttpFact) -> Fetch {
    Fetch::Http(fact)
}

/// A scene with a request.
fn with_request(text: &str) -> Stage {
    let mut stage = Stage::empty();
    stage.set_request(text);
    stage
}

/// Feeds `bytes` byte by byte, then says that no more come. Until `decided_at` bytes are there the
/// answer is open, from there on it is `expected`.
fn check_arrival(fact: PayloadFact, bytes: &[u8], decided_at: usize, expected: &str) {
    let wanted = Fetch::Payload(fact);
    let mut stage = Stage::empty();
    for len in 0..=bytes.len() {
        stage.request_input = Some((bytes[..len].to_vec(), false));
        let (shown, is_open) = look(&stage, &wanted);
        match len < decided_at {
            true => assert_eq!((shown.as_str(), is_open), ("-", true), "{wanted:?} at {len}"),
            false => {
                assert_eq!((shown.as_str(), is_open), (expected, false), "{wanted:?} at {len}")
            }
        }
        stage.request_input = Some((bytes[..len].to_vec(), true));
        let (shown, is_open) = look(&stage, &wanted);
        let final_answer = if len < decided_at { "-" } else { expected };
        assert_eq!((shown.as_str(), is_open), (final_answer, false), "{wanted:?} at {len}");
    }
}

/// The sample, and whether it may change.
fn look(stage: &Stage, wanted: &Fetch) -> (String, bool) {
    let context = stage.context();
    let sample = shown(fetch(wanted, &context));
    (sample, context.may_change.get())
}
