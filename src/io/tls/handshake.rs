//! A TLS handshake: rustls is fed one record at a time, so that it never sees what follows the
//! handshake, and hands over the keys at its end.

use std::sync::Arc;

use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, EncodeTlsData, UnbufferedStatus};
use rustls::{AlertDescription, ClientConfig, CommonState, Error};

use super::open::{Agreed, Open};
use super::protection::{HEADER_LEN, PLAIN_MAX};
use super::{ClientTarget, TlsFacts, TlsFault};

/// The longest record; TLS 1.2 allows protection this much.
const RECORD_LEN_MAX: usize = HEADER_LEN + PLAIN_MAX + 2048;
/// Answers to one record; rustls has at most a handful.
const STEPS_MAX: usize = 64;

/// The side that shakes hands, named for who it talks to.
enum Side {
    Client(UnbufferedServerConnection),
    Server(UnbufferedClientConnection),
}

pub(super) struct Handshake {
    side: Side,
    /// What came, from the first byte that rustls still needs.
    incoming: Vec<u8>,
    /// How many of them rustls was shown already.
    shown: usize,
    /// The name that is asked for.
    server_name: Option<Box<str>>,
    own_certificate: Option<CertificateDer<'static>>,
}

/// What became of a step.
enum Step {
    Again,
    /// Waits for the other side.
    Blocked,
    Over,
}

impl Handshake {
    pub(super) fn with_client(target: ClientTarget) -> Result<Self, Error> {
        let side = UnbufferedServerConnection::new(target.config)?;
        let own_certificate = target.own_certificate;
        Ok(Self { own_certificate, ..Self::new(Side::Client(side), target.server_name) })
    }

    pub(super) fn with_server(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<Self, Error> {
        let server_name = match &name {
            ServerName::DnsName(name) if config.enable_sni => Some(name.as_ref().into()),
            _ => None,
        };
        let side = UnbufferedClientConnection::new(config, name)?;
        Ok(Self::new(Side::Server(side), server_name))
    }

    fn new(side: Side, server_name: Option<Box<str>>) -> Self {
        Self { side, incoming: Vec::new(), shown: 0, server_name, own_certificate: None }
    }

    /// Takes over bytes that came.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.incoming.extend_from_slice(bytes);
    }

    /// Goes as far as what came allows; what is to be sent is appended to `out`, also when it fails.
    /// True at the end.
    pub(super) fn advance(&mut self, out: &mut Vec<u8>) -> Result<bool, Error> {
        loop {
            let outcome = self.process(out);
            match outcome {
                Ok(Step::Over) => return Ok(true),
                Ok(Step::Again) => {}
                Ok(Step::Blocked) => match self.next_record() {
                    Some(len) => self.shown += len,
                    None => return Ok(false),
                },
                Err(error) => {
                    self.say_why(out);
                    return Err(error);
                }
            }
        }
    }

    /// Shows rustls all that it may see, once.
    fn process(&mut self, out: &mut Vec<u8>) -> Result<Step, Error> {
        let shown = self.incoming.get_mut(..self.shown).unwrap_or_default();
        let (discard, outcome) = match &mut self.side {
            Side::Client(side) => take(side.process_tls_records(shown), out),
            Side::Server(side) => take(side.process_tls_records(shown), out),
        };
        let discard = discard.min(self.shown);
        self.incoming.drain(..discard);
        self.shown -= discard;
        outcome
    }

    /// The alert that follows an error. Nothing is read any more: rustls goes on where it was in what
    /// it was shown, which its error may have left out of step, and panics.
    fn say_why(&mut self, out: &mut Vec<u8>) {
        for _ in 0..STEPS_MAX {
            let has_more = match &self.side {
                Side::Client(side) => side.wants_write(),
                Side::Server(side) => side.wants_write(),
            };
            if !has_more || !matches!(self.process(out), Ok(Step::Again)) {
                return;
            }
        }
    }

    /// The length of the first record that rustls was not shown, if it is there as a whole; a header
    /// that no record has is for rustls to refuse.
    fn next_record(&self) -> Option<usize> {
        let rest = self.incoming.get(self.shown..)?;
        let &[_, version, _, high, low] = rest.first_chunk::<HEADER_LEN>()?;
        let len = HEADER_LEN + usize::from(u16::from_be_bytes([high, low]));
        match len > RECORD_LEN_MAX || version != 3 {
            true => Some(rest.len()),
            false => (rest.len() >= len).then_some(len),
        }
    }

    /// What was agreed on, the open connection, and the bytes that came behind the handshake.
    pub(super) fn finish(self) -> Result<(TlsFacts, Open, Vec<u8>), TlsFault> {
        let Self { side, mut incoming, shown, server_name, own_certificate } = self;
        incoming.drain(..shown.min(incoming.len()));
        let (facts, is_13, secrets, agreed) = match side {
            Side::Client(side) => {
                let facts = TlsFacts::new(&side, server_name, own_certificate);
                let is_13 = is_13(&side);
                let (secrets, rest) = side.dangerous_into_kernel_connection()?;
                (facts, is_13, secrets, Agreed::Client(rest))
            }
            Side::Server(side) => {
                let facts = TlsFacts::new(&side, server_name, own_certificate);
                let is_13 = is_13(&side);
                let (secrets, rest) = side.dangerous_into_kernel_connection()?;
                (facts, is_13, secrets, Agreed::Server(rest))
            }
        };
        let open = Open::new(&secrets, is_13, agreed)
            .ok_or(TlsFault::Refused(Error::General("unknown kind of key".to_owned())))?;
        Ok((facts, open, incoming))
    }
}

fn is_13(agreed: &CommonState) -> bool {
    agreed.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3)
}

/// Does what rustls asks for. Returns how many bytes it is done with, and what is next.
fn take<Data>(
    status: UnbufferedStatus<'_, '_, Data>,
    out: &mut Vec<u8>,
) -> (usize, Result<Step, Error>) {
    let discard = status.discard;
    let outcome = match status.state {
        Ok(ConnectionState::EncodeTlsData(message)) => encode(message, out).map(|()| Step::Again),
        Ok(ConnectionState::TransmitTlsData(transmit)) => {
            transmit.done();
            Ok(Step::Again)
        }
        Ok(ConnectionState::BlockedHandshake) => Ok(Step::Blocked),
        Ok(ConnectionState::WriteTraffic(_)) => Ok(Step::Over),
        Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => {
            Err(Error::AlertReceived(AlertDescription::CloseNotify))
        }
        // Early data is never offered, and nothing behind the handshake is shown.
        Ok(_) => Err(Error::General("data before the end of the handshake".to_owned())),
        Err(error) => Err(error),
    };
    (discard, outcome)
}

fn encode<Data>(mut message: EncodeTlsData<'_, Data>, out: &mut Vec<u8>) -> Result<(), Error> {
    let start = out.len();
    let refused = |_| Error::General("a message could not be encoded".to_owned());
    if let Err(EncodeError::InsufficientSize(needed)) = message.encode(&mut []) {
        out.resize(start + needed.required_size, 0);
        message.encode(out.get_mut(start..).unwrap_or_default()).map_err(refused)?;
    }
    Ok(())
}
