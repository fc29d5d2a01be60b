//! The rule language against HAProxy itself: one configuration, run by it and by us, the same bytes
//! sent to both, and what came of them compared. `tests/differential/README.md` says the format.

mod case;
mod compare;
mod link;
mod origin;
mod run;
mod setup;
mod talk;
mod wire;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use case::Case;
use run::Program;

/// Below this, files were lost.
const RULE_LINES_MIN: usize = 720;

/// The example of what is refused.
const REFUSED: &str = "rate-limits.cfg";

const EXAMPLES_MIN: usize = 13;

const LANES: usize = 4;

/// What a rule line begins with.
const RULES: [&str; 9] = [
    "acl",
    "http-after-response",
    "http-request",
    "http-response",
    "redirect",
    "tcp-request",
    "tcp-response",
    "use-server",
    "use_backend",
];

/// All cases; with `DIFFERENTIAL=text`, those whose name contains the text.
#[test]
fn differential() {
    compare_all(configurations(folder()).iter().map(|path| Case::read(path)));
}

/// Files as people have them: everything that can be asked of one is served as HAProxy serves it.
#[test]
fn examples_of_haproxy() {
    let mut paths = configurations(&root().join("proxy-config/examples/haproxy"));
    paths.retain(|path| !path.ends_with(REFUSED));
    assert!(paths.len() >= EXAMPLES_MIN, "{paths:?}");
    compare_all(paths.iter().map(|path| Case::example(path)));
}

fn compare_all(cases: impl Iterator<Item = Case>) {
    let filter = std::env::var("DIFFERENTIAL").unwrap_or_default();
    let cases: Vec<Case> = cases.filter(|case| case.name.contains(&filter)).collect();
    let mut failures = run(&cases);
    failures.sort();
    let count = failures.len();
    assert!(failures.is_empty(), "{count} failures:\n\n{}\n", failures.join("\n"));
}

#[test]
fn rule_lines() {
    let is_rule = |line: &&str| {
        let word = line.split_whitespace().next();
        word.is_some_and(|word| RULES.contains(&word))
    };
    let texts =
        configurations(folder()).into_iter().map(|path| std::fs::read_to_string(path).unwrap());
    let count: usize = texts.map(|text| text.lines().filter(is_rule).count()).sum();
    assert!(count >= RULE_LINES_MIN, "{count} rule lines");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/differential"))
}

fn examples() -> PathBuf {
    folder().join("examples")
}

fn configurations(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "cfg")).collect();
    paths.sort();
    paths
}

/// Runs the cases, some side by side. Returns a report for each that fails.
fn run(cases: &[Case]) -> Vec<String> {
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..LANES.min(cases.len()) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    failures.lock().unwrap().extend(failure(case));
                }
            });
        }
    });
    failures.into_inner().unwrap()
}

fn failure(case: &Case) -> Option<String> {
    let attempt = catch_unwind(AssertUnwindSafe(|| {
        std::thread::scope(|scope| {
            let haproxy = scope.spawn(|| run::run(case, Program::Haproxy));
            let corelane = run::run(case, Program::Corelane);
            compare::failure(case, &haproxy.join().unwrap(), &corelane)
        })
    }));
    attempt.unwrap_or_else(|_| Some(format!("{}: the run itself failed: see above\n", case.name)))
}
