//! Certificates while the proxy runs: read at the start, and again when their files change.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use proxy_config::model::Config;

use crate::shard::Report;
use crate::tls::watch::Watch;
use crate::tls::{self, Contexts, Resumption};

/// All that TLS needs of files.
pub(super) struct Certificates {
    resumption: Resumption,
    pub(super) contexts: Arc<Contexts>,
    paths: Vec<PathBuf>,
    watch: Option<Watch>,
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
        Ok(Self { resumption, contexts, paths: loaded.paths, watch: None })
    }

    /// Has changes of the files reported from now on.
    pub(super) fn watch(&mut self, reports: Sender<Report>) {
        if self.paths.is_empty() {
            return;
        }
        let tell = move || {
            // Nobody listens any more when the process ends.
            let _ = reports.send(Report::Certificates);
        };
        match Watch::start(self.paths.clone(), tell) {
            Ok(watch) => self.watch = Some(watch),
            Err(error) => eprintln!(
                "warning: changed certificates will not be noticed, only on SIGHUP: {error}"
            ),
        }
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
        if let Some(watch) = &self.watch {
            watch.set_paths(loaded.paths);
        }
        Arc::clone(&self.contexts)
    }
}

fn warn(warnings: &[String]) {
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
}
