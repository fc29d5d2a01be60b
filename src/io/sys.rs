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

/// Has the socket's close send nothing (`TCP_REPAIR`); false without the permission.
#[expect(unsafe_code, reason = "no safe crate has this option")]
pub(super) fn forget_on_close(fd: BorrowedFd<'_>) -> bool {
    let on: libc::c_int = 1;
    let len = libc::socklen_t::try_from(size_of_val(&on)).unwrap_or_default();
    // SAFETY: the kernel reads one int, from a place that outlives the call.
    let result = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_REPAIR,
            (&raw const on).cast(),
            len,
        )
    };
    result == 0
}
