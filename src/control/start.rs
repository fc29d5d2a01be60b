//! Starting: everything is made and bound before anything is served, or nothing is.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use proxy_config::model::Config;
use socket2::SockAddr;

use super::certificates::Certificates;
use super::tables::Tables;
use super::{Proxy, cores, limits, resolve, watch_files};
use crate::io::{self, BoundSocket, Claim, Letters, Mailbox, mailbox};
use crate::observe::{Counters, LogRoute, LogWriter, Names, Zone};
use crate::shard::admission::{Admission, Wake};
use crate::shard::{self, Letter, Plan, Report};

/// Starts a proxy; when this returns, every shard accepts.
///
/// # Errors
/// Every reason why it cannot.
pub fn start(config: Config) -> Result<Proxy, Vec<String>> {
    start_as(config, Claim::Alone)
}

/// As [`start`], perhaps beside a process that serves the same addresses.
///
/// # Errors
/// As those of [`start`].
pub(super) fn start_as(config: Config, claim: Claim) -> Result<Proxy, Vec<String>> {
    let config = Arc::new(config);
    limits::raise_descriptors();
    limits::size_descriptor_table(config.global.maxconn);
    let Ready { cores, addresses, bound, log, certificates, tables } = prepare(&config, claim)?;
    let addresses = Arc::new(addresses);
    let (mailboxes, letters) = mailboxes(cores.len()).map_err(one)?;
    let counters = Counters::new(Names::from(&*config), cores.len());
    let admission = Admission::new(&config, Box::new(Everyone(mailboxes.clone())));
    let (report_to, reports) = channel();
    let zone = Arc::new(Zone::local());
    for ((index, core), letters) in cores.iter().enumerate().zip(letters) {
        let plan = Plan {
            index,
            core: *core,
            config: Arc::clone(&config),
            listeners: bound
                .iter()
                .map(|binds| binds.iter().map(|bind| Arc::clone(&bind.per_shard[index])).collect())
                .collect(),
            addresses: Arc::clone(&addresses),
            tls: Arc::clone(&certificates.contexts),
            library: Arc::clone(&tables.library),
            proc_vars: Arc::clone(&tables.proc_vars),
            zone: Arc::clone(&zone),
            logs: routes(&config, &log),
            log: log.shard_sender(),
            counters: Arc::clone(&counters),
            admission: Arc::clone(&admission),
            letters,
            mailboxes: mailboxes.clone(),
            reports: report_to.clone(),
        };
        let thread = std::thread::Builder::new().name(format!("shard-{index}"));
        thread.spawn(move || shard::run(plan)).map_err(one)?;
    }
    await_built(&reports, cores.len())?;
    listen(&config, &bound)?;
    mailboxes.iter().for_each(|mailbox| mailbox.send(Letter::Serve));
    await_serving(&reports, cores.len())?;
    let addresses =
        bound.iter().map(|binds| binds.iter().map(|bind| bind.address.clone()).collect()).collect();
    let alive = cores.len();
    let watch = watch_files(&certificates, &tables, report_to.clone());
    Ok(Proxy {
        counters,
        addresses,
        config,
        log,
        certificates,
        tables,
        watch,
        mailboxes,
        reports,
        report_to,
        alive,
    })
}

/// What must be there before a shard can be made.
struct Ready {
    cores: Vec<usize>,
    /// Index: backend, server.
    addresses: Vec<Vec<SockAddr>>,
    /// Index: frontend, bind.
    bound: Vec<Vec<BoundSocket>>,
    log: LogWriter,
    certificates: Certificates,
    tables: Tables,
}

/// Makes what a shard needs, or tells all that is missing.
fn prepare(config: &Config, claim: Claim) -> Result<Ready, Vec<String>> {
    let cores = cores::choose(&config.global.shards);
    let shards = cores.as_ref().map_or(1, Vec::len);
    let binds = config.frontends.iter().map(|frontend| frontend.binds.len()).sum();
    let mut reasons: Vec<String> = [
        cores.as_ref().err().cloned(),
        limits::check_locked_memory().err(),
        limits::check_descriptors(shards, binds).err(),
        io::probe().err(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let addresses = resolve::servers(config);
    let certificates = Certificates::load(config);
    let tables = Tables::load(config);
    let bound = bind(config, shards, claim);
    let logs = config.frontends.iter().flat_map(|frontend| &frontend.logs);
    let log = LogWriter::start(logs, shards, Arc::new(Zone::local())).map_err(one);
    reasons.extend(addresses.as_ref().err().into_iter().flatten().cloned());
    reasons.extend(certificates.as_ref().err().into_iter().flatten().cloned());
    reasons.extend(tables.as_ref().err().into_iter().flatten().cloned());
    reasons.extend(bound.as_ref().err().into_iter().flatten().cloned());
    reasons.extend(log.as_ref().err().into_iter().flatten().cloned());
    match (cores, addresses, certificates, tables, bound, log) {
        (Ok(cores), Ok(addresses), Ok(certificates), Ok(tables), Ok(bound), Ok(log))
            if reasons.is_empty() =>
        {
            Ok(Ready { cores, addresses, bound, log, certificates, tables })
        }
        _ => Err(reasons),
    }
}

/// Binds every address of every frontend.
pub(super) fn bind(
    config: &Config,
    shards: usize,
    claim: Claim,
) -> Result<Vec<Vec<BoundSocket>>, Vec<String>> {
    let mut reasons = Vec::new();
    let mut frontends = Vec::new();
    for frontend in &config.frontends {
        let mut binds = Vec::new();
        for bind in &frontend.binds {
            match io::bind(&bind.address, shards, claim) {
                Ok(bound) => binds.push(bound),
                Err(reason) => reasons.push(format!("frontend {}: {reason}", frontend.name)),
            }
        }
        frontends.push(binds);
    }
    if reasons.is_empty() { Ok(frontends) } else { Err(reasons) }
}

fn listen(config: &Config, bound: &[Vec<BoundSocket>]) -> Result<(), Vec<String>> {
    let binds = config.frontends.iter().flat_map(|frontend| &frontend.binds);
    let failed = |(bind, bound): (&proxy_config::model::Bind, &BoundSocket)| {
        bound.listen(bind.backlog).err()
    };
    let reasons: Vec<String> = binds.zip(bound.iter().flatten()).filter_map(failed).collect();
    if reasons.is_empty() { Ok(()) } else { Err(reasons) }
}

type Mailboxes = (Vec<Mailbox<Letter>>, Vec<Letters<Letter>>);

fn mailboxes(shards: usize) -> std::io::Result<Mailboxes> {
    (0..shards)
        .map(|_| mailbox())
        .collect::<std::io::Result<Vec<_>>>()
        .map(|all| all.into_iter().unzip())
}

/// Wakes every shard when there is room under `maxconn` again.
#[derive(Debug)]
struct Everyone(Vec<Mailbox<Letter>>);

impl Wake for Everyone {
    fn wake(&self) {
        self.0.iter().for_each(|mailbox| mailbox.send(Letter::Room));
    }
}

/// Where each frontend's lines go.
fn routes(config: &Config, log: &LogWriter) -> Vec<Vec<LogRoute>> {
    let routes = |logs: &[proxy_config::model::Log]| {
        logs.iter().filter_map(|target| log.route(target)).collect()
    };
    config.frontends.iter().map(|frontend| routes(&frontend.logs)).collect()
}

fn await_built(reports: &Receiver<Report>, shards: usize) -> Result<(), Vec<String>> {
    let reasons: Vec<String> = (0..shards)
        .filter_map(|_| match reports.recv() {
            Ok(Report::Built(Ok(()))) => None,
            Ok(Report::Built(Err(reason)) | Report::Ended { result: Err(reason), .. }) => {
                Some(reason)
            }
            _ => Some("a shard ended while it was being built".to_owned()),
        })
        .collect();
    if reasons.is_empty() { Ok(()) } else { Err(reasons) }
}

fn await_serving(reports: &Receiver<Report>, shards: usize) -> Result<(), Vec<String>> {
    for _ in 0..shards {
        if !matches!(reports.recv(), Ok(Report::Serving)) {
            return Err(vec!["a shard ended before it served".to_owned()]);
        }
    }
    Ok(())
}

fn one(error: impl std::fmt::Display) -> Vec<String> {
    vec![error.to_string()]
}
