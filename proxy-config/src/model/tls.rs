//! TLS: what a `bind` terminates and a `server` is spoken to with.
//!
//! Files are named, not read: whoever starts the proxy reads and checks them, and reads them again
//! when they change.

use std::path::PathBuf;

use super::rule::Expr;

/// A `bind` with `ssl`.
#[derive(Debug, Clone, PartialEq)]
pub struct BindTls {
    /// `default-crt`: what clients get that ask for no known name; without it the first of `crts`,
    /// then of `crt_list`. Each is a file.
    pub default_crts: Vec<PathBuf>,
    /// `crt`: files, or folders of which every file but side files (`.key`, `.ocsp`, `.issuer`,
    /// `.sctl`) is one.
    pub crts: Vec<PathBuf>,
    /// The lines of all `crt-list` files, in order.
    pub crt_list: Vec<CrtListLine>,
    /// `key-base`: where private keys are that are not in the certificate's file. `None`: beside it.
    pub key_base: Option<PathBuf>,
    /// `strict-sni`: a client that asks for no known name is refused.
    pub strict_sni: bool,
    /// What holds where a line of a `crt-list` says nothing else.
    pub policy: ClientPolicy,
    /// `prefer-client-ciphers`: of the suites that both have the client's first one is taken, not
    /// ours.
    pub prefer_client_ciphers: bool,
    /// `no-tls-tickets` is not set.
    pub tickets: bool,
    /// `tls-ticket-keys`: keys shared with other machines, in a file.
    pub ticket_keys: Option<PathBuf>,
}

/// A line of a `crt-list` file.
#[derive(Debug, Clone, PartialEq)]
pub struct CrtListLine {
    pub crt: PathBuf,
    /// Names, in lower case, that the certificate is for, in place of those in it. `*.` begins a
    /// wildcard, `!` one that is left out; empty: the names in the certificate.
    pub filters: Vec<String>,
    /// The bind's, with what the line says in brackets.
    pub policy: ClientPolicy,
    /// `file:line`, for messages.
    pub text: String,
}

/// What clients of a bind, or of a line of a `crt-list`, must and may do.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientPolicy {
    pub crypto: Crypto,
    /// `alpn`, by preference; empty: the extension is not answered. In mode http none but
    /// `http/1.1` and `http/1.0`, by default `http/1.1`; in mode tcp as written, by default none.
    pub alpn: Vec<String>,
    /// `verify`.
    pub verify: Verify,
    /// `ca-file`: who may sign clients' certificates. Always there unless `verify` is `none`.
    pub ca_file: Option<PathBuf>,
    /// `crl-file`: revoked certificates, in PEM.
    pub crl_file: Option<PathBuf>,
    /// `no-ca-names` is not set: clients are told the names of the CAs.
    pub ca_names: bool,
}

/// `verify` of a bind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verify {
    /// No certificate is asked for (the default).
    #[default]
    None,
    /// One is asked for, and must be good if it is sent.
    Optional,
    Required,
}

/// Versions and algorithms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crypto {
    /// `ssl-min-ver` (default TLS 1.2); never above `max`.
    pub min: TlsVersion,
    /// `ssl-max-ver` (default TLS 1.3).
    pub max: TlsVersion,
    /// `ciphersuites` (TLS 1.3) and `ciphers` (TLS 1.2), by preference, 1.3 first; for every version
    /// that is on at least one, for those that are off none.
    pub suites: Vec<CipherSuite>,
    /// `curves`, or `ecdhe`, by preference; not empty.
    pub curves: Vec<Curve>,
}

/// A version of TLS; there is no support for older ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    Tls12,
    Tls13,
}

/// A cipher suite that is safe to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CipherSuite {
    Tls13Aes128GcmSha256,
    Tls13Aes256GcmSha384,
    Tls13Chacha20Poly1305Sha256,
    EcdheEcdsaAes128GcmSha256,
    EcdheEcdsaAes256GcmSha384,
    EcdheEcdsaChacha20Poly1305,
    EcdheRsaAes128GcmSha256,
    EcdheRsaAes256GcmSha384,
    EcdheRsaChacha20Poly1305,
}

impl CipherSuite {
    /// All of them, TLS 1.3 first.
    pub const ALL: [Self; 9] = [
        Self::Tls13Aes128GcmSha256,
        Self::Tls13Aes256GcmSha384,
        Self::Tls13Chacha20Poly1305Sha256,
        Self::EcdheEcdsaAes128GcmSha256,
        Self::EcdheRsaAes128GcmSha256,
        Self::EcdheEcdsaAes256GcmSha384,
        Self::EcdheRsaAes256GcmSha384,
        Self::EcdheEcdsaChacha20Poly1305,
        Self::EcdheRsaChacha20Poly1305,
    ];

    pub fn version(self) -> TlsVersion {
        match self {
            Self::Tls13Aes128GcmSha256
            | Self::Tls13Aes256GcmSha384
            | Self::Tls13Chacha20Poly1305Sha256 => TlsVersion::Tls13,
            _ => TlsVersion::Tls12,
        }
    }

    /// OpenSSL's name, which HAProxy's files and logs use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls13Aes128GcmSha256 => "TLS_AES_128_GCM_SHA256",
            Self::Tls13Aes256GcmSha384 => "TLS_AES_256_GCM_SHA384",
            Self::Tls13Chacha20Poly1305Sha256 => "TLS_CHACHA20_POLY1305_SHA256",
            Self::EcdheEcdsaAes128GcmSha256 => "ECDHE-ECDSA-AES128-GCM-SHA256",
            Self::EcdheEcdsaAes256GcmSha384 => "ECDHE-ECDSA-AES256-GCM-SHA384",
            Self::EcdheEcdsaChacha20Poly1305 => "ECDHE-ECDSA-CHACHA20-POLY1305",
            Self::EcdheRsaAes128GcmSha256 => "ECDHE-RSA-AES128-GCM-SHA256",
            Self::EcdheRsaAes256GcmSha384 => "ECDHE-RSA-AES256-GCM-SHA384",
            Self::EcdheRsaChacha20Poly1305 => "ECDHE-RSA-CHACHA20-POLY1305",
        }
    }
}

/// A group of a key exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// Also against quantum computers, TLS 1.3 only.
    X25519MlKem768,
    X25519,
    /// `P-256`, `prime256v1`, `secp256r1`.
    P256,
    /// `P-384`, `secp384r1`.
    P384,
}

/// A `server` with `ssl`.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerTls {
    pub crypto: Crypto,
    /// `verify` is not `none`: who the server is must be proven.
    pub verify: bool,
    /// `ca-file`; `None`, which `@system-ca` is too: the system's certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// `crl-file`: revoked certificates, in PEM.
    pub crl_file: Option<PathBuf>,
    /// `crt`: our own certificate, for servers that ask.
    pub crt: Option<PathBuf>,
    /// As of a bind.
    pub key_base: Option<PathBuf>,
    pub sni: Sni,
    /// `verifyhost`: the name that the server's certificate must have; otherwise the one that it
    /// is asked for, or else the one of its address.
    pub verifyhost: Option<String>,
    /// `alpn`, by preference; empty: none is offered. In mode http as of a bind.
    pub alpn: Vec<String>,
    /// `no-ssl-reuse` is not set: sessions are resumed.
    pub reuse: bool,
}

/// The name for which a server is asked, in lower case.
#[derive(Debug, Clone, PartialEq)]
pub enum Sni {
    /// None (the default in mode tcp).
    None,
    /// `sni = "app.example"` or `str(app.example)`.
    Name(String),
    /// The request's host, without its port (`sni-auto`, the default in mode http,
    /// `req.hdr(host)`). Never that of a check, which has a name (`check-sni`, or the host of
    /// `option.httpchk`) or none.
    RequestHost,
    /// The name that the client asked us for (`ssl_fc_sni`). Never that of a check.
    ClientSni,
    /// Any other expression, evaluated when a connection is wanted; without a sample no name is asked
    /// for. Never that of a check.
    Expr(Box<Expr>),
}
