//! The public keys that `jwt_verify` knows by name, read from files at load.

use std::collections::HashMap;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use proxy_config::model::rule::JwtKeyFile;
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521,
    OID_PKCS1_RSAENCRYPTION,
};
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Keys by the names that rules and variables have for them.
#[derive(Debug, Default)]
pub struct JwtKeys(HashMap<Box<[u8]>, PublicKey>);

impl JwtKeys {
    /// # Errors
    /// A file without a usable key, for a person.
    pub fn new(files: &[JwtKeyFile]) -> Result<Self, String> {
        let key = |file: &JwtKeyFile| match PublicKey::of(&file.text) {
            Ok(key) => Ok((file.name.clone(), key)),
            Err(why) => Err(format!("{}: {why}", String::from_utf8_lossy(&file.name))),
        };
        files.iter().map(key).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn find(&self, name: &[u8]) -> Option<&PublicKey> {
        self.0.get(name)
    }
}

/// How a token is signed with a pair of keys (RFC 7518 section 3.1).
#[derive(Debug, Clone, Copy)]
pub(super) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
}

impl Algorithm {
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"RS256" => Self::Rs256,
            b"RS384" => Self::Rs384,
            b"RS512" => Self::Rs512,
            b"PS256" => Self::Ps256,
            b"PS384" => Self::Ps384,
            b"PS512" => Self::Ps512,
            b"ES256" => Self::Es256,
            b"ES384" => Self::Es384,
            b"ES512" => Self::Es512,
            _ => return None,
        })
    }

    fn key_kind(self) -> Kind {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 => Kind::Rsa,
            Self::Ps256 | Self::Ps384 | Self::Ps512 => Kind::Rsa,
            Self::Es256 => Kind::P256,
            Self::Es384 => Kind::P384,
            Self::Es512 => Kind::P521,
        }
    }

    fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
            Self::Ps256 => &RSA_PSS_2048_8192_SHA256,
            Self::Ps384 => &RSA_PSS_2048_8192_SHA384,
            Self::Ps512 => &RSA_PSS_2048_8192_SHA512,
            Self::Es256 => &ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &ECDSA_P384_SHA384_FIXED,
            Self::Es512 => &ECDSA_P521_SHA512_FIXED,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    P521,
}

/// A key as its algorithm takes it: PKCS #1 of RSA, a point of a curve.
#[derive(Debug)]
pub(super) struct PublicKey {
    kind: Kind,
    bytes: Vec<u8>,
}

impl PublicKey {
    /// Of the first key or certificate in a PEM file.
    fn of(pem: &[u8]) -> Result<Self, &'static str> {
        for block in Pem::iter_from_buffer(pem) {
            let block = block.map_err(|_| "this is not PEM")?;
            match block.label.as_str() {
                "PUBLIC KEY" => {
                    let (_, info) = SubjectPublicKeyInfo::from_der(&block.contents)
                        .map_err(|_| "the public key cannot be read")?;
                    return Self::of_info(&info);
                }
                "CERTIFICATE" => {
                    let (_, certificate) = X509Certificate::from_der(&block.contents)
                        .map_err(|_| "the certificate cannot be read")?;
                    return Self::of_info(certificate.public_key());
                }
                "RSA PUBLIC KEY" => return Self::checked(Kind::Rsa, &block.contents),
                _ => {}
            }
        }
        Err("it has no public key and no certificate")
    }

    fn of_info(info: &SubjectPublicKeyInfo<'_>) -> Result<Self, &'static str> {
        let curve = info.algorithm.parameters.as_ref().and_then(|own| own.as_oid().ok());
        let algorithm = &info.algorithm.algorithm;
        let kind = match curve {
            _ if *algorithm == OID_PKCS1_RSAENCRYPTION => Kind::Rsa,
            Some(curve) if *algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY => match curve {
                _ if curve == OID_EC_P256 => Kind::P256,
                _ if curve == OID_NIST_EC_P384 => Kind::P384,
                _ if curve == OID_NIST_EC_P521 => Kind::P521,
                _ => return Err("its curve is none of P-256, P-384 and P-521"),
            },
            _ => return Err("its key is neither of RSA nor of an elliptic curve"),
        };
        Self::checked(kind, &info.subject_public_key.data)
    }

    fn checked(kind: Kind, bytes: &[u8]) -> Result<Self, &'static str> {
        let algorithm = match kind {
            Kind::Rsa => Algorithm::Rs256,
            Kind::P256 => Algorithm::Es256,
            Kind::P384 => Algorithm::Es384,
            Kind::P521 => Algorithm::Es512,
        };
        ParsedPublicKey::new(algorithm.verification(), bytes)
            .map_err(|_| "its key is damaged, or RSA with other than 2048 to 8192 bits")?;
        Ok(Self { kind, bytes: bytes.to_vec() })
    }

    /// False if a signature has not the length that those of the key's curve have.
    pub(super) fn can_be_of(&self, algorithm: Algorithm, signature: &[u8]) -> bool {
        let len = match self.kind {
            Kind::Rsa => return true,
            Kind::P256 => 64,
            Kind::P384 => 96,
            Kind::P521 => 132,
        };
        algorithm.key_kind() == Kind::Rsa || signature.len() == len
    }

    /// Whether a signature is right; it never is with another kind of key.
    pub(super) fn verifies(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(algorithm.verification(), &self.bytes);
        algorithm.key_kind() == self.kind && key.verify(signed, signature).is_ok()
    }
}
