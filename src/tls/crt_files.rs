//! The files that a `crt` stands for: itself, all of a folder, or a bundle's, one for each kind of key.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use super::reading::Reading;

/// Beside a certificate, not one themselves.
const SIDE_EXTENSIONS: [&str; 4] = ["key", "ocsp", "issuer", "sctl"];
/// What HAProxy appends to the name of a bundle.
const BUNDLE_EXTENSIONS: [&str; 3] = ["rsa", "ecdsa", "dsa"];

/// # Errors
/// Why there is none, without the path.
pub(super) fn files(crt: &Path, reading: &mut Reading) -> Result<Vec<PathBuf>, String> {
    reading.watch(crt);
    match crt.metadata() {
        Ok(metadata) if metadata.is_dir() => folder(crt).map_err(|error| cannot(&error)),
        Ok(_) => Ok(vec![crt.to_owned()]),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            bundle(crt, reading).ok_or_else(|| cannot(&error))
        }
        Err(error) => Err(cannot(&error)),
    }
}

/// Whether two files are one certificate with different kinds of keys.
pub(super) fn is_one_bundle(one: &Path, other: &Path) -> bool {
    one == other || matches!((bundle_of(one), bundle_of(other)), (Some(a), Some(b)) if a == b)
}

fn bundle_of(file: &Path) -> Option<PathBuf> {
    BUNDLE_EXTENSIONS.iter().any(|end| has_extension(file, end)).then(|| file.with_extension(""))
}

fn folder(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in path.read_dir()? {
        let file = entry?.path();
        let is_hidden =
            file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let is_side = SIDE_EXTENSIONS.iter().any(|end| has_extension(&file, end));
        // A link to nowhere is kept: reading it says so.
        if !is_hidden && !is_side && !file.is_dir() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn bundle(crt: &Path, reading: &mut Reading) -> Option<Vec<PathBuf>> {
    let kinds = ["ecdsa", "rsa"].map(|end| with_suffix(crt, end));
    kinds.iter().for_each(|file| reading.watch(file));
    let files: Vec<PathBuf> = kinds.into_iter().filter(|file| file.exists()).collect();
    (!files.is_empty()).then_some(files)
}

/// `site.pem` and `key` make `site.pem.key`.
pub(super) fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension() == Some(OsStr::new(extension))
}

fn cannot(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}
