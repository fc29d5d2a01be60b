//! Tests of converters: tables whose values were taken from HAProxy 2.6 where it has the converter (by
//! `http-request set-var` and `return lf-string`), else from its manual.

mod bytes;
mod data;
mod jwt;
mod number;
mod places;
mod property;
mod text;
mod time;

use proxy_config::model::rule::{Converter, Scope, Var};

use super::super::sample::Sample;
use super::super::testing::Stage;
use super::convert;

/// The variable that tests use.
const VAR: Var = Var { scope: Scope::Txn, slot: 0 };

fn s(text: &str) -> Sample<'_> {
    Sample::Str(text.as_bytes())
}

fn boxed(text: &str) -> Box<[u8]> {
    text.as_bytes().into()
}

fn ip(text: &str) -> Sample<'static> {
    Sample::Ip(text.parse().unwrap())
}

/// Inputs, converters and what they give.
type Cases<'c> = [(Sample<'c>, Converter, Option<Sample<'c>>)];

fn check(cases: &Cases<'_>) {
    check_on(&Stage::empty(), None, cases);
}

/// With a value in [`VAR`].
fn check_on(stage: &Stage, value: Option<Sample<'_>>, cases: &Cases<'_>) {
    for (input, converter, expected) in cases {
        let context = stage.context();
        context.vars.set(VAR, value);
        let found = convert(converter, *input, &context);
        assert_eq!(found, *expected, "{converter:?} of {input:?}");
    }
}
