//! Lines that a program prints, collected while it runs.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use super::DEADLINE;

#[derive(Default)]
struct Collected {
    lines: Vec<String>,
    ended: bool,
}

#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<(Mutex<Collected>, Condvar)>);

impl Lines {
    pub(crate) fn of(source: impl Read + Send + 'static) -> Self {
        let lines = Self::default();
        let collector = lines.clone();
        std::thread::spawn(move || collector.collect(source));
        lines
    }

    fn collect(&self, source: impl Read) {
        let (collected, changed) = &*self.0;
        for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
            collected.lock().unwrap().lines.push(String::from_utf8_lossy(&line).into_owned());
            changed.notify_all();
        }
        collected.lock().unwrap().ended = true;
        changed.notify_all();
    }

    /// All lines so far.
    pub(crate) fn now(&self) -> Vec<String> {
        self.0.0.lock().unwrap().lines.clone()
    }

    /// All lines, once the program closed its end.
    pub(crate) fn all(&self) -> Vec<String> {
        let (collected, changed) = &*self.0;
        let open = |collected: &mut Collected| !collected.ended;
        let guard = collected.lock().unwrap();
        let (guard, _) = changed.wait_timeout_while(guard, DEADLINE, open).unwrap();
        guard.lines.clone()
    }

    /// The first line that `fits`; `None` when the program ends or the deadline comes without one.
    pub(crate) fn find(&self, fits: impl Fn(&str) -> bool) -> Option<String> {
        let (collected, changed) = &*self.0;
        let deadline = Instant::now() + DEADLINE;
        let mut guard = collected.lock().unwrap();
        loop {
            if let Some(line) = guard.lines.iter().find(|line| fits(line)) {
                return Some(line.clone());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if guard.ended || left.is_zero() {
                return None;
            }
            guard = changed.wait_timeout(guard, left).unwrap().0;
        }
    }

    /// Waits for a line that `fits`.
    pub(crate) fn wait(&self, fits: impl Fn(&str) -> bool) -> String {
        self.find(fits).unwrap_or_else(|| panic!("no such line in {:#?}", self.now()))
    }
}
