//! TLS on either side (HAProxy's manual, chapter 7.3.4).

use proxy_config::model::rule::{Side, TlsFact};

use super::certificate;
use crate::io::TlsFacts;
use crate::rule::context::Context;
use crate::rule::sample::Sample;

pub(super) fn fetch<'a>(fact: &'a TlsFact, context: &Context<'a>) -> Option<Sample<'a>> {
    let client = || context.client.tls;
    Some(match fact {
        // These have an answer without TLS too.
        TlsFact::Is(side) => Sample::Bool(facts(*side, context).is_some()),
        TlsFact::IsResumed(side) => {
            Sample::Bool(facts(*side, context).is_some_and(|facts| facts.is_resumed))
        }
        TlsFact::HasSni => Sample::Bool(client().is_some_and(|facts| facts.server_name.is_some())),

        TlsFact::Alpn(side) => Sample::Str(facts(*side, context)?.alpn.as_deref()?),
        TlsFact::Cipher(side) => text(facts(*side, context)?.cipher)?,
        TlsFact::Curve(side) => text(facts(*side, context)?.curve)?,
        TlsFact::Protocol(side) => text(facts(*side, context)?.version)?,
        TlsFact::KeySize(side) => Sample::Int(facts(*side, context)?.key_bits.into()),
        TlsFact::Sni(side) => text(facts(*side, context)?.server_name.as_deref()?)?,
        TlsFact::HasClientCert => {
            let facts = client()?;
            Sample::Bool(!facts.is_resumed && !facts.peer_certificates.is_empty())
        }
        TlsFact::ClientCertUsed => Sample::Bool(!client()?.peer_certificates.is_empty()),
        TlsFact::HasEarlyData => {
            client()?;
            Sample::Bool(false)
        }
        TlsFact::ClientVerify => {
            client()?;
            Sample::Int(0)
        }
        TlsFact::Cert(whose, fact) => return certificate::fetch(*whose, fact, context),
    })
}

/// Those of the client's connection or of the server's.
#[inline]
pub(super) fn facts<'a>(side: Side, context: &Context<'a>) -> Option<&'a TlsFacts> {
    match side {
        Side::Request => context.client.tls,
        Side::Response => context.scene.server_tls(),
    }
}

/// None where nothing is known.
fn text(text: &str) -> Option<Sample<'_>> {
    (!text.is_empty()).then_some(Sample::Str(text.as_bytes()))
}
