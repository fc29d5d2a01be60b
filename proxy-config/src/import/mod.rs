//! haproxy.cfg to TOML, with a map of where each part comes from.
//!
//! ```text
//! preprocess -> the lines that count: .if, environment        (line, condition, environment)
//! translate  -> a document of sections, keyword by keyword    (section, proxy, global, server ..)
//! preset     -> HAProxy's own defaults, where ours differ
//! write      -> TOML and its source map
//! ```
//!
//! What is not known here is either reported, or written as it would be if it were supported, so
//! that whoever reads the TOML says what is wrong with it: `load` moves what is said to the cfg.

mod address;
mod bind;
mod check;
mod condition;
mod document;
mod environment;
mod global;
mod keyword;
mod line;
mod list;
mod load;
mod log;
mod note;
mod option;
mod preprocess;
mod preset;
mod proxy;
mod rule;
mod section;
mod server;
mod source_map;
#[cfg(test)]
mod tests;
mod translate;
mod version;
mod wording;
mod write;

pub use condition::FEATURES;
pub use note::{Note, Verdict};
pub use version::Version;

pub(crate) use load::load;

use std::collections::{BTreeMap, BTreeSet};

use crate::place::Place;
use crate::report::Report;
use crate::{Diagnostic, Env, Source, Surroundings};
use condition::Context;
use environment::Environment;
use source_map::SourceMap;
use translate::Importer;

/// How a haproxy.cfg is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Whose defaults apply.
    pub version: Version,
    /// What is not supported is left out with a warning, instead of an error.
    pub is_lenient: bool,
    /// All sources are of HAProxy, whatever they are called; otherwise those ending in `.cfg`.
    pub is_forced: bool,
}

impl Options {
    pub(crate) fn is_cfg(&self, source: &Source) -> bool {
        self.is_forced || source.name.ends_with(".cfg")
    }
}

/// A haproxy.cfg as TOML.
#[derive(Debug, Clone)]
pub struct Import {
    /// Valid whatever was wrong: what could not be translated is left out.
    pub toml: String,
    /// In the order of the lines.
    pub notes: Vec<Note>,
    /// Errors, warnings and notices about the cfg, in the order of the lines.
    pub diagnostics: Vec<Diagnostic>,
}

/// Translates to TOML that a person goes on with: variables stay variables, and comments say what
/// was assumed. What the TOML itself would be refused for is told too, except for files that are
/// not here.
pub fn import(sources: &[Source], options: Options, surroundings: Surroundings<'_>) -> Import {
    load::import(sources, options, surroundings)
}

/// Evaluates a condition as `haproxy -cc` does.
///
/// # Errors
/// What is wrong with its text.
pub fn evaluate(text: &str, version: Version, env: Env<'_>) -> Result<bool, String> {
    let environment = Environment::new(env, false);
    condition::evaluate(text, &Context { environment: &environment, version })
}

/// What came of translating.
struct Translation {
    toml: String,
    map: SourceMap,
    notes: Vec<Note>,
    report: Report,
    /// What the cfg sets in the environment; `None` is unset.
    env: BTreeMap<String, Option<String>>,
}

/// Translates those sources that are of HAProxy as one configuration, without what is left out.
fn translate(
    sources: &[Source],
    options: Options,
    env: Env<'_>,
    is_kept: bool,
    left_out: &BTreeSet<Place>,
) -> Translation {
    let mut report = Report::default();
    let mut environment = Environment::new(env, is_kept);
    let is_cfg = |source: &Source| options.is_cfg(source);
    let lines = preprocess::lines(sources, &is_cfg, &mut environment, options.version, &mut report);
    let mut importer = Importer::new(sources, options, &lines, report);
    lines
        .iter()
        .filter(|line| !left_out.contains(&line.place))
        .for_each(|line| importer.line(line));
    importer.finish();
    let (toml, map) = write::document(importer.in_order(), left_out);
    let Importer { mut notes, report, .. } = importer;
    notes.sort_by_key(|note| note.place);
    Translation { toml, map, notes, report, env: environment.into_own() }
}
