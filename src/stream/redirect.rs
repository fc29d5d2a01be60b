//! `redirect`: where the client is sent.

use proxy_config::model::rule::{KeepQuery, Redirect, RedirectTo};

use super::Stream;
use super::rules::Prepared;
use crate::proto::h1::push_line;
use crate::rule::{self, Context, Destination};
use crate::session::Session;

/// Composes the reply; nothing where there is nowhere to go and that is to be passed over.
pub(super) fn prepare(
    (stream, session): (&Stream, &Session),
    redirect: &Redirect,
    context: &Context<'_>,
) -> Prepared<'static> {
    let mut location = Vec::new();
    let is_empty = write_location(&mut location, stream, redirect, context);
    if is_empty && redirect.ignore_empty {
        return Prepared::Void;
    }
    let mut bytes = stream.begin_reply(session, redirect.status);
    push_line(&mut bytes, b"location", &location);
    if matches!(redirect.status, 302 | 303 | 307) {
        push_line(&mut bytes, b"cache-control", b"no-cache");
    }
    if let Some(cookie) = &redirect.set_cookie {
        let mut value = Vec::new();
        rule::render(&mut value, cookie, Destination::Field, context);
        push_line(&mut bytes, b"set-cookie", &value);
    }
    bytes.extend_from_slice(b"\r\n");
    Prepared::Reply { bytes, status: redirect.status }
}

/// Returns whether what the rule says, without the request's parts, is empty.
fn write_location(
    out: &mut Vec<u8>,
    stream: &Stream,
    redirect: &Redirect,
    context: &Context<'_>,
) -> bool {
    let path_and_query = stream.request.path_and_query.of(&stream.request_bytes);
    let at = memchr::memchr(b'?', path_and_query).unwrap_or(path_and_query.len());
    let (path, query) = path_and_query.split_at_checked(at).unwrap_or((path_and_query, &[]));
    let host = stream.request.host.map(|host| host.of(&stream.request_bytes)).unwrap_or_default();
    let (RedirectTo::Location(format) | RedirectTo::Prefix(format) | RedirectTo::Scheme(format)) =
        &redirect.to;
    rule::render(out, format, Destination::Target, context);
    let is_empty = out.is_empty();
    match &redirect.to {
        RedirectTo::Location(_) => {
            if redirect.query == KeepQuery::Keep && query.len() > 1 {
                let has_query = memchr::memchr(b'?', out).is_some();
                out.push(if has_query { b'&' } else { b'?' });
                out.extend_from_slice(query.get(1..).unwrap_or_default());
            }
            return is_empty;
        }
        // As HAProxy: a prefix of `/` is none, so that nothing but the query can be dropped.
        RedirectTo::Prefix(_) if out == b"/" => out.clear(),
        RedirectTo::Prefix(_) => {}
        RedirectTo::Scheme(_) => {
            out.extend_from_slice(b"://");
            out.extend_from_slice(host);
        }
    }
    let mut end = Vec::new();
    end.extend_from_slice(path);
    if redirect.query == KeepQuery::Drop {
        if redirect.append_slash && !path.ends_with(b"/") {
            end.push(b'/');
        }
    } else {
        end.extend_from_slice(query);
    }
    rule::encode(&mut end, 0, Destination::Target);
    out.extend_from_slice(&end);
    is_empty
}
