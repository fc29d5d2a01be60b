//! The converters, a table for each purpose: what a name takes and gives, and what it becomes.

mod bytes;
mod lookup;
mod number;
mod text;
mod time;
mod web;

pub(super) use time::{TIME_UNITS, UNIT};

use super::args::{Arg, Args};
use super::kind::Kind;
use crate::model::rule::Converter;

/// A converter under all its names.
pub(super) struct ConverterWord {
    pub(super) names: &'static [&'static str],
    pub(super) args: &'static [Arg],
    pub(super) input: Kind,
    pub(super) output: Output,
    /// What it makes of a sample, in one sentence.
    pub(super) meaning: &'static str,
    /// An expression with it.
    pub(super) example: &'static str,
    pub(super) build: fn(&mut Args<'_, '_>) -> Option<Converter>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    Is(Kind),
    /// What it was given.
    Same,
    /// What the name says: `map_STR_int` takes a string and gives an integer.
    OfMap,
}

/// Each purpose and its converters.
pub(super) static PURPOSES: &[(&str, &[ConverterWord])] = &[
    ("Text", text::CONVERTERS),
    ("Formats of the web", web::CONVERTERS),
    ("Bytes", bytes::CONVERTERS),
    ("Numbers", number::CONVERTERS),
    ("Times", time::CONVERTERS),
    ("Look-ups, variables and the like", lookup::CONVERTERS),
];

/// Every converter.
pub(super) fn all() -> impl Iterator<Item = &'static ConverterWord> {
    PURPOSES.iter().flat_map(|(_, words)| words.iter())
}

/// Every name of a converter.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    all().flat_map(|word| word.names.iter().copied())
}

pub(super) fn find(name: &str) -> Option<&'static ConverterWord> {
    all().find(|word| word.names.contains(&name))
}

impl ConverterWord {
    /// What it takes and gives under a name, for a sample of this type.
    pub(super) fn kinds(&self, name: &str, given: Kind) -> (Kind, Kind) {
        match self.output {
            Output::Is(kind) => (self.input, kind),
            Output::Same => (self.input, given),
            Output::OfMap => lookup::map_kinds(name),
        }
    }
}
