//! The proxy under test: the real binary, started with a configuration, stopped by its own pid.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{DEADLINE, Dir, Lines, Message, Peer, pause};

/// The program.
pub(crate) fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_corelane")
}

pub(crate) struct Proxy {
    child: Child,
    pub(crate) stdout: Lines,
    pub(crate) stderr: Lines,
    /// Frontend and address, in the order in which they were printed.
    addresses: Vec<(String, String)>,
    pub(crate) dir: Dir,
    ended: bool,
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<String>,
    pub(crate) stderr: Vec<String>,
}

impl Exit {
    /// All of stderr.
    pub(crate) fn errors(&self) -> String {
        self.stderr.join("\n")
    }

    /// Exit code 0, no connection, buffer or task left, no panic.
    pub(crate) fn assert_clean(&self) {
        let suspicious = |line: &&String| {
            let marks = ["cut off", "left behind", "panicked"];
            line.starts_with("error") || marks.iter().any(|mark| line.contains(mark))
        };
        let found: Vec<_> = self.stderr.iter().filter(suspicious).collect();
        assert!(self.status.success() && found.is_empty(), "{:?} {found:#?}", self.status);
    }
}

impl Proxy {
    /// Starts with this configuration, and waits until it is ready.
    pub(crate) fn start(config: &str) -> Self {
        Self::start_in(Dir::new(), config)
    }

    pub(crate) fn start_in(dir: Dir, config: &str) -> Self {
        let mut proxy = Self::launch(dir, config, Command::new(binary()));
        proxy.await_ready();
        proxy
    }

    /// Starts by `command`, to which the program's arguments are added.
    pub(crate) fn launch(dir: Dir, config: &str, mut command: Command) -> Self {
        let file = dir.write("proxy.toml", config);
        command.args(["run", "-c"]).arg(file);
        Self::spawn(dir, command)
    }

    /// Starts by a whole command, and waits until it is ready.
    pub(crate) fn begin(dir: Dir, command: Command) -> Self {
        let mut proxy = Self::spawn(dir, command);
        proxy.await_ready();
        proxy
    }

    fn spawn(dir: Dir, mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let stdout = Lines::of(child.stdout.take().unwrap());
        let stderr = Lines::of(child.stderr.take().unwrap());
        Self { child, stdout, stderr, addresses: Vec::new(), dir, ended: false }
    }

    pub(crate) fn await_ready(&mut self) {
        if self.stdout.find(|line| line == "ready").is_none() {
            panic!("not ready: {:#?}", self.stderr.now());
        }
        self.addresses = self.stdout.now().iter().filter_map(|line| listening(line)).collect();
    }

    /// The address of a frontend's first bind.
    pub(crate) fn address(&self, frontend: &str) -> &str {
        let found = self.addresses.iter().find(|(name, _)| name == frontend);
        &found.unwrap_or_else(|| panic!("{frontend} among {:?}", self.addresses)).1
    }

    /// A connection to the first frontend.
    pub(crate) fn client(&self) -> Peer {
        Peer::connect(&self.addresses[0].1)
    }

    /// One request over a connection of its own.
    pub(crate) fn get(&self, target: &str) -> Message {
        let request = format!("GET {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        self.client().ask(&request)
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Open descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// CPU time used so far.
    pub(crate) fn cpu_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, after_name) = stat.rsplit_once(") ").unwrap();
        let ticks: u64 =
            after_name.split(' ').skip(11).take(2).map(|n| n.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for the end of the process.
    pub(crate) fn wait(&mut self) -> Exit {
        let deadline = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "did not end: {:#?}", self.stderr.now());
            pause(2);
        };
        self.ended = true;
        Exit { status, stdout: self.stdout.all(), stderr: self.stderr.all() }
    }

    /// Drains, and checks that nothing was left behind.
    pub(crate) fn stop(&mut self) -> Exit {
        self.signal(Signal::TERM);
        let exit = self.wait();
        exit.assert_clean();
        exit
    }

    /// The first line of the log file `access.log` that `fits`.
    pub(crate) fn log_line(&self, fits: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let text = std::fs::read_to_string(self.dir.file("access.log")).unwrap_or_default();
            // A line that is being written has no end yet.
            let mut lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
            if let Some(line) = lines.find(|line| fits(line)) {
                return line.to_owned();
            }
            assert!(Instant::now() < deadline, "no such line in:\n{text}");
            pause(2);
        }
    }
}

/// `listening frontend=web address=127.0.0.1:80 shards=2`
fn listening(line: &str) -> Option<(String, String)> {
    let rest = line.strip_prefix("listening frontend=")?;
    let (frontend, rest) = rest.split_once(" address=")?;
    let (address, _) = rest.split_once(" shards=")?;
    Some((frontend.to_owned(), address.to_owned()))
}

impl Drop for Proxy {
    /// A test that went well so far checks the drain too.
    fn drop(&mut self) {
        if !self.ended && !std::thread::panicking() {
            self.stop();
        }
        if !self.ended {
            eprintln!("stderr of the proxy: {:#?}", self.stderr.now());
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
