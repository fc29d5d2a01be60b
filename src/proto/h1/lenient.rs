//! What `option.accept-unsafe-violations-in-http-*` lets pass: field lines with names that are no
//! tokens, which are dropped, never forwarded.

use super::error::ParseError;
use super::field::{is_token_byte, is_value_byte};

/// Where a field line may have blanks that the standard forbids.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Blanks {
    Refused,
    /// Of a server's `Name : value` no second reading is known once the line is written anew.
    BeforeColon,
}

/// Checks every line of `head`, which httparse found to be complete: it ends with CR LF; a field's
/// name is a token, or at least visible and without a blank, so that no reader can take the line for
/// another one's; its value is valid. So what httparse dropped are only lines with odd names.
///
/// Before the head is complete nothing is checked: what httparse thinks of a line's beginning and
/// what this thinks of the line would be two verdicts.
pub(super) fn check_lines(head: &[u8], blanks: Blanks) -> Result<(), ParseError> {
    let (_, mut rest) = next_line(head)?;
    loop {
        let (line, next) = next_line(rest)?;
        match (line, next) {
            ([], []) => return Ok(()),
            ([], _) => return Err(ParseError::LineEnd),
            _ => check_line(line, blanks)?,
        }
        rest = next;
    }
}

fn check_line(line: &[u8], blanks: Blanks) -> Result<(), ParseError> {
    let colon = line.iter().position(|byte| *byte == b':').ok_or(ParseError::FieldName)?;
    let (name, value) = line.split_at(colon);
    let name = if blanks == Blanks::BeforeColon { trim_blanks(name) } else { name };
    let is_visible = |byte: &u8| byte.is_ascii_graphic() || !byte.is_ascii();
    if name.is_empty() || !name.iter().all(is_visible) {
        return Err(ParseError::FieldName);
    }
    match value.iter().all(|byte| is_value_byte(*byte)) {
        true => Ok(()),
        false => Err(ParseError::FieldValue),
    }
}

/// Without the blanks at its end, which are those that httparse skips.
fn trim_blanks(mut name: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = name {
        name = rest;
    }
    name
}

/// The line that `bytes` begin with, without its CR LF, and what follows.
fn next_line(bytes: &[u8]) -> Result<(&[u8], &[u8]), ParseError> {
    let line_feed = memchr::memchr(b'\n', bytes).ok_or(ParseError::LineEnd)?;
    let (line, rest) = bytes.split_at_checked(line_feed + 1).unwrap_or((bytes, b""));
    let line = line.strip_suffix(b"\r\n").ok_or(ParseError::LineEnd)?;
    Ok((line, rest))
}

/// Whether a field's name has only letters, digits and `-` (`option.http-restrict-req-hdr-names`).
pub fn is_plain_name(name: &[u8]) -> bool {
    debug_assert!(name.iter().all(|byte| is_token_byte(*byte)));
    name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::super::head::{Limits, Method, RequestHead, ResponseHead};
    use super::*;

    const LENIENT: Limits = Limits { is_lenient: true, ..Limits::strict(16_384, 100) };

    fn request(text: &str) -> Result<bool, ParseError> {
        RequestHead::default().parse(text.as_bytes(), &LENIENT)
    }

    fn names(text: &str) -> Vec<String> {
        let mut head = RequestHead::default();
        assert_eq!(head.parse(text.as_bytes(), &LENIENT), Ok(true), "{text:?}");
        let name = |field: &super::super::Field| {
            String::from_utf8_lossy(field.name.of(text.as_bytes())).into_owned()
        };
        head.fields.iter().map(name).collect()
    }

    #[test]
    fn odd_names_are_dropped_and_nothing_else() {
        let head = "GET / HTTP/1.1\r\nHost: a\r\nX(1): b\r\n[x]: c\r\nX-2: d\r\n\r\n";
        assert_eq!(names(head), ["Host", "X-2"]);
        assert_eq!(
            RequestHead::default().parse(head.as_bytes(), &Limits::strict(16_384, 100)),
            Err(ParseError::FieldName)
        );
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_still_refused() {
        for line in [
            "Content-Length : 5",
            " Content-Length: 5",
            "Content-Length\t: 5",
            "Content-Length\x0b: 5",
            ": 5",
            "Content-Length",
            "X: a\x01",
            "X: a\0",
            "X: a\r b",
            "X(1): a\x7f",
        ] {
            let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n");
            assert!(request(&head).is_err(), "{line:?}");
        }
        for head in [
            "POST / HTTP/1.1\r\nHost: a\r\nX(1): a\nContent-Length: 5\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\nX(1): a\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
        ] {
            assert!(request(head).is_err(), "{head:?}");
        }
    }

    #[test]
    fn a_length_beside_chunked_is_dropped_and_the_connection_closes() {
        let text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\
                    Transfer-Encoding: chunked\r\n\r\n";
        let mut head = RequestHead::default();
        assert_eq!(head.parse(text.as_bytes(), &LENIENT), Ok(true));
        assert_eq!(head.framing, super::super::Framing::Chunked);
        assert!(!head.keep_alive);
    }

    #[test]
    fn targets_may_have_a_fragment_and_utf_8() {
        for target in ["/a#b", "/caf\u{e9}"] {
            let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
            assert_eq!(request(&head), Ok(true), "{target}");
        }
        assert!(request("GET /a\x01b HTTP/1.1\r\nHost: a\r\n\r\n").is_err());
    }

    #[test]
    fn responses_may_have_odd_names_and_blanks_before_the_colon() {
        let text = "HTTP/1.1 200 OK\r\nX(1): b\r\nContent-Length : 3\r\n\r\n";
        let mut head = ResponseHead::default();
        assert_eq!(head.parse(text.as_bytes(), &LENIENT, Method::Get), Ok(true));
        assert_eq!(head.content_length, Some(3));
        assert_eq!(head.fields.len(), 1);
    }

    #[test]
    fn a_dropped_line_is_no_part_of_the_reason() {
        for rest in ["\r\n", "Content-Length: 3\r\n\r\n"] {
            let text = format!("HTTP/1.1 200 All OK\r\nX(1): b\r\n{rest}");
            let mut head = ResponseHead::default();
            assert_eq!(head.parse(text.as_bytes(), &LENIENT, Method::Get), Ok(true));
            assert_eq!(head.reason.of(text.as_bytes()), b"All OK", "{text:?}");
        }
    }

    #[test]
    fn the_start_line_ends_with_crlf_before_a_dropped_line_too() {
        let text = "GET / HTTP/1.1\nX(1): b\r\nHost: a\r\n\r\n";
        assert_eq!(request(text), Err(ParseError::LineEnd));
        let text = "HTTP/1.1 200 OK\nX(1): b\r\nContent-Length: 3\r\n\r\n";
        let verdict = ResponseHead::default().parse(text.as_bytes(), &LENIENT, Method::Get);
        assert_eq!(verdict, Err(ParseError::LineEnd));
    }

    /// httparse would drop these lines, whose names most readers take for tokens.
    #[test]
    fn only_spaces_and_tabs_are_blanks_before_a_colon() {
        for blank in ["\x0b", "\x0c", "\r"] {
            let text = format!("HTTP/1.1 200 OK\r\nContent-Length{blank}: 3\r\n\r\n");
            let verdict = ResponseHead::default().parse(text.as_bytes(), &LENIENT, Method::Get);
            assert!(verdict.is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_verdict_does_not_depend_on_arrival() {
        for text in [
            "GET / HTTP/1.\x031\nh / H a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\0\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX(1): a\r b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX(1)\r\n\r\n",
        ] {
            let first = (0..=text.len()).find_map(|len| request(&text[..len]).err());
            assert_eq!(request(text).err(), first, "{text:?}");
            assert!(first.is_some(), "{text:?}");
        }
    }

    #[test]
    fn plain_names() {
        assert!(is_plain_name(b"X-Forwarded-For1"));
        assert!(!is_plain_name(b"X_Forwarded_For"));
        assert!(!is_plain_name(b"X.a"));
    }
}
