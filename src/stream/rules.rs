//! Rules obeyed: each set in its turn, each rule whose condition holds, until one is final.
//!
//! ```text
//! run_rules: for each rule   condition -> prepare (what is evaluated) -> perform (what is changed)
//!            a rule that waits (tarpit, pause, wait-for-body) is waited for, and the set goes on
//! ```

use std::cell::RefCell;
use std::rc::Rc;

use proxy_config::model::Config;
use proxy_config::model::rule::{Action, Moment, Rule, Rules, VarCondition};

use super::scene::{Seen, Stage};
use super::{Stream, redirect};
use crate::connect::Fault;
use crate::rule::converter::may_set;
use crate::rule::{self, Arena, Context, Destination, Sample, Truth, VarStore};
use crate::session::Session;

/// The variables of a stream.
#[derive(Debug, Default)]
pub(super) struct StreamVars {
    pub(super) txn: RefCell<VarStore>,
    pub(super) req: RefCell<VarStore>,
    pub(super) res: RefCell<VarStore>,
}

impl StreamVars {
    pub(super) fn clear(&self) {
        for store in [&self.txn, &self.req, &self.res] {
            store.borrow_mut().clear();
        }
    }
}

/// What rules asked of this stream.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// `strict-mode off`: an edit that fails is passed over.
    pub(super) is_lax: bool,
    /// Milliseconds; `set-timeout`.
    pub(super) client_ms: Option<u64>,
    pub(super) connect_ms: Option<u64>,
    pub(super) server_ms: Option<u64>,
    pub(super) tarpit_ms: Option<u64>,
    pub(super) tunnel_ms: Option<u64>,
    pub(super) retries: Option<u32>,
    pub(super) log_level: Option<u8>,
    pub(super) no_retry: bool,
    /// `set-header connection close` on the response, and on the request.
    pub(super) closes_client: bool,
    pub(super) closes_server: bool,
    /// `set-log-level silent`
    pub(super) is_silent: bool,
    /// For connections to servers: SO_MARK and the type of service.
    pub(super) mark: Option<u32>,
    pub(super) tos: Option<u8>,
    /// Of `capture-req` and `capture-res`, which meet a stream that is only looked at.
    pub(super) captures: RefCell<Vec<Capture>>,
}

/// A value that a rule captured.
#[derive(Debug)]
pub(super) struct Capture {
    pub(super) is_request: bool,
    pub(super) slot: usize,
    /// As long as its slot allows.
    pub(super) value: Vec<u8>,
}

/// Bytes that rules of TCP look at.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    pub(super) request: Option<Seen>,
    pub(super) response: Option<Seen>,
}

/// Whose rules: those of the frontend, or of the backend that was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Frontend(usize),
    Backend(usize),
}

impl Owner {
    pub(super) fn rules(self, config: &Config) -> &Rules {
        match self {
            Self::Frontend(index) => &config.frontends[index].rules,
            Self::Backend(index) => &config.backends[index].rules,
        }
    }
}

/// What a set came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No rule was final.
    Passed,
    /// `accept`, `allow`.
    Accepted,
    /// Bytes that are still to come may decide.
    Undecided,
}

/// What a set stopped at.
pub(super) enum Stop {
    At(Verdict),
    /// A rule waits; the set goes on behind it.
    Wait {
        next: usize,
        wait: Wait,
    },
}

/// What a rule waits for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wait {
    Pause { until_ms: u64 },
    Body { deadline_ms: u64, at_least: usize },
}

/// What was evaluated for an action, before anything is changed.
pub(super) enum Prepared<'a> {
    Nothing,
    /// The condition of the action's own does not hold, or there is no sample.
    Void,
    Bytes(&'a [u8]),
    Int(i64),
    Ip(std::net::IpAddr),
    /// For each field, by index, its new value.
    Values(Vec<(usize, &'a [u8])>),
    /// The reply is in [`Stream::reply`]'s place to be.
    Reply {
        bytes: Vec<u8>,
        status: u16,
    },
}

/// Picks one set of [`Rules`].
pub type Pick = fn(&Rules) -> &[Rule];

impl Stream {
    /// Obeys a set that may wait.
    ///
    /// # Errors
    /// A final rule that ends the stream, as the fault that answers the client.
    pub(super) async fn run_rules(
        &mut self,
        session: &Session,
        owner: Owner,
        (pick, moment): (Pick, Moment),
    ) -> Result<Verdict, Fault> {
        let mut next = 0;
        loop {
            match self.obey(session, owner, (pick, moment), next)? {
                Stop::At(verdict) => return Ok(verdict),
                Stop::Wait { next: behind, wait } => {
                    next = behind;
                    // In a box, since hardly any request waits.
                    Box::pin(self.wait_for(session, wait)).await?;
                }
            }
        }
    }

    /// Obeys a set in which no rule waits; one that would is passed over.
    pub(super) fn run_rules_now(
        &mut self,
        session: &Session,
        owner: Owner,
        (pick, moment): (Pick, Moment),
    ) -> Result<Verdict, Fault> {
        let mut next = 0;
        loop {
            match self.obey(session, owner, (pick, moment), next)? {
                Stop::At(verdict) => return Ok(verdict),
                Stop::Wait { next: behind, .. } => next = behind,
            }
        }
    }

    /// Obeys the rules from `first` on.
    pub(super) fn obey(
        &mut self,
        session: &Session,
        owner: Owner,
        (pick, moment): (Pick, Moment),
        first: usize,
    ) -> Result<Stop, Fault> {
        if pick(owner.rules(&session.shard.config)).is_empty() {
            return Ok(Stop::At(Verdict::Passed));
        }
        let shard = Rc::clone(&session.shard);
        let library = shard.library();
        shard.clear_arena();
        let arena = shard.arena.borrow();
        let rules = pick(owner.rules(&shard.config));
        let mut next = first;
        loop {
            let found = {
                let stage = Stage::new(self, session);
                let context = stage.context(&arena, &library);
                seek(rules, next, &context).map(|index| {
                    let action = &rules[index].action;
                    (index, prepare(action, moment, (self, session), &context, &arena))
                })
            };
            self.take_captures(session);
            let (index, prepared) = match found {
                Ok(found) => found,
                Err(verdict) => return Ok(Stop::At(verdict)),
            };
            next = index + 1;
            self.more_hints = more_hints(rules.get(next));
            match self.perform(session, &rules[index].action, prepared, moment)? {
                Done::Next => {}
                Done::Accepted => return Ok(Stop::At(Verdict::Accepted)),
                Done::Wait(wait) => return Ok(Stop::Wait { next, wait }),
            }
        }
    }

    /// Stores what conditions and values captured on their way.
    pub(super) fn take_captures(&mut self, session: &Session) {
        let mut captures = self.asked.captures.take();
        for Capture { is_request, slot, value } in captures.drain(..) {
            self.keep_capture(session, is_request, slot, &value);
        }
    }
}

/// How a rule set goes on behind an action.
pub(super) enum Done {
    Next,
    Accepted,
    Wait(Wait),
}

/// The index of the first rule from `next` on that changes something; those before it that only set
/// variables are done. Else, what the set came to. All of them see the same stream, and thus need one
/// context.
fn seek<'a>(rules: &'a [Rule], next: usize, context: &Context<'a>) -> Result<usize, Verdict> {
    for (index, rule) in rules.iter().enumerate().skip(next) {
        match is_due(rule, context) {
            Truth::No => {}
            Truth::Unknown => return Err(Verdict::Undecided),
            Truth::Yes if set_variable(&rule.action, context) => {}
            Truth::Yes => return Ok(index),
        }
    }
    Err(Verdict::Passed)
}

/// Obeys a rule that only sets a variable. Returns whether it is one.
fn set_variable(action: &Action, context: &Context<'_>) -> bool {
    match action {
        Action::SetVar { var, conditions, expr } => {
            set_var(*var, conditions, rule::eval(expr, context), context);
        }
        Action::SetVarFormat { var, conditions, format } => {
            let render = |out: &mut _| rule::render(out, format, Destination::Anywhere, context);
            set_var(*var, conditions, Some(Sample::Str(context.arena.write(render))), context);
        }
        Action::UnsetVar(var) => context.vars.set(*var, None),
        _ => return false,
    }
    true
}

/// Whether a rule adds to the hints of the one before it, as HAProxy has it: without a condition.
fn more_hints(next: Option<&Rule>) -> bool {
    next.is_some_and(|next| {
        matches!(next.action, Action::EarlyHint { .. }) && next.condition.is_none()
    })
}

fn is_due<'a>(rule: &'a Rule, context: &Context<'a>) -> Truth {
    rule.condition.as_ref().map_or(Truth::Yes, |condition| rule::holds(condition, context))
}

/// Evaluates what an action needs.
fn prepare<'a>(
    action: &Action,
    moment: Moment,
    (stream, session): (&Stream, &Session),
    context: &Context<'_>,
    arena: &'a Arena,
) -> Prepared<'a> {
    let text = |format, destination| {
        Prepared::Bytes(arena.write(|out| rule::render(out, format, destination, context)))
    };
    let int = |expr| rule::eval(expr, context).and_then(Sample::int);
    match action {
        Action::EditHeader(edit) => stream.prepare_edit(edit, moment, context, arena),
        Action::SetMethod(format) => text(format, Destination::Target),
        Action::SetUri(_, format) => text(format, Destination::Target),
        Action::ReplaceUri { part, regex, with } => {
            stream.prepare_replaced_uri(*part, (*regex, with), context, arena)
        }
        Action::EarlyHint { value, .. } => text(value, Destination::Field),
        Action::Capture { expr, .. } => match rule::eval(expr, context) {
            Some(sample) => Prepared::Bytes(arena.write(|out| sample.push_text(out))),
            None => Prepared::Void,
        },
        Action::SetAddress { expr, .. } => match rule::eval(expr, context).and_then(Sample::ip) {
            Some(address) => Prepared::Ip(address),
            None => Prepared::Void,
        },
        Action::SetPort { expr, .. }
        | Action::SetMark(_, expr)
        | Action::SetTos(_, expr)
        | Action::SetTimeout(_, expr)
        | Action::SetRetries(expr)
        | Action::Pause(expr) => int(expr).map_or(Prepared::Void, Prepared::Int),
        Action::Deny(reply) | Action::Return(reply) | Action::Tarpit(reply) => {
            stream.prepare_reply(session, reply, context)
        }
        Action::Auth { realm } => stream.prepare_auth(session, realm, context),
        Action::Redirect(to) => redirect::prepare((stream, session), to, context),
        Action::Accept
        | Action::Close
        | Action::DisableRetry
        | Action::DoLog
        | Action::ExpectProxy
        | Action::NormalizeUri(_)
        | Action::Reject
        | Action::SetLogLevel(_)
        | Action::SetStatus { .. }
        | Action::SetVar { .. }
        | Action::SetVarFormat { .. }
        | Action::SilentDrop
        | Action::StrictMode(_)
        | Action::SwitchToHttp
        | Action::UnsetVar(_)
        | Action::WaitForBody { .. } => Prepared::Nothing,
    }
}

/// `set-var`: only if all of its conditions hold. A sample that does not exist changes nothing.
pub(super) fn set_var(
    var: rule::Var,
    conditions: &[VarCondition],
    sample: Option<Sample<'_>>,
    context: &Context<'_>,
) {
    let Some(sample) = sample else { return };
    let old = if conditions.is_empty() { None } else { context.vars.get(var, context.arena) };
    if may_set(conditions, old, sample) {
        context.vars.set(var, Some(sample));
    }
}
