//! Drafts to the model: defaults inherited, names turned into ids, contradictions found.

mod backend;
mod frontend;
mod inherit;
mod names;
mod notes;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::draft::{Draft, GlobalDraft, ProxyDraft, Settings};
use crate::model::{Config, Global, Mode, Shards, Tune};
use crate::place::Place;
use crate::report::Report;

const HARD_STOP_AFTER: Duration = Duration::from_secs(30);

/// Receive buffers a shard may have, when the configuration does not say.
const BUFFERS_LIMIT: usize = 1024;
const BUFSIZE: usize = 16_384;
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

    /// Where the section itself sets its mode, or else the section.
    fn mode_place(&self) -> Place {
        self.draft.settings.mode.place().unwrap_or(self.draft.place)
    }
}

/// Builds the model. It counts only when nothing that was reported is an error.
pub(crate) fn resolve(draft: &Draft, report: &mut Report) -> Config {
    names::check(draft, report);
    let proxies = inherit::inherit(draft, report);
    if !proxies.iter().any(|proxy| proxy.draft.kind.is_frontend()) {
        let warning = Diagnostic::general_warning("nothing is served: there is no frontend")
            .help("add a section [frontend.NAME] or [listen.NAME]");
        report.add(warning);
    }
    let targets = frontend::targets(&proxies, report);
    notes::check(draft, &proxies, &targets, report);
    Config {
        global: global(&draft.global),
        frontends: frontend::build(&draft.global, &proxies, &targets, report),
        backends: backend::build(&proxies, report),
    }
}

fn global(draft: &GlobalDraft) -> Global {
    Global {
        shards: draft.shards.or(Shards::Auto),
        maxconn: draft.maxconn.value().copied(),
        hard_stop_after: draft.hard_stop_after.or(HARD_STOP_AFTER),
        tune: Tune {
            bufsize: draft.bufsize.or(BUFSIZE),
            buffers_limit: draft.buffers_limit.or(BUFFERS_LIMIT),
            http_maxhdr: draft.http_maxhdr.or(HTTP_MAXHDR),
        },
    }
}
