//! The words of one rule, taken one after the other.

use crate::Surroundings;
use crate::diagnostic::Diagnostic;
use crate::draft::RuleSet;
use crate::http;
use crate::model::rule::{Expr, Var};
use crate::model::{Capture, Format, FormatPiece};
use crate::place::Place;
use crate::report::Report;
use crate::resolve::Library;
use crate::rule::{At, Compiler};
use crate::text::{Fault, Text};

/// What reading a rule needs besides its words.
pub(crate) struct Tools<'c> {
    pub(crate) compiler: Compiler<'c>,
    pub(crate) library: Library<'c>,
    pub(crate) surroundings: Surroundings<'c>,
    /// `tune.bufsize`: what a page may take.
    pub(crate) bufsize: usize,
    /// What is said of rules. Those of a `defaults` are read for each section that takes from it.
    pub(crate) report: Report,
}

/// Why a rule, or a part of it, came to nothing.
pub(crate) enum Wrong {
    /// What is to be said of it has been said.
    Told,
    Misplaced(Box<Misplaced>),
}

/// A fault of a word.
pub(crate) struct Misplaced {
    fault: Fault,
    /// What its range is in.
    text: Text,
    /// The keyword whose argument is wrong.
    keyword: Option<String>,
}

impl Wrong {
    /// A fault of a text that stands behind no keyword.
    pub(crate) fn of(fault: Fault, text: &Text) -> Self {
        Self::Misplaced(Box::new(Misplaced { fault, text: text.clone(), keyword: None }))
    }

    /// Names the keyword, unless one nearer to the fault is named already.
    pub(super) fn behind(mut self, keyword: &Text) -> Self {
        if let Self::Misplaced(misplaced) = &mut self {
            misplaced.keyword.get_or_insert_with(|| keyword.as_str().to_owned());
        }
        self
    }

    /// What is to be said of a rule under this key, if it has not been said.
    pub(crate) fn about(self, key: &str) -> Option<Diagnostic> {
        let Self::Misplaced(misplaced) = self else { return None };
        let Misplaced { fault, text, keyword } = *misplaced;
        let name = keyword.map_or_else(|| key.to_owned(), |keyword| format!("{key} {keyword}"));
        Some(fault.about(&name, &text))
    }
}

pub(crate) type Read<T> = Result<T, Wrong>;

/// The fault of a whole word.
pub(crate) fn at(word: &Text, problem: &str, expected: &str) -> Wrong {
    Wrong::of(Fault::new(0..word.as_str().len(), problem, expected), word)
}

/// What `parse` makes of a word.
pub(crate) fn parsed<T>(word: &Text, parse: impl FnOnce(&str) -> Result<T, Fault>) -> Read<T> {
    parse(word.as_str()).map_err(|fault| Wrong::of(fault, word))
}

/// One rule that is being read.
pub(crate) struct Line<'l, 'c> {
    pub(crate) set: RuleSet,
    /// The name of its section.
    pub(crate) section: &'l str,
    pub(crate) at: At,
    /// Those that are not read yet.
    pub(crate) words: std::slice::Iter<'l, Text>,
    /// Captures of the frontend that rules may fill; `None` in a backend.
    pub(crate) slots: Option<&'l mut Slots>,
    pub(crate) tools: &'l mut Tools<'c>,
}

/// Captures of a frontend: of requests, of responses.
#[derive(Debug, Clone, Default)]
pub(crate) struct Slots {
    pub(crate) request: Vec<Capture>,
    pub(crate) response: Vec<Capture>,
}

impl<'l> Line<'l, '_> {
    /// The next word, which stays.
    pub(crate) fn peek(&self) -> Option<&'l Text> {
        self.words.as_slice().first()
    }

    /// The next word, as the argument of `keyword`.
    pub(crate) fn argument(&mut self, keyword: &Text) -> Read<&'l Text> {
        self.words.next().ok_or_else(|| {
            let problem = format!("has `{}` without its argument", keyword.as_str());
            at(keyword, &problem, "its argument follows it")
        })
    }

    /// The next word, if it is this one.
    pub(crate) fn optional(&mut self, wanted: &str) -> Option<&'l Text> {
        let next = self.peek().filter(|word| word.as_str() == wanted)?;
        self.words.next();
        Some(next)
    }

    /// The next word that is no beginning of a condition.
    pub(crate) fn next_word(&mut self) -> Option<&'l Text> {
        self.peek().filter(|word| !is_condition(word))?;
        self.words.next()
    }

    /// An argument that `parse` understands.
    pub(crate) fn parsed<T>(
        &mut self,
        keyword: &Text,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Read<T> {
        parsed(self.argument(keyword)?, parse).map_err(|wrong| wrong.behind(keyword))
    }

    /// A sample expression.
    pub(crate) fn expr(&mut self, keyword: &Text) -> Read<Expr> {
        let word = self.argument(keyword)?;
        self.expr_of(word)
    }

    pub(crate) fn expr_of(&mut self, word: &Text) -> Read<Expr> {
        let Tools { compiler, report, .. } = &mut *self.tools;
        compiler.expr(word, self.at, report).ok_or(Wrong::Told)
    }

    /// A log-format string, whose fixed parts `check` must let pass.
    pub(crate) fn format(
        &mut self,
        keyword: &Text,
        check: fn(&str) -> Result<String, Fault>,
    ) -> Read<Format> {
        let word = self.argument(keyword)?;
        self.format_of(word, check).map_err(|wrong| wrong.behind(keyword))
    }

    pub(crate) fn format_of(
        &mut self,
        word: &Text,
        check: fn(&str) -> Result<String, Fault>,
    ) -> Read<Format> {
        let Tools { compiler, report, .. } = &mut *self.tools;
        let format = compiler.format(word, self.at, report).ok_or(Wrong::Told)?;
        for piece in &format.pieces {
            if let FormatPiece::Text(text) = piece
                && let Err(fault) = check(text)
            {
                return Err(Wrong::of(within(word, text, fault), word));
            }
        }
        Ok(format)
    }

    /// The value of a field.
    pub(crate) fn value(&mut self, keyword: &Text) -> Read<Format> {
        self.format(keyword, http::field_value)
    }

    /// The index of a regular expression.
    pub(crate) fn regex(&mut self, keyword: &Text) -> Read<usize> {
        let word = self.argument(keyword)?;
        self.regex_of(word, false)
    }

    pub(crate) fn regex_of(&mut self, word: &Text, any_case: bool) -> Read<usize> {
        let Tools { compiler, report, .. } = &mut *self.tools;
        compiler.regex(word, any_case, report).ok_or(Wrong::Told)
    }

    pub(crate) fn var(&mut self, name: &Text) -> Read<Var> {
        let Tools { compiler, report, .. } = &mut *self.tools;
        compiler.var(name, report).ok_or(Wrong::Told)
    }

    /// Says that a word does nothing.
    pub(crate) fn warn(&mut self, word: &Text, message: String, remedy: &str) {
        let diagnostic = Diagnostic::warning(word.whole(), message).expected(remedy);
        self.tools.report.add(diagnostic);
    }
}

/// Where a fault of a fixed part stands in the whole format, if that can be told.
fn within(word: &Text, part: &str, fault: Fault) -> Fault {
    let whole = word.as_str();
    let range = match whole.match_indices(part).next() {
        Some((start, _)) => start + fault.range.start..start + fault.range.end,
        None => 0..whole.len(),
    };
    Fault { range, ..fault }
}

/// Whether a condition begins here.
pub(crate) fn is_condition(word: &Text) -> bool {
    matches!(word.as_str(), "if" | "unless")
}

/// Where the words of a rule stand, from the first to the last.
pub(crate) fn span(words: &[Text]) -> Option<Place> {
    let (first, last) = (words.first()?.whole(), words.last()?.whole());
    Some(Place { end: last.end, ..first })
}
