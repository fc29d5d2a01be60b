//! Rules evaluated: values in, verdicts out. Pure: time, randomness and the state of servers are
//! asked of a [`Scene`], which the spine is.
//!
//! ```text
//! condition -> test -> eval (fetch -> converters) -> table (patterns)    does a rule apply?
//! action's expression or format -> eval, render                          with which value?
//! ```
//! What a rule does to a stream is done by the spine (`stream/rules.rs`, `session.rs`); what it
//! does to a head is `stream/edit.rs`. Nothing is allocated for a request: what a converter makes lives
//! in the [`Context`]'s arena, which is reused.

pub mod condition;
pub mod context;
pub mod converter;
pub mod fetch;
pub mod render;
pub mod sample;
pub mod table;
#[cfg(test)]
pub(crate) mod testing;
pub mod vars;

pub use condition::{Truth, holds};
pub use context::{Arena, Client, Context, Input, Message, Scene};
pub use render::{Destination, encode, push_replacement, render};
pub use sample::Sample;
pub use table::Library;
pub use vars::{ProcVars, VarStore, Vars};

pub use proxy_config::model::rule::Var;

use proxy_config::model::rule::Expr;

/// The value of an expression: the last one where there are several. `None`: there is none.
pub fn eval<'a>(expr: &'a Expr, context: &Context<'a>) -> Option<Sample<'a>> {
    convert(expr, fetch::fetch(&expr.fetch, context)?, context)
}

/// Has `visit` look at each value of an expression until it returns true; returns whether it did.
pub fn any<'a>(
    expr: &'a Expr,
    context: &Context<'a>,
    visit: &mut dyn FnMut(Sample<'a>) -> bool,
) -> bool {
    fetch::any(&expr.fetch, context, &mut |sample| {
        convert(expr, sample, context).is_some_and(&mut *visit)
    })
}

fn convert<'a>(expr: &'a Expr, sample: Sample<'a>, context: &Context<'a>) -> Option<Sample<'a>> {
    let convert = |sample, converter| converter::convert(converter, sample, context);
    expr.converters.iter().try_fold(sample, convert)
}

/// The values of a field between commas, without the white space around them.
pub fn list_values(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    list_parts(value).map(<[u8]>::trim_ascii)
}

/// What is between the commas of a field. Commas between quotes are no separators (RFC 9110 section
/// 5.6.1).
pub fn list_parts(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    value.split(move |byte| {
        match (byte, is_quoted) {
            _ if is_escaped => is_escaped = false,
            (b'\\', true) => is_escaped = true,
            (b'"', _) => is_quoted = !is_quoted,
            (b',', false) => return true,
            _ => {}
        }
        false
    })
}
