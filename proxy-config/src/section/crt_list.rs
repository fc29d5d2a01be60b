//! `crt-list`: a file that names certificates, each with options of its own and the names that it
//! is for.
//!
//! ```text
//! # a comment
//! PATH [OPTION VALUE ...] FILTER...
//! ```

use std::ops::Range;
use std::sync::Arc;

use crate::Source;
use crate::diagnostic::Diagnostic;
use crate::draft::{CrtLineDraft, CrtListDraft, PolicyWords};
use crate::section::row::{self, Word};
use crate::section::{alpn, crypto, path, sni, tls};
use crate::setting::Setting;
use crate::text::{Fault, Text};
use crate::walk::{Entry, Key, Reader, Vocabulary};
use crate::{page, words};

/// What the brackets of a line may hold.
pub(super) const LINE: Vocabulary<PolicyWords> = Vocabulary {
    noun: "option",
    owner: "crt-list",
    keys: &[
        Key::any("alpn", |r, e, w| alpn::read_into(r, e, &mut w.alpn)),
        Key::any("ca-file", tls::client_ca_file),
        Key::any("ciphers", crypto::ciphers),
        Key::any("ciphersuites", crypto::ciphersuites),
        Key::any("crl-file", tls::client_crl_file),
        Key::any("curves", crypto::curves),
        Key::any("ecdhe", crypto::ecdhe),
        Key::any("no-alpn", |r, e, w| alpn::read_no(r, e, &mut w.alpn)),
        Key::any("no-ca-names", tls::no_ca_names),
        Key::any("ssl-max-ver", crypto::max_ver),
        Key::any("ssl-min-ver", crypto::min_ver),
        Key::any("verify", tls::client_verify),
    ],
    unsupported: words::CRT_LIST,
};

/// The files that are named.
pub(super) fn read(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Vec<Arc<CrtListDraft>>> {
    path::each(reader, entry, |reader, item| {
        let text = reader.text(item, "the path of a list of certificates, or an array of paths");
        let list = text.and_then(|path| match list(reader, &path) {
            Ok(list) => Some(list),
            Err(fault) => {
                reader.report.add(fault.about(&item.path, &path));
                None
            }
        });
        Setting::written(list, reader.value_place(item))
    })
}

fn list(reader: &mut Reader<'_>, path: &Text) -> Result<Arc<CrtListDraft>, Fault> {
    if let Some(known) = reader.extras.crt_lists.get(path.as_str()) {
        return Ok(Arc::clone(known));
    }
    let bytes = page::read_file(reader.surroundings, path)?;
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(Fault::new(0..path.as_str().len(), "names a file that is no text", ""));
    };
    let source = Arc::new(Source { name: path.as_str().to_owned(), text });
    let mut inner = Reader {
        source: reader.extras.add(Arc::clone(&source)),
        text: &source.text,
        surroundings: reader.surroundings,
        is_whole: true,
        kind: None,
        extras: reader.extras,
        report: reader.report,
    };
    let list = Arc::new(lines(&mut inner, &source));
    reader.extras.crt_lists.insert(path.as_str().to_owned(), Arc::clone(&list));
    Ok(list)
}

fn lines(reader: &mut Reader<'_>, source: &Source) -> CrtListDraft {
    let mut list = CrtListDraft { lines: Vec::new(), is_complete: true };
    let mut at = 0;
    for (nth, text) in source.text.split('\n').enumerate() {
        let line = Line { whole: &source.text, span: at..at + text.len() };
        at += text.len() + 1;
        if line.words(line.span.clone()).next().is_none() {
            continue;
        }
        match line.read(reader, format!("{}:{}", source.name, nth + 1)) {
            Some(line) => list.lines.push(line),
            None => list.is_complete = false,
        }
    }
    list
}

struct Line<'s> {
    whole: &'s str,
    span: Range<usize>,
}

impl<'s> Line<'s> {
    /// The words within a span, up to a comment.
    fn words(&self, span: Range<usize>) -> impl Iterator<Item = Word<'s>> + use<'s> {
        let text = self.whole.get(span.clone()).unwrap_or("");
        let mut at = span.start;
        let words = text.split(|c: char| c.is_ascii_whitespace()).map(move |word| {
            let start = at;
            at += word.len() + 1;
            Word { text: word, span: start..start + word.len() }
        });
        words.filter(|word| !word.text.is_empty()).take_while(|word| !word.text.starts_with('#'))
    }

    /// `None` if something in it was refused.
    fn read(&self, reader: &mut Reader<'_>, text: String) -> Option<CrtLineDraft> {
        let first = self.words(self.span.clone()).next()?;
        let name = first.text.split('[').next().unwrap_or("");
        let end = first.span.start + name.len();
        let name = Word { text: name, span: first.span.start..end };
        let crt = parsed(reader, "`crt`", &name, path::crt);
        let mut words = PolicyWords::default();
        let (are_good, behind) = self.options(reader, end, &mut words);
        let filters = self.words(behind..self.span.end);
        // Every bad filter is told, not the first alone.
        let filters: Vec<_> =
            filters.map(|word| parsed(reader, "the filter", &word, sni::filter)).collect();
        let filters: Option<Vec<_>> = filters.into_iter().collect();
        let line = CrtLineDraft { crt: crt?, filters: filters?, words, text };
        are_good.then_some(line)
    }

    /// What stands in brackets, if that is what comes next; returns where the filters begin.
    fn options(
        &self,
        reader: &mut Reader<'_>,
        start: usize,
        into: &mut PolicyWords,
    ) -> (bool, usize) {
        let rest = self.whole.get(start..self.span.end).unwrap_or("");
        let open = start + (rest.len() - rest.trim_ascii_start().len());
        let Some(inside) = rest.trim_ascii_start().strip_prefix('[') else {
            return (true, start);
        };
        let Some(length) = inside.find(']') else {
            let diagnostic = Diagnostic::error(reader.place(open..open + 1), "`[` is not closed");
            reader.report.add(diagnostic.expected("options stand between `[` and `]`"));
            return (false, self.span.end);
        };
        let end = open + 1 + length;
        let words: Vec<_> = self.words(open + 1..end).collect();
        (row::read(reader, &words, &LINE, into), end + 1)
    }
}

fn parsed<T>(
    reader: &mut Reader<'_>,
    what: &str,
    word: &Word<'_>,
    parse: impl FnOnce(&str) -> Result<T, Fault>,
) -> Option<T> {
    let fault = match parse(word.text) {
        Ok(value) => return Some(value),
        Err(fault) => fault,
    };
    let (start, end) = (word.span.start + fault.range.start, word.span.start + fault.range.end);
    let message = format!("{what} {}", fault.problem);
    let place = reader.place(start..end);
    reader.report.add(Diagnostic::error(place, message).expected(fault.expected));
    None
}
