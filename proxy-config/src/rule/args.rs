//! Arguments of fetches and converters: read one by one, each fault at its place.

use std::ops::RangeInclusive;

use super::layer::{self, Need};
use super::{At, CaptureUse, Compiler};
use crate::choice::unknown_word;
use crate::diagnostic::Diagnostic;
use crate::model::BackendId;
use crate::model::rule::{Operand, Side, Value, Var, VarCondition};
use crate::pattern;
use crate::report::Report;
use crate::text::{Call, Fault, Text};

/// An argument as the reference shows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arg {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) is_optional: bool,
    /// It may be given again and again.
    pub(super) repeats: bool,
}

/// An argument that must be given.
pub(super) const fn needed(name: &'static str, kind: &'static str) -> Arg {
    Arg { name, kind, is_optional: false, repeats: false }
}

/// An argument that may be left out.
pub(super) const fn optional(name: &'static str, kind: &'static str) -> Arg {
    Arg { name, kind, is_optional: true, repeats: false }
}

/// Any number of arguments.
pub(super) const fn repeated(name: &'static str, kind: &'static str) -> Arg {
    Arg { name, kind, is_optional: true, repeats: true }
}

const VAR_CONDITIONS: [(&str, VarCondition); 8] = [
    ("ifexists", VarCondition::IfExists),
    ("ifnotexists", VarCondition::IfNotExists),
    ("ifempty", VarCondition::IfEmpty),
    ("ifnotempty", VarCondition::IfNotEmpty),
    ("ifset", VarCondition::IfSet),
    ("ifnotset", VarCondition::IfNotSet),
    ("ifgt", VarCondition::IfGreater),
    ("iflt", VarCondition::IfLess),
];

/// The arguments of one call. What reads them reports what is wrong and gives `None` then.
pub(super) struct Args<'c, 'a> {
    pub(super) compiler: &'c mut Compiler<'a>,
    pub(super) report: &'c mut Report,
    pub(super) call: &'c Call,
    pub(super) at: At,
    pub(super) shape: &'static [Arg],
    /// What the conditions among the arguments need.
    pub(super) needs: &'c mut Vec<Need>,
}

impl<'c> Args<'c, '_> {
    /// Whether there are as many as the shape says; reports it otherwise.
    pub(super) fn are_counted(&mut self) -> bool {
        let given = self.call.args.len();
        let min = self.shape.iter().filter(|arg| !arg.is_optional).count();
        let is_open = self.shape.last().is_some_and(|arg| arg.repeats);
        if let Some(surplus) = self.call.args.get(self.shape.len()).filter(|_| !is_open) {
            let expected = match usage(self.name(), self.shape) {
                usage if self.shape.is_empty() => format!("write `{usage}`"),
                usage => format!("write `{usage}`; a comma inside an argument needs quotes"),
            };
            let message = format!("`{}` has too many arguments", self.name());
            self.report.add(Diagnostic::error(surplus.whole(), message).expected(expected));
            return false;
        }
        if given < min {
            let lacking = self.shape.get(given).map_or("", |arg| arg.name);
            let message = format!("`{}` has no {lacking}", self.name());
            let expected = format!("write `{}`", usage(self.name(), self.shape));
            self.report.add(Diagnostic::error(self.call.place, message).expected(expected));
            return false;
        }
        true
    }

    pub(super) fn name(&self) -> &'c str {
        self.call.name.as_str()
    }

    /// The side that the call's name says, or that of the rule.
    pub(super) fn side(&self) -> Side {
        layer::side_of(self.name(), self.at)
    }

    /// The side whose body is asked for.
    pub(super) fn body_side(&mut self) -> Side {
        let side = self.side();
        if side == Side::Response {
            self.compiler.response_bodies.push(self.call.place);
        }
        side
    }

    pub(super) fn text(&self, nth: usize) -> Option<&'c Text> {
        self.call.args.get(nth)
    }

    /// The argument, where it is given and not empty.
    pub(super) fn given(&self, nth: usize) -> Option<&'c Text> {
        self.text(nth).filter(|text| !text.as_str().is_empty())
    }

    /// Its bytes; none where it is not given.
    pub(super) fn bytes(&self, nth: usize) -> Box<[u8]> {
        self.text(nth).map_or("", Text::as_str).as_bytes().into()
    }

    /// Its bytes, where it is given and not empty.
    pub(super) fn given_bytes(&self, nth: usize) -> Option<Box<[u8]>> {
        self.given(nth).map(|text| text.as_str().as_bytes().into())
    }

    /// It in lower case, where it is given and not empty: the name of a header.
    pub(super) fn lower(&self, nth: usize) -> Option<Box<str>> {
        self.given(nth).map(|text| text.as_str().to_ascii_lowercase().into())
    }

    /// The number of a capture.
    pub(super) fn capture(&mut self, nth: usize, side: Side) -> Option<usize> {
        let slot = self.int(nth, 0..=i64::from(u16::MAX))?;
        let slot = usize::try_from(slot).ok()?;
        let place = self.text(nth).map_or(self.call.place, Text::whole);
        self.compiler.captures.push(CaptureUse { side, slot, at: self.at, place });
        Some(slot)
    }

    /// Reports a fault of an argument.
    pub(super) fn refuse<T>(&mut self, nth: usize, fault: Fault) -> Option<T> {
        let name = self.shape.get(nth).or_else(|| self.shape.last()).map_or("", |arg| arg.name);
        let place = self.text(nth).map_or(self.call.place, |text| text.place(&fault.range));
        let message = format!("{name} of `{}` {}", self.name(), fault.problem);
        self.report.add(Diagnostic::error(place, message).expected(fault.expected));
        None
    }

    /// What `parse` makes of an argument that is there.
    pub(super) fn parsed<T>(
        &mut self,
        nth: usize,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let text = self.text(nth).map_or("", Text::as_str);
        match parse(text) {
            Ok(value) => Some(value),
            Err(fault) => self.refuse(nth, fault),
        }
    }

    /// A number within limits.
    pub(super) fn int(&mut self, nth: usize, limits: RangeInclusive<i64>) -> Option<i64> {
        self.parsed(nth, |text| {
            let range = 0..text.len();
            let value = pattern::integer(text, range.clone())?;
            if limits.contains(&value) {
                return Ok(value);
            }
            let expected = format!("must be from {} to {}", limits.start(), limits.end());
            Err(Fault::new(range, "is out of range", expected))
        })
    }

    /// A number within limits, or the default where none is given.
    pub(super) fn int_or(
        &mut self,
        nth: usize,
        default: i64,
        limits: RangeInclusive<i64>,
    ) -> Option<i64> {
        if self.given(nth).is_none() { Some(default) } else { self.int(nth, limits) }
    }

    /// An index into a list, from the front or from the end: not 0.
    pub(super) fn index(&mut self, nth: usize) -> Option<i32> {
        let index = self.int(nth, i64::from(i32::MIN)..=i64::from(i32::MAX))?;
        if index == 0 {
            let end = self.text(nth).map_or(0, |text| text.as_str().len());
            let expected = "count from 1, or from the end with -1";
            return self.refuse(nth, Fault::new(0..end, "is 0", expected));
        }
        i32::try_from(index).ok()
    }

    /// One of a few words, or the default where none is given.
    pub(super) fn word_or<T: Copy>(
        &mut self,
        nth: usize,
        default: T,
        words: &[(&str, T)],
    ) -> Option<T> {
        if self.given(nth).is_none() { Some(default) } else { self.word(nth, words) }
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&mut self, nth: usize, words: &[(&str, T)]) -> Option<T> {
        self.parsed(nth, |text| {
            let found = words.iter().find(|(word, _)| *word == text);
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            found.map_or_else(|| Err(unknown_word(text, 0..text.len(), &known, "")), |w| Ok(w.1))
        })
    }

    /// A single byte, or the default where none is given.
    pub(super) fn byte_or(&mut self, nth: usize, default: u8) -> Option<u8> {
        if self.given(nth).is_none() {
            return Some(default);
        }
        self.parsed(nth, |text| match text.as_bytes() {
            [byte] => Ok(*byte),
            _ => Err(Fault::new(0..text.len(), "is not one character", "give one character")),
        })
    }

    pub(super) fn var(&mut self, nth: usize) -> Option<Var> {
        let name = self.text(nth)?;
        self.compiler.var(name, self.report)
    }

    /// Conditions of `set-var`, from an argument on.
    pub(super) fn var_conditions(&mut self, from: usize) -> Option<Box<[VarCondition]>> {
        (from..self.call.args.len()).map(|nth| self.word(nth, &VAR_CONDITIONS)).collect()
    }

    /// A number, or a variable that has one.
    pub(super) fn number(&mut self, nth: usize) -> Option<Operand> {
        let is_var = self.text(nth).is_some_and(|text| is_var(text.as_str()));
        if is_var {
            return self.var(nth).map(Operand::Var);
        }
        let int = self.int(nth, i64::MIN..=i64::MAX)?;
        Some(Operand::Value(Value::Int(int)))
    }

    /// A variable's name, or the text itself.
    pub(super) fn operand(&mut self, nth: usize) -> Option<Operand> {
        let text = self.text(nth)?.as_str();
        if is_var(text) {
            return self.var(nth).map(Operand::Var);
        }
        Some(Operand::Value(Value::Str(text.as_bytes().into())))
    }

    /// A backend's name; the rule's own where none is given.
    pub(super) fn backend(&mut self, nth: usize) -> Option<BackendId> {
        let Some(text) = self.given(nth) else {
            let own = self.at.backend;
            return own.or_else(|| self.no_own("backend"));
        };
        let names = self.compiler.names.backends.iter().map(|backend| backend.name.as_str());
        let names: Vec<_> = names.collect();
        let found = find(text.as_str(), 0, &names, "backend");
        found.map_or_else(|fault| self.refuse(nth, fault), |index| Some(BackendId(index)))
    }

    /// A frontend's name; the rule's own where none is given.
    pub(super) fn frontend(&mut self, nth: usize) -> Option<usize> {
        let Some(text) = self.given(nth) else {
            let own = self.at.frontend;
            return own.or_else(|| self.no_own("frontend"));
        };
        let names: Vec<_> = self.compiler.names.frontends.iter().map(String::as_str).collect();
        find(text.as_str(), 0, &names, "frontend")
            .map_or_else(|fault| self.refuse(nth, fault), Some)
    }

    /// `BACKEND/SERVER`, or a server of the rule's own backend.
    pub(super) fn server(&mut self, nth: usize) -> Option<(BackendId, usize)> {
        let text = self.text(nth)?.as_str();
        let found = match text.split_once('/') {
            Some((backend, _)) => self.backend_of(backend),
            None => match self.at.backend {
                Some(own) => Ok(own),
                None => return self.no_own("backend"),
            },
        };
        let found = found.and_then(|id| {
            let start = text.find('/').map_or(0, |slash| slash + 1);
            let servers = self.compiler.names.backends.get(id.0).map(|backend| &backend.servers);
            let names: Vec<_> = servers.into_iter().flatten().map(String::as_str).collect();
            Ok((id, find(&text[start..], start, &names, "server")?))
        });
        found.map_or_else(|fault| self.refuse(nth, fault), Some)
    }

    fn backend_of(&self, name: &str) -> Result<BackendId, Fault> {
        let names = self.compiler.names.backends.iter().map(|backend| backend.name.as_str());
        let names: Vec<_> = names.collect();
        find(name, 0, &names, "backend").map(BackendId)
    }

    pub(super) fn userlist(&mut self, nth: usize) -> Option<usize> {
        let text = self.text(nth)?.as_str();
        let names: Vec<_> = self.compiler.names.userlists.iter().map(String::as_str).collect();
        find(text, 0, &names, "userlist").map_or_else(|fault| self.refuse(nth, fault), Some)
    }

    fn no_own<T>(&mut self, noun: &str) -> Option<T> {
        let name = self.name();
        let message = format!("`{name}` names no {noun}, and its rule is of none");
        let expected = format!("write `{}`", usage(name, self.shape));
        self.report.add(Diagnostic::error(self.call.place, message).expected(expected));
        None
    }
}

/// Whether a text is the name of a variable rather than a value.
pub(super) fn is_var(text: &str) -> bool {
    ["proc.", "sess.", "txn.", "req.", "res."].iter().any(|scope| text.starts_with(scope))
}

/// `NAME(ARG[,ARG])`
pub(super) fn usage(name: &str, shape: &[Arg]) -> String {
    if shape.is_empty() {
        return name.to_owned();
    }
    let mut out = format!("{name}(");
    for (nth, arg) in shape.iter().enumerate() {
        let comma = if nth > 0 { "," } else { "" };
        let dots = if arg.repeats { "..." } else { "" };
        let open = if arg.is_optional { "[" } else { "" };
        out += &format!("{open}{comma}{}{dots}", arg.name);
    }
    out += &"]".repeat(shape.iter().filter(|arg| arg.is_optional).count());
    out + ")"
}

fn find(text: &str, start: usize, names: &[&str], noun: &str) -> Result<usize, Fault> {
    let found = names.iter().position(|name| *name == text);
    found.ok_or_else(|| {
        let expected = match crate::nearest::nearest(text, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there is no such {noun}"),
        };
        let range = start..start + text.len();
        Fault::new(range, format!("is no {noun}: `{text}`"), expected)
    })
}
