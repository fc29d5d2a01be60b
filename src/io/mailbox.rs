//! Letters from other threads to a shard: a queue and a doorbell that the shard's ring reads.
//!
//! The doorbell is a pipe. An eventfd would not do: its writer is marked as being in an eventfd, so
//! that the kernel puts off ringing the bell of a sleeping ring, which is an eventfd too, and puts it
//! off for ever from the second time on (seen on Linux 6.18).

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use io_uring::{opcode, types};
use rustix::pipe::{PipeFlags, pipe_with};

use super::ring::{Kind, user_data};
use super::task::{TaskId, fire};
use super::{Io, io};

/// The sending end; clones go to every thread that has something to say.
#[derive(Debug)]
pub struct Mailbox<T> {
    letters: Sender<T>,
    bell: Arc<OwnedFd>,
}

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Self { letters: self.letters.clone(), bell: Arc::clone(&self.bell) }
    }
}

impl<T> Mailbox<T> {
    /// Delivers a letter. A shard that is gone gets none, which is no error.
    pub fn send(&self, letter: T) {
        if self.letters.send(letter).is_ok() {
            // EAGAIN: the pipe is full of rings that the shard did not read yet.
            let _ = rustix::io::write(&*self.bell, &[1]);
        }
    }
}

/// The receiving end, to be opened on the shard's thread.
#[derive(Debug)]
pub struct Letters<T> {
    letters: Receiver<T>,
    bell: Arc<OwnedFd>,
}

/// A mailbox and its receiving end.
///
/// # Errors
/// When no descriptor is left.
pub fn mailbox<T>() -> std::io::Result<(Mailbox<T>, Letters<T>)> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    // Only this end: the ring's read waits for bytes, unless it is told not to wait.
    rustix::fs::fcntl_setfl(&write, rustix::fs::OFlags::NONBLOCK)?;
    let (sender, letters) = channel();
    let mailbox = Mailbox { letters: sender, bell: Arc::new(write) };
    Ok((mailbox, Letters { letters, bell: Arc::new(read) }))
}

impl<T> Letters<T> {
    /// From now on letters wake `task`. Once a shard.
    pub fn open(&self, task: TaskId) {
        let io = io();
        let doorbell =
            Doorbell { fd: Arc::clone(&self.bell), rings: Box::new([0; RINGS_LEN]), task };
        *io.doorbell.borrow_mut() = Some(doorbell);
        read_bell(io);
    }

    /// The next letter, without waiting.
    pub fn next(&self) -> Option<T> {
        self.letters.try_recv().ok()
    }
}

/// Rings that are read at once.
const RINGS_LEN: usize = 64;

pub(super) struct Doorbell {
    fd: Arc<OwnedFd>,
    /// Where the kernel puts the rings.
    rings: Box<[u8; RINGS_LEN]>,
    task: TaskId,
}

#[expect(unsafe_code, reason = "the kernel is given a pointer to the buffer")]
fn read_bell(io: &Io) {
    if let Some(doorbell) = &mut *io.doorbell.borrow_mut() {
        let rings = doorbell.rings.as_mut_ptr();
        let fd = types::Fd(doorbell.fd.as_raw_fd());
        // No offset: a pipe has none.
        let entry = opcode::Read::new(fd, rings, RINGS_LEN as u32).offset(u64::MAX).build();
        // SAFETY: the buffer is boxed, and the doorbell stays as long as the shard's thread.
        unsafe { io.ring.borrow_mut().push(entry.user_data(user_data(Kind::Doorbell, 0))) };
    }
}

pub(super) fn complete(io: &Io) {
    read_bell(io);
    let task = io.doorbell.borrow().as_ref().map(|doorbell| doorbell.task);
    if let Some(task) = task {
        fire(task);
    }
}
