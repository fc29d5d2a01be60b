//! The TLS of a bind.

use crate::diagnostic::Diagnostic;
use crate::draft::{BindDraft, BindTlsWords, CrtLineDraft, GlobalTlsDraft, PolicyWords};
use crate::model::{BindTls, ClientPolicy, CrtListLine, Mode, Verify};
use crate::report::Report;
use crate::resolve::tls::{alpn, based, crypto, idle};
use crate::setting::Setting;

/// `None` without `ssl`; `mode` is `None` where it is not known.
pub(in crate::resolve) fn bind(
    draft: &BindDraft,
    mode: Option<Mode>,
    global: &GlobalTlsDraft,
    report: &mut Report,
) -> Option<Box<BindTls>> {
    let words = &*draft.tls;
    if !words.ssl.or(false) {
        if !words.ssl.is_wrong() {
            idle(words.written(), "on a bind without `ssl`", "add ssl = true", report);
        }
        return None;
    }
    require_certificate(draft, report);
    let strict_sni = first(&[&words.strict_sni, &global.bind.strict_sni]).or(false);
    let tickets = first(&[&words.tickets, &global.bind.tickets]).or(true);
    check_effects(words, strict_sni, tickets, report);
    let mut policies = Policies { mode, global, report };
    let policy = policies.resolve(&[&words.policy]);
    let crts = |paths: &Setting<Vec<_>>| {
        let paths = paths.value().into_iter().flatten();
        paths.map(|path: &std::path::PathBuf| based(&global.crt_base, path)).collect()
    };
    let crt_list: Vec<_> = lines(words).map(|line| policies.line(line, words)).collect();
    let asks = |line: &CrtListLine| line.policy.verify != Verify::None;
    if !asks_for_certificates(&words.policy, &policy) && !crt_list.iter().any(asks) {
        policies.unverified(&words.policy);
    }
    Some(Box::new(BindTls {
        default_crts: crts(&words.default_crts),
        crts: crts(&words.crts),
        crt_list,
        key_base: global.key_base.value().cloned(),
        strict_sni,
        policy,
        prefer_client_ciphers: first(&[
            &words.prefer_client_ciphers,
            &global.bind.prefer_client_ciphers,
        ])
        .or(false),
        tickets,
        ticket_keys: words.ticket_keys.value().cloned(),
    }))
}

/// The setting of the nearest level that has it; the first if none has.
fn first<'s, T>(levels: &[&'s Setting<T>; 2]) -> &'s Setting<T> {
    if levels[0].is_absent() { levels[1] } else { levels[0] }
}

fn lines(words: &BindTlsWords) -> impl Iterator<Item = &CrtLineDraft> {
    words.crt_lists.value().into_iter().flatten().flat_map(|list| &list.lines)
}

fn require_certificate(draft: &BindDraft, report: &mut Report) {
    let words = &draft.tls;
    let is_written = !words.crts.is_absent() || !words.default_crts.is_absent();
    let mut lists = words.crt_lists.value().into_iter().flatten();
    let is_listed =
        words.crt_lists.is_wrong() || lists.any(|list| !list.lines.is_empty() || !list.is_complete);
    if !is_written && !is_listed && draft.is_complete {
        let message = format!("bind `{}` has `ssl` but no certificate", draft.text);
        let diagnostic = Diagnostic::error(draft.place, message);
        report.add(diagnostic.expected("add crt = \"site.pem\", a file with certificate and key"));
    }
}

fn check_effects(words: &BindTlsWords, strict_sni: bool, tickets: bool, report: &mut Report) {
    if let Some(place) = words.default_crts.place().filter(|_| strict_sni) {
        let why = "with `strict-sni`";
        let remedy = "a client that asks for no known name gets no certificate at all";
        idle([("default-crt", place)].into_iter(), why, remedy, report);
    }
    if let Some(place) = words.ticket_keys.place().filter(|_| !tickets) {
        let remedy = "leave one of them out";
        idle([("tls-ticket-keys", place)].into_iter(), "with `no-tls-tickets`", remedy, report);
    }
}

/// Whether certificates are asked for, or may be for all that is known.
fn asks_for_certificates(words: &PolicyWords, policy: &ClientPolicy) -> bool {
    policy.verify != Verify::None || words.verify.is_wrong()
}

struct Policies<'a> {
    mode: Option<Mode>,
    global: &'a GlobalTlsDraft,
    report: &'a mut Report,
}

impl Policies<'_> {
    fn line(&mut self, line: &CrtLineDraft, words: &BindTlsWords) -> CrtListLine {
        let policy = self.resolve(&[&line.words, &words.policy]);
        let is_asked = asks_for_certificates(&words.policy, &policy);
        if !is_asked && !line.words.verify.is_wrong() {
            self.unverified(&line.words);
        }
        CrtListLine {
            crt: based(&self.global.crt_base, &line.crt),
            filters: line.filters.clone(),
            policy,
            text: line.text.clone(),
        }
    }

    /// What the levels come to, of which the nearest is the first.
    fn resolve(&mut self, levels: &[&PolicyWords]) -> ClientPolicy {
        let mut cryptos: Vec<_> = levels.iter().map(|words| &words.crypto).collect();
        cryptos.push(&self.global.bind.crypto);
        let crypto = crypto::crypto(&cryptos, self.report);
        if let Some(own) = levels.first() {
            crypto::check(&own.crypto, &crypto, self.report);
        }
        let verify = nearest(levels, |words| &words.verify);
        let ca_file = nearest(levels, |words| &words.ca_file);
        let crl_file = nearest(levels, |words| &words.crl_file);
        let ca_base = &self.global.ca_base;
        let policy = ClientPolicy {
            crypto,
            alpn: alpn::alpn(&nearest(levels, |words| &words.alpn), self.mode, self.report),
            verify: verify.or(Verify::None),
            ca_file: ca_file.value().map(|path| based(ca_base, path)),
            crl_file: crl_file.value().map(|path| based(ca_base, path)),
            ca_names: nearest(levels, |words| &words.ca_names).or(true),
        };
        if let (true, Some(place)) = (ca_file.is_absent(), verify.place())
            && policy.verify != Verify::None
        {
            let message = "`verify` without `ca-file`";
            let expected = "add ca-file, the authorities that sign clients' certificates";
            self.report.add_once(Diagnostic::error(place, message).expected(expected));
        }
        policy
    }

    fn unverified(&mut self, words: &PolicyWords) {
        let remedy = "add verify = \"required\"";
        idle(words.of_verification(), "without `verify`", remedy, self.report);
    }
}

/// The setting of the nearest level that has it.
fn nearest<T: Clone>(
    levels: &[&PolicyWords],
    setting: fn(&PolicyWords) -> &Setting<T>,
) -> Setting<T> {
    let mut found = Setting::default();
    for words in levels {
        found.inherit(setting(words));
    }
    found
}
