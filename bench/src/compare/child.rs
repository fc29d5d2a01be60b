//! Child processes that never outlive this one: each is pinned to its core, asked to stop and then
//! made to stop when its guard is dropped, and told by the kernel to end should we die first.

use crate::Result;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const STOP_PATIENCE: Duration = Duration::from_secs(3);

/// A running child process.
pub(crate) struct Guard {
    child: Child,
    output: PathBuf,
}

/// `program` on one core, ended with us: taskset pins every thread that it will ever have.
pub(crate) fn pinned(core: usize, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &core.to_string(), "setpriv", "--pdeathsig", "TERM", "--"]).arg(program);
    command.stdin(Stdio::null());
    command
}

/// Finds a program in PATH, or where distributions put daemons.
pub(crate) fn find_program(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    directories
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| format!("{name} is not installed (scripts/bench installs it)").into())
}

impl Guard {
    /// Starts `command`; what it prints goes to the file `output`.
    pub(crate) fn start(mut command: Command, output: &Path) -> Result<Self> {
        let file = File::create(output)?;
        command.stdout(file.try_clone()?).stderr(file);
        let child =
            command.spawn().map_err(|error| format!("cannot start {command:?}: {error}"))?;
        Ok(Self { child, output: output.to_owned() })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // It may have ended by itself.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Waits until the process has ended by itself.
    pub(crate) fn wait(&mut self, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        while !self.has_ended() {
            if Instant::now() > deadline {
                return Err("still running after its time".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Everything it has printed until now.
    pub(crate) fn printed(&self) -> String {
        std::fs::read_to_string(&self.output).unwrap_or_default()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        if self.wait(STOP_PATIENCE).is_err() {
            eprintln!("process {} did not stop when asked; killed", self.pid());
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
