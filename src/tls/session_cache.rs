//! Sessions kept for clients that have no tickets, shared by all shards: so many, the oldest out
//! first, each for its lifetime.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::server::StoresServerSessions;

use super::client_auth::PolicyDigest;

/// Parts with a lock each, so that shards seldom wait for one another.
const PARTS_MAX: usize = 16;
/// Of a session's id; rustls makes no others.
const ID_LEN: usize = 32;
/// Bytes of one session: it has the client's certificates in it, which the client chose.
const STATE_LEN_MAX: usize = 16 * 1024;

pub(super) struct SessionCache {
    /// Empty: nothing is kept.
    parts: Vec<Mutex<Part>>,
    lifetime_s: u64,
}

/// Who may resume a session: a client with its id, under the same policy.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    policy: PolicyDigest,
    id: [u8; ID_LEN],
}

struct Part {
    /// By key, where in `kept` it is.
    places: HashMap<Key, usize>,
    /// A ring in order of time.
    ///
    /// Invariant: no longer than `len_max`; a place is in `places` exactly if it is `Some`.
    kept: Vec<Option<Kept>>,
    /// The place that is written next: the oldest, when the ring is full.
    next: usize,
    len_max: usize,
}

struct Kept {
    key: Key,
    put_s: u64,
    state: Vec<u8>,
}

impl SessionCache {
    /// `len_max`: sessions, 0 for none.
    pub(super) fn new(len_max: usize, lifetime_s: u64) -> Self {
        let parts_len = len_max.min(PARTS_MAX);
        let part_len = |at: usize| len_max / parts_len + usize::from(at < len_max % parts_len);
        let parts = (0..parts_len).map(|at| Mutex::new(Part::new(part_len(at)))).collect();
        Self { parts, lifetime_s }
    }

    fn part(&self, key: &Key) -> Option<MutexGuard<'_, Part>> {
        // Ids are random, and a client can choose only which one it asks for.
        let at = usize::from(key.id[0]).checked_rem(self.parts.len())?;
        self.parts.get(at).map(|part| part.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, key: Key, state: Vec<u8>, now_s: u64) -> bool {
        let is_kept = state.len() <= STATE_LEN_MAX;
        match self.part(&key) {
            Some(mut part) if is_kept => part.put(Kept { key, put_s: now_s, state }),
            _ => return false,
        }
        true
    }

    fn get(&self, key: &Key, now_s: u64) -> Option<Vec<u8>> {
        let part = self.part(key)?;
        let kept = part.kept.get(*part.places.get(key)?)?.as_ref()?;
        self.is_alive(kept, now_s).then(|| kept.state.clone())
    }

    fn take(&self, key: &Key, now_s: u64) -> Option<Vec<u8>> {
        let kept = self.part(key)?.take(key)?;
        self.is_alive(&kept, now_s).then_some(kept.state)
    }

    fn is_alive(&self, kept: &Kept, now_s: u64) -> bool {
        now_s.abs_diff(kept.put_s) < self.lifetime_s
    }
}

impl Part {
    fn new(len_max: usize) -> Self {
        Self { places: HashMap::new(), kept: Vec::new(), next: 0, len_max }
    }

    fn put(&mut self, kept: Kept) {
        self.take(&kept.key);
        if self.kept.len() < self.len_max {
            self.places.insert(kept.key, self.kept.len());
            self.kept.push(Some(kept));
        } else if let Some(place) = self.kept.get_mut(self.next) {
            let key = kept.key;
            if let Some(oldest) = place.replace(kept) {
                self.places.remove(&oldest.key);
            }
            self.places.insert(key, self.next);
            self.next = (self.next + 1) % self.len_max;
        }
    }

    fn take(&mut self, key: &Key) -> Option<Kept> {
        let place = self.places.remove(key)?;
        self.kept.get_mut(place)?.take()
    }
}

/// The cache, as one policy sees it.
pub(super) struct PolicySessions {
    pub(super) cache: Arc<SessionCache>,
    pub(super) policy: PolicyDigest,
    /// Unix seconds.
    pub(super) now_s: fn() -> u64,
}

impl PolicySessions {
    fn key(&self, id: &[u8]) -> Option<Key> {
        Some(Key { policy: self.policy, id: id.try_into().ok()? })
    }
}

impl StoresServerSessions for PolicySessions {
    fn put(&self, id: Vec<u8>, state: Vec<u8>) -> bool {
        self.key(&id).is_some_and(|key| self.cache.put(key, state, (self.now_s)()))
    }

    fn get(&self, id: &[u8]) -> Option<Vec<u8>> {
        self.cache.get(&self.key(id)?, (self.now_s)())
    }

    fn take(&self, id: &[u8]) -> Option<Vec<u8>> {
        self.cache.take(&self.key(id)?, (self.now_s)())
    }

    fn can_cache(&self) -> bool {
        !self.cache.parts.is_empty()
    }
}

impl fmt::Debug for PolicySessions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PolicySessions").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
