//! Conditions: ACLs joined by AND, OR and NOT (HAProxy's manual, chapter 7.2).

use std::sync::Arc;

use super::{Expr, Match};

/// `if ...` or `unless ...`: any of the alternatives, of each of which all terms hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// `unless`
    pub is_negated: bool,
    /// Not empty, and none of them is.
    pub any_of: Box<[Box<[Term]>]>,
}

/// An ACL, or its opposite.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// `!`
    pub is_negated: bool,
    pub acl: Arc<Acl>,
}

/// A named or anonymous ACL, which holds when any of its tests does.
#[derive(Debug, Clone, PartialEq)]
pub struct Acl {
    /// `None` between braces.
    pub name: Option<String>,
    /// Not empty.
    pub tests: Box<[Test]>,
}

/// One line of an ACL: it holds when any value of `expr` matches.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    pub expr: Expr,
    pub matching: Matching,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Matching {
    /// `-m found`, or no pattern: the sample exists.
    Found,
    /// A boolean without a pattern: it is true; an integer is not 0.
    True,
    /// Index into [`super::Tables::patterns`].
    Patterns { method: Match, table: usize },
}
