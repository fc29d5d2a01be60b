//! From a `bind` with `ssl` to what its clients are answered with: all its files, every error.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use proxy_config::model::{BindTls, ClientPolicy, CrtListLine};

use super::bundle::Bundle;
use super::crt_files;
use super::names::{Conflict, Filters, Line, Names};
use super::policy::{BindTerms, server_config};
use super::reading::Reading;
use super::resumption::Resumption;
use super::terminator::{Certificates, Resolver, Terminator};
use super::ticket_keys::TicketKeys;

/// # Errors
/// Everything that is wrong, each with its key and file, but not the bind.
pub(super) fn terminator(
    tls: &BindTls,
    resumption: &Resumption,
    reading: &mut Reading,
) -> Result<Terminator, Vec<String>> {
    let mut draft = Draft::new(tls, reading);
    draft.add_all();
    draft.choose_default();
    let keys = draft.ticket_keys();
    let Draft { certificates, policies, mut errors, .. } = draft;
    let certificates = Arc::new(certificates);
    let terms = BindTerms {
        shared: resumption,
        tickets: tls.tickets,
        keys,
        prefer_client_ciphers: tls.prefer_client_ciphers,
    };
    let mut configs = Vec::new();
    for policy in policies {
        let resolver = Arc::new(Resolver(certificates.clone()));
        match server_config(policy, resolver, &terms, reading) {
            Ok(config) => configs.push(config),
            Err(error) => errors.push(error),
        }
    }
    match errors.is_empty() {
        true => Ok(Terminator { certificates, configs }),
        false => Err(errors),
    }
}

struct Draft<'a, 'b> {
    tls: &'a BindTls,
    reading: &'b mut Reading,
    certificates: Certificates,
    /// By line.
    files: Vec<PathBuf>,
    /// All that differ.
    policies: Vec<&'a ClientPolicy>,
    errors: Vec<String>,
}

/// What the configuration says of a certificate.
struct Wanted<'a> {
    crt: &'a Path,
    policy: &'a ClientPolicy,
    filters: Filters<'a>,
    /// `default-crt` or `crt`.
    key: &'static str,
    /// The line of a `crt-list`.
    list_line: Option<&'a str>,
}

impl<'a, 'b> Draft<'a, 'b> {
    fn new(tls: &'a BindTls, reading: &'b mut Reading) -> Self {
        let certificates = Certificates {
            lines: Vec::new(),
            bundles: Vec::new(),
            names: Names::default(),
            default: Vec::new(),
        };
        Self {
            tls,
            reading,
            certificates,
            files: Vec::new(),
            policies: Vec::new(),
            errors: Vec::new(),
        }
    }

    fn add_all(&mut self) {
        let tls = self.tls;
        let plain = |key, crt: &'a PathBuf, is_default| Wanted {
            crt,
            policy: &tls.policy,
            filters: Filters::none(is_default),
            key,
            list_line: None,
        };
        let defaults = tls.default_crts.iter().map(|crt| plain("default-crt", crt, true));
        let crts = tls.crts.iter().map(|crt| plain("crt", crt, false));
        let listed = tls.crt_list.iter().map(Wanted::listed);
        for wanted in defaults.chain(crts).chain(listed) {
            // Also if there is no certificate: its files are to be found fault with, too.
            self.policy(wanted.policy);
            match crt_files::files(wanted.crt, self.reading) {
                Ok(files) => files.into_iter().for_each(|file| self.add(&wanted, file)),
                Err(what) => self.errors.push(wanted.say(wanted.crt, &what)),
            }
        }
        if self.files.is_empty() && self.errors.is_empty() && !tls.strict_sni {
            self.errors.push("has no certificate: a folder in `crt` is empty".into());
        }
    }

    fn add(&mut self, wanted: &Wanted<'a>, file: PathBuf) {
        match self.reading.bundle(&file, self.tls.key_base.as_deref()) {
            Ok(bundle) => self.add_bundle(wanted, file, bundle),
            Err(what) => self.errors.push(wanted.say(&file, &what)),
        }
    }

    fn add_bundle(&mut self, wanted: &Wanted<'a>, file: PathBuf, bundle: Arc<Bundle>) {
        let policy = self.policy(wanted.policy);
        let certificates = &mut self.certificates;
        let excluded = wanted.filters.excluded.clone();
        if wanted.filters.is_default {
            certificates.default.push(certificates.lines.len());
        }
        certificates.lines.push(Line { kind: bundle.kind, policy, excluded });
        let names = wanted.filters.names_or(&bundle.names);
        let conflicts = certificates.names.add(&certificates.lines, names);
        certificates.bundles.push(bundle);
        self.files.push(file);
        conflicts.iter().for_each(|conflict| self.warn_of(conflict));
    }

    fn policy(&mut self, policy: &'a ClientPolicy) -> usize {
        let is_same = |known: &&ClientPolicy| std::ptr::eq(*known, policy) || *known == policy;
        self.policies.iter().position(is_same).unwrap_or_else(|| {
            self.policies.push(policy);
            self.policies.len() - 1
        })
    }

    fn warn_of(&mut self, conflict: &Conflict) {
        let file = |at: usize| self.files.get(at).map(|file| file.display()).into_iter();
        for (file, first) in file(conflict.line).zip(file(conflict.first)) {
            self.reading.warn(format!(
                "`{file}` is not used for `{}`: `{first}` has the name before it, with other settings",
                conflict.name
            ));
        }
    }

    /// Who answers clients that ask for no known name: those that are meant to, or the first and
    /// those that differ from it in their kind of key only.
    fn choose_default(&mut self) {
        let certificates = &mut self.certificates;
        if certificates.default.is_empty() {
            let (files, bundles) = (&self.files, &certificates.bundles);
            let is_like_first = |at: &usize| match (&**files, &**bundles) {
                ([first, ..], [like, ..]) => {
                    crt_files::is_one_bundle(first, &files[*at]) || bundles[*at].is_beside(like)
                }
                _ => false,
            };
            let all = 0..files.len().min(bundles.len());
            certificates.default = all.filter(is_like_first).collect();
        }
        if self.tls.strict_sni {
            certificates.default.clear();
        }
        let lines = &certificates.lines;
        let policy = |at: &usize| lines.get(*at).map(|line| line.policy);
        let first = certificates.default.first().and_then(policy);
        certificates.default.retain(|at| policy(at) == first);
    }

    fn ticket_keys(&mut self) -> Option<Arc<TicketKeys>> {
        let path = self.tls.ticket_keys.as_ref()?;
        self.reading.watch(path);
        let in_file = |what| format!("tls-ticket-keys `{}`: {what}", path.display());
        let keys = TicketKeys::read(path).map_err(|what| self.errors.push(in_file(what)));
        keys.ok().map(Arc::new)
    }
}

impl<'a> Wanted<'a> {
    fn listed(line: &'a CrtListLine) -> Self {
        Self {
            crt: &line.crt,
            policy: &line.policy,
            filters: Filters::new(&line.filters),
            key: "crt",
            list_line: Some(&line.text),
        }
    }

    fn say(&self, file: &Path, what: &str) -> String {
        let key = self.key;
        match self.list_line {
            Some(line) => format!("{key} `{}` ({line}): {what}", file.display()),
            None => format!("{key} `{}`: {what}", file.display()),
        }
    }
}
