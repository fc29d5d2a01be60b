//! How a server proves who it is.

use std::sync::Arc;

use proxy_config::model::ServerTls;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, SignatureScheme};

use super::name::{Names, Proven};
use crate::tls::certificate::Certificate;
use crate::tls::client_auth::crls;
use crate::tls::reading::Reading;
use crate::tls::roots::authorities;

/// # Errors
/// What is wrong with which file.
pub(super) fn verifier(
    tls: &ServerTls,
    names: &Names,
    provider: &Arc<CryptoProvider>,
    reading: &mut Reading,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    if !tls.verify {
        return Ok(Arc::new(Anyone { provider: provider.clone() }));
    }
    let (roots, listed) = match &tls.ca_file {
        Some(path) => {
            let in_ca_file = |what: String| format!("ca-file `{}`: {what}", path.display());
            let cas = reading.pem(path).map_err(in_ca_file)?.certificates;
            (Arc::new(authorities(&cas).map_err(in_ca_file)?), cas)
        }
        None => (reading.system.get()?, Vec::new()),
    };
    let mut pinned = pinned(listed);
    let mut chain = WebPkiServerVerifier::builder_with_provider(roots, provider.clone());
    if let Some(path) = &tls.crl_file {
        // As in HAProxy, no certificate of the chain may be without a list, nor the list too old.
        chain = chain.with_crls(crls(path, reading)?).enforce_revocation_expiration();
        // Nobody could revoke them.
        pinned.clear();
    }
    let chain = chain.build().map_err(|error| format!("`crl-file` is broken: {error}"))?;
    Ok(Arc::new(Somebody { chain, pinned, name: names.proven.clone() }))
}

/// Those that a server itself may have. As they need a name, authorities are not among them.
fn pinned(listed: Vec<CertificateDer<'static>>) -> Vec<CertificateDer<'static>> {
    let may_be = |der: &CertificateDer<'_>| {
        Certificate::parse(der).is_ok_and(|listed| listed.has_alternative_names())
    };
    listed.into_iter().filter(may_be).collect()
}

/// The server must be who `name` says.
#[derive(Debug)]
struct Somebody {
    chain: Arc<WebPkiServerVerifier>,
    /// Certificates of servers that `ca-file` has.
    pinned: Vec<CertificateDer<'static>>,
    name: Proven,
}

impl ServerCertVerifier for Somebody {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let name = self.name.name(server_name)?;
        let chain = &self.chain;
        match chain.verify_server_cert(end_entity, intermediates, name, ocsp_response, now) {
            // One that signed itself as an authority, as `openssl req -x509` makes them, does as its own
            // chain for OpenSSL, but not for rustls.
            Err(Error::InvalidCertificate(CertificateError::Other(_)))
                if self.pinned.iter().any(|pinned| pinned == end_entity) =>
            {
                verify_pinned(end_entity, name, now)
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

/// What else must hold of the very certificate that `ca-file` has.
fn verify_pinned(
    der: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, Error> {
    let facts = Certificate::parse(der).map_err(|_| CertificateError::BadEncoding)?;
    if now.as_secs() < facts.not_before().try_into().unwrap_or(0) {
        return Err(CertificateError::NotValidYet.into());
    }
    if now.as_secs() > facts.not_after().try_into().unwrap_or(0) {
        return Err(CertificateError::Expired.into());
    }
    if !facts.is_for_servers() {
        return Err(CertificateError::InvalidPurpose.into());
    }
    verify_server_name(&ParsedCertificate::try_from(der)?, name)?;
    Ok(ServerCertVerified::assertion())
}

/// `verify none`: the server may be anyone, but must have the key of the certificate that it shows.
#[derive(Debug)]
struct Anyone {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        match is_understood(cert) {
            true => verify_tls12_signature(message, cert, dss, algorithms),
            false => verify_tls12_by_key(message, cert, dss, algorithms),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        match is_understood(cert) {
            true => verify_tls13_signature(message, cert, dss, algorithms),
            false => verify_tls13_by_key(message, cert, dss, algorithms),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// rustls takes no key from certificates of version 1, which `openssl x509` made for long.
fn is_understood(der: &CertificateDer<'_>) -> bool {
    ParsedCertificate::try_from(der).is_ok()
}

/// Here a kind of signature does not say which curve it is of (RFC 8422, section 5.1.1): several are
/// tried.
fn verify_tls12_by_key(
    message: &[u8],
    der: &CertificateDer<'_>,
    dss: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let facts = Certificate::parse(der).map_err(|_| CertificateError::BadEncoding)?;
    let (key_kind, key) = facts.key().ok_or(CertificateError::BadEncoding)?;
    let kind = algorithms.mapping.iter().find(|(scheme, _)| *scheme == dss.scheme);
    let (_, candidates) = kind.ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
    let algorithm = candidates.iter().find(|one| one.public_key_alg_id().as_ref() == key_kind);
    let algorithm = algorithm.ok_or(PeerMisbehaved::SignedKxWithWrongAlgorithm)?;
    match algorithm.verify_signature(key, message, dss.signature()) {
        Ok(()) => Ok(HandshakeSignatureValid::assertion()),
        Err(_) => Err(CertificateError::BadSignature.into()),
    }
}

fn verify_tls13_by_key(
    message: &[u8],
    der: &CertificateDer<'_>,
    dss: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    let facts = Certificate::parse(der).map_err(|_| CertificateError::BadEncoding)?;
    let key = SubjectPublicKeyInfoDer::from(facts.key_der());
    verify_tls13_signature_with_raw_key(message, &key, dss, algorithms)
}
