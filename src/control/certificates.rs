//! Certificates while the proxy runs: read at the start, and again when their files change.

use std::path::PathBuf;
use std::sync::Arc;

use proxy_config::model::Config;

use crate::tls::{self, Contexts, Resumption};

/// All that TLS needs of files.
pub(super) struct Certificates {
    resumption: Resumption,
    pub(super) contexts: Arc<Contexts>,
    /// Files and folders that were read, or would have been.
    pub(super) paths: Vec<PathBuf>,
}

impl Certificates {
    /// Reads all files, and warns of what is not as it should be.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(super) fn load(config: &Config) -> Result<Self, Vec<String>> {
        let resumption = Resumption::new(&config.global.tune).map_err(|error| vec![error])?;
        let loaded = tls::load(config, &resumption)?;
        warn(&loaded.warnings);
        let contexts = Arc::new(loaded.contexts);
        Ok(Self { resumption, contexts, paths: loaded.paths })
    }

    /// Reads all files again. What is broken stays as it was.
    pub(super) fn reload(&mut self, config: &Config) -> Arc<Contexts> {
        let (loaded, errors) = tls::reload(config, &self.resumption, &self.contexts);
        warn(&loaded.warnings);
        for error in &errors {
            eprintln!("error: {error}");
        }
        if errors.is_empty() {
            eprintln!("certificates read anew");
        }
        self.contexts = Arc::new(loaded.contexts);
        self.paths = loaded.paths;
        Arc::clone(&self.contexts)
    }
}

fn warn(warnings: &[String]) {
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
}
