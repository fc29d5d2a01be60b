//! The only home of io_uring, glommio and unsafe code: bytes, sockets, timers and tasks of one shard.
//!
//! Knows nothing of HTTP. The rest of the program sees [`Conn`] (a connection), [`Task`] (the running
//! task, which sleeps in one place), [`Listener`], [`Mailbox`] and the shard's clock.
//! All of it belongs to the thread that called [`run_shard`].

mod bind;
mod buffers;
mod clock;
mod conn;
mod driver;
mod listener;
mod mailbox;
mod ring;
mod socket;
mod sys;
mod task;
#[cfg(test)]
mod tests;
mod tls;
mod wheel;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use glommio::{LocalExecutorBuilder, Placement};
use io_uring::types::Timespec;
use slab::Slab;

pub use bind::{BoundSocket, Claim, bind, dial_socket};
pub use buffers::RecvBuf;
pub use clock::{instant, wall_ms};
pub use conn::Conn;
pub use listener::Listener;
pub use mailbox::{Letters, Mailbox, mailbox};
pub use ring::probe;
pub use socket::{Chunk, InputEnd};
pub use task::{NEVER, Task, TaskId, fire as wake, spawn};
pub use tls::{ClientTarget, ServerTarget, TlsFacts, TlsFault};

/// What a shard is made with.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Core that the thread is pinned to.
    pub core: usize,
    /// Receive buffers, and bytes of each.
    pub buffers: usize,
    pub buffer_len: usize,
}

/// All that a shard's I/O owns. One a thread, never freed.
pub struct Io {
    ring: RefCell<ring::Ring>,
    buffers: RefCell<buffers::Buffers>,
    sockets: RefCell<Slab<socket::Socket>>,
    listeners: RefCell<Slab<listener::Slot>>,
    tasks: RefCell<Slab<task::Slot>>,
    wheel: RefCell<wheel::Wheel>,
    clock: clock::Clock,
    doorbell: RefCell<Option<mailbox::Doorbell>>,
    /// Receive buffers are scarce.
    scarce: Cell<bool>,
    /// Sockets that found no buffer.
    starved: RefCell<Vec<u32>>,
    /// Idle connections to which something happened.
    stirred: RefCell<Vec<u32>>,
    idle_keeper: Cell<Option<TaskId>>,
    spare_buffers: RefCell<Vec<Vec<u8>>>,
    #[expect(clippy::vec_box, reason = "the kernel is given their address")]
    spare_gathers: RefCell<Vec<Box<socket::Gather>>>,
    /// Tasks that were woken and have not run yet.
    runnable: Cell<u32>,
    panics: Cell<u64>,
    /// Times the shard slept.
    naps: Cell<u64>,
    alarm: Cell<Timespec>,
    stopped: Cell<bool>,
}

thread_local!(static IO: Cell<Option<&'static Io>> = const { Cell::new(None) });

/// The running shard's I/O.
///
/// # Panics
/// On a thread that is no shard: a mistake of ours.
pub fn io() -> &'static Io {
    #[expect(clippy::expect_used, reason = "only code of a shard calls it")]
    IO.get().expect("called on a shard's thread")
}

/// Whether the machine has this address itself, as the kernel says that would let it be used.
pub fn is_own_address(address: IpAddr) -> bool {
    std::net::UdpSocket::bind((address, 0)).is_ok()
}

impl Io {
    fn new(setup: &Setup) -> std::io::Result<Self> {
        let ring = ring::Ring::new()?;
        let buffers = buffers::Buffers::new(ring.uring(), setup.buffers, setup.buffer_len)?;
        let clock = clock::Clock::new();
        let wheel = wheel::Wheel::new(clock.update());
        Ok(Self {
            ring: RefCell::new(ring),
            buffers: RefCell::new(buffers),
            sockets: RefCell::default(),
            listeners: RefCell::default(),
            tasks: RefCell::default(),
            wheel: RefCell::new(wheel),
            clock,
            doorbell: RefCell::default(),
            scarce: Cell::new(false),
            starved: RefCell::default(),
            stirred: RefCell::default(),
            idle_keeper: Cell::new(None),
            spare_buffers: RefCell::default(),
            spare_gathers: RefCell::default(),
            runnable: Cell::new(0),
            panics: Cell::new(0),
            naps: Cell::new(0),
            alarm: Cell::new(Timespec::new()),
            stopped: Cell::new(false),
        })
    }

    /// Milliseconds on the shard's clock, as of this turn of the driver.
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// A shard time as wall time, in milliseconds since the epoch.
    pub fn wall_ms(&self, at_ms: u64) -> u64 {
        self.clock.wall_ms(at_ms)
    }

    /// Microseconds since the epoch, read now.
    pub fn wall_us(&self) -> u64 {
        clock::wall_us()
    }

    /// Ends the shard after this turn.
    pub fn stop(&self) {
        self.stopped.set(true);
    }

    /// Names the task that looks after idle connections.
    pub fn set_idle_keeper(&self, task: TaskId) {
        self.idle_keeper.set(Some(task));
    }

    /// An idle connection to which something happened, by its key.
    pub fn take_stirred(&self) -> Option<u32> {
        self.stirred.borrow_mut().pop()
    }

    /// What is held now; all zero after a drain, but for the shard's own tasks.
    pub fn usage(&self) -> Usage {
        Usage {
            sockets: self.sockets.borrow().len(),
            buffers: self.buffers.borrow().in_use(),
            tasks: self.tasks.borrow().len(),
            panics: self.panics.get(),
        }
    }
}

/// What the shard of this thread holds; `None` if it never came to be.
pub fn usage() -> Option<Usage> {
    IO.get().map(Io::usage)
}

/// What a shard holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    pub sockets: usize,
    /// Receive buffers that are not spare.
    pub buffers: usize,
    pub tasks: usize,
    /// Tasks that panicked so far.
    pub panics: u64,
}

/// Runs a shard on the calling thread: pins it, makes its ring, starts `main` as its first task, and
/// drives it until [`Io::stop`].
///
/// # Errors
/// What could not be set up or went wrong with the ring, in words.
pub fn run_shard<F>(setup: Setup, main: impl FnOnce(Task) -> F) -> Result<(), String>
where
    F: Future<Output = ()> + 'static,
{
    let executor = LocalExecutorBuilder::new(Placement::Fixed(setup.core))
        .name("shard")
        // Never: glommio 0.9 goes to sleep with runnable tasks when this timer fires between its
        // looks at the rings and at the tasks, as it does on a busy machine. The driver yields by
        // itself, and nothing here uses glommio's timers.
        .preempt_timer(Duration::from_secs(3600))
        .io_memory(0)
        .make()
        .map_err(|error| format!("no executor on core {}: {error}", setup.core))?;
    executor.run(async {
        let io: &'static Io = match Io::new(&setup) {
            Ok(io) => Box::leak(Box::new(io)),
            Err(error) => return Err(format!("no io_uring on core {}: {error}", setup.core)),
        };
        IO.set(Some(io));
        let bell = driver::Bell::new(io).map_err(|error| format!("no bell: {error}"))?;
        spawn(main);
        driver::drive(io, bell).await.map_err(|error| format!("io_uring failed: {error}"))
    })
}
