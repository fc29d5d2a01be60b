//! A file with a whole HTTP response, as `errorfile` names it.
//!
//! Lines end with CRLF or LF: HAProxy's own files have both.

use crate::http;
use crate::model::{ErrorContent, ErrorResponse, Template};

/// What is wrong with a file: a predicate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FileFault(pub(crate) String);

impl FileFault {
    fn at(line: usize, what: &str) -> Self {
        Self(format!("names a file that is no valid response: line {line} {what}"))
    }

    fn new(what: &str) -> Self {
        Self(format!("names a file that is no valid response: {what}"))
    }
}

/// Reads a response. An empty file is silence.
pub(crate) fn parse(bytes: &[u8]) -> Result<ErrorContent, FileFault> {
    if bytes.is_empty() {
        return Ok(ErrorContent::Silent);
    }
    let mut head = Head { rest: bytes, line: 0 };
    let (status, reason) = status_line(head.next()?)?;
    let mut fields = Vec::new();
    let mut length = None;
    loop {
        let line = head.next()?;
        if line.is_empty() {
            break;
        }
        let (name, value) = field(line).map_err(|what| FileFault::at(head.line, what))?;
        match name.as_str() {
            "content-length" if length.is_some() => {
                return Err(FileFault::at(head.line, "has a second content-length"));
            }
            "content-length" => length = Some(value.to_vec()),
            "transfer-encoding" => {
                return Err(FileFault::at(head.line, "has transfer-encoding"));
            }
            name if http::is_of_connection(name) => {}
            _ => fields.push((name, Template::Bytes(value.to_vec()))),
        }
    }
    let body = head.rest.to_vec();
    check_length(length.as_deref(), body.len())?;
    if matches!(status, 204 | 304) && !body.is_empty() {
        return Err(FileFault::new(&format!("a {status} has no body")));
    }
    let body = Template::Bytes(body);
    Ok(ErrorContent::Response(ErrorResponse { status, reason, fields, body }))
}

struct Head<'b> {
    rest: &'b [u8],
    /// The number of the last line, from 1.
    line: usize,
}

impl<'b> Head<'b> {
    /// The next line without its end.
    fn next(&mut self) -> Result<&'b [u8], FileFault> {
        let Some(end) = self.rest.iter().position(|b| *b == b'\n') else {
            return Err(FileFault::new("its head does not end with an empty line"));
        };
        let line = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        self.line += 1;
        Ok(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// The status, 200 to 599, and the reason.
fn status_line(line: &[u8]) -> Result<(u16, String), FileFault> {
    let fault = || FileFault::at(1, "is no status line such as `HTTP/1.1 503 Sorry`");
    let line = std::str::from_utf8(line).map_err(|_| fault())?;
    let rest = line.strip_prefix("HTTP/1.0 ").or_else(|| line.strip_prefix("HTTP/1.1 "));
    let (status, reason) = match rest {
        Some(rest) => rest.split_once(' ').unwrap_or((rest, "")),
        None => return Err(fault()),
    };
    let is_number = status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit());
    if !is_number || http::field_value(reason).is_err() {
        return Err(fault());
    }
    match status.parse() {
        Ok(status) if (200..=599).contains(&status) => Ok((status, reason.to_owned())),
        _ => Err(FileFault::at(1, "has a status that is not from 200 to 599")),
    }
}

/// Name in lower case, and value.
fn field(line: &[u8]) -> Result<(String, &[u8]), &'static str> {
    if line.starts_with(b" ") || line.starts_with(b"\t") {
        return Err("begins with a blank");
    }
    let colon = line.iter().position(|b| *b == b':').ok_or("has no `:`")?;
    let name = std::str::from_utf8(&line[..colon]).ok().and_then(|name| http::token(name).ok());
    let name = name.ok_or("has a bad field name")?;
    let value = line[colon + 1..].trim_ascii();
    // Bytes from 0x80 on may stand in a value (RFC 9110 section 5.5).
    if value.iter().any(|b| b.is_ascii_control() && *b != b'\t') {
        return Err("has a control character");
    }
    Ok((name.to_ascii_lowercase(), value))
}

fn check_length(value: Option<&[u8]>, length: usize) -> Result<(), FileFault> {
    let Some(value) = value else { return Ok(()) };
    let is_digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let given = std::str::from_utf8(value).ok().filter(|_| is_digits);
    match given.and_then(|digits| digits.parse::<usize>().ok()) {
        Some(given) if given == length => Ok(()),
        Some(given) => Err(FileFault::new(&format!(
            "content-length is {given}, but the body has {length} bytes"
        ))),
        None => Err(FileFault::new("content-length is not a number")),
    }
}

#[cfg(test)]
mod tests;
