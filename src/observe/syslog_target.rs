//! A log target that is a syslog daemon: each line a datagram with its header, over UDP or a UNIX
//! socket.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, sendmmsg};

use super::date::{DateCache, Zone};
use super::log_writer::Lost;
use super::syslog_header::SyslogHeader;

/// Datagrams of one system call.
const DATAGRAMS_MAX: usize = 64;
/// Between two attempts to find a daemon that went away.
const CONNECT_INTERVAL_MS: u64 = 1000;
/// The kernel's bound on waiting for room in the daemon's queue, for each datagram that waits.
const SEND_TIMEOUT: Duration = Duration::from_millis(100);
/// Sends of one batch that may come back early, before the daemon counts as stalled. Over UDP they
/// do when nobody listens: each answer to one datagram makes the next one fail.
const SHORT_SENDS_MAX: u32 = 4;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Udp(SocketAddr),
    Unix(PathBuf),
}

impl Address {
    /// The first address of `host`, looked up now and never again.
    pub(super) fn resolve(host: &str, port: u16) -> io::Result<Self> {
        let first = (host, port).to_socket_addrs()?.next();
        first.map(Self::Udp).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

#[derive(Debug)]
pub(super) struct SyslogTarget {
    address: Address,
    /// `None` while no daemon is there.
    socket: Option<OwnedFd>,
    /// Wall clock of the latest attempt to connect.
    attempt_ms: u64,
    /// The daemon's queue stayed full for so long that it is not waited for until it has room.
    is_stalled: bool,
    /// By severity.
    priorities: [Vec<u8>; 8],
    header: SyslogHeader,
    /// `header` at the time of the batch.
    header_text: Vec<u8>,
    dates: DateCache,
}

impl SyslogTarget {
    pub(super) fn new(address: Address, header: SyslogHeader, zone: Arc<Zone>) -> Self {
        Self {
            address,
            socket: None,
            attempt_ms: 0,
            is_stalled: false,
            priorities: header.priorities(),
            header,
            header_text: Vec::new(),
            dates: DateCache::new(zone),
        }
    }

    pub(super) fn is_unix(&self) -> bool {
        matches!(self.address, Address::Unix(_))
    }

    pub(super) fn connect(&mut self) -> io::Result<()> {
        self.socket = Some(match &self.address {
            Address::Udp(address) => connect_udp(*address)?,
            Address::Unix(path) => connect_unix(path)?,
        });
        self.is_stalled = false;
        Ok(())
    }

    /// Sends each line of `bytes`, or as many as are taken.
    pub(super) fn write(&mut self, bytes: &[u8], wall_ms: u64) -> Result<(), Lost> {
        self.header_text.clear();
        self.header.put(&mut self.header_text, &mut self.dates, wall_ms);
        let mut rest = bytes;
        let mut shorts = 0;
        while !rest.is_empty() {
            match self.send(rest, wall_ms) {
                Ok((sent, is_whole)) => {
                    rest = &rest[sent..];
                    shorts += u32::from(!is_whole);
                    if shorts > SHORT_SENDS_MAX {
                        return Err(self.give_up(rest, io::ErrorKind::WouldBlock.into()));
                    }
                }
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(self.give_up(rest, cause)),
            }
        }
        self.is_stalled = false;
        Ok(())
    }

    /// Sends the first lines of `bytes` in one call: how many bytes of it were sent, and whether
    /// that was all that one call may hold.
    fn send(&mut self, bytes: &[u8], wall_ms: u64) -> io::Result<(usize, bool)> {
        if self.socket.is_none() {
            self.connect_again(wall_ms)?;
        }
        let Some(socket) = &self.socket else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let lines: Vec<_> = Lines(bytes)
            .take(DATAGRAMS_MAX)
            .map(|(severity, line)| {
                let priority = &self.priorities[usize::from(severity & 7)];
                [priority, &self.header_text, line].map(IoSlice::new)
            })
            .collect();
        let mut no_control: [[MaybeUninit<u8>; 0]; DATAGRAMS_MAX] = [[]; DATAGRAMS_MAX];
        let mut controls: Vec<_> =
            no_control.iter_mut().map(|empty| SendAncillaryBuffer::new(empty)).collect();
        let mut messages: Vec<_> = lines
            .iter()
            .zip(&mut controls)
            .map(|(slices, control)| MMsgHdr::new(slices, control))
            .collect();
        let wait = if self.is_stalled { SendFlags::DONTWAIT } else { SendFlags::empty() };
        let count = sendmmsg(socket, &mut messages, SendFlags::NOSIGNAL | wait)?;
        // The severity's byte was not sent, but is done with.
        let sent = lines.iter().take(count).map(|[_, _, line]| line.len() + 1).sum();
        Ok((sent, count == lines.len()))
    }

    fn connect_again(&mut self, wall_ms: u64) -> io::Result<()> {
        // Wrapping: a wall clock that was set back does not put the attempt off.
        if wall_ms.wrapping_sub(self.attempt_ms) < CONNECT_INTERVAL_MS {
            return Err(io::ErrorKind::NotConnected.into());
        }
        self.attempt_ms = wall_ms;
        self.connect()
    }

    /// Lets go of `rest`, and of a daemon that is gone.
    fn give_up(&mut self, rest: &[u8], cause: io::Error) -> Lost {
        self.is_stalled = cause.kind() == io::ErrorKind::WouldBlock;
        // A UDP socket stays good: its errors tell of earlier datagrams.
        if self.is_unix() && !self.is_stalled {
            self.socket = None;
        }
        let lines = rest.iter().filter(|byte| **byte == b'\n').count();
        Lost { lines: lines as u64, cause }
    }
}

/// The severities and lines of a batch, each with its `\n`, which HAProxy sends too.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (severity, rest) = self.0.split_first()?;
        let end = memchr::memchr(b'\n', rest)?;
        let (line, rest) = rest.split_at(end + 1);
        self.0 = rest;
        Some((*severity, line))
    }
}

fn connect_udp(address: SocketAddr) -> io::Result<OwnedFd> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    socket.set_write_timeout(Some(SEND_TIMEOUT))?;
    Ok(socket.into())
}

fn connect_unix(path: &Path) -> io::Result<OwnedFd> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    socket.set_write_timeout(Some(SEND_TIMEOUT))?;
    Ok(socket.into())
}

#[cfg(test)]
#[path = "syslog_target_tests.rs"]
mod tests;
