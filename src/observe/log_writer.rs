//! The log thread: it owns the targets and writes the batches that the shards hand over.
//!
//! Shards reach it through one bounded queue. It waits in `recv`, so that it costs nothing while
//! nothing is logged. A target that does not take its lines holds the thread up for a bounded time
//! once, then loses lines until it takes some again; what is lost is counted, here and, when the
//! queue is full, by the shards.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use proxy_config::model::{Log, LogTarget};

use super::date::Zone;
use super::log_route::{LogRoute, TargetId, TargetKey};
use super::log_value::Host;
use super::shard_log::{LineWriter, ShardLog};
use super::stream_target::{self, StreamTarget};
use super::syslog_target::{Address, SyslogTarget};

/// Batches that may wait for the thread, for each shard: at 32 KiB each, 2 MiB.
const QUEUE_BATCHES: usize = 64;
/// Between two messages about one target.
const REPORT_INTERVAL_MS: u64 = 60_000;
/// The thread calls nothing deep; the rest is for the report of a panic.
const STACK_BYTES: usize = 256 * 1024;

/// The handle of the log thread.
#[derive(Debug)]
pub struct LogWriter {
    keys: Vec<TargetKey>,
    shared: Arc<Shared>,
    queue: SyncSender<Message>,
    thread: thread::JoinHandle<()>,
    /// Disconnected once the thread has ended.
    ended: Receiver<()>,
    zone: Arc<Zone>,
    host: Arc<Host>,
}

/// What the thread, its handle and the shards look at together.
#[derive(Debug)]
pub(super) struct Shared {
    /// Lines lost, for each target.
    dropped: Vec<AtomicU64>,
    reopen: AtomicBool,
    stop: AtomicBool,
}

impl Shared {
    pub(super) fn add_dropped(&self, target: TargetId, lines: u64) {
        self.dropped[target.0].fetch_add(lines, Ordering::Relaxed);
    }

    fn dropped(&self, index: usize) -> u64 {
        self.dropped[index].load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
pub(super) enum Message {
    Batch(Batch),
    /// Look at the flags of [`Shared`].
    Wake,
}

/// Lines of one shard for one target, each ended by `\n`; those for a syslog daemon begin with
/// their severity, one byte from 0 to 7.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) target: TargetId,
    pub(super) bytes: Vec<u8>,
    pub(super) lines: u64,
    /// Wall clock when it was handed over, milliseconds since the epoch.
    pub(super) wall_ms: u64,
    /// Takes `bytes` back, to be filled again.
    pub(super) spares: SyncSender<Vec<u8>>,
}

impl LogWriter {
    /// Opens every target of `logs`, each once, and starts the thread.
    ///
    /// # Errors
    /// A target that cannot be opened, by its name. A UNIX syslog socket may be missing: its
    /// daemon may come later.
    pub fn start<'a>(
        logs: impl IntoIterator<Item = &'a Log>,
        shards: usize,
        zone: Arc<Zone>,
    ) -> io::Result<Self> {
        let mut keys = Vec::new();
        for key in logs.into_iter().map(TargetKey::of) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let targets =
            keys.iter().map(|key| Target::open(key, &zone)).collect::<io::Result<Vec<_>>>()?;
        let shared = Arc::new(Shared {
            dropped: keys.iter().map(|_| AtomicU64::new(0)).collect(),
            reopen: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        });
        let (queue, batches) = sync_channel(QUEUE_BATCHES * shards.max(1));
        let (ending, ended) = sync_channel(1);
        let log_thread =
            LogThread { batches, targets, shared: Arc::clone(&shared), _ending: ending };
        let thread = thread::Builder::new()
            .name("log".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || log_thread.run())?;
        Ok(Self { keys, shared, queue, thread, ended, zone, host: Arc::new(Host::this()) })
    }

    /// Where lines for `log` go; `None` when it was not among those that [`Self::start`] was given.
    pub fn route(&self, log: &Log) -> Option<LogRoute> {
        let key = TargetKey::of(log);
        let index = self.keys.iter().position(|known| *known == key)?;
        Some(LogRoute::new(TargetId(index), log))
    }

    /// The end that one shard keeps.
    pub fn shard_sender(&self) -> ShardLog {
        let targets = self.keys.len();
        let shared = Arc::clone(&self.shared);
        let lines = LineWriter::new(&self.zone, Arc::clone(&self.host));
        ShardLog::new(targets, self.queue.clone(), shared, lines)
    }

    /// Opens files again, after they were renamed by a log rotation.
    pub fn reopen(&self) {
        self.shared.reopen.store(true, Ordering::Release);
        self.wake();
    }

    /// Lines lost since the start, all targets together.
    pub fn dropped(&self) -> u64 {
        (0..self.keys.len()).map(|index| self.shared.dropped(index)).sum()
    }

    /// Lines lost since the start, for each target by name.
    pub fn dropped_by_target(&self) -> impl Iterator<Item = (String, u64)> {
        let name = |(index, key): (usize, &TargetKey)| (key.name(), self.shared.dropped(index));
        self.keys.iter().enumerate().map(name)
    }

    /// Writes what was handed over and ends the thread; `false` when that took longer than
    /// `deadline`, and the thread is left to end with the process.
    ///
    /// Shards flush before this is called: later lines may be lost.
    pub fn stop(self, deadline: Duration) -> bool {
        self.shared.stop.store(true, Ordering::Release);
        self.wake();
        match self.ended.recv_timeout(deadline) {
            Err(RecvTimeoutError::Timeout) => false,
            Ok(()) | Err(RecvTimeoutError::Disconnected) => self.thread.join().is_ok(),
        }
    }

    /// A full queue needs no message: the thread looks at the flags after each batch.
    fn wake(&self) {
        let _ = self.queue.try_send(Message::Wake);
    }
}

/// Lines that a target did not take.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) lines: u64,
    pub(super) cause: io::Error,
}

#[derive(Debug)]
struct Target {
    name: String,
    sink: Sink,
    /// `None` before the first message about it.
    reported_ms: Option<u64>,
    dropped_reported: u64,
}

#[derive(Debug)]
enum Sink {
    Stream(StreamTarget),
    Syslog(Box<SyslogTarget>),
}

impl Target {
    fn open(key: &TargetKey, zone: &Arc<Zone>) -> io::Result<Self> {
        let name = key.name();
        let syslog = |address| {
            let target = SyslogTarget::new(address, key.header.clone(), Arc::clone(zone));
            Sink::Syslog(Box::new(target))
        };
        let sink = match &key.target {
            LogTarget::File(path) => StreamTarget::file(path).map(Sink::Stream),
            LogTarget::Stderr => StreamTarget::stderr().map(Sink::Stream),
            LogTarget::Stdout => StreamTarget::stdout().map(Sink::Stream),
            LogTarget::Udp { host, port } => Address::resolve(host, *port).map(syslog),
            LogTarget::Unix(path) => Ok(syslog(Address::Unix(path.clone()))),
        };
        let mut target = match sink {
            Ok(sink) => Self { name, sink, reported_ms: None, dropped_reported: 0 },
            Err(cause) => return Err(open_error(&name, &key.target, &cause)),
        };
        target.connect()?;
        Ok(target)
    }

    fn connect(&mut self) -> io::Result<()> {
        let Sink::Syslog(syslog) = &mut self.sink else {
            return Ok(());
        };
        match syslog.connect() {
            Err(cause) if syslog.is_unix() => {
                let name = &self.name;
                stream_target::say(&format!(
                    "warning: log target `{name}` is not there yet ({cause}): lines for it are \
                     dropped until a syslog daemon listens"
                ));
                Ok(())
            }
            Err(cause) => Err(io::Error::new(
                cause.kind(),
                format!(
                    "cannot reach log target `{}`: {cause}: is there a route to it?",
                    self.name
                ),
            )),
            Ok(()) => Ok(()),
        }
    }

    fn write(&mut self, bytes: &[u8], wall_ms: u64) -> Result<(), Lost> {
        match &mut self.sink {
            Sink::Stream(stream) => stream.write(bytes),
            Sink::Syslog(syslog) => syslog.write(bytes, wall_ms),
        }
    }

    fn reopen(&mut self) {
        let Sink::Stream(stream) = &mut self.sink else {
            return;
        };
        if let Err(cause) = stream.reopen() {
            let name = &self.name;
            stream_target::say(&format!(
                "warning: cannot open log target `{name}` again: {cause}: the old file stays in use"
            ));
        }
    }

    /// Says at most once a minute that lines were lost, wherever they were.
    fn report(&mut self, dropped: u64, wall_ms: u64, cause: Option<&io::Error>) {
        if dropped == self.dropped_reported {
            return;
        }
        // Wrapping: a wall clock that was set back silences nothing.
        if self.reported_ms.is_some_and(|at| wall_ms.wrapping_sub(at) < REPORT_INTERVAL_MS) {
            return;
        }
        let lines = dropped - self.dropped_reported;
        self.reported_ms = Some(wall_ms);
        self.dropped_reported = dropped;
        let cause = match cause {
            Some(cause) if cause.kind() == io::ErrorKind::WouldBlock => {
                ": it does not keep up, or is not there".to_owned()
            }
            Some(cause) => format!(": {cause}"),
            None => String::new(),
        };
        let name = &self.name;
        stream_target::say(&format!(
            "warning: log target `{name}` dropped lines: {lines} ({dropped} in all){cause}"
        ));
    }
}

fn open_error(name: &str, target: &LogTarget, cause: &io::Error) -> io::Error {
    let remedy = match target {
        LogTarget::File(_) => "its directory must exist and be writable for this user",
        LogTarget::Udp { .. } => "the host must be an address or resolve when the program starts",
        LogTarget::Stderr | LogTarget::Stdout | LogTarget::Unix(_) => "it must be open for writing",
    };
    io::Error::new(cause.kind(), format!("cannot open log target `{name}`: {cause}: {remedy}"))
}

struct LogThread {
    batches: Receiver<Message>,
    targets: Vec<Target>,
    shared: Arc<Shared>,
    /// Dropped when the thread ends, in whatever way.
    _ending: SyncSender<()>,
}

impl LogThread {
    fn run(mut self) {
        while let Ok(message) = self.batches.recv() {
            self.handle(message);
            if self.shared.reopen.load(Ordering::Acquire) {
                self.shared.reopen.store(false, Ordering::Release);
                self.targets.iter_mut().for_each(Target::reopen);
            }
            if self.shared.stop.load(Ordering::Acquire) {
                break;
            }
        }
        while let Ok(message) = self.batches.try_recv() {
            self.handle(message);
        }
        for (index, target) in self.targets.iter_mut().enumerate() {
            target.reported_ms = None;
            target.report(self.shared.dropped(index), 0, None);
        }
    }

    fn handle(&mut self, message: Message) {
        let Message::Batch(Batch { target, mut bytes, lines, wall_ms, spares }) = message else {
            return;
        };
        let written = self.targets[target.0].write(&bytes, wall_ms);
        let cause = written.err().map(|lost| {
            debug_assert!(lost.lines <= lines);
            self.shared.add_dropped(target, lost.lines);
            lost.cause
        });
        let dropped = self.shared.dropped(target.0);
        self.targets[target.0].report(dropped, wall_ms, cause.as_ref());
        bytes.clear();
        // A shard that has spares enough, or is gone, lets this one go.
        let _ = spares.try_send(bytes);
    }
}

#[cfg(test)]
#[path = "log_writer_tests.rs"]
mod tests;
