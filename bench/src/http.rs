//! As much HTTP/1.1 as an origin and a load generator need: where a head ends, how the body after
//! it is framed, and where that body ends. It trusts its peer; it is no proxy.

/// A head that has arrived whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head<'a> {
    /// Bytes up to and including the empty line.
    pub(crate) len: usize,
    /// Request line or status line, without its line end.
    pub(crate) first_line: &'a [u8],
    pub(crate) framing: Framing,
    /// The sender said `Connection: close`.
    pub(crate) closes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Neither length nor coding: no body in a request, until the end of the connection otherwise.
    Absent,
    Length(u64),
    Chunked,
}

/// Finds the head at the beginning of `bytes`; `None` while it is incomplete.
pub(crate) fn parse_head(bytes: &[u8]) -> Option<Head<'_>> {
    let mut rest = bytes;
    let first_line = take_line(&mut rest)?;
    let mut head = Head { len: 0, first_line, framing: Framing::Absent, closes: false };
    loop {
        let line = take_line(&mut rest)?;
        if line.is_empty() {
            head.len = bytes.len() - rest.len();
            return Some(head);
        }
        read_field(line, &mut head);
    }
}

fn take_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|&byte| byte == b'\n')?;
    let line = &rest[..end];
    *rest = &rest[end + 1..];
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

fn read_field(line: &[u8], head: &mut Head<'_>) {
    // Only three fields matter, told apart by length before anything is compared.
    let Some(colon) = line.iter().position(|&byte| byte == b':') else {
        return;
    };
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    match name.len() {
        10 if name.eq_ignore_ascii_case(b"connection") => {
            head.closes = value.eq_ignore_ascii_case(b"close");
        }
        14 if name.eq_ignore_ascii_case(b"content-length") => {
            let digits = std::str::from_utf8(value).ok();
            if let Some(length) = digits.and_then(|digits| digits.parse().ok()) {
                head.framing = Framing::Length(length);
            }
        }
        17 if name.eq_ignore_ascii_case(b"transfer-encoding") => head.framing = Framing::Chunked,
        _ => {}
    }
}

/// The status code of a status line, or 0.
pub(crate) fn status(first_line: &[u8]) -> u16 {
    let code = first_line.get(9..12).and_then(|code| std::str::from_utf8(code).ok());
    code.and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// The target of a request line, or nothing.
pub(crate) fn target(first_line: &[u8]) -> &[u8] {
    first_line.split(|&byte| byte == b' ').nth(1).unwrap_or_default()
}

/// Where a body stands; bytes are counted and thrown away.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Done,
    Left(u64),
    Chunks(Chunk),
}

/// Where in a chunked body the next byte belongs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    Size {
        value: u64,
        in_extension: bool,
    },
    Data {
        left: u64,
    },
    DataEnd,
    /// In the trailers; `line_len` counts the bytes of the current line.
    Trailer {
        line_len: usize,
    },
}

impl Body {
    pub(crate) fn new(framing: Framing) -> Self {
        match framing {
            Framing::Absent | Framing::Length(0) => Self::Done,
            Framing::Length(left) => Self::Left(left),
            Framing::Chunked => Self::Chunks(Chunk::start()),
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// Takes what belongs to the body from the front of `bytes`; returns how much that was.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> usize {
        let mut used = 0;
        while used < bytes.len() {
            let rest = &bytes[used..];
            match self {
                Self::Done => break,
                Self::Left(left) => {
                    used += skip(left, rest);
                    if *left == 0 {
                        *self = Self::Done;
                    }
                }
                Self::Chunks(Chunk::Data { left }) => {
                    used += skip(left, rest);
                    if *left == 0 {
                        *self = Self::Chunks(Chunk::DataEnd);
                    }
                }
                Self::Chunks(chunk) => {
                    used += 1;
                    if !chunk.step(rest[0]) {
                        *self = Self::Done;
                    }
                }
            }
        }
        used
    }
}

fn skip(left: &mut u64, rest: &[u8]) -> usize {
    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
    *left -= count as u64;
    count
}

impl Chunk {
    fn start() -> Self {
        Self::Size { value: 0, in_extension: false }
    }

    /// Takes one byte that is not data; false when the body has ended with it.
    fn step(&mut self, byte: u8) -> bool {
        match self {
            Self::Size { value, .. } if byte == b'\n' => {
                let left = *value;
                *self = if left == 0 { Self::Trailer { line_len: 0 } } else { Self::Data { left } };
            }
            Self::Size { value, in_extension } => match char::from(byte).to_digit(16) {
                Some(digit) if !*in_extension => {
                    *value = value.wrapping_mul(16).wrapping_add(u64::from(digit));
                }
                _ => *in_extension = true,
            },
            Self::DataEnd if byte == b'\n' => *self = Self::start(),
            Self::Trailer { line_len: 0 } if byte == b'\n' => return false,
            Self::Trailer { line_len } if byte == b'\n' => *line_len = 0,
            Self::Trailer { line_len } if byte != b'\r' => *line_len += 1,
            Self::DataEnd | Self::Data { .. } | Self::Trailer { .. } => {}
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, Framing, parse_head, status, target};

    #[test]
    fn heads_are_found_only_when_whole() {
        let text =
            b"POST /a HTTP/1.1\r\nHost: x\r\ncontent-LENGTH: 12\r\nConnection: close\r\n\r\nrest";
        for end in 0..text.len() - 4 {
            assert_eq!(parse_head(&text[..end]), None, "{end} bytes");
        }
        let head = parse_head(text).unwrap();
        assert_eq!(head.len, text.len() - 4);
        assert_eq!(target(head.first_line), b"/a");
        assert_eq!(head.framing, Framing::Length(12));
        assert!(head.closes);
    }

    #[test]
    fn status_lines() {
        assert_eq!(status(b"HTTP/1.1 204 No Content"), 204);
        assert_eq!(status(b"HTTP/1.1"), 0);
    }

    #[test]
    fn bodies_end_where_they_end_however_they_arrive() {
        let cases: [(Framing, &[u8]); 3] = [
            (Framing::Length(5), b"hello"),
            (Framing::Chunked, b"5\r\nhello\r\nA;x=f\r\n0123456789\r\n0\r\n\r\n"),
            (Framing::Chunked, b"1\r\nh\r\n0\r\nTrailer: yes\r\n\r\n"),
        ];
        for (framing, text) in cases {
            let mut padded = text.to_vec();
            padded.extend_from_slice(b"GET");
            let mut whole = Body::new(framing);
            assert_eq!(whole.take(&padded), text.len());
            assert!(whole.is_done());
            let mut split = Body::new(framing);
            for (at, byte) in text.iter().enumerate() {
                assert!(!split.is_done(), "ended early at {at}");
                assert_eq!(split.take(&[*byte]), 1);
            }
            assert!(split.is_done());
        }
    }
}
