//! `global.set-var` and `global.set-var-fmt`: what variables of the process hold at the start.

use crate::action::{self, Read, Tools, Wrong};
use crate::draft::ProcVarDraft;
use crate::model::FormatPiece;
use crate::model::rule::{Expr, Fetch, Scope, Value, Var};
use crate::rule::At;
use crate::text::Text;

/// Reads all of them into the tables.
pub(crate) fn read(drafts: &[ProcVarDraft], tools: &mut Tools<'_>) {
    for draft in drafts {
        match one(draft, tools) {
            Ok(value) => tools.compiler.tables.proc_vars.push(value),
            Err(wrong) => wrong.about(draft.key).into_iter().for_each(|d| tools.report.add(d)),
        }
    }
}

fn one(draft: &ProcVarDraft, tools: &mut Tools<'_>) -> Read<(Var, Value)> {
    let text = &draft.text;
    let words = text.words().map_err(|fault| Wrong::of(fault, text))?;
    let [name, value] = words.as_slice() else {
        let expected = "write a name and a value: `proc.limit int(5)`";
        return Err(action::at(text, "is no variable with its value", expected));
    };
    let var = tools.compiler.var(name, &mut tools.report).ok_or(Wrong::Told)?;
    if var.scope != Scope::Proc {
        let expected = "only variables of the process, `proc.NAME`, live that long";
        return Err(action::at(name, &format!("cannot set `{}`", name.as_str()), expected));
    }
    let at = At { moment: None, mode: None, frontend: None, backend: None };
    let value = if draft.key == "set-var" {
        let expr = tools.compiler.expr(value, at, &mut tools.report).ok_or(Wrong::Told)?;
        constant(&expr).ok_or_else(|| not_constant(value))?
    } else {
        let format = tools.compiler.format(value, at, &mut tools.report).ok_or(Wrong::Told)?;
        fixed(&format.pieces).ok_or_else(|| not_constant(value))?
    };
    Ok((var, value))
}

fn constant(expr: &Expr) -> Option<Value> {
    match &expr.fetch {
        Fetch::Const(value) if expr.converters.is_empty() => Some(value.clone()),
        _ => None,
    }
}

fn fixed(pieces: &[FormatPiece]) -> Option<Value> {
    let mut text = Vec::new();
    for piece in pieces {
        match piece {
            FormatPiece::Text(part) => text.extend_from_slice(part.as_bytes()),
            FormatPiece::Sample { expr, .. } => match constant(expr)? {
                Value::Str(part) => text.extend_from_slice(&part),
                Value::Int(number) => text.extend_from_slice(number.to_string().as_bytes()),
                _ => return None,
            },
            FormatPiece::Field { .. } => return None,
        }
    }
    Some(Value::Str(text.into()))
}

fn not_constant(value: &Text) -> Wrong {
    let expected = "write a constant: `int(5)`, `str(blue)`";
    action::at(value, "has a value that only a stream has, which is not yet supported", expected)
}
