//! Walks TOML tables by tables of keys, and reads single values.
//!
//! Every mistake is reported where it is met and the walk goes on, so that one run shows all.

use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::Surroundings;
use crate::choice::{or_list, unknown_word};
use crate::diagnostic::Diagnostic;
use crate::draft::Kind;
use crate::extra::Extras;
use crate::nearest::nearest;
use crate::place::Place;
use crate::report::Report;
use crate::setting::Setting;
use crate::text::{Fault, Text};
use crate::units;

pub(crate) type Node<'n> = Spanned<DeValue<'n>>;

/// So many known words are listed when none is near.
const LISTED_WORDS_MAX: usize = 8;

/// One key of a table: its word, where it may stand, and what reads its value.
pub(crate) struct Key<T> {
    pub(crate) word: &'static str,
    pub(crate) kinds: &'static [Kind],
    pub(crate) read: Read<T>,
}

/// Reads the value of a key into a draft.
pub(crate) type Read<T> = fn(&mut Reader<'_>, &Entry<'_>, &mut T);

impl<T> Key<T> {
    /// A key that may stand in these kinds of sections.
    pub(crate) const fn of(word: &'static str, kinds: &'static [Kind], read: Read<T>) -> Self {
        Self { word, kinds, read }
    }

    /// A key of a table that is the same in every section.
    pub(crate) const fn any(word: &'static str, read: Read<T>) -> Self {
        Self { word, kinds: &Kind::ALL, read }
    }
}

/// All that one sort of table may hold.
pub(crate) struct Vocabulary<T: 'static> {
    /// What a word of it is called: `key`, `timeout`, `server word`.
    pub(crate) noun: &'static str,
    /// What has such words, for messages about a word that others have too; may be empty.
    pub(crate) owner: &'static str,
    pub(crate) keys: &'static [Key<T>],
    /// Words of HAProxy that this release lacks, separated by blanks.
    pub(crate) unsupported: &'static str,
}

impl<T> Vocabulary<T> {
    pub(crate) fn is_unsupported(&self, word: &str) -> bool {
        self.unsupported.split_whitespace().any(|known| known == word)
    }

    /// The nearest word that may stand here, or all of them if they are few.
    fn remedy(&self, word: &str) -> String {
        let supported = || self.keys.iter().map(|key| key.word);
        let candidates = supported().chain(self.unsupported.split_whitespace());
        let Some(found) = nearest(word, candidates) else {
            let known: Vec<_> = supported().collect();
            let are_few = known.len() <= LISTED_WORDS_MAX;
            return if are_few { format!("must be {}", or_list(&known)) } else { String::new() };
        };
        let remark = if self.is_unsupported(found) { " (which is not yet supported)" } else { "" };
        format!("did you mean `{found}`?{remark}")
    }
}

/// A key with its value, or an item of an array with the key of the array.
#[derive(Clone)]
pub(crate) struct Entry<'n> {
    /// The key with the tables around it, below the section: `timeout.client`.
    pub(crate) path: String,
    /// The last word of the path.
    pub(crate) word: &'n str,
    pub(crate) key: Place,
    pub(crate) node: &'n Node<'n>,
}

/// The entries of a table in file order; the parser sorts them by name.
pub(crate) fn in_file_order<'n>(
    table: &'n DeTable<'n>,
) -> Vec<(&'n str, Range<usize>, &'n Node<'n>)> {
    let mut entries: Vec<_> =
        table.iter().map(|(key, node)| (&**key.get_ref(), key.span(), node)).collect();
    entries.sort_by_key(|(_, span, _)| span.start);
    entries
}

/// Reads one source.
pub(crate) struct Reader<'r> {
    pub(crate) source: usize,
    pub(crate) text: &'r str,
    pub(crate) surroundings: Surroundings<'r>,
    /// Whether the syntax is sound; if not, keys may be missing that the file has.
    pub(crate) is_whole: bool,
    /// The kind of the proxy section that is being read.
    pub(crate) kind: Option<Kind>,
    pub(crate) extras: &'r mut Extras,
    pub(crate) report: &'r mut Report,
}

impl Reader<'_> {
    pub(crate) fn place(&self, span: Range<usize>) -> Place {
        Place::new(self.source, span)
    }

    /// Where the value of an entry stands.
    pub(crate) fn value_place(&self, entry: &Entry<'_>) -> Place {
        self.place(entry.node.span())
    }

    /// The text of the file from a place on.
    fn rest(&self, place: Place) -> &str {
        self.text.get(place.start..).unwrap_or("")
    }

    /// Reads a whole table; false if one of its words was refused, so that a missing key may be
    /// a mistyped one. `prefix` is the path of the table with its dot, or empty.
    pub(crate) fn walk<T>(
        &mut self,
        table: &DeTable<'_>,
        prefix: &str,
        vocabulary: &Vocabulary<T>,
        into: &mut T,
    ) -> bool {
        let mut is_complete = true;
        for (word, span, node) in in_file_order(table) {
            let path = format!("{prefix}{word}");
            let entry = Entry { path, word, key: self.place(span), node };
            is_complete &= self.walk_entry(&entry, vocabulary, into);
        }
        is_complete
    }

    /// Reads one key; false if its word was refused.
    pub(crate) fn walk_entry<T>(
        &mut self,
        entry: &Entry<'_>,
        vocabulary: &Vocabulary<T>,
        into: &mut T,
    ) -> bool {
        let key = vocabulary.keys.iter().find(|key| key.word == entry.word);
        match (key, self.kind) {
            (Some(key), Some(kind)) if !key.kinds.contains(&kind) => {
                self.misplaced(entry, key.kinds, kind);
            }
            (Some(key), _) => {
                (key.read)(self, entry, into);
                return true;
            }
            (None, _) if vocabulary.is_unsupported(entry.word) => {
                self.unsupported(entry, vocabulary.owner);
            }
            (None, _) => self.unknown(entry, vocabulary),
        }
        false
    }

    fn misplaced(&mut self, entry: &Entry<'_>, kinds: &[Kind], kind: Kind) {
        let homes: Vec<_> = kinds.iter().map(|kind| kind.word()).collect();
        let message = format!("`{}` has no place in `{}`", entry.path, kind.word());
        let expected = format!("belongs in {}", or_list(&homes));
        self.report.add(Diagnostic::error(entry.key, message).expected(expected));
    }

    fn unknown<T>(&mut self, entry: &Entry<'_>, vocabulary: &Vocabulary<T>) {
        let message = format!("unknown {} `{}`", vocabulary.noun, entry.path);
        let expected = vocabulary.remedy(entry.word);
        self.report.add(Diagnostic::error(entry.key, message).expected(expected));
    }

    /// Reports a known word. Of a family with dotted keys, each member: that is what users wrote.
    fn unsupported(&mut self, entry: &Entry<'_>, owner: &str) {
        let is_inline = self.rest(self.value_place(entry)).starts_with('{');
        match entry.node.get_ref() {
            DeValue::Table(members) if !is_inline && !members.is_empty() => {
                for (word, span, _) in in_file_order(members) {
                    let path = format!("{}.{word}", entry.path);
                    self.not_yet(self.place(span), &path, owner);
                }
            }
            _ => self.not_yet(entry.key, &entry.path, owner),
        }
    }

    fn not_yet(&mut self, place: Place, path: &str, owner: &str) {
        let of = if owner.is_empty() { String::new() } else { format!(" of a {owner}") };
        let message = format!("`{path}`{of} is not yet supported");
        self.report.add(Diagnostic::error(place, message));
    }

    /// Reports that a value has the wrong type.
    pub(crate) fn wrong_type(&mut self, entry: &Entry<'_>, expected: &str) {
        let given = entry.node.get_ref().type_str();
        let message = format!("`{}` cannot be {} {given}", entry.path, article(given));
        let expected = format!("must be {expected}");
        self.report.add(Diagnostic::error(self.value_place(entry), message).expected(expected));
    }

    /// Reports a fault of a value as a whole.
    pub(crate) fn refuse<T>(&mut self, entry: &Entry<'_>, fault: &Fault) -> Setting<T> {
        let place = self.value_place(entry);
        self.refuse_at(place, &entry.path, fault);
        Setting::written(None, place)
    }

    pub(crate) fn refuse_at(&mut self, place: Place, path: &str, fault: &Fault) {
        let message = format!("`{path}` {}", fault.problem);
        self.report.add(Diagnostic::error(place, message).expected(fault.expected.as_str()));
    }

    /// Reports that a table lacks a key.
    pub(crate) fn missing(&mut self, entry: &Entry<'_>, message: &str, example: &str) {
        if self.is_whole {
            let place = self.value_place(entry);
            self.report.add(Diagnostic::error(place, message).expected(format!("add {example}")));
        }
    }

    pub(crate) fn table<'n>(
        &mut self,
        entry: &Entry<'n>,
        expected: &str,
    ) -> Option<&'n DeTable<'n>> {
        let table = entry.node.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(entry, expected);
        }
        table
    }

    /// The items of an array, each as an entry of its own, or the lone value.
    pub(crate) fn items<'n>(&self, entry: &Entry<'n>) -> Vec<Entry<'n>> {
        let Some(array) = entry.node.get_ref().as_array() else {
            return vec![entry.clone()];
        };
        let item =
            |node: &'n Node<'n>| Entry { node, key: self.place(node.span()), ..entry.clone() };
        array.iter().map(item).collect()
    }

    pub(crate) fn flag(&mut self, entry: &Entry<'_>) -> Setting<bool> {
        let value = entry.node.get_ref().as_bool();
        if value.is_none() {
            self.wrong_type(entry, "true or false");
        }
        Setting::written(value, self.value_place(entry))
    }

    /// A word and the `no-` form that takes it back write one setting; `meaning` is what `true`
    /// says.
    pub(crate) fn toggle(&mut self, entry: &Entry<'_>, meaning: bool, setting: &mut Setting<bool>) {
        let is_pair = self.refuse_pair(entry, setting);
        let value = self.flag(entry).value().map(|flag| *flag == meaning).filter(|_| !is_pair);
        *setting = Setting::written(value, self.value_place(entry));
    }

    /// Reports a word beside the `no-` form of it, or the other way round; true if it is so.
    pub(crate) fn refuse_pair<T>(&mut self, entry: &Entry<'_>, first: &Setting<T>) -> bool {
        let Some(place) = first.place() else { return false };
        let other = match entry.word.strip_prefix("no-") {
            Some(word) => word.to_owned(),
            None => format!("no-{}", entry.word),
        };
        let message = format!("`{}` and `{other}` cannot go together", entry.word);
        let diagnostic = Diagnostic::error(self.value_place(entry), message)
            .expected("leave one of them out")
            .label(place, "the other is here");
        self.report.add(diagnostic);
        true
    }

    /// A string with its variables expanded.
    pub(crate) fn text(&mut self, entry: &Entry<'_>, expected: &str) -> Option<Text> {
        let Some(value) = entry.node.get_ref().as_str() else {
            self.wrong_type(entry, expected);
            return None;
        };
        let place = self.value_place(entry);
        let raw = self.text.get(place.start..place.end).unwrap_or("");
        match Text::quoted(place, raw, value).expand(self.surroundings.env) {
            Ok(text) => Some(text),
            Err(wrong) => {
                wrong.into_iter().for_each(|diagnostic| self.report.add(diagnostic));
                None
            }
        }
    }

    /// A string or a bare integer, as text.
    fn scalar(&mut self, entry: &Entry<'_>, expected: &str) -> Option<Text> {
        let Some(integer) = entry.node.get_ref().as_integer() else {
            return self.text(entry, expected);
        };
        // Beyond 128 bits it is out of every range, and its digits alone say so.
        let digits = i128::from_str_radix(integer.as_str(), integer.radix())
            .map_or_else(|_| integer.as_str().to_owned(), |value| value.to_string());
        Some(Text::opaque(self.value_place(entry), digits))
    }

    /// A value that `parse` makes of a string.
    pub(crate) fn parsed<T>(
        &mut self,
        entry: &Entry<'_>,
        expected: &str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Setting<T> {
        let text = self.text(entry, expected);
        self.parse_text(entry, text, parse)
    }

    /// A value that `parse` makes of a string or of the digits of an integer.
    pub(crate) fn parsed_scalar<T>(
        &mut self,
        entry: &Entry<'_>,
        expected: &str,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Setting<T> {
        let text = self.scalar(entry, expected);
        self.parse_text(entry, text, parse)
    }

    /// A value that `parse` makes of a text.
    pub(crate) fn parse_text<T>(
        &mut self,
        entry: &Entry<'_>,
        text: Option<Text>,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Setting<T> {
        let value = text.and_then(|text| match parse(text.as_str()) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.report.add(fault.about(&entry.path, &text));
                None
            }
        });
        Setting::written(value, self.value_place(entry))
    }

    /// An integer within the limits, both included; a string of digits will do, so that it can
    /// come from the environment.
    pub(crate) fn number<N: TryFrom<u64>>(
        &mut self,
        entry: &Entry<'_>,
        min: u64,
        max: u64,
    ) -> Setting<N> {
        self.parsed_scalar(entry, &format!("an integer from {min} to {max}"), |text| {
            let value = units::number(text, min, max)?;
            N::try_from(value).map_err(|_| {
                Fault::new(0..text.len(), "is out of range", format!("must be at most {max}"))
            })
        })
    }

    pub(crate) fn timeout(&mut self, entry: &Entry<'_>) -> Setting<Duration> {
        self.parsed_scalar(entry, "a duration such as \"30s\"", units::timeout)
    }

    pub(crate) fn duration(&mut self, entry: &Entry<'_>) -> Setting<Duration> {
        self.parsed_scalar(entry, "a duration such as \"30s\"", units::duration)
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(
        &mut self,
        entry: &Entry<'_>,
        words: &[(&str, T)],
        unsupported: &str,
    ) -> Setting<T> {
        let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let list = or_list(&known);
        self.parsed(entry, &list, |text| {
            if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
                return Ok(*value);
            }
            Err(unknown_word(text, 0..text.len(), &known, unsupported))
        })
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}
