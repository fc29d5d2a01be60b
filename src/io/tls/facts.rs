//! What was agreed in a TLS handshake, in the words of logs and rules.

use rustls::pki_types::CertificateDer;
use rustls::{CipherSuite, CommonState, HandshakeKind, NamedGroup, ProtocolVersion};

/// What is known of a TLS connection that stands. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFacts {
    /// `TLSv1.3` or `TLSv1.2` (`ssl_fc_protocol`, `%sslv`).
    pub version: &'static str,
    /// OpenSSL's name (`ssl_fc_cipher`, `%sslc`).
    pub cipher: &'static str,
    /// Bits of the cipher's key (`ssl_fc_use_keysize`).
    pub key_bits: u16,
    /// The group of the key exchange (`ssl_fc_curve`); empty when a session was resumed without one.
    pub curve: &'static str,
    /// An earlier session went on (`ssl_fc_is_resumed`).
    pub is_resumed: bool,
    /// What is spoken inside, if that was agreed on (`ssl_fc_alpn`).
    pub alpn: Option<Box<[u8]>>,
    /// The name that was asked for, in lower case (`ssl_fc_sni`, `ssl_bc_sni`).
    pub server_name: Option<Box<str>>,
    /// The other side's certificate and those that it sent with it (`ssl_c_der`,
    /// `ssl_c_chain_der`); empty if it has none. It was verified as the configuration says.
    pub peer_certificates: Box<[CertificateDer<'static>]>,
    /// The certificate that the client gets of us, resumed or not, where somebody asks (`ssl_f_der`).
    pub own_certificate: Option<CertificateDer<'static>>,
}

impl TlsFacts {
    pub(super) fn new(
        agreed: &CommonState,
        server_name: Option<Box<str>>,
        own_certificate: Option<CertificateDer<'static>>,
    ) -> Self {
        let suite = agreed.negotiated_cipher_suite().map(|suite| suite.suite());
        let (cipher, key_bits) = suite.map_or(("", 0), cipher);
        let group = agreed.negotiated_key_exchange_group();
        Self {
            version: match agreed.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "",
            },
            cipher,
            key_bits,
            curve: group.map_or("", |group| curve(group.name())),
            is_resumed: agreed.handshake_kind() == Some(HandshakeKind::Resumed),
            alpn: agreed.alpn_protocol().map(Box::from),
            server_name,
            peer_certificates: agreed.peer_certificates().unwrap_or_default().into(),
            own_certificate,
        }
    }
}

fn cipher(suite: CipherSuite) -> (&'static str, u16) {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => ("TLS_AES_128_GCM_SHA256", 128),
        CipherSuite::TLS13_AES_256_GCM_SHA384 => ("TLS_AES_256_GCM_SHA384", 256),
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => ("TLS_CHACHA20_POLY1305_SHA256", 256),
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => {
            ("ECDHE-ECDSA-AES128-GCM-SHA256", 128)
        }
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => {
            ("ECDHE-ECDSA-AES256-GCM-SHA384", 256)
        }
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => {
            ("ECDHE-ECDSA-CHACHA20-POLY1305", 256)
        }
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => ("ECDHE-RSA-AES128-GCM-SHA256", 128),
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => ("ECDHE-RSA-AES256-GCM-SHA384", 256),
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => {
            ("ECDHE-RSA-CHACHA20-POLY1305", 256)
        }
        _ => ("", 0),
    }
}

fn curve(group: NamedGroup) -> &'static str {
    match group {
        NamedGroup::X25519MLKEM768 => "X25519MLKEM768",
        NamedGroup::X25519 => "X25519",
        NamedGroup::secp256r1 => "P-256",
        NamedGroup::secp384r1 => "P-384",
        _ => "",
    }
}
