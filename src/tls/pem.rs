//! Files of certificates and keys: read with a limit, and told apart by their PEM labels.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use memchr::memmem;
use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

/// The longest file that is read: hundreds of thousands of certificates.
const FILE_LEN_MAX: u64 = 64 * 1024 * 1024;

/// What marks encrypted keys: PKCS #8 (RFC 7468 section 11), and OpenSSL's own (RFC 1421).
const ENCRYPTED: [&[u8]; 2] = [b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED"];

/// What a PEM file has, in its order.
#[derive(Debug, Default)]
pub(super) struct Pem {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// The first of them, if there are any.
    pub(super) key: Option<PrivateKeyDer<'static>>,
    pub(super) crls: Vec<CertificateRevocationListDer<'static>>,
}

impl Pem {
    /// # Errors
    /// That the file could not be read, or has a broken section; without the path.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        Self::parse(&read(path)?)
    }

    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        if ENCRYPTED.iter().any(|mark| memmem::find(text, mark).is_some()) {
            return Err("has an encrypted key, and nobody can be asked for its password: \
                        decrypt it (`openssl pkey`)"
                .into());
        }
        let mut pem = Self::default();
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text) {
            let (kind, bytes) = section.map_err(|error| format!("is not valid PEM: {error}"))?;
            match kind {
                SectionKind::Certificate => pem.certificates.push(bytes.into()),
                SectionKind::Crl => pem.crls.push(bytes.into()),
                _ if pem.key.is_none() => pem.key = PrivateKeyDer::from_pem(kind, bytes),
                _ => {}
            }
        }
        Ok(pem)
    }
}

/// # Errors
/// Why the file could not be read; without its path.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |error| format!("cannot be read: {error}");
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(cannot)?;
    file.take(FILE_LEN_MAX + 1).read_to_end(&mut bytes).map_err(cannot)?;
    match bytes.len() as u64 <= FILE_LEN_MAX {
        true => Ok(bytes),
        false => Err(format!("is longer than {} MiB", FILE_LEN_MAX / 1024 / 1024)),
    }
}
