//! Reading TLS's presentation language (RFC 8446 section 3) from the left.

/// What is read is there in whole, or `None` and nothing is taken.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    pub(super) fn code(&mut self) -> Option<u16> {
        let (code, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u16::from_be_bytes(*code))
    }

    /// What follows its length in one byte.
    pub(super) fn vec8(&mut self) -> Option<&'a [u8]> {
        let (len, rest) = self.rest.split_first()?;
        self.take_behind(rest, usize::from(*len))
    }

    /// What follows its length in two bytes.
    pub(super) fn vec16(&mut self) -> Option<&'a [u8]> {
        let (len, rest) = self.rest.split_first_chunk()?;
        self.take_behind(rest, usize::from(u16::from_be_bytes(*len)))
    }

    fn take_behind(&mut self, rest: &'a [u8], len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }
}

/// A list after its length in one byte that is all of `value`.
pub(super) fn whole8(value: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(value);
    reader.vec8().filter(|_| reader.is_at_end())
}

/// A list after its length in two bytes that is all of `value`.
pub(super) fn whole16(value: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(value);
    reader.vec16().filter(|_| reader.is_at_end())
}
