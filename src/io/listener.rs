//! A shard's end of a listening socket: one multishot accept, which stops when told to or when the
//! system refuses, and is started again by its owner.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;

use io_uring::{opcode, types};

use super::ring::{Completion, Kind, user_data};
use super::task::{TaskId, fire};
use super::{Io, io};

pub(super) struct Slot {
    /// `None`: closed.
    fd: Option<Arc<OwnedFd>>,
    task: TaskId,
    accepting: bool,
    cancelling: bool,
    abandoned: bool,
    pending: u8,
    error: Option<i32>,
    accepted: VecDeque<OwnedFd>,
}

/// Dropping it stops accepting on this shard; the socket closes with its last owner.
#[derive(Debug)]
pub struct Listener {
    key: u32,
    /// Belongs to the thread of its shard.
    _here: PhantomData<*const ()>,
}

impl Listener {
    /// Takes a listening socket; nothing is accepted before [`Listener::start`].
    pub fn new(fd: Arc<OwnedFd>, task: TaskId) -> Self {
        let slot = Slot {
            fd: Some(fd),
            task,
            accepting: false,
            cancelling: false,
            abandoned: false,
            pending: 0,
            error: None,
            accepted: VecDeque::new(),
        };
        Self { key: io().listeners.borrow_mut().insert(slot) as u32, _here: PhantomData }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Slot, &Io) -> T) -> T {
        let io = io();
        look(&mut io.listeners.borrow_mut()[self.key as usize], io)
    }

    /// Accepts until stopped; does nothing when it already does.
    pub fn start(&self) {
        self.with(|slot, io| {
            let Some(fd) = slot.fd.as_ref().filter(|_| !slot.accepting) else { return };
            let fd = types::Fd(fd.as_raw_fd());
            let entry = opcode::AcceptMulti::new(fd).flags(libc::SOCK_CLOEXEC).build();
            io.ring.borrow_mut().push_plain(entry.user_data(user_data(Kind::Accept, self.key)));
            slot.accepting = true;
            slot.pending += 1;
        });
    }

    /// Leaves new connections in the kernel's queue. Some may have been accepted already and come
    /// from [`Listener::next`] later.
    pub fn stop(&self) {
        self.with(|slot, io| slot.cancel(io, self.key));
    }

    /// Whether connections may still come from [`Listener::next`] by themselves.
    pub fn is_accepting(&self) -> bool {
        self.with(|slot, _| slot.accepting)
    }

    pub fn has_next(&self) -> bool {
        self.with(|slot, _| !slot.accepted.is_empty())
    }

    /// A connection that was accepted.
    pub fn next(&self) -> Option<OwnedFd> {
        self.with(|slot, _| slot.accepted.pop_front())
    }

    /// The system's error number that ended accepting, once.
    pub fn take_error(&self) -> Option<i32> {
        self.with(|slot, _| slot.error.take())
    }

    /// Gives its share of the socket up; what was accepted still comes from [`Listener::next`]. Only
    /// for one that does not accept.
    pub fn close(&self) {
        self.with(|slot, _| {
            debug_assert!(!slot.accepting, "the ring still uses the socket");
            slot.fd = None;
        });
    }

    /// Accepts what waits in the kernel's queue now, so that closing the socket resets nobody.
    pub fn take_rest(&self, most: usize) {
        self.with(|slot, _| {
            let Some(listening) = slot.fd.as_deref() else { return };
            // Every shard drains by now; two that share a socket must not wait for each other.
            if rustix::fs::fcntl_setfl(listening, rustix::fs::OFlags::NONBLOCK).is_err() {
                return;
            }
            let flags = rustix::net::SocketFlags::CLOEXEC;
            while slot.accepted.len() < most {
                let Ok(fd) = rustix::net::accept_with(listening, flags) else { break };
                slot.accepted.push_back(fd);
            }
        });
    }
}

impl Slot {
    fn cancel(&mut self, io: &Io, key: u32) {
        if self.accepting && !self.cancelling {
            let entry = opcode::AsyncCancel::new(user_data(Kind::Accept, key)).build();
            io.ring.borrow_mut().push_plain(entry.user_data(user_data(Kind::Ignored, 0)));
            self.cancelling = true;
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let io = io();
        let mut listeners = io.listeners.borrow_mut();
        let slot = &mut listeners[self.key as usize];
        if slot.pending == 0 {
            listeners.remove(self.key as usize);
            return;
        }
        slot.abandoned = true;
        slot.accepted.clear();
        slot.cancel(io, self.key);
    }
}

pub(super) fn complete(io: &Io, completion: Completion) {
    // A descriptor is owned from here on, whatever became of the listener.
    let accepted = owned(completion.result);
    let mut listeners = io.listeners.borrow_mut();
    let Some(slot) = listeners.get_mut(completion.key as usize) else {
        debug_assert!(false, "completion without a listener: {completion:?}");
        return;
    };
    if !completion.more() {
        slot.accepting = false;
        slot.cancelling = false;
        slot.pending -= 1;
    }
    if slot.abandoned {
        if slot.pending == 0 {
            listeners.remove(completion.key as usize);
        }
        return;
    }
    match accepted {
        Some(fd) => slot.accepted.push_back(fd),
        None if completion.result != -libc::ECANCELED => slot.error = Some(-completion.result),
        None => {}
    }
    fire(slot.task);
}

#[expect(unsafe_code, reason = "the kernel hands over a descriptor as a number")]
fn owned(result: i32) -> Option<OwnedFd> {
    // SAFETY: a non-negative result of an accept is a new descriptor that nobody else owns.
    (result >= 0).then(|| unsafe { OwnedFd::from_raw_fd(result) })
}
