//! Whether clients must prove who they are, and to whom: `verify`, `ca-file`, `crl-file` of a bind.
//!
//! Every certificate of `ca-file` is trusted as it is, also one that another authority has signed.
//! With `crl-file` it is as with HAProxy, which has OpenSSL check the whole chain
//! (`CRL_CHECK_ALL`): each authority that signed a certificate of the chain must have a CRL there
//! that is not out of date, or the client is refused. Certificates are not looked up on the network.

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use proxy_config::model::{ClientPolicy, Verify};
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::reading::{Reading, date};
use super::roots::authorities;

/// Bytes of names of authorities that are sent to clients: all must fit into one handshake message
/// of 64 KiB, with room for the rest of it.
const CA_NAMES_LEN_MAX: usize = 48 * 1024;

/// A digest of all that decides whether a client is let in: `verify` and what is in the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PolicyDigest([u8; 32]);

impl PolicyDigest {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn new(verify: Verify, cas: &[CertificateDer<'_>], crls: &[Crl]) -> Self {
        let mut digest = Context::new(&SHA256);
        digest.update(match verify {
            Verify::None => b"none",
            Verify::Optional => b"optional",
            Verify::Required => b"required",
        });
        let parts = cas.iter().map(|ca| ca.as_ref()).map(|der| (b"ca", der));
        let parts = parts.chain(crls.iter().map(|crl| crl.as_ref()).map(|der| (b"rl", der)));
        for (kind, der) in parts {
            digest.update(kind);
            digest.update(&der.len().to_be_bytes());
            digest.update(der);
        }
        let mut bytes = [0; 32];
        // A SHA-256 is as long as this.
        bytes.copy_from_slice(digest.finish().as_ref());
        Self(bytes)
    }
}

type Crl = CertificateRevocationListDer<'static>;

pub(super) struct ClientAuth {
    pub(super) verifier: Arc<dyn ClientCertVerifier>,
    pub(super) digest: PolicyDigest,
}

impl ClientAuth {
    /// # Errors
    /// What is wrong with which file.
    pub(super) fn load(
        policy: &ClientPolicy,
        provider: &Arc<CryptoProvider>,
        reading: &mut Reading,
    ) -> Result<Self, String> {
        if policy.verify == Verify::None {
            let digest = PolicyDigest::new(Verify::None, &[], &[]);
            return Ok(Self { verifier: WebPkiClientVerifier::no_client_auth(), digest });
        }
        let ca_file = policy.ca_file.as_ref().ok_or("verify: needs a ca-file")?;
        let in_ca_file = |what: String| format!("ca-file `{}`: {what}", ca_file.display());
        let cas = reading.pem(ca_file).map_err(in_ca_file)?.certificates;
        let roots = Arc::new(authorities(&cas).map_err(in_ca_file)?);
        let crls = policy.crl_file.as_ref().map(|path| crls(path, reading)).transpose()?;
        let crls = crls.unwrap_or_default();
        let digest = PolicyDigest::new(policy.verify, &cas, &crls);

        let is_named = policy.ca_names && names_fit(&roots, ca_file, reading);
        let builder = WebPkiClientVerifier::builder_with_provider(roots, provider.clone())
            .with_crls(crls)
            .enforce_revocation_expiration();
        let builder = if is_named { builder } else { builder.clear_root_hint_subjects() };
        let builder = match policy.verify {
            Verify::Optional => builder.allow_unauthenticated(),
            _ => builder,
        };
        let verifier = builder.build().map_err(|error| explain(&error, policy))?;
        Ok(Self { verifier, digest })
    }
}

fn names_fit(roots: &RootCertStore, ca_file: &Path, reading: &mut Reading) -> bool {
    let len: usize = roots.subjects().iter().map(|name| name.as_ref().len() + 2).sum();
    let fit = len <= CA_NAMES_LEN_MAX;
    if !fit {
        reading.warn(format!(
            "ca-file `{}`: has so many authorities that clients are not told their names",
            ca_file.display()
        ));
    }
    fit
}

/// # Errors
/// What is wrong with it, and its path.
pub(super) fn crls(path: &Path, reading: &mut Reading) -> Result<Vec<Crl>, String> {
    let in_file = |what: String| format!("crl-file `{}`: {what}", path.display());
    let crls = reading.pem(path).map_err(in_file)?.crls;
    if crls.is_empty() {
        return Err(in_file("has no certificate revocation list".into()));
    }
    for crl in &crls {
        let (_, parsed) = CertificateRevocationList::from_der(crl.as_ref())
            .map_err(|_| in_file("has a broken list".into()))?;
        let next_s = parsed.next_update().map(|next| next.timestamp());
        if let Some(next_s) = next_s.filter(|next_s| *next_s < reading.now_s) {
            reading.warn(in_file(format!(
                "the list of {} is out of date since {}: certificates of it are refused",
                parsed.issuer(),
                date(next_s)
            )));
        }
    }
    Ok(crls)
}

fn explain(error: &VerifierBuilderError, policy: &ClientPolicy) -> String {
    match (error, &policy.crl_file) {
        (VerifierBuilderError::InvalidCrl(error), Some(path)) => {
            format!("crl-file `{}`: has a list that cannot be used: {error:?}", path.display())
        }
        _ => format!("ca-file: {error}"),
    }
}
