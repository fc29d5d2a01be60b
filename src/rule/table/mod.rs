//! Patterns, maps and regular expressions, compiled for look-ups.
//!
//! ```text
//! Library -> Set (patterns of a rule or a file) -> Few | Hashed | Affixes | Words | Segments | ...
//!         -> Map: a Set, and the lines of its file
//! ```
//! Keys are slices of their file's text, which is kept; an index into them is a number or two a key.
//! What a peer sends is only looked up, at a cost that grows with its length and not with the table.

mod affixes;
mod hashed;
mod keys;
mod map;
mod networks;
mod regexes;
mod segments;
mod set;
#[cfg(test)]
mod tests;
mod words;

use std::path::Path;
use std::sync::Arc;

use proxy_config::model::rule::{self, FileText, Match, Patterns, Tables};
use regex::bytes::Regex;

use self::map::Map;
use self::set::{Kind, Set};
use super::context::{Arena, Context};
use super::converter::JwtKeys;
use super::sample::Sample;

pub use set::FileFault;

/// Compiled tables. A clone for each shard shares what is large, and has caches of its own for regular
/// expressions.
#[derive(Default, Clone)]
pub struct Library {
    /// Index: table; then the patterns of the rule, and those of each of its files.
    patterns: Vec<Vec<Set>>,
    maps: Vec<Map>,
    regexes: Vec<Regex>,
    jwt_keys: Arc<JwtKeys>,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library")
            .field("patterns", &self.patterns.len())
            .field("maps", &self.maps.len())
            .field("regexes", &self.regexes.len())
            .finish()
    }
}

impl Library {
    /// # Errors
    /// What cannot be compiled, for a person.
    pub fn new(tables: &Tables) -> Result<Self, String> {
        let patterns = tables.patterns.iter().map(sets).collect::<Result<_, _>>()?;
        let map = |own: &rule::Map| {
            Map::new(own, &own.file.text).map_err(|fault| in_file(&own.file.path, &fault))
        };
        let maps = tables.maps.iter().map(map).collect::<Result<_, _>>()?;
        let regexes = tables.regexes.iter().map(regexes::compile).collect::<Result<_, _>>()?;
        let jwt_keys = Arc::new(JwtKeys::new(&tables.jwt_keys)?);
        Ok(Self { patterns, maps, regexes, jwt_keys })
    }

    /// The same, but for a file that has another text now. `tables` is what it was made of.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn with_file(
        &self,
        tables: &Tables,
        path: &Path,
        text: &FileText,
    ) -> Result<Self, FileFault> {
        let mut own = self.clone();
        for (patterns, sets) in tables.patterns.iter().zip(&mut own.patterns) {
            // The first set is that of the rule.
            for (file, set) in patterns.files.iter().zip(sets.iter_mut().skip(1)) {
                if file.path == path {
                    *set = Set::of_file(kind(patterns), text, patterns.is_map)?;
                }
            }
        }
        for (map, compiled) in tables.maps.iter().zip(&mut own.maps) {
            if map.file.path == path {
                *compiled = Map::new(map, text)?;
            }
        }
        Ok(own)
    }

    /// The public keys of `jwt_verify`.
    pub fn jwt_keys(&self) -> &JwtKeys {
        &self.jwt_keys
    }

    /// Whether a sample matches any pattern of a table.
    pub fn matches<'a>(
        &self,
        table: usize,
        method: Match,
        sample: Sample<'a>,
        context: &Context<'a>,
    ) -> bool {
        debug_assert!(self.is_of(table, method));
        let sets = self.patterns.get(table).map_or(&[][..], Vec::as_slice);
        sets.iter().any(|set| set.matches(sample, context.arena))
    }

    fn is_of(&self, table: usize, method: Match) -> bool {
        self.patterns.get(table).is_some_and(|sets| sets.iter().all(|set| set.is_of(method)))
    }

    /// What a map has for a sample.
    pub fn lookup<'a>(
        &'a self,
        table: usize,
        sample: Sample<'a>,
        context: &Context<'a>,
    ) -> Option<Sample<'a>> {
        self.lookup_in(table, sample, context.arena)
    }

    /// As [`Self::lookup`], where there is nothing but an arena.
    pub fn lookup_in<'a>(
        &'a self,
        table: usize,
        sample: Sample<'a>,
        arena: &'a Arena,
    ) -> Option<Sample<'a>> {
        self.maps.get(table)?.lookup(sample, arena)
    }

    /// A regular expression of [`Tables::regexes`], which has one at `index`.
    pub fn regex(&self, index: usize) -> &Regex {
        &self.regexes[index]
    }
}

fn kind(own: &Patterns) -> Kind {
    Kind { method: own.method, any_case: own.any_case, has_groups: false }
}

fn sets(own: &Patterns) -> Result<Vec<Set>, String> {
    let kind = kind(own);
    let mut sets = vec![Set::of_rule(kind, &own.inline)?];
    for file in &own.files {
        let set = Set::of_file(kind, &file.text, own.is_map);
        sets.push(set.map_err(|fault| in_file(&file.path, &fault))?);
    }
    Ok(sets)
}

fn in_file(path: &Path, fault: &FileFault) -> String {
    match fault.line {
        Some(line) => format!("{}:{line}: {}", path.display(), fault.problem),
        None => format!("{}: {}", path.display(), fault.problem),
    }
}
