//! `normalize-uri`: one spelling for targets that mean the same (HAProxy's manual; RFC 3986 section 6).

use proxy_config::model::rule::Normalizer;

/// A path with its query, spelt anew; `None` where it must not pass: a `%` without two digits, in strict
/// mode.
pub(super) fn normalise(normalizer: Normalizer, target: &[u8]) -> Option<Vec<u8>> {
    let at = memchr::memchr(b'?', target).unwrap_or(target.len());
    let (path, query) = target.split_at_checked(at)?;
    Some(match normalizer {
        // No fragment gets past the parser.
        Normalizer::FragmentEncode | Normalizer::FragmentStrip => target.to_vec(),
        Normalizer::PathMergeSlashes => [&merge_slashes(path), query].concat(),
        Normalizer::PathStripDot => [&strip_dot(path), query].concat(),
        Normalizer::PathStripDotDot { full } => [&strip_dot_dot(path, full), query].concat(),
        Normalizer::PercentDecodeUnreserved { strict } => {
            percents(target, strict, |out, byte, digits| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    out.push(byte)
                }
                _ => out.extend_from_slice(digits),
            })?
        }
        Normalizer::PercentToUppercase { strict } => percents(target, strict, |out, _, digits| {
            out.extend(digits.iter().map(u8::to_ascii_uppercase));
        })?,
        Normalizer::QuerySortByName => [path, &sort_query(query)].concat(),
    })
}

fn merge_slashes(path: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(path.len());
    for byte in path {
        if !(*byte == b'/' && out.last() == Some(&b'/')) {
            out.push(*byte);
        }
    }
    out
}

/// Segments that are `.` go.
fn strip_dot(path: &[u8]) -> Vec<u8> {
    let Some(rest) = path.strip_prefix(b"/") else { return path.to_vec() };
    let mut out = b"/".to_vec();
    let mut segments = rest.split(|byte| *byte == b'/').peekable();
    while let Some(segment) = segments.next() {
        if segment == b"." {
            continue;
        }
        out.extend_from_slice(segment);
        if segments.peek().is_some() {
            out.push(b'/');
        }
    }
    out
}

/// Segments that are `..` go, with the one before; at the start they stay, unless `full`.
fn strip_dot_dot(path: &[u8], full: bool) -> Vec<u8> {
    let Some(rest) = path.strip_prefix(b"/") else { return path.to_vec() };
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut ends_in_folder = false;
    for segment in rest.split(|byte| *byte == b'/') {
        ends_in_folder = segment == b"..";
        match (segment, kept.last()) {
            (b"..", Some(before)) if *before != b".." => {
                kept.pop();
            }
            (b"..", _) if full => {}
            (b"..", _) => {
                kept.push(segment);
                ends_in_folder = false;
            }
            _ => kept.push(segment),
        }
    }
    let mut out = b"/".to_vec();
    out.extend_from_slice(&kept.join(&b'/'));
    if ends_in_folder && !out.ends_with(b"/") {
        out.push(b'/');
    }
    out
}

/// Has `put` write each `%XX`; `None` where one is broken and `strict` says that none may be.
fn percents(target: &[u8], strict: bool, put: impl Fn(&mut Vec<u8>, u8, &[u8])) -> Option<Vec<u8>> {
    let hex = |digit: u8| char::from(digit).to_digit(16);
    let mut out = Vec::with_capacity(target.len());
    let mut rest = target;
    while let Some(at) = memchr::memchr(b'%', rest) {
        let (before, code) = rest.split_at_checked(at)?;
        out.extend_from_slice(before);
        let digits = code.get(..3).unwrap_or_default();
        let value = match digits {
            [_, high, low] => hex(*high).zip(hex(*low)),
            _ => None,
        };
        rest = match value {
            Some((high, low)) => {
                put(&mut out, (high * 16 + low) as u8, digits);
                code.get(3..)?
            }
            None if strict => return None,
            None => {
                out.push(b'%');
                code.get(1..)?
            }
        };
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// Parameters by name; those of one name keep their order.
fn sort_query(query: &[u8]) -> Vec<u8> {
    let Some(rest) = query.strip_prefix(b"?") else { return query.to_vec() };
    let mut parts: Vec<&[u8]> = rest.split(|byte| *byte == b'&').collect();
    let name = |part: &&[u8]| part.split(|byte| *byte == b'=').next().unwrap_or_default().to_vec();
    parts.sort_by_key(name);
    [b"?", parts.join(&b'&').as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(normalizer: Normalizer, cases: &[(&str, Option<&str>)]) {
        for (target, expected) in cases {
            let found = normalise(normalizer, target.as_bytes());
            let found = found.map(|found| String::from_utf8(found).unwrap());
            assert_eq!(found.as_deref(), *expected, "{normalizer:?} {target}");
        }
    }

    #[test]
    fn paths() {
        check(
            Normalizer::PathMergeSlashes,
            &[("//a///b/?x//y", Some("/a/b/?x//y")), ("/", Some("/")), ("*", Some("*"))],
        );
        check(
            Normalizer::PathStripDot,
            &[
                ("/./a/./b", Some("/a/b")),
                ("/a/.", Some("/a/")),
                ("/.", Some("/")),
                ("/.a/b.", Some("/.a/b.")),
            ],
        );
        check(
            Normalizer::PathStripDotDot { full: false },
            &[
                ("/a/../b", Some("/b")),
                ("/a/b/..", Some("/a/")),
                ("/../a", Some("/../a")),
                ("/a/../../b", Some("/../b")),
                ("/a/..", Some("/")),
            ],
        );
        check(
            Normalizer::PathStripDotDot { full: true },
            &[("/../a", Some("/a")), ("/a/../../b", Some("/b")), ("/..", Some("/"))],
        );
    }

    #[test]
    fn percents_and_queries() {
        check(
            Normalizer::PercentDecodeUnreserved { strict: false },
            &[("/%61%2f%7e?%41", Some("/a%2f~?A")), ("/%6", Some("/%6")), ("/%zz", Some("/%zz"))],
        );
        check(
            Normalizer::PercentDecodeUnreserved { strict: true },
            &[("/%61", Some("/a")), ("/%6", None), ("/%", None)],
        );
        check(
            Normalizer::PercentToUppercase { strict: false },
            &[("/%c3%bC", Some("/%C3%BC")), ("/%c", Some("/%c"))],
        );
        check(
            Normalizer::QuerySortByName,
            &[("/?b=1&a=2&b=0", Some("/?a=2&b=1&b=0")), ("/?", Some("/?")), ("/", Some("/"))],
        );
    }
}
