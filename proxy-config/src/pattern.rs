//! Lines of pattern and map files, and what one pattern means: at load, and again whenever a file
//! changes while the program runs.

use std::net::IpAddr;

use crate::model::rule::{AddressPattern, MapOutput, Match, Pattern, Range, Value};
use crate::text::Fault;

const ADDRESS: &str = "write an address such as `192.0.2.1` or `2001:db8::1`";

/// One line of a file that says something: neither empty nor a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'t> {
    /// From 1.
    pub number: usize,
    /// Where the pattern stands in the text, in bytes.
    pub start: usize,
    /// The whole line without blanks before it: a pattern of an ACL.
    pub pattern: &'t str,
    /// The first word: a key of a map.
    pub key: &'t str,
    /// What follows the key, without blanks around it: a value of a map.
    pub value: &'t str,
}

/// The lines of a file of patterns or of a map (HAProxy's manual, chapter 7.1.4 and `map`).
pub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut next = 0;
    text.split('\n').enumerate().filter_map(move |(nth, line)| {
        let end = next + line.len();
        next = end + 1;
        if line.starts_with('#') {
            return None;
        }
        let pattern = line.trim_start_matches([' ', '\t']);
        let start = end - pattern.len();
        let pattern = pattern.strip_suffix('\r').unwrap_or(pattern);
        let (key, value) = pattern.split_once([' ', '\t']).unwrap_or((pattern, ""));
        let value = value.trim_matches([' ', '\t']);
        (!pattern.is_empty()).then_some(Line { number: nth + 1, start, pattern, key, value })
    })
}

/// A pattern for a match method.
///
/// # Errors
/// Text that is none; the range is in bytes of `text`.
pub fn parse_pattern(method: Match, text: &str) -> Result<Pattern, Fault> {
    match method {
        Match::Bool => boolean(text).map(Pattern::Bool),
        Match::Int | Match::Len => range(text).map(Pattern::Range),
        Match::Ip => network(text).map(Pattern::Ip),
        Match::Bin => binary(text).map(Pattern::Bytes),
        Match::Reg => {
            check_regex(text, false)?;
            Ok(Pattern::Bytes(text.as_bytes().into()))
        }
        Match::Str | Match::Beg | Match::End | Match::Sub | Match::Dir | Match::Dom => {
            Ok(Pattern::Bytes(text.as_bytes().into()))
        }
    }
}

/// A value of a map.
///
/// # Errors
/// Text that is no such value; the range is in bytes of `text`.
pub fn map_value(output: MapOutput, text: &str) -> Result<Value, Fault> {
    match output {
        MapOutput::Str | MapOutput::Key | MapOutput::Regm => Ok(Value::Str(text.as_bytes().into())),
        MapOutput::Int => integer(text, 0..text.len()).map(Value::Int),
        MapOutput::Ip => match text.parse() {
            Ok(address) => Ok(Value::Ip(address)),
            Err(_) => Err(Fault::new(0..text.len(), "is not an address", ADDRESS)),
        },
    }
}

fn boolean(text: &str) -> Result<bool, Fault> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Fault::new(0..text.len(), "is not a boolean", "write `true` or `false`")),
    }
}

/// A decimal number with a sign or without; `range` is where it stands.
pub(crate) fn integer(text: &str, range: std::ops::Range<usize>) -> Result<i64, Fault> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::new(range, "is not an integer", "write digits such as `80`"));
    }
    text.parse()
        .map_err(|_| Fault::new(range, "does not fit into 64 bits", "at most 9223372036854775807"))
}

/// `N`, `MIN:MAX`, `MIN:` or `:MAX`.
fn range(text: &str) -> Result<Range, Fault> {
    let Some((min, max)) = text.split_once(':') else {
        let value = integer(text, 0..text.len())?;
        return Ok(Range { min: value, max: value });
    };
    let end = |part: &str, start: usize, open: i64| match part {
        "" => Ok(open),
        _ => integer(part, start..start + part.len()),
    };
    let bounds = Range { min: end(min, 0, i64::MIN)?, max: end(max, min.len() + 1, i64::MAX)? };
    if text == ":" || bounds.min > bounds.max {
        let expected = "write `MIN:MAX`, `MIN:` or `:MAX`";
        return Err(Fault::new(0..text.len(), "is a range without numbers in it", expected));
    }
    Ok(bounds)
}

/// An address, alone or with a mask: `/24`, or for IPv4 `/255.255.255.0`, which may have holes.
pub(crate) fn network(text: &str) -> Result<AddressPattern, Fault> {
    let (host, mask) = text.split_once('/').map_or((text, None), |(host, mask)| (host, Some(mask)));
    let Ok(address) = host.parse::<IpAddr>() else { return Err(no_address(host)) };
    let widest = if address.is_ipv4() { "32" } else { "128" };
    let given = mask.unwrap_or(widest);
    let start = text.len() - mask.map_or(0, str::len);
    let mask = parse_mask(address, given).ok_or_else(|| {
        let expected = format!("write `/0` to `/{widest}`");
        Fault::new(start..text.len(), format!("has a bad mask `{given}`"), expected)
    })?;
    Ok(AddressPattern { address, mask })
}

fn no_address(host: &str) -> Fault {
    let has_letter = host.bytes().any(|byte| byte.is_ascii_alphabetic()) && !host.contains(':');
    let problem = if has_letter { "is a host name" } else { "is not an address" };
    let expected = if has_letter {
        "names are not resolved here; write addresses or networks such as `10.0.0.0/8`"
    } else {
        ADDRESS
    };
    Fault::new(0..host.len(), problem, expected)
}

fn parse_mask(address: IpAddr, text: &str) -> Option<IpAddr> {
    let bits = |width: u32| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|bits| is_number && *bits <= width)
    };
    match address {
        IpAddr::V4(_) => match bits(32) {
            Some(bits) => Some(IpAddr::V4(v4_mask(bits).into())),
            None => text.parse().ok().map(IpAddr::V4),
        },
        IpAddr::V6(_) => bits(128).map(|bits| IpAddr::V6(v6_mask(bits).into())),
    }
}

/// A mask of so many ones, at most 32.
pub(crate) fn v4_mask(bits: u32) -> u32 {
    u32::MAX.checked_shl(32 - bits.min(32)).unwrap_or(0)
}

/// A mask of so many ones, at most 128.
pub(crate) fn v6_mask(bits: u32) -> u128 {
    u128::MAX.checked_shl(128 - bits.min(128)).unwrap_or(0)
}

/// Bytes in hexadecimal digits.
pub(crate) fn binary(text: &str) -> Result<Box<[u8]>, Fault> {
    let expected = "write two hexadecimal digits for each byte";
    if let Some((at, odd)) = text.char_indices().find(|(_, c)| !c.is_ascii_hexdigit()) {
        let problem = format!("has `{odd}`, which is no hexadecimal digit");
        return Err(Fault::new(at..at + odd.len_utf8(), problem, expected));
    }
    if text.len() % 2 == 1 {
        let problem = "has an odd number of hexadecimal digits";
        return Err(Fault::new(0..text.len(), problem, expected));
    }
    let byte = |at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    Ok((0..text.len()).step_by(2).filter_map(byte).collect())
}

/// Whether the crate `regex` can run an expression on bytes.
pub(crate) fn check_regex(text: &str, any_case: bool) -> Result<(), Fault> {
    let mut builder = regex_syntax::ParserBuilder::new();
    let mut parser = builder.utf8(false).case_insensitive(any_case).build();
    let (problem, span) = match parser.parse(text) {
        Ok(_) => return Ok(()),
        Err(regex_syntax::Error::Parse(error)) => (regex_problem(error.kind()), *error.span()),
        Err(regex_syntax::Error::Translate(error)) => (error.kind().to_string(), *error.span()),
        Err(other) => return Err(Fault::new(0..text.len(), other.to_string(), "")),
    };
    let start = span.start.offset.min(text.len());
    let end = span.end.offset.clamp(start, text.len());
    let expected = "write it without; the syntax is that of https://docs.rs/regex/#syntax";
    Err(Fault::new(start..end, format!("is a bad regular expression: {problem}"), expected))
}

fn regex_problem(kind: &regex_syntax::ast::ErrorKind) -> String {
    use regex_syntax::ast::ErrorKind;
    match kind {
        ErrorKind::UnsupportedBackreference => {
            "a back reference cannot be matched in linear time".to_owned()
        }
        ErrorKind::UnsupportedLookAround => {
            "look-around (`(?=`, `(?!`, `(?<`) cannot be matched in linear time".to_owned()
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
