//! The sums of all shards' counters, printed as tables.

use std::fmt;

use super::counters::{Names, Responses, ShardCounters, Traffic};

/// Columns up to `bytes out` are always shown.
const FRONTEND_ALWAYS: usize = 6;
const BACKEND_ALWAYS: usize = 5;
const FRONTEND_HEADS: [&str; 17] = [
    "frontend",
    "conns",
    "current",
    "requests",
    "bytes in",
    "bytes out",
    "denied",
    "failed",
    "tls",
    "tls resumed",
    "tls failed",
    "1xx",
    "2xx",
    "3xx",
    "4xx",
    "5xx",
    "other",
];
const BACKEND_HEADS: [&str; 19] = [
    "backend/server",
    "streams",
    "current",
    "bytes in",
    "bytes out",
    "econ",
    "eresp",
    "retries",
    "redisp",
    "1xx",
    "2xx",
    "3xx",
    "4xx",
    "5xx",
    "other",
    "no server",
    "checks ok",
    "checks bad",
    "downs",
];

/// Sums of one moment, with the names of what was counted. `Display` is for people: one table of
/// frontends, one of backends with their servers.
#[derive(Debug)]
pub struct Snapshot {
    names: Names,
    totals: ShardCounters,
}

impl Snapshot {
    pub(super) fn new(names: Names, totals: ShardCounters) -> Self {
        Self { names, totals }
    }

    /// Nobody writes to these any more.
    pub fn totals(&self) -> &ShardCounters {
        &self.totals
    }

    fn frontend_rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![FRONTEND_HEADS.map(str::to_owned).to_vec()];
        for (name, counters) in self.names.frontends.iter().zip(&self.totals.frontends) {
            let mut row = vec![name.clone()];
            let fields = [
                &counters.conns,
                &counters.current,
                &counters.requests,
                &counters.bytes_in,
                &counters.bytes_out,
                &counters.requests_denied,
                &counters.requests_failed,
                &counters.tls_sessions,
                &counters.tls_resumed,
                &counters.tls_failed,
            ];
            row.extend(fields.map(|counter| counter.read().to_string()));
            push_responses(&mut row, &counters.responses);
            rows.push(row);
        }
        rows
    }

    fn backend_rows(&self) -> Vec<Vec<String>> {
        let mut rows = vec![BACKEND_HEADS.map(str::to_owned).to_vec()];
        for (names, backend) in self.names.backends.iter().zip(&self.totals.backends) {
            let mut row = traffic_row(names.name.clone(), &backend.traffic);
            row.push(backend.no_server.read().to_string());
            // Checks are of servers.
            row.extend(["", "", ""].map(str::to_owned));
            rows.push(row);
            for (name, server) in names.servers.iter().zip(&backend.servers) {
                let mut row = traffic_row(format!("  {name}"), &server.traffic);
                row.push(String::new());
                let fields = [&server.checks_passed, &server.checks_failed, &server.downs];
                row.extend(fields.map(|counter| counter.read().to_string()));
                rows.push(row);
            }
        }
        rows
    }
}

fn traffic_row(name: String, traffic: &Traffic) -> Vec<String> {
    let mut row = vec![name];
    let fields = [
        &traffic.streams,
        &traffic.current,
        &traffic.bytes_in,
        &traffic.bytes_out,
        &traffic.connect_errors,
        &traffic.response_errors,
        &traffic.retries,
        &traffic.redispatches,
    ];
    row.extend(fields.map(|counter| counter.read().to_string()));
    push_responses(&mut row, &traffic.responses);
    row
}

fn push_responses(row: &mut Vec<String>, responses: &Responses) {
    row.extend(responses.read().map(|count| count.to_string()));
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_table(f, &self.frontend_rows(), FRONTEND_ALWAYS)?;
        writeln!(f)?;
        fmt_table(f, &self.backend_rows(), BACKEND_ALWAYS)
    }
}

/// The first column to the left, numbers to the right. Later columns in which nothing happened
/// are left out, so that the table fits a terminal.
fn fmt_table(f: &mut fmt::Formatter<'_>, rows: &[Vec<String>], always: usize) -> fmt::Result {
    let Some((heads, counts)) = rows.split_first() else {
        return Ok(());
    };
    let happened = |column: usize| counts.iter().any(|row| !matches!(&*row[column], "" | "0"));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let columns: Vec<(usize, usize)> = (0..heads.len())
        .filter(|column| *column < always || happened(*column))
        .map(|column| (column, width(column)))
        .collect();
    for row in rows {
        let mut line = String::new();
        for (column, width) in &columns {
            let cell = &row[*column];
            line.push_str(&match column {
                0 => format!("{cell:width$}"),
                _ => format!("  {cell:>width$}"),
            });
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}
