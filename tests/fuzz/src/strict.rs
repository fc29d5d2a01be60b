//! A reader of HTTP/1.1 that knows nothing of the proxy's own, and takes only what the proxy
//! should write: one space here, no white space there, one way to frame.
//!
//! It panics on everything else.

use crate::message::{Fields, Message, is_hop_by_hop};

/// The start line's kind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Request,
    /// One without a body whatever its fields say: to HEAD, with 304.
    BodilessResponse,
    Response,
}

/// What one reading found.
pub struct Read<'a> {
    pub message: Message,
    pub rest: &'a [u8],
    /// The body ends with the connection, so that all of the bytes are taken.
    pub is_open: bool,
}

/// Whether a target has nothing that only a lenient reader takes.
pub fn is_plain_target(target: &[u8]) -> bool {
    target.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#')
}

/// Checks that every line ends with CR LF, also those of which nothing is forwarded.
pub fn check_line_ends(head: &[u8]) {
    let bare = |pair: &[u8]| pair[0] != b'\r' && pair[1] == b'\n';
    assert!(!head.starts_with(b"\n") && !head.windows(2).any(bare), "{}", head.escape_ascii());
}

/// The lines of a head, with its start line and its end, that name a field. The others are those
/// that a lenient proxy drops.
pub fn count_named(head: &[u8]) -> usize {
    let is_named = |line: &&[u8]| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let end = name.iter().rposition(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | 0x0b..=0x0c));
        end.is_some_and(|end| name[..=end].iter().all(|byte| is_token(*byte)))
    };
    let head = head.trim_ascii_start();
    lines(head).into_iter().skip(1).filter(is_named).count()
}

/// Reads all messages. Returns with them what is left of one that is cut short.
pub fn read_requests(bytes: &[u8]) -> (Vec<Message>, &[u8]) {
    let (mut messages, mut rest) = (Vec::new(), bytes);
    while let Some(read) = read(rest, Side::Request) {
        messages.push(read.message);
        rest = read.rest;
    }
    (messages, rest)
}

/// Reads one message; `None` when it is cut short.
pub fn read(bytes: &[u8], side: Side) -> Option<Read<'_>> {
    let (head, rest) = split_at(bytes, b"\r\n\r\n")?;
    let mut lines = lines(head);
    let start = start_line(lines.remove(0), side);
    let fields: Fields = lines.into_iter().map(field).collect();
    let mut message = Message { start, ..Message::default() };
    let rest = match framing(&fields, side) {
        Framing::None => rest,
        Framing::Length(len) => {
            let (body, rest) = rest.split_at_checked(len)?;
            message.body = body.to_vec();
            rest
        }
        Framing::Chunked => chunks(rest, &mut message)?,
        Framing::Open => {
            message.body = rest.to_vec();
            message.fields = fields.into_iter().filter(|field| !is_hop_by_hop(&field.0)).collect();
            return Some(Read { message, rest: b"", is_open: true });
        }
    };
    message.fields = fields.into_iter().filter(|field| !is_hop_by_hop(&field.0)).collect();
    Some(Read { message, rest, is_open: false })
}

enum Framing {
    None,
    Chunked,
    Length(usize),
    Open,
}

/// By the one field that may state it.
fn framing(fields: &Fields, side: Side) -> Framing {
    let is_framing = |name: &[u8]| name == b"content-length" || name == b"transfer-encoding";
    let stated: Vec<_> = fields.iter().filter(|(name, _)| is_framing(name)).collect();
    assert!(stated.len() <= 1, "framed in two ways: {stated:?}");
    match (stated.first(), side) {
        (_, Side::BodilessResponse) | (None, Side::Request) => Framing::None,
        (None, Side::Response) => Framing::Open,
        (Some((name, value)), _) if name == b"transfer-encoding" => {
            assert_eq!(value, b"chunked");
            Framing::Chunked
        }
        (Some((_, value)), _) => Framing::Length(number(value, 10)),
    }
}

fn start_line(line: &[u8], side: Side) -> [Vec<u8>; 2] {
    let mut words = line.splitn(3, |byte| *byte == b' ').map(<[u8]>::to_vec);
    let [Some(first), Some(second), Some(third)] = [words.next(), words.next(), words.next()]
    else {
        panic!("not a start line: {}", line.escape_ascii());
    };
    if side == Side::Request {
        assert!(first.iter().all(|byte| is_token(*byte)) && !first.is_empty());
        // What a lenient proxy takes of a target it forwards: what is not ASCII, and a fragment.
        assert!(second.iter().all(|byte| *byte > b' ' && *byte != 0x7f) && !second.is_empty());
        assert_eq!(third, b"HTTP/1.1");
        return [first, second];
    }
    assert_eq!(first, b"HTTP/1.1");
    assert!(second.len() == 3 && (100..=999).contains(&number(&second, 10)));
    assert!(third.iter().all(|byte| is_text(*byte)));
    [second, third]
}

/// `name: value` with a lower-case name and nothing around the value.
fn field(line: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let Some((name, value)) = split_at(line, b": ") else {
        panic!("not a field: {}", line.escape_ascii());
    };
    let is_name = |byte: &u8| is_token(*byte) && !byte.is_ascii_uppercase();
    assert!(!name.is_empty() && name.iter().all(is_name), "{}", line.escape_ascii());
    assert!(value.iter().all(|byte| is_text(*byte)), "{}", line.escape_ascii());
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    assert!(!blank(value.first()) && !blank(value.last()), "{}", line.escape_ascii());
    (name.to_vec(), value.to_vec())
}

/// Takes chunks and trailers into the message. Returns what follows.
fn chunks<'a>(bytes: &'a [u8], message: &mut Message) -> Option<&'a [u8]> {
    let mut rest = bytes;
    loop {
        let (size, after) = split_at(rest, b"\r\n")?;
        let len = number(size, 16);
        rest = after;
        if len == 0 {
            break;
        }
        let (data, after) = rest.split_at_checked(len)?;
        message.body.extend_from_slice(data);
        let (end, after) = after.split_at_checked(2)?;
        assert_eq!(end, b"\r\n", "after a chunk's data");
        rest = after;
    }
    loop {
        let (line, after) = split_at(rest, b"\r\n")?;
        rest = after;
        if line.is_empty() {
            return Some(rest);
        }
        message.trailers.push(field(line));
    }
}

/// A number as it must be written: no sign, no leading zero, nothing around it.
fn number(digits: &[u8], radix: u32) -> usize {
    let is_digit = |byte: &u8| char::from(*byte).is_digit(radix) && !byte.is_ascii_uppercase();
    assert!(!digits.is_empty() && digits.iter().all(is_digit), "{}", digits.escape_ascii());
    assert!(digits[0] != b'0' || digits == b"0", "{}", digits.escape_ascii());
    let text = String::from_utf8_lossy(digits);
    // What is longer than memory is longer than the input.
    usize::from_str_radix(&text, radix).unwrap_or(usize::MAX)
}

fn lines(head: &[u8]) -> Vec<&[u8]> {
    let (mut lines, mut rest) = (Vec::new(), head);
    while let Some((line, after)) = split_at(rest, b"\r\n") {
        lines.push(line);
        rest = after;
    }
    lines.push(rest);
    lines
}

fn split_at<'a>(bytes: &'a [u8], end: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(end.len()).position(|window| window == end)?;
    Some((&bytes[..at], &bytes[at + end.len()..]))
}

fn is_token(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z')
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}
