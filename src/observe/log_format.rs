//! A log-format string rendered for a record, as HAProxy writes it.
//!
//! ```text
//! LogField -> Value (log_value) -> text (here) or a JSON member (log_json)
//! ```
//! Appends to the caller's buffer and allocates nothing.

use proxy_config::model::rule::Expr;
use proxy_config::model::{Encoding as Wrap, Format, FormatPiece, LogField, LogFlags};

use super::access_log::put_frontend;
use super::date::{DateCache, put_utc};
use super::digits::{put_hex, put_i64, put_ip, put_ip_hex, put_millis, put_u64};
use super::escape::Encoding;
use super::log_json;
use super::log_value::{DateStyle, Host, Origin, Value};
use super::record::{Record, RequestLine, SampleKind};

/// What fields are read from.
pub(super) struct Source<'a> {
    pub(super) record: &'a Record<'a>,
    pub(super) dates: &'a mut DateCache,
    pub(super) host: &'a Host,
    pub(super) origin: Origin,
}

impl Source<'_> {
    pub(super) fn value(&self, field: LogField) -> Value<'_> {
        Value::of(field, self.record, self.host, self.origin)
    }
}

/// How the texts between the fields are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spaces {
    /// As they are.
    Kept,
    /// HAProxy's way: several become one, those at the start go, and those around a field that
    /// showed no captured headers are one.
    Joined,
}

/// Appends one line without its `\n`, of `len` bytes at most. It holds no other `\n` either.
pub(super) fn write_line(out: &mut Vec<u8>, len: usize, format: &Format, source: &mut Source<'_>) {
    let start = out.len();
    match format.encoding {
        Wrap::Text => put_pieces(out, start + len, Spaces::Joined, (format, source)),
        Wrap::Json => log_json::put_object(out, len, format, source),
    }
    // Only texts of the configuration could hold one.
    let mut from = start;
    while let Some(at) = memchr::memchr(b'\n', &out[from..]) {
        out[from + at] = b' ';
        from += at;
    }
}

/// Appends a text that is no log line, of `len` bytes at most.
pub(super) fn write_text(out: &mut Vec<u8>, len: usize, format: &Format, source: &mut Source<'_>) {
    match format.encoding {
        Wrap::Text => put_pieces(out, out.len() + len, Spaces::Kept, (format, source)),
        Wrap::Json => log_json::put_object(out, len, format, source),
    }
}

fn put_pieces(
    out: &mut Vec<u8>,
    limit: usize,
    spaces: Spaces,
    (format, source): (&Format, &mut Source<'_>),
) {
    let mut after_space = spaces == Spaces::Joined;
    for piece in &format.pieces {
        if out.len() >= limit {
            break;
        }
        match piece {
            FormatPiece::Text(text) if spaces == Spaces::Kept => {
                out.extend_from_slice(text.as_bytes());
            }
            FormatPiece::Text(text) => after_space = put_joined(out, text, after_space),
            FormatPiece::Field { field, flags, .. } => {
                let before = out.len();
                put_field(out, limit, source, (*field, *flags));
                after_space &= out.len() == before && is_headers(*field);
            }
            FormatPiece::Sample { expr, flags, .. } => {
                put_sample(out, limit, source.record, (expr, *flags), spaces);
                after_space = false;
            }
        }
    }
    out.truncate(limit);
}

/// Appends `text` with one space for several; returns whether a space would be one too many now.
fn put_joined(out: &mut Vec<u8>, text: &str, mut after_space: bool) -> bool {
    let text = text.as_bytes();
    if !after_space && !text.windows(2).any(|pair| pair == b"  ") {
        out.extend_from_slice(text);
        return text.last() == Some(&b' ');
    }
    for byte in text {
        let is_space = *byte == b' ';
        if !(is_space && after_space) {
            out.push(*byte);
        }
        after_space = is_space;
    }
    after_space
}

const fn is_headers(field: LogField) -> bool {
    use LogField::{RequestHeaders, RequestHeadersClf, ResponseHeaders, ResponseHeadersClf};
    matches!(field, RequestHeaders | RequestHeadersClf | ResponseHeaders | ResponseHeadersClf)
}

fn put_field(
    out: &mut Vec<u8>,
    limit: usize,
    source: &mut Source<'_>,
    (field, flags): (LogField, LogFlags),
) {
    let record = source.record;
    let value = Value::of(field, record, source.host, source.origin);
    match value {
        Value::Ip(address) if flags.hex => put_ip_hex(out, address),
        Value::Ip(address) => quoted(out, flags, |out| put_ip(out, address)),
        Value::Port(port) if flags.hex => put_hex(out, u64::from(port), 4),
        Value::Port(port) => put_u64(out, u64::from(port)),
        Value::Date(wall_ms, style) => put_date(out, source.dates, wall_ms, style),
        Value::Measure(value) => put_i64(out, value),
        Value::GrowingMeasure(value) => {
            put_plus(out, record.is_early);
            put_i64(out, value);
        }
        Value::Number(value, digits) if flags.hex => put_hex(out, value, digits),
        Value::Number(value, _) | Value::Count(value) => put_u64(out, value),
        Value::Millis(value) if flags.hex => put_hex(out, value, 2),
        Value::Millis(value) => put_millis(out, value),
        Value::Retries { count, redispatched } => {
            put_plus(out, redispatched);
            put_u64(out, count);
        }
        Value::State(codes) => out.extend(codes.into_iter().filter(|code| *code != 0)),
        Value::Headers(headers) => put_headers(out, limit, headers, flags),
        Value::HeadersClf(headers) => put_headers_clf(out, limit, headers, flags),
        Value::Missing => put_missing(out, flags),
        Value::Name(text) | Value::Placeholder(text) => {
            quoted(out, flags, |out| {
                Encoding::Plain.put(out, limit, text.as_bytes(), flags.escape)
            });
        }
        Value::FrontendTransport => quoted(out, flags, |out| put_frontend(out, record)),
        Value::Bytes(text, encoding) => {
            quoted(out, flags, |out| encoding.put(out, limit, text, flags.escape));
        }
        Value::RequestLine(request) => {
            quoted(out, flags, |out| put_request(out, limit, request, flags.escape));
        }
    }
}

fn put_sample(
    out: &mut Vec<u8>,
    limit: usize,
    record: &Record<'_>,
    (expr, flags): (&Expr, LogFlags),
    spaces: Spaces,
) {
    let mut text = Vec::new();
    let kind = record.samples.map_or(SampleKind::Missing, |samples| samples.put(&mut text, expr));
    match kind {
        // As HAProxy: only a log line shows that something is missing.
        _ if spaces == Spaces::Kept && !flags.quote && text.is_empty() => {}
        SampleKind::Missing => put_missing(out, flags),
        SampleKind::Int(value) if flags.hex => put_hex(out, value.cast_unsigned(), 2),
        _ if text.is_empty() => put_missing(out, flags),
        _ => quoted(out, flags, |out| Encoding::Plain.put(out, limit, &text, flags.escape)),
    }
}

fn quoted(out: &mut Vec<u8>, flags: LogFlags, put: impl FnOnce(&mut Vec<u8>)) {
    if flags.quote {
        out.push(b'"');
    }
    put(out);
    if flags.quote {
        out.push(b'"');
    }
}

fn put_plus(out: &mut Vec<u8>, is_shown: bool) {
    if is_shown {
        out.push(b'+');
    }
}

fn put_missing(out: &mut Vec<u8>, flags: LogFlags) {
    out.extend_from_slice(if flags.quote { b"\"\"" } else { b"-" });
}

fn put_date(out: &mut Vec<u8>, dates: &mut DateCache, wall_ms: u64, style: DateStyle) {
    match style {
        DateStyle::Access => dates.put_access(out, wall_ms),
        DateStyle::Utc => put_utc(out, wall_ms),
        DateStyle::Local => dates.put_local(out, wall_ms),
    }
}

fn put_request(out: &mut Vec<u8>, limit: usize, request: &RequestLine<'_>, backslash: bool) {
    for (position, part) in [request.method, request.target, request.version].iter().enumerate() {
        if position > 0 {
            out.push(b' ');
        }
        Encoding::Request.put(out, limit, part, backslash);
    }
}

/// `{a|b}`; nothing where nothing is captured.
fn put_headers(out: &mut Vec<u8>, limit: usize, headers: &[Option<&[u8]>], flags: LogFlags) {
    if headers.is_empty() {
        return;
    }
    quoted(out, flags, |out| {
        for (position, header) in headers.iter().enumerate() {
            out.push(if position == 0 { b'{' } else { b'|' });
            Encoding::Captured.put(out, limit, header.unwrap_or_default(), flags.escape);
        }
        out.push(b'}');
    });
}

/// `a b`, each quoted for itself.
fn put_headers_clf(out: &mut Vec<u8>, limit: usize, headers: &[Option<&[u8]>], flags: LogFlags) {
    for (position, header) in headers.iter().enumerate() {
        if position > 0 {
            out.push(b' ');
        }
        match header {
            Some(text) => {
                quoted(out, flags, |out| Encoding::Captured.put(out, limit, text, flags.escape));
            }
            None => put_missing(out, flags),
        }
    }
}

#[cfg(test)]
#[path = "log_format_tests.rs"]
mod tests;
