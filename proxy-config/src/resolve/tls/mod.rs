//! TLS of binds and servers: defaults applied, contradictions found.

mod alpn;
mod bind;
mod crypto;
mod server;

pub(super) use bind::bind;
pub(super) use server::{OfServer, server};

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::place::Place;
use crate::report::Report;
use crate::setting::Setting;

pub(super) const CACHESIZE: usize = 20_000;
pub(super) const LIFETIME: Duration = Duration::from_secs(300);
pub(super) const MAX_HELLO_SIZE: usize = 16_384;

/// A path, below its base unless it is absolute.
fn based(base: &Setting<PathBuf>, path: &Path) -> PathBuf {
    base.value().map_or_else(|| path.to_owned(), |base| base.join(path))
}

/// Says of each word that it does nothing, and what would help.
fn idle(
    words: impl Iterator<Item = (&'static str, Place)>,
    why: &str,
    remedy: &str,
    report: &mut Report,
) {
    for (name, place) in words {
        let message = format!("`{name}` has no effect {why}");
        report.add_once(Diagnostic::warning(place, message).expected(remedy));
    }
}
