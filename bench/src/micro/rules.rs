//! The rules of the scenario `rules` obeyed by the library itself: conditions, values, look-ups and
//! edits. What a stream adds (its futures, its counters) is only measured end to end.

use super::scene::Nowhere;
use super::{LIMITS, RESPONSE, is_whole};
use crate::{Result, browser};
use corelane::proto::h1::{EditFields, Field, Method, RequestHead, ResponseHead};
use corelane::rule::{
    self, Arena, Client, Context, Destination, Library, Message, ProcVars, Truth, VarStore, Vars,
};
use proxy_config::model::rule::{Action, BackendTarget, Condition, HeaderEdit, NameMatch, Rule};
use proxy_config::model::{Config, Frontend};
use std::cell::RefCell;
use std::hint::black_box;

const SCENE: &Nowhere = &Nowhere;

/// What a stream makes for these rules: one context for each of the two sets and the choice of the
/// backend, and one behind each of three edits.
const CONTEXTS: usize = 6;

/// All that a request needs of what was loaded.
struct Loaded {
    config: Config,
    library: Library,
    proc: ProcVars,
    sess: RefCell<VarStore>,
}

/// A request with its response, and the variables of both.
#[derive(Default)]
struct Exchange {
    request: RequestHead,
    request_bytes: Vec<u8>,
    response: ResponseHead,
    response_bytes: Vec<u8>,
    /// The response is there.
    is_answered: bool,
    txn: RefCell<VarStore>,
    req: RefCell<VarStore>,
    res: RefCell<VarStore>,
    /// As the heads came.
    request_fields: Vec<Field>,
    response_fields: Vec<Field>,
}

/// All twenty rules, as for one request.
pub(super) fn obey_all(rounds: u64) -> Result<()> {
    let loaded = Loaded::new()?;
    let mut exchange = Exchange::new()?;
    let mut arena = Arena::default();
    for _ in 0..rounds {
        exchange.reset();
        arena.clear();
        obey(&loaded, &mut exchange, &arena)?;
    }
    Ok(())
}

/// What stands behind `if` and `unless`, and no more: on the variables that the rules set.
pub(super) fn conditions(rounds: u64) -> Result<()> {
    let loaded = Loaded::new()?;
    let mut exchange = Exchange::new()?;
    let mut arena = Arena::default();
    obey(&loaded, &mut exchange, &arena)?;
    for _ in 0..rounds {
        arena.clear();
        let frontend = loaded.frontend()?;
        let rules = frontend.rules.all().map(|rule| &rule.condition);
        let choices = frontend.use_backends.iter().map(|choice| &choice.condition);
        let context = exchange.context(&loaded, &arena);
        let conditions = rules.chain(choices).filter(|own| is_due(own, &context)).count();
        black_box(conditions);
    }
    Ok(())
}

/// What a stream and its contexts cost before any rule is looked at.
pub(super) fn nothing(rounds: u64) -> Result<()> {
    let loaded = Loaded::new()?;
    let mut exchange = Exchange::new()?;
    let mut arena = Arena::default();
    for _ in 0..rounds {
        exchange.reset();
        arena.clear();
        for _ in 0..CONTEXTS {
            black_box(&exchange.context(&loaded, &arena));
        }
    }
    Ok(())
}

impl Loaded {
    fn new() -> Result<Self> {
        let text = include_str!("../../config/corelane-rules.toml")
            .replace("{{CORE}}", "0")
            .replace("{{PORT}}", "0")
            .replace("{{ORIGIN}}", "127.0.0.1:1")
            .replace("{{MAP}}", browser::MAP_FILE);
        let sources = [proxy_config::Source { name: "corelane-rules.toml".into(), text }];
        let surroundings = proxy_config::Surroundings {
            env: &|_| None,
            read_file: &|_| Ok(browser::map_text().into_bytes()),
            hostname: "bench",
        };
        let outcome =
            proxy_config::load(&sources, &proxy_config::Overrides::default(), surroundings);
        let faults: Vec<String> =
            outcome.diagnostics.iter().map(|own| own.render(&sources, false)).collect();
        let config = outcome.config.ok_or_else(|| faults.join("\n"))?;
        let (library, proc) = (Library::new(&config.tables)?, ProcVars::new(&config.tables));
        Ok(Self { config, library, proc, sess: RefCell::default() })
    }

    fn frontend(&self) -> Result<&Frontend> {
        self.config.frontends.first().ok_or_else(|| "no frontend".into())
    }
}

impl Exchange {
    fn new() -> Result<Self> {
        let mut own = Self {
            request_bytes: browser::REQUEST.into(),
            response_bytes: RESPONSE.into(),
            ..Self::default()
        };
        is_whole(own.request.parse(&own.request_bytes, &LIMITS).unwrap_or(false))?;
        is_whole(own.response.parse(RESPONSE, &LIMITS, Method::Get).unwrap_or(false))?;
        own.request_fields.clone_from(&own.request.fields);
        own.response_fields.clone_from(&own.response.fields);
        Ok(own)
    }

    /// As it was before any rule.
    fn reset(&mut self) {
        self.request.fields.clone_from(&self.request_fields);
        self.request_bytes.truncate(browser::REQUEST.len());
        self.response.fields.clone_from(&self.response_fields);
        self.response_bytes.truncate(RESPONSE.len());
        self.is_answered = false;
        for store in [&self.txn, &self.req, &self.res] {
            store.borrow_mut().clear();
        }
    }

    fn context<'a>(&'a self, loaded: &'a Loaded, arena: &'a Arena) -> Context<'a> {
        Context {
            arena,
            config: &loaded.config,
            frontend: 0,
            library: &loaded.library,
            client: Client {
                source: Some(([192, 0, 2, 17], 51_234).into()),
                destination: Some(([198, 51, 100, 1], 80).into()),
                bind_number: 1,
                tls: None,
                requests: 0,
            },
            request_input: None,
            response_input: None,
            request: Some(message(&self.request, &self.request_bytes)),
            response: self.is_answered.then(|| message(&self.response, &self.response_bytes)),
            vars: Vars {
                proc: &loaded.proc,
                sess: &loaded.sess,
                txn: &self.txn,
                req: &self.req,
                res: &self.res,
            },
            scene: SCENE,
            may_change: false.into(),
        }
    }
}

fn is_due<'a>(condition: &'a Option<Condition>, context: &Context<'a>) -> bool {
    condition.as_ref().is_none_or(|own| rule::holds(own, context) == Truth::Yes)
}

fn message<'a, H>(head: &'a H, bytes: &'a [u8]) -> Message<'a, H> {
    Message { head, bytes, body: &[], is_body_whole: true }
}

/// The rules of a request, the choice of its backend, and the rules of its response.
fn obey(loaded: &Loaded, exchange: &mut Exchange, arena: &Arena) -> Result<()> {
    let frontend = loaded.frontend()?;
    obey_set(&frontend.rules.request, loaded, exchange, arena)?;
    if chosen_backend(frontend, loaded, exchange, arena) != Some(b"shop") {
        return Err("the map did not choose the backend".into());
    }
    exchange.is_answered = true;
    obey_set(&frontend.rules.response, loaded, exchange, arena)
}

/// As a stream does it: rules are evaluated in one context until one changes what they see.
fn obey_set(rules: &[Rule], loaded: &Loaded, exchange: &mut Exchange, arena: &Arena) -> Result<()> {
    let mut next = 0;
    loop {
        let edit = {
            let context = exchange.context(loaded, arena);
            let Some(index) = seek(rules, next, &context) else { return Ok(()) };
            next = index + 1;
            edit_of(&rules[index].action, &context, arena)?
        };
        exchange.edit(edit.0, edit.1)?;
    }
}

/// The first rule that is due and not only sets a variable.
fn seek<'a>(rules: &'a [Rule], next: usize, context: &Context<'a>) -> Option<usize> {
    rules.iter().enumerate().skip(next).find_map(|(index, rule)| match &rule.action {
        _ if !is_due(&rule.condition, context) => None,
        Action::SetVar { var, expr, .. } => {
            context.vars.set(*var, rule::eval(expr, context));
            None
        }
        _ => Some(index),
    })
}

/// The field that an action edits, and its value, if it is to have one.
fn edit_of<'r, 'a>(
    action: &'r Action,
    context: &Context<'_>,
    arena: &'a Arena,
) -> Result<(&'r str, Option<&'a [u8]>)> {
    match action {
        Action::EditHeader(HeaderEdit::Set { name, value }) => {
            let value = arena.write(|out| rule::render(out, value, Destination::Field, context));
            Ok((name, Some(value)))
        }
        Action::EditHeader(HeaderEdit::Del(NameMatch::Is(name))) => Ok((name, None)),
        action => Err(format!("no rule of these should do {action:?}").into()),
    }
}

fn chosen_backend<'a>(
    frontend: &Frontend,
    loaded: &Loaded,
    exchange: &Exchange,
    arena: &'a Arena,
) -> Option<&'a [u8]> {
    let mut choices = frontend.use_backends.iter();
    let context = exchange.context(loaded, arena);
    let choice = choices.find(|own| is_due(&own.condition, &context))?;
    let BackendTarget::Named(format) = &choice.target else { return None };
    Some(arena.write(|out| rule::render(out, format, Destination::Anywhere, &context)))
}

impl Exchange {
    /// Gives a field one value, or removes it.
    fn edit(&mut self, name: &str, value: Option<&[u8]>) -> Result<()> {
        let edited = match self.is_answered {
            true => edit(&mut self.response, &mut self.response_bytes, name, value),
            false => edit(&mut self.request, &mut self.request_bytes, name, value),
        };
        edited.ok_or_else(|| format!("{name} cannot be edited").into())
    }
}

fn edit(
    head: &mut impl EditFields,
    bytes: &mut Vec<u8>,
    name: &str,
    value: Option<&[u8]>,
) -> Option<()> {
    let name = name.as_bytes();
    head.remove_fields(bytes, |own| own.eq_ignore_ascii_case(name)).ok()?;
    match value {
        Some(value) => head.add_field(bytes, name, value).ok(),
        None => Some(()),
    }
}
