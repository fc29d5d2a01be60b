//! Names: those that rules may refer to, and that each stands only once across all files.

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;
use crate::draft::{Draft, HttpErrorsDraft, ProxyDraft};
use crate::place::Place;
use crate::report::Report;
use crate::rule::{BackendNames, Names};

/// What rules may refer to, numbered as in the model.
pub(super) fn collect(draft: &Draft) -> Names {
    let backends = draft.proxies.iter().filter(|proxy| proxy.kind.is_backend());
    let frontends = draft.proxies.iter().filter(|proxy| proxy.kind.is_frontend());
    Names {
        backends: backends.map(backend).collect(),
        frontends: frontends.map(|proxy| proxy.name().to_owned()).collect(),
        userlists: draft.userlists.iter().map(|list| list.name.clone()).collect(),
    }
}

fn backend(proxy: &ProxyDraft) -> BackendNames {
    let servers = proxy.servers.value().into_iter().flatten();
    BackendNames {
        name: proxy.name().to_owned(),
        servers: servers.map(|server| server.name.or(String::new())).collect(),
    }
}

pub(super) fn check(draft: &Draft, http_errors: &[HttpErrorsDraft], report: &mut Report) {
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
    let mut seen = Seen::default();
    for section in http_errors {
        let message = format!("section `http-errors.{}` is given twice", section.name);
        seen.add(&section.name, section.place, &message, report);
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
