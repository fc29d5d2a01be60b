//! Which server is next: smooth weighted round robin (the interleaving that nginx made known).
//!
//! Each pick gives every usable server its weight, takes the one that has most, and charges it the
//! sum. Servers of weight 2 and 1 so alternate as a b a rather than a a b.

/// Round-robin state of one backend on one shard.
#[derive(Debug, Clone)]
pub struct RoundRobin {
    /// Index: server.
    credits: Vec<i64>,
}

impl RoundRobin {
    pub fn new(servers: usize) -> Self {
        Self { credits: vec![0; servers] }
    }

    /// The next server; `weight_of` is 0 for one that must not be used now. `None` when all are.
    pub fn pick(&mut self, weight_of: impl Fn(usize) -> u32) -> Option<usize> {
        let mut best: Option<usize> = None;
        let mut total = 0;
        for server in 0..self.credits.len() {
            let weight = i64::from(weight_of(server));
            if weight == 0 {
                continue;
            }
            total += weight;
            self.credits[server] += weight;
            if best.is_none_or(|best| self.credits[server] > self.credits[best]) {
                best = Some(server);
            }
        }
        self.credits[best?] -= total;
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picks(weights: &[u32], count: usize) -> Vec<usize> {
        let mut robin = RoundRobin::new(weights.len());
        (0..count).map_while(|_| robin.pick(|server| weights[server])).collect()
    }

    #[test]
    fn interleaves_by_weight() {
        assert_eq!(picks(&[1, 1], 4), [0, 1, 0, 1]);
        assert_eq!(picks(&[2, 1], 6), [0, 1, 0, 0, 1, 0]);
        assert_eq!(picks(&[5, 1, 1], 7), [0, 0, 1, 0, 2, 0, 0]);
        assert_eq!(picks(&[0, 0], 3), []);
        assert_eq!(picks(&[], 3), []);
        assert_eq!(picks(&[0, 3, 0], 2), [1, 1]);
    }

    /// Over any window of one cycle each server gets exactly its weight, whatever the weights.
    #[test]
    fn a_cycle_gives_each_its_weight() {
        let mut seed = 42_u32;
        for case in 0..200 {
            let weights: Vec<u32> = (0..1 + case % 9)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 16) % 257
                })
                .collect();
            let total: u32 = weights.iter().sum();
            let picks = picks(&weights, total as usize);
            for (server, weight) in weights.iter().enumerate() {
                let got = picks.iter().filter(|picked| **picked == server).count();
                assert_eq!(got as u32, *weight, "server {server} of {weights:?}");
            }
        }
    }

    /// A server that goes away and comes back disturbs nobody for longer than a cycle.
    #[test]
    fn survives_servers_that_come_and_go() {
        let mut robin = RoundRobin::new(3);
        for round in 0..1000 {
            let weight_of = |server| if server == 2 && round % 7 < 3 { 0 } else { 10 };
            let picked = robin.pick(weight_of).unwrap();
            assert!(weight_of(picked) > 0);
            assert!(robin.credits.iter().all(|credit| credit.abs() <= 30), "{robin:?}");
        }
    }
}
