//! What a rule's action does, once its values are evaluated.

use proxy_config::model::Mode;
use proxy_config::model::rule::{Action, HeaderEdit, Moment, NameMatch, Side, TimeoutOf};

use super::Stream;
use super::rules::{Done, Prepared, Wait};
use crate::connect::Fault;
use crate::io::io;
use crate::observe::StreamEnd;
use crate::rule;
use crate::session::{Session, millis};

/// The longest timeout that a rule can set, as in the configuration.
const TIMEOUT_MAX_MS: u64 = 24 * 86_400_000;

const CONNECTION: &str = "connection";

impl Stream {
    /// Does what an action says.
    ///
    /// # Errors
    /// The stream ends with it, or an edit cannot be made.
    pub(super) fn perform(
        &mut self,
        session: &Session,
        action: &Action,
        prepared: Prepared<'_>,
        moment: Moment,
    ) -> Result<Done, Fault> {
        let is_response = matches!(moment, Moment::Response | Moment::AfterResponse);
        match action {
            Action::Accept => return Ok(Done::Accepted),
            Action::SwitchToHttp => {
                self.progress.switches_to_http = true;
                return Ok(Done::Accepted);
            }
            Action::Reject | Action::Close | Action::SilentDrop => {
                return Err(self.refuse(session, action, is_response));
            }
            Action::Auth { .. }
            | Action::Deny(_)
            | Action::Redirect(_)
            | Action::Return(_)
            | Action::Tarpit(_) => return self.conclude(session, action, prepared, is_response),
            Action::WaitForBody { time, at_least } => {
                let deadline_ms = io().now_ms() + millis(*time);
                return Ok(Done::Wait(Wait::Body { deadline_ms, at_least: *at_least }));
            }
            Action::Pause(_) => {
                let Prepared::Int(pause_ms) = prepared else { return Ok(Done::Next) };
                let pause_ms = u64::try_from(pause_ms).unwrap_or(0).min(TIMEOUT_MAX_MS);
                return Ok(Done::Wait(Wait::Pause { until_ms: io().now_ms() + pause_ms }));
            }
            Action::EditHeader(_)
            | Action::NormalizeUri(_)
            | Action::ReplaceUri { .. }
            | Action::SetMethod(_)
            | Action::SetStatus { .. }
            | Action::SetUri(..) => self.try_edit(session, action, prepared, moment)?,
            Action::ExpectProxy
            | Action::SetAddress { .. }
            | Action::SetMark(..)
            | Action::SetPort { .. }
            | Action::SetTos(..) => self.change_connection(session, action, &prepared, moment),
            Action::Capture { .. }
            | Action::DisableRetry
            | Action::DoLog
            | Action::EarlyHint { .. }
            | Action::SetLogLevel(_)
            | Action::SetRetries(_)
            | Action::SetTimeout(..)
            | Action::SetVar { .. }
            | Action::SetVarFormat { .. }
            | Action::StrictMode(_)
            | Action::UnsetVar(_) => self.note(session, action, &prepared),
        }
        Ok(Done::Next)
    }

    /// A final rule that says nothing to the client.
    fn refuse(&mut self, session: &Session, action: &Action, is_response: bool) -> Fault {
        self.count_denied(session, is_response);
        if matches!(action, Action::SilentDrop) {
            // Answers to earlier requests may still be on their way.
            let is_http = session.config().mode == Mode::Http && self.progress.head_read;
            match is_http {
                true => self.progress.vanishes = true,
                false => session.client.vanish(),
            }
        }
        let end = if is_response { StreamEnd::PROXY_HEADERS } else { StreamEnd::PROXY_REQUEST };
        Fault::new(end, 0)
    }

    /// A final rule that answers. Without a reply there is nothing to say (`ignore-empty`).
    fn conclude(
        &mut self,
        session: &Session,
        action: &Action,
        prepared: Prepared<'_>,
        is_response: bool,
    ) -> Result<Done, Fault> {
        let Prepared::Reply { bytes, status } = prepared else { return Ok(Done::Next) };
        let (local, denied) = match is_response {
            true => (StreamEnd::LOCAL_HEADERS, StreamEnd::PROXY_HEADERS),
            false => (StreamEnd::LOCAL_REQUEST, StreamEnd::PROXY_REQUEST),
        };
        self.reply = bytes;
        if matches!(action, Action::Deny(_) | Action::Tarpit(_)) {
            self.count_denied(session, is_response);
        }
        match action {
            Action::Tarpit(_) => {
                self.progress.tarpit = Some(Box::new(Fault::new(StreamEnd::PROXY_TARPIT, status)));
                let until_ms = io().now_ms() + self.tarpit_ms(session);
                Ok(Done::Wait(Wait::Pause { until_ms }))
            }
            Action::Redirect(_) | Action::Return(_) => Err(Fault::new(local, status)),
            _ => Err(Fault::new(denied, status)),
        }
    }

    fn try_edit(
        &mut self,
        session: &Session,
        action: &Action,
        prepared: Prepared<'_>,
        moment: Moment,
    ) -> Result<(), Fault> {
        let says = says_close(action, &prepared);
        let is_response = matches!(moment, Moment::Response | Moment::AfterResponse);
        if self.edit(action, prepared, moment).is_ok() {
            if let Some(closes) = says {
                match is_response {
                    true => self.asked.closes_client = closes,
                    false => self.asked.closes_server = closes,
                }
            }
            return Ok(());
        }
        if matches!(action, Action::NormalizeUri(_)) {
            // The client's doing, whatever `strict-mode` says of rules.
            return Err(Fault::new(StreamEnd::PROXY_REQUEST, 400));
        }
        self.fail_edit(session, is_response)
    }

    fn change_connection(
        &mut self,
        session: &Session,
        action: &Action,
        prepared: &Prepared<'_>,
        moment: Moment,
    ) {
        match (action, prepared) {
            (Action::ExpectProxy, _) => session.expect_proxy(),
            (Action::SetMark(Side::Response, _), Prepared::Int(value)) => {
                self.asked.mark = u32::try_from(*value).ok();
            }
            (Action::SetTos(Side::Response, _), Prepared::Int(value)) => {
                self.asked.tos = u8::try_from(*value).ok();
            }
            (Action::SetMark(..) | Action::SetTos(..), Prepared::Int(value)) => {
                session.mark_client(action, *value);
            }
            (Action::SetAddress { is_source, .. }, Prepared::Ip(address)) => {
                session.set_address(moment, *is_source, *address);
            }
            (Action::SetPort { is_source, .. }, Prepared::Int(port)) => {
                if let Ok(port) = u16::try_from(*port) {
                    session.set_port(moment, *is_source, port);
                }
            }
            // There is no value to set.
            _ => {}
        }
    }

    /// What is kept for later; variables were set when they were evaluated.
    fn note(&mut self, session: &Session, action: &Action, prepared: &Prepared<'_>) {
        match (action, prepared) {
            (Action::StrictMode(is_strict), _) => self.asked.is_lax = !is_strict,
            (Action::SetLogLevel(level), _) => {
                self.asked.log_level = *level;
                self.asked.is_silent = level.is_none();
            }
            (Action::DoLog, _) => self.with_record(session, |record| session.log(record)),
            (Action::DisableRetry, _) => self.asked.no_retry = true,
            (Action::Capture { into, .. }, Prepared::Bytes(value)) => {
                self.keep_capture(session, into.side == Side::Request, into.slot, value);
            }
            (Action::EarlyHint { name, .. }, Prepared::Bytes(value)) => {
                self.hint(session, name, value);
            }
            (Action::SetTimeout(of, _), Prepared::Int(value)) => self.set_timeout(*of, *value),
            (Action::SetRetries(_), Prepared::Int(value)) => {
                self.asked.retries = u32::try_from(*value).ok().map(|max| max.min(100));
            }
            _ => {}
        }
    }

    /// An edit that cannot be made: 500, or nothing where `strict-mode` is off.
    fn fail_edit(&self, session: &Session, is_response: bool) -> Result<(), Fault> {
        session.shard.frontend_counters(session.frontend).rewrites_failed.add(1);
        if self.asked.is_lax {
            return Ok(());
        }
        Err(Fault::new(
            if is_response { StreamEnd::PROXY_HEADERS } else { StreamEnd::PROXY_REQUEST },
            500,
        ))
    }

    fn count_denied(&self, session: &Session, is_response: bool) {
        let counters = session.shard.frontend_counters(session.frontend);
        let counter =
            if is_response { &counters.responses_denied } else { &counters.requests_denied };
        counter.add(1);
    }

    fn set_timeout(&mut self, of: TimeoutOf, value: i64) {
        // As `timeout.*`, 24 days at most; 0 and below change nothing.
        let Some(value) =
            u64::try_from(value).ok().filter(|value| (1..=TIMEOUT_MAX_MS).contains(value))
        else {
            return;
        };
        let asked = &mut self.asked;
        match of {
            TimeoutOf::Client => asked.client_ms = Some(value),
            TimeoutOf::Connect => asked.connect_ms = Some(value),
            TimeoutOf::Server => asked.server_ms = Some(value),
            TimeoutOf::Tarpit => asked.tarpit_ms = Some(value),
            TimeoutOf::Tunnel => asked.tunnel_ms = Some(value),
            TimeoutOf::Queue => {}
        }
    }

    pub(super) fn tarpit_ms(&self, session: &Session) -> u64 {
        let place = self.progress.place.as_ref();
        let of_backend = place.and_then(|place| place.backend().config().timeouts.tarpit);
        let configured = of_backend.unwrap_or_else(|| session.config().timeouts.tarpit);
        self.asked.tarpit_ms.unwrap_or_else(|| millis(configured))
    }

    /// A timeout as it holds for this stream now, in milliseconds.
    pub(super) fn timeout(&self, session: &Session, of: TimeoutOf) -> Option<u64> {
        let backend = self.progress.place.as_ref().map(|place| &place.backend().config().timeouts);
        let asked = &self.asked;
        match of {
            TimeoutOf::Client => Some(self.timeouts(session).0),
            TimeoutOf::Connect => asked.connect_ms.or_else(|| Some(millis(backend?.connect))),
            TimeoutOf::Server => asked.server_ms.or_else(|| Some(millis(backend?.server))),
            TimeoutOf::Tarpit => Some(self.tarpit_ms(session)),
            TimeoutOf::Tunnel => asked.tunnel_ms.or_else(|| backend?.tunnel.map(millis)),
            TimeoutOf::Queue => None,
        }
    }
}

/// Whether the connection on which a message goes ends with it, if an edit of the field says so; the field
/// itself is the proxy's to write.
fn says_close(action: &Action, prepared: &Prepared<'_>) -> Option<bool> {
    let Action::EditHeader(edit) = action else { return None };
    let is_close =
        |value: &[u8]| rule::list_values(value).any(|option| option.eq_ignore_ascii_case(b"close"));
    match (edit, prepared) {
        (HeaderEdit::Set { name, .. }, Prepared::Bytes(value)) if name == CONNECTION => {
            Some(is_close(value))
        }
        (HeaderEdit::Add { name, .. }, Prepared::Bytes(value)) if name == CONNECTION => {
            is_close(value).then_some(true)
        }
        (HeaderEdit::Del(NameMatch::Is(name)), _) if name == CONNECTION => Some(false),
        _ => None,
    }
}
