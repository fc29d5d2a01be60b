//! Conditions of `.if` and of `haproxy -cc`.
//!
//! ```text
//! any  = all { "||" all }
//! all  = term { "&&" term }
//! term = "!" term | "(" any ")" | NAME "(" ARGUMENT { "," ARGUMENT } ")" | INTEGER
//! ```

use crate::import::environment::Environment;
use crate::import::version::Version;
use crate::nearest::nearest;

/// Terms inside of each other.
const DEPTH_MAX: usize = 64;

/// What builds of HAProxy may have that is here too, for `feature()` and `haproxy -vv`.
pub const FEATURES: [&str; 6] =
    ["ACCEPT4", "CPU_AFFINITY", "EPOLL", "GETADDRINFO", "OPENSSL", "THREAD"];

/// What a HAProxy may have turned on that is on here.
const ENABLED: [&str; 4] = ["EPOLL", "GETADDRINFO", "POLL", "REUSEPORT"];

/// The version of OpenSSL whose settings are understood.
const OPENSSL: &str = "3.0.0";

const SSL_LIBRARY: &str = "AWS-LC";

/// Functions with the number of their arguments.
const FUNCTIONS: [(&str, usize, Function); 13] = [
    ("defined", 1, |c, a| Ok(c.environment.get(&a[0]).is_some())),
    ("enabled", 1, |_, a| Ok(ENABLED.contains(&a[0].as_str()))),
    ("feature", 1, |_, a| Ok(FEATURES.contains(&a[0].as_str()))),
    ("awslc_api_atleast", 1, |_, a| Ok(a[0].parse::<u32>().is_ok_and(|version| version <= 30))),
    ("awslc_api_before", 1, |_, a| Ok(a[0].parse::<u32>().is_ok_and(|version| version > 30))),
    ("openssl_version_atleast", 1, |_, a| Ok(version(OPENSSL)? >= version(&a[0])?)),
    ("openssl_version_before", 1, |_, a| Ok(version(OPENSSL)? < version(&a[0])?)),
    ("ssllib_name_startswith", 1, |_, a| Ok(SSL_LIBRARY.starts_with(a[0].as_str()))),
    ("streq", 2, |_, a| Ok(a[0] == a[1])),
    ("strneq", 2, |_, a| Ok(a[0] != a[1])),
    ("strstr", 2, |_, a| Ok(a[0].contains(a[1].as_str()))),
    ("version_atleast", 1, |c, a| Ok(c.version >= version(&a[0])?)),
    ("version_before", 1, |c, a| Ok(c.version < version(&a[0])?)),
];

type Function = fn(&Context<'_>, &[String]) -> Result<bool, String>;

/// What conditions ask about.
pub(super) struct Context<'c> {
    pub(super) environment: &'c Environment<'c>,
    pub(super) version: Version,
}

/// Whether a condition holds.
///
/// # Errors
/// What is wrong with its text.
pub(super) fn evaluate(text: &str, context: &Context<'_>) -> Result<bool, String> {
    let mut parser = Parser { rest: text.trim_start(), context };
    if parser.rest.is_empty() {
        return Err("a condition is missing".to_owned());
    }
    let value = parser.any(DEPTH_MAX)?;
    match parser.rest {
        "" => Ok(value),
        rest => Err(format!("`{rest}` is too much")),
    }
}

/// OpenSSL has letters behind its numbers.
fn version(text: &str) -> Result<Version, String> {
    let numbers = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    Version::asked(numbers).ok_or_else(|| format!("`{text}` is not a version"))
}

struct Parser<'p> {
    /// Invariant: does not begin with a blank.
    rest: &'p str,
    context: &'p Context<'p>,
}

impl Parser<'_> {
    fn takes(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else { return false };
        self.rest = rest.trim_start();
        true
    }

    /// Every part is read, also where the result is known: what is wrong must be told.
    fn any(&mut self, depth: usize) -> Result<bool, String> {
        let mut value = self.all(depth)?;
        while self.takes("||") {
            value |= self.all(depth)?;
        }
        Ok(value)
    }

    fn all(&mut self, depth: usize) -> Result<bool, String> {
        let mut value = self.term(depth)?;
        while self.takes("&&") {
            value &= self.term(depth)?;
        }
        Ok(value)
    }

    fn term(&mut self, depth: usize) -> Result<bool, String> {
        let Some(depth) = depth.checked_sub(1) else { return Err("too deep".to_owned()) };
        if self.takes("!") {
            return self.term(depth).map(|value| !value);
        }
        if self.takes("(") {
            let value = self.any(depth)?;
            return if self.takes(")") { Ok(value) } else { Err("a `)` is missing".to_owned()) };
        }
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        match word.parse::<i64>() {
            Ok(number) => Ok(number != 0),
            Err(_) => self.function(word),
        }
    }

    fn function(&mut self, name: &str) -> Result<bool, String> {
        let Some((_, count, function)) = FUNCTIONS.iter().find(|(known, ..)| *known == name) else {
            let remedy = nearest(name, FUNCTIONS.iter().map(|(known, ..)| *known));
            let remedy =
                remedy.map_or_else(String::new, |found| format!("; did you mean `{found}`?"));
            return Err(format!("unknown condition `{name}`{remedy}"));
        };
        let arguments = self.arguments(name)?;
        if arguments.len() != *count {
            return Err(format!("`{name}` takes {count} arguments, not {}", arguments.len()));
        }
        function(self.context, &arguments)
    }

    /// Quotes in arguments keep commas and parentheses.
    fn arguments(&mut self, name: &str) -> Result<Vec<String>, String> {
        let Some(inside) = self.rest.strip_prefix('(') else {
            return Err(format!("`{name}` has no `(`"));
        };
        let mut arguments = vec![String::new()];
        let mut quote = None;
        for (at, next) in inside.char_indices() {
            match (quote, next) {
                (None, ')') => {
                    self.rest = inside[at + 1..].trim_start();
                    return Ok(arguments);
                }
                (None, ',') => arguments.push(String::new()),
                (None, '"' | '\'') => quote = Some(next),
                (Some(open), _) if open == next => quote = None,
                _ => arguments.last_mut().into_iter().for_each(|last| last.push(next)),
            }
        }
        Err(format!("`{name}` has no `)`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str) -> Result<bool, String> {
        let env = |name: &str| (name == "SET").then(|| "yes".to_owned());
        let environment = Environment::new(&env, false);
        evaluate(text, &Context { environment: &environment, version: Version::branch(3, 0) })
    }

    #[test]
    fn conditions() {
        let cases = [
            ("1", true),
            ("0", false),
            ("defined(SET)", true),
            ("defined(NONE)", false),
            ("!defined(NONE)", true),
            ("!!1", true),
            ("streq(a,a)", true),
            ("streq(,)", true),
            ("strneq(a,b)", true),
            ("strstr(haystack,st)", true),
            ("streq(\"a,b\",'a,b')", true),
            ("version_atleast(2.4)", true),
            ("version_atleast(3.0.7)", true),
            ("version_atleast(3.1)", false),
            ("version_before(3.1-dev1)", true),
            ("openssl_version_atleast(1.1.1k)", true),
            ("openssl_version_before(1.1.1)", false),
            ("feature(OPENSSL)", true),
            ("feature(LUA)", false),
            ("enabled(POLL)", true),
            ("ssllib_name_startswith(OpenSSL)", false),
            ("0 || 1 && 0", false),
            ("(0 || 1) && !0", true),
            ("1 || 0 && 0", true),
            ("streq(a,b) || ( defined(SET) && feature(THREAD) )", true),
        ];
        for (text, expected) in cases {
            assert_eq!(holds(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn bad_conditions() {
        let cases = [
            ("", "a condition is missing"),
            ("1 1", "`1` is too much"),
            ("(1", "a `)` is missing"),
            ("define(X)", "unknown condition `define`; did you mean `defined`?"),
            ("defined", "`defined` has no `(`"),
            ("defined(X", "`defined` has no `)`"),
            ("streq(a)", "`streq` takes 2 arguments, not 1"),
            ("1 || nonsense(1)", "unknown condition `nonsense`"),
            ("version_atleast(x)", "`x` is not a version"),
        ];
        for (text, expected) in cases {
            assert_eq!(holds(text), Err(expected.to_owned()), "{text}");
        }
        assert_eq!(holds(&"(".repeat(1000)), Err("too deep".to_owned()));
        assert_eq!(holds(&"!".repeat(1000)), Err("too deep".to_owned()));
    }
}
