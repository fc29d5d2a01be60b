//! Rules, ACLs and formats as the files have them: text, until every name is known.

use std::sync::Arc;

use crate::model::Format;
use crate::model::rule::Side;
use crate::place::Place;
use crate::setting::Setting;
use crate::text::Text;

/// An ordered rule set of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RuleSet {
    Connection,
    Session,
    Content,
    Request,
    Redirect,
    UseBackend,
    UseServer,
    ResponseContent,
    Response,
    AfterResponse,
}

impl RuleSet {
    /// The key of the configuration.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Connection => "tcp-request-connection",
            Self::Session => "tcp-request-session",
            Self::Content => "tcp-request-content",
            Self::Request => "http-request",
            Self::Redirect => "redirect",
            Self::UseBackend => "use-backend",
            Self::UseServer => "use-server",
            Self::ResponseContent => "tcp-response-content",
            Self::Response => "http-response",
            Self::AfterResponse => "http-after-response",
        }
    }

    /// Whether only streams of HTTP come to it.
    pub(crate) fn is_http(self) -> bool {
        matches!(self, Self::Request | Self::Redirect | Self::Response | Self::AfterResponse)
    }
}

/// One rule.
#[derive(Debug, Clone)]
pub(crate) struct RuleLine {
    pub(crate) set: RuleSet,
    /// The key of its set.
    pub(crate) key: Place,
    pub(crate) text: Text,
}

/// `acl.NAME`.
#[derive(Debug, Clone)]
pub(crate) struct AclDraft {
    pub(crate) name: Text,
    pub(crate) lines: Vec<Text>,
}

/// `declare-capture`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeclaredCapture {
    pub(crate) side: Side,
    pub(crate) len: usize,
}

/// All rules of one section.
#[derive(Debug, Clone, Default)]
pub(crate) struct RulesDraft {
    pub(crate) acls: Vec<AclDraft>,
    /// In the order of the file within each set.
    pub(crate) lines: Vec<RuleLine>,
    /// `http-error`.
    pub(crate) http_errors: Vec<Text>,
}

impl RulesDraft {
    pub(crate) fn of(&self, set: RuleSet) -> impl Iterator<Item = &RuleLine> {
        self.lines.iter().filter(move |line| line.set == set)
    }

    /// Whether a set has a rule, well written or not.
    pub(crate) fn has(&self, set: RuleSet) -> bool {
        self.of(set).next().is_some()
    }
}

/// A log-format string.
#[derive(Debug, Clone)]
pub(crate) struct FormatDraft {
    pub(crate) text: Text,
    /// What it means. Invariant: there as soon as names are known, unless its setting is wrong.
    pub(crate) format: Option<Arc<Format>>,
}

impl Setting<FormatDraft> {
    /// What it means, if it is written and sound.
    pub(crate) fn format(&self) -> Option<&Arc<Format>> {
        self.value().and_then(|draft| draft.format.as_ref())
    }
}

/// `global.set-var` and `set-var-fmt`: one variable.
#[derive(Debug, Clone)]
pub(crate) struct ProcVarDraft {
    pub(crate) key: &'static str,
    pub(crate) text: Text,
}
