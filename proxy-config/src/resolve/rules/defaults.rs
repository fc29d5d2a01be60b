//! Which `defaults` may hold rules, and for whom. As in HAProxy, rules must have one reading: a section
//! that holds some has a name, and serves either frontends or backends.

use crate::diagnostic::Diagnostic;
use crate::draft::{Draft, ProxyDraft, RuleSet};
use crate::place::Place;
use crate::report::Report;
use crate::resolve::Proxy;

pub(crate) fn check(draft: &Draft, proxies: &[Proxy<'_>], report: &mut Report) {
    for section in &draft.defaults {
        if section.name.is_none() {
            unnamed(section, report);
        } else if !section.rules.lines.is_empty() {
            for child in draft.defaults.iter().filter(|child| takes_from(child, section)) {
                let remedy = "take it from a frontend or a backend";
                refuse(child, section, "a defaults section", remedy, report);
            }
            users(section, proxies, report);
        }
    }
}

fn unnamed(section: &ProxyDraft, report: &mut Report) {
    let mut keys: Vec<(String, Place)> = Vec::new();
    for acl in &section.rules.acls {
        keys.push((format!("acl.{}", acl.name.as_str()), acl.name.whole()));
    }
    for line in &section.rules.lines {
        if keys.iter().all(|(_, place)| *place != line.key) {
            keys.push((line.set.key().to_owned(), line.key));
        }
    }
    for (key, place) in keys {
        let message = format!("`{key}` has no place in the unnamed `defaults`");
        let expected = "rules belong in a named one: [defaults.NAME], taken with `from`";
        report.add(Diagnostic::error(place, message).expected(expected));
    }
}

fn takes_from(child: &ProxyDraft, section: &ProxyDraft) -> bool {
    child.from.value().map(String::as_str) == section.name.as_deref()
}

fn refuse(child: &ProxyDraft, section: &ProxyDraft, noun: &str, remedy: &str, report: &mut Report) {
    let place = child.from.place().unwrap_or(child.place);
    let message = format!("{noun} cannot take from `{}`, which has rules", section.name());
    let rule = section.rules.lines.first().map_or(section.place, |line| line.key);
    report.add(Diagnostic::error(place, message).expected(remedy).label(rule, "the rules"));
}

fn users(section: &ProxyDraft, proxies: &[Proxy<'_>], report: &mut Report) {
    let users = || proxies.iter().map(|proxy| proxy.draft).filter(|user| takes_from(user, section));
    let frontend = users().find(|user| !user.kind.is_backend());
    let backend = users().find(|user| !user.kind.is_frontend());
    for user in users() {
        let (is_frontend, is_backend) = (user.kind.is_frontend(), user.kind.is_backend());
        if is_frontend && is_backend {
            let remedy = "write a frontend and a backend";
            refuse(user, section, "a listen section", remedy, report);
        } else if let (true, Some(first)) = (is_backend, frontend) {
            let remedy = format!("frontend `{}` takes from it too", first.name());
            refuse(user, section, "a backend", &remedy, report);
        }
    }
    let one_sided = section.rules.lines.iter().filter_map(|line| match line.set {
        RuleSet::Connection | RuleSet::Session => Some((line, backend?)),
        RuleSet::ResponseContent => Some((line, frontend?)),
        _ => None,
    });
    for (line, user) in one_sided {
        let message = format!("`{}` is not for {} sections", line.set.key(), user.kind.word());
        let place = user.from.place().unwrap_or(user.place);
        let diagnostic = Diagnostic::error(line.key, message)
            .expected("of which one takes from here")
            .label(place, "this one");
        report.add_once(diagnostic);
    }
}
