//! What happened, told to people: why a stream ended, the access log, counters.
//!
//! ```text
//! stream ends -> StreamEnd, Record -> ShardLog: this shard's buffers -> queue -> log thread
//!             -> ShardCounters: this shard's block                   -> Snapshot: sums for readers
//! ```
//! A shard formats and counts in memory of its own: no allocation, no lock, no system call a
//! request. Times are arguments; nothing here reads a clock.

pub mod access_log;
pub mod counters;
pub mod date;
mod digits;
pub mod end;
mod escape;
mod log_format;
mod log_json;
pub mod log_route;
mod log_value;
pub mod log_writer;
pub mod record;
#[cfg(test)]
mod sample;
pub mod shard_log;
mod snapshot;
mod stream_target;
mod syslog_header;
mod syslog_target;

pub use counters::{Counters, Names, ShardCounters};
pub use date::{DateCache, LocalTime, Zone};
pub use end::{StreamEnd, When, Who};
pub use log_route::{LogRoute, TargetId};
pub use log_writer::LogWriter;
pub use record::{
    Captured, ConnEnds, Counts, Record, RequestLine, SampleKind, Samples, Timers, TlsNames,
};
pub use shard_log::{ConnectionError, LEVEL_ERR, LEVEL_INFO, ShardLog};
pub use snapshot::Snapshot;
pub use stream_target::say;
