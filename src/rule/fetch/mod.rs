//! Fetches: from a [`Context`] to samples, a file for each layer.
//!
//! ```text
//! fetch   one value      internal  connection  tls (certificate)  payload (hello)
//! any     every value    http      header  cookie  param  url  auth
//! ```
//! Nothing is copied that can be borrowed of the message; what is made lives in the context's arena.

mod auth;
mod certificate;
mod connection;
mod cookie;
mod header;
mod hello;
mod http;
mod internal;
mod param;
mod payload;
#[cfg(test)]
mod tests;
mod tls;
mod url;

use proxy_config::model::rule::{Condition, Fetch, PayloadFact, TimeUnit};

use super::condition::{self, Truth};
use super::context::Context;
use super::sample::Sample;

/// The sample of a fetch. Of several it is the one that HAProxy takes outside of ACLs: of a header and
/// of a named cookie the last, else the first.
pub fn fetch<'a>(fetch: &'a Fetch, context: &Context<'a>) -> Option<Sample<'a>> {
    match fetch {
        Fetch::Const(value) => Some(Sample::of(value)),
        Fetch::Var(var, default) => {
            let value = context.vars.get(*var, context.arena);
            value.or_else(|| default.as_ref().map(Sample::of))
        }
        Fetch::Acls(condition) => acls(condition, context),
        Fetch::Internal(fact) => internal::fetch(fact, context),
        Fetch::Connection(fact) => connection::fetch(fact, context),
        Fetch::Tls(fact) => tls::fetch(fact, context),
        Fetch::Payload(fact) => payload::fetch(fact, context),
        Fetch::Http(fact) => http::fetch(fact, context),
    }
}

/// Has `visit` look at each sample of a fetch until it returns true; returns whether it did.
pub fn any<'a>(
    fetch: &'a Fetch,
    context: &Context<'a>,
    visit: &mut dyn FnMut(Sample<'a>) -> bool,
) -> bool {
    match fetch {
        Fetch::Http(fact) => http::any(fact, context, visit),
        Fetch::Payload(PayloadFact::HelloAlpn) => hello::any_alpn(context, visit),
        _ => self::fetch(fetch, context).is_some_and(visit),
    }
}

/// Looks at each sample, as [`any`] does.
type Visit<'v, 'a> = &'v mut dyn FnMut(Sample<'a>) -> bool;

/// `acl()`: no sample while bytes that are still to come decide.
fn acls<'a>(condition: &'a Condition, context: &Context<'a>) -> Option<Sample<'a>> {
    let truth = condition::holds(condition, context);
    // The tests within have left there what was so of the last one only.
    context.may_change.set(truth == Truth::Unknown);
    (truth != Truth::Unknown).then_some(Sample::Bool(truth == Truth::Yes))
}

/// A number of something.
#[inline]
fn count(value: u64) -> Sample<'static> {
    Sample::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

/// A number of something in memory.
#[inline]
fn size(value: usize) -> Sample<'static> {
    Sample::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

/// A time since 1970 in a unit.
fn in_unit(micros: u64, unit: TimeUnit) -> i64 {
    let value = match unit {
        TimeUnit::Seconds => micros / 1_000_000,
        TimeUnit::Millis => micros / 1000,
        TimeUnit::Micros => micros,
    };
    i64::try_from(value).unwrap_or(i64::MAX)
}
