//! What is read while certificates are loaded: each of them once, with what is noticed on the way.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::sign::SigningKey;
use x509_parser::time::ASN1Time;

use super::bundle::{Bundle, Content};
use super::pem::Pem;
use super::roots::SystemRoots;

pub(super) struct Reading {
    /// Unix seconds.
    pub(super) now_s: i64,
    pub(super) system: SystemRoots,
    warnings: Vec<String>,
    warned: HashSet<String>,
    /// To be watched; also files that are not there, but would count.
    paths: BTreeSet<PathBuf>,
    /// By certificate and `key-base`: binds often have the same.
    bundles: HashMap<(PathBuf, Option<PathBuf>), Result<Arc<Bundle>, String>>,
    /// Found good when files were read before.
    known_keys: HashMap<Content, Arc<dyn SigningKey>>,
}

impl Reading {
    pub(super) fn new(now_s: i64) -> Self {
        Self {
            now_s,
            system: SystemRoots::default(),
            warnings: Vec::new(),
            warned: HashSet::new(),
            paths: BTreeSet::new(),
            bundles: HashMap::new(),
            known_keys: HashMap::new(),
        }
    }

    /// Has the keys of `bundles` known, so that they need not be checked again.
    pub(super) fn know<'a>(&mut self, bundles: impl IntoIterator<Item = &'a Arc<Bundle>>) {
        self.known_keys.extend(bundles.into_iter().map(|bundle| bundle.known_key()));
    }

    pub(super) fn known_key(&self, content: &Content) -> Option<Arc<dyn SigningKey>> {
        self.known_keys.get(content).cloned()
    }

    /// Adds to the warnings what is not there yet.
    pub(super) fn warn(&mut self, text: String) {
        if self.warned.insert(text.clone()) {
            self.warnings.push(text);
        }
    }

    /// Has `path` watched, unless the folder is that it is in.
    pub(super) fn watch(&mut self, path: &Path) {
        let is_in_folder = path.parent().is_some_and(|folder| self.paths.contains(folder));
        if !is_in_folder {
            self.paths.insert(path.to_owned());
        }
    }

    /// # Errors
    /// What is wrong with the file, without its path.
    pub(super) fn pem(&mut self, path: &Path) -> Result<Pem, String> {
        self.watch(path);
        Pem::read(path)
    }

    /// # Errors
    /// As of [`Bundle::load`].
    pub(super) fn bundle(
        &mut self,
        crt: &Path,
        key_base: Option<&Path>,
    ) -> Result<Arc<Bundle>, String> {
        let place = (crt.to_owned(), key_base.map(Path::to_owned));
        if let Some(known) = self.bundles.get(&place) {
            return known.clone();
        }
        let bundle = Bundle::load(crt, key_base, self).map(Arc::new);
        self.bundles.insert(place, bundle.clone());
        bundle
    }

    /// Warnings, and the paths to watch.
    pub(super) fn into_parts(self) -> (Vec<String>, Vec<PathBuf>) {
        (self.warnings, self.paths.into_iter().collect())
    }
}

/// Unix seconds, for messages.
pub(super) fn date(unix_s: i64) -> String {
    let time = ASN1Time::from_timestamp(unix_s);
    time.map_or_else(|_| format!("second {unix_s}"), |time| time.to_string())
}
