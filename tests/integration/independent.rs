//! What arrives behind the proxy, read by a parser that shares nothing with it: exactly the
//! messages that the proxy thought it forwarded.
//!
//! Peers send thousands of generated messages, many of them broken. The proxy's own parser, run
//! here on the same bytes, and its access log say what it thought; h11 reads what came out. The
//! cases are the same every time; `SEED=7` in the environment makes others.

mod generate;
mod h11;
mod meaning;
mod requests;
mod responses;

/// Shown when a test fails.
struct Seed(u64);

impl Seed {
    fn of_environment() -> Self {
        let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
        Self(seed.unwrap_or(1))
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("SEED={}", self.0);
        }
    }
}

/// Runs `work` for each number below `count`, several at a time. Returns the results in order.
fn in_parallel<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let take = || next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let run = || std::iter::repeat_with(take).take_while(|index| *index < count);
    let mut results: Vec<(usize, T)> = std::thread::scope(|scope| {
        let worker = || run().map(|index| (index, work(index))).collect::<Vec<_>>();
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

const WORKERS: usize = 8;
