//! Regular expressions: one, a few, or many in one pass.

use proxy_config::model::rule;
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

/// Up to here each is tried by itself, which is faster.
const FEW: usize = 4;
/// Bytes that one expression, or one set of them, may take once it is compiled.
const SIZE_MAX: usize = 16 * 1024 * 1024;
/// Bytes of what a set learns while it searches, for each shard.
const CACHE_MAX: usize = 8 * 1024 * 1024;
/// Expressions in one set, so that its states are few enough to be learned.
const SET_LEN: usize = 512;

/// Compiles an expression.
///
/// # Errors
/// Why it is none, or that it is too large.
pub(super) fn compile(own: &rule::Regex) -> Result<Regex, String> {
    compile_text(&own.text, own.any_case)
}

fn compile_text(text: &str, any_case: bool) -> Result<Regex, String> {
    // Messages are bytes: `.` is any of them, as in HAProxy. What asks for more has its way.
    let build = |unicode: bool| {
        let mut builder = RegexBuilder::new(text);
        builder.unicode(unicode).case_insensitive(any_case).size_limit(SIZE_MAX).build()
    };
    build(false).or_else(|_| build(true)).map_err(|error| error.to_string())
}

/// Expressions in their order. A clone has caches of its own.
#[derive(Clone)]
pub(super) struct Regexes {
    /// All, where they are few or their groups are asked for.
    each: Box<[Regex]>,
    /// Where they are many; of [`SET_LEN`] each.
    sets: Box<[RegexSet]>,
}

impl Regexes {
    /// # Errors
    /// The index of the expression that is wrong, if it is one alone, and why.
    pub(super) fn new<'t>(
        texts: impl Iterator<Item = &'t str>,
        any_case: bool,
        has_groups: bool,
    ) -> Result<Self, (usize, String)> {
        let texts: Vec<&str> = texts.collect();
        let is_few = texts.len() <= FEW;
        let mut each = Vec::new();
        // Each by itself too where they are many: it tells which is wrong.
        for (index, text) in texts.iter().enumerate() {
            let regex = compile_text(text, any_case).map_err(|error| (index, error))?;
            if is_few || has_groups {
                each.push(regex);
            }
        }
        let mut sets = Vec::new();
        if !is_few {
            for (nth, texts) in texts.chunks(SET_LEN).enumerate() {
                let set = compile_set(texts, any_case);
                sets.push(set.map_err(|error| (nth * SET_LEN, error))?);
            }
        }
        Ok(Self { each: each.into(), sets: sets.into() })
    }

    /// The first that matches.
    pub(super) fn find(&self, text: &[u8]) -> Option<usize> {
        if self.sets.is_empty() {
            return self.each.iter().position(|regex| regex.is_match(text));
        }
        self.sets.iter().enumerate().find_map(|(nth, set)| {
            let first = set.matches(text).iter().next()?;
            Some(nth * SET_LEN + first)
        })
    }

    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        if self.sets.is_empty() {
            return self.each.iter().any(|regex| regex.is_match(text));
        }
        self.sets.iter().any(|set| set.is_match(text))
    }

    /// One of them, where groups are asked for.
    pub(super) fn at(&self, index: usize) -> Option<&Regex> {
        self.each.get(index)
    }
}

fn compile_set(texts: &[&str], any_case: bool) -> Result<RegexSet, String> {
    let build = |unicode: bool| {
        let mut builder = RegexSetBuilder::new(texts);
        builder.unicode(unicode).case_insensitive(any_case);
        builder.size_limit(SET_LEN * SIZE_MAX / 16).dfa_size_limit(CACHE_MAX).build()
    };
    build(false).or_else(|_| build(true)).map_err(|error| error.to_string())
}

/// Appends `with`, in which `\0` to `\9` stand for groups, `\x41` for a byte, and `\` before anything
/// else for that (HAProxy's manual, `http-request replace-header`). Groups that took no part are nothing.
/// `None`: it ends with `\`, or the expression does not match.
pub(super) fn expand(out: &mut Vec<u8>, regex: &Regex, text: &[u8], with: &[u8]) -> Option<()> {
    let groups = regex.captures(text)?;
    let mut rest = with;
    while let [first, behind @ ..] = rest {
        rest = behind;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let (escaped, behind) = rest.split_first()?;
        rest = behind;
        match (escaped, rest) {
            (b'0'..=b'9', _) => {
                let group = groups.get(usize::from(escaped - b'0'));
                out.extend_from_slice(group.map_or(&[], |group| group.as_bytes()));
            }
            (b'x', [high, low, behind @ ..]) => {
                out.push(digit(*high)? << 4 | digit(*low)?);
                rest = behind;
            }
            (other, _) => out.push(*other),
        }
    }
    Some(())
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}
