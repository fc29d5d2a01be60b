//! What was done with each line.

use crate::Source;
use crate::place::{Place, position};

/// What became of a line or a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is in the TOML.
    Translated,
    /// The TOML has what HAProxy would do, as far as that can be known.
    Assumed,
    /// It has no meaning here, and nothing is lost without it.
    Ignored,
    /// It is not in the TOML, and something is lost.
    NotSupported,
}

impl Verdict {
    /// As a report shows it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Translated => "translated",
            Self::Assumed => "assumed",
            Self::Ignored => "notice",
            Self::NotSupported => "not supported",
        }
    }
}

/// One line of the report of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub verdict: Verdict,
    /// What was translated, or why not: lower case, no full stop.
    pub text: String,
    pub(crate) place: Place,
}

impl Note {
    /// `FILE:LINE: VERDICT: TEXT`; `sources` must be those that were translated.
    pub fn render(&self, sources: &[Source]) -> String {
        let verdict = self.verdict.word();
        let Some(source) = sources.get(self.place.source) else {
            return format!("{verdict}: {}", self.text);
        };
        let line = position(&source.text, self.place.start).line;
        format!("{}:{line}: {verdict}: {}", source.name, self.text)
    }
}
