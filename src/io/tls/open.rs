//! A TLS connection that stands: what comes is opened, what goes is sealed, and what is said besides
//! data is heard: ends, new keys, tickets (RFC 8446 sections 4.6 and 6, RFC 5246 section 7.2).

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::mem;
use std::ops::Range;

use rustls::client::ClientConnectionData;
use rustls::kernel::KernelConnection;
use rustls::server::ServerConnectionData;
use rustls::{AlertDescription, ConnectionTrafficSecrets, Error, ExtractedSecrets};

use super::super::Io;
use super::super::buffers::RecvBuf;
use super::super::socket::Chunk;
use super::protection::{Content, HEADER_LEN, PLAIN_MAX, Protection};

/// Data sealed for one send: its records fit in a buffer that is kept for reuse.
const BATCH: usize = 3 * PLAIN_MAX;
/// Room for what protection adds to a batch.
const BATCH_EXTRA: usize = 256;
/// Records in a row that carry no data; more is an attack on our time.
const ASIDES_MAX: u8 = 32;
/// The longest message after the handshake: a ticket may have 64 KiB.
const MESSAGE_LEN_MAX: usize = 70 * 1024;

const HELLO_REQUEST: u8 = 0;
const CLIENT_HELLO: u8 = 1;
const NEW_SESSION_TICKET: u8 = 4;
const KEY_UPDATE: u8 = 24;
const WARNING: u8 = 1;
const FATAL: u8 = 2;

/// What rustls keeps of the handshake, named for who is at the other end.
pub(super) enum Agreed {
    Client(KernelConnection<ServerConnectionData>),
    Server(KernelConnection<ClientConnectionData>),
}

impl Agreed {
    fn next_rx(&mut self) -> Result<(u64, ConnectionTrafficSecrets), Error> {
        match self {
            Self::Client(agreed) => agreed.update_rx_secret(),
            Self::Server(agreed) => agreed.update_rx_secret(),
        }
    }

    fn next_tx(&mut self) -> Result<(u64, ConnectionTrafficSecrets), Error> {
        match self {
            Self::Client(agreed) => agreed.update_tx_secret(),
            Self::Server(agreed) => agreed.update_tx_secret(),
        }
    }
}

/// Why a connection cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// What came is wrong, which the other side is told.
    Wrong(AlertDescription),
    /// The other side gave up.
    GivenUp,
}

impl From<AlertDescription> for Broken {
    fn from(why: AlertDescription) -> Self {
        Self::Wrong(why)
    }
}

/// Something a peer says once or does wrong.
const UNEXPECTED: Broken = Broken::Wrong(AlertDescription::UnexpectedMessage);

pub(super) struct Open {
    rx: Protection,
    tx: Protection,
    is_13: bool,
    agreed: Agreed,
    /// A record that came in part.
    record: Vec<u8>,
    /// A message that came in part.
    message: Vec<u8>,
    /// Records in a row without data.
    asides: u8,
    /// Sealed, and to be sent before anything else.
    sealed: Vec<u8>,
    /// New keys of ours are announced in `sealed`.
    announced: bool,
    /// A client of TLS 1.2 asked for new keys, which is refused politely once.
    renegotiated: bool,
    /// What is sent of the first chunk in the queue.
    offset: usize,
    /// The other side said that it sends no more.
    pub(super) heard_end: bool,
    /// We said that we send no more, or never will.
    pub(super) said_end: bool,
}

impl Open {
    pub(super) fn new(secrets: &ExtractedSecrets, is_13: bool, agreed: Agreed) -> Option<Self> {
        Some(Self {
            rx: Protection::new(&secrets.rx.1, secrets.rx.0, is_13)?,
            tx: Protection::new(&secrets.tx.1, secrets.tx.0, is_13)?,
            is_13,
            agreed,
            record: Vec::new(),
            message: Vec::new(),
            asides: 0,
            sealed: Vec::new(),
            announced: false,
            renegotiated: false,
            offset: 0,
            heard_end: false,
            said_end: false,
        })
    }

    /// Whether nothing waits for its rest.
    pub(super) fn is_between_records(&self) -> bool {
        self.record.is_empty() && self.message.is_empty()
    }

    /// Opens what came; `keep` is given what of it is data, in order.
    pub(super) fn open(
        &mut self,
        io: &Io,
        mut buffer: RecvBuf,
        mut keep: impl FnMut(RecvBuf),
    ) -> Result<(), Broken> {
        if !self.record.is_empty()
            && let Some(data) = self.complete(io, &mut buffer)?
        {
            keep(data);
        }
        let (data, read, outcome) = self.open_in_place(buffer.bytes_mut());
        if outcome.is_ok() && !self.heard_end && read < buffer.len() {
            self.record = io.take_buffer();
            self.record.extend_from_slice(buffer.bytes().get(read..).unwrap_or_default());
        }
        if !data.is_empty() {
            buffer.keep(data);
            keep(buffer);
        }
        outcome
    }

    /// Adds to the record that waits. Returns its data when it is whole and has some.
    fn complete(&mut self, io: &Io, buffer: &mut RecvBuf) -> Result<Option<RecvBuf>, Broken> {
        self.gather(buffer, HEADER_LEN);
        let Some(len) = self.rx.record_len(&self.record)? else { return Ok(None) };
        self.gather(buffer, len);
        if self.record.len() < len {
            return Ok(None);
        }
        let mut record = mem::take(&mut self.record);
        let range = self.take_record(&mut record)?;
        if range.is_empty() {
            io.give_buffer(record);
            return Ok(None);
        }
        Ok(Some(RecvBuf::of(record, range)))
    }

    fn gather(&mut self, buffer: &mut RecvBuf, len: usize) {
        let wanted = len.saturating_sub(self.record.len()).min(buffer.len());
        self.record.reserve(len.saturating_sub(self.record.len()));
        self.record.extend_from_slice(buffer.bytes().get(..wanted).unwrap_or_default());
        buffer.advance(wanted);
    }

    /// Opens all whole records of `bytes` and moves their data together. Returns where the data is, and
    /// how many bytes were read.
    fn open_in_place(&mut self, bytes: &mut [u8]) -> (Range<usize>, usize, Result<(), Broken>) {
        let (mut data, mut read) = (0..0, 0);
        while !self.heard_end {
            let rest = bytes.get_mut(read..).unwrap_or_default();
            let len = match self.rx.record_len(rest) {
                Ok(Some(len)) if len <= rest.len() => len,
                Ok(_) => break,
                Err(why) => return (data, read, Err(why.into())),
            };
            let range = match self.take_record(&mut rest[..len]) {
                Ok(range) => range,
                Err(broken) => return (data, read, Err(broken)),
            };
            if data.is_empty() {
                data = read + range.start..read + range.end;
            } else {
                bytes.copy_within(read + range.start..read + range.end, data.end);
                data.end += range.len();
            }
            read += len;
        }
        (data, read, Ok(()))
    }

    /// Returns where the record's data is; what is not data is heard.
    fn take_record(&mut self, record: &mut [u8]) -> Result<Range<usize>, Broken> {
        let (content, range) = self.rx.open(record)?;
        // Nothing comes between the parts of a message (RFC 8446 section 5.1).
        if content != Content::Handshake && !self.message.is_empty() {
            return Err(UNEXPECTED);
        }
        if content == Content::Data && !range.is_empty() {
            self.asides = 0;
            return Ok(range);
        }
        self.asides += 1;
        if self.asides > ASIDES_MAX {
            return Err(UNEXPECTED);
        }
        let said = record.get(range).unwrap_or_default();
        match content {
            Content::Data => {}
            Content::Alert => self.hear_alert(said)?,
            Content::Handshake => self.hear_messages(said)?,
        }
        Ok(0..0)
    }

    fn hear_alert(&mut self, alert: &[u8]) -> Result<(), Broken> {
        let &[level, description] = alert else {
            return Err(AlertDescription::DecodeError.into());
        };
        match AlertDescription::from(description) {
            AlertDescription::CloseNotify => self.heard_end = true,
            AlertDescription::UserCanceled => {}
            _ if !self.is_13 && level == WARNING => {}
            _ => return Err(Broken::GivenUp),
        }
        Ok(())
    }

    fn hear_messages(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        let mut waiting = mem::take(&mut self.message);
        waiting.extend_from_slice(bytes);
        let mut rest = waiting.as_slice();
        while let Some(&[kind, high, mid, low]) = rest.first_chunk::<4>() {
            let len = usize::from(high) << 16 | usize::from(mid) << 8 | usize::from(low);
            if len > MESSAGE_LEN_MAX {
                return Err(UNEXPECTED);
            }
            let Some(body) = rest.get(4..4 + len) else { break };
            rest = rest.get(4 + len..).unwrap_or_default();
            // New keys begin with a record.
            if kind == KEY_UPDATE && !rest.is_empty() {
                return Err(UNEXPECTED);
            }
            self.hear_message(kind, body)?;
        }
        self.message.extend_from_slice(rest);
        Ok(())
    }

    fn hear_message(&mut self, kind: u8, body: &[u8]) -> Result<(), Broken> {
        match (kind, &mut self.agreed, self.is_13) {
            (KEY_UPDATE, _, true) => self.renew_rx(body),
            (NEW_SESSION_TICKET, Agreed::Server(agreed), true) => agreed
                .handle_new_session_ticket(body)
                .map_err(|_| AlertDescription::DecodeError.into()),
            // TLS 1.2 lets either side ask for a new handshake, and the other one refuse.
            (HELLO_REQUEST, Agreed::Server(_), false)
            | (CLIENT_HELLO, Agreed::Client(_), false) => {
                let again = mem::replace(&mut self.renegotiated, true);
                if !self.said_end {
                    self.seal_alert(WARNING, AlertDescription::NoRenegotiation);
                }
                if again { Err(UNEXPECTED) } else { Ok(()) }
            }
            _ => Err(UNEXPECTED),
        }
    }

    /// The other side uses new keys from now on, and may ask us to do so too.
    fn renew_rx(&mut self, body: &[u8]) -> Result<(), Broken> {
        let is_asked = match body {
            [0] => false,
            [1] => true,
            [_] => return Err(AlertDescription::IllegalParameter.into()),
            _ => return Err(AlertDescription::DecodeError.into()),
        };
        let (number, secrets) = self.agreed.next_rx().map_err(|_| UNEXPECTED)?;
        self.rx = Protection::new(&secrets, number, true).ok_or(UNEXPECTED)?;
        // Answered once for all that was asked before the answer leaves.
        if is_asked && !self.announced && !self.said_end {
            self.renew_tx().ok_or(UNEXPECTED)?;
        }
        Ok(())
    }

    /// We use new keys from now on.
    fn renew_tx(&mut self) -> Option<()> {
        let announce = |out: &mut Vec<u8>| out.extend_from_slice(&[KEY_UPDATE, 0, 0, 1, 0]);
        if !self.is_13 || !self.tx.seal(Content::Handshake, &mut self.sealed, announce) {
            return None;
        }
        self.announced = true;
        let (number, secrets) = self.agreed.next_tx().ok()?;
        self.tx = Protection::new(&secrets, number, true)?;
        Some(())
    }

    fn seal_alert(&mut self, level: u8, why: AlertDescription) {
        let alert = [level, u8::from(why)];
        self.tx.seal(Content::Alert, &mut self.sealed, |out| out.extend_from_slice(&alert));
    }

    /// The last thing that the other side hears: why it is over.
    pub(super) fn say_why(&mut self, why: AlertDescription) {
        self.said_end = true;
        self.seal_alert(FATAL, why);
    }

    /// Says that nothing more comes. False if that was said before.
    pub(super) fn say_end(&mut self) -> bool {
        let first = !mem::replace(&mut self.said_end, true);
        if first {
            self.seal_alert(WARNING, AlertDescription::CloseNotify);
        }
        first
    }

    /// What is sealed and not sent yet, outside of data.
    pub(super) fn take_sealed(&mut self) -> Vec<u8> {
        self.announced = false;
        mem::take(&mut self.sealed)
    }

    /// Takes what is queued, a batch at most, and seals it, behind what was sealed before. Returns what
    /// is to be sent, which may be nothing, and how many bytes of data it is; `None` when the keys are
    /// used up and cannot be renewed. `last`: the end follows the queue.
    pub(super) fn seal(
        &mut self,
        io: &Io,
        queue: &mut VecDeque<Chunk>,
        last: bool,
    ) -> Option<(Vec<u8>, usize)> {
        let mut taken = 0;
        if self.sealed.capacity() == 0 && !queue.is_empty() {
            self.sealed = io.take_buffer();
        }
        while taken < BATCH && !queue.is_empty() {
            if self.tx.is_worn() {
                self.renew_tx()?;
            }
            let waiting: usize = queue.iter().take(8).map(|chunk| chunk.bytes().len()).sum();
            self.sealed.reserve_exact(waiting.min(BATCH - taken) + BATCH_EXTRA);
            let offset = &mut self.offset;
            let before = taken;
            let fill = |out: &mut Vec<u8>| taken += fill(io, queue, offset, out);
            if !self.tx.seal(Content::Data, &mut self.sealed, fill) {
                return None;
            }
            if taken == before {
                break;
            }
        }
        if last && queue.is_empty() {
            self.say_end();
        }
        Some((self.take_sealed(), taken))
    }
}

/// Moves bytes of the queue to `out`, a record's at most. Returns how many.
fn fill(io: &Io, queue: &mut VecDeque<Chunk>, offset: &mut usize, out: &mut Vec<u8>) -> usize {
    let mut room = PLAIN_MAX;
    while room > 0
        && let Some(front) = queue.front()
    {
        let rest = front.bytes().get(*offset..).unwrap_or_default();
        let piece = rest.get(..rest.len().min(room)).unwrap_or_default();
        out.extend_from_slice(piece);
        room -= piece.len();
        *offset += piece.len();
        if piece.len() == rest.len() {
            *offset = 0;
            if let Some(done) = queue.pop_front() {
                done.recycle(io);
            }
        }
    }
    PLAIN_MAX - room
}
