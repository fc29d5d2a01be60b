//! How long one side of a stream may be still: inactivity timeouts that a slow reader survives.
//!
//! A send completes as a whole, so a client that takes a byte a second looks dead until the end.
//! Half way to a timeout the kernel is asked how much the other side took, and at the end again: more
//! means that it is alive.

use crate::io::Conn;

#[derive(Debug, Default, Clone, Copy)]
pub struct Patience {
    /// When the side last did something, on the shard's clock.
    seen_ms: u64,
    /// Bytes that the side had taken when that was last measured.
    taken: Option<u64>,
}

impl Patience {
    /// The side did something, or is asked for something new.
    pub fn seen(&mut self, now_ms: u64) {
        *self = Self { seen_ms: now_ms, taken: None };
    }

    /// When to call [`Patience::is_over`].
    pub fn deadline(&self, conn: &Conn, timeout_ms: u64) -> u64 {
        let measured = conn.unsent() == 0 || self.taken.is_some();
        self.seen_ms + if measured { timeout_ms } else { timeout_ms / 2 }
    }

    /// Whether the side was still for too long.
    pub fn is_over(&mut self, conn: &Conn, timeout_ms: u64, now_ms: u64) -> bool {
        if now_ms < self.deadline(conn, timeout_ms) {
            return false;
        }
        if conn.unsent() == 0 {
            return true;
        }
        let taken = conn.taken();
        match self.taken.replace(taken) {
            None => false,
            Some(before) if taken > before => {
                self.seen_ms = now_ms;
                false
            }
            Some(_) => true,
        }
    }
}
