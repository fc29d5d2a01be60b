//! Tests of converters that look into the configuration, into maps and variables.

use std::sync::Arc;

use proxy_config::model::rule::{
    Converter, Map, MapOutput, Match, PatternFile, Side, StreamState, Value, VarCondition,
};

use super::super::super::sample::Sample;
use super::super::may_set;
use super::{Stage, VAR, check_on, convert, ip, s};

const CONFIG: &str = r#"
[frontend.in]
bind = "127.0.0.1:0"
default-backend = "api"

[backend.api]
[[backend.api.server]]
name = "one"
address = "127.0.0.1:1"
[[backend.api.server]]
name = "two"
address = "127.0.0.1:2"
"#;

#[test]
fn backends_and_servers_by_name() {
    let mut stage = Stage::of(CONFIG);
    let truth = |value| Some(Sample::Bool(value));
    let exists = |is_backend| Converter::Exists { is_backend };
    check_on(
        &stage,
        None,
        &[
            (s("api"), Converter::UsableServers, Some(Sample::Int(2))),
            (s("nope"), Converter::UsableServers, None),
            (s("api/one"), Converter::ServerIsUp, truth(true)),
            (s("api/two"), Converter::ServerIsUp, truth(false)),
            (s("api/three"), Converter::ServerIsUp, None),
            (s("nope/one"), Converter::ServerIsUp, None),
            (s("one"), Converter::ServerIsUp, None),
            (s("api"), exists(true), truth(true)),
            (s("in"), exists(true), truth(false)),
            (s("in"), exists(false), truth(true)),
            (s(""), exists(false), truth(false)),
        ],
    );
    stage.world.backend = Some(proxy_config::model::BackendId(0));
    check_on(&stage, None, &[(s("two"), Converter::ServerIsUp, truth(false))]);
}

/// The stream of the tests is normal, and was forwarded.
#[test]
fn streams_in_a_state() {
    let when = Converter::WhenIs;
    let kept = || Some(Sample::Str(b"a"));
    check_on(
        &Stage::empty(),
        None,
        &[
            (s("a"), when(StreamState::Normal), kept()),
            (s("a"), when(StreamState::Forwarded), kept()),
            (s("a"), when(StreamState::Error), None),
            (s("a"), when(StreamState::Stopping), None),
        ],
    );
}

#[test]
fn captures() {
    let stage = Stage::empty();
    let capture = |side| Converter::Capture(side, 2);
    check_on(
        &stage,
        None,
        &[
            (s("abc"), capture(Side::Request), Some(s("abc"))),
            (Sample::Int(5), capture(Side::Response), Some(s("5"))),
        ],
    );
    let kept = [(true, 2, b"abc".to_vec()), (false, 2, b"5".to_vec())];
    assert_eq!(*stage.world.kept.borrow(), kept);
}

#[test]
fn defaults_of_maps() {
    let mut stage = Stage::empty();
    let map = |method| Map {
        method,
        output: MapOutput::Str,
        file: PatternFile { path: "none".into(), text: Arc::from(&b""[..]) },
    };
    stage.config.tables.maps = vec![map(Match::Str), map(Match::Ip), map(Match::Int)];
    let look = |table| Converter::Map { table, default: Some(Value::Int(7)) };
    let seven = Some(Sample::Int(7));
    check_on(
        &stage,
        None,
        &[
            (s("x"), look(0), seven),
            (s("x"), Converter::Map { table: 0, default: None }, None),
            (s("1.2.3.4"), look(1), seven),
            (ip("::1"), look(1), seven),
            // What cannot be a key has no default either.
            (s("x"), look(1), None),
            (s(""), look(2), None),
            (s("x"), look(2), seven),
            (s("x"), look(3), None),
        ],
    );
}

#[test]
fn variables_that_are_set() {
    let stage = Stage::empty();
    let context = stage.context();
    let set = Converter::SetVar(VAR, [].into());
    assert_eq!(convert(&set, s("abc"), &context), Some(s("abc")));
    assert_eq!(context.vars.get(VAR, context.arena), Some(s("abc")));
    let unless_set = Converter::SetVar(VAR, [VarCondition::IfNotSet].into());
    assert_eq!(convert(&unless_set, s("xyz"), &context), Some(s("xyz")));
    assert_eq!(context.vars.get(VAR, context.arena), Some(s("abc")));
    assert_eq!(convert(&Converter::UnsetVar(VAR), s("abc"), &context), Some(s("abc")));
    assert_eq!(context.vars.get(VAR, context.arena), None);
}

#[test]
fn conditions_of_set_var() {
    use VarCondition::{
        IfEmpty, IfExists, IfGreater, IfLess, IfNotEmpty, IfNotExists, IfNotSet, IfSet,
    };
    let (one, two, three) = (Sample::Int(1), Sample::Int(2), Sample::Int(3));
    for (condition, old, new, expected) in [
        (IfGreater, Some(one), two, false),
        (IfGreater, Some(three), two, true),
        (IfLess, Some(three), two, false),
        (IfLess, Some(one), two, true),
        (IfLess, None, two, true),
        (IfGreater, None, two, true),
        (IfGreater, Some(s("b")), s("c"), true),
        (IfGreater, Some(s("b")), s("a"), true),
        (IfGreater, Some(s("5")), two, true),
        (IfGreater, Some(Sample::Bool(false)), Sample::Bool(true), true),
        (IfExists, Some(one), two, true),
        (IfExists, None, two, false),
        (IfNotExists, Some(one), two, false),
        (IfNotExists, None, two, true),
        (IfEmpty, Some(Sample::Int(0)), two, false),
        (IfEmpty, Some(s("")), two, false),
        (IfEmpty, None, two, false),
        (IfEmpty, Some(s("x")), s(""), true),
        (IfNotEmpty, Some(s("x")), two, true),
        (IfNotEmpty, Some(s("x")), s(""), false),
        (IfNotEmpty, None, two, true),
        (IfSet, None, two, false),
        (IfSet, Some(one), two, true),
        (IfNotSet, Some(one), two, false),
        (IfNotSet, None, two, true),
    ] {
        assert_eq!(may_set(&[condition], old, new), expected, "{condition:?} {old:?} {new:?}");
    }
    assert!(!may_set(&[IfSet, IfGreater], Some(Sample::Int(5)), Sample::Int(7)));
    assert!(may_set(&[IfSet, IfGreater], Some(Sample::Int(9)), Sample::Int(7)));
}
