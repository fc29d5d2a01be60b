//! Programs that others wrote, on both sides. `scripts/test` installs them.

mod aiohttp;
mod curl;
mod exchanges;
mod h11;
mod haproxy;
mod load;
mod nginx;
mod proxy_protocol;
mod python;
mod slowhttptest;
mod tls;

use std::process::{Child, Command, Stdio};

use crate::support::Lines;

/// The python3 for which the distribution's packages are.
const PYTHON: &str = "/usr/bin/python3";

/// A program that ends with the test.
struct Running {
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
        let child = command.env("PATH", path).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let name = command.get_program();
        let mut child =
            child.unwrap_or_else(|error| panic!("{name:?}: {error}; scripts/test installs it"));
        let stdout = Lines::of(child.stdout.take().unwrap());
        let stderr = Lines::of(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    /// One of the scripts beside this file, which say where they listen.
    fn script(name: &str, arguments: &[&str]) -> Self {
        Self::start(script(name).args(arguments))
    }

    /// The address in the script's line `listening ADDRESS`.
    fn address(&self) -> String {
        let line = self.stdout.find(|line| line.starts_with("listening "));
        let line = line.unwrap_or_else(|| panic!("does not listen: {:#?}", self.stderr.now()));
        line.trim_start_matches("listening ").to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("stderr of {}: {:#?}", self.child.id(), self.stderr.now());
        }
        // These programs end their own children when told to.
        if let Some(pid) = rustix::process::Pid::from_raw(self.child.id() as i32) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

fn script(name: &str) -> Command {
    let mut command = Command::new(PYTHON);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/real_peers");
    command.arg("-u").arg("-B").arg(format!("{folder}/{name}"));
    command
}

/// What a program printed that must succeed.
fn output(command: &mut Command) -> Vec<u8> {
    let name = command.get_program().to_owned();
    let output = command.output();
    let output =
        output.unwrap_or_else(|error| panic!("{name:?}: {error}; scripts/test installs it"));
    let (out, err) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name:?}: {err}\n{}", String::from_utf8_lossy(out));
    output.stdout
}
