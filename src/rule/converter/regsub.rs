//! `regsub`: what matches a regular expression is written anew.

use regex::bytes::{CaptureLocations, Regex};

use super::super::context::Context;
use super::super::sample::Sample;
use super::{build, limit};

pub(super) fn regsub<'a>(
    regex: &Regex,
    with: &[u8],
    all: bool,
    sample: Sample<'a>,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let text = sample.text(context.arena);
    let mut matcher = Matcher::new(regex, with);
    build(context, |out| {
        // HAProxy looks on from where the last match ended, and behind an empty match from the next
        // byte on: an empty match may follow another match at once.
        let mut from = 0;
        while let Some((start, end)) = matcher.find(text, from) {
            out.extend_from_slice(text.get(from..start)?);
            put_replacement(out, with, text, &matcher);
            let is_stuck = end == from;
            from = end;
            if !all || out.len() > limit(context) {
                break;
            }
            if is_stuck {
                let Some(byte) = text.get(from) else { break };
                out.push(*byte);
                from += 1;
            }
        }
        out.extend_from_slice(text.get(from..)?);
        Some(())
    })
    .map(Sample::Str)
}

/// Finds groups only where a replacement names them: a match alone costs no memory.
struct Matcher<'r> {
    regex: &'r Regex,
    groups: Option<CaptureLocations>,
    whole: (usize, usize),
}

impl<'r> Matcher<'r> {
    fn new(regex: &'r Regex, with: &[u8]) -> Self {
        let names_group = with.windows(2).any(|pair| matches!(pair, [b'\\', b'1'..=b'9']));
        let groups = names_group.then(|| regex.capture_locations());
        Self { regex, groups, whole: (0, 0) }
    }

    fn find(&mut self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        let found = match &mut self.groups {
            Some(groups) => self.regex.captures_read_at(groups, text, from),
            None => self.regex.find_at(text, from),
        }?;
        self.whole = (found.start(), found.end());
        Some(self.whole)
    }

    fn group(&self, index: usize) -> Option<(usize, usize)> {
        match &self.groups {
            Some(groups) => groups.get(index),
            None => (index == 0).then_some(self.whole),
        }
    }
}

/// `\0` to `\9` are groups, `\xHH` is a byte, and any other byte behind a `\` is itself.
fn put_replacement(out: &mut Vec<u8>, with: &[u8], text: &[u8], matcher: &Matcher<'_>) {
    let mut rest = with;
    loop {
        rest = match rest {
            [] | [b'\\'] => return,
            [b'\\', digit @ b'0'..=b'9', rest @ ..] => {
                let group = matcher.group(usize::from(digit - b'0'));
                let found = group.and_then(|(start, end)| text.get(start..end));
                out.extend_from_slice(found.unwrap_or_default());
                rest
            }
            [b'\\', b'x', high, low, rest @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default() as u8;
                out.push(digit(*high) << 4 | digit(*low));
                rest
            }
            [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
                out.push(*byte);
                rest
            }
        };
    }
}
