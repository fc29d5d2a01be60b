//! Sockets of a shard: the slots that own what the kernel works on, and what its completions do.
//!
//! A slot lives until the last operation on it completed, so that memory which the kernel reads is
//! never freed under it. Receiving is one multishot operation; sending is one operation at a time,
//! which takes all that is queued (a second one in flight could overtake the first).

use std::collections::VecDeque;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;

use io_uring::{opcode, squeue, types};
use socket2::SockAddr;

use super::Io;
use super::buffers::{GROUP, RecvBuf};
use super::ring::{Completion, Kind, user_data};
use super::task::{TaskId, fire};
use super::tls::Tls;

/// Bytes that a connection may hold in one direction before nothing more is taken in
/// (backpressure): while buffers are plenty, and while they are scarce.
const WINDOW: usize = 256 * 1024;
const WINDOW_SCARCE: usize = 32 * 1024;
/// What each received piece counts for at least, so that their number is bounded too.
const CHARGE_MIN: u32 = 2048;
/// Pieces shorter than this are moved out of their buffer when so many wait already.
const SMALL: usize = 4096;
const SMALL_COUNT: usize = 4;
/// Pieces of one send.
const GATHER_MAX: usize = 64;
/// Send buffers kept for reuse, and the largest that is kept.
const SPARE_BUFFERS: usize = 256;
const SPARE_BUFFER_LEN: usize = 64 * 1024;
const SPARE_GATHERS: usize = 64;

/// Something to send.
#[derive(Debug)]
pub enum Chunk {
    /// Bytes of our own; the buffer is reused afterwards.
    Owned(Vec<u8>),
    /// Bytes on their way through, sent from the buffer in which they came.
    Received(RecvBuf),
    Static(&'static [u8]),
}

impl Chunk {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Received(buffer) => buffer.bytes(),
            Self::Static(bytes) => bytes,
        }
    }

    pub(super) fn recycle(self, io: &Io) {
        if let Self::Owned(buffer) = self {
            io.give_buffer(buffer);
        }
    }
}

/// What the kernel works on for the sending half; owned here until its completion.
#[derive(Default)]
pub(super) enum Flight {
    #[default]
    None,
    Connect(#[expect(dead_code, reason = "kept alive for the kernel")] Rc<SockAddr>),
    Many(Box<Gather>),
    One(Chunk),
}

/// Several pieces in one sendmsg.
pub(super) struct Gather {
    chunks: Vec<Chunk>,
    pieces: Vec<libc::iovec>,
    message: libc::msghdr,
}

impl Gather {
    #[expect(unsafe_code, reason = "msghdr has no constructor")]
    fn new() -> Box<Self> {
        // SAFETY: msghdr is plain data for which all zeros is the empty message.
        let message = unsafe { std::mem::zeroed() };
        Box::new(Self { chunks: Vec::new(), pieces: Vec::new(), message })
    }

    /// Takes chunks from `queue` and points the message at them. Returns their length.
    fn fill(&mut self, queue: &mut VecDeque<Chunk>) -> usize {
        let count = queue.len().min(GATHER_MAX);
        self.chunks.extend(queue.drain(..count));
        self.pieces.extend(self.chunks.iter().map(|chunk| {
            let bytes = chunk.bytes();
            libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() }
        }));
        self.message.msg_iov = self.pieces.as_mut_ptr();
        self.message.msg_iovlen = self.pieces.len() as _;
        self.pieces.iter().map(|piece| piece.iov_len).sum()
    }
}

/// What a waiting buffer counts for against the window.
pub(super) fn charge(buffer: &RecvBuf) -> u32 {
    (buffer.len() as u32).max(CHARGE_MIN)
}

/// Why nothing more comes from the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputEnd {
    /// The other side finished sending.
    Closed,
    /// The connection ended, but the other side did not say in TLS that it does: something may be
    /// missing.
    Truncated,
    /// The connection broke, with the system's error number.
    Failed(i32),
}

pub(super) struct Socket {
    pub(super) fd: OwnedFd,
    /// Who is woken; `None` while the connection idles in a pool.
    pub(super) task: Option<TaskId>,
    /// Operations whose completion is still to come.
    pub(super) pending: u8,
    pub(super) receiving: bool,
    pub(super) cancelling: bool,
    /// No buffer was left; waits for some to come back.
    pub(super) starved: bool,
    /// The handle is gone: the slot goes with the last completion.
    pub(super) abandoned: bool,
    /// Wake the task when a send completes.
    pub(super) notify_sent: bool,
    /// The end follows what is queued now: it goes in the same packet.
    pub(super) last: bool,
    /// Nothing that still comes matters.
    pub(super) deaf: bool,
    /// The close is to be a reset.
    pub(super) reset: bool,
    pub(super) end: Option<InputEnd>,
    /// The error of a send or connect.
    pub(super) send_error: i32,
    pub(super) received: VecDeque<RecvBuf>,
    pub(super) received_len: u32,
    pub(super) queue: VecDeque<Chunk>,
    pub(super) flight: Flight,
    /// Bytes queued and in flight.
    pub(super) unsent: usize,
    /// Bytes ever queued.
    pub(super) queued_total: u64,
    /// In a box, since many have none.
    pub(super) tls: Option<Box<Tls>>,
}

impl Socket {
    pub(super) fn new(fd: OwnedFd, task: Option<TaskId>) -> Self {
        Self {
            fd,
            task,
            pending: 0,
            receiving: false,
            cancelling: false,
            starved: false,
            abandoned: false,
            notify_sent: false,
            last: false,
            deaf: false,
            reset: false,
            end: None,
            send_error: 0,
            received: VecDeque::new(),
            received_len: 0,
            queue: VecDeque::new(),
            flight: Flight::None,
            unsent: 0,
            queued_total: 0,
            tls: None,
        }
    }

    pub(super) fn receive(&mut self, io: &Io, key: u32) {
        if self.receiving || self.starved || self.deaf || self.abandoned || self.end.is_some() {
            return;
        }
        let fd = types::Fd(self.fd.as_raw_fd());
        let entry = if io.scarce.get() {
            // One buffer at a time: many would come before they can be stopped.
            let any = opcode::Recv::new(fd, std::ptr::null_mut(), 0).buf_group(GROUP).build();
            any.flags(squeue::Flags::BUFFER_SELECT)
        } else {
            opcode::RecvMulti::new(fd, GROUP).build()
        };
        io.ring.borrow_mut().push_plain(entry.user_data(user_data(Kind::Recv, key)));
        self.receiving = true;
        self.pending += 1;
    }

    pub(super) fn stop_receiving(&mut self, io: &Io, key: u32) {
        if self.receiving && !self.cancelling {
            let entry = opcode::AsyncCancel::new(user_data(Kind::Recv, key)).build();
            io.ring.borrow_mut().push_plain(entry.user_data(user_data(Kind::Cancel, key)));
            self.cancelling = true;
            self.pending += 1;
        }
    }

    pub(super) fn cancel_flight(&mut self, io: &Io, key: u32) {
        let kind = match self.flight {
            Flight::None => return,
            Flight::Connect(_) => Kind::Connect,
            Flight::Many(_) | Flight::One(_) => Kind::Send,
        };
        let entry = opcode::AsyncCancel::new(user_data(kind, key)).build();
        io.ring.borrow_mut().push_plain(entry.user_data(user_data(Kind::Cancel, key)));
        self.pending += 1;
    }

    /// Starts a send of what is queued unless one is in flight.
    #[expect(unsafe_code, reason = "the kernel is given pointers to the chunks")]
    pub(super) fn send(&mut self, io: &Io, key: u32) {
        if !matches!(self.flight, Flight::None) || self.send_error != 0 {
            return;
        }
        let fd = types::Fd(self.fd.as_raw_fd());
        let mut flags = libc::MSG_NOSIGNAL | libc::MSG_WAITALL;
        let single = match &self.tls {
            None if self.queue.is_empty() => return,
            None => {
                let is_last = self.last && self.queue.len() <= GATHER_MAX;
                let single = if self.queue.len() == 1 { self.queue.pop_front() } else { None };
                flags |= if is_last { libc::MSG_MORE } else { 0 };
                single
            }
            Some(_) => {
                let Some((sealed, is_last)) = self.seal_next(io) else { return };
                flags |= if is_last { libc::MSG_MORE } else { 0 };
                Some(sealed)
            }
        };
        let entry = if let Some(chunk) = single {
            let bytes = chunk.bytes();
            let entry = opcode::Send::new(fd, bytes.as_ptr(), bytes.len() as u32).flags(flags);
            self.flight = Flight::One(chunk);
            entry.build()
        } else {
            let mut gather = io.spare_gathers.borrow_mut().pop().unwrap_or_else(Gather::new);
            gather.fill(&mut self.queue);
            let entry = opcode::SendMsg::new(fd, &raw const gather.message).flags(flags as u32);
            self.flight = Flight::Many(gather);
            entry.build()
        };
        // SAFETY: the chunks' bytes are on the heap, in the buffer region or static, the message in
        // a box; `flight` keeps them all until the completion.
        unsafe { io.ring.borrow_mut().push(entry.user_data(user_data(Kind::Send, key))) };
        self.pending += 1;
    }

    /// Frees what was in flight. Returns how many bytes it was.
    fn land(&mut self, io: &Io) -> usize {
        match std::mem::take(&mut self.flight) {
            Flight::None | Flight::Connect(_) => 0,
            Flight::One(chunk) => {
                let len = chunk.bytes().len();
                chunk.recycle(io);
                len
            }
            Flight::Many(mut gather) => {
                let len = gather.pieces.iter().map(|piece| piece.iov_len).sum();
                gather.pieces.clear();
                gather.chunks.drain(..).for_each(|chunk| chunk.recycle(io));
                let mut spare = io.spare_gathers.borrow_mut();
                if spare.len() < SPARE_GATHERS {
                    spare.push(gather);
                }
                len
            }
        }
    }

    pub(super) fn fail_sending(&mut self, error: i32, io: &Io) {
        self.send_error = error;
        self.queue.drain(..).for_each(|chunk| chunk.recycle(io));
        self.unsent = 0;
    }

    /// Accounts for a buffer that is about to wait. Small ones are not left to pin large buffers:
    /// a peer that sends byte by byte would take them from all others.
    pub(super) fn store(&mut self, buffer: RecvBuf) -> RecvBuf {
        self.received_len += charge(&buffer);
        let small = buffer.len() < SMALL && self.received.len() >= SMALL_COUNT;
        if small { buffer.moved_out() } else { buffer }
    }

    fn wake(&self, io: &Io, key: u32) {
        match self.task {
            Some(task) => fire(task),
            None => io.stir_idle(key),
        }
    }
}

/// A completion of an operation on a socket.
pub(super) fn complete(io: &Io, completion: Completion) {
    let mut sockets = io.sockets.borrow_mut();
    let Some(socket) = sockets.get_mut(completion.key as usize) else {
        debug_assert!(false, "completion without a socket: {completion:?}");
        return;
    };
    let last = match completion.kind {
        Kind::Recv => on_recv(socket, io, completion),
        Kind::Send => on_send(socket, io, completion),
        Kind::Connect => on_connect(socket, io, completion),
        _ => true,
    };
    socket.pending -= u8::from(last);
    if socket.abandoned && socket.pending == 0 {
        sockets.remove(completion.key as usize);
    }
}

/// Returns whether the operation ended.
fn on_recv(socket: &mut Socket, io: &Io, completion: Completion) -> bool {
    let ended = !completion.more();
    if ended {
        socket.receiving = false;
        socket.cancelling = false;
    }
    let buffer = completion.buffer().map(|id| {
        let len = usize::try_from(completion.result).unwrap_or(0);
        let buffer = io.buffers.borrow_mut().received(id, len);
        if io.scarce.get() { buffer.moved_out() } else { buffer }
    });
    if socket.abandoned {
        return ended;
    }
    match completion.result {
        1.. => {
            let is_open = socket.tls.as_ref().is_some_and(|tls| tls.is_open());
            let is_news = match buffer {
                Some(buffer) if is_open => socket.unseal(io, completion.key, buffer),
                buffer => {
                    let buffer = buffer.map(|buffer| socket.store(buffer));
                    socket.received.extend(buffer);
                    true
                }
            };
            if socket.received_len as usize > io.window() {
                socket.stop_receiving(io, completion.key);
            } else if ended {
                socket.receive(io, completion.key);
            }
            // Half a record is nothing that anybody waits for.
            if !is_news {
                return ended;
            }
        }
        0 if socket.end.is_some() => return ended,
        0 => socket.end = Some(socket.tls.as_ref().map_or(InputEnd::Closed, |tls| tls.end())),
        error if error == -libc::ENOBUFS => {
            socket.starved = true;
            io.starved.borrow_mut().push(completion.key);
            return ended;
        }
        // Stopped for backpressure; `take` starts again.
        error if error == -libc::ECANCELED => {
            if (socket.received_len as usize) < io.window() / 2 {
                socket.receive(io, completion.key);
            }
            return ended;
        }
        // What is told once is not told anew.
        _ if socket.end.is_some() => return ended,
        error => socket.end = Some(InputEnd::Failed(-error)),
    }
    socket.wake(io, completion.key);
    ended
}

fn on_send(socket: &mut Socket, io: &Io, completion: Completion) -> bool {
    let sent = socket.land(io);
    let data = socket.tls.as_mut().map_or(sent, |tls| std::mem::take(&mut tls.in_flight));
    socket.unsent = socket.unsent.saturating_sub(data);
    if socket.abandoned {
        return true;
    }
    match usize::try_from(completion.result) {
        Ok(result) if result >= sent => socket.send(io, completion.key),
        // MSG_WAITALL comes back short only when the connection broke underway.
        Ok(_) => socket.fail_sending(libc::ECONNRESET, io),
        Err(_) => socket.fail_sending(-completion.result, io),
    }
    if socket.notify_sent || socket.send_error != 0 {
        socket.wake(io, completion.key);
    }
    true
}

fn on_connect(socket: &mut Socket, io: &Io, completion: Completion) -> bool {
    socket.land(io);
    if socket.abandoned {
        return true;
    }
    if completion.result < 0 {
        socket.send_error = -completion.result;
    } else {
        socket.receive(io, completion.key);
        socket.send(io, completion.key);
    }
    socket.wake(io, completion.key);
    true
}

impl Io {
    /// Lets sockets that found no buffer receive again, as far as there are buffers.
    pub(super) fn feed_starved(&self) {
        let mut starved = self.starved.borrow_mut();
        if starved.is_empty() {
            return;
        }
        let count = starved.len().min(self.buffers.borrow().available());
        let mut sockets = self.sockets.borrow_mut();
        for key in starved.drain(..count) {
            // The slot may have become another connection's meanwhile.
            if let Some(socket) = sockets.get_mut(key as usize)
                && socket.starved
            {
                socket.starved = false;
                socket.receive(self, key);
            }
        }
    }

    /// Sees whether receive buffers are scarce; once a turn of the driver.
    pub(super) fn look_at_buffers(&self) {
        let mut buffers = self.buffers.borrow_mut();
        buffers.publish();
        self.scarce.set(buffers.is_scarce());
    }

    /// Bytes that a connection may hold in one direction before nothing more is taken in.
    pub fn window(&self) -> usize {
        if self.scarce.get() { WINDOW_SCARCE } else { WINDOW }
    }

    /// An empty buffer to build bytes in.
    pub fn take_buffer(&self) -> Vec<u8> {
        self.spare_buffers.borrow_mut().pop().unwrap_or_default()
    }

    /// Keeps a buffer for reuse.
    pub fn give_buffer(&self, mut buffer: Vec<u8>) {
        let mut spare = self.spare_buffers.borrow_mut();
        if spare.len() < SPARE_BUFFERS && (1..=SPARE_BUFFER_LEN).contains(&buffer.capacity()) {
            buffer.clear();
            spare.push(buffer);
        }
    }

    fn stir_idle(&self, key: u32) {
        self.stirred.borrow_mut().push(key);
        if let Some(keeper) = self.idle_keeper.get() {
            fire(keeper);
        }
    }
}
