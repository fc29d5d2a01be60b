//! Splits a string into words as HAProxy splits a line: at blanks, with quotes and backslashes.
//!
//! `"..."` and `'...'` keep blanks; between `'` nothing else is special. Elsewhere `\n`, `\r`,
//! `\t` and `\xHH` are characters, a backslash before a blank, a quote, `#` or another backslash
//! takes its meaning away, and any other backslash stays.

use crate::text::{Fault, Text};

impl Text {
    /// The words, each of which still knows where it stands in the file.
    pub(crate) fn words(&self) -> Result<Vec<Self>, Fault> {
        let mut splitter = Splitter { text: self, words: Vec::new(), word: None, quote: None };
        let mut at = 0;
        while let Some(next) = self.value[at..].chars().next() {
            at = splitter.step(at, next)?;
        }
        splitter.end(at);
        match splitter.quote {
            Some((_, open)) => {
                Err(Fault::new(open..at, "has a quote that is not closed", "close it"))
            }
            None => Ok(splitter.words),
        }
    }
}

struct Splitter<'t> {
    text: &'t Text,
    words: Vec<Text>,
    /// The word that is being read, and where it began.
    word: Option<(Text, usize)>,
    /// The open quote and where it stands.
    quote: Option<(char, usize)>,
}

impl Splitter<'_> {
    /// Takes one character or escape; returns where the next one begins.
    fn step(&mut self, at: usize, next: char) -> Result<usize, Fault> {
        let after = at + next.len_utf8();
        match (self.quote, next) {
            (None, ' ' | '\t' | '\r' | '\n') => self.end(at),
            (None, '"' | '\'') => {
                self.word(at);
                self.quote = Some((next, at));
            }
            (Some((quote, _)), _) if quote == next => self.quote = None,
            (None | Some(('"', _)), '\\') => return self.escape(at),
            _ => self.copy(at, at, after),
        }
        Ok(after)
    }

    fn escape(&mut self, at: usize) -> Result<usize, Fault> {
        let Some(next) = self.text.value[at + 1..].chars().next() else {
            let expected = "write `\\\\` for a backslash";
            return Err(Fault::new(at..at + 1, "ends with a backslash", expected));
        };
        let after = at + 1 + next.len_utf8();
        match next {
            'n' => self.put(at, after, "\n"),
            'r' => self.put(at, after, "\r"),
            't' => self.put(at, after, "\t"),
            'x' => return self.hexadecimal(at),
            ' ' | '\t' | '"' | '\'' | '#' | '\\' => self.copy(at, at + 1, after),
            _ => self.copy(at, at, after),
        }
        Ok(after)
    }

    fn hexadecimal(&mut self, at: usize) -> Result<usize, Fault> {
        let end = at + 4;
        let digits = self.text.value.get(at + 2..end).unwrap_or("");
        let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        match u8::from_str_radix(digits, 16) {
            Ok(byte) if is_hex && byte.is_ascii() => {
                self.put(at, end, &char::from(byte).to_string());
                Ok(end)
            }
            _ => {
                let expected = "write `\\x` and two hexadecimal digits up to 7F";
                Err(Fault::new(at..at + 2, "has a bad `\\x`", expected))
            }
        }
    }

    /// The current word, which begins here if there is none.
    fn word(&mut self, at: usize) -> &mut Text {
        let place = self.text.place;
        let empty = || Text { value: String::new(), origins: Vec::new(), place };
        &mut self.word.get_or_insert_with(|| (empty(), at)).0
    }

    fn copy(&mut self, start: usize, from: usize, to: usize) {
        let text = self.text;
        self.word(start).copy(text, from..to);
    }

    /// Adds what an escape stands for.
    fn put(&mut self, from: usize, to: usize, value: &str) {
        let place = self.text.place(&(from..to));
        self.word(from).push(value, place);
    }

    fn end(&mut self, at: usize) {
        if let Some((mut word, start)) = self.word.take() {
            word.place = self.text.place(&(start..at));
            self.words.push(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let words = Text::plain(0, text).words().unwrap();
        words.into_iter().map(|word| word.value).collect()
    }

    #[test]
    fn words_with_quotes_and_escapes() {
        let cases = [
            ("", &[][..]),
            ("  \t\n", &[]),
            (" a  b ", &["a", "b"]),
            (r#"a"b c"d e"#, &["ab cd", "e"]),
            (r#"'a "\n' "b '\n""#, &["a \"\\n", "b '\n"]),
            (r#""" ''"#, &["", ""]),
            (r"a\ b \#c \\ \'", &["a b", "#c", "\\", "'"]),
            (r"\r\n\t\x41\x7f", &["\r\n\tA\u{7f}"]),
            (r"\d+\.x", &[r"\d+\.x"]),
            ("caf\u{e9} \u{e9}", &["caf\u{e9}", "\u{e9}"]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn bad_words() {
        let cases = [
            ("a 'b", "has a quote that is not closed", 2..4),
            ("\"a\\\"", "has a quote that is not closed", 0..4),
            ("a\\", "ends with a backslash", 1..2),
            ("\\x4", "has a bad `\\x`", 0..2),
            ("a\\x+1", "has a bad `\\x`", 1..3),
            ("\\x80", "has a bad `\\x`", 0..2),
            ("\\x\u{e9}\u{e9}", "has a bad `\\x`", 0..2),
        ];
        for (text, problem, range) in cases {
            let fault = Text::plain(0, text).words().unwrap_err();
            assert_eq!((fault.problem.as_str(), fault.range), (problem, range), "{text}");
        }
    }

    #[test]
    fn words_know_their_places() {
        let words = Text::plain(0, r#"ab "c\n d" '' "#).words().unwrap();
        let places: Vec<_> =
            words.iter().map(|word| word.whole().start..word.whole().end).collect();
        assert_eq!(places, [0..2, 3..10, 11..13]);
        let inside = words[1].place(&(1..2));
        assert_eq!(inside.start..inside.end, 5..7);
    }
}
