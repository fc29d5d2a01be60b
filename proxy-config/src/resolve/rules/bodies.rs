//! Bodies of responses that no rule waits for.

use crate::action::Tools;
use crate::diagnostic::Diagnostic;
use crate::model::rule::{Action, Rule};
use crate::resolve::rules::Compiled;

/// Warns where one is asked for, as it is empty. Which backends a frontend leads to may depend on the
/// stream, so one `wait-for-body` anywhere is taken for the right one.
pub(crate) fn check(compiled: &[Compiled], tools: &mut Tools<'_>) {
    let places = std::mem::take(&mut tools.compiler.response_bodies);
    let waits = |rule: &Rule| matches!(rule.action, Action::WaitForBody { .. });
    if compiled.iter().any(|own| own.rules.response.iter().any(waits)) {
        return;
    }
    for place in places {
        let message = "no rule waits for the bodies of responses, so this is empty";
        let expected = "add `wait-for-body time 1s` to `http-response`";
        tools.report.add_once(Diagnostic::warning(place, message).expected(expected));
    }
}
