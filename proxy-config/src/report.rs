//! Collects diagnostics while a configuration is read.

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

    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Takes over what another report holds, as far as `keep` says.
    pub(crate) fn merge(&mut self, from: Self, keep: impl Fn(&Diagnostic) -> bool) {
        self.diagnostics.extend(from.diagnostics.into_iter().filter(keep));
    }

    /// Everything, in the order to show it.
    pub(crate) fn finish(mut self, sources: &[Source], arguments: &[Source]) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(Diagnostic::sort_key);
        for diagnostic in &mut self.diagnostics {
            diagnostic.settle(sources, arguments);
        }
        self.diagnostics
    }
}
