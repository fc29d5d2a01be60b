//! What the operating system knows: cores, limits, and what a process has used.

use crate::Result;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// Clock ticks of /proc/PID/stat are 100 a second on every Linux architecture that we meet.
const TICK_NS: u64 = 10_000_000;

/// The core of the proxy, and the core of load and origin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cores {
    pub(crate) proxy: usize,
    pub(crate) load: usize,
}

/// Chooses the first two cores that this process may use; with a single one, both are that one.
pub(crate) fn cores() -> Result<Cores> {
    let set = sched_getaffinity(None)?;
    let mut usable = (0..CpuSet::MAX_CPU).filter(|&core| set.is_set(core));
    let proxy = usable.next().ok_or("no usable core")?;
    Ok(Cores { proxy, load: usable.next().unwrap_or(proxy) })
}

/// Keeps the calling thread, and what it starts from now on, on one core.
pub(crate) fn pin_self(core: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set)
        .map_err(|error| format!("cannot run on core {core}: {error}").into())
}

/// Raises the soft limit of file descriptors to the hard one; children inherit it.
pub(crate) fn raise_descriptor_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    Ok(())
}

/// A process with all its descendants, since nginx works in a child.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) pids: Vec<u32>,
}

/// CPU time that the threads of a process tree have used until now.
#[derive(Debug)]
pub(crate) struct CpuClock {
    /// Nanoseconds by thread.
    threads: BTreeMap<u32, u64>,
    /// Time that threads were ready to run and another ran: somebody else is on their core.
    waited_ns: u64,
    /// Threads that have ended included, but only to the tick.
    total_ns: u64,
}

impl Tree {
    pub(crate) fn of(root: u32) -> Self {
        let parents: Vec<(u32, u32)> = numbered_entries("/proc")
            .filter_map(|pid| Some((pid, parse_stat(&read(&format!("/proc/{pid}/stat"))?)?.parent)))
            .collect();
        let mut known = BTreeSet::from([root]);
        // A parent can have a higher number than its child, so repeat until nothing is new.
        loop {
            let before = known.len();
            let found: Vec<u32> = parents
                .iter()
                .filter(|(_, parent)| known.contains(parent))
                .map(|(pid, _)| *pid)
                .collect();
            known.extend(found);
            if known.len() == before {
                return Self { pids: known.into_iter().collect() };
            }
        }
    }

    pub(crate) fn cpu(&self) -> CpuClock {
        let mut clock = CpuClock { threads: BTreeMap::new(), waited_ns: 0, total_ns: 0 };
        for pid in &self.pids {
            for thread in numbered_entries(&format!("/proc/{pid}/task")) {
                let text = read(&format!("/proc/{pid}/task/{thread}/schedstat"));
                if let Some((ran_ns, waited_ns)) = text.and_then(|text| parse_schedstat(&text)) {
                    clock.threads.insert(thread, ran_ns);
                    clock.waited_ns += waited_ns;
                }
            }
            let stat = read(&format!("/proc/{pid}/stat")).and_then(|text| parse_stat(&text));
            clock.total_ns += stat.map_or(0, |stat| stat.ticks * TICK_NS);
        }
        clock
    }

    /// Resident memory in KiB: exact from `smaps_rollup`, else from `status`.
    pub(crate) fn resident_kib(&self) -> u64 {
        let of_one = |pid: &u32| {
            read(&format!("/proc/{pid}/smaps_rollup"))
                .and_then(|text| parse_kib(&text, "Rss:"))
                .or_else(|| parse_kib(&read(&format!("/proc/{pid}/status"))?, "VmRSS:"))
        };
        self.pids.iter().filter_map(of_one).sum()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.pids.iter().all(|pid| {
            let stat = read(&format!("/proc/{pid}/stat")).and_then(|text| parse_stat(&text));
            stat.is_some_and(|stat| stat.state != 'Z')
        })
    }
}

impl CpuClock {
    /// What was used since `earlier`. Threads that ended in between are missing from the exact
    /// sum; the sum in ticks has them, and wins when it is larger by more than its rounding.
    pub(crate) fn ns_since(&self, earlier: &Self) -> u64 {
        let exact: u64 = self
            .threads
            .iter()
            .map(|(thread, ns)| ns.saturating_sub(*earlier.threads.get(thread).unwrap_or(&0)))
            .sum();
        let in_ticks = self.total_ns.saturating_sub(earlier.total_ns);
        exact.max(in_ticks.saturating_sub(3 * TICK_NS))
    }

    pub(crate) fn waited_ns_since(&self, earlier: &Self) -> u64 {
        self.waited_ns.saturating_sub(earlier.waited_ns)
    }
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}

fn numbered_entries(directory: &str) -> impl Iterator<Item = u32> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

struct Stat {
    state: char,
    parent: u32,
    /// User and system time.
    ticks: u64,
}

fn parse_stat(text: &str) -> Option<Stat> {
    // The name in parentheses may hold spaces and parentheses: count from the last one.
    let mut fields = text.get(text.rfind(')')? + 1..)?.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let user: u64 = fields.nth(9)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Stat { state, parent, ticks: user + system })
}

/// Nanoseconds that a thread ran, and that it waited to run.
fn parse_schedstat(text: &str) -> Option<(u64, u64)> {
    let mut fields = text.split_ascii_whitespace();
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// The number of a `Name:   123 kB` line.
fn parse_kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// The model name of the processor, for the report.
pub(crate) fn processor() -> String {
    let text = read("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let name = model.map_or("unknown processor", |(_, name)| name);
    let count = text.lines().filter(|line| line.starts_with("processor")).count();
    format!("{count} x {name}")
}

#[cfg(test)]
mod tests {
    use super::{CpuClock, TICK_NS, Tree, parse_kib, parse_schedstat, parse_stat};

    const STAT: &str = "4242 (odd) name)) S 17 4242 4242 0 -1 4194560 100 0 0 0 12 34 0 0 20 0 3 0";

    #[test]
    fn stat_survives_odd_names() {
        let stat = parse_stat(STAT).unwrap();
        assert_eq!((stat.state, stat.parent, stat.ticks), ('S', 17, 46));
        assert!(parse_stat("4242 (name").is_none());
        assert!(parse_stat("4242 (name) S 1").is_none());
    }

    #[test]
    fn schedstat_and_memory() {
        assert_eq!(parse_schedstat("948492 258655 3\n"), Some((948_492, 258_655)));
        assert_eq!(parse_schedstat(""), None);
        assert_eq!(parse_kib("Name:\tx\nVmRSS:\t   2048 kB\n", "VmRSS:"), Some(2048));
        assert_eq!(parse_kib("Name:\tx\n", "VmRSS:"), None);
    }

    #[test]
    fn cpu_of_threads_that_came_and_went() {
        let clock = |threads: &[(u32, u64)], total_ns| CpuClock {
            threads: threads.iter().copied().collect(),
            waited_ns: 0,
            total_ns,
        };
        let before = clock(&[(1, 100), (2, 500)], 0);
        let after = clock(&[(1, 300), (3, 50)], 0);
        assert_eq!(after.ns_since(&before), 250);
        let after = clock(&[(1, 300)], 100 * TICK_NS);
        assert_eq!(after.ns_since(&before), 97 * TICK_NS);
    }

    #[test]
    fn this_process_has_used_time_and_memory() {
        let tree = Tree::of(std::process::id());
        assert!(tree.is_running());
        assert!(tree.resident_kib() > 0);
        assert!(tree.cpu().threads.values().sum::<u64>() > 0);
    }
}
