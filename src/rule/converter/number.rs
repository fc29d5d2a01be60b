//! Converters of integers, which stop at the ends of their range.

use proxy_config::model::rule::{Arithmetic, Bits, Operand};

use super::super::context::Context;
use super::super::sample::Sample;

pub(super) fn arithmetic<'a>(
    kind: Arithmetic,
    operand: &'a Operand,
    sample: Sample<'a>,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let (left, right) = (sample.int()?, super::operand(operand, context)?.int()?);
    Some(Sample::Int(match kind {
        Arithmetic::Add => left.saturating_add(right),
        Arithmetic::Sub => left.saturating_sub(right),
        Arithmetic::Mul => left.saturating_mul(right),
        Arithmetic::Div if right == 0 => i64::MAX,
        Arithmetic::Div => left.saturating_div(right),
        Arithmetic::Mod => left.checked_rem(right).unwrap_or(0),
    }))
}

pub(super) fn bits<'a>(
    kind: Bits,
    operand: &'a Operand,
    sample: Sample<'a>,
    context: &Context<'a>,
) -> Option<Sample<'a>> {
    let (left, right) = (sample.int()?, super::operand(operand, context)?.int()?);
    Some(Sample::Int(match kind {
        Bits::And => left & right,
        Bits::Or => left | right,
        Bits::Xor => left ^ right,
    }))
}
