//! The example files of HAProxy: each becomes the TOML of `tests/haproxy`, and runs.
//!
//! `UPDATE=1 cargo test -p proxy-config` rewrites what is expected; read the difference before
//! it is kept.

mod support;

use proxy_config::import::{Import, Options, Verdict, import};
use proxy_config::{Diagnostic, Source, load, load_haproxy};
use support::{folder, read_files, surroundings};

/// What needs something that is not here yet.
const LENIENT: [&str; 1] = ["rate-limits.cfg"];

fn examples() -> Vec<Source> {
    let examples = read_files("examples/haproxy", "cfg");
    assert!(examples.len() >= 15);
    examples
}

fn options(source: &Source) -> Options {
    Options { is_lenient: LENIENT.contains(&source.name.as_str()), ..Options::default() }
}

fn errors(diagnostics: &[Diagnostic], source: &Source) -> Vec<String> {
    let sources = std::slice::from_ref(source);
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    errors.map(|diagnostic| diagnostic.render(sources, false)).collect()
}

#[test]
fn examples_run() {
    let mut wrong = Vec::new();
    for source in examples() {
        let sources = std::slice::from_ref(&source);
        let outcome = load_haproxy(sources, options(&source), &Default::default(), surroundings());
        wrong.extend(errors(&outcome.diagnostics, &source));
        assert_eq!(outcome.config.is_some(), !outcome.diagnostics.iter().any(Diagnostic::is_error));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn examples_translate_as_expected() {
    let mut wrong = Vec::new();
    for source in examples() {
        let import = import(std::slice::from_ref(&source), options(&source), surroundings());
        if !matches(&source, &text(&import, &source)) {
            wrong.push(source.name);
        }
    }
    assert!(wrong.is_empty(), "differs: {}", wrong.join(", "));
}

/// All of it in one run, each at its line.
#[test]
fn what_is_refused_is_told_by_line() {
    let expected = [
        (18, "`stick-table` is not yet supported"),
        (19, "`tcp-request connection` has the action `track-sc1`, which is not yet supported"),
        (20, "fetch `sc1_conn_cur` is not yet supported"),
        (22, "`http-request` has the action `track-sc0`, which is not yet supported"),
        (23, "fetch `sc_http_req_rate` is not yet supported"),
        (24, "fetch `sc_http_req_rate` is not yet supported"),
        (28, "`stick-table` is not yet supported"),
        (31, "`balance` cannot be `leastconn`, which is not yet supported"),
        (32, "`cookie` is not yet supported"),
        (35, "`http-check` is not yet supported"),
        (36, "`cookie` of a server is not yet supported"),
        (36, "`maxconn` of a server is not yet supported"),
        (37, "`cookie` of a server is not yet supported"),
        (37, "`maxconn` of a server is not yet supported"),
        (41, "`stats enable` is not yet supported"),
        (42, "`stats uri` is not yet supported"),
        (43, "`stats refresh` is not yet supported"),
    ];
    let mut examples = examples();
    examples.retain(|source| LENIENT.contains(&source.name.as_str()));
    let outcome = load_haproxy(&examples, Options::default(), &Default::default(), surroundings());
    let errors = outcome.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
    let found: Vec<_> = errors.map(|error| (error.line(), error.message())).collect();
    assert_eq!(found, expected);
}

/// The TOML means the same as the cfg.
#[test]
fn the_toml_is_what_runs() {
    for source in examples() {
        let import = import(std::slice::from_ref(&source), options(&source), surroundings());
        let toml = Source { name: format!("{}.toml", source.name), text: import.toml };
        let of_toml = load(std::slice::from_ref(&toml), &Default::default(), surroundings());
        let sources = std::slice::from_ref(&source);
        let of_cfg = load_haproxy(sources, options(&source), &Default::default(), surroundings());
        let show = |config| format!("{config:?}");
        assert_eq!(of_toml.config.map(show), of_cfg.config.map(show), "{}", source.name);
    }
}

/// Every line of the file has a note, and so has what was assumed.
fn text(import: &Import, source: &Source) -> String {
    let sources = std::slice::from_ref(source);
    let told = import.notes.iter().filter(|note| note.verdict != Verdict::Translated);
    let notes: String = told.map(|note| note.render(sources) + "\n").collect();
    format!("{}\n#### the report\n{notes}", import.toml)
}

fn matches(source: &Source, found: &str) -> bool {
    let path = folder("tests/haproxy").join(&source.name).with_extension("txt");
    if std::env::var_os("UPDATE").is_some() {
        return std::fs::write(&path, found).is_ok();
    }
    std::fs::read_to_string(&path).unwrap_or_default() == found
}
