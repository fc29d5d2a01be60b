//! `bind`, and the addresses that old files have in the headers of sections.

use crate::import::address::{self, Unknown};
use crate::import::document::{Entry, Value, key};
use crate::import::keyword;
use crate::import::line::{Line, cover};
use crate::import::translate::Importer;
use crate::place::Place;
use crate::section::is_row_word;
use crate::text::Text;

/// Words with a value.
const VALUES: &str = "accept-netscaler-cip alpn backlog ca-ignore-err ca-file ca-sign-file \
    ca-sign-pass ca-verify-file cc ciphers ciphersuites client-sigalgs crl-file crt \
    crt-ignore-err crt-list curves default-crt ecdhe ech expose-fd gid group guid-prefix id \
    idle-ping interface ktls label level maxconn mode mss name namespace nbconn nice npn \
    ocsp-update process proto quic-cc-algo quic-socket severity-output shards sigalgs ssl-max-ver \
    ssl-min-ver tcp-md5sig tcp-ss tcp-ut thread tls-ticket-keys uid user verify";

/// What words in a row there are.
pub(super) struct Row {
    /// Words with a value.
    pub(super) values: &'static str,
    pub(super) remarks: &'static [(&'static str, &'static str)],
    /// Whether there is such a word; of another one, what follows is taken for its value.
    pub(super) knows: fn(&str) -> bool,
}

const BIND: Row = Row { values: VALUES, remarks: keyword::BIND, knows: is_row_word };

/// Keys of ours that are no words of HAProxy's where they have no value.
const OWN: [&str; 2] = ["address", "name"];

/// Words that may come several times.
const REPEATED: [&str; 3] = ["crt", "crt-list", "default-crt"];

/// `bind ADDRESS[,ADDRESS...] WORD...`
pub(super) fn line(importer: &mut Importer<'_>, line: &Line) {
    let Some(word) = importer.word(line, 1).cloned() else { return };
    add(importer, line, &word, 2);
}

/// `listen NAME ADDRESS`, as files of HAProxy 1.x have it.
pub(super) fn old_form(importer: &mut Importer<'_>, line: &Line) {
    let Some(word) = line.words.get(2).cloned() else { return };
    importer.assumed(line.place, "the address in the header is a `bind`");
    let before_from = line.words.iter().position(|word| word.as_str() == "from");
    let end = before_from.unwrap_or(line.words.len());
    let words = line.words.get(..end).unwrap_or(&line.words).to_vec();
    add(importer, &Line { words, place: line.place }, &word, 3);
}

fn add(importer: &mut Importer<'_>, line: &Line, word: &Text, from: usize) {
    let addresses = match address::binds(word) {
        Ok(addresses) => addresses,
        Err(Unknown(problem)) => {
            return importer.unsupported(word.whole(), format!("address {problem}"), "");
        }
    };
    let words = words(importer, line.from(from), &BIND);
    for address in addresses {
        let value = if words.is_empty() {
            Value::Text(address)
        } else {
            let entry = Entry::new("address", address.whole(), Value::Text(address), line.place);
            Value::table(std::iter::once(entry).chain(words.iter().cloned()).collect())
        };
        importer.push(line, 1, "bind", value);
    }
}

/// Words of a `bind`, a `server` or a `default-server` as a table. Those that mean nothing are told.
pub(super) fn words(importer: &mut Importer<'_>, words: &[Text], row: &Row) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let name = word.as_str();
        let has_value = row.values.split_whitespace().any(|known| known == name);
        let value = if has_value { rest.next() } else { None };
        let unit = cover(word.whole(), value.unwrap_or(word).whole());
        if let Some(remark) = keyword::remark(row.remarks, name) {
            importer.ignored(unit, name, remark);
            continue;
        }
        if OWN.contains(&name) && !has_value {
            importer.unsupported(unit, format!("unknown word `{name}`"), "");
            continue;
        }
        let value = match value {
            None if has_value => {
                importer.lacks_value(word);
                continue;
            }
            None => {
                skip_value(row, name, &mut rest);
                Value::Flag(true)
            }
            Some(value) => Value::Scalar(value.clone()),
        };
        put(&mut entries, name, word.whole(), value, unit);
    }
    entries
}

fn skip_value(row: &Row, name: &str, rest: &mut std::slice::Iter<'_, Text>) {
    let is_known = |word: &str| (row.knows)(word) || word.starts_with("no-");
    let next = rest.as_slice().first();
    if !is_known(name) && next.is_some_and(|next| !is_known(next.as_str())) {
        rest.next();
    }
}

fn put(entries: &mut Vec<Entry>, name: &str, place: Place, value: Value, unit: Place) {
    let opposite = name.strip_prefix("no-").map_or_else(|| format!("no-{name}"), str::to_owned);
    entries.retain(|entry| entry.key != key(&opposite));
    let name = key(name);
    let known = entries.iter_mut().find(|entry| entry.key == name);
    if REPEATED.contains(&name.as_str()) {
        let item = Entry::new("", place, value, unit);
        match known {
            Some(Entry { value: Value::Array(items), .. }) => items.push(item),
            _ => entries.push(Entry::new(name, place, Value::Array(vec![item]), unit)),
        }
        return;
    }
    let entry = Entry::new(name, place, value, unit);
    match known {
        Some(known) => *known = entry,
        None => entries.push(entry),
    }
}
