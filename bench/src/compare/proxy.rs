//! The proxies that are compared: how each is configured, started, and known to be ready.

use super::Workplace;
use super::child::{self, Guard};
use super::scenario::Setup;
use crate::load::{idle, tls};
use crate::machine::Tree;
use crate::{Result, browser, certificate};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const READY_PATIENCE: Duration = Duration::from_secs(10);

/// A proxy by name, and how to run it.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) name: String,
    pub(crate) version: String,
    program: Program,
}

#[derive(Debug)]
enum Program {
    Corelane(PathBuf),
    Haproxy(PathBuf),
    Nginx {
        path: PathBuf,
        /// Where its loadable modules are.
        modules: PathBuf,
    },
    /// Anything else, such as an older build: words with {{CONFIG}}, {{PORT}} and {{ORIGIN}}.
    Command(String),
}

/// A proxy that answers.
pub(crate) struct Running {
    pub(crate) guard: Guard,
    pub(crate) address: SocketAddr,
    pub(crate) tree: Tree,
    /// How to speak TLS with it, if it does.
    pub(crate) tls: Option<tls::Client>,
    /// The file that it logs to, if it does.
    pub(crate) log_file: PathBuf,
}

impl Proxy {
    /// Finds an installed proxy by its name.
    pub(crate) fn find(name: &str, corelane: &Path) -> Result<Self> {
        let (program, version) = match name {
            "corelane" if corelane.is_file() => {
                (Program::Corelane(corelane.to_owned()), first_line(corelane, "--version"))
            }
            "corelane" => return Err(format!("{} is not built", corelane.display()).into()),
            "haproxy" => {
                let path = child::find_program("haproxy")?;
                let version = first_line(&path, "-v");
                (Program::Haproxy(path), version)
            }
            "nginx" => {
                let path = child::find_program("nginx")?;
                let version = first_line(&path, "-v");
                let modules = nginx_modules(&path);
                (Program::Nginx { path, modules }, version)
            }
            _ => {
                return Err(format!("no proxy `{name}`; there are corelane, haproxy, nginx").into());
            }
        };
        Ok(Self { name: name.to_owned(), version, program })
    }

    /// From `NAME=COMMAND` on the command line.
    pub(crate) fn from_command(text: &str) -> Result<Self> {
        let (name, command) = text.split_once('=').ok_or("--also takes NAME=COMMAND")?;
        Ok(Self {
            name: name.to_owned(),
            version: command.to_owned(),
            program: Program::Command(command.to_owned()),
        })
    }

    /// Why this proxy cannot take part in a scenario, if it cannot.
    pub(crate) fn lacks(&self, setup: Setup) -> Option<String> {
        match &self.program {
            Program::Nginx { modules, .. } if setup == Setup::Tcp => {
                let module = modules.join("ngx_stream_module.so");
                (!module.exists()).then(|| "its stream module is not installed".to_owned())
            }
            Program::Nginx { .. } if setup == Setup::Rules => {
                Some("it has no rules that mean the same".to_owned())
            }
            Program::Command(command)
                if setup != Setup::Http && !command.contains("{{CONFIG}}") =>
            {
                Some("it takes no configuration".to_owned())
            }
            _ => None,
        }
    }

    /// Starts it and waits until it forwards a request.
    pub(crate) fn start(&self, setup: Setup, workplace: &Workplace) -> Result<Running> {
        let log_file = workplace.path(&format!("{}.log", self.name));
        let _ = fs::remove_file(&log_file);
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let config = workplace.path(&format!("{}.conf", self.name));
        let text = self.config_text(setup, workplace, address, &log_file);
        fs::write(&config, text)?;
        let mut command = self.command(setup, workplace, address, &config);
        command.current_dir(&workplace.dir);
        let guard = Guard::start(command, &workplace.path(&format!("{}.out", self.name)))?;
        let tree = Tree { pids: Vec::new() };
        let tls = setup.is_tls().then(tls::Client::full).transpose()?;
        let mut running = Running { guard, address, tree, tls, log_file };
        running.wait_until_ready().map_err(|error| {
            format!("{} does not serve: {error}\n{}", self.name, running.guard.printed())
        })?;
        Ok(running)
    }

    fn command(
        &self,
        setup: Setup,
        workplace: &Workplace,
        address: SocketAddr,
        config: &Path,
    ) -> Command {
        let core = workplace.cores.proxy;
        match &self.program {
            Program::Corelane(path) => {
                let mut command = child::pinned(core, path);
                command.args(["run", "-c"]).arg(config);
                command
            }
            Program::Haproxy(path) => {
                let mut command = child::pinned(core, path);
                command.args(["-db", "-f"]).arg(config);
                command
            }
            Program::Nginx { path, .. } => {
                let mut command = child::pinned(core, path);
                command.args(["-e", "stderr", "-p"]).arg(&workplace.dir).arg("-c").arg(config);
                command
            }
            Program::Command(text) => {
                let text = text
                    .replace("{{CONFIG}}", &config.to_string_lossy())
                    .replace("{{PORT}}", &address.port().to_string())
                    .replace("{{ORIGIN}}", &workplace.origin(setup).to_string());
                let mut words = text.split_ascii_whitespace();
                let mut command = child::pinned(core, words.next().unwrap_or("false"));
                command.args(words);
                command
            }
        }
    }

    fn config_text(
        &self,
        setup: Setup,
        workplace: &Workplace,
        address: SocketAddr,
        log_file: &Path,
    ) -> String {
        let modules = match &self.program {
            Program::Nginx { modules, .. } => modules.to_string_lossy().into_owned(),
            _ => String::new(),
        };
        self.template(setup)
            .replace("{{CORE}}", &workplace.cores.proxy.to_string())
            .replace("{{PORT}}", &address.port().to_string())
            .replace("{{ORIGIN}}", &workplace.origin(setup).to_string())
            .replace("{{CRT}}", &workplace.path(certificate::FILE).to_string_lossy())
            .replace("{{MAP}}", &workplace.path(browser::MAP_FILE).to_string_lossy())
            .replace("{{DIR}}", &workplace.dir.to_string_lossy())
            .replace("{{MODULES}}", &modules)
            .replace("{{LOG}}", &self.log_target(setup, workplace, log_file))
    }

    fn template(&self, setup: Setup) -> &'static str {
        match (&self.program, setup) {
            (Program::Haproxy(_), Setup::Http) => include_str!("../../config/haproxy-http.cfg"),
            (Program::Haproxy(_), Setup::Tcp) => include_str!("../../config/haproxy-tcp.cfg"),
            (Program::Haproxy(_), Setup::Tls) => include_str!("../../config/haproxy-tls.cfg"),
            (Program::Haproxy(_), Setup::TlsToTls) => {
                include_str!("../../config/haproxy-tls-to-tls.cfg")
            }
            (Program::Haproxy(_), Setup::Rules) => include_str!("../../config/haproxy-rules.cfg"),
            (Program::Haproxy(_), _) => include_str!("../../config/haproxy-log.cfg"),
            (Program::Nginx { .. }, Setup::Http) => include_str!("../../config/nginx-http.conf"),
            (Program::Nginx { .. }, Setup::Tcp) => include_str!("../../config/nginx-tcp.conf"),
            (Program::Nginx { .. }, Setup::Tls) => include_str!("../../config/nginx-tls.conf"),
            (Program::Nginx { .. }, Setup::TlsToTls) => {
                include_str!("../../config/nginx-tls-to-tls.conf")
            }
            (Program::Nginx { .. }, _) => include_str!("../../config/nginx-log.conf"),
            (_, Setup::Http) => include_str!("../../config/corelane-http.toml"),
            (_, Setup::Tcp) => include_str!("../../config/corelane-tcp.toml"),
            (_, Setup::Tls) => include_str!("../../config/corelane-tls.toml"),
            (_, Setup::TlsToTls) => include_str!("../../config/corelane-tls-to-tls.toml"),
            (_, Setup::Rules) => include_str!("../../config/corelane-rules.toml"),
            (_, _) => include_str!("../../config/corelane-log.toml"),
        }
    }

    fn log_target(&self, setup: Setup, workplace: &Workplace, file: &Path) -> String {
        let sink = &workplace.sink;
        match (&self.program, setup == Setup::LogSyslog) {
            (Program::Haproxy(_), false) => sink.path.to_string_lossy().into_owned(),
            (Program::Haproxy(_), true) => sink.address.to_string(),
            (Program::Nginx { .. }, false) => file.to_string_lossy().into_owned(),
            (Program::Nginx { .. }, true) => format!("syslog:server={}", sink.address),
            (_, false) => format!("file:{}", file.display()),
            (_, true) => format!("udp:{}", sink.address),
        }
    }
}

impl Running {
    fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + READY_PATIENCE;
        loop {
            match idle::probe(self.address, self.tls.as_ref()) {
                Ok(()) => {
                    self.tree = Tree::of(self.guard.pid());
                    return Ok(());
                }
                Err(_) if self.guard.has_ended() => return Err("it ended".into()),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The first line that a program prints, on either stream, when asked for its version.
pub(crate) fn first_line(program: &Path, argument: &str) -> String {
    let Ok(output) = Command::new(program).arg(argument).output() else {
        return "unknown version".to_owned();
    };
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).lines().next().unwrap_or("unknown version").trim().to_owned()
}

fn nginx_modules(nginx: &Path) -> PathBuf {
    let output = Command::new(nginx).arg("-V").output();
    let text = output.map(|output| output.stderr).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let path = text.split_ascii_whitespace().find_map(|word| word.strip_prefix("--modules-path="));
    PathBuf::from(path.unwrap_or("modules"))
}

#[cfg(test)]
mod tests {
    use super::Proxy;
    use crate::compare::scenario::Setup;

    #[test]
    fn other_proxies_come_from_the_command_line() {
        let proxy = Proxy::from_command("old=./old run -c {{CONFIG}}").unwrap();
        assert_eq!(proxy.name, "old");
        assert_eq!(proxy.lacks(Setup::Tcp), None);
        let bare = Proxy::from_command("bare=./bare {{PORT}}").unwrap();
        assert_eq!(bare.lacks(Setup::Http), None);
        assert!(bare.lacks(Setup::Log).is_some());
        assert!(Proxy::from_command("nothing").is_err());
    }
}
