//! `json_query`: the value at a path such as `$.a.b[0]`, found in one pass over the text.

use super::super::context::Context;
use super::super::sample::Sample;
use super::build;

/// Arrays and objects within each other; deeper ones are an error, so that the stack suffices.
const DEPTH_MAX: u32 = 20;
/// The largest integer that a double holds exactly.
const INT_MAX: i64 = (1 << 53) - 1;

/// Text, booleans, numbers (as the text of a double with six digits, unless `as_int`), and arrays as
/// they are written. `None`: anything else, nothing there, or an error in the text up to it.
pub(super) fn query<'a>(
    text: &'a [u8],
    path: &[u8],
    as_int: bool,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let mut reader = Reader { rest: text };
    let mut path = path.strip_prefix(b"$")?;
    while !path.is_empty() {
        path = reader.descend(path)?;
    }
    match reader.value(0)? {
        Value::Text(text) if memchr::memchr(b'\\', text).is_none() => Some(Sample::Str(text)),
        Value::Text(text) => build(context, |out| unescape(out, text)).map(Sample::Str),
        Value::Number(number) if as_int => int(number).map(Sample::Int),
        Value::Number(number) => {
            let shown = general(double(number));
            Some(Sample::Str(context.arena.keep(shown.as_bytes())))
        }
        Value::Bool(value) => Some(Sample::Bool(value)),
        Value::Array(text) => Some(Sample::Str(text)),
        Value::Null | Value::Object => None,
    }
}

enum Value<'t> {
    /// Between its quotes, with its escapes.
    Text(&'t [u8]),
    Number(&'t [u8]),
    Bool(bool),
    Null,
    Array(&'t [u8]),
    Object,
}

struct Reader<'t> {
    rest: &'t [u8],
}

impl<'t> Reader<'t> {
    /// Goes to the value that the path's first step names, and gives the steps behind it.
    fn descend<'p>(&mut self, path: &'p [u8]) -> Option<&'p [u8]> {
        match path {
            [b'.', steps @ ..] => {
                let (name, steps) = steps.split_at_checked(name_len(steps))?;
                self.take(b'{')?;
                loop {
                    let key = self.text()?;
                    self.take(b':')?;
                    if is_name(name, key) {
                        return Some(steps);
                    }
                    self.value(1)?;
                    self.take(b',')?;
                }
            }
            [b'[', steps @ ..] => {
                let end = memchr::memchr(b']', steps)?;
                let (index, steps) = steps.split_at_checked(end)?;
                let index: usize = std::str::from_utf8(index).ok()?.parse().ok()?;
                self.take(b'[')?;
                for _ in 0..index {
                    self.value(1)?;
                    self.take(b',')?;
                }
                steps.get(1..)
            }
            _ => None,
        }
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    /// Takes a byte that must be next.
    fn take(&mut self, byte: u8) -> Option<()> {
        self.skip_spaces();
        self.rest = self.rest.strip_prefix(&[byte])?;
        Some(())
    }

    fn is_next(&mut self, byte: u8) -> bool {
        self.skip_spaces();
        self.rest.first() == Some(&byte)
    }

    /// Takes a value.
    fn value(&mut self, depth: u32) -> Option<Value<'t>> {
        if depth > DEPTH_MAX {
            return None;
        }
        self.skip_spaces();
        let start = self.rest;
        match self.rest.first()? {
            b'"' => self.text().map(Value::Text),
            b'-' | b'0'..=b'9' => Some(Value::Number(self.number())),
            b't' => self.word(b"true", Value::Bool(true)),
            b'f' => self.word(b"false", Value::Bool(false)),
            b'n' => self.word(b"null", Value::Null),
            b'[' => {
                self.items(depth, [b'[', b']'], Self::skip_item)?;
                let len = start.len() - self.rest.len();
                start.get(..len).map(Value::Array)
            }
            b'{' => {
                self.items(depth, [b'{', b'}'], Self::skip_member)?;
                Some(Value::Object)
            }
            _ => None,
        }
    }

    /// Takes what stands between brackets, parted by commas.
    fn items(
        &mut self,
        depth: u32,
        [open, close]: [u8; 2],
        skip: fn(&mut Self, u32) -> Option<()>,
    ) -> Option<()> {
        self.take(open)?;
        if self.is_next(close) {
            return self.take(close);
        }
        loop {
            skip(self, depth + 1)?;
            if !self.is_next(b',') {
                return self.take(close);
            }
            self.take(b',')?;
        }
    }

    fn skip_item(&mut self, depth: u32) -> Option<()> {
        self.value(depth).map(|_| ())
    }

    fn skip_member(&mut self, depth: u32) -> Option<()> {
        self.text()?;
        self.take(b':')?;
        self.skip_item(depth)
    }

    fn word(&mut self, word: &[u8], value: Value<'t>) -> Option<Value<'t>> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(value)
    }

    /// Takes a string and gives what is between its quotes.
    fn text(&mut self) -> Option<&'t [u8]> {
        self.take(b'"')?;
        let mut len = 0;
        loop {
            len += memchr::memchr2(b'"', b'\\', self.rest.get(len..)?)?;
            if self.rest.get(len) == Some(&b'"') {
                break;
            }
            // The byte behind a backslash, whatever it is.
            len += 2;
        }
        let (text, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest.get(1..)?;
        Some(text)
    }

    /// Takes a number, as far as it goes.
    fn number(&mut self) -> &'t [u8] {
        let digits = |from: usize| {
            let rest = self.rest.get(from..).unwrap_or_default();
            from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
        };
        let mut len = digits(usize::from(self.rest.first() == Some(&b'-')));
        if self.rest.get(len) == Some(&b'.') {
            len = digits(len + 1);
        }
        if matches!(self.rest.get(len), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.rest.get(len + 1), Some(b'+' | b'-')));
            len = digits(len + 1 + sign);
        }
        let (number, rest) = self.rest.split_at_checked(len).unwrap_or_default();
        self.rest = rest;
        number
    }
}

/// Bytes of a name in a path: up to a dot or a bracket that no backslash hides.
fn name_len(steps: &[u8]) -> usize {
    let mut is_hidden = false;
    let is_end = |byte: &u8| {
        let ends = !is_hidden && matches!(byte, b'.' | b'[');
        is_hidden = !is_hidden && *byte == b'\\';
        ends
    };
    steps.iter().position(is_end).unwrap_or(steps.len())
}

/// Whether a path's name, without the backslashes that hide bytes, is a key.
fn is_name(name: &[u8], key: &[u8]) -> bool {
    let mut key = key.iter();
    let mut name = name.iter();
    while let Some(mut byte) = name.next() {
        if *byte == b'\\' {
            byte = name.next().unwrap_or(byte);
        }
        if key.next() != Some(byte) {
            return false;
        }
    }
    key.next().is_none()
}

/// `None`: an escape that JSON does not have, or a character above U+00FF, which HAProxy cannot show
/// either.
fn unescape(out: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return Some(()),
            [b'\\', b'u', rest @ ..] => {
                let (digits, rest) = rest.split_at_checked(4)?;
                let code = digits.iter().try_fold(0, |code, byte| {
                    char::from(*byte).to_digit(16).map(|digit| code << 4 | digit)
                })?;
                out.push(u8::try_from(code).ok()?);
                rest
            }
            [b'\\', byte, rest @ ..] => {
                out.push(match byte {
                    b'b' => 0x08,
                    b'f' => 0x0c,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'"' | b'\\' | b'/' => *byte,
                    _ => return None,
                });
                rest
            }
            [byte, rest @ ..] => {
                out.push(*byte);
                rest
            }
        };
    }
}

/// As strtoll(3): digits up to a point or an exponent, octal behind a 0.
fn int(number: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match number {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let radix = if digits.first() == Some(&b'0') { 8 } else { 10 };
    let digits = digits.iter().map_while(|byte| char::from(*byte).to_digit(radix));
    let value = digits.fold(0i64, |value, digit| {
        value.saturating_mul(i64::from(radix)).saturating_add(i64::from(digit))
    });
    (value <= INT_MAX).then_some(if is_negative { -value } else { value })
}

/// What a number is worth as far as it is one.
fn double(number: &[u8]) -> f64 {
    let text = std::str::from_utf8(number).unwrap_or_default();
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    text.parse().or_else(|_| mantissa.parse()).unwrap_or_default()
}

/// As `%g` of printf(3): six digits, without zeros at the end.
fn general(value: f64) -> String {
    if !value.is_finite() {
        return if value < 0.0 { "-inf".to_owned() } else { "inf".to_owned() };
    }
    let scientific = format!("{value:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        let decimals = usize::try_from(5 - exponent).unwrap_or_default();
        return without_zeros(&format!("{value:.decimals$}")).to_owned();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.unsigned_abs())
}

fn without_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}
