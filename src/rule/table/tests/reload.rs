//! A file that changes: all its users take it over, or none.

use std::path::{Path, PathBuf};

use proxy_config::model::rule::{
    FileText, Map, MapOutput, Match, Pattern, PatternFile, Patterns, Tables,
};

use super::super::FileFault;
use crate::rule::sample::Sample;
use crate::rule::{Arena, Library};

const PATH: &str = "hosts";

fn file(path: &str, text: &str) -> PatternFile {
    PatternFile { path: PathBuf::from(path), text: text.as_bytes().into() }
}

fn text(text: &str) -> FileText {
    text.as_bytes().into()
}

/// An ACL with a pattern of its own and two files, and two maps of which one is of the same file.
fn tables() -> Tables {
    let acl = Patterns {
        method: Match::Beg,
        any_case: false,
        inline: vec![Pattern::Bytes(b"own".as_slice().into())],
        files: vec![file("other", "other"), file(PATH, "old")],
        is_map: false,
    };
    let map = |path: &str, text: &str| Map {
        method: Match::Str,
        output: MapOutput::Int,
        file: file(path, text),
    };
    let maps = vec![map(PATH, "old 1"), map("other", "other 2")];
    Tables { patterns: vec![acl], maps, ..Tables::default() }
}

fn matches(library: &Library, own: &str) -> bool {
    let sample = Sample::Str(own.as_bytes());
    library.patterns[0].iter().any(|set| set.matches(sample, &Arena::default()))
}

fn value(library: &Library, map: usize, own: &str) -> Option<i64> {
    let arena = Arena::default();
    library.maps[map].lookup(Sample::Str(own.as_bytes()), &arena)?.int()
}

#[test]
fn a_file_changes_for_all_that_use_it() {
    let tables = tables();
    let before = Library::new(&tables).unwrap();
    let after = before.with_file(&tables, Path::new(PATH), &text("new 7\n")).unwrap();
    assert!(matches(&before, "old") && !matches(&before, "new 7"));
    assert!(!matches(&after, "old") && matches(&after, "new 7"));
    assert!(matches(&after, "own") && matches(&after, "other"));
    assert_eq!((value(&before, 0, "old"), value(&before, 0, "new")), (Some(1), None));
    assert_eq!((value(&after, 0, "old"), value(&after, 0, "new")), (None, Some(7)));
    assert_eq!(value(&after, 1, "other"), Some(2));
}

#[test]
fn keys_of_a_map_are_patterns() {
    let mut tables = tables();
    tables.patterns[0].method = Match::Str;
    tables.patterns[0].is_map = true;
    tables.patterns[0].files = vec![file(PATH, "old 1\n")];
    let before = Library::new(&tables).unwrap();
    let after = before.with_file(&tables, Path::new(PATH), &text("new 7\n")).unwrap();
    assert!(matches(&before, "old") && !matches(&before, "old 1"));
    assert!(matches(&after, "new") && !matches(&after, "old") && !matches(&after, "new 7"));
}

#[test]
fn an_empty_file_matches_nothing() {
    let tables = tables();
    let before = Library::new(&tables).unwrap();
    let after = before.with_file(&tables, Path::new(PATH), &text("# nothing\n\n")).unwrap();
    assert!(!matches(&after, "old") && matches(&after, "own"));
    assert_eq!(value(&after, 0, "old"), None);
}

#[test]
fn a_bad_line_is_named() {
    let tables = tables();
    let before = Library::new(&tables).unwrap();
    let fault = |bytes: &[u8]| -> FileFault {
        before.with_file(&tables, Path::new(PATH), &bytes.into()).unwrap_err()
    };
    assert_eq!(fault(b"a 1\n# c\nb \xff\n").line, Some(3));
    assert!(fault(b"a 1\n\xff").to_string().contains("UTF-8"));
}

#[test]
fn a_bad_expression_is_named() {
    let many = (0..20).map(|nth| format!("a{nth}\n")).collect::<String>();
    let acl = Patterns {
        method: Match::Reg,
        any_case: false,
        inline: Vec::new(),
        files: vec![file(PATH, "a")],
        is_map: false,
    };
    let tables = Tables { patterns: vec![acl], ..Tables::default() };
    let before = Library::new(&tables).unwrap();
    for lines in ["# c\n\na(\n", &format!("#c\n\na(\n{many}")] {
        let fault = before.with_file(&tables, Path::new(PATH), &text(lines)).unwrap_err();
        assert_eq!(fault.line, Some(3), "{fault}");
    }
    assert!(before.with_file(&tables, Path::new(PATH), &text(&many)).is_ok());
}
