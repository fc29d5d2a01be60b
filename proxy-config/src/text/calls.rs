//! Splits a sample expression into calls: `NAME(ARGUMENT,...),NAME`, with the quotes and backslashes
//! that HAProxy knows between parentheses (its manual, chapters 2.2 and 7.3).
//!
//! `'...'` and `"..."` keep commas and parentheses. Outside of `'`, a backslash takes the meaning of a
//! blank, a quote or another backslash away, and `\n`, `\r` and `\t` are characters; any other backslash
//! stays, so that regular expressions need no second one.

use std::ops::Range;

use crate::place::Place;
use crate::text::{Fault, Text};

/// A name, and what stands in its parentheses.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) name: Text,
    /// None without parentheses, and with empty ones.
    pub(crate) args: Vec<Text>,
    /// The whole call.
    pub(crate) place: Place,
}

/// Whether a name may have it.
pub(crate) fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | ':')
}

impl Text {
    /// The calls from `start` on, and where they end.
    pub(crate) fn calls(&self, start: usize) -> Result<(Vec<Call>, usize), Fault> {
        let mut calls = Vec::new();
        let mut at = start;
        loop {
            let (call, end) = self.call(at)?;
            calls.push(call);
            if !self.value[end..].starts_with(',') {
                return Ok((calls, end));
            }
            at = end + 1;
        }
    }

    fn call(&self, start: usize) -> Result<(Call, usize), Fault> {
        let rest = &self.value[start..];
        let end = start + rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        if end == start {
            let next = rest.chars().next();
            let problem = match next {
                Some(next) => format!("has `{next}` where a name should stand"),
                None => "ends where a name should stand".to_owned(),
            };
            let range = start..start + next.map_or(0, char::len_utf8);
            return Err(Fault::new(range, problem, "write the name of a fetch or of a converter"));
        }
        let name = self.slice(start..end);
        if !self.value[end..].starts_with('(') {
            let place = name.whole();
            return Ok((Call { name, args: Vec::new(), place }, end));
        }
        let (args, end) = self.arguments(end)?;
        Ok((Call { name, args, place: self.place(&(start..end)) }, end))
    }

    /// The arguments of the parenthesis at `open`, and where it ends.
    fn arguments(&self, open: usize) -> Result<(Vec<Self>, usize), Fault> {
        let mut reader = Reader { text: self, args: Vec::new(), arg: None, quote: None };
        let mut at = open + 1;
        while let Some(next) = self.value[at..].chars().next() {
            let after = at + next.len_utf8();
            match (reader.quote, next) {
                (None, ')') => {
                    reader.end(at);
                    return Ok((reader.args(), after));
                }
                (None, ',') => reader.end(at),
                (None, '\'' | '"') => reader.open(next, at),
                (Some((quote, _)), _) if quote == next => reader.quote = None,
                (None | Some(('"', _)), '\\') => {
                    at = reader.escape(at);
                    continue;
                }
                _ => reader.copy(at..after),
            }
            at = after;
        }
        let (open, what) = reader.quote.map_or((open, "parenthesis"), |(_, at)| (at, "quote"));
        let problem = format!("has a {what} that is not closed");
        Err(Fault::new(open..self.value.len(), problem, "close it"))
    }

    /// A part that still knows where it stands.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        let place = self.place(&range);
        Self {
            value: self.value[range.clone()].to_owned(),
            origins: self.origins[range].to_vec(),
            place,
        }
    }

    /// The text without a part of it.
    pub(crate) fn without(&self, range: Range<usize>) -> Self {
        let mut out = self.slice(0..range.start);
        out.copy(self, range.end..self.value.len());
        out.place = self.place;
        out
    }
}

struct Reader<'t> {
    text: &'t Text,
    args: Vec<Text>,
    /// The argument that is being read, and where it began.
    arg: Option<(Text, usize)>,
    quote: Option<(char, usize)>,
}

impl Reader<'_> {
    fn arg(&mut self, at: usize) -> &mut Text {
        let place = self.text.place;
        let empty = || Text { value: String::new(), origins: Vec::new(), place };
        &mut self.arg.get_or_insert_with(|| (empty(), at)).0
    }

    fn open(&mut self, quote: char, at: usize) {
        self.arg(at);
        self.quote = Some((quote, at));
    }

    fn copy(&mut self, range: Range<usize>) {
        let text = self.text;
        self.arg(range.start).copy(text, range);
    }

    /// Takes a backslash and what follows it; returns where the next character begins.
    fn escape(&mut self, at: usize) -> usize {
        let next = self.text.value[at + 1..].chars().next();
        let meant = match next {
            Some('n') => "\n",
            Some('r') => "\r",
            Some('t') => "\t",
            Some(' ' | '"' | '\'' | '\\') => {
                self.arg(at);
                self.copy(at + 1..at + 2);
                return at + 2;
            }
            _ => {
                self.copy(at..at + 1);
                return at + 1;
            }
        };
        let place = self.text.place(&(at..at + 2));
        self.arg(at).push(meant, place);
        at + 2
    }

    fn end(&mut self, at: usize) {
        self.arg(at);
        if let Some((mut arg, start)) = self.arg.take() {
            arg.place = self.text.place(&(start..at));
            self.args.push(arg);
        }
    }

    /// Empty parentheses are none.
    fn args(self) -> Vec<Text> {
        match self.args.as_slice() {
            [only] if only.value.is_empty() && only.place.start == only.place.end => Vec::new(),
            _ => self.args,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(text: &str) -> Vec<(String, Vec<String>)> {
        let (calls, end) = Text::plain(0, text).calls(0).unwrap();
        assert_eq!(end, text.len(), "{text}");
        let value = |text: Text| text.value;
        let call = |call: Call| (call.name.value, call.args.into_iter().map(value).collect());
        calls.into_iter().map(call).collect()
    }

    #[test]
    fn arguments_with_quotes_and_escapes() {
        let cases = [
            ("src", &[][..]),
            ("str()", &[]),
            ("str(\"\")", &[""]),
            ("a( b )", &[" b "]),
            ("a(,2)", &["", "2"]),
            ("a(b,)", &["b", ""]),
            (r#"a("b,c)",'d"e')"#, &["b,c)", "d\"e"]),
            (r#"a(b"c,d"e)"#, &["bc,de"]),
            (r"a(\ \\\'\n\t\r)", &[" \\'\n\t\r"]),
            (r#"a("\d+\.\(x\)\,")"#, &[r"\d+\.\(x\)\,"]),
            (r"a('\n\')", &[r"\n\"]),
            ("a(caf\u{e9})", &["caf\u{e9}"]),
        ];
        for (text, expected) in cases {
            let found = calls(text);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].1, expected, "{text}");
        }
    }

    #[test]
    fn calls_follow_each_other() {
        let found = calls("req.hdr(a,-1),lower,map_str_int(x),base32+src");
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["req.hdr", "lower", "map_str_int", "base32+src"]);
        let (_, end) = Text::plain(0, "src,lower] x").calls(0).unwrap();
        assert_eq!(end, 9);
    }

    #[test]
    fn bad_calls() {
        let cases = [
            ("", "ends where a name should stand", 0..0),
            ("src,", "ends where a name should stand", 4..4),
            ("src,,lower", "has `,` where a name should stand", 4..5),
            ("a(b", "has a parenthesis that is not closed", 1..3),
            ("a('b)", "has a quote that is not closed", 2..5),
            ("a(b\\", "has a parenthesis that is not closed", 1..4),
        ];
        for (text, problem, range) in cases {
            let fault = Text::plain(0, text).calls(0).unwrap_err();
            assert_eq!((fault.problem.as_str(), fault.range), (problem, range), "{text}");
        }
    }

    #[test]
    fn arguments_know_their_places() {
        let text = Text::plain(0, r#"xy req.hdr("a\n",b)"#);
        let (calls, end) = text.calls(3).unwrap();
        let place = |text: &Text| text.whole().start..text.whole().end;
        assert_eq!((place(&calls[0].name), end), (3..10, 19));
        assert_eq!(place(&calls[0].args[0]), 11..16);
        assert_eq!(calls[0].args[0].place(&(1..2)), Place::new(0, 13..15));
        assert_eq!(place(&calls[0].args[1]), 17..18);
    }
}
