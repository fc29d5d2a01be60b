//! Sections that are lists: `userlist` and `http-errors`.

use crate::diagnostic::Diagnostic;
use crate::import::document::{Entry, Value, key};
use crate::import::keyword;
use crate::import::line::{Line, cover};
use crate::import::translate::Importer;
use crate::text::Text;

/// `user NAME password|insecure-password SECRET [groups NAME,NAME]`, `group NAME [users NAME,NAME]`.
pub(super) fn userlist(importer: &mut Importer<'_>, line: &Line) {
    let lists: &[&str] = match line.word(0) {
        "user" => &["password", "insecure-password", "groups"],
        "group" => &["users"],
        other => return unknown(importer, line, other, &["group", "user"]),
    };
    let Some(name) = importer.word(line, 1).cloned() else { return };
    if is_there(importer, line.word(0), name.as_str()) {
        let remark = "is there already: this one does not count";
        return importer.ignored(
            line.place,
            &format!("{} {}", line.word(0), name.as_str()),
            remark,
        );
    }
    let unit = line.place;
    let mut entries = vec![Entry::new("name", name.whole(), Value::Text(name), unit)];
    let mut words = line.from(2).iter();
    while let Some(word) = words.next() {
        let known = lists.iter().find(|known| **known == word.as_str());
        let (Some(key), Some(value)) = (known, words.next()) else {
            let message = format!("unknown word `{}`", word.as_str());
            let expected = format!("must be one of {}, with a value", lists.join(" "));
            let diagnostic = Diagnostic::error(word.whole(), message).expected(expected);
            return importer.report.add(diagnostic);
        };
        let value = if key.ends_with('s') { names(value) } else { Value::Text(value.clone()) };
        if key.ends_with("password") {
            entries.retain(|entry| !entry.key.ends_with("password"));
        }
        entries.push(Entry::new(*key, word.whole(), value, unit));
    }
    let key = line.word(0).to_owned();
    importer.push(line, 1, &key, Value::table(entries));
}

/// Of users and groups the first of a name counts.
fn is_there(importer: &mut Importer<'_>, kind: &str, name: &str) -> bool {
    let known = importer.section().and_then(|section| section.get(kind));
    let Some(Entry { value: Value::Array(known), .. }) = known else { return false };
    known.iter().any(|entry| match &entry.value {
        Value::Table(words) => words.iter().any(|word| is_text(word, "name", name)),
        _ => false,
    })
}

fn is_text(entry: &Entry, key: &str, text: &str) -> bool {
    let value = match &entry.value {
        Value::Scalar(value) | Value::Text(value) => value.as_str(),
        _ => return false,
    };
    entry.key == key && value == text
}

/// Names between commas, as an array.
fn names(text: &Text) -> Value {
    let mut items = Vec::new();
    let mut start = 0;
    for part in text.as_str().split(',') {
        let name = text.part(start..start + part.len());
        start += part.len() + 1;
        if !part.is_empty() && !has(&items, part) {
            items.push(Entry::new("", name.whole(), Value::Text(name), text.whole()));
        }
    }
    Value::Array(items)
}

fn has(items: &[Entry], text: &str) -> bool {
    items.iter().any(|item| is_text(item, "", text))
}

/// `errorfile CODE FILE`.
pub(super) fn http_errors(importer: &mut Importer<'_>, line: &Line) {
    match line.word(0) {
        "errorfile" => error_file(importer, line),
        other => unknown(importer, line, other, &["errorfile"]),
    }
}

/// `errorfile`, `errorloc`, `errorloc302` or `errorloc303`: the last one for a status counts.
pub(super) fn error_file(importer: &mut Importer<'_>, line: &Line) {
    let (Some(code), Some(value)) = (importer.word(line, 1), importer.word(line, 2)) else {
        return;
    };
    importer.ends(line, 3);
    if let Some(section) = importer.section() {
        for other in ["errorfile", "errorloc", "errorloc302", "errorloc303"] {
            section.remove(&format!("{other}.{}", key(code.as_str())));
        }
    }
    let name = format!("{}.{}", line.word(0), key(code.as_str()));
    importer.set(line, 2, &name, Value::Text(value.clone()));
}

/// `errorfiles NAME [CODE...]`.
pub(super) fn error_files(importer: &mut Importer<'_>, line: &Line) {
    let Some(name) = importer.word(line, 1) else { return };
    let codes = line.from(2);
    let value = match (codes.first(), codes.last()) {
        (Some(first), Some(last)) => {
            let mut items = Vec::new();
            for code in codes.iter() {
                if !has(&items, code.as_str()) {
                    let value = Value::Scalar(code.clone());
                    items.push(Entry::new("", code.whole(), value, line.place));
                }
            }
            let place = cover(first.whole(), last.whole());
            Value::table(vec![
                Entry::new("name", name.whole(), Value::Text(name.clone()), line.place),
                Entry::new("codes", place, Value::Array(items), line.place),
            ])
        }
        _ => Value::Text(name.clone()),
    };
    importer.push(line, 1, "errorfiles", value);
}

fn unknown(importer: &mut Importer<'_>, line: &Line, word: &str, known: &[&'static str]) {
    let place = line.place_to(1);
    let remedy = keyword::remedy(word, known.iter().copied());
    importer.unsupported(place, format!("unknown keyword `{word}`"), &remedy);
}
