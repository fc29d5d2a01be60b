//! The TOML to write, each part with the place of the haproxy.cfg that it comes from.

use crate::draft::Kind;
use crate::place::Place;
use crate::text::Text;

/// What a key may have.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Array(Vec<Entry>),
    Flag(bool),
    /// A number where its text is one, or else a string.
    Scalar(Text),
    /// Made by [`Value::table`].
    Table(Vec<Entry>),
    Text(Text),
}

impl Value {
    /// A table: of a word that a line has twice, the last counts, as in HAProxy.
    pub(super) fn table(entries: Vec<Entry>) -> Self {
        let mut kept: Vec<Entry> = Vec::new();
        for entry in entries {
            match kept.iter_mut().find(|known| known.key == entry.key) {
                Some(known) => *known = entry,
                None => kept.push(entry),
            }
        }
        Self::Table(kept)
    }
}

/// A key with its value, or an item of an array, whose key is empty.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// As TOML writes it, dots and quotes included.
    pub(super) key: String,
    /// The words of the cfg that the key stands for.
    pub(super) key_place: Place,
    pub(super) value: Value,
    /// What is left out together.
    pub(super) unit: Place,
    /// Stands behind the value.
    pub(super) comment: Option<&'static str>,
}

impl Entry {
    pub(super) fn new(key: impl Into<String>, key_place: Place, value: Value, unit: Place) -> Self {
        Self { key: key.into(), key_place, value, unit, comment: None }
    }
}

/// What a section is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SectionKind {
    Global,
    HttpErrors,
    Proxy(Kind),
    Userlist,
}

#[derive(Debug)]
pub(super) struct Section {
    pub(super) kind: SectionKind,
    /// In the TOML; `None` for `global` and the unnamed `defaults`.
    pub(super) name: Option<String>,
    /// The name's word, or the section's.
    pub(super) place: Place,
    /// The `defaults` that it takes from.
    pub(super) parent: Option<usize>,
    pub(super) entries: Vec<Entry>,
    /// It is not written.
    pub(super) is_disabled: bool,
    /// Lines above the header.
    pub(super) comments: Vec<String>,
}

impl Section {
    pub(super) fn new(kind: SectionKind, name: Option<String>, place: Place) -> Self {
        Self {
            kind,
            name,
            place,
            parent: None,
            entries: Vec::new(),
            is_disabled: false,
            comments: Vec::new(),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The last one counts, as in HAProxy.
    pub(super) fn set(&mut self, entry: Entry) {
        match self.entries.iter_mut().find(|known| known.key == entry.key) {
            Some(known) => *known = entry,
            None => self.entries.push(entry),
        }
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.entries.retain(|entry| entry.key != key);
    }

    /// Adds to the array of a key.
    pub(super) fn push(&mut self, key: &str, key_place: Place, item: Entry) {
        match self.entries.iter_mut().find(|known| known.key == key) {
            Some(Entry { value: Value::Array(items), .. }) => items.push(item),
            Some(known) => known.value = Value::Array(vec![item]),
            None => {
                let unit = item.unit;
                self.entries.push(Entry::new(key, key_place, Value::Array(vec![item]), unit));
            }
        }
    }

    /// What follows a bracket in the header.
    pub(super) fn header(&self) -> String {
        let word = match self.kind {
            SectionKind::Global => "global",
            SectionKind::HttpErrors => "http-errors",
            SectionKind::Proxy(kind) => kind.word(),
            SectionKind::Userlist => "userlist",
        };
        match &self.name {
            Some(name) => format!("{word}.{}", key(name)),
            None => word.to_owned(),
        }
    }
}

/// A key, in quotes where TOML needs them.
pub(super) fn key(name: &str) -> String {
    let is_bare = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !name.is_empty() && name.bytes().all(is_bare) {
        return name.to_owned();
    }
    crate::import::write::quoted(name)
}
