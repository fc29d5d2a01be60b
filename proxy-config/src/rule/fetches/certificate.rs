//! Certificates: the client's (`ssl_c`), ours towards clients (`ssl_f`) and the server's (`ssl_s`).

use super::FetchWord;
use crate::model::rule::{Cert, CertFact, Fetch, TlsFact};
use crate::rule::args::{Arg, Args, optional};
use crate::rule::kind::Kind;
use crate::rule::layer::Needs;
use crate::text::Fault;

/// Of a distinguished name.
const ENTRY: &[Arg] =
    &[optional("ENTRY", "string"), optional("OCCURRENCE", "integer"), optional("FORMAT", "word")];

pub(super) static FETCHES: &[FetchWord] = &[
    FetchWord {
        names: &["ssl_c_der", "ssl_f_der", "ssl_s_der"],
        args: &[],
        output: Kind::Bin,
        needs: Needs::OwnTls,
        meaning: "The certificate.",
        example: "ssl_c_der,base64",
        build: |args| fact(args, CertFact::Der),
    },
    FetchWord {
        names: &["ssl_c_chain_der", "ssl_s_chain_der"],
        args: &[],
        output: Kind::Bin,
        needs: Needs::OwnTls,
        meaning: "The certificates that were sent with it, one after the other.",
        example: "ssl_c_chain_der,length",
        build: |args| fact(args, CertFact::ChainDer),
    },
    FetchWord {
        names: &["ssl_c_i_dn", "ssl_f_i_dn", "ssl_s_i_dn"],
        args: ENTRY,
        output: Kind::Str,
        needs: Needs::OwnTls,
        meaning: "Its issuer, or one entry of it, such as the first `CN`; in the format `rfc2253` it is whole.",
        example: "ssl_c_i_dn(CN)",
        build: |args| name(args, CertFact::Issuer, CertFact::IssuerRfc2253),
    },
    FetchWord {
        names: &["ssl_c_key_alg", "ssl_f_key_alg", "ssl_s_key_alg"],
        args: &[],
        output: Kind::Str,
        needs: Needs::OwnTls,
        meaning: "The algorithm of its key.",
        example: "ssl_c_key_alg",
        build: |args| fact(args, CertFact::KeyAlg),
    },
    FetchWord {
        names: &["ssl_c_notafter", "ssl_f_notafter", "ssl_s_notafter"],
        args: &[],
        output: Kind::Str,
        needs: Needs::OwnTls,
        meaning: "The end of its validity, as `YYMMDDhhmmss[Z]`.",
        example: "ssl_c_notafter",
        build: |args| fact(args, CertFact::NotAfter),
    },
    FetchWord {
        names: &["ssl_c_notbefore", "ssl_f_notbefore", "ssl_s_notbefore"],
        args: &[],
        output: Kind::Str,
        needs: Needs::OwnTls,
        meaning: "The beginning of its validity, as `YYMMDDhhmmss[Z]`.",
        example: "ssl_c_notbefore",
        build: |args| fact(args, CertFact::NotBefore),
    },
    FetchWord {
        names: &["ssl_c_s_dn", "ssl_f_s_dn", "ssl_s_s_dn"],
        args: ENTRY,
        output: Kind::Str,
        needs: Needs::OwnTls,
        meaning: "Its subject, or one entry of it, such as the first `CN`; in the format `rfc2253` it is whole.",
        example: "ssl_c_s_dn(CN,1)",
        build: |args| name(args, CertFact::Subject, CertFact::SubjectRfc2253),
    },
    FetchWord {
        names: &["ssl_c_san"],
        args: &[],
        output: Kind::Str,
        needs: Needs::OwnTls,
        meaning: "Its other names, separated by commas.",
        example: "ssl_c_san",
        build: |args| fact(args, CertFact::San),
    },
    FetchWord {
        names: &["ssl_c_serial", "ssl_f_serial", "ssl_s_serial"],
        args: &[],
        output: Kind::Bin,
        needs: Needs::OwnTls,
        meaning: "Its serial number.",
        example: "ssl_c_serial,hex",
        build: |args| fact(args, CertFact::Serial),
    },
    FetchWord {
        names: &["ssl_c_sha1", "ssl_f_sha1", "ssl_s_sha1"],
        args: &[],
        output: Kind::Bin,
        needs: Needs::OwnTls,
        meaning: "Its SHA-1.",
        example: "ssl_c_sha1,hex",
        build: |args| fact(args, CertFact::Sha1),
    },
    FetchWord {
        names: &["ssl_c_sig_alg", "ssl_f_sig_alg", "ssl_s_sig_alg"],
        args: &[],
        output: Kind::Str,
        needs: Needs::OwnTls,
        meaning: "The algorithm of its signature.",
        example: "ssl_c_sig_alg",
        build: |args| fact(args, CertFact::SigAlg),
    },
    FetchWord {
        names: &["ssl_c_version", "ssl_f_version", "ssl_s_version"],
        args: &[],
        output: Kind::Int,
        needs: Needs::OwnTls,
        meaning: "Its version.",
        example: "ssl_c_version",
        build: |args| fact(args, CertFact::Version),
    },
];

#[expect(clippy::unnecessary_wraps, reason = "what `build` gives")]
fn fact(args: &Args<'_, '_>, fact: CertFact) -> Option<Fetch> {
    let cert = match args.name().get(..5) {
        Some("ssl_c") => Cert::Client,
        Some("ssl_f") => Cert::Frontend,
        _ => Cert::Server,
    };
    Some(Fetch::Tls(TlsFact::Cert(cert, fact)))
}

/// An entry of a name and which of several; the outer `None` after a fault.
#[expect(clippy::option_option, reason = "a fault and the whole name are two things")]
fn entry(args: &mut Args<'_, '_>) -> Option<Option<(Box<str>, i32)>> {
    let Some(entry) = args.given(0) else { return Some(None) };
    let occurrence = args.int_or(1, 1, i64::from(i32::MIN)..=i64::from(i32::MAX))?;
    Some(Some((entry.as_str().into(), i32::try_from(occurrence).ok()?)))
}

/// A name: whole, one entry of it, or the whole as LDAP writes it.
fn name(
    args: &mut Args<'_, '_>,
    of: fn(Option<(Box<str>, i32)>) -> CertFact,
    rfc2253: CertFact,
) -> Option<Fetch> {
    let entry = entry(args)?;
    if !args.word_or(2, false, &[("rfc2253", true)])? {
        return fact(args, of(entry));
    }
    if let Some(entry) = args.given(0) {
        let fault = Fault::new(0..entry.as_str().len(), "is given beside a format", "leave it out");
        return args.refuse(0, fault);
    }
    fact(args, rfc2253)
}
