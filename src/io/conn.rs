//! [`Conn`]: the handle of a connection, which sessions and pools hold.

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;

use io_uring::{opcode, types};
use rustix::net::Shutdown;
use rustls::ClientConfig;
use socket2::SockAddr;

use super::buffers::RecvBuf;
use super::ring::{Kind, user_data};
use super::socket::{Chunk, Flight, InputEnd, Socket, charge};
use super::task::TaskId;
use super::tls::{ClientTarget, ServerTarget, Tls, TlsFacts, TlsFault};
use super::{Io, io};

/// A connection, owned by one session or pool. Dropping it closes it at once.
#[derive(Debug)]
pub struct Conn {
    key: u32,
    /// Belongs to the thread of its shard.
    _here: PhantomData<*const ()>,
}

impl Conn {
    /// Takes over a connected socket and starts to receive.
    pub fn adopt(fd: OwnedFd, task: TaskId) -> Self {
        let io = io();
        let mut sockets = io.sockets.borrow_mut();
        let entry = sockets.vacant_entry();
        let key = entry.key() as u32;
        entry.insert(Socket::new(fd, Some(task))).receive(io, key);
        Self { key, _here: PhantomData }
    }

    /// Begins to connect a new socket; [`Conn::connected`] tells the outcome.
    #[expect(unsafe_code, reason = "the kernel is given a pointer to the address")]
    pub fn dial(fd: OwnedFd, address: Rc<SockAddr>, task: TaskId) -> Self {
        let io = io();
        let mut socket = Socket::new(fd, Some(task));
        let fd = types::Fd(socket.fd.as_raw_fd());
        let entry = opcode::Connect::new(fd, address.as_ptr().cast(), address.len()).build();
        socket.flight = Flight::Connect(address);
        socket.pending = 1;
        let key = io.sockets.borrow_mut().insert(socket) as u32;
        // SAFETY: the address is behind an `Rc` that `flight` holds until the completion.
        unsafe { io.ring.borrow_mut().push(entry.user_data(user_data(Kind::Connect, key))) };
        Self { key, _here: PhantomData }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Socket, &Io) -> T) -> T {
        let io = io();
        // The slot is there as long as the handle is.
        look(&mut io.sockets.borrow_mut()[self.key as usize], io)
    }

    /// The slot's number, unique among the connections of a shard that exist.
    pub fn key(&self) -> u32 {
        self.key
    }

    /// Hands the connection to another task, or (`None`) to nobody: it idles, and what happens to
    /// it is told by [`Io::take_stirred`].
    pub fn give_to(&self, task: Option<TaskId>) {
        self.with(|socket, _| {
            socket.task = task;
            socket.notify_sent = false;
        });
    }

    /// `None` while connecting.
    pub fn connected(&self) -> Option<Result<(), i32>> {
        self.with(|socket, _| match socket.flight {
            Flight::Connect(_) => None,
            _ if socket.send_error != 0 => Some(Err(socket.send_error)),
            _ => Some(Ok(())),
        })
    }

    /// The next bytes that came, without waiting.
    pub fn take(&self) -> Option<RecvBuf> {
        self.with(|socket, io| {
            let buffer = socket.received.pop_front()?;
            socket.received_len -= charge(&buffer);
            if !socket.receiving && (socket.received_len as usize) < io.window() / 2 {
                socket.receive(io, self.key);
            }
            Some(buffer)
        })
    }

    /// Copies what came and was not taken, until `out` has `len_max` bytes.
    pub fn peek(&self, out: &mut Vec<u8>, len_max: usize) {
        self.with(|socket, _| {
            for buffer in &socket.received {
                let room = len_max.saturating_sub(out.len());
                let bytes = buffer.bytes();
                out.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            }
        });
    }

    /// Whether no more is received until some of what came is taken.
    pub fn is_full(&self) -> bool {
        self.with(|socket, io| socket.received_len as usize > io.window())
    }

    /// Puts back what was taken and not used; it comes first next time.
    pub fn put_back(&self, buffer: RecvBuf) {
        self.with(|socket, _| {
            socket.received_len += charge(&buffer);
            socket.received.push_front(buffer);
        });
    }

    /// Begins TLS as the side that a client talks to; what came so far is the beginning of its
    /// hello. [`Conn::shake_hands`] tells the outcome.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn accept_tls(&self, target: ClientTarget) -> Result<(), TlsFault> {
        let tls = Tls::with_client(target)?;
        self.with(|socket, io| socket.begin_tls(io, self.key, tls));
        Ok(())
    }

    /// Begins TLS with a server, as soon as the connection stands. What is queued so far goes before
    /// it in the clear, what is queued from now on behind the handshake, whose outcome
    /// [`Conn::shake_hands`] tells.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn dial_tls(&self, target: ServerTarget) -> Result<(), TlsFault> {
        let tls = Tls::with_server(target)?;
        self.with(|socket, io| socket.begin_tls(io, self.key, tls));
        Ok(())
    }

    /// Goes on with the handshake as far as what came allows; `None`: it waits for more.
    pub fn shake_hands(&self) -> Option<Result<Rc<TlsFacts>, TlsFault>> {
        self.with(|socket, io| socket.shake(io, self.key))
    }

    /// What was agreed on; `None` without TLS.
    pub fn tls_facts(&self) -> Option<Rc<TlsFacts>> {
        self.with(|socket, _| socket.tls.as_ref()?.facts())
    }

    /// Whether the connection is as a new one would be: made with this configuration of TLS, or with
    /// none, and for this name where that differs from connection to connection.
    pub fn was_asked(&self, config: Option<&Arc<ClientConfig>>, name: Option<&str>) -> bool {
        self.with(|socket, _| match (&socket.tls, config) {
            (Some(tls), Some(config)) => tls.was_asked(config, name),
            (tls, config) => tls.is_none() && config.is_none(),
        })
    }

    /// As [`Conn::put_back`], for bytes that were gathered.
    pub fn put_back_bytes(&self, bytes: Vec<u8>) {
        let len = bytes.len();
        self.put_back(RecvBuf::of(bytes, 0..len));
    }

    /// Whether there are bytes to take.
    pub fn has_input(&self) -> bool {
        self.with(|socket, _| !socket.received.is_empty())
    }

    /// Why nothing more will come, once all that came was taken.
    pub fn input_end(&self) -> Option<InputEnd> {
        self.with(|socket, _| socket.end.filter(|_| socket.received.is_empty()))
    }

    /// Why nothing more will come, even while there is something to take.
    pub fn closing(&self) -> Option<InputEnd> {
        self.with(|socket, _| socket.end)
    }

    /// Whether the connection may carry another request: nothing came unasked, nothing ended.
    pub fn is_fresh(&self) -> bool {
        self.with(|socket, _| {
            let is_at_rest = socket.tls.as_ref().is_none_or(|tls| tls.is_at_rest());
            is_at_rest
                && socket.end.is_none()
                && socket.send_error == 0
                && socket.received.is_empty()
        })
    }

    /// Asks the kernel whether something came since, or the end: for a request that cannot be sent
    /// twice.
    pub fn is_quiet_now(&self) -> bool {
        self.with(|socket, _| {
            let flags = rustix::net::RecvFlags::PEEK | rustix::net::RecvFlags::DONTWAIT;
            let peeked = rustix::net::recv(&socket.fd, &mut [0_u8; 1][..], flags);
            matches!(peeked, Err(rustix::io::Errno::AGAIN))
        })
    }

    /// Queues bytes; [`Conn::flush`] starts to send them.
    pub fn queue(&self, chunk: Chunk) {
        self.with(|socket, io| {
            let len = chunk.bytes().len();
            if len == 0 || socket.send_error != 0 {
                chunk.recycle(io);
                return;
            }
            socket.unsent += len;
            socket.queued_total += len as u64;
            socket.queue.push_back(chunk);
        });
    }

    pub fn flush(&self) {
        self.with(|socket, io| socket.send(io, self.key));
    }

    /// As [`Conn::flush`], when [`Conn::finish`] or the close follows as soon as all is sent: the
    /// FIN then goes with the last bytes instead of in a packet of its own.
    pub fn flush_last(&self) {
        self.with(|socket, io| {
            socket.last = true;
            socket.send(io, self.key);
        });
    }

    /// Stops to receive for good, so that the close finds nothing in flight.
    pub fn stop_input(&self) {
        self.with(|socket, io| {
            socket.deaf = true;
            socket.stop_receiving(io, self.key);
        });
    }

    /// Bytes queued and not yet with the kernel.
    pub fn unsent(&self) -> usize {
        self.with(|socket, _| socket.unsent)
    }

    /// The system's error number of a failed send.
    pub fn send_error(&self) -> Option<i32> {
        self.with(|socket, _| Some(socket.send_error).filter(|error| *error != 0))
    }

    /// Whether the task is woken each time a send completes.
    pub fn notify_sent(&self, on: bool) {
        self.with(|socket, _| socket.notify_sent = on);
    }

    /// Tells the other side that nothing more comes. All queued bytes must be sent.
    pub fn finish(&self) {
        self.with(|socket, _| {
            socket.say_end();
            let _ = rustix::net::shutdown(&socket.fd, Shutdown::Write);
        });
    }

    /// Bytes that the other side acknowledged so far: a slow reader that still reads shows here.
    pub fn taken(&self) -> u64 {
        self.with(|socket, _| {
            let in_kernel = super::sys::unsent_in_kernel(socket.fd.as_fd());
            socket.queued_total.saturating_sub((socket.unsent + in_kernel) as u64)
        })
    }

    /// The other side's address, when it has one.
    pub fn peer_address(&self) -> Option<SocketAddr> {
        self.with(|socket, _| {
            SocketAddr::try_from(rustix::net::getpeername(&socket.fd).ok()??).ok()
        })
    }

    /// Our own address, when there is one: of a client's connection, where the client connected to.
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.with(|socket, _| SocketAddr::try_from(rustix::net::getsockname(&socket.fd).ok()?).ok())
    }

    /// The addresses of both ends, our own first.
    pub fn ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.local_address().zip(self.peer_address())
    }

    /// Leaves the end unsaid in TLS, where to say it means that nothing is missing. Without TLS the
    /// close is as before.
    pub fn hide_end(&self) {
        self.with(|socket, _| {
            if let Some(tls) = &mut socket.tls {
                tls.hide_end();
            }
        });
    }

    /// The connection is given up without a word, so that the other side learns nothing of it: with
    /// `TCP_REPAIR`, or where that is not permitted with a reset that does not get further than the next
    /// hop.
    pub fn vanish(&self) {
        self.with(|socket, _| {
            if !super::sys::forget_on_close(socket.fd.as_fd()) {
                let _ = socket2::SockRef::from(&socket.fd).set_ttl_v4(1);
                let _ = socket2::SockRef::from(&socket.fd).set_unicast_hops_v6(1);
            }
        });
        self.reset_on_close();
    }

    /// The firewall mark of its packets (`SO_MARK`); without the permission nothing happens.
    pub fn set_mark(&self, mark: u32) {
        self.with(|socket, _| {
            let _ = socket2::SockRef::from(&socket.fd).set_mark(mark);
        });
    }

    /// The type of service of its packets (`IP_TOS`, `IPV6_TCLASS`).
    pub fn set_tos(&self, tos: u8) {
        self.with(|socket, _| {
            let socket = socket2::SockRef::from(&socket.fd);
            let _ = socket.set_tos_v4(u32::from(tos));
            let _ = socket.set_tclass_v6(u32::from(tos));
        });
    }

    /// Makes the close a reset: the other side learns at once that something is missing.
    pub fn reset_on_close(&self) {
        self.with(|socket, _| {
            socket.reset = true;
            let now = Some(std::time::Duration::ZERO);
            let _ = rustix::net::sockopt::set_socket_linger(&socket.fd, now);
        });
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        let io = io();
        let mut sockets = io.sockets.borrow_mut();
        let socket = &mut sockets[self.key as usize];
        if !socket.reset {
            socket.say_end();
        }
        socket.received.clear();
        socket.queue.drain(..).for_each(|chunk| chunk.recycle(io));
        if socket.pending == 0 {
            sockets.remove(self.key as usize);
            return;
        }
        socket.abandoned = true;
        // An operation in flight holds the file, and the FIN or reset would wait for it.
        if socket.reset {
            socket.stop_receiving(io, self.key);
            socket.cancel_flight(io, self.key);
        } else {
            // Only the writing half: shutting down the other would swallow unread bytes, and a peer
            // that still sends would never be told by a reset that nobody reads.
            // (IORING_OP_SHUTDOWN goes to a worker thread, the plain call is cheaper.)
            let _ = rustix::net::shutdown(&socket.fd, Shutdown::Write);
            socket.stop_receiving(io, self.key);
            if matches!(socket.flight, Flight::Connect(_)) {
                socket.cancel_flight(io, self.key);
            }
        }
    }
}
