//! Writes the document as TOML, and where each part of it comes from.

use std::collections::BTreeSet;

use crate::import::document::{Entry, Section, Value};
use crate::import::source_map::SourceMap;
use crate::place::Place;
use crate::text::Text;

/// An array that is longer in one line gets a line for each item.
const LINE_LENGTH: usize = 76;

/// The TOML of all sections without what is left out.
pub(super) fn document<'d>(
    sections: impl IntoIterator<Item = &'d Section>,
    left_out: &'d BTreeSet<Place>,
) -> (String, SourceMap) {
    let mut writer = Writer { out: String::new(), map: SourceMap::default(), left_out };
    sections.into_iter().for_each(|section| writer.section(section));
    (writer.out, writer.map)
}

struct Writer<'d> {
    out: String,
    map: SourceMap,
    left_out: &'d BTreeSet<Place>,
}

impl Writer<'_> {
    fn section(&mut self, section: &Section) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        for comment in &section.comments {
            self.out += &format!("# {}\n", comment.replace(char::is_control, " "));
        }
        let start = self.out.len();
        self.out += &format!("[{}]", section.header());
        self.map.part(start..self.out.len(), section.place);
        self.out.push('\n');
        let entries = section.entries.iter();
        for entry in entries.filter(|entry| is_left(entry, self.left_out)) {
            self.entry(entry, true);
            if let Some(comment) = entry.comment {
                self.out += &format!("  # {comment}");
            }
            self.out.push('\n');
        }
        self.map.part(start..self.out.len(), section.place);
    }

    fn entry(&mut self, entry: &Entry, is_line: bool) {
        let start = self.out.len();
        if !entry.key.is_empty() {
            self.out += &entry.key;
            self.map.part(start..self.out.len(), entry.key_place);
            self.out += " = ";
        }
        let from = self.out.len();
        match &entry.value {
            Value::Flag(flag) => self.out += if *flag { "true" } else { "false" },
            Value::Scalar(text) if is_integer(text.as_str()) => self.out += text.as_str(),
            Value::Scalar(text) | Value::Text(text) => self.string(text),
            Value::Array(items) => self.array(items, is_line),
            Value::Table(entries) => self.table(entries),
        }
        let place = match &entry.value {
            Value::Scalar(text) | Value::Text(text) => text.whole(),
            Value::Array(_) | Value::Flag(_) | Value::Table(_) => entry.unit,
        };
        self.map.part(from..self.out.len(), place);
        self.map.part(start..self.out.len(), entry.unit);
        self.map.unit(start..self.out.len(), entry.unit);
    }

    fn array(&mut self, items: &[Entry], may_break: bool) {
        let left: Vec<_> = items.iter().filter(|item| is_left(item, self.left_out)).collect();
        let has_lines =
            may_break && left.iter().map(|item| width(item)).sum::<usize>() > LINE_LENGTH;
        self.out.push('[');
        for (nth, item) in left.iter().enumerate() {
            self.out += match (has_lines, nth) {
                (true, _) => "\n  ",
                (false, 0) => "",
                (false, _) => ", ",
            };
            self.entry(item, false);
            if has_lines {
                self.out.push(',');
            }
        }
        self.out += if has_lines { "\n]" } else { "]" };
    }

    fn table(&mut self, entries: &[Entry]) {
        self.out += "{ ";
        let left = entries.iter().filter(|entry| is_left(entry, self.left_out));
        for (nth, entry) in left.enumerate() {
            if nth > 0 {
                self.out += ", ";
            }
            self.entry(entry, false);
        }
        self.out += " }";
    }

    /// `"..."` where nothing is to be escaped, or else `'...'` where that can hold it.
    fn string(&mut self, text: &Text) {
        let value = text.as_str();
        let is_plain = |c: char| !c.is_control() && c != '"' && c != '\\';
        let is_literal = |c: char| !c.is_control() && c != '\'';
        let (quote, escapes) = match value {
            _ if value.chars().all(is_plain) => ('"', false),
            _ if value.chars().all(is_literal) => ('\'', false),
            _ => ('"', true),
        };
        self.out.push(quote);
        for (at, next) in value.char_indices() {
            let start = self.out.len();
            if escapes {
                escape(next, &mut self.out)
            } else {
                self.out.push(next)
            }
            let place = text.place(&(at..at + next.len_utf8()));
            self.map.character(start..self.out.len(), place);
        }
        self.out.push(quote);
    }
}

/// What is left out takes an array with it that has nothing else.
fn is_left(entry: &Entry, left_out: &BTreeSet<Place>) -> bool {
    let is_in = !left_out.contains(&entry.unit);
    match &entry.value {
        Value::Array(items) if !entry.key.is_empty() => {
            items.iter().any(|item| is_left(item, left_out))
        }
        _ => is_in,
    }
}

/// Digits that TOML takes for a number as they stand.
fn is_integer(text: &str) -> bool {
    let is_short = (1..=18).contains(&text.len());
    is_short && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'))
}

/// About how long an entry is.
fn width(entry: &Entry) -> usize {
    let inside = match &entry.value {
        Value::Flag(_) => 5,
        Value::Scalar(text) | Value::Text(text) => text.as_str().len() + 2,
        Value::Array(entries) | Value::Table(entries) => entries.iter().map(width).sum(),
    };
    entry.key.len() + inside + 5
}

fn escape(next: char, out: &mut String) {
    match next {
        '"' | '\\' => {
            out.push('\\');
            out.push(next);
        }
        '\n' => *out += "\\n",
        '\r' => *out += "\\r",
        '\t' => *out += "\\t",
        control if control.is_control() => *out += &format!("\\u{:04x}", u32::from(control)),
        _ => out.push(next),
    }
}

/// A string with everything escaped that must be.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    text.chars().for_each(|next| escape(next, &mut out));
    out.push('"');
    out
}
