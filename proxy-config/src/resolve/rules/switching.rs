//! `use-backend` and `use-server`.

use crate::action::{self, Read, Tools, Wrong};
use crate::diagnostic::Diagnostic;
use crate::draft::RuleSet;
use crate::model::rule::{BackendTarget, ServerTarget, UseBackend, UseServer};
use crate::model::{BackendId, Mode};
use crate::nearest::nearest;
use crate::resolve::frontend;
use crate::resolve::rules::Section;
use crate::rule::At;
use crate::text::Text;

impl Section<'_, '_> {
    pub(super) fn use_backend(
        &mut self,
        name: &Text,
        rest: &[Text],
        at: At,
        tools: &mut Tools<'_>,
    ) -> Read<()> {
        let condition = self.condition(std::slice::from_ref(name), rest, at, tools);
        let target = if is_format(name) {
            let format = tools.compiler.format(name, at, &mut tools.report).ok_or(Wrong::Told);
            self.into.leads_anywhere = true;
            BackendTarget::Named(format?)
        } else {
            let index = self.backend(name, tools)?;
            self.into.targets.push(index);
            let before = self.proxies.iter().take(index);
            let id = before.filter(|proxy| proxy.draft.kind.is_backend()).count();
            BackendTarget::Fixed(BackendId(id))
        };
        let condition = condition?;
        let is_end = condition.is_none() && matches!(target, BackendTarget::Fixed(_));
        self.note(RuleSet::UseBackend, std::slice::from_ref(name), is_end, tools);
        self.into.use_backends.push(UseBackend { target, condition });
        Ok(())
    }

    /// The proxy section with this name, which must have servers for streams of this one.
    fn backend(&self, name: &Text, tools: &mut Tools<'_>) -> Read<usize> {
        let mut found = self.proxies.iter().enumerate();
        let is_meant = |proxy: &crate::resolve::Proxy<'_>| {
            proxy.draft.kind.is_backend() && proxy.name() == name.as_str()
        };
        let Some((index, proxy)) = found.find(|(_, proxy)| is_meant(proxy)) else {
            let dangling = frontend::dangling(name.as_str(), self.proxies, name.whole());
            tools.report.add_once(dangling);
            return Err(Wrong::Told);
        };
        if (self.home.mode, proxy.mode()) == (Some(Mode::Http), Some(Mode::Tcp)) {
            let message = format!("backend `{}` is in mode tcp", name.as_str());
            let diagnostic = Diagnostic::error(name.whole(), message)
                .expected(format!("frontend `{}` is in mode http", self.proxy.name()))
                .label(proxy.mode_place(), "the backend");
            tools.report.add_once(diagnostic);
        }
        Ok(index)
    }

    pub(super) fn use_server(
        &mut self,
        name: &Text,
        rest: &[Text],
        at: At,
        tools: &mut Tools<'_>,
    ) -> Read<()> {
        let condition = self.condition(std::slice::from_ref(name), rest, at, tools);
        let target = if is_format(name) {
            let format = tools.compiler.format(name, at, &mut tools.report).ok_or(Wrong::Told);
            ServerTarget::Named(format?)
        } else {
            ServerTarget::Fixed(self.server(name)?)
        };
        let condition = condition?;
        self.into.use_servers.push(UseServer { target, condition });
        Ok(())
    }

    fn server(&self, name: &Text) -> Read<usize> {
        let servers = self.proxy.draft.servers.value().into_iter().flatten();
        let names: Vec<_> = servers.map(|server| server.name.value()).collect();
        let found =
            names.iter().position(|known| known.is_some_and(|known| known == name.as_str()));
        found.ok_or_else(|| {
            let known = names.iter().flatten().map(|name| name.as_str());
            let remedy = match nearest(name.as_str(), known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "give the name of a server of this section".to_owned(),
            };
            action::at(name, &format!("names no server `{}`", name.as_str()), &remedy)
        })
    }
}

/// Whether a name is made for each stream.
fn is_format(name: &Text) -> bool {
    name.as_str().contains('%')
}
