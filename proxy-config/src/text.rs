//! A string value that knows where in the file each of its bytes comes from.
//!
//! Escapes and `${NAME}` make a value differ from what the file shows, yet a caret must stand
//! under what the user wrote.

mod calls;
mod words;

use std::ops::Range;

use crate::Env;
use crate::diagnostic::Diagnostic;
use crate::place::Place;

pub(crate) use calls::{Call, is_name};

/// What a value parser has against its text. The message becomes "`KEY` PROBLEM".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// A predicate: `has no port`.
    pub problem: String,
    /// What would be right.
    pub expected: String,
}

impl Fault {
    pub(crate) fn new(
        range: Range<usize>,
        problem: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self { range, problem: problem.into(), expected: expected.into() }
    }

    /// The fault as a diagnostic about a key and its value.
    pub(crate) fn about(self, key: &str, text: &Text) -> Diagnostic {
        Diagnostic::error(text.place(&self.range), format!("`{key}` {}", self.problem))
            .expected(self.expected)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Text {
    value: String,
    /// For each byte of the value, the bytes of the source that it stands for.
    /// Invariant: as long as `value`.
    origins: Vec<Range<usize>>,
    place: Place,
}

impl Text {
    /// A text that is its source, such as a command-line argument.
    pub(crate) fn plain(source: usize, value: &str) -> Self {
        Self {
            value: value.to_owned(),
            origins: (0..value.len()).map(|at| at..at + 1).collect(),
            place: Place::new(source, 0..value.len()),
        }
    }

    /// No text yet, to which pieces are added.
    pub(crate) fn empty(place: Place) -> Self {
        Self { value: String::new(), origins: Vec::new(), place }
    }

    /// A text of which every part points at the whole place.
    pub(crate) fn opaque(place: Place, value: String) -> Self {
        let origins = vec![place.start..place.end; value.len()];
        Self { value, origins, place }
    }

    /// A TOML string: `raw` is as in the file with its quotes, `value` is what it means. A word of
    /// another file stands for itself.
    pub(crate) fn quoted(place: Place, raw: &str, value: &str) -> Self {
        if raw == value {
            let origins = (place.start..place.end).map(|at| at..at + 1).collect();
            return Self { value: value.to_owned(), origins, place };
        }
        match unescape(raw, value, place.start) {
            Some(origins) => Self { value: value.to_owned(), origins, place },
            None => Self::opaque(place, value.to_owned()),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.value
    }

    pub(crate) fn whole(&self) -> Place {
        self.place
    }

    /// The same text, said to stand as a whole elsewhere.
    pub(crate) fn placed(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// Takes back the last bytes; they end a character.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.value.truncate(length);
        self.origins.truncate(self.value.len());
    }

    /// The bytes of the source behind one byte of the value.
    pub(crate) fn origin(&self, at: usize) -> Option<&Range<usize>> {
        self.origins.get(at)
    }

    /// A part of it, as a text of its own.
    pub(crate) fn part(&self, range: Range<usize>) -> Self {
        let mut part = Self::empty(self.place(&range));
        part.copy(self, range);
        part
    }

    /// Where a range of the value stands in the source.
    pub(crate) fn place(&self, range: &Range<usize>) -> Place {
        let Some(last) = self.origins.get(range.end.wrapping_sub(1)) else {
            return self.place;
        };
        match self.origins.get(range.start) {
            Some(first) if !range.is_empty() => {
                Place::new(self.place.source, first.start..last.end.max(first.end))
            }
            _ => Place::new(self.place.source, last.end..last.end),
        }
    }

    /// Replaces `${NAME}` and `${NAME-default}`; any other `$` stays.
    pub(crate) fn expand(&self, env: Env<'_>) -> Result<Self, Vec<Diagnostic>> {
        let mut out = Self { value: String::new(), origins: Vec::new(), place: self.place };
        let mut wrong = Vec::new();
        let mut at = 0;
        while let Some(found) = self.value[at..].find("${") {
            let open = at + found;
            out.copy(self, at..open);
            let Some(length) = self.value[open..].find('}') else {
                wrong.push(self.unclosed(open));
                return Err(wrong);
            };
            at = open + length + 1;
            match variable(&self.value[open + 2..at - 1], env) {
                Ok(value) => out.push(&value, self.place(&(open..at))),
                Err(fault) => wrong.push(fault.at(self.place(&(open..at)))),
            }
        }
        out.copy(self, at..self.value.len());
        if wrong.is_empty() { Ok(out) } else { Err(wrong) }
    }

    pub(crate) fn copy(&mut self, from: &Self, range: Range<usize>) {
        self.value.push_str(&from.value[range.clone()]);
        self.origins.extend_from_slice(&from.origins[range]);
    }

    pub(crate) fn push(&mut self, value: &str, place: Place) {
        self.value.push_str(value);
        self.origins.extend(value.bytes().map(|_| place.start..place.end));
    }

    fn unclosed(&self, open: usize) -> Diagnostic {
        Diagnostic::error(self.place(&(open..self.value.len())), "`${` is not closed")
            .expected("write `${NAME}` or `${NAME-default}`")
    }
}

/// Why a `${...}` has no value.
enum NoVariable {
    BadName(String),
    Unset(String),
}

impl NoVariable {
    fn at(self, place: Place) -> Diagnostic {
        match self {
            Self::BadName(name) => {
                Diagnostic::error(place, format!("`{name}` is not the name of a variable"))
                    .expected("a name has letters, digits and `_`, and no digit first")
            }
            Self::Unset(name) => {
                Diagnostic::error(place, format!("environment variable `{name}` is not set"))
                    .expected(format!("set it, or give a default: `${{{name}-default}}`"))
            }
        }
    }
}

fn variable(inside: &str, env: Env<'_>) -> Result<String, NoVariable> {
    let (name, default) = match inside.split_once('-') {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let is_word = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_word || name.is_empty() || name.as_bytes()[0].is_ascii_digit() {
        return Err(NoVariable::BadName(name.to_owned()));
    }
    env(name)
        .or_else(|| default.map(str::to_owned))
        .ok_or_else(|| NoVariable::Unset(name.to_owned()))
}

/// For each byte of `value`, its bytes in the file; `None` if the two do not go together.
fn unescape(raw: &str, value: &str, start: usize) -> Option<Vec<Range<usize>>> {
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| raw.starts_with(quote))?;
    let has_escapes = quote.starts_with('"');
    let mut at = quote.len();
    if quote.len() == 3 {
        // The newline right after the opening quotes is no part of the value.
        let body = &raw[at..];
        at += ["\r\n", "\n"].into_iter().find(|line| body.starts_with(line)).map_or(0, str::len);
    }
    let mut origins = Vec::with_capacity(value.len());
    for wanted in value.chars() {
        let length = loop {
            match step(raw.get(at..)?, wanted, has_escapes)? {
                Step::Char(length) => break length,
                Step::Skip(length) => at += length,
            }
        };
        origins.extend((0..wanted.len_utf8()).map(|_| start + at..start + at + length));
        at += length;
    }
    Some(origins)
}

enum Step {
    /// So many bytes of the file are one character of the value.
    Char(usize),
    /// So many bytes of the file are nothing in the value.
    Skip(usize),
}

fn step(raw: &str, wanted: char, has_escapes: bool) -> Option<Step> {
    let first = raw.chars().next()?;
    if first == '\\' && has_escapes {
        return match raw[1..].chars().next()? {
            'x' => Some(Step::Char(4)),
            'u' => Some(Step::Char(6)),
            'U' => Some(Step::Char(10)),
            next if next.is_ascii_whitespace() => {
                Some(Step::Skip(raw.len() - raw[1..].trim_ascii_start().len()))
            }
            next => Some(Step::Char(1 + next.len_utf8())),
        };
    }
    match first {
        '\r' if wanted == '\n' => Some(Step::Skip(1)),
        _ => (first == wanted).then(|| Step::Char(first.len_utf8())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "HOST" => Some("example.org".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn variables_expand() {
        let cases = [
            ("plain", "plain"),
            ("${HOST}:80", "example.org:80"),
            ("${HOST-x}:${PORT-8080}", "example.org:8080"),
            ("a${EMPTY}b", "ab"),
            ("${EMPTY-default}", ""),
            ("${NONE-}", ""),
            ("${NONE-a-b}", "a-b"),
            ("$HOME costs 5$", "$HOME costs 5$"),
            ("$${HOST}", "$example.org"),
        ];
        for (given, expected) in cases {
            let text = Text::plain(0, given).expand(&env).map(|text| text.value);
            assert_eq!(text.as_deref(), Ok(expected), "{given}");
        }
    }

    #[test]
    fn bad_variables_are_told_all_at_once() {
        let cases = [
            ("${NONE}", &["environment variable `NONE` is not set"][..]),
            (
                "${A}${B}",
                &["environment variable `A` is not set", "environment variable `B` is not set"],
            ),
            ("${1A}", &["`1A` is not the name of a variable"]),
            ("${}", &["`` is not the name of a variable"]),
            ("${A B}", &["`A B` is not the name of a variable"]),
            ("x ${HOST", &["`${` is not closed"]),
        ];
        for (given, expected) in cases {
            let wrong = Text::plain(0, given).expand(&env).unwrap_err();
            let messages: Vec<_> = wrong.iter().map(Diagnostic::message).collect();
            assert_eq!(messages, expected, "{given}");
        }
    }

    #[test]
    fn places_after_expansion_point_into_the_file() {
        let text = Text::plain(0, "ab${HOST}:80").expand(&env).unwrap();
        assert_eq!(text.as_str(), "abexample.org:80");
        let cases = [(0..2, 0..2), (2..3, 2..9), (13..16, 9..12), (1..14, 1..10), (16..16, 12..12)];
        for (range, expected) in cases {
            assert_eq!(text.place(&range), Place::new(0, expected), "{range:?}");
        }
    }

    #[test]
    fn places_after_escapes_point_into_the_file() {
        let cases = [
            (r#""a\tb""#, "a\tb", vec![11..12, 12..14, 14..15]),
            (r#""\u00e9x""#, "\u{e9}x", vec![11..17, 11..17, 17..18]),
            ("'a\\t'", "a\\t", vec![11..12, 12..13, 13..14]),
            ("\"\"\"\na\\\n  b\"\"\"", "ab", vec![14..15, 19..20]),
            ("'''\r\na\r\nb'''", "a\nb", vec![15..16, 17..18, 18..19]),
        ];
        for (raw, value, expected) in cases {
            assert_eq!(unescape(raw, value, 10), Some(expected), "{raw}");
        }
        assert_eq!(unescape("\"abc\"", "xyz", 0), None);
    }
}
