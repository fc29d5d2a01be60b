//! Addresses: where to listen, where servers and logs are, and client networks.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::model::{BindAddress, LogTarget, Network, ServerAddress};
use crate::text::Fault;

/// What `sun_path` holds, without its final zero byte.
const UNIX_PATH_MAX: usize = 107;

const BIND_FORMS: &str = "write `*:80`, `127.0.0.1:80`, `[::1]:80`, `unix:/path` or `fd@3`";
const SERVER_FORMS: &str = "write `10.0.0.1:80`, `[::1]:80`, `name:80` or `unix:/path`";
const TARGET_FORMS: &str = "write `stdout`, `stderr`, `file:PATH`, `udp:HOST:PORT` or `unix:PATH`";

/// The address of a `bind`.
pub(crate) fn bind(text: &str) -> Result<BindAddress, Fault> {
    if let Some(path) = text.strip_prefix("unix:") {
        return unix_path(text, path).map(BindAddress::Unix);
    }
    if let Some(descriptor) = text.strip_prefix("fd@") {
        return inherited(text, descriptor);
    }
    reject_list(text)?;
    reject_prefix(text, BIND_FORMS)?;
    let (host, port) = split_port(text, BIND_FORMS)?;
    let address = match host {
        "" | "*" => Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        host => ip(host),
    };
    let Some(address) = address else {
        let expected = "an IP address, `*` or nothing belongs before the port, not a name";
        return Err(Fault::new(0..host.len(), format!("has no IP address `{host}`"), expected));
    };
    Ok(BindAddress::Tcp(SocketAddr::new(address, port)))
}

/// The address of a server.
pub(crate) fn server(text: &str) -> Result<ServerAddress, Fault> {
    if let Some(path) = text.strip_prefix("unix:") {
        return unix_path(text, path).map(ServerAddress::Unix);
    }
    reject_prefix(text, SERVER_FORMS)?;
    let (host, port) = split_port(text, SERVER_FORMS)?;
    nonzero_port(text, port)?;
    match ip(host) {
        Some(address) if address.is_unspecified() => {
            let expected = "a server needs an address of its own";
            Err(Fault::new(0..host.len(), format!("cannot be `{host}`"), expected))
        }
        Some(address) => Ok(ServerAddress::Tcp(SocketAddr::new(address, port))),
        None => Ok(ServerAddress::Name { host: host_name(text, host, SERVER_FORMS)?, port }),
    }
}

/// Where a log goes.
pub(crate) fn log_target(text: &str) -> Result<LogTarget, Fault> {
    match text.split_once(':') {
        None if text == "stdout" => Ok(LogTarget::Stdout),
        None if text == "stderr" => Ok(LogTarget::Stderr),
        Some(("file", path)) => file_path(text, path).map(LogTarget::File),
        Some(("udp", rest)) => udp(text, rest),
        Some(("unix", path)) => unix_path(text, path).map(LogTarget::Unix),
        Some(("ring", _)) => Err(Fault::new(
            0..text.len(),
            "goes to a ring, which is not yet supported",
            TARGET_FORMS,
        )),
        _ => Err(Fault::new(0..text.len(), "is not a log target", TARGET_FORMS)),
    }
}

/// A network such as `10.0.0.0/8`, or a single address.
pub(crate) fn network(text: &str) -> Result<Network, Fault> {
    let (host, length) = match text.split_once('/') {
        Some((host, length)) => (host, Some(length)),
        None => (text, None),
    };
    let expected = "write an IP address, or a network such as `10.0.0.0/8`";
    let Ok(address) = host.parse::<IpAddr>() else {
        return Err(Fault::new(0..text.len(), "is not a network", expected));
    };
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let prefix_len = match length {
        None => Some(bits),
        Some(length) => digits(length).filter(|length| *length <= bits),
    };
    match prefix_len.map(u8::try_from) {
        Some(Ok(prefix_len)) => Ok(Network { address, prefix_len }),
        _ => Err(Fault::new(
            host.len() + 1..text.len(),
            "has a bad prefix length",
            format!("must be an integer from 0 to {bits}"),
        )),
    }
}

fn inherited(text: &str, descriptor: &str) -> Result<BindAddress, Fault> {
    digits(descriptor).and_then(|number| i32::try_from(number).ok()).map_or_else(
        || {
            let expected = "write the number of an inherited socket: `fd@3`";
            Err(Fault::new(0..text.len(), "has no descriptor number", expected))
        },
        |number| Ok(BindAddress::Inherited(number)),
    )
}

fn udp(text: &str, rest: &str) -> Result<LogTarget, Fault> {
    let forms = "write `udp:HOST:PORT`, such as `udp:10.0.0.1:514`";
    // The parts of `rest` are found again in `text`, where carets count from.
    let shifted = |fault: Fault| {
        let by = text.len() - rest.len();
        Fault { range: fault.range.start + by..fault.range.end + by, ..fault }
    };
    let (host, port) = split_port(rest, forms).map_err(shifted)?;
    nonzero_port(rest, port).map_err(shifted)?;
    let host = match ip(host) {
        Some(address) => address.to_string(),
        None => host_name(rest, host, forms).map_err(shifted)?,
    };
    Ok(LogTarget::Udp { host, port })
}

fn unix_path(text: &str, path: &str) -> Result<PathBuf, Fault> {
    let range = text.len() - path.len()..text.len();
    if !path.starts_with('/') || path.len() < 2 {
        let expected = "the path of a socket starts with `/`: `unix:/run/app.sock`";
        return Err(Fault::new(range, "has no absolute path", expected));
    }
    if path.len() > UNIX_PATH_MAX {
        let expected = format!("the path of a socket has at most {UNIX_PATH_MAX} bytes");
        return Err(Fault::new(range, "has too long a path", expected));
    }
    file_path(text, path)
}

fn file_path(text: &str, path: &str) -> Result<PathBuf, Fault> {
    if path.is_empty() || path.contains('\0') {
        let expected = "give the path of a file, without zero bytes";
        return Err(Fault::new(0..text.len(), "has no usable path", expected));
    }
    Ok(PathBuf::from(path))
}

/// Schemes, and HAProxy's address families in front of an `@`.
fn reject_prefix(text: &str, forms: &str) -> Result<(), Fault> {
    if let Some(scheme) = text.find("://") {
        return Err(Fault::new(0..scheme + 3, "is a URL", forms));
    }
    let Some((family, _)) = text.split_once('@') else {
        return Ok(());
    };
    let range = 0..family.len() + 1;
    if family == "unix" {
        return Err(Fault::new(range, "has `unix@`", "write `unix:/path`"));
    }
    Err(Fault::new(range, format!("has `{family}@`, which is not yet supported"), forms))
}

fn reject_list(text: &str) -> Result<(), Fault> {
    match text.find(',') {
        None => Ok(()),
        Some(comma) => Err(Fault::new(
            comma..comma + 1,
            "has more than one address in a string",
            "write an array: [\":80\", \":81\"]",
        )),
    }
}

/// Splits `HOST:PORT`. The host comes without brackets.
fn split_port<'a>(text: &'a str, forms: &str) -> Result<(&'a str, u16), Fault> {
    if let Some(inside) = text.strip_prefix('[') {
        let Some((host, rest)) = inside.split_once(']') else {
            return Err(Fault::new(0..text.len(), "has no closing `]`", forms));
        };
        if host.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6()) {
            return Ok((host, port(text, rest.strip_prefix(':'), forms)?));
        }
        return Err(Fault::new(0..host.len() + 2, "has no IPv6 address in its brackets", forms));
    }
    let (host, rest) = match text.rsplit_once(':') {
        Some((host, rest)) => (host, Some(rest)),
        None => (text, None),
    };
    if host.contains(':') || text.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6()) {
        let problem = "has an IPv6 address without brackets";
        return Err(Fault::new(0..text.len(), problem, "write `[::1]:80`"));
    }
    Ok((host, port(text, rest, forms)?))
}

fn port(text: &str, port: Option<&str>, forms: &str) -> Result<u16, Fault> {
    let port = port.unwrap_or("");
    let range = text.len() - port.len()..text.len();
    if port.is_empty() {
        return Err(Fault::new(0..text.len(), "has no port", forms));
    }
    if port
        .split_once('-')
        .is_some_and(|(low, high)| digits(low).is_some() && digits(high).is_some())
    {
        let expected = "give one port";
        return Err(Fault::new(range, "has a port range, which is not yet supported", expected));
    }
    digits(port)
        .and_then(|number| u16::try_from(number).ok())
        .ok_or_else(|| Fault::new(range, "has a bad port", "a port is a number up to 65535"))
}

fn nonzero_port(text: &str, port: u16) -> Result<(), Fault> {
    if port == 0 {
        let start = text.rfind(':').map_or(0, |colon| colon + 1);
        return Err(Fault::new(
            start..text.len(),
            "has port 0",
            "must be an integer from 1 to 65535",
        ));
    }
    Ok(())
}

/// The name of a host, which is a part of `text`.
pub(crate) fn host_name(text: &str, host: &str, forms: &str) -> Result<String, Fault> {
    let start = text.find(host).unwrap_or(0);
    let range = start..start + host.len();
    let mut labels = host.strip_suffix('.').unwrap_or(host).split('.');
    let last_is_number = labels.clone().next_back().is_some_and(|last| digits(last).is_some());
    if last_is_number {
        return Err(Fault::new(range, format!("has no IP address `{host}`"), forms));
    }
    if host.len() > 253 || !labels.all(is_label) {
        return Err(Fault::new(range, format!("has no host name `{host}`"), forms));
    }
    Ok(host.to_owned())
}

/// RFC 1123 section 2.1, and `_`, which names of containers and service records have.
fn is_label(label: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=63).contains(&label.len())
        && label.bytes().all(is_allowed)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn ip(host: &str) -> Option<IpAddr> {
    host.parse().ok()
}

/// Digits alone: `str::parse` would take a `+` too.
fn digits(text: &str) -> Option<u64> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
