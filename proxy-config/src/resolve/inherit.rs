//! Sections and their `defaults`.
//!
//! `from` takes a named `defaults`, which may itself have `from`. A proxy section without `from`
//! takes the unnamed one. A named one without `from` starts from nothing, as in HAProxy.

use crate::diagnostic::Diagnostic;
use crate::draft::{Draft, ProxyDraft};
use crate::nearest::nearest;
use crate::report::Report;
use crate::resolve::Proxy;
use crate::setting::Setting;

/// The proxy sections with their inherited settings, in file order.
pub(super) fn inherit<'d>(draft: &'d Draft, report: &mut Report) -> Vec<Proxy<'d>> {
    let defaults = Defaults { sections: &draft.defaults };
    for section in draft.defaults.iter().chain(&draft.proxies) {
        defaults.check_from(section, report);
    }
    defaults.check_use(draft, report);
    draft.proxies.iter().map(|section| defaults.apply(section)).collect()
}

struct Defaults<'d> {
    sections: &'d [ProxyDraft],
}

impl<'d> Defaults<'d> {
    fn named(&self, name: &str) -> Option<&'d ProxyDraft> {
        self.sections.iter().find(|section| section.name.as_deref() == Some(name))
    }

    /// The section that this one takes from.
    fn parent(&self, section: &ProxyDraft, is_proxy: bool) -> Option<&'d ProxyDraft> {
        if !section.from.is_absent() {
            return section.from.value().and_then(|name| self.named(name));
        }
        if is_proxy { self.sections.iter().find(|section| section.name.is_none()) } else { None }
    }

    /// Everything that a section takes from, nearest first; ends where it would go in a circle.
    fn ancestors(&self, section: &ProxyDraft, is_proxy: bool) -> Vec<&'d ProxyDraft> {
        let mut found: Vec<&'d ProxyDraft> = Vec::new();
        let mut next = self.parent(section, is_proxy);
        while let Some(parent) = next {
            if found.iter().any(|earlier| std::ptr::eq(*earlier, parent)) {
                break;
            }
            found.push(parent);
            next = self.parent(parent, false);
        }
        found
    }

    fn apply(&self, section: &'d ProxyDraft) -> Proxy<'d> {
        let mut settings = section.settings.clone();
        let ancestors = self.ancestors(section, true);
        for parent in &ancestors {
            settings.inherit(&parent.settings);
        }
        let last = ancestors.last().copied().unwrap_or(section);
        if let Some(place) = last.from.place()
            && settings.mode.is_absent()
        {
            // The chain breaks off at a `from` that is wrong, and the mode may be behind it.
            settings.mode = Setting::written(None, place);
        }
        Proxy { draft: section, settings, ancestors }
    }

    fn check_from(&self, section: &ProxyDraft, report: &mut Report) {
        let (Some(name), Some(place)) = (section.from.value(), section.from.place()) else {
            return;
        };
        if self.named(name).is_none() {
            let known = self.sections.iter().filter_map(|section| section.name.as_deref());
            let remedy = match nearest(name, known) {
                Some(found) => format!("did you mean `{found}`?"),
                None => format!("add a section [defaults.{name}]"),
            };
            let message = format!("there is no defaults section `{name}`");
            report.add(Diagnostic::error(place, message).expected(remedy));
        }
        let is_own_ancestor = |section: &ProxyDraft| {
            self.ancestors(section, false).iter().any(|a| std::ptr::eq(*a, section))
        };
        if is_own_ancestor(section) {
            let message = format!("defaults section `{}` takes from itself", section.name());
            report.add(Diagnostic::error(place, message).expected("`from` goes in a circle"));
        }
    }

    /// A named section that no proxy reaches does nothing.
    fn check_use(&self, draft: &Draft, report: &mut Report) {
        let users: Vec<_> =
            draft.proxies.iter().flat_map(|proxy| self.ancestors(proxy, true)).collect();
        for section in self.sections {
            let is_used = users.iter().any(|user| std::ptr::eq(*user, section));
            if let (false, Some(name)) = (is_used, &section.name) {
                let message = format!("defaults section `{name}` is not used");
                let expected = format!("no section has from = \"{name}\"");
                report.add(Diagnostic::warning(section.place, message).expected(expected));
            }
        }
    }
}
