//! Actions of rules: their words, in which rule sets they may stand, and what they mean (HAProxy's
//! manual, chapters 4.3 and 4.4).

mod connection;
mod head;
mod line;
mod redirect;
mod reply;
mod variable;

pub(crate) use line::{Line, Read, Slots, Tools, Wrong, at, is_condition, span};
pub(crate) use redirect::read as read_redirect;
pub(crate) use reply::http_error;

use crate::choice::or_list;
use crate::draft::RuleSet::{self, *};
use crate::model::rule::Action;
use crate::nearest::nearest;
use crate::text::Text;
use reply::{Asker, reply};

/// One action.
struct Keyword {
    word: &'static str,
    /// Where it may stand.
    sets: &'static [RuleSet],
    /// Reads its arguments.
    read: fn(&mut Line<'_, '_>, &Text) -> Read<Action>,
}

const fn on(
    sets: &'static [RuleSet],
    word: &'static str,
    read: fn(&mut Line<'_, '_>, &Text) -> Read<Action>,
) -> Keyword {
    Keyword { word, sets, read }
}

/// Rules on heads.
const HEADS: &[RuleSet] = &[Request, Response, AfterResponse];
const REQUEST: &[RuleSet] = &[Request];
/// Responses that came from a server, and requests.
const MESSAGES: &[RuleSet] = &[Request, Response];
const ALL: &[RuleSet] =
    &[Connection, Session, Content, ResponseContent, Request, Response, AfterResponse];
/// As long as the client's connection is what it is about.
const CLIENT: &[RuleSet] = &[Connection, Session, Content, Request];
const CLIENT_AND_RESPONSE: &[RuleSet] =
    &[Connection, Session, Content, ResponseContent, Request, Response];
const TCP: &[RuleSet] = &[Connection, Session, Content, ResponseContent];
const STREAM: &[RuleSet] = &[Content, ResponseContent, Request, Response, AfterResponse];
/// Before a server is chosen.
const BEFORE_SERVER: &[RuleSet] = &[Content, Request];

const KEYWORDS: [Keyword; 51] = [
    on(TCP, "accept", |_, _| Ok(Action::Accept)),
    on(HEADS, "add-header", head::add_header),
    on(HEADS, "allow", |_, _| Ok(Action::Accept)),
    on(REQUEST, "auth", head::auth),
    on(&[Content, Request, Response, AfterResponse], "capture", variable::capture),
    on(&[ResponseContent], "close", |_, _| Ok(Action::Close)),
    on(HEADS, "del-header", head::del_header),
    on(MESSAGES, "deny", |line, word| {
        let status = if line.set == Response { 502 } else { 403 };
        reply(line, word, Asker::Deny, status).map(Action::Deny)
    }),
    on(REQUEST, "disable-l7-retry", |_, _| Ok(Action::DisableRetry)),
    on(ALL, "do-log", connection::do_log),
    on(REQUEST, "early-hint", head::early_hint),
    on(&[Connection], "expect-proxy", connection::expect_proxy),
    on(REQUEST, "normalize-uri", head::normalize_uri),
    on(MESSAGES, "pause", connection::pause),
    on(MESSAGES, "redirect", |line, word| redirect::read(line, word, false).map(Action::Redirect)),
    on(&[Connection, Session, Content, ResponseContent, Request], "reject", |_, _| {
        Ok(Action::Reject)
    }),
    on(HEADS, "replace-header", head::replace_header),
    on(REQUEST, "replace-path", head::replace_uri),
    on(REQUEST, "replace-pathq", head::replace_uri),
    on(REQUEST, "replace-uri", head::replace_uri),
    on(HEADS, "replace-value", head::replace_value),
    on(MESSAGES, "return", |line, word| reply(line, word, Asker::Return, 200).map(Action::Return)),
    on(BEFORE_SERVER, "set-bc-mark", connection::set_mark),
    on(BEFORE_SERVER, "set-bc-tos", connection::set_tos),
    on(CLIENT, "set-dst", connection::set_address),
    on(CLIENT, "set-dst-port", connection::set_port),
    on(CLIENT_AND_RESPONSE, "set-fc-mark", connection::set_mark),
    on(CLIENT_AND_RESPONSE, "set-fc-tos", connection::set_tos),
    on(HEADS, "set-header", head::set_header),
    on(STREAM, "set-log-level", variable::set_log_level),
    on(CLIENT_AND_RESPONSE, "set-mark", connection::set_mark),
    on(REQUEST, "set-method", head::set_method),
    on(&[Content, ResponseContent, Request, Response], "set-nice", connection::set_nice),
    on(REQUEST, "set-path", head::set_uri),
    on(REQUEST, "set-pathq", head::set_uri),
    on(REQUEST, "set-query", head::set_uri),
    on(BEFORE_SERVER, "set-retries", connection::set_retries),
    on(CLIENT, "set-src", connection::set_address),
    on(CLIENT, "set-src-port", connection::set_port),
    on(&[Response, AfterResponse], "set-status", head::set_status),
    on(MESSAGES, "set-timeout", connection::set_timeout),
    on(CLIENT_AND_RESPONSE, "set-tos", connection::set_tos),
    on(REQUEST, "set-uri", head::set_uri),
    on(ALL, "set-var", variable::set_var),
    on(ALL, "set-var-fmt", variable::set_var_fmt),
    on(CLIENT_AND_RESPONSE, "silent-drop", connection::silent_drop),
    on(HEADS, "strict-mode", connection::strict_mode),
    on(&[Content], "switch-mode", connection::switch_mode),
    on(REQUEST, "tarpit", |line, word| reply(line, word, Asker::Deny, 500).map(Action::Tarpit)),
    on(ALL, "unset-var", variable::unset_var),
    on(MESSAGES, "wait-for-body", connection::wait_for_body),
];

/// Actions of HAProxy that this release lacks.
const UNSUPPORTED: &str = "add-acl add-headers-bin attach-srv cache-store cache-use del-acl \
    del-headers-bin del-map do-resolve expect-netscaler-cip sc-add-gpc sc-inc-gpc sc-inc-gpc0 \
    sc-inc-gpc1 sc-set-gpt sc-set-gpt0 send-spoe-group set-bandwidth-limit set-headers-bin \
    set-map set-priority-class set-priority-offset track-sc0 track-sc1 track-sc2 \
    use-service wait-for-handshake";

/// What is meant by the words of a rule up to its condition.
pub(crate) fn read(line: &mut Line<'_, '_>, word: &Text) -> Read<Action> {
    let name = word.as_str().split('(').next().unwrap_or("");
    let takes_parentheses = matches!(name, "set-var" | "set-var-fmt" | "unset-var");
    let found = KEYWORDS.iter().find(|keyword| keyword.word == name);
    match found {
        Some(keyword) if !keyword.sets.contains(&line.set) => {
            let homes: Vec<_> = keyword.sets.iter().map(|set| set.key()).collect();
            let problem = format!("cannot have the action `{name}`");
            Err(at(word, &problem, &format!("belongs in {}", or_list(&homes))))
        }
        Some(_) if !takes_parentheses && name != word.as_str() => {
            let expected = format!("`{name}` takes none");
            Err(at(word, "has parentheses behind an action", &expected))
        }
        Some(keyword) => (keyword.read)(line, word),
        None => Err(unknown(word, name, line.set)),
    }
}

fn unknown(word: &Text, name: &str, set: RuleSet) -> Wrong {
    let is_lacking = UNSUPPORTED.split_whitespace().any(|known| known == name)
        || name.starts_with("track-sc")
        || name.starts_with("lua.");
    if is_lacking {
        let problem = format!("has the action `{name}`, which is not yet supported");
        return at(word, &problem, "");
    }
    let here = KEYWORDS.iter().filter(|keyword| keyword.sets.contains(&set));
    let known = here.map(|keyword| keyword.word).chain(UNSUPPORTED.split_whitespace());
    let remedy = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "a rule begins with an action".to_owned(),
    };
    at(word, &format!("has an unknown action `{name}`"), &remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_in_order_and_stand_once() {
        let words: Vec<_> = KEYWORDS.iter().map(|keyword| keyword.word).collect();
        assert!(words.is_sorted(), "{words:?}");
        for word in words {
            assert!(!UNSUPPORTED.split_whitespace().any(|known| known == word), "{word}");
        }
    }
}
