//! Look-ups in maps, variables, captures, and names of backends and servers.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{ConverterWord, Output};
use crate::model::rule::{Converter, MapOutput, Match, Side, StreamState};
use crate::pattern;
use crate::rule::args::{Arg, Args, needed, optional, repeated};
use crate::rule::kind::Kind;
use crate::text::Fault;

const NUMBER: &[Arg] = &[needed("NUMBER", "integer")];

pub(super) static CONVERTERS: &[ConverterWord] = &[
    ConverterWord {
        names: &["be_exists"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Bool),
        meaning: "Whether there is a backend of that name.",
        example: "req.hdr(host),be_exists",
        build: |_| Some(Converter::Exists { is_backend: true }),
    },
    ConverterWord {
        names: &["capture-req"],
        args: NUMBER,
        input: Kind::Str,
        output: Output::Same,
        meaning: "Puts it into a capture of the request.",
        example: "req.hdr(a),capture-req(0)",
        build: |args| Some(Converter::Capture(Side::Request, args.capture(0, Side::Request)?)),
    },
    ConverterWord {
        names: &["capture-res"],
        args: NUMBER,
        input: Kind::Str,
        output: Output::Same,
        meaning: "Puts it into a capture of the response.",
        example: "req.hdr(a),capture-res(0)",
        build: |args| Some(Converter::Capture(Side::Response, args.capture(0, Side::Response)?)),
    },
    ConverterWord {
        names: &["debug"],
        args: &[optional("PREFIX", "string"), optional("RING", "string")],
        input: Kind::Any,
        output: Output::Same,
        meaning: "Passes it on; where HAProxy would show it, nothing is shown here.",
        example: "src,debug",
        build: |_| Some(Converter::Debug),
    },
    ConverterWord {
        names: &["fe_exists"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Bool),
        meaning: "Whether there is a frontend of that name.",
        example: "req.hdr(a),fe_exists",
        build: |_| Some(Converter::Exists { is_backend: false }),
    },
    ConverterWord {
        names: &["ipmask"],
        args: &[needed("MASK4", "mask"), optional("MASK6", "mask")],
        input: Kind::Ip,
        output: Output::Is(Kind::Ip),
        meaning: "An address under a mask: bits, or an address.",
        example: "src,ipmask(24,64)",
        build: ipmask,
    },
    ConverterWord {
        names: &[
            "map",
            "map_str",
            "map_str_int",
            "map_str_ip",
            "map_str_key",
            "map_beg",
            "map_beg_int",
            "map_beg_ip",
            "map_beg_key",
            "map_end",
            "map_end_int",
            "map_end_ip",
            "map_end_key",
            "map_sub",
            "map_sub_int",
            "map_sub_ip",
            "map_sub_key",
            "map_dir",
            "map_dir_int",
            "map_dir_ip",
            "map_dir_key",
            "map_dom",
            "map_dom_int",
            "map_dom_ip",
            "map_dom_key",
            "map_reg",
            "map_reg_int",
            "map_reg_ip",
            "map_reg_key",
            "map_int",
            "map_int_int",
            "map_int_ip",
            "map_int_key",
            "map_ip",
            "map_ip_int",
            "map_ip_ip",
            "map_ip_key",
            "map_regm",
        ],
        args: &[needed("FILE", "path"), optional("DEFAULT", "value")],
        input: Kind::Any,
        output: Output::OfMap,
        meaning: "Looks it up in a file of keys and values: the name says how it is matched (`str` if it does not), and what comes out: a string, an integer (`_int`), an address (`_ip`) or the key (`_key`); `map_regm` fills groups such as `\\1` in.",
        example: "req.hdr(host),lower,map_dom(hosts.map,app)",
        build: map,
    },
    ConverterWord {
        names: &["nbsrv"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Int),
        meaning: "The usable servers of the backend of that name.",
        example: "str(app),nbsrv",
        build: |_| Some(Converter::UsableServers),
    },
    ConverterWord {
        names: &["set-var"],
        args: &[needed("VAR", "variable"), repeated("CONDITION", "word")],
        input: Kind::Any,
        output: Output::Same,
        meaning: "Sets a variable to it, if the conditions hold: `ifexists`, `ifnotexists`, `ifempty`, `ifnotempty`, `ifset`, `ifnotset`, `ifgt`, `iflt`.",
        example: "src,set-var(txn.client)",
        build: |args| Some(Converter::SetVar(args.var(0)?, args.var_conditions(1)?)),
    },
    ConverterWord {
        names: &["srv_is_up"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Bool),
        meaning: "Whether the server `BACKEND/SERVER` of that name is up.",
        example: "str(app/s1),srv_is_up",
        build: |_| Some(Converter::ServerIsUp),
    },
    ConverterWord {
        names: &["unset-var"],
        args: &[needed("VAR", "variable")],
        input: Kind::Any,
        output: Output::Same,
        meaning: "Unsets a variable.",
        example: "src,unset-var(txn.client)",
        build: |args| Some(Converter::UnsetVar(args.var(0)?)),
    },
    ConverterWord {
        names: &["when"],
        args: &[needed("STATE", "word"), repeated("ACL", "acl")],
        input: Kind::Any,
        output: Output::Same,
        meaning: "Passes it on if an ACL holds (`acl,NAME`), or else what is known of the stream: \
            `error`, `normal`, `forwarded` or `processed` to a server, or the proxy is `stopping`.",
        example: "src,when(acl,TRUE)",
        build: when,
    },
    ConverterWord {
        names: &["x509_v_err_str"],
        args: &[],
        input: Kind::Int,
        output: Output::Is(Kind::Str),
        meaning: "The name of an error of verifying a certificate.",
        example: "ssl_c_verify,x509_v_err_str",
        build: |_| Some(Converter::X509Error),
    },
];

/// What a name beginning with `map` says.
fn map_parts(name: &str) -> (Match, MapOutput) {
    let mut parts = name.split('_').skip(1);
    let method = match parts.next() {
        Some("beg") => Match::Beg,
        Some("end") => Match::End,
        Some("sub") => Match::Sub,
        Some("dir") => Match::Dir,
        Some("dom") => Match::Dom,
        Some("reg") => Match::Reg,
        Some("regm") => return (Match::Reg, MapOutput::Regm),
        Some("int") => Match::Int,
        Some("ip") => Match::Ip,
        _ => Match::Str,
    };
    let output = match parts.next() {
        Some("int") => MapOutput::Int,
        Some("ip") => MapOutput::Ip,
        Some("key") => MapOutput::Key,
        _ => MapOutput::Str,
    };
    (method, output)
}

/// What a map of this name takes and gives.
pub(super) fn map_kinds(name: &str) -> (Kind, Kind) {
    let (method, output) = map_parts(name);
    let output = match output {
        MapOutput::Str | MapOutput::Key | MapOutput::Regm => Kind::Str,
        MapOutput::Int => Kind::Int,
        MapOutput::Ip => Kind::Ip,
    };
    (crate::rule::acl::input_of(method), output)
}

fn map(args: &mut Args<'_, '_>) -> Option<Converter> {
    let (method, output) = map_parts(args.name());
    let default = match args.text(1) {
        Some(_) => Some(args.parsed(1, |text| pattern::map_value(output, text))?),
        None => None,
    };
    let table = args.compiler.map(args.text(0)?, method, output, args.report)?;
    Some(Converter::Map { table, default })
}

fn ipmask(args: &mut Args<'_, '_>) -> Option<Converter> {
    let v4 = args.parsed(0, |text| mask(text, 32, pattern::v4_mask, Ipv4Addr::to_bits))?;
    let v6 = match args.given(1) {
        Some(_) => {
            Some(args.parsed(1, |text| mask(text, 128, pattern::v6_mask, Ipv6Addr::to_bits))?)
        }
        None => None,
    };
    Some(Converter::IpMask { v4, v6 })
}

/// Bits, or an address that is a mask.
fn mask<A: std::str::FromStr, M>(
    text: &str,
    width: u32,
    of_bits: fn(u32) -> M,
    of_address: fn(A) -> M,
) -> Result<M, Fault> {
    let bits = text.parse().ok().filter(|bits| *bits <= width).map(of_bits);
    let mask = bits.or_else(|| text.parse().ok().map(of_address));
    let expected = format!("write bits from 0 to {width}, or an address");
    mask.ok_or_else(|| Fault::new(0..text.len(), "is not a mask", expected))
}

fn when(args: &mut Args<'_, '_>) -> Option<Converter> {
    let states = [
        ("acl", None),
        ("error", Some(StreamState::Error)),
        ("forwarded", Some(StreamState::Forwarded)),
        ("normal", Some(StreamState::Normal)),
        // There are no applets, so what is processed goes to a server.
        ("processed", Some(StreamState::Forwarded)),
        ("stopping", Some(StreamState::Stopping)),
    ];
    let state = args.word(0, &states)?;
    match (state, args.text(1)) {
        (Some(state), None) => Some(Converter::WhenIs(state)),
        (Some(_), Some(surplus)) => {
            let range = 0..surplus.as_str().len();
            args.refuse(1, Fault::new(range, "follows a word that takes none", "leave it out"))
        }
        (None, Some(_)) => args.acls(1).map(Converter::When),
        (None, None) => args.refuse(1, Fault::new(0..0, "is missing", "write `when(acl,NAME)`")),
    }
}
