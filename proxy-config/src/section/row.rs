//! Words in a row, each with its value behind it, as lines of HAProxy have them.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

use crate::diagnostic::Diagnostic;
use crate::walk::{Entry, Reader, Vocabulary};

/// A word, and where it stands in the source that is being read.
pub(super) struct Word<'w> {
    pub(super) text: &'w str,
    pub(super) span: Range<usize>,
}

/// Reads the words as if they were keys of a table; false if one was refused.
pub(super) fn read<T>(
    reader: &mut Reader<'_>,
    words: &[Word<'_>],
    vocabulary: &Vocabulary<T>,
    into: &mut T,
) -> bool {
    let mut rest = words.iter();
    let mut seen = Vec::new();
    let mut is_complete = true;
    while let Some(Word { text, span }) = rest.next() {
        let place = reader.place(span.clone());
        let is_key = vocabulary.keys.iter().any(|key| key.word == *text);
        let is_known = is_key || vocabulary.is_unsupported(text);
        let value = match rest.as_slice().first() {
            _ if !is_known || is_flag(text) => Spanned::new(span.clone(), DeValue::Boolean(true)),
            Some(value) => {
                rest.next();
                Spanned::new(value.span.clone(), DeValue::String(value.text.into()))
            }
            None => {
                let message = format!("`{text}` has no value");
                reader.report.add(Diagnostic::error(place, message).expected("a word follows it"));
                return false;
            }
        };
        if seen.contains(text) {
            let message = format!("`{text}` is given twice");
            reader.report.add(Diagnostic::error(place, message).expected("given again here"));
        }
        seen.push(*text);
        let entry = Entry { path: (*text).to_owned(), word: text, key: place, node: &value };
        is_complete &= reader.walk_entry(&entry, vocabulary, into);
        // Whether a value follows a word that nobody knows, nobody knows either.
        if !is_known {
            return false;
        }
    }
    is_complete
}

/// Whether a word stands alone.
fn is_flag(word: &str) -> bool {
    const FLAGS: [&str; 4] = ["allow-0rtt", "prefer-client-ciphers", "strict-sni", "tls-tickets"];
    word.starts_with("no-") || word.starts_with("force-") || FLAGS.contains(&word)
}
