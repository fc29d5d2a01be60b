//! Whether a rule applies.

use proxy_config::model::rule::{Acl, Condition, Matching, Term, Test};

use super::context::Context;
use super::sample::Sample;

/// What is known of a condition: bytes that are still to come may decide it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    No,
    Unknown,
    Yes,
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

/// Evaluates a condition. Terms behind one that decides are not looked at.
pub fn holds<'a>(condition: &'a Condition, context: &Context<'a>) -> Truth {
    let mut best = Truth::No;
    for terms in &condition.any_of {
        best = best.max(all(terms, context));
        if best == Truth::Yes {
            break;
        }
    }
    if condition.is_negated { !best } else { best }
}

fn all<'a>(terms: &'a [Term], context: &Context<'a>) -> Truth {
    let mut worst = Truth::Yes;
    for term in terms {
        let truth = acl(&term.acl, context);
        worst = worst.min(if term.is_negated { !truth } else { truth });
        if worst == Truth::No {
            break;
        }
    }
    worst
}

fn acl<'a>(acl: &'a Acl, context: &Context<'a>) -> Truth {
    let mut best = Truth::No;
    for own in &acl.tests {
        best = best.max(test(own, context));
        if best == Truth::Yes {
            break;
        }
    }
    best
}

fn test<'a>(test: &'a Test, context: &Context<'a>) -> Truth {
    context.may_change.set(false);
    let is_match = super::any(&test.expr, context, &mut |sample| matches(test, sample, context));
    match (is_match, context.may_change.get()) {
        (true, _) => Truth::Yes,
        (false, true) => Truth::Unknown,
        (false, false) => Truth::No,
    }
}

fn matches<'a>(test: &Test, sample: Sample<'a>, context: &Context<'a>) -> bool {
    match &test.matching {
        Matching::Found => true,
        Matching::True => sample.truth().unwrap_or(false),
        Matching::Patterns { method, table } => {
            context.library.matches(*table, *method, sample, context)
        }
    }
}
