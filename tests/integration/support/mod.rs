//! What the tests are written with: the proxy under test, scripted peers, files, waiting.

mod dir;
mod inherit;
mod lines;
mod log;
mod message;
mod peer;
mod pki;
mod proxy;
mod server;
pub(crate) mod strict;
pub(crate) mod tls;
mod web;

use std::time::{Duration, Instant};

pub(crate) use dir::Dir;
pub(crate) use inherit::inherit;
pub(crate) use lines::Lines;
pub(crate) use log::{HttpLine, TcpLine};
pub(crate) use message::{Message, reply};
pub(crate) use peer::{Pace, Peer};
pub(crate) use proxy::{Exit, Proxy, binary};
pub(crate) use server::Server;
pub(crate) use web::Web;

/// What anything may take that has to happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// Waits until `happened`; panics when it does not.
pub(crate) fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !happened() {
        assert!(Instant::now() < deadline, "never happened: {what}");
        pause(2);
    }
}

/// Lets time pass where time itself is what the test is about.
pub(crate) fn pause(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// Bytes that differ everywhere, so that a missing, doubled or moved piece shows.
pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut state = len as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_ne_bytes()
    };
    let mut bytes: Vec<u8> = (0..len.div_ceil(8)).flat_map(|_| next()).collect();
    bytes.truncate(len);
    bytes
}

/// Fails without printing megabytes.
pub(crate) fn assert_same(got: &[u8], expected: &[u8]) {
    let differs = got.iter().zip(expected).position(|(got, expected)| got != expected);
    assert_eq!((got.len(), differs), (expected.len(), None), "length and first difference");
}
