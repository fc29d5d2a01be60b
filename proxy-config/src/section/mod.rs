//! One file's sections into drafts.

mod alpn;
mod bind;
mod capture;
mod crt_list;
mod crypto;
mod error_page;
mod global;
mod log;
mod option;
mod path;
mod proxy;
mod retry;
mod row;
mod rule;
mod server;
mod sni;
mod timeout;
mod tls;
mod userlist;

pub(crate) use global::read_shards;
pub(crate) use log::LEVELS;

use toml::de::DeTable;

use crate::diagnostic::Diagnostic;
use crate::draft::{Draft, HttpErrorsDraft, Kind, ProxyDraft, UserlistDraft};
use crate::extra::Extras;
use crate::place::Place;
use crate::report::Report;
use crate::text::Fault;
use crate::walk::{Entry, Key, Reader, Vocabulary, in_file_order};
use crate::{Source, Surroundings, place, syntax, words};

const ROOT: Vocabulary<Draft> = Vocabulary {
    noun: "section",
    owner: "",
    keys: &[
        Key::any("backend", |r, e, d| named_sections(r, e, d, Kind::Backend)),
        Key::any("defaults", defaults),
        Key::any("frontend", |r, e, d| named_sections(r, e, d, Kind::Frontend)),
        Key::any("global", global_section),
        Key::any("http-errors", http_errors),
        Key::any("listen", |r, e, d| named_sections(r, e, d, Kind::Listen)),
        Key::any("userlist", userlists),
    ],
    unsupported: words::SECTIONS,
};

/// The kinds of sections that a key may stand in; `None` if there is no such key.
pub(crate) fn kinds_of(key: &str) -> Option<&'static [Kind]> {
    let (vocabulary, word) = match key.split_once('.') {
        Some(("option", word)) => (&option::OPTIONS, word),
        Some(("timeout", word)) => (&timeout::TIMEOUTS, word),
        Some((family, _)) => (&proxy::PROXY, family),
        None => (&proxy::PROXY, key),
    };
    vocabulary.keys.iter().find(|known| known.word == word).map(|known| known.kinds)
}

/// All options.
pub(crate) fn option_words() -> impl Iterator<Item = &'static str> {
    option::OPTIONS.keys.iter().map(|key| key.word)
}

/// Whether a `bind` or a `server` may have a word, now or later.
pub(crate) fn is_row_word(word: &str) -> bool {
    let of_bind = bind::BIND.keys.iter().any(|key| key.word == word);
    let of_server = server::SERVER.keys.iter().any(|key| key.word == word);
    of_bind || of_server || bind::BIND.is_unsupported(word) || server::SERVER.is_unsupported(word)
}

/// What a file is read into.
pub(crate) struct Into<'a> {
    pub(crate) draft: &'a mut Draft,
    pub(crate) extras: &'a mut Extras,
    pub(crate) report: &'a mut Report,
}

/// Adds a file to the draft; false if its syntax is broken, so that keys may be missing.
pub(crate) fn read(
    index: usize,
    source: &Source,
    surroundings: Surroundings<'_>,
    into: Into<'_>,
) -> bool {
    let Into { draft, extras, report } = into;
    let syntax = syntax::parse(index, &source.text);
    let mut found = Report::default();
    let mut reader = Reader {
        source: index,
        text: &source.text,
        surroundings,
        is_whole: syntax.is_whole,
        kind: None,
        extras,
        report: &mut found,
    };
    reader.walk(&syntax.root, "", &ROOT, draft);
    // The walk meets all sections of a kind together.
    draft.proxies.sort_by_key(|proxy| proxy.place);
    report.merge(syntax.report, |_| true);
    report.merge(found, |diagnostic| {
        let mut labels = diagnostic.labels().iter().filter(|label| label.source == index);
        let start = labels.next().map(|label| place::line_start(&source.text, label.span.start));
        !start.is_some_and(|start| syntax.broken_lines.contains(&start))
    });
    syntax.is_whole
}

fn global_section(reader: &mut Reader<'_>, entry: &Entry<'_>, draft: &mut Draft) {
    if let Some(table) = reader.table(entry, "a section: [global]") {
        draft.global_places.push(entry.key);
        reader.walk(table, "", &global::GLOBAL, &mut draft.global);
    }
}

/// `[frontend.NAME]` and its like.
fn named_sections(reader: &mut Reader<'_>, entry: &Entry<'_>, draft: &mut Draft, kind: Kind) {
    for (name, place, table) in sections(reader, entry) {
        draft.proxies.push(section_of(reader, table, kind, Some(name), place));
    }
}

/// `[http-errors.NAME]`.
fn http_errors(reader: &mut Reader<'_>, entry: &Entry<'_>, draft: &mut Draft) {
    for (name, place, table) in sections(reader, entry) {
        check_name(reader, "an http-errors section", name, place);
        let name = name.to_owned();
        let mut section = HttpErrorsDraft { name, place, pages: Vec::new(), is_complete: true };
        section.is_complete = reader.walk(table, "", &error_page::HTTP_ERRORS, &mut section.pages);
        draft.http_errors.push(section);
    }
}

/// `[userlist.NAME]`.
fn userlists(reader: &mut Reader<'_>, entry: &Entry<'_>, draft: &mut Draft) {
    for (name, place, table) in sections(reader, entry) {
        check_name(reader, "a userlist", name, place);
        let name = name.to_owned();
        let mut list = UserlistDraft { name, place, users: Vec::new(), groups: Vec::new() };
        reader.walk(table, "", &userlist::USERLIST, &mut list);
        draft.userlists.push(list);
    }
}

/// The named sections of a kind: name, place of the name, content.
fn sections<'n>(
    reader: &mut Reader<'_>,
    entry: &Entry<'n>,
) -> Vec<(&'n str, Place, &'n DeTable<'n>)> {
    let form = format!("a named section: [{}.NAME]", entry.word);
    let Some(sections) = reader.table(entry, &form) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, span, node) in in_file_order(sections) {
        let key = reader.place(span);
        let section = Entry { path: format!("{}.{name}", entry.word), word: name, key, node };
        if let Some(table) = reader.table(&section, &form) {
            found.push((name, key, table));
        }
    }
    found
}

/// `[defaults]` and `[defaults.NAME]` share a table: what opens a section of its own is named.
fn defaults(reader: &mut Reader<'_>, entry: &Entry<'_>, draft: &mut Draft) {
    let Some(table) = reader.table(entry, "a section: [defaults] or [defaults.NAME]") else {
        return;
    };
    let mut unnamed = ProxyDraft::new(Kind::Defaults, None, entry.key);
    let mut has_settings = false;
    for (word, span, node) in in_file_order(table) {
        let key = reader.place(span);
        match node.get_ref().as_table() {
            Some(inner) if is_named_defaults(reader, word, key) => {
                draft.defaults.push(section_of(reader, inner, Kind::Defaults, Some(word), key));
            }
            _ => {
                has_settings = true;
                let member = Entry { path: word.to_owned(), word, key, node };
                proxy::read_key(reader, &member, &mut unnamed);
            }
        }
    }
    if has_settings {
        draft.defaults.push(unnamed);
    }
}

/// A header names a section, unless its word is a family that a header may open as well:
/// `[defaults.timeout]` is `timeout` of the unnamed defaults.
fn is_named_defaults(reader: &Reader<'_>, word: &str, key: Place) -> bool {
    let is_family = words::FAMILIES.split_whitespace().any(|family| family == word);
    !is_family && place::line(reader.text, key.start).starts_with('[')
}

fn section_of(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    kind: Kind,
    name: Option<&str>,
    place: Place,
) -> ProxyDraft {
    if let Some(name) = name {
        check_name(reader, &format!("a {}", kind.word()), name, place);
    }
    let mut draft = ProxyDraft::new(kind, name.map(str::to_owned), place);
    for (word, span, node) in in_file_order(table) {
        let key = reader.place(span);
        proxy::read_key(reader, &Entry { path: word.to_owned(), word, key, node }, &mut draft);
    }
    draft
}

fn check_name(reader: &mut Reader<'_>, of: &str, name: &str, place: Place) {
    if let Err(fault) = proxy_name(name) {
        let message = format!("the name of {of} {}", fault.problem);
        reader.report.add(Diagnostic::error(place, message).expected(fault.expected));
    }
}

/// The name of a section or a server: it stands between blanks in logs.
pub(crate) fn proxy_name(name: &str) -> Result<String, Fault> {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
    let expected = "a name has only letters, digits and - _ . :";
    if name.is_empty() {
        return Err(Fault::new(0..0, "is empty", expected));
    }
    if !name.bytes().all(is_allowed) {
        return Err(Fault::new(0..name.len(), "has a character that names cannot have", expected));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_words<T>(vocabulary: &Vocabulary<T>) {
        let words: Vec<_> = vocabulary.keys.iter().map(|key| key.word).collect();
        assert!(words.is_sorted(), "{words:?}");
        for word in words {
            assert!(!vocabulary.is_unsupported(word), "{word} is supported and unsupported");
        }
    }

    #[test]
    fn words_are_either_supported_or_not() {
        check_words(&ROOT);
        check_words(&global::GLOBAL);
        check_words(&global::TUNE);
        check_words(&global::TUNE_BUFFERS);
        check_words(&global::TUNE_HTTP);
        check_words(&global::TUNE_SSL);
        check_words(&crypto::BIND_OPTIONS);
        check_words(&crypto::SERVER_OPTIONS);
        check_words(&crt_list::LINE);
        check_words(&proxy::PROXY);
        check_words(&timeout::TIMEOUTS);
        check_words(&option::OPTIONS);
        check_words(&bind::BIND);
        check_words(&server::SERVER);
        check_words(&log::LOG);
        check_words(&capture::CAPTURES);
        check_words(&error_page::HTTP_ERRORS);
        check_words(&userlist::USERLIST);
        check_words(&userlist::USER);
        check_words(&userlist::GROUP);
    }

    #[test]
    fn families_are_keys() {
        for family in words::FAMILIES.split_whitespace() {
            let is_key = proxy::PROXY.keys.iter().any(|key| key.word == family);
            assert!(is_key || proxy::PROXY.is_unsupported(family), "{family}");
        }
    }

    #[test]
    fn names_of_sections() {
        for good in ["a", "web-1", "web_1", "web.example.org", "web:80"] {
            assert!(proxy_name(good).is_ok(), "{good}");
        }
        for bad in ["", "my site", "a/b", "caf\u{e9}", "a\n"] {
            assert!(proxy_name(bad).is_err(), "{bad}");
        }
    }
}
