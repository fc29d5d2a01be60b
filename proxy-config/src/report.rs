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
