//! A check of JSON texts (RFC 8259) that shares no code with the writer.
//!
//! It panics on everything else, white space between the tokens included: no line has any.

/// Checks that `text` is one object and nothing else.
pub fn check_object(text: &[u8]) {
    let text = str::from_utf8(text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
    let mut reader = Reader { text, at: 0 };
    assert!(text.starts_with('{'), "no object: {text}");
    reader.value();
    assert_eq!(reader.at, text.len(), "more than an object: {text}");
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Whether `token` is next; then it is taken.
    fn takes(&mut self, token: &str) -> bool {
        let is_next = self.text[self.at..].starts_with(token);
        self.at += if is_next { token.len() } else { 0 };
        is_next
    }

    fn expect(&mut self, token: &str) {
        assert!(self.takes(token), "no {token:?} at {}: {}", self.at, self.text);
    }

    fn value(&mut self) {
        match self.peek() {
            Some(b'{') => self.list("{", "}", |reader| {
                reader.string();
                reader.expect(":");
                reader.value();
            }),
            Some(b'[') => self.list("[", "]", Self::value),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.integer(),
            _ => self.expect("null"),
        }
    }

    fn list(&mut self, start: &str, end: &str, item: impl Fn(&mut Self)) {
        self.expect(start);
        if self.takes(end) {
            return;
        }
        item(self);
        while !self.takes(end) {
            self.expect(",");
            item(self);
        }
    }

    fn string(&mut self) {
        self.expect("\"");
        while !self.takes("\"") {
            let next = self.text[self.at..].chars().next();
            let next = next.unwrap_or_else(|| panic!("a string has no end: {}", self.text));
            assert!(next >= ' ', "a control character at {}: {}", self.at, self.text);
            self.at += next.len_utf8();
            if next == '\\' {
                self.escape();
            }
        }
    }

    fn escape(&mut self) {
        if !self.takes("u") {
            assert!(matches!(self.peek(), Some(b'"' | b'\\')), "at {}: {}", self.at, self.text);
            self.at += 1;
            return;
        }
        let digits = self.text.as_bytes().get(self.at..self.at + 4).unwrap_or_default();
        let is_hex = digits.len() == 4 && digits.iter().all(u8::is_ascii_hexdigit);
        assert!(is_hex, "at {}: {}", self.at, self.text);
        self.at += 4;
    }

    /// No line has any other number.
    fn integer(&mut self) {
        self.takes("-");
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        let digits = &self.text[start..self.at];
        let is_shortest = digits == "0" || !digits.starts_with('0');
        assert!(!digits.is_empty() && is_shortest, "at {start}: {}", self.text);
    }
}
