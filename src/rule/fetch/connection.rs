//! What is known of connections and of who serves them (HAProxy's manual, chapter 7.3.3).

use std::net::SocketAddr;
use std::time::Duration;

use proxy_config::model::rule::{ConnectionFact, Peer, TimeoutOf};
use proxy_config::model::{Backend, Frontend, Mode};

use super::{count, in_unit, size};
use crate::observe::Timers;
use crate::rule::context::Context;
use crate::rule::sample::Sample;

// Types of the PROXY protocol's TLVs.
const TLV_AUTHORITY: u8 = 0x02;
const TLV_UNIQUE_ID: u8 = 0x05;

pub(super) fn fetch<'a>(fact: &ConnectionFact, context: &Context<'a>) -> Option<Sample<'a>> {
    match fact {
        ConnectionFact::Address(peer) => address(client_end(*peer, context)),
        ConnectionFact::Port(peer) => port(client_end(*peer, context)),
        ConnectionFact::IsLocal(peer) => {
            let address = client_end(*peer, context)?.ip();
            Some(Sample::Bool(context.scene.is_local(address)))
        }
        ConnectionFact::ClientAddress(peer) => address(original_end(*peer, context)),
        ConnectionFact::ClientPort(peer) => port(original_end(*peer, context)),
        ConnectionFact::ServerAddress(peer) => address(server_end(*peer, context)),
        ConnectionFact::ServerPort(peer) => port(server_end(*peer, context)),
        ConnectionFact::HasProxyHeader
        | ConnectionFact::ProxyAuthority
        | ConnectionFact::ProxyUniqueId
        | ConnectionFact::ProxyTlv(_) => proxy_header(fact, context),
        ConnectionFact::ClientHttpMajor
        | ConnectionFact::FrontendClientTimeout
        | ConnectionFact::FrontendId
        | ConnectionFact::FrontendName
        | ConnectionFact::DefaultBackendName
        | ConnectionFact::BindNumber
        | ConnectionFact::BindName
        | ConnectionFact::BindConns => frontend(fact, context),
        ConnectionFact::ServerIsReused
        | ConnectionFact::ServerHttpMajor
        | ConnectionFact::BackendId
        | ConnectionFact::BackendName
        | ConnectionFact::BackendTimeout(_)
        | ConnectionFact::ServerId
        | ConnectionFact::ServerName => backend(fact, context),
        ConnectionFact::CurrentTimeout(of) => context.scene.timeout(*of).map(count),
        ConnectionFact::AcceptDate(unit) => {
            Some(Sample::Int(in_unit(context.scene.accept_ms().saturating_mul(1000), *unit)))
        }
        ConnectionFact::RequestDate(unit) => {
            Some(Sample::Int(in_unit(context.scene.request_ms().saturating_mul(1000), *unit)))
        }
        ConnectionFact::BytesReceived => Some(count(context.scene.bytes().0)),
        ConnectionFact::BytesSent => Some(count(context.scene.bytes().1)),
        ConnectionFact::Retries => Some(count(context.scene.retries().into())),
        ConnectionFact::IsRedispatched => Some(Sample::Bool(context.scene.is_redispatched())),
        ConnectionFact::MaxRetries => context.scene.max_retries().map(|max| count(max.into())),
        _ => millis(fact, &context.scene.timers()).map(Sample::Int),
    }
}

#[inline]
fn client_end(peer: Peer, context: &Context<'_>) -> Option<SocketAddr> {
    match peer {
        Peer::Other => context.client.source,
        Peer::Own => context.client.destination,
    }
}

fn original_end(peer: Peer, context: &Context<'_>) -> Option<SocketAddr> {
    let (source, destination) = context.scene.client_ends();
    match peer {
        Peer::Other => source,
        Peer::Own => destination,
    }
}

fn server_end(peer: Peer, context: &Context<'_>) -> Option<SocketAddr> {
    let (own, server) = context.scene.server_ends()?;
    Some(match peer {
        Peer::Other => server,
        Peer::Own => own,
    })
}

#[inline]
fn address(end: Option<SocketAddr>) -> Option<Sample<'static>> {
    end.map(|end| Sample::Ip(end.ip()))
}

fn port(end: Option<SocketAddr>) -> Option<Sample<'static>> {
    end.map(|end| Sample::Int(end.port().into()))
}

fn proxy_header<'a>(fact: &ConnectionFact, context: &Context<'a>) -> Option<Sample<'a>> {
    let kind = match fact {
        ConnectionFact::ProxyAuthority => TLV_AUTHORITY,
        ConnectionFact::ProxyUniqueId => TLV_UNIQUE_ID,
        ConnectionFact::ProxyTlv(kind) => *kind,
        _ => return Some(Sample::Bool(context.scene.has_proxy_header())),
    };
    context.scene.proxy_tlv(kind).map(Sample::Str)
}

fn frontend<'a>(fact: &ConnectionFact, context: &Context<'a>) -> Option<Sample<'a>> {
    let frontend: &'a Frontend = context.config.frontends.get(context.frontend)?;
    let bind_number = context.client.bind_number;
    Some(match fact {
        ConnectionFact::ClientHttpMajor => http_major(frontend.mode)?,
        ConnectionFact::FrontendClientTimeout => duration(frontend.timeouts.client),
        ConnectionFact::FrontendId => size(context.frontend.saturating_add(1)),
        ConnectionFact::FrontendName => Sample::Str(frontend.name.as_bytes()),
        ConnectionFact::DefaultBackendName => {
            let backend = context.config.backends.get(frontend.default_backend?.0)?;
            Sample::Str(backend.name.as_bytes())
        }
        ConnectionFact::BindNumber => count(bind_number.into()),
        ConnectionFact::BindName => {
            let index = usize::try_from(bind_number).ok()?.checked_sub(1)?;
            Sample::Str(frontend.binds.get(index)?.name.as_ref()?.as_bytes())
        }
        ConnectionFact::BindConns => count(context.scene.bind_conns()),
        _ => return None,
    })
}

fn backend<'a>(fact: &ConnectionFact, context: &Context<'a>) -> Option<Sample<'a>> {
    if matches!(fact, ConnectionFact::ServerIsReused) {
        context.scene.server_ends()?;
        return Some(Sample::Bool(context.scene.is_server_reused()));
    }
    let id = context.scene.backend()?;
    let backend: &'a Backend = context.config.backends.get(id.0)?;
    Some(match fact {
        ConnectionFact::ServerHttpMajor => {
            context.scene.server_ends()?;
            http_major(backend.mode)?
        }
        ConnectionFact::BackendId => size(id.0.saturating_add(1)),
        ConnectionFact::BackendName => Sample::Str(backend.name.as_bytes()),
        ConnectionFact::BackendTimeout(of) => backend_timeout(*of, backend)?,
        ConnectionFact::ServerId => size(context.scene.server()?.saturating_add(1)),
        ConnectionFact::ServerName => {
            Sample::Str(backend.servers.get(context.scene.server()?)?.name.as_bytes())
        }
        _ => return None,
    })
}

/// There is HTTP/1 only.
fn http_major(mode: Mode) -> Option<Sample<'static>> {
    (mode == Mode::Http).then_some(Sample::Int(1))
}

/// 0 where there is no such timeout.
fn backend_timeout(of: TimeoutOf, backend: &Backend) -> Option<Sample<'static>> {
    let timeouts = &backend.timeouts;
    let timeout = match of {
        TimeoutOf::Client => return None,
        // Waiting in a queue counts as connecting.
        TimeoutOf::Connect | TimeoutOf::Queue => Some(timeouts.connect),
        TimeoutOf::Server => Some(timeouts.server),
        TimeoutOf::Tarpit => timeouts.tarpit,
        TimeoutOf::Tunnel => timeouts.tunnel,
    };
    Some(duration(timeout.unwrap_or_default()))
}

fn duration(duration: Duration) -> Sample<'static> {
    count(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// -1 where a step was not reached.
fn millis(fact: &ConnectionFact, timers: &Timers) -> Option<i64> {
    Some(match fact {
        ConnectionFact::HandshakeMillis => timers.handshake_ms,
        ConnectionFact::SessionMillis => timers.total_ms,
        ConnectionFact::IdleMillis => timers.idle_ms,
        ConnectionFact::RequestMillis => timers.request_ms,
        ConnectionFact::QueryMillis => timers.query_ms(),
        ConnectionFact::QueueMillis => timers.queue_ms,
        ConnectionFact::ConnectMillis => timers.connect_ms,
        ConnectionFact::ResponseMillis => timers.response_ms,
        ConnectionFact::ActiveMillis => timers.active_ms,
        ConnectionFact::UserMillis => timers.user_ms(),
        _ => return None,
    })
}
