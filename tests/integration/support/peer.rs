//! One end of a connection, scripted: sends what it is told, reads with a deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};

use super::{DEADLINE, Message};

/// How bytes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    Whole,
    /// One by one; over a UNIX socket, each when the one before it was read. Of a long run of equal
    /// bytes only both ends: the rest would say nothing new, and take seconds.
    Bytes,
}

/// Bytes at either end of a run that are sent one by one.
const RUN_EDGE: usize = 32;

/// Between two looks at whether a byte was read.
const UNREAD_LOOK: Duration = Duration::from_micros(5);

/// How long a byte waits for the one before it to be read, by a peer that may have stopped reading.
const UNREAD_MAX: Duration = Duration::from_millis(50);

pub(crate) struct Peer {
    socket: Socket,
    /// Read, but not asked for yet.
    unread: Vec<u8>,
}

impl Peer {
    /// Connects to `ip:port` or `unix:/path`.
    pub(crate) fn connect(address: &str) -> Self {
        Self::try_connect(address)
            .unwrap_or_else(|error| panic!("cannot connect to {address}: {error}"))
    }

    pub(crate) fn try_connect(address: &str) -> io::Result<Self> {
        let (domain, address): (_, SockAddr) = match address.strip_prefix("unix:") {
            Some(path) => (Domain::UNIX, SockAddr::unix(path)?),
            None => {
                let address: SocketAddr = address.parse().unwrap();
                (Domain::for_address(address), address.into())
            }
        };
        let socket = Socket::new(domain, Type::STREAM, None)?;
        socket.connect_timeout(&address, DEADLINE / 5)?;
        Ok(Self::over(socket))
    }

    pub(crate) fn over(socket: Socket) -> Self {
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        socket.set_write_timeout(Some(DEADLINE)).unwrap();
        let _ = socket.set_tcp_nodelay(true);
        Self { socket, unread: Vec::new() }
    }

    /// Connects from a loopback address of its own.
    pub(crate) fn connect_from(source: Ipv4Addr, address: &str) -> Self {
        Self::try_connect_from(source, address).unwrap()
    }

    /// As `connect_from`. None when the other side reset the connection so early that connecting
    /// saw it.
    pub(crate) fn try_connect_from(source: Ipv4Addr, address: &str) -> Option<Self> {
        let address: SocketAddr = address.parse().unwrap();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((source, 0)).into()).unwrap();
        match socket.connect_timeout(&address.into(), DEADLINE) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            connected => connected.map(|()| Some(Self::over(socket))).unwrap(),
        }
    }

    /// A client whose receive buffer holds only a few kilobytes.
    pub(crate) fn connect_narrow(address: &str) -> Self {
        let address: SocketAddr = address.parse().unwrap();
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.connect_timeout(&address.into(), DEADLINE).unwrap();
        Self::over(socket)
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).expect("sends");
    }

    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.socket.write_all(bytes.as_ref())
    }

    pub(crate) fn try_send_at(&mut self, pace: Pace, bytes: &[u8]) -> io::Result<()> {
        if pace == Pace::Whole {
            return self.try_send(bytes);
        }
        for run in bytes.chunk_by(|a, b| a == b) {
            let (start, rest) = run.split_at(run.len().min(RUN_EDGE));
            let (middle, end) = rest.split_at(rest.len().saturating_sub(RUN_EDGE));
            let pieces = start.chunks(1).chain([middle]).chain(end.chunks(1));
            for piece in pieces.filter(|piece| !piece.is_empty()) {
                self.try_send(piece)?;
                self.await_taken();
            }
        }
        Ok(())
    }

    /// Waits until the other side has read all that was sent; of a TCP connection only that it is
    /// there is known.
    fn await_taken(&self) {
        let begun = Instant::now();
        while self.untaken() > 0 && begun.elapsed() < UNREAD_MAX {
            // Not by yielding: on a busy machine whoever spins is scheduled last.
            std::thread::sleep(UNREAD_LOOK);
        }
    }

    /// What was sent and not read yet, in the kernel's own measure.
    fn untaken(&self) -> libc::c_int {
        let mut len = 0;
        // SAFETY: the descriptor is open, and the kernel writes an int where one is.
        let failed = unsafe { libc::ioctl(self.socket.as_raw_fd(), libc::TIOCOUTQ, &mut len) };
        if failed == 0 { len } else { 0 }
    }

    /// All that was read and not asked for yet.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.unread
    }

    /// How long a read may take.
    pub(crate) fn set_patience(&self, patience: Duration) {
        self.socket.set_read_timeout(Some(patience)).unwrap();
    }

    /// Another handle of the same connection, to read while the first one sends.
    pub(crate) fn double(&self) -> Self {
        Self::over(self.socket.try_clone().unwrap())
    }

    /// Nothing more will be sent.
    pub(crate) fn finish(&self) {
        self.try_finish().unwrap();
    }

    /// The same to a side that may be gone.
    pub(crate) fn try_finish(&self) -> io::Result<()> {
        self.socket.shutdown(Shutdown::Write)
    }

    /// Closes with a reset.
    pub(crate) fn reset(self) {
        self.reset_on_drop();
    }

    /// The close will be a reset.
    pub(crate) fn reset_on_drop(&self) {
        self.socket.set_linger(Some(Duration::ZERO)).unwrap();
    }

    pub(crate) fn port(&self) -> u16 {
        self.socket.local_addr().unwrap().as_socket().unwrap().port()
    }

    /// This end's address as a host field says it, as the proxy does.
    pub(crate) fn local_name(&self) -> String {
        let address = self.socket.local_addr().unwrap().as_socket();
        address.map_or_else(|| "localhost".to_owned(), |address| address.to_string())
    }

    /// Reads once more. False at the end.
    pub(crate) fn fill(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 65536];
        let len = self.socket.read(&mut buffer)?;
        self.unread.extend_from_slice(&buffer[..len]);
        Ok(len > 0)
    }

    fn fill_or_panic(&mut self) {
        match self.fill() {
            Ok(true) => {}
            outcome => panic!("{outcome:?} after {:?}", self.seen()),
        }
    }

    fn seen(&self) -> String {
        let start = self.unread.len().saturating_sub(500);
        String::from_utf8_lossy(&self.unread[start..]).into_owned()
    }

    /// What comes until the other side closes, and whether it did so in order.
    pub(crate) fn try_read_to_end(&mut self) -> (Vec<u8>, io::Result<()>) {
        let outcome = loop {
            match self.fill() {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        (std::mem::take(&mut self.unread), outcome)
    }

    pub(crate) fn read_to_end(&mut self) -> Vec<u8> {
        let (bytes, outcome) = self.try_read_to_end();
        outcome.unwrap_or_else(|error| panic!("{error} after {} bytes", bytes.len()));
        bytes
    }

    /// Reads to the end, in order or by a reset.
    pub(crate) fn drain(&mut self) -> Vec<u8> {
        let (bytes, outcome) = self.try_read_to_end();
        let kind = outcome.err().map(|error| error.kind());
        assert!(
            !matches!(kind, Some(ErrorKind::WouldBlock)),
            "did not end after {} bytes",
            bytes.len()
        );
        bytes
    }

    /// Reads to the end, which must come without a byte. Returns how long it took.
    pub(crate) fn closed_after(&mut self) -> Duration {
        let begun = Instant::now();
        assert_eq!(self.read_to_end(), b"", "closed without a word");
        begun.elapsed()
    }

    pub(crate) fn read_until(&mut self, pattern: &str) -> Vec<u8> {
        loop {
            let found =
                self.unread.windows(pattern.len()).position(|seen| seen == pattern.as_bytes());
            match found {
                Some(at) => return self.unread.drain(..at + pattern.len()).collect(),
                None => self.fill_or_panic(),
            }
        }
    }

    pub(crate) fn read_exact(&mut self, len: usize) -> Vec<u8> {
        while self.unread.len() < len {
            self.fill_or_panic();
        }
        self.unread.drain(..len).collect()
    }

    /// Waits for more bytes. False when the other side closed, in order or not.
    pub(crate) fn has_more(&mut self) -> bool {
        !self.unread.is_empty() || self.fill().unwrap_or(false)
    }

    /// What was read and not asked for yet.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.unread)
    }

    /// Nothing may come for this long.
    pub(crate) fn assert_silent(&mut self, ms: u64) {
        assert_eq!(self.seen(), "");
        self.socket.set_read_timeout(Some(Duration::from_millis(ms))).unwrap();
        let outcome = self.fill();
        self.socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let waited = matches!(&outcome, Err(error) if error.kind() == ErrorKind::WouldBlock);
        assert!(waited, "{outcome:?}: {}", self.seen());
    }

    /// The head of a message; its body stays.
    pub(crate) fn head(&mut self) -> Message {
        let head = String::from_utf8(self.read_until("\r\n\r\n")).unwrap();
        Message { head, ..Message::default() }
    }

    /// A whole message.
    pub(crate) fn message(&mut self) -> Message {
        let mut message = self.head();
        self.read_body(&mut message);
        message
    }

    /// The body of a message whose head was read.
    pub(crate) fn read_body(&mut self, message: &mut Message) {
        let is_response = message.head.starts_with("HTTP/");
        if message.field("transfer-encoding").is_some() {
            self.read_chunks(message);
        } else if let Some(len) = message.field("content-length") {
            message.body = self.read_exact(len.parse().unwrap());
        } else if is_response && !matches!(message.status(), 100..200 | 204 | 304) {
            message.body = self.read_to_end();
        }
    }

    fn read_chunks(&mut self, message: &mut Message) {
        loop {
            let line = String::from_utf8(self.read_until("\r\n")).unwrap();
            let len = usize::from_str_radix(line.trim_end(), 16).expect("a chunk's size");
            if len == 0 {
                break;
            }
            message.body.extend(self.read_exact(len));
            assert_eq!(self.read_exact(2), b"\r\n");
        }
        while !message.trailers.ends_with("\r\n\r\n") && message.trailers != "\r\n" {
            message.trailers += std::str::from_utf8(&self.read_until("\r\n")).unwrap();
        }
    }

    /// Sends a request and reads its response.
    pub(crate) fn ask(&mut self, request: &str) -> Message {
        self.send(request);
        self.message()
    }

    /// `GET target` over a connection that stays.
    pub(crate) fn get(&mut self, target: &str) -> Message {
        self.ask(&format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"))
    }
}
