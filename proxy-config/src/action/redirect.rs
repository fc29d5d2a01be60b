//! `redirect`: the action, and the rules of the key with that name.

use crate::action::line::{Line, Read, at};
use crate::http;
use crate::model::rule::{KeepQuery, Redirect, RedirectTo};
use crate::model::{Encoding, Format, FormatPiece};
use crate::text::{Fault, Text};

/// The words behind `redirect`. In rules of the key `redirect` a place to go is fixed text, as in
/// HAProxy.
pub(crate) fn read(line: &mut Line<'_, '_>, action: &Text, is_fixed: bool) -> Read<Redirect> {
    let mut words = Words { is_fixed, ..Words::default() };
    while let Some(word) = line.next_word() {
        words.take(line, word)?;
    }
    let Some(to) = words.to else {
        let expected = "add `location`, `prefix` or `scheme`";
        return Err(at(action, "has a redirect to nowhere", expected));
    };
    let is_location = matches!(to, RedirectTo::Location(_));
    if let Some(word) = words.append_slash
        && (is_location || words.query != KeepQuery::Drop)
    {
        let remedy = "goes with `prefix` and `drop-query`";
        line.warn(word, "`append-slash` has no effect here".to_owned(), remedy);
    }
    Ok(Redirect {
        status: words.status.unwrap_or(302),
        to,
        query: words.query,
        append_slash: words.append_slash.is_some(),
        ignore_empty: words.ignore_empty,
        set_cookie: words.set_cookie,
    })
}

#[derive(Default)]
struct Words<'w> {
    is_fixed: bool,
    to: Option<RedirectTo>,
    status: Option<u16>,
    query: KeepQuery,
    append_slash: Option<&'w Text>,
    ignore_empty: bool,
    set_cookie: Option<Format>,
}

impl<'w> Words<'w> {
    fn take(&mut self, line: &mut Line<'w, '_>, word: &'w Text) -> Read<()> {
        match word.as_str() {
            "location" => self.set_to(word, RedirectTo::Location(self.target(line, word)?))?,
            "prefix" => self.set_to(word, RedirectTo::Prefix(self.target(line, word)?))?,
            "scheme" => self.set_to(word, RedirectTo::Scheme(self.target(line, word)?))?,
            "code" => self.status = Some(line.parsed(word, code)?),
            "drop-query" => self.query = KeepQuery::Drop,
            "keep-query" => self.query = KeepQuery::Keep,
            "append-slash" => self.append_slash = Some(word),
            "ignore-empty" => self.ignore_empty = true,
            "set-cookie" => {
                let cookie = line.parsed(word, cookie)?;
                self.set_cookie(word, fixed(format!("{cookie}; path=/;")))?;
            }
            "set-cookie-fmt" => {
                let mut format = line.value(word)?;
                format.pieces.push(FormatPiece::Text("; path=/;".to_owned()));
                self.set_cookie(word, format)?;
            }
            "clear-cookie" => {
                let cookie = line.parsed(word, cookie)?;
                self.set_cookie(word, fixed(format!("{cookie}; path=/; Max-Age=0;")))?;
            }
            other => {
                let expected = "must be `location`, `prefix`, `scheme`, `code`, `drop-query`, \
                    `keep-query`, `append-slash`, `ignore-empty`, `set-cookie`, \
                    `set-cookie-fmt` or `clear-cookie`";
                return Err(at(word, &format!("has an unknown word `{other}`"), expected));
            }
        }
        Ok(())
    }

    fn target(&self, line: &mut Line<'w, '_>, word: &Text) -> Read<Format> {
        if self.is_fixed {
            return line.parsed(word, http::location).map(fixed);
        }
        line.format(word, visible)
    }

    fn set_to(&mut self, word: &Text, to: RedirectTo) -> Read<()> {
        if self.to.is_some() {
            let problem = format!("has `{}` beside another place to go", word.as_str());
            return Err(at(word, &problem, "a redirect leads to one place"));
        }
        self.to = Some(to);
        Ok(())
    }

    fn set_cookie(&mut self, word: &Text, cookie: Format) -> Read<()> {
        if self.set_cookie.is_some() {
            let problem = format!("has `{}` beside another cookie", word.as_str());
            return Err(at(word, &problem, "a redirect sets one cookie"));
        }
        self.set_cookie = Some(cookie);
        Ok(())
    }
}

/// A format without any field.
pub(crate) fn fixed(text: String) -> Format {
    Format { encoding: Encoding::Text, pieces: vec![FormatPiece::Text(text)] }
}

/// A fixed part of a place to go; nothing of it is as good.
fn visible(text: &str) -> Result<String, Fault> {
    if text.is_empty() { Ok(String::new()) } else { http::location(text) }
}

fn code(text: &str) -> Result<u16, Fault> {
    match text {
        "301" => Ok(301),
        "302" => Ok(302),
        "303" => Ok(303),
        "307" => Ok(307),
        "308" => Ok(308),
        _ => {
            let problem = format!("has a redirect with code `{text}`");
            Err(Fault::new(0..text.len(), problem, "must be 301, 302, 303, 307 or 308"))
        }
    }
}

/// A cookie's name, with its value if there is one (RFC 6265 section 4.1.1).
fn cookie(text: &str) -> Result<String, Fault> {
    let is_allowed = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | ',' | ';' | '\\');
    let name = text.split('=').next().unwrap_or("");
    http::token(name)?;
    match text.char_indices().find(|(_, c)| !is_allowed(*c)) {
        None => Ok(text.to_owned()),
        Some((at, c)) => {
            let problem = "has a character that cookies cannot have";
            Err(Fault::new(at..at + c.len_utf8(), problem, "write NAME or NAME=VALUE"))
        }
    }
}
