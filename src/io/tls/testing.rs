//! What the tests of TLS are written with: rustls at the other end, and both ends in memory.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{
    CipherSuite, ClientConfig, ClientConnection, Connection, Error, RootCertStore, ServerConfig,
    ServerConnection, SupportedCipherSuite, SupportedProtocolVersion,
};

use super::super::buffers::RecvBuf;
use super::super::socket::Chunk;
use super::super::{Setup, io, run_shard};
use super::ClientTarget;
use super::handshake::Handshake;
use super::open::{Broken, Open};

const DEADLINE: Duration = Duration::from_secs(60);
pub(super) const NAME: &str = "test.example";

/// A suite of each way to protect records, and of each length of key.
pub(super) fn suites() -> impl Iterator<Item = SupportedCipherSuite> {
    let is_rsa = |suite: &&SupportedCipherSuite| format!("{:?}", suite.suite()).contains("RSA");
    aws_lc_rs::ALL_CIPHER_SUITES.iter().filter(move |suite| !is_rsa(suite)).copied()
}

pub(super) fn suite(wanted: CipherSuite) -> SupportedCipherSuite {
    suites().find(|suite| suite.suite() == wanted).unwrap()
}

/// TLS 1.3, and TLS 1.2 with and without a part of the nonce in each record.
pub(super) fn schemes() -> [SupportedCipherSuite; 3] {
    [
        CipherSuite::TLS13_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ]
    .map(suite)
}

pub(super) fn is_13(suite: SupportedCipherSuite) -> bool {
    suite.tls13().is_some()
}

/// The configurations of a server and of its client, who agree on one suite.
pub(super) struct Site {
    pub(super) server: Arc<ServerConfig>,
    pub(super) client: Arc<ClientConfig>,
}

impl Site {
    pub(super) fn of(suite: SupportedCipherSuite) -> Self {
        let provider =
            CryptoProvider { cipher_suites: vec![suite], ..aws_lc_rs::default_provider() };
        let provider = Arc::new(provider);
        let versions: &[&SupportedProtocolVersion] = match is_13(suite) {
            true => &[&rustls::version::TLS13],
            false => &[&rustls::version::TLS12],
        };
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([NAME.to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let server = ServerConfig::builder_with_provider(provider.clone());
        let server = server.with_protocol_versions(versions).unwrap().with_no_client_auth();
        let mut server = server.with_single_cert(vec![certificate], key).unwrap();
        server.enable_secret_extraction = true;
        let client = ClientConfig::builder_with_provider(provider);
        let client = client.with_protocol_versions(versions).unwrap();
        let mut client = client.with_root_certificates(roots).with_no_client_auth();
        client.enable_secret_extraction = true;
        Self { server: Arc::new(server), client: Arc::new(client) }
    }

    pub(super) fn name() -> ServerName<'static> {
        NAME.try_into().unwrap()
    }

    pub(super) fn rustls_client(&self) -> Rustls {
        let client = ClientConnection::new(self.client.clone(), Self::name()).unwrap();
        Rustls::over(client.into())
    }

    pub(super) fn rustls_server(&self) -> Rustls {
        Rustls::over(ServerConnection::new(self.server.clone()).unwrap().into())
    }

    /// A client and a server of rustls behind their handshake.
    pub(super) fn rustls_pair(&self) -> (Rustls, Rustls) {
        let (mut client, mut server) = (self.rustls_client(), self.rustls_server());
        for _ in 0..4 {
            server.open(&client.said()).unwrap();
            client.open(&server.said()).unwrap();
        }
        assert!(!client.0.is_handshaking() && !server.0.is_handshaking());
        (client, server)
    }

    /// Two of ours: the one that talks to a client and the one that talks to a server. The latter has
    /// heard the tickets.
    pub(super) fn pair(&self) -> (Open, Open) {
        let mut near = Handshake::with_client(target(self.server.clone())).unwrap();
        let mut far = Handshake::with_server(self.client.clone(), Self::name()).unwrap();
        for _ in 0..4 {
            step(&mut far, &mut near);
            step(&mut near, &mut far);
        }
        let (_, near, rest) = near.finish().unwrap();
        assert_eq!(rest, b"");
        let (_, mut far, tickets) = far.finish().unwrap();
        let (data, outcome) = hear(&mut far, &tickets);
        assert_eq!((data, outcome), (Vec::new(), Ok(())));
        (near, far)
    }

    /// One of ours that talks to a client, which rustls is.
    pub(super) fn with_rustls_client(&self) -> (Open, Rustls) {
        let mut near = Handshake::with_client(target(self.server.clone())).unwrap();
        let mut far = self.rustls_client();
        for _ in 0..4 {
            near.feed(&far.said());
            let mut out = Vec::new();
            near.advance(&mut out).unwrap();
            far.open(&out).unwrap();
        }
        let (_, near, rest) = near.finish().unwrap();
        assert_eq!(rest, b"");
        (near, far)
    }

    /// One of ours that talks to a server, which rustls is.
    pub(super) fn with_rustls_server(&self) -> (Open, Rustls) {
        let mut near = Handshake::with_server(self.client.clone(), Self::name()).unwrap();
        let mut far = self.rustls_server();
        for _ in 0..4 {
            let mut out = Vec::new();
            near.advance(&mut out).unwrap();
            far.open(&out).unwrap();
            near.feed(&far.said());
        }
        let (_, mut near, tickets) = near.finish().unwrap();
        assert_eq!(hear(&mut near, &tickets), (Vec::new(), Ok(())));
        (near, far)
    }
}

fn step(from: &mut Handshake, to: &mut Handshake) {
    let mut out = Vec::new();
    from.advance(&mut out).unwrap();
    to.feed(&out);
}

/// rustls with its own record layer.
pub(super) struct Rustls(pub(super) Connection);

impl Rustls {
    fn over(mut connection: Connection) -> Self {
        connection.set_buffer_limit(None);
        Self(connection)
    }

    /// All that it has to send.
    pub(super) fn said(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        while self.0.wants_write() {
            self.0.write_tls(&mut out).unwrap();
        }
        out
    }

    pub(super) fn seal(&mut self, data: &[u8]) -> Vec<u8> {
        self.0.writer().write_all(data).unwrap();
        self.said()
    }

    /// What of it is data.
    pub(super) fn open(&mut self, mut bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let mut data = Vec::new();
        while !bytes.is_empty() {
            let mut piece = &bytes[..bytes.len().min(4096)];
            let len = self.0.read_tls(&mut piece).unwrap();
            bytes = &bytes[len..];
            self.0.process_new_packets()?;
            let _ = self.0.reader().read_to_end(&mut data);
        }
        Ok(data)
    }
}

/// Runs `test` where there is a ring; a panic comes through.
pub(super) fn on_shard(test: impl FnOnce() + Send + 'static) {
    let core = core_affinity::get_core_ids().unwrap()[0].id;
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let _ = run_shard(Setup { core, buffers: 16, buffer_len: 4096 }, move |_| async move {
            let _ = tell.send(catch_unwind(AssertUnwindSafe(test)));
            io().stop();
        });
    });
    if let Err(panic) = told.recv_timeout(DEADLINE).expect("the test ends") {
        resume_unwind(panic);
    }
}

/// What of `bytes` is data, and how it went.
pub(super) fn hear(open: &mut Open, bytes: &[u8]) -> (Vec<u8>, Result<(), Broken>) {
    let mut data = Vec::new();
    let buffer = RecvBuf::of(bytes.to_vec(), 0..bytes.len());
    let outcome = open.open(io(), buffer, |piece| data.extend_from_slice(piece.bytes()));
    (data, outcome)
}

/// Seals `pieces`, as many sends as it takes.
pub(super) fn say(open: &mut Open, pieces: &[&[u8]]) -> Vec<u8> {
    let mut queue: VecDeque<Chunk> =
        pieces.iter().map(|piece| Chunk::Owned(piece.to_vec())).collect();
    let mut out = open.take_sealed();
    while !queue.is_empty() {
        out.extend(open.seal(io(), &mut queue, false).expect("the keys are good").0);
    }
    out
}

/// Bytes that differ everywhere.
pub(super) fn noise(len: usize) -> Vec<u8> {
    let mut state = len as u32 | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..len).map(|_| next()).collect()
}

/// A client that asks for no name.
pub(super) fn target(config: Arc<ServerConfig>) -> ClientTarget {
    ClientTarget { config, server_name: None, own_certificate: None }
}
