//! TLS on a socket: bytes that come are opened before anybody sees them, bytes that go are sealed on
//! their way into the kernel. Whoever holds the [`Conn`](super::Conn) deals with data, TLS or not.
//!
//! ```text
//!   begin -> handshake: driven by the task that owns the connection, which decides how long it takes
//!         -> open: driven by completions, as plain bytes are
//! ```

mod facts;
mod handshake;
mod open;
mod protection;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::fmt;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;

use rustix::net::SendFlags;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, Error, ServerConfig};

use super::Io;
use super::buffers::RecvBuf;
use super::socket::{Chunk, Flight, InputEnd, Socket, charge};
use handshake::Handshake;
use open::{Broken, Open};

pub use facts::TlsFacts;

/// The TLS of one socket.
pub(super) struct Tls {
    stage: Stage,
    /// What the handshake has to send, and before it what the connection begins with in the clear.
    outbox: Vec<u8>,
    facts: Option<Rc<TlsFacts>>,
    /// Why the handshake failed, until the task asks.
    fault: Option<TlsFault>,
    /// What a server was asked for.
    asked: Option<Asked>,
    /// What of [`Socket::unsent`] the kernel sends now.
    pub(super) in_flight: usize,
}

enum Stage {
    Handshake(Box<Handshake>),
    Open(Box<Open>),
    Failed,
}

/// Why a handshake failed.
#[derive(Debug)]
pub enum TlsFault {
    /// One side did not agree, or broke the rules.
    Refused(Error),
    /// The other side closed the connection.
    Closed,
    /// The connection broke, with the system's error number.
    Failed(i32),
}

impl From<Error> for TlsFault {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Closed => f.write_str("connection closed"),
            Self::Failed(number) => std::io::Error::from_raw_os_error(*number).fmt(f),
        }
    }
}

/// What a client is answered with.
#[derive(Debug)]
pub struct ClientTarget {
    pub config: Arc<ServerConfig>,
    /// The name that the client asks for, in lower case.
    pub server_name: Option<Box<str>>,
    /// The certificate that `config` has for the client, where somebody will ask.
    pub own_certificate: Option<CertificateDer<'static>>,
}

/// What a server is asked for.
#[derive(Debug)]
pub struct ServerTarget {
    pub config: Arc<ClientConfig>,
    /// The name to verify, and to ask for.
    pub name: ServerName<'static>,
    /// What the name was made from, where it differs from connection to connection.
    pub asked: Option<Box<str>>,
}

/// What makes a server's connection fit for one stream and not for another.
struct Asked {
    config: Arc<ClientConfig>,
    name: Option<Box<str>>,
}

impl Tls {
    /// # Errors
    /// What rustls says of the configuration.
    pub(super) fn with_client(target: ClientTarget) -> Result<Self, TlsFault> {
        Ok(Self::new(Handshake::with_client(target)?, None))
    }

    /// # Errors
    /// What rustls says of the configuration.
    pub(super) fn with_server(target: ServerTarget) -> Result<Self, TlsFault> {
        let handshake = Handshake::with_server(Arc::clone(&target.config), target.name)?;
        Ok(Self::new(handshake, Some(Asked { config: target.config, name: target.asked })))
    }

    fn new(handshake: Handshake, asked: Option<Asked>) -> Self {
        let stage = Stage::Handshake(Box::new(handshake));
        Self { stage, outbox: Vec::new(), facts: None, fault: None, asked, in_flight: 0 }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open(_))
    }

    /// Whether nothing waits for its rest.
    pub(super) fn is_at_rest(&self) -> bool {
        match &self.stage {
            Stage::Open(open) => open.is_between_records() && !open.heard_end,
            Stage::Handshake(_) | Stage::Failed => false,
        }
    }

    pub(super) fn facts(&self) -> Option<Rc<TlsFacts>> {
        self.facts.clone()
    }

    pub(super) fn was_asked(&self, config: &Arc<ClientConfig>, name: Option<&str>) -> bool {
        let is_same_name = |asked: &Asked| match (asked.name.as_deref(), name) {
            (Some(asked), Some(name)) => asked.eq_ignore_ascii_case(name),
            (asked, name) => asked == name,
        };
        self.asked
            .as_ref()
            .is_some_and(|asked| Arc::ptr_eq(&asked.config, config) && is_same_name(asked))
    }

    pub(super) fn hide_end(&mut self) {
        if let Stage::Open(open) = &mut self.stage {
            open.said_end = true;
        }
    }

    /// Why the other side sends no more when its connection ends now: without a word it may be
    /// somebody else who ended it (RFC 8446 section 6.1).
    pub(super) fn end(&self) -> InputEnd {
        match &self.stage {
            Stage::Open(open) if !open.heard_end => InputEnd::Truncated,
            _ => InputEnd::Closed,
        }
    }
}

impl Socket {
    /// Begins TLS. What is queued already goes before it, in the clear.
    pub(super) fn begin_tls(&mut self, io: &Io, key: u32, mut tls: Tls) {
        for chunk in self.queue.drain(..) {
            self.unsent -= chunk.bytes().len();
            tls.outbox.extend_from_slice(chunk.bytes());
            chunk.recycle(io);
        }
        self.tls = Some(Box::new(tls));
        // A server waits for our hello; a client's may have come already.
        if let Some(Err(fault)) = self.shake(io, key)
            && let Some(tls) = &mut self.tls
        {
            tls.fault = Some(fault);
        }
    }

    /// Goes on with the handshake as far as what came allows; `None`: it waits for more.
    pub(super) fn shake(&mut self, io: &Io, key: u32) -> Option<Result<Rc<TlsFacts>, TlsFault>> {
        let outcome = self.try_shake(io, key);
        if let Some(Err(_)) = &outcome
            && let Some(tls) = &mut self.tls
        {
            let alert = mem::take(&mut tls.outbox);
            tls.stage = Stage::Failed;
            self.send_now(&alert);
        } else {
            self.send(io, key);
        }
        outcome
    }

    fn try_shake(&mut self, io: &Io, key: u32) -> Option<Result<Rc<TlsFacts>, TlsFault>> {
        loop {
            let tls = self.tls.as_mut()?;
            let handshake = match &mut tls.stage {
                Stage::Handshake(handshake) => handshake,
                Stage::Open(_) => return tls.facts.clone().map(Ok),
                Stage::Failed => {
                    return Some(Err(tls.fault.take().unwrap_or(TlsFault::Closed)));
                }
            };
            match handshake.advance(&mut tls.outbox) {
                Ok(true) => return Some(self.open_tls(io, key)),
                Ok(false) => {}
                Err(error) => return Some(Err(error.into())),
            }
            let Some(buffer) = self.received.pop_front() else { break };
            self.received_len -= charge(&buffer);
            handshake.feed(buffer.bytes());
            drop(buffer);
            self.receive_if_idle(io, key);
        }
        match self.end {
            _ if self.send_error != 0 => Some(Err(TlsFault::Failed(self.send_error))),
            Some(InputEnd::Failed(number)) => Some(Err(TlsFault::Failed(number))),
            Some(InputEnd::Closed | InputEnd::Truncated) => Some(Err(TlsFault::Closed)),
            None => None,
        }
    }

    /// The handshake is over: what came behind it is data.
    fn open_tls(&mut self, io: &Io, key: u32) -> Result<Rc<TlsFacts>, TlsFault> {
        let Some(tls) = &mut self.tls else { return Err(TlsFault::Closed) };
        let Stage::Handshake(handshake) = mem::replace(&mut tls.stage, Stage::Failed) else {
            return Err(TlsFault::Closed);
        };
        let (facts, open, rest) = handshake.finish()?;
        let facts = Rc::new(facts);
        tls.facts = Some(Rc::clone(&facts));
        tls.stage = Stage::Open(Box::new(open));
        let waiting = mem::take(&mut self.received);
        self.received_len = 0;
        // The connection may have ended before anybody could tell what that means.
        let ended = self.end.take();
        if !rest.is_empty() {
            let len = rest.len();
            self.unseal(io, key, RecvBuf::of(rest, 0..len));
        }
        for buffer in waiting {
            self.unseal(io, key, buffer);
        }
        if self.end.is_none() {
            self.end = match (ended, &self.tls) {
                (Some(InputEnd::Closed), Some(tls)) => Some(tls.end()),
                (ended, _) => ended,
            };
        }
        Ok(facts)
    }

    /// Opens what came and keeps the data. Returns whether there is something new to see.
    pub(super) fn unseal(&mut self, io: &Io, key: u32, buffer: RecvBuf) -> bool {
        let Some(Stage::Open(open)) = self.tls.as_mut().map(|tls| &mut tls.stage) else {
            return false;
        };
        // Nothing counts behind the end, or behind something wrong.
        if self.end.is_some() {
            return false;
        }
        let mut opened = [None, None];
        let mut slots = opened.iter_mut();
        let outcome = open.open(io, buffer, |data| {
            if let Some(slot) = slots.next() {
                *slot = Some(data);
            }
        });
        let (heard_end, is_broken) = (open.heard_end, outcome.is_err());
        if let Err(Broken::Wrong(why)) = outcome {
            open.say_why(why);
            self.send_last_words();
        }
        let mut has_data = false;
        for data in opened.into_iter().flatten() {
            let data = self.store(data);
            self.received.push_back(data);
            has_data = true;
        }
        if is_broken {
            self.deaf = true;
            self.end = Some(InputEnd::Failed(libc::EPROTO));
            self.fail_sending(libc::EPROTO, io);
        } else if heard_end {
            self.end = Some(InputEnd::Closed);
        } else {
            // An answer to what was said besides data.
            self.send(io, key);
        }
        has_data || is_broken || heard_end
    }

    /// What goes to the kernel next, and whether the end of the connection may follow at once.
    pub(super) fn seal_next(&mut self, io: &Io) -> Option<(Chunk, bool)> {
        let tls = self.tls.as_mut()?;
        let mut bytes = mem::take(&mut tls.outbox);
        let mut counted = bytes.len();
        let mut data = 0;
        if let Stage::Open(open) = &mut tls.stage {
            let Some((sealed, taken)) = open.seal(io, &mut self.queue, self.last) else {
                self.fail_sending(libc::EPROTO, io);
                return None;
            };
            data = taken;
            counted += if taken == 0 { sealed.len() } else { 0 };
            if bytes.is_empty() {
                bytes = sealed;
            } else {
                bytes.extend_from_slice(&sealed);
                io.give_buffer(sealed);
            }
        }
        // Whoever waits until all is sent waits for what goes besides data too.
        self.unsent += counted;
        tls.in_flight = data + counted;
        let is_last = self.last && self.queue.is_empty();
        if bytes.is_empty() {
            io.give_buffer(bytes);
            return None;
        }
        Some((Chunk::Owned(bytes), is_last))
    }

    /// Says that nothing more comes, unless that is known or cannot be said.
    pub(super) fn say_end(&mut self) {
        let is_silent = self.send_error != 0 || matches!(self.end, Some(InputEnd::Failed(_)));
        if let Some(Stage::Open(open)) = self.tls.as_mut().map(|tls| &mut tls.stage)
            && matches!(self.flight, Flight::None)
            && !is_silent
            && open.say_end()
        {
            self.send_last_words();
        }
    }

    /// Sends what was sealed last, behind what the handshake left to be sent: records have numbers.
    fn send_last_words(&mut self) {
        let Some(tls) = &mut self.tls else { return };
        let mut words = mem::take(&mut tls.outbox);
        if let Stage::Open(open) = &mut tls.stage {
            words.extend(open.take_sealed());
        }
        self.send_now(&words);
    }

    /// Sends a few bytes without waiting for anything: the last ones of a connection.
    fn send_now(&self, bytes: &[u8]) {
        if !bytes.is_empty() && matches!(self.flight, Flight::None) {
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            let _ = rustix::net::send(&self.fd, bytes, flags);
        }
    }

    fn receive_if_idle(&mut self, io: &Io, key: u32) {
        if !self.receiving && (self.received_len as usize) < io.window() / 2 {
            self.receive(io, key);
        }
    }
}
