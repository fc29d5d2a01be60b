//! Converters that look things up: in maps, and in the configuration by name.

use proxy_config::model::BackendId;
use proxy_config::model::rule::{Match, Side, Value};

use super::super::context::Context;
use super::super::sample::Sample;

/// The map's value, else the default. `None` also where the sample cannot be a key at all.
pub(super) fn map<'a>(
    table: usize,
    default: Option<&'a Value>,
    sample: Sample<'a>,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    match context.config.tables.maps.get(table)?.method {
        Match::Int => sample.int().map(|_| ())?,
        Match::Ip => sample.ip().map(|_| ())?,
        _ => {}
    }
    context.library.lookup(table, sample, context).or_else(|| default.map(Sample::of))
}

pub(super) fn capture<'a>(
    side: Side,
    slot: usize,
    sample: Sample<'a>,
    context: &Context<'a>,
) -> Sample<'a> {
    let text = sample.text(context.arena);
    context.scene.capture(side == Side::Request, slot, text);
    Sample::Str(text)
}

fn backend(name: &[u8], context: &Context<'_>) -> Option<BackendId> {
    let is_it = |backend: &proxy_config::model::Backend| backend.name.as_bytes() == name;
    context.config.backends.iter().position(is_it).map(BackendId)
}

pub(super) fn usable_servers<'a>(name: &[u8], context: &Context<'a>) -> Option<Sample<'a>> {
    let count = context.scene.usable_servers(backend(name, context)?);
    i64::try_from(count).ok().map(Sample::Int)
}

/// Of `BACKEND/SERVER`, or of a server of the backend that was chosen.
pub(super) fn server_is_up<'a>(name: &[u8], context: &Context<'a>) -> Option<Sample<'a>> {
    let (id, server) = match memchr::memrchr(b'/', name) {
        Some(at) => (backend(name.get(..at)?, context)?, name.get(at + 1..)?),
        None => (context.scene.backend()?, name),
    };
    let servers = &context.config.backends.get(id.0)?.servers;
    let index = servers.iter().position(|own| own.name.as_bytes() == server)?;
    Some(Sample::Bool(context.scene.is_server_up(id, index)))
}

pub(super) fn exists<'a>(name: &[u8], is_backend: bool, context: &Context<'a>) -> Sample<'a> {
    let mut frontends = context.config.frontends.iter();
    Sample::Bool(if is_backend {
        backend(name, context).is_some()
    } else {
        frontends.any(|frontend| frontend.name.as_bytes() == name)
    })
}
