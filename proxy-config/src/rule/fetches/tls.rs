//! TLS connections: of the client (`ssl_fc`) and of the server (`ssl_bc`).

use super::FetchWord;
use crate::model::rule::{Fetch, TlsFact};
use crate::rule::kind::Kind;
use crate::rule::layer::Needs;

pub(super) static FETCHES: &[FetchWord] = &[
    FetchWord {
        names: &["ssl_fc", "ssl_bc"],
        args: &[],
        output: Kind::Bool,
        needs: Needs::OwnTls,
        meaning: "Whether the connection has TLS: `ssl_fc` the client's, `ssl_bc` the server's.",
        example: "ssl_fc",
        build: |args| fact(TlsFact::Is(args.side())),
    },
    FetchWord {
        names: &[
            "ssl_fc_alg_keysize",
            "ssl_fc_use_keysize",
            "ssl_bc_alg_keysize",
            "ssl_bc_use_keysize",
        ],
        args: &[],
        output: Kind::Int,
        needs: Needs::OwnTls,
        meaning: "The bits of the key that encrypts.",
        example: "ssl_fc_use_keysize",
        build: |args| fact(TlsFact::KeySize(args.side())),
    },
    FetchWord {
        names: &["ssl_fc_alpn", "ssl_bc_alpn"],
        args: &[],
        output: Kind::Str,
        needs: Needs::OwnTls,
        meaning: "The protocol that ALPN chose.",
        example: "ssl_fc_alpn",
        build: |args| fact(TlsFact::Alpn(args.side())),
    },
    FetchWord {
        names: &["ssl_fc_cipher", "ssl_bc_cipher"],
        args: &[],
        output: Kind::Str,
        needs: Needs::OwnTls,
        meaning: "The cipher suite by its name in OpenSSL.",
        example: "ssl_fc_cipher",
        build: |args| fact(TlsFact::Cipher(args.side())),
    },
    FetchWord {
        names: &["ssl_fc_curve", "ssl_bc_curve"],
        args: &[],
        output: Kind::Str,
        needs: Needs::OwnTls,
        meaning: "The group of the key exchange.",
        example: "ssl_fc_curve",
        build: |args| fact(TlsFact::Curve(args.side())),
    },
    FetchWord {
        names: &["ssl_fc_has_crt"],
        args: &[],
        output: Kind::Bool,
        needs: Needs::OwnTls,
        meaning: "Whether the client showed a certificate in this very connection.",
        example: "ssl_fc_has_crt",
        build: |_| fact(TlsFact::HasClientCert),
    },
    FetchWord {
        names: &["ssl_fc_has_early"],
        args: &[],
        output: Kind::Bool,
        needs: Needs::OwnTls,
        meaning: "Whether the request came as early data, of which there is none here.",
        example: "ssl_fc_has_early",
        build: |_| fact(TlsFact::HasEarlyData),
    },
    FetchWord {
        names: &["ssl_fc_has_sni"],
        args: &[],
        output: Kind::Bool,
        needs: Needs::OwnTls,
        meaning: "Whether the client named a server.",
        example: "ssl_fc_has_sni",
        build: |_| fact(TlsFact::HasSni),
    },
    FetchWord {
        names: &["ssl_fc_is_resumed", "ssl_bc_is_resumed"],
        args: &[],
        output: Kind::Bool,
        needs: Needs::OwnTls,
        meaning: "Whether an earlier session goes on.",
        example: "ssl_fc_is_resumed",
        build: |args| fact(TlsFact::IsResumed(args.side())),
    },
    FetchWord {
        names: &["ssl_fc_protocol", "ssl_bc_protocol"],
        args: &[],
        output: Kind::Str,
        needs: Needs::OwnTls,
        meaning: "The version of TLS, such as `TLSv1.3`.",
        example: "ssl_fc_protocol",
        build: |args| fact(TlsFact::Protocol(args.side())),
    },
    FetchWord {
        names: &["ssl_fc_sni", "ssl_bc_sni"],
        args: &[],
        output: Kind::Str,
        needs: Needs::OwnTls,
        meaning: "The server's name that was asked for.",
        example: "ssl_fc_sni",
        build: |args| fact(TlsFact::Sni(args.side())),
    },
    FetchWord {
        names: &["ssl_c_used"],
        args: &[],
        output: Kind::Bool,
        needs: Needs::OwnTls,
        meaning: "Whether the client showed a certificate, now or in the session that goes on.",
        example: "ssl_c_used",
        build: |_| fact(TlsFact::ClientCertUsed),
    },
    FetchWord {
        names: &["ssl_c_verify", "ssl_c_err", "ssl_c_ca_err", "ssl_c_ca_err_depth"],
        args: &[],
        output: Kind::Int,
        needs: Needs::OwnTls,
        meaning: "Always 0: a certificate that does not verify ends the handshake.",
        example: "ssl_c_verify",
        build: |_| fact(TlsFact::ClientVerify),
    },
];

#[expect(clippy::unnecessary_wraps, reason = "what `build` gives")]
fn fact(fact: TlsFact) -> Option<Fetch> {
    Some(Fetch::Tls(fact))
}
