//! TOML syntax: the tree with its spans, and what is wrong with the notation itself.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::diagnostic::Diagnostic;
use crate::place::{Place, line, line_start};
use crate::report::Report;

/// The one error of the parser after which its tree is still complete.
const DUPLICATE: &str = "duplicate key";

pub(crate) struct Syntax<'s> {
    pub(crate) root: DeTable<'s>,
    pub(crate) report: Report,
    /// No key may be missing from the tree.
    pub(crate) is_whole: bool,
    /// Starts of the lines with a syntax error: whatever else is said of them is a guess.
    pub(crate) broken_lines: Vec<usize>,
}

pub(crate) fn parse(source: usize, text: &str) -> Syntax<'_> {
    let (root, mut errors) = DeTable::parse_recoverable(text);
    let mut syntax = Syntax {
        root: root.into_inner(),
        report: Report::default(),
        is_whole: true,
        broken_lines: Vec::new(),
    };
    errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        if error.message() == DUPLICATE {
            syntax.report.add(duplicate(source, text, &syntax.root, span));
            continue;
        }
        syntax.is_whole = false;
        // The parser trips several times over one slip, each time on the same line.
        let line = line_start(text, span.start);
        if !syntax.broken_lines.contains(&line) {
            syntax.broken_lines.push(line);
            let message = format!("not valid TOML: {}", error.message());
            syntax.report.add(Diagnostic::error(Place::new(source, span), message));
        }
    }
    syntax
}

fn duplicate(source: usize, text: &str, root: &DeTable<'_>, span: Range<usize>) -> Diagnostic {
    let key = text.get(span.clone()).unwrap_or("");
    let found = if line(text, span.start).starts_with('[') {
        earlier_header(text, span.start)
    } else {
        earlier_key(root, key, span.start)
    };
    let diagnostic = Diagnostic::error(Place::new(source, span), format!("duplicate key `{key}`"))
        .expected("given again here");
    match found {
        Some(first) => diagnostic.label(Place::new(source, first), "first given here"),
        None => diagnostic,
    }
}

/// The first line with the same header. The tree knows only the last one.
fn earlier_header(text: &str, offset: usize) -> Option<Range<usize>> {
    let header = |line: &str| line.split('#').next().unwrap_or("").trim().to_owned();
    let wanted = header(line(text, offset));
    let end = line_start(text, offset);
    let mut at = 0;
    for candidate in text[..end].split_inclusive('\n') {
        if header(candidate) == wanted {
            return Some(at..at + candidate.trim_end().len());
        }
        at += candidate.len();
    }
    None
}

/// The last key of that name before the offset, wherever it stands. The parser keeps the first
/// of two equal keys, and between them no other table has been opened as a rule.
fn earlier_key(root: &DeTable<'_>, key: &str, offset: usize) -> Option<Range<usize>> {
    let wanted = key.trim_matches(['"', '\'']);
    let mut found: Option<Range<usize>> = None;
    let mut tables = vec![root];
    // Not recursive: dotted keys nest as deep as a line is long.
    while let Some(table) = tables.pop() {
        for (name, node) in table {
            let span = name.span();
            let is_later = found.as_ref().is_none_or(|best| span.start > best.start);
            if name.get_ref() == wanted && span.end <= offset && is_later {
                found = Some(span);
            }
            match node.get_ref() {
                DeValue::Table(inner) => tables.push(inner),
                DeValue::Array(items) => {
                    tables.extend(items.iter().filter_map(|item| item.get_ref().as_table()));
                }
                _ => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<Vec<Range<usize>>> {
        let sources = [crate::Source { name: "f".into(), text: text.into() }];
        let diagnostics = parse(0, text).report.finish(&sources, &[]);
        let spans = |d: &Diagnostic| d.labels().iter().map(|l| l.span.clone()).collect();
        diagnostics.iter().map(spans).collect()
    }

    #[test]
    fn duplicates_show_both_places() {
        let cases = [
            ("a=1\na=2\n", vec![vec![4..5, 0..1]]),
            ("[b]\nx=1\n[b] # again\ny=2\n", vec![vec![9..10, 0..3]]),
            ("a={x=1, x=2}\n", vec![vec![8..9, 3..4]]),
            ("[[s]]\nn=1\n[[s]]\nn=1\nn=2\n", vec![vec![20..21, 16..17]]),
        ];
        for (text, expected) in cases {
            assert_eq!(labels(text), expected, "{text}");
        }
    }

    #[test]
    fn one_error_a_line() {
        let syntax = parse(0, "a = \"x\nb = [1, 2\nc = 3\n");
        assert!(!syntax.is_whole);
        assert_eq!(syntax.broken_lines, [0, 17]);
    }

    #[test]
    fn a_duplicate_leaves_the_tree_whole() {
        assert!(parse(0, "a=1\na=2\n").is_whole);
    }
}
