//! The rule language, construct by construct.

mod acls;
mod exprs;
mod formats;
mod print;
mod random;
mod recipes;

use std::io;
use std::path::Path;

use super::*;
use crate::diagnostic::{Diagnostic, Severity};
use crate::model::rule::{Condition, Fetch};

/// A frontend's rule for requests.
const REQUEST: At =
    At { moment: Some(Moment::Request), mode: Some(Mode::Http), frontend: Some(0), backend: None };

/// A backend's rule for requests.
const BACKEND: At = At { frontend: None, backend: Some(BackendId(0)), ..REQUEST };

fn at(moment: Moment) -> At {
    At { moment: Some(moment), ..REQUEST }
}

fn names() -> Names {
    let backend = |name: &str| BackendNames {
        name: name.to_owned(),
        servers: vec!["s1".to_owned(), "s2".to_owned()],
    };
    Names {
        backends: vec![backend("app"), backend("static")],
        frontends: vec!["web".to_owned()],
        userlists: vec!["staff".to_owned()],
    }
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let text: &[u8] = match path.to_str() {
        Some("hosts.map") => b"# hosts\na.example app\nb.example static files\n",
        Some("numbers.map") => b"a 1\nb two\nc\n",
        Some("nets.lst") => b"10.0.0.0/8\n  ::1\n",
        Some("bad.lst") => b"10.0.0.0/8\n#\nexample.org\n10.0.0.0/64\n",
        Some("/etc/jwt.pem") => b"-----BEGIN PUBLIC KEY-----\n",
        Some("nets.map") => b"10.0.0.0/8 inner\n::1 own host\n",
        Some("latin.lst") => b"\xe9\n",
        Some("words.lst") => b"a b\nc\n",
        _ => return Err(io::ErrorKind::NotFound.into()),
    };
    Ok(text.to_vec())
}

fn env(name: &str) -> Option<String> {
    (name == "HOME").then(|| "/home/u".to_owned())
}

/// Runs something with a compiler; gives what it gave, the tables, and what was reported.
fn compile<T>(
    run: impl FnOnce(&mut Compiler<'_>, &mut Report) -> T,
) -> (T, Tables, Vec<Diagnostic>) {
    let mut extras = Extras::behind(1);
    let mut report = Report::default();
    let surroundings = Surroundings { env: &env, read_file: &read_file, hostname: "box" };
    let mut compiler = Compiler::new(names(), surroundings, &mut extras);
    let out = run(&mut compiler, &mut report);
    let tables = std::mem::take(&mut compiler.tables);
    let own = crate::Source { name: "rules".to_owned(), text: String::new() };
    (out, tables, report.finish(&[own], extras.sources()))
}

/// An expression that is good.
fn good(text: &str, at: At) -> (Expr, Tables) {
    let (expr, tables, said) = compile(|c, r| c.expr(&Text::plain(0, text), at, r));
    assert_eq!(said.iter().map(Diagnostic::message).collect::<Vec<_>>(), [""; 0], "{text}");
    (expr.unwrap_or_else(|| panic!("{text}")), tables)
}

/// What is said of a text: each message with its place.
fn said(diagnostics: &[Diagnostic], severity: Severity) -> Vec<(String, std::ops::Range<usize>)> {
    let of = diagnostics.iter().filter(|diagnostic| diagnostic.severity() == severity);
    let show = |diagnostic: &Diagnostic| {
        let label = diagnostic.labels().first().unwrap();
        (diagnostic.message().to_owned(), label.span.clone())
    };
    of.map(show).collect()
}

/// What is wrong with an expression.
fn wrong(text: &str, at: At) -> Vec<(String, std::ops::Range<usize>)> {
    let (expr, _, diagnostics) = compile(|c, r| c.expr(&Text::plain(0, text), at, r));
    let errors = said(&diagnostics, Severity::Error);
    assert_eq!(expr.is_none(), !errors.is_empty(), "{text}: {errors:?}");
    errors
}

/// The words of a text; braces and all.
fn words(text: &str) -> Vec<Text> {
    Text::plain(0, text).words().unwrap()
}

/// A condition with ACLs that are defined before it, one a line: `NAME EXPRESSION ...`.
fn condition(acls: &str, text: &str, at: At) -> (Option<Condition>, Tables, Vec<Diagnostic>) {
    compile(|compiler, report| {
        let mut known = Acls::new(at.mode, at.frontend, at.backend);
        for line in acls.lines() {
            let words = words(line);
            compiler.acl(&mut known, &words[0], &words[1..], report);
        }
        compiler.condition(&words(text), &known, at, report)
    })
}

/// The best place for an example: one that has what it needs.
fn somewhere(text: &str) -> (Expr, Tables) {
    let moments =
        [Moment::Request, Moment::Content, Moment::Response, Moment::ResponseContent, Moment::Log];
    let places = moments.map(|moment| At { backend: Some(BackendId(0)), ..at(moment) });
    let fitting = places.into_iter().find(|at| {
        let (expr, ..) = compile(|c, r| c.expr(&Text::plain(0, text), *at, r));
        expr.is_some()
    });
    good(text, fitting.unwrap_or(REQUEST))
}

#[test]
fn every_example_is_good() {
    for word in fetches::all() {
        somewhere(word.example);
        assert!(word.names.iter().any(|name| word.example.contains(name)), "{}", word.example);
    }
    for word in converters::all() {
        let (expr, _) = somewhere(word.example);
        assert!(!expr.converters.is_empty(), "{}", word.example);
        assert!(word.names.iter().any(|name| word.example.contains(name)), "{}", word.example);
    }
}

#[test]
fn reference_page_is_what_the_tables_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/REFERENCE.md");
    let page = rule_reference();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "write it anew: UPDATE=1 cargo test -p proxy-config reference");
}

#[test]
fn no_name_stands_twice() {
    let lists = [
        fetches::names().chain(unsupported::fetches()).collect::<Vec<_>>(),
        converters::names().chain(unsupported::converters()).collect(),
    ];
    for list in lists {
        let mut seen = std::collections::BTreeSet::new();
        for name in list {
            assert!(name.chars().all(crate::text::is_name), "{name}");
            assert!(seen.insert(name), "{name} stands twice");
        }
    }
}

#[test]
fn every_name_of_haproxy_is_known() {
    let names = include_str!("tests/haproxy-fetches.txt").split_whitespace();
    let unknown: Vec<_> = names
        .filter(|name| fetches::find(name).is_none() && !unsupported::is_fetch(name))
        .collect();
    assert_eq!(unknown, [""; 0]);
    let names = include_str!("tests/haproxy-converters.txt").split_whitespace();
    let unknown: Vec<_> = names
        .filter(|name| converters::find(name).is_none() && !unsupported::is_converter(name))
        .collect();
    assert_eq!(unknown, [""; 0]);
}
