//! Every file of `tests/bad`, and the diagnostics beside it, to the letter.
//!
//! `UPDATE=1 cargo test -p proxy-config` rewrites what is expected; read the difference before
//! it is kept.

mod support;

use proxy_config::{Diagnostic, Outcome, Severity, Source, load};
use support::{folder, read_files, surroundings};

#[test]
fn diagnostics_are_as_expected() {
    let mut wrong = Vec::new();
    let mut sources = read_files("tests/bad", "toml");
    sources.extend(read_files("tests/bad", "cfg"));
    assert!(sources.len() >= 15);
    for source in sources {
        let outcome = load(std::slice::from_ref(&source), &Default::default(), surroundings());
        check_outcome(&source.name, &outcome);
        if !matches(&source, &rendered(&source, &outcome)) {
            wrong.push(source.name);
        }
    }
    assert!(wrong.is_empty(), "see above: {}", wrong.join(", "));
}

/// What holds for every outcome.
fn check_outcome(name: &str, outcome: &Outcome) {
    let diagnostics = &outcome.diagnostics;
    assert!(!diagnostics.is_empty(), "{name} is not bad");
    assert_eq!(outcome.config.is_none(), diagnostics.iter().any(Diagnostic::is_error), "{name}");
    let source = |d: &Diagnostic| d.labels().first().map_or(0, |label| label.source);
    let key = |d: &Diagnostic| (d.severity(), source(d), d.line(), d.column());
    let order: Vec<_> = diagnostics.iter().map(key).collect();
    assert!(order.is_sorted(), "{name}: {order:?}");
    for diagnostic in diagnostics {
        let message = diagnostic.message();
        assert!(!message.ends_with('.'), "{name}: {message}");
        let is_quoted = name.ends_with(".cfg");
        assert!(is_quoted || !message.starts_with(char::is_uppercase), "{name}: {message}");
    }
}

fn rendered(source: &Source, outcome: &Outcome) -> String {
    let sources = std::slice::from_ref(source);
    outcome.diagnostics.iter().map(|d| d.render(sources, false) + "\n\n").collect()
}

fn matches(source: &Source, found: &str) -> bool {
    let name = source.name.strip_suffix(".toml").unwrap_or(&source.name);
    let path = folder("tests/bad").join(format!("{name}.stderr"));
    if std::env::var_os("UPDATE").is_some() {
        return std::fs::write(&path, found).is_ok();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if expected == found {
        return true;
    }
    let differing = expected.lines().zip(found.lines()).position(|(a, b)| a != b);
    let line = differing.unwrap_or_else(|| expected.lines().count().min(found.lines().count()));
    eprintln!("{}: differs from line {}", path.display(), line + 1);
    eprintln!("  expected: {}", expected.lines().nth(line).unwrap_or("the end"));
    eprintln!("  found:    {}", found.lines().nth(line).unwrap_or("the end"));
    false
}

#[test]
fn a_file_with_warnings_only_is_sound() {
    let sources = read_files("tests/bad", "toml");
    for name in ["rule-warnings.toml", "tcp-warnings.toml", "tls-warnings.toml"] {
        let source = sources.iter().find(|source| source.name == name).unwrap();
        let outcome = load(std::slice::from_ref(source), &Default::default(), surroundings());
        assert!(outcome.config.is_some(), "{name}");
        assert!(outcome.diagnostics.iter().all(|d| d.severity() == Severity::Warning), "{name}");
    }
}
