//! System calls per request, counted from outside: perf's tracepoint, else strace, else not at all.

use super::child::{self, Guard};
use super::wrk::{self, Request};
use super::{Workplace, proxy::Running};
use crate::Result;
use rustix::process::Signal;
use std::process::Command;
use std::time::Duration;

/// perf and strace need a moment to attach before the load begins.
const ATTACH: Duration = Duration::from_millis(400);

/// Counts over a load of its own, since counting costs time.
pub(crate) fn per_request(
    workplace: &Workplace,
    running: &Running,
    request: &Request<'_>,
) -> Result<f64> {
    let pids: Vec<String> = running.tree.pids.iter().map(ToString::to_string).collect();
    let by_perf = count(workplace, running, request, perf(workplace, &pids)?, parse_perf);
    by_perf.or_else(|_| count(workplace, running, request, strace(workplace, &pids)?, parse_strace))
}

fn perf(workplace: &Workplace, pids: &[String]) -> Result<Command> {
    let mut command = child::pinned(workplace.cores.load, child::find_program("perf")?);
    command.args(["stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p", &pids.join(",")]);
    Ok(command)
}

fn strace(workplace: &Workplace, pids: &[String]) -> Result<Command> {
    let mut command = child::pinned(workplace.cores.load, child::find_program("strace")?);
    command.args(["-c", "-f", "-p", &pids.join(",")]);
    Ok(command)
}

fn count(
    workplace: &Workplace,
    running: &Running,
    request: &Request<'_>,
    command: Command,
    parse: fn(&str) -> Option<f64>,
) -> Result<f64> {
    let mut counter = Guard::start(command, &workplace.path("syscalls.out"))?;
    std::thread::sleep(ATTACH);
    if counter.has_ended() {
        return Err(counter.printed().into());
    }
    let traffic = wrk::run(workplace, running.address, request)?;
    counter.signal(Signal::INT);
    counter.wait(Duration::from_secs(5))?;
    let calls = parse(&counter.printed()).ok_or("no count of system calls")?;
    if traffic.requests == 0 {
        return Err("no requests were answered".into());
    }
    Ok(calls / traffic.requests as f64)
}

/// `267945,,raw_syscalls:sys_enter,859236980,100.00,,`
fn parse_perf(printed: &str) -> Option<f64> {
    let line = printed.lines().find(|line| line.contains("raw_syscalls:sys_enter"))?;
    line.split(',').next()?.parse().ok()
}

/// `100.00    0.582129          14     41146       2 total`
fn parse_strace(printed: &str) -> Option<f64> {
    let line = printed.lines().find(|line| line.trim_end().ends_with(" total"))?;
    line.split_ascii_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{parse_perf, parse_strace};

    #[test]
    fn perf_lines() {
        assert_eq!(parse_perf("267945,,raw_syscalls:sys_enter,859,100.00,,\n"), Some(267_945.0));
        assert_eq!(parse_perf("<not counted>,,raw_syscalls:sys_enter,0,100.00,,\n"), None);
        assert_eq!(parse_perf("event syntax error\n"), None);
    }

    #[test]
    fn strace_tables() {
        let table = " 41.50    0.241566          20     11751           sendto\n\
            ------ ----------- ----------- --------- --------- ----------------\n\
            100.00    0.582129          14     41146         7 total\n";
        assert_eq!(parse_strace(table), Some(41_146.0));
        assert_eq!(parse_strace("strace: attach: Operation not permitted\n"), None);
    }
}
