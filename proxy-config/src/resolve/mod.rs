//! Drafts to the model: defaults inherited, names turned into ids, contradictions found.

mod backend;
mod error_pages;
mod exclusive;
mod formats;
mod frontend;
mod inherit;
mod logs;
mod names;
mod notes;
mod rules;
#[cfg(test)]
mod tests;
mod tls;
mod userlists;

pub(crate) use error_pages::Library;

use std::time::Duration;

use crate::Surroundings;
use crate::action::Tools;
use crate::diagnostic::Diagnostic;
use crate::draft::{Draft, GlobalDraft, ProxyDraft, Settings};
use crate::extra::Extras;
use crate::model::{Config, ConnectionMode, Global, Mode, Shards, Tune};
use crate::place::Place;
use crate::report::Report;
use crate::resolve::rules::Compiled;
use crate::rule::Compiler;

const HARD_STOP_AFTER: Duration = Duration::from_secs(30);

/// Receive buffers a shard may have, when the configuration does not say.
const BUFFERS_LIMIT: usize = 1024;
const BUFSIZE: usize = 16_384;
const HTTP_COOKIELEN: usize = 63;
const HTTP_LOGURILEN: usize = 1024;
const HTTP_MAXHDR: usize = 101;

/// A proxy section with what it inherits.
struct Proxy<'d> {
    draft: &'d ProxyDraft,
    /// The section's own settings, then its defaults'.
    settings: Settings,
    /// The `defaults` that it takes from, nearest first.
    ancestors: Vec<&'d ProxyDraft>,
}

/// Where streams go from each proxy section.
#[derive(Clone, Copy)]
struct Leads<'l> {
    /// Default backends: indices of the proxy sections.
    targets: &'l [Option<usize>],
    compiled: &'l [Compiled],
}

impl Proxy<'_> {
    fn name(&self) -> &str {
        self.draft.name()
    }

    /// `None` when a wrong mode has been reported: nothing follows from it then.
    fn mode(&self) -> Option<Mode> {
        (!self.settings.mode.is_wrong()).then(|| self.settings.mode.or(Mode::Http))
    }

    /// What `option.http-keep-alive` and its like come to.
    fn connection_mode(&self) -> ConnectionMode {
        let words = &self.settings.connection;
        if words.close.or(false) {
            ConnectionMode::Close
        } else if words.server_close.or(false) {
            ConnectionMode::ServerClose
        } else {
            ConnectionMode::KeepAlive
        }
    }

    /// Where the section itself sets its mode, or else the section.
    fn mode_place(&self) -> Place {
        self.draft.settings.mode.place().unwrap_or(self.draft.place)
    }
}

/// Builds the model. It counts only when nothing that was reported is an error.
pub(crate) fn resolve(
    mut draft: Draft,
    surroundings: Surroundings<'_>,
    extras: &mut Extras,
    report: &mut Report,
) -> Config {
    let global = global(&draft.global);
    let bufsize = global.tune.bufsize;
    let http_errors = std::mem::take(&mut draft.http_errors);
    let mut tools = Tools {
        compiler: Compiler::new(names::collect(&draft), surroundings, extras),
        library: Library::new(&http_errors),
        surroundings,
        bufsize,
        report: Report::default(),
    };
    formats::compile(&mut draft, &mut tools);
    error_pages::expand(&mut draft, &mut tools.library, bufsize, report);
    let draft = &draft;
    names::check(draft, &http_errors, report);
    exclusive::check(draft, report);
    let proxies = inherit::inherit(draft, report);
    if !proxies.iter().any(|proxy| proxy.draft.kind.is_frontend()) {
        let warning = Diagnostic::general_warning("nothing is served: there is no frontend")
            .help("add a section [frontend.NAME] or [listen.NAME]");
        report.add(warning);
    }
    rules::check_defaults(draft, &proxies, report);
    rules::read_proc_vars(&draft.global.proc_vars, &mut tools);
    let compiled = rules::compile(&proxies, &mut tools);
    rules::check_captures(&proxies, &compiled, &mut tools);
    rules::check_bodies(&compiled, &mut tools);
    tools.library.check_use(report);
    let targets = frontend::targets(&proxies, &compiled, report);
    let leads = Leads { targets: &targets, compiled: &compiled };
    notes::check(draft, &proxies, leads, report);
    let logs = logs::Logs::new(&draft.global, surroundings.hostname, &mut tools);
    let cookielen = global.tune.http_cookielen;
    let shared = frontend::Shared { logs, tls: &draft.global.tls, cookielen };
    let frontends = frontend::build(&shared, &proxies, leads, report);
    let backends = backend::build(&draft.global.tls, &proxies, &compiled, report);
    let mut tables = tools.compiler.tables;
    tables.userlists = userlists::build(&draft.userlists, report);
    report.merge_once(tools.report);
    Config { global, frontends, backends, tables }
}

fn global(draft: &GlobalDraft) -> Global {
    Global {
        shards: draft.shards.or(Shards::Auto),
        maxconn: draft.maxconn.value().copied(),
        hard_stop_after: draft.hard_stop_after.or(HARD_STOP_AFTER),
        h1_accept_payload_with_any_method: draft.h1_any_method.or(false),
        tune: Tune {
            bufsize: draft.bufsize.or(BUFSIZE),
            buffers_limit: draft.buffers_limit.or(BUFFERS_LIMIT),
            http_maxhdr: draft.http_maxhdr.or(HTTP_MAXHDR),
            http_cookielen: draft.http_cookielen.or(HTTP_COOKIELEN),
            http_logurilen: draft.http_logurilen.or(HTTP_LOGURILEN),
            ssl_cachesize: draft.tls.cachesize.or(tls::CACHESIZE),
            ssl_lifetime: draft.tls.lifetime.or(tls::LIFETIME),
            ssl_max_hello: draft.tls.max_hello_size.or(tls::MAX_HELLO_SIZE),
        },
    }
}
