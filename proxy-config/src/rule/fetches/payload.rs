//! Bytes as they arrive, before anything is made of them.

use super::FetchWord;
use crate::model::rule::{Fetch, Offset, PayloadFact, Side};
use crate::rule::args::{Arg, Args, needed, optional};
use crate::rule::kind::Kind;
use crate::rule::layer::Needs;
use crate::text::Fault;

const RDP: &[Arg] = &[optional("NAME", "string")];

/// No buffer is longer.
const OFFSET_MAX: i64 = i32::MAX as i64;

pub(super) static FETCHES: &[FetchWord] = &[
    FetchWord {
        names: &["req.len", "req_len", "res.len"],
        args: &[],
        output: Kind::Int,
        needs: Needs::OwnInput,
        meaning: "How many bytes are here.",
        example: "req.len",
        build: |args| fact(PayloadFact::Len(args.side())),
    },
    FetchWord {
        names: &["req.payload", "payload", "res.payload"],
        args: &[needed("OFFSET", "integer"), needed("LENGTH", "integer")],
        output: Kind::Bin,
        needs: Needs::OwnInput,
        meaning: "Bytes from an offset on; a length of 0 is all that there are.",
        example: "req.payload(0,5)",
        build: payload,
    },
    FetchWord {
        names: &["req.payload_lv", "payload_lv", "res.payload_lv"],
        args: &[
            needed("OFFSET", "integer"),
            needed("LENGTH", "integer"),
            optional("OFFSET2", "offset"),
        ],
        output: Kind::Bin,
        needs: Needs::OwnInput,
        meaning: "Bytes whose number stands at an offset, and which follow it or begin at another offset.",
        example: "req.payload_lv(41,2)",
        build: payload_lv,
    },
    FetchWord {
        names: &["req.proto_http", "req_proto_http"],
        args: &[],
        output: Kind::Bool,
        needs: Needs::Input(Side::Request),
        meaning: "Whether the bytes are a request of HTTP; until that is known they are waited for.",
        example: "req.proto_http",
        build: |_| fact(PayloadFact::IsHttp),
    },
    FetchWord {
        names: &["req.rdp_cookie", "rdp_cookie"],
        args: RDP,
        output: Kind::Str,
        needs: Needs::Input(Side::Request),
        meaning: "A cookie of the Remote Desktop Protocol; the first where none is named.",
        example: "req.rdp_cookie(mstshash)",
        build: |args| fact(PayloadFact::RdpCookie(args.given_bytes(0))),
    },
    FetchWord {
        names: &["req.rdp_cookie_cnt", "rdp_cookie_cnt"],
        args: RDP,
        output: Kind::Int,
        needs: Needs::Input(Side::Request),
        meaning: "How often that cookie is there: 0 or 1.",
        example: "req.rdp_cookie_cnt",
        build: |args| fact(PayloadFact::RdpCookieCount(args.given_bytes(0))),
    },
    FetchWord {
        names: &["req.ssl_alpn"],
        args: &[],
        output: Kind::Str,
        needs: Needs::Input(Side::Request),
        meaning: "The first protocol that a ClientHello offers; an ACL matches each.",
        example: "req.ssl_alpn",
        build: |_| fact(PayloadFact::HelloAlpn),
    },
    FetchWord {
        names: &["req.ssl_cipherlist"],
        args: &[],
        output: Kind::Bin,
        needs: Needs::Input(Side::Request),
        meaning: "The cipher suites that a ClientHello offers.",
        example: "req.ssl_cipherlist,hex",
        build: |_| fact(PayloadFact::HelloCiphers),
    },
    FetchWord {
        names: &["req.ssl_ec_ext"],
        args: &[],
        output: Kind::Bool,
        needs: Needs::Input(Side::Request),
        meaning: "Whether a ClientHello offers elliptic curves.",
        example: "req.ssl_ec_ext",
        build: |_| fact(PayloadFact::HelloHasGroups),
    },
    FetchWord {
        names: &[
            "req.ssl_hello_type",
            "req_ssl_hello_type",
            "res.ssl_hello_type",
            "rep_ssl_hello_type",
        ],
        args: &[],
        output: Kind::Int,
        needs: Needs::OwnInput,
        meaning: "1 for a ClientHello, 2 for a ServerHello; nothing without TLS.",
        example: "req.ssl_hello_type",
        build: |args| fact(PayloadFact::HelloType(args.side())),
    },
    FetchWord {
        names: &["req.ssl_keyshare_groups"],
        args: &[],
        output: Kind::Bin,
        needs: Needs::Input(Side::Request),
        meaning: "The groups for which a ClientHello has a key.",
        example: "req.ssl_keyshare_groups,hex",
        build: |_| fact(PayloadFact::HelloKeyShares),
    },
    FetchWord {
        names: &["req.ssl_sigalgs"],
        args: &[],
        output: Kind::Bin,
        needs: Needs::Input(Side::Request),
        meaning: "The signature algorithms that a ClientHello offers.",
        example: "req.ssl_sigalgs,hex",
        build: |_| fact(PayloadFact::HelloSigAlgs),
    },
    FetchWord {
        names: &["req.ssl_sni", "req_ssl_sni"],
        args: &[],
        output: Kind::Str,
        needs: Needs::Input(Side::Request),
        meaning: "The server's name in a ClientHello.",
        example: "req.ssl_sni,lower",
        build: |_| fact(PayloadFact::HelloSni),
    },
    FetchWord {
        names: &["req.ssl_st_ext"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Input(Side::Request),
        meaning: "0 without the extension for session tickets, 1 with an empty one, 2 with a ticket.",
        example: "req.ssl_st_ext",
        build: |_| fact(PayloadFact::HelloTicket),
    },
    FetchWord {
        names: &["req.ssl_supported_groups"],
        args: &[],
        output: Kind::Bin,
        needs: Needs::Input(Side::Request),
        meaning: "The groups that a ClientHello supports.",
        example: "req.ssl_supported_groups,hex",
        build: |_| fact(PayloadFact::HelloGroups),
    },
    FetchWord {
        names: &["req.ssl_ver", "req_ssl_ver"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Input(Side::Request),
        meaning: "The highest version that a ClientHello offers; an ACL takes `3.3` for TLS 1.2.",
        example: "req.ssl_ver",
        build: |_| fact(PayloadFact::HelloVersion),
    },
];

#[expect(clippy::unnecessary_wraps, reason = "what `build` gives")]
fn fact(fact: PayloadFact) -> Option<Fetch> {
    Some(Fetch::Payload(fact))
}

fn payload(args: &mut Args<'_, '_>) -> Option<Fetch> {
    let side = args.side();
    let offset = u32::try_from(args.int(0, 0..=OFFSET_MAX)?).ok()?;
    let len = u32::try_from(args.int(1, 0..=OFFSET_MAX)?).ok()?;
    fact(PayloadFact::Payload { side, offset, len })
}

fn payload_lv(args: &mut Args<'_, '_>) -> Option<Fetch> {
    let side = args.side();
    let offset = u32::try_from(args.int(0, 0..=OFFSET_MAX)?).ok()?;
    let len = u32::try_from(args.int(1, 1..=8)?).ok()?;
    let at = match args.given(2) {
        None => None,
        Some(_) => Some(args.parsed(2, where_from)?),
    };
    fact(PayloadFact::PayloadLv { side, offset, len, at })
}

/// `N`, or `+N` and `-N` from where the length ends.
fn where_from(text: &str) -> Result<Offset, Fault> {
    let is_relative = text.starts_with(['+', '-']);
    let relative = || text.parse().ok().map(Offset::Relative);
    let absolute = || text.parse().ok().map(Offset::From);
    let offset = if is_relative { relative() } else { absolute() };
    let expected = "write bytes such as `5`, or `+2` and `-2` from where the length ends";
    offset.ok_or_else(|| Fault::new(0..text.len(), "is no offset", expected))
}
