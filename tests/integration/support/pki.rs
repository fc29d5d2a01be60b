//! Certificates, and how rustls is configured with them.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::crypto::{CryptoProvider, aws_lc_rs as provider};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{CipherSuite, ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V12,
    V13,
}

impl Version {
    pub(crate) const ALL: [Self; 2] = [Self::V12, Self::V13];

    fn versions(self) -> [&'static SupportedProtocolVersion; 1] {
        match self {
            Self::V12 => [&rustls::version::TLS12],
            Self::V13 => [&rustls::version::TLS13],
        }
    }

    /// With the suites whose records are sealed here.
    fn provider(self) -> Arc<CryptoProvider> {
        let is_ours = |suite: CipherSuite| match self {
            Self::V12 => suite == CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            Self::V13 => suite == CipherSuite::TLS13_AES_128_GCM_SHA256,
        };
        let mut provider = provider::default_provider();
        provider.cipher_suites.retain(|suite| is_ours(suite.suite()));
        // One hello of a length that does not take hundreds of connections to cut.
        provider.kx_groups.retain(|group| group.name() == rustls::NamedGroup::X25519);
        Arc::new(provider)
    }
}

/// Who signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    key: Vec<u8>,
    /// Both, as `crt` has them.
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "Test Authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for servers and clients of these names.
    pub(crate) fn issue(&self, names: &[&str]) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity {
            certificate: certificate.der().clone(),
            key: key.serialize_der(),
            pem: certificate.pem() + &key.serialize_pem(),
        }
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        roots
    }

    /// How a client of servers with certificates of ours is configured.
    pub(crate) fn client(&self, version: Version) -> ClientConfig {
        self.client_with(version, None)
    }

    pub(crate) fn client_with(&self, version: Version, own: Option<&Identity>) -> ClientConfig {
        let builder = ClientConfig::builder_with_provider(version.provider());
        let builder = builder.with_protocol_versions(&version.versions()).unwrap();
        let builder = builder.with_root_certificates(self.roots());
        let mut config = match own {
            None => builder.with_no_client_auth(),
            Some(own) => {
                builder.with_client_auth_cert(vec![own.certificate.clone()], own.key()).unwrap()
            }
        };
        config.enable_secret_extraction = true;
        config
    }
}

impl Identity {
    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.clone()).unwrap()
    }

    /// How a server with this certificate is configured.
    pub(crate) fn server(&self, version: Version) -> ServerConfig {
        let builder = ServerConfig::builder_with_provider(version.provider());
        let builder = builder.with_protocol_versions(&version.versions()).unwrap();
        let builder = builder.with_no_client_auth();
        let mut config =
            builder.with_single_cert(vec![self.certificate.clone()], self.key()).unwrap();
        config.enable_secret_extraction = true;
        config
    }
}
