//! A certificate as its file and those beside it have it: chain, key, OCSP response, names.

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{Error, InconsistentKeys, SignatureAlgorithm};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::certificate::Certificate;
use super::reading::{Reading, date};
use super::{ocsp, side_files};

/// The least that rustls signs with.
const RSA_BITS_MIN: usize = 2048;

pub(super) struct Bundle {
    pub(super) kind: KeyKind,
    /// As in the certificate, in lower case.
    pub(super) names: Vec<String>,
    content: Content,
    plain: Arc<CertifiedKey>,
    stapled: Option<Stapled>,
}

/// A digest of a certificate and its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Content([u8; 32]);

/// In the order in which one is chosen, as HAProxy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeyKind {
    Ecdsa,
    Rsa,
    Ed25519,
}

struct Stapled {
    key: Arc<CertifiedKey>,
    /// Unix seconds, from which on clients would refuse the OCSP response.
    until_s: i64,
}

impl Bundle {
    /// # Errors
    /// What is wrong, without the path of `crt`.
    pub(super) fn load(
        crt: &Path,
        key_base: Option<&Path>,
        reading: &mut Reading,
    ) -> Result<Self, String> {
        let pem = reading.pem(crt)?;
        let mut chain = pem.certificates;
        let Some(leaf) = chain.first().cloned() else { return Err("has no certificate".into()) };
        let facts = Certificate::parse(&leaf).map_err(|what| format!("its certificate {what}"))?;
        warn_of_dates(crt, &facts, reading);
        let key = side_files::key(crt, pem.key, key_base, reading)?;
        if chain.len() == 1 {
            chain.extend(side_files::issuer(crt, reading)?);
        }
        let content = Content::new(&leaf, &key);
        let key = match reading.known_key(&content) {
            Some(known) => known,
            None => checked_key(&key, &leaf)?,
        };
        let kind = kind(key.algorithm()).ok_or("its key is of a kind that cannot be used")?;
        let plain = CertifiedKey::new(chain, key);
        let stapled = stapled(crt, &plain, &facts, reading);
        Ok(Self { kind, names: facts.names(), content, plain: Arc::new(plain), stapled })
    }

    /// The key, found good for this content.
    pub(super) fn known_key(&self) -> (Content, Arc<dyn SigningKey>) {
        (self.content, self.plain.key.clone())
    }

    /// Whether it is for the names of `other`, and for no others.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.names.len() == other.names.len()
            && self.names.iter().all(|name| other.names.contains(name))
    }

    /// The certificate and its key.
    pub(super) fn plain(&self) -> &Arc<CertifiedKey> {
        &self.plain
    }

    /// What a client gets at `now_s` in Unix seconds. A response that is out of date would be
    /// worse for it than none.
    pub(super) fn certified(&self, now_s: i64) -> &Arc<CertifiedKey> {
        match &self.stapled {
            Some(stapled) if now_s < stapled.until_s => &stapled.key,
            _ => &self.plain,
        }
    }
}

fn kind(algorithm: SignatureAlgorithm) -> Option<KeyKind> {
    match algorithm {
        SignatureAlgorithm::ECDSA => Some(KeyKind::Ecdsa),
        SignatureAlgorithm::RSA => Some(KeyKind::Rsa),
        SignatureAlgorithm::ED25519 => Some(KeyKind::Ed25519),
        _ => None,
    }
}

impl Content {
    fn new(leaf: &CertificateDer<'_>, key: &PrivateKeyDer<'_>) -> Self {
        let mut digest = Context::new(&SHA256);
        digest.update(&leaf.len().to_be_bytes());
        digest.update(leaf);
        digest.update(key.secret_der());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.finish().as_ref());
        Self(bytes)
    }
}

/// Takes up to a millisecond, for which reason a reload does not do it again.
///
/// # Errors
/// That the key is no good, or not the certificate's.
fn checked_key(
    key: &PrivateKeyDer<'_>,
    leaf: &CertificateDer<'static>,
) -> Result<Arc<dyn SigningKey>, String> {
    let key = any_supported_type(key).map_err(|error| explain_key(&error, leaf))?;
    match CertifiedKey::new(vec![leaf.clone()], key.clone()).keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(key),
        Err(Error::InconsistentKeys(_)) => {
            Err("its private key is not that of its (first) certificate".into())
        }
        Err(error) => Err(format!("its certificate cannot be used: {error}")),
    }
}

/// Never with a word of the key itself.
fn explain_key(error: &Error, leaf: &CertificateDer<'_>) -> String {
    match rsa_bits(leaf) {
        Some(bits) if bits < RSA_BITS_MIN => {
            format!("its RSA key has {bits} bits; at least {RSA_BITS_MIN} are needed")
        }
        _ => format!("its private key cannot be used: {error}"),
    }
}

fn rsa_bits(leaf: &CertificateDer<'_>) -> Option<usize> {
    let (_, certificate) = X509Certificate::from_der(leaf).ok()?;
    match certificate.public_key().parsed().ok()? {
        PublicKey::RSA(key) => Some(key.key_size()),
        _ => None,
    }
}

fn warn_of_dates(crt: &Path, facts: &Certificate<'_>, reading: &mut Reading) {
    let what = match reading.now_s {
        now_s if now_s > facts.not_after() => format!("expired on {}", date(facts.not_after())),
        now_s if now_s < facts.not_before() => {
            format!("is not valid before {}", date(facts.not_before()))
        }
        _ => return,
    };
    reading.warn(format!("crt `{}`: {what}", crt.display()));
}

fn stapled(
    crt: &Path,
    plain: &CertifiedKey,
    facts: &Certificate<'_>,
    reading: &mut Reading,
) -> Option<Stapled> {
    let (file, bytes) = side_files::ocsp(crt, reading)?;
    let checked = bytes.and_then(|bytes| {
        let until_s = ocsp::valid_until_s(&bytes, facts.serial(), reading.now_s)?;
        Ok((bytes, until_s))
    });
    match checked {
        Ok((bytes, until_s)) => {
            let key = CertifiedKey { ocsp: Some(bytes), ..plain.clone() };
            Some(Stapled { key: Arc::new(key), until_s })
        }
        Err(what) => {
            reading.warn(format!("`{}` is not stapled: it {what}", file.display()));
            None
        }
    }
}
