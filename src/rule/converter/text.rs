//! Converters of text.

use proxy_config::model::rule::Var;

use super::super::context::Context;
use super::super::sample::Sample;
use super::build;

pub(super) fn lower<'a>(sample: Sample<'a>, context: &Context<'a>) -> Sample<'a> {
    let text = context.arena.keep_mut(sample.text(context.arena));
    text.make_ascii_lowercase();
    Sample::Str(text)
}

pub(super) fn upper<'a>(sample: Sample<'a>, context: &Context<'a>) -> Sample<'a> {
    let text = context.arena.keep_mut(sample.text(context.arena));
    text.make_ascii_uppercase();
    Sample::Str(text)
}

pub(super) fn trim_start<'a>(text: &'a [u8], chars: &[u8]) -> Sample<'a> {
    let start = text.iter().position(|byte| !chars.contains(byte)).unwrap_or(text.len());
    Sample::Str(text.get(start..).unwrap_or_default())
}

pub(super) fn trim_end<'a>(text: &'a [u8], chars: &[u8]) -> Sample<'a> {
    let end = text.iter().rposition(|byte| !chars.contains(byte)).map_or(0, |last| last + 1);
    Sample::Str(text.get(..end).unwrap_or_default())
}

/// The sample, a text, a variable and a text; what is not set is nothing.
pub(super) fn concat<'a>(
    sample: Sample<'a>,
    [start, end]: [&[u8]; 2],
    var: Option<Var>,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let own = sample.text(context.arena);
    let middle = var_text(var, context);
    let parts = [own, start, middle, end];
    build(context, |out| {
        parts.iter().for_each(|part| out.extend_from_slice(part));
        Some(())
    })
    .map(Sample::Str)
}

/// As `concat`, but that the delimiter stands between two things only.
pub(super) fn add_item<'a>(
    sample: Sample<'a>,
    [delimiter, suffix]: [&[u8]; 2],
    var: Option<Var>,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let own = sample.text(context.arena);
    let item = var_text(var, context);
    let is_alone = own.is_empty() || item.is_empty() && suffix.is_empty();
    let between = if is_alone { b"" } else { delimiter };
    build(context, |out| {
        [own, between, item, suffix].iter().for_each(|part| out.extend_from_slice(part));
        Some(())
    })
    .map(Sample::Str)
}

fn var_text<'a>(var: Option<Var>, context: &Context<'a>) -> &'a [u8] {
    let value = var.and_then(|var| context.vars.get(var, context.arena));
    value.map_or(b"".as_slice(), |value| value.text(context.arena))
}

pub(super) fn cut_crlf(text: &[u8]) -> Sample<'_> {
    let end = memchr::memchr2(b'\r', b'\n', text).unwrap_or(text.len());
    Sample::Str(text.get(..end).unwrap_or_default())
}

pub(super) fn reverse<'a>(sample: Sample<'a>, context: &Context<'a>) -> Sample<'a> {
    let text = context.arena.keep_mut(sample.text(context.arena));
    text.reverse();
    Sample::Str(text)
}

/// `www.example.com` becomes `com.example.www`.
pub(super) fn reverse_domain<'a>(sample: Sample<'a>, context: &Context<'a>) -> Option<Sample<'a>> {
    let text = sample.text(context.arena);
    build(context, |out| {
        for (index, label) in text.rsplit(|byte| *byte == b'.').enumerate() {
            if index > 0 {
                out.push(b'.');
            }
            out.extend_from_slice(label);
        }
        Some(())
    })
    .map(Sample::Str)
}

/// Whether a byte is below a space.
pub(super) fn has_control<'a>(sample: Sample<'a>, context: &Context<'a>) -> Option<Sample<'a>> {
    let bytes = match sample {
        Sample::Str(bytes) | Sample::Bin(bytes) => bytes,
        other => other.text(context.arena),
    };
    Some(Sample::Bool(bytes.iter().any(|byte| *byte < b' ')))
}

/// The value of a `host` field without its port, in lower case.
pub(super) fn host_only<'a>(sample: Sample<'a>, context: &Context<'a>) -> Sample<'a> {
    let (host, _) = split_port(sample.text(context.arena));
    lower(Sample::Str(host), context)
}

/// The port of a `host` field's value, 0 without one. HAProxy does not check that it is one: what is not
/// a digit counts as if it were, and the number wraps at 32 bits.
pub(super) fn port_only(text: &[u8]) -> Sample<'_> {
    let (_, port) = split_port(text);
    let number = port.iter().fold(0u32, |number, byte| {
        number.wrapping_mul(10).wrapping_add(u32::from(*byte).wrapping_sub(u32::from(b'0')))
    });
    Sample::Int(i64::from(number))
}

/// Parts a host from its port at the last colon that is not within brackets.
fn split_port(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().rposition(|byte| matches!(byte, b':' | b']')) {
        Some(at) if text.get(at) == Some(&b':') => {
            (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default())
        }
        _ => (text, b""),
    }
}
