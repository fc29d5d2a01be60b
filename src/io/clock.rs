//! The shard's clock: read once a turn of the driver, so that time costs a request nothing.
#![expect(clippy::disallowed_methods, reason = "this is the one place that reads the clocks")]

use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds after which the wall clock is read again.
const WALL_SYNC_MS: u64 = 1000;

pub(super) struct Clock {
    origin: Instant,
    now_ms: Cell<u64>,
    wall_synced_ms: Cell<u64>,
    wall_offset_ms: Cell<u64>,
}

impl Clock {
    pub(super) fn new() -> Self {
        let clock = Self {
            origin: Instant::now(),
            now_ms: Cell::new(0),
            wall_synced_ms: Cell::new(0),
            wall_offset_ms: Cell::new(0),
        };
        clock.sync_wall();
        clock
    }

    /// Reads the clock.
    pub(super) fn update(&self) -> u64 {
        // One millisecond ahead of zero, so that zero can mean "never".
        let now_ms = self.origin.elapsed().as_millis() as u64 + 1;
        self.now_ms.set(now_ms);
        if now_ms - self.wall_synced_ms.get() >= WALL_SYNC_MS {
            self.sync_wall();
        }
        now_ms
    }

    /// Milliseconds since the shard began, as of this turn; never goes back.
    pub(super) fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    /// Wall time of a shard time, in milliseconds since the epoch.
    pub(super) fn wall_ms(&self, at_ms: u64) -> u64 {
        self.wall_offset_ms.get() + at_ms
    }

    fn sync_wall(&self) {
        self.wall_synced_ms.set(self.now_ms.get());
        self.wall_offset_ms.set(wall_ms().saturating_sub(self.now_ms.get()));
    }
}

/// Wall time in milliseconds since the epoch, for threads that are not shards.
pub fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    since.as_millis() as u64
}

/// Wall time in microseconds since the epoch.
pub(super) fn wall_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    since.as_micros() as u64
}

/// A point in time to measure from, for threads that are not shards.
pub fn instant() -> Instant {
    Instant::now()
}
