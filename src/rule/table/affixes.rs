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

impl Side {
    fn part(self, text: &[u8], len: usize) -> Option<&[u8]> {
        match self {
            Self::Beg => text.get(..len),
            Self::End => text.get(text.len().checked_sub(len)?..),
        }
    }
}

/// The part of a text of each length that a pattern has is looked up, the longest first.
///
/// Of beginnings the longest is wanted, of ends the first in the file. So an end is left out that
/// another one always wins against, which is shorter and stands before it; then the longest of those
/// that match is the first, too.
pub(super) struct Affixes {
    side: Side,
    hashed: Hashed,
    /// The longest first, none twice.
    lens: Box<[u32]>,
}

impl Affixes {
    pub(super) fn new(side: Side, keys: &Keys) -> Self {
        let mut order = keys.spans.to_vec();
        order.sort_by_key(|key| key.len);
        let mut lens: Vec<u32> = order.iter().map(|key| key.len).collect();
        lens.dedup();
        lens.reverse();
        let hashed = Hashed::new(FileText::clone(&keys.text), order.len());
        let mut own = Self { side, hashed, lens: lens.into() };
        for key in order {
            let better = || own.find(key.of_text(&keys.text)).filter(|other| *other < key.start);
            if side == Side::Beg || better().is_none() {
                own.hashed.insert(key);
            }
        }
        own
    }

    pub(super) fn find(&self, text: &[u8]) -> Option<Place> {
        let first = self.lens.partition_point(|len| *len as usize > text.len());
        let lens = self.lens.get(first..).unwrap_or_default();
        lens.iter().find_map(|len| self.hashed.find(self.side.part(text, *len as usize)?))
    }
}
