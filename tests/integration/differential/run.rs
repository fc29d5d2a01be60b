//! One of the two programs with a case's configuration, and what came of the case.

use std::net::TcpListener;
use std::os::fd::{AsRawFd, RawFd};
use std::process::{Child, Command, Stdio};

use super::case::Case;
use super::origin::Origin;
use super::setup::SERVER;
use super::talk::play;
use crate::support::{Dir, Lines, Proxy, binary, inherit};

#[derive(Debug, Clone, Copy)]
pub(super) enum Program {
    Haproxy,
    Corelane,
}

/// What came of a case.
pub(super) struct Outcome {
    pub(super) talks: Vec<Heard>,
    /// The log lines that the configuration marks by beginning them with `LOG`.
    pub(super) log: Vec<String>,
}

/// What came of one connection.
pub(super) struct Heard {
    /// Messages; bytes that are none are one.
    pub(super) client: Vec<Vec<u8>>,
    /// Origins that got something, and what.
    pub(super) origins: Vec<(&'static str, Vec<Vec<u8>>)>,
}

/// As many as a configuration may have frontends: `FE1` to `FE4`.
const LISTENERS: usize = 4;

pub(super) fn run(case: &Case, program: Program) -> Outcome {
    let http = ["A", "B", "C"].map(|name| Origin::http(name, case));
    let tcp = ["T1", "T2", "T3", "T4"].map(Origin::tcp);
    let identity = case.setup.pki.iter().find_map(|pki| pki.identities.get(SERVER));
    let https = identity.map(|identity| Origin::https("S", case, identity));
    let origins: Vec<Origin> = http.into_iter().chain(tcp).chain(https).collect();
    let listeners: Vec<_> =
        (0..LISTENERS).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let addresses: Vec<_> =
        listeners.iter().map(|listener| listener.local_addr().unwrap().to_string()).collect();
    let running = Running::start(case, program, &origins, listeners);
    let mut talks = Vec::new();
    for talk in &case.talks {
        let client = play(case, talk, &addresses[talk.to - 1]);
        let got = origins.iter().map(|origin| (origin.name, origin.take()));
        let origins = got.filter(|(_, got)| !got.is_empty()).collect();
        talks.push(Heard { client, origins });
    }
    let lines = running.stop();
    let log = lines.into_iter().filter(|line| line.starts_with("LOG ")).collect();
    Outcome { talks, log }
}

/// A program that ends with the case.
enum Running {
    Haproxy(Haproxy),
    Corelane(Proxy),
}

struct Haproxy {
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("stderr of haproxy: {:#?}", self.stderr.all());
        }
    }
}

impl Running {
    fn start(
        case: &Case,
        program: Program,
        origins: &[Origin],
        listeners: Vec<TcpListener>,
    ) -> Self {
        let mut command = match program {
            Program::Haproxy => haproxy(),
            Program::Corelane => Command::new(binary()),
        };
        let fds: Vec<RawFd> = listeners.iter().map(AsRawFd::as_raw_fd).collect();
        command.current_dir(&case.folder).stdin(Stdio::null());
        command.envs(origins.iter().map(|origin| (origin.name, origin.address())));
        command.envs(origins.iter().map(|origin| (format!("{}_PORT", origin.name), origin.port())));
        command.envs((1..).zip(&fds).map(|(number, fd)| (format!("FE{number}"), fd.to_string())));
        inherit(&mut command, listeners);
        match program {
            Program::Haproxy => {
                command.arg("-db").arg("-f").arg(&case.config).stdout(Stdio::piped());
                let child = command.stderr(Stdio::piped()).spawn();
                let mut child = child.expect("haproxy starts; scripts/test installs it");
                let stdout = Lines::of(child.stdout.take().unwrap());
                let stderr = Lines::of(child.stderr.take().unwrap());
                Self::Haproxy(Haproxy { child, stdout, stderr })
            }
            Program::Corelane => {
                command.args(["run", "--haproxy-version", "2.6", "-c"]).arg(&case.config);
                Self::Corelane(Proxy::begin(Dir::new(), command))
            }
        }
    }

    /// Ends it. Returns what it printed.
    fn stop(self) -> Vec<String> {
        match self {
            Self::Haproxy(haproxy) => {
                let stdout = haproxy.stdout.clone();
                drop(haproxy);
                stdout.all()
            }
            Self::Corelane(mut proxy) => proxy.stop().stdout,
        }
    }
}

fn haproxy() -> Command {
    let mut command = Command::new("haproxy");
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    command
}
