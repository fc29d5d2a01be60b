//! HTTP (HAProxy's manual, chapter 7.3.6): nothing of it exists where no head was parsed.

use proxy_config::model::rule::{HttpFact, Message as Whose, Side};

use super::header::Fields;
use super::param::Params;
use super::{Visit, auth, cookie, count, header, param, payload, size, url};
use crate::proto::h1::{Framing, RequestHead, ResponseFraming, Version};
use crate::rule::context::{Context, Message};
use crate::rule::sample::Sample;

pub(super) fn fetch<'a>(fact: &'a HttpFact, context: &Context<'a>) -> Option<Sample<'a>> {
    match fact {
        HttpFact::Header(whose, header) => {
            let fields = Fields::of(*whose, context)?;
            fields.value(header).map(Sample::Str)
        }
        HttpFact::Path => url::path(request(context)?).map(Sample::Str),
        HttpFact::Method => {
            let request = request(context)?;
            Some(Sample::Str(request.head.method_name.of(request.bytes)))
        }
        HttpFact::FullHeader(whose, header) => {
            let fields = Fields::of(*whose, context)?;
            fields.line(header).map(Sample::Str)
        }
        HttpFact::HeaderInt(whose, header) => {
            let fields = Fields::of(*whose, context)?;
            fields.value(header).map(int)
        }
        HttpFact::HeaderIp(whose, header) => {
            let fields = Fields::of(*whose, context)?;
            fields.value(header).and_then(header::address).map(Sample::Ip)
        }
        HttpFact::FullHeaderCount(..)
        | HttpFact::HeaderCount(..)
        | HttpFact::HeaderNames(..)
        | HttpFact::HeaderBlock(_) => header_block(fact, context),
        HttpFact::Cookie(whose, name) => cookie::fetch(*whose, name, context).map(Sample::Str),
        HttpFact::CookieInt(whose, name) => cookie::fetch(*whose, name, context).map(int),
        HttpFact::CookieCount(whose, name) => {
            Fields::of(*whose, context)?;
            Some(size(cookie::values(*whose, name, context).count()))
        }
        HttpFact::CookieNames(whose, delimiter) => {
            Fields::of(*whose, context)?;
            Some(Sample::Str(cookie::names(*whose, *delimiter, context)))
        }
        HttpFact::UrlParam(_) | HttpFact::BodyParam { .. } => {
            params(fact, context)?.next().map(Sample::Str)
        }
        HttpFact::UrlParamInt(_) => params(fact, context)?.next().map(int),
        HttpFact::Captured(..)
        | HttpFact::CapturedMethod
        | HttpFact::CapturedUri
        | HttpFact::CapturedVersion(_) => captured(fact, context),
        HttpFact::Auth(_)
        | HttpFact::AuthGroup(_)
        | HttpFact::AuthBearer(_)
        | HttpFact::AuthPass
        | HttpFact::AuthType
        | HttpFact::AuthUser => auth::fetch(fact, context),
        HttpFact::Body(_) | HttpFact::BodyLen(_) | HttpFact::BodySize(_) => body(fact, context),
        HttpFact::Version(_)
        | HttpFact::Status
        | HttpFact::ServerStatus
        | HttpFact::UniqueId
        | HttpFact::IsFirst => line(fact, context),
        _ => url::fetch(fact, request(context)?, context),
    }
}

pub(super) fn any<'a>(fact: &'a HttpFact, context: &Context<'a>, visit: Visit<'_, 'a>) -> bool {
    let text = |visit: Visit<'_, 'a>, value| visit(Sample::Str(value));
    let number = |visit: Visit<'_, 'a>, value| visit(int(value));
    match fact {
        HttpFact::Header(whose, header) if header.occurrence == 0 => {
            let Some(fields) = Fields::of(*whose, context) else { return false };
            fields.values(header).any(|value| text(visit, value))
        }
        HttpFact::FullHeader(whose, header) if header.occurrence == 0 => {
            let Some(fields) = Fields::of(*whose, context) else { return false };
            fields.lines(header.name.as_deref()).any(|value| text(visit, value))
        }
        HttpFact::HeaderInt(whose, header) if header.occurrence == 0 => {
            let Some(fields) = Fields::of(*whose, context) else { return false };
            fields.values(header).any(|value| number(visit, value))
        }
        HttpFact::HeaderIp(whose, header) if header.occurrence == 0 => {
            let Some(fields) = Fields::of(*whose, context) else { return false };
            fields.values(header).filter_map(header::address).any(|value| visit(Sample::Ip(value)))
        }
        HttpFact::Cookie(whose, name) => {
            cookie::values(*whose, name, context).any(|value| text(visit, value))
        }
        HttpFact::CookieInt(whose, name) => {
            cookie::values(*whose, name, context).any(|value| number(visit, value))
        }
        HttpFact::UrlParam(_) | HttpFact::BodyParam { .. } => {
            params(fact, context).is_some_and(|mut params| params.any(|value| text(visit, value)))
        }
        HttpFact::UrlParamInt(_) => {
            params(fact, context).is_some_and(|mut params| params.any(|value| number(visit, value)))
        }
        HttpFact::AuthGroup(userlist) => auth::any_group(*userlist, context, visit),
        _ => fetch(fact, context).is_some_and(visit),
    }
}

/// The digits that a text begins with, behind a sign; 0 without any.
fn int(text: &[u8]) -> Sample<'_> {
    Sample::Int(Sample::Str(text).int().unwrap_or(0))
}

/// The request whose head was parsed. While bytes of one may still come that answer may change.
#[inline]
pub(super) fn request<'a>(context: &Context<'a>) -> Option<Message<'a, RequestHead>> {
    if context.request.is_none() {
        await_request(context);
    }
    context.request
}

#[cold]
fn await_request(context: &Context<'_>) {
    if let Some(input) = context.request_input {
        let is_open = payload::has_http_head(input.bytes).is_none();
        context.may_change.set(is_open && !input.is_final);
    }
}

fn header_block<'a>(fact: &'a HttpFact, context: &Context<'a>) -> Option<Sample<'a>> {
    Some(match fact {
        HttpFact::FullHeaderCount(whose, header) => {
            size(Fields::of(*whose, context)?.lines(header.name.as_deref()).count())
        }
        HttpFact::HeaderCount(whose, header) => {
            size(Fields::of(*whose, context)?.values(header).count())
        }
        HttpFact::HeaderNames(whose, delimiter) => {
            let fields = Fields::of(*whose, context)?;
            Sample::Str(context.arena.write(|out| fields.put_names(out, *delimiter)))
        }
        HttpFact::HeaderBlock(whose) => {
            let fields = Fields::of(*whose, context)?;
            Sample::Str(context.arena.write(|out| fields.put_block(out)))
        }
        _ => return None,
    })
}

fn params<'a>(fact: &'a HttpFact, context: &Context<'a>) -> Option<Params<'a>> {
    let request = request(context)?;
    match fact {
        HttpFact::UrlParam(param) | HttpFact::UrlParamInt(param) => {
            Params::of_url(request.head.target.of(request.bytes), param)
        }
        HttpFact::BodyParam { name, any_case } => Some(Params {
            rest: request.body,
            name: name.as_deref(),
            delimiter: param::SEPARATOR,
            any_case: *any_case,
        }),
        _ => None,
    }
}

/// What the log keeps: as it came, whatever rules made of it.
fn captured<'a>(fact: &HttpFact, context: &Context<'a>) -> Option<Sample<'a>> {
    let scene = context.scene;
    Some(Sample::Str(match fact {
        HttpFact::Captured(whose, slot) => {
            scene.captured(*whose == Side::Request, *slot, context.arena)?
        }
        HttpFact::CapturedMethod => scene.request_line()?.method,
        HttpFact::CapturedUri => url::path_and_query(scene.request_line()?.target)?,
        HttpFact::CapturedVersion(Side::Request) => scene.request_line()?.version,
        HttpFact::CapturedVersion(Side::Response) => match context.response?.head.version {
            Version::Http10 => b"HTTP/1.0",
            Version::Http11 => b"HTTP/1.1",
        },
        _ => return None,
    }))
}

fn body<'a>(fact: &HttpFact, context: &Context<'a>) -> Option<Sample<'a>> {
    let (HttpFact::Body(whose) | HttpFact::BodyLen(whose) | HttpFact::BodySize(whose)) = fact
    else {
        return None;
    };
    let (here, framing) = body_of(*whose, context)?;
    Some(match (fact, framing) {
        (HttpFact::Body(_), _) => Sample::Bin(here),
        (HttpFact::BodySize(_), ResponseFraming::Length(len)) => count(len),
        _ => size(here.len()),
    })
}

/// What is here of a body, and how it was announced.
fn body_of<'a>(whose: Whose, context: &Context<'a>) -> Option<(&'a [u8], ResponseFraming)> {
    Some(match whose {
        Side::Request => {
            let request = request(context)?;
            let framing: Framing = request.head.framing;
            (request.body, framing.into())
        }
        Side::Response => {
            let response = context.response?;
            (response.body, response.head.framing)
        }
    })
}

fn line<'a>(fact: &HttpFact, context: &Context<'a>) -> Option<Sample<'a>> {
    Some(match fact {
        HttpFact::Version(Side::Request) => version(request(context)?.head.version),
        HttpFact::Version(Side::Response) => version(context.response?.head.version),
        HttpFact::Status => Sample::Int(context.response?.head.status.into()),
        HttpFact::ServerStatus => Sample::Int(context.scene.server_status()?.into()),
        HttpFact::UniqueId => {
            let id = context.scene.unique_id();
            (!id.is_empty()).then_some(Sample::Str(id))?
        }
        HttpFact::IsFirst => {
            request(context)?;
            Sample::Bool(context.client.requests == 0)
        }
        _ => return None,
    })
}

fn version(version: Version) -> Sample<'static> {
    match version {
        Version::Http10 => Sample::Str(b"1.0"),
        Version::Http11 => Sample::Str(b"1.1"),
    }
}
