//! `sha1`, `sha2`, `digest` and `hmac`.

use aws_lc_rs::{digest as sha, hmac};
use proxy_config::model::rule::{Digest, Operand};

use super::super::context::Context;
use super::super::sample::Sample;
use super::bytes::base64_key;

/// Bytes of the block that MD5 takes.
const MD5_BLOCK: usize = 64;

pub(super) fn of<'a>(
    digest: Digest,
    sample: Sample<'a>,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let bytes = sample.bytes(context.arena)?;
    let keep = |digest: &[u8]| Sample::Bin(context.arena.keep(digest));
    let algorithm = match digest {
        Digest::Md5 => return Some(keep(&md5::compute(bytes).0)),
        Digest::Sha1 => &sha::SHA1_FOR_LEGACY_USE_ONLY,
        Digest::Sha224 => &sha::SHA224,
        Digest::Sha256 => &sha::SHA256,
        Digest::Sha384 => &sha::SHA384,
        Digest::Sha512 => &sha::SHA512,
    };
    Some(keep(sha::digest(algorithm, bytes).as_ref()))
}

/// With a key in base64.
pub(super) fn hmac<'a>(
    digest: Digest,
    key: &'a Operand,
    sample: Sample<'a>,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let key = base64_key(super::operand(key, context)?.text(context.arena), context)?;
    let bytes = sample.bytes(context.arena)?;
    let algorithm = match digest {
        Digest::Md5 => return Some(Sample::Bin(context.arena.keep(&hmac_md5(key, bytes)))),
        Digest::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Digest::Sha224 => hmac::HMAC_SHA224,
        Digest::Sha256 => hmac::HMAC_SHA256,
        Digest::Sha384 => hmac::HMAC_SHA384,
        Digest::Sha512 => hmac::HMAC_SHA512,
    };
    let tag = hmac::sign(&hmac::Key::new(algorithm, key), bytes);
    Some(Sample::Bin(context.arena.keep(tag.as_ref())))
}

/// RFC 2104, with the digest that the library of the others does not offer.
fn hmac_md5(key: &[u8], bytes: &[u8]) -> [u8; 16] {
    let hashed = md5::compute(key).0;
    let key = if key.len() > MD5_BLOCK { hashed.as_slice() } else { key };
    let mut block = [0; MD5_BLOCK];
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let inner = md5_of(&block.map(|byte| byte ^ 0x36), bytes);
    md5_of(&block.map(|byte| byte ^ 0x5c), &inner)
}

fn md5_of(first: &[u8], second: &[u8]) -> [u8; 16] {
    let mut context = md5::Context::new();
    context.consume(first);
    context.consume(second);
    context.finalize().0
}
