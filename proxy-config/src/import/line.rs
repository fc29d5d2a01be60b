//! Lines and words of a haproxy.cfg, each word still knowing where it stands.
//!
//! As HAProxy splits: blanks separate, `#` begins a comment, `'` keeps everything, `"` keeps
//! blanks and expands `$NAME`, `${NAME}` and `${NAME-default}`. Outside `'` a backslash before a
//! blank, `#`, a quote or a backslash takes its meaning away (before `$` only inside `"`), `\n`,
//! `\r`, `\t` and `\xHH` are characters, and any other backslash stays. A backslash that ends a
//! line joins it to the next one.

use std::ops::Range;

use crate::Source;
use crate::diagnostic::Diagnostic;
use crate::import::environment::{Environment, Expansion};
use crate::place::Place;
use crate::text::Text;

/// Words of a line, far more than a person writes; HAProxy takes 64.
const WORDS_MAX: usize = 1024;

/// Bytes that the variables of one line may make of it.
const LINE_MAX: usize = 4 << 20;

/// What stands in TOML for a `$` before a `{` that is no variable: its default is what counts.
const DOLLAR: &str = "${DOLLAR-$}";

#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Invariant: at least one.
    pub(super) words: Vec<Text>,
    /// From the first word to the last.
    pub(super) place: Place,
}

impl Line {
    /// The word at an index, or nothing.
    pub(super) fn word(&self, index: usize) -> &str {
        self.words.get(index).map_or("", Text::as_str)
    }

    /// The words from an index on.
    pub(super) fn from(&self, index: usize) -> &[Text] {
        self.words.get(index..).unwrap_or(&[])
    }

    /// The place of the words from an index on, or else of the whole line.
    pub(super) fn place_from(&self, index: usize) -> Place {
        match (self.words.get(index), self.words.last()) {
            (Some(first), Some(last)) => cover(first.whole(), last.whole()),
            _ => self.place,
        }
    }

    /// The place of the first words.
    pub(super) fn place_to(&self, count: usize) -> Place {
        let last = self.words.get(count.saturating_sub(1)).or_else(|| self.words.last());
        match (self.words.first(), last) {
            (Some(first), Some(last)) => cover(first.whole(), last.whole()),
            _ => self.place,
        }
    }

    /// The line without its first word.
    pub(super) fn shifted(&self) -> Option<Self> {
        let words = self.from(1).to_vec();
        (!words.is_empty()).then_some(Self { words, place: self.place })
    }
}

/// From the start of one place to the end of another of the same source.
pub(super) fn cover(first: Place, last: Place) -> Place {
    Place { end: last.end.max(first.end), ..first }
}

/// The ranges of the lines of a text, continued ones together.
pub(super) fn ranges(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    let mut is_continued = false;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        match found.last_mut() {
            Some(last) if is_continued => last.end = at,
            _ => found.push(start..at),
        }
        is_continued = line.ends_with('\n') && continues(line.trim_end_matches(['\n', '\r']));
    }
    found
}

/// A line ends with a backslash that is not itself escaped, and not in a comment.
fn continues(line: &str) -> bool {
    let backslashes = line.len() - line.trim_end_matches('\\').len();
    backslashes % 2 == 1 && !line.trim_start().starts_with('#')
}

/// Splits a line; `None` where it has no words. `may_keep` says whether variables may be left to
/// whoever reads the TOML.
pub(super) fn split(
    index: usize,
    source: &Source,
    range: Range<usize>,
    environment: &Environment<'_>,
    may_keep: bool,
) -> Result<Option<Line>, Diagnostic> {
    let text = source.text.get(..range.end).unwrap_or(&source.text);
    let mut splitter = Splitter {
        index,
        text,
        environment,
        may_keep,
        at: range.start,
        words: Vec::new(),
        word: None,
        quote: None,
    };
    while splitter.step()? {}
    let end = splitter.at;
    splitter.end();
    if let Some((_, open)) = splitter.quote {
        let place = Place::new(index, open..text[..end].trim_end().len().max(open + 1));
        return Err(Diagnostic::error(place, "a quote is not closed").expected("it begins here"));
    }
    let words = splitter.words;
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return Ok(None) };
    let place = cover(first.whole(), last.whole());
    Ok(Some(Line { place, words }))
}

struct Splitter<'s> {
    index: usize,
    /// The source up to the end of the line.
    text: &'s str,
    environment: &'s Environment<'s>,
    may_keep: bool,
    at: usize,
    words: Vec<Text>,
    word: Option<Word>,
    /// The open quote and where it stands.
    quote: Option<(char, usize)>,
}

/// The word that is being read.
struct Word {
    text: Text,
    start: usize,
    /// It ends with a `$` of the file's own.
    has_dollar: bool,
}

impl Splitter<'_> {
    /// Takes one character, escape or variable; false at the end.
    fn step(&mut self) -> Result<bool, Diagnostic> {
        let Some(next) = self.text[self.at..].chars().next() else { return Ok(false) };
        let after = self.at + next.len_utf8();
        match (self.quote, next) {
            (None, ' ' | '\t' | '\r' | '\n') => self.end(),
            (None, '#') => return Ok(false),
            (None, '"' | '\'') => {
                self.word();
                self.quote = Some((next, self.at));
            }
            (Some((quote, _)), _) if quote == next => self.quote = None,
            (None | Some(('"', _)), '\\') => return self.escape().map(|()| true),
            (Some(('"', _)), '$') => return self.variable().map(|()| true),
            // A quote ends with its line.
            (Some(_), '\n') => return Ok(false),
            _ => self.put(next, after),
        }
        self.at = after;
        Ok(true)
    }

    fn escape(&mut self) -> Result<(), Diagnostic> {
        let rest = &self.text[self.at + 1..];
        let Some(next) = rest.chars().next() else {
            self.put('\\', self.at + 1);
            self.at += 1;
            return Ok(());
        };
        let is_quoted = self.quote.is_some();
        let after = self.at + 1 + next.len_utf8();
        let (put, after) = match next {
            'n' => ('\n', after),
            'r' => ('\r', after),
            't' => ('\t', after),
            'x' => (self.hexadecimal(rest)?, self.at + 4),
            ' ' | '#' | '\\' | '"' | '\'' => (next, after),
            '$' if is_quoted => (next, after),
            '\n' | '\r' if rest.trim_start_matches('\r').starts_with('\n') => {
                // The line goes on; between words this is a blank.
                if !is_quoted {
                    self.end();
                }
                self.at += 1 + rest.find('\n').map_or(0, |newline| newline + 1);
                return Ok(());
            }
            _ => ('\\', self.at + 1),
        };
        self.put(put, after);
        self.at = after;
        Ok(())
    }

    fn hexadecimal(&self, rest: &str) -> Result<char, Diagnostic> {
        let digits = rest.get(1..3).unwrap_or("");
        let is_hex = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        match u8::from_str_radix(digits, 16) {
            Ok(byte) if is_hex && byte.is_ascii() && byte != 0 => Ok(char::from(byte)),
            _ => {
                let place = Place::new(self.index, self.at..self.at + 2);
                Err(Diagnostic::error(place, "a bad `\\x`")
                    .expected("write two hexadecimal digits from 01 to 7F"))
            }
        }
    }

    /// `$NAME`, `${NAME}`, `${NAME-default}` or `"${NAME[*]}"`.
    fn variable(&mut self) -> Result<(), Diagnostic> {
        let rest = &self.text[self.at + 1..];
        let start = self.at;
        let Variable { name, default, is_split, length } = variable(rest).map_err(|problem| {
            let end = start + 1 + rest.find(['"', '\n']).unwrap_or(rest.len());
            Diagnostic::error(Place::new(self.index, start..end), problem)
                .expected("write `${NAME}` or `${NAME-default}`")
        })?;
        let expansion = self.environment.expand(name, default, self.may_keep);
        self.at = start + 1 + length;
        let place = Place::new(self.index, start..self.at);
        match expansion {
            Expansion::Kept(text) => self.word().text.push(&text, place),
            Expansion::Value(value) if is_split => self.put_words(&value, place)?,
            Expansion::Value(value) => self.put_value(&value, place)?,
        }
        Ok(())
    }

    /// Every word of a value becomes one of the line.
    fn put_words(&mut self, value: &str, place: Place) -> Result<(), Diagnostic> {
        for (nth, part) in value.split_whitespace().enumerate() {
            if nth > 0 {
                self.end();
            }
            self.put_value(part, place)?;
        }
        Ok(())
    }

    fn put_value(&mut self, value: &str, place: Place) -> Result<(), Diagnostic> {
        let size: usize = self.words.iter().map(|word| word.as_str().len()).sum();
        if size + self.word().text.as_str().len() + value.len() > LINE_MAX {
            return Err(Diagnostic::error(place, "the variables make the line too long"));
        }
        value.chars().for_each(|next| self.put_at(next, place));
        Ok(())
    }

    /// Adds the character that stands from here to `after`.
    fn put(&mut self, next: char, after: usize) {
        let place = Place::new(self.index, self.at..after);
        self.put_at(next, place);
    }

    fn put_at(&mut self, next: char, place: Place) {
        let index = self.index;
        let word = self.word();
        if next == '{' && word.has_dollar {
            let dollar = word.text.as_str().len() - 1;
            let origin = word.text.origin(dollar).cloned().unwrap_or(place.start..place.end);
            word.text.truncate(dollar);
            word.text.push(DOLLAR, Place::new(index, origin));
        }
        word.text.push(next.encode_utf8(&mut [0; 4]), place);
        word.has_dollar = next == '$';
    }

    /// The current word, which begins here if there is none.
    fn word(&mut self) -> &mut Word {
        let start = self.at;
        let text = Text::empty(Place::new(self.index, start..start));
        self.word.get_or_insert(Word { text, start, has_dollar: false })
    }

    fn end(&mut self) {
        if let Some(word) = self.word.take()
            && self.words.len() < WORDS_MAX
        {
            let place = Place::new(self.index, word.start..self.at.max(word.start));
            self.words.push(word.text.placed(place));
        }
    }
}

struct Variable<'t> {
    name: &'t str,
    default: &'t str,
    /// `[*]`: every word of the value is a word of the line.
    is_split: bool,
    /// Bytes behind the `$`.
    length: usize,
}

fn variable(rest: &str) -> Result<Variable<'_>, &'static str> {
    let has_brace = rest.starts_with('{');
    let from = usize::from(has_brace);
    let body = &rest[from..];
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let name_len = body.bytes().take_while(|b| is_name(*b)).count();
    let name = &body[..name_len];
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("a variable has no usable name");
    }
    if !has_brace {
        return Ok(Variable { name, default: "", is_split: false, length: name_len });
    }
    let tail = &body[name_len..];
    let is_split = tail.starts_with("[*]");
    let tail = tail.strip_prefix("[*]").unwrap_or(tail);
    let close = tail.find(['}', '\n']).filter(|close| tail[*close..].starts_with('}'));
    let Some(close) = close else { return Err("`${` is not closed") };
    let inside = &tail[..close];
    let default = inside.strip_prefix('-').unwrap_or("");
    if !inside.is_empty() && !inside.starts_with('-') {
        return Err("a variable has no usable name");
    }
    let length = from + name_len + if is_split { 3 } else { 0 } + close + 1;
    Ok(Variable { name, default, is_split, length })
}

#[cfg(test)]
mod tests;
