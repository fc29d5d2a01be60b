//! How busy the other shards are, for the log's connection counts: read from their counters now and
//! then, since asking all of them for each line would cost more the more cores there are.

use crate::observe::{Counters, ShardCounters};

/// How old the numbers of other shards may be.
const AGE_MAX_MS: u64 = 50;

/// Sums of the gauges of all other shards.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    read_ms: u64,
    pub frontends: Vec<u64>,
    pub backends: Vec<u64>,
    /// Index: backend, server.
    pub servers: Vec<Vec<u64>>,
}

impl Elsewhere {
    /// Reads the others' gauges again if that was too long ago.
    pub(super) fn refresh(&mut self, counters: &Counters, own: usize, now_ms: u64) {
        if self.read_ms != 0 && now_ms < self.read_ms + AGE_MAX_MS {
            return;
        }
        let shape = counters.shard(own);
        let sum = |read: &dyn Fn(&ShardCounters) -> u64| -> u64 {
            let others = (0..counters.shards()).filter(|shard| *shard != own);
            others.map(|shard| read(counters.shard(shard))).sum()
        };
        self.read_ms = now_ms;
        self.frontends = (0..shape.frontends.len())
            .map(|index| sum(&|shard| shard.frontends[index].current.read()))
            .collect();
        self.backends = (0..shape.backends.len())
            .map(|index| sum(&|shard| shard.backends[index].traffic.current.read()))
            .collect();
        let servers = |backend: usize| {
            (0..shape.backends[backend].servers.len()).map(move |server| (backend, server))
        };
        self.servers = (0..shape.backends.len())
            .map(|backend| {
                let read = |(backend, server): (usize, usize)| {
                    sum(&|shard| shard.backends[backend].servers[server].traffic.current.read())
                };
                servers(backend).map(read).collect()
            })
            .collect();
    }
}
