//! Cookies of requests (`cookie`) and of responses (`set-cookie`).

use proxy_config::model::rule::{Cookie, Message as Whose, Side};

use super::header::{Elements, Fields, end_of_value};
use crate::rule::context::Context;

/// The last cookie with a name, or the first of all.
pub(super) fn fetch<'a>(
    whose: Whose,
    cookie: &'a Cookie,
    context: &Context<'a>,
) -> Option<&'a [u8]> {
    let mut values = values(whose, cookie, context);
    match cookie.name {
        Some(_) => values.last(),
        None => values.next(),
    }
}

/// The values of all cookies with a name, or of all.
pub(super) fn values<'a>(
    whose: Whose,
    cookie: &'a Cookie,
    context: &Context<'a>,
) -> impl Iterator<Item = &'a [u8]> {
    let name = cookie.name.as_deref().filter(|name| !name.is_empty());
    let name_len = name.map_or(0, <[u8]>::len);
    let is_wanted = move |pair: &Pair<'_>| {
        pair.room > name_len + 1 && name.is_none_or(|name| pair.name == name)
    };
    // Attributes follow a response's cookie. As in HAProxy they count where any name does.
    let is_list = whose == Side::Request;
    let pairs = move |element| {
        let pairs = Pairs { rest: element, is_list };
        pairs.take_while(move |pair| is_list || is_wanted(pair)).filter(is_wanted)
    };
    let lines = Fields::of(whose, context).into_iter();
    let lines = lines.flat_map(move |fields| fields.lines(Some(field_name(whose))));
    lines.flat_map(Elements::new).flat_map(pairs).map(|pair| pair.value)
}

/// The names of all cookies.
pub(super) fn names<'a>(whose: Whose, delimiter: u8, context: &Context<'a>) -> &'a [u8] {
    let Some(fields) = Fields::of(whose, context) else { return b"" };
    context.arena.write(|out| {
        for line in fields.lines(Some(field_name(whose))) {
            match whose {
                Side::Request => Elements::new(line).for_each(|element| {
                    put_names(out, Pairs { rest: element, is_list: true }, delimiter);
                }),
                // One a line, whose date may have a comma.
                Side::Response => {
                    put_names(out, Pairs { rest: line, is_list: false }.take(1), delimiter);
                }
            }
        }
    })
}

fn put_names<'a>(out: &mut Vec<u8>, pairs: impl Iterator<Item = Pair<'a>>, delimiter: u8) {
    for pair in pairs.filter(|pair| pair.room > 1) {
        if !out.is_empty() {
            out.push(delimiter);
        }
        out.extend_from_slice(pair.name);
    }
}

fn field_name(whose: Whose) -> &'static str {
    match whose {
        Side::Request => "cookie",
        Side::Response => "set-cookie",
    }
}

/// `NAME=VALUE` with blanks around all parts. Quotes stay part of a value.
struct Pair<'a> {
    name: &'a [u8],
    value: &'a [u8],
    /// Bytes from where this pair's blanks began to the end. HAProxy looks for a cookie only where there
    /// are more than its name and `=` take, so that an empty value at the very end is none.
    room: usize,
}

/// The pairs between semicolons, but what has no `=`, and what begins with `$` (RFC 2965).
struct Pairs<'a> {
    rest: &'a [u8],
    /// A comma ends a pair without `=`.
    is_list: bool,
}

impl<'a> Pairs<'a> {
    /// The next one, `None` where it does not count, and what is behind it.
    fn split(&self) -> (Option<Pair<'a>>, &'a [u8]) {
        let text = self.rest.trim_ascii_start();
        let is_end = |byte: u8| byte == b';' || byte == b',' && self.is_list;
        let behind = |at: usize| text.get(at + 1..).unwrap_or_default();
        let Some(end) = text.iter().position(|byte| *byte == b'=' || is_end(*byte)) else {
            return (None, b"");
        };
        if text.get(end) != Some(&b'=') {
            return (None, behind(end));
        }
        let value = behind(end);
        let (value, rest) = match end_of_value(value, |byte| matches!(byte, b',' | b';')) {
            Some(len) => (value.get(..len), value.get(len + 1..).unwrap_or_default()),
            None => (Some(value), &b""[..]),
        };
        let pair = Pair {
            name: text.get(..end).unwrap_or_default().trim_ascii_end(),
            value: value.unwrap_or_default().trim_ascii(),
            room: self.rest.len(),
        };
        (Some(pair).filter(|_| !text.starts_with(b"$")), rest)
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        while !self.rest.is_empty() {
            let (pair, rest) = self.split();
            self.rest = rest;
            if pair.is_some() {
                return pair;
            }
        }
        None
    }
}
