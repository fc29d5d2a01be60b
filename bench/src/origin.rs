//! `bench origin`: the server behind every proxy that is measured. One thread, epoll, HTTP/1.1 with
//! keep-alive, plain or over TLS. `/` answers 128 bytes, `/size/N` answers N bytes, a request body of either framing
//! is read and thrown away before the answer. It does as little as it can for each request, since
//! it shares its core with the load.

use crate::Result;
use crate::http::{self, Body};
use crate::tls;
use crate::wire::Wire;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustls::{ServerConfig, ServerConnection};
use std::io::{self, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SCRATCH_LEN: usize = 256 * 1024;
/// Bodies up to this length are copied behind their head; longer ones are written from `filler`.
const INLINE_LEN_MAX: u64 = 4096;
const LISTENER: u64 = u64::MAX;

/// `bench origin`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Address to listen on; port 0 takes a free one, which is printed
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Stop after this many seconds
    #[arg(long, default_value_t = 3600)]
    seconds: u64,
    /// Speak TLS, with the certificate and key in this file
    #[arg(long, value_name = "PEM")]
    tls: Option<PathBuf>,
    /// Run on this core only
    #[arg(long, value_name = "N")]
    core: Option<usize>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if let Some(core) = args.core {
        crate::machine::pin_self(core)?;
    }
    crate::machine::raise_descriptor_limit()?;
    let tls = args.tls.as_deref().map(tls::server_config).transpose()?;
    let listener = TcpListener::bind(args.listen)
        .map_err(|error| format!("cannot listen on {}: {error}", args.listen))?;
    println!("listening {}", listener.local_addr()?);
    Origin::new(listener, tls.map(Arc::new))?.serve(Duration::from_secs(args.seconds))
}

pub(crate) struct Origin {
    epoll: OwnedFd,
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    /// By file descriptor: small, dense numbers.
    conns: Vec<Option<Conn>>,
    scratch: Vec<u8>,
    filler: Vec<u8>,
}

struct Conn {
    wire: Wire,
    /// Bytes that were read and cannot be used yet: a part of a head, or what was pipelined behind
    /// a response that is still being written.
    pending: Vec<u8>,
    /// The body of the request that is being read.
    body: Body,
    /// True from the end of a request's head until the response is queued.
    in_request: bool,
    body_len: u64,
    closes: bool,
    out: Vec<u8>,
    out_sent: usize,
    /// Bytes of body that follow `out`.
    fill: u64,
    waits_for_room: bool,
}

enum After {
    Keep,
    Close,
}

impl Origin {
    pub(crate) fn new(listener: TcpListener, tls: Option<Arc<ServerConfig>>) -> Result<Self> {
        listener.set_nonblocking(true)?;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        Ok(Self {
            epoll,
            listener,
            tls,
            conns: Vec::new(),
            scratch: vec![0; SCRATCH_LEN],
            filler: vec![b'x'; SCRATCH_LEN],
        })
    }

    pub(crate) fn serve(&mut self, time: Duration) -> Result<()> {
        let deadline = Instant::now() + time;
        let mut events = Vec::with_capacity(512);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            let timeout = left.try_into()?;
            match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&timeout)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in events.drain(..) {
                match event.data.u64() {
                    LISTENER => self.accept(),
                    index => self.turn(usize::try_from(index)?),
                }
            }
        }
    }

    /// Accepts what waits. Errors (a client that left, no descriptors) are left for the next event.
    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            if self.register(stream).is_err() {
                return;
            }
        }
    }

    fn register(&mut self, stream: TcpStream) -> Result<()> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let index = usize::try_from(stream.as_raw_fd())?;
        epoll::add(&self.epoll, &stream, EventData::new_u64(index as u64), EventFlags::IN)?;
        if self.conns.len() <= index {
            self.conns.resize_with(index + 1, || None);
        }
        let wire = match &self.tls {
            None => Wire::Plain(stream),
            Some(config) => Wire::tls(stream, ServerConnection::new(Arc::clone(config))?),
        };
        self.conns[index] = Some(Conn::new(wire));
        Ok(())
    }

    fn turn(&mut self, index: usize) {
        let Some(conn) = self.conns.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        let waited = conn.waits_for_room;
        let outcome = conn.turn(&mut self.scratch, &self.filler);
        if !matches!(outcome, Ok(After::Keep)) {
            // Dropping the stream closes it, which takes it out of the epoll set.
            self.conns[index] = None;
            return;
        }
        if conn.waits_for_room != waited {
            let wanted = if conn.waits_for_room { EventFlags::OUT } else { EventFlags::IN };
            let data = EventData::new_u64(index as u64);
            if epoll::modify(&self.epoll, conn.wire.stream(), data, wanted).is_err() {
                self.conns[index] = None;
            }
        }
    }
}

impl Conn {
    fn new(wire: Wire) -> Self {
        Self {
            wire,
            pending: Vec::new(),
            body: Body::Done,
            in_request: false,
            body_len: 128,
            closes: false,
            out: Vec::with_capacity(512),
            out_sent: 0,
            fill: 0,
            waits_for_room: false,
        }
    }

    fn turn(&mut self, scratch: &mut [u8], filler: &[u8]) -> io::Result<After> {
        loop {
            let after = self.step(scratch, filler)?;
            let is_over = matches!(after, After::Close);
            if is_over || self.waits_for_room || !self.wire.holds_bytes() {
                return Ok(after);
            }
        }
    }

    fn step(&mut self, scratch: &mut [u8], filler: &[u8]) -> io::Result<After> {
        if self.waits_for_room {
            return self.write_and_go_on(filler);
        }
        let count = match self.wire.read(scratch) {
            Ok(0) => return Ok(After::Close),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(After::Keep),
            Err(error) => return Err(error),
        };
        if self.pending.is_empty() {
            let used = self.take(&scratch[..count]);
            self.pending.extend_from_slice(&scratch[used..count]);
        } else {
            self.pending.extend_from_slice(&scratch[..count]);
            self.take_pending();
        }
        self.write_and_go_on(filler)
    }

    /// Writes, and while everything fits goes on with requests that were pipelined.
    fn write_and_go_on(&mut self, filler: &[u8]) -> io::Result<After> {
        loop {
            self.waits_for_room = !self.write(filler)?;
            if self.waits_for_room {
                return Ok(After::Keep);
            }
            if self.closes && !self.in_request {
                self.wire.end();
                return Ok(After::Close);
            }
            self.take_pending();
            if self.out.is_empty() {
                return Ok(After::Keep);
            }
        }
    }

    fn take_pending(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let used = self.take(&pending);
        self.pending.extend_from_slice(&pending[used..]);
    }

    /// Takes requests from the front of `bytes` until a part of one or a long response is in the
    /// way; returns how many bytes it used.
    fn take(&mut self, bytes: &[u8]) -> usize {
        let mut used = 0;
        while self.fill == 0 && (self.in_request || !self.closes) {
            let rest = &bytes[used..];
            if !self.in_request {
                let Some(head) = http::parse_head(rest) else {
                    break;
                };
                used += head.len;
                self.in_request = true;
                self.body = Body::new(head.framing);
                self.closes = head.closes;
                self.body_len = response_len(http::target(head.first_line));
            }
            used += self.body.take(&bytes[used..]);
            if !self.body.is_done() {
                break;
            }
            self.in_request = false;
            self.answer();
        }
        used
    }

    fn answer(&mut self) {
        let connection = if self.closes { "Connection: close\r\n" } else { "" };
        let length = self.body_len;
        // Writing to a Vec cannot fail.
        let _ = write!(
            self.out,
            "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\n\
             {connection}Content-Length: {length}\r\n\r\n"
        );
        if length <= INLINE_LEN_MAX {
            let end = self.out.len() + usize::try_from(length).unwrap_or(0);
            self.out.resize(end, b'x');
        } else {
            self.fill = length;
        }
    }

    /// Writes what is queued; false when the socket is full.
    fn write(&mut self, filler: &[u8]) -> io::Result<bool> {
        while self.out_sent < self.out.len() || self.fill > 0 {
            let fill_now = usize::try_from(self.fill).unwrap_or(usize::MAX).min(filler.len());
            let head = &self.out[self.out_sent..];
            let written = if self.fill == 0 {
                self.wire.write(head)
            } else {
                self.wire.write_vectored(&[IoSlice::new(head), IoSlice::new(&filler[..fill_now])])
            };
            match written {
                Ok(count) => {
                    let of_head = count.min(head.len());
                    self.out_sent += of_head;
                    self.fill -= (count - of_head) as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        // What TLS still holds.
        match self.wire.flush() {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
        self.out.clear();
        self.out_sent = 0;
        Ok(true)
    }
}

/// How long the body for a request target is.
fn response_len(target: &[u8]) -> u64 {
    let digits = target.strip_prefix(b"/size/").and_then(|digits| std::str::from_utf8(digits).ok());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(128)
}

#[cfg(test)]
mod tests {
    use super::{Origin, response_len};
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    #[test]
    fn targets_say_how_much() {
        assert_eq!(response_len(b"/"), 128);
        assert_eq!(response_len(b"/size/1048576"), 1_048_576);
        assert_eq!(response_len(b"/size/x"), 128);
    }

    /// Sends `request`, reads to the end, returns everything.
    fn exchange(request: &[u8]) -> Vec<u8> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let origin = std::thread::spawn(move || {
            Origin::new(listener, None).unwrap().serve(Duration::from_millis(500)).unwrap();
        });
        let mut client = TcpStream::connect(address).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        client.write_all(request).unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        origin.join().unwrap();
        answer
    }

    #[test]
    fn pipelined_requests_of_every_kind_are_answered_in_order() {
        let request = b"GET /size/3000000 HTTP/1.1\r\nHost: a\r\n\r\n\
            POST /size/1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc\
            PUT /size/2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
            GET /size/3 HTTP/1.1\r\nConnection: close\r\n\r\n";
        let answer = exchange(request);
        let text = String::from_utf8(answer).unwrap();
        let lengths: Vec<_> = text
            .split("Content-Length: ")
            .skip(1)
            .map(|part| part.split_once("\r\n\r\n").unwrap())
            .map(|(length, rest)| (length, rest.split("HTTP/1.1").next().unwrap()))
            .map(|(length, body)| (length.parse::<usize>().unwrap(), body.len()))
            .collect();
        assert_eq!(lengths, [(3_000_000, 3_000_000), (1, 1), (2, 2), (3, 3)]);
    }
}
