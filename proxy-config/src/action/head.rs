//! Actions that edit heads: fields, the request's line, the status.

use crate::action::line::{Line, Read, at, parsed};
use crate::action::reply::any;
use crate::http;
use crate::model::rule::{Action, HeaderEdit, NameMatch, Normalizer, UriPart};
use crate::model::{Format, FormatPiece};
use crate::text::{Fault, Text};
use crate::units;

pub(super) fn add_header(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let (name, value) = field(line, word)?;
    Ok(Action::EditHeader(HeaderEdit::Add { name, value }))
}

pub(super) fn set_header(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let (name, value) = field(line, word)?;
    Ok(Action::EditHeader(HeaderEdit::Set { name, value }))
}

/// A field that is written. Of those that are the proxy's own `connection: close` is obeyed.
fn field(line: &mut Line<'_, '_>, word: &Text) -> Read<(String, Format)> {
    let text = line.argument(word)?;
    let name = parsed(text, http::token).map_err(|wrong| wrong.behind(word))?;
    let name = name.to_ascii_lowercase();
    let value = line.value(word)?;
    if !(name == "connection" && may_close(&value)) {
        warn_if_own(line, text, &name);
    }
    Ok((name, value))
}

fn may_close(value: &Format) -> bool {
    value.pieces.iter().any(|piece| match piece {
        FormatPiece::Text(text) => text.to_ascii_lowercase().contains("close"),
        _ => true,
    })
}

pub(super) fn early_hint(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let name = field_name(line, word)?;
    Ok(Action::EarlyHint { name, value: line.value(word)? })
}

/// `del-header NAME [-m METHOD]`
pub(super) fn del_header(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let pattern = line.argument(word)?;
    let Some(flag) = line.optional("-m") else {
        let name = name_of(line, pattern)?;
        return Ok(Action::EditHeader(HeaderEdit::Del(NameMatch::Is(name))));
    };
    let method = line.argument(flag)?;
    let text = || pattern.as_str().to_ascii_lowercase();
    let matching = match method.as_str() {
        "str" => NameMatch::Is(name_of(line, pattern)?),
        "beg" => NameMatch::Begins(text()),
        "end" => NameMatch::Ends(text()),
        "sub" => NameMatch::Contains(text()),
        "reg" => NameMatch::Matches(line.regex_of(pattern, true)?),
        other => {
            let expected = "must be `str`, `beg`, `end`, `sub` or `reg`";
            return Err(at(method, &format!("has an unknown match `{other}`"), expected));
        }
    };
    Ok(Action::EditHeader(HeaderEdit::Del(matching)))
}

pub(super) fn replace_header(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let name = field_name(line, word)?;
    let regex = line.regex(word)?;
    Ok(Action::EditHeader(HeaderEdit::Replace { name, regex, with: line.value(word)? }))
}

pub(super) fn replace_value(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let name = field_name(line, word)?;
    let regex = line.regex(word)?;
    Ok(Action::EditHeader(HeaderEdit::ReplaceValue { name, regex, with: line.value(word)? }))
}

fn field_name(line: &mut Line<'_, '_>, word: &Text) -> Read<String> {
    let name = line.argument(word)?;
    name_of(line, name).map_err(|wrong| wrong.behind(word))
}

fn name_of(line: &mut Line<'_, '_>, word: &Text) -> Read<String> {
    let name = parsed(word, http::token)?.to_ascii_lowercase();
    warn_if_own(line, word, &name);
    Ok(name)
}

fn warn_if_own(line: &mut Line<'_, '_>, word: &Text, name: &str) {
    let remedy = match name {
        "connection" => "write `set-header connection close`, or use `option.httpclose`",
        "keep-alive" | "proxy-connection" => "use `option.httpclose` or `option.http-server-close`",
        _ => "the proxy writes this field itself",
    };
    if is_own(name) {
        line.warn(word, format!("an edit of `{name}` has no effect"), remedy);
    }
}

/// Whether the proxy writes a field itself, whatever rules say.
fn is_own(name: &str) -> bool {
    const OWN: [&str; 6] = [
        "connection",
        "content-length",
        "keep-alive",
        "proxy-connection",
        "transfer-encoding",
        "upgrade",
    ];
    OWN.contains(&name)
}

pub(super) fn set_method(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    line.format(word, http::token).map(Action::SetMethod)
}

/// The part of the target that the action is named for.
fn part(word: &Text) -> UriPart {
    match word.as_str() {
        "set-path" | "replace-path" => UriPart::Path,
        "set-pathq" | "replace-pathq" => UriPart::PathAndQuery,
        "set-query" => UriPart::Query,
        _ => UriPart::Uri,
    }
}

pub(super) fn set_uri(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    Ok(Action::SetUri(part(word), line.format(word, visible)?))
}

pub(super) fn replace_uri(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let regex = line.regex(word)?;
    Ok(Action::ReplaceUri { part: part(word), regex, with: line.format(word, visible)? })
}

/// A fixed part of a target.
fn visible(text: &str) -> Result<String, Fault> {
    match text.char_indices().find(|(_, c)| !c.is_ascii_graphic()) {
        None => Ok(text.to_owned()),
        Some((at, c)) => {
            let expected = "write it percent-encoded: `%%20`";
            Err(Fault::new(at..at + c.len_utf8(), "has a character that URIs lack", expected))
        }
    }
}

pub(super) fn normalize_uri(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let name = line.argument(word)?;
    let normalizer = match name.as_str() {
        "fragment-encode" => Normalizer::FragmentEncode,
        "fragment-strip" => Normalizer::FragmentStrip,
        "path-merge-slashes" => Normalizer::PathMergeSlashes,
        "path-strip-dot" => Normalizer::PathStripDot,
        "path-strip-dotdot" => {
            Normalizer::PathStripDotDot { full: line.optional("full").is_some() }
        }
        "percent-decode-unreserved" => {
            Normalizer::PercentDecodeUnreserved { strict: line.optional("strict").is_some() }
        }
        "percent-to-uppercase" => {
            Normalizer::PercentToUppercase { strict: line.optional("strict").is_some() }
        }
        "query-sort-by-name" => Normalizer::QuerySortByName,
        other => {
            let expected = "must be `fragment-encode`, `fragment-strip`, `path-merge-slashes`, \
                `path-strip-dot`, `path-strip-dotdot`, `percent-decode-unreserved`, \
                `percent-to-uppercase` or `query-sort-by-name`";
            return Err(at(name, &format!("has an unknown normalizer `{other}`"), expected));
        }
    };
    Ok(Action::NormalizeUri(normalizer))
}

/// `set-status STATUS [reason TEXT]`
pub(super) fn set_status(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let status = line.parsed(word, |text| units::number(text, 200, 999))?;
    let reason = match line.optional("reason") {
        Some(keyword) => Some(line.parsed(keyword, http::field_value)?),
        None => None,
    };
    Ok(Action::SetStatus { status: u16::try_from(status).unwrap_or(u16::MAX), reason })
}

/// `auth [realm FORMAT]`; the realm is the section's name if nothing is said.
pub(super) fn auth(line: &mut Line<'_, '_>, _: &Text) -> Read<Action> {
    let realm = match line.optional("realm") {
        Some(keyword) => line.format(keyword, quotable)?,
        None => super::redirect::fixed(line.section.to_owned()),
    };
    Ok(Action::Auth { realm })
}

/// A fixed part of a quoted string (RFC 9110 section 5.6.4), quotes and backslashes excluded.
fn quotable(text: &str) -> Result<String, Fault> {
    http::field_value(text)?;
    match text.char_indices().find(|(_, c)| matches!(c, '"' | '\\')) {
        None => any(text),
        Some((at, _)) => Err(Fault::new(at..at + 1, "has a quote in its realm", "leave it out")),
    }
}
