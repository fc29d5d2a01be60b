//! A log target that is a byte stream: a file, a pipe, a terminal, a stream socket.
//!
//! Only a regular file is written with calls that may wait (for the disk). Everything else has a
//! reader that may stall, and is written without waiting for longer than [`WAIT_MS`] a time.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::SendFlags;

use super::log_writer::Lost;

/// Waiting for a reader that has fallen behind, each time.
const WAIT_MS: u64 = 25;
/// Waits for one batch, before its reader counts as stalled.
const WAITS_MAX: u32 = 16;
/// `O_NONBLOCK` has no effect on a regular file, and lets opening a FIFO without a reader fail.
const OPEN_FLAGS: i32 =
    rustix::fs::OFlags::NONBLOCK.union(rustix::fs::OFlags::NOCTTY).bits() as i32;

#[derive(Debug)]
pub(super) struct StreamTarget {
    file: File,
    /// To be opened again on request; `None` for what was inherited.
    path: Option<PathBuf>,
    is_socket: bool,
    /// The reader did not read for so long that it is not waited for until it does.
    is_stalled: bool,
    /// The latest line was cut off in the middle: a `\n` is owed.
    is_mid_line: bool,
}

impl StreamTarget {
    /// Appends to `path`, which is created when it is missing.
    pub(super) fn file(path: &Path) -> io::Result<Self> {
        let file = open_append(path)?;
        Ok(Self { path: Some(path.to_owned()), ..Self::new(file, false) })
    }

    pub(super) fn stdout() -> io::Result<Self> {
        Self::inherited(io::stdout().as_fd(), Path::new("/proc/self/fd/1"))
    }

    pub(super) fn stderr() -> io::Result<Self> {
        Self::inherited(io::stderr().as_fd(), Path::new("/proc/self/fd/2"))
    }

    fn new(file: File, is_socket: bool) -> Self {
        Self { file, path: None, is_socket, is_stalled: false, is_mid_line: false }
    }

    /// `O_NONBLOCK` belongs to the open file, which other processes share: what they inherited
    /// with us must go on to block. Hence pipes and terminals are opened anew by way of `link`.
    fn inherited(fd: BorrowedFd<'_>, link: &Path) -> io::Result<Self> {
        let file = File::from(fd.try_clone_to_owned()?);
        let kind = file.metadata()?.file_type();
        let wants_own = kind.is_fifo() || kind.is_char_device();
        let own = if wants_own { open_existing(link).ok() } else { None };
        Ok(Self::new(own.unwrap_or(file), kind.is_socket()))
    }

    pub(super) fn reopen(&mut self) -> io::Result<()> {
        if let Some(path) = &self.path {
            self.file = open_append(path)?;
            self.is_stalled = false;
            self.is_mid_line = false;
        }
        Ok(())
    }

    /// Writes whole lines, or as many as are taken.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        let mut rest = bytes;
        let mut waits = if self.is_stalled { 0 } else { WAITS_MAX };
        while !rest.is_empty() {
            let text = if self.is_mid_line { b"\n" } else { rest };
            match self.write_some(text) {
                Ok(_) if self.is_mid_line => self.is_mid_line = false,
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && waits > 0 => {
                    waits -= 1;
                    self.await_reader();
                }
                Err(cause) => return Err(self.give_up(bytes, rest, cause)),
            }
        }
        self.is_stalled = false;
        Ok(())
    }

    fn write_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = if self.is_socket {
            rustix::net::send(&self.file, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?
        } else {
            self.file.write(bytes)?
        };
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        Ok(written)
    }

    fn await_reader(&self) {
        let wait = Timespec::try_from(Duration::from_millis(WAIT_MS)).ok();
        // Whatever comes of it, the next write tells.
        let _ = poll(&mut [PollFd::new(&self.file, PollFlags::OUT)], wait.as_ref());
    }

    fn give_up(&mut self, bytes: &[u8], rest: &[u8], cause: io::Error) -> Lost {
        self.is_stalled = cause.kind() == io::ErrorKind::WouldBlock;
        let written = &bytes[..bytes.len() - rest.len()];
        self.is_mid_line |= written.last().is_some_and(|byte| *byte != b'\n');
        let lines = rest.iter().filter(|byte| **byte == b'\n').count();
        Lost { lines: lines as u64, cause }
    }
}

fn open_append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o640).custom_flags(OPEN_FLAGS).open(path)
}

fn open_existing(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).custom_flags(OPEN_FLAGS).open(path)
}

/// One line on the process's stderr, unless its reader has stalled.
pub fn say(text: &str) {
    let stderr = io::stderr();
    let is_ready = poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], Some(&Timespec::default()));
    if is_ready == Ok(1) {
        let _ = writeln!(stderr.lock(), "{text}");
    }
}

#[cfg(test)]
#[path = "stream_target_tests.rs"]
mod tests;
