//! Patterns that are words of a text, or some in a row: `dir` and `dom`.

use proxy_config::model::rule::FileText;

use super::hashed::Hashed;
use super::keys::{Keys, Place};

/// What stands between words. HAProxy takes more for it than the manual names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delimiters {
    /// `/` and `?`
    Dir,
    /// `/`, `?`, `.` and `:`
    Dom,
}

impl Delimiters {
    /// A bit for each of them, all below 64.
    const fn bits(self) -> u64 {
        match self {
            Self::Dir => 1 << b'/' | 1 << b'?',
            Self::Dom => 1 << b'/' | 1 << b'?' | 1 << b'.' | 1 << b':',
        }
    }

    fn has(self, byte: u8) -> bool {
        byte < 64 && self.bits() >> byte & 1 == 1
    }

    /// A pattern without the delimiters around it.
    pub(super) fn trim(self, pattern: &[u8]) -> &[u8] {
        let is_word = |byte: &u8| !self.has(*byte);
        let start = pattern.iter().position(is_word).unwrap_or(pattern.len());
        let end = pattern.iter().rposition(is_word).map_or(start, |last| last + 1);
        pattern.get(start..end).unwrap_or_default()
    }

    /// Whether `pattern`, which is trimmed, is words of `text`. An empty one is none.
    pub(super) fn contain(self, text: &[u8], pattern: &[u8]) -> bool {
        let is_here = |start: usize| {
            text.get(start..).is_some_and(|rest| rest.starts_with(pattern))
                && text.get(start + pattern.len()).is_none_or(|byte| self.has(*byte))
        };
        !pattern.is_empty() && self.starts(text).any(is_here)
    }

    /// Where words begin.
    fn starts(self, text: &[u8]) -> impl Iterator<Item = usize> {
        let mut was_delimiter = true;
        text.iter().enumerate().filter_map(move |(at, byte)| {
            let is_delimiter = self.has(*byte);
            let is_start = was_delimiter && !is_delimiter;
            was_delimiter = is_delimiter;
            is_start.then_some(at)
        })
    }

    fn count(self, text: &[u8]) -> usize {
        self.starts(text).count()
    }
}

/// Many patterns: each row of words of a text is looked up that is not longer than they are.
pub(super) struct Words {
    delimiters: Delimiters,
    hashed: Hashed,
    len_max: usize,
    words_max: usize,
    /// For each number of words whether a pattern has as many: the first bit is of one. What the last
    /// bit says is so of all beyond, too.
    counts: u64,
}

/// The bit of [`Words::counts`] for a number of words, from 1.
fn count_bit(words: usize) -> u64 {
    1 << (words.clamp(1, 64) - 1)
}

impl Words {
    pub(super) fn new(delimiters: Delimiters, keys: &Keys) -> Self {
        let mut hashed = Hashed::new(FileText::clone(&keys.text), keys.spans.len());
        for key in keys.spans.iter().filter(|key| key.len > 0) {
            hashed.insert(*key);
        }
        let len_max = keys.iter().map(|(_, key)| key.len()).max().unwrap_or(0);
        let counts = keys.iter().map(|(_, key)| delimiters.count(key));
        let words_max = counts.clone().max().unwrap_or(0);
        let counts = counts.fold(0, |bits, words| bits | count_bit(words));
        Self { delimiters, hashed, len_max, words_max, counts }
    }

    /// The first of the patterns that match.
    pub(super) fn find(&self, text: &[u8]) -> Option<Place> {
        match self.delimiters {
            // Each with its own constant bits.
            Delimiters::Dir => self.find_between(Delimiters::Dir, text),
            Delimiters::Dom => self.find_between(Delimiters::Dom, text),
        }
    }

    #[inline]
    fn find_between(&self, delimiters: Delimiters, text: &[u8]) -> Option<Place> {
        let starts = delimiters.starts(text);
        starts.filter_map(|start| self.find_at(delimiters, text.get(start..)?)).min()
    }

    /// The first of the patterns that `text` begins with.
    #[inline]
    fn find_at(&self, delimiters: Delimiters, text: &[u8]) -> Option<Place> {
        let mut found: Option<Place> = None;
        let mut end = 0;
        for words in 1..=self.words_max {
            let rest = text.get(end..).unwrap_or_default();
            let Some(gap) = rest.iter().position(|byte| !delimiters.has(*byte)) else { break };
            let word = rest.get(gap..).unwrap_or_default();
            let len = word.iter().position(|byte| delimiters.has(*byte));
            end += gap + len.unwrap_or(word.len());
            if end > self.len_max {
                break;
            }
            if self.counts & count_bit(words) == 0 {
                continue;
            }
            let hit = self.hashed.find(text.get(..end).unwrap_or_default());
            found = found.into_iter().chain(hit).min();
        }
        found
    }
}
