//! Names that may stand only once, across all files.

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;
use crate::draft::{Draft, ProxyDraft};
use crate::place::Place;
use crate::report::Report;

pub(super) fn check(draft: &Draft, report: &mut Report) {
    let mut global = Seen::default();
    for place in &draft.global_places {
        global.add("", *place, "section `global` is given twice", report);
    }
    let mut defaults = Seen::default();
    for section in &draft.defaults {
        let message = match &section.name {
            Some(name) => format!("section `defaults.{name}` is given twice"),
            None => "section `defaults` is given twice".to_owned(),
        };
        defaults.add(section.name(), section.place, &message, report);
    }
    let mut http_errors = Seen::default();
    for section in &draft.http_errors {
        let message = format!("section `http-errors.{}` is given twice", section.name);
        http_errors.add(&section.name, section.place, &message, report);
    }
    let mut proxies = Seen::default();
    for section in &draft.proxies {
        let message = format!("duplicate name `{}`", section.name());
        proxies.add(section.name(), section.place, &message, report);
        servers(section, report);
    }
}

fn servers(section: &ProxyDraft, report: &mut Report) {
    let mut seen = Seen::default();
    for server in section.servers.value().into_iter().flatten() {
        if let (Some(name), Some(place)) = (server.name.value(), server.name.place()) {
            let message = format!("duplicate server `{name}` in backend `{}`", section.name());
            seen.add(name, place, &message, report);
        }
    }
}

/// Names with the place of the first.
#[derive(Default)]
pub(super) struct Seen<'d>(BTreeMap<&'d str, Place>);

impl<'d> Seen<'d> {
    pub(super) fn add(&mut self, name: &'d str, place: Place, message: &str, report: &mut Report) {
        let first = *self.0.entry(name).or_insert(place);
        if first != place {
            let diagnostic = Diagnostic::error(place, message)
                .expected("given again here")
                .label(first, "first given here");
            report.add(diagnostic);
        }
    }
}
