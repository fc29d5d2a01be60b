//! The PROXY protocol header with which a new connection to a server begins.

use proxy_config::model::SendProxy;

use super::{Names, Place};
use crate::io::{Chunk, Conn, TlsFacts, io};
use crate::proto::proxy_protocol::{ProxyOut, SslOut, encode_v1, encode_v2, tlv};
use crate::session::{Ends, Session};
use crate::tls::certificate::Certificate;

/// Queues the header that a server of `send-proxy` expects.
pub(super) fn send_proxy_header(session: &Session, conn: &Conn, place: &Place, names: Names<'_>) {
    let server = place.server().and_then(|server| place.backend().config().servers.get(server));
    let Some(send_proxy) = server.and_then(|server| server.send_proxy) else { return };
    let mut header = io().take_buffer();
    let Ends { source, destination } = session.ends();
    match send_proxy {
        SendProxy::V1 => encode_v1(&mut header, source, destination),
        SendProxy::V2 { authority, crc32c, unique_id, ssl, .. } => {
            let said = ssl.then(|| Said::of(session.tls.as_deref(), send_proxy));
            let proxy_out = ProxyOut {
                source,
                destination,
                authority: names.authority.filter(|_| authority),
                crc32c,
                unique_id: names.unique_id.filter(|_| unique_id),
                ssl: said.as_ref().map(Said::lent),
                ..ProxyOut::default()
            };
            encode_v2(&mut header, &proxy_out);
        }
    }
    conn.queue(Chunk::Owned(header));
}

/// What a server is told of a client's TLS.
#[derive(Default)]
struct Said<'a> {
    client: u8,
    version: Option<&'a str>,
    cn: Option<Vec<u8>>,
    key_alg: Option<String>,
    sig_alg: Option<String>,
    cipher: Option<&'a str>,
}

impl<'a> Said<'a> {
    fn of(tls: Option<&'a TlsFacts>, send_proxy: SendProxy) -> Self {
        let (Some(tls), SendProxy::V2 { cert_cn, ssl_cipher, cert_sig, cert_key, .. }) =
            (tls, send_proxy)
        else {
            return Self::default();
        };
        let peer = tls.peer_certificates.first();
        let cn = peer
            .filter(|_| cert_cn)
            .and_then(|der| Some(Certificate::parse(der).ok()?.subject().entry("CN", 1)?.to_vec()));
        let own = tls.own_certificate.as_ref().and_then(|der| Certificate::parse(der).ok());
        Self {
            client: client_bits(tls),
            version: Some(tls.version),
            cn,
            key_alg: own.as_ref().filter(|_| cert_key).map(Certificate::key_name),
            sig_alg: own.as_ref().filter(|_| cert_sig).map(Certificate::sig_alg),
            cipher: Some(tls.cipher).filter(|_| ssl_cipher),
        }
    }

    fn lent(&self) -> SslOut<'_> {
        SslOut {
            client: self.client,
            // A certificate that is not good ends the handshake.
            verify: 0,
            version: self.version.map(str::as_bytes),
            cn: self.cn.as_deref(),
            key_alg: self.key_alg.as_deref().map(str::as_bytes),
            sig_alg: self.sig_alg.as_deref().map(str::as_bytes),
            cipher: self.cipher.map(str::as_bytes),
        }
    }
}

/// The session had a certificate, and so had the connection if it was not resumed.
fn client_bits(tls: &TlsFacts) -> u8 {
    let certificate = match (tls.peer_certificates.is_empty(), tls.is_resumed) {
        (true, _) => 0,
        (false, true) => tlv::CLIENT_CERT_SESS,
        (false, false) => tlv::CLIENT_CERT_SESS | tlv::CLIENT_CERT_CONN,
    };
    tlv::CLIENT_SSL | certificate
}
