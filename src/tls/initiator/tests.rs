//! Handshakes in memory with a rustls server.

mod load;
mod names;
mod proof;
mod session;

use std::path::PathBuf;
use std::sync::Arc;

use proxy_config::model::{CipherSuite, Crypto, Curve, ServerTls, Sni, TlsVersion};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use super::{Initiator, Stamp};
use crate::tls::fault::explain;
use crate::tls::reading::Reading;
use crate::tls::test_pki::{Authority, Folder, Signed};

/// Flights of a handshake and the tickets after it, and more.
const FLIGHTS_MAX: usize = 10;

fn crypto(min: TlsVersion, max: TlsVersion) -> Crypto {
    let is_on = |suite: &CipherSuite| (min..=max).contains(&suite.version());
    Crypto {
        min,
        max,
        suites: CipherSuite::ALL.into_iter().filter(is_on).collect(),
        curves: vec![Curve::X25519, Curve::P256, Curve::P384],
    }
}

/// What a configuration has that says only `ssl` and `ca-file`.
fn tls(ca_file: Option<PathBuf>) -> ServerTls {
    ServerTls {
        crypto: crypto(TlsVersion::Tls12, TlsVersion::Tls13),
        verify: true,
        ca_file,
        crl_file: None,
        crt: None,
        key_base: None,
        sni: Sni::None,
        verifyhost: None,
        alpn: Vec::new(),
        reuse: true,
    }
}

/// A server, and files for who connects to it.
struct Site {
    authority: Authority,
    folder: Folder,
    server: Arc<ServerConfig>,
}

impl Site {
    /// With a certificate for `names`.
    fn new(names: &[&str]) -> Self {
        let authority = Authority::new("Root");
        let signed = authority.sign(names);
        Self::showing(authority, &signed, &[])
    }

    fn showing(authority: Authority, signed: &Signed, below: &[&Authority]) -> Self {
        let mut chain = vec![signed.der()];
        chain.extend(below.iter().map(|authority| authority.der()));
        let server = Arc::new(server(chain, signed));
        let folder = Folder::new();
        folder.file("ca.pem", authority.pem());
        Self { authority, folder, server }
    }

    fn tls(&self) -> ServerTls {
        tls(Some(self.folder.path().join("ca.pem")))
    }

    /// The handshake of one who knows the server by `address_host`, and has nobody to follow.
    fn meets(&self, tls: &ServerTls, address_host: &str) -> Result<Pair, String> {
        let initiator = Initiator::load(tls, address_host, Stamp::of(tls), &mut reading())?;
        self.handshake(initiator.for_shard(), initiator.server_name(None))
    }

    fn handshake(
        &self,
        client: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<Pair, String> {
        handshake(client, name, self.server.clone())
    }
}

#[derive(Debug)]
struct Pair {
    client: ClientConnection,
    server: ServerConnection,
}

fn server(chain: Vec<CertificateDer<'static>>, signed: &Signed) -> ServerConfig {
    server_builder().with_no_client_auth().with_single_cert(chain, signed.key_der()).unwrap()
}

fn server_builder() -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .unwrap()
}

/// # Errors
/// What the client, or else the server, found wrong.
fn handshake(
    client: Arc<ClientConfig>,
    name: ServerName<'static>,
    server: Arc<ServerConfig>,
) -> Result<Pair, String> {
    let mut client = ClientConnection::new(client, name).map_err(|error| explain(&error))?;
    let mut server = ServerConnection::new(server).map_err(|error| explain(&error))?;
    for _ in 0..FLIGHTS_MAX {
        let mut flight = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut flight).unwrap();
        }
        let mut rest = flight.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            let done = server.process_new_packets();
            done.map_err(|error| format!("server: {}", explain(&error)))?;
        }
        let mut flight = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut flight).unwrap();
        }
        let mut rest = flight.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets().map_err(|error| explain(&error))?;
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok(Pair { client, server })
}

#[track_caller]
fn assert_refused(result: Result<Pair, String>, reason: &str) {
    match result {
        Ok(_) => panic!("accepted, not refused with {reason:?}"),
        Err(error) => assert!(error.contains(reason), "{error:?} has no {reason:?}"),
    }
}

fn reading() -> Reading {
    Reading::new(UnixTime::now().as_secs() as i64)
}
