//! `bench run`: the comparison. Proxies take turns, a fresh process for each measurement, round
//! after round, so that what disturbs the machine disturbs all of them.

mod child;
mod measure;
mod proxy;
mod report;
pub(crate) mod scenario;
mod sink;
mod stamp;
mod stats;
mod syscalls;
mod table;
mod verdict;
mod wrk;

use crate::load::Quantiles;
use crate::machine::{self, Cores};
use crate::{Result, browser, certificate};
use child::Guard;
use measure::Sample;
use proxy::Proxy;
use report::Report;
use scenario::{SCENARIOS, SYSCALLS_SCENARIO, Scenario, Setup};
use sink::Sink;
use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Working directories are named with this and the process id.
const DIR_PREFIX: &str = "corelane-bench-";

/// `bench run`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// One short round, under a minute, as a smoke test; nothing is written
    #[arg(long)]
    quick: bool,
    /// Only this scenario, or `tls` for all over TLS; may be repeated (--list names them)
    #[arg(long = "scenario", value_name = "NAME")]
    scenarios: Vec<String>,
    /// Proxies to run
    #[arg(long, value_delimiter = ',', default_value = "corelane,haproxy,nginx")]
    peers: Vec<String>,
    /// One more proxy, such as an older build; {{CONFIG}}, {{PORT}}, {{ORIGIN}} are filled in
    #[arg(long, value_name = "NAME=COMMAND")]
    also: Vec<String>,
    /// Rounds
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Begin no round that would end later than this
    #[arg(
        long,
        value_name = "N",
        default_value_t = 9.0,
        default_value_if("open_loop", "true", "11")
    )]
    minutes: f64,
    /// Also the open-loop latencies at 50, 70 and 90 % load
    #[arg(long)]
    open_loop: bool,
    /// Where the report goes; by default to bench/results of the repository, after a complete run
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The corelane to measure [default: beside this program]
    #[arg(long, value_name = "FILE")]
    corelane: Option<PathBuf>,
    /// Name the scenarios and stop
    #[arg(long)]
    list: bool,
}

/// What client programs report of one load.
#[derive(Debug)]
pub(crate) struct Traffic {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
    pub(crate) errors: u64,
    pub(crate) quantiles: Quantiles,
    /// Requests of an open loop that were due and never sent.
    pub(crate) unsent: u64,
}

/// Everything that the measurements of a run have in common.
pub(crate) struct Workplace {
    pub(crate) dir: PathBuf,
    pub(crate) cores: Cores,
    pub(crate) sink: Sink,
    origin: Origin,
    /// The one that speaks TLS, where a scenario wants it.
    origin_tls: Option<Origin>,
}

struct Origin {
    address: SocketAddr,
    /// Ends it when dropped.
    _guard: Guard,
}

/// What one scenario has shown of one proxy.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) samples: Vec<Sample>,
    /// Why there is no sample, or not one for each round.
    pub(crate) failures: Vec<String>,
    /// Why the proxy does not take part.
    pub(crate) lacks: Option<String>,
}

/// A run in progress.
struct Run {
    workplace: Workplace,
    proxies: Vec<Proxy>,
    scenarios: Vec<&'static Scenario>,
    quick: bool,
    /// By scenario and proxy.
    records: BTreeMap<(&'static str, String), Record>,
    syscalls: BTreeMap<String, Vec<f64>>,
    rate_max: Option<f64>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.list {
        for scenario in SCENARIOS {
            println!("{:16} {}", scenario.name, scenario.about);
        }
        return Ok(());
    }
    let started = Instant::now();
    let mut run = Run::new(args)?;
    let rounds = run.rounds(args, started)?;
    let report = Report {
        proxies: &run.proxies,
        scenarios: &run.scenarios,
        records: &run.records,
        syscalls: &run.syscalls,
        cores: run.workplace.cores,
        rounds,
        quick: run.quick,
        seconds: started.elapsed().as_secs_f64(),
    };
    let text = report.text()?;
    print!("{text}");
    if let Some(path) = report_path(args)? {
        fs::write(&path, &text)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        println!("\nwritten to {}", path.display());
    }
    match report.faults().len() {
        0 => Ok(()),
        count => Err(format!("{count} errors during the run, listed in the report").into()),
    }
}

/// A report is kept of a complete run only, or where one is asked for.
fn report_path(args: &Args) -> Result<Option<PathBuf>> {
    let is_complete = args.scenarios.is_empty() && args.peers.len() == 3 && args.rounds >= 3;
    if args.quick || (args.out.is_none() && !is_complete) {
        return Ok(None);
    }
    let dir = args.out.clone().unwrap_or_else(stamp::default_dir);
    fs::create_dir_all(&dir).map_err(|error| format!("cannot make {}: {error}", dir.display()))?;
    Ok(Some(stamp::unused_name(&dir)?))
}

impl Run {
    fn new(args: &Args) -> Result<Self> {
        let scenarios = chosen_scenarios(args)?;
        let corelane = match &args.corelane {
            Some(path) => path.clone(),
            None => std::env::current_exe()?.with_file_name("corelane"),
        };
        let also = args.also.iter().map(|text| Proxy::from_command(text));
        let named = args.peers.iter().map(|name| Proxy::find(name.trim(), &corelane));
        let mut proxies = named.chain(also).collect::<Result<Vec<_>>>()?;
        // What is ours comes first: the ratios are its.
        proxies.sort_by_key(|proxy| ["haproxy", "nginx"].contains(&proxy.name.as_str()));
        child::find_program("wrk")?;
        let setups: Vec<Setup> = scenarios.iter().map(|scenario| scenario.setup).collect();
        let workplace = Workplace::new(&setups)?;
        Ok(Self {
            workplace,
            proxies,
            scenarios,
            quick: args.quick,
            records: BTreeMap::new(),
            syscalls: BTreeMap::new(),
            rate_max: None,
        })
    }

    /// Returns how many rounds were made.
    fn rounds(&mut self, args: &Args, started: Instant) -> Result<usize> {
        let rounds = if args.quick { 1 } else { args.rounds.max(1) };
        let limit = Duration::from_secs_f64(args.minutes.max(0.0) * 60.0);
        for round in 0..rounds {
            let round_started = Instant::now();
            for scenario in self.scenarios.clone() {
                eprintln!("round {} of {rounds}: {}", round + 1, scenario.name);
                for index in 0..self.proxies.len() {
                    self.measure(scenario, index)?;
                }
            }
            self.count_syscalls();
            if round + 1 < rounds && started.elapsed() + round_started.elapsed() > limit {
                eprintln!("no time for another round: see --minutes");
                return Ok(round + 1);
            }
        }
        Ok(rounds)
    }

    fn measure(&mut self, scenario: &'static Scenario, index: usize) -> Result<()> {
        let lacks = self.proxies[index].lacks(scenario.setup);
        let outcome = match lacks {
            Some(_) => Err(String::new()),
            None => {
                if scenario.is_open_loop() && self.rate_max.is_none() {
                    self.rate_max = Some(self.slowest_maximum()?);
                }
                self.site(scenario, &self.proxies[index])
                    .measure(scenario)
                    .map_err(|error| error.to_string())
            }
        };
        let key = (scenario.name, self.proxies[index].name.clone());
        let record = self.records.entry(key).or_default();
        match outcome {
            Ok(sample) => record.samples.push(sample),
            Err(_) if lacks.is_some() => record.lacks = lacks,
            Err(error) => {
                eprintln!("  {}: {error}", self.proxies[index].name);
                record.failures.push(error);
            }
        }
        Ok(())
    }

    fn site<'a>(&'a self, scenario: &Scenario, proxy: &'a Proxy) -> measure::Site<'a> {
        let full = (Duration::from_secs(scenario.seconds), Duration::from_millis(300));
        let quick = (Duration::from_millis(500), Duration::from_millis(100));
        let (time, warm_up) = if self.quick { quick } else { full };
        let rate_max = self.rate_max.unwrap_or_default();
        measure::Site { workplace: &self.workplace, proxy, time, warm_up, rate_max }
    }

    /// Requests a second that every proxy of this run can make: from the keep-alive scenario, or
    /// measured now when that is not part of the run.
    fn slowest_maximum(&self) -> Result<f64> {
        let base = SCENARIOS.iter().find(|scenario| scenario.name == SYSCALLS_SCENARIO);
        let base = base.ok_or("the keep-alive scenario is gone")?;
        let mut slowest = f64::INFINITY;
        for proxy in &self.proxies {
            let record = self.records.get(&(base.name, proxy.name.clone()));
            let known: Vec<f64> = record
                .iter()
                .flat_map(|record| &record.samples)
                .map(|sample| sample.rate)
                .collect();
            let rate = match stats::median(&known) {
                Some(rate) => rate,
                None => self.site(base, proxy).measure(base)?.rate,
            };
            slowest = slowest.min(rate);
        }
        Ok(slowest)
    }

    /// A failure to count is no failure of the run: the report says n/a.
    fn count_syscalls(&mut self) {
        let Some(scenario) = self.scenarios.iter().find(|one| one.name == SYSCALLS_SCENARIO) else {
            return;
        };
        for proxy in &self.proxies {
            match measure::count_syscalls(&self.workplace, proxy, scenario) {
                Ok(count) => self.syscalls.entry(proxy.name.clone()).or_default().push(count),
                Err(error) => eprintln!("system calls of {} not counted: {error}", proxy.name),
            }
        }
    }
}

fn chosen_scenarios(args: &Args) -> Result<Vec<&'static Scenario>> {
    for name in &args.scenarios {
        if !SCENARIOS.iter().any(|scenario| scenario.is_meant_by(name)) {
            return Err(format!("no scenario `{name}`; --list names them").into());
        }
    }
    let is_chosen = |scenario: &&Scenario| {
        if args.scenarios.is_empty() {
            let is_quick = !args.quick || scenario.is_quick();
            return is_quick && (args.open_loop || !scenario.is_open_loop());
        }
        args.scenarios.iter().any(|name| scenario.is_meant_by(name))
            || (args.open_loop && scenario.is_open_loop())
    };
    Ok(SCENARIOS.iter().filter(is_chosen).collect())
}

impl Workplace {
    /// Makes a directory, pins this process to the core of the load, and starts sink and origins.
    fn new(setups: &[Setup]) -> Result<Self> {
        machine::raise_descriptor_limit()?;
        let cores = machine::cores()?;
        if cores.load == cores.proxy {
            eprintln!("warning: one core only; proxy and load share it");
        }
        machine::pin_self(cores.load)?;
        remove_stale_dirs();
        let dir = std::env::temp_dir().join(format!("{DIR_PREFIX}{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        fs::write(dir.join("wrk.lua"), include_str!("../../config/wrk.lua"))?;
        fs::write(dir.join(browser::MAP_FILE), browser::map_text())?;
        let sink = Sink::start(&dir.join("log.sock"))?;
        if setups.iter().any(|setup| setup.is_tls()) {
            certificate::make(&dir)?;
        }
        let origin = Origin::start(cores, &dir, None)?;
        let wants_tls = setups.contains(&Setup::TlsToTls);
        let pem = wants_tls.then(|| dir.join(certificate::FILE));
        let origin_tls = pem.map(|pem| Origin::start(cores, &dir, Some(&pem))).transpose()?;
        Ok(Self { dir, cores, sink, origin, origin_tls })
    }

    /// The address of the origin for a setup.
    pub(crate) fn origin(&self, setup: Setup) -> SocketAddr {
        let tls = self.origin_tls.as_ref().filter(|_| setup == Setup::TlsToTls);
        tls.unwrap_or(&self.origin).address
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

impl Origin {
    /// Speaks TLS when it is given a certificate.
    fn start(cores: Cores, dir: &Path, pem: Option<&Path>) -> Result<Self> {
        let mut command = child::pinned(cores.load, std::env::current_exe()?);
        command.args(["origin", "--listen", "127.0.0.1:0"]);
        if let Some(pem) = pem {
            command.arg("--tls").arg(pem);
        }
        let output = if pem.is_some() { "origin-tls.out" } else { "origin.out" };
        let mut guard = Guard::start(command, &dir.join(output))?;
        let address = wait_for_address(&mut guard)?;
        Ok(Self { address, _guard: guard })
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Runs that were killed leave their directories behind.
fn remove_stale_dirs() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(DIR_PREFIX)?.parse::<u32>().ok());
        if pid.is_some_and(|pid| !PathBuf::from(format!("/proc/{pid}")).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Reads the line `listening ADDRESS` that the origin prints.
fn wait_for_address(guard: &mut Guard) -> Result<SocketAddr> {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let printed = guard.printed();
        let line = printed.lines().find_map(|line| line.strip_prefix("listening "));
        if let Some(address) = line.and_then(|address| address.parse().ok()) {
            return Ok(address);
        }
        if guard.has_ended() || Instant::now() > deadline {
            return Err(format!("the origin does not start: {printed}").into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
