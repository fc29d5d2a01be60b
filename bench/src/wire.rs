//! A TCP connection, with or without TLS in it, as bytes: what origin and load read and write.

use rustls::{Connection, HandshakeKind};
use std::io::{self, BufReader, IoSlice, Read, Write};
use std::net::TcpStream;

/// rustls asks for 4 KiB at a time; with this many bytes behind it that is no system call each.
const RECORDS_LEN: usize = 64 * 1024;

/// Works on blocking and on non-blocking sockets alike; on the latter everything, the handshake
/// included, may end in `WouldBlock` and goes on with the next call.
pub(crate) enum Wire {
    Plain(TcpStream),
    Tls(Box<Tls>),
}

pub(crate) struct Tls {
    stream: BufReader<TcpStream>,
    session: Connection,
}

impl Wire {
    /// Begins TLS on a connection; the handshake is made by the first write or read.
    pub(crate) fn tls(stream: TcpStream, session: impl Into<Connection>) -> Self {
        let stream = BufReader::with_capacity(RECORDS_LEN, stream);
        Self::Tls(Box::new(Tls { stream, session: session.into() }))
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(tls) => tls.stream.get_ref(),
        }
    }

    /// What the handshake was; `None` before its end, and without TLS.
    pub(crate) fn handshake_kind(&self) -> Option<HandshakeKind> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(tls) => tls.session.handshake_kind(),
        }
    }

    /// Whether bytes have left the socket and were not returned yet: no event will tell of them.
    pub(crate) fn holds_bytes(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(tls) => !tls.stream.buffer().is_empty(),
        }
    }

    /// Whether a call that ended in `WouldBlock` waits for its peer rather than for room to write.
    pub(crate) fn awaits_peer(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(tls) => !tls.session.wants_write(),
        }
    }

    /// Says that nothing follows, as TLS wants it before the connection is closed; best effort.
    pub(crate) fn end(&mut self) {
        if let Self::Tls(tls) = self {
            tls.session.send_close_notify();
            let _ = tls.flush();
        }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write_vectored(slices),
            Self::Tls(tls) => {
                let first = slices.iter().find(|slice| !slice.is_empty());
                first.map_or(Ok(0), |slice| tls.write(slice))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

impl Tls {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.take_records()?;
                    // A server answers a hello from here.
                    self.flush()?;
                }
                outcome => return outcome,
            }
        }
    }

    /// Takes what fits into the session's buffer. What it holds is written before more is taken;
    /// the caller flushes the last of it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        while self.session.is_handshaking() {
            self.flush()?;
            self.take_records()?;
        }
        // Not yet what the handshake has left to say: it goes out together with the first bytes.
        let accepted = self.session.writer().write(bytes)?;
        if accepted == 0 {
            self.flush()?;
            return self.session.writer().write(bytes);
        }
        Ok(accepted)
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(self.stream.get_mut())?;
        }
        Ok(())
    }

    fn take_records(&mut self) -> io::Result<()> {
        let count = self.session.read_tls(&mut self.stream)?;
        if count == 0 && self.session.is_handshaking() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let state = self.session.process_new_packets();
        // An alert, should there be one to send, is best effort.
        state.map_err(|error| {
            let _ = self.flush();
            io::Error::other(error)
        })?;
        Ok(())
    }
}
