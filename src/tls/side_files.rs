//! What a certificate needs and its own file may lack: key, OCSP response and issuer, each in a file
//! beside it (`site.pem.key`, or `site.key` as with HAProxy's `ssl-load-extra-del-ext`).

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::crt_files::with_suffix;
use super::pem::{self, Pem};
use super::reading::Reading;

/// The permission for everyone to read.
const READ_BY_OTHERS: u32 = 0o004;

/// The key of `crt`, whose own is `own`.
///
/// # Errors
/// That there is none, and where it was looked for, or what is wrong with its file.
pub(super) fn key(
    crt: &Path,
    own: Option<PrivateKeyDer<'static>>,
    key_base: Option<&Path>,
    reading: &mut Reading,
) -> Result<PrivateKeyDer<'static>, String> {
    if let Some(key) = own {
        warn_of_others(crt, reading);
        return Ok(key);
    }
    let places = key_places(crt, key_base);
    places.iter().for_each(|place| reading.watch(place));
    let Some(file) = places.iter().find(|place| place.exists()) else {
        let places: Vec<String> =
            places.iter().map(|place| format!("`{}`", place.display())).collect();
        return Err(format!("has no private key (looked in it and in {})", places.join(", ")));
    };
    warn_of_others(file, reading);
    let in_file = |what: String| format!("its key `{}` {what}", file.display());
    let pem = Pem::read(file).map_err(in_file)?;
    pem.key.ok_or_else(|| in_file("has no private key in it".into()))
}

/// The certificate in `.issuer`, if there is one.
///
/// # Errors
/// What is wrong with its file.
pub(super) fn issuer(
    crt: &Path,
    reading: &mut Reading,
) -> Result<Vec<CertificateDer<'static>>, String> {
    let Some(file) = existing(crt, "issuer", reading) else { return Ok(Vec::new()) };
    let in_file = |what: String| format!("its issuer `{}` {what}", file.display());
    let found = Pem::read(&file).map_err(in_file)?.certificates;
    match found.is_empty() {
        true => Err(in_file("has no certificate in it".into())),
        false => Ok(found),
    }
}

/// The path of `.ocsp` and what is in it, if there is one.
pub(super) fn ocsp(
    crt: &Path,
    reading: &mut Reading,
) -> Option<(PathBuf, Result<Vec<u8>, String>)> {
    let file = existing(crt, "ocsp", reading)?;
    let bytes = pem::read(&file);
    Some((file, bytes))
}

/// Where they may be.
pub(super) fn all(crt: &Path, key_base: Option<&Path>) -> Vec<PathBuf> {
    let mut all = key_places(crt, key_base);
    all.extend(places(crt, "issuer"));
    all.extend(places(crt, "ocsp"));
    all
}

fn key_places(crt: &Path, key_base: Option<&Path>) -> Vec<PathBuf> {
    let place = match (key_base, crt.file_name()) {
        (Some(base), Some(name)) => base.join(name),
        _ => crt.to_owned(),
    };
    places(&place, "key")
}

fn places(crt: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut places = vec![with_suffix(crt, suffix)];
    if crt.extension().is_some() {
        places.push(crt.with_extension(suffix));
    }
    places
}

fn existing(crt: &Path, suffix: &str, reading: &mut Reading) -> Option<PathBuf> {
    let places = places(crt, suffix);
    places.iter().for_each(|place| reading.watch(place));
    places.into_iter().find(|place| place.exists())
}

fn warn_of_others(file: &Path, reading: &mut Reading) {
    // That it cannot be read at all is said where it is read.
    let Ok(metadata) = file.metadata() else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & READ_BY_OTHERS != 0 {
        reading.warn(format!(
            "`{}`: has a private key and may be read by everyone (its mode is {mode:o}): chmod o-r",
            file.display()
        ));
    }
}
