//! What a run has shown, as Markdown that also reads well in a terminal.

use super::measure::Sample;
use super::proxy::{Proxy, first_line};
use super::scenario::{Figure, SYSCALLS_REQUIRED, SYSCALLS_SCENARIO, Scenario};
use super::stamp::{revision, today};
use super::stats::{median, spread};
use super::table::{Table, number, number_or_dash};
use super::verdict::{Figures, ratio_row};
use super::{Record, child};
use crate::Result;
use crate::load::Quantiles;
use crate::machine::{self, Cores};
use std::collections::BTreeMap;
use std::fmt::Write;

/// An open loop that sends less than this part of what was due did not make its rate.
const UNSENT_PART_MAX: f64 = 0.01;
/// Below this part of the lines due, a log is called lossy.
const LOGGED_PART_MIN: f64 = 0.95;
/// Below this part, there is no log: an error, since the row then compares other work.
const LOGGED_PART_ANY: f64 = 0.5;

/// The columns of the table of measurements.
const DETAILS: [&str; 14] = [
    "scenario",
    "proxy",
    "median",
    "min-max",
    "us/request",
    "requests/s",
    "p50 us",
    "p99 us",
    "p99.9 us",
    "memory MiB",
    "core %",
    "waited %",
    "logged",
    "errors",
];

/// Everything that is reported.
pub(crate) struct Report<'a> {
    pub(crate) proxies: &'a [Proxy],
    pub(crate) scenarios: &'a [&'static Scenario],
    pub(crate) records: &'a BTreeMap<(&'static str, String), Record>,
    pub(crate) syscalls: &'a BTreeMap<String, Vec<f64>>,
    pub(crate) cores: Cores,
    pub(crate) rounds: usize,
    pub(crate) quick: bool,
    pub(crate) seconds: f64,
}

impl Report<'_> {
    pub(crate) fn text(&self) -> Result<String> {
        let mut text = String::new();
        self.write_head(&mut text)?;
        writeln!(text, "\n## Ratios\n\n{}", self.ratios().text())?;
        writeln!(
            text,
            "`at most`: the ratio allowed to the better of HAProxy and nginx (best), or to one;"
        )?;
        writeln!(
            text,
            "a bare number is the limit of the figure itself. Figures are medians of the rounds.\n"
        )?;
        writeln!(text, "## Measurements\n\n{}", self.details().text())?;
        writeln!(
            text,
            "`core`: part of its core that the proxy used. `waited`: part of the time that it \
             could have run\nand others ran there; more than a few per cent means a disturbed machine. \
             `logged`: log lines that\narrived, of those due.\n"
        )?;
        let faults = self.faults();
        if !faults.is_empty() {
            writeln!(text, "## ERRORS: these rows are not to be trusted\n")?;
            for fault in faults {
                writeln!(text, "- **{}**", fault.trim_end().replace('\n', "\n  "))?;
            }
        }
        Ok(text)
    }

    fn write_head(&self, text: &mut String) -> Result<()> {
        let Cores { proxy, load } = self.cores;
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let kernel = read("/proc/sys/kernel/osrelease");
        let command: Vec<String> = std::env::args().skip(1).collect();
        writeln!(text, "# Corelane measured on {}, revision {}\n", today()?, revision())?;
        if self.quick {
            writeln!(text, "A quick run: a smoke test, no result.\n")?;
        }
        writeln!(text, "- command: `bench {}`", command.join(" "))?;
        writeln!(text, "- {} rounds in {:.0} s, proxies in turn", self.rounds, self.seconds)?;
        writeln!(text, "- machine: {}, Linux {}", machine::processor(), kernel.trim())?;
        writeln!(text, "- cores: proxy on {proxy}; load and origin on {load}")?;
        for proxy in self.proxies {
            writeln!(text, "- {}: {}", proxy.name, proxy.version)?;
        }
        if let Ok(wrk) = child::find_program("wrk") {
            writeln!(text, "- client: {}, and `bench load`", first_line(&wrk, "-v"))?;
        }
        Ok(())
    }

    fn ratios(&self) -> Table {
        let ours = self.proxies.first().map_or("", |proxy| proxy.name.as_str());
        let mut header = vec!["scenario".to_owned(), "figure".to_owned()];
        header.extend(self.proxies.iter().map(|proxy| proxy.name.clone()));
        header.extend(self.proxies.iter().skip(1).map(|proxy| format!("{ours}/{}", proxy.name)));
        header.extend(["at most".to_owned(), "verdict".to_owned()]);
        let mut table = Table::new(header);
        for scenario in self.scenarios {
            let figures = self.figures(|proxy| median(&self.values(scenario, proxy)));
            table.push(ratio_row(scenario.name, scenario.figure, &figures, scenario.required));
            if scenario.name == SYSCALLS_SCENARIO {
                let figures = self.figures(|proxy| median(self.syscalls.get(proxy)?));
                let figure = Figure::SyscallsPerRequest;
                table.push(ratio_row(scenario.name, figure, &figures, SYSCALLS_REQUIRED));
            }
        }
        table
    }

    fn figures(&self, of: impl Fn(&str) -> Option<f64>) -> Figures {
        self.proxies.iter().map(|proxy| (proxy.name.clone(), of(&proxy.name))).collect()
    }

    fn record(&self, scenario: &Scenario, proxy: &str) -> Option<&Record> {
        self.records.get(&(scenario.name, proxy.to_owned()))
    }

    fn values(&self, scenario: &Scenario, proxy: &str) -> Vec<f64> {
        let samples = self.record(scenario, proxy).map(|record| &record.samples);
        samples.into_iter().flatten().map(|sample| sample.value).collect()
    }

    fn details(&self) -> Table {
        let mut table = Table::new(DETAILS.map(str::to_owned).to_vec());
        for scenario in self.scenarios {
            for proxy in self.proxies {
                let Some(record) = self.record(scenario, &proxy.name) else {
                    continue;
                };
                table.push(detail_row(scenario, &proxy.name, record));
            }
        }
        table
    }

    /// What went wrong, in words; empty after a clean run.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for ((scenario, proxy), record) in self.records {
            for failure in &record.failures {
                faults.push(format!("{scenario}, {proxy}: {failure}"));
            }
            let errors: u64 = record.samples.iter().map(|sample| sample.errors).sum();
            if errors > 0 {
                faults.push(format!("{scenario}, {proxy}: {errors} requests failed"));
            }
            if record.logged().is_some_and(|part| part < LOGGED_PART_ANY) {
                faults.push(format!("{scenario}, {proxy}: most log lines are missing"));
            }
        }
        faults
    }
}

impl Record {
    /// The part of the log lines due that arrived.
    fn logged(&self) -> Option<f64> {
        let parts: Vec<f64> = self.samples.iter().filter_map(|sample| sample.logged).collect();
        median(&parts)
    }
}

fn detail_row(scenario: &Scenario, proxy: &str, record: &Record) -> Vec<String> {
    let mut row = vec![scenario.name.to_owned(), proxy.to_owned()];
    if let Some(reason) = &record.lacks {
        row.resize(DETAILS.len() - 1, "-".to_owned());
        row.push(format!("n/a: {reason}"));
        return row;
    }
    let all = |of: fn(&Sample) -> Option<f64>| -> Vec<f64> {
        record.samples.iter().filter_map(of).collect()
    };
    let quantile = |of: fn(&Quantiles) -> f64| {
        let values: Vec<f64> =
            record.samples.iter().filter_map(|sample| sample.quantiles.as_ref()).map(of).collect();
        number_or_dash(median(&values))
    };
    let values = all(|sample| Some(sample.value));
    row.push(number(median(&values)));
    let between = spread(&values);
    row.push(between.map_or_else(
        || "-".to_owned(),
        |(least, most)| format!("{}-{}", number(Some(least)), number(Some(most))),
    ));
    let positive = |value: f64| (value > 0.0).then_some(value);
    row.push(number_or_dash(
        median(&all(|sample| Some(sample.cpu_us_per_request))).and_then(positive),
    ));
    row.push(number_or_dash(median(&all(|sample| Some(sample.rate))).and_then(positive)));
    row.extend([quantile(|all| all.p50), quantile(|all| all.p99), quantile(|all| all.p999)]);
    row.push(number_or_dash(median(&all(|sample| Some(sample.resident_kib as f64 / 1024.0)))));
    for part in [all(|sample| Some(sample.busy)), all(|sample| Some(sample.waited))] {
        let part = median(&part).filter(|_| scenario.figure != Figure::KibPerConnection);
        row.push(part.map_or_else(|| "-".to_owned(), |part| format!("{:.0}", part * 100.0)));
    }
    row.push(
        record.logged().map_or_else(|| "-".to_owned(), |part| format!("{:.1} %", part * 100.0)),
    );
    row.push(errors_text(record));
    row
}

fn errors_text(record: &Record) -> String {
    let errors: u64 = record.samples.iter().map(|sample| sample.errors).sum();
    let mut words = Vec::new();
    if errors > 0 {
        words.push(format!("**{errors} ERRORS**"));
    }
    if !record.failures.is_empty() {
        words.push(format!("**{} FAILED**", record.failures.len()));
    }
    let late = |sample: &&Sample| sample.unsent as f64 > UNSENT_PART_MAX * sample.rate;
    if record.samples.iter().any(|sample| late(&sample)) {
        words.push("below its rate".to_owned());
    }
    if record.logged().is_some_and(|part| part < LOGGED_PART_MIN) {
        words.push("log lines lost".to_owned());
    }
    if words.is_empty() { "0".to_owned() } else { words.join(", ") }
}
