//! The main thread: starts the shards, waits for signals, drains, and sees that all ended well.

mod certificates;
mod cores;
mod files;
mod limits;
mod logs;
mod resolve;
mod start;
mod tables;
mod watch;

use std::io::Write;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use proxy_config::model::Config;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;

use certificates::Certificates;
use tables::Tables;
use watch::Watch;

use crate::io::{BoundSocket, Claim, Mailbox, instant};
use crate::observe::{Counters, LogWriter};
use crate::shard::{Letter, Report};
use std::sync::Arc;

pub use files::read_file;
pub use start::start;

/// What a signal to read anew does.
const REREAD: &str = "log files are reopened; certificates, maps and files of patterns are read \
    anew; a changed configuration is not: that takes another process";

/// How long after the deadline of a drain the shards may take to end.
const END_GRACE: Duration = Duration::from_secs(2);
/// How long the last log lines may take.
const LOG_GRACE: Duration = Duration::from_secs(2);

/// A proxy that serves.
pub struct Proxy {
    pub counters: Arc<Counters>,
    /// Index: frontend, bind.
    pub addresses: Vec<Vec<String>>,
    config: Arc<Config>,
    log: LogWriter,
    certificates: Certificates,
    tables: Tables,
    /// `None`: files do not change, or nobody notices.
    watch: Option<Watch>,
    mailboxes: Vec<Mailbox<Letter>>,
    reports: Receiver<Report>,
    report_to: Sender<Report>,
    /// Shards that run.
    alive: usize,
}

/// Serves a configuration until a signal ends it.
pub fn run(config: Config) -> ExitCode {
    run_then(config, Claim::Alone, || {}, || {})
}

/// Serves a configuration until a signal ends it; calls `ready` once every shard accepts, and
/// `announced` when that was printed.
pub fn run_then(
    config: Config,
    claim: Claim,
    ready: impl FnOnce(),
    announced: impl FnOnce(),
) -> ExitCode {
    let proxy = match start::start_as(config, claim) {
        Ok(proxy) => proxy,
        Err(reasons) => return refuse(&reasons),
    };
    // Before anybody is told that it runs, and may stop it.
    if let Err(error) = proxy.heed_signals() {
        return refuse(&[format!("cannot handle signals: {error}")]);
    }
    ready();
    proxy.print_addresses();
    announced();
    proxy.serve()
}

/// What can be verified without serving; with `bind`, whether every address is free.
///
/// # Errors
/// Every reason why the configuration would not start.
pub fn verify(config: &Config, bind: bool) -> Result<(), Vec<String>> {
    let mut reasons = Vec::new();
    if let Err(reason) = cores::choose(&config.global.shards) {
        reasons.push(reason);
    }
    if let Err(unresolved) = resolve::servers(config) {
        reasons.extend(unresolved);
    }
    reasons.extend(Certificates::load(config).err().into_iter().flatten());
    reasons.extend(Tables::load(config).err().into_iter().flatten());
    reasons.extend(logs::check(config));
    if bind {
        match start::bind(config, 1, Claim::Alone) {
            Ok(bound) => bound.iter().flatten().for_each(BoundSocket::forget),
            Err(unbound) => reasons.extend(unbound),
        }
    }
    if reasons.is_empty() { Ok(()) } else { Err(reasons) }
}

/// Prints why nothing runs.
pub fn refuse(reasons: &[String]) -> ExitCode {
    for reason in reasons {
        eprintln!("error: {reason}");
    }
    ExitCode::FAILURE
}

/// How a proxy that served came to its end.
#[derive(Debug, Default)]
struct Ending {
    /// Print the counters.
    report: bool,
    failed: bool,
}

impl Proxy {
    /// The contract's lines: one for each bound address, then `ready`.
    fn print_addresses(&self) {
        let shards = self.mailboxes.len();
        let mut lines = String::new();
        for (frontend, addresses) in self.config.frontends.iter().zip(&self.addresses) {
            for address in addresses {
                let name = &frontend.name;
                lines += &format!("listening frontend={name} address={address} shards={shards}\n");
            }
        }
        // Whoever started the proxy may not care.
        let _ = writeln!(std::io::stdout(), "{lines}ready");
    }

    /// Has signals end the proxy from now on.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn heed_signals(&self) -> std::io::Result<()> {
        watch_signals(self.report_to.clone())
    }

    /// Serves until a signal, then drains.
    pub fn serve(mut self) -> ExitCode {
        let ending = self.wait_for_end();
        let ended_well = self.drain();
        if ending.report {
            println!("{}", self.counters.sum());
        }
        let dropped = self.log.dropped();
        if dropped > 0 {
            eprintln!("warning: {dropped} log lines were dropped");
        }
        self.log.stop(LOG_GRACE);
        if ended_well && !ending.failed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn wait_for_end(&mut self) -> Ending {
        while let Ok(report) = self.reports.recv() {
            match report {
                // What asks a master of HAProxy to read its configuration asks for this much here.
                Report::Signal(SIGHUP | SIGUSR2) => {
                    self.log.reopen();
                    eprintln!("{REREAD}");
                    self.renew_certificates();
                    self.renew_tables();
                }
                Report::Certificates => self.renew_certificates(),
                Report::Tables => self.renew_tables(),
                Report::Signal(signal) => {
                    return Ending { report: signal == SIGUSR1, failed: false };
                }
                Report::Ended { shard, result, .. } => {
                    self.alive -= 1;
                    let reason = result.err().unwrap_or_else(|| "it stopped".to_owned());
                    eprintln!("error: shard {shard} is gone: {reason}; draining the others");
                    return Ending { report: false, failed: true };
                }
                Report::Built(_) | Report::Killed { .. } | Report::Serving => {}
            }
        }
        Ending { report: false, failed: true }
    }

    fn renew_certificates(&mut self) {
        let contexts = self.certificates.reload(&self.config);
        if let Some(watch) = &self.watch {
            watch.set_paths(CERTIFICATES, self.certificates.paths.clone());
        }
        self.mailboxes.iter().for_each(|mailbox| mailbox.send(Letter::Tls(Arc::clone(&contexts))));
    }

    fn renew_tables(&mut self) {
        let Some(library) = self.tables.reload(&self.config) else { return };
        let letter = Letter::Library(library);
        self.mailboxes.iter().for_each(|mailbox| mailbox.send(letter.clone()));
    }

    /// Has the shards finish what they do. Returns whether all ended in time.
    pub fn drain(&mut self) -> bool {
        let within = self.config.global.hard_stop_after;
        let within_ms = within.as_millis() as u64;
        self.mailboxes.iter().for_each(|mailbox| mailbox.send(Letter::Drain { within_ms }));
        let deadline = instant() + within + END_GRACE;
        while self.alive > 0 {
            match self.reports.recv_timeout(deadline.saturating_duration_since(instant())) {
                Ok(Report::Ended { shard, left, result }) => {
                    self.alive -= 1;
                    tell_ended(shard, &left, result);
                }
                Ok(Report::Killed { shard, sessions }) => {
                    eprintln!("shard {shard} cut off {sessions} sessions at hard-stop-after");
                }
                Ok(Report::Signal(SIGTERM | SIGINT)) => {
                    eprintln!("told to stop twice: not waiting for the drain");
                    return true;
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    eprintln!("error: {} shards did not end in time", self.alive);
                    return false;
                }
            }
        }
        true
    }
}

fn tell_ended(shard: usize, left: &crate::io::Usage, result: Result<(), String>) {
    if let Err(reason) = result {
        eprintln!("error: shard {shard}: {reason}");
    }
    if left.panics > 0 {
        eprintln!("error: shard {shard}: {} tasks panicked; please report it", left.panics);
    }
    let (sockets, buffers, tasks) = (left.sockets, left.buffers, left.tasks);
    if sockets + buffers + tasks > 0 {
        eprintln!(
            "shard {shard} left behind {sockets} connections, {buffers} buffers, {tasks} tasks"
        );
    }
}

/// Groups of files that are watched.
const CERTIFICATES: usize = 0;
const TABLES: usize = 1;

/// Has changes of files reported from now on.
fn watch_files(
    certificates: &Certificates,
    tables: &Tables,
    reports: Sender<Report>,
) -> Option<Watch> {
    let mut groups = vec![Vec::new(); 2];
    groups[CERTIFICATES].clone_from(&certificates.paths);
    groups[TABLES] = tables.paths();
    if groups.iter().all(Vec::is_empty) {
        return None;
    }
    let tell = move |group| {
        let report = if group == CERTIFICATES { Report::Certificates } else { Report::Tables };
        // Nobody listens any more when the process ends.
        let _ = reports.send(report);
    };
    Watch::start(groups, tell)
        .inspect_err(|error| {
            eprintln!("warning: changed files will not be noticed, only on SIGHUP: {error}");
        })
        .ok()
}

/// Has signals reported from now on.
fn watch_signals(reports: Sender<Report>) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2])?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            if reports.send(Report::Signal(signal)).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}
