//! Drafts to the model: defaults inherited, names turned into ids, contradictions found.

mod backend;
mod error_pages;
mod exclusive;
mod frontend;
mod inherit;
mod logs;
mod names;
mod notes;
#[cfg(test)]
mod tests;
mod tls;

use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::draft::{Draft, GlobalDraft, ProxyDraft, Settings};
use crate::model::{Config, ConnectionMode, Global, Mode, Shards, Tune};
use crate::place::Place;
use crate::report::Report;

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
///
/// `hostname` is the machine's name, or empty.
pub(crate) fn resolve(mut draft: Draft, hostname: &str, report: &mut Report) -> Config {
    let global = global(&draft.global);
    error_pages::expand(&mut draft, global.tune.bufsize, report);
    let draft = &draft;
    names::check(draft, report);
    exclusive::check(draft, report);
    let proxies = inherit::inherit(draft, report);
    if !proxies.iter().any(|proxy| proxy.draft.kind.is_frontend()) {
        let warning = Diagnostic::general_warning("nothing is served: there is no frontend")
            .help("add a section [frontend.NAME] or [listen.NAME]");
        report.add(warning);
    }
    let targets = frontend::targets(&proxies, report);
    notes::check(draft, &proxies, &targets, report);
    let logs = logs::Logs::new(&draft.global, hostname);
    let cookielen = global.tune.http_cookielen;
    let shared = frontend::Shared { logs, tls: &draft.global.tls, cookielen };
    Config {
        frontends: frontend::build(&shared, &proxies, &targets, report),
        backends: backend::build(&draft.global.tls, &proxies, report),
        global,
    }
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
