//! What leaves the proxy: heads written anew from what was parsed, and the frames of chunks.
//!
//! The order of fields is kept, names become lower-case, and every line about the connection or
//! the framing is our own (RFC 9110 sections 2.5 and 7.6.1, RFC 9112 section 6).

use std::io::Write;
use std::net::IpAddr;

use super::field::{Field, FieldKind, list_elements};
use super::framing::Framing;
use super::head::{RequestHead, ResponseHead};

pub const CRLF: &[u8] = b"\r\n";

/// Room for the lines that the proxy adds, so that the buffer grows at most once.
const ADDED_LEN: usize = 192;

/// The `connection` field to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionOut {
    Close,
    /// For an HTTP/1.0 client, to which keeping the connection must be promised.
    KeepAlive10,
    /// What HTTP/1.1 means without one: the connection is kept.
    None,
    /// The fields that name the new protocol are passed on.
    Upgrade,
}

pub struct RequestOut<'a> {
    /// The host field of a request that names no host at all.
    pub host_if_missing: &'a [u8],
    pub connection: ConnectionOut,
}

/// The framing of a response's body as it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyOut {
    Chunked,
    /// With the connection: an HTTP/1.0 client knows no chunks.
    Close,
    Length(u64),
    /// No body; a length that the server announced for HEAD or with 304 is passed on.
    None,
}

pub struct ResponseOut {
    pub connection: ConnectionOut,
    pub body: BodyOut,
}

/// Appends the head of a request, whose bytes are `bytes`, as it goes to a server, but for its end:
/// more fields and `CRLF` follow.
pub fn encode_request(
    out: &mut Vec<u8>,
    bytes: &[u8],
    head: &RequestHead,
    request_out: &RequestOut<'_>,
) {
    out.reserve(head.len + ADDED_LEN);
    out.extend_from_slice(head.method_name.of(bytes));
    out.push(b' ');
    out.extend_from_slice(head.target.of(bytes));
    out.extend_from_slice(b" HTTP/1.1\r\n");
    if head.host.is_none() {
        let authority = head.authority.map(|authority| authority.of(bytes));
        push_line(out, b"host", authority.unwrap_or(request_out.host_if_missing));
    }
    for field in &head.fields {
        let keeps = match field.kind {
            FieldKind::Host | FieldKind::Other => true,
            FieldKind::Expect => head.expect_continue,
            FieldKind::Te => {
                push_te(out, field.value.of(bytes));
                false
            }
            FieldKind::Trailer => head.framing == Framing::Chunked,
            FieldKind::Upgrade => request_out.connection == ConnectionOut::Upgrade,
            _ => false,
        };
        if keeps {
            push_field(out, bytes, field);
        }
    }
    match head.framing {
        Framing::None => {}
        Framing::Chunked => push_chunked(out),
        Framing::Length(len) => push_length(out, len),
    }
    push_connection(out, request_out.connection);
}

/// Appends the head of a response, whose bytes are `bytes`, as it goes to a client.
pub fn encode_response(
    out: &mut Vec<u8>,
    bytes: &[u8],
    head: &ResponseHead,
    response_out: &ResponseOut,
) {
    out.reserve(head.len + ADDED_LEN);
    out.extend_from_slice(b"HTTP/1.1 ");
    push_decimal(out, u64::from(head.status));
    out.push(b' ');
    out.extend_from_slice(head.reason.of(bytes));
    out.extend_from_slice(CRLF);
    for field in &head.fields {
        let keeps = match field.kind {
            FieldKind::Expect | FieldKind::Host | FieldKind::Other => true,
            FieldKind::Trailer => response_out.body == BodyOut::Chunked,
            FieldKind::Upgrade => response_out.connection == ConnectionOut::Upgrade,
            _ => false,
        };
        if keeps {
            push_field(out, bytes, field);
        }
    }
    match (response_out.body, head.content_length) {
        (BodyOut::Chunked, _) => push_chunked(out),
        (BodyOut::Length(len), _) | (BodyOut::None, Some(len)) => push_length(out, len),
        (BodyOut::Close, _) | (BodyOut::None, None) => {}
    }
    push_connection(out, response_out.connection);
    out.extend_from_slice(CRLF);
}

/// Appends what precedes a chunk of `len` bytes. After it comes `CRLF`.
///
/// A chunk of no bytes would end the body, so nothing may be sent for one.
pub fn chunk_prefix(out: &mut Vec<u8>, len: usize) {
    debug_assert!(len > 0);
    let digits_count = (usize::BITS - len.leading_zeros()).div_ceil(4);
    for index in (0..digits_count).rev() {
        let digit = (len >> (4 * index)) as u8 & 0xf;
        out.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
    }
    out.extend_from_slice(CRLF);
}

/// Appends the end of a chunked body with `trailers`, lines as `BodyDecoder::trailers` gives.
pub fn end_chunked(out: &mut Vec<u8>, trailers: &[u8]) {
    out.extend_from_slice(b"0\r\n");
    out.extend_from_slice(trailers);
    out.extend_from_slice(CRLF);
}

/// A line that came as `name: value\r\n` is copied at once; any other white space becomes that.
#[inline]
fn push_field(out: &mut Vec<u8>, bytes: &[u8], field: &Field) {
    let name_start = out.len();
    let (start, end) = (field.name.start as usize, field.value.end as usize);
    let line = bytes.get(start..end + CRLF.len()).unwrap_or_default();
    let is_plain = field.value.start == field.name.end + 2
        && line.get(field.name.len() + 1) == Some(&b' ')
        && line.ends_with(CRLF);
    if is_plain {
        out.extend_from_slice(line);
    } else {
        push_line(out, field.name.of(bytes), field.value.of(bytes));
    }
    if let Some(name) = out.get_mut(name_start..name_start + field.name.len()) {
        name.make_ascii_lowercase();
    }
}

/// Appends a field, its name in lower case.
pub fn push_line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(CRLF);
}

/// Of what a client accepts, only trailers pass through: codings are for this hop.
fn push_te(out: &mut Vec<u8>, value: &[u8]) {
    if list_elements(value).any(|coding| coding.eq_ignore_ascii_case(b"trailers")) {
        out.extend_from_slice(b"te: trailers\r\n");
    }
}

fn push_chunked(out: &mut Vec<u8>) {
    out.extend_from_slice(b"transfer-encoding: chunked\r\n");
}

fn push_length(out: &mut Vec<u8>, len: u64) {
    out.extend_from_slice(b"content-length: ");
    push_decimal(out, len);
    out.extend_from_slice(CRLF);
}

fn push_connection(out: &mut Vec<u8>, connection: ConnectionOut) {
    out.extend_from_slice(match connection {
        ConnectionOut::Close => b"connection: close\r\n",
        ConnectionOut::KeepAlive10 => b"connection: keep-alive\r\n",
        ConnectionOut::None => b"",
        ConnectionOut::Upgrade => b"connection: upgrade\r\n",
    });
}

/// Appends a field with an address, its name in lower case.
pub fn push_address_line(out: &mut Vec<u8>, name: &[u8], address: IpAddr) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    push_address(out, address);
    out.extend_from_slice(CRLF);
}

/// Appends an address; IPv4 in IPv6's clothes is written as IPv4.
pub fn push_address(out: &mut Vec<u8>, address: IpAddr) {
    match address.to_canonical() {
        // By hand: formatting costs more than all the rest of the line.
        IpAddr::V4(address) => {
            for (index, octet) in address.octets().into_iter().enumerate() {
                if index > 0 {
                    out.push(b'.');
                }
                push_decimal(out, u64::from(octet));
            }
        }
        IpAddr::V6(address) => {
            // Writing to a Vec cannot fail.
            let _ = write!(out, "{address}");
        }
    }
}

/// Appends a decimal number.
pub fn push_decimal(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut rest = number;
    let mut count = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        count += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - count..).unwrap_or_default());
}

#[cfg(test)]
mod tests;
