//! What a fetch needs, and which rule sets have it (HAProxy's manual, chapter 7.3).

use super::At;
use crate::diagnostic::Diagnostic;
use crate::model::Mode;
use crate::model::rule::{Moment, Side};
use crate::place::Place;

/// What must be there for a fetch to have a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    /// The client's connection.
    Client,
    /// Its handshakes.
    Handshake,
    /// TLS of the side that the fetch's name says.
    OwnTls,
    /// Bytes as they arrive, of the side that the fetch's name says.
    OwnInput,
    Input(Side),
    /// A head, of the side that the fetch's name says.
    OwnHead,
    Head(Side),
    /// What is kept of the request until the end of the stream.
    RequestKept,
    /// The backend that was chosen.
    Backend,
    /// The server's connection.
    Server,
    /// What is kept of the response until the end of the stream.
    ResponseKept,
}

impl Needs {
    /// What it needs under this name: one fetch may have names for both sides.
    pub(super) fn settled(self, name: &str, at: At) -> Self {
        match self {
            Self::OwnTls if name.starts_with("ssl_s") || name.starts_with("ssl_b") => Self::Server,
            Self::OwnTls => Self::Handshake,
            Self::OwnInput => Self::Input(side_of(name, at)),
            Self::OwnHead => Self::Head(side_of(name, at)),
            other => other,
        }
    }

    /// As messages call it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Client => "the client's connection",
            Self::Handshake => "the client's handshakes",
            Self::OwnTls => "TLS",
            Self::OwnInput => "bytes of a message",
            Self::OwnHead => "the head of a message",
            Self::Input(Side::Request) => "bytes of the request",
            Self::Input(Side::Response) => "bytes of the response",
            Self::Head(Side::Request) => "the request's head",
            Self::Head(Side::Response) => "the response's head",
            Self::RequestKept => "a request",
            Self::Backend => "the backend that is chosen",
            Self::Server => "the server's connection",
            Self::ResponseKept => "a response",
        }
    }

    fn is_met(self, at: At) -> bool {
        let Some(moment) = at.moment else { return self == Self::Nothing };
        let is_response = moment >= Moment::ResponseContent;
        match self {
            Self::Nothing | Self::Client => true,
            Self::Handshake | Self::OwnTls => moment >= Moment::Session,
            Self::OwnInput
            | Self::OwnHead
            | Self::Input(Side::Request)
            | Self::Head(Side::Request) => {
                matches!(moment, Moment::Content | Moment::Request)
            }
            Self::Input(Side::Response) => {
                matches!(moment, Moment::ResponseContent | Moment::Response)
            }
            Self::Head(Side::Response) => {
                is_response && moment < Moment::Log && at.mode != Some(Mode::Tcp)
            }
            Self::RequestKept => moment >= Moment::Content,
            Self::Backend => is_response || (at.backend.is_some() && moment >= Moment::Content),
            Self::Server => is_response,
            Self::ResponseKept => is_response && at.mode != Some(Mode::Tcp),
        }
    }
}

/// The side that a name says, or else that of the rule.
pub(super) fn side_of(name: &str, at: At) -> Side {
    let is_response = ["res", "rep", "shdr", "scook", "set-cookie", "ssl_b"]
        .iter()
        .any(|start| name.starts_with(start));
    let is_request = ["req", "cookie", "ssl_f"].iter().any(|start| name.starts_with(start))
        || name.contains(".req.");
    if is_response || name.contains(".res.") {
        return Side::Response;
    }
    match at.moment {
        Some(moment) if moment >= Moment::ResponseContent && !is_request => Side::Response,
        _ => Side::Request,
    }
}

/// A need with the word that has it.
#[derive(Debug, Clone)]
pub(super) struct Need {
    pub(super) needs: Needs,
    pub(super) name: String,
    pub(super) place: Place,
}

impl Need {
    /// The complaint of a fetch that stands where it has no sample.
    pub(super) fn lack(&self, at: At) -> Option<Diagnostic> {
        let needs = self.needs;
        if needs.is_met(at) {
            return None;
        }
        let (name, what) = (&self.name, needs.word());
        let message = format!("`{name}` needs {what}, which {} do not have", place_word(at));
        Some(Diagnostic::error(self.place, message).expected(self.remedy(at)))
    }

    fn remedy(&self, at: At) -> String {
        let is_late = at.moment.is_some_and(|moment| moment >= Moment::ResponseContent);
        let is_bare = ["hdr", "cook", "payload"].iter().any(|start| self.name.starts_with(start));
        match self.needs {
            Needs::Head(Side::Request) | Needs::Input(Side::Request) if is_late && is_bare => {
                format!("in an ACL this is the request's; the response's is `res.{}`", self.name)
            }
            Needs::Head(Side::Request) | Needs::Input(Side::Request) if is_late => {
                "keep it with `set-var(txn.NAME)` in a rule for requests, and use `var(txn.NAME)`"
                    .to_owned()
            }
            Needs::Head(Side::Response) if at.moment == Some(Moment::Log) => {
                "keep it with `set-var(txn.NAME)` in a rule for responses, and use `var(txn.NAME)`"
                    .to_owned()
            }
            _ => String::new(),
        }
    }
}

fn place_word(at: At) -> &'static str {
    match at.moment {
        None => "values that are set at the start",
        Some(Moment::Connection) => "`tcp-request-connection` rules",
        Some(Moment::Session) => "`tcp-request-session` rules",
        Some(Moment::Content) => "`tcp-request-content` rules",
        Some(Moment::Request) if at.backend.is_none() => "a frontend's rules for requests",
        Some(Moment::Request) => "rules for requests",
        Some(Moment::ResponseContent) => "`tcp-response-content` rules",
        Some(Moment::Response | Moment::AfterResponse) => "rules for responses",
        Some(Moment::Log) => "log lines",
    }
}
