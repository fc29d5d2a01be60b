//! The patterns of one place, compiled: those written in a rule, or those of a file.

use std::sync::Arc;

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;
use proxy_config::model::rule::{AddressPattern, FileText, Match, Pattern, Range};
use proxy_config::pattern::{lines, parse_pattern};

use super::affixes::{Affixes, Side};
use super::hashed::Hashed;
use super::keys::{Keys, Place, Span};
use super::networks::Networks;
use super::regexes::Regexes;
use super::segments::{Segments, Stretch};
use super::words::{Delimiters, Words};
use crate::rule::context::Arena;
use crate::rule::sample::Sample;

/// Up to here each pattern is compared: it is faster than any index.
const FEW: usize = 8;

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFault {
    /// From 1. `None`: it is about the whole file.
    pub line: Option<usize>,
    /// For a person.
    pub problem: String,
}

impl FileFault {
    pub(super) fn whole(problem: impl Into<String>) -> Self {
        Self { line: None, problem: problem.into() }
    }

    pub(super) fn at(line: usize, problem: impl Into<String>) -> Self {
        Self { line: Some(line), problem: problem.into() }
    }
}

impl std::fmt::Display for FileFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}

/// Which patterns a set is of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) method: Match,
    pub(super) any_case: bool,
    /// `regm`: the groups of expressions are asked for.
    pub(super) has_groups: bool,
}

/// Patterns; one that matches is told by its place, in the file if they are of one.
#[derive(Clone)]
pub(super) struct Set {
    kind: Kind,
    /// Shared by all shards.
    index: Arc<Index>,
    /// Of `reg`; a shard's own.
    regexes: Option<Regexes>,
}

/// One of few patterns: it is compared where it is, without a detour.
struct Key {
    bytes: Box<[u8]>,
    place: Place,
}

enum Index {
    Few(Box<[Key]>),
    Exact(Hashed),
    Affixes(Affixes),
    Words(Words),
    /// Few of `sub`: what a search for each needs to know of it is made once.
    Finders(Box<[(Finder<'static>, Place)]>),
    /// With the places of the patterns.
    Contained(AhoCorasick, Box<[Place]>),
    Bools(Box<[(Place, bool)]>),
    Ranges(Segments<i64>),
    Networks(Networks),
    /// The places of regular expressions.
    Regexes(Box<[Place]>),
}

impl Set {
    /// Of patterns that are written in a rule.
    ///
    /// # Errors
    /// Expressions that are too large.
    pub(super) fn of_rule(kind: Kind, patterns: &[Pattern]) -> Result<Self, String> {
        if !has_bytes(kind.method) {
            return Ok(Self::of_values(kind, (0..).zip(patterns)));
        }
        let keys = Keys::own(patterns.iter().map(bytes)).ok_or("the patterns are too long")?;
        Self::of_keys(kind, keys).map_err(|(_, problem)| problem)
    }

    /// Of the lines of a file: each as a whole or, with `is_map`, its first word.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub(super) fn of_file(kind: Kind, text: &FileText, is_map: bool) -> Result<Self, FileFault> {
        let lines = lines(utf8(text)?);
        let sources = lines.map(|line| (line.number, if is_map { line.key } else { line.pattern }));
        if has_bytes(kind.method) && kind.method != Match::Bin {
            let spans =
                sources.map(|(_, pattern)| span(text, pattern)).collect::<Result<_, _>>()?;
            let keys = Keys { text: Arc::clone(text), spans };
            return Self::of_keys(kind, keys)
                .map_err(|(index, problem)| fault_at(text, index, problem));
        }
        let mut patterns = Vec::new();
        for (line, pattern) in sources {
            let parsed = parse_pattern(kind.method, pattern);
            let parsed = parsed.map_err(|fault| FileFault::at(line, tell(pattern, &fault)))?;
            patterns.push((span(text, pattern)?.start, parsed));
        }
        if has_bytes(kind.method) {
            let patterns: Vec<_> = patterns.into_iter().map(|(_, pattern)| pattern).collect();
            return Self::of_rule(kind, &patterns).map_err(FileFault::whole);
        }
        Ok(Self::of_values(kind, patterns.iter().map(|(place, pattern)| (*place, pattern))))
    }

    /// Of patterns that are bytes. What is wrong is about the one of an index.
    fn of_keys(kind: Kind, keys: Keys) -> Result<Self, (usize, String)> {
        let mut regexes = None;
        if kind.method == Match::Reg {
            let texts = keys.iter().map(|(_, text)| std::str::from_utf8(text).unwrap_or_default());
            regexes = Some(Regexes::new(texts, kind.any_case, kind.has_groups)?);
        }
        let index = match kind.method {
            Match::Reg => Index::Regexes(places(&keys)),
            _ => of_keys(kind, keys).map_err(|problem| (0, problem))?,
        };
        Ok(Self { kind, index: Arc::new(index), regexes })
    }

    /// Of patterns that are no bytes. Others are never met here.
    fn of_values<'p>(kind: Kind, patterns: impl Iterator<Item = (Place, &'p Pattern)>) -> Self {
        let index = match kind.method {
            Match::Bool => {
                let bool = |(place, own): (Place, &Pattern)| (place, *own == Pattern::Bool(true));
                Index::Bools(patterns.map(bool).collect())
            }
            Match::Ip => Index::Networks(Networks::new(patterns.filter_map(address))),
            _ => Index::Ranges(Segments::new(&patterns.filter_map(stretch).collect::<Vec<_>>())),
        };
        Self { kind, index: Arc::new(index), regexes: None }
    }

    pub(super) fn is_of(&self, method: Match) -> bool {
        self.kind.method == method
    }

    /// Whether any pattern matches.
    pub(super) fn matches<'a>(&self, sample: Sample<'a>, arena: &'a Arena) -> bool {
        match &self.regexes {
            Some(regexes) => regexes.is_match(text(sample, arena)),
            None => self.find(sample, arena).is_some(),
        }
    }

    /// The pattern that wins: the longest beginning or network, of others the first.
    pub(super) fn find<'a>(&self, sample: Sample<'a>, arena: &'a Arena) -> Option<Place> {
        match &*self.index {
            Index::Few(keys) => few(self.kind.method, keys, self.bytes(sample, arena)?),
            Index::Finders(finders) => {
                let text = self.bytes(sample, arena)?;
                let mut found = finders.iter().filter(|(finder, _)| finder.find(text).is_some());
                found.next().map(|(_, place)| *place)
            }
            Index::Exact(hashed) => hashed.find(self.bytes(sample, arena)?),
            Index::Affixes(affixes) => affixes.find(self.bytes(sample, arena)?),
            Index::Words(words) => words.find(self.bytes(sample, arena)?),
            Index::Contained(automaton, places) => {
                let found = automaton.find_overlapping_iter(self.bytes(sample, arena)?);
                let first = found.map(|found| found.pattern()).min()?;
                places.get(first.as_usize()).copied()
            }
            Index::Bools(bools) => {
                let truth = sample.truth()?;
                bools.iter().find(|own| own.1 == truth).map(|own| own.0)
            }
            Index::Ranges(segments) => segments.at(self.number(sample, arena)?),
            Index::Networks(networks) => networks.find(sample.ip()?),
            Index::Regexes(places) => {
                let first = self.regexes.as_ref()?.find(text(sample, arena))?;
                places.get(first).copied()
            }
        }
    }

    /// Of `reg`: the expression at a place, where groups are asked for.
    pub(super) fn regex(&self, place: Place) -> Option<&regex::bytes::Regex> {
        let Index::Regexes(places) = &*self.index else { return None };
        self.regexes.as_ref()?.at(places.binary_search(&place).ok()?)
    }

    fn number<'a>(&self, sample: Sample<'a>, arena: &'a Arena) -> Option<i64> {
        match self.kind.method {
            Match::Len => i64::try_from(text(sample, arena).len()).ok(),
            _ => sample.int(),
        }
    }

    /// What patterns that are bytes are compared with.
    fn bytes<'a>(&self, sample: Sample<'a>, arena: &'a Arena) -> Option<&'a [u8]> {
        let bytes = match self.kind.method {
            Match::Bin => sample.bytes(arena)?,
            _ => text(sample, arena),
        };
        let lowers = self.kind.any_case && self.regexes.is_none();
        // Without an early end, so that many are looked at at once.
        let is_upper = |bytes: &[u8]| bytes.iter().fold(false, |is, b| is | b.is_ascii_uppercase());
        if !lowers || !is_upper(bytes) {
            return Some(bytes);
        }
        let lowered = arena.keep_mut(bytes);
        lowered.make_ascii_lowercase();
        Some(lowered)
    }
}

/// A sample as patterns of text see it: bytes are not made hexadecimal first.
pub(super) fn text<'a>(sample: Sample<'a>, arena: &'a Arena) -> &'a [u8] {
    match sample {
        Sample::Bin(bytes) => bytes,
        _ => sample.text(arena),
    }
}

/// # Errors
/// It is no text.
pub(super) fn utf8(text: &FileText) -> Result<&str, FileFault> {
    std::str::from_utf8(text).map_err(|error| {
        let before = text.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        FileFault::at(line, "is no text in UTF-8")
    })
}

/// # Errors
/// The file is too large.
pub(super) fn span(text: &FileText, slice: &str) -> Result<Span, FileFault> {
    let span = Span::of(text, slice.as_bytes());
    span.ok_or_else(|| FileFault::whole("is larger than 4 GiB"))
}

/// The line of a pattern by its index.
fn fault_at(text: &FileText, index: usize, problem: String) -> FileFault {
    let line = utf8(text).ok().and_then(|text| lines(text).nth(index));
    FileFault { line: line.map(|line| line.number), problem }
}

pub(super) fn tell(text: &str, fault: &proxy_config::Fault) -> String {
    format!("`{text}` {}; expected: {}", fault.problem, fault.expected)
}

fn has_bytes(method: Match) -> bool {
    !matches!(method, Match::Bool | Match::Int | Match::Len | Match::Ip)
}

fn of_keys(kind: Kind, keys: Keys) -> Result<Index, String> {
    let keys = if kind.any_case { keys.lowered() } else { keys };
    let keys = match delimiters(kind.method) {
        Some(delimiters) => keys.trimmed(|pattern| delimiters.trim(pattern)),
        None => keys,
    };
    Ok(match kind.method {
        Match::Sub if keys.spans.len() <= FEW => {
            let finder = |(place, key)| (Finder::new(key).into_owned(), place);
            Index::Finders(keys.iter().map(finder).collect())
        }
        _ if keys.spans.len() <= FEW => {
            Index::Few(keys.iter().map(|(place, key)| Key { bytes: key.into(), place }).collect())
        }
        Match::Beg => Index::Affixes(Affixes::new(Side::Beg, &keys)),
        Match::End => Index::Affixes(Affixes::new(Side::End, &keys)),
        Match::Dir => Index::Words(Words::new(Delimiters::Dir, &keys)),
        Match::Dom => Index::Words(Words::new(Delimiters::Dom, &keys)),
        Match::Sub => {
            let automaton = AhoCorasick::new(keys.iter().map(|(_, key)| key));
            Index::Contained(automaton.map_err(|error| error.to_string())?, places(&keys))
        }
        _ => {
            let mut hashed = Hashed::new(Arc::clone(&keys.text), keys.spans.len());
            keys.spans.iter().for_each(|key| hashed.insert(*key));
            Index::Exact(hashed)
        }
    })
}

fn places(keys: &Keys) -> Box<[Place]> {
    keys.spans.iter().map(|span| span.start).collect()
}

fn delimiters(method: Match) -> Option<Delimiters> {
    match method {
        Match::Dir => Some(Delimiters::Dir),
        Match::Dom => Some(Delimiters::Dom),
        _ => None,
    }
}

fn few(method: Match, keys: &[Key], text: &[u8]) -> Option<Place> {
    match method {
        Match::Beg => longest_beginning(keys, text),
        Match::End => first(keys, |key| text.ends_with(key)),
        Match::Dir => first(keys, |key| Delimiters::Dir.contain(text, key)),
        Match::Dom => first(keys, |key| Delimiters::Dom.contain(text, key)),
        _ => first(keys, |key| text == key),
    }
}

fn first(keys: &[Key], is_match: impl Fn(&[u8]) -> bool) -> Option<Place> {
    keys.iter().find(|key| is_match(&key.bytes)).map(|key| key.place)
}

/// Of equals the first.
fn longest_beginning(keys: &[Key], text: &[u8]) -> Option<Place> {
    let mut longest: Option<&Key> = None;
    for key in keys {
        let is_longer = longest.is_none_or(|other| other.bytes.len() < key.bytes.len());
        if is_longer && text.starts_with(&key.bytes) {
            longest = Some(key);
        }
    }
    longest.map(|key| key.place)
}

fn bytes(pattern: &Pattern) -> &[u8] {
    match pattern {
        Pattern::Bytes(bytes) => bytes,
        _ => &[],
    }
}

fn address((place, pattern): (Place, &Pattern)) -> Option<(Place, AddressPattern)> {
    match pattern {
        Pattern::Ip(address) => Some((place, *address)),
        _ => None,
    }
}

fn stretch((owner, pattern): (Place, &Pattern)) -> Option<Stretch<i64>> {
    match pattern {
        Pattern::Range(Range { min, max }) => {
            Some(Stretch { from: *min, to: *max, rank: 0, owner })
        }
        _ => None,
    }
}
