//! `corelane haproxy`: the flags of HAProxy, for service files and harnesses that start it by name.
//!
//! What has no meaning here is taken without a word, as far as nobody is misled by it.

mod flags;

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use proxy_config::import::{self, Options, Version};
use proxy_config::model::Config;
use proxy_config::{Overrides, Severity};
use rustix::process::{Pid, Signal};

use crate::cli::{load_as, read_all};
use crate::control;
use crate::io::Claim;
use flags::Flags;

/// Set in the process that `-D` leaves behind.
const DETACHED: &str = "CORELANE_DETACHED";

/// As HAProxy's own, where the configuration is sound but nothing is served.
const NO_LISTENER: u8 = 2;

const USAGE: &str = "\
Usage: corelane haproxy [-f FILE|DIR]... [-c] [-D|-db|-W|-Ws] [-p FILE] [-n MAXCONN] [-q] [-V]
                        [-C DIR] [-L NAME] [-S ADDRESS] [-x SOCKET] [-sf|-st PID...] [-- FILE...]
       corelane haproxy -v | -vv | -cc CONDITION";

/// Does what HAProxy would do with these flags.
pub(super) fn run(flags: &[String]) -> ExitCode {
    let flags = match Flags::parse(flags) {
        Ok(flags) => flags,
        Err(problem) => {
            eprintln!("error: {problem}\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    if let Some(verbosity) = flags.version {
        print_version(verbosity);
        return ExitCode::SUCCESS;
    }
    if let Some(condition) = &flags.condition {
        return evaluate(condition);
    }
    // The process that it leaves behind reads the same flags, `-C` too.
    if flags.is_daemon && !flags.is_check {
        if std::env::var_os(DETACHED).is_none() {
            return detach();
        }
        // The terminal's end is not its own. It leads no group yet, so this cannot fail.
        let _ = rustix::process::setsid();
    }
    if let Some(folder) = &flags.folder
        && let Err(error) = std::env::set_current_dir(folder)
    {
        return control::refuse(&[format!("cannot change to {}: {error}", folder.display())]);
    }
    if flags.is_check { check(&flags) } else { serve(&flags) }
}

/// The first line is what tools look for.
fn print_version(verbosity: u8) {
    let version = Version::default();
    println!(
        "HAProxy version {version}.0, as understood by Corelane {}",
        env!("CARGO_PKG_VERSION")
    );
    if verbosity > 1 {
        println!("Feature list : {}", import::FEATURES.map(|name| format!("+{name}")).join(" "));
    }
}

fn evaluate(condition: &str) -> ExitCode {
    match import::evaluate(condition, Version::default(), &|name| std::env::var(name).ok()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => control::refuse(&[format!("the condition is wrong: {problem}")]),
    }
}

fn check(flags: &Flags) -> ExitCode {
    let Some(config) = load(flags) else { return ExitCode::FAILURE };
    if let Err(reasons) = control::verify(&config, false) {
        return control::refuse(&reasons);
    }
    if config.frontends.is_empty() {
        eprintln!("Configuration file has no error but will not start (no listener) => exit(2).");
        return ExitCode::from(NO_LISTENER);
    }
    if !flags.is_quiet {
        println!("Configuration file is valid");
    }
    ExitCode::SUCCESS
}

fn load(flags: &Flags) -> Option<Config> {
    let paths = match files(&flags.files) {
        Ok(paths) => paths,
        Err(reason) => {
            control::refuse(&[reason]);
            return None;
        }
    };
    let sources = read_all(&paths)?;
    let options = Options { is_lenient: flags.is_lenient, is_forced: true, ..Options::default() };
    let overrides = Overrides { maxconn: flags.maxconn, ..Overrides::default() };
    let least = if flags.is_quiet { Severity::Error } else { Severity::Warning };
    load_as(&sources, options, &overrides, least)
}

/// Of a folder, its `.cfg` files by their names, as HAProxy takes them.
fn files(given: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    if given.is_empty() {
        return Err(format!("there is no configuration file\n{USAGE}"));
    }
    let mut found = Vec::new();
    for path in given {
        if path.is_dir() { found.extend(folder(path)?) } else { found.push(path.clone()) }
    }
    Ok(found)
}

fn folder(path: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let is_cfg = |path: &PathBuf| {
        let is_hidden =
            path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        !is_hidden && path.extension().is_some_and(|extension| extension == "cfg")
    };
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(is_cfg).collect();
    files.sort();
    Ok(files)
}

fn serve(flags: &Flags) -> ExitCode {
    let Some(config) = load(flags) else { return ExitCode::FAILURE };
    if config.frontends.is_empty() {
        // A file that was cut off must not end the process that serves.
        return control::refuse(&["there is no listener (no `bind`)".to_owned()]);
    }
    let mut pid_file = match flags.pid_file.as_deref().map(open_pid_file).transpose() {
        Ok(file) => file,
        Err(reason) => return control::refuse(&[reason]),
    };
    let takes_over = !flags.finish.is_empty() || !flags.terminate.is_empty();
    let claim = if takes_over { Claim::Beside } else { Claim::Alone };
    let ready = || {
        pid_file.iter_mut().for_each(write_pid);
        notify();
        flags.finish.iter().for_each(|pid| tell(*pid, Signal::USR1));
        flags.terminate.iter().for_each(|pid| tell(*pid, Signal::TERM));
    };
    let announced = || {
        if flags.is_daemon {
            leave_stdio();
        }
    };
    control::run_then(config, claim, ready, announced)
}

/// Opens it before anything is served, to learn that it cannot be written; its content stays until
/// then.
fn open_pid_file(path: &Path) -> Result<File, String> {
    let opened = File::options().write(true).create(true).truncate(false).open(path);
    opened.map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn write_pid(file: &mut File) {
    let line = format!("{}\n", std::process::id());
    let written = file.set_len(0).and_then(|()| file.write_all(line.as_bytes()));
    if let Err(error) = written {
        eprintln!("warning: the file of the pid cannot be written: {error}");
    }
}

/// `-sf` and `-st`: whom this process takes over from.
fn tell(pid: i32, signal: Signal) {
    // One that has ended already needs no telling.
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Tells systemd that everything is served (`sd_notify(3)`).
fn notify() {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let address = match socket.as_encoded_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(Path::new(&socket)),
    };
    if let (Ok(datagram), Ok(address)) = (UnixDatagram::unbound(), address) {
        let state = format!("READY=1\nMAINPID={}\n", std::process::id());
        // Whoever does not listen does not want to know.
        let _ = datagram.send_to_addr(state.as_bytes(), &address);
    }
}

/// `-D`: another process goes on, in a session of its own; this one ends once that serves.
fn detach() -> ExitCode {
    let child = std::env::current_exe().and_then(|program| {
        Command::new(program)
            .args(std::env::args_os().skip(1))
            .env(DETACHED, "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
    });
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return control::refuse(&[format!("cannot start a daemon: {error}")]),
    };
    let output = child.stdout.take().map(BufReader::new);
    let mut lines = output.into_iter().flat_map(BufReader::lines).map_while(Result::ok);
    if lines.any(|line| line == "ready") {
        return ExitCode::SUCCESS;
    }
    // It has said why on the error output that it shares.
    let _ = child.wait();
    ExitCode::FAILURE
}

/// Nobody reads what a daemon prints; whoever reads its pipes to their ends would wait for ever.
fn leave_stdio() {
    if let Ok(null) = File::options().write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stdout(&null);
        let _ = rustix::stdio::dup2_stderr(&null);
    }
}
