//! `alpn`: what of it the mode can speak.

use crate::diagnostic::Diagnostic;
use crate::draft::AlpnWord;
use crate::model::Mode;
use crate::report::Report;
use crate::setting::Setting;

/// What mode http speaks.
const SPOKEN: [&str; 2] = ["http/1.1", "http/1.0"];

/// What it will speak.
const NOT_YET: [&str; 2] = ["h2", "h3"];

/// The protocols to offer or to answer; `mode` is `None` where it is not known.
pub(super) fn alpn(
    written: &Setting<Vec<AlpnWord>>,
    mode: Option<Mode>,
    report: &mut Report,
) -> Vec<String> {
    let names = |words: &[AlpnWord]| words.iter().map(|word| word.name.clone()).collect();
    match (written.value(), mode) {
        (Some(words), Some(Mode::Http)) => spoken(words, report),
        (Some(words), _) => names(words),
        (None, Some(Mode::Http)) => vec![SPOKEN[0].to_owned()],
        (None, _) => Vec::new(),
    }
}

fn spoken(words: &[AlpnWord], report: &mut Report) -> Vec<String> {
    let mut left = Vec::new();
    let mut is_known = true;
    for AlpnWord { name, place } in words {
        if SPOKEN.contains(&name.as_str()) {
            left.push(name.clone());
        } else if !NOT_YET.contains(&name.as_str()) {
            is_known = false;
            let message = format!("mode http cannot speak `{name}`");
            let expected = "leave it out, or give the section mode = \"tcp\"";
            report.add_once(Diagnostic::error(*place, message).expected(expected));
        }
    }
    for AlpnWord { name, place } in words {
        if !NOT_YET.contains(&name.as_str()) || !is_known {
            continue;
        }
        let message = format!("`{name}` is not yet supported");
        let diagnostic = if left.is_empty() {
            Diagnostic::error(*place, message).expected("add \"http/1.1\": nothing is left")
        } else {
            Diagnostic::warning(*place, message).expected("left out")
        };
        report.add_once(diagnostic);
    }
    left
}
