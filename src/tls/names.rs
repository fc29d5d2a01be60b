//! Which certificates a name may have: a look-up for each hello, however many there are.
//!
//! A name that is written out comes before a wildcard, which stands for exactly one label. For each
//! kind of key the first certificate of a name serves it. A name has one policy, its first
//! certificate's: others are left out of it, as which of them would hold is up to the client.

use std::collections::HashMap;

use super::bundle::KeyKind;

/// A certificate at its place in the configuration.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) kind: KeyKind,
    /// Which of a bind's policies holds where it is used.
    pub(super) policy: usize,
    /// Names that its wildcards do not stand for, each as a filter without `!`.
    pub(super) excluded: Vec<Box<str>>,
}

/// Names, and for each the indices of lines.
#[derive(Debug, Default)]
pub(super) struct Names {
    exact: HashMap<Box<str>, Box<[usize]>>,
    /// By what follows `*.`.
    wildcards: HashMap<Box<str>, Box<[usize]>>,
}

/// A name that another line has with another policy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Conflict {
    pub(super) name: String,
    pub(super) line: usize,
    /// The line whose policy holds.
    pub(super) first: usize,
}

impl Names {
    /// Lets the last of `lines` serve `names`; those that it does not serve after all are returned.
    pub(super) fn add<'a>(
        &mut self,
        lines: &[Line],
        names: impl IntoIterator<Item = &'a str>,
    ) -> Vec<Conflict> {
        let Some((index, line)) = lines.iter().enumerate().next_back() else { return Vec::new() };
        let mut conflicts = Vec::new();
        for name in names {
            let wildcard = name.strip_prefix("*.");
            let served = match wildcard {
                Some(rest) => self.wildcards.entry(rest.into()).or_default(),
                None if line.excludes(name) => continue,
                None => self.exact.entry(name.into()).or_default(),
            };
            let is_always = |line: &Line| wildcard.is_none() || line.excluded.is_empty();
            if let Err(first) = append(served, index, lines, is_always) {
                conflicts.push(Conflict { name: name.to_owned(), line: index, first });
            }
        }
        conflicts
    }

    /// The lines of `name`, which is in lower case, by precedence; none if it is not known.
    pub(super) fn lines<'a>(
        &'a self,
        name: &'a str,
        lines: &'a [Line],
    ) -> impl Iterator<Item = usize> + 'a {
        let exact = self.exact.get(name).map_or(&[][..], |indices| &indices[..]);
        let rest = name.split_once('.').map(|(_, rest)| rest).filter(|_| exact.is_empty());
        let wildcard = rest.and_then(|rest| self.wildcards.get(rest));
        let wildcard = wildcard.map_or(&[][..], |indices| &indices[..]).iter();
        let is_meant = |at: &&usize| lines.get(**at).is_some_and(|line| !line.excludes(name));
        exact.iter().chain(wildcard.filter(is_meant)).copied()
    }
}

impl Line {
    fn excludes(&self, name: &str) -> bool {
        self.excluded.iter().any(|filter| match filter.strip_prefix("*.") {
            Some(rest) => name.split_once('.').is_some_and(|(_, own)| own == rest),
            None => **filter == *name,
        })
    }
}

/// Adds `index` unless an earlier line would be taken before it whenever it is: the same certificate
/// in a hundred thousand lines must not make a look-up slow. `is_always` says of a line that it
/// serves the name, or all names of the wildcard.
///
/// # Errors
/// The earlier line, if its policy is another one.
fn append(
    served: &mut Box<[usize]>,
    index: usize,
    lines: &[Line],
    is_always: impl Fn(&Line) -> bool,
) -> Result<(), usize> {
    let earlier = served.iter().filter_map(|at| Some((*at, lines.get(*at)?)));
    let mut earlier = earlier.filter(|(_, line)| is_always(line)).peekable();
    let Some(own) = lines.get(index) else { return Ok(()) };
    if let Some((first, _)) = earlier.peek().filter(|(_, line)| line.policy != own.policy) {
        return Err(*first);
    }
    if !earlier.any(|(_, line)| line.kind == own.kind && line.policy == own.policy) {
        *served = served.iter().copied().chain([index]).collect();
    }
    Ok(())
}

/// The filters of a line of a `crt-list`, told apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filters<'a> {
    /// `None`: those in the certificate.
    names: Option<Vec<&'a str>>,
    pub(super) excluded: Vec<Box<str>>,
    /// `*`: clients that ask for no known name.
    pub(super) is_default: bool,
}

impl<'a> Filters<'a> {
    /// Of what is not in a `crt-list`.
    pub(super) fn none(is_default: bool) -> Self {
        Self { is_default, ..Self::default() }
    }

    pub(super) fn new(filters: &'a [String]) -> Self {
        let (negative, positive): (Vec<&str>, Vec<&str>) =
            filters.iter().map(String::as_str).partition(|filter| filter.starts_with('!'));
        let names = positive.iter().copied().filter(|filter| *filter != "*").collect();
        let excluded = negative.iter().filter_map(|filter| filter.strip_prefix('!'));
        Self {
            names: (!positive.is_empty()).then_some(names),
            excluded: excluded.filter(|filter| *filter != "*").map(Box::from).collect(),
            is_default: positive.contains(&"*"),
        }
    }

    /// The names that are served, if `own` are in the certificate.
    pub(super) fn names_or<'b>(&'b self, own: &'b [String]) -> impl Iterator<Item = &'b str> {
        let own = if self.names.is_none() { own } else { &[] };
        self.names.iter().flatten().copied().chain(own.iter().map(String::as_str))
    }
}
