//! Actions that remember: variables, captures, logs.

use crate::action::line::{Line, Read, at, parsed};
use crate::action::reply::any;
use crate::draft::RuleSet;
use crate::model::Capture;
use crate::model::rule::{Action, CaptureInto, Side, Var, VarCondition};
use crate::rule::CaptureUse;
use crate::section::LEVELS;
use crate::text::Text;
use crate::units;

const CONDITIONS: [(&str, VarCondition); 8] = [
    ("ifempty", VarCondition::IfEmpty),
    ("ifexists", VarCondition::IfExists),
    ("ifgt", VarCondition::IfGreater),
    ("iflt", VarCondition::IfLess),
    ("ifnotempty", VarCondition::IfNotEmpty),
    ("ifnotexists", VarCondition::IfNotExists),
    ("ifnotset", VarCondition::IfNotSet),
    ("ifset", VarCondition::IfSet),
];

/// `set-var(NAME[,COND...]) EXPR`
pub(super) fn set_var(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let (var, conditions) = target(line, word)?;
    Ok(Action::SetVar { var, conditions, expr: line.expr(word)? })
}

/// `set-var-fmt(NAME[,COND...]) FORMAT`
pub(super) fn set_var_fmt(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let (var, conditions) = target(line, word)?;
    Ok(Action::SetVarFormat { var, conditions, format: line.format(word, any)? })
}

/// `unset-var(NAME)`
pub(super) fn unset_var(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let name = inside(word)?;
    line.var(&name).map(Action::UnsetVar)
}

/// What stands between the parentheses of the action.
fn inside(word: &Text) -> Read<Text> {
    let text = word.as_str();
    let open = text.find('(').map(|open| open + 1).filter(|_| text.ends_with(')'));
    match open {
        Some(open) if open + 1 < text.len() => Ok(word.slice(open..text.len() - 1)),
        _ => Err(at(word, "names no variable", "write it between parentheses: `set-var(txn.x)`")),
    }
}

fn target(line: &mut Line<'_, '_>, word: &Text) -> Read<(Var, Box<[VarCondition]>)> {
    let inside = inside(word)?;
    let mut start = 0;
    let mut parts = inside.as_str().split(',').map(|part| {
        let range = start..start + part.len();
        start = range.end + 1;
        inside.slice(range)
    });
    let name = parts.next().unwrap_or_else(|| inside.clone());
    let conditions: Read<Vec<_>> = parts.map(|part| condition(&part)).collect();
    Ok((line.var(&name)?, conditions?.into()))
}

fn condition(word: &Text) -> Read<VarCondition> {
    let found = CONDITIONS.iter().find(|(known, _)| *known == word.as_str());
    found.map(|(_, condition)| *condition).ok_or_else(|| {
        let expected = "must be `ifexists`, `ifnotexists`, `ifempty`, `ifnotempty`, `ifset`, \
            `ifnotset`, `ifgt` or `iflt`";
        at(word, &format!("has an unknown condition `{}`", word.as_str()), expected)
    })
}

/// `capture EXPR { len LENGTH | id INDEX }`
pub(super) fn capture(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let expr = line.expr(word);
    let side = match line.set {
        RuleSet::Response | RuleSet::AfterResponse => Side::Response,
        _ => Side::Request,
    };
    let slot = if let Some(keyword) = line.optional("len") {
        new_slot(line, keyword, side)?
    } else if let Some(keyword) = line.optional("id") {
        declared_slot(line, keyword, side)?
    } else {
        let expected = "add `len` and a number of bytes, or `id` and a declared capture";
        return Err(at(word, "captures into nothing", expected));
    };
    Ok(Action::Capture { expr: expr?, into: CaptureInto { side, slot } })
}

fn new_slot(line: &mut Line<'_, '_>, keyword: &Text, side: Side) -> Read<usize> {
    let len = line.parsed(keyword, |text| units::number(text, 1, 65_535))?;
    if side == Side::Response {
        let expected = "use `id` and a capture of `declare-capture`";
        return Err(at(keyword, "cannot have `len` in a capture of a response", expected));
    }
    let Some(slots) = line.slots.as_deref_mut() else {
        let expected = "captures with `len` belong in a frontend; use `id`";
        return Err(at(keyword, "cannot have `len` in a backend", expected));
    };
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    slots.request.push(Capture { name: String::new(), len });
    Ok(slots.request.len() - 1)
}

/// A backend does not know which frontends lead to it: where they have no such capture, nothing is
/// captured.
fn declared_slot(line: &mut Line<'_, '_>, keyword: &Text, side: Side) -> Read<usize> {
    let number = line.argument(keyword)?;
    let slot = parsed(number, |text| units::number(text, 0, 65_535));
    let slot = slot.map_err(|wrong| wrong.behind(keyword))?;
    let slot = usize::try_from(slot).unwrap_or(usize::MAX);
    let count = line.slots.as_deref().map(|slots| match side {
        Side::Request => slots.request.len(),
        Side::Response => slots.response.len(),
    });
    match count {
        Some(count) if slot >= count => {
            let problem = format!("has capture {slot} of {count}");
            Err(at(number, &problem, "declare it with `declare-capture`; the first has id 0"))
        }
        Some(_) => Ok(slot),
        None => {
            let (at, place) = (line.at, number.whole());
            line.tools.compiler.captures.push(CaptureUse { side, slot, at, place });
            Ok(slot)
        }
    }
}

/// `set-log-level LEVEL`
pub(super) fn set_log_level(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let level = line.argument(word)?;
    if level.as_str() == "silent" {
        return Ok(Action::SetLogLevel(None));
    }
    let found = LEVELS.iter().find(|(known, _)| *known == level.as_str());
    found.map(|(_, level)| Action::SetLogLevel(Some(*level))).ok_or_else(|| {
        let expected = "must be `emerg`, `alert`, `crit`, `err`, `warning`, `notice`, `info`, \
            `debug` or `silent`";
        at(level, &format!("has an unknown level `{}`", level.as_str()), expected)
    })
}
