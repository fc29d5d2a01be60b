//! The timer wheel: hashed slots of one tick each, entries of later rounds wait in their slot.
//!
//! Timers are armed lazily: a task that moves its deadline further away leaves its entry where it is
//! and is looked at again when that entry comes up. So setting a deadline per request costs a store.

/// Milliseconds a slot covers.
const TICK_MS: u64 = 4;
/// Slots of the wheel: 16 s a round.
const SLOTS: usize = 4096;

/// When a task wants to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) task: u32,
    /// Milliseconds on the shard's clock.
    pub(super) at_ms: u64,
}

pub(super) struct Wheel {
    slots: Vec<Vec<Entry>>,
    /// One bit a slot: whether it has entries.
    occupied: [u64; SLOTS / 64],
    /// The next tick to look at; all before it are done.
    next_tick: u64,
    len: usize,
}

impl Wheel {
    pub(super) fn new(now_ms: u64) -> Self {
        let slots = (0..SLOTS).map(|_| Vec::new()).collect();
        Self { slots, occupied: [0; SLOTS / 64], next_tick: now_ms / TICK_MS, len: 0 }
    }

    pub(super) fn insert(&mut self, entry: Entry) {
        let tick = tick_of(entry.at_ms).max(self.next_tick);
        let slot = (tick % SLOTS as u64) as usize;
        self.slots[slot].push(entry);
        self.occupied[slot / 64] |= 1 << (slot % 64);
        self.len += 1;
    }

    /// Moves the entries that are due at `now_ms` to `due`.
    pub(super) fn advance(&mut self, now_ms: u64, due: &mut Vec<Entry>) {
        let now_tick = now_ms / TICK_MS;
        if now_tick < self.next_tick {
            return;
        }
        // A jump of more than a round looks at each slot once.
        let first = self.next_tick.max((now_tick + 1).saturating_sub(SLOTS as u64));
        for tick in first..=now_tick {
            if self.len == 0 {
                break;
            }
            self.expire_slot((tick % SLOTS as u64) as usize, now_tick, due);
        }
        self.next_tick = now_tick + 1;
    }

    fn expire_slot(&mut self, slot: usize, now_tick: u64, due: &mut Vec<Entry>) {
        let bit = 1 << (slot % 64);
        if self.occupied[slot / 64] & bit == 0 {
            return;
        }
        let entries = &mut self.slots[slot];
        let before = entries.len();
        entries.retain(|entry| {
            let later = tick_of(entry.at_ms) > now_tick;
            if !later {
                due.push(*entry);
            }
            later
        });
        self.len -= before - entries.len();
        if entries.is_empty() {
            self.occupied[slot / 64] &= !bit;
            // A burst of timers must not keep its memory.
            if entries.capacity() > 1024 {
                *entries = Vec::new();
            }
        }
    }

    /// When to look again, in milliseconds on the shard's clock: the start of the first slot with
    /// entries, which may turn out to be of a later round.
    pub(super) fn next_ms(&self) -> Option<u64> {
        if self.len == 0 {
            return None;
        }
        let start = (self.next_tick % SLOTS as u64) as usize;
        let distance = (0..=SLOTS / 64).find_map(|step| {
            let word = (start / 64 + step) % (SLOTS / 64);
            let mask = match step {
                0 => u64::MAX << (start % 64),
                _ if step == SLOTS / 64 => !(u64::MAX << (start % 64)),
                _ => u64::MAX,
            };
            let bits = self.occupied[word] & mask;
            (bits != 0).then(|| {
                let slot = word * 64 + bits.trailing_zeros() as usize;
                (slot + SLOTS - start) % SLOTS
            })
        })?;
        Some((self.next_tick + distance as u64) * TICK_MS)
    }
}

/// The tick at whose start the time has come: rounded up, so that no timer is early.
fn tick_of(at_ms: u64) -> u64 {
    at_ms.div_ceil(TICK_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(wheel: &mut Wheel, now_ms: u64) -> Vec<u32> {
        let mut due = Vec::new();
        wheel.advance(now_ms, &mut due);
        let mut tasks: Vec<u32> = due.iter().map(|entry| entry.task).collect();
        tasks.sort_unstable();
        tasks
    }

    #[test]
    fn entries_come_due_at_their_tick_and_not_before() {
        let mut wheel = Wheel::new(1000);
        for (task, at_ms) in [(1, 1001), (2, 1004), (3, 1005), (4, 1000 + 16_384 + 8)] {
            wheel.insert(Entry { task, at_ms });
        }
        assert_eq!(wheel.next_ms(), Some(1004));
        assert_eq!(due(&mut wheel, 1003), []);
        assert_eq!(due(&mut wheel, 1004), [1, 2]);
        assert_eq!(due(&mut wheel, 1008), [3]);
        assert_eq!(due(&mut wheel, 17_391), []);
        assert_eq!(due(&mut wheel, 17_392), [4]);
        assert_eq!(wheel.next_ms(), None);
    }

    #[test]
    fn an_entry_in_the_past_is_due_at_the_next_look() {
        let mut wheel = Wheel::new(5000);
        assert_eq!(due(&mut wheel, 5000), []);
        wheel.insert(Entry { task: 7, at_ms: 10 });
        assert_eq!(due(&mut wheel, 5004), [7]);
    }

    /// Against a plain list, with seeded steps and jumps of more than a round.
    #[test]
    fn agrees_with_a_list() {
        let (mut seed, mut now) = (0x9e37_79b9_7f4a_7c15_u64, 0);
        let mut random = |below: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        };
        let (mut wheel, mut list) = (Wheel::new(0), Vec::new());
        for task in 0..20_000 {
            let at_ms = now + random(60_000);
            wheel.insert(Entry { task, at_ms });
            list.push((tick_of(at_ms).max(wheel.next_tick), task));
            now += if random(500) == 0 { random(40_000) } else { random(20) };
            let first = list.iter().map(|(tick, _)| tick * TICK_MS).min().unwrap();
            assert!(wheel.next_ms().unwrap() <= first, "seed step {task}");
            let (mut expected, later): (Vec<_>, Vec<_>) =
                list.into_iter().partition(|(tick, _)| *tick <= now / TICK_MS);
            list = later;
            expected.sort_unstable_by_key(|(_, task)| *task);
            let expected: Vec<u32> = expected.into_iter().map(|(_, task)| task).collect();
            assert_eq!(due(&mut wheel, now), expected, "seed step {task}");
        }
    }
}
