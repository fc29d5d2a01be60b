//! Collects diagnostics while a configuration is read.

use std::sync::Arc;

use crate::Source;
use crate::diagnostic::Diagnostic;

#[derive(Debug, Default)]
pub(crate) struct Report {
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    pub(crate) fn add(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// For what several sections or servers inherit, and that each would report again.
    pub(crate) fn add_once(&mut self, diagnostic: Diagnostic) {
        if !self.diagnostics.contains(&diagnostic) {
            self.add(diagnostic);
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    pub(crate) fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error())
    }

    pub(crate) fn into_errors(self) -> impl Iterator<Item = Diagnostic> {
        self.diagnostics.into_iter().filter(Diagnostic::is_error)
    }

    pub(crate) fn each(&mut self, change: impl FnMut(&mut Diagnostic)) {
        self.diagnostics.iter_mut().for_each(change);
    }

    /// Takes over what another report holds and this one does not.
    pub(crate) fn merge_once(&mut self, from: Self) {
        from.diagnostics.into_iter().for_each(|diagnostic| self.add_once(diagnostic));
    }

    /// Takes over what another report holds, as far as `keep` says.
    pub(crate) fn merge(&mut self, from: Self, keep: impl Fn(&Diagnostic) -> bool) {
        self.diagnostics.extend(from.diagnostics.into_iter().filter(keep));
    }

    /// Everything, in the order to show it.
    pub(crate) fn finish(mut self, sources: &[Source], extras: &[Arc<Source>]) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(Diagnostic::sort_key);
        for diagnostic in &mut self.diagnostics {
            diagnostic.settle(sources, extras);
        }
        self.diagnostics
    }
}
