//! `json`: a text between the quotes of JSON, in ASCII.

use std::io::Write;

use proxy_config::model::rule::JsonInput;

use super::super::context::Context;
use super::super::sample::Sample;
use super::{build, limit};

/// Escapes four digits long have no more.
const CODE_MAX: u32 = 0xffff;

pub(super) fn escape<'a>(
    sample: Sample<'a>,
    input: JsonInput,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let text = sample.text(context.arena);
    let (is_permissive, is_silent) = match input {
        JsonInput::Ascii => (true, true),
        JsonInput::Utf8 => (false, false),
        JsonInput::Utf8s => (false, true),
        JsonInput::Utf8p => (true, false),
        JsonInput::Utf8ps => (true, true),
    };
    build(context, |out| {
        let mut rest = text;
        while let Some((first, behind)) = rest.split_first() {
            let code = if input == JsonInput::Ascii {
                rest = behind;
                Some(u32::from(*first))
            } else {
                let (code, behind) = next_code(*first, behind, is_permissive);
                rest = behind;
                code.filter(|code| *code <= CODE_MAX)
            };
            match code {
                Some(code) => put(out, code),
                None if is_silent => {}
                None => return None,
            }
            if out.len() > limit(context) {
                return None;
            }
        }
        Some(())
    })
    .map(Sample::Str)
}

fn put(out: &mut Vec<u8>, code: u32) {
    let escaped: &[u8] = match u8::try_from(code).unwrap_or_default() {
        b'"' => b"\\\"",
        b'\\' => b"\\\\",
        b'/' => b"\\/",
        0x08 => b"\\b",
        0x0c => b"\\f",
        b'\r' => b"\\r",
        b'\n' => b"\\n",
        b'\t' => b"\\t",
        byte @ b' '..=b'~' => {
            out.push(byte);
            return;
        }
        _ => {
            // Writing to a Vec cannot fail.
            let _ = write!(out, "\\u{code:04x}");
            return;
        }
    };
    out.extend_from_slice(escaped);
}

/// The code that `first` begins, and what is behind it. `None`: a sequence that is wrong, or longer than
/// it must be unless that is permitted. In the form of RFC 2279, with sequences of up to six bytes.
fn next_code(first: u8, rest: &[u8], is_permissive: bool) -> (Option<u32>, &[u8]) {
    let (more, bits, least) = match first {
        0..=0x7f => return (Some(u32::from(first)), rest),
        0xc0..=0xdf => (1, first & 0x1f, 0x80),
        0xe0..=0xef => (2, first & 0x0f, 0x800),
        0xf0..=0xf7 => (3, first & 0x07, 0x1_0000),
        0xf8..=0xfb => (4, first & 0x03, 0x20_0000),
        0xfc..=0xfd => (5, first & 0x01, 0x400_0000),
        0x80..=0xbf | 0xfe | 0xff => return (None, rest),
    };
    let follows = rest.iter().take(more).take_while(|byte| **byte & 0xc0 == 0x80);
    let len = follows.clone().count();
    let code = follows.fold(u32::from(bits), |code, byte| code << 6 | u32::from(byte & 0x3f));
    let is_good = len == more
        && (is_permissive || code >= least)
        && !matches!(code, 0xd800..=0xdfff | 0xfffe..=0xffff);
    (is_good.then_some(code), rest.get(len..).unwrap_or_default())
}
