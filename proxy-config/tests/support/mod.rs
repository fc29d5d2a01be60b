//! What the tests share: files of the crate, and an environment.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its files must stop")]

use std::path::{Path, PathBuf};

use proxy_config::{Source, Surroundings};

/// A folder of the crate.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The files of a folder with this ending, in the order of their names.
pub(crate) fn read_files(name: &str, ending: &str) -> Vec<Source> {
    let entries = std::fs::read_dir(folder(name)).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|e| e == ending)).collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| Source {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            text: std::fs::read_to_string(&path).unwrap(),
        })
        .collect()
}

/// Paths are relative to the root of the repository; in the environment only `HOST` is set.
pub(crate) fn surroundings() -> Surroundings<'static> {
    Surroundings { env: &env, read_file: &read_file, hostname: "balancer" }
}

fn env(name: &str) -> Option<String> {
    (name == "HOST").then(|| "not a host".to_owned())
}

fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    std::fs::read(folder("..").join(path))
}
