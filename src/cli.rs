//! The command line: reads it, loads configurations, and says what is wrong with them.

mod haproxy;
mod import;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use proxy_config::import::{Options, Version};
use proxy_config::model::Config;
use proxy_config::{Overrides, Severity, Source, Surroundings};

use crate::{control, demo};

/// A TCP and HTTP load balancer and reverse proxy: io_uring, one pinned thread per core.
#[derive(Debug, Parser)]
#[command(name = "corelane", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the proxy and run until stopped
    ///
    /// Everything is parsed and bound before anything is served; if any of it fails, every reason
    /// is printed and nothing runs. SIGTERM and SIGINT drain and exit 0, SIGUSR1 does so and prints
    /// the counters; SIGHUP and SIGUSR2 reopen log files, and read certificates, maps and files of
    /// patterns anew.
    Run(Run),
    /// Verify a configuration: exit 0 when it is sound, 1 with every mistake printed
    Check {
        #[command(flatten)]
        files: Files,
        /// Also try to bind every address
        #[arg(long)]
        bind: bool,
    },
    /// Balance between servers without a configuration file
    ///
    /// Example: corelane proxy :8080 10.0.0.1:80 10.0.0.2:80
    Proxy(Quick),
    /// Show the proxy at work: origin servers, traffic, and what became of it
    Demo {
        /// Seconds of traffic
        #[arg(long, default_value_t = 3)]
        seconds: u64,
        /// End after the traffic, instead of serving on
        #[arg(long)]
        once: bool,
    },
    /// Translate a haproxy.cfg to TOML
    ///
    /// The TOML goes to stdout or to a file; what was assumed, what has no effect and what is not
    /// supported goes to stderr, line by line. Exits 1 when something is not supported.
    Import(import::Import),
    /// Take the place of a haproxy binary: the same flags, the same files
    ///
    /// Example: corelane haproxy -W -f /etc/haproxy/haproxy.cfg -p /run/haproxy.pid
    #[command(disable_help_flag = true)]
    Haproxy {
        /// Flags of HAProxy, such as -f FILE, -c, -cc CONDITION, -v
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
    /// Print completions for a shell
    Completions { shell: Shell },
}

#[derive(Debug, Args)]
struct Files {
    /// Configuration file; several are one configuration; one that ends in .cfg is of HAProxy
    #[arg(short = 'c', long = "config", value_name = "FILE", required = true)]
    configs: Vec<PathBuf>,
    #[command(flatten)]
    dialect: Dialect,
    #[command(flatten)]
    overrides: Flags,
}

/// How files of HAProxy are read.
#[derive(Debug, Args)]
struct Dialect {
    /// Of a haproxy.cfg, leave out what is not supported, with a warning
    #[arg(long)]
    lenient: bool,
    /// Of a haproxy.cfg, take the defaults of this version, such as 2.4
    #[arg(long, value_name = "VERSION", default_value_t = Version::default())]
    haproxy_version: Version,
}

impl Dialect {
    fn options(&self) -> Options {
        Options { version: self.haproxy_version, is_lenient: self.lenient, is_forced: false }
    }
}

#[derive(Debug, Args)]
struct Flags {
    /// Shards in place of global.shards: auto, a number, or core ids (0,2,4)
    #[arg(long, value_name = "SHARDS")]
    shards: Option<String>,
    /// Log target in place of global.log: stdout, stderr, file:PATH, udp:HOST:PORT, unix:PATH
    #[arg(long, value_name = "TARGET")]
    log: Option<String>,
    /// Client connections, in place of global.maxconn
    #[arg(long, value_name = "COUNT")]
    maxconn: Option<u32>,
}

#[derive(Debug, Args)]
struct Run {
    #[command(flatten)]
    files: Files,
}

#[derive(Debug, Args)]
struct Quick {
    /// Where to listen: :8080, 127.0.0.1:8080, unix:/path
    listen: String,
    /// Servers: host:port, or unix:/path
    #[arg(required = true)]
    servers: Vec<String>,
    /// Relay TCP instead of HTTP
    #[arg(long)]
    tcp: bool,
    #[command(flatten)]
    overrides: Flags,
}

impl Flags {
    fn to_overrides(&self) -> Overrides {
        let Self { shards, log, maxconn } = self;
        Overrides { shards: shards.clone(), log: log.clone(), maxconn: *maxconn }
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Run(Run { files }) => match load_files(&files) {
            Some(config) => control::run(config),
            None => ExitCode::FAILURE,
        },
        Command::Check { files, bind } => check(&files, bind),
        Command::Proxy(quick) => match load_quick(&quick) {
            Some(config) => control::run(config),
            None => ExitCode::FAILURE,
        },
        Command::Demo { seconds, once } => demo::run(seconds, once),
        Command::Import(import) => import.run(),
        Command::Haproxy { flags } => haproxy::run(&flags),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "corelane", &mut io::stdout());
            ExitCode::SUCCESS
        }
    }
}

fn check(files: &Files, bind: bool) -> ExitCode {
    let Some(config) = load_files(files) else { return ExitCode::FAILURE };
    match control::verify(&config, bind) {
        Ok(()) => {
            println!("the configuration is sound");
            ExitCode::SUCCESS
        }
        Err(reasons) => control::refuse(&reasons),
    }
}

fn load_files(files: &Files) -> Option<Config> {
    let sources = read_all(&files.configs)?;
    let disguised: Vec<_> = sources.iter().filter_map(disguise).collect();
    if !disguised.is_empty() {
        control::refuse(&disguised);
        return None;
    }
    let overrides = files.overrides.to_overrides();
    load_as(&sources, files.dialect.options(), &overrides, Severity::Notice)
}

/// What to say of a haproxy.cfg under another name: as TOML every line of it is wrong.
fn disguise(source: &Source) -> Option<String> {
    const SECTIONS: [&str; 7] =
        ["backend", "defaults", "frontend", "global", "http-errors", "listen", "userlist"];
    let name = &source.name;
    let mut lines = source.text.lines().map(str::trim_start);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let word = first.split_whitespace().next()?;
    let is_cfg = SECTIONS.contains(&word) && !first.contains('=');
    (is_cfg && !name.ends_with(".cfg")).then(|| {
        format!(
            "{name} looks like a haproxy.cfg; give it a name that ends in .cfg, or use \
             `corelane haproxy -f {name}` or `corelane import {name}`"
        )
    })
}

/// The sources, or every reason why there are none.
fn read_all(paths: &[PathBuf]) -> Option<Vec<Source>> {
    let mut sources = Vec::new();
    let mut unreadable = Vec::new();
    for path in paths {
        match read(path) {
            Ok(source) => sources.push(source),
            Err(reason) => unreadable.push(reason),
        }
    }
    if !unreadable.is_empty() {
        control::refuse(&unreadable);
        return None;
    }
    Some(sources)
}

fn read(path: &Path) -> Result<Source, String> {
    let name = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    Ok(Source { name, text })
}

/// Loads a configuration and prints what is wrong with it.
pub(crate) fn load(sources: &[Source], overrides: &Overrides) -> Option<Config> {
    load_as(sources, Options::default(), overrides, Severity::Notice)
}

/// Prints what is at least as bad as `least`.
fn load_as(
    sources: &[Source],
    options: Options,
    overrides: &Overrides,
    least: Severity,
) -> Option<Config> {
    let outcome = in_surroundings(|surroundings| {
        proxy_config::load_haproxy(sources, options, overrides, surroundings)
    });
    let colour = io::stderr().is_terminal();
    for diagnostic in outcome.diagnostics.iter().filter(|found| found.severity() <= least) {
        eprintln!("{}", diagnostic.render(sources, colour));
    }
    outcome.config
}

/// What loading needs of this machine.
fn in_surroundings<T>(load: impl FnOnce(Surroundings<'_>) -> T) -> T {
    // Where the kernel does not tell it, syslog headers go without.
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    load(Surroundings {
        env: &|name| std::env::var(name).ok(),
        read_file: &control::read_file,
        hostname: hostname.trim(),
    })
}

/// A configuration in two sections, from the command line.
fn load_quick(quick: &Quick) -> Option<Config> {
    let mode = if quick.tcp { "tcp" } else { "http" };
    let forwardfor = if quick.tcp { "" } else { "option.forwardfor = true\n" };
    let mut text = format!(
        "[listen.proxy]\nmode = \"{mode}\"\nbind = [{}]\n{forwardfor}server = [\n",
        quote(&quick.listen)
    );
    for (index, server) in quick.servers.iter().enumerate() {
        let server = quote(server);
        text += &format!("  {{ name = \"s{}\", address = {server}, check = true }},\n", index + 1);
    }
    text += "]\n";
    let source = Source { name: "command line".to_owned(), text };
    load(&[source], &quick.overrides.to_overrides())
}

/// A TOML string.
fn quote(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|char| match char {
            '"' | '\\' => format!("\\{char}"),
            control if control.is_control() => format!("\\u{:04x}", u32::from(control)),
            char => char.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn quotes_as_toml_does() {
        assert_eq!(quote("127.0.0.1:80"), "\"127.0.0.1:80\"");
        assert_eq!(quote("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
    }

    #[test]
    fn a_quick_proxy_is_a_sound_configuration() {
        for (listen, server, tcp) in
            [(":8080", "10.0.0.1:80", false), ("unix:/a b", "[::1]:1", true)]
        {
            let overrides = Flags { shards: None, log: None, maxconn: None };
            let quick =
                Quick { listen: listen.into(), servers: vec![server.into()], tcp, overrides };
            let config = load_quick(&quick).unwrap();
            assert_eq!((config.frontends.len(), config.backends[0].servers.len()), (1, 1));
        }
    }
}
