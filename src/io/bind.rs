//! Listening and connecting sockets, made before they are given to a shard's ring.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proxy_config::model::BindAddress;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use socket2::{Domain, SockAddr, Socket, Type};

/// Whether somebody else may listen on an address already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Nobody may: a shared port would go unnoticed.
    Alone,
    /// A process of the same user, from which this one takes over.
    Beside,
}

/// A bound address, with one listening socket for each shard or one that all share.
#[derive(Debug)]
pub struct BoundSocket {
    /// As `listening` lines print it, with the real port.
    pub address: String,
    /// Index: shard. Shared sockets are the same `Arc` in each place.
    pub per_shard: Vec<Arc<OwnedFd>>,
    /// A UNIX socket whose name somebody else has until this one listens.
    staged: Option<Staged>,
}

/// Binds `address` for `shards` shards, without listening yet.
///
/// # Errors
/// The reason, in words, with the remedy where there is one.
pub fn bind(address: &BindAddress, shards: usize, claim: Claim) -> Result<BoundSocket, String> {
    match address {
        BindAddress::Tcp(address) => {
            bind_tcp(*address, shards, claim).map_err(|error| explain(&error, &address.to_string()))
        }
        BindAddress::Unix(path) => {
            let name = format!("unix:{}", path.display());
            let staged = (claim == Claim::Beside).then(|| Staged::of(path));
            let place = staged.as_ref().map_or(path.as_path(), |staged| &staged.from);
            let socket = bind_unix(place).map_err(|error| explain(&error, &name))?;
            Ok(BoundSocket { staged, ..shared(name, socket, shards) })
        }
        BindAddress::Inherited(number) => inherit(*number, shards),
    }
}

impl BoundSocket {
    /// Takes back what binding left in the file system, for an address that is not served.
    pub fn forget(&self) {
        if let Some(path) = self.address.strip_prefix("unix:") {
            let _ = std::fs::remove_file(path);
        }
    }

    /// Starts to queue connections; the last step before serving.
    ///
    /// # Errors
    /// When the system refuses, in words.
    pub fn listen(&self, backlog: u32) -> Result<(), String> {
        let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
        for (shard, fd) in self.per_shard.iter().enumerate() {
            let repeated = shard > 0 && Arc::ptr_eq(fd, &self.per_shard[0]);
            if !repeated {
                rustix::net::listen(fd, backlog)
                    .map_err(|error| explain(&error.into(), &self.address))?;
            }
        }
        self.staged.as_ref().map_or(Ok(()), Staged::take_name)
    }
}

/// A socket of the file system beside its name.
#[derive(Debug)]
struct Staged {
    from: PathBuf,
    to: PathBuf,
}

impl Staged {
    fn of(path: &Path) -> Self {
        let mut from = path.as_os_str().to_owned();
        from.push(format!(".{}", std::process::id()));
        Self { from: from.into(), to: path.to_owned() }
    }

    /// From now on connections come here; those that wait elsewhere stay there.
    fn take_name(&self) -> Result<(), String> {
        std::fs::rename(&self.from, &self.to)
            .map_err(|error| format!("cannot bind unix:{}: {error}", self.to.display()))
    }
}

impl Drop for Staged {
    /// What never got its name.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.from);
    }
}

fn bind_tcp(address: SocketAddr, shards: usize, claim: Claim) -> io::Result<BoundSocket> {
    if address.port() != 0 && claim == Claim::Alone {
        // SO_REUSEPORT would let us share the port with another program of this user unnoticed.
        tcp_socket(address, false)?;
    }
    let first = tcp_socket(address, true)?;
    let real = first.local_addr()?.as_socket().unwrap_or(address);
    let mut per_shard = vec![Arc::new(OwnedFd::from(first))];
    for _ in 1..shards {
        per_shard.push(Arc::new(tcp_socket(real, true)?.into()));
    }
    Ok(BoundSocket { address: real.to_string(), per_shard, staged: None })
}

fn tcp_socket(address: SocketAddr, reuse_port: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(reuse_port)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // Accepted sockets inherit it, which saves a system call for each.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn bind_unix(path: &Path) -> io::Result<Socket> {
    // A socket that a previous run left behind, unless somebody listens on it.
    let is_socket =
        std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if is_socket {
        let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        if probe.connect(&SockAddr::unix(path)?).is_ok() {
            return Err(io::Error::from_raw_os_error(libc::EADDRINUSE));
        }
        std::fs::remove_file(path)?;
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.bind(&SockAddr::unix(path)?)?;
    Ok(socket)
}

#[expect(unsafe_code, reason = "a descriptor's number comes from outside")]
fn inherit(number: i32, shards: usize) -> Result<BoundSocket, String> {
    let name = format!("fd@{number}");
    // SAFETY: only asks about the number; a closed one is an error.
    if number < 0 || unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
        return Err(format!("{name}: no such descriptor was inherited"));
    }
    // SAFETY: the descriptor is open, and the configuration says that it is ours; the configuration
    // is checked for repeats.
    let socket = unsafe { Socket::from_raw_fd(number) };
    let listens = socket.is_listener().map_err(|error| explain(&error, &name))?;
    if !listens {
        return Err(format!("{name}: the inherited descriptor is not a listening socket"));
    }
    socket.set_cloexec(true).map_err(|error| explain(&error, &name))?;
    // The ring waits for connections, unless the socket is one that never waits.
    socket.set_nonblocking(false).map_err(|error| explain(&error, &name))?;
    Ok(shared(name, socket, shards))
}

fn shared(address: String, socket: Socket, shards: usize) -> BoundSocket {
    let fd = Arc::new(OwnedFd::from(socket));
    BoundSocket { address, per_shard: vec![fd; shards], staged: None }
}

fn explain(error: &io::Error, address: &str) -> String {
    let hint = match error.raw_os_error() {
        Some(libc::EADDRINUSE) => "; another program listens there",
        Some(libc::EACCES) => {
            "; ports below 1024 need root, CAP_NET_BIND_SERVICE, or a lower \
             net.ipv4.ip_unprivileged_port_start"
        }
        Some(libc::EADDRNOTAVAIL) => "; no interface of this machine has that address",
        Some(libc::EMFILE | libc::ENFILE) => "; raise the limit of file descriptors (ulimit -n)",
        _ => "",
    };
    format!("cannot bind {address}: {error}{hint}")
}

/// A socket to connect to `address` with.
///
/// # Errors
/// The system's error number: no descriptors or memory, or an unknown family.
pub fn dial_socket(address: &SockAddr) -> Result<OwnedFd, i32> {
    let family = AddressFamily::from_raw(address.family());
    let (kind, flags) = (SocketType::STREAM, SocketFlags::CLOEXEC);
    let fd = rustix::net::socket_with(family, kind, flags, None)
        .map_err(|error| error.raw_os_error())?;
    if !address.is_unix() {
        // Refusal costs only latency.
        let _ = rustix::net::sockopt::set_tcp_nodelay(&fd, true);
    }
    Ok(fd)
}
