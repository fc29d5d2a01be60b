//! One shard's end of the log: a buffer for each target, filled without asking anybody.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use proxy_config::model::{Format, LogFormat};

use super::access_log::{end_line, put_client, put_date, put_frontend, write_http, write_tcp};
use super::date::{DateCache, Zone};
use super::digits::put_u64;
use super::log_format::{self, Source};
use super::log_route::{Framing, LogRoute, TargetId};
use super::log_value::{Host, Origin};
use super::log_writer::{Batch, Message, Shared};
use super::record::Record;

/// The severity of streams that ended well, and of all others without
/// `option.log-separate-errors`.
pub const LEVEL_INFO: u8 = 6;
/// The severity of streams that did not end well, under `option.log-separate-errors`.
pub const LEVEL_ERR: u8 = 3;
/// A buffer that holds this much asks to be flushed. About what a UDP syslog daemon's socket
/// buffer takes at once.
pub const BATCH_BYTES: usize = 32 * 1024;
/// No line waits longer than this in a shard.
pub const LINE_AGE_MS: u64 = 20;
/// What a buffer has room for beyond a batch; longer lines make it grow.
const SPARE_BYTES: usize = 2048;
/// Emptied buffers that may wait to be filled again.
const SPARES: usize = 4;
/// Bytes of a text that is no line: a unique id, a page.
const TEXT_MAX: usize = 65_536;

/// Lines of one shard on their way to the log thread.
#[derive(Debug)]
pub struct ShardLog {
    /// One for each target.
    buffers: Vec<Buffer>,
    lines: LineWriter,
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

/// A connection that ended before it had a stream.
#[derive(Clone, Copy)]
pub struct ConnectionError<'a> {
    pub record: &'a Record<'a>,
    /// `error-log-format`.
    pub format: Option<&'a Format>,
    /// By default its number.
    pub bind_name: Option<&'a str>,
    /// HAProxy's words for it. From the program itself: it is not escaped.
    pub message: &'a str,
}

impl ShardLog {
    pub(super) fn new(
        targets: usize,
        queue: SyncSender<Message>,
        shared: Arc<Shared>,
        lines: LineWriter,
    ) -> Self {
        let (spares_back, spares) = sync_channel(SPARES);
        Self {
            buffers: (0..targets).map(|_| Buffer::default()).collect(),
            lines,
            is_full: false,
            queue,
            spares,
            spares_back,
            shared,
        }
    }

    /// Appends `record` for each of `routes` that takes the severity `level` (0 to 7), in the
    /// route's format. `now_ms` is wall clock.
    pub fn record(&mut self, routes: &[LogRoute], now_ms: u64, level: u8, record: &Record<'_>) {
        for route in routes.iter().filter(|route| level <= route.level) {
            self.line(route.target, now_ms, |out, lines| {
                let len = lines.put_framing(out, route, level, record);
                lines.put_record(out, &route.format, len, record);
            });
        }
    }

    /// The same for a connection without a stream: HAProxy's line for it, `%ci:%cp [%t] %ft/BIND:
    /// MESSAGE`, or `error-log-format`.
    pub fn connection_error(
        &mut self,
        routes: &[LogRoute],
        now_ms: u64,
        level: u8,
        error: &ConnectionError<'_>,
    ) {
        for route in routes.iter().filter(|route| level <= route.level) {
            self.line(route.target, now_ms, |out, lines| {
                let len = lines.put_framing(out, route, level, error.record);
                lines.put_connection_error(out, len, error);
            });
        }
    }

    /// Appends what `format` shows of `record`: a unique id, an error page. At most 64 KiB.
    pub fn render(&mut self, out: &mut Vec<u8>, format: &Format, record: &Record<'_>) {
        let LineWriter { dates, host } = &mut self.lines;
        let mut source = Source { record, dates, host, origin: Origin::Stream };
        log_format::write_text(out, TEXT_MAX, format, &mut source);
    }

    /// Lets `write` append one line, its `\n` included, for `target`.
    pub(super) fn line(
        &mut self,
        target: TargetId,
        now_ms: u64,
        write: impl FnOnce(&mut Vec<u8>, &mut LineWriter),
    ) {
        // A shard that does not flush when asked must not grow without bound.
        if self.buffers[target.0].bytes.len() >= 2 * BATCH_BYTES {
            self.flush(now_ms);
        }
        let buffer = &mut self.buffers[target.0];
        if buffer.bytes.capacity() == 0 {
            buffer.bytes = Vec::with_capacity(BATCH_BYTES + SPARE_BYTES);
        }
        write(&mut buffer.bytes, &mut self.lines);
        debug_assert_eq!(buffer.bytes.last(), Some(&b'\n'));
        buffer.lines += 1;
        self.is_full |= buffer.bytes.len() >= BATCH_BYTES;
    }

    /// Whether a buffer holds a whole batch, and it is time for [`Self::flush`].
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Hands every buffer over. Never waits: what the queue does not take is dropped and counted.
    pub fn flush(&mut self, now_ms: u64) {
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

/// What lines need besides the record.
#[derive(Debug)]
pub(super) struct LineWriter {
    dates: DateCache,
    host: Arc<Host>,
}

impl LineWriter {
    pub(super) fn new(zone: &Arc<Zone>, host: Arc<Host>) -> Self {
        Self { dates: DateCache::new(Arc::clone(zone)), host }
    }

    /// Appends what stands before a line of `route`; returns how many bytes the line may have.
    fn put_framing(
        &mut self,
        out: &mut Vec<u8>,
        route: &LogRoute,
        level: u8,
        record: &Record<'_>,
    ) -> usize {
        if route.framing == Framing::Line {
            return route.len;
        }
        out.push(level.max(route.minlevel));
        let Framing::StructuredData(data) = &route.framing else {
            return route.len;
        };
        let start = out.len();
        if let Some(format) = data {
            self.put_custom(out, format, route.len, (record, Origin::Stream));
        }
        if out.len() == start {
            out.push(b'-');
        }
        out.push(b' ');
        route.len.saturating_sub(out.len() - start)
    }

    fn put_record(
        &mut self,
        out: &mut Vec<u8>,
        format: &LogFormat,
        len: usize,
        record: &Record<'_>,
    ) {
        match format {
            LogFormat::Http => write_http(out, &mut self.dates, record, len),
            LogFormat::Tcp => write_tcp(out, &mut self.dates, record, len),
            LogFormat::Custom(format) => {
                self.put_custom(out, format, len, (record, Origin::Stream));
                out.push(b'\n');
            }
        }
    }

    fn put_connection_error(&mut self, out: &mut Vec<u8>, len: usize, error: &ConnectionError<'_>) {
        let record = error.record;
        if let Some(format) = error.format {
            self.put_custom(out, format, len, (record, Origin::SessionError));
            return out.push(b'\n');
        }
        let limit = out.len() + len;
        put_client(out, record);
        put_date(out, &mut self.dates, record.accept_ms);
        put_frontend(out, record);
        out.push(b'/');
        match error.bind_name {
            Some(name) => out.extend_from_slice(name.as_bytes()),
            None => put_u64(out, u64::from(record.bind_number)),
        }
        out.extend_from_slice(b": ");
        out.extend_from_slice(error.message.as_bytes());
        end_line(out, limit);
    }

    fn put_custom(
        &mut self,
        out: &mut Vec<u8>,
        format: &Format,
        len: usize,
        (record, origin): (&Record<'_>, Origin),
    ) {
        let mut source = Source { record, dates: &mut self.dates, host: &self.host, origin };
        log_format::write_line(out, len, format, &mut source);
    }
}

#[cfg(test)]
#[path = "shard_log_tests.rs"]
mod tests;
