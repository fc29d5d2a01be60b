//! Credentials in a field of the request: Basic (RFC 7617) and Bearer (RFC 6750).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use proxy_config::model::rule::{HttpFact, Side, User};

use super::Visit;
use super::header::{Elements, Fields};
use crate::rule::context::Context;
use crate::rule::sample::Sample;

/// Padded, as HAProxy wants it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

const FIELD: &str = "authorization";

/// User and password.
struct Basic<'a> {
    user: &'a [u8],
    password: &'a [u8],
}

pub(super) fn fetch<'a>(fact: &HttpFact, context: &Context<'a>) -> Option<Sample<'a>> {
    Some(match fact {
        HttpFact::Auth(userlist) => {
            let Basic { user, password } = basic(context)?;
            Sample::Bool(context.scene.is_user(*userlist, user, password))
        }
        HttpFact::AuthGroup(userlist) => Sample::Str(user(*userlist, context)?),
        HttpFact::AuthBearer(field) => {
            Sample::Str(bearer(field.as_deref().unwrap_or(FIELD), context)?)
        }
        HttpFact::AuthPass => Sample::Str(basic(context)?.password),
        HttpFact::AuthUser => Sample::Str(basic(context)?.user),
        HttpFact::AuthType => Sample::Str(match basic(context) {
            Some(_) => b"Basic",
            None => bearer(FIELD, context).map(|_| b"Bearer")?,
        }),
        _ => return None,
    })
}

/// Every group of the user whose credentials are right.
pub(super) fn any_group<'a>(userlist: usize, context: &Context<'a>, visit: Visit<'_, 'a>) -> bool {
    let Some(name) = user(userlist, context) else { return false };
    let users: &'a [User] = match context.config.tables.userlists.get(userlist) {
        Some(userlist) => &userlist.users,
        None => &[],
    };
    let own = users.iter().filter(|user| user.name.as_bytes() == name);
    own.flat_map(|user| &user.groups).any(|group| visit(Sample::Str(group.as_bytes())))
}

/// The user, if the credentials are right.
fn user<'a>(userlist: usize, context: &Context<'a>) -> Option<&'a [u8]> {
    let Basic { user, password } = basic(context)?;
    context.scene.is_user(userlist, user, password).then_some(user)
}

/// Scheme and credentials: the first value of the first such field, with a blank within.
fn credentials<'a>(field: &str, context: &Context<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let line = Fields::of(Side::Request, context)?.lines(Some(field)).next()?;
    let value = Elements::new(line).next()?;
    let (scheme, rest) = value.split_at_checked(memchr::memchr(b' ', value)?)?;
    (!scheme.is_empty()).then(|| (scheme, rest.trim_ascii_start()))
}

fn bearer<'a>(field: &str, context: &Context<'a>) -> Option<&'a [u8]> {
    let (scheme, token) = credentials(field, context)?;
    scheme.eq_ignore_ascii_case(b"Bearer").then_some(token)
}

/// Texts end at a NUL, as in C: nothing behind one may be compared or logged.
fn basic<'a>(context: &Context<'a>) -> Option<Basic<'a>> {
    let (scheme, encoded) = credentials(FIELD, context)?;
    if !scheme.eq_ignore_ascii_case(b"Basic") {
        return None;
    }
    let room = context.arena.keep_mut(encoded);
    let len = BASE64.decode_slice(encoded, room).ok()?;
    let decoded: &'a [u8] = room.get(..len)?;
    let text = decoded.split(|byte| *byte == 0).next()?;
    let (user, rest) = text.split_at_checked(memchr::memchr(b':', text)?)?;
    Some(Basic { user, password: rest.get(1..)? })
}
