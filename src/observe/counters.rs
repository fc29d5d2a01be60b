//! Counters with one writer each: a shard counts in a block of its own, anyone may read and sum.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proxy_config::model::Config;

use super::snapshot::Snapshot;

/// A number that one shard writes and anyone reads.
///
/// Having one writer it needs no read-modify-write instruction: a load, an addition, a store.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, amount: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
    }

    /// For gauges, such as how many are current.
    pub fn sub(&self, amount: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_sub(amount), Ordering::Relaxed);
    }

    pub fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Final responses by class of their status: 1xx to 5xx, then what is none of these. A 1xx that
/// ends a stream is 101.
#[derive(Debug, Default)]
pub struct Responses([Counter; 6]);

impl Responses {
    pub fn add(&self, status: u16) {
        let class = match status {
            100..=599 => usize::from(status / 100) - 1,
            _ => 5,
        };
        self.0[class].add(1);
    }

    /// 1xx to 5xx, other.
    pub fn read(&self) -> [u64; 6] {
        self.0.each_ref().map(Counter::read)
    }

    fn merge(&self, from: &Self) {
        self.0.iter().zip(&from.0).for_each(|(sum, part)| sum.add(part.read()));
    }
}

/// What one shard saw of one frontend.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct FrontendCounters {
    /// Client connections accepted.
    pub conns: Counter,
    /// Client connections open now.
    pub current: Counter,
    pub requests: Counter,
    /// Received from clients.
    pub bytes_in: Counter,
    /// Sent to clients.
    pub bytes_out: Counter,
    /// Refused by a rule.
    pub requests_denied: Counter,
    /// `dresp`: responses refused by a rule.
    pub responses_denied: Counter,
    /// `wrew`: edits that rules asked for and that could not be made.
    pub rewrites_failed: Counter,
    /// `ereq`: not valid, not complete in time, or left by the client.
    pub requests_failed: Counter,
    /// `ssl_sess`: handshakes of TLS that went well.
    pub tls_sessions: Counter,
    /// `ssl_reused_sess`: those of them in which an earlier session went on.
    pub tls_resumed: Counter,
    /// `ssl_failed_handshake`.
    pub tls_failed: Counter,
    pub responses: Responses,
}

/// What one shard saw of one backend, or of one server.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Streams.
    pub streams: Counter,
    /// Streams that run now.
    pub current: Counter,
    /// Sent to servers.
    pub bytes_in: Counter,
    /// Received from servers.
    pub bytes_out: Counter,
    /// `econ`: connections that could not be made, after retries.
    pub connect_errors: Counter,
    /// `eresp`: responses that broke off or were not valid.
    pub response_errors: Counter,
    pub retries: Counter,
    pub redispatches: Counter,
    pub responses: Responses,
}

#[derive(Debug, Default)]
#[repr(align(128))]
pub struct BackendCounters {
    pub traffic: Traffic,
    /// Streams answered 503 because no server could be used.
    pub no_server: Counter,
    pub servers: Vec<ServerCounters>,
}

#[derive(Debug, Default)]
#[repr(align(128))]
pub struct ServerCounters {
    pub traffic: Traffic,
    pub checks_passed: Counter,
    pub checks_failed: Counter,
    /// How often it went from up to down.
    pub downs: Counter,
}

impl FrontendCounters {
    fn fields(&self) -> [&Counter; 12] {
        let Self {
            conns,
            current,
            requests,
            bytes_in,
            bytes_out,
            requests_denied,
            responses_denied,
            rewrites_failed,
            requests_failed,
            tls_sessions,
            tls_resumed,
            tls_failed,
            ..
        } = self;
        [
            conns,
            current,
            requests,
            bytes_in,
            bytes_out,
            requests_denied,
            responses_denied,
            rewrites_failed,
            requests_failed,
            tls_sessions,
            tls_resumed,
            tls_failed,
        ]
    }
}

impl Traffic {
    fn merge(&self, from: &Self) {
        merge(&self.fields(), &from.fields());
        self.responses.merge(&from.responses);
    }

    fn fields(&self) -> [&Counter; 8] {
        let Self { streams, current, bytes_in, bytes_out, .. } = self;
        let Self { connect_errors, response_errors, retries, redispatches, .. } = self;
        [
            streams,
            current,
            bytes_in,
            bytes_out,
            connect_errors,
            response_errors,
            retries,
            redispatches,
        ]
    }
}

impl ServerCounters {
    fn fields(&self) -> [&Counter; 3] {
        [&self.checks_passed, &self.checks_failed, &self.downs]
    }
}

fn merge(sums: &[&Counter], parts: &[&Counter]) {
    sums.iter().zip(parts).for_each(|(sum, part)| sum.add(part.read()));
}

/// All that one shard counts. No cache line of it belongs to another shard: its parts are aligned
/// to pairs of lines, which processors fetch together.
#[derive(Debug)]
pub struct ShardCounters {
    /// Indexed like `Config::frontends`.
    pub frontends: Vec<FrontendCounters>,
    /// Indexed like `Config::backends`.
    pub backends: Vec<BackendCounters>,
}

impl ShardCounters {
    fn new(names: &Names) -> Self {
        let backend = |names: &BackendNames| BackendCounters {
            servers: names.servers.iter().map(|_| ServerCounters::default()).collect(),
            ..BackendCounters::default()
        };
        Self {
            frontends: names.frontends.iter().map(|_| FrontendCounters::default()).collect(),
            backends: names.backends.iter().map(backend).collect(),
        }
    }

    fn merge(&self, from: &Self) {
        for (sum, part) in self.frontends.iter().zip(&from.frontends) {
            merge(&sum.fields(), &part.fields());
            sum.responses.merge(&part.responses);
        }
        for (sum, part) in self.backends.iter().zip(&from.backends) {
            sum.traffic.merge(&part.traffic);
            sum.no_server.add(part.no_server.read());
            for (sum, part) in sum.servers.iter().zip(&part.servers) {
                sum.traffic.merge(&part.traffic);
                merge(&sum.fields(), &part.fields());
            }
        }
    }
}

/// What is counted, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    pub frontends: Vec<String>,
    pub backends: Vec<BackendNames>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackendNames {
    pub name: String,
    pub servers: Vec<String>,
}

impl From<&Config> for Names {
    fn from(config: &Config) -> Self {
        Self {
            frontends: config.frontends.iter().map(|frontend| frontend.name.clone()).collect(),
            backends: config
                .backends
                .iter()
                .map(|backend| BackendNames {
                    name: backend.name.clone(),
                    servers: backend.servers.iter().map(|server| server.name.clone()).collect(),
                })
                .collect(),
        }
    }
}

/// The counters of all shards.
#[derive(Debug)]
pub struct Counters {
    names: Names,
    shards: Vec<ShardCounters>,
}

impl Counters {
    pub fn new(names: Names, shards: usize) -> Arc<Self> {
        let shards = (0..shards).map(|_| ShardCounters::new(&names)).collect();
        Arc::new(Self { names, shards })
    }

    pub fn shards(&self) -> usize {
        self.shards.len()
    }

    /// The block of shard `index`, which alone may write to it.
    pub fn shard(&self, index: usize) -> &ShardCounters {
        &self.shards[index]
    }

    /// All shards together. Each number is one that stood; together they are of about one moment.
    pub fn sum(&self) -> Snapshot {
        let totals = ShardCounters::new(&self.names);
        self.shards.iter().for_each(|shard| totals.merge(shard));
        Snapshot::new(self.names.clone(), totals)
    }
}

#[cfg(test)]
#[path = "counters_tests.rs"]
mod tests;
