//! `errorfile`, `errorfiles`, `errorloc*`: what stands in place of the built-in error pages.

use crate::diagnostic::Diagnostic;
use crate::draft::{ImportDraft, PageContent, PageDraft};
use crate::http;
use crate::model::{ErrorContent, ErrorResponse, Template};
use crate::page::{response_of, status};
use crate::place::Place;
use crate::section::proxy_name;
use crate::setting::Setting;
use crate::walk::{Entry, Key, Reader, Vocabulary, in_file_order};

const IMPORT_FORMS: &str = "a name, a table { name, codes }, or an array of those";

/// `[http-errors.NAME]`.
pub(super) const HTTP_ERRORS: Vocabulary<Vec<PageDraft>> =
    Vocabulary { noun: "key", owner: "", keys: &[Key::any("errorfile", files)], unsupported: "" };

const IMPORT: Vocabulary<ImportWords> = Vocabulary {
    noun: "word",
    owner: "",
    keys: &[
        Key::any("codes", |r, e, i| i.codes = codes(r, e)),
        Key::any("name", |r, e, i| i.name = name(r, e)),
    ],
    unsupported: "",
};

#[derive(Default)]
struct ImportWords {
    codes: Setting<Vec<(u16, Place)>>,
    name: Setting<String>,
}

/// `errorfile.N = "path"`.
pub(super) fn files(reader: &mut Reader<'_>, entry: &Entry<'_>, pages: &mut Vec<PageDraft>) {
    each_status(reader, entry, "errorfile.503 = \"503.http\"", |reader, status, member| {
        let text = reader.text(member, "the path of a file");
        let content = text.and_then(|path| {
            let read = response_of(reader.surroundings, &path);
            read.map_err(|fault| reader.report.add(fault.about(&member.path, &path))).ok()
        });
        pages.push(page(reader, status, member, content));
    });
}

/// `errorloc302.N = "url"` and its like.
pub(super) fn locations(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    code: u16,
    pages: &mut Vec<PageDraft>,
) {
    each_status(reader, entry, "errorloc302.503 = \"/sorry\"", |reader, status, member| {
        let read = reader.parsed(member, "a URL", http::location);
        let content = read.value().map(|url| {
            let field = |name: &str, value: &str| (name.to_owned(), Template::Bytes(value.into()));
            let response = ErrorResponse {
                status: code,
                reason: if code == 302 { "Found" } else { "See Other" }.to_owned(),
                fields: vec![field("cache-control", "no-cache"), field("location", url)],
                body: Template::Bytes(Vec::new()),
            };
            PageContent::Own(ErrorContent::Response(response), url.len())
        });
        pages.push(page(reader, status, member, content));
    });
}

fn page(
    reader: &Reader<'_>,
    status: u16,
    member: &Entry<'_>,
    content: Option<PageContent>,
) -> PageDraft {
    PageDraft {
        status,
        key: member.path.clone(),
        place: reader.value_place(member),
        content: content.unwrap_or(PageContent::Wrong),
    }
}

/// Hands on the members of a family of dotted statuses.
fn each_status(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    example: &str,
    mut read: impl FnMut(&mut Reader<'_>, u16, &Entry<'_>),
) {
    let Some(table) = reader.table(entry, &format!("a table: {example}")) else {
        return;
    };
    for (word, span, node) in in_file_order(table) {
        let path = format!("{}.{word}", entry.path);
        let member = Entry { path, word, key: reader.place(span), node };
        match status(word) {
            Ok(status) => read(reader, status, &member),
            Err(fault) => {
                let message = format!("`{}` {}", entry.path, fault.problem);
                reader.report.add(Diagnostic::error(member.key, message).expected(fault.expected));
            }
        }
    }
}

/// `errorfiles`.
pub(super) fn imports(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Vec<ImportDraft>> {
    let items = reader.items(entry);
    // Those that are good still serve to find names that do not exist.
    let imports = items.iter().filter_map(|item| import(reader, item)).collect();
    Setting::written(Some(imports), reader.value_place(entry))
}

fn import(reader: &mut Reader<'_>, item: &Entry<'_>) -> Option<ImportDraft> {
    let place = reader.value_place(item);
    if item.node.get_ref().is_str() {
        let name = name(reader, item).value()?.clone();
        return Some(ImportDraft { name, place, codes: None });
    }
    let table = reader.table(item, IMPORT_FORMS)?;
    let mut words = ImportWords::default();
    let is_complete = reader.walk(table, "errorfiles.", &IMPORT, &mut words);
    if is_complete && words.name.is_absent() {
        reader.missing(item, "`errorfiles` has no `name`", "name = \"site\"");
    }
    let place = words.name.place().unwrap_or(place);
    let name = words.name.value()?.clone();
    (!words.codes.is_wrong()).then(|| ImportDraft {
        name,
        place,
        codes: words.codes.value().cloned(),
    })
}

fn name(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<String> {
    reader.parsed(entry, "the name of an http-errors section", proxy_name)
}

fn codes(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Vec<(u16, Place)>> {
    let items = reader.items(entry);
    let read: Vec<_> = items
        .iter()
        .map(|item| reader.parsed_scalar(item, "a status such as 503", status))
        .collect();
    let good = read.iter().map(|code| code.value().copied().zip(code.place())).collect();
    Setting::written(good, reader.value_place(entry))
}
