//! Fields as ranges of the head's bytes, and the names that a proxy treats itself.

/// A range of the bytes that a head was parsed from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    /// The bytes of this range, empty when `bytes` are not those of the head.
    pub fn of<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    pub fn len(&self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    pub fn is_empty(&self) -> bool {
        self.end <= self.start
    }

    /// The place of `part` in `whole`, of which it must be a slice.
    ///
    /// A head is shorter than 4 GiB (`Limits::window`), so that the casts lose nothing.
    #[inline]
    pub(super) fn within(whole: &[u8], part: &[u8]) -> Self {
        let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
        debug_assert!(start + part.len() <= whole.len());
        Self { start: start as u32, end: (start + part.len()) as u32 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: Span,
    pub value: Span,
    pub kind: FieldKind,
}

/// What the proxy itself makes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    Connection,
    ContentLength,
    Expect,
    Host,
    KeepAlive,
    /// Any other field that a connection option names, and that is thus for this hop only
    /// (RFC 9110 section 7.6.1).
    Nominated,
    Other,
    ProxyConnection,
    Te,
    Trailer,
    TransferEncoding,
    Upgrade,
}

impl FieldKind {
    /// Length and first letter leave at most one candidate, so that a name is compared once.
    #[inline]
    pub fn of(name: &[u8]) -> Self {
        let Some(first) = name.first() else {
            return Self::Other;
        };
        match (name.len(), first | 0x20) {
            (2, b't') if is_word(name, b"te") => Self::Te,
            (4, b'h') if is_word(name, b"host") => Self::Host,
            (6, b'e') if is_word(name, b"expect") => Self::Expect,
            (7, b't') if is_word(name, b"trailer") => Self::Trailer,
            (7, b'u') if is_word(name, b"upgrade") => Self::Upgrade,
            (10, b'c') if is_word(name, b"connection") => Self::Connection,
            (10, b'k') if is_word(name, b"keep-alive") => Self::KeepAlive,
            (14, b'c') if is_word(name, b"content-length") => Self::ContentLength,
            (16, b'p') if is_word(name, b"proxy-connection") => Self::ProxyConnection,
            (17, b't') if is_word(name, b"transfer-encoding") => Self::TransferEncoding,
            _ => Self::Other,
        }
    }
}

/// Whether `bytes`, in which there is no control character, are `word`, a lower-case one, in any
/// case. Setting bit 5 makes letters lower-case, and changes of all else that words are made of
/// only control characters into something that they have. Of a fixed length this takes a few
/// instructions instead of a loop.
#[inline]
pub(super) fn is_word<const LEN: usize>(bytes: &[u8], word: &[u8; LEN]) -> bool {
    let Ok(bytes) = <&[u8; LEN]>::try_from(bytes) else {
        return false;
    };
    bytes.iter().zip(word).fold(0, |difference, (byte, letter)| difference | (byte | 0x20) ^ letter)
        == 0
}

/// The elements of a comma-separated list without the white space around them, empty ones too.
pub(super) fn list_elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// RFC 9110 section 5.6.2.
#[inline]
pub(super) fn is_token_byte(byte: u8) -> bool {
    TOKEN_BYTES[usize::from(byte)]
}

/// Whether each byte may be in a token.
static TOKEN_BYTES: [bool; 256] = {
    let mut bytes = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        bytes[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"!#$%&'*+-.^_`|~";
    let mut at = 0;
    while at < others.len() {
        bytes[others[at] as usize] = true;
        at += 1;
    }
    bytes
};

/// RFC 9110 section 5.5: visible characters, obs-text, space and tab.
#[inline]
pub(super) fn is_value_byte(byte: u8) -> bool {
    byte >= b' ' && byte != 0x7f || byte == b'\t'
}

/// Whether all are [`is_value_byte`]. Without an early end, so that many are looked at at once.
#[inline]
pub(super) fn is_value(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |is_value, byte| is_value & is_value_byte(*byte))
}

#[cfg(test)]
mod tests;
