//! Certificates: `ssl_c_*`, `ssl_f_*` and `ssl_s_*` (HAProxy's manual, chapter 7.3.4).

use proxy_config::model::rule::{Cert, CertFact, Side};

use super::tls;
use crate::rule::context::{Arena, Context};
use crate::rule::sample::Sample;
use crate::tls::certificate::{Certificate, Name};

pub(super) fn fetch<'a>(whose: Cert, fact: &CertFact, context: &Context<'a>) -> Option<Sample<'a>> {
    if matches!(fact, CertFact::ChainDer) {
        return chain(whose, context);
    }
    let der = der(whose, context)?;
    match fact {
        CertFact::Der => Some(Sample::Bin(der)),
        CertFact::Sha1 => {
            let digest = sha1_smol::Sha1::from(der).digest().bytes();
            Some(Sample::Bin(context.arena.keep(&digest)))
        }
        _ => read(fact, &Certificate::parse(der).ok()?, context.arena),
    }
}

fn der<'a>(whose: Cert, context: &Context<'a>) -> Option<&'a [u8]> {
    let client = || context.client.tls;
    Some(match whose {
        Cert::Client => client()?.peer_certificates.first()?.as_ref(),
        Cert::Frontend => client()?.own_certificate.as_ref()?.as_ref(),
        Cert::Server => tls::facts(Side::Response, context)?.peer_certificates.first()?.as_ref(),
    })
}

/// One behind the other. As OpenSSL has it, a server's chain begins with its own certificate, but what
/// a client sent with its own is without it.
fn chain<'a>(whose: Cert, context: &Context<'a>) -> Option<Sample<'a>> {
    let certificates = match whose {
        Cert::Client => context.client.tls?.peer_certificates.get(1..)?,
        Cert::Frontend => return None,
        Cert::Server => &tls::facts(Side::Response, context)?.peer_certificates,
    };
    if certificates.is_empty() {
        return None;
    }
    Some(Sample::Bin(context.arena.write(|out| {
        for certificate in certificates {
            out.extend_from_slice(certificate);
        }
    })))
}

fn read<'a>(fact: &CertFact, of: &Certificate<'_>, arena: &'a Arena) -> Option<Sample<'a>> {
    let text = |text: &[u8]| (!text.is_empty()).then(|| Sample::Str(arena.keep(text)));
    match fact {
        CertFact::Subject(entry) => name(of.subject(), entry.as_ref(), arena),
        CertFact::Issuer(entry) => name(of.issuer(), entry.as_ref(), arena),
        CertFact::SubjectRfc2253 => text(of.subject().rfc2253().as_bytes()),
        CertFact::IssuerRfc2253 => text(of.issuer().rfc2253().as_bytes()),
        CertFact::KeyAlg => text(of.key_alg().as_bytes()),
        CertFact::NotAfter => text(of.not_after_text()?.as_bytes()),
        CertFact::NotBefore => text(of.not_before_text()?.as_bytes()),
        CertFact::San => text(of.alternative_names_text().as_bytes()),
        CertFact::Serial => Some(Sample::Bin(arena.keep(of.serial()))),
        CertFact::SigAlg => text(of.sig_alg().as_bytes()),
        CertFact::Version => Some(Sample::Int(of.version().into())),
        CertFact::Der | CertFact::ChainDer | CertFact::Sha1 => None,
    }
}

fn name<'a>(
    name: Name<'_>,
    entry: Option<&(Box<str>, i32)>,
    arena: &'a Arena,
) -> Option<Sample<'a>> {
    let kept = match entry {
        Some((entry, occurrence)) => arena.keep(name.entry(entry, *occurrence)?),
        None => arena.keep(&name.oneline()),
    };
    (entry.is_some() || !kept.is_empty()).then_some(Sample::Str(kept))
}
