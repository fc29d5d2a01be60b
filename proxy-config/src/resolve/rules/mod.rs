//! Rules and ACLs of each section to the model.
//!
//! A section has the rules of its `defaults` first, with the ACLs of that section; its own see only
//! its own ACLs. Rules of a `defaults` are read once for each section that takes from it, as what they
//! mean depends on where they stand; what is wrong with them is told once.
//!
//! A `listen` gives its rules to both of its halves, for other frontends may lead to its servers.
//! Where the stream came in through the `listen` itself they have run already: see
//! [`crate::model::Backend::listen_frontend`].

mod bodies;
mod captures;
mod defaults;
mod proc_vars;
mod switching;

use crate::action::{self, Line, Read, Slots, Tools, Wrong};
use crate::diagnostic::Diagnostic;
use crate::draft::{AclDraft, ProxyDraft, RuleLine, RuleSet};
use crate::model::rule::{Action, Condition, Moment, Rule, Rules, Side, UseBackend, UseServer};
use crate::model::{BackendId, Capture, Mode};
use crate::place::Place;
use crate::resolve::Proxy;
use crate::rule::{Acls, At};
use crate::text::Text;

pub(super) use bodies::check as check_bodies;
pub(super) use captures::check as check_captures;
pub(super) use defaults::check as check_defaults;
pub(super) use proc_vars::read as read_proc_vars;

/// The rules of one section.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub(super) rules: Rules,
    pub(super) use_backends: Vec<UseBackend>,
    pub(super) use_servers: Vec<UseServer>,
    /// Where `use-backend` leads: indices of the proxy sections.
    pub(super) targets: Vec<usize>,
    /// A `use-backend` is wrong, or takes a name from the stream: any backend may be meant.
    pub(super) leads_anywhere: bool,
    /// Captures of the frontend.
    pub(super) slots: Slots,
    /// How many of those of requests the section itself declares.
    pub(super) declared: usize,
    /// A connection of mode tcp may become one of mode http.
    pub(super) switches_to_http: bool,
}

impl Compiled {
    /// Whether rules leave no stream, or hardly any, to a backend.
    pub(super) fn answers(&self) -> bool {
        let is_end = |rule: &Rule| rule.condition.is_none() && rule.action.is_final();
        let is_answer = |rule: &Rule| {
            is_end(rule) && !matches!(rule.action, Action::Accept)
                || matches!(rule.action, Action::Redirect(_))
        };
        self.rules.all().any(is_answer)
    }

    /// The rules for the server side: what captures into slots of its own client side is left out.
    pub(super) fn of_backend(&self) -> Rules {
        let mut rules = self.rules.clone();
        rules.connection.clear();
        rules.session.clear();
        let declared = self.declared;
        let is_own = |rule: &Rule| match &rule.action {
            Action::Capture { into, .. } => into.side == Side::Request && into.slot >= declared,
            _ => false,
        };
        rules.content.retain(|rule| !is_own(rule));
        rules.request.retain(|rule| !is_own(rule));
        rules
    }

    /// The rules for the client side.
    pub(super) fn of_frontend(&self) -> Rules {
        let mut rules = self.rules.clone();
        rules.response_content.clear();
        rules.response_inspect_delay = None;
        rules
    }
}

/// The rules of all proxy sections, in their order.
pub(super) fn compile(proxies: &[Proxy<'_>], tools: &mut Tools<'_>) -> Vec<Compiled> {
    let mut sides = Sides::default();
    let mut compiled = Vec::with_capacity(proxies.len());
    for proxy in proxies {
        let (frontend, backend) = sides.next(proxy.draft);
        let home = At { moment: None, mode: proxy.mode(), frontend, backend };
        let mut section = Section::new(proxies, proxy, home);
        for parent in proxy.ancestors.iter().rev() {
            section.read(parent, tools);
        }
        section.read(proxy.draft, tools);
        compiled.push(section.finish());
    }
    compiled
}

/// Counts the halves of sections, as the model numbers them.
#[derive(Default)]
pub(super) struct Sides {
    frontends: usize,
    backends: usize,
}

impl Sides {
    pub(super) fn next(&mut self, draft: &ProxyDraft) -> (Option<usize>, Option<BackendId>) {
        let frontend = draft.kind.is_frontend().then_some(self.frontends);
        let backend = draft.kind.is_backend().then_some(BackendId(self.backends));
        self.frontends += usize::from(frontend.is_some());
        self.backends += usize::from(backend.is_some());
        (frontend, backend)
    }
}

/// A section whose rules are being read.
struct Section<'p, 'd> {
    proxies: &'p [Proxy<'d>],
    proxy: &'p Proxy<'d>,
    home: At,
    acls: Acls,
    /// For each set the unconditional rule that ends it.
    ends: Vec<(RuleSet, Place)>,
    /// Sets of which it has been told that they end early.
    told: Vec<RuleSet>,
    into: Compiled,
}

impl<'p, 'd> Section<'p, 'd> {
    fn new(proxies: &'p [Proxy<'d>], proxy: &'p Proxy<'d>, home: At) -> Self {
        let slots = slots(proxy, home.mode);
        let declared = slots.request.len();
        let settings = &proxy.settings;
        let rules = Rules {
            inspect_delay: settings.inspect_delay.value().copied(),
            response_inspect_delay: settings.response_inspect_delay.value().copied(),
            ..Rules::default()
        };
        let into = Compiled { rules, slots, declared, ..Compiled::default() };
        let acls = Acls::new(home.mode, home.frontend, home.backend);
        Self { proxies, proxy, home, acls, ends: Vec::new(), told: Vec::new(), into }
    }

    /// Reads the rules of the section or of one of its `defaults`.
    fn read(&mut self, draft: &ProxyDraft, tools: &mut Tools<'_>) {
        self.acls = Acls::new(self.home.mode, self.home.frontend, self.home.backend);
        for acl in &draft.rules.acls {
            self.acl(acl, tools);
        }
        for line in &draft.rules.lines {
            if let Err(wrong) = self.line(line, tools) {
                tell(wrong, line.set.key(), tools);
                self.into.leads_anywhere |= line.set == RuleSet::UseBackend;
            }
        }
    }

    /// What a `defaults` has for another kind of section has been told as an error.
    fn takes(&self, set: RuleSet) -> bool {
        match set {
            RuleSet::Connection | RuleSet::Session | RuleSet::UseBackend => {
                self.home.frontend.is_some()
            }
            RuleSet::ResponseContent | RuleSet::UseServer => self.home.backend.is_some(),
            _ => true,
        }
    }

    fn acl(&mut self, acl: &AclDraft, tools: &mut Tools<'_>) {
        for line in &acl.lines {
            match line.words() {
                Ok(words) => {
                    let Tools { compiler, report, .. } = &mut *tools;
                    compiler.acl(&mut self.acls, &acl.name, &words, report);
                }
                Err(fault) => {
                    let key = format!("acl.{}", acl.name.as_str());
                    tools.report.add(fault.about(&key, line));
                }
            }
        }
    }

    fn line(&mut self, line: &RuleLine, tools: &mut Tools<'_>) -> Read<()> {
        if !self.takes(line.set) {
            return Ok(());
        }
        let words = line.text.words();
        let words = words.map_err(|fault| Wrong::of(fault, &line.text))?;
        let Some((first, rest)) = words.split_first() else {
            return Err(action::at(&line.text, "has an empty rule", "leave it out"));
        };
        let at = self.at(line.set);
        match line.set {
            RuleSet::UseBackend => self.use_backend(first, rest, at, tools),
            RuleSet::UseServer => self.use_server(first, rest, at, tools),
            set => self.rule(set, &words, at, tools),
        }
    }

    /// What is known where a set stands.
    fn at(&self, set: RuleSet) -> At {
        let is_tcp = self.home.mode == Some(Mode::Tcp);
        let moment = match set {
            RuleSet::Connection => Moment::Connection,
            RuleSet::Session => Moment::Session,
            RuleSet::Content => Moment::Content,
            RuleSet::UseBackend | RuleSet::UseServer if is_tcp => Moment::Content,
            RuleSet::Request | RuleSet::Redirect | RuleSet::UseBackend | RuleSet::UseServer => {
                Moment::Request
            }
            RuleSet::ResponseContent => Moment::ResponseContent,
            RuleSet::Response => Moment::Response,
            RuleSet::AfterResponse => Moment::AfterResponse,
        };
        // In mode tcp they run once a connection has switched, or not at all.
        let mode = if set.is_http() { Some(Mode::Http) } else { self.home.mode };
        At { moment: Some(moment), mode, ..self.home }
    }

    fn rule(&mut self, set: RuleSet, words: &[Text], at: At, tools: &mut Tools<'_>) -> Read<()> {
        let (action, rest) = self.action(set, words, at, tools);
        let action = match action {
            Ok(action) => action,
            Err(wrong) => {
                self.skip_to_condition(rest, at, tools);
                return Err(wrong);
            }
        };
        let condition = self.condition(words, rest, at, tools)?;
        self.push(set, words, Rule { action, condition }, tools);
        Ok(())
    }

    /// The action of a rule, and the words behind it.
    fn action<'w>(
        &mut self,
        set: RuleSet,
        words: &'w [Text],
        at: At,
        tools: &mut Tools<'_>,
    ) -> (Read<Action>, &'w [Text]) {
        let Some((first, rest)) = words.split_first() else { return (Err(Wrong::Told), words) };
        let is_redirect = set == RuleSet::Redirect;
        let mut line = Line {
            set,
            section: self.proxy.name(),
            at,
            words: if is_redirect { words.iter() } else { rest.iter() },
            slots: self.home.frontend.is_some().then_some(&mut self.into.slots),
            tools,
        };
        let action = if is_redirect {
            action::read_redirect(&mut line, first, true).map(Action::Redirect)
        } else {
            action::read(&mut line, first)
        };
        let left = line.words.len();
        (action, words.get(words.len() - left..).unwrap_or(&[]))
    }

    /// Of a wrong rule the condition is looked at all the same.
    fn skip_to_condition(&self, rest: &[Text], at: At, tools: &mut Tools<'_>) {
        if let Some(start) = rest.iter().position(action::is_condition) {
            let Tools { compiler, report, .. } = &mut *tools;
            let condition = rest.get(start..).unwrap_or(&[]);
            compiler.condition(condition, &self.acls, at, report);
        }
    }

    /// What stands behind an action.
    fn condition(
        &self,
        words: &[Text],
        rest: &[Text],
        at: At,
        tools: &mut Tools<'_>,
    ) -> Read<Option<Condition>> {
        let Some(first) = rest.first() else { return Ok(None) };
        if !action::is_condition(first) {
            let behind = words.first().map_or("", Text::as_str);
            let expected = format!("only a condition, `if` or `unless`, follows `{behind}`");
            let problem = format!("has a surplus word `{}`", first.as_str());
            self.skip_to_condition(rest, at, tools);
            return Err(action::at(first, &problem, &expected));
        }
        let Tools { compiler, report, .. } = &mut *tools;
        compiler.condition(rest, &self.acls, at, report).map(Some).ok_or(Wrong::Told)
    }

    fn push(&mut self, set: RuleSet, words: &[Text], rule: Rule, tools: &mut Tools<'_>) {
        self.note_end(set, words, &rule, tools);
        self.into.switches_to_http |= rule.action == Action::SwitchToHttp;
        let rules = &mut self.into.rules;
        let rules = match set {
            RuleSet::Connection => &mut rules.connection,
            RuleSet::Session => &mut rules.session,
            RuleSet::Content => &mut rules.content,
            RuleSet::Request => &mut rules.request,
            RuleSet::Redirect => &mut rules.redirects,
            RuleSet::ResponseContent => &mut rules.response_content,
            RuleSet::Response => &mut rules.response,
            RuleSet::AfterResponse => &mut rules.after_response,
            RuleSet::UseBackend | RuleSet::UseServer => return,
        };
        rules.push(rule);
    }

    /// Warns, once for a set, of what stands behind a rule that always ends it.
    fn note_end(&mut self, set: RuleSet, words: &[Text], rule: &Rule, tools: &mut Tools<'_>) {
        let is_final = rule.action.is_final() || rule.action == Action::SwitchToHttp;
        self.note(set, words, rule.condition.is_none() && is_final, tools);
    }

    fn note(&mut self, set: RuleSet, words: &[Text], is_end: bool, tools: &mut Tools<'_>) {
        let Some(place) = action::span(words) else { return };
        let end = self.ends.iter().find(|(ended, _)| *ended == set);
        match end {
            Some((_, end)) if !self.told.contains(&set) => {
                let message = format!("this rule of `{}` never runs", set.key());
                let diagnostic = Diagnostic::warning(place, message)
                    .expected("nor do those behind it")
                    .label(*end, "always ends the set");
                tools.report.add_once(diagnostic);
                self.told.push(set);
            }
            None if is_end => self.ends.push((set, place)),
            _ => {}
        }
    }

    fn finish(self) -> Compiled {
        let mut compiled = self.into;
        if self.home.mode == Some(Mode::Tcp) && !compiled.switches_to_http {
            let rules = &mut compiled.rules;
            for set in [
                &mut rules.request,
                &mut rules.redirects,
                &mut rules.response,
                &mut rules.after_response,
            ] {
                set.clear();
            }
        }
        compiled
    }
}

/// Captures that the section has before its rules add theirs: `capture.*`, then `declare-capture`.
fn slots(proxy: &Proxy<'_>, mode: Option<Mode>) -> Slots {
    let captures = &proxy.draft.captures;
    let mut slots = Slots::default();
    if mode != Some(Mode::Tcp) {
        slots.request = captures.request.or(Vec::new());
        slots.response = captures.response.or(Vec::new());
    }
    for declared in captures.declared.value().into_iter().flatten() {
        let capture = Capture { name: String::new(), len: declared.len };
        match declared.side {
            Side::Request => slots.request.push(capture),
            Side::Response => slots.response.push(capture),
        }
    }
    slots
}

fn tell(wrong: Wrong, key: &str, tools: &mut Tools<'_>) {
    wrong.about(key).into_iter().for_each(|diagnostic| tools.report.add_once(diagnostic));
}
