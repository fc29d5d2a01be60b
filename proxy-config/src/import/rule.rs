//! Words of a line as one string: rules, which their reader splits again, and plain values.

use crate::import::line::cover;
use crate::import::section::SUFFIX;
use crate::import::translate::Importer;
use crate::place::Place;
use crate::text::Text;

/// Fetches whose first argument begins with the name of a backend.
const OF_BACKENDS: [&str; 13] = [
    "avg_queue",
    "be_conn",
    "be_conn_free",
    "be_sess_rate",
    "connslots",
    "nbsrv",
    "queue",
    "srv_conn",
    "srv_conn_free",
    "srv_is_up",
    "srv_queue",
    "srv_sess_rate",
    "srv_weight",
];

/// The words with blanks between them, each quoted as far as it must be.
pub(super) fn text(importer: &Importer<'_>, words: &[Text]) -> Text {
    let mut out = Text::empty(whole(words));
    for (nth, word) in words.iter().enumerate() {
        if nth > 0 {
            out.push(" ", before(word));
        }
        append(importer, word, &mut out);
    }
    out
}

/// The words with blanks between them, for a value whose reader knows no quotes.
pub(super) fn plain(words: &[Text]) -> Text {
    let mut out = Text::empty(whole(words));
    for (nth, word) in words.iter().enumerate() {
        if nth > 0 {
            out.push(" ", before(word));
        }
        out.copy(word, 0..word.as_str().len());
    }
    out
}

fn whole(words: &[Text]) -> Place {
    match (words.first(), words.last()) {
        (Some(first), Some(last)) => cover(first.whole(), last.whole()),
        _ => Place::new(0, 0..0),
    }
}

/// Just in front of a word.
fn before(word: &Text) -> Place {
    Place { end: word.whole().start, ..word.whole() }
}

/// As the file has it, where that means the same to the reader of rules.
fn append(importer: &Importer<'_>, word: &Text, out: &mut Text) {
    let place = word.whole();
    let source = importer.sources.get(place.source);
    let raw = source.and_then(|source| source.text.get(place.start..place.end)).unwrap_or("");
    let renamed = renamed(importer, word);
    let word = renamed.as_ref().unwrap_or(word);
    let split = Text::plain(0, raw).words();
    let means = |words: Vec<Text>| matches!(&words[..], [only] if only.as_str() == word.as_str());
    if !raw.contains("${") && split.is_ok_and(means) {
        let from = |at: usize| Place::new(place.source, at..at + 1);
        let mut at = place.start;
        for next in raw.chars() {
            out.push(
                next.encode_utf8(&mut [0; 4]),
                Place { end: at + next.len_utf8(), ..from(at) },
            );
            at += next.len_utf8();
        }
    } else {
        requote(word, out);
    }
}

fn requote(word: &Text, out: &mut Text) {
    let value = word.as_str();
    let start = Place { end: word.whole().start, ..word.whole() };
    out.push("\"", start);
    for (at, next) in value.char_indices() {
        let place = word.place(&(at..at + next.len_utf8()));
        match next {
            '"' | '\\' => out.push("\\", place),
            '\n' => {
                out.push("\\n", place);
                continue;
            }
            '\r' => {
                out.push("\\r", place);
                continue;
            }
            _ => {}
        }
        out.push(next.encode_utf8(&mut [0; 4]), place);
    }
    out.push("\"", Place { start: word.whole().end, ..word.whole() });
}

/// The word with the new names of backends in its fetches.
fn renamed(importer: &Importer<'_>, word: &Text) -> Option<Text> {
    let mut value = word.as_str().to_owned();
    for name in &importer.renamed {
        for fetch in OF_BACKENDS {
            for end in [')', '/', ','] {
                let old = format!("{fetch}({name}{end}");
                value = value.replace(&old, &format!("{fetch}({name}{SUFFIX}{end}"));
            }
        }
    }
    (value != word.as_str()).then(|| Text::opaque(word.whole(), value))
}

/// The name of a backend as the TOML has it.
pub(super) fn backend(importer: &Importer<'_>, name: &Text) -> Text {
    if !importer.renamed.contains(name.as_str()) {
        return name.clone();
    }
    let mut new = name.clone();
    let place = name.whole();
    new.push(SUFFIX, Place { start: place.end, ..place });
    new
}
