//! `url_dec` and `url_enc`.

use super::super::context::Context;
use super::super::sample::Sample;
use super::{build, limit};

/// `None`: a `%` that no two hexadecimal digits follow. A `+` is a space behind a `?`, and everywhere
/// in a form.
pub(super) fn decode<'a>(
    sample: Sample<'a>,
    in_form: bool,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let text = sample.text(context.arena);
    if memchr::memchr3(b'%', b'+', b'?', text).is_none() {
        return Some(Sample::Str(text));
    }
    build(context, |out| {
        let mut in_form = in_form;
        let mut rest = text;
        loop {
            rest = match rest {
                [] => return Some(()),
                [b'%', rest @ ..] => {
                    let (digits, rest) = rest.split_first_chunk()?;
                    out.push(byte(*digits)?);
                    rest
                }
                [b'+', rest @ ..] if in_form => {
                    out.push(b' ');
                    rest
                }
                [byte, rest @ ..] => {
                    in_form |= *byte == b'?';
                    out.push(*byte);
                    rest
                }
            };
        }
    })
    .map(Sample::Str)
}

fn byte([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// All but the unreserved characters of RFC 3986 section 2.3 are encoded.
pub(super) fn encode<'a>(sample: Sample<'a>, context: &Context<'a>) -> Option<Sample<'a>> {
    let text = sample.text(context.arena);
    build(context, |out| {
        for byte in text {
            if is_unreserved(*byte) {
                out.push(*byte);
            } else {
                let digit = |nibble: u8| b"0123456789ABCDEF".get(usize::from(nibble)).copied();
                out.push(b'%');
                out.extend([digit(byte >> 4), digit(byte & 15)].into_iter().flatten());
            }
            if out.len() > limit(context) {
                return None;
            }
        }
        Some(())
    })
    .map(Sample::Str)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}
