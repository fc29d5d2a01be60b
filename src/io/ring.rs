//! The shard's io_uring: made with the flags that the driver relies on, and fed one entry at a time.
//!
//! Flags (measured and explained in the project's notes on io_uring): one thread submits, completions
//! are delivered only when that thread enters, and the ring says when it has some to deliver.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use io_uring::{IoUring, Probe, cqueue, opcode, squeue};

/// Submission entries; one turn of the driver seldom needs more than a few hundred.
const SQ_ENTRIES: u32 = 512;
/// Completion entries: a turn of the driver reaps them all, multishot operations produce many.
const CQ_ENTRIES: u32 = 8192;

/// What a completion belongs to; the top byte of `user_data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Accept = 1,
    Cancel = 2,
    Connect = 3,
    Doorbell = 4,
    /// Nobody waits for it.
    Ignored = 8,
    Recv = 5,
    Send = 6,
    Timeout = 7,
}

impl Kind {
    const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Accept,
            2 => Self::Cancel,
            3 => Self::Connect,
            4 => Self::Doorbell,
            5 => Self::Recv,
            6 => Self::Send,
            7 => Self::Timeout,
            8 => Self::Ignored,
            _ => return None,
        })
    }
}

/// Kind and slab key in one word. A key is not reused while an operation that carries it is in
/// flight, so no generation is needed.
pub(super) fn user_data(kind: Kind, key: u32) -> u64 {
    (kind as u64) << 56 | u64::from(key)
}

/// One completion, copied out of the ring.
#[derive(Debug, Clone, Copy)]
pub(super) struct Completion {
    pub(super) kind: Kind,
    pub(super) key: u32,
    pub(super) result: i32,
    flags: u32,
}

impl Completion {
    /// Whether a multishot operation goes on.
    pub(super) fn more(self) -> bool {
        cqueue::more(self.flags)
    }

    /// The provided buffer that the kernel filled.
    pub(super) fn buffer(self) -> Option<u16> {
        cqueue::buffer_select(self.flags)
    }
}

pub(super) struct Ring {
    uring: IoUring,
    /// Entries that found the submission queue full and the kernel unwilling to take it.
    overflow: VecDeque<squeue::Entry>,
}

impl Ring {
    /// Makes a ring for the calling thread, which must be the one that drives it.
    pub(super) fn new() -> io::Result<Self> {
        let build = |no_sqarray: bool| {
            let mut builder = IoUring::builder();
            builder.setup_single_issuer().setup_defer_taskrun().setup_taskrun_flag();
            builder.setup_submit_all().setup_clamp().setup_cqsize(CQ_ENTRIES);
            if no_sqarray {
                builder.setup_no_sqarray();
            }
            builder.build(SQ_ENTRIES)
        };
        // NO_SQARRAY came with Linux 6.6; older kernels refuse flags that they do not know.
        let uring = build(true).or_else(|error| match error.raw_os_error() {
            Some(libc::EINVAL) => build(false),
            _ => Err(error),
        })?;
        Ok(Self { uring, overflow: VecDeque::new() })
    }

    pub(super) fn register_bell(&self, bell: BorrowedFd<'_>) -> io::Result<()> {
        self.uring.submitter().register_eventfd(bell.as_raw_fd())
    }

    pub(super) fn uring(&self) -> &IoUring {
        &self.uring
    }

    /// Queues an operation for the next enter.
    ///
    /// # Safety
    /// All memory that the entry points to stays valid and unmoved until its completion is reaped
    /// (until submission for what the kernel copies at submission).
    #[expect(unsafe_code, reason = "the kernel is given raw pointers")]
    pub(super) unsafe fn push(&mut self, entry: squeue::Entry) {
        // SAFETY: the caller keeps the entry's memory alive.
        if unsafe { self.uring.submission().push(&entry) }.is_ok() {
            return;
        }
        let _ = self.uring.submit();
        // SAFETY: as above.
        if unsafe { self.uring.submission().push(&entry) }.is_err() {
            self.overflow.push_back(entry);
        }
    }

    /// Queues an operation that points to no memory.
    #[expect(unsafe_code, reason = "the kernel is given raw pointers")]
    pub(super) fn push_plain(&mut self, entry: squeue::Entry) {
        // SAFETY: the entry points to no memory.
        unsafe { self.push(entry) }
    }

    /// Queues what did not fit before.
    #[expect(unsafe_code, reason = "the kernel is given raw pointers")]
    pub(super) fn retry_overflow(&mut self) {
        while let Some(entry) = self.overflow.front() {
            // SAFETY: whoever queued the entry keeps its memory alive until it completes.
            if unsafe { self.uring.submission().push(entry) }.is_err() {
                return;
            }
            self.overflow.pop_front();
        }
    }

    /// Submits, and waits until something completes.
    ///
    /// Without a time limit: arming a timer for each wait costs more than the wait (on a virtual
    /// machine by far). A timer of the ring, armed now and then, ends a wait as well.
    pub(super) fn submit_and_wait(&self) -> io::Result<()> {
        let entered = self.uring.submitter().submit_and_wait(1);
        match entered {
            Ok(_) => Ok(()),
            Err(error) => match error.raw_os_error() {
                // EBUSY and EAGAIN: completions must be reaped before the kernel takes more.
                Some(libc::EINTR | libc::EBUSY | libc::EAGAIN) => Ok(()),
                _ => Err(error),
            },
        }
    }

    /// Submits what is queued and runs the kernel's deferred work without waiting. Returns whether
    /// there are completions to reap.
    #[expect(unsafe_code, reason = "the safe call skips the kernel when its flag is not set yet")]
    pub(super) fn submit_and_collect(&mut self) -> io::Result<bool> {
        const ENTER_GETEVENTS: u32 = 1;
        let queued = self.uring.submission().len() as u32;
        // SAFETY: no argument is passed, and queued entries own their memory.
        let entered = unsafe {
            self.uring.submitter().enter::<libc::sigset_t>(queued, 0, ENTER_GETEVENTS, None)
        };
        match entered {
            Err(error)
                if !matches!(
                    error.raw_os_error(),
                    Some(libc::EINTR | libc::EBUSY | libc::EAGAIN)
                ) =>
            {
                Err(error)
            }
            _ => Ok(!self.uring.completion().is_empty() || !self.uring.submission().is_empty()),
        }
    }

    /// Copies all completions that are there to `batch`.
    pub(super) fn reap(&mut self, batch: &mut Vec<Completion>) {
        batch.extend(self.uring.completion().filter_map(|entry| {
            let kind = Kind::from_byte((entry.user_data() >> 56) as u8)?;
            let key = entry.user_data() as u32;
            Some(Completion { kind, key, result: entry.result(), flags: entry.flags() })
        }));
    }

    /// Whether completions ring the bell: only while the shard is about to sleep.
    pub(super) fn set_bell(&mut self, on: bool) {
        let completions = self.uring.completion();
        if on { completions.enable_eventfd() } else { completions.disable_eventfd() }
    }
}

/// Finds out whether this kernel, container and user allow what a shard needs.
///
/// # Errors
/// A message that names the likely cause and the remedy.
pub fn probe() -> Result<(), String> {
    let ring = Ring::new().map_err(|error| explain(&error))?;
    let mut probe = Probe::new();
    ring.uring.submitter().register_probe(&mut probe).map_err(|error| explain(&error))?;
    // IORING_OP_SEND_ZC is newer than all that is used (6.0), DEFER_TASKRUN (6.1) is proven above.
    if probe.is_supported(opcode::SendZc::CODE) {
        return Ok(());
    }
    Err("io_uring of this kernel is too old: Linux 6.1 or newer is needed".to_owned())
}

fn explain(error: &io::Error) -> String {
    let cause = match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => {
            "it is forbidden here: likely a container's seccomp profile, or the sysctl \
             kernel.io_uring_disabled (set it to 0)"
        }
        Some(libc::ENOSYS) => {
            "this kernel has no io_uring or a seccomp profile hides it: Linux 6.1 or newer with \
             CONFIG_IO_URING is needed"
        }
        Some(libc::EINVAL) => "this kernel is too old: Linux 6.1 or newer is needed",
        Some(libc::ENOMEM) => {
            "not enough memory may be locked: raise the limit (ulimit -l, or LimitMEMLOCK=)"
        }
        Some(libc::EMFILE | libc::ENFILE) => {
            "too few file descriptors: raise the limit (ulimit -n, or LimitNOFILE=)"
        }
        _ => "see the error of the system",
    };
    format!("io_uring cannot be used: {cause} ({error})")
}
