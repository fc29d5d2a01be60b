//! What the bench speaks at both of its ends: one version, one suite, one group, so that every
//! proxy is measured with the same.

use crate::Result;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;

pub(crate) const VERSIONS: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        cipher_suites: vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256],
        kx_groups: vec![aws_lc_rs::kx_group::X25519],
        ..aws_lc_rs::default_provider()
    })
}

pub(crate) fn protocols() -> Vec<Vec<u8>> {
    vec![b"http/1.1".to_vec()]
}

/// For a server with this certificate and key, both in one PEM file.
pub(crate) fn server_config(pem: &Path) -> Result<ServerConfig> {
    let failed = |error| format!("cannot use {}: {error}", pem.display());
    let chain = CertificateDer::pem_file_iter(pem).map_err(failed)?;
    let chain = chain.collect::<std::result::Result<_, _>>().map_err(failed)?;
    let key = PrivateKeyDer::from_pem_file(pem).map_err(failed)?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = protocols();
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(config)
}
