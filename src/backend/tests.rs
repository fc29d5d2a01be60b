//! Backends of several shards and the checks of their servers, simulated: random steps from a seed
//! under a clock that is only a number, and what must hold after each.

use std::collections::VecDeque;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use proxy_config::model::{BackendId, Check, Config};
use proxy_config::{Overrides, Source, Surroundings};
use socket2::SockAddr;

use super::health::Health;
use super::{Backend, ServerIndex, Tried};

/// Simulated worlds, each from a seed of its own, and the steps of each.
const WORLDS: u64 = 150;
const STEPS: u32 = 1000;
/// Cycles until a round that was disturbed by failures and retries is regular again.
const SETTLING_CYCLES: u32 = 6;
/// Servers that `Tried` remembers.
const REMEMBERED: ServerIndex = 64;

const HEAD: &str =
    "[frontend.web]\nbind = \"127.0.0.1:0\"\ndefault-backend = \"app\"\n[backend.app]\n";

/// Random numbers from a seed that a failure prints.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

fn load(text: String) -> Arc<Config> {
    let source = Source { name: "simulation".to_owned(), text };
    let surroundings = Surroundings {
        env: &|_| None,
        read_file: &|_| Err(std::io::ErrorKind::NotFound.into()),
        hostname: "",
    };
    let outcome = proxy_config::load(&[source], &Overrides::default(), surroundings);
    Arc::new(outcome.config.unwrap_or_else(|| panic!("{:?}", outcome.diagnostics)))
}

/// A backend whose servers have `keys`, each a line of an inline table.
fn config_of(keys: impl IntoIterator<Item = String>) -> Arc<Config> {
    let mut text = HEAD.to_owned();
    text.push_str("server = [\n");
    for (index, keys) in keys.into_iter().enumerate() {
        let port = 1000 + index;
        writeln!(text, "{{ name = \"s{index}\", address = \"127.0.0.1:{port}\", {keys} }},")
            .unwrap();
    }
    text.push_str("]\n");
    load(text)
}

fn weighted(weights: &[u32]) -> Arc<Config> {
    config_of(weights.iter().map(|weight| format!("weight = {weight}")))
}

fn random_config(random: &mut Random) -> Arc<Config> {
    let (count, weight_max) = match random.below(10) {
        0 => (70, 2),
        1 | 2 => (1 + random.below(8), 256),
        _ => (1 + random.below(8), 4),
    };
    config_of((0..count).map(|_| random_keys(random, weight_max)))
}

fn random_keys(random: &mut Random, weight_max: u64) -> String {
    let mut keys = format!("weight = {}", random.below(weight_max + 1));
    let (backup, disabled) = (random.one_in(4), random.one_in(10));
    write!(keys, ", backup = {backup}, disabled = {disabled}").unwrap();
    if !random.one_in(5) {
        let inter_ms = 100 + random.below(1000);
        let (rise, fall) = (1 + random.below(3), 1 + random.below(4));
        write!(keys, ", check = true, inter = \"{inter_ms}ms\", rise = {rise}, fall = {fall}")
            .unwrap();
    }
    keys
}

fn backend(config: &Arc<Config>, shard: usize) -> Backend {
    let address = SockAddr::from(SocketAddr::from(([127, 0, 0, 1], 80)));
    let addresses = vec![address; config.backends[0].servers.len()];
    Backend::new(config, BackendId(0), &addresses, &[], shard)
}

/// What `rise` and `fall` promise, counted in another way than `Health` does.
struct Streak {
    up: bool,
    /// Checks in a row that spoke against the state.
    against: u32,
    /// No check was good yet: the first bad one is enough.
    unproven: bool,
}

impl Streak {
    fn new() -> Self {
        Self { up: true, against: 0, unproven: true }
    }

    fn record(&mut self, good: bool, check: &Check) -> Option<bool> {
        let needed = match (self.up, self.unproven) {
            (true, true) => 1,
            (true, false) => check.fall,
            (false, _) => check.rise,
        };
        self.unproven &= !good;
        self.against = if good == self.up { 0 } else { self.against + 1 };
        if self.against < needed {
            return None;
        }
        self.against = 0;
        self.unproven = false;
        self.up = good;
        Some(good)
    }
}

/// The checks of one server.
struct Probe {
    check: Check,
    health: Health,
    expected: Streak,
    due_ms: u64,
    /// What a check finds.
    alive: bool,
}

impl Probe {
    fn new(check: &Check) -> Self {
        let health = Health::new(check.rise, check.fall);
        let due_ms = check.inter.as_millis() as u64;
        Self { check: check.clone(), health, expected: Streak::new(), due_ms, alive: true }
    }

    /// Checks once. Returns the server's new state if it changed.
    fn run(&mut self) -> Option<bool> {
        self.due_ms += self.check.inter.as_millis() as u64;
        let verdict = self.health.record(self.alive);
        assert_eq!(verdict, self.expected.record(self.alive, &self.check), "verdict");
        assert_eq!(self.health.is_up(), self.expected.up, "state");
        verdict
    }
}

/// A shard's backend, what it was told, and what it has yet to read.
struct SimulatedShard {
    backend: Backend,
    /// Index: server.
    up: Vec<bool>,
    letters: VecDeque<(ServerIndex, bool)>,
}

impl SimulatedShard {
    fn new(config: &Arc<Config>, shard: usize) -> Self {
        let backend = backend(config, shard);
        let up = vec![true; backend.servers.len()];
        Self { backend, up, letters: VecDeque::new() }
    }

    fn read(&mut self, letters: usize) {
        for (server, up) in self.letters.drain(..letters) {
            self.backend.set_up(server, up);
            self.up[server] = up;
        }
    }

    fn is_usable(&self, server: ServerIndex) -> bool {
        let config = &self.backend.config().servers[server];
        self.up[server] && !config.disabled && config.weight > 0
    }

    /// The usable servers that are backups, or those that are not.
    fn class(&self, backup: bool) -> Vec<ServerIndex> {
        let servers = &self.backend.config().servers;
        let belongs = |server: &ServerIndex| servers[*server].backup == backup;
        (0..servers.len()).filter(belongs).filter(|server| self.is_usable(*server)).collect()
    }

    /// The servers of which a pick must return one; none of them when it must return nothing.
    fn allowed(&self, tried: &[ServerIndex]) -> Vec<ServerIndex> {
        let active = self.class(false);
        let backups = active.is_empty();
        let class = if backups { self.class(true) } else { active };
        let is_fresh = |server: &ServerIndex| *server >= REMEMBERED || !tried.contains(server);
        let fresh: Vec<_> = class.iter().copied().filter(is_fresh).collect();
        let mut allowed = if fresh.is_empty() { class } else { fresh };
        if backups {
            allowed.truncate(1);
        }
        allowed
    }

    /// A stream that needs `attempts` of them.
    fn serve(&self, attempts: usize) {
        let (mut tried, mut servers) = (Tried::default(), Vec::new());
        for _ in 0..attempts {
            let allowed = self.allowed(&servers);
            let Some(picked) = self.backend.pick(tried) else {
                assert!(allowed.is_empty(), "nothing of {allowed:?}, tried {servers:?}");
                return;
            };
            assert!(allowed.contains(&picked), "{picked} of {allowed:?}, tried {servers:?}");
            tried.add(picked);
            servers.push(picked);
        }
    }

    fn check_usability(&self) {
        for server in 0..self.up.len() {
            let usable = self.backend.is_usable(server);
            assert_eq!(usable, self.is_usable(server), "server {server}");
        }
    }

    /// While nothing changes, whole cycles give each usable server exactly its weight.
    fn check_shares(&self) {
        (0..SETTLING_CYCLES).for_each(|_| drop(self.cycle()));
        let expected = self.weights();
        for _ in 0..2 {
            assert_eq!(self.cycle(), expected, "shares");
        }
    }

    /// The active servers' weights, 0 for those that must not be used.
    fn weights(&self) -> Vec<u32> {
        let mut weights = vec![0; self.up.len()];
        for server in self.class(false) {
            weights[server] = self.backend.config().servers[server].weight;
        }
        weights
    }

    /// Serves as many streams as the active servers' weights come to. Returns how many each got.
    fn cycle(&self) -> Vec<u32> {
        let mut got = vec![0; self.up.len()];
        for _ in 0..self.weights().iter().sum() {
            got[self.backend.pick(Tried::default()).unwrap()] += 1;
        }
        got
    }
}

struct World {
    seed: u64,
    step: u32,
    random: Random,
    now_ms: u64,
    /// Index: server; `None` for one without checks.
    probes: Vec<Option<Probe>>,
    shards: Vec<SimulatedShard>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let config = random_config(&mut random);
        let servers = &config.backends[0].servers;
        let probes = servers.iter().map(|server| server.check.as_ref().map(Probe::new)).collect();
        let shards = 1 + random.index(4);
        let shards = (0..shards).map(|shard| SimulatedShard::new(&config, shard)).collect();
        Self { seed, step: 0, random, now_ms: 0, probes, shards }
    }

    fn step(&mut self) {
        let shard = self.random.index(self.shards.len());
        match self.random.below(400) {
            0 => self.shards[shard].check_shares(),
            1..40 => self.fail_or_recover(),
            40..120 => self.pass_time(),
            120..200 => {
                let letters = self.random.index(self.shards[shard].letters.len() + 1);
                self.shards[shard].read(letters);
            }
            200..230 => self.read_all(),
            _ => {
                let attempts_max = if self.random.one_in(10) { 75 } else { 4 };
                self.shards[shard].serve(1 + self.random.index(attempts_max));
            }
        }
        self.check_invariants();
        self.step += 1;
    }

    fn fail_or_recover(&mut self) {
        let server = self.random.index(self.probes.len());
        if let Some(probe) = &mut self.probes[server] {
            probe.alive ^= true;
        }
    }

    /// Lets time pass, and runs the checks that are due then, in the order of their times.
    fn pass_time(&mut self) {
        self.now_ms += self.random.below(800);
        while let Some((server, probe)) = self.next_due() {
            let Some(up) = probe.run() else { continue };
            self.shards.iter_mut().for_each(|shard| shard.letters.push_back((server, up)));
        }
    }

    fn next_due(&mut self) -> Option<(ServerIndex, &mut Probe)> {
        let now_ms = self.now_ms;
        let probes = self.probes.iter_mut().enumerate();
        let probes = probes.filter_map(|(server, probe)| Some((server, probe.as_mut()?)));
        probes.filter(|(_, probe)| probe.due_ms <= now_ms).min_by_key(|(_, probe)| probe.due_ms)
    }

    fn read_all(&mut self) {
        self.shards.iter_mut().for_each(|shard| shard.read(shard.letters.len()));
    }

    fn check_invariants(&self) {
        self.shards.iter().for_each(SimulatedShard::check_usability);
        let current = self.shards.iter().filter(|shard| shard.letters.is_empty());
        for shard in current {
            for (server, probe) in self.probes.iter().enumerate() {
                let up = probe.as_ref().is_none_or(|probe| probe.health.is_up());
                assert_eq!(shard.up[server], up, "server {server} on a shard that read all");
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("SEED={} failed at step {}", self.seed, self.step);
        }
    }
}

#[test]
fn random_steps() {
    for seed in 0..WORLDS {
        let mut world = World::new(seed);
        (0..STEPS).for_each(|_| world.step());
        world.read_all();
        world.check_invariants();
        world.shards.iter().for_each(SimulatedShard::check_shares);
    }
}

/// Wherever in the round a shard begins, each cycle from the first on is exact.
#[test]
fn shares_of_a_fresh_backend() {
    let all_weights: [&[u32]; 7] =
        [&[1], &[1, 1], &[2, 1], &[5, 1, 1], &[256, 1], &[3, 0, 7], &[100, 200, 50, 1]];
    for weights in all_weights {
        let config = weighted(weights);
        for shard in 0..9 {
            let shard = SimulatedShard::new(&config, shard);
            for cycle in 0..3 {
                assert_eq!(shard.cycle(), weights, "cycle {cycle} of {weights:?}");
            }
        }
    }
}

/// Shards begin at different servers, so that few streams on many shards spread too.
#[test]
fn shards_begin_at_different_servers() {
    let config = weighted(&[1, 1, 1]);
    let first = |shard| backend(&config, shard).pick(Tried::default());
    assert_eq!([0, 1, 2, 3].map(first), [Some(0), Some(1), Some(2), Some(0)]);
}

/// Down `fall` intervals after it failed and up `rise` intervals after it recovered; in between it
/// gets nothing, and the others share by their weights.
#[test]
fn flapping_server() {
    const INTER_MS: u64 = 100;
    let check = ", check = true, inter = \"100ms\", rise = 2, fall = 3";
    let keys = [(3, ""), (4, check), (1, "")];
    let config = config_of(keys.map(|(weight, check)| format!("weight = {weight}{check}")));
    let mut shards = [0, 1, 2].map(|shard| SimulatedShard::new(&config, shard));
    let mut probe = Probe::new(config.backends[0].servers[1].check.as_ref().unwrap());
    assert_eq!(probe.run(), None);
    for (alive, checks, shares) in [(false, 3, [3, 0, 1]), (true, 2, [3, 4, 1])].repeat(20) {
        let begun_ms = probe.due_ms;
        probe.alive = alive;
        let verdict = std::iter::from_fn(|| Some(probe.run())).find_map(|verdict| verdict);
        assert_eq!(verdict, Some(alive));
        assert_eq!(probe.due_ms - begun_ms, checks * INTER_MS);
        for shard in &mut shards {
            shard.letters.push_back((1, alive));
            shard.read(1);
            assert!(alive || (0..50).all(|_| shard.backend.pick(Tried::default()) != Some(1)));
            (0..SETTLING_CYCLES).for_each(|_| drop(shard.cycle()));
            assert_eq!(shard.cycle(), shares);
        }
    }
}

/// The first usable backup serves alone, and only while no other server can.
#[test]
fn backups_in_order() {
    let config = config_of(["backup", "disabled", "weight", "backup", "backup"].map(|key| {
        let value = if key == "weight" { "2" } else { "true" };
        format!("{key} = {value}")
    }));
    let shard = SimulatedShard::new(&config, 0);
    // Server, its new state, and who serves then.
    let steps = [
        (2, true, Some(2)),
        (2, false, Some(0)),
        (0, false, Some(3)),
        (3, false, Some(4)),
        (0, true, Some(0)),
        (0, false, Some(4)),
        (4, false, None),
        (1, true, None),
        (3, true, Some(3)),
        (2, true, Some(2)),
    ];
    for (server, up, expected) in steps {
        shard.backend.set_up(server, up);
        for _ in 0..3 {
            assert_eq!(shard.backend.pick(Tried::default()), expected, "after {server} {up}");
        }
    }
}
