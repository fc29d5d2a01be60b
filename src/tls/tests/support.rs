//! Certificates, files and handshakes for tests.

use std::cell::Cell;
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use proxy_config::model::{
    BindTls, CipherSuite, ClientPolicy, Config, Crypto, Curve, TlsVersion, Tune, Verify,
};
use proxy_config::{Overrides, Source, Surroundings};
use rcgen::{CertificateParams, KeyPair};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, ServerConnection, SignatureScheme,
};

use crate::tls::bind::terminator;
use crate::tls::reading::Reading;
use crate::tls::resumption::Resumption;
use crate::tls::terminator::Terminator;
use crate::tls::test_pki;
pub(super) use crate::tls::test_pki::Authority;

thread_local! {
    /// Unix seconds, as [`clock`] tells them.
    static NOW_S: Cell<u64> = const { Cell::new(1_000_000) };
}

pub(super) fn clock() -> u64 {
    NOW_S.get()
}

pub(super) fn pass(seconds: u64) {
    NOW_S.set(NOW_S.get() + seconds);
}

/// A folder of files that only their owner may read.
pub(super) struct Folder(test_pki::Folder);

impl Folder {
    pub(super) fn new() -> Self {
        Self(test_pki::Folder::new())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, and the folder that it is in.
    pub(super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        let path = self.0.file(name, bytes);
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// A message, with this folder left out.
    pub(super) fn shorten(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.path().display()), "")
    }
}

/// A certificate and its key.
pub(super) struct Made {
    pub(super) der: CertificateDer<'static>,
    pub(super) crt: String,
    pub(super) key: String,
    /// The rest of its chain, which a client sends.
    pub(super) more: Vec<CertificateDer<'static>>,
}

impl Made {
    pub(super) fn pem(&self) -> String {
        format!("{}{}", self.crt, self.key)
    }
}

/// One for all tests: they take long to make.
pub(super) fn rsa_key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap())
}

pub(super) fn ecdsa_key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

pub(super) fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).unwrap()
}

pub(super) fn signed_by_itself(params: &CertificateParams, key: &KeyPair) -> Made {
    let made = params.self_signed(key).unwrap();
    Made { der: made.der().clone(), crt: made.pem(), key: key.serialize_pem(), more: Vec::new() }
}

pub(super) fn ecdsa(names: &[&str]) -> Made {
    signed_by_itself(&params(names), &ecdsa_key())
}

pub(super) fn rsa(names: &[&str]) -> Made {
    signed_by_itself(&params(names), rsa_key())
}

pub(super) fn ed25519(names: &[&str]) -> Made {
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    signed_by_itself(&params(names), &key)
}

/// A client's certificate.
pub(super) fn client_of(authority: &Authority, serial: u64) -> Made {
    let signed = authority.sign_as(&["client.example"], |params| {
        params.serial_number = Some(serial.into());
    });
    Made { der: signed.der(), crt: signed.pem(), key: signed.key_pem(), more: Vec::new() }
}

pub(super) fn policy() -> ClientPolicy {
    ClientPolicy {
        crypto: Crypto {
            min: TlsVersion::Tls12,
            max: TlsVersion::Tls13,
            suites: CipherSuite::ALL.to_vec(),
            curves: vec![Curve::X25519, Curve::P256],
        },
        alpn: Vec::new(),
        verify: Verify::None,
        ca_file: None,
        crl_file: None,
        ca_names: true,
    }
}

pub(super) fn bind(crts: &[&Path]) -> BindTls {
    BindTls {
        default_crts: Vec::new(),
        crts: crts.iter().map(|crt| crt.to_path_buf()).collect(),
        crt_list: Vec::new(),
        key_base: None,
        prefer_client_ciphers: false,
        strict_sni: false,
        policy: policy(),
        tickets: true,
        ticket_keys: None,
    }
}

pub(super) fn tune() -> Tune {
    Tune { ssl_lifetime: Duration::from_secs(300), ..config().global.tune }
}

/// A configuration of one frontend with three plain binds, and one backend.
pub(super) fn config() -> Config {
    let text = "[frontend.web]\nbind = [\"127.0.0.1:1\", \"127.0.0.1:2\", \"127.0.0.1:3\"]\n\
                default-backend = \"app\"\n\
                [backend.app]\nserver = [{ name = \"a\", address = \"127.0.0.1:1\" }]\n"
        .to_owned();
    let source = Source { name: "tls".to_owned(), text };
    let surroundings = Surroundings {
        env: &|_| None,
        read_file: &|_| Err(ErrorKind::NotFound.into()),
        hostname: "",
    };
    let outcome = proxy_config::load(&[source], &Overrides::default(), surroundings);
    outcome.config.unwrap_or_else(|| panic!("{:?}", outcome.diagnostics))
}

pub(super) fn resumption() -> Resumption {
    Resumption::with_clock(&tune(), clock).unwrap()
}

pub(super) struct Read {
    pub(super) result: Result<Terminator, Vec<String>>,
    pub(super) warnings: Vec<String>,
    pub(super) paths: Vec<PathBuf>,
}

pub(super) fn read(tls: &BindTls, resumption: &Resumption) -> Read {
    let mut reading = Reading::new(UnixTime::now().as_secs() as i64);
    let result = terminator(tls, resumption, &mut reading);
    let (warnings, paths) = reading.into_parts();
    Read { result, warnings, paths }
}

pub(super) fn made(tls: &BindTls) -> Terminator {
    read(tls, &resumption()).result.unwrap()
}

/// Takes any certificate whose key signs, and keeps the OCSP response.
#[derive(Debug)]
pub(super) struct Anyone {
    provider: Arc<CryptoProvider>,
    schemes: Vec<SignatureScheme>,
    pub(super) ocsp: Mutex<Vec<u8>>,
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.ocsp.lock().unwrap() = ocsp.to_vec();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

/// What a client can and has.
pub(super) struct Client {
    pub(super) version: TlsVersion,
    /// `None`: all.
    pub(super) schemes: Option<Vec<SignatureScheme>>,
    pub(super) own: Option<Made>,
    pub(super) alpn: Vec<&'static str>,
}

impl Default for Client {
    fn default() -> Self {
        Self { version: TlsVersion::Tls13, schemes: None, own: None, alpn: Vec::new() }
    }
}

/// A client that remembers its sessions.
pub(super) struct ClientSide {
    config: Arc<ClientConfig>,
    pub(super) verifier: Arc<Anyone>,
}

impl Client {
    pub(super) fn make(self) -> ClientSide {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let all = provider.signature_verification_algorithms.supported_schemes();
        let verifier = Arc::new(Anyone {
            provider: provider.clone(),
            schemes: self.schemes.unwrap_or(all),
            ocsp: Mutex::default(),
        });
        let version = match self.version {
            TlsVersion::Tls12 => &TLS12,
            TlsVersion::Tls13 => &TLS13,
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone());
        let mut config = match self.own {
            Some(own) => {
                let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes());
                builder
                    .with_client_auth_cert([vec![own.der], own.more].concat(), key.unwrap())
                    .unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = self.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        ClientSide { config: Arc::new(config), verifier }
    }
}

/// Both ends after a handshake.
pub(super) struct Pair {
    pub(super) client: ClientConnection,
    pub(super) server: ServerConnection,
}

impl Pair {
    pub(super) fn leaf(&self) -> &CertificateDer<'static> {
        &self.client.peer_certificates().unwrap()[0]
    }

    pub(super) fn is_resumed(&self) -> bool {
        self.server.handshake_kind() == Some(rustls::HandshakeKind::Resumed)
    }
}

impl ClientSide {
    /// # Errors
    /// What the server says to it, or that it has no configuration for the name.
    pub(super) fn connect(&self, name: &str, terminator: &Terminator) -> Result<Pair, String> {
        let config = terminator.choose(Some(name)).ok_or("no such name")?;
        self.connect_to(name, config)
    }

    /// # Errors
    /// As [`Self::connect`].
    pub(super) fn connect_to(
        &self,
        name: &str,
        config: &Arc<rustls::ServerConfig>,
    ) -> Result<Pair, String> {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let client = ClientConnection::new(self.config.clone(), name).unwrap();
        let server = ServerConnection::new(config.clone()).unwrap();
        let mut pair = Pair { client, server };
        for _ in 0..10 {
            let mut bytes = Vec::new();
            while pair.client.wants_write() {
                pair.client.write_tls(&mut bytes).unwrap();
            }
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                pair.server.read_tls(&mut rest).unwrap();
                pair.server.process_new_packets().map_err(|error| error.to_string())?;
            }
            bytes.clear();
            while pair.server.wants_write() {
                pair.server.write_tls(&mut bytes).unwrap();
            }
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                pair.client.read_tls(&mut rest).unwrap();
                pair.client.process_new_packets().map_err(|error| error.to_string())?;
            }
        }
        assert!(!pair.client.is_handshaking() && !pair.server.is_handshaking());
        Ok(pair)
    }
}
