//! What the tests of HTTP/1 share: limits, arrivals.

pub(super) use crate::proto::testing::{Random, with_seeds};

use super::{Limits, Method, ParseError, RequestHead, ResponseHead};

pub(super) const LIMITS: Limits = Limits::strict(16_384, 100);

pub(super) fn parse_request(
    bytes: &[u8],
    limits: &Limits,
) -> Result<Option<RequestHead>, ParseError> {
    let mut head = RequestHead::default();
    Ok(head.parse(bytes, limits)?.then_some(head))
}

pub(super) fn parse_response(
    bytes: &[u8],
    limits: &Limits,
    method: Method,
) -> Result<Option<ResponseHead>, ParseError> {
    let mut head = ResponseHead::default();
    Ok(head.parse(bytes, limits, method)?.then_some(head))
}

/// The length of the head, or why it was refused, found three ways: the verdict must not depend
/// on how the bytes arrive or on what follows.
pub(super) fn head_len(
    bytes: &[u8],
    parse: impl Fn(&[u8]) -> Result<Option<usize>, ParseError>,
) -> Result<usize, ParseError> {
    let shown = bytes.escape_ascii();
    let whole = parse(bytes).map(|len| len.unwrap_or_else(|| panic!("not complete: {shown}")));
    let by_byte = (0..=bytes.len()).find_map(|len| parse(&bytes[..len]).transpose());
    assert_eq!(by_byte, Some(whole), "byte by byte: {shown}");
    if let Ok(len) = whole {
        assert!(matches!(parse(&bytes[..len - 1]), Ok(None)), "too early: {shown}");
    }
    for trailing in ["GET / HTTP/1.1\r\n\r\n", "\r\n\r\n", "\0", " "] {
        let followed = [bytes, trailing.as_bytes()].concat();
        assert_eq!(parse(&followed), whole.map(Some), "followed by {trailing:?}: {shown}");
    }
    whole
}

pub(super) fn request_len(bytes: &[u8]) -> Result<usize, ParseError> {
    head_len(bytes, |bytes| Ok(parse_request(bytes, &LIMITS)?.map(|head| head.len)))
}

/// Parses a request that must pass, in every way that it can arrive and at each limit.
pub(super) fn request(text: &str) -> RequestHead {
    let bytes = text.as_bytes();
    assert_eq!(request_len(bytes), Ok(bytes.len()), "{text:?}");
    let head = parse_request(bytes, &LIMITS).unwrap().unwrap();
    let parse = |head_len_max, fields_max| {
        parse_request(bytes, &Limits::strict(head_len_max, fields_max)).map(|head| head.is_some())
    };
    let fields_count = head.fields.len();
    assert_eq!(parse(bytes.len(), fields_count), Ok(true), "{text:?}");
    assert_eq!(parse(bytes.len() + 1, fields_count + 1), Ok(true), "{text:?}");
    assert_eq!(parse(bytes.len() - 1, fields_count), Err(ParseError::HeadTooLong), "{text:?}");
    if fields_count > 0 {
        assert_eq!(
            parse(bytes.len(), fields_count - 1),
            Err(ParseError::FieldsTooMany),
            "{text:?}"
        );
    }
    assert_eq!(parse(bytes.len(), 1024), Ok(true), "{text:?}");
    head
}

pub(super) fn refuse(text: impl AsRef<[u8]>, error: ParseError) {
    let bytes = text.as_ref();
    assert_eq!(request_len(bytes), Err(error), "{}", bytes.escape_ascii());
}

/// Refuses a POST with these lines, which is otherwise in order.
pub(super) fn refuse_fields(lines: impl AsRef<[u8]>, error: ParseError) {
    let mut bytes = b"POST / HTTP/1.1\r\nHost: a\r\n".to_vec();
    bytes.extend_from_slice(lines.as_ref());
    bytes.extend_from_slice(b"\r\n\r\n");
    refuse(bytes, error);
}

pub(super) fn with_fields(lines: &str) -> RequestHead {
    request(&format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n"))
}

pub(super) fn response_len(bytes: &[u8], method: Method) -> Result<usize, ParseError> {
    head_len(bytes, |bytes| Ok(parse_response(bytes, &LIMITS, method)?.map(|head| head.len)))
}

pub(super) fn response(text: &str, method: Method) -> ResponseHead {
    let bytes = text.as_bytes();
    assert_eq!(response_len(bytes, method), Ok(bytes.len()), "{text:?}");
    let limits = |head_len_max| Limits::strict(head_len_max, 9);
    let too_long = parse_response(bytes, &limits(bytes.len() - 1), method).map(|_| ());
    assert_eq!(too_long, Err(ParseError::HeadTooLong));
    parse_response(bytes, &limits(bytes.len()), method).unwrap().unwrap()
}

pub(super) fn refuse_response(text: &str, error: ParseError) {
    for method in [Method::Get, Method::Head] {
        assert_eq!(response_len(text.as_bytes(), method), Err(error), "{text:?}");
    }
}
