//! The certificate that all proxies show: ECDSA P-256, signed by itself, made for one run.

use crate::Result;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// The name in it, and the one that is asked for.
pub(crate) const NAME: &str = "localhost";

/// Certificate and key in one file, which each of the proxies reads.
pub(crate) const FILE: &str = "site.pem";

/// Writes the certificate to `dir`.
pub(crate) fn make(dir: &Path) -> Result<()> {
    let (key, certificate) = (dir.join("site.key"), dir.join("site.crt"));
    let output = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
        .args(["-nodes", "-sha256", "-days", "2", "-subj", &format!("/CN={}", NAME)])
        .args(["-addext", &format!("subjectAltName=DNS:{}", NAME)])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run openssl: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("openssl makes no certificate: {said}").into());
    }
    let bundle = dir.join(FILE);
    fs::write(&bundle, [fs::read(certificate)?, fs::read(key)?].concat())?;
    // As it is a key, a proxy may object to one that all can read.
    fs::set_permissions(bundle, Permissions::from_mode(0o600))?;
    Ok(())
}
