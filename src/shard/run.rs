//! The life of a shard: built, told to serve, drained, ended; and the tasks that it keeps running.

use std::mem;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use super::{Doors, Letter, Plan, Report, Shard};
use crate::backend::pool::IDLE_MAX_MS;
use crate::check;
use crate::io::{self, Listener, NEVER, Setup, Task, io, spawn};
use crate::observe::shard_log::LINE_AGE_MS;
use crate::session::{self, Accepted};

/// Between two looks at idle server connections.
const IDLE_LOOK_MS: u64 = 5_000;
/// Pauses after an accept that the system refused, the first and the longest.
const PAUSE_MS: u64 = 10;
const PAUSE_MAX_MS: u64 = 1_000;
/// Connections taken from the kernel's queue when a drain begins.
const REST_MAX: usize = 4096;
/// What a shard that ends waits for the last completions, at most: a busy machine may take its time to
/// close thousands of connections.
const SETTLE_MS: u64 = 2_000;

/// Runs a shard on the calling thread until it was told to drain and did.
pub fn run(plan: Plan) {
    let (index, reports) = (plan.index, plan.reports.clone());
    let tune = &plan.config.global.tune;
    let setup = Setup { core: plan.core, buffers: tune.buffers_limit, buffer_len: tune.bufsize };
    // glommio panics where it finds no descriptor; whoever waits for this shard must learn of it.
    let result = catch_unwind(AssertUnwindSafe(|| io::run_shard(setup, |task| live(task, plan))))
        .unwrap_or_else(|_| Err("it panicked; please report it".to_owned()));
    // Nobody listens any more when the process ends in a hurry.
    let _ = match io::usage() {
        Some(left) => reports.send(Report::Ended { shard: index, left, result }),
        None => reports.send(Report::Built(result)),
    };
}

async fn live(task: Task, plan: Plan) {
    let (shard, mut doors) = Shard::new(plan, task.id());
    doors.letters.open(task.id());
    spawn(|task| keep_idle(task, Rc::clone(&shard)));
    spawn(|task| keep_log(task, Rc::clone(&shard)));
    let _ = doors.reports.send(Report::Built(Ok(())));
    let within_ms = serve(&task, &shard, &mut doors).await;
    let killed = drain(&task, &shard, within_ms).await;
    if killed > 0 {
        let _ = doors.reports.send(Report::Killed { shard: shard.index, sessions: killed });
    }
    shard.log.borrow_mut().flush(io().wall_ms(io().now_ms()));
    io().stop();
}

/// Reads letters until one says drain. Returns how long that may take.
async fn serve(task: &Task, shard: &Rc<Shard>, doors: &mut Doors) -> u64 {
    loop {
        while let Some(letter) = doors.letters.next() {
            match letter {
                Letter::Room => shard.wake_attendants(),
                Letter::ServerIs { backend, server, up } => {
                    shard.backends[backend].set_up(server, up);
                }
                Letter::Tls(tls) => shard.take_tls(tls),
                Letter::Library(library) => shard.take_library(&library),
                Letter::Serve => {
                    accept_all(shard, mem::take(&mut doors.listeners));
                    check::start(shard);
                    let _ = doors.reports.send(Report::Serving);
                }
                Letter::Drain { within_ms } => return within_ms,
            }
        }
        task.wait(NEVER).await;
    }
}

/// Stops accepting, has idle sessions close, and waits for the others. Returns how many of them had
/// to be ended.
async fn drain(task: &Task, shard: &Rc<Shard>, within_ms: u64) -> usize {
    shard.draining.set(true);
    shard.wake_attendants();
    shard.wake_sessions();
    let deadline = io().now_ms() + within_ms;
    let is_busy = || shard.acceptors.get() > 0 || !shard.sessions.borrow().is_empty();
    while io().now_ms() < deadline && is_busy() {
        task.wait(deadline).await;
    }
    let killed = shard.sessions.borrow().len();
    shard.killing.set(true);
    shard.wake_sessions();
    shard.backends.iter().for_each(|backend| backend.close_idle(u64::MAX));
    shard.over.set(true);
    if let Some(keeper) = shard.log_keeper.get() {
        io::wake(keeper);
    }
    let settled = io().now_ms() + SETTLE_MS;
    // One task is this one.
    while io().now_ms() < settled && (io().usage().sockets > 0 || io().usage().tasks > 1) {
        task.wait(io().now_ms() + 1).await;
    }
    killed
}

/// Starts an accepting task for each bind.
fn accept_all(shard: &Rc<Shard>, listeners: Vec<Vec<Arc<OwnedFd>>>) {
    for (frontend, binds) in listeners.into_iter().enumerate() {
        for (bind, fd) in binds.into_iter().enumerate() {
            let bind_number = bind as u32 + 1;
            let acceptor = Acceptor { shard: Rc::clone(shard), frontend, bind_number };
            spawn(|task| acceptor.run(task, fd));
        }
    }
}

/// Accepts connections of one bind.
struct Acceptor {
    shard: Rc<Shard>,
    frontend: usize,
    bind_number: u32,
}

impl Acceptor {
    async fn run(self, task: Task, fd: Arc<OwnedFd>) {
        self.shard.attend(task.id());
        self.shard.acceptors.set(self.shard.acceptors.get() + 1);
        let listener = Listener::new(fd, task.id());
        let mut pause_ms = PAUSE_MS;
        while !self.shard.draining.get() {
            if listener.has_next() {
                pause_ms = PAUSE_MS;
            }
            let has_room = self.open_sessions(&listener);
            let deadline = match (has_room, listener.take_error()) {
                (false, _) => {
                    listener.stop();
                    NEVER
                }
                (true, None) => {
                    listener.start();
                    NEVER
                }
                // Out of descriptors or memory: the kernel queues until some are free.
                (true, Some(_)) => {
                    self.shard.close_oldest_idle();
                    pause_ms = (pause_ms * 2).min(PAUSE_MAX_MS);
                    io().now_ms() + pause_ms
                }
            };
            task.wait(deadline).await;
        }
        // What the ring accepted meanwhile is on its way here.
        listener.stop();
        while listener.is_accepting() {
            task.wait(NEVER).await;
        }
        listener.take_rest(REST_MAX);
        // Closed at once: whoever connects from here on is refused, and reaches another process that
        // listens beside this one. Only between these two lines somebody may be reset.
        listener.close();
        self.open_sessions(&listener);
        // Their sessions begin, and enroll, before anybody looks.
        let later_ms = io().now_ms() + 1;
        while io().now_ms() < later_ms {
            task.wait(later_ms).await;
        }
        self.shard.acceptors.set(self.shard.acceptors.get() - 1);
        io::wake(self.shard.main);
    }

    /// Starts a session for each connection that was accepted. False at `maxconn`.
    fn open_sessions(&self, listener: &Listener) -> bool {
        loop {
            if !listener.has_next() {
                return true;
            }
            let Some(permit) = self.shard.admission.admit(self.frontend) else { return false };
            let Some(fd) = listener.next() else { return true };
            let (frontend, bind_number) = (self.frontend, self.bind_number);
            let accepted = Accepted { fd, frontend, bind_number, permit };
            spawn(|task| session::run(task, Rc::clone(&self.shard), accepted));
        }
    }
}

/// Looks after idle server connections: forgets those that closed or spoke, and old ones.
async fn keep_idle(task: Task, shard: Rc<Shard>) {
    io().set_idle_keeper(task.id());
    shard.attend(task.id());
    let mut look_ms = io().now_ms() + IDLE_LOOK_MS;
    while !shard.draining.get() {
        while let Some(key) = io().take_stirred() {
            shard.backends.iter().any(|backend| backend.evict(key));
        }
        let now_ms = io().now_ms();
        if now_ms >= look_ms {
            look_ms = now_ms + IDLE_LOOK_MS;
            let since_ms = now_ms.saturating_sub(IDLE_MAX_MS);
            shard.backends.iter().for_each(|backend| {
                backend.close_idle(since_ms);
                backend.close_excess();
            });
        }
        task.wait(look_ms).await;
    }
}

/// Hands log lines over before they are old.
async fn keep_log(task: Task, shard: Rc<Shard>) {
    shard.log_keeper.set(Some(task.id()));
    while !shard.over.get() {
        task.wait(NEVER).await;
        if shard.log_waits.get() {
            task.wait(io().now_ms() + LINE_AGE_MS).await;
            shard.log_waits.set(false);
            shard.log.borrow_mut().flush(io().wall_ms(io().now_ms()));
        }
    }
}
