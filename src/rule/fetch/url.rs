//! The target of a request and its parts, and hashes of them.

use std::net::{IpAddr, Ipv4Addr};

use proxy_config::model::rule::{HttpFact, Side};

use super::header::{Elements, Fields, decimal, ipv4};
use crate::proto::h1::RequestHead;
use crate::rule::context::{Context, Message};
use crate::rule::sample::Sample;

type Request<'a> = Message<'a, RequestHead>;

pub(super) fn fetch<'a>(
    fact: &HttpFact,
    request: Request<'a>,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    Some(match fact {
        HttpFact::Url => Sample::Str(request.head.target.of(request.bytes)),
        HttpFact::PathAndQuery => Sample::Str(whole_path(request)?),
        HttpFact::Query => {
            let path = request.head.path_and_query.of(request.bytes);
            Sample::Str(path.get(memchr::memchr(b'?', path)? + 1..)?)
        }
        HttpFact::Base { with_query } => base(*with_query, request, context)?,
        HttpFact::Base32 { with_source } => {
            hashed(base_hash(request, context), *with_source, context)?
        }
        HttpFact::Url32 { with_source } => {
            hashed(url_hash(request, context), *with_source, context)?
        }
        HttpFact::UrlIp => Sample::Ip(IpAddr::V4(url_end(request)?.0)),
        HttpFact::UrlPort => Sample::Int(url_end(request)?.1),
        _ => return None,
    })
}

/// Without the query; `None` for `*`, and where there is only an authority.
#[inline]
pub(super) fn path(request: Request<'_>) -> Option<&[u8]> {
    let path = whole_path(request)?;
    match memchr::memchr(b'?', path) {
        Some(end) => path.get(..end),
        None => Some(path),
    }
}

/// With the query.
#[inline]
fn whole_path(request: Request<'_>) -> Option<&[u8]> {
    Some(request.head.path_and_query.of(request.bytes)).filter(|path| path.starts_with(b"/"))
}

/// Of any form of target: what follows the authority, from a slash on.
pub(super) fn path_and_query(target: &[u8]) -> Option<&[u8]> {
    if target.starts_with(b"/") {
        return Some(target);
    }
    let colon = memchr::memchr(b':', target)?;
    let behind = target.get(colon..)?.strip_prefix(b"://")?;
    behind.get(memchr::memchr(b'/', behind)?..)
}

/// The first value of the host field; empty without one.
fn host<'a>(context: &Context<'a>) -> &'a [u8] {
    host_line(context).and_then(|line| Elements::new(line).next()).unwrap_or_default()
}

fn host_line<'a>(context: &Context<'a>) -> Option<&'a [u8]> {
    Fields::of(Side::Request, context)?.lines(Some("host")).next()
}

/// Without a host it is the path.
fn base<'a>(with_query: bool, request: Request<'a>, context: &Context<'a>) -> Option<Sample<'a>> {
    let path = if with_query { whole_path(request) } else { path(request) };
    let host = host(context);
    Some(Sample::Str(match (host, path) {
        ([], path) => path?,
        (host, None) => host,
        (host, Some(path)) => context.arena.write(|out| {
            out.extend_from_slice(host);
            out.extend_from_slice(path);
        }),
    }))
}

fn base_hash(request: Request<'_>, context: &Context<'_>) -> u32 {
    let hash = sdbm(0, host(context));
    avalanche(sdbm(hash, path(request).unwrap_or_default()))
}

fn url_hash(request: Request<'_>, context: &Context<'_>) -> u32 {
    let hash = sdbm(0, host_line(context).unwrap_or_default());
    avalanche(sdbm(hash, whole_path(request).unwrap_or_default()))
}

/// A hash, or its four bytes and the source's address.
fn hashed<'a>(hash: u32, with_source: bool, context: &Context<'a>) -> Option<Sample<'a>> {
    if !with_source {
        return Some(Sample::Int(hash.into()));
    }
    let source = context.client.source?.ip();
    Some(Sample::Bin(context.arena.write(|out| {
        out.extend(hash.to_be_bytes());
        match source {
            IpAddr::V4(address) => out.extend(address.octets()),
            IpAddr::V6(address) => out.extend(address.octets()),
        }
    })))
}

/// The hash of sdbm, a public-domain database, on bytes with a sign, as C has them.
fn sdbm(hash: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(hash, |hash, byte| {
        let byte = i32::from(byte.cast_signed()).cast_unsigned();
        byte.wrapping_add(hash << 6).wrapping_add(hash << 16).wrapping_sub(hash)
    })
}

/// Bob Jenkins' full avalanche on 32 bits, and HAProxy's factor.
fn avalanche(hash: u32) -> u32 {
    let hash = hash.wrapping_add(0x7ed5_5d16).wrapping_add(hash << 12);
    let hash = hash ^ 0xc761_c23c ^ (hash >> 19);
    let hash = hash.wrapping_add(0x1656_67b1).wrapping_add(hash << 5);
    let hash = hash.wrapping_add(0xd3a2_646c) ^ (hash << 9);
    let hash = hash.wrapping_add(0xfd70_46c5).wrapping_add(hash << 3);
    let hash = hash ^ 0xb55a_4f09 ^ (hash >> 16);
    hash.wrapping_mul(3_221_225_473)
}

/// The address and port in `http://192.0.2.1:80/`: only where an address of IPv4 is written.
fn url_end(request: Request<'_>) -> Option<(Ipv4Addr, i64)> {
    let target = request.head.target.of(request.bytes);
    let colon = memchr::memchr(b':', target)?;
    let (scheme, rest) = target.split_at_checked(colon)?;
    let default_port = match scheme {
        _ if scheme.eq_ignore_ascii_case(b"http") => 80,
        _ if scheme.eq_ignore_ascii_case(b"https") => 443,
        _ => return None,
    };
    let rest = rest.strip_prefix(b"://")?;
    let len = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    match ipv4(rest.get(..len)?)? {
        (address, [] | [b':']) => Some((address, default_port)),
        (address, [b':', port @ ..]) => Some((address, decimal(port)?.into())),
        _ => None,
    }
}
