//! Whether log targets can be used, without touching them.

use std::fs::OpenOptions;
use std::net::ToSocketAddrs;
use std::path::Path;

use proxy_config::model::{Config, LogTarget};

/// What is wrong with the log targets of a configuration. A UNIX socket may come later.
pub(super) fn check(config: &Config) -> Vec<String> {
    let mut reasons = Vec::new();
    for log in config.frontends.iter().flat_map(|frontend| &frontend.logs) {
        let reason = match &log.target {
            LogTarget::File(path) => check_file(path).err(),
            LogTarget::Udp { host, port } => (host.as_str(), *port)
                .to_socket_addrs()
                .err()
                .map(|error| format!("log target udp:{host}:{port}: {error}")),
            LogTarget::Stderr | LogTarget::Stdout | LogTarget::Unix(_) => None,
        };
        // Frontends share targets.
        reasons.extend(reason.filter(|reason| !reasons.contains(reason)));
    }
    reasons
}

fn check_file(path: &Path) -> Result<(), String> {
    let say =
        |error: &dyn std::fmt::Display| format!("log target file:{}: {error}", path.display());
    if path.exists() {
        return OpenOptions::new().append(true).open(path).map(drop).map_err(|error| say(&error));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder.is_none_or(Path::is_dir) {
        true => Ok(()),
        false => Err(say(&"its folder does not exist")),
    }
}
