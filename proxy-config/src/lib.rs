//! Text to a checked configuration, or diagnostics.
//!
//! Pure: no sockets, no clock, no files of its own; the environment and what reads the files that a
//! configuration names are arguments. The stages:
//!
//! ```text
//! syntax  -> TOML trees with byte spans, every syntax error
//! section -> drafts: each key read by itself, every bad key and value
//! resolve -> the model: defaults inherited, names turned into ids, what contradicts itself
//! ```
//!
//! A draft knows nothing of TOML, so another notation can fill the same drafts.
#![forbid(unsafe_code)]

mod action;
mod address;
mod choice;
mod diagnostic;
mod draft;
mod error_file;
mod extra;
mod formats;
mod http;
pub mod import;
mod log_format;
pub mod model;
mod nearest;
mod overrides;
mod page;
pub mod password;
pub mod pattern;
mod place;
mod report;
mod resolve;
mod rule;
mod section;
mod setting;
mod syntax;
mod text;
mod tls;
mod units;
mod walk;
mod words;

pub use diagnostic::{Diagnostic, Label, Severity};
pub use log_format::parse_log_format;
pub use rule::rule_reference;
pub use text::Fault;

use std::io;
use std::path::Path;

use draft::Draft;
use extra::Extras;
use report::Report;

/// One configuration file: what to call it in messages, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// As messages show it, such as the path on the command line.
    pub name: String,
    /// The whole TOML text.
    pub text: String,
}

/// Settings of the command line; each wins over the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--shards`: `auto`, a count, or core ids such as `0,2,4`; in place of `global.shards`.
    pub shards: Option<String>,
    /// `--log`: one target, in place of all those of `global.log`.
    pub log: Option<String>,
    /// `--maxconn`: 1 to 2147483647, in place of `global.maxconn`.
    pub maxconn: Option<u32>,
}

/// The value of an environment variable, if it is set.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The whole content of a file. Whoever reads sets a limit to its size.
pub type ReadFile<'a> = &'a dyn Fn(&Path) -> io::Result<Vec<u8>>;

/// What loading needs of the machine.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// For `${NAME}`.
    pub env: Env<'a>,
    /// For error pages and lists of certificates; paths are as written.
    pub read_file: ReadFile<'a>,
    /// The machine's name, for `global.log-send-hostname`; empty where it is not known.
    pub hostname: &'a str,
}

/// What came of loading.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Invariant: `Some` exactly when no diagnostic is an error.
    pub config: Option<model::Config>,
    /// Errors in the order of the files, then warnings in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads all sources as one configuration and reports every mistake in them. Those whose names end
/// in `.cfg` are of HAProxy; the others are TOML.
pub fn load(sources: &[Source], overrides: &Overrides, surroundings: Surroundings<'_>) -> Outcome {
    load_haproxy(sources, import::Options::default(), overrides, surroundings)
}

/// As [`load`], with a say in how the files of HAProxy are read.
pub fn load_haproxy(
    sources: &[Source],
    options: import::Options,
    overrides: &Overrides,
    surroundings: Surroundings<'_>,
) -> Outcome {
    import::load(sources, options, overrides, surroundings)
}

/// What came of reading TOML.
struct Built {
    config: Option<model::Config>,
    report: Report,
    extras: Extras,
}

/// Reads TOML. A `generated` source has its variables expanded already.
fn build(
    sources: &[Source],
    overrides: &Overrides,
    surroundings: Surroundings<'_>,
    generated: Option<usize>,
) -> Built {
    let mut report = Report::default();
    let mut draft = Draft::default();
    let mut extras = Extras::behind(sources.len());
    let mut is_whole = true;
    for (index, source) in sources.iter().enumerate() {
        let into = section::Into { draft: &mut draft, extras: &mut extras, report: &mut report };
        let bare = Surroundings { env: &|_| None, ..surroundings };
        let surroundings = if generated == Some(index) { bare } else { surroundings };
        is_whole &= section::read(index, source, surroundings, into);
    }
    overrides::apply(overrides, &mut extras, &mut draft.global, &mut report);
    // Where the syntax is broken keys are missing that the file does have: to go on would blame
    // the user for our guess.
    let config = is_whole.then(|| resolve::resolve(draft, surroundings, &mut extras, &mut report));
    Built { config, report, extras }
}
