//! TLS as the other side of a test speaks it: rustls shakes hands, then records are sealed and opened
//! here, so that a test can send what no library would.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk};
use rustls::pki_types::ServerName;
use rustls::{
    ClientConfig, ClientConnection, Connection, ConnectionTrafficSecrets, HandshakeKind, KeyLog,
    ServerConfig, ServerConnection,
};

use super::{Message, Peer};

pub(crate) use super::pki::{Authority, Identity, Version};

pub(crate) const ALERT: u8 = 21;
pub(crate) const HANDSHAKE: u8 = 22;
pub(crate) const DATA: u8 = 23;

pub(crate) const CLOSE_NOTIFY: [u8; 2] = [1, 0];
pub(crate) const KEY_UPDATE: [u8; 5] = [24, 0, 0, 1, 0];
pub(crate) const KEY_UPDATE_ASKED: [u8; 5] = [24, 0, 0, 1, 1];

/// The secrets of a connection, which new keys are made of.
#[derive(Debug, Default)]
struct Secrets(Mutex<HashMap<String, Vec<u8>>>);

impl KeyLog for Secrets {
    fn log(&self, label: &str, _client_random: &[u8], secret: &[u8]) {
        self.0.lock().unwrap().insert(label.to_owned(), secret.to_owned());
    }
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TlsEnd {
    /// By close_notify, then TCP's end.
    Said,
    /// By TCP's end alone.
    Silent,
    /// By a reset.
    Reset,
    /// By a fatal alert.
    Alert(u8),
}

/// A connection whose handshake rustls drives.
pub(crate) struct Shaking {
    pub(crate) peer: Peer,
    pub(crate) connection: Connection,
    secrets: Arc<Secrets>,
    is_client: bool,
}

impl Shaking {
    pub(crate) fn client(peer: Peer, config: &ClientConfig, name: &str) -> Self {
        let secrets = Arc::new(Secrets::default());
        let mut config = config.clone();
        config.key_log = secrets.clone();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap().into();
        Self { peer, connection, secrets, is_client: true }
    }

    pub(crate) fn server(peer: &Peer, config: &ServerConfig) -> Self {
        let secrets = Arc::new(Secrets::default());
        let mut config = config.clone();
        config.key_log = secrets.clone();
        let connection = ServerConnection::new(Arc::new(config)).unwrap().into();
        Self { peer: peer.double(), connection, secrets, is_client: false }
    }

    /// What has to be sent next.
    pub(crate) fn flight(&mut self) -> Vec<u8> {
        let mut flight = Vec::new();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut flight).unwrap();
        }
        flight
    }

    /// Reads one record. False when the other side closed instead, or said why it does not go on.
    pub(crate) fn hear(&mut self) -> bool {
        let Some(record) = next_record(&mut self.peer) else { return false };
        self.connection.read_tls(&mut record.as_slice()).unwrap();
        self.connection.process_new_packets().is_ok()
    }

    /// Shakes hands; `send` is given each flight and its number. False when it failed.
    pub(crate) fn shake(&mut self, mut send: impl FnMut(&mut Peer, usize, &[u8])) -> bool {
        for number in 0.. {
            let flight = self.flight();
            if !flight.is_empty() {
                send(&mut self.peer, number, &flight);
            }
            if !self.connection.is_handshaking() {
                break;
            }
            while !self.connection.wants_write() && self.connection.is_handshaking() {
                if !self.hear() {
                    return false;
                }
            }
        }
        true
    }

    pub(crate) fn is_resumed(&self) -> bool {
        self.connection.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// A request by rustls itself, which learns of tickets on the way. `None` when the connection ended.
    pub(crate) fn ask(&mut self, request: &str) -> Option<String> {
        use std::io::{Read, Write};
        self.connection.writer().write_all(request.as_bytes()).unwrap();
        let flight = self.flight();
        self.peer.try_send(flight).ok()?;
        let mut response = Vec::new();
        loop {
            if !self.hear() {
                return None;
            }
            let _ = self.connection.reader().read_to_end(&mut response);
            let text = String::from_utf8_lossy(&response).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let len = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if len.and_then(|len| len.parse().ok()) == Some(body.len()) {
                    return Some(text);
                }
            }
        }
    }

    /// Goes on without rustls.
    pub(crate) fn open(self) -> Tls {
        let version = self.connection.protocol_version().unwrap();
        let is_13 = version == rustls::ProtocolVersion::TLSv1_3;
        let secrets = self.connection.dangerous_extract_secrets().unwrap();
        let logged = self.secrets.0.lock().unwrap();
        let named = |label: &str| logged.get(label).cloned();
        let of_client = named("CLIENT_TRAFFIC_SECRET_0");
        let of_server = named("SERVER_TRAFFIC_SECRET_0");
        let (own, other) =
            if self.is_client { (of_client, of_server) } else { (of_server, of_client) };
        Tls {
            peer: self.peer,
            tx: Half::new(&secrets.tx, is_13, own),
            rx: Half::new(&secrets.rx, is_13, other),
            unread: Vec::new(),
            besides: Vec::new(),
            end: None,
        }
    }
}

/// The next record; `None` when there is none.
fn next_record(peer: &mut Peer) -> Option<Vec<u8>> {
    try_record(peer).ok()
}

fn try_record(peer: &mut Peer) -> Result<Vec<u8>, TlsEnd> {
    loop {
        let unread = peer.unread();
        if let Some(&[_, _, _, high, low]) = unread.first_chunk::<5>() {
            let len = 5 + usize::from(u16::from_be_bytes([high, low]));
            if unread.len() >= len {
                return Ok(peer.read_exact(len));
            }
        }
        match peer.fill() {
            Ok(true) => {}
            Ok(false) => return Err(TlsEnd::Silent),
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("nothing came"),
            Err(_) => return Err(TlsEnd::Reset),
        }
    }
}

/// One direction.
struct Half {
    key: LessSafeKey,
    iv: [u8; 12],
    number: u64,
    is_13: bool,
    /// What the next key is made of.
    secret: Vec<u8>,
}

struct Len(usize);

impl KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-Expand-Label of RFC 8446 section 7.1, with SHA-256 and no hash.
fn expand(secret: &[u8], label: &str, len: usize) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let info = [&[0, len as u8, label.len() as u8], label.as_bytes(), &[0]].concat();
    let mut out = vec![0; len];
    let prk = Prk::new_less_safe(HKDF_SHA256, secret);
    prk.expand(&[&info], Len(len)).unwrap().fill(&mut out).unwrap();
    out
}

impl Half {
    fn new(
        (number, secrets): &(u64, ConnectionTrafficSecrets),
        is_13: bool,
        secret: Option<Vec<u8>>,
    ) -> Self {
        let ConnectionTrafficSecrets::Aes128Gcm { key, iv } = secrets else {
            panic!("another suite")
        };
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key.as_ref()).unwrap());
        let iv = iv.as_ref().try_into().unwrap();
        Self { key, iv, number: *number, is_13, secret: secret.unwrap_or_default() }
    }

    /// RFC 8446 section 7.2
    fn renew(&mut self) {
        self.secret = expand(&self.secret, "traffic upd", 32);
        let key = expand(&self.secret, "key", 16);
        self.key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
        self.iv = expand(&self.secret, "iv", 12).try_into().unwrap();
        self.number = 0;
    }

    fn nonce(&mut self) -> [u8; 12] {
        let mut nonce = self.iv;
        for (byte, number) in nonce[4..].iter_mut().zip(self.number.to_be_bytes()) {
            *byte ^= number;
        }
        self.number += 1;
        nonce
    }

    fn seal(&mut self, kind: u8, data: &[u8]) -> Vec<u8> {
        let number = self.number.to_be_bytes();
        let nonce = self.nonce();
        let mut body = data.to_vec();
        let nonce_once = Nonce::assume_unique_for_key(nonce);
        if self.is_13 {
            body.push(kind);
            let [high, low] = ((body.len() + 16) as u16).to_be_bytes();
            let header = [DATA, 3, 3, high, low];
            self.key.seal_in_place_append_tag(nonce_once, Aad::from(header), &mut body).unwrap();
            return [&header[..], &body].concat();
        }
        let [high, low] = (data.len() as u16).to_be_bytes();
        let aad = [&number[..], &[kind, 3, 3, high, low]].concat();
        self.key.seal_in_place_append_tag(nonce_once, Aad::from(aad), &mut body).unwrap();
        let [high, low] = ((8 + body.len()) as u16).to_be_bytes();
        [&[kind, 3, 3, high, low], &nonce[4..], &body].concat()
    }

    fn open(&mut self, record: &[u8]) -> (u8, Vec<u8>) {
        let number = self.number.to_be_bytes();
        let nonce = self.nonce();
        let (header, body) = record.split_at(5);
        if self.is_13 {
            let mut body = body.to_vec();
            let nonce = Nonce::assume_unique_for_key(nonce);
            let plain = self.key.open_in_place(nonce, Aad::from(header), &mut body).expect("opens");
            let end = plain.iter().rposition(|byte| *byte != 0).unwrap();
            return (plain[end], plain[..end].to_vec());
        }
        let (explicit, sealed) = body.split_at(8);
        let nonce: [u8; 12] = [&self.iv[..4], explicit].concat().try_into().unwrap();
        let [high, low] = ((sealed.len() - 16) as u16).to_be_bytes();
        let aad = [&number[..], &header[..3], &[high, low]].concat();
        let (mut sealed, nonce) = (sealed.to_vec(), Nonce::assume_unique_for_key(nonce));
        let plain = self.key.open_in_place(nonce, Aad::from(aad), &mut sealed).expect("opens");
        (header[0], plain.to_vec())
    }
}

/// A connection behind its handshake.
pub(crate) struct Tls {
    pub(crate) peer: Peer,
    tx: Half,
    rx: Half,
    /// Data that was read, but not asked for yet.
    pub(crate) unread: Vec<u8>,
    /// What came that is no data: tickets, new keys, the end.
    pub(crate) besides: Vec<(u8, Vec<u8>)>,
    pub(crate) end: Option<TlsEnd>,
}

impl Tls {
    /// Connects, and shakes hands with whoever has a certificate for `name`.
    pub(crate) fn connect(address: &str, config: &ClientConfig, name: &str) -> Self {
        let mut shaking = Shaking::client(Peer::connect(address), config, name);
        assert!(shaking.shake(|peer, _, flight| peer.send(flight)), "the handshake fails");
        shaking.open()
    }

    /// Shakes hands with a client.
    pub(crate) fn accept(peer: &Peer, config: &ServerConfig) -> Self {
        let mut shaking = Shaking::server(peer, config);
        assert!(shaking.shake(|peer, _, flight| peer.send(flight)), "the handshake fails");
        shaking.open()
    }

    /// A record, sealed but not sent.
    pub(crate) fn seal(&mut self, kind: u8, bytes: impl AsRef<[u8]>) -> Vec<u8> {
        self.tx.seal(kind, bytes.as_ref())
    }

    /// Data, sealed but not sent.
    pub(crate) fn seal_data(&mut self, data: impl AsRef<[u8]>) -> Vec<u8> {
        data.as_ref().chunks(16_384).flat_map(|piece| self.tx.seal(DATA, piece)).collect()
    }

    pub(crate) fn send(&mut self, data: impl AsRef<[u8]>) {
        let records = self.seal_data(data);
        self.peer.send(records);
    }

    pub(crate) fn try_send(&mut self, data: impl AsRef<[u8]>) -> bool {
        let records = self.seal_data(data);
        self.peer.try_send(records).is_ok()
    }

    pub(crate) fn send_record(&mut self, kind: u8, bytes: impl AsRef<[u8]>) {
        let record = self.seal(kind, bytes);
        let _ = self.peer.try_send(record);
    }

    /// Announces new keys, and uses them from then on. Sealed but not sent.
    pub(crate) fn seal_key_update(&mut self, message: [u8; 5]) -> Vec<u8> {
        let record = self.seal(HANDSHAKE, message);
        self.tx.renew();
        record
    }

    /// Says that nothing more comes, in TLS only.
    pub(crate) fn say_end(&mut self) {
        self.send_record(ALERT, CLOSE_NOTIFY);
    }

    /// Says so in TCP too.
    pub(crate) fn finish(&mut self) {
        self.say_end();
        let _ = self.peer.try_finish();
    }

    /// Reads a record. False when nothing more comes.
    pub(crate) fn fill(&mut self) -> bool {
        let record = match try_record(&mut self.peer) {
            Ok(record) => record,
            Err(end) => {
                self.end.get_or_insert(end);
                return false;
            }
        };
        match self.rx.open(&record) {
            (DATA, data) => {
                assert!(self.end.is_none(), "data behind the end");
                self.unread.extend(data);
            }
            (kind, said) => {
                match (kind, said.as_slice()) {
                    (ALERT, [1, 0]) => self.end = Some(TlsEnd::Said),
                    (ALERT, [2, why]) => self.end = Some(TlsEnd::Alert(*why)),
                    (HANDSHAKE, [24, ..]) => self.rx.renew(),
                    _ => {}
                }
                self.besides.push((kind, said));
            }
        }
        true
    }

    /// What comes until nothing more does, and how it ends.
    pub(crate) fn read_to_end(&mut self) -> (Vec<u8>, TlsEnd) {
        while self.fill() {}
        (std::mem::take(&mut self.unread), self.end.clone().unwrap())
    }

    /// How it ends, with nothing before.
    pub(crate) fn ending(&mut self) -> TlsEnd {
        let (bytes, end) = self.read_to_end();
        assert_eq!(String::from_utf8_lossy(&bytes), "");
        end
    }

    /// Waits for data. False when nothing more comes.
    pub(crate) fn has_more(&mut self) -> bool {
        while self.unread.is_empty() && self.end.is_none() {
            self.fill();
        }
        !self.unread.is_empty()
    }

    pub(crate) fn read_exact(&mut self, len: usize) -> Vec<u8> {
        while self.unread.len() < len {
            assert!(self.fill(), "{:?} after {} bytes", self.end, self.unread.len());
        }
        self.unread.drain(..len).collect()
    }

    pub(crate) fn read_until(&mut self, pattern: &str) -> Vec<u8> {
        loop {
            let found =
                self.unread.windows(pattern.len()).position(|seen| seen == pattern.as_bytes());
            if let Some(at) = found {
                return self.unread.drain(..at + pattern.len()).collect();
            }
            let seen = String::from_utf8_lossy(&self.unread).into_owned();
            assert!(self.fill(), "{:?} after {seen:?}", self.end);
        }
    }

    /// A message that has a length, or no body.
    pub(crate) fn message(&mut self) -> Message {
        let head = String::from_utf8(self.read_until("\r\n\r\n")).unwrap();
        let mut message = Message { head, ..Message::default() };
        if let Some(len) = message.field("content-length") {
            message.body = self.read_exact(len.parse().unwrap());
        }
        message
    }

    pub(crate) fn ask(&mut self, request: &str) -> Message {
        self.send(request);
        self.message()
    }

    pub(crate) fn get(&mut self, target: &str) -> Message {
        self.ask(&format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"))
    }
}
