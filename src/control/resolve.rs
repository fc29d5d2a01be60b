//! Server names to addresses, once, before anything is served.

use std::net::{SocketAddr, ToSocketAddrs};

use proxy_config::model::{Config, ServerAddress};
use socket2::SockAddr;

/// The address of each server, by backend.
///
/// # Errors
/// Every name that does not resolve.
pub(super) fn servers(config: &Config) -> Result<Vec<Vec<SockAddr>>, Vec<String>> {
    let mut reasons = Vec::new();
    let mut backends = Vec::new();
    for backend in &config.backends {
        let mut addresses = Vec::new();
        for server in &backend.servers {
            match resolve(&server.address) {
                Ok(address) => addresses.push(address),
                Err(reason) => {
                    reasons.push(format!("server {}/{}: {reason}", backend.name, server.name));
                }
            }
        }
        backends.push(addresses);
    }
    if reasons.is_empty() { Ok(backends) } else { Err(reasons) }
}

fn resolve(address: &ServerAddress) -> Result<SockAddr, String> {
    match address {
        ServerAddress::Tcp(address) => Ok((*address).into()),
        ServerAddress::Unix(path) => {
            SockAddr::unix(path).map_err(|error| format!("{}: {error}", path.display()))
        }
        ServerAddress::Name { host, port } => {
            let found = (host.as_str(), *port).to_socket_addrs();
            let mut found = found.map_err(|error| format!("cannot resolve {host}: {error}"))?;
            // IPv4 first, as most servers that are named listen there.
            let all: Vec<SocketAddr> = found.by_ref().collect();
            let address = all.iter().find(|address| address.is_ipv4()).or_else(|| all.first());
            address.map(|address| (*address).into()).ok_or_else(|| format!("{host} has no address"))
        }
    }
}
