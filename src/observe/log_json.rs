//! A log format rendered as one JSON object (RFC 8259), members in the format's order.
//!
//! Numbers are numbers, dates RFC 3339 in UTC, captured headers arrays, and what is not known is
//! `null`. Peers may send bytes that are no UTF-8: each is written as `\u00XX`, as if it were
//! Latin-1, so that every line is valid JSON and no byte is lost.
//!
//! A line that is too long has its long texts cut, and if that does not do, its last members left
//! out: it stays valid.

use proxy_config::model::rule::Expr;
use proxy_config::model::{Format, FormatPiece};

use super::date::put_rfc3339_utc;
use super::digits::{put_i64, put_ip, put_u64};
use super::log_format::Source;
use super::log_value::Value;
use super::record::{Record, SampleKind};

/// Texts are cut to a quarter of their bound until the line fits.
const CUT: usize = 4;

/// Appends one object of `len` bytes at most; `len` is at least 2.
pub(super) fn put_object(out: &mut Vec<u8>, len: usize, format: &Format, source: &Source<'_>) {
    let start = out.len();
    let mut text_max = len;
    loop {
        let is_last = text_max == 0;
        let mut object = Object { out, start, limit: start + len, text_max };
        if object.put(format, source, is_last) {
            return;
        }
        out.truncate(start);
        text_max /= CUT;
    }
}

struct Object<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    limit: usize,
    /// Bytes of a text that are shown.
    text_max: usize,
}

impl Object<'_> {
    /// False when it did not fit; with `leaves_out`, members that do not fit are left out instead.
    fn put(&mut self, format: &Format, source: &Source<'_>, leaves_out: bool) -> bool {
        self.out.push(b'{');
        for piece in &format.pieces {
            let (FormatPiece::Field { name: Some(name), .. }
            | FormatPiece::Sample { name: Some(name), .. }) = piece
            else {
                continue;
            };
            let before = self.out.len();
            if before > self.start + 1 {
                self.out.push(b',');
            }
            put_string(self.out, name.as_bytes());
            self.out.push(b':');
            match piece {
                FormatPiece::Field { field, .. } => {
                    self.put_value(source.value(*field), source.record);
                }
                FormatPiece::Sample { expr, .. } => self.put_sample(expr, source.record),
                FormatPiece::Text(_) => {}
            }
            // The closing brace comes behind it.
            if self.out.len() >= self.limit {
                if !leaves_out {
                    return false;
                }
                self.out.truncate(before);
                break;
            }
        }
        self.out.push(b'}');
        true
    }

    fn put_value(&mut self, value: Value<'_>, record: &Record<'_>) {
        match value {
            Value::Ip(address) => {
                self.out.push(b'"');
                put_ip(self.out, address);
                self.out.push(b'"');
            }
            Value::Port(port) => put_u64(self.out, u64::from(port)),
            Value::Date(wall_ms, _) => {
                self.out.push(b'"');
                put_rfc3339_utc(self.out, wall_ms);
                self.out.push(b'"');
            }
            Value::Measure(value) | Value::GrowingMeasure(value) if value < 0 => self.put_null(),
            Value::Measure(value) | Value::GrowingMeasure(value) => put_i64(self.out, value),
            Value::Number(value, _)
            | Value::Count(value)
            | Value::Millis(value)
            | Value::Retries { count: value, .. } => put_u64(self.out, value),
            Value::Name(text) => self.put_texts(&[text.as_bytes()]),
            Value::FrontendTransport => {
                let tls: &[u8] = if record.tls.is_some() { b"~" } else { b"" };
                self.put_texts(&[record.frontend.as_bytes(), tls]);
            }
            Value::State(codes) => {
                let len = codes.iter().position(|code| *code == 0).unwrap_or(codes.len());
                put_string(self.out, &codes[..len]);
            }
            Value::Bytes(text, _) => self.put_texts(&[text]),
            Value::RequestLine(line) => {
                self.put_texts(&[line.method, b" ", line.target, b" ", line.version]);
            }
            Value::Headers(headers) | Value::HeadersClf(headers) => self.put_array(headers),
            Value::Missing | Value::Placeholder(_) => self.put_null(),
        }
    }

    fn put_sample(&mut self, expr: &Expr, record: &Record<'_>) {
        let mut text = Vec::new();
        match record.samples.map_or(SampleKind::Missing, |samples| samples.put(&mut text, expr)) {
            SampleKind::Missing => self.put_null(),
            SampleKind::Bool(value) => {
                self.out.extend_from_slice(if value { b"true" } else { b"false" });
            }
            SampleKind::Int(value) => put_i64(self.out, value),
            SampleKind::Text => self.put_texts(&[&text]),
        }
    }

    fn put_null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    fn put_array(&mut self, texts: &[Option<&[u8]>]) {
        self.out.push(b'[');
        for (position, text) in texts.iter().enumerate() {
            if position > 0 {
                self.out.push(b',');
            }
            match text {
                Some(text) => self.put_texts(&[text]),
                None => self.put_null(),
            }
        }
        self.out.push(b']');
    }

    /// One string of several texts, of `text_max` bytes of them at most.
    fn put_texts(&mut self, texts: &[&[u8]]) {
        self.out.push(b'"');
        let mut room = self.text_max;
        for text in texts {
            let shown = cut(text, room);
            put_escaped(self.out, shown);
            room -= shown.len();
            if shown.len() < text.len() {
                break;
            }
        }
        self.out.push(b'"');
    }
}

/// At most `len` bytes of `text`, not ending within a character.
fn cut(text: &[u8], len: usize) -> &[u8] {
    if text.len() <= len {
        return text;
    }
    let is_start = |end: &usize| text[*end] & 0xc0 != 0x80;
    // No character has more than three bytes that continue it; what has is no UTF-8.
    let end = (len.saturating_sub(3)..=len).rev().find(is_start).unwrap_or(len);
    &text[..end]
}

fn put_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    put_escaped(out, text);
    out.push(b'"');
}

fn put_escaped(out: &mut Vec<u8>, text: &[u8]) {
    // No early exit: this form is vectorised, and nearly every text is clean.
    let is_clean = |byte: u8| {
        let is_printable = byte.wrapping_sub(b' ') < 0x7f - b' ';
        is_printable & (byte != b'"') & (byte != b'\\')
    };
    if text.iter().fold(true, |clean, byte| clean & is_clean(*byte)) {
        return out.extend_from_slice(text);
    }
    for chunk in text.utf8_chunks() {
        for byte in chunk.valid().bytes() {
            match byte {
                b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                0..0x20 | 0x7f => put_unicode(out, byte),
                _ => out.push(byte),
            }
        }
        chunk.invalid().iter().for_each(|byte| put_unicode(out, *byte));
    }
}

/// `\u00ff`
fn put_unicode(out: &mut Vec<u8>, byte: u8) {
    out.extend_from_slice(b"\\u00");
    out.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[digit as usize]));
}

#[cfg(test)]
#[path = "log_json_tests.rs"]
mod tests;
