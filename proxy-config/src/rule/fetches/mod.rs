//! The fetches, a table for each layer: what a name takes, gives and needs, and what it becomes.

mod certificate;
mod connection;
mod http;
mod internal;
mod message;
mod payload;
mod proxy;
mod time;
mod tls;

use super::args::{Arg, Args};
use super::kind::Kind;
use super::layer::Needs;
use crate::model::rule::Fetch;

/// A fetch under all its names.
pub(super) struct FetchWord {
    /// The usual one first. Names for both sides, and those for each certificate, are of one fetch.
    pub(super) names: &'static [&'static str],
    pub(super) args: &'static [Arg],
    pub(super) output: Kind,
    pub(super) needs: Needs,
    /// What its sample is, in one sentence.
    pub(super) meaning: &'static str,
    /// An expression with it.
    pub(super) example: &'static str,
    pub(super) build: fn(&mut Args<'_, '_>) -> Option<Fetch>,
}

/// Each layer's name and fetches.
pub(super) static LAYERS: &[(&str, &[FetchWord])] = &[
    ("What the process knows", internal::FETCHES),
    ("Connections (layer 4)", connection::FETCHES),
    ("Frontends, backends and servers (layer 4)", proxy::FETCHES),
    ("Times (layer 4)", time::FETCHES),
    ("TLS (layer 5)", tls::FETCHES),
    ("Certificates (layer 5)", certificate::FETCHES),
    ("Bytes as they arrive (layer 6)", payload::FETCHES),
    ("Requests (layer 7)", http::FETCHES),
    ("Headers, cookies and bodies (layer 7)", message::FETCHES),
];

/// Every fetch.
pub(super) fn all() -> impl Iterator<Item = &'static FetchWord> {
    LAYERS.iter().flat_map(|(_, words)| words.iter())
}

/// Every name of a fetch.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    all().flat_map(|word| word.names.iter().copied())
}

pub(super) fn find(name: &str) -> Option<&'static FetchWord> {
    all().find(|word| word.names.contains(&name))
}
