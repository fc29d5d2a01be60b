//! Converters between bytes and their texts.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose::PAD};
use proxy_config::model::rule::{Arg, Bytes};

use super::super::context::Context;
use super::super::sample::Sample;
use super::{build, limit};
use crate::proto::h1::push_decimal;

/// HAProxy does not mind bits that a last digit has too many.
const LENIENT: GeneralPurposeConfig = PAD.with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    LENIENT.with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// `bytes`: an offset outside and a negative length give nothing, as an empty sample.
pub(super) fn part<'a>(
    range: Bytes,
    sample: Sample<'a>,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let bytes = sample.bytes(context.arena)?;
    let offset = arg(range.offset, context)?;
    let len = match range.len {
        Some(len) => arg(len, context)?,
        None => i64::MAX,
    };
    let part = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..));
    let part = part.unwrap_or_default();
    let len = usize::try_from(len.max(0)).unwrap_or(usize::MAX);
    Some(Sample::Bin(part.get(..len).unwrap_or(part)))
}

fn arg(arg: Arg, context: &Context<'_>) -> Option<i64> {
    match arg {
        Arg::Int(value) => Some(value),
        Arg::Var(var) => context.vars.get(var, context.arena)?.int(),
    }
}

pub(super) fn base64<'a>(sample: Sample<'a>, context: &Context<'a>) -> Option<Sample<'a>> {
    encode(&BASE64, sample, context)
}

pub(super) fn base64_url<'a>(sample: Sample<'a>, context: &Context<'a>) -> Option<Sample<'a>> {
    encode(&BASE64_URL, sample, context)
}

fn encode<'a>(
    engine: &GeneralPurpose,
    sample: Sample<'a>,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let bytes = sample.bytes(context.arena)?;
    build(context, |out| {
        // Four digits for three bytes, and one group that is not full.
        let room = bytes.len() / 3 * 4 + 4;
        if room > limit(context) + 4 {
            return None;
        }
        out.resize(room, 0);
        let len = engine.encode_slice(bytes, out).ok()?;
        out.truncate(len);
        Some(())
    })
    .map(Sample::Str)
}

pub(super) fn base64_decode<'a>(sample: Sample<'a>, context: &Context<'a>) -> Option<Sample<'a>> {
    decode(&BASE64, sample.text(context.arena), context).map(Sample::Bin)
}

/// The bytes of a text in the alphabet for URLs, without padding.
pub(super) fn base64_url_decode<'a>(text: &[u8], context: &Context<'a>) -> Option<&'a [u8]> {
    decode(&BASE64_URL, text, context)
}

fn decode<'a>(engine: &GeneralPurpose, text: &[u8], context: &Context<'a>) -> Option<&'a [u8]> {
    build(context, |out| engine.decode_vec(text, out).ok())
}

/// The bytes of a key that is written in base64.
pub(super) fn base64_key<'a>(text: &[u8], context: &Context<'a>) -> Option<&'a [u8]> {
    decode(&BASE64, text, context)
}

pub(super) fn hex<'a>(sample: Sample<'a>, context: &Context<'a>) -> Option<Sample<'a>> {
    let whole = Chunks { separator: b"", size: u32::MAX, truncate: false };
    to_hex(sample, &whole, context)
}

/// The last 16 digits count; no digit is 0.
pub(super) fn hex_to_int(text: &[u8]) -> Option<i64> {
    let digits = text.iter().map(|byte| char::from(*byte).to_digit(16));
    let value = digits
        .into_iter()
        .try_fold(0u64, |value, digit| digit.map(|digit| value << 4 | u64::from(digit)))?;
    Some(value as i64)
}

pub(super) fn base2<'a>(sample: Sample<'a>, context: &Context<'a>) -> Option<Sample<'a>> {
    let bytes = sample.bytes(context.arena)?;
    build(context, |out| {
        if bytes.len() > limit(context) / 8 {
            return None;
        }
        let digits = |byte: &u8| {
            let byte = *byte;
            (0..8).rev().map(move |bit| b'0' + (byte >> bit & 1))
        };
        out.extend(bytes.iter().flat_map(digits));
        Some(())
    })
    .map(Sample::Str)
}

/// How bytes are parted: every `size` of them, and whether a rest that is shorter is left out.
pub(super) struct Chunks<'c> {
    pub(super) separator: &'c [u8],
    pub(super) size: u32,
    pub(super) truncate: bool,
}

impl Chunks<'_> {
    /// Has `put` append each chunk.
    fn write<'a>(
        &self,
        bytes: &[u8],
        context: &Context<'a>,
        put: impl Fn(&mut Vec<u8>, &[u8]),
    ) -> Option<Sample<'a>> {
        let size = usize::try_from(self.size).ok().filter(|size| *size > 0)?;
        build(context, |out| {
            for (index, chunk) in bytes.chunks(size).enumerate() {
                if self.truncate && chunk.len() < size {
                    break;
                }
                if index > 0 {
                    out.extend_from_slice(self.separator);
                }
                put(out, chunk);
                if out.len() > limit(context) {
                    return None;
                }
            }
            Some(())
        })
        .map(Sample::Str)
    }
}

pub(super) fn to_decimal<'a>(
    sample: Sample<'a>,
    big_endian: bool,
    chunks: &Chunks<'_>,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let shift = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    chunks.write(sample.bytes(context.arena)?, context, |out, chunk| {
        let number = if big_endian {
            chunk.iter().fold(0, shift)
        } else {
            chunk.iter().rev().fold(0, shift)
        };
        push_decimal(out, number);
    })
}

pub(super) fn to_hex<'a>(
    sample: Sample<'a>,
    chunks: &Chunks<'_>,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    chunks.write(sample.bytes(context.arena)?, context, |out, chunk| {
        let digit = |nibble: u8| b"0123456789ABCDEF".get(usize::from(nibble)).copied();
        out.extend(chunk.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).flatten());
    })
}
