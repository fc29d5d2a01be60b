//! Bytes as they arrive: `req.payload` and its like (HAProxy's manual, chapter 7.3.5).
//!
//! What more bytes may still change says so in the context, until no more come.

use proxy_config::model::rule::{Offset, PayloadFact, Side};

use super::{hello, size};
use crate::rule::context::{Context, Input};
use crate::rule::sample::Sample;

/// What a connection request of RDP has before its cookie: headers of TPKT and X.224.
const RDP_HEADER_LEN: usize = 11;

/// Fields that an HTTP request may have to be known as one.
const FIELDS_MAX: usize = 128;

pub(super) fn fetch<'a>(fact: &PayloadFact, context: &Context<'a>) -> Option<Sample<'a>> {
    match fact {
        PayloadFact::Len(side) => {
            let input = input(*side, context)?;
            context.may_change.set(!input.is_final);
            Some(size(input.bytes.len()))
        }
        PayloadFact::Payload { side, offset, len } => {
            payload(input(*side, context)?, to_usize(*offset), to_usize(*len), context)
        }
        PayloadFact::PayloadLv { side, offset, len, at } => {
            let place = Place { offset: to_usize(*offset), len: to_usize(*len), at: *at };
            payload_lv(input(*side, context)?, &place, context)
        }
        PayloadFact::IsHttp => is_http(context),
        PayloadFact::RdpCookie(name) => rdp_cookie(name.as_deref(), context),
        PayloadFact::RdpCookieCount(name) => rdp_cookie_count(name.as_deref(), context),
        PayloadFact::HelloType(side) => hello::hello_type(*side, context),
        _ => hello::fetch(fact, context),
    }
}

#[inline]
pub(super) fn input<'a>(side: Side, context: &Context<'a>) -> Option<Input<'a>> {
    match side {
        Side::Request => context.request_input,
        Side::Response => context.response_input,
    }
}

/// No sample yet; never, if no more bytes come.
pub(super) fn wait<T>(input: Input<'_>, context: &Context<'_>) -> Option<T> {
    context.may_change.set(!input.is_final);
    None
}

fn to_usize(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// `len` bytes at `offset`; all from there on if `len` is 0.
fn payload<'a>(
    input: Input<'a>,
    offset: usize,
    len: usize,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let end = offset.saturating_add(len);
    if end > context.config.global.tune.bufsize {
        return None;
    }
    let Some(rest) = input.bytes.get(offset..) else { return wait(input, context) };
    if len == 0 {
        context.may_change.set(!input.is_final);
        return Some(Sample::Bin(rest));
    }
    match rest.get(..len) {
        Some(bytes) => Some(Sample::Bin(bytes)),
        None => wait(input, context),
    }
}

/// Where a length is, and what it measures.
struct Place {
    offset: usize,
    len: usize,
    at: Option<Offset>,
}

fn payload_lv<'a>(input: Input<'a>, place: &Place, context: &Context<'a>) -> Option<Sample<'a>> {
    let behind = place.offset.saturating_add(place.len);
    let Some(len) = input.bytes.get(place.offset..behind) else {
        let is_hopeless = behind > context.config.global.tune.bufsize;
        return if is_hopeless { None } else { wait(input, context) };
    };
    // Of a longer field the last four bytes count.
    let len = to_usize(len.iter().fold(0, |len: u32, byte| len << 8 | u32::from(*byte)));
    let at = match place.at {
        None => behind,
        Some(Offset::From(at)) => to_usize(at),
        Some(Offset::Relative(by)) => behind.checked_add_signed(isize::try_from(by).ok()?)?,
    };
    // Otherwise it would be all that there is.
    if len == 0 { None } else { payload(input, at, len, context) }
}

/// True if a request begins the bytes, with all of its head.
fn is_http(context: &Context<'_>) -> Option<Sample<'static>> {
    if context.request.is_some() {
        return Some(Sample::Bool(true));
    }
    let input = context.request_input?;
    match has_http_head(input.bytes) {
        Some(true) => Some(Sample::Bool(true)),
        Some(false) => None,
        None => wait(input, context),
    }
}

/// Whether `bytes` begin with the head of an HTTP request; `None` while that is open.
pub(super) fn has_http_head(bytes: &[u8]) -> Option<bool> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
    match httparse::Request::new(&mut fields).parse(bytes) {
        Ok(httparse::Status::Complete(_)) => Some(true),
        Ok(httparse::Status::Partial) => None,
        Err(_) => Some(false),
    }
}

fn rdp_cookie<'a>(name: Option<&[u8]>, context: &Context<'a>) -> Option<Sample<'a>> {
    let input = context.request_input?;
    match find_rdp_cookie(input.bytes, name) {
        Found::Value(value) => Some(Sample::Str(value)),
        Found::Nothing => None,
        Found::Open => wait(input, context),
    }
}

fn rdp_cookie_count(name: Option<&[u8]>, context: &Context<'_>) -> Option<Sample<'static>> {
    let input = context.request_input?;
    match find_rdp_cookie(input.bytes, name) {
        Found::Value(_) => Some(Sample::Int(1)),
        Found::Nothing => Some(Sample::Int(0)),
        Found::Open => wait(input, context),
    }
}

enum Found<'a> {
    Value(&'a [u8]),
    Nothing,
    /// More bytes decide.
    Open,
}

/// The value in `Cookie: NAME=VALUE` and CR LF (MS-RDPBCGR, section 2.2.1.1). Words and names may be
/// written in any case.
fn find_rdp_cookie<'a>(bytes: &'a [u8], name: Option<&[u8]>) -> Found<'a> {
    const WORD: &[u8] = b"Cookie:";
    let rest = bytes.get(RDP_HEADER_LEN..).unwrap_or_default();
    // A byte must follow what is compared.
    let Some((word, rest)) = rest.split_at_checked(WORD.len()).filter(|(_, rest)| !rest.is_empty())
    else {
        return Found::Open;
    };
    if !word.eq_ignore_ascii_case(WORD) {
        return Found::Nothing;
    }
    let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
    let rest = rest.get(blanks..).unwrap_or_default();
    match name.filter(|name| !name.is_empty()) {
        Some(name) => named_rdp_cookie(rest, name),
        None => first_rdp_cookie(rest),
    }
}

fn named_rdp_cookie<'a>(bytes: &'a [u8], name: &[u8]) -> Found<'a> {
    match bytes.split_at_checked(name.len()) {
        Some((own, [b'=', value @ ..])) if own.eq_ignore_ascii_case(name) => rdp_value(value),
        None | Some((_, [])) => Found::Open,
        Some(_) => Found::Nothing,
    }
}

fn first_rdp_cookie(bytes: &[u8]) -> Found<'_> {
    let end = bytes.iter().position(|byte| matches!(byte, b'=' | b'\r' | b'\n'));
    match end.and_then(|end| bytes.get(end..)) {
        Some([b'=', value @ ..]) => rdp_value(value),
        Some(_) => Found::Nothing,
        None => Found::Open,
    }
}

fn rdp_value(bytes: &[u8]) -> Found<'_> {
    let Some(len) = memchr::memchr(b'\r', bytes) else { return Found::Open };
    match bytes.split_at_checked(len) {
        Some((value, [_, b'\n', ..])) => Found::Value(value),
        Some((_, [_, _, ..])) => Found::Nothing,
        _ => Found::Open,
    }
}
