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
pub mod log_writer;
pub mod record;
pub mod shard_log;
mod snapshot;
mod stream_target;
mod syslog_target;

pub use counters::{Counters, Names, ShardCounters};
pub use date::{DateCache, Zone};
pub use end::{StreamEnd, When, Who};
pub use log_writer::{LogRoute, LogWriter, TargetId};
pub use record::{Counts, Record, RequestLine, Timers};
pub use shard_log::ShardLog;
pub use snapshot::Snapshot;
pub use stream_target::say;
