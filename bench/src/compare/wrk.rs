//! wrk, the closed-loop client from the distribution, and the line that `wrk.lua` makes it print.

use super::child::{self, Guard};
use super::{Traffic, Workplace};
use crate::load::Quantiles;
use crate::{Result, browser};
use std::net::SocketAddr;
use std::time::Duration;

/// What wrk is asked to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) connections: usize,
    pub(crate) path: &'a str,
    pub(crate) close: bool,
    pub(crate) seconds: u64,
    /// With the fields that a browser sends.
    pub(crate) is_browser: bool,
}

pub(crate) fn run(
    workplace: &Workplace,
    address: SocketAddr,
    request: &Request<'_>,
) -> Result<Traffic> {
    let mut command = child::pinned(workplace.cores.load, "wrk");
    command
        .arg("-t1")
        .arg(format!("-c{}", request.connections))
        .arg(format!("-d{}s", request.seconds))
        .arg("-s")
        .arg(workplace.path("wrk.lua"));
    if request.close {
        command.args(["-H", "Connection: close"]);
    }
    for field in browser::fields().filter(|_| request.is_browser) {
        command.args(["-H", field]);
    }
    command.arg(format!("http://{address}{}", request.path));
    let mut guard = Guard::start(command, &workplace.path("wrk.out"))?;
    guard.wait(Duration::from_secs(request.seconds + 10))?;
    let printed = guard.printed();
    parse(&printed).ok_or_else(|| format!("wrk printed no result:\n{printed}").into())
}

/// Reads the line `bench requests=.. bytes=.. ...`.
fn parse(printed: &str) -> Option<Traffic> {
    let line = printed.lines().find_map(|line| line.strip_prefix("bench "))?;
    let number = |name: &str| -> Option<f64> {
        let mut words = line.split_ascii_whitespace();
        words.find_map(|word| word.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
    };
    let errors = ["connect", "read", "write", "timeout", "status"]
        .iter()
        .map(|name| number(name))
        .sum::<Option<f64>>()?;
    Some(Traffic {
        requests: number("requests")? as u64,
        bytes: number("bytes")? as u64,
        seconds: number("us")? / 1e6,
        errors: errors as u64,
        quantiles: Quantiles {
            p50: number("p50")?,
            p99: number("p99")?,
            p999: number("p999")?,
            max: number("max")?,
        },
        unsent: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    const PRINTED: &str = "Running 2s test @ http://127.0.0.1:18990/\n\
        Requests/sec: 124418.48\nTransfer/sec:     24.80MB\n\
        bench requests=261503 bytes=54654127 us=2101802 connect=1 read=2 write=0 timeout=0 \
        status=4 p50=273 p99=1356 p999=6734 max=8813\n";

    #[test]
    fn the_line_is_read() {
        let traffic = parse(PRINTED).unwrap();
        assert_eq!((traffic.requests, traffic.bytes), (261_503, 54_654_127));
        assert_eq!(traffic.errors, 7);
        assert!((traffic.seconds - 2.101_802).abs() < 1e-9);
        assert!((traffic.quantiles.p99 - 1356.0).abs() < 1e-9);
    }

    #[test]
    fn a_missing_line_or_number_is_no_result() {
        assert!(parse("unable to connect\n").is_none());
        assert!(parse("bench requests=1 bytes=2\n").is_none());
    }
}
