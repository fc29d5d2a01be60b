//! The corpus: messages in `tests/corpus`, each with what has to become of it at the client and at
//! the origin, sent whole and byte by byte.

mod case;
mod client;
mod expected;
mod lane;
mod notation;
mod origin;
mod verdict;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use case::Case;
use lane::Lane;

use crate::support::Pace;

/// Below this, files were lost.
const CASES_MIN: usize = 920;

const LANES: usize = 4;

/// All cases; with `CORPUS=text`, those whose name contains the text.
#[test]
fn corpus() {
    let filter = std::env::var("CORPUS").unwrap_or_default();
    let (cases, mut failures) = read_cases();
    assert!(cases.len() + failures.len() >= CASES_MIN, "{} cases", cases.len());
    let cases: Vec<_> = cases.into_iter().filter(|case| case.name.contains(&filter)).collect();
    failures.extend(run(&cases));
    failures.sort();
    let count = failures.len();
    assert!(failures.is_empty(), "{count} failures:\n\n{}\n", failures.join("\n"));
}

/// All case files, and what is wrong with those that are none.
fn read_cases() -> (Vec<Arc<Case>>, Vec<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let (mut cases, mut failures) = (Vec::new(), Vec::new());
    for theme in entries(&root).iter().filter(|path| path.is_dir()) {
        for file in entries(theme) {
            let name = file.strip_prefix(&root).unwrap().display().to_string();
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let parsed = match name.ends_with(".case") {
                true => Case::parse(&name, &text),
                false => Err(format!("{name}: not a case: its name does not end in .case")),
            };
            match parsed {
                Ok(case) => cases.push(Arc::new(case)),
                Err(failure) => failures.push(format!("{failure}\n")),
            }
        }
    }
    (cases, failures)
}

fn entries(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut paths: Vec<_> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Runs each case at both paces, in lanes side by side. Returns a report for each that fails.
fn run(cases: &[Arc<Case>]) -> Vec<String> {
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let paces = [Pace::Whole, Pace::Bytes];
    std::thread::scope(|scope| {
        for _ in 0..LANES.min(cases.len()) {
            scope.spawn(|| {
                let lane = Lane::start();
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let reports = paces.map(|pace| lane.run(case, pace));
                    failures.lock().unwrap().extend(failure(case, reports));
                }
                failures.lock().unwrap().extend(lane.stop());
            });
        }
    });
    failures.into_inner().unwrap()
}

/// A case that is known to be broken must fail, lest its mark outlive the fault.
fn failure(case: &Case, [whole, bytes]: [Option<String>; 2]) -> Option<String> {
    let Case { name, rule, what, .. } = case;
    let title = format!("tests/corpus/{name}\n  {what}\n  {rule}\n");
    if case.broken.is_some() {
        let healed = whole.is_none() && bytes.is_none();
        return healed.then(|| title + "  passes: its line `broken:` can go\n");
    }
    match (whole, bytes) {
        (None, None) => None,
        (Some(whole), Some(bytes)) if whole == bytes => Some(title + &whole),
        (whole, bytes) => {
            let part = |pace: &str, report: Option<String>| {
                report.map_or_else(String::new, |report| format!("  sent {pace}:\n{report}"))
            };
            Some(title + &part("whole", whole) + &part("byte by byte", bytes))
        }
    }
}
