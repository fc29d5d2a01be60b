//! Notices that files which the proxy read have changed, by inotify, on a thread of its own.
//!
//! What is watched is each folder on the way to a file (`route.rs`), through all symbolic links, so
//! that a file may be written anew, replaced or removed, a link be switched (Kubernetes, certbot), and
//! a folder come and go. What happens there only makes the thread look: whether something changed is
//! decided by comparing the files (`stamp.rs`).
//!
//! ```text
//! quiet --something happened--> gathering --nothing more, or 2 s--> follow the links anew, compare
//!   ^                                                                                    |
//!   +------------------------------------------- on_change, for each group that is different
//! ```
//! Files are in groups, such as all certificates: a group is read anew as a whole.

mod route;
mod stamp;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fd::OwnedFd;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use self::route::Interest;
use self::stamp::Stamps;

/// What happens this long after one another is one change.
const TICK_MS: i64 = 200;
/// Ticks after which a change is told even if it goes on: 2 s.
const TICKS_MAX: usize = 10;
/// How often is looked where the kernel cannot tell.
const UNTOLD_MS: i64 = 10_000;
const EVENTS_LEN: usize = 16 * 1024;
/// Events that are taken at once; that there are more of them is a change.
const EVENTS_MAX: usize = 4096;

/// Ends with its thread when dropped.
#[derive(Debug)]
pub(super) struct Watch {
    wishes: Arc<Wishes>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread is asked for.
#[derive(Debug)]
struct Wishes {
    latest: Mutex<Wish>,
    /// Readable when `latest` is new.
    bell: OwnedFd,
}

#[derive(Debug, Default)]
struct Wish {
    /// A group by its number, and its files.
    paths: Vec<(usize, Vec<PathBuf>)>,
    stop: bool,
}

impl Watch {
    /// Calls `on_change` on the thread with the number of a group, once for changes in a row, about
    /// 200 ms after the last or 2 s after the first of them. The paths of a group are files or folders,
    /// which need not be there; of a folder its files count, not those in folders below.
    ///
    /// Changes are counted from this call on. If the kernel cannot tell of some (the limit of watches),
    /// that is said once on standard error, and the files are looked at every 10 s.
    ///
    /// # Errors
    /// There is no inotify, or no thread.
    pub(super) fn start(
        groups: Vec<Vec<PathBuf>>,
        on_change: impl FnMut(usize) + Send + 'static,
    ) -> io::Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let wishes = Arc::new(Wishes { latest: Mutex::default(), bell });
        let mut watcher = Watcher::new(inotify, wishes.clone(), on_change);
        watcher.take(groups);
        let thread = std::thread::Builder::new().name("files".into());
        let thread = thread.spawn(move || watcher.run())?;
        Ok(Self { wishes, thread: Some(thread) })
    }

    /// Watches `paths` for a group from now on, and no others. How they differ is no change.
    pub(super) fn set_paths(&self, group: usize, paths: Vec<PathBuf>) {
        self.wishes.say(|wish| wish.paths.push((group, paths)));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.wishes.say(|wish| wish.stop = true);
        if let Some(thread) = self.thread.take() {
            // If it panicked, that was said; there is nothing more to end.
            let _ = thread.join();
        }
    }
}

impl Wishes {
    fn say(&self, change: impl FnOnce(&mut Wish)) {
        change(&mut self.latest.lock().unwrap_or_else(PoisonError::into_inner));
        // It fails only when it has been rung 2^64 times.
        let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
    }

    fn take(&self) -> Wish {
        let _ = rustix::io::read(&self.bell, &mut [0; 8]);
        std::mem::take(&mut self.latest.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Watcher<F> {
    inotify: OwnedFd,
    wishes: Arc<Wishes>,
    on_change: F,
    groups: Vec<Group>,
    /// By inotify's number of a folder, what of it matters.
    watched: HashMap<i32, Interest>,
    /// The kernel does not tell of all folders.
    is_blind: bool,
    has_complained: bool,
}

/// Files that are told of together.
#[derive(Debug, Default)]
struct Group {
    paths: Vec<PathBuf>,
    stamps: Stamps,
}

impl<F: FnMut(usize)> Watcher<F> {
    fn new(inotify: OwnedFd, wishes: Arc<Wishes>, on_change: F) -> Self {
        Self {
            inotify,
            wishes,
            on_change,
            groups: Vec::new(),
            watched: HashMap::new(),
            is_blind: false,
            has_complained: false,
        }
    }

    fn run(mut self) {
        loop {
            let quiet_ms = self.is_blind.then_some(UNTOLD_MS);
            wait(&[&self.wishes.bell, &self.inotify], quiet_ms);
            let wish = self.wishes.take();
            if wish.stop {
                return;
            }
            for (group, paths) in wish.paths {
                self.take_others(group, paths);
            }
            if self.has_happened() {
                self.gather();
                self.compare();
            } else if self.is_blind {
                self.compare();
            }
        }
    }

    fn take(&mut self, groups: Vec<Vec<PathBuf>>) {
        let group = |paths| Group { paths, stamps: Stamps::default() };
        self.groups = groups.into_iter().map(group).collect();
        self.follow();
        for group in &mut self.groups {
            group.stamps = Stamps::of(&group.paths);
        }
    }

    /// What changed of a file that stays, since it was last compared, is a change still.
    fn take_others(&mut self, number: usize, paths: Vec<PathBuf>) {
        let Some(group) = self.groups.get_mut(number) else { return };
        group.paths = paths;
        self.follow();
        let Some(group) = self.groups.get_mut(number) else { return };
        let before = std::mem::replace(&mut group.stamps, Stamps::of(&group.paths));
        if group.stamps.have_changed_since(&before) {
            (self.on_change)(number);
        }
    }

    /// Waits until nothing more happens.
    fn gather(&self) {
        for _ in 0..TICKS_MAX {
            // Not woken by what happens in between, which may be a lot.
            wait(&[&self.wishes.bell], Some(TICK_MS));
            if !self.has_happened() {
                return;
            }
        }
    }

    fn compare(&mut self) {
        // In this order: what changes after the comparison is told by the new watches.
        self.follow();
        for (number, group) in self.groups.iter_mut().enumerate() {
            let stamps = Stamps::of(&group.paths);
            if stamps != group.stamps {
                group.stamps = stamps;
                (self.on_change)(number);
            }
        }
    }

    /// Watches the folders on the way to the files as they are now, and no others.
    fn follow(&mut self) {
        let before = std::mem::take(&mut self.watched);
        self.is_blind = false;
        for (folder, interest) in route::folders(self.groups.iter().flat_map(|group| &group.paths))
        {
            match inotify::add_watch(&self.inotify, &folder, flags()) {
                Ok(number) => self.watched.entry(number).or_default().join(interest),
                // It has gone since, or is not ours to read: files in it are then only compared.
                Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => {}
                Err(error) => self.complain(error),
            }
        }
        for number in before.keys().filter(|number| !self.watched.contains_key(number)) {
            // An error: its folder is gone, and the watch with it.
            let _ = inotify::remove_watch(&self.inotify, *number);
        }
    }

    fn complain(&mut self, error: Errno) {
        self.is_blind = true;
        if self.has_complained {
            return;
        }
        self.has_complained = true;
        let hint = match error {
            Errno::NOSPC => " (the limit is the sysctl fs.inotify.max_user_watches)",
            _ => "",
        };
        eprintln!(
            "warning: changed files are noticed late, as their folders cannot be watched: \
             {error}{hint}"
        );
    }

    /// Takes all that the kernel has to tell; true if some of it matters.
    fn has_happened(&self) -> bool {
        let mut buffer = [MaybeUninit::uninit(); EVENTS_LEN];
        let mut events = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut matters = false;
        for _ in 0..EVENTS_MAX {
            let Ok(event) = events.next() else { return matters };
            matters |= event.events().contains(ReadFlags::QUEUE_OVERFLOW)
                || self.watched.get(&event.wd()).is_some_and(|interest| {
                    event.file_name().is_none_or(|name| interest.includes(name.to_bytes()))
                });
        }
        true
    }
}

/// That a folder itself goes or is renamed is told of the one above it, which is watched too.
fn flags() -> WatchFlags {
    WatchFlags::ATTRIB
        | WatchFlags::CLOSE_WRITE
        | WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::MODIFY
        | WatchFlags::MOVE
        | WatchFlags::ONLYDIR
}

/// Until one of `fds` is readable, or `timeout_ms` are over.
fn wait(fds: &[&OwnedFd], timeout_ms: Option<i64>) {
    let mut fds: Vec<_> = fds.iter().map(|fd| PollFd::new(*fd, PollFlags::IN)).collect();
    let timeout =
        timeout_ms.map(|ms| Timespec { tv_sec: ms / 1000, tv_nsec: ms % 1000 * 1_000_000 });
    // A signal may end it early: then the files are looked at early.
    let _ = poll(&mut fds, timeout.as_ref());
}
