//! Headers of sections.

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostic;
use crate::draft::Kind;
use crate::import::document::{Entry, Section, SectionKind, Value};
use crate::import::line::Line;
use crate::import::note::Verdict;
use crate::import::translate::{Current, Importer};
use crate::import::{bind, keyword};
use crate::place::Place;
use crate::text::Text;
use crate::words;

/// Behind the name of a backend that shares it with a frontend.
pub(super) const SUFFIX: &str = ".be";

/// Names that frontends and backends have both: here a name is that of one section.
pub(super) fn shared_names(lines: &[Line]) -> BTreeSet<String> {
    let named = |word: &str| -> BTreeSet<&str> {
        lines.iter().filter(|line| line.word(0) == word).map(|line| line.word(1)).collect()
    };
    let (frontends, backends) = (named("frontend"), named("backend"));
    frontends.intersection(&backends).map(|name| (*name).to_owned()).collect()
}

/// Opens a section where the line is the header of one.
pub(super) fn open(importer: &mut Importer<'_>, line: &Line) -> bool {
    let kind = match line.word(0) {
        "global" => return global(importer, line),
        "userlist" => SectionKind::Userlist,
        "http-errors" => SectionKind::HttpErrors,
        "defaults" => SectionKind::Proxy(Kind::Defaults),
        "frontend" => SectionKind::Proxy(Kind::Frontend),
        "backend" => SectionKind::Proxy(Kind::Backend),
        "listen" => SectionKind::Proxy(Kind::Listen),
        word if keyword::is_unsupported_section(word) => {
            importer.current = Current::Skipped;
            importer.unsupported(
                line.place,
                format!("sections `{word}` are not yet supported"),
                "",
            );
            return true;
        }
        _ => return false,
    };
    match kind {
        SectionKind::Proxy(Kind::Defaults) => defaults(importer, line),
        SectionKind::Proxy(kind) => proxy(importer, line, kind),
        _ => named(importer, line, kind),
    }
    importer.note(Verdict::Translated, line.place, joined(line.from(0)));
    true
}

fn joined(words: &[Text]) -> String {
    let words: Vec<_> = words.iter().take(2).map(Text::as_str).collect();
    words.join(" ")
}

/// `global` may come several times; it is one section.
fn global(importer: &mut Importer<'_>, line: &Line) -> bool {
    importer.ends(line, 1);
    let index = match importer.global {
        Some(index) => index,
        None => add(importer, Section::new(SectionKind::Global, None, line.place)),
    };
    importer.global = Some(index);
    importer.current = Current::Section(index);
    true
}

fn named(importer: &mut Importer<'_>, line: &Line, kind: SectionKind) {
    if let Some(name) = importer.word(line, 1) {
        let name = Some(name.as_str().to_owned());
        let index = add(importer, Section::new(kind, name, line.place_from(1)));
        importer.current = Current::Section(index);
        importer.ends(line, 2);
    } else {
        importer.current = Current::Skipped;
    }
}

/// A second section of a kind and name is an error; it is read for its mistakes only.
fn add(importer: &mut Importer<'_>, mut section: Section) -> usize {
    let is_same = |other: &&Section| {
        section.name.is_some()
            && (other.kind, &other.name) == (section.kind, &section.name)
            && section.kind != SectionKind::Proxy(Kind::Defaults)
    };
    if let Some(first) = importer.sections.iter().find(is_same).map(|first| first.place) {
        let header = section.header().replacen('.', " ", 1);
        let duplicate = Diagnostic::error(section.place, format!("`{header}` is there already"))
            .label(first, "first given here");
        importer.report.add(duplicate);
        section.is_disabled = true;
    }
    importer.sections.push(section);
    importer.sections.len() - 1
}

/// `defaults [NAME] [from NAME]`: it starts from nothing, or from another.
fn defaults(importer: &mut Importer<'_>, line: &Line) {
    let has_name = line.words.len() > 1 && line.word(1) != "from";
    let place = if has_name { line.place_to(2) } else { line.place };
    let name = has_name.then(|| line.word(1).to_owned());
    let parent = from(importer, line, if has_name { 2 } else { 1 });
    let mut section = Section::new(SectionKind::Proxy(Kind::Defaults), name, place);
    section.parent = parent;
    let index = add(importer, section);
    importer.defaults = Some(index);
    importer.current = Current::Section(index);
}

fn proxy(importer: &mut Importer<'_>, line: &Line, kind: Kind) {
    let Some(name) = importer.word(line, 1) else {
        importer.current = Current::Skipped;
        return;
    };
    let place = name.whole();
    let is_renamed = kind == Kind::Backend && importer.renamed.contains(name.as_str());
    let name =
        if is_renamed { format!("{}{SUFFIX}", name.as_str()) } else { name.as_str().to_owned() };
    if is_renamed {
        let text = format!("named `{name}`: a frontend has the name of the backend");
        importer.assumed(line.place, text);
    }
    let has_address = kind.is_frontend() && line.words.len() > 2 && line.word(2) != "from";
    let at = line.words.iter().position(|word| word.as_str() == "from").unwrap_or(line.words.len());
    let parent = from(importer, line, if has_address { at } else { 2 });
    let mut section = Section::new(SectionKind::Proxy(kind), Some(name), place);
    section.parent = parent.or_else(|| Some(implicit(importer, line.place)));
    let index = add(importer, section);
    importer.current = Current::Section(index);
    if has_address {
        bind::old_form(importer, line);
    }
}

/// The `from NAME` that stands at an index, if anything does.
fn from(importer: &mut Importer<'_>, line: &Line, index: usize) -> Option<usize> {
    let word = line.words.get(index)?;
    if word.as_str() != "from" {
        let message = format!("unknown word `{}`", word.as_str());
        importer.report.add(Diagnostic::error(word.whole(), message).expected("must be `from`"));
        return None;
    }
    let wanted = importer.word(line, index + 1)?;
    importer.ends(line, index + 2);
    let is_it = |section: &Section| {
        section.kind == SectionKind::Proxy(Kind::Defaults)
            && section.name.as_deref() == Some(wanted.as_str())
    };
    let found = importer.sections.iter().rposition(is_it);
    if found.is_none() {
        let message = format!("there is no defaults section `{}` before this", wanted.as_str());
        importer.report.add(Diagnostic::error(wanted.whole(), message));
    }
    found
}

/// What a section takes from that does not say it: the last `defaults`, or HAProxy's own.
fn implicit(importer: &mut Importer<'_>, place: Place) -> usize {
    let index = importer.defaults.unwrap_or_else(|| {
        let section = Section::new(SectionKind::Proxy(Kind::Defaults), None, place);
        importer.sections.push(section);
        importer.sections.len() - 1
    });
    importer.defaults = Some(index);
    index
}

/// Gives the `defaults` their names, and the sections their `from`.
pub(super) fn link(importer: &mut Importer<'_>) {
    let mut taken: BTreeSet<String> =
        words::FAMILIES.split_whitespace().map(str::to_owned).collect();
    let mut has_unnamed = false;
    let mut count = 0;
    for section in &mut importer.sections {
        if section.kind != SectionKind::Proxy(Kind::Defaults) {
            continue;
        }
        count += 1;
        // The unnamed one here takes from nothing.
        if section.name.is_none() && !has_unnamed && section.parent.is_none() {
            has_unnamed = true;
            continue;
        }
        let wanted = section.name.clone().unwrap_or_else(|| format!("defaults-{count}"));
        section.name = Some(free_name(&wanted, &taken));
        taken.extend(section.name.clone());
    }
    for index in 0..importer.sections.len() {
        let parent = importer.sections.get(index).and_then(|section| section.parent);
        let parent = parent.and_then(|parent| importer.sections.get(parent)?.name.clone());
        if let (Some(name), Some(section)) = (parent, importer.sections.get_mut(index)) {
            let place = section.place;
            let value = Value::Text(Text::opaque(place, name));
            let unit = Place { end: place.start, ..place };
            section.entries.insert(0, Entry::new("from", place, value, unit));
        }
    }
}

fn free_name(wanted: &str, taken: &BTreeSet<String>) -> String {
    let names = std::iter::once(wanted.to_owned());
    let mut names = names.chain((2..).map(|nth| format!("{wanted}-{nth}")));
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}
