//! Connections: their ends, and what came over them.

use super::FetchWord;
use crate::model::rule::{ConnectionFact, Fetch, Peer};
use crate::rule::args::{Args, needed};
use crate::rule::kind::Kind;
use crate::rule::layer::Needs;
use crate::text::Fault;

pub(super) static FETCHES: &[FetchWord] = &[
    FetchWord {
        names: &["bc_dst"],
        args: &[],
        output: Kind::Ip,
        needs: Needs::Server,
        meaning: "The server's address.",
        example: "bc_dst",
        build: |_| fact(ConnectionFact::ServerAddress(Peer::Other)),
    },
    FetchWord {
        names: &["bc_dst_port"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Server,
        meaning: "The server's port.",
        example: "bc_dst_port",
        build: |_| fact(ConnectionFact::ServerPort(Peer::Other)),
    },
    FetchWord {
        names: &["bc_http_major"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Server,
        meaning: "The major version of HTTP that the server is spoken to in; 0 without HTTP.",
        example: "bc_http_major",
        build: |_| fact(ConnectionFact::ServerHttpMajor),
    },
    FetchWord {
        names: &["bc_reused"],
        args: &[],
        output: Kind::Bool,
        needs: Needs::Server,
        meaning: "Whether the server's connection had served before.",
        example: "bc_reused",
        build: |_| fact(ConnectionFact::ServerIsReused),
    },
    FetchWord {
        names: &["bc_src"],
        args: &[],
        output: Kind::Ip,
        needs: Needs::Server,
        meaning: "Our address towards the server.",
        example: "bc_src",
        build: |_| fact(ConnectionFact::ServerAddress(Peer::Own)),
    },
    FetchWord {
        names: &["bc_src_port"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Server,
        meaning: "Our port towards the server.",
        example: "bc_src_port",
        build: |_| fact(ConnectionFact::ServerPort(Peer::Own)),
    },
    FetchWord {
        names: &["bytes_in", "req.bytes_in"],
        args: &[],
        output: Kind::Int,
        needs: Needs::RequestKept,
        meaning: "The bytes received from the client so far.",
        example: "bytes_in",
        build: |_| fact(ConnectionFact::BytesReceived),
    },
    FetchWord {
        names: &["bytes_out", "res.bytes_out"],
        args: &[],
        output: Kind::Int,
        needs: Needs::RequestKept,
        meaning: "The bytes sent to the client so far.",
        example: "bytes_out",
        build: |_| fact(ConnectionFact::BytesSent),
    },
    FetchWord {
        names: &["dst"],
        args: &[],
        output: Kind::Ip,
        needs: Needs::Client,
        meaning: "The address that the client connected to, as rules or a PROXY header have it.",
        example: "dst",
        build: |_| fact(ConnectionFact::Address(Peer::Own)),
    },
    FetchWord {
        names: &["dst_conn"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Client,
        meaning: "The connections on the bind that accepted this one.",
        example: "dst_conn",
        build: |_| fact(ConnectionFact::BindConns),
    },
    FetchWord {
        names: &["dst_is_local"],
        args: &[],
        output: Kind::Bool,
        needs: Needs::Client,
        meaning: "Whether `dst` is an address of this machine.",
        example: "dst_is_local",
        build: |_| fact(ConnectionFact::IsLocal(Peer::Own)),
    },
    FetchWord {
        names: &["dst_port"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Client,
        meaning: "The port that the client connected to.",
        example: "dst_port",
        build: |_| fact(ConnectionFact::Port(Peer::Own)),
    },
    FetchWord {
        names: &["fc_dst"],
        args: &[],
        output: Kind::Ip,
        needs: Needs::Client,
        meaning: "As `dst`, whatever rules made of it.",
        example: "fc_dst",
        build: |_| fact(ConnectionFact::ClientAddress(Peer::Own)),
    },
    FetchWord {
        names: &["fc_dst_port"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Client,
        meaning: "As `dst_port`, whatever rules made of it.",
        example: "fc_dst_port",
        build: |_| fact(ConnectionFact::ClientPort(Peer::Own)),
    },
    FetchWord {
        names: &["fc_http_major"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Handshake,
        meaning: "The major version of HTTP that the client speaks; nothing without HTTP.",
        example: "fc_http_major",
        build: |_| fact(ConnectionFact::ClientHttpMajor),
    },
    FetchWord {
        names: &["fc_pp_authority"],
        args: &[],
        output: Kind::Str,
        needs: Needs::Client,
        meaning: "The host name in the PROXY header.",
        example: "fc_pp_authority",
        build: |_| fact(ConnectionFact::ProxyAuthority),
    },
    FetchWord {
        names: &["fc_pp_tlv"],
        args: &[needed("TYPE", "integer")],
        output: Kind::Str,
        needs: Needs::Client,
        meaning: "The value of a TLV of the PROXY header, by its type from 0 to 255.",
        example: "fc_pp_tlv(0xEA)",
        build: tlv,
    },
    FetchWord {
        names: &["fc_pp_unique_id"],
        args: &[],
        output: Kind::Str,
        needs: Needs::Client,
        meaning: "The unique id in the PROXY header.",
        example: "fc_pp_unique_id",
        build: |_| fact(ConnectionFact::ProxyUniqueId),
    },
    FetchWord {
        names: &["fc_rcvd_proxy"],
        args: &[],
        output: Kind::Bool,
        needs: Needs::Client,
        meaning: "Whether the client's connection began with a PROXY header.",
        example: "fc_rcvd_proxy",
        build: |_| fact(ConnectionFact::HasProxyHeader),
    },
    FetchWord {
        names: &["fc_src"],
        args: &[],
        output: Kind::Ip,
        needs: Needs::Client,
        meaning: "As `src`, whatever rules made of it.",
        example: "fc_src",
        build: |_| fact(ConnectionFact::ClientAddress(Peer::Other)),
    },
    FetchWord {
        names: &["fc_src_port"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Client,
        meaning: "As `src_port`, whatever rules made of it.",
        example: "fc_src_port",
        build: |_| fact(ConnectionFact::ClientPort(Peer::Other)),
    },
    FetchWord {
        names: &["src"],
        args: &[],
        output: Kind::Ip,
        needs: Needs::Client,
        meaning: "The client's address, as rules or a PROXY header have it.",
        example: "src",
        build: |_| fact(ConnectionFact::Address(Peer::Other)),
    },
    FetchWord {
        names: &["src_is_local"],
        args: &[],
        output: Kind::Bool,
        needs: Needs::Client,
        meaning: "Whether `src` is an address of this machine.",
        example: "src_is_local",
        build: |_| fact(ConnectionFact::IsLocal(Peer::Other)),
    },
    FetchWord {
        names: &["src_port"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Client,
        meaning: "The client's port.",
        example: "src_port",
        build: |_| fact(ConnectionFact::Port(Peer::Other)),
    },
];

#[expect(clippy::unnecessary_wraps, reason = "what `build` gives")]
pub(super) fn fact(fact: ConnectionFact) -> Option<Fetch> {
    Some(Fetch::Connection(fact))
}

fn tlv(args: &mut Args<'_, '_>) -> Option<Fetch> {
    let kind = args.parsed(0, |text| {
        let value = match text.strip_prefix("0x") {
            Some(digits) => u8::from_str_radix(digits, 16),
            None => text.parse(),
        };
        let expected = "write a number from 0 to 255, or 0x00 to 0xff";
        value.map_err(|_| Fault::new(0..text.len(), "is not the type of a TLV", expected))
    })?;
    fact(ConnectionFact::ProxyTlv(kind))
}
