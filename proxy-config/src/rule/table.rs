//! What rules share by index: variables, regular expressions, maps, patterns. What is the same has one
//! index, and a file is read once.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Compiler;
use crate::Source;
use crate::diagnostic::Diagnostic;
use crate::model::rule::{
    FileText, JwtKeyFile, Map, MapOutput, Match, PatternFile, Patterns, Regex, Scope, Var,
};
use crate::pattern;
use crate::place::Place;
use crate::report::Report;
use crate::text::{Fault, Text};

/// So many bad lines of a file are told of.
const BAD_LINES_MAX: usize = 10;

/// How the names of files with public keys end.
const KEY_EXTENSIONS: [&str; 5] = ["cer", "crt", "key", "pem", "pub"];

const SCOPES: [(&str, Scope); 5] = [
    ("proc", Scope::Proc),
    ("sess", Scope::Sess),
    ("txn", Scope::Txn),
    ("req", Scope::Req),
    ("res", Scope::Res),
];

/// What is there already.
#[derive(Debug, Default)]
pub(super) struct Interned {
    vars: HashMap<String, Var>,
    regexes: HashMap<(String, bool), usize>,
    maps: HashMap<(PathBuf, Match, MapOutput), usize>,
    patterns: HashMap<PatternsKey, usize>,
    /// By their paths; `None`: a fault was reported.
    files: HashMap<PathBuf, Option<PatternFile>>,
    /// Files whose lines were checked, and how.
    checked: HashMap<(PathBuf, Check), bool>,
}

/// What makes two uses of patterns the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PatternsKey {
    pub(super) method: Match,
    pub(super) any_case: bool,
    pub(super) words: Vec<String>,
    pub(super) files: Vec<PathBuf>,
    /// The files are maps.
    pub(super) is_map: bool,
    /// Numbers are versions of TLS.
    pub(super) is_version: bool,
}

/// What each line of a file must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Check {
    Patterns(Match),
    /// A map of which the keys alone count.
    Keys(Match),
    Map(Match, MapOutput),
}

impl Check {
    /// What is wrong with a line, and where in the file.
    fn fault(self, line: &pattern::Line<'_>) -> Option<(usize, Fault)> {
        match self {
            Self::Patterns(method) | Self::Keys(method) => {
                let is_map = matches!(self, Self::Keys(_));
                let pattern = if is_map { line.key } else { line.pattern };
                let fault = pattern::parse_pattern(method, pattern).err();
                fault.map(|fault| (line.start, fault))
            }
            Self::Map(method, output) => match pattern::parse_pattern(method, line.key) {
                Err(fault) => Some((line.start, fault)),
                Ok(_) => {
                    let fault = pattern::map_value(output, line.value).err()?;
                    let rest = line.pattern.get(line.key.len()..).unwrap_or("");
                    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
                    Some((line.start + line.key.len() + blanks, fault))
                }
            },
        }
    }
}

impl Compiler<'_> {
    /// The variable of a name such as `txn.host`.
    pub(crate) fn var(&mut self, name: &Text, report: &mut Report) -> Option<Var> {
        let word = name.as_str();
        if let Some(var) = self.interned.vars.get(word) {
            return Some(*var);
        }
        let (scope, rest) = match variable(word) {
            Ok(parts) => parts,
            Err(fault) => {
                let place = name.place(&fault.range);
                let message = format!("variable `{word}` {}", fault.problem);
                report.add(Diagnostic::error(place, message).expected(fault.expected));
                return None;
            }
        };
        let names = self.tables.vars.get_mut(scope as usize)?;
        let Ok(slot) = u16::try_from(names.len()) else {
            report.add(Diagnostic::error(name.whole(), "there are more than 65536 variables"));
            return None;
        };
        names.push(rest.to_owned());
        let var = Var { scope, slot };
        self.interned.vars.insert(word.to_owned(), var);
        Some(var)
    }

    /// The index of a regular expression.
    pub(crate) fn regex(
        &mut self,
        text: &Text,
        any_case: bool,
        report: &mut Report,
    ) -> Option<usize> {
        let word = text.as_str();
        let key = (word.to_owned(), any_case);
        if let Some(index) = self.interned.regexes.get(&key) {
            return Some(*index);
        }
        if let Err(fault) = pattern::check_regex(word, any_case) {
            report.add(fault.about(word, text));
            return None;
        }
        self.tables.regexes.push(Regex { text: word.to_owned(), any_case });
        let index = self.tables.regexes.len() - 1;
        self.interned.regexes.insert(key, index);
        Some(index)
    }

    /// The index of a map.
    pub(super) fn map(
        &mut self,
        path: &Text,
        method: Match,
        output: MapOutput,
        report: &mut Report,
    ) -> Option<usize> {
        let file = self.file(path, Check::Map(method, output), report)?;
        let key = (file.path.clone(), method, output);
        if let Some(index) = self.interned.maps.get(&key) {
            return Some(*index);
        }
        self.tables.maps.push(Map { method, output, file });
        let index = self.tables.maps.len() - 1;
        self.interned.maps.insert(key, index);
        Some(index)
    }

    /// The index of patterns.
    pub(super) fn patterns(&mut self, key: PatternsKey, patterns: Patterns) -> usize {
        if let Some(index) = self.interned.patterns.get(&key) {
            return *index;
        }
        self.tables.patterns.push(patterns);
        let index = self.tables.patterns.len() - 1;
        self.interned.patterns.insert(key, index);
        index
    }

    /// A file of patterns or of a map, each line of it checked. `opt@` before the path: it need not
    /// exist; `virt@`: there is none, and what it holds comes while the program runs.
    pub(super) fn file(
        &mut self,
        word: &Text,
        check: Check,
        report: &mut Report,
    ) -> Option<PatternFile> {
        let written = word.as_str();
        let path = PathBuf::from(
            ["opt@", "file@"]
                .iter()
                .fold(written, |path, prefix| path.strip_prefix(prefix).unwrap_or(path)),
        );
        let file = match self.interned.files.get(&path) {
            Some(known) => known.clone(),
            None => {
                let read = self.read(word, &path, report);
                self.interned.files.insert(path.clone(), read.clone());
                read
            }
        }?;
        let key = (path, check);
        let is_good = match self.interned.checked.get(&key) {
            Some(is_good) => *is_good,
            None => self.check(&file, check, report),
        };
        self.interned.checked.insert(key, is_good);
        is_good.then_some(file)
    }

    /// The file of a public key, which is read once.
    pub(super) fn jwt_key(&mut self, word: &Text, report: &mut Report) -> Option<()> {
        let name = word.as_str();
        if self.tables.jwt_keys.iter().any(|known| &*known.name == name.as_bytes()) {
            return Some(());
        }
        let file = self.read(word, Path::new(name), report)?;
        self.tables.jwt_keys.push(JwtKeyFile { name: name.as_bytes().into(), text: file.text });
        Some(())
    }

    /// As [`Self::jwt_key`], where the word may be a secret too. A key that cannot be read must not
    /// become one: anybody could sign with its name.
    pub(super) fn jwt_key_or_secret(&mut self, word: &Text, report: &mut Report) -> Option<()> {
        let path = Path::new(word.as_str());
        let is_named_so =
            path.extension().is_some_and(|end| KEY_EXTENSIONS.iter().any(|known| end == *known));
        if is_named_so || (self.surroundings.read_file)(path).is_ok() {
            return self.jwt_key(word, report);
        }
        Some(())
    }

    fn read(&self, word: &Text, path: &Path, report: &mut Report) -> Option<PatternFile> {
        let written = word.as_str();
        let empty = || PatternFile { path: path.to_owned(), text: FileText::from([].as_slice()) };
        if written.starts_with("virt@") {
            return Some(empty());
        }
        let refuse = |report: &mut Report, problem: String, expected: &str| {
            let message = format!("`{}` {problem}", path.display());
            report.add(Diagnostic::error(word.whole(), message).expected(expected));
        };
        match (self.surroundings.read_file)(path) {
            Ok(bytes) if std::str::from_utf8(&bytes).is_ok() => {
                Some(PatternFile { path: path.to_owned(), text: bytes.into() })
            }
            Ok(_) => {
                refuse(report, "is not UTF-8".to_owned(), "write the file in UTF-8");
                None
            }
            Err(error) if error.kind() == ErrorKind::NotFound && written.starts_with("opt@") => {
                Some(empty())
            }
            Err(error) => {
                let remedy = match path.is_relative() {
                    true => "a path is relative to where the process starts",
                    false => "",
                };
                refuse(report, format!("cannot be read: {error}"), remedy);
                None
            }
        }
    }

    /// Whether every line of a file is good; reports those that are not.
    fn check(&mut self, file: &PatternFile, check: Check, report: &mut Report) -> bool {
        let Ok(text) = std::str::from_utf8(&file.text) else { return false };
        let faults = pattern::lines(text).filter_map(|line| check.fault(&line));
        let faults: Vec<_> = faults.take(BAD_LINES_MAX).collect();
        if faults.is_empty() {
            return true;
        }
        let name = file.path.display().to_string();
        let source = Source { name: name.clone(), text: text.to_owned() };
        let number = self.extras.add(Arc::new(source));
        for (start, fault) in faults {
            let message = format!("a line of `{name}` {}", fault.problem);
            let place = Place::new(number, start + fault.range.start..start + fault.range.end);
            report.add(Diagnostic::error(place, message).expected(fault.expected));
        }
        false
    }
}

/// The scope and the name below it.
fn variable(word: &str) -> Result<(Scope, &str), Fault> {
    let expected = "write a scope and a name, such as `txn.host`; scopes are proc, sess, txn, req \
                    and res";
    let (scope, name) = word.split_once('.').unwrap_or((word, ""));
    let Some((_, found)) = SCOPES.iter().find(|(known, _)| *known == scope) else {
        return Err(Fault::new(0..scope.len(), "has no scope", expected));
    };
    let start = word.len() - name.len();
    if name.is_empty() {
        return Err(Fault::new(0..word.len(), "has no name", expected));
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    if let Some((at, odd)) = name.char_indices().find(|(_, c)| !is_allowed(*c)) {
        let range = start + at..start + at + odd.len_utf8();
        let expected = "a name has letters, digits, `_` and `.`";
        return Err(Fault::new(range, format!("has `{odd}` in its name"), expected));
    }
    Ok((*found, name))
}
