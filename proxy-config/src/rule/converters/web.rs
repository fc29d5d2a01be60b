//! Formats of the web: JSON, JSON Web Tokens, parameters, hosts, forwarding headers.

use super::{ConverterWord, Output};
use crate::model::rule::{Converter, JsonInput, JwtPart, NodePart, Operand, UrlCode, Value};
use crate::rule::args::{Arg, Args, needed, optional};
use crate::rule::kind::Kind;
use crate::text::Fault;

const JWT_QUERY: &[Arg] = &[optional("PATH", "string"), optional("TYPE", "word")];

pub(super) static CONVERTERS: &[ConverterWord] = &[
    ConverterWord {
        names: &["host_only"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "The host of a `Host` header, without its port and in lower case.",
        example: "req.hdr(host),host_only",
        build: |_| Some(Converter::HostOnly),
    },
    ConverterWord {
        names: &["json"],
        args: &[optional("INPUT", "word")],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "Escapes a text for a string of JSON.",
        example: "req.hdr(user-agent),json(utf8s)",
        build: json,
    },
    ConverterWord {
        names: &["json_query"],
        args: &[needed("PATH", "string"), optional("TYPE", "word")],
        input: Kind::Str,
        output: Output::Is(Kind::Any),
        meaning: "What a path leads to in a text of JSON.",
        example: "req.body,json_query('$.user.name')",
        build: json_query,
    },
    ConverterWord {
        names: &["jwt_header_query"],
        args: JWT_QUERY,
        input: Kind::Str,
        output: Output::Is(Kind::Any),
        meaning: "The header of a JSON Web Token, or what a path leads to in it.",
        example: "http_auth_bearer,jwt_header_query('$.alg')",
        build: |args| jwt_query(args, JwtPart::Header),
    },
    ConverterWord {
        names: &["jwt_payload_query"],
        args: JWT_QUERY,
        input: Kind::Str,
        output: Output::Is(Kind::Any),
        meaning: "The payload of a JSON Web Token, or what a path leads to in it.",
        example: "http_auth_bearer,jwt_payload_query('$.iat',int)",
        build: |args| jwt_query(args, JwtPart::Payload),
    },
    ConverterWord {
        names: &["jwt_verify"],
        args: &[needed("ALG", "string"), needed("KEY", "string")],
        input: Kind::Str,
        output: Output::Is(Kind::Int),
        meaning: "1 if the signature of a JSON Web Token is good, 0 if it is not, a negative number if that cannot be told.",
        example: "http_auth_bearer,jwt_verify(txn.alg,/etc/jwt.pem)",
        build: jwt_verify,
    },
    ConverterWord {
        names: &["language"],
        args: &[needed("VALUES", "string"), optional("DEFAULT", "string")],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "Of the languages between `;` the one that the client likes best.",
        example: "req.fhdr(accept-language),language(de;en,en)",
        build: language,
    },
    ConverterWord {
        names: &["param"],
        args: &[needed("NAME", "string"), optional("DELIMITER", "character")],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "A parameter of a text such as `a=1&b=2`.",
        example: "query,param(a)",
        build: param,
    },
    ConverterWord {
        names: &["port_only"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Int),
        meaning: "The port of a `Host` header.",
        example: "req.hdr(host),port_only",
        build: |_| Some(Converter::PortOnly),
    },
    ConverterWord {
        names: &["rfc7239_field"],
        args: &[needed("NAME", "word")],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "A parameter of a `Forwarded` header.",
        example: "req.hdr(forwarded),rfc7239_field(for)",
        build: forwarded_field,
    },
    ConverterWord {
        names: &["rfc7239_is_valid"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Bool),
        meaning: "Whether it is a `Forwarded` header of RFC 7239.",
        example: "req.hdr(forwarded),rfc7239_is_valid",
        build: |_| Some(Converter::ForwardedIsValid),
    },
    ConverterWord {
        names: &["rfc7239_n2nn", "rfc7239_nn"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Any),
        meaning: "The address or the name of a node of RFC 7239.",
        example: "req.hdr(forwarded),rfc7239_field(for),rfc7239_n2nn",
        build: |_| Some(Converter::ForwardedNode(NodePart::Name)),
    },
    ConverterWord {
        names: &["rfc7239_n2np", "rfc7239_np"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Any),
        meaning: "The port of a node of RFC 7239.",
        example: "req.hdr(forwarded),rfc7239_field(for),rfc7239_n2np",
        build: |_| Some(Converter::ForwardedNode(NodePart::Port)),
    },
    ConverterWord {
        names: &["url_dec"],
        args: &[optional("IN_FORM", "integer")],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "Without percent encoding; in a form, where IN_FORM is not 0, a `+` is a blank.",
        example: "url_param(q),url_dec(1)",
        build: url_dec,
    },
    ConverterWord {
        names: &["url_enc"],
        args: &[optional("TYPE", "word")],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "With percent encoding, for a query.",
        example: "req.hdr(a),url_enc",
        build: url_enc,
    },
];

fn forwarded_field(args: &mut Args<'_, '_>) -> Option<Converter> {
    let words = [("by", "by"), ("for", "for"), ("host", "host"), ("proto", "proto")];
    args.word(0, &words).map(|word| Converter::ForwardedField(word.into()))
}

fn json(args: &mut Args<'_, '_>) -> Option<Converter> {
    let words = [
        ("ascii", JsonInput::Ascii),
        ("utf8", JsonInput::Utf8),
        ("utf8s", JsonInput::Utf8s),
        ("utf8p", JsonInput::Utf8p),
        ("utf8ps", JsonInput::Utf8ps),
    ];
    args.word_or(0, JsonInput::Ascii, &words).map(Converter::Json)
}

fn json_query(args: &mut Args<'_, '_>) -> Option<Converter> {
    let path = json_path(args, 0)?;
    let as_int = args.word_or(1, false, &[("int", true)])?;
    Some(Converter::JsonQuery { path, as_int })
}

fn jwt_query(args: &mut Args<'_, '_>, part: JwtPart) -> Option<Converter> {
    let path = match args.given(0) {
        Some(_) => Some(json_path(args, 0)?),
        None => None,
    };
    let as_int = args.word_or(1, false, &[("int", true)])?;
    Some(Converter::JwtQuery { part, path, as_int })
}

fn json_path(args: &mut Args<'_, '_>, nth: usize) -> Option<Box<str>> {
    args.parsed(nth, |text| match text.starts_with('$') {
        true => Ok(text.into()),
        false => {
            let expected = "write a path such as `$.user.name` or `$.items[0]`";
            Err(Fault::new(0..text.len(), "does not begin with `$`", expected))
        }
    })
}

fn jwt_verify(args: &mut Args<'_, '_>) -> Option<Converter> {
    let (alg, key) = (args.operand(0)?, args.operand(1)?);
    if let Operand::Value(Value::Str(_)) = &key {
        let word = args.text(1)?;
        match &alg {
            Operand::Value(Value::Str(alg)) if alg.starts_with(b"HS") || &**alg == b"none" => {}
            Operand::Value(_) => args.compiler.jwt_key(word, args.report)?,
            Operand::Var(_) => args.compiler.jwt_key_or_secret(word, args.report)?,
        }
    }
    Some(Converter::JwtVerify { alg, key })
}

fn language(args: &mut Args<'_, '_>) -> Option<Converter> {
    let values = args.text(0)?.as_str();
    let values = values.split(';').filter(|value| !value.is_empty());
    let values = values.map(|value| value.as_bytes().into()).collect();
    Some(Converter::Language { values, default: args.given_bytes(1) })
}

fn param(args: &mut Args<'_, '_>) -> Option<Converter> {
    Some(Converter::Param { name: args.bytes(0), delimiter: args.byte_or(1, b'&')? })
}

fn url_dec(args: &mut Args<'_, '_>) -> Option<Converter> {
    let in_form = args.int_or(0, 0, i64::MIN..=i64::MAX)? != 0;
    Some(Converter::UrlDecode { in_form })
}

fn url_enc(args: &mut Args<'_, '_>) -> Option<Converter> {
    args.word_or(0, UrlCode::Query, &[("query", UrlCode::Query)]).map(Converter::UrlEncode)
}
