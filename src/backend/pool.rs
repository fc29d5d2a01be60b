//! Idle connections to one server, last in, first out: the warmest is used first, and what is not
//! needed ages at the other end.

use crate::io::{Conn, TaskId};

/// How long a connection idles before it is closed.
pub const IDLE_MAX_MS: u64 = 30_000;

#[derive(Debug)]
struct Idle {
    conn: Conn,
    /// Served more than one request already: the server really keeps connections alive.
    proven: bool,
    since_ms: u64,
}

#[derive(Debug, Default)]
pub struct Pool {
    idle: Vec<Idle>,
    /// The fewest connections that idled at once since [`Pool::close_excess`]: so many were not
    /// needed.
    idle_min: usize,
}

impl Pool {
    /// A connection for another request, now owned by `task`, of those that fit it; with
    /// `proven_only`, one that was reused before (`http-reuse aggressive`).
    pub fn take(
        &mut self,
        task: TaskId,
        fits: impl Fn(&Conn) -> bool,
        proven_only: bool,
    ) -> Option<Conn> {
        let mut index = self.idle.len();
        while index > 0 {
            index -= 1;
            let idle = &self.idle[index];
            if proven_only && !idle.proven || !fits(&idle.conn) {
                continue;
            }
            let idle = self.idle.remove(index);
            self.idle_min = self.idle_min.min(self.idle.len());
            if idle.conn.is_fresh() {
                idle.conn.give_to(Some(task));
                return Some(idle.conn);
            }
        }
        None
    }

    /// Closes half of the connections that nobody needed since the last call, the oldest first: as
    /// HAProxy does each `pool-purge-delay`, so that a burst of short sessions does not leave a server
    /// with connections that none of them needs.
    pub fn close_excess(&mut self) {
        let excess = self.idle_min.min(self.idle.len());
        self.idle.drain(..excess / 2);
        self.idle_min = self.idle.len();
    }

    pub fn put(&mut self, conn: Conn, proven: bool, now_ms: u64) {
        conn.give_to(None);
        self.idle.push(Idle { conn, proven, since_ms: now_ms });
    }

    /// Forgets a connection to which something happened while it idled: the server closed it, or
    /// spoke out of turn. Returns whether it was here.
    pub fn evict(&mut self, key: u32) -> bool {
        let found = self.idle.iter().position(|idle| idle.conn.key() == key);
        found.map(|index| self.idle.remove(index)).is_some()
    }

    /// Closes what idled since before `since_ms`.
    pub fn close_older(&mut self, since_ms: u64) {
        self.idle.retain(|idle| idle.since_ms >= since_ms);
    }

    /// Closes the connection that idled longest. Returns whether there was one.
    pub fn close_oldest(&mut self) -> bool {
        if self.idle.is_empty() {
            return false;
        }
        self.idle.remove(0);
        true
    }
}
