//! What rules look up, while the proxy runs: built at the start, and again when its files change.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proxy_config::model::Config;
use proxy_config::model::rule::FileText;

use super::files::read_again;
use crate::rule::{Library, ProcVars};

/// Patterns, maps, regular expressions, and the variables of the process.
pub(super) struct Tables {
    pub(super) library: Arc<Library>,
    pub(super) proc_vars: Arc<ProcVars>,
    /// What the library was made of.
    files: BTreeMap<PathBuf, FileText>,
}

impl Tables {
    /// Compiles all.
    ///
    /// # Errors
    /// What cannot be compiled.
    pub(super) fn load(config: &Config) -> Result<Self, Vec<String>> {
        let tables = &config.tables;
        let library = Library::new(tables).map_err(|error| vec![error])?;
        let of_patterns = tables.patterns.iter().flat_map(|patterns| &patterns.files);
        let of_maps = tables.maps.iter().map(|map| &map.file);
        let files = of_patterns.chain(of_maps);
        Ok(Self {
            library: Arc::new(library),
            proc_vars: Arc::new(ProcVars::new(tables)),
            files: files.map(|file| (file.path.clone(), Arc::clone(&file.text))).collect(),
        })
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.files.keys().cloned().collect()
    }

    /// Reads all files again. What is broken stays as it was; `None`: nothing else is.
    pub(super) fn reload(&mut self, config: &Config) -> Option<Arc<Library>> {
        let mut has_changed = false;
        for (path, text) in &mut self.files {
            match read_changed(config, &self.library, path, text) {
                Ok(None) => {}
                Ok(Some((new, library))) => {
                    let (lines, before) = (count_lines(&new), count_lines(text));
                    eprintln!("{} read anew: {lines} lines, {before} before", path.display());
                    *text = new;
                    self.library = Arc::new(library);
                    has_changed = true;
                }
                Err(fault) => {
                    eprintln!("error: {fault}; {} is in use as it was before", path.display());
                }
            }
        }
        has_changed.then(|| Arc::clone(&self.library))
    }
}

/// The new text of a file, and the library with it; `None` where it is the same.
fn read_changed(
    config: &Config,
    library: &Library,
    path: &Path,
    before: &FileText,
) -> Result<Option<(FileText, Library)>, String> {
    let bytes =
        read_again(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    if bytes == **before {
        return Ok(None);
    }
    let text = FileText::from(bytes);
    let library = library.with_file(&config.tables, path, &text);
    library.map(|library| Some((text, library))).map_err(|fault| match fault.line {
        Some(line) => format!("{}:{line}: {}", path.display(), fault.problem),
        None => format!("{}: {}", path.display(), fault.problem),
    })
}

fn count_lines(text: &[u8]) -> usize {
    text.split(|byte| *byte == b'\n').filter(|line| !matches!(line, [] | [b'#', ..])).count()
}
