//! Log-format strings with sample expressions.

use super::{At, Compiler, expr};
use crate::diagnostic::Diagnostic;
use crate::log_format;
use crate::model::Format;
use crate::model::rule::Expr;
use crate::report::Report;
use crate::text::{Fault, Text};

impl Compiler<'_> {
    /// A log-format string: of a header's value, a path, a variable. Every blank stays.
    pub(crate) fn format(&mut self, word: &Text, at: At, report: &mut Report) -> Option<Format> {
        self.any_format(word, false, at, report)
    }

    /// A log-format string of a log line: blanks in a row are one.
    pub(crate) fn log_format(
        &mut self,
        word: &Text,
        at: At,
        report: &mut Report,
    ) -> Option<Format> {
        self.any_format(word, true, at, report)
    }

    fn any_format(
        &mut self,
        word: &Text,
        merges_blanks: bool,
        at: At,
        report: &mut Report,
    ) -> Option<Format> {
        let mut is_good = true;
        let mut sampler = |start: usize| {
            let (expr, end) = self.sample(word, start, at, report);
            is_good &= expr.is_some();
            (expr, end)
        };
        match log_format::parse_with_samples(word.as_str(), merges_blanks, &mut sampler) {
            Ok(format) => is_good.then_some(format),
            Err(fault) => {
                report.add(about_format(fault, word));
                None
            }
        }
    }

    /// The expression from `start` on, and where its `]` ends.
    fn sample(
        &mut self,
        word: &Text,
        start: usize,
        at: At,
        report: &mut Report,
    ) -> (Option<Expr>, usize) {
        let text = word.as_str();
        let (calls, end) = match word.calls(start) {
            Ok(found) => found,
            Err(fault) => {
                report.add(about_format(fault, word));
                return (None, behind_bracket(text, start));
            }
        };
        if !text[end..].starts_with(']') {
            let next = text[end..].chars().next();
            let problem = match next {
                Some(next) => format!("has `{next}` where an expression should end"),
                None => "has a `%[` that is not closed".to_owned(),
            };
            let range = end..end + next.map_or(0, char::len_utf8);
            let expected = "a `]` ends an expression, a `,` stands before each converter";
            report.add(about_format(Fault::new(range, problem, expected), word));
            return (None, behind_bracket(text, end));
        }
        let parsed = self.build_expr(&calls, at, report);
        let good = parsed.filter(|parsed| expr::check_needs(&parsed.needs, at, report));
        (good.map(|parsed| parsed.expr), end + 1)
    }
}

fn behind_bracket(text: &str, from: usize) -> usize {
    text[from..].find(']').map_or(text.len(), |found| from + found + 1)
}

fn about_format(fault: Fault, word: &Text) -> Diagnostic {
    let message = format!("a format {}", fault.problem);
    Diagnostic::error(word.place(&fault.range), message).expected(fault.expected)
}
