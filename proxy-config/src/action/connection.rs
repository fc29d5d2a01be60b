//! Actions on connections and timeouts.

use crate::action::line::{Line, Read, Wrong, at, parsed};
use crate::model::rule::{Action, Expr, Fetch, Side, TimeoutOf, Value};
use crate::text::{Fault, Text};
use crate::units;

pub(super) fn set_address(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let is_source = word.as_str() == "set-src";
    Ok(Action::SetAddress { is_source, expr: line.expr(word)? })
}

pub(super) fn set_port(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let is_source = word.as_str() == "set-src-port";
    Ok(Action::SetPort { is_source, expr: line.expr(word)? })
}

/// `set-mark` and its like: a number, or an expression.
pub(super) fn set_mark(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let side = side(word);
    Ok(Action::SetMark(side, number_or_expr(line, word, |text| number(text, u32::MAX.into()))?))
}

/// `set-tos` and its like.
pub(super) fn set_tos(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let side = side(word);
    Ok(Action::SetTos(side, number_or_expr(line, word, |text| number(text, 255))?))
}

fn side(word: &Text) -> Side {
    if word.as_str().starts_with("set-bc-") { Side::Response } else { Side::Request }
}

/// Decimal or hexadecimal, up to `max`.
fn number(text: &str, max: u64) -> Result<i64, Fault> {
    let value = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    let fits = value.filter(|value| *value <= max).and_then(|value| i64::try_from(value).ok());
    fits.ok_or_else(|| {
        let expected = format!("a number up to {max:#x}, or an expression");
        Fault::new(0..text.len(), format!("cannot have the value `{text}`"), expected)
    })
}

/// A literal begins with a digit, which no fetch does.
fn number_or_expr(
    line: &mut Line<'_, '_>,
    keyword: &Text,
    parse: impl FnOnce(&str) -> Result<i64, Fault>,
) -> Read<Expr> {
    let word = line.argument(keyword)?;
    if !word.as_str().starts_with(|c: char| c.is_ascii_digit()) {
        return line.expr_of(word);
    }
    let value = parsed(word, parse).map_err(|wrong| wrong.behind(keyword))?;
    Ok(Expr { fetch: Fetch::Const(Value::Int(value)), converters: Box::new([]) })
}

fn millis(text: &str) -> Result<i64, Fault> {
    let millis = units::timeout(text)?.as_millis();
    Ok(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// `set-timeout KIND { DURATION | EXPR }`
pub(super) fn set_timeout(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let kind = line.argument(word)?;
    let of = match kind.as_str() {
        "client" => TimeoutOf::Client,
        "connect" => TimeoutOf::Connect,
        "queue" => TimeoutOf::Queue,
        "server" => TimeoutOf::Server,
        "tarpit" => TimeoutOf::Tarpit,
        "tunnel" => TimeoutOf::Tunnel,
        other => {
            let expected = "must be `client`, `connect`, `queue`, `server`, `tarpit` or `tunnel`";
            return Err(at(kind, &format!("has an unknown timeout `{other}`"), expected));
        }
    };
    let needs_backend =
        matches!(of, TimeoutOf::Connect | TimeoutOf::Queue | TimeoutOf::Server | TimeoutOf::Tunnel);
    if needs_backend && line.at.backend.is_none() {
        let problem = format!("cannot set the timeout `{}` in a frontend", kind.as_str());
        return Err(at(kind, &problem, "belongs in the backend"));
    }
    if of == TimeoutOf::Client && line.at.frontend.is_none() {
        let problem = "cannot set the timeout `client` in a backend";
        return Err(at(kind, problem, "belongs in the frontend"));
    }
    Ok(Action::SetTimeout(of, number_or_expr(line, word, millis)?))
}

/// `pause { DURATION | EXPR }`
pub(super) fn pause(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    number_or_expr(line, word, millis).map(Action::Pause)
}

/// `set-retries { NUMBER | EXPR }`
pub(super) fn set_retries(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    number_or_expr(line, word, |text| {
        units::number(text, 0, 100).map(|count| i64::try_from(count).unwrap_or(i64::MAX))
    })
    .map(Action::SetRetries)
}

/// `wait-for-body time DURATION [at-least SIZE]`
pub(super) fn wait_for_body(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let Some(keyword) = line.optional("time") else {
        return Err(at(word, "waits without a limit", "add `time 1s`"));
    };
    let time = line.parsed(keyword, units::timeout)?;
    let at_least = match line.optional("at-least") {
        Some(keyword) => line.parsed(keyword, units::size)?,
        None => 0,
    };
    Ok(Action::WaitForBody { time, at_least: usize::try_from(at_least).unwrap_or(usize::MAX) })
}

/// `silent-drop [rst-ttl TTL]`: nothing is sent here, so the TTL has nothing to hold for.
pub(super) fn silent_drop(line: &mut Line<'_, '_>, _: &Text) -> Read<Action> {
    if let Some(keyword) = line.optional("rst-ttl") {
        line.parsed(keyword, |text| units::number(text, 1, 255))?;
        line.warn(keyword, "`rst-ttl` has no effect".to_owned(), "no RST is sent at all");
    }
    Ok(Action::SilentDrop)
}

/// `switch-mode http [proto NAME]`
pub(super) fn switch_mode(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let mode = line.argument(word)?;
    if mode.as_str() != "http" {
        let problem = format!("has an unknown mode `{}`", mode.as_str());
        return Err(at(mode, &problem, "must be `http`"));
    }
    if let Some(proto) = line.optional("proto") {
        return Err(at(proto, "has `proto`, which is not yet supported", "leave it out"));
    }
    Ok(Action::SwitchToHttp)
}

/// `expect-proxy layer4`
pub(super) fn expect_proxy(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    match line.argument(word)? {
        layer if layer.as_str() == "layer4" => Ok(Action::ExpectProxy),
        other => {
            Err(at(other, &format!("has an unknown word `{}`", other.as_str()), "must be `layer4`"))
        }
    }
}

/// `set-nice VALUE`: the rule is left out, as every stream of a shard has the same turn.
pub(super) fn set_nice(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let value = line.argument(word)?;
    if !value.as_str().parse().is_ok_and(|nice: i32| (-1024..=1024).contains(&nice)) {
        return Err(at(value, "has no niceness", "must be an integer from -1024 to 1024"));
    }
    line.warn(word, "`set-nice` has no effect".to_owned(), "all streams have the same priority");
    Err(Wrong::Told)
}

/// `strict-mode { on | off }`
pub(super) fn strict_mode(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let choice = line.argument(word)?;
    match choice.as_str() {
        "on" => Ok(Action::StrictMode(true)),
        "off" => Ok(Action::StrictMode(false)),
        other => {
            Err(at(choice, &format!("has an unknown word `{other}`"), "must be `on` or `off`"))
        }
    }
}

/// `do-log [profile NAME]`
pub(super) fn do_log(line: &mut Line<'_, '_>, _: &Text) -> Read<Action> {
    match line.optional("profile") {
        Some(word) => Err(at(word, "has `profile`, which is not yet supported", "leave it out")),
        None => Ok(Action::DoLog),
    }
}
