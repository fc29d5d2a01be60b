//! Who may sign certificates: the authorities of a file, or the system's.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

/// The certificate authorities of the system, read when they are first asked for.
///
/// They are where OpenSSL finds them on this system, or where `SSL_CERT_FILE` and `SSL_CERT_DIR` say.
#[derive(Debug, Default)]
pub(super) struct SystemRoots {
    read: OnceLock<Result<Arc<RootCertStore>, String>>,
}

impl SystemRoots {
    /// # Errors
    /// There are none, and what helps.
    pub(super) fn get(&self) -> Result<Arc<RootCertStore>, String> {
        self.read.get_or_init(read_system).clone()
    }

    #[cfg(test)]
    pub(super) fn of(roots: RootCertStore) -> Self {
        Self { read: OnceLock::from(Ok(Arc::new(roots))) }
    }
}

/// The authorities of a `ca-file`, each once.
///
/// # Errors
/// That there are none, or one is broken; without the path.
pub(super) fn authorities(cas: &[CertificateDer<'static>]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let mut seen = HashSet::new();
    for (at, ca) in cas.iter().enumerate() {
        if !seen.insert(ca) {
            continue;
        }
        let nth = at.saturating_add(1);
        let broken = |error| format!("certificate {nth} in it is broken: {error}");
        roots.add(ca.clone()).map_err(broken)?;
    }
    match roots.is_empty() {
        true => Err("has no certificate".into()),
        false => Ok(roots),
    }
}

/// Single certificates that cannot be used are passed over: nobody here chose them.
fn read_system() -> Result<Arc<RootCertStore>, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    match (roots.is_empty(), found.errors.first()) {
        (false, _) => Ok(Arc::new(roots)),
        (true, None) => Err(no_system_roots("")),
        (true, Some(error)) => Err(no_system_roots(&format!(" ({error})"))),
    }
}

fn no_system_roots(why: &str) -> String {
    format!(
        "the system has no certificate authorities to verify the server with{why}: install the \
         package ca-certificates, or say `ca-file`"
    )
}
