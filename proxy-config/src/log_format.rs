//! The log-format language: text to pieces (HAProxy's manual, section 8.2.6).
//!
//! ```text
//! text, and items: %[(NAME[:TYPE])][{FLAGS}]ALIAS      %% is one %
//! and where ALIAS is, also: [EXPRESSION]
//! FLAGS: +Q -Q +X -X +E -E, separated by commas; on the alias `o` they hold from there on, and
//! there also +json
//! ```
//!
//! An alias takes all letters and digits that follow. The text comes from a TOML string, so
//! nothing of what HAProxy's configuration needs is special: no backslash before a blank or a
//! quote.

use crate::model::rule::Expr;
use crate::model::{Encoding, Format, FormatPiece, LogField, LogFlags};
use crate::nearest::nearest;
use crate::text::Fault;

const PERCENT: &str = "write `%%` for a percent sign, or an alias such as `%ci`";
const FLAGS: &str = "flags are +Q, +X and +E, or -Q, -X and -E to take one back";

/// Parses the format of a log line: blanks in a row, line ends among them, are one blank, and
/// those at the start are none.
///
/// The fault's range is in bytes of `text`.
pub fn parse_log_format(text: &str) -> Result<Format, Fault> {
    check_controls(text)?;
    Parser::new(text, true, None).run()
}

/// Parses the format of a page without sample expressions: every blank stays.
#[cfg(test)]
pub(crate) fn parse_template(text: &str) -> Result<Format, Fault> {
    Parser::new(text, false, None).run()
}

/// Compiles the sample expression from an offset on, behind a `[`; gives it, or `None` after it
/// reported why not, and where the text goes on, behind the `]`.
pub(crate) type Sampler<'s> = dyn FnMut(usize) -> (Option<Expr>, usize) + 's;

/// Parses a format with sample expressions. Those that are wrong leave no piece.
pub(crate) fn parse_with_samples(
    text: &str,
    merges_blanks: bool,
    sampler: &mut Sampler<'_>,
) -> Result<Format, Fault> {
    if merges_blanks {
        check_controls(text)?;
    }
    Parser::new(text, merges_blanks, Some(sampler)).run()
}

fn check_controls(text: &str) -> Result<(), Fault> {
    let Some((at, control)) = text.char_indices().find(|(_, c)| is_control(*c)) else {
        return Ok(());
    };
    let problem = "has a control character";
    let expected = "a log line has visible characters and blanks only";
    Err(Fault::new(at..at + control.len_utf8(), problem, expected))
}

fn is_control(c: char) -> bool {
    c.is_ascii_control() && !c.is_ascii_whitespace()
}

struct Parser<'t, 's> {
    text: &'t str,
    at: usize,
    merges_blanks: bool,
    /// Those of `%{+Q}o`.
    flags: LogFlags,
    format: Format,
    sampler: Option<&'s mut Sampler<'s>>,
}

/// What stands between the `%` and the alias.
#[derive(Default)]
struct Prefix<'t> {
    name: Option<&'t str>,
    /// The flags without their braces, and where they start.
    flags: Option<(&'t str, usize)>,
}

impl<'t, 's> Parser<'t, 's> {
    fn new(text: &'t str, merges_blanks: bool, sampler: Option<&'s mut Sampler<'s>>) -> Self {
        let format = Format { encoding: Encoding::Text, pieces: Vec::new() };
        Self { text, at: 0, merges_blanks, flags: LogFlags::default(), format, sampler }
    }

    fn run(mut self) -> Result<Format, Fault> {
        while let Some(found) = self.rest().find('%') {
            let percent = self.at + found;
            self.push_text(&self.text[self.at..percent]);
            self.at = percent + 1;
            self.item(percent)?;
        }
        self.push_text(self.rest());
        Ok(self.format)
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// What follows a `%`.
    fn item(&mut self, percent: usize) -> Result<(), Fault> {
        if self.rest().starts_with('%') {
            self.push_text("%");
            self.at += 1;
            return Ok(());
        }
        let prefix = Prefix { name: self.name()?, flags: self.braces()? };
        if self.rest().starts_with('[') {
            return self.sample(percent, &prefix);
        }
        let is_letter = |c: char| c.is_ascii_alphanumeric();
        let rest = self.rest();
        let length = rest.find(|c| !is_letter(c)).unwrap_or(rest.len());
        let (start, alias) = (self.at, &rest[..length]);
        self.at += length;
        match alias {
            "" => Err(self.nothing(percent)),
            "o" => self.set_flags(&prefix),
            _ => self.field(start, alias, &prefix),
        }
    }

    /// What follows a `%` and begins with a `[`.
    fn sample(&mut self, percent: usize, prefix: &Prefix<'_>) -> Result<(), Fault> {
        let flags = self.flags_of(prefix)?;
        let Some(sampler) = self.sampler.as_mut() else {
            let rest = self.rest();
            let length = rest.find(']').map_or(rest.len(), |end| end + 1);
            let problem = "has a sample expression, which is not yet supported here";
            let range = percent..self.at + length;
            return Err(Fault::new(range, problem, "use an alias such as `%ci`"));
        };
        let (expr, end) = sampler(self.at + 1);
        self.at = end;
        let name = prefix.name.map(str::to_owned);
        let piece = expr.map(|expr| FormatPiece::Sample { expr: Box::new(expr), flags, name });
        self.format.pieces.extend(piece);
        Ok(())
    }

    /// The flags that hold for one item.
    fn flags_of(&self, prefix: &Prefix<'_>) -> Result<LogFlags, Fault> {
        let mut flags = self.flags;
        if let Some((list, start)) = prefix.flags {
            for (flag, at) in parts(list, start) {
                apply(&mut flags, flag, at)?;
            }
        }
        Ok(flags)
    }

    fn nothing(&self, percent: usize) -> Fault {
        let next = self.rest().chars().next().map_or(0, char::len_utf8);
        let end = if self.at == percent + 1 { self.at } else { self.at + next };
        Fault::new(percent..end, "has a `%` without an alias", PERCENT)
    }

    /// `(NAME)` or `(NAME:TYPE)`.
    fn name(&mut self) -> Result<Option<&'t str>, Fault> {
        let open = self.at;
        let Some(inside) = self.rest().strip_prefix('(') else { return Ok(None) };
        let Some(length) = inside.find(')') else {
            let range = open..self.text.len();
            return Err(Fault::new(range, "has a `(` that is not closed", "write `%(name)ci`"));
        };
        self.at = open + length + 2;
        let (name, kind) = match inside[..length].split_once(':') {
            Some((name, kind)) => (name, Some(kind)),
            None => (&inside[..length], None),
        };
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if name.is_empty() || !name.bytes().all(is_allowed) {
            let range = open + 1..open + 1 + name.len();
            let expected = "a name has letters, digits, `_` and `-`";
            return Err(Fault::new(range, format!("has a bad name `{name}`"), expected));
        }
        if let Some(kind) = kind.filter(|kind| !["str", "sint", "bool"].contains(kind)) {
            let range = open + 2 + name.len()..self.at - 1;
            let expected = "must be `str`, `sint` or `bool`";
            return Err(Fault::new(range, format!("has an unknown type `{kind}`"), expected));
        }
        Ok(Some(name))
    }

    /// `{FLAGS}`.
    fn braces(&mut self) -> Result<Option<(&'t str, usize)>, Fault> {
        let open = self.at;
        let Some(inside) = self.rest().strip_prefix('{') else { return Ok(None) };
        let Some(length) = inside.find('}') else {
            let range = open..self.text.len();
            return Err(Fault::new(range, "has a `{` that is not closed", "write `%{+Q}r`"));
        };
        self.at = open + length + 2;
        Ok(Some((&inside[..length], open + 1)))
    }

    /// `%{FLAGS}o`.
    fn set_flags(&mut self, prefix: &Prefix<'_>) -> Result<(), Fault> {
        let Some((list, start)) = prefix.flags else { return Ok(()) };
        let mut flags = self.flags;
        for (flag, at) in parts(list, start) {
            match flag {
                "+json" | "-json" => self.encode(flag, at)?,
                _ => apply(&mut flags, flag, at)?,
            }
        }
        self.flags = flags;
        Ok(())
    }

    fn encode(&mut self, flag: &str, at: usize) -> Result<(), Fault> {
        if !self.format.pieces.is_empty() {
            let problem = format!("has `{flag}` behind the start");
            let expected = "one encoding holds for the whole line: begin with `%{+json}o`";
            return Err(Fault::new(at..at + flag.len(), problem, expected));
        }
        self.format.encoding = if flag == "+json" { Encoding::Json } else { Encoding::Text };
        Ok(())
    }

    fn field(&mut self, start: usize, alias: &str, prefix: &Prefix<'_>) -> Result<(), Fault> {
        let flags = self.flags_of(prefix)?;
        let Some(field) = LogField::ALL.iter().find(|field| field.alias() == alias) else {
            let problem = format!("has an unknown alias `%{alias}`");
            return Err(Fault::new(start..start + alias.len(), problem, remedy(alias)));
        };
        let name = prefix.name.map(str::to_owned);
        self.format.pieces.push(FormatPiece::Field { field: *field, flags, name });
        Ok(())
    }

    fn push_text(&mut self, text: &str) {
        if !matches!(self.format.pieces.last(), Some(FormatPiece::Text(_))) {
            self.format.pieces.push(FormatPiece::Text(String::new()));
        }
        let is_first = self.format.pieces.len() == 1;
        let Some(FormatPiece::Text(last)) = self.format.pieces.last_mut() else { return };
        for c in text.chars() {
            let is_blank = self.merges_blanks && c.is_ascii_whitespace();
            let is_surplus = last.ends_with(' ') || (is_first && last.is_empty());
            match is_blank {
                true if is_surplus => {}
                true => last.push(' '),
                false => last.push(c),
            }
        }
        if last.is_empty() {
            self.format.pieces.pop();
        }
    }
}

/// The parts of a list separated by commas, each with its place.
fn parts(list: &str, start: usize) -> impl Iterator<Item = (&str, usize)> {
    let mut at = start;
    list.split(',').map(move |part| {
        let place = at;
        at += part.len() + 1;
        (part, place)
    })
}

fn apply(flags: &mut LogFlags, flag: &str, at: usize) -> Result<(), Fault> {
    let range = at..at + flag.len();
    let is_on = flag.starts_with('+');
    match flag.strip_prefix(['+', '-']) {
        Some("Q") => flags.quote = is_on,
        Some("X") => flags.hex = is_on,
        Some("E") => flags.escape = is_on,
        Some("json") => {
            let problem = format!("has `{flag}` on one alias");
            let expected = "one encoding holds for the whole line: begin with `%{+json}o`";
            return Err(Fault::new(range, problem, expected));
        }
        Some("bin" | "cbor") => {
            let problem = format!("has `{flag}`, which is not yet supported");
            return Err(Fault::new(range, problem, FLAGS));
        }
        _ => return Err(Fault::new(range, format!("has an unknown flag `{flag}`"), FLAGS)),
    }
    Ok(())
}

fn remedy(alias: &str) -> String {
    let aliases = || LogField::ALL.iter().map(|field| field.alias());
    if let Some(same) = aliases().find(|known| known.eq_ignore_ascii_case(alias)) {
        return format!("did you mean `%{same}`?");
    }
    let prefix = aliases().filter(|known| alias.starts_with(known)).max_by_key(|known| known.len());
    match (prefix, nearest(alias, aliases())) {
        (Some(known), _) if known.len() > 1 => {
            format!("did you mean `%{known}`? an alias takes all letters and digits that follow")
        }
        (_, Some(near)) => format!("did you mean `%{near}`?"),
        _ => "an alias is one of HAProxy's, such as `%ci` or `%ST`".to_owned(),
    }
}

#[cfg(test)]
mod tests;
