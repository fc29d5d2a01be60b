//! Keys found by their hash. The hash has a secret, so that nobody can choose keys that collide.

use std::hash::{BuildHasher, Hasher, RandomState};

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;
use proxy_config::model::rule::FileText;

use super::keys::{Place, Span};

/// No key.
const NONE: Place = Place::MAX;
/// Bits of the filter for each key: 2 % of what is not there passes it.
const FILTER_BITS: usize = 16;

/// An open table with linear probing, at most three quarters full.
pub(super) struct Hashed {
    hasher: SeedableRandomState,
    text: FileText,
    slots: Box<[Slot]>,
    /// Two bits of one word for each hash: small, so that what is not there is mostly told without a
    /// look at `slots`.
    filter: Box<[u64]>,
}

#[derive(Clone, Copy)]
struct Slot {
    /// Half of the key's hash, so that another key's bytes are rarely looked at.
    tag: u32,
    key: Span,
}

impl Hashed {
    /// With room for some keys of a text.
    pub(super) fn new(text: FileText, keys: usize) -> Self {
        // The standard library's secret is the system's randomness.
        let secret = RandomState::new().build_hasher().finish();
        let hasher = SeedableRandomState::with_seed(secret, SharedSeed::global_random());
        let empty = Slot { tag: 0, key: Span { start: NONE, len: 0 } };
        let slots = vec![empty; keys + keys / 3 + 1].into();
        let filter = vec![0; (keys * FILTER_BITS).div_ceil(64).max(1)].into();
        Self { hasher, text, slots, filter }
    }

    /// The key that has these bytes.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<Place> {
        let hash = self.hash(bytes);
        let (word, bits) = self.filter_bits(hash);
        if self.filter.get(word)? & bits != bits {
            return None;
        }
        let slot = self.slots.get(self.index(hash, bytes))?;
        (slot.key.start != NONE).then_some(slot.key.start)
    }

    /// Puts in a key, if none with its bytes is there.
    pub(super) fn insert(&mut self, key: Span) {
        let text = FileText::clone(&self.text);
        let bytes = key.of_text(&text);
        let hash = self.hash(bytes);
        let (word, bits) = self.filter_bits(hash);
        if let Some(word) = self.filter.get_mut(word) {
            *word |= bits;
        }
        let index = self.index(hash, bytes);
        if let Some(slot) = self.slots.get_mut(index).filter(|slot| slot.key.start == NONE) {
            *slot = Slot { tag: hash as u32, key };
        }
    }

    fn hash(&self, bytes: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(bytes);
        hasher.finish()
    }

    /// The number of a word of the filter, and two bits of it.
    fn filter_bits(&self, hash: u64) -> (usize, u64) {
        (scale(hash, self.filter.len()), 1 << (hash & 63) | 1 << (hash >> 6 & 63))
    }

    /// Where a key is, or would be.
    fn index(&self, hash: u64, bytes: &[u8]) -> usize {
        let tag = hash as u32;
        let mut index = scale(hash, self.slots.len());
        // It ends: there is always a free slot.
        while let Some(slot) = self.slots.get(index) {
            let is_it = || slot.tag == tag && slot.key.of_text(&self.text) == bytes;
            if slot.key.start == NONE || is_it() {
                break;
            }
            index = if index + 1 < self.slots.len() { index + 1 } else { 0 };
        }
        index
    }
}

/// A hash as a number below `end`.
fn scale(hash: u64, end: usize) -> usize {
    ((u128::from(hash) * end as u128) >> 64) as usize
}
