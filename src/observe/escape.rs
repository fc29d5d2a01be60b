//! What peers sent, made fit for one line of text, as HAProxy writes it.
//!
//! Every function stops at `limit`, a length of `out`, but for the few bytes of one character: a
//! huge target costs no more than a long one, and the line's end cuts the rest.

/// Which bytes are printed as `#XX`; what is left is printable ASCII, but for [`Encoding::Plain`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Parts of the request line.
    Request,
    /// Captured headers: the braces and bars around them too.
    Captured,
    /// Cookies and the unique id: controls alone, which HAProxy leaves as they are.
    Plain,
}

impl Encoding {
    /// Appends `text`; with `backslash`, `"`, `\` and `]` get a `\` (`%{+E}`).
    pub(super) fn put(self, out: &mut Vec<u8>, limit: usize, text: &[u8], backslash: bool) {
        match (self, backslash) {
            (Self::Request, false) => put_request_text(out, limit, text),
            (Self::Captured, false) => put_hashed(out, limit, text, |byte| is_hashed(byte, "{|}")),
            (Self::Plain, false) => put_hashed(out, limit, text, |byte| byte.is_ascii_control()),
            (_, true) => self.put_backslashed(out, limit, text),
        }
    }

    fn put_backslashed(self, out: &mut Vec<u8>, limit: usize, text: &[u8]) {
        for byte in within(out, limit, text) {
            let hashed = match self {
                Self::Request => is_hashed(*byte, ""),
                Self::Captured => is_hashed(*byte, "{|}"),
                Self::Plain => byte.is_ascii_control(),
            };
            if hashed {
                put_hash(out, *byte);
                continue;
            }
            if matches!(byte, b'"' | b'\\' | b']') {
                out.push(b'\\');
            }
            out.push(*byte);
        }
    }
}

/// [`Encoding::Request`] for the lines that have code of their own.
pub(super) fn put_request_text(out: &mut Vec<u8>, limit: usize, text: &[u8]) {
    put_hashed(out, limit, text, |byte| is_hashed(byte, ""));
}

fn put_hashed(out: &mut Vec<u8>, limit: usize, text: &[u8], is_hashed: impl Fn(u8) -> bool) {
    let text = within(out, limit, text);
    // No early exit: this form is vectorised, and nearly every text is clean.
    if !text.iter().fold(false, |found, byte| found | is_hashed(*byte)) {
        return out.extend_from_slice(text);
    }
    for byte in text {
        if is_hashed(*byte) {
            put_hash(out, *byte);
        } else {
            out.push(*byte);
        }
    }
}

/// As much of `text` as may fit.
fn within<'a>(out: &[u8], limit: usize, text: &'a [u8]) -> &'a [u8] {
    &text[..text.len().min(limit.saturating_sub(out.len()))]
}

/// What is not printable ASCII, the quote that would end the field, the escape character itself,
/// and `more`.
const fn is_hashed(byte: u8, more: &str) -> bool {
    let mut is_more = false;
    let mut at = 0;
    while at < more.len() {
        is_more |= more.as_bytes()[at] == byte;
        at += 1;
    }
    byte < 0x20 || byte >= 0x7f || byte == b'"' || byte == b'#' || is_more
}

fn put_hash(out: &mut Vec<u8>, byte: u8) {
    let [high, low] = [byte >> 4, byte & 15].map(|digit| b"0123456789ABCDEF"[digit as usize]);
    out.extend_from_slice(&[b'#', high, low]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(encoding: Encoding, text: &[u8], backslash: bool) -> String {
        let mut out = Vec::new();
        encoding.put(&mut out, usize::MAX, text, backslash);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_byte_is_encoded_or_printed() {
        for byte in 0..=u8::MAX {
            let is_plain = (0x20..0x7f).contains(&byte);
            for (encoding, hashed) in [
                (Encoding::Request, !is_plain || b"\"#".contains(&byte)),
                (Encoding::Captured, !is_plain || b"\"#{|}".contains(&byte)),
                (Encoding::Plain, byte < 0x20 || byte == 0x7f),
            ] {
                for backslash in [false, true] {
                    let mut out = Vec::new();
                    encoding.put(&mut out, usize::MAX, &[byte], backslash);
                    let expected = match byte {
                        _ if hashed => format!("#{byte:02X}").into_bytes(),
                        b'"' | b'\\' | b']' if backslash => vec![b'\\', byte],
                        _ => vec![byte],
                    };
                    assert_eq!(out, expected, "{encoding:?} {byte:#x}");
                }
            }
        }
    }

    /// What HAProxy 2.6.12 printed.
    #[test]
    fn texts_are_those_of_haproxy() {
        assert_eq!(put(Encoding::Captured, b"a\tb[\\]{|}\xff", false), r"a#09b[\]#7B#7C#7D#FF");
        assert_eq!(put(Encoding::Captured, b"[\\]{|}", true), r"[\\\]#7B#7C#7D");
        assert_eq!(put(Encoding::Request, b"/\"]\\{|}", true), r"/#22\]\\{|}");
        assert_eq!(put(Encoding::Plain, b"c=abc\"#|{}\\]e", true), r##"c=abc\"#|{}\\\]e"##);
    }

    #[test]
    fn nothing_is_read_beyond_the_limit() {
        for encoding in [Encoding::Request, Encoding::Captured, Encoding::Plain] {
            for backslash in [false, true] {
                let mut out = b"12345".to_vec();
                encoding.put(&mut out, 7, b"abcdef", backslash);
                assert_eq!(out, b"12345ab");
                encoding.put(&mut out, 3, b"abcdef", backslash);
                assert_eq!(out, b"12345ab");
            }
        }
    }
}
