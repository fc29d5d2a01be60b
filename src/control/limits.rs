//! The limits of the system: descriptors are raised, locked memory is looked at.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What glommio's rings need to lock for each shard, in bytes.
const MEMLOCK_MIN: u64 = 512 * 1024;

/// Descriptors of the process, and of each shard (three rings of glommio, one of ours, bells, a few
/// while it is made), with a few to serve with.
const OWN_DESCRIPTORS: usize = 24;
const SHARD_DESCRIPTORS: usize = 16;

/// Raises the soft limit of descriptors to the hard one.
pub(super) fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Refusal leaves the limit that stands; running out is handled when it happens.
    let _ = setrlimit(Resource::Nofile, raised);
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
