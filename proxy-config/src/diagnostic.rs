//! One message about the configuration: what is wrong, where, and what would be right.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Element, Level, Renderer, Snippet};

use crate::Source;
use crate::place::{Place, Position, position, sound};

/// Whether a diagnostic forbids to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can, but part of it does nothing.
    Warning,
    /// It can, and this is only worth knowing.
    Notice,
}

/// A place that a diagnostic points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Index into the sources given to `load`; from their number on, a command-line argument or a
    /// file that the configuration names, whose text the diagnostic keeps itself.
    pub source: usize,
    /// Bytes of that source.
    pub span: Range<usize>,
    /// Stands beside the caret; may be empty.
    pub text: String,
}

/// A mistake or an oddity of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    severity: Severity,
    message: String,
    help: Option<String>,
    /// Invariant: the first label is the primary one; no label means the configuration as a whole.
    labels: Vec<Label>,
    position: Position,
    /// The other sources that labels point into, each with its number.
    extras: Vec<(usize, Arc<Source>)>,
}

impl Diagnostic {
    pub(crate) fn error(place: Place, message: impl Into<String>) -> Self {
        Self::about(Severity::Error, message.into()).label(place, "")
    }

    pub(crate) fn warning(place: Place, message: impl Into<String>) -> Self {
        Self::about(Severity::Warning, message.into()).label(place, "")
    }

    pub(crate) fn notice(place: Place, message: impl Into<String>) -> Self {
        Self::about(Severity::Notice, message.into()).label(place, "")
    }

    /// A warning about the configuration as a whole.
    pub(crate) fn general_warning(message: &str) -> Self {
        Self::about(Severity::Warning, message.to_owned())
    }

    fn about(severity: Severity, message: String) -> Self {
        Self {
            severity,
            message,
            help: None,
            labels: Vec::new(),
            position: Position { line: 1, column: 1 },
            extras: Vec::new(),
        }
    }

    /// What stands beside the caret of the primary label.
    pub(crate) fn expected(mut self, text: impl Into<String>) -> Self {
        if let Some(first) = self.labels.first_mut() {
            first.text = text.into();
        }
        self
    }

    pub(crate) fn label(mut self, place: Place, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            source: place.source,
            span: place.start..place.end,
            text: text.into(),
        });
        self
    }

    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Whether it forbids to start.
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Whether its severity is [`Severity::Error`].
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// What is wrong: lower case, no full stop.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What would be right, where that does not fit beside a caret.
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The primary label first.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// Line of the primary label, from 1.
    pub fn line(&self) -> usize {
        self.position.line
    }

    /// Column of the primary label in characters, from 1.
    pub fn column(&self) -> usize {
        self.position.column
    }

    /// Where the primary label points.
    pub(crate) fn place(&self) -> Option<Place> {
        self.labels.first().map(|label| Place::new(label.source, label.span.clone()))
    }

    /// Moves every label.
    pub(crate) fn relocate(&mut self, to: impl Fn(&Label) -> Place) {
        for label in &mut self.labels {
            let place = to(label);
            label.source = place.source;
            label.span = place.start..place.end;
        }
    }

    /// Changes every text of it.
    pub(crate) fn reword(&mut self, change: impl Fn(&str) -> String) {
        self.message = change(&self.message);
        self.help = self.help.as_deref().map(&change);
        self.labels.iter_mut().for_each(|label| label.text = change(&label.text));
    }

    /// The same as a warning: what is wrong has been left out.
    pub(crate) fn left_out(mut self) -> Self {
        self.severity = Severity::Warning;
        self.expected("left out")
    }

    /// The order in which diagnostics are shown.
    pub(crate) fn sort_key(&self) -> (Severity, usize, usize) {
        let (source, start) = self.labels.first().map_or((0, 0), |l| (l.source, l.span.start));
        (self.severity, source, start)
    }

    /// Fills in what needs the texts. `sources` come before `extras` in the numbering of labels.
    pub(crate) fn settle(&mut self, sources: &[Source], extras: &[Arc<Source>]) {
        for label in &self.labels {
            let extra = label.source.checked_sub(sources.len()).and_then(|nth| extras.get(nth));
            self.extras.extend(extra.map(|source| (label.source, Arc::clone(source))));
        }
        if let Some(label) = self.labels.first()
            && let Some(source) = self.source(label, sources)
        {
            self.position = position(&source.text, label.span.start);
        }
    }

    fn source<'a>(&'a self, label: &Label, sources: &'a [Source]) -> Option<&'a Source> {
        let extra = || self.extras.iter().find(|(number, _)| *number == label.source);
        sources.get(label.source).or_else(|| extra().map(|(_, source)| &**source))
    }

    /// The diagnostic for a terminal: message, excerpt, carets, help. No newline at the end.
    ///
    /// `sources` must be those that were loaded.
    pub fn render(&self, sources: &[Source], colour: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Notice => Level::NOTE,
        };
        let help = self.help.as_deref().map(|text| Element::from(Level::HELP.message(text)));
        let group = level
            .primary_title(self.message.as_str())
            .elements(self.excerpts(sources))
            .elements(help);
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }

    /// One excerpt a source, that of the primary label first.
    fn excerpts<'a>(&'a self, sources: &'a [Source]) -> Vec<Element<'a>> {
        let mut order: Vec<usize> = Vec::new();
        for label in &self.labels {
            if !order.contains(&label.source) {
                order.push(label.source);
            }
        }
        order.into_iter().filter_map(|index| self.excerpt(index, sources)).collect()
    }

    fn excerpt<'a>(&'a self, index: usize, sources: &'a [Source]) -> Option<Element<'a>> {
        let of_source = || self.labels.iter().enumerate().filter(|(_, l)| l.source == index);
        let source = of_source().next().and_then(|(_, label)| self.source(label, sources))?;
        let annotations = of_source().map(|(nth, label)| {
            let kind = if nth == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let text = (!label.text.is_empty()).then_some(label.text.as_str());
            kind.span(sound(&source.text, &label.span)).label(text)
        });
        let snippet = Snippet::source(source.text.as_str())
            .path(source.name.as_str())
            .annotations(annotations);
        Some(Element::from(snippet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_beyond_the_text_do_not_panic() {
        let source = Source { name: "f".into(), text: "\u{e9}".into() };
        let mut diagnostic = Diagnostic::error(Place::new(0, 1..90), "odd");
        diagnostic.settle(std::slice::from_ref(&source), &[]);
        assert!(diagnostic.render(&[source], false).contains("odd"));
    }
}
