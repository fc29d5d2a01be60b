//! The environment of a haproxy.cfg: that of the process, and what the file itself sets.

use std::collections::BTreeMap;

use crate::Env;
use crate::formats;

/// Bytes that one line may grow to by its variables.
const EXPANSION_MAX: usize = 1 << 20;

/// Log formats that HAProxy offers as variables.
const HTTP_LOG: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc \
    %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";
const HTTPS_LOG: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc \
    %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r \
    %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] \
    %[ssl_fc_sni]/%sslv/%sslc";
const TCP_LOG: &str = "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq";

pub(super) struct Environment<'e> {
    outer: Env<'e>,
    /// What the file sets; `None` is unset.
    own: BTreeMap<String, Option<String>>,
    /// `import`: what the process has is left to the reader of the TOML.
    pub(super) is_kept: bool,
}

/// What a variable in a line becomes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Expansion {
    Value(String),
    /// `${NAME-default}`, for whoever reads the TOML.
    Kept(String),
}

impl<'e> Environment<'e> {
    pub(super) fn new(outer: Env<'e>, is_kept: bool) -> Self {
        let mut own = BTreeMap::new();
        let formats = [
            ("HAPROXY_HTTP_LOG_FMT", HTTP_LOG),
            ("HAPROXY_HTTPS_LOG_FMT", HTTPS_LOG),
            ("HAPROXY_TCP_LOG_FMT", TCP_LOG),
            ("HAPROXY_HTTP_CLF_LOG_FMT", formats::CLF_HTTP),
            ("HAPROXY_TCP_CLF_LOG_FMT", formats::CLF_TCP),
        ];
        for (name, format) in formats {
            own.insert(name.to_owned(), Some(format.to_owned()));
        }
        Self { outer, own, is_kept }
    }

    /// The value, if the variable is set.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        match self.own.get(name) {
            Some(own) => own.clone(),
            None => (self.outer)(name).filter(|value| value.len() <= EXPANSION_MAX),
        }
    }

    /// As HAProxy expands: what is not set is empty.
    pub(super) fn expand(&self, name: &str, default: &str, may_keep: bool) -> Expansion {
        if self.is_kept && may_keep && !self.own.contains_key(name) {
            return Expansion::Kept(format!("${{{name}-{default}}}"));
        }
        Expansion::Value(self.get(name).unwrap_or_else(|| default.to_owned()))
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.own.insert(name.to_owned(), Some(value.to_owned()));
    }

    pub(super) fn preset(&mut self, name: &str, value: &str) {
        if self.get(name).is_none() {
            self.set(name, value);
        }
    }

    /// What the file sets; `None` is unset.
    pub(super) fn into_own(self) -> BTreeMap<String, Option<String>> {
        self.own
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.own.insert(name.to_owned(), None);
    }
}
