//! `bench load`: what wrk cannot do. Closed loop: each connection sends its next request when it
//! has its answer. Open loop: requests are due at a fixed rate, and their latency counts from the
//! time they were due, so that a stall is seen by every request that it delays. Besides: uploads,
//! and idle connections that are held.

mod engine;
pub(crate) mod idle;
pub(crate) mod tls;

pub(crate) use engine::run_plan;

use crate::Result;
use crate::wire::Wire;
use hdrhistogram::Histogram;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// `bench load`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Address of the proxy
    address: SocketAddr,
    /// Connections
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// How long
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Open loop: requests a second, all connections together; closed loop without it
    #[arg(long, value_name = "N")]
    rate: Option<f64>,
    /// Target of the requests
    #[arg(long, default_value = "/")]
    path: String,
    /// Send a body of this many bytes with each request
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    upload: usize,
    /// A connection a request
    #[arg(long)]
    close: bool,
    /// Instead of load: one request on each connection, then hold them idle
    #[arg(long, conflicts_with_all = ["rate", "upload", "close"])]
    idle: bool,
    /// Over TLS, full handshakes, nothing verified
    #[arg(long)]
    tls: bool,
    /// Over TLS, every handshake resumes an earlier one
    #[arg(long)]
    tls_resumed: bool,
    /// Run on this core only
    #[arg(long, value_name = "N")]
    core: Option<usize>,
}

/// What to send, and how.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) time: Duration,
    /// Requests a second; closed loop without it.
    pub(crate) rate: Option<f64>,
    pub(crate) request: Vec<u8>,
    pub(crate) tls: Option<tls::Client>,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
    pub(crate) errors: Errors,
    pub(crate) latency: Latency,
    /// Requests of an open loop that were due but never sent.
    pub(crate) unsent: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Errors {
    pub(crate) connect: u64,
    pub(crate) socket: u64,
    pub(crate) status: u64,
    /// In flight for longer than `engine::PATIENCE` at the end.
    pub(crate) timeout: u64,
}

/// Latencies in nanoseconds, kept to three digits.
pub(crate) struct Latency(Histogram<u64>);

/// Quantiles in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Quantiles {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

impl Errors {
    pub(crate) fn total(&self) -> u64 {
        self.connect + self.socket + self.status + self.timeout
    }
}

impl Latency {
    fn new() -> Result<Self> {
        // From 1 ns to a minute.
        Ok(Self(Histogram::new_with_bounds(1, 60_000_000_000, 3)?))
    }

    fn record(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(crate) fn quantiles(&self) -> Quantiles {
        let at = |quantile| self.0.value_at_quantile(quantile) as f64 / 1e3;
        Quantiles { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: self.0.max() as f64 / 1e3 }
    }
}

/// Connects, and begins TLS where it is wanted: see [`tls::Client::begin`].
fn connect(address: SocketAddr, tls: Option<&tls::Client>, index: usize) -> Result<Wire> {
    let stream = TcpStream::connect(address)
        .map_err(|error| format!("cannot connect to {address}: {error}"))?;
    match tls {
        None => Ok(Wire::Plain(stream)),
        Some(client) => client.begin(stream, index),
    }
}

/// A request as bytes; the body is as long as `upload`.
pub(crate) fn request(path: &str, upload: usize, close: bool) -> Vec<u8> {
    let method = if upload > 0 { "POST" } else { "GET" };
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    if upload > 0 {
        head += &format!("Content-Length: {upload}\r\n");
    }
    if close {
        head += "Connection: close\r\n";
    }
    head += "\r\n";
    let mut bytes = head.into_bytes();
    bytes.resize(bytes.len() + upload, b'u');
    bytes
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if let Some(core) = args.core {
        crate::machine::pin_self(core)?;
    }
    crate::machine::raise_descriptor_limit()?;
    let time = Duration::from_secs(args.seconds);
    let tls = args.tls_client()?;
    if args.idle {
        let mut held = idle::Held::open(args.address, tls.as_ref(), args.connections)?;
        println!("{} idle connections, held for {} s", held.count(), args.seconds);
        std::thread::sleep(time);
        println!("{} of them still open", held.count_open());
        return Ok(());
    }
    let plan = Plan {
        address: args.address,
        connections: args.connections,
        time,
        rate: args.rate,
        request: request(&args.path, args.upload, args.close),
        tls,
    };
    let outcome = run_plan(&plan)?;
    print_outcome(&outcome);
    Ok(())
}

impl Args {
    fn tls_client(&self) -> Result<Option<tls::Client>> {
        if self.tls_resumed {
            return tls::Client::resuming(self.address, self.connections).map(Some);
        }
        self.tls.then(tls::Client::full).transpose()
    }
}

fn print_outcome(outcome: &Outcome) {
    let Quantiles { p50, p99, p999, max } = outcome.latency.quantiles();
    let rate = outcome.requests as f64 / outcome.seconds;
    let mib = outcome.bytes as f64 / outcome.seconds / f64::from(1 << 20);
    println!("{} requests in {:.2} s", outcome.requests, outcome.seconds);
    println!("{rate:.0} requests/s, {mib:.1} MiB/s received");
    println!("latency us: p50 {p50:.1}, p99 {p99:.1}, p99.9 {p999:.1}, max {max:.1}");
    println!("{:?}, {} due and never sent", outcome.errors, outcome.unsent);
}

#[cfg(test)]
mod tests {
    use super::{Latency, request};
    use std::time::Duration;

    #[test]
    fn requests_as_bytes() {
        assert_eq!(request("/", 0, false), b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        let upload = request("/a", 3, true);
        assert!(upload.starts_with(b"POST /a HTTP/1.1\r\n"));
        assert!(upload.ends_with(b"Content-Length: 3\r\nConnection: close\r\n\r\nuuu"));
    }

    #[test]
    fn quantiles_are_microseconds() {
        let mut latency = Latency::new().unwrap();
        for ms in 1..=1000 {
            latency.record(Duration::from_millis(ms));
        }
        let quantiles = latency.quantiles();
        assert!((quantiles.p50 / 500_000.0 - 1.0).abs() < 0.01, "{quantiles:?}");
        assert!((quantiles.p99 / 990_000.0 - 1.0).abs() < 0.01, "{quantiles:?}");
        assert!((quantiles.max / 1_000_000.0 - 1.0).abs() < 0.01, "{quantiles:?}");
    }
}
