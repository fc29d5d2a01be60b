//! One measurement: start a proxy, warm it up, load it, and see what it has used.

use super::proxy::{Proxy, Running};
use super::scenario::{Client, Figure, Handshake, Scenario, Setup};
use super::wrk::{self, Request};
use super::{Traffic, Workplace, syscalls};
use crate::load::idle::Held;
use crate::load::{self, Plan, Quantiles, tls};
use crate::{Result, browser};
use std::time::Duration;

/// The least that wrk can be asked for.
const WRK_SECONDS_MIN: u64 = 1;
/// Memory is read, and log lines are counted, this long after the last request.
const SETTLE: Duration = Duration::from_millis(300);

/// Where and how long one measurement takes place.
pub(crate) struct Site<'a> {
    pub(crate) workplace: &'a Workplace,
    pub(crate) proxy: &'a Proxy,
    pub(crate) time: Duration,
    pub(crate) warm_up: Duration,
    /// What an open loop takes its per cent of.
    pub(crate) rate_max: f64,
}

/// What one measurement has shown.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// In the unit of the scenario's figure.
    pub(crate) value: f64,
    pub(crate) cpu_us_per_request: f64,
    /// Requests a second.
    pub(crate) rate: f64,
    pub(crate) quantiles: Option<Quantiles>,
    pub(crate) resident_kib: u64,
    /// Part of its core that the proxy has used.
    pub(crate) busy: f64,
    /// Part of the time that it was ready to run and others had its core.
    pub(crate) waited: f64,
    pub(crate) errors: u64,
    pub(crate) unsent: u64,
    /// Log lines that arrived, for each request; `None` where the log is off.
    pub(crate) logged: Option<f64>,
}

impl Site<'_> {
    pub(crate) fn measure(&self, scenario: &Scenario) -> Result<Sample> {
        let running = self.proxy.start(scenario.setup, self.workplace)?;
        if let Client::Idle { connections } = scenario.client {
            return hold_idle(&running, connections);
        }
        let warmed = self.warm_up(&running, scenario.client)?;
        let tls = running.tls_client(scenario.client)?;
        let logged_before = self.workplace.sink.lines();
        let before = running.tree.cpu();
        let traffic = self.load(&running, scenario.client, tls)?;
        let after = running.tree.cpu();
        let cpu_ns = after.ns_since(&before) as f64;
        if !running.tree.is_running() {
            return Err("it ended under load".into());
        }
        if traffic.requests <= scenario.client.connections() as u64 {
            return Err(format!(
                "it stopped answering after {} requests, {} errors",
                traffic.requests, traffic.errors
            )
            .into());
        }
        let requests = traffic.requests as f64;
        let mut sample = Sample {
            value: 0.0,
            cpu_us_per_request: cpu_ns / 1e3 / requests,
            rate: requests / traffic.seconds,
            quantiles: Some(traffic.quantiles),
            resident_kib: running.tree.resident_kib(),
            busy: cpu_ns / 1e9 / traffic.seconds,
            waited: after.waited_ns_since(&before) as f64 / 1e9 / traffic.seconds,
            errors: traffic.errors,
            unsent: traffic.unsent,
            logged: None,
        };
        sample.value = match scenario.figure {
            Figure::CpuPerMib => cpu_ns / 1e3 / (traffic.bytes as f64 / f64::from(1 << 20)),
            Figure::P50 => traffic.quantiles.p50,
            Figure::P99 => traffic.quantiles.p99,
            _ => sample.cpu_us_per_request,
        };
        if matches!(scenario.setup, Setup::Log | Setup::LogSyslog) {
            let logged = self.lines_logged(running, logged_before, warmed);
            sample.logged = Some(logged / requests);
        }
        Ok(sample)
    }

    /// Returns how many requests it took.
    fn warm_up(&self, running: &Running, client: Client) -> Result<u64> {
        let outcome = load::run_plan(&Plan {
            address: running.address,
            connections: client.connections(),
            time: self.warm_up,
            rate: None,
            request: client.request(),
            tls: running.tls_client(client)?,
        })?;
        Ok(outcome.requests)
    }

    fn load(&self, running: &Running, client: Client, tls: Option<tls::Client>) -> Result<Traffic> {
        let rate = match client {
            Client::Wrk { .. } | Client::Browser { .. } => {
                let seconds = self.time.as_secs().max(WRK_SECONDS_MIN);
                let request = client.wrk(seconds).ok_or("no load of wrk's")?;
                return wrk::run(self.workplace, running.address, &request);
            }
            Client::OpenLoop { percent, .. } => Some(self.rate_max * f64::from(percent) / 100.0),
            _ => None,
        };
        let outcome = load::run_plan(&Plan {
            address: running.address,
            connections: client.connections(),
            time: self.time,
            rate,
            request: client.request(),
            tls,
        })?;
        Ok(Traffic {
            requests: outcome.requests,
            bytes: outcome.bytes,
            seconds: outcome.seconds,
            errors: outcome.errors.total(),
            quantiles: outcome.latency.quantiles(),
            unsent: outcome.unsent,
        })
    }

    /// Stops the proxy, which makes it write what it still holds, and counts the lines in its file
    /// or, where there is none, at the sink.
    fn lines_logged(&self, running: Running, sink_before: u64, warmed: u64) -> f64 {
        let file = running.log_file.clone();
        drop(running);
        std::thread::sleep(SETTLE);
        match std::fs::read(&file) {
            Ok(text) if !text.is_empty() => {
                let lines = text.iter().filter(|&&byte| byte == b'\n').count() as u64;
                lines.saturating_sub(warmed) as f64
            }
            _ => (self.workplace.sink.lines() - sink_before) as f64,
        }
    }
}

impl Client {
    /// What wrk is asked to do, if it makes this load.
    fn wrk(self, seconds: u64) -> Option<Request<'static>> {
        match self {
            Self::Wrk { connections, path, close } => {
                Some(Request { connections, path, close, seconds, is_browser: false })
            }
            Self::Browser { connections } => Some(Request {
                connections,
                path: browser::target(),
                close: false,
                seconds,
                is_browser: true,
            }),
            _ => None,
        }
    }

    /// What our own load sends; for wrk, which has its own way to close, in the warm-up only.
    fn request(self) -> Vec<u8> {
        match self {
            Self::Wrk { path, .. } => load::request(path, 0, false),
            Self::Browser { .. } => browser::REQUEST.into(),
            Self::Upload { bytes, .. } => load::request("/", bytes, false),
            Self::Tls { path, handshake, .. } => {
                load::request(path, 0, handshake != Handshake::Once)
            }
            _ => load::request("/", 0, false),
        }
    }
}

impl Running {
    /// Fetches the tickets that a load begins with, which is no part of what is measured.
    fn tls_client(&self, client: Client) -> Result<Option<tls::Client>> {
        match client {
            Client::Tls { connections, handshake: Handshake::Resumed, .. } => {
                tls::Client::resuming(self.address, connections).map(Some)
            }
            _ => Ok(self.tls.clone()),
        }
    }
}

fn hold_idle(running: &Running, connections: usize) -> Result<Sample> {
    // What the first connections cost once is no cost of a connection.
    let tls = running.tls.as_ref();
    drop(Held::open(running.address, tls, 64)?);
    std::thread::sleep(SETTLE);
    let before = running.tree.resident_kib();
    let mut held = Held::open(running.address, tls, connections)?;
    std::thread::sleep(SETTLE);
    let after = running.tree.resident_kib();
    let closed = held.count() - held.count_open();
    Ok(Sample {
        value: after.saturating_sub(before) as f64 / connections as f64,
        cpu_us_per_request: 0.0,
        rate: 0.0,
        quantiles: None,
        resident_kib: after,
        busy: 0.0,
        waited: 0.0,
        errors: closed as u64,
        unsent: 0,
        logged: None,
    })
}

/// System calls per request under the load of a scenario, for one second.
pub(crate) fn count_syscalls(
    workplace: &Workplace,
    proxy: &Proxy,
    scenario: &Scenario,
) -> Result<f64> {
    let request = scenario.client.wrk(1).ok_or("only counted under wrk")?;
    let running = proxy.start(scenario.setup, workplace)?;
    syscalls::per_request(workplace, &running, &request)
}
