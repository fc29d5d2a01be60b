//! How the load begins TLS: with full handshakes or with resumed ones, and it can tell which they
//! were. It does not verify: what that costs the load shows nothing of a proxy.

use super::idle;
use crate::Result;
use crate::certificate::NAME;
use crate::tls;
use crate::wire::Wire;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, HandshakeKind, SignatureScheme,
};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

/// How the connections of one load begin.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// One for all, or one for each connection of the load: a ticket serves once.
    configs: Vec<Arc<ClientConfig>>,
    pub(crate) kind: HandshakeKind,
}

impl Client {
    /// Every handshake is a full one.
    pub(crate) fn full() -> Result<Self> {
        let configs = vec![config(Resumption::disabled())?];
        Ok(Self { configs, kind: HandshakeKind::Full })
    }

    /// Every handshake resumes: the tickets to begin with are fetched here, those to go on with
    /// come with each connection.
    pub(crate) fn resuming(address: SocketAddr, connections: usize) -> Result<Self> {
        let mut configs = Vec::with_capacity(connections);
        for _ in 0..connections {
            configs.push(config(Resumption::in_memory_sessions(1))?);
        }
        let client = Self { configs, kind: HandshakeKind::Resumed };
        for index in 0..connections {
            let mut wire = client.begin(TcpStream::connect(address)?, index)?;
            idle::exchange(&mut wire, &super::request("/", 0, true))?;
            // To the end: tickets may come behind the response.
            io::copy(&mut wire, &mut io::sink())?;
        }
        Ok(client)
    }

    /// Begins TLS on the connection with this index of a load.
    pub(crate) fn begin(&self, stream: TcpStream, index: usize) -> Result<Wire> {
        let config = &self.configs[index % self.configs.len()];
        let name = ServerName::try_from(NAME)?;
        Ok(Wire::tls(stream, ClientConnection::new(Arc::clone(config), name)?))
    }
}

fn config(resumption: Resumption) -> Result<Arc<ClientConfig>> {
    let mut config = ClientConfig::builder_with_provider(tls::provider())
        .with_protocol_versions(tls::VERSIONS)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Unverified))
        .with_no_client_auth();
    config.alpn_protocols = tls::protocols();
    config.resumption = resumption;
    Ok(Arc::new(config))
}

/// Takes every certificate and signature for good.
#[derive(Debug)]
struct Unverified;

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

#[cfg(test)]
mod tests {
    use super::{Client, HandshakeKind};
    use crate::Result;
    use crate::load::idle::Held;
    use crate::load::{Outcome, Plan, request, run_plan};
    use crate::origin::Origin;
    use crate::{certificate, tls};
    use std::net::{SocketAddr, TcpListener};
    use std::sync::Arc;
    use std::thread::JoinHandle;
    use std::time::Duration;

    /// An origin that speaks TLS, for this long.
    fn origin(test: &str, tickets: usize, time: Duration) -> (SocketAddr, JoinHandle<()>) {
        let dir = std::env::temp_dir().join(format!("bench-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        certificate::make(&dir).unwrap();
        let mut config = tls::server_config(&dir.join(certificate::FILE)).unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
        config.send_tls13_tickets = tickets;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            let mut origin = Origin::new(listener, Some(Arc::new(config))).unwrap();
            origin.serve(time).unwrap();
        });
        (address, thread)
    }

    fn load(address: SocketAddr, path: &str, close: bool, client: Client) -> Result<Outcome> {
        run_plan(&Plan {
            address,
            connections: 4,
            time: Duration::from_millis(300),
            rate: None,
            request: request(path, 0, close),
            tls: Some(client),
        })
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn every_kind_of_load_is_answered() {
        let (address, _origin) = origin("kinds", 2, LONG);
        let resuming = || Client::resuming(address, 4).unwrap();
        let full = || Client::full().unwrap();
        for (path, close, client) in [
            ("/", false, full()),
            ("/", true, full()),
            ("/", true, resuming()),
            ("/size/1048576", false, full()),
            ("/size/1048576", true, resuming()),
        ] {
            let kind = client.kind;
            let outcome = load(address, path, close, client).unwrap();
            assert_eq!(outcome.errors.total(), 0, "{path} {close} {kind:?}: {:?}", outcome.errors);
            assert!(outcome.requests > 4, "{path} {close} {kind:?}: {}", outcome.requests);
        }
    }

    #[test]
    fn a_handshake_of_the_other_kind_fails_the_load() {
        let (address, _origin) = origin("other", 2, LONG);
        let resuming = Client::resuming(address, 4).unwrap();
        let mistaken = Client { kind: HandshakeKind::Full, ..resuming };
        let error = load(address, "/", true, mistaken).err().unwrap().to_string();
        assert!(error.contains("was Some(Resumed)"), "{error}");

        let (address, _origin) = origin("ticketless", 0, LONG);
        let resuming = Client::resuming(address, 4).unwrap();
        let error = load(address, "/", true, resuming).err().unwrap().to_string();
        assert!(error.contains("was Some(Full)"), "{error}");
    }

    #[test]
    fn held_connections_are_told_from_closed_ones() {
        let (address, origin) = origin("held", 2, Duration::from_secs(2));
        let mut held = Held::open(address, Some(&Client::full().unwrap()), 3).unwrap();
        assert_eq!((held.count(), held.count_open()), (3, 3));
        origin.join().unwrap();
        assert_eq!(held.count_open(), 0);
    }
}
