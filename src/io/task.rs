//! Tasks of a shard: spawned once a connection, woken by completions and by their deadline.
//!
//! A task sleeps in one place, [`Task::wait`], and looks at its connections itself when it wakes: the
//! sockets know which task they belong to, so nothing is registered or cloned for each operation.

use std::future::Future;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::io;
use super::wheel::Entry;

/// No deadline.
pub const NEVER: u64 = u64::MAX;

pub(super) struct Slot {
    waker: Option<Waker>,
    /// Something happened since the task last woke.
    fired: bool,
    deadline_ms: u64,
    /// When the wheel will look at the task; `NEVER` if it has no entry for it.
    wheel_ms: u64,
}

/// The running task's own handle; dropping it ends the task's place in the shard.
#[derive(Debug)]
pub struct Task {
    id: u32,
    /// Belongs to the thread of its shard.
    _here: PhantomData<*const ()>,
}

impl Task {
    fn new() -> Self {
        let slot = Slot { waker: None, fired: false, deadline_ms: NEVER, wheel_ms: NEVER };
        Self { id: io().tasks.borrow_mut().insert(slot) as u32, _here: PhantomData }
    }

    /// What sockets, listeners and mailboxes are told so that they wake this task.
    pub fn id(&self) -> TaskId {
        TaskId(self.id)
    }

    /// Sleeps until something happened to what the task owns, or until `deadline_ms` on the shard's
    /// clock. May return early: the caller looks for itself.
    pub fn wait(&self, deadline_ms: u64) -> impl Future<Output = ()> {
        Wait { task: self.id, deadline_ms }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        // A wheel entry that stays behind finds the slot gone or another's, and is harmless.
        io().tasks.borrow_mut().try_remove(self.id as usize);
    }
}

/// Names a task to wake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskId(pub(super) u32);

struct Wait {
    task: u32,
    deadline_ms: u64,
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let io = io();
        let mut tasks = io.tasks.borrow_mut();
        let Some(slot) = tasks.get_mut(self.task as usize) else { return Poll::Ready(()) };
        if slot.fired || self.deadline_ms <= io.now_ms() {
            slot.fired = false;
            slot.deadline_ms = NEVER;
            return Poll::Ready(());
        }
        slot.deadline_ms = self.deadline_ms;
        if self.deadline_ms < slot.wheel_ms {
            slot.wheel_ms = self.deadline_ms;
            let entry = Entry { task: self.task, at_ms: self.deadline_ms };
            io.wheel.borrow_mut().insert(entry);
        }
        if !slot.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            slot.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

/// Wakes a task, once for all that happens before it runs.
pub fn fire(id: TaskId) {
    let mut tasks = io().tasks.borrow_mut();
    if let Some(slot) = tasks.get_mut(id.0 as usize) {
        slot.fire();
    }
}

/// A wheel entry came up: wake the task if its deadline has come, else look again then.
pub(super) fn look_at(entry: Entry, now_ms: u64) {
    let io = io();
    let mut tasks = io.tasks.borrow_mut();
    let Some(slot) = tasks.get_mut(entry.task as usize) else { return };
    if slot.wheel_ms != entry.at_ms {
        return;
    }
    slot.wheel_ms = NEVER;
    if slot.deadline_ms <= now_ms {
        slot.fire();
    } else if slot.deadline_ms != NEVER {
        slot.wheel_ms = slot.deadline_ms;
        io.wheel.borrow_mut().insert(Entry { task: entry.task, at_ms: slot.deadline_ms });
    }
}

impl Slot {
    fn fire(&mut self) {
        if !self.fired {
            self.fired = true;
            if let Some(waker) = &self.waker {
                let runnable = &io().runnable;
                runnable.set(runnable.get() + 1);
                waker.wake_by_ref();
            }
        }
    }
}

/// Starts a task on this shard. A panic in it ends it, is counted and reported, and nothing else.
pub fn spawn<F>(start: impl FnOnce(Task) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let future = start(Task::new());
    io().runnable.set(io().runnable.get() + 1);
    glommio::spawn_local(Supervised { future: Some(future) }).detach();
}

pin_project! {
    struct Supervised<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future<Output = ()>> Future for Supervised<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let io = io();
        io.runnable.set(io.runnable.get().saturating_sub(1));
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else { return Poll::Ready(()) };
        let polled = catch_unwind(AssertUnwindSafe(|| future.poll(context)));
        if matches!(polled, Ok(Poll::Pending)) {
            return Poll::Pending;
        }
        if polled.is_err() {
            io.panics.set(io.panics.get() + 1);
        }
        // What the task owns ends now, not when its last waker is gone.
        let dropped = catch_unwind(AssertUnwindSafe(|| this.future.set(None)));
        if dropped.is_err() {
            io.panics.set(io.panics.get() + 1);
        }
        Poll::Ready(())
    }
}
