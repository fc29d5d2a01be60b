//! OpenSSL's names of algorithms, for what there is of them here.
//!
//! A name that OpenSSL knows and that is not there is told apart from one that nobody knows: lists
//! made for OpenSSL name a lot of the former, and must load.

mod ciphers;
mod curves;
mod missing;
#[cfg(test)]
mod tests;

pub(crate) use ciphers::{ciphers, ciphersuites};
pub(crate) use curves::curves;

use std::ops::Range;

/// What a list of names comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chosen<T> {
    /// By preference, no repeats.
    pub(crate) values: Vec<T>,
    /// Names that OpenSSL knows and that select nothing that there is, in order, no repeats.
    pub(crate) missing: Vec<String>,
    /// Suites of TLS 1.3 among those of TLS 1.2, where they mean nothing.
    pub(crate) misplaced: Vec<String>,
}

impl<T: PartialEq> Chosen<T> {
    fn new() -> Self {
        Self { values: Vec::new(), missing: Vec::new(), misplaced: Vec::new() }
    }

    fn choose(&mut self, value: T) {
        if !self.values.contains(&value) {
            self.values.push(value);
        }
    }
}

fn add_once(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

/// The items between separators, without those that are empty.
fn items<'t>(
    text: &'t str,
    separators: &'t [char],
) -> impl Iterator<Item = (Range<usize>, &'t str)> {
    let mut at = 0;
    text.split(separators)
        .map(move |item| {
            let start = at;
            // Every separator is one byte.
            at += item.len() + 1;
            (start..start + item.len(), item)
        })
        .filter(|(_, item)| !item.is_empty())
}
