//! Converters: from sample to sample (HAProxy's manual, chapter 7.3.1).
//!
//! What a converter makes lives in the context's arena and is never longer than HAProxy's buffer
//! (`tune.bufsize`): beyond it there is no sample. Nothing here can fail otherwise: whatever bytes come,
//! a converter gives a sample or none.

mod address;
mod bytes;
mod digest;
mod forwarded;
mod hash;
mod json;
mod json_query;
mod jwt;
mod jwt_keys;
mod language;
mod list;
mod lookup;
mod number;
mod regsub;
mod strftime;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod url;
mod variable;
mod x509_error;

pub use jwt_keys::JwtKeys;
pub use variable::may_set;

use proxy_config::model::rule::{Converter, Operand};

use super::condition::{Truth, holds};
use super::context::Context;
use super::sample::Sample;

/// What `converter` makes of a sample; `None` where there is nothing, or it has the wrong type.
#[expect(clippy::too_many_lines, reason = "a line or two for each converter, and no logic")]
pub fn convert<'a>(
    converter: &'a Converter,
    sample: Sample<'a>,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let arena = context.arena;
    match converter {
        Converter::Lower => Some(text::lower(sample, context)),
        Converter::Upper => Some(text::upper(sample, context)),
        Converter::Length => i64::try_from(sample.text(arena).len()).ok().map(Sample::Int),
        Converter::Bytes(range) => bytes::part(*range, sample, context),
        Converter::Field { index, delimiters, count } => {
            list::field(sample.text(arena), *index, delimiters, *count).map(Sample::Str)
        }
        Converter::Word { index, delimiters, count } => {
            list::word(sample.text(arena), *index, delimiters, *count).map(Sample::Str)
        }
        Converter::TrimStart(chars) => Some(text::trim_start(sample.text(arena), chars)),
        Converter::TrimEnd(chars) => Some(text::trim_end(sample.text(arena), chars)),
        Converter::Regsub { regex, with, all } => {
            regsub::regsub(context.library.regex(*regex), with, *all, sample, context)
        }
        Converter::Concat { start, var, end } => text::concat(sample, [start, end], *var, context),
        Converter::AddItem { delimiter, var, suffix } => {
            text::add_item(sample, [delimiter, suffix], *var, context)
        }
        Converter::CutCrlf => Some(text::cut_crlf(sample.text(arena))),
        Converter::Reverse => Some(text::reverse(sample, context)),
        Converter::ReverseDomain => text::reverse_domain(sample, context),
        Converter::HasControl => text::has_control(sample, context),
        Converter::HostOnly => Some(text::host_only(sample, context)),
        Converter::PortOnly => Some(text::port_only(sample.text(arena))),
        Converter::Iif(yes, no) => {
            sample.truth().map(|truth| Sample::Str(if truth { yes } else { no }))
        }
        Converter::Strcmp(var) => variable::strcmp(sample, *var, context),
        Converter::SecureMemcmp(var) => variable::secure_memcmp(sample, *var, context),
        Converter::Language { values, default } => {
            language::preferred(sample.text(arena), values, default.as_deref()).map(Sample::Str)
        }
        Converter::Param { name, delimiter } => {
            list::param(sample.text(arena), name, *delimiter).map(Sample::Str)
        }
        Converter::UrlDecode { in_form } => url::decode(sample, *in_form, context),
        Converter::UrlEncode(_) => url::encode(sample, context),
        Converter::Json(input) => json::escape(sample, *input, context),
        Converter::JsonQuery { path, as_int } => {
            json_query::query(sample.text(arena), path.as_bytes(), *as_int, context)
        }
        Converter::JwtQuery { part, path, as_int } => {
            jwt::query(sample.text(arena), *part, (path.as_deref(), *as_int), context)
        }
        Converter::JwtVerify { alg, key } => jwt::verify(sample.text(arena), alg, key, context),
        Converter::ForwardedIsValid => {
            Some(Sample::Bool(forwarded::parse(sample.text(arena)).is_some()))
        }
        Converter::ForwardedField(name) => {
            forwarded::field(sample.text(arena), name.as_bytes()).map(Sample::Str)
        }
        Converter::ForwardedNode(part) => forwarded::node(sample.text(arena), *part),

        Converter::Base64 => bytes::base64(sample, context),
        Converter::Base64Decode => bytes::base64_decode(sample, context),
        Converter::Base64Url => bytes::base64_url(sample, context),
        Converter::Base64UrlDecode => {
            bytes::base64_url_decode(sample.text(arena), context).map(Sample::Bin)
        }
        Converter::Hex => bytes::hex(sample, context),
        Converter::HexToInt => bytes::hex_to_int(sample.text(arena)).map(Sample::Int),
        Converter::Base2 => bytes::base2(sample, context),
        Converter::ToDecimal { big_endian, separator, size, truncate } => bytes::to_decimal(
            sample,
            *big_endian,
            &bytes::Chunks { separator, size: *size, truncate: *truncate },
            context,
        ),
        Converter::ToHex { separator, size, truncate } => bytes::to_hex(
            sample,
            &bytes::Chunks { separator, size: *size, truncate: *truncate },
            context,
        ),
        Converter::ToNetworkOrder => {
            sample.int().map(|value| Sample::Bin(arena.keep(&(value as u32).to_be_bytes())))
        }
        Converter::Hash(hash) => sample.bytes(arena).map(|own| Sample::Int(hash::of(*hash, own))),
        Converter::Digest(digest) => digest::of(*digest, sample, context),
        Converter::Hmac(digest, key) => digest::hmac(*digest, key, sample, context),

        Converter::Arithmetic(kind, operand) => number::arithmetic(*kind, operand, sample, context),
        Converter::Bits(kind, operand) => number::bits(*kind, operand, sample, context),
        // The opposite of the smallest number is the largest one, as in `sub`.
        Converter::Negate => sample.int().map(|value| Sample::Int(0i64.saturating_sub(value))),
        Converter::Complement => sample.int().map(|value| Sample::Int(!value)),
        Converter::Not => sample.int().map(|value| Sample::Bool(value == 0)),
        Converter::Bool => sample.int().map(|value| Sample::Bool(value != 0)),
        Converter::Even => sample.int().map(|value| Sample::Bool(value & 1 == 0)),
        Converter::Odd => sample.int().map(|value| Sample::Bool(value & 1 == 1)),

        Converter::IpMask { v4, v6 } => address::mask(sample, *v4, *v6),

        Converter::HttpDate { offset, unit } => time::http_date(sample, *offset, *unit, context),
        Converter::Utime { unit, format, offset } => {
            time::utime(sample, &time::Style { unit: *unit, format, offset: *offset }, context)
        }
        Converter::Ltime { unit, format, offset } => {
            time::ltime(sample, &time::Style { unit: *unit, format, offset: *offset }, context)
        }

        Converter::Map { table, default } => lookup::map(*table, default.as_ref(), sample, context),

        Converter::SetVar(var, conditions) => {
            variable::set(*var, conditions, sample, context);
            Some(sample)
        }
        Converter::UnsetVar(var) => {
            context.vars.set(*var, None);
            Some(sample)
        }
        Converter::Capture(side, slot) => Some(lookup::capture(*side, *slot, sample, context)),

        Converter::UsableServers => lookup::usable_servers(sample.text(arena), context),
        Converter::ServerIsUp => lookup::server_is_up(sample.text(arena), context),
        Converter::Exists { is_backend } => {
            Some(lookup::exists(sample.text(arena), *is_backend, context))
        }
        Converter::Debug => Some(sample),
        Converter::X509Error => x509_error::name(sample, context),
        Converter::WhenIs(state) => context.scene.stream_is(*state).then_some(sample),
        Converter::When(condition) => (holds(condition, context) == Truth::Yes).then_some(sample),
    }
}

/// The most bytes that a sample may have.
fn limit(context: &Context<'_>) -> usize {
    context.config.global.tune.bufsize
}

/// Keeps what `write` appends; `None` if `write` says so or it is too much.
fn build<'a>(
    context: &Context<'a>,
    write: impl FnOnce(&mut Vec<u8>) -> Option<()>,
) -> Option<&'a [u8]> {
    let mut is_good = false;
    let bytes = context.arena.write(|out| {
        is_good = write(out).is_some() && out.len() <= limit(context);
        if !is_good {
            out.clear();
        }
    });
    is_good.then_some(bytes)
}

/// The sample of an operand; `None` of a variable that is not set.
fn operand<'a>(operand: &'a Operand, context: &Context<'a>) -> Option<Sample<'a>> {
    match operand {
        Operand::Value(value) => Some(Sample::of(value)),
        Operand::Var(var) => context.vars.get(*var, context.arena),
    }
}
