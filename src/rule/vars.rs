//! Variables: slots of values, found by index.

use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use proxy_config::model::rule::{Scope, Tables, Value, Var};

use super::context::Arena;
use super::sample::Sample;

/// Bytes of one value: HAProxy's buffer.
const LEN_MAX: usize = 16 * 1024;

/// What a slot that is unset keeps of its buffer: streams wait for the next one with all of theirs.
const SPARE_BYTES: usize = 1024;

/// The variables of one scope of one stream or session. Cleared, it keeps small buffers.
#[derive(Debug, Default)]
pub struct VarStore {
    slots: Vec<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    value: Kind,
    /// Of `Str` and `Bin`.
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, Default)]
enum Kind {
    #[default]
    None,
    Bool(bool),
    Int(i64),
    Ip(IpAddr),
    Str,
    Bin,
}

impl VarStore {
    /// Unsets all.
    pub fn clear(&mut self) {
        for slot in &mut self.slots {
            slot.value = Kind::None;
            slot.bytes.clear();
            slot.bytes.shrink_to(SPARE_BYTES);
        }
    }

    fn get<'a>(&self, slot: u16, arena: &'a Arena) -> Option<Sample<'a>> {
        let slot = self.slots.get(usize::from(slot))?;
        Some(match slot.value {
            Kind::None => return None,
            Kind::Bool(value) => Sample::Bool(value),
            Kind::Int(value) => Sample::Int(value),
            Kind::Ip(value) => Sample::Ip(value),
            Kind::Str => Sample::Str(arena.keep(&slot.bytes)),
            Kind::Bin => Sample::Bin(arena.keep(&slot.bytes)),
        })
    }

    fn set(&mut self, slot: u16, value: Option<Sample<'_>>) {
        let slot = usize::from(slot);
        if self.slots.len() <= slot {
            self.slots.resize_with(slot + 1, Slot::default);
        }
        let Some(slot) = self.slots.get_mut(slot) else { return };
        slot.bytes.clear();
        slot.value = match value {
            None => Kind::None,
            Some(Sample::Bool(value)) => Kind::Bool(value),
            Some(Sample::Int(value)) => Kind::Int(value),
            Some(Sample::Ip(value)) => Kind::Ip(value),
            Some(Sample::Str(bytes)) => {
                slot.bytes.extend_from_slice(bytes.get(..LEN_MAX).unwrap_or(bytes));
                Kind::Str
            }
            Some(Sample::Bin(bytes)) => {
                slot.bytes.extend_from_slice(bytes.get(..LEN_MAX).unwrap_or(bytes));
                Kind::Bin
            }
        };
    }
}

/// The variables of the process. All shards share them, as their names promise; a lock is taken only
/// where a rule names one.
#[derive(Debug, Default)]
pub struct ProcVars {
    slots: Vec<Mutex<VarStore>>,
}

impl ProcVars {
    /// With the values that the configuration sets.
    pub fn new(tables: &Tables) -> Self {
        let count = tables.vars[Scope::Proc as usize].len();
        let own = Self { slots: (0..count).map(|_| Mutex::default()).collect() };
        for (var, value) in &tables.proc_vars {
            own.set(var.slot, Some(Sample::of(value)));
        }
        own
    }

    fn get<'a>(&self, slot: u16, arena: &'a Arena) -> Option<Sample<'a>> {
        let slot = self.slots.get(usize::from(slot))?;
        slot.lock().unwrap_or_else(PoisonError::into_inner).get(0, arena)
    }

    fn set(&self, slot: u16, value: Option<Sample<'_>>) {
        if let Some(slot) = self.slots.get(usize::from(slot)) {
            slot.lock().unwrap_or_else(PoisonError::into_inner).set(0, value);
        }
    }
}

/// All variables that a rule can see.
#[derive(Debug, Clone, Copy)]
pub struct Vars<'a> {
    pub proc: &'a ProcVars,
    pub sess: &'a RefCell<VarStore>,
    pub txn: &'a RefCell<VarStore>,
    pub req: &'a RefCell<VarStore>,
    pub res: &'a RefCell<VarStore>,
}

impl Vars<'_> {
    pub fn get<'s>(&self, var: Var, arena: &'s Arena) -> Option<Sample<'s>> {
        match self.store(var.scope) {
            Some(store) => store.borrow().get(var.slot, arena),
            None => self.proc.get(var.slot, arena),
        }
    }

    /// Sets a variable; `None` unsets it.
    pub fn set(&self, var: Var, value: Option<Sample<'_>>) {
        match self.store(var.scope) {
            Some(store) => store.borrow_mut().set(var.slot, value),
            None => self.proc.set(var.slot, value),
        }
    }

    fn store(&self, scope: Scope) -> Option<&RefCell<VarStore>> {
        match scope {
            Scope::Proc => None,
            Scope::Sess => Some(self.sess),
            Scope::Txn => Some(self.txn),
            Scope::Req => Some(self.req),
            Scope::Res => Some(self.res),
        }
    }
}

/// A value that outlives its arena.
pub fn to_value(sample: Sample<'_>) -> Value {
    match sample {
        Sample::Bool(value) => Value::Bool(value),
        Sample::Int(value) => Value::Int(value),
        Sample::Ip(value) => Value::Ip(value),
        Sample::Str(bytes) => Value::Str(bytes.into()),
        Sample::Bin(bytes) => Value::Bin(bytes.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_not_kept_room_for() {
        let (mut store, arena) = (VarStore::default(), Arena::default());
        store.set(1, Some(Sample::Str(&[b'a'; 2 * LEN_MAX])));
        store.set(0, Some(Sample::Str(b"short")));
        let Some(Sample::Str(kept)) = store.get(1, &arena) else { panic!("it is there") };
        assert_eq!(kept.len(), LEN_MAX);
        store.clear();
        assert!(store.get(1, &arena).is_none());
        assert!(store.slots.iter().all(|slot| slot.bytes.capacity() <= SPARE_BYTES));
    }
}
