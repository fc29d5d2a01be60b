//! The limits of the system: descriptors are raised, locked memory is looked at.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What glommio's rings need to lock for each shard, in bytes.
const MEMLOCK_MIN: u64 = 512 * 1024;

/// Descriptors of the process, and of each shard (three rings of glommio, one of ours, bells, a few
/// while it is made), with a few to serve with.
const OWN_DESCRIPTORS: usize = 24;
const SHARD_DESCRIPTORS: usize = 16;

/// The most descriptors that the kernel is asked to have room for, at 8 bytes each.
const TABLE_MAX: usize = 256 * 1024;

/// Raises the soft limit of descriptors to the hard one.
pub(super) fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Refusal leaves the limit that stands; running out is handled when it happens.
    let _ = setrlimit(Resource::Nofile, raised);
}

/// Has the kernel make its table of the process's descriptors as large as it may get, before there
/// are threads.
///
/// Where it grows under load, 64 to 128 and so on, each step waits until every core has passed a
/// quiet point (`expand_fdtable` in Linux's fs/file.c), and with it all threads that open a
/// descriptor: all shards stall together, on a busy machine for a second and more.
pub(super) fn size_descriptor_table(maxconn: Option<u32>) {
    let Rlimit { current, .. } = getrlimit(Resource::Nofile);
    let allowed = current.map_or(TABLE_MAX, |limit| usize::try_from(limit).unwrap_or(TABLE_MAX));
    // Each connection of a client has one to a server.
    let wanted = maxconn.map_or(TABLE_MAX, |conns| conns as usize * 2 + OWN_DESCRIPTORS);
    let last = wanted.min(allowed).min(TABLE_MAX).saturating_sub(1);
    let last = i32::try_from(last).unwrap_or(i32::MAX);
    // The copy is closed at once, the table stays. Without one it grows as it is needed.
    let _ = rustix::io::fcntl_dupfd_cloexec(std::io::stderr(), last);
}

/// Whether there are descriptors for `shards` shards that accept on `binds` addresses each.
///
/// # Errors
/// A message that says what to raise.
pub(super) fn check_descriptors(shards: usize, binds: usize) -> Result<(), String> {
    let needed = (OWN_DESCRIPTORS + shards * (SHARD_DESCRIPTORS + binds)) as u64;
    match getrlimit(Resource::Nofile).current {
        Some(limit) if limit < needed => Err(format!(
            "only {limit} file descriptors are allowed, {needed} are needed to begin with: raise \
             the limit (ulimit -n, or LimitNOFILE=)"
        )),
        _ => Ok(()),
    }
}

/// Whether shards can be made at all.
///
/// # Errors
/// A message that says what to raise.
pub(super) fn check_locked_memory() -> Result<(), String> {
    match getrlimit(Resource::Memlock).current {
        Some(limit) if limit < MEMLOCK_MIN => Err(format!(
            "only {limit} bytes of memory may be locked, each shard needs {MEMLOCK_MIN}: raise the \
             limit (ulimit -l, or LimitMEMLOCK=)"
        )),
        _ => Ok(()),
    }
}
