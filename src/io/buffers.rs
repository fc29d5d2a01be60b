//! Receive buffers: one region a shard, lent to the kernel through a provided-buffer ring.
//!
//! ```text
//!   spare (last in, first out) -> in the ring (kernel's) -> RecvBuf (ours) -> spare
//! ```
//! When more than half of them are held, what arrives is moved to memory of its own at once, so that
//! connections which wait for a slow peer cannot take the buffers from all others.
//!
//! Only a small window of buffers is in the ring, so that the ones in use stay in the cache; the ring
//! itself is a queue and would walk through all of the region.

use std::io;
use std::marker::PhantomData;
use std::mem;
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::IoUring;
use io_uring::types::BufRingEntry;
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// The group id that receive operations name.
pub(super) const GROUP: u16 = 0;
/// Buffers that the kernel may hold at once: what one turn of the driver can receive.
const WINDOW: usize = 256;

pub(super) struct Buffers {
    entries: Region,
    memory: Region,
    buffer_len: usize,
    /// Ring entries, a power of two.
    ring_len: u16,
    tail: u16,
    /// Buffers that the kernel holds.
    lent: usize,
    spare: Vec<u16>,
    total: usize,
}

impl Buffers {
    /// `count` buffers of `len` bytes, known to the ring.
    #[expect(unsafe_code, reason = "the kernel is given the region's address")]
    pub(super) fn new(uring: &IoUring, count: usize, len: usize) -> io::Result<Self> {
        // No more than a quarter, so that one turn cannot use them up unnoticed.
        let quarter = (count / 4).max(1);
        let ring_len = (1 << WINDOW.min(quarter).ilog2()) as u16;
        let entries = Region::new(usize::from(ring_len) * size_of::<BufRingEntry>())?;
        let memory = Region::new(count * len)?;
        let submitter = uring.submitter();
        // SAFETY: `entries` is page aligned, large enough, and unmapped only when the shard ends.
        unsafe {
            submitter.register_buf_ring_with_flags(entries.start as u64, ring_len, GROUP, 0)
        }?;
        let spare = (0..count as u16).rev().collect();
        let mut this = Self {
            entries,
            memory,
            buffer_len: len,
            ring_len,
            tail: 0,
            lent: 0,
            spare,
            total: count,
        };
        this.publish();
        Ok(this)
    }

    /// Lends spare buffers to the kernel until its window is full; once a turn of the driver.
    #[expect(unsafe_code, reason = "the ring's memory is shared with the kernel")]
    pub(super) fn publish(&mut self) {
        let before = self.tail;
        while self.lent < usize::from(self.ring_len) {
            let Some(id) = self.spare.pop() else { break };
            let slot = usize::from(self.tail & (self.ring_len - 1));
            // SAFETY: `slot` is within the ring, and the kernel reads it only behind the tail.
            let entry = unsafe { &mut *self.entries.start.cast::<BufRingEntry>().add(slot) };
            entry.set_addr(self.address(id) as u64);
            entry.set_len(self.buffer_len as u32);
            entry.set_bid(id);
            self.tail = self.tail.wrapping_add(1);
            self.lent += 1;
        }
        if self.tail != before {
            // SAFETY: the tail is a u16 in the ring's first entry that the kernel only reads.
            let tail =
                unsafe { &*BufRingEntry::tail(self.entries.start.cast()).cast::<AtomicU16>() };
            tail.store(self.tail, Ordering::Release);
        }
    }

    /// The kernel filled `len` bytes of buffer `id`.
    pub(super) fn received(&mut self, id: u16, len: usize) -> RecvBuf {
        self.lent -= 1;
        let end = len.min(self.buffer_len) as u32;
        RecvBuf { memory: Memory::Ring(id), start: 0, end, _here: PhantomData }
    }

    /// Whether so many buffers are held that no more should be.
    pub(super) fn is_scarce(&self) -> bool {
        self.available() < self.total / 2
    }

    /// Whether the kernel has buffers, or can be given some.
    pub(super) fn available(&self) -> usize {
        self.spare.len() + self.lent
    }

    /// Buffers that sessions hold now; zero when nothing is being forwarded.
    pub(super) fn in_use(&self) -> usize {
        self.total - self.available()
    }

    fn address(&self, id: u16) -> *mut u8 {
        self.memory.start.wrapping_add(usize::from(id) * self.buffer_len)
    }
}

/// Bytes in a buffer that the kernel filled; dropping it gives the buffer back.
#[derive(Debug)]
pub struct RecvBuf {
    memory: Memory,
    start: u32,
    end: u32,
    /// Belongs to the thread of its shard.
    _here: PhantomData<*const ()>,
}

#[derive(Debug)]
enum Memory {
    Heap(Vec<u8>),
    /// A buffer of the ring, which this value alone may touch.
    Ring(u16),
}

impl RecvBuf {
    /// A part of bytes that are in memory of their own already.
    pub(super) fn of(bytes: Vec<u8>, range: Range<usize>) -> Self {
        let end = range.end.min(bytes.len()) as u32;
        let start = (range.start as u32).min(end);
        Self { memory: Memory::Heap(bytes), start, end, _here: PhantomData }
    }

    /// The same bytes in memory of their own, the buffer given back.
    pub(super) fn moved_out(self) -> Self {
        let end = self.end - self.start;
        Self { memory: Memory::Heap(self.bytes().into()), start: 0, end, _here: PhantomData }
    }

    pub fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    #[expect(unsafe_code, reason = "the region is shared with the kernel")]
    pub fn bytes(&self) -> &[u8] {
        let id = match &self.memory {
            Memory::Heap(bytes) => return &bytes[self.start as usize..self.end as usize],
            Memory::Ring(id) => *id,
        };
        let start = super::io().buffers.borrow().address(id).wrapping_add(self.start as usize);
        // SAFETY: the range lies within buffer `id`, which only this value may touch: the kernel
        // gave it away, and gets it back on drop. The region lives as long as the shard's thread.
        unsafe { std::slice::from_raw_parts(start, self.len()) }
    }

    #[expect(unsafe_code, reason = "the region is shared with the kernel")]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        let len = self.len();
        let id = match &mut self.memory {
            Memory::Heap(bytes) => return &mut bytes[self.start as usize..self.end as usize],
            Memory::Ring(id) => *id,
        };
        let start = super::io().buffers.borrow().address(id).wrapping_add(self.start as usize);
        // SAFETY: as in `bytes`; `&mut self` makes the slice the only one.
        unsafe { std::slice::from_raw_parts_mut(start, len) }
    }

    /// Forgets the first `count` bytes.
    pub fn advance(&mut self, count: usize) {
        self.start = (self.start + count as u32).min(self.end);
    }

    /// Keeps only `range` of the bytes.
    pub fn keep(&mut self, range: Range<usize>) {
        let end = self.start + range.end as u32;
        self.end = end.min(self.end);
        self.start = (self.start + range.start as u32).min(self.end);
    }
}

impl Drop for RecvBuf {
    fn drop(&mut self) {
        match &mut self.memory {
            Memory::Ring(id) => super::io().buffers.borrow_mut().spare.push(*id),
            Memory::Heap(bytes) => super::io().give_buffer(mem::take(bytes)),
        }
    }
}

/// Anonymous memory, zero until touched.
struct Region {
    start: *mut u8,
    len: usize,
}

impl Region {
    #[expect(unsafe_code, reason = "memory straight from the kernel")]
    fn new(len: usize) -> io::Result<Self> {
        let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        // SAFETY: a new mapping at an address of the kernel's choice touches nothing that exists.
        let start = unsafe { mmap_anonymous(std::ptr::null_mut(), len, access, flags) }?;
        Ok(Self { start: start.cast(), len })
    }
}

impl Drop for Region {
    #[expect(unsafe_code, reason = "memory straight from the kernel")]
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing points into it any more.
        let _ = unsafe { munmap(self.start.cast(), self.len) };
    }
}
