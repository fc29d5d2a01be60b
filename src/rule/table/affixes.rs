//! Many patterns that a text begins or ends with: `beg` and `end`.

use proxy_config::model::rule::FileText;

use super::hashed::Hashed;
use super::keys::{Keys, Place};

/// Which end of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Beg,
    End,
}

/// One length that patterns have.
struct Length {
    len: u32,
    /// The bytes that those patterns have farthest from their end of a text: a bit for each.
    inner: [u64; 4],
}

impl Length {
    fn may_have(&self, byte: u8) -> bool {
        let word = self.inner[usize::from(byte >> 6)];
        word >> (byte & 63) & 1 == 1
    }

    fn add(&mut self, byte: u8) {
        self.inner[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }
}

impl Side {
    /// The byte of a pattern that lies farthest from this end of a text.
    fn inner(self, pattern: &[u8]) -> Option<u8> {
        match self {
            Self::Beg => pattern.last().copied(),
            Self::End => pattern.first().copied(),
        }
    }

    fn part(self, text: &[u8], len: usize) -> Option<&[u8]> {
        match self {
            Self::Beg => text.get(..len),
            Self::End => text.get(text.len().checked_sub(len)?..),
        }
    }
}

/// The part of a text of each length that a pattern has is looked up, the longest first; a look at one
/// byte of it tells most of those that no pattern can be.
///
/// Of beginnings the longest is wanted, of ends the first in the file. So an end is left out that
/// another one always wins against, which is shorter and stands before it; then the longest of those
/// that match is the first, too.
pub(super) struct Affixes {
    side: Side,
    hashed: Hashed,
    /// The longest first, none twice.
    lengths: Box<[Length]>,
}

impl Affixes {
    pub(super) fn new(side: Side, keys: &Keys) -> Self {
        let mut order = keys.spans.to_vec();
        order.sort_by_key(|key| key.len);
        let lengths = order.chunk_by(|one, other| one.len == other.len).rev().map(|same| {
            let mut length = Length { len: same.first().map_or(0, |key| key.len), inner: [0; 4] };
            let bytes = same.iter().filter_map(|key| side.inner(key.of_text(&keys.text)));
            bytes.for_each(|byte| length.add(byte));
            length
        });
        let lengths = lengths.collect();
        let hashed = Hashed::new(FileText::clone(&keys.text), order.len());
        let mut own = Self { side, hashed, lengths };
        for key in order {
            let better = || own.find(key.of_text(&keys.text)).filter(|other| *other < key.start);
            if side == Side::Beg || better().is_none() {
                own.hashed.insert(key);
            }
        }
        own
    }

    pub(super) fn find(&self, text: &[u8]) -> Option<Place> {
        let first = self.lengths.partition_point(|own| own.len as usize > text.len());
        let lengths = self.lengths.get(first..).unwrap_or_default();
        lengths.iter().find_map(|own| {
            let part = self.side.part(text, own.len as usize)?;
            // An empty pattern is a part of all texts.
            let may_be = self.side.inner(part).is_none_or(|byte| own.may_have(byte));
            if may_be { self.hashed.find(part) } else { None }
        })
    }
}
