//! Places in the sources, and the lines and columns that they are shown as.

use std::ops::Range;

/// A stretch of one source, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) source: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Place {
    pub(crate) fn new(source: usize, span: Range<usize>) -> Self {
        Self { source, start: span.start, end: span.end }
    }
}

/// Both count from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

pub(crate) fn position(text: &str, offset: usize) -> Position {
    let start = line_start(text, offset);
    Position {
        line: text[..start].matches('\n').count() + 1,
        column: text[start..char_start(text, offset)].chars().count() + 1,
    }
}

/// Where the line with this byte begins.
pub(crate) fn line_start(text: &str, offset: usize) -> usize {
    text[..char_start(text, offset)].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The line with this byte, without blanks around it.
pub(crate) fn line(text: &str, offset: usize) -> &str {
    text[line_start(text, offset)..].lines().next().unwrap_or("").trim()
}

/// The span, moved to where slicing the text is sound.
pub(crate) fn sound(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = char_start(text, span.start);
    let mut end = span.end.clamp(start, text.len().max(start));
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

/// The offset, moved back to the start of its character or to the end of the text.
fn char_start(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a = 1\nb = \"\u{e9}\u{e9}\" x\n";
        let cases = [(0, 1, 1), (5, 1, 6), (6, 2, 1), (16, 2, 9), (14, 2, 7), (999, 3, 1)];
        for (offset, line, column) in cases {
            assert_eq!(position(text, offset), Position { line, column }, "offset {offset}");
        }
    }

    #[test]
    fn spans_are_made_sound() {
        let text = "a\u{e9}b";
        let cases = [(0..1, 0..1), (2..2, 1..3), (2..4, 1..4), (3..99, 3..4), (50..99, 4..4)];
        for (span, expected) in cases {
            assert_eq!(sound(text, &span), expected, "{span:?}");
        }
    }
}
