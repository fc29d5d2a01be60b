//! Conditions: ACLs behind `if` or `unless`, named, predefined or between braces (HAProxy's manual,
//! chapters 7.2 and 7.4).

use std::sync::Arc;

use super::args::Args;
use super::layer::Need;
use super::{Acls, At, Compiler, Named, expr};
use crate::diagnostic::Diagnostic;
use crate::model::rule::{Acl, Condition, Term};
use crate::nearest::nearest;
use crate::report::Report;
use crate::text::Text;

/// The ACLs that are always there.
const PREDEFINED: [(&str, &[&str]); 23] = [
    ("FALSE", &["always_false"]),
    ("HTTP", &["req.proto_http"]),
    ("HTTP_1.0", &["req.ver", "1.0"]),
    ("HTTP_1.1", &["req.ver", "1.1"]),
    ("HTTP_2.0", &["req.ver", "2.0"]),
    ("HTTP_3.0", &["req.ver", "3.0"]),
    ("HTTP_CONTENT", &["req.hdr_val(content-length)", "gt", "0"]),
    ("HTTP_URL_ABS", &["url", "-m", "reg", "^[^/:]*://"]),
    ("HTTP_URL_SLASH", &["url", "-m", "beg", "/"]),
    ("HTTP_URL_STAR", &["url", "*"]),
    ("LOCALHOST", &["src", "127.0.0.1/8", "::1"]),
    ("METH_CONNECT", &["method", "CONNECT"]),
    ("METH_DELETE", &["method", "DELETE"]),
    ("METH_GET", &["method", "GET", "HEAD"]),
    ("METH_HEAD", &["method", "HEAD"]),
    ("METH_OPTIONS", &["method", "OPTIONS"]),
    ("METH_POST", &["method", "POST"]),
    ("METH_PUT", &["method", "PUT"]),
    ("METH_TRACE", &["method", "TRACE"]),
    ("RDP_COOKIE", &["req.rdp_cookie_cnt", "gt", "0"]),
    ("REQ_CONTENT", &["req.len", "gt", "0"]),
    ("TRUE", &["always_true"]),
    ("WAIT_END", &["wait_end"]),
];

/// A term that was read, with the ACL that it is, and how many words it had.
struct Read {
    term: Option<Term>,
    words: usize,
}

impl Compiler<'_> {
    /// A condition: all words from `if` or `unless` on.
    pub(crate) fn condition(
        &mut self,
        words: &[Text],
        acls: &Acls,
        at: At,
        report: &mut Report,
    ) -> Option<Condition> {
        self.enter(acls);
        let (first, rest) = words.split_first()?;
        let is_negated = match first.as_str() {
            "if" => false,
            "unless" => true,
            other => {
                let message = format!("`{other}` stands where a condition should");
                let expected = "a condition begins with `if` or `unless`";
                report.add(Diagnostic::error(first.whole(), message).expected(expected));
                return None;
            }
        };
        let any_of = self.alternatives(first, rest, at, report)?;
        Some(Condition { is_negated, any_of })
    }

    fn alternatives(
        &mut self,
        first: &Text,
        words: &[Text],
        at: At,
        report: &mut Report,
    ) -> Option<Box<[Box<[Term]>]>> {
        let mut any_of = Vec::new();
        let mut all = Vec::new();
        let mut is_good = true;
        let (mut before, mut rest) = (first, words);
        while let [word, after @ ..] = rest {
            if is_or(word) {
                is_good &= has_terms(before, &all, report);
                any_of.push(std::mem::take(&mut all).into_boxed_slice());
                (before, rest) = (word, after);
                continue;
            }
            let read = self.term(rest, at, report);
            is_good &= read.term.is_some();
            // What is wrong holds its place, so that nothing is said to be missing.
            all.push(read.term.unwrap_or_else(placeholder));
            rest = rest.get(read.words..).unwrap_or(&[]);
        }
        is_good &= has_terms(before, &all, report);
        any_of.push(all.into_boxed_slice());
        is_good.then(|| any_of.into_boxed_slice())
    }

    /// One term: `!` as often as one likes, and an ACL.
    fn term(&mut self, words: &[Text], at: At, report: &mut Report) -> Read {
        let mut is_negated = false;
        for (nth, word) in words.iter().enumerate() {
            let bare = word.as_str().trim_start_matches('!');
            is_negated ^= (word.as_str().len() - bare.len()) % 2 == 1;
            if bare.is_empty() && !word.as_str().is_empty() {
                continue;
            }
            let name = word.slice(word.as_str().len() - bare.len()..word.as_str().len());
            let rest = words.get(nth + 1..).unwrap_or(&[]);
            let (acl, taken) = match bare {
                "{" => self.anonymous(&name, rest, at, report),
                _ => (self.used(&name, at, report), 0),
            };
            let term = acl.map(|acl| Term { is_negated, acl });
            return Read { term, words: nth + 1 + taken };
        }
        if let Some(last) = words.last() {
            let message = "`!` stands before nothing";
            report.add(Diagnostic::error(last.whole(), message).expected("name an ACL behind it"));
        }
        Read { term: None, words: words.len() }
    }

    /// What stands between braces, of which the first was read; and how many words it and the closing
    /// brace are.
    fn anonymous(
        &mut self,
        open: &Text,
        words: &[Text],
        at: At,
        report: &mut Report,
    ) -> (Option<Arc<Acl>>, usize) {
        let Some(end) = words.iter().position(|word| word.as_str() == "}") else {
            let message = "`{` is not closed";
            let expected = "write `}` as a word of its own behind the last pattern";
            report.add(Diagnostic::error(open.whole(), message).expected(expected));
            return (None, words.len());
        };
        let inside = words.get(..end).unwrap_or(&[]);
        if inside.is_empty() {
            let message = "`{ }` is empty";
            let expected = "write an expression between them, such as `{ path /login }`";
            report.add(Diagnostic::error(open.whole(), message).expected(expected));
            return (None, end + 1);
        }
        let Some((test, needs)) = self.test(inside, at, report) else { return (None, end + 1) };
        if !expr::check_needs(&needs, at, report) {
            return (None, end + 1);
        }
        (Some(Arc::new(Acl { name: None, tests: Box::new([test]) })), end + 1)
    }

    /// A named ACL where it is used: what it needs must be there.
    fn used(&mut self, name: &Text, at: At, report: &mut Report) -> Option<Arc<Acl>> {
        let named = self.named(name, at, report)?;
        let lacks: Vec<_> =
            named.needs.iter().filter_map(|need| used_lack(need, name, at)).collect();
        let is_met = lacks.is_empty();
        lacks.into_iter().for_each(|diagnostic| report.add(diagnostic));
        is_met.then_some(named.acl)
    }

    /// An ACL of the section, or a predefined one.
    fn named(&mut self, name: &Text, at: At, report: &mut Report) -> Option<Named> {
        let word = name.as_str();
        let acls = self.acls.clone();
        if let Some(named) = acls.as_ref().and_then(|acls| acls.named.get(word)) {
            return named.clone().or_bad();
        }
        if let Some((_, words)) = PREDEFINED.iter().find(|(known, _)| *known == word) {
            let place = name.whole();
            let text = |word: &&str| Text::opaque(place, (*word).to_owned());
            let words: Vec<_> = words.iter().map(text).collect();
            let (test, needs) = self.test(&words, at, report)?;
            let acl = Acl { name: Some(word.to_owned()), tests: Box::new([test]) };
            return Some(Named { acl: Arc::new(acl), needs, is_bad: false });
        }
        report.add(unknown_acl(name, acls.as_ref()));
        None
    }

    /// One line of a named ACL: `words` is all behind the name. Lines of one name are ORed.
    pub(crate) fn acl(
        &mut self,
        acls: &mut Acls,
        name: &Text,
        words: &[Text],
        report: &mut Report,
    ) {
        self.enter(acls);
        let test = match words {
            _ if !is_acl_name(name, report) => None,
            [] => {
                let message = format!("acl `{}` is empty", name.as_str());
                let expected = "write an expression and patterns, such as `path_beg /static/`";
                report.add(Diagnostic::error(name.whole(), message).expected(expected));
                None
            }
            _ => self.test(words, acls.home, report),
        };
        // Nobody else has the names now, so that they are not copied to be changed.
        self.acls = None;
        acls.add(name.as_str(), test);
    }

    /// The ACLs that `acl()` in expressions and formats refers to, until others are entered; those of a
    /// condition are entered by it.
    pub(crate) fn enter(&mut self, acls: &Acls) {
        self.acls = Some(acls.clone());
    }
}

impl Args<'_, '_> {
    /// The arguments from one on as names of ACLs, all of which must hold.
    pub(super) fn acls(&mut self, from: usize) -> Option<Arc<Condition>> {
        let mut terms = Some(Vec::new());
        for word in self.call.args.get(from..).unwrap_or(&[]) {
            let bare = word.as_str().trim_start_matches('!');
            let marks = word.as_str().len() - bare.len();
            let name = word.slice(marks..word.as_str().len());
            match self.compiler.named(&name, self.at, self.report) {
                Some(named) => {
                    self.needs.extend(named.needs);
                    let term = Term { is_negated: marks % 2 == 1, acl: named.acl };
                    terms.iter_mut().for_each(|all| all.push(term.clone()));
                }
                None => terms = None,
            }
        }
        let all = terms?.into_boxed_slice();
        Some(Arc::new(Condition { is_negated: false, any_of: Box::new([all]) }))
    }
}

fn is_or(word: &Text) -> bool {
    matches!(word.as_str(), "or" | "||")
}

fn placeholder() -> Term {
    Term { is_negated: false, acl: Arc::new(Acl { name: None, tests: Box::new([]) }) }
}

fn has_terms(before: &Text, terms: &[Term], report: &mut Report) -> bool {
    if terms.is_empty() {
        let message = format!("no condition stands behind `{}`", before.as_str());
        let expected = "name an ACL behind it, or write one between `{` and `}`";
        report.add(Diagnostic::error(before.whole(), message).expected(expected));
    }
    !terms.is_empty()
}

/// The complaint about an ACL that needs what its user does not have.
fn used_lack(need: &Need, name: &Text, at: At) -> Option<Diagnostic> {
    let lack = need.lack(at)?;
    if need.place == name.whole() {
        return Some(lack);
    }
    let message = format!("acl `{}` cannot be used here: {}", name.as_str(), lack.message());
    let text = lack.labels().first().map_or(String::new(), |label| label.text.clone());
    let diagnostic = Diagnostic::error(name.whole(), message).expected(text);
    Some(diagnostic.label(need.place, "it is in the ACL here"))
}

fn unknown_acl(name: &Text, acls: Option<&Acls>) -> Diagnostic {
    let word = name.as_str();
    let own = acls.into_iter().flat_map(|acls| acls.named.keys().map(String::as_str));
    let known = own.chain(PREDEFINED.iter().map(|(known, _)| *known));
    let expected = match (word, nearest(word, known)) {
        ("&&" | "and", _) => "ACLs in a row are joined by AND already".to_owned(),
        ("}", _) => "a `{` begins what it closes".to_owned(),
        (_, Some(near)) => format!("did you mean `{near}`?"),
        _ if word.starts_with('{') => "braces are words of their own: `{ path / }`".to_owned(),
        _ => "define it with `acl`, or write it between `{` and `}`".to_owned(),
    };
    Diagnostic::error(name.whole(), format!("there is no acl `{word}`")).expected(expected)
}

fn is_acl_name(name: &Text, report: &mut Report) -> bool {
    let word = name.as_str();
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    let problem = match word {
        "" => "is empty",
        "or" => "is a word of conditions",
        _ if !word.chars().all(is_allowed) => "has a character that no name may have",
        _ => return true,
    };
    let expected = "a name has letters, digits, `-`, `_`, `.` and `:`";
    let message = format!("the name `{word}` of an acl {problem}");
    report.add(Diagnostic::error(name.whole(), message).expected(expected));
    false
}
