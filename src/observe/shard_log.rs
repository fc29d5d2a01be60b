//! One shard's end of the log: a buffer for each target, filled without asking anybody.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use proxy_config::model::LogFormat;

use super::access_log::{MAX_LINE, write_http, write_tcp};
use super::date::{DateCache, Zone};
use super::log_writer::{Batch, LogRoute, Message, Shared, TargetId};
use super::record::Record;

/// A buffer that holds this much asks to be flushed. About what a UDP syslog daemon's socket
/// buffer takes at once.
pub const BATCH_BYTES: usize = 32 * 1024;
/// No line waits longer than this in a shard that flushes when it is asked to.
pub const LINE_AGE_MS: u64 = 20;
/// Emptied buffers that may wait to be filled again.
const SPARES: usize = 4;

/// Lines of one shard on their way to the log thread.
#[derive(Debug)]
pub struct ShardLog {
    /// One for each target.
    buffers: Vec<Buffer>,
    dates: DateCache,
    /// When the oldest line that was not handed over was written.
    oldest_ms: Option<u64>,
    /// Invariant: some buffer holds `BATCH_BYTES` or more exactly when this is true.
    is_full: bool,
    queue: SyncSender<Message>,
    spares: Receiver<Vec<u8>>,
    spares_back: SyncSender<Vec<u8>>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Buffer {
    bytes: Vec<u8>,
    lines: u64,
}

impl ShardLog {
    pub(super) fn new(
        targets: usize,
        queue: SyncSender<Message>,
        shared: Arc<Shared>,
        zone: Arc<Zone>,
    ) -> Self {
        let (spares_back, spares) = sync_channel(SPARES);
        Self {
            buffers: (0..targets).map(|_| Buffer::default()).collect(),
            dates: DateCache::new(zone),
            oldest_ms: None,
            is_full: false,
            queue,
            spares,
            spares_back,
            shared,
        }
    }

    /// Appends `record` for each of `routes`, in the route's format. Times are wall clock.
    pub fn record(&mut self, routes: &[LogRoute], now_ms: u64, record: &Record<'_>) {
        for route in routes {
            self.line(route.target, now_ms, |out, dates| match route.format {
                LogFormat::Http => write_http(out, dates, record),
                LogFormat::Tcp => write_tcp(out, dates, record),
            });
        }
    }

    /// Lets `write` append one line, its `\n` included, for `target`.
    pub fn line(
        &mut self,
        target: TargetId,
        now_ms: u64,
        write: impl FnOnce(&mut Vec<u8>, &mut DateCache),
    ) {
        // A shard that does not flush when asked must not grow without bound.
        if self.buffers[target.0].bytes.len() >= 2 * BATCH_BYTES {
            self.flush(now_ms);
        }
        let buffer = &mut self.buffers[target.0];
        if buffer.bytes.capacity() == 0 {
            buffer.bytes = Vec::with_capacity(BATCH_BYTES + 2 * MAX_LINE);
        }
        write(&mut buffer.bytes, &mut self.dates);
        debug_assert_eq!(buffer.bytes.last(), Some(&b'\n'));
        buffer.lines += 1;
        self.is_full |= buffer.bytes.len() >= BATCH_BYTES;
        self.oldest_ms.get_or_insert(now_ms);
    }

    /// Whether it is time for [`Self::flush`]; cheap enough to be asked in every turn of a loop.
    pub fn wants_flush(&self, now_ms: u64) -> bool {
        // Wrapping: should the wall clock be set back, lines do not wait until it caught up.
        let is_due = |oldest: u64| now_ms.wrapping_sub(oldest) >= LINE_AGE_MS;
        self.is_full || self.oldest_ms.is_some_and(is_due)
    }

    /// Whether a buffer holds a whole batch.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// When the lines at hand are due, for a shard that is about to sleep; `None`: there are none.
    pub fn flush_at_ms(&self) -> Option<u64> {
        self.oldest_ms.map(|oldest| oldest + LINE_AGE_MS)
    }

    /// Hands every buffer over. Never waits: what the queue does not take is dropped and counted.
    pub fn flush(&mut self, now_ms: u64) {
        self.oldest_ms = None;
        self.is_full = false;
        for index in 0..self.buffers.len() {
            if self.buffers[index].lines > 0 {
                self.hand_over(TargetId(index), now_ms);
            }
        }
    }

    fn hand_over(&mut self, target: TargetId, wall_ms: u64) {
        let buffer = &mut self.buffers[target.0];
        let empty = self.spares.try_recv().unwrap_or_default();
        let bytes = std::mem::replace(&mut buffer.bytes, empty);
        let lines = std::mem::take(&mut buffer.lines);
        let batch = Batch { target, bytes, lines, wall_ms, spares: self.spares_back.clone() };
        let Err(error) = self.queue.try_send(Message::Batch(batch)) else {
            return;
        };
        self.shared.add_dropped(target, lines);
        let (TrySendError::Full(refused) | TrySendError::Disconnected(refused)) = error;
        if let Message::Batch(mut batch) = refused {
            batch.bytes.clear();
            buffer.bytes = batch.bytes;
        }
    }
}
