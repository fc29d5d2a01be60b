//! System calls that no safe crate offers.

use std::os::fd::{AsRawFd, BorrowedFd};

/// Bytes in the socket's send queue, acknowledged ones not counted (`SIOCOUTQ`); 0 if unknown.
#[expect(unsafe_code, reason = "no safe crate has this ioctl")]
pub(super) fn unsent_in_kernel(fd: BorrowedFd<'_>) -> usize {
    let mut bytes: libc::c_int = 0;
    // SAFETY: the kernel writes one int, to a place that outlives the call.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    if result == 0 { usize::try_from(bytes).unwrap_or(0) } else { 0 }
}
