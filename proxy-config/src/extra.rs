//! Texts besides the configuration's own files that messages point into.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Source;
use crate::draft::CrtListDraft;

/// Arguments of the command line, and files that the configuration names.
///
/// Their numbers as sources begin where those of the configuration's own files end.
#[derive(Debug)]
pub(crate) struct Extras {
    first: usize,
    sources: Vec<Arc<Source>>,
    /// By their paths: a file that two binds name is read once, and told of once.
    pub(crate) crt_lists: BTreeMap<String, Arc<CrtListDraft>>,
}

impl Extras {
    /// For a configuration of so many files.
    pub(crate) fn behind(own_sources: usize) -> Self {
        Self { first: own_sources, sources: Vec::new(), crt_lists: BTreeMap::new() }
    }

    /// Takes a text up; returns its number as a source.
    pub(crate) fn add(&mut self, source: Arc<Source>) -> usize {
        self.sources.push(source);
        self.first + self.sources.len() - 1
    }

    pub(crate) fn sources(&self) -> &[Arc<Source>] {
        &self.sources
    }
}
