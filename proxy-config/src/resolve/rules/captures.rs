//! Captures that are named by a number which no frontend has.

use crate::action::Tools;
use crate::diagnostic::Diagnostic;
use crate::model::rule::Side;
use crate::resolve::Proxy;
use crate::resolve::rules::Compiled;
use crate::rule::CaptureUse;

/// Warns of them, as they are empty: HAProxy starts with such.
pub(crate) fn check(proxies: &[Proxy<'_>], compiled: &[Compiled], tools: &mut Tools<'_>) {
    let is_wrong = |proxy: &Proxy<'_>| {
        let captures = &proxy.draft.captures;
        captures.request.is_wrong() || captures.response.is_wrong() || captures.declared.is_wrong()
    };
    if proxies.iter().any(is_wrong) {
        return;
    }
    let all = proxies.iter().zip(compiled);
    let frontends: Vec<&Compiled> = all
        .filter(|(proxy, _)| proxy.draft.kind.is_frontend())
        .map(|(_, compiled)| compiled)
        .collect();
    for own in std::mem::take(&mut tools.compiler.captures) {
        let count = count(own, &frontends);
        if own.slot >= count {
            let side = match own.side {
                Side::Request => "requests",
                Side::Response => "responses",
            };
            let message = format!("there is no capture {} of {side}", own.slot);
            let expected = match count {
                0 => "declare one with `declare-capture` in the frontend".to_owned(),
                1 => "there is one, with id 0".to_owned(),
                _ => format!("ids go from 0 to {}", count - 1),
            };
            tools.report.add_once(Diagnostic::warning(own.place, message).expected(expected));
        }
    }
}

/// How many captures there are where one is named. A backend, a `listen` and a log format that may be
/// inherited serve any frontend.
fn count(own: CaptureUse, frontends: &[&Compiled]) -> usize {
    let count = |compiled: &Compiled| match own.side {
        Side::Request => compiled.slots.request.len(),
        Side::Response => compiled.slots.response.len(),
    };
    match own.at.frontend.filter(|_| own.at.backend.is_none()) {
        Some(frontend) => frontends.get(frontend).map_or(0, |compiled| count(compiled)),
        None => frontends.iter().map(|compiled| count(compiled)).max().unwrap_or(0),
    }
}
