//! ACLs: a sample expression, how it is compared, and with what (HAProxy's manual, chapter 7.1).

use super::expr::{Parsed, unknown_fetch_like};
use super::kind::Kind;
use super::layer::Need;
use super::table::{Check, PatternsKey};
use super::{At, Compiler, fetches, integer, unsupported};
use crate::choice::{or_list, unknown_word};
use crate::diagnostic::Diagnostic;
use crate::model::rule::{
    Fetch, Match, Matching, Moment, Pattern, PatternFile, Patterns, PayloadFact, Test,
};
use crate::nearest::nearest;
use crate::pattern;
use crate::report::Report;
use crate::text::Text;

/// How a sample is compared, as `-m` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Found,
    By(Match),
}

const METHODS: [(&str, Method); 13] = [
    ("found", Method::Found),
    ("bool", Method::By(Match::Bool)),
    ("int", Method::By(Match::Int)),
    ("ip", Method::By(Match::Ip)),
    ("bin", Method::By(Match::Bin)),
    ("len", Method::By(Match::Len)),
    ("str", Method::By(Match::Str)),
    ("beg", Method::By(Match::Beg)),
    ("end", Method::By(Match::End)),
    ("sub", Method::By(Match::Sub)),
    ("dir", Method::By(Match::Dir)),
    ("dom", Method::By(Match::Dom)),
    ("reg", Method::By(Match::Reg)),
];

/// Match methods with what they mean, for the reference.
pub(super) const MEANINGS: [(&str, &str); 13] = [
    ("found", "the sample exists; no pattern is looked at"),
    ("bool", "the sample is true, or not 0; no pattern is looked at"),
    (
        "int",
        "an integer is in a range: `5`, `1:10`, `:10`, `1:`, or `gt 5` with eq, ge, gt, le, lt",
    ),
    ("ip", "an address is in a network: `10.0.0.0/8`, `2001:db8::/32`"),
    ("bin", "bytes are those that the pattern has in hexadecimal"),
    ("len", "the number of bytes is in a range, as with `int`"),
    ("str", "a string is the pattern"),
    ("beg", "a string begins with the pattern"),
    ("end", "a string ends with the pattern"),
    ("sub", "a string contains the pattern"),
    ("dir", "a part between slashes is the pattern"),
    ("dom", "a part between dots is the pattern"),
    ("reg", "a regular expression matches"),
];

/// Methods that a fetch's name may end with: `path_beg`.
const SUFFIXES: [(&str, Match); 7] = [
    ("beg", Match::Beg),
    ("dir", Match::Dir),
    ("dom", Match::Dom),
    ("end", Match::End),
    ("len", Match::Len),
    ("reg", Match::Reg),
    ("sub", Match::Sub),
];

/// What samples are made for a method.
pub(super) fn input_of(method: Match) -> Kind {
    match method {
        Match::Bool => Kind::Bool,
        Match::Int => Kind::Int,
        Match::Ip => Kind::Ip,
        Match::Bin => Kind::Bin,
        Match::Len
        | Match::Str
        | Match::Beg
        | Match::End
        | Match::Sub
        | Match::Dir
        | Match::Dom
        | Match::Reg => Kind::Str,
    }
}

/// The flags of one line.
#[derive(Default)]
struct Flags {
    any_case: bool,
    method: Option<Method>,
    files: Vec<Text>,
    /// `-M`
    is_map: bool,
    /// `--`: there may be no pattern.
    is_ended: bool,
}

impl Compiler<'_> {
    /// One line of an ACL: an expression, flags and patterns; with what its fetches need.
    pub(super) fn test(
        &mut self,
        words: &[Text],
        home: At,
        report: &mut Report,
    ) -> Option<(Test, Vec<Need>)> {
        let (first, rest) = words.split_first()?;
        // Without a prefix `hdr` and its like are of the request, whatever rule uses the ACL.
        let at = At { moment: Some(Moment::Request), ..home };
        let parsed = self.subject(first, at, report);
        let (flags, patterns) = flags(rest, report)?;
        let (parsed, suffix) = parsed?;
        let method = flags.method.or_else(|| suffix.map(Method::By));
        let Some(method) = method.or_else(|| default_method(parsed.kind)) else {
            report.add(no_method(first, parsed.kind));
            return None;
        };
        if !casts(&parsed, method) {
            report.add(wrong_type(first, parsed.kind, method));
            return None;
        }
        let matching = match method {
            Method::Found => no_patterns(Matching::Found, "found", patterns, report),
            Method::By(Match::Bool) => no_patterns(Matching::True, "bool", patterns, report),
            Method::By(method) => {
                self.matching(first, (&parsed, method), (&flags, patterns), report)?
            }
        };
        Some((Test { expr: parsed.expr, matching }, parsed.needs))
    }

    /// The expression of an ACL, and the method in its name.
    fn subject(
        &mut self,
        word: &Text,
        at: At,
        report: &mut Report,
    ) -> Option<(Parsed, Option<Match>)> {
        let text = word.as_str();
        let end = text.find(|c| !crate::text::is_name(c)).unwrap_or(text.len());
        let name = &text[..end];
        let suffix = name.rsplit_once('_').and_then(|(base, end)| {
            let method = SUFFIXES.iter().find(|(word, _)| *word == end)?.1;
            (fetches::find(name).is_none() && fetches::find(base).is_some())
                .then_some((base.len(), method))
        });
        let Some((base, method)) = suffix else {
            if let Some(near) = mistyped(name) {
                report.add(unknown_fetch_like(&word.part(0..end), Some(&near)));
                return None;
            }
            return Some((self.parse_expr(word, at, report)?, None));
        };
        let bare = word.without(base..end);
        Some((self.parse_expr(&bare, at, report)?, Some(method)))
    }

    fn matching(
        &mut self,
        first: &Text,
        (parsed, method): (&Parsed, Match),
        (flags, words): (&Flags, &[Text]),
        report: &mut Report,
    ) -> Option<Matching> {
        let is_version = method == Match::Int && is_version(parsed);
        if words.is_empty() && flags.files.is_empty() && !flags.is_ended {
            report.add(never(first));
        }
        let inline = match method {
            Match::Int | Match::Len => integer::patterns(words, is_version, report),
            _ => each(words, flags.any_case, method, report),
        };
        let files = self.pattern_files(flags, method, report);
        let (inline, files) = (inline?, files?);
        let is_map = flags.is_map && !files.is_empty();
        let key = PatternsKey {
            method,
            any_case: flags.any_case,
            words: words.iter().map(|word| word.as_str().to_owned()).collect(),
            files: files.iter().map(|file| file.path.clone()).collect(),
            is_map,
            is_version,
        };
        let patterns = Patterns { method, any_case: flags.any_case, inline, files, is_map };
        Some(Matching::Patterns { method, table: self.patterns(key, patterns) })
    }

    /// Every file is read, so that what is wrong with any of them is told.
    fn pattern_files(
        &mut self,
        flags: &Flags,
        method: Match,
        report: &mut Report,
    ) -> Option<Vec<PatternFile>> {
        let check = if flags.is_map { Check::Keys(method) } else { Check::Patterns(method) };
        let files: Vec<_> = flags.files.iter().map(|path| self.file(path, check, report)).collect();
        files.into_iter().collect()
    }
}

/// A fetch's name with a method, if that is what a word which is none most resembles.
fn mistyped(word: &str) -> Option<String> {
    if fetches::find(word).is_some() || unsupported::is_fetch(word) {
        return None;
    }
    let with_methods: Vec<String> = fetches::names()
        .flat_map(|name| SUFFIXES.iter().map(move |(suffix, _)| format!("{name}_{suffix}")))
        .collect();
    // Those without a method first: of equals the first is taken.
    let mut names: Vec<&str> = fetches::names().chain(unsupported::fetches()).collect();
    names.extend(with_methods.iter().map(String::as_str));
    nearest(word, names)
        .filter(|near| with_methods.iter().any(|name| name == near))
        .map(str::to_owned)
}

/// Reads the flags before the patterns.
fn flags<'w>(words: &'w [Text], report: &mut Report) -> Option<(Flags, &'w [Text])> {
    let mut flags = Flags::default();
    let mut rest = words;
    while let [flag, after @ ..] = rest
        && flag.as_str().starts_with('-')
    {
        rest = after;
        let fault = match (flag.as_str(), after) {
            ("--", _) => {
                flags.is_ended = true;
                break;
            }
            ("-n", _) => None,
            ("-i" | "-m" | "-M", _) if !flags.files.is_empty() => {
                Some(("stands behind a file", "write it before `-f`"))
            }
            ("-i", _) => {
                flags.any_case = true;
                None
            }
            ("-M", _) => {
                flags.is_map = true;
                None
            }
            ("-m", [word, after @ ..]) => {
                rest = after;
                flags.method = Some(method(word, report)?);
                None
            }
            ("-f", [path, after @ ..]) => {
                rest = after;
                flags.files.push(path.clone());
                None
            }
            ("-u", [_, after @ ..]) => {
                rest = after;
                let message = "`-u` has no effect: patterns have no numbers here";
                report.add(Diagnostic::warning(flag.whole(), message));
                None
            }
            ("-m", []) => Some(("has no method", "write one behind it, such as `-m beg`")),
            ("-f", []) => Some(("has no file", "write its path behind it")),
            ("-u", []) => Some(("has no number", "leave it out")),
            _ => Some(("is no flag", "flags are -i, -m, -M, -f, -n and --; `--` ends them")),
        };
        if let Some((problem, expected)) = fault {
            let message = format!("`{}` {problem}", flag.as_str());
            report.add(Diagnostic::error(flag.whole(), message).expected(expected));
            return None;
        }
    }
    Some((flags, rest))
}

fn method(word: &Text, report: &mut Report) -> Option<Method> {
    let text = word.as_str();
    let found = METHODS.iter().find(|(known, _)| *known == text);
    if found.is_none() {
        let known: Vec<_> = METHODS.iter().map(|(word, _)| *word).collect();
        let fault = unknown_word(text, 0..text.len(), &known, "");
        report.add(fault.about("-m", word));
    }
    found.map(|(_, method)| *method)
}

fn default_method(kind: Kind) -> Option<Method> {
    match kind {
        Kind::Bool => Some(Method::By(Match::Bool)),
        Kind::Int => Some(Method::By(Match::Int)),
        Kind::Ip => Some(Method::By(Match::Ip)),
        Kind::Str | Kind::Method => Some(Method::By(Match::Str)),
        Kind::Any | Kind::Bin => None,
    }
}

fn casts(parsed: &Parsed, method: Method) -> bool {
    match method {
        Method::Found => true,
        Method::By(method) => parsed.kind.casts_to(input_of(method)),
    }
}

fn no_method(first: &Text, kind: Kind) -> Diagnostic {
    let what = if kind == Kind::Bin { "bytes" } else { "samples of any type" };
    let message =
        format!("`{}` gives {what}, and no method of comparing them is named", first.as_str());
    let expected = "write `-m` and a method behind it, such as `-m str` or `-m found`";
    Diagnostic::error(first.whole(), message).expected(expected)
}

fn wrong_type(first: &Text, kind: Kind, method: Method) -> Diagnostic {
    let word = METHODS.iter().find(|(_, known)| *known == method).map_or("", |(word, _)| *word);
    let fitting: Vec<_> = METHODS
        .iter()
        .filter(|(_, method)| match method {
            Method::Found => true,
            Method::By(method) => kind.casts_to(input_of(*method)),
        })
        .map(|(word, _)| *word)
        .collect();
    let given = kind.word();
    let message = format!(
        "`{}` gives a sample of type {given}, which `{word}` does not compare",
        first.as_str()
    );
    Diagnostic::error(first.whole(), message)
        .expected(format!("methods for it are {}", or_list(&fitting)))
}

fn never(first: &Text) -> Diagnostic {
    let message =
        format!("`{}` has no pattern to match, so that this ACL never holds", first.as_str());
    let expected = "write patterns behind it; or `-m found` to ask whether it exists, `-m bool` whether \
                    it is not 0, or `--` if it shall never hold";
    Diagnostic::warning(first.whole(), message).expected(expected)
}

/// What looks at no pattern, with a warning where there are some.
fn no_patterns(matching: Matching, method: &str, words: &[Text], report: &mut Report) -> Matching {
    if let Some(first) = words.first() {
        let message = format!("`{}` is not looked at: `{method}` has no patterns", first.as_str());
        report.add(Diagnostic::warning(first.whole(), message).expected("leave it out"));
    }
    matching
}

fn each(
    words: &[Text],
    any_case: bool,
    method: Match,
    report: &mut Report,
) -> Option<Vec<Pattern>> {
    let mut patterns = Some(Vec::with_capacity(words.len()));
    for word in words {
        let checked = match method {
            Match::Reg => pattern::check_regex(word.as_str(), any_case),
            _ => Ok(()),
        };
        match checked.and_then(|()| pattern::parse_pattern(method, word.as_str())) {
            Ok(pattern) => patterns.iter_mut().for_each(|all| all.push(pattern.clone())),
            Err(fault) => {
                report.add(fault.about(word.as_str(), word));
                patterns = None;
            }
        }
    }
    patterns
}

fn is_version(parsed: &Parsed) -> bool {
    parsed.expr.converters.is_empty()
        && parsed.expr.fetch == Fetch::Payload(PayloadFact::HelloVersion)
}
