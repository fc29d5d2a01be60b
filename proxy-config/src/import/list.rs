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
        entries.push(Entry::new(*key, word.whole(), value, unit));
    }
    let key = line.word(0).to_owned();
    importer.push(line, 1, &key, Value::Table(entries));
}

/// Names between commas, as an array.
fn names(text: &Text) -> Value {
    let mut items = Vec::new();
    let mut start = 0;
    for part in text.as_str().split(',') {
        let name = text.part(start..start + part.len());
        start += part.len() + 1;
        if !part.is_empty() {
            items.push(Entry::new("", name.whole(), Value::Text(name), text.whole()));
        }
    }
    Value::Array(items)
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
            let item =
                |code: &Text| Entry::new("", code.whole(), Value::Scalar(code.clone()), line.place);
            let items = codes.iter().map(item).collect();
            let place = cover(first.whole(), last.whole());
            Value::Table(vec![
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
