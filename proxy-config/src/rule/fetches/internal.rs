//! Constants, variables, and what the process knows of itself.

use super::FetchWord;
use crate::model::rule::{Fetch, InternalFact, TimeUnit, Value};
use crate::pattern;
use crate::rule::args::{Args, needed, optional};
use crate::rule::converters::{TIME_UNITS, UNIT};
use crate::rule::kind::Kind;
use crate::rule::layer::Needs;
use crate::text::Fault;

const BACKEND: &[crate::rule::args::Arg] = &[optional("BACKEND", "backend")];
const SERVER: &[crate::rule::args::Arg] = &[needed("BACKEND/SERVER", "server")];

pub(super) static FETCHES: &[FetchWord] = &[
    FetchWord {
        names: &["acl"],
        args: &[needed("ACL", "acl"), crate::rule::args::repeated("ACL", "acl")],
        output: Kind::Bool,
        needs: Needs::Nothing,
        meaning: "Whether all of the named ACLs hold; `!` before a name turns it round.",
        example: "acl(TRUE,!FALSE)",
        build: |args| args.acls(0).map(Fetch::Acls),
    },
    FetchWord {
        names: &["act_conn"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Nothing,
        meaning: "The client connections of the process.",
        example: "act_conn",
        build: |_| internal(InternalFact::ProcessConns),
    },
    FetchWord {
        names: &["always_false"],
        args: &[],
        output: Kind::Bool,
        needs: Needs::Nothing,
        meaning: "False.",
        example: "always_false",
        build: |_| constant(Value::Bool(false)),
    },
    FetchWord {
        names: &["always_true"],
        args: &[],
        output: Kind::Bool,
        needs: Needs::Nothing,
        meaning: "True.",
        example: "always_true",
        build: |_| constant(Value::Bool(true)),
    },
    FetchWord {
        names: &["be_conn"],
        args: BACKEND,
        output: Kind::Int,
        needs: Needs::Nothing,
        meaning: "The streams that a backend is serving.",
        example: "be_conn(app)",
        build: |args| internal(InternalFact::BackendConns(args.backend(0)?)),
    },
    FetchWord {
        names: &["bin"],
        args: &[needed("HEX", "hexadecimal")],
        output: Kind::Bin,
        needs: Needs::Nothing,
        meaning: "These bytes.",
        example: "bin(0d0a)",
        build: |args| constant(Value::Bin(args.parsed(0, pattern::binary)?)),
    },
    FetchWord {
        names: &["bool"],
        args: &[needed("BOOL", "boolean")],
        output: Kind::Bool,
        needs: Needs::Nothing,
        meaning: "This boolean: `true`, `false`, `1` or `0`.",
        example: "bool(true)",
        build: |args| {
            let words = [("true", true), ("false", false), ("1", true), ("0", false)];
            constant(Value::Bool(args.word(0, &words)?))
        },
    },
    FetchWord {
        names: &["date"],
        args: &[optional("OFFSET", "integer"), UNIT],
        output: Kind::Int,
        needs: Needs::Nothing,
        meaning: "The time since 1970, in seconds or in the unit; the offset is added to it.",
        example: "date(-3600),http_date",
        build: date,
    },
    FetchWord {
        names: &["date_us"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Nothing,
        meaning: "The microseconds of the current second.",
        example: "date_us",
        build: |_| internal(InternalFact::DateMicros),
    },
    FetchWord {
        names: &["env"],
        args: &[needed("NAME", "string")],
        output: Kind::Str,
        needs: Needs::Nothing,
        meaning: "An environment variable as it was at the start; empty if it was not set.",
        example: "env(HOME)",
        build: |args| {
            let name = args.text(0)?.as_str();
            let value = (args.compiler.surroundings.env)(name).unwrap_or_default();
            constant(Value::Str(value.into_bytes().into()))
        },
    },
    FetchWord {
        names: &["fe_conn"],
        args: &[optional("FRONTEND", "frontend")],
        output: Kind::Int,
        needs: Needs::Nothing,
        meaning: "The connections that a frontend has.",
        example: "fe_conn(web)",
        build: |args| internal(InternalFact::FrontendConns(args.frontend(0)?)),
    },
    FetchWord {
        names: &["hostname"],
        args: &[],
        output: Kind::Str,
        needs: Needs::Nothing,
        meaning: "The machine's name.",
        example: "hostname",
        build: |args| constant(Value::Str(args.compiler.surroundings.hostname.as_bytes().into())),
    },
    FetchWord {
        names: &["int"],
        args: &[needed("INTEGER", "integer")],
        output: Kind::Int,
        needs: Needs::Nothing,
        meaning: "This integer.",
        example: "int(-5)",
        build: |args| constant(Value::Int(args.int(0, i64::MIN..=i64::MAX)?)),
    },
    FetchWord {
        names: &["ipv4"],
        args: &[needed("ADDRESS", "address")],
        output: Kind::Ip,
        needs: Needs::Nothing,
        meaning: "This address.",
        example: "ipv4(192.0.2.1)",
        build: |args| constant(Value::Ip(args.parsed(0, address::<std::net::Ipv4Addr>)?)),
    },
    FetchWord {
        names: &["ipv6"],
        args: &[needed("ADDRESS", "address")],
        output: Kind::Ip,
        needs: Needs::Nothing,
        meaning: "This address.",
        example: "ipv6(2001:db8::1)",
        build: |args| constant(Value::Ip(args.parsed(0, address::<std::net::Ipv6Addr>)?)),
    },
    FetchWord {
        names: &["meth"],
        args: &[needed("METHOD", "string")],
        output: Kind::Method,
        needs: Needs::Nothing,
        meaning: "This method.",
        example: "meth(GET)",
        build: |args| constant(Value::Str(args.bytes(0))),
    },
    FetchWord {
        names: &["nbsrv"],
        args: BACKEND,
        output: Kind::Int,
        needs: Needs::Nothing,
        meaning: "The usable servers of a backend.",
        example: "nbsrv(app)",
        build: |args| internal(InternalFact::UsableServers(args.backend(0)?)),
    },
    FetchWord {
        names: &["pid"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Nothing,
        meaning: "The number of the process.",
        example: "pid",
        build: |_| internal(InternalFact::Pid),
    },
    FetchWord {
        names: &["proc"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Nothing,
        meaning: "Always 1, as there is one process.",
        example: "proc",
        build: |_| internal(InternalFact::Proc),
    },
    FetchWord {
        names: &["rand"],
        args: &[optional("RANGE", "integer")],
        output: Kind::Int,
        needs: Needs::Nothing,
        meaning: "A random number from 0 to just below the range, which is 2^32 where none is given.",
        example: "rand(100)",
        build: |args| {
            let range = args.int_or(0, 0, 0..=i64::from(u32::MAX))?;
            let range = u32::try_from(range).ok().filter(|range| *range > 0);
            internal(InternalFact::Random(range))
        },
    },
    FetchWord {
        names: &["srv_conn"],
        args: SERVER,
        output: Kind::Int,
        needs: Needs::Nothing,
        meaning: "The streams that a server is serving.",
        example: "srv_conn(app/s1)",
        build: |args| {
            let (backend, server) = args.server(0)?;
            internal(InternalFact::ServerConns(backend, server))
        },
    },
    FetchWord {
        names: &["srv_is_up"],
        args: SERVER,
        output: Kind::Bool,
        needs: Needs::Nothing,
        meaning: "Whether a server is up.",
        example: "srv_is_up(app/s1)",
        build: |args| {
            let (backend, server) = args.server(0)?;
            internal(InternalFact::ServerIsUp(backend, server))
        },
    },
    FetchWord {
        names: &["srv_weight"],
        args: SERVER,
        output: Kind::Int,
        needs: Needs::Nothing,
        meaning: "The weight of a server.",
        example: "srv_weight(app/s1)",
        build: |args| {
            let (backend, server) = args.server(0)?;
            internal(InternalFact::ServerWeight(backend, server))
        },
    },
    FetchWord {
        names: &["stopping"],
        args: &[],
        output: Kind::Bool,
        needs: Needs::Nothing,
        meaning: "Whether the process is stopping.",
        example: "stopping",
        build: |_| internal(InternalFact::IsStopping),
    },
    FetchWord {
        names: &["str"],
        args: &[optional("TEXT", "string")],
        output: Kind::Str,
        needs: Needs::Nothing,
        meaning: "This text.",
        example: "str(\"a, b\")",
        build: |args| constant(Value::Str(args.bytes(0))),
    },
    FetchWord {
        names: &["thread"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Nothing,
        meaning: "The number of the shard, from 0.",
        example: "thread",
        build: |_| internal(InternalFact::Thread),
    },
    FetchWord {
        names: &["txn.id32"],
        args: &[],
        output: Kind::Int,
        needs: Needs::RequestKept,
        meaning: "The number of the stream, 32 bits of it.",
        example: "txn.id32",
        build: |_| internal(InternalFact::TransactionId),
    },
    FetchWord {
        names: &["txn.sess_term_state"],
        args: &[],
        output: Kind::Str,
        needs: Needs::RequestKept,
        meaning: "The termination state so far, two characters.",
        example: "txn.sess_term_state",
        build: |_| internal(InternalFact::TerminationState),
    },
    FetchWord {
        names: &["uptime"],
        args: &[],
        output: Kind::Int,
        needs: Needs::Nothing,
        meaning: "The seconds since the process started.",
        example: "uptime",
        build: |_| internal(InternalFact::Uptime),
    },
    FetchWord {
        names: &["uuid"],
        args: &[optional("VERSION", "integer")],
        output: Kind::Str,
        needs: Needs::Nothing,
        meaning: "A fresh UUID of version 4, the default, or 7.",
        example: "uuid(7)",
        build: |args| {
            let version = args.word_or(0, 4, &[("4", 4), ("7", 7)])?;
            internal(InternalFact::Uuid(version))
        },
    },
    FetchWord {
        names: &["var"],
        args: &[needed("VAR", "variable"), optional("DEFAULT", "string")],
        output: Kind::Any,
        needs: Needs::Nothing,
        meaning: "A variable, or the default where it is not set.",
        example: "var(txn.host,none)",
        build: |args| {
            let default = args.text(1).map(|text| Value::Str(text.as_str().as_bytes().into()));
            Some(Fetch::Var(args.var(0)?, default))
        },
    },
    FetchWord {
        names: &["wait_end"],
        args: &[],
        output: Kind::Bool,
        needs: Needs::Client,
        meaning: "True when the delay of the inspection is over; until then it is waited for.",
        example: "wait_end",
        build: |_| internal(InternalFact::WaitEnd),
    },
];

#[expect(clippy::unnecessary_wraps, reason = "what `build` gives")]
fn constant(value: Value) -> Option<Fetch> {
    Some(Fetch::Const(value))
}

#[expect(clippy::unnecessary_wraps, reason = "what `build` gives")]
fn internal(fact: InternalFact) -> Option<Fetch> {
    Some(Fetch::Internal(fact))
}

fn date(args: &mut Args<'_, '_>) -> Option<Fetch> {
    let offset = args.int_or(0, 0, i64::MIN..=i64::MAX)?;
    let unit = args.word_or(1, TimeUnit::Seconds, &TIME_UNITS)?;
    internal(InternalFact::Date { offset, unit })
}

fn address<T>(text: &str) -> Result<std::net::IpAddr, Fault>
where
    T: std::str::FromStr + Into<std::net::IpAddr>,
{
    let address: Result<T, _> = text.parse();
    address
        .map(Into::into)
        .map_err(|_| Fault::new(0..text.len(), "is no such address", "write the address alone"))
}
