//! The first handshake message of a connection, out of the records that carry it (RFC 8446
//! section 5.1).
//!
//! ```text
//! 22 | 3, minor | length | 1 | length, 3 bytes | body ...      22 | 3, minor | length | ... body
//! '-- a record --------------------------------------'         '-- the next -------------------'
//!                          '-- the message -----------'                               '--------'
//! ```
//!
//! Everything is judged in the order of the bytes, as soon as they tell: that makes a verdict
//! final.

use std::borrow::Cow;

use super::{HelloError, RECORDS_MAX, foreign};

/// Type, version and length of a record.
const HEADER_LEN: usize = 5;

/// Type and length of a handshake message.
const MESSAGE_HEADER_LEN: usize = 4;

const HANDSHAKE: u8 = 22;

/// All versions since SSL 3.0 are 3.x; the rest of it is to be ignored.
const MAJOR: u8 = 3;

/// The bytes of a record without encryption.
const FRAGMENT_LEN_MAX: usize = 1 << 14;

pub(super) struct Message<'a> {
    pub(super) kind: u8,
    pub(super) record_version: u16,
    /// Bytes of all of its records.
    pub(super) len: usize,
    /// Whether the last record goes on with another message.
    pub(super) is_followed: bool,
    pub(super) body: Cow<'a, [u8]>,
}

/// The message that `bytes` begin with, once all of its records are there.
///
/// `max`: the bytes that these may have. `is_wanted` judges its type.
pub(super) fn first_message(
    bytes: &[u8],
    max: usize,
    is_wanted: impl Fn(u8) -> bool,
) -> Result<Option<Message<'_>>, HelloError> {
    if is_foreign(bytes) {
        return foreign::what(bytes).map_or(Ok(None), Err);
    }
    let mut scan = Scan { records: Records::new(bytes), max, start: Start::default(), have: 0 };
    match scan.run(is_wanted)? {
        Some(message_len) => Ok(scan.message(bytes, message_len)),
        None => Ok(None),
    }
}

/// Whether no handshake message begins here, whatever follows.
pub(super) fn is_foreign(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|kind| *kind != HANDSHAKE)
}

/// How much of the message has been seen.
struct Scan<'a> {
    records: Records<'a>,
    max: usize,
    start: Start,
    /// Bytes of it in the records that are whole, with what follows it in the last.
    have: usize,
}

impl Scan<'_> {
    /// The length of the message with its header, when all of it is there.
    fn run(&mut self, is_wanted: impl Fn(u8) -> bool) -> Result<Option<usize>, HelloError> {
        for _ in 0..RECORDS_MAX {
            let Some(record) = self.records.peek()? else { return Ok(None) };
            self.check_len(self.records.at + HEADER_LEN + record.len)?;
            self.start.fill(record.fragment);
            if !self.start.kind().is_none_or(&is_wanted) {
                return Err(HelloError::NotClientHello);
            }
            let message_len = self.start.message_len();
            self.check_len(self.records.at + HEADER_LEN + message_len.unwrap_or(0) - self.have)?;
            if record.fragment.len() < record.len {
                return Ok(None);
            }
            self.records.at += HEADER_LEN + record.len;
            self.have += record.len;
            if message_len.is_some_and(|len| len <= self.have) {
                return Ok(message_len);
            }
        }
        Err(HelloError::RecordsTooMany)
    }

    fn check_len(&self, len: usize) -> Result<(), HelloError> {
        if len > self.max { Err(HelloError::TooLong) } else { Ok(()) }
    }

    fn message<'a>(&self, bytes: &'a [u8], message_len: usize) -> Option<Message<'a>> {
        let len = self.records.at;
        let records = Records::new(bytes.get(..len)?);
        Some(Message {
            kind: self.start.kind()?,
            record_version: u16::from_be_bytes([MAJOR, *bytes.get(2)?]),
            len,
            is_followed: self.have > message_len,
            body: records.body(message_len)?,
        })
    }
}

/// Type and length of the message, which records may cut too.
#[derive(Default)]
struct Start {
    bytes: [u8; MESSAGE_HEADER_LEN],
    len: usize,
}

impl Start {
    fn fill(&mut self, fragment: &[u8]) {
        let places = self.bytes.get_mut(self.len..).unwrap_or_default();
        for (place, byte) in places.iter_mut().zip(fragment) {
            *place = *byte;
            self.len += 1;
        }
    }

    fn kind(&self) -> Option<u8> {
        (self.len > 0).then_some(self.bytes[0])
    }

    /// With this header.
    fn message_len(&self) -> Option<usize> {
        let [_, high, middle, low] = self.bytes;
        let len = u32::from_be_bytes([0, high, middle, low]) as usize;
        (self.len == MESSAGE_HEADER_LEN).then_some(MESSAGE_HEADER_LEN + len)
    }
}

struct Record<'a> {
    len: usize,
    /// As much of it as is there.
    fragment: &'a [u8],
}

struct Records<'a> {
    bytes: &'a [u8],
    /// Where the next one begins.
    at: usize,
}

impl<'a> Records<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The record at `at`; `None` while its header is not whole.
    fn peek(&self) -> Result<Option<Record<'a>>, HelloError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let [kind, rest @ ..] = rest else { return Ok(None) };
        if *kind != HANDSHAKE {
            return Err(HelloError::NotHandshake);
        }
        let [major, rest @ ..] = rest else { return Ok(None) };
        if *major != MAJOR {
            return Err(HelloError::RecordVersion);
        }
        let [_, high, low, rest @ ..] = rest else { return Ok(None) };
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        match len {
            // It would be possible to send them forever (RFC 8446 section 5.1 forbids them).
            0 => Err(HelloError::RecordEmpty),
            1..=FRAGMENT_LEN_MAX => {
                Ok(Some(Record { len, fragment: rest.get(..len).unwrap_or(rest) }))
            }
            _ => Err(HelloError::RecordTooLong),
        }
    }

    /// The body of the message of `message_len` bytes, all of whose records are there.
    fn body(mut self, message_len: usize) -> Option<Cow<'a, [u8]>> {
        let first = self.peek().ok()??;
        if let Some(body) = first.fragment.get(MESSAGE_HEADER_LEN..message_len) {
            return Some(Cow::Borrowed(body));
        }
        let mut joined = Vec::with_capacity(self.bytes.len());
        while let Some(record) = self.peek().ok()? {
            joined.extend_from_slice(record.fragment);
            self.at += HEADER_LEN + record.len;
        }
        Some(Cow::Owned(joined.get(MESSAGE_HEADER_LEN..message_len)?.to_vec()))
    }
}
