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
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Dir => matches!(byte, b'/' | b'?'),
            Self::Dom => matches!(byte, b'/' | b'?' | b'.' | b':'),
        }
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
}

impl Words {
    pub(super) fn new(delimiters: Delimiters, keys: &Keys) -> Self {
        let mut hashed = Hashed::new(FileText::clone(&keys.text), keys.spans.len());
        for key in keys.spans.iter().filter(|key| key.len > 0) {
            hashed.insert(*key);
        }
        let len_max = keys.iter().map(|(_, key)| key.len()).max().unwrap_or(0);
        let words_max = keys.iter().map(|(_, key)| delimiters.count(key)).max().unwrap_or(0);
        Self { delimiters, hashed, len_max, words_max }
    }

    /// The first of the patterns that match.
    pub(super) fn find(&self, text: &[u8]) -> Option<Place> {
        let starts = self.delimiters.starts(text);
        starts.filter_map(|start| self.find_at(text.get(start..)?)).min()
    }

    /// The first of the patterns that `text` begins with.
    fn find_at(&self, text: &[u8]) -> Option<Place> {
        let mut found: Option<Place> = None;
        let mut end = 0;
        for _ in 0..self.words_max {
            let rest = text.get(end..).unwrap_or_default();
            let Some(gap) = rest.iter().position(|byte| !self.delimiters.has(*byte)) else { break };
            let word = rest.get(gap..).unwrap_or_default();
            let len = word.iter().position(|byte| self.delimiters.has(*byte));
            end += gap + len.unwrap_or(word.len());
            if end > self.len_max {
                break;
            }
            let hit = self.hashed.find(text.get(..end).unwrap_or_default());
            found = found.into_iter().chain(hit).min();
        }
        found
    }
}
