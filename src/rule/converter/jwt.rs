//! JSON Web Tokens (RFC 7519) in compact form: what their parts say, and whether they are signed.

use aws_lc_rs::hmac;
use proxy_config::model::rule::{JwtPart, Operand};

use super::super::context::Context;
use super::super::sample::Sample;
use super::bytes::base64_url_decode;
use super::json_query;
use super::jwt_keys::Algorithm;

/// What `jwt_verify` gives.
const GOOD: i64 = 1;
const BAD: i64 = 0;
const UNKNOWN_ALGORITHM: i64 = -1;
const INVALID_TOKEN: i64 = -3;
const UNKNOWN_KEY: i64 = -5;

/// A decoded part, or what a path finds in it.
pub(super) fn query<'a>(
    token: &[u8],
    part: JwtPart,
    (path, as_int): (Option<&str>, bool),
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let index = match part {
        JwtPart::Header => 0,
        JwtPart::Payload => 1,
    };
    let text = token.split(|byte| *byte == b'.').nth(index)?;
    let text = base64_url_decode(text, context)?;
    match path {
        Some(path) => json_query::query(text, path.as_bytes(), as_int, context),
        None => Some(Sample::Str(text)),
    }
}

/// `None`: a variable for the algorithm or the key is not set.
pub(super) fn verify<'a>(
    token: &[u8],
    alg: &'a Operand,
    key: &'a Operand,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let name = super::operand(alg, context)?.text(context.arena);
    let key = super::operand(key, context)?.text(context.arena);
    let result = match name {
        // Only where the rule itself says so: what a token says of itself must not make it good.
        b"none" if matches!(alg, Operand::Value(_)) => unsigned(token),
        b"HS256" => secret(hmac::HMAC_SHA256, token, key, context),
        b"HS384" => secret(hmac::HMAC_SHA384, token, key, context),
        b"HS512" => secret(hmac::HMAC_SHA512, token, key, context),
        _ => match Algorithm::of(name) {
            Some(algorithm) => public(algorithm, token, key, context),
            None => UNKNOWN_ALGORITHM,
        },
    };
    Some(Sample::Int(result))
}

/// A token without a signature.
fn unsigned(token: &[u8]) -> i64 {
    let mut parts = token.split(|byte| *byte == b'.').skip(1);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(_), None | Some([]), None) => GOOD,
        (Some(_), Some(_), None) => BAD,
        _ => INVALID_TOKEN,
    }
}

fn secret(algorithm: hmac::Algorithm, token: &[u8], key: &[u8], context: &Context<'_>) -> i64 {
    let Some((signed, signature)) = split(token, context) else { return INVALID_TOKEN };
    // The name of a public key is no secret, though a token may ask for one.
    if context.library.jwt_keys().find(key).is_some() {
        return BAD;
    }
    let key = hmac::Key::new(algorithm, key);
    hmac::verify(&key, signed, signature).map_or(BAD, |()| GOOD)
}

fn public(algorithm: Algorithm, token: &[u8], key: &[u8], context: &Context<'_>) -> i64 {
    let Some((signed, signature)) = split(token, context) else { return INVALID_TOKEN };
    let Some(key) = context.library.jwt_keys().find(key) else { return UNKNOWN_KEY };
    if !key.can_be_of(algorithm, signature) {
        return INVALID_TOKEN;
    }
    if key.verifies(algorithm, signed, signature) { GOOD } else { BAD }
}

/// What is signed, and the signature; `None` if there are not just three parts.
fn split<'t, 'a>(token: &'t [u8], context: &Context<'a>) -> Option<(&'t [u8], &'a [u8])> {
    let at = memchr::memrchr(b'.', token)?;
    let (signed, signature) = token.split_at_checked(at)?;
    let dots = memchr::memchr_iter(b'.', signed).count();
    let signature = signature.get(1..).filter(|text| !text.is_empty() && dots == 1)?;
    Some((signed, base64_url_decode(signature, context)?))
}
