//! Heads and bodies, of requests and of responses: headers, cookies, forms.

use super::FetchWord;
use super::http::fact;
use crate::model::rule::{Cookie, Fetch, Header, HttpFact, Side};
use crate::rule::args::{Arg, Args, optional};
use crate::rule::kind::Kind;
use crate::rule::layer::Needs;

const COOKIE: &[Arg] = &[optional("NAME", "string")];
const DELIMITER: &[Arg] = &[optional("DELIMITER", "character")];
const HEADER: &[Arg] = &[optional("NAME", "header"), optional("OCCURRENCE", "integer")];
const NAME: &[Arg] = &[optional("NAME", "header")];
const PARAM_ANY_CASE: &[Arg] = &[optional("NAME", "string"), optional("i", "word")];

pub(super) static FETCHES: &[FetchWord] = &[
    FetchWord {
        names: &["req.body", "res.body"],
        args: &[],
        output: Kind::Bin,
        needs: Needs::OwnHead,
        meaning: "What of the body is here: what `wait-for-body` waited for.",
        example: "req.body",
        build: |args| fact(HttpFact::Body(args.body_side())),
    },
    FetchWord {
        names: &["req.body_len", "res.body_len"],
        args: &[],
        output: Kind::Int,
        needs: Needs::OwnHead,
        meaning: "The bytes of the body that are here.",
        example: "req.body_len",
        build: |args| fact(HttpFact::BodyLen(args.body_side())),
    },
    FetchWord {
        names: &["req.body_param"],
        args: PARAM_ANY_CASE,
        output: Kind::Str,
        needs: Needs::Head(Side::Request),
        meaning: "A parameter of a form in the body.",
        example: "req.body_param(user)",
        build: body_param,
    },
    FetchWord {
        names: &["req.body_size", "res.body_size"],
        args: &[],
        output: Kind::Int,
        needs: Needs::OwnHead,
        meaning: "The bytes that the message announces, or that are here.",
        example: "req.body_size",
        build: |args| fact(HttpFact::BodySize(args.side())),
    },
    FetchWord {
        names: &["req.cook", "cook", "cookie", "res.cook", "scook", "set-cookie"],
        args: COOKIE,
        output: Kind::Str,
        needs: Needs::OwnHead,
        meaning: "A cookie; the last of several, or in an ACL each.",
        example: "req.cook(session)",
        build: |args| fact(HttpFact::Cookie(args.side(), cookie(args))),
    },
    FetchWord {
        names: &["req.cook_cnt", "cook_cnt", "res.cook_cnt", "scook_cnt"],
        args: COOKIE,
        output: Kind::Int,
        needs: Needs::OwnHead,
        meaning: "How often a cookie is there.",
        example: "req.cook_cnt(session)",
        build: |args| fact(HttpFact::CookieCount(args.side(), cookie(args))),
    },
    FetchWord {
        names: &["req.cook_names", "res.cook_names"],
        args: DELIMITER,
        output: Kind::Str,
        needs: Needs::OwnHead,
        meaning: "The names of all cookies, separated by commas or by a character.",
        example: "req.cook_names(;)",
        build: |args| fact(HttpFact::CookieNames(args.side(), args.byte_or(0, b',')?)),
    },
    FetchWord {
        names: &["req.cook_val", "cook_val", "res.cook_val", "scook_val"],
        args: COOKIE,
        output: Kind::Int,
        needs: Needs::OwnHead,
        meaning: "A cookie as an integer.",
        example: "req.cook_val(visits)",
        build: |args| fact(HttpFact::CookieInt(args.side(), cookie(args))),
    },
    FetchWord {
        names: &["req.fhdr", "res.fhdr"],
        args: HEADER,
        output: Kind::Str,
        needs: Needs::OwnHead,
        meaning: "The whole value of a header's line: the last, one by its number, or in an ACL each.",
        example: "req.fhdr(user-agent)",
        build: |args| fact(HttpFact::FullHeader(args.side(), header(args)?)),
    },
    FetchWord {
        names: &["req.fhdr_cnt", "res.fhdr_cnt"],
        args: NAME,
        output: Kind::Int,
        needs: Needs::OwnHead,
        meaning: "How many lines of a header there are.",
        example: "req.fhdr_cnt(host)",
        build: |args| fact(HttpFact::FullHeaderCount(args.side(), header(args)?)),
    },
    FetchWord {
        names: &["req.hdr", "hdr", "res.hdr", "shdr"],
        args: HEADER,
        output: Kind::Str,
        needs: Needs::OwnHead,
        meaning: "A value of a header, values being separated by commas: the last, one by its number, or in an ACL each.",
        example: "req.hdr(x-forwarded-for,-1)",
        build: |args| fact(HttpFact::Header(args.side(), header(args)?)),
    },
    FetchWord {
        names: &["req.hdr_cnt", "hdr_cnt", "res.hdr_cnt", "shdr_cnt"],
        args: NAME,
        output: Kind::Int,
        needs: Needs::OwnHead,
        meaning: "How many values a header has.",
        example: "req.hdr_cnt(host)",
        build: |args| fact(HttpFact::HeaderCount(args.side(), header(args)?)),
    },
    FetchWord {
        names: &["req.hdr_ip", "hdr_ip", "res.hdr_ip", "shdr_ip"],
        args: HEADER,
        output: Kind::Ip,
        needs: Needs::OwnHead,
        meaning: "A value of a header as an address.",
        example: "req.hdr_ip(x-forwarded-for)",
        build: |args| fact(HttpFact::HeaderIp(args.side(), header(args)?)),
    },
    FetchWord {
        names: &["req.hdr_names", "res.hdr_names"],
        args: DELIMITER,
        output: Kind::Str,
        needs: Needs::OwnHead,
        meaning: "The names of all headers, separated by commas or by a character.",
        example: "req.hdr_names",
        build: |args| fact(HttpFact::HeaderNames(args.side(), args.byte_or(0, b',')?)),
    },
    FetchWord {
        names: &["req.hdr_val", "hdr_val", "res.hdr_val", "shdr_val"],
        args: HEADER,
        output: Kind::Int,
        needs: Needs::OwnHead,
        meaning: "A value of a header as an integer.",
        example: "req.hdr_val(content-length)",
        build: |args| fact(HttpFact::HeaderInt(args.side(), header(args)?)),
    },
    FetchWord {
        names: &["req.hdrs", "res.hdrs"],
        args: &[],
        output: Kind::Str,
        needs: Needs::OwnHead,
        meaning: "All headers as they are sent, with the empty line.",
        example: "req.hdrs,length",
        build: |args| fact(HttpFact::HeaderBlock(args.side())),
    },
    FetchWord {
        names: &["req.ver", "req_ver", "res.ver", "resp_ver"],
        args: &[],
        output: Kind::Str,
        needs: Needs::OwnHead,
        meaning: "The version of HTTP of the message, such as `1.1`.",
        example: "req.ver",
        build: |args| fact(HttpFact::Version(args.side())),
    },
];

fn header(args: &mut Args<'_, '_>) -> Option<Header> {
    let name = args.lower(0);
    let occurrence = args.int_or(1, 0, i64::from(i32::MIN)..=i64::from(i32::MAX))?;
    Some(Header { name, occurrence: i32::try_from(occurrence).ok()? })
}

fn cookie(args: &Args<'_, '_>) -> Cookie {
    Cookie { name: args.given_bytes(0) }
}

fn body_param(args: &mut Args<'_, '_>) -> Option<Fetch> {
    let any_case = args.word_or(1, false, &[("i", true)])?;
    fact(HttpFact::BodyParam { name: args.given_bytes(0), any_case })
}
