//! The driver: the one task of a shard that enters the kernel.
//!
//! ```text
//!        +-> run every woken task -> lend buffers -> enter: submit, wait, collect -> wake tasks -+
//!        +---------------------------------------------------------------------------------------+
//!   hot  waits in the ring; an alarm at most PULSE_MS away ends the wait
//!   cold only the alarm came: arm the bell, look again, sleep in glommio, disarm
//! ```
//! Hot, one system call moves a whole batch. Cold, glommio sleeps and an idle shard costs nothing.
//! No wake-up is missed: the bell is armed before the last look, and the kernel adds work with a full
//! barrier before it reads whether to ring.

use std::os::fd::{AsFd, FromRawFd, IntoRawFd, OwnedFd};
use std::sync::atomic::{Ordering, fence};

use glommio::io::BufferedFile;
use io_uring::opcode;
use io_uring::types::Timespec;
use rustix::event::{EventfdFlags, eventfd};

use super::ring::{Completion, Kind, user_data};
use super::wheel::Entry;
use super::{Io, listener, mailbox, socket, task};

/// How long a shard in which nothing happens waits in its ring before it goes cold, in milliseconds;
/// so late glommio's own events can be.
const PULSE_MS: u64 = 10;
/// Rounds of running woken tasks before the kernel is entered again, whatever they wake.
const ROUNDS_MAX: u32 = 16;

/// The bell that wakes a cold shard.
pub(super) struct Bell {
    file: BufferedFile,
    /// When the alarm that is armed goes off, in milliseconds on the shard's clock; 0 for none.
    alarm_ms: u64,
    /// Tells its completion from those of alarms before it.
    alarm: u32,
}

impl Bell {
    pub(super) fn new(io: &Io) -> std::io::Result<Self> {
        let fd = eventfd(0, EventfdFlags::CLOEXEC)?;
        io.ring.borrow().register_bell(fd.as_fd())?;
        Ok(Self { file: buffered_file(fd), alarm_ms: 0, alarm: 0 })
    }
}

#[expect(unsafe_code, reason = "glommio awaits a descriptor only as a file of its own")]
fn buffered_file(fd: OwnedFd) -> BufferedFile {
    // SAFETY: the descriptor is open and handed over.
    unsafe { BufferedFile::from_raw_fd(fd.into_raw_fd()) }
}

/// Drives the shard until [`Io::stop`]. An error is the ring's and ends the shard.
pub(super) async fn drive(io: &'static Io, mut bell: Bell) -> std::io::Result<()> {
    let (mut batch, mut due) = (Vec::new(), Vec::new());
    let mut cold = false;
    io.ring.borrow_mut().set_bell(false);
    while !io.stopped.get() {
        run_tasks(io).await;
        io.feed_starved();
        io.look_at_buffers();
        io.ring.borrow_mut().retry_overflow();
        let next_ms = io.wheel.borrow().next_ms().unwrap_or(u64::MAX);
        if cold {
            set_alarm(io, &mut bell, next_ms);
            park(io, &bell).await?;
        } else {
            set_alarm(io, &mut bell, next_ms.min(io.now_ms() + PULSE_MS));
            io.ring.borrow().submit_and_wait()?;
        }
        io.ring.borrow_mut().reap(&mut batch);
        cold = batch.iter().all(|done| matches!(done.kind, Kind::Ignored | Kind::Timeout));
        complete_all(io, &mut batch, &mut bell);
        cold &= !expire(io, &mut due);
    }
    Ok(())
}

/// Runs woken tasks, and what they wake, until only the driver is left.
async fn run_tasks(io: &Io) {
    for _ in 0..ROUNDS_MAX {
        if io.runnable.get() == 0 {
            return;
        }
        glommio::executor().yield_now().await;
    }
    // A task that is gone was woken in vain.
    io.runnable.set(0);
}

fn complete_all(io: &Io, batch: &mut Vec<Completion>, bell: &mut Bell) {
    for completion in batch.drain(..) {
        match completion.kind {
            Kind::Accept => listener::complete(io, completion),
            Kind::Doorbell => mailbox::complete(io),
            Kind::Ignored => {}
            Kind::Timeout if completion.key == bell.alarm => bell.alarm_ms = 0,
            Kind::Timeout => {}
            Kind::Cancel | Kind::Connect | Kind::Recv | Kind::Send => {
                socket::complete(io, completion);
            }
        }
    }
}

/// Looks at the timers. Returns whether any came up.
fn expire(io: &Io, due: &mut Vec<Entry>) -> bool {
    let now_ms = io.clock.update();
    io.wheel.borrow_mut().advance(now_ms, due);
    let any = !due.is_empty();
    due.drain(..).for_each(|entry| task::look_at(entry, now_ms));
    any
}

/// Sleeps in glommio until the ring has work: arm, look again, sleep, disarm.
async fn park(io: &Io, bell: &Bell) -> std::io::Result<()> {
    io.ring.borrow_mut().set_bell(true);
    // Pairs with the barrier with which the kernel adds work: either it sees the bell armed, or the
    // look below sees its work.
    fence(Ordering::SeqCst);
    let busy = io.ring.borrow_mut().submit_and_collect()?;
    if !busy {
        // An error here is glommio's own; the shard goes on and looks for work.
        let _ = bell.file.read_at(0, 8).await;
        io.naps.set(io.naps.get() + 1);
    }
    let mut ring = io.ring.borrow_mut();
    ring.set_bell(false);
    ring.submit_and_collect()?;
    Ok(())
}

/// Has the kernel complete something at `at_ms`, if not before: the wait ends, or the bell rings.
/// An earlier alarm stays and is followed up; a later one is replaced.
#[expect(unsafe_code, reason = "the kernel is given a pointer to the time")]
fn set_alarm(io: &Io, bell: &mut Bell, at_ms: u64) {
    if at_ms == u64::MAX || bell.alarm_ms != 0 && bell.alarm_ms <= at_ms {
        return;
    }
    let mut ring = io.ring.borrow_mut();
    if bell.alarm_ms != 0 {
        let remove = opcode::TimeoutRemove::new(user_data(Kind::Timeout, bell.alarm)).build();
        ring.push_plain(remove.user_data(user_data(Kind::Ignored, 0)));
    }
    bell.alarm_ms = at_ms;
    bell.alarm = bell.alarm.wrapping_add(1);
    let ms = at_ms.saturating_sub(io.now_ms());
    let delay = Timespec::new().sec(ms / 1000).nsec((ms % 1000) as u32 * 1_000_000);
    io.alarm.set(delay);
    let entry = opcode::Timeout::new(io.alarm.as_ptr()).build();
    // SAFETY: the time is in the shard's `Io`, which is never freed.
    unsafe { ring.push(entry.user_data(user_data(Kind::Timeout, bell.alarm))) };
}
