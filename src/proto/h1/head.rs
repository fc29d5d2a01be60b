//! Heads: the start line and the fields of a request or a response, as ranges of the bytes that
//! they came in.
//!
//! A head is parsed whole or not at all: `parse` is called again with more bytes until it is
//! complete, and keeps nothing between calls. httparse splits it; what httparse tolerates and we
//! do not (a bare LF, odd bytes in the target) is refused afterwards, on the finished head only,
//! so that the verdict does not depend on how the bytes arrived.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Status};

use super::encode::BodyOut;
use super::error::ParseError;
use super::field::{Field, FieldKind, Span};
use super::framing::{
    Facts, Framing, ResponseFraming, ResponseLine, Version, announced_len, check_http10_body,
    request_framing, request_keep_alive, response_framing, response_keep_alive,
};
use super::lenient::{Blanks, check_lines};
use super::target::{check_host, split_target};

/// What a peer may send before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of the start line and all fields with their line ends; also of a body's trailers.
    pub head_len_max: usize,
    /// At most 1024 are taken, whatever stands here.
    pub fields_max: usize,
    /// What HAProxy's `accept-unsafe-violations-in-http-request` and `-response` let pass.
    pub is_lenient: bool,
    /// GET, HEAD and DELETE of HTTP/1.0 may have a body (`h1-accept-payload-with-any-method`).
    pub bodies_with_any_method: bool,
}

impl Limits {
    /// Nothing relaxed.
    pub const fn strict(head_len_max: usize, fields_max: usize) -> Self {
        Self { head_len_max, fields_max, is_lenient: false, bodies_with_any_method: false }
    }

    /// The bytes of which a head may consist.
    fn window<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let len_max = self.head_len_max.min(u32::MAX as usize);
        bytes.get(..len_max).unwrap_or(bytes)
    }
}

/// Room for the fields of nearly every head, on the stack and not initialized.
const FIELDS_USUAL: usize = 128;
const FIELDS_MAX: usize = 1024;

type Room<'b, const N: usize> = [MaybeUninit<Header<'b>>; N];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    Connect,
    Delete,
    Get,
    Head,
    Options,
    #[default]
    Other,
    Patch,
    Post,
    Put,
    Trace,
}

impl Method {
    /// Methods are case-sensitive (RFC 9110 section 9.1).
    pub fn of(name: &[u8]) -> Self {
        match name {
            b"CONNECT" => Self::Connect,
            b"DELETE" => Self::Delete,
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"OPTIONS" => Self::Options,
            b"PATCH" => Self::Patch,
            b"POST" => Self::Post,
            b"PUT" => Self::Put,
            b"TRACE" => Self::Trace,
            _ => Self::Other,
        }
    }
}

/// The head of a request, reused from one to the next. It means something only after `parse`
/// returned true, and only together with the bytes that were parsed.
#[derive(Debug, Default)]
pub struct RequestHead {
    pub method: Method,
    pub method_name: Span,
    pub target: Span,
    /// The host and port of a target in absolute or authority form.
    pub authority: Option<Span>,
    /// Path and query of the target: `*` for OPTIONS, empty for CONNECT and `http://host`.
    pub path_and_query: Span,
    pub version: Version,
    /// Bytes of the head with its last line end and empty lines before it.
    pub len: usize,
    /// The host field, which may be empty.
    pub host: Option<Span>,
    pub framing: Framing,
    /// The client asked that the connection be kept.
    pub keep_alive: bool,
    pub expect_continue: bool,
    /// The client asked to change the protocol (not to `h2c`). A body may precede that.
    pub upgrade: bool,
    pub fields: Vec<Field>,
}

impl RequestHead {
    /// Parses the head that `bytes` start with: true when it is complete, false when more bytes
    /// are needed.
    pub fn parse(&mut self, bytes: &[u8], limits: &Limits) -> Result<bool, ParseError> {
        let window = limits.window(bytes);
        let start = empty_lines_len(window)?;
        let is_complete = if limits.fields_max <= FIELDS_USUAL {
            self.parse_in::<FIELDS_USUAL>(window, start, limits)?
        } else {
            self.parse_many(window, start, limits)?
        };
        if is_complete || window.len() < limits.head_len_max {
            return Ok(is_complete);
        }
        match window.get(start..).and_then(|rest| memchr::memchr(b'\n', rest)) {
            Some(_) => Err(ParseError::HeadTooLong),
            None => Err(ParseError::TargetTooLong),
        }
    }

    /// A function of its own, so that only a listener that asks for it pays for a large frame.
    #[inline(never)]
    fn parse_many(
        &mut self,
        window: &[u8],
        start: usize,
        limits: &Limits,
    ) -> Result<bool, ParseError> {
        self.parse_in::<FIELDS_MAX>(window, start, limits)
    }

    #[inline]
    fn parse_in<const N: usize>(
        &mut self,
        window: &[u8],
        start: usize,
        limits: &Limits,
    ) -> Result<bool, ParseError> {
        let mut room: Room<'_, N> = [const { MaybeUninit::uninit() }; N];
        let room = room.get_mut(..limits.fields_max.min(N)).unwrap_or_default();
        let head = window.get(start..).unwrap_or_default();
        let mut request = httparse::Request::new(&mut []);
        let mut config = ParserConfig::default();
        config.ignore_invalid_headers_in_requests(limits.is_lenient);
        match config.parse_request_with_uninit_headers(&mut request, head, room) {
            Ok(Status::Complete(len)) => {
                if limits.is_lenient {
                    check_lines(head.get(..len).unwrap_or(head), Blanks::Refused)?;
                }
                self.take(window.get(..start + len).unwrap_or(window), &request, limits)?;
                Ok(true)
            }
            Ok(Status::Partial) => Ok(false),
            Err(error) => Err(request_error(error, head)),
        }
    }

    /// Takes over what httparse found in `bytes`, a complete head.
    #[inline]
    fn take(
        &mut self,
        bytes: &[u8],
        request: &httparse::Request<'_, '_>,
        limits: &Limits,
    ) -> Result<(), ParseError> {
        let method_name = request.method.unwrap_or_default().as_bytes();
        let target = request.path.unwrap_or_default().as_bytes();
        self.method = Method::of(method_name);
        self.method_name = Span::within(bytes, method_name);
        self.target = Span::within(bytes, target);
        self.version = version(request.version);
        self.len = bytes.len();
        let mut facts = collect(&mut self.fields, bytes, request.headers)?;
        self.take_target(bytes, &facts, limits)?;
        self.host = facts.host;
        if limits.is_lenient {
            facts.forget_length_beside_chunked();
        }
        self.framing = request_framing(&facts, self.method, self.version)?;
        if !limits.bodies_with_any_method {
            check_http10_body(self.framing, self.method, self.version)?;
        }
        self.keep_alive = request_keep_alive(&facts, self.version);
        // RFC 9110 section 10.1.1: from an HTTP/1.0 client the expectation is to be ignored.
        self.expect_continue = facts.expects_continue && self.version == Version::Http11;
        self.upgrade = facts.wants_upgrade(self.version);
        Ok(())
    }

    #[inline]
    fn take_target(
        &mut self,
        bytes: &[u8],
        facts: &Facts,
        limits: &Limits,
    ) -> Result<(), ParseError> {
        let target = split_target(self.method, self.target.of(bytes), limits.is_lenient)?;
        match facts.host {
            Some(host) => check_host(host.of(bytes), &target)?,
            // RFC 9112 section 3.2: an HTTP/1.1 request has a host field, whatever its target.
            None if self.version == Version::Http11 => return Err(ParseError::HostMissing),
            None => {}
        }
        self.authority = target.authority.map(|authority| Span::within(bytes, authority.bytes));
        self.path_and_query = match target.path {
            [] => Span { start: self.target.end, end: self.target.end },
            path => Span::within(bytes, path),
        };
        Ok(())
    }

    /// The value of the first field with this name, which may be written in any case.
    pub fn value<'b>(&self, bytes: &'b [u8], name: &[u8]) -> Option<&'b [u8]> {
        self.values(bytes, name).next()
    }

    /// Whether a field with this name goes on to the server: one that a connection option names does
    /// not.
    pub fn forwards(&self, bytes: &[u8], name: &[u8]) -> bool {
        let is_named = |field: &Field| field.name.of(bytes).eq_ignore_ascii_case(name);
        self.fields.iter().any(|field| field.kind != FieldKind::Nominated && is_named(field))
    }

    /// The values of all fields with this name.
    pub fn values<'b>(
        &self,
        bytes: &'b [u8],
        name: &[u8],
    ) -> impl DoubleEndedIterator<Item = &'b [u8]> {
        find_values(&self.fields, bytes, name)
    }
}

/// The head of a response, reused from one to the next. It means something only after `parse`
/// returned true, and only together with the bytes that were parsed.
#[derive(Debug, Default)]
pub struct ResponseHead {
    pub status: u16,
    pub reason: Span,
    pub version: Version,
    /// Bytes of the head with its last line end.
    pub len: usize,
    pub framing: ResponseFraming,
    /// What the server announced, also where no body follows: in answer to HEAD, and with 304.
    pub content_length: Option<u64>,
    /// The server's connection can carry another request after this response.
    pub keep_alive: bool,
    /// The server names a protocol to change to; with status 101 it has done so.
    pub upgrade: bool,
    /// After this head the connection carries another protocol: 101, or 2xx to CONNECT.
    pub tunnel: bool,
    pub fields: Vec<Field>,
}

impl ResponseHead {
    /// Parses the head that `bytes` start with, the answer to a request of `request_method`:
    /// true when it is complete, false when more bytes are needed.
    pub fn parse(
        &mut self,
        bytes: &[u8],
        limits: &Limits,
        request_method: Method,
    ) -> Result<bool, ParseError> {
        let window = limits.window(bytes);
        // Only a server is to skip empty lines (RFC 9112 section 2.2). Before a response they
        // are the remains of a body that was longer than announced.
        if let [b'\r' | b'\n', ..] = window {
            return Err(ParseError::StatusLine);
        }
        let is_complete = if limits.fields_max <= FIELDS_USUAL {
            self.parse_in::<FIELDS_USUAL>(window, limits, request_method)?
        } else {
            self.parse_many(window, limits, request_method)?
        };
        match is_complete {
            false if window.len() >= limits.head_len_max => Err(ParseError::HeadTooLong),
            _ => Ok(is_complete),
        }
    }

    /// A function of its own, so that only a listener that asks for it pays for a large frame.
    #[inline(never)]
    fn parse_many(
        &mut self,
        window: &[u8],
        limits: &Limits,
        request_method: Method,
    ) -> Result<bool, ParseError> {
        self.parse_in::<FIELDS_MAX>(window, limits, request_method)
    }

    #[inline]
    fn parse_in<const N: usize>(
        &mut self,
        window: &[u8],
        limits: &Limits,
        request_method: Method,
    ) -> Result<bool, ParseError> {
        let mut room: Room<'_, N> = [const { MaybeUninit::uninit() }; N];
        let room = room.get_mut(..limits.fields_max.min(N)).unwrap_or_default();
        let mut response = httparse::Response::new(&mut []);
        let mut config = ParserConfig::default();
        config.ignore_invalid_headers_in_responses(limits.is_lenient);
        config.allow_spaces_after_header_name_in_responses(limits.is_lenient);
        match config.parse_response_with_uninit_headers(&mut response, window, room) {
            Ok(Status::Complete(len)) => {
                let bytes = window.get(..len).unwrap_or(window);
                if limits.is_lenient {
                    check_lines(bytes, Blanks::BeforeColon)?;
                }
                self.take(bytes, &response, request_method)?;
                Ok(true)
            }
            Ok(Status::Partial) => Ok(false),
            Err(error) => Err(response_error(error, window)),
        }
    }

    /// Takes over what httparse found in `bytes`, a complete head.
    #[inline]
    fn take(
        &mut self,
        bytes: &[u8],
        response: &httparse::Response<'_, '_>,
        request_method: Method,
    ) -> Result<(), ParseError> {
        self.status = response.code.unwrap_or_default();
        self.version = version(response.version);
        self.len = bytes.len();
        if self.status < 100 {
            return Err(ParseError::StatusLine);
        }
        let facts = collect(&mut self.fields, bytes, response.headers)?;
        self.reason = reason_span(bytes);
        let line = ResponseLine { request_method, status: self.status, version: self.version };
        self.framing = response_framing(&facts, line)?;
        self.content_length = announced_len(&facts, line);
        self.keep_alive = response_keep_alive(&facts, line, self.framing);
        self.upgrade = facts.wants_upgrade(self.version);
        self.tunnel = line.is_tunnel();
        Ok(())
    }

    /// Another head follows for the same request (RFC 9110 section 15.2).
    pub fn is_interim(&self) -> bool {
        self.status < 200 && self.status != 101
    }

    /// How the body is to be framed towards a client of `version`.
    pub fn body_out(&self, version: Version) -> BodyOut {
        match self.framing {
            ResponseFraming::None => BodyOut::None,
            ResponseFraming::Length(len) => BodyOut::Length(len),
            _ if version == Version::Http10 => BodyOut::Close,
            // A client that knows chunks can tell the end from an abort, and its connection
            // can be kept.
            ResponseFraming::Chunked | ResponseFraming::Close => BodyOut::Chunked,
        }
    }

    /// The value of the first field with this name, which may be written in any case.
    pub fn value<'b>(&self, bytes: &'b [u8], name: &[u8]) -> Option<&'b [u8]> {
        self.values(bytes, name).next()
    }

    /// The values of all fields with this name.
    pub fn values<'b>(
        &self,
        bytes: &'b [u8],
        name: &[u8],
    ) -> impl DoubleEndedIterator<Item = &'b [u8]> {
        find_values(&self.fields, bytes, name)
    }
}

/// RFC 9112 section 2.2: a server ignores empty lines before a request. httparse would skip bare
/// line feeds too.
#[inline]
fn empty_lines_len(bytes: &[u8]) -> Result<usize, ParseError> {
    let mut rest = bytes;
    while let Some(next) = rest.strip_prefix(b"\r\n") {
        rest = next;
    }
    match rest {
        [b'\n', ..] => Err(ParseError::LineEnd),
        _ => Ok(bytes.len() - rest.len()),
    }
}

/// Fills `fields` from `headers` and gathers what they state.
#[inline]
fn collect(
    fields: &mut Vec<Field>,
    bytes: &[u8],
    headers: &[Header<'_>],
) -> Result<Facts, ParseError> {
    let mut facts = Facts::default();
    fields.clear();
    fields.reserve(headers.len());
    for header in headers {
        let field = Field {
            name: Span::within(bytes, header.name.as_bytes()),
            value: Span::within(bytes, header.value),
            kind: FieldKind::of(header.name.as_bytes()),
        };
        // A name starts where the line before it ended. A bare LF there is one reader's line
        // end and another's white space.
        if !ends_in_crlf(bytes, field.name.start as usize) {
            return Err(ParseError::LineEnd);
        }
        facts.add(&field, header.value)?;
        fields.push(field);
    }
    if !bytes.ends_with(b"\r\n\r\n") {
        return Err(ParseError::LineEnd);
    }
    facts.mark_nominated(bytes, fields)?;
    Ok(facts)
}

#[inline]
fn ends_in_crlf(bytes: &[u8], end: usize) -> bool {
    bytes.get(end.wrapping_sub(2)..end) == Some(b"\r\n")
}

/// httparse withholds a reason that is not ASCII, so it is found by its place in the line, which
/// ends with CR LF.
fn reason_span(bytes: &[u8]) -> Span {
    const START: u32 = b"HTTP/1.1 200 ".len() as u32;
    let line_feed = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    let end = (line_feed as u32).saturating_sub(1);
    Span { start: START.min(end), end }
}

fn version(minor: Option<u8>) -> Version {
    if minor == Some(0) { Version::Http10 } else { Version::Http11 }
}

fn find_values<'b>(
    fields: &[Field],
    bytes: &'b [u8],
    name: &[u8],
) -> impl DoubleEndedIterator<Item = &'b [u8]> {
    let is_named = move |field: &&Field| field.name.of(bytes).eq_ignore_ascii_case(name);
    fields.iter().filter(is_named).map(|field| field.value.of(bytes))
}

#[cold]
fn request_error(error: httparse::Error, head: &[u8]) -> ParseError {
    match error {
        httparse::Error::HeaderName => ParseError::FieldName,
        httparse::Error::HeaderValue => ParseError::FieldValue,
        httparse::Error::NewLine => ParseError::LineEnd,
        httparse::Error::Status | httparse::Error::Token => ParseError::RequestLine,
        httparse::Error::TooManyHeaders => ParseError::FieldsTooMany,
        httparse::Error::Version => {
            version_error(head.splitn(3, |byte| *byte == b' ').nth(2).unwrap_or_default())
        }
    }
}

#[cold]
fn response_error(error: httparse::Error, head: &[u8]) -> ParseError {
    match error {
        httparse::Error::Version => version_error(head),
        httparse::Error::Status | httparse::Error::Token => ParseError::StatusLine,
        _ => request_error(error, head),
    }
}

/// Decided by as few bytes as httparse may have seen, so that it does not depend on their
/// arrival.
fn version_error(version: &[u8]) -> ParseError {
    match version {
        [b'H', b'T', b'T', b'P', b'/', digit, ..] if digit.is_ascii_digit() => {
            ParseError::VersionUnsupported
        }
        _ => ParseError::VersionInvalid,
    }
}

#[cfg(test)]
mod tests;
