//! The hello that a TLS connection begins with, as it passes: `req.ssl_*` (HAProxy's manual, chapter
//! 7.3.5).
//!
//! What is no valid hello has no sample; see [`tls_hello`] for how strict that is.

use proxy_config::model::rule::{PayloadFact, Side};

use super::{Visit, payload};
use crate::proto::tls_hello::{self, ClientHello, HELLO_LEN_MAX, HelloType};
use crate::rule::context::Context;
use crate::rule::sample::Sample;

pub(super) fn fetch<'a>(fact: &PayloadFact, context: &Context<'a>) -> Option<Sample<'a>> {
    let hello = client_hello(context)?;
    let keep = |bytes: &[u8]| context.arena.keep(bytes);
    Some(match fact {
        PayloadFact::HelloAlpn => Sample::Str(keep(hello.alpn().next()?)),
        PayloadFact::HelloCiphers => Sample::Bin(keep(hello.cipher_suites())),
        PayloadFact::HelloHasGroups => {
            hello.supported_groups()?;
            Sample::Bool(true)
        }
        PayloadFact::HelloKeyShares => Sample::Bin(key_shares(&hello, context)?),
        PayloadFact::HelloSigAlgs => Sample::Bin(keep(hello.signature_algorithms()?)),
        PayloadFact::HelloSni => Sample::Str(keep(hello.server_name()?.as_bytes())),
        PayloadFact::HelloTicket => Sample::Int(match hello.session_ticket() {
            None => 0,
            Some([]) => 1,
            Some(_) => 2,
        }),
        PayloadFact::HelloGroups => Sample::Bin(keep(hello.supported_groups()?)),
        PayloadFact::HelloVersion => {
            let [major, minor] = hello.legacy_version.to_be_bytes();
            Sample::Int(i64::from(major) << 16 | i64::from(minor))
        }
        _ => return None,
    })
}

/// Every protocol that the client speaks, the best first.
pub(super) fn any_alpn<'a>(context: &Context<'a>, visit: Visit<'_, 'a>) -> bool {
    client_hello(context)
        .is_some_and(|hello| hello.alpn().any(|name| visit(Sample::Str(context.arena.keep(name)))))
}

/// `req.ssl_hello_type`, `res.ssl_hello_type`: none of what is not TLS.
pub(super) fn hello_type(side: Side, context: &Context<'_>) -> Option<Sample<'static>> {
    let input = payload::input(side, context)?;
    match tls_hello::hello_type(input.bytes, HELLO_LEN_MAX) {
        None => payload::wait(input, context),
        Some(HelloType::None) => None,
        Some(kind) => Some(Sample::Int(kind as i64)),
    }
}

fn client_hello<'a>(context: &Context<'a>) -> Option<ClientHello<'a>> {
    let input = payload::input(Side::Request, context)?;
    match tls_hello::inspect(input.bytes, HELLO_LEN_MAX) {
        Ok(Some(hello)) => Some(hello),
        Ok(None) => payload::wait(input, context),
        Err(_) => None,
    }
}

/// None where the extension is not there, and of an empty list.
fn key_shares<'a>(hello: &ClientHello<'_>, context: &Context<'a>) -> Option<&'a [u8]> {
    let groups = context.arena.write(|out| {
        out.extend(hello.key_share_groups().flat_map(u16::to_be_bytes));
    });
    (!groups.is_empty()).then_some(groups)
}
