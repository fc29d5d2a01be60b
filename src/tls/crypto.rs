//! Versions, cipher suites and groups of a configuration, as rustls knows them.

use std::sync::Arc;

use proxy_config::model::{CipherSuite, Crypto, Curve, TlsVersion};
use rustls::crypto::aws_lc_rs::{self, cipher_suite, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::version::{TLS12, TLS13};
use rustls::{SupportedCipherSuite, SupportedProtocolVersion};

/// What makes the keys and ciphers of connections with `crypto`, and no others.
pub(super) fn provider(crypto: &Crypto) -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        cipher_suites: crypto.suites.iter().map(|wanted| suite(*wanted)).collect(),
        kx_groups: crypto.curves.iter().map(|curve| group(*curve)).collect(),
        ..aws_lc_rs::default_provider()
    })
}

/// The versions that are on, newest first.
pub(super) fn versions(crypto: &Crypto) -> Vec<&'static SupportedProtocolVersion> {
    let both = [(TlsVersion::Tls13, &TLS13), (TlsVersion::Tls12, &TLS12)];
    let is_on = |version: TlsVersion| (crypto.min..=crypto.max).contains(&version);
    both.into_iter().filter(|(version, _)| is_on(*version)).map(|(_, ours)| ours).collect()
}

fn suite(wanted: CipherSuite) -> SupportedCipherSuite {
    match wanted {
        CipherSuite::Tls13Aes128GcmSha256 => cipher_suite::TLS13_AES_128_GCM_SHA256,
        CipherSuite::Tls13Aes256GcmSha384 => cipher_suite::TLS13_AES_256_GCM_SHA384,
        CipherSuite::Tls13Chacha20Poly1305Sha256 => cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        CipherSuite::EcdheEcdsaAes128GcmSha256 => {
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
        }
        CipherSuite::EcdheEcdsaAes256GcmSha384 => {
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
        }
        CipherSuite::EcdheEcdsaChacha20Poly1305 => {
            cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
        }
        CipherSuite::EcdheRsaAes128GcmSha256 => cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::EcdheRsaAes256GcmSha384 => cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        CipherSuite::EcdheRsaChacha20Poly1305 => {
            cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
        }
    }
}

fn group(curve: Curve) -> &'static dyn SupportedKxGroup {
    match curve {
        Curve::X25519MlKem768 => kx_group::X25519MLKEM768,
        Curve::X25519 => kx_group::X25519,
        Curve::P256 => kx_group::SECP256R1,
        Curve::P384 => kx_group::SECP384R1,
    }
}
