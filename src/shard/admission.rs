//! `maxconn`: how many client connections there may be, globally and for a frontend, over all shards.
//!
//! The one promise that is global by nature. Its numbers are touched once a connection, and only
//! where a limit is configured. At a limit shards stop accepting and the kernel queues; whoever ends
//! a connection then wakes them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use proxy_config::model::Config;

#[derive(Debug)]
struct Limit {
    used: AtomicU32,
    max: u32,
}

/// Shared by all shards.
#[derive(Debug)]
pub struct Admission {
    global: Option<Limit>,
    /// Index: frontend.
    frontends: Vec<Option<Limit>>,
    /// Somebody waits for room.
    wanted: AtomicBool,
    wake: Box<dyn Wake>,
}

/// Tells shards that there is room again.
pub trait Wake: Send + Sync + std::fmt::Debug {
    fn wake(&self);
}

/// A connection's place; dropping it makes room.
#[derive(Debug)]
pub struct Permit {
    /// `None` where nothing is limited.
    admission: Option<Arc<Admission>>,
    frontend: usize,
}

impl Admission {
    pub fn new(config: &Config, wake: Box<dyn Wake>) -> Arc<Self> {
        let limit = |max: Option<u32>| max.map(|max| Limit { used: AtomicU32::new(0), max });
        Arc::new(Self {
            global: limit(config.global.maxconn),
            frontends: config.frontends.iter().map(|frontend| limit(frontend.maxconn)).collect(),
            wanted: AtomicBool::new(false),
            wake,
        })
    }

    /// A place for a connection of `frontend`, or `None` at a limit; then the shard will be woken.
    pub fn admit(self: &Arc<Self>, frontend: usize) -> Option<Permit> {
        if self.global.is_none() && self.frontends[frontend].is_none() {
            return Some(Permit { admission: None, frontend });
        }
        if !self.take(frontend) {
            // Ask, then look again: room made in between would wake nobody.
            self.wanted.store(true, Ordering::SeqCst);
            if !self.take(frontend) {
                return None;
            }
        }
        Some(Permit { admission: Some(Arc::clone(self)), frontend })
    }

    fn take(&self, frontend: usize) -> bool {
        let global = self.global.as_ref();
        if !global.is_none_or(Limit::take) {
            return false;
        }
        let taken = self.frontends[frontend].as_ref().is_none_or(Limit::take);
        if !taken && let Some(global) = global {
            global.used.fetch_sub(1, Ordering::SeqCst);
        }
        taken
    }
}

impl Limit {
    fn take(&self) -> bool {
        let below = |used| (used < self.max).then_some(used + 1);
        self.used.fetch_update(Ordering::SeqCst, Ordering::SeqCst, below).is_ok()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(admission) = &self.admission else { return };
        for limit in [&admission.global, &admission.frontends[self.frontend]].into_iter().flatten()
        {
            limit.used.fetch_sub(1, Ordering::SeqCst);
        }
        if admission.wanted.swap(false, Ordering::SeqCst) {
            admission.wake.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[derive(Debug, Default)]
    struct Count(Arc<AtomicUsize>);

    impl Wake for Count {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn admission(
        global: Option<u32>,
        frontends: &[Option<u32>],
    ) -> (Arc<Admission>, Arc<AtomicUsize>) {
        let woken = Arc::new(AtomicUsize::new(0));
        let limit = |max: &Option<u32>| max.map(|max| Limit { used: AtomicU32::new(0), max });
        let admission = Admission {
            global: limit(&global),
            frontends: frontends.iter().map(limit).collect(),
            wanted: AtomicBool::new(false),
            wake: Box::new(Count(Arc::clone(&woken))),
        };
        (Arc::new(admission), woken)
    }

    #[test]
    fn admits_up_to_each_limit_and_wakes_when_there_is_room() {
        let (admission, woken) = admission(Some(3), &[Some(2), None]);
        let first = admission.admit(0).unwrap();
        let second = admission.admit(0).unwrap();
        assert!(admission.admit(0).is_none(), "the frontend's limit");
        let third = admission.admit(1).unwrap();
        assert!(admission.admit(1).is_none(), "the global limit");
        drop(second);
        assert_eq!(woken.load(Ordering::SeqCst), 1);
        drop(first);
        assert_eq!(woken.load(Ordering::SeqCst), 1, "nobody asked since");
        assert!(admission.admit(0).is_some());
        drop(third);
        assert_eq!(admission.global.as_ref().unwrap().used.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_refusal_takes_nothing() {
        let (admission, _) = admission(Some(10), &[Some(0)]);
        for _ in 0..100 {
            assert!(admission.admit(0).is_none());
        }
        assert_eq!(admission.global.as_ref().unwrap().used.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn without_limits_nothing_is_counted() {
        let (admission, woken) = admission(None, &[None]);
        let permits: Vec<_> = (0..1000).map(|_| admission.admit(0).unwrap()).collect();
        drop(permits);
        assert_eq!(woken.load(Ordering::SeqCst), 0);
    }
}
