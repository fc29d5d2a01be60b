//! Converters that pick from texts with delimiters.

/// The fields from `index` on (from 1, or from the end if negative), `count` of them, all that follow if
/// `count` is not positive. `None`: there is no such field.
pub(super) fn field<'a>(
    text: &'a [u8],
    index: i32,
    delimiters: &[u8],
    count: i32,
) -> Option<&'a [u8]> {
    let is_delimiter = |byte: &u8| delimiters.contains(byte);
    match index {
        0 => None,
        1.. => field_forward(text, index.unsigned_abs(), wanted(count), is_delimiter),
        _ => field_backward(text, index.unsigned_abs(), wanted(count), is_delimiter),
    }
}

fn wanted(count: i32) -> usize {
    usize::try_from(count).ok().filter(|count| *count > 0).unwrap_or(usize::MAX)
}

fn field_forward(
    text: &[u8],
    index: u32,
    count: usize,
    is_delimiter: impl Fn(&u8) -> bool,
) -> Option<&[u8]> {
    let mut rest = text;
    for _ in 1..index {
        let at = rest.iter().position(&is_delimiter)?;
        rest = rest.get(at + 1..)?;
    }
    let mut delimiters =
        rest.iter().enumerate().filter(|(_, byte)| is_delimiter(byte)).map(|(at, _)| at);
    let end = delimiters.nth(count - 1).unwrap_or(rest.len());
    rest.get(..end)
}

fn field_backward(
    text: &[u8],
    index: u32,
    count: usize,
    is_delimiter: impl Fn(&u8) -> bool,
) -> Option<&[u8]> {
    let mut rest = text;
    for _ in 1..index {
        let at = rest.iter().rposition(&is_delimiter)?;
        rest = rest.get(..at)?;
    }
    let mut delimiters =
        rest.iter().enumerate().rev().filter(|(_, byte)| is_delimiter(byte)).map(|(at, _)| at);
    let start = delimiters.nth(count - 1).map_or(0, |at| at + 1);
    rest.get(start..)
}

/// As [`field`], but that delimiters in a row are one and those at either end are none. Words that do
/// not exist are empty.
pub(super) fn word<'a>(
    text: &'a [u8],
    index: i32,
    delimiters: &[u8],
    count: i32,
) -> Option<&'a [u8]> {
    let is_delimiter = |byte: &u8| delimiters.contains(byte);
    match index {
        0 => None,
        1.. => word_forward(text, index.unsigned_abs(), wanted(count), is_delimiter),
        _ => word_backward(text, index.unsigned_abs(), wanted(count), is_delimiter),
    }
}

fn word_forward(
    text: &[u8],
    index: u32,
    count: usize,
    is_delimiter: impl Fn(&u8) -> bool,
) -> Option<&[u8]> {
    let skip = |from: usize, delimiters: bool| {
        let rest = text.get(from..).unwrap_or_default();
        rest.iter()
            .position(|byte| is_delimiter(byte) != delimiters)
            .map_or(text.len(), |at| from + at)
    };
    let mut start = skip(0, true);
    for _ in 1..index {
        if start == text.len() {
            break;
        }
        start = skip(skip(start, false), true);
    }
    let mut end = start;
    for _ in 0..count {
        if end == text.len() {
            break;
        }
        // Delimiters at the end belong to the words if those did not suffice.
        end = skip(skip(end, true), false);
    }
    text.get(start..end)
}

fn word_backward(
    text: &[u8],
    index: u32,
    count: usize,
    is_delimiter: impl Fn(&u8) -> bool,
) -> Option<&[u8]> {
    let skip = |to: usize, delimiters: bool| {
        let rest = text.get(..to).unwrap_or_default();
        rest.iter().rposition(|byte| is_delimiter(byte) != delimiters).map_or(0, |at| at + 1)
    };
    let mut end = skip(text.len(), true);
    for _ in 1..index {
        if end == 0 {
            break;
        }
        end = skip(skip(end, false), true);
    }
    let mut start = end;
    for _ in 0..count {
        if start == 0 {
            break;
        }
        start = skip(skip(start, true), false);
    }
    text.get(start..end)
}

/// The value of the first parameter `name` in `a=1&b=2`; empty without a `=`.
pub(super) fn param<'a>(text: &'a [u8], name: &[u8], delimiter: u8) -> Option<&'a [u8]> {
    text.split(|byte| *byte == delimiter).find_map(|parameter| {
        let rest = parameter.strip_prefix(name)?;
        match rest {
            [] => Some(rest),
            [b'=', value @ ..] => Some(value),
            _ => None,
        }
    })
}
