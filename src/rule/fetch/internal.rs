//! What the process knows of itself (HAProxy's manual, chapter 7.3.2).

use proxy_config::model::BackendId;
use proxy_config::model::rule::InternalFact;

use super::{count, in_unit, size};
use crate::rule::context::{Context, Scene};
use crate::rule::sample::Sample;

pub(super) fn fetch<'a>(fact: &InternalFact, context: &Context<'a>) -> Option<Sample<'a>> {
    let scene = context.scene;
    Some(match *fact {
        InternalFact::ProcessConns => count(scene.process_conns()),
        InternalFact::BackendConns(backend) => count(scene.backend_conns(backend)),
        InternalFact::UsableServers(backend) => size(scene.usable_servers(backend)),
        InternalFact::FrontendConns(frontend) => count(scene.frontend_conns(frontend)),
        InternalFact::Date { offset, unit } => {
            Sample::Int(in_unit(scene.wall_us(), unit).saturating_add(offset))
        }
        InternalFact::DateMicros => count(scene.wall_us() % 1_000_000),
        InternalFact::Pid => count(std::process::id().into()),
        InternalFact::Proc => Sample::Int(1),
        InternalFact::Random(range) => Sample::Int(random(range, scene)),
        InternalFact::ServerConns(backend, server) => count(scene.server_conns(backend, server)),
        InternalFact::ServerIsUp(backend, server) => {
            Sample::Bool(scene.is_server_up(backend, server))
        }
        InternalFact::ServerWeight(backend, server) => weight(backend, server, context)?,
        InternalFact::IsStopping => Sample::Bool(scene.is_stopping()),
        InternalFact::Thread => size(scene.shard()),
        InternalFact::Uptime => count(scene.uptime_s()),
        InternalFact::Uuid(version) => Sample::Str(uuid(version, context)),
        InternalFact::WaitEnd => return wait_end(context),
        InternalFact::TerminationState => Sample::Str(context.arena.keep(&scene.termination())),
        // HAProxy's number has 32 bits, and log pipelines have fields of that size.
        InternalFact::TransactionId => count(scene.request_number() & u64::from(u32::MAX)),
    })
}

/// All bits of the random number count, as a modulo would not be even.
fn random(range: Option<u32>, scene: &dyn Scene) -> i64 {
    let bits = scene.random() >> 32;
    let value = match range {
        Some(range) => (bits * u64::from(range)) >> 32,
        None => bits,
    };
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn weight(backend: BackendId, server: usize, context: &Context<'_>) -> Option<Sample<'static>> {
    let server = context.config.backends.get(backend.0)?.servers.get(server)?;
    Some(Sample::Int(server.weight.into()))
}

/// RFC 9562: random but for the version, and for milliseconds at the beginning of version 7.
fn uuid<'a>(version: u8, context: &Context<'a>) -> &'a [u8] {
    let scene = context.scene;
    let random = u128::from(scene.random()) << 64 | u128::from(scene.random());
    let bits = match version {
        7 => u128::from(scene.wall_us() / 1000) << 80 | random >> 48,
        _ => random,
    };
    let bits = bits & !(0xf << 76) | u128::from(version & 0xf) << 76;
    let bits = bits & !(0b11 << 62) | 0b10 << 62;
    context.arena.write(|out| put_uuid(out, bits))
}

fn put_uuid(out: &mut Vec<u8>, bits: u128) {
    let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble & 15)];
    for (index, byte) in bits.to_be_bytes().into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        out.extend([digit(byte >> 4), digit(byte)]);
    }
}

/// True where there is nothing to wait for.
fn wait_end(context: &Context<'_>) -> Option<Sample<'static>> {
    match context.response_input.or(context.request_input) {
        Some(input) if !input.is_final => {
            context.may_change.set(true);
            None
        }
        _ => Some(Sample::Bool(true)),
    }
}
