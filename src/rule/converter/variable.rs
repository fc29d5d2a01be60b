//! Converters that set variables, and that compare with them.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use proxy_config::model::rule::{Var, VarCondition};

use super::super::context::Context;
use super::super::sample::Sample;

pub(super) fn set<'a>(
    var: Var,
    conditions: &[VarCondition],
    sample: Sample<'a>,
    context: &Context<'a>,
) {
    let old = if conditions.is_empty() { None } else { context.vars.get(var, context.arena) };
    if may_set(conditions, old, sample) {
        context.vars.set(var, Some(sample));
    }
}

/// Whether all conditions of `set-var` let `new` take the place of `old`. Those on emptiness are of the
/// new value; the comparisons hold the old value against the new one, and let pass what is no integer.
pub fn may_set(conditions: &[VarCondition], old: Option<Sample<'_>>, new: Sample<'_>) -> bool {
    let is_empty = matches!(new, Sample::Str([]) | Sample::Bin([]));
    let ints = match (old, new) {
        (Some(Sample::Int(old)), Sample::Int(new)) => Some((old, new)),
        _ => None,
    };
    conditions.iter().all(|condition| match condition {
        VarCondition::IfExists | VarCondition::IfSet => old.is_some(),
        VarCondition::IfNotExists | VarCondition::IfNotSet => old.is_none(),
        VarCondition::IfEmpty => is_empty,
        VarCondition::IfNotEmpty => !is_empty,
        VarCondition::IfGreater => ints.is_none_or(|(old, new)| old > new),
        VarCondition::IfLess => ints.is_none_or(|(old, new)| old < new),
    })
}

/// The difference of the first bytes that differ, else -1 or 1 for the shorter and the longer text.
pub(super) fn strcmp<'a>(
    sample: Sample<'a>,
    var: Var,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let own = sample.text(context.arena);
    let other = context.vars.get(var, context.arena)?.text(context.arena);
    let difference = own.iter().zip(other).find(|(own, other)| own != other);
    Some(Sample::Int(match difference {
        Some((own, other)) => i64::from(*own) - i64::from(*other),
        None => own.len().cmp(&other.len()) as i64,
    }))
}

/// Takes as long for any two texts of a length.
pub(super) fn secure_memcmp<'a>(
    sample: Sample<'a>,
    var: Var,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let own = sample.bytes(context.arena)?;
    let other = context.vars.get(var, context.arena)?.bytes(context.arena)?;
    Some(Sample::Bool(verify_slices_are_equal(own, other).is_ok()))
}
