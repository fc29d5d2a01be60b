//! Sample expressions: calls to a fetch and its converters, each checked to take what it is given.

use super::args::Args;
use super::kind::Kind;
use super::layer::Need;
use super::{At, Compiler, converters, fetches, unsupported};
use crate::diagnostic::Diagnostic;
use crate::model::rule::{Converter, Expr};
use crate::nearest::nearest;
use crate::report::Report;
use crate::text::{Call, Text};

/// An expression with what is known of it.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) expr: Expr,
    pub(super) kind: Kind,
    pub(super) needs: Vec<Need>,
}

impl Compiler<'_> {
    /// The expression that is the whole word; whether it stands where it has a sample is not asked.
    pub(super) fn parse_expr(
        &mut self,
        word: &Text,
        at: At,
        report: &mut Report,
    ) -> Option<Parsed> {
        let (calls, end) = match word.calls(0) {
            Ok(found) => found,
            Err(fault) => {
                report.add(fault.about(word.as_str(), word));
                return None;
            }
        };
        if end < word.as_str().len() {
            let message = format!("`{}` goes on behind an expression", word.as_str());
            let expected = "a `,` stands before each converter; arguments stand in `(` and `)`";
            let place = word.place(&(end..word.as_str().len()));
            report.add(Diagnostic::error(place, message).expected(expected));
            return None;
        }
        self.build_expr(&calls, at, report)
    }

    /// The expression that these calls are.
    pub(super) fn build_expr(
        &mut self,
        calls: &[Call],
        at: At,
        report: &mut Report,
    ) -> Option<Parsed> {
        let (first, rest) = calls.split_first()?;
        let name = first.name.as_str();
        let Some(word) = fetches::find(name) else {
            report.add(unknown_fetch(&first.name));
            return None;
        };
        let mut needs = Vec::new();
        let settled = word.needs.settled(name, at);
        needs.push(Need { needs: settled, name: name.to_owned(), place: first.name.whole() });
        let shape = word.args;
        let mut args = Args {
            compiler: &mut *self,
            report: &mut *report,
            call: first,
            at,
            shape,
            needs: &mut needs,
        };
        let fetch = if args.are_counted() { (word.build)(&mut args) } else { None };
        let mut kind = word.output;
        let mut converters = Vec::with_capacity(rest.len());
        let mut given_by = name;
        for call in rest {
            let found = self.converter(call, (&mut kind, given_by), &mut needs, (at, &mut *report));
            converters.push(found);
            given_by = call.name.as_str();
        }
        let converters: Option<Box<[Converter]>> = converters.into_iter().collect();
        Some(Parsed { expr: Expr { fetch: fetch?, converters: converters? }, kind, needs })
    }

    /// One converter; `kind` is what it is given, and then what it gives.
    fn converter(
        &mut self,
        call: &Call,
        (kind, given_by): (&mut Kind, &str),
        needs: &mut Vec<Need>,
        (at, report): (At, &mut Report),
    ) -> Option<Converter> {
        let name = call.name.as_str();
        let Some(word) = converters::find(name) else {
            report.add(unknown_converter(&call.name));
            // What it would give is not known: nothing is said of what follows.
            *kind = Kind::Any;
            return None;
        };
        let (input, output) = word.kinds(name, *kind);
        let given = std::mem::replace(kind, output);
        if !given.casts_to(input) {
            let message = format!(
                "`{name}` takes {}, but `{given_by}` gives {}",
                article(input.word()),
                article(given.word())
            );
            let expected = "put a converter between them that gives the right type";
            report.add(Diagnostic::error(call.name.whole(), message).expected(expected));
            return None;
        }
        let mut args = Args { compiler: self, report, call, at, shape: word.args, needs };
        if args.are_counted() { (word.build)(&mut args) } else { None }
    }
}

/// Reports each need that is not met.
pub(super) fn check_needs(needs: &[Need], at: At, report: &mut Report) -> bool {
    let mut lacks = needs.iter().filter_map(|need| need.lack(at)).peekable();
    let is_met = lacks.peek().is_none();
    lacks.for_each(|diagnostic| report.add(diagnostic));
    is_met
}

fn article(noun: &str) -> String {
    match noun {
        "binary" => "bytes".to_owned(),
        _ if noun.starts_with(['a', 'i']) => format!("an {noun}"),
        _ => format!("a {noun}"),
    }
}

pub(super) fn unknown_fetch(name: &Text) -> Diagnostic {
    let word = name.as_str();
    if unsupported::is_fetch(word) {
        let message = format!("fetch `{word}` is not yet supported");
        return Diagnostic::error(name.whole(), message);
    }
    unknown_fetch_like(name, nearest(word, fetches::names().chain(unsupported::fetches())))
}

/// What is no fetch, and the word that it resembles.
pub(super) fn unknown_fetch_like(name: &Text, near: Option<&str>) -> Diagnostic {
    let word = name.as_str();
    let expected = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None if converters::find(word).is_some() => {
            "this is a converter; a fetch such as `req.hdr(host)` comes first".to_owned()
        }
        None => "a fetch is one of HAProxy's, such as `src` or `req.hdr(host)`".to_owned(),
    };
    Diagnostic::error(name.whole(), format!("unknown fetch `{word}`")).expected(expected)
}

fn unknown_converter(name: &Text) -> Diagnostic {
    let word = name.as_str();
    if unsupported::is_converter(word) {
        let message = format!("converter `{word}` is not yet supported");
        return Diagnostic::error(name.whole(), message);
    }
    let expected = match nearest(word, converters::names().chain(unsupported::converters())) {
        Some(near) => format!("did you mean `{near}`?"),
        None if fetches::find(word).is_some() => {
            "this is a fetch; only the first word of an expression is one".to_owned()
        }
        None => "a converter is one of HAProxy's, such as `lower` or `field(1,:)`".to_owned(),
    };
    Diagnostic::error(name.whole(), format!("unknown converter `{word}`")).expected(expected)
}
