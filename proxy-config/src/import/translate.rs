//! The state of a translation, and what every keyword needs of it.

use std::collections::BTreeSet;

use crate::Source;
use crate::diagnostic::Diagnostic;
use crate::draft::Kind;
use crate::import::document::{Entry, Section, SectionKind, Value};
use crate::import::line::Line;
use crate::import::note::{Note, Verdict};
use crate::import::{Options, Version, global, keyword, list, preset, proxy, section};
use crate::place::Place;
use crate::report::Report;
use crate::section::kinds_of;
use crate::text::Text;

/// The section that lines belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Current {
    /// Before the first one.
    Outside,
    Section(usize),
    /// It has been reported; its lines go with it.
    Skipped,
}

pub(super) struct Importer<'i> {
    pub(super) sources: &'i [Source],
    pub(super) options: Options,
    /// Backends that share their name with a frontend.
    pub(super) renamed: BTreeSet<String>,
    pub(super) sections: Vec<Section>,
    pub(super) current: Current,
    /// The `defaults` that sections take from now.
    pub(super) defaults: Option<usize>,
    /// `global`, once there is one.
    pub(super) global: Option<usize>,
    pub(super) notes: Vec<Note>,
    pub(super) report: Report,
}

impl<'i> Importer<'i> {
    pub(super) fn new(
        sources: &'i [Source],
        options: Options,
        lines: &[Line],
        report: Report,
    ) -> Self {
        Self {
            sources,
            options,
            renamed: section::shared_names(lines),
            sections: Vec::new(),
            current: Current::Outside,
            defaults: None,
            global: None,
            notes: Vec::new(),
            report,
        }
    }

    /// Takes the next line.
    pub(super) fn line(&mut self, line: &Line) {
        let before = self.notes.len();
        if section::open(self, line) {
            return;
        }
        match self.current {
            Current::Skipped => return,
            Current::Outside => {
                let message = format!("`{}` stands in no section", line.word(0));
                let known = keyword::remedy(line.word(0), keyword::SECTIONS);
                return self.report.add(Diagnostic::error(line.place, message).expected(known));
            }
            Current::Section(index) => self.keyword(index, line),
        }
        if self.notes.len() == before {
            let words: Vec<_> = line.words.iter().take(2).map(Text::as_str).collect();
            self.note(Verdict::Translated, line.place, words.join(" "));
        }
    }

    fn keyword(&mut self, index: usize, line: &Line) {
        match self.sections.get(index).map(|section| section.kind) {
            Some(SectionKind::Global) => global::line(self, line),
            Some(SectionKind::Proxy(_)) => proxy::line(self, line),
            Some(SectionKind::HttpErrors) => list::http_errors(self, line),
            Some(SectionKind::Userlist) => list::userlist(self, line),
            None => {}
        }
    }

    /// What HAProxy would do without being told.
    pub(super) fn finish(&mut self) {
        preset::apply(self);
    }

    /// The sections as the TOML has them: `defaults` first.
    pub(super) fn in_order(&self) -> impl Iterator<Item = &Section> {
        let rank = |section: &Section| match section.kind {
            SectionKind::Global => 0,
            SectionKind::Userlist | SectionKind::HttpErrors => 1,
            SectionKind::Proxy(Kind::Defaults) => 2,
            SectionKind::Proxy(_) => 3,
        };
        (0..=3).flat_map(move |wanted| {
            let is_it = move |section: &&Section| rank(section) == wanted && !section.is_disabled;
            self.sections.iter().filter(is_it)
        })
    }

    pub(super) fn version(&self) -> Version {
        self.options.version
    }

    /// The section that is being read.
    pub(super) fn section(&mut self) -> Option<&mut Section> {
        match self.current {
            Current::Section(index) => self.sections.get_mut(index),
            Current::Outside | Current::Skipped => None,
        }
    }

    /// The kind of the proxy section that is being read.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self.current {
            Current::Section(index) => match self.sections.get(index)?.kind {
                SectionKind::Proxy(kind) => Some(kind),
                SectionKind::Global | SectionKind::HttpErrors | SectionKind::Userlist => None,
            },
            Current::Outside | Current::Skipped => None,
        }
    }

    /// Whether a key may stand in this section; if not, that is told.
    pub(super) fn may_have(&mut self, key: &str, line: &Line) -> bool {
        let (Some(kind), Some(kinds)) = (self.kind(), kinds_of(key)) else { return true };
        if kinds.contains(&kind) {
            return true;
        }
        let message = format!("`{}` has no effect in a `{}`", name(line, key), kind.word());
        self.report.add(Diagnostic::warning(line.place, message.as_str()));
        self.note(Verdict::Ignored, line.place, message);
        false
    }

    /// Sets a key of the section; the first words of the line are its name.
    pub(super) fn set(&mut self, line: &Line, words: usize, key: &str, value: Value) {
        if self.may_have(key, line) {
            let entry = Entry::new(key, line.place_to(words), value, line.place);
            self.section().into_iter().for_each(|section| section.set(entry.clone()));
        }
    }

    /// Adds a line to the array of a key.
    pub(super) fn push(&mut self, line: &Line, words: usize, key: &str, value: Value) {
        if self.may_have(key, line) {
            let key_place = line.place_to(words);
            let item = Entry::new("", key_place, value, line.place);
            self.section()
                .into_iter()
                .for_each(|section| section.push(key, key_place, item.clone()));
        }
    }

    /// The word at an index; its absence is told.
    pub(super) fn word<'l>(&mut self, line: &'l Line, index: usize) -> Option<&'l Text> {
        let word = line.words.get(index);
        if word.is_none() {
            let words: Vec<_> = line.words.iter().map(Text::as_str).collect();
            let message = format!("`{}` lacks a word", words.join(" "));
            self.report.add(Diagnostic::error(line.place, message));
        }
        word
    }

    /// A line has no more than so many words; if it has, that is told.
    pub(super) fn ends(&mut self, line: &Line, words: usize) {
        if let Some(word) = line.words.get(words) {
            let message = format!("`{}` is too much", word.as_str());
            self.report.add(Diagnostic::error(line.place_from(words), message));
        }
    }

    /// A word needs a value behind it.
    pub(super) fn lacks_value(&mut self, word: &Text) {
        let message = format!("`{}` has no value", word.as_str());
        self.report.add(Diagnostic::error(word.whole(), message));
    }

    pub(super) fn note(&mut self, verdict: Verdict, place: Place, text: impl Into<String>) {
        self.notes.push(Note { verdict, text: text.into(), place });
    }

    /// What is not in the TOML and nothing is lost.
    pub(super) fn ignored(&mut self, place: Place, word: &str, remark: &str) {
        let message = format!("`{word}` {remark}");
        self.report.add(Diagnostic::notice(place, message.as_str()));
        self.note(Verdict::Ignored, place, message);
    }

    pub(super) fn assumed(&mut self, place: Place, text: impl Into<String>) {
        self.note(Verdict::Assumed, place, text);
    }

    /// What is not in the TOML and something is lost.
    pub(super) fn unsupported(&mut self, place: Place, message: impl Into<String>, remedy: &str) {
        let message = message.into();
        self.note(Verdict::NotSupported, place, message.as_str());
        self.report.add(if self.options.is_lenient {
            Diagnostic::warning(place, message).expected("left out")
        } else {
            Diagnostic::error(place, message).expected(remedy)
        });
    }

    pub(super) fn not_yet(&mut self, place: Place, what: &str) {
        self.unsupported(place, format!("`{what}` is not yet supported"), "");
    }

    /// An entry of a section or of those that it takes from.
    pub(super) fn effective(&self, index: usize, key: &str) -> Option<&Entry> {
        let mut next = Some(index);
        // A section takes only from earlier ones.
        while let Some(section) = next.and_then(|index| self.sections.get(index)) {
            if let Some(entry) = section.get(key) {
                return Some(entry);
            }
            next = section.parent;
        }
        None
    }
}

/// The keyword of a line as the file has it.
fn name(line: &Line, key: &str) -> String {
    let count = if key.contains('.') { 2 } else { 1 };
    let words: Vec<_> = line.words.iter().take(count).map(Text::as_str).collect();
    words.join(" ")
}
