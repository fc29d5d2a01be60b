//! Rule text to the model's rules: sample expressions, ACLs, conditions, `%[...]` in formats
//! (HAProxy's manual, chapters 2.2 and 7).
//!
//! ```text
//! Text::words -> condition -> acl -> expr (Text::calls -> tables of fetches and converters)
//!                  format  ----------^          |
//!                                               v
//!                                             table: what is shared by index
//! ```
//! Each word knows its bytes in the file, so that every complaint points at them.

mod acl;
mod args;
mod condition;
mod converters;
mod expr;
mod fetches;
mod file;
mod format;
mod integer;
mod kind;
mod layer;
mod reference;
mod table;
#[cfg(test)]
mod tests;
mod unsupported;

pub use reference::rule_reference;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Surroundings;
use crate::extra::Extras;
use crate::model::rule::{Acl, Expr, Moment, Side, Tables, Test};
use crate::model::{BackendId, Mode};
use crate::place::Place;
use crate::report::Report;
use crate::text::Text;
use layer::Need;
use table::Interned;

/// A backend as rules name it.
#[derive(Debug, Clone)]
pub(crate) struct BackendNames {
    pub(crate) name: String,
    /// In the order of the model.
    pub(crate) servers: Vec<String>,
}

/// What expressions refer to by name, each in the order of the model, so that an index is an id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    pub(crate) backends: Vec<BackendNames>,
    pub(crate) frontends: Vec<String>,
    pub(crate) userlists: Vec<String>,
}

/// Whether there is a fetch of that name.
pub(crate) fn is_fetch(name: &str) -> bool {
    fetches::find(name).is_some()
}

/// Where an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct At {
    /// `None`: the start of the process, where nothing but constants is known.
    pub(crate) moment: Option<Moment>,
    /// `None`: a wrong one was reported.
    pub(crate) mode: Option<Mode>,
    /// The frontend whose rule it is; a `listen` has both.
    pub(crate) frontend: Option<usize>,
    /// The backend whose rule it is.
    pub(crate) backend: Option<BackendId>,
}

/// The named ACLs of one section. Made anew for each section, with those of its `defaults` first.
#[derive(Debug, Clone)]
pub(crate) struct Acls {
    /// The section; its `moment` says nothing.
    home: At,
    named: Arc<BTreeMap<String, Named>>,
}

/// A named ACL with what its fetches need.
#[derive(Debug, Clone)]
struct Named {
    acl: Arc<Acl>,
    needs: Vec<Need>,
    /// A line of it was refused: its users are passed over.
    is_bad: bool,
}

impl Named {
    fn or_bad(self) -> Option<Self> {
        (!self.is_bad).then_some(self)
    }
}

impl Acls {
    /// None yet, for a section that is this frontend, this backend, or both.
    pub(crate) fn new(
        mode: Option<Mode>,
        frontend: Option<usize>,
        backend: Option<BackendId>,
    ) -> Self {
        let home = At { moment: None, mode, frontend, backend };
        Self { home, named: Arc::default() }
    }

    /// Adds a line to an ACL; `None` is one that was refused.
    fn add(&mut self, name: &str, line: Option<(Test, Vec<Need>)>) {
        let named = Arc::make_mut(&mut self.named);
        let entry = named.entry(name.to_owned()).or_insert_with(|| Named {
            acl: Arc::new(Acl { name: Some(name.to_owned()), tests: Box::new([]) }),
            needs: Vec::new(),
            is_bad: false,
        });
        let Some((test, needs)) = line else {
            entry.is_bad = true;
            return;
        };
        let acl = Arc::make_mut(&mut entry.acl);
        let mut tests = std::mem::take(&mut acl.tests).into_vec();
        tests.push(test);
        acl.tests = tests.into_boxed_slice();
        entry.needs.extend(needs);
    }
}

/// Compiles rules; alive through the whole load, as what it interns is shared by all.
pub(crate) struct Compiler<'a> {
    pub(crate) tables: Tables,
    pub(crate) names: Names,
    surroundings: Surroundings<'a>,
    extras: &'a mut Extras,
    interned: Interned,
    /// Those that `acl()` refers to.
    acls: Option<Acls>,
    /// Where captures are asked for, or filled, that a frontend may lack.
    pub(crate) captures: Vec<CaptureUse>,
    /// Where bodies of responses are asked for, which are there if a rule waits for them.
    pub(crate) response_bodies: Vec<Place>,
}

/// A capture that an expression or a rule names by its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CaptureUse {
    pub(crate) side: Side,
    pub(crate) slot: usize,
    pub(crate) at: At,
    pub(crate) place: Place,
}

impl<'a> Compiler<'a> {
    pub(crate) fn new(
        names: Names,
        surroundings: Surroundings<'a>,
        extras: &'a mut Extras,
    ) -> Self {
        let (tables, interned) = (Tables::default(), Interned::default());
        Self {
            tables,
            names,
            surroundings,
            extras,
            interned,
            acls: None,
            captures: Vec::new(),
            response_bodies: Vec::new(),
        }
    }

    /// A sample expression that is the whole word.
    pub(crate) fn expr(&mut self, word: &Text, at: At, report: &mut Report) -> Option<Expr> {
        let parsed = self.parse_expr(word, at, report)?;
        expr::check_needs(&parsed.needs, at, report).then_some(parsed.expr)
    }
}
