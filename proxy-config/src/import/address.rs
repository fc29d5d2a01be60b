//! Addresses of `bind` and `server`, from HAProxy's forms to ours.

use std::ops::Range;

use crate::place::Place;
use crate::text::Text;

/// Ports of one range.
const PORTS_MAX: u32 = 1024;

/// Why an address has no form here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown(pub(super) String);

/// The addresses of a `bind`: several with commas, and ranges of ports.
pub(super) fn binds(word: &Text) -> Result<Vec<Text>, Unknown> {
    let mut found = Vec::new();
    for range in parts(word.as_str()) {
        let address = family(&word.part(range))?;
        for each in ports(&address)? {
            found.push(bracketed(&each));
            if found.len() > PORTS_MAX as usize {
                return Err(Unknown(format!("has more than {PORTS_MAX} addresses")));
            }
        }
    }
    Ok(found)
}

/// The address of a `server`.
pub(super) fn server(word: &Text) -> Result<Text, Unknown> {
    family(word).map(|address| bracketed(&address))
}

/// What stands between commas, but for those of variables.
fn parts(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    for (at, next) in text.char_indices() {
        match next {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                ranges.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
    }
    ranges.push(start..text.len());
    ranges
}

/// Paths and families.
fn family(text: &Text) -> Result<Text, Unknown> {
    let value = text.as_str();
    if value.starts_with('/') {
        return Ok(unix(text, 0));
    }
    let Some((family, _)) = value.split_once('@').filter(|(family, _)| !family.contains('{'))
    else {
        return Ok(text.clone());
    };
    let rest = family.len() + 1;
    match family {
        "unix" | "uxst" => Ok(unix(text, rest)),
        "ipv4" | "ipv6" | "tcp" | "tcp4" | "tcp6" => Ok(text.part(rest..value.len())),
        "fd" => Ok(text.clone()),
        _ => Err(Unknown(format!("`{family}@` is not yet supported"))),
    }
}

fn unix(text: &Text, path: usize) -> Text {
    let mut address = Text::empty(text.whole());
    address.push("unix:", Place { end: text.whole().start, ..text.whole() });
    address.copy(text, path..text.as_str().len());
    address
}

/// One address for each port of a range.
fn ports(address: &Text) -> Result<Vec<Text>, Unknown> {
    let value = address.as_str();
    let Some(colon) = value.rfind(':').filter(|_| !value.contains("${")) else {
        return Ok(vec![address.clone()]);
    };
    let ends = value[colon + 1..].split_once('-').map(|(low, high)| (low.parse(), high.parse()));
    let Some((Ok(low), Ok(high))): Option<(Result<u16, _>, Result<u16, _>)> = ends else {
        return Ok(vec![address.clone()]);
    };
    if low > high || u32::from(high - low) >= PORTS_MAX {
        return Err(Unknown(format!("has a range of ports that is empty or beyond {PORTS_MAX}")));
    }
    let place = address.place(&(colon + 1..value.len()));
    let one = |port: u16| {
        let mut one = Text::empty(address.whole());
        one.copy(address, 0..colon + 1);
        one.push(&port.to_string(), place);
        one
    };
    Ok((low..=high).map(one).collect())
}

/// IPv6 without brackets: everything up to the last colon.
fn bracketed(address: &Text) -> Text {
    let value = address.as_str();
    let colon = value.rfind(':').unwrap_or(0);
    let is_bare = value.bytes().filter(|b| *b == b':').count() > 1
        && !value.starts_with("unix:")
        && !value.contains(['[', '{']);
    if !is_bare {
        return address.clone();
    }
    let place = |at: usize| {
        let place = address.place(&(at..at + 1));
        Place { end: place.start, ..place }
    };
    let mut out = Text::empty(address.whole());
    out.push("[", place(0));
    out.copy(address, 0..colon);
    out.push("]", place(colon));
    out.copy(address, colon..value.len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(found: Result<Vec<Text>, Unknown>) -> Result<Vec<String>, String> {
        let texts = |found: Vec<Text>| found.iter().map(|text| text.as_str().to_owned()).collect();
        found.map(texts).map_err(|unknown| unknown.0)
    }

    #[test]
    fn addresses_of_binds() {
        let cases: [(&str, &[&str]); 14] = [
            ("*:80", &["*:80"]),
            (":80", &[":80"]),
            (":::80", &["[::]:80"]),
            ("[::]:80", &["[::]:80"]),
            ("::1:80", &["[::1]:80"]),
            ("ipv6@:::80", &["[::]:80"]),
            ("ipv4@*:80", &["*:80"]),
            (":80,:81", &[":80", ":81"]),
            (":80-82", &[":80", ":81", ":82"]),
            ("/run/a.sock", &["unix:/run/a.sock"]),
            ("unix@/run/a.sock", &["unix:/run/a.sock"]),
            ("fd@3", &["fd@3"]),
            ("fd@${FD-3}", &["fd@${FD-3}"]),
            ("${IP-a,b}:${PORT-}", &["${IP-a,b}:${PORT-}"]),
        ];
        for (text, expected) in cases {
            let expected = expected.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(texts(binds(&Text::plain(0, text))), Ok(expected), "{text}");
        }
        for text in ["abns@x", "quic4@:443", ":1-65535", ":9-8"] {
            assert!(binds(&Text::plain(0, text)).is_err(), "{text}");
        }
    }

    #[test]
    fn carets_stand_under_what_was_written() {
        let binds = binds(&Text::plain(0, "a:1,::1:x")).unwrap();
        assert_eq!(binds[1].as_str(), "[::1]:x");
        assert_eq!(binds[1].place(&(6..7)), Place::new(0, 8..9));
    }
}
