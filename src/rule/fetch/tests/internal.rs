//! What the process knows of itself, and what needs no layer.

use std::sync::Arc;

use proxy_config::model::BackendId;
use proxy_config::model::rule::{
    Acl, Condition, Expr, Fetch, InternalFact, Matching, PayloadFact, Scope, Side, Term, Test,
    TimeUnit, Value, Var,
};

use super::{check, look, one};
use crate::rule::sample::Sample;
use crate::rule::testing::Stage;

fn internal(fact: InternalFact) -> Fetch {
    Fetch::Internal(fact)
}

fn stage() -> Stage {
    Stage::of(
        "[frontend.f]\nbind = \"127.0.0.1:0\"\ndefault-backend = \"b\"\n[backend.b]\n\
         server = [{ name = \"s\", address = \"127.0.0.1:1\", weight = 7 }]\n",
    )
}

#[test]
fn consts_and_vars() {
    let var = |slot, default| Fetch::Var(Var { scope: Scope::Txn, slot }, default);
    let stage = Stage::empty();
    let set = Var { scope: Scope::Txn, slot: 1 };
    stage.context().vars.set(set, Some(Sample::Str(b"set")));
    check(
        &stage,
        [
            (Fetch::Const(Value::Int(5)), "int 5"),
            (Fetch::Const(Value::Bool(true)), "bool true"),
            (Fetch::Const(Value::Str(b"a"[..].into())), "str a"),
            (Fetch::Const(Value::Bin(b"a"[..].into())), "bin 61"),
            (Fetch::Const(Value::Ip([1, 2, 3, 4].into())), "ip 1.2.3.4"),
            (var(0, None), "-"),
            (var(0, Some(Value::Int(1))), "int 1"),
            (var(1, None), "str set"),
            (var(1, Some(Value::Int(1))), "str set"),
        ],
    );
}

/// All of `fetches` must be there.
fn acls(fetches: impl IntoIterator<Item = Fetch>) -> Fetch {
    let term = |fetch| {
        let expr = Expr { fetch, converters: Box::default() };
        let tests = Box::new([Test { expr, matching: Matching::True }]);
        Term { is_negated: false, acl: Arc::new(Acl { name: None, tests }) }
    };
    let terms = fetches.into_iter().map(term).collect();
    Fetch::Acls(Arc::new(Condition { is_negated: false, any_of: Box::new([terms]) }))
}

#[test]
fn acl() {
    let yes = || Fetch::Const(Value::Bool(true));
    let no = || Fetch::Const(Value::Int(0));
    let open = || Fetch::Payload(PayloadFact::Payload { side: Side::Request, offset: 9, len: 1 });
    let mut stage = Stage::empty();
    stage.request_input = Some((b"short".to_vec(), false));
    for (fetches, expected, is_open) in [
        (vec![yes()], "bool true", false),
        (vec![yes(), yes()], "bool true", false),
        (vec![yes(), no()], "bool false", false),
        (vec![yes(), open()], "-", true),
        (vec![open(), yes()], "-", true),
        // What is open within does not count once another decides.
        (vec![open(), no()], "bool false", false),
    ] {
        assert_eq!(look(&stage, &acls(fetches)), (expected.to_owned(), is_open));
    }
}

#[test]
fn counters_and_states() {
    check(
        &stage(),
        [
            (internal(InternalFact::ProcessConns), "int 11"),
            (internal(InternalFact::FrontendConns(0)), "int 12"),
            (internal(InternalFact::BackendConns(BackendId(0))), "int 13"),
            (internal(InternalFact::UsableServers(BackendId(0))), "int 2"),
            (internal(InternalFact::ServerConns(BackendId(0), 0)), "int 14"),
            (internal(InternalFact::ServerIsUp(BackendId(0), 0)), "bool true"),
            (internal(InternalFact::ServerIsUp(BackendId(0), 1)), "bool false"),
            (internal(InternalFact::ServerWeight(BackendId(0), 0)), "int 7"),
            (internal(InternalFact::ServerWeight(BackendId(0), 1)), "-"),
            (internal(InternalFact::ServerWeight(BackendId(9), 0)), "-"),
            (internal(InternalFact::Pid), format!("int {}", std::process::id()).as_str()),
            (internal(InternalFact::Proc), "int 1"),
            (internal(InternalFact::IsStopping), "bool false"),
            (internal(InternalFact::Thread), "int 3"),
            (internal(InternalFact::Uptime), "int 7"),
            (internal(InternalFact::TerminationState), "str --"),
            (internal(InternalFact::TransactionId), "int 77"),
        ],
    );
}

#[test]
fn date_and_date_us() {
    let mut stage = Stage::empty();
    stage.world.wall_us = 1_795_402_134_921_889;
    let date = |offset, unit| internal(InternalFact::Date { offset, unit });
    check(
        &stage,
        [
            (date(0, TimeUnit::Seconds), "int 1795402134"),
            (date(-3, TimeUnit::Seconds), "int 1795402131"),
            (date(-3, TimeUnit::Millis), "int 1795402134918"),
            (date(1, TimeUnit::Micros), "int 1795402134921890"),
            (date(i64::MAX, TimeUnit::Micros), "int 9223372036854775807"),
            (internal(InternalFact::DateMicros), "int 921889"),
        ],
    );
}

#[test]
fn rand() {
    let stage = Stage::empty();
    let random = |range| internal(InternalFact::Random(range));
    // The scene counts its random numbers from here.
    for (bits, range, expected) in [
        (0, None, "int 0"),
        (u64::MAX - 1, None, "int 4294967295"),
        (0x1234_5678_9abc_def0, None, "int 305419896"),
        (u64::MAX - 1, Some(10), "int 9"),
        (0x7fff_ffff_ffff_ffff, Some(10), "int 5"),
        (u64::MAX - 1, Some(1), "int 0"),
        (u64::MAX - 1, Some(0), "int 0"),
    ] {
        stage.world.random.set(bits);
        assert_eq!(one(&stage, &random(range)), expected, "{bits:x} {range:?}");
    }
}

#[test]
fn uuid() {
    let mut stage = Stage::empty();
    stage.world.wall_us = 0x0123_4567_89ab * 1000;
    for (version, bits, expected) in [
        (4, 0xffff_ffff_ffff_fffd, "str ffffffff-ffff-4ffe-bfff-ffffffffffff"),
        (4, 0, "str 00000000-0000-4001-8000-000000000002"),
        (7, 0xffff_ffff_ffff_fffd, "str 01234567-89ab-7fff-bfff-fffffffeffff"),
        (7, 0, "str 01234567-89ab-7000-8000-000000010000"),
    ] {
        stage.world.random.set(bits);
        assert_eq!(one(&stage, &internal(InternalFact::Uuid(version))), expected);
    }
}

#[test]
fn wait_end() {
    let wanted = internal(InternalFact::WaitEnd);
    let mut stage = Stage::empty();
    assert_eq!(look(&stage, &wanted), ("bool true".into(), false));
    stage.request_input = Some((b"all".to_vec(), false));
    assert_eq!(look(&stage, &wanted), ("-".into(), true));
    stage.request_input = Some((Vec::new(), true));
    assert_eq!(look(&stage, &wanted), ("bool true".into(), false));
    stage.response_input = Some((Vec::new(), false));
    assert_eq!(look(&stage, &wanted), ("-".into(), true));
    stage.response_input = Some((Vec::new(), true));
    assert_eq!(look(&stage, &wanted), ("bool true".into(), false));
}
