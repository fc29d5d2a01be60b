//! `server` and `default-server`.

use crate::import::address::{self, Unknown};
use crate::import::bind::{self, Row};
use crate::import::document::{Entry, Value};
use crate::import::keyword;
use crate::import::line::Line;
use crate::import::translate::Importer;
use crate::place::Place;
use crate::section::is_row_word;
use crate::text::Text;

/// Words with a value.
const VALUES: &str = "addr agent-addr agent-inter agent-port agent-send alpn ca-file cc \
    check-alpn check-pool-conn-name check-proto check-sni ciphers ciphersuites client-sigalgs \
    cookie crl-file crt curves downinter ech error-limit fall fastinter guid hash-key healthcheck \
    id idle-ping init-addr init-state inter log-bufsize log-proto max-reuse maxconn maxqueue \
    minconn namespace npn observe on-error on-marked-down on-marked-up pool-conn-name \
    pool-low-conn pool-max-conn pool-purge-delay port proto proxy-v2-options quic-cc-algo redir \
    resolve-net resolve-opts resolve-prefer resolvers rise set-proxy-v2-tlv-fmt shard sigalgs \
    slowstart sni socks4 source ssl-max-ver ssl-min-ver tcp-md5sig tcp-ut track usesrc verify \
    verifyhost weight ws";

const SERVER: Row = Row { values: VALUES, remarks: keyword::SERVER, knows: is_known };

fn is_known(word: &str) -> bool {
    is_row_word(word) || NEGATIONS.iter().any(|(negation, _)| *negation == word)
}

/// Words that take another back, where our keys have no such form.
const NEGATIONS: [(&str, &str); 8] = [
    ("enabled", "disabled"),
    ("no-backup", "backup"),
    ("no-check", "check"),
    ("no-check-send-proxy", "check-send-proxy"),
    ("no-disabled", "disabled"),
    ("no-send-proxy", "send-proxy"),
    ("no-send-proxy-v2", "send-proxy-v2"),
    ("no-agent-check", "agent-check"),
];

/// `server NAME ADDRESS WORD...`
pub(super) fn line(importer: &mut Importer<'_>, line: &Line) {
    let (Some(name), Some(word)) = (importer.word(line, 1), importer.word(line, 2)) else { return };
    let address = match address::server(word) {
        Ok(address) => address,
        Err(Unknown(problem)) => {
            return importer.unsupported(word.whole(), format!("address {problem}"), "");
        }
    };
    let entry = |key: &str, text: &Text| {
        Entry::new(key, text.whole(), Value::Text(text.clone()), line.place)
    };
    let mut entries = vec![entry("name", name), entry("address", &address)];
    entries.extend(words(importer, line.from(3)));
    importer.push(line, 1, "server", Value::table(entries));
}

/// Words of several lines are one table, as in HAProxy.
pub(super) fn default_line(importer: &mut Importer<'_>, line: &Line) {
    let new = words(importer, line.from(1));
    if new.is_empty() || !importer.may_have("default-server", line) {
        return;
    }
    let Some(section) = importer.section() else { return };
    let mut entries = match section.get("default-server") {
        Some(Entry { value: Value::Table(entries), .. }) => entries.clone(),
        _ => Vec::new(),
    };
    entries
        .retain(|entry| new.iter().all(|new| new.key != entry.key && !are_opposites(new, entry)));
    entries.extend(new);
    let unit = Place { end: line.place.start, ..line.place };
    section.set(Entry::new("default-server", line.place_to(1), Value::table(entries), unit));
}

fn are_opposites(first: &Entry, second: &Entry) -> bool {
    let is_no = |a: &Entry, b: &Entry| a.key.strip_prefix("no-") == Some(b.key.as_str());
    is_no(first, second) || is_no(second, first)
}

fn words(importer: &mut Importer<'_>, words: &[Text]) -> Vec<Entry> {
    let mut entries = bind::words(importer, words, &SERVER);
    for (negation, word) in NEGATIONS {
        let Some(at) = entries.iter().position(|entry| entry.key == negation) else { continue };
        let taken_back = entries.remove(at);
        entries.retain(|entry| entry.key != word);
        entries.push(Entry { key: word.to_owned(), value: Value::Flag(false), ..taken_back });
    }
    one_version(&mut entries);
    entries
}

/// The last of the versions of the PROXY protocol counts.
fn one_version(entries: &mut Vec<Entry>) {
    const FORMS: [&str; 4] =
        ["send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn"];
    let is_on = |entry: &Entry| {
        FORMS.contains(&entry.key.as_str()) && matches!(entry.value, Value::Flag(true))
    };
    if let Some(last) = entries.iter().rfind(|entry| is_on(entry)).map(|entry| entry.key.clone()) {
        entries.retain(|entry| !is_on(entry) || entry.key == last);
    }
}
