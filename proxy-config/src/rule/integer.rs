//! Patterns of integers: numbers, ranges, and operators before them.

use crate::diagnostic::Diagnostic;
use crate::model::rule::{Match, Pattern, Range};
use crate::pattern;
use crate::report::Report;
use crate::text::{Fault, Text};

/// Numbers and ranges, with operators before them that hold until the next one.
pub(super) fn patterns(
    words: &[Text],
    is_version: bool,
    report: &mut Report,
) -> Option<Vec<Pattern>> {
    let mut patterns = Some(Vec::with_capacity(words.len()));
    let mut operator = "eq";
    let mut is_pending = None;
    for word in words {
        let text = word.as_str();
        if let Some(found) = ["eq", "ge", "gt", "le", "lt"].into_iter().find(|known| *known == text)
        {
            operator = found;
            is_pending = Some(word);
            continue;
        }
        is_pending = None;
        match integer(text, operator, is_version) {
            Ok(range) => patterns.iter_mut().for_each(|all| all.push(Pattern::Range(range))),
            Err(fault) => {
                report.add(fault.about(text, word));
                patterns = None;
            }
        }
    }
    if let Some(word) = is_pending {
        let message = format!("`{}` has no value", word.as_str());
        report.add(Diagnostic::error(word.whole(), message).expected("write a number behind it"));
        return None;
    }
    patterns
}

fn integer(text: &str, operator: &str, is_version: bool) -> Result<Range, Fault> {
    let range = if is_version { versions(text)? } else { ranged(text)? };
    let (min, max) = (range.min, range.max);
    if operator == "eq" {
        return Ok(range);
    }
    if min != max {
        let problem = format!("is a range behind `{operator}`");
        return Err(Fault::new(
            0..text.len(),
            problem,
            "write one number, or leave the operator out",
        ));
    }
    let range = match operator {
        "ge" => Some(Range { min, max: i64::MAX }),
        "gt" => min.checked_add(1).map(|min| Range { min, max: i64::MAX }),
        "le" => Some(Range { min: i64::MIN, max }),
        _ => max.checked_sub(1).map(|max| Range { min: i64::MIN, max }),
    };
    let whole = 0..text.len();
    range.ok_or_else(|| Fault::new(whole, "leaves no number", "there is none beyond it"))
}

fn ranged(text: &str) -> Result<Range, Fault> {
    match pattern::parse_pattern(Match::Int, text)? {
        Pattern::Range(range) => Ok(range),
        _ => Err(Fault::new(0..text.len(), "is not an integer", "")),
    }
}

/// `3.1`, `3.1:3.3` and so on, as versions of TLS are written: 16 bits before the dot and 16 behind.
fn versions(text: &str) -> Result<Range, Fault> {
    let one = |part: &str| {
        let (major, minor) = part.split_once('.').unwrap_or((part, "0"));
        let number = |digits: &str| digits.parse::<u16>().ok().map(i64::from);
        Some(number(major)? << 16 | number(minor)?)
    };
    let fault =
        || Fault::new(0..text.len(), "is not a version", "write one such as `3.3` for TLS 1.2");
    let Some((min, max)) = text.split_once(':') else {
        return one(text).map(|value| Range { min: value, max: value }).ok_or_else(fault);
    };
    let end = |part: &str, open: i64| if part.is_empty() { Some(open) } else { one(part) };
    let range = end(min, 0).zip(end(max, i64::from(u32::MAX)));
    range.map(|(min, max)| Range { min, max }).ok_or_else(fault)
}
