//! Bodies: finds where one ends and takes the chunks off it, in place.
//!
//! A decoder keeps no bytes of the body, so input may come in pieces of any size:
//! ```text
//! Size -> [Extension..] -> SizeLf -+-> Data -> DataCr -> DataLf -> Size
//!                                  +-> Trailers (size 0) -> Done
//! ```
//! After an error a decoder must not be used again.

use std::ops::Range;

use super::error::ParseError;
use super::field::{FieldKind, is_token_byte, is_value_byte};
use super::framing::ResponseFraming;
use super::head::Limits;

/// What one call of `decode` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Where in the input the body's bytes now are.
    pub data: Range<usize>,
    /// Bytes of the input that were dealt with: all of it unless the body is done.
    pub consumed: usize,
    pub done: bool,
}

#[derive(Debug)]
pub struct BodyDecoder {
    /// Bytes still to come, of the body or of the chunk; while a size is read, the size so far.
    left: u64,
    trailers: Option<Box<Trailers>>,
    trailers_len_max: u32,
    fields_max: u16,
    /// Bytes of chunk lines since the last data.
    line_len: u16,
    digits_count: u8,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Close,
    Data,
    DataCr,
    DataLf,
    Done,
    Extension(Extension),
    Length,
    Size,
    SizeLf,
    Trailers(Trailer),
}

/// Where in `*( BWS ";" BWS name [ BWS "=" BWS value ] )` of RFC 9112 section 7.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extension {
    BeforeSemicolon,
    BeforeName,
    Name,
    AfterName,
    BeforeValue,
    Value,
    Quoted,
    QuotedPair,
    QuotedEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trailer {
    LineStart,
    Name,
    BeforeValue,
    Value,
    LineLf,
    LastLf,
}

/// No chunk line needs more; without a bound extensions could go on for ever.
const CHUNK_LINE_LEN_MAX: u16 = 4096;

/// As many as fill 64 bits, so that a size cannot overflow.
const SIZE_DIGITS_MAX: u8 = 16;

impl BodyDecoder {
    /// A decoder of a body of a `Framing` or a `ResponseFraming`; `limits` are those of its
    /// trailers.
    pub fn new(framing: impl Into<ResponseFraming>, limits: &Limits) -> Self {
        let (state, left) = match framing.into() {
            ResponseFraming::None | ResponseFraming::Length(0) => (State::Done, 0),
            ResponseFraming::Chunked => (State::Size, 0),
            ResponseFraming::Close => (State::Close, 0),
            ResponseFraming::Length(len) => (State::Length, len),
        };
        Self {
            left,
            trailers: None,
            trailers_len_max: u32::try_from(limits.head_len_max).unwrap_or(u32::MAX),
            fields_max: u16::try_from(limits.fields_max).unwrap_or(u16::MAX),
            line_len: 0,
            digits_count: 0,
            state,
        }
    }

    /// Takes bytes of the body from the front of `bytes`, and moves its data together. A body
    /// that ends with the connection is never done here: see `is_whole_at_end`.
    pub fn decode(&mut self, bytes: &mut [u8]) -> Result<Decoded, ParseError> {
        match self.state {
            State::Close => {
                Ok(Decoded { data: 0..bytes.len(), consumed: bytes.len(), done: false })
            }
            State::Done => Ok(Decoded { data: 0..0, consumed: 0, done: true }),
            State::Length => {
                let len = self.take(bytes.len());
                if self.left == 0 {
                    self.state = State::Done;
                }
                Ok(Decoded { data: 0..len, consumed: len, done: self.is_done() })
            }
            _ => self.decode_chunks(bytes),
        }
    }

    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the body is whole if the connection ends here.
    pub fn is_whole_at_end(&self) -> bool {
        matches!(self.state, State::Close | State::Done)
    }

    /// The trailer fields as `name: value\r\n` lines with lower-case names, once the body is
    /// done, without those that must not be in trailers.
    pub fn trailers(&self) -> &[u8] {
        self.trailers.as_ref().map_or(&[], |trailers| &trailers.lines)
    }

    fn take(&mut self, len_max: usize) -> usize {
        let len = usize::try_from(self.left).map_or(len_max, |left| left.min(len_max));
        self.left -= len as u64;
        len
    }

    fn decode_chunks(&mut self, bytes: &mut [u8]) -> Result<Decoded, ParseError> {
        let mut data = 0..0;
        let mut at = 0;
        while self.state != State::Done {
            let Some(&byte) = bytes.get(at) else { break };
            if self.state != State::Data {
                self.state = self.step(byte)?;
                at += 1;
                continue;
            }
            let len = self.take(bytes.len() - at);
            if data.is_empty() {
                data = at..at + len;
            } else {
                bytes.copy_within(at..at + len, data.end);
                data.end += len;
            }
            at += len;
            if self.left == 0 {
                self.state = State::DataCr;
            }
        }
        Ok(Decoded { data, consumed: at, done: self.is_done() })
    }

    /// The state after one byte that is not data.
    fn step(&mut self, byte: u8) -> Result<State, ParseError> {
        match (self.state, byte) {
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => Ok(State::Size),
            (State::DataCr | State::DataLf, _) => Err(ParseError::ChunkDataEnd),
            (State::Trailers(at), _) => self.step_trailers(at, byte),
            _ => {
                self.line_len += 1;
                if self.line_len > CHUNK_LINE_LEN_MAX {
                    return Err(ParseError::ChunkLineTooLong);
                }
                self.step_line(byte)
            }
        }
    }

    /// The line before the data: `1*HEXDIG [ chunk-ext ] CRLF` and no other line end.
    fn step_line(&mut self, byte: u8) -> Result<State, ParseError> {
        match (self.state, byte) {
            (State::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => self.add_digit(byte),
            (State::Size, _) if self.digits_count == 0 => Err(ParseError::ChunkSize),
            (State::Size, b'\r') => Ok(State::SizeLf),
            (State::Size, b';') => Ok(State::Extension(Extension::BeforeName)),
            (State::Size, b' ' | b'\t') => Ok(State::Extension(Extension::BeforeSemicolon)),
            (State::SizeLf, b'\n') => Ok(self.end_line()),
            (State::Extension(at), _) => at.step(byte).ok_or(ParseError::ChunkExtension),
            _ => Err(ParseError::ChunkSize),
        }
    }

    fn add_digit(&mut self, byte: u8) -> Result<State, ParseError> {
        if self.digits_count == SIZE_DIGITS_MAX {
            return Err(ParseError::ChunkSize);
        }
        let digit = char::from(byte).to_digit(16).ok_or(ParseError::ChunkSize)?;
        self.digits_count += 1;
        self.left = self.left << 4 | u64::from(digit);
        Ok(State::Size)
    }

    fn end_line(&mut self) -> State {
        self.digits_count = 0;
        if self.left == 0 {
            return State::Trailers(Trailer::LineStart);
        }
        self.line_len = 0;
        State::Data
    }

    /// The fields after the last chunk (RFC 9112 section 7.1.2), read as strictly as a head.
    fn step_trailers(&mut self, at: Trailer, byte: u8) -> Result<State, ParseError> {
        match (at, byte) {
            (Trailer::LineStart, b'\r') => return Ok(State::Trailers(Trailer::LastLf)),
            (Trailer::LastLf, b'\n') => return Ok(State::Done),
            (Trailer::LastLf, _) => return Err(ParseError::LineEnd),
            _ => {}
        }
        let trailers = self.trailers.get_or_insert_default();
        trailers.received_len += 1;
        if trailers.received_len > self.trailers_len_max {
            return Err(ParseError::TrailersTooLong);
        }
        if at == Trailer::LineStart {
            trailers.fields_count += 1;
            if trailers.fields_count > self.fields_max {
                return Err(ParseError::FieldsTooMany);
            }
        }
        trailers.step(at, byte).map(State::Trailers)
    }
}

impl Extension {
    fn step(self, byte: u8) -> Option<State> {
        let next = match (self, byte) {
            (Self::Name | Self::Value | Self::QuotedEnd, b'\r') => return Some(State::SizeLf),
            (
                Self::BeforeSemicolon
                | Self::Name
                | Self::AfterName
                | Self::Value
                | Self::QuotedEnd,
                b';',
            ) => Self::BeforeName,
            (Self::BeforeSemicolon | Self::BeforeName, b' ' | b'\t') => self,
            (Self::AfterName | Self::BeforeValue, b' ' | b'\t') => self,
            (Self::Name, b' ' | b'\t') => Self::AfterName,
            (Self::Value | Self::QuotedEnd, b' ' | b'\t') => Self::BeforeSemicolon,
            (Self::Name | Self::AfterName, b'=') => Self::BeforeValue,
            (Self::BeforeName | Self::Name, _) if is_token_byte(byte) => Self::Name,
            (Self::BeforeValue, b'"') => Self::Quoted,
            (Self::BeforeValue | Self::Value, _) if is_token_byte(byte) => Self::Value,
            (Self::Quoted, b'"') => Self::QuotedEnd,
            (Self::Quoted, b'\\') => Self::QuotedPair,
            (Self::Quoted | Self::QuotedPair, _) if is_value_byte(byte) => Self::Quoted,
            _ => return None,
        };
        Some(State::Extension(next))
    }
}

/// Trailer fields, kept until the body's end; most bodies have none and never allocate this.
#[derive(Debug, Default)]
struct Trailers {
    lines: Vec<u8>,
    line_start: usize,
    name_len: usize,
    received_len: u32,
    fields_count: u16,
}

impl Trailers {
    fn step(&mut self, at: Trailer, byte: u8) -> Result<Trailer, ParseError> {
        match (at, byte) {
            (Trailer::LineStart | Trailer::Name, _) if is_token_byte(byte) => {
                self.lines.push(byte.to_ascii_lowercase());
                Ok(Trailer::Name)
            }
            (Trailer::Name, b':') => {
                self.name_len = self.lines.len() - self.line_start;
                self.lines.extend_from_slice(b": ");
                Ok(Trailer::BeforeValue)
            }
            (Trailer::LineStart | Trailer::Name, _) => Err(ParseError::FieldName),
            (Trailer::BeforeValue, b' ' | b'\t') => Ok(Trailer::BeforeValue),
            (Trailer::BeforeValue | Trailer::Value, b'\r') => Ok(Trailer::LineLf),
            (Trailer::BeforeValue | Trailer::Value, _) if is_value_byte(byte) => {
                self.lines.push(byte);
                Ok(Trailer::Value)
            }
            (Trailer::BeforeValue | Trailer::Value, _) => Err(ParseError::FieldValue),
            (Trailer::LineLf, b'\n') => {
                self.end_line();
                Ok(Trailer::LineStart)
            }
            (Trailer::LineLf | Trailer::LastLf, _) => Err(ParseError::LineEnd),
        }
    }

    fn end_line(&mut self) {
        let line = self.lines.get(self.line_start..).unwrap_or_default();
        if is_allowed_trailer(line.get(..self.name_len).unwrap_or_default()) {
            let line_len = line.trim_ascii_end().len();
            // An empty value keeps the space after its colon.
            let len_min = self.name_len + b": ".len();
            self.lines.truncate(self.line_start + line_len.max(len_min));
            self.lines.extend_from_slice(b"\r\n");
            self.line_start = self.lines.len();
        } else {
            self.lines.truncate(self.line_start);
        }
    }
}

/// RFC 9110 section 6.5.1: nothing on which framing, routing, authentication, caching or the
/// reading of the content depends may come after the content.
fn is_allowed_trailer(name: &[u8]) -> bool {
    const FORBIDDEN: [&[u8]; 31] = [
        b"accept-encoding",
        b"age",
        b"authorization",
        b"cache-control",
        b"content-encoding",
        b"content-range",
        b"content-type",
        b"cookie",
        b"date",
        b"expires",
        b"forwarded",
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"location",
        b"max-forwards",
        b"pragma",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"range",
        b"retry-after",
        b"set-cookie",
        b"vary",
        b"warning",
        b"www-authenticate",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-proto",
        b"x-real-ip",
    ];
    FieldKind::of(name) == FieldKind::Other && !FORBIDDEN.contains(&name)
}

#[cfg(test)]
mod tests;
