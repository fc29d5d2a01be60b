//! Log-format strings as values of headers, targets and variables.

use proxy_config::model::{Format, FormatPiece, LogFlags};
use regex::bytes::Captures;

use super::context::Context;
use super::sample::Sample;

/// Where a text goes, and thus what must not be in it: what a peer sent is written as `%XX` there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// A variable, a body.
    Anywhere,
    /// A field's value: no control characters.
    Field,
    /// A request's target: visible ASCII without `#`.
    Target,
}

/// Appends what a format shows. A sample that does not exist shows nothing.
pub fn render<'a>(
    out: &mut Vec<u8>,
    format: &'a Format,
    destination: Destination,
    context: &Context<'a>,
) {
    for piece in &format.pieces {
        match piece {
            FormatPiece::Text(text) => out.extend_from_slice(text.as_bytes()),
            FormatPiece::Field { field, flags, .. } => {
                let start = out.len();
                context.scene.put_field(out, *field, *flags);
                encode(out, start, destination);
            }
            FormatPiece::Sample { expr, flags, .. } => {
                let sample = super::eval(expr, context);
                put_sample(out, sample, *flags, destination);
            }
        }
    }
}

/// In what is HTTP, samples are written without what only logs need, as HAProxy does; `%{+Q}HM` has
/// its quotes there too.
fn put_sample(
    out: &mut Vec<u8>,
    sample: Option<Sample<'_>>,
    flags: LogFlags,
    destination: Destination,
) {
    let is_text = destination == Destination::Anywhere;
    let flags = if is_text { flags } else { LogFlags::default() };
    if flags.quote {
        out.push(b'"');
    }
    let start = out.len();
    if let Some(sample) = sample {
        match (sample, flags.hex) {
            (Sample::Int(value), true) => {
                use std::io::Write;
                // Writing to a Vec cannot fail.
                let _ = write!(out, "{value:02X}");
            }
            _ => sample.push_text(out),
        }
    }
    encode(out, start, destination);
    if flags.quote {
        out.push(b'"');
    }
}

/// Writes what may not be in `destination` as `%XX`, from `start` on.
pub fn encode(out: &mut Vec<u8>, start: usize, destination: Destination) {
    let is_bad = |byte: u8| match destination {
        Destination::Anywhere => false,
        Destination::Field => byte.is_ascii_control() && byte != b'\t',
        Destination::Target => !byte.is_ascii_graphic() || byte == b'#',
    };
    let written = out.get(start..).unwrap_or_default();
    // Without an early end, so that many are looked at at once.
    if !written.iter().fold(false, |has_bad, byte| has_bad | is_bad(*byte)) {
        return;
    }
    let written = out.split_off(start);
    for byte in written {
        if is_bad(byte) {
            let digit = |nibble: u8| b"0123456789ABCDEF"[usize::from(nibble & 15)];
            out.extend([b'%', digit(byte >> 4), digit(byte)]);
        } else {
            out.push(byte);
        }
    }
}

/// Appends a replacement text in which `\0` to `\9` stand for the groups of a match, and `\xHH` for a
/// byte, as HAProxy has it.
pub fn push_replacement(out: &mut Vec<u8>, text: &[u8], groups: &Captures<'_>) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (before, escape) = rest.split_at(at);
        out.extend_from_slice(before);
        rest = match escape {
            [_, digit @ b'0'..=b'9', rest @ ..] => {
                let group = groups.get(usize::from(digit - b'0'));
                out.extend_from_slice(group.map_or(&[][..], |group| group.as_bytes()));
                rest
            }
            [_, b'x', high, low, rest @ ..] if hex(*high).is_some() && hex(*low).is_some() => {
                out.push(hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
                rest
            }
            [_, other, rest @ ..] => {
                out.push(*other);
                rest
            }
            _ => &[],
        };
    }
    out.extend_from_slice(rest);
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_quotes_where_they_are_text() {
        let flags = LogFlags { quote: true, hex: true, ..LogFlags::default() };
        for (destination, expected) in [
            (Destination::Anywhere, "\"3F\"\"\""),
            (Destination::Field, "63"),
            (Destination::Target, "63"),
        ] {
            let mut out = Vec::new();
            put_sample(&mut out, Some(Sample::Int(63)), flags, destination);
            put_sample(&mut out, None, flags, destination);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{destination:?}");
        }
    }

    #[test]
    fn what_may_not_be_there_is_escaped() {
        for (text, destination, expected) in [
            ("a b\r\nc", Destination::Anywhere, "a b\r\nc"),
            ("a b\r\nc\td", Destination::Field, "a b%0D%0Ac\td"),
            ("/a b#c\u{e9}", Destination::Target, "/a%20b%23c%C3%A9"),
        ] {
            let mut out = b"x".to_vec();
            out.extend_from_slice(text.as_bytes());
            encode(&mut out, 1, destination);
            assert_eq!(String::from_utf8(out).unwrap(), format!("x{expected}"));
        }
    }

    #[test]
    fn replacements_name_groups() {
        let regex = regex::bytes::Regex::new("^/(a)(b)?/(.*)").unwrap();
        let groups = regex.captures(b"/a/rest").unwrap();
        for (text, expected) in [
            (r"/\3/\1\2", "/rest/a"),
            (r"\0", "/a/rest"),
            (r"a\\b\x41\9\", "a\\bA"),
            ("plain", "plain"),
        ] {
            let mut out = Vec::new();
            push_replacement(&mut out, text.as_bytes(), &groups);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
