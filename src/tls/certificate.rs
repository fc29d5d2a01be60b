//! Facts of a certificate: for choosing one, for warnings, for logs, and for rules that ask for them.
//!
//! All of them follow from its bytes, of which there are at most 64 KiB in a handshake. Names and
//! forms are OpenSSL's as HAProxy prints them (`ssl_c_*`, `ssl_f_*`, `ssl_s_*`).

mod names;
mod oid;
#[cfg(test)]
mod tests;

use x509_parser::asn1_rs::Any;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, SubjectAlternativeName};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;

pub use self::names::Name;

/// The longest text that is made of a certificate, in bytes: HAProxy's buffer. What would be longer is
/// empty.
pub const TEXT_LEN_MAX: usize = 16 * 1024;

/// A certificate that can be read; nothing says that it is good.
#[derive(Debug)]
pub struct Certificate<'a> {
    der: &'a [u8],
    parsed: X509Certificate<'a>,
}

impl<'a> Certificate<'a> {
    /// # Errors
    /// That it is not a certificate in DER, or that something follows it.
    pub fn parse(der: &'a [u8]) -> Result<Self, String> {
        match X509Certificate::from_der(der) {
            Ok(([], parsed)) => Ok(Self { der, parsed }),
            Ok(_) => Err("is followed by other bytes".into()),
            Err(_) => Err("is not a certificate".into()),
        }
    }

    /// The host names that it is for, in lower case, wildcards as they are: those of its
    /// subjectAltName, or else its common names.
    pub fn names(&self) -> Vec<String> {
        let named = |text: &str| text.to_ascii_lowercase();
        let alternative: Vec<String> = self
            .alternative_names()
            .filter_map(|name| match name {
                GeneralName::DNSName(text) => Some(named(text)),
                _ => None,
            })
            .collect();
        match alternative.is_empty() {
            true => self.subject().common_names().map(named).collect(),
            false => alternative,
        }
    }

    /// Its subjectAltName as text, as OpenSSL prints it: `DNS:a.example, IP Address:192.0.2.1`. A comma
    /// or anything but plain ASCII in a name is a `?`, so that none looks like two.
    pub fn alternative_names_text(&self) -> String {
        let names: Vec<String> = self.alternative_names().map(names::general_text).collect();
        within_limit(names.join(", "))
    }

    pub fn subject(&self) -> Name<'_> {
        Name::new(self.parsed.subject())
    }

    pub fn issuer(&self) -> Name<'_> {
        Name::new(self.parsed.issuer())
    }

    /// Unix time in seconds from which on it is valid.
    pub fn not_before(&self) -> i64 {
        self.parsed.validity().not_before.timestamp()
    }

    /// Unix time in seconds of the last second in which it is valid.
    pub fn not_after(&self) -> i64 {
        self.parsed.validity().not_after.timestamp()
    }

    /// `ssl_c_notbefore`: `YYMMDDhhmmssZ`; `None` outside this century.
    pub fn not_before_text(&self) -> Option<String> {
        time_text(&self.parsed.validity().not_before)
    }

    /// `ssl_c_notafter`: `YYMMDDhhmmssZ`; `None` outside this century.
    pub fn not_after_text(&self) -> Option<String> {
        time_text(&self.parsed.validity().not_after)
    }

    /// Its number, big endian, without the zero that only says that it is positive.
    pub fn serial(&self) -> &[u8] {
        match self.parsed.raw_serial() {
            [0, rest @ ..] if !rest.is_empty() => rest,
            serial => serial,
        }
    }

    /// 3, or 1 for very old ones.
    pub fn version(&self) -> u32 {
        self.parsed.version().0.saturating_add(1)
    }

    /// Its key with the key's algorithm (SubjectPublicKeyInfo), in DER.
    pub fn key_der(&self) -> &[u8] {
        self.parsed.public_key().raw
    }

    /// Its key's algorithm with parameters, in DER without the head of the sequence, and its key.
    pub fn key(&self) -> Option<(&[u8], &[u8])> {
        let key = self.parsed.public_key();
        let (_, whole) = Any::from_der(key.raw).ok()?;
        let (_, algorithm) = Any::from_der(whole.data).ok()?;
        Some((algorithm.data, &key.subject_public_key.data))
    }

    /// The algorithm of its key: `rsaEncryption`, `id-ecPublicKey`, `ED25519`.
    pub fn key_alg(&self) -> String {
        oid::short_name(&self.parsed.public_key().algorithm.algorithm)
    }

    /// The kind and length of its key as HAProxy names them: `RSA2048`, `EC256`; without a length
    /// where only the kind is known.
    pub fn key_name(&self) -> String {
        match self.parsed.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => format!("RSA{}", key.key_size()),
            Ok(PublicKey::EC(point)) => format!("EC{}", point.key_size()),
            _ => self.key_alg(),
        }
    }

    /// The algorithm of the signature on it: `RSA-SHA256`, `ecdsa-with-SHA256`.
    pub fn sig_alg(&self) -> String {
        oid::short_name(&self.parsed.signature_algorithm.algorithm)
    }

    /// Its fingerprint.
    pub fn sha1(&self) -> [u8; 20] {
        sha1_smol::Sha1::from(self.der).digest().bytes()
    }

    /// Whether a server may show it: it does not say what it is for, or says that among others.
    pub fn is_for_servers(&self) -> bool {
        match self.parsed.extended_key_usage() {
            Ok(None) => true,
            Ok(Some(usage)) => usage.value.server_auth || usage.value.any,
            Err(_) => false,
        }
    }

    /// Whether it has any name that counts for TLS.
    pub fn has_alternative_names(&self) -> bool {
        self.alternative_names().next().is_some()
    }

    fn alternative_names(&self) -> impl Iterator<Item = &GeneralName<'a>> {
        let extension = self.parsed.subject_alternative_name().ok().flatten();
        let names = extension.map(|extension| extension.value);
        names.into_iter().flat_map(|names: &SubjectAlternativeName<'a>| &names.general_names)
    }
}

/// As HAProxy has it, which gives none for other centuries.
fn time_text(time: &ASN1Time) -> Option<String> {
    let time = time.to_datetime();
    let year = time.year().checked_sub(2000).filter(|year| (0..100).contains(year))?;
    let (month, day) = (u8::from(time.month()), time.day());
    let (hour, minute, second) = time.to_hms();
    Some(format!("{year:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z"))
}

fn within_limit<T: AsRef<[u8]> + Default>(text: T) -> T {
    match text.as_ref().len() <= TEXT_LEN_MAX {
        true => text,
        false => T::default(),
    }
}
