//! Tests of the converters of JSON Web Tokens.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use proxy_config::model::rule::{Converter, JwtKeyFile, JwtPart, Operand, Tables, Value};

use super::super::super::sample::Sample;
use super::super::super::table::Library;
use super::{Stage, VAR, boxed, check, check_on, s};

/// Made by OpenSSL, and good for HAProxy 2.6.
const EC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEilBp8YDLQE+UJzouSPGy7jrNGtR6\n\
    9o82G+a+15WzMYoGoc95p5NrvGq2HpCCSnUMFo/iSi08/zz2AO7ad0KKaA==\n\
    -----END PUBLIC KEY-----\n";
const EC_TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjb3JlbGFuZSJ9.\
    eY_7VqOwIDLXQNBO6xHxMPuyTAQ5pmUj0hsp7v84Bj_3L82H0DlOeItxPhjt3ckGHwHh_yIZB39oEj2Vz8d35g";
/// RFC 7515 appendix A.1, with its key.
const HMAC_TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
    eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
    dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const HMAC_KEY: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

fn text(text: &[u8]) -> Operand {
    Operand::Value(Value::Str(text.into()))
}

fn verify(alg: &str, key: &[u8]) -> Converter {
    Converter::JwtVerify { alg: text(alg.as_bytes()), key: text(key) }
}

fn stage_with(files: &[(&str, &str)]) -> Stage {
    let file = |(name, pem): &(&str, &str)| JwtKeyFile {
        name: boxed(name),
        text: Arc::from(pem.as_bytes()),
    };
    let jwt_keys = files.iter().map(file).collect();
    let mut stage = Stage::empty();
    stage.library = Library::new(&Tables { jwt_keys, ..Tables::default() }).unwrap();
    stage
}

#[test]
fn parts_of_a_token() {
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln";
    let query = |part, path: Option<&str>, as_int| Converter::JwtQuery {
        part,
        path: path.map(Into::into),
        as_int,
    };
    let (header, payload) = (JwtPart::Header, JwtPart::Payload);
    check(&[
        (s(token), query(header, None, false), Some(s("{\"alg\":\"HS256\"}"))),
        (s(token), query(payload, None, false), Some(s("{\"a\":1}"))),
        (s(token), query(header, Some("$.alg"), false), Some(s("HS256"))),
        (s(token), query(payload, Some("$.a"), true), Some(Sample::Int(1))),
        (s(token), query(payload, Some("$.b"), true), None),
        (s("eyJhbGciOiJIUzI1NiJ9"), query(payload, None, false), None),
        (s("!!.eyJhIjoxfQ.c2ln"), query(header, None, false), None),
        (s("a.b"), query(header, None, false), None),
    ]);
}

#[test]
fn tokens_that_are_not_signed() {
    let [two, three] = ["eyJhbGciOiJub25lIn0.eyJhIjoxfQ", "eyJhbGciOiJub25lIn0.eyJhIjoxfQ."];
    let signed = "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.aa";
    let stage = stage_with(&[]);
    check_on(
        &stage,
        None,
        &[
            (s(three), verify("none", b""), Some(Sample::Int(1))),
            (s(two), verify("none", b""), Some(Sample::Int(1))),
            (s(signed), verify("none", b""), Some(Sample::Int(0))),
            (s("a"), verify("none", b""), Some(Sample::Int(-3))),
            (s("a.b.c.d"), verify("none", b""), Some(Sample::Int(-3))),
        ],
    );
    // What a token says of itself: HAProxy 2.6 takes it for good.
    let by_var = Converter::JwtVerify { alg: Operand::Var(VAR), key: text(b"x") };
    check_on(&stage, Some(s("none")), &[(s(three), by_var, Some(Sample::Int(-1)))]);
}

#[test]
fn tokens_that_cannot_be_told() {
    let signed = "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.aa";
    let stage = stage_with(&[]);
    for (token, alg, expected) in [
        ("eyJhbGciOiJub25lIn0.eyJhIjoxfQ.", "HS256", -3),
        ("eyJhbGciOiJub25lIn0.eyJhIjoxfQ", "HS256", -3),
        ("eyJhbGciOiJub25lIn0.eyJhIjoxfQ.a!", "HS256", -3),
        ("a.b.c.d", "HS256", -3),
        ("", "HS256", -3),
        (signed, "HS256", 0),
        (signed, "RS256", -5),
        (signed, "PS256", -5),
        (signed, "XX", -1),
        (signed, "hs256", -1),
    ] {
        check_on(&stage, None, &[(s(token), verify(alg, b"x"), Some(Sample::Int(expected)))]);
    }
    let by_var = Converter::JwtVerify { alg: Operand::Var(VAR), key: text(b"x") };
    check_on(&stage, None, &[(s(signed), by_var, None)]);
}

#[test]
fn tokens_with_a_secret() {
    let key = URL_SAFE_NO_PAD.decode(HMAC_KEY).unwrap();
    let stage = stage_with(&[("ec.pem", EC_KEY)]);
    let damaged = HMAC_TOKEN.replace("9.eyJpc", "9.eyJpd");
    check_on(
        &stage,
        None,
        &[
            (s(HMAC_TOKEN), verify("HS256", &key), Some(Sample::Int(1))),
            (s(&damaged), verify("HS256", &key), Some(Sample::Int(0))),
            (s(HMAC_TOKEN), verify("HS384", &key), Some(Sample::Int(0))),
            (s(HMAC_TOKEN), verify("HS256", b"other"), Some(Sample::Int(0))),
        ],
    );
}

/// Scenario: the algorithm comes from the token, and an attacker signs with the name of the public key,
/// which a rule names as the key. It must not count as a secret.
#[test]
fn the_name_of_a_public_key_is_no_secret() {
    let stage = stage_with(&[("ec.pem", EC_KEY)]);
    let signed = "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ";
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"ec.pem");
    let tag = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag));
    check_on(&stage, None, &[(s(&token), verify("HS256", b"ec.pem"), Some(Sample::Int(0)))]);
    let stage = stage_with(&[]);
    check_on(&stage, None, &[(s(&token), verify("HS256", b"ec.pem"), Some(Sample::Int(1)))]);
}

#[test]
fn a_token_of_openssl() {
    let stage = stage_with(&[("ec.pem", EC_KEY)]);
    let shorter = EC_TOKEN.get(..EC_TOKEN.len() - 4).unwrap();
    check_on(
        &stage,
        None,
        &[
            (s(EC_TOKEN), verify("ES256", b"ec.pem"), Some(Sample::Int(1))),
            (s(EC_TOKEN), verify("ES384", b"ec.pem"), Some(Sample::Int(0))),
            (s(EC_TOKEN), verify("RS256", b"ec.pem"), Some(Sample::Int(0))),
            (s(EC_TOKEN), verify("ES256", b"other.pem"), Some(Sample::Int(-5))),
            (s(shorter), verify("ES256", b"ec.pem"), Some(Sample::Int(-3))),
        ],
    );
    let by_var = Converter::JwtVerify { alg: text(b"ES256"), key: Operand::Var(VAR) };
    check_on(&stage, Some(s("ec.pem")), &[(s(EC_TOKEN), by_var, Some(Sample::Int(1)))]);
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// A token that `sign` signed is good by its key, and not once a byte of it changed.
fn check_signature(alg: &str, key: &str, sign: impl Fn(&[u8]) -> Vec<u8>) {
    let header = URL_SAFE_NO_PAD.encode(format!("{{\"alg\":\"{alg}\"}}"));
    let signed = format!("{header}.eyJhIjoxfQ");
    let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
    let token = format!("{signed}.{signature}");
    let other = format!("{header}.eyJhIjoyfQ.{signature}");
    let stage = stage_with(&[("key", key)]);
    check_on(
        &stage,
        None,
        &[
            (s(&token), verify(alg, b"key"), Some(Sample::Int(1))),
            (s(&other), verify(alg, b"key"), Some(Sample::Int(0))),
        ],
    );
}

#[test]
fn algorithms_with_rsa() {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let key = pem("RSA PUBLIC KEY", pair.public_key().as_ref());
    let encodings: [(&str, &dyn RsaEncoding); 6] = [
        ("RS256", &RSA_PKCS1_SHA256),
        ("RS384", &RSA_PKCS1_SHA384),
        ("RS512", &RSA_PKCS1_SHA512),
        ("PS256", &RSA_PSS_SHA256),
        ("PS384", &RSA_PSS_SHA384),
        ("PS512", &RSA_PSS_SHA512),
    ];
    for (alg, encoding) in encodings {
        check_signature(alg, &key, |message| {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
            signature
        });
    }
}

#[test]
fn algorithms_with_curves() {
    let curves: [(&str, &'static EcdsaSigningAlgorithm, &rcgen::SignatureAlgorithm); 3] = [
        ("ES256", &ECDSA_P256_SHA256_FIXED_SIGNING, &rcgen::PKCS_ECDSA_P256_SHA256),
        ("ES384", &ECDSA_P384_SHA384_FIXED_SIGNING, &rcgen::PKCS_ECDSA_P384_SHA384),
        ("ES512", &ECDSA_P521_SHA512_FIXED_SIGNING, &rcgen::PKCS_ECDSA_P521_SHA512),
    ];
    for (alg, algorithm, generator) in curves {
        let own = rcgen::KeyPair::generate_for(generator).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, &own.serialize_der()).unwrap();
        let sign =
            |message: &[u8]| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec();
        check_signature(alg, &own.public_key_pem(), sign);
        let parameters = rcgen::CertificateParams::new(vec!["example.com".to_owned()]).unwrap();
        check_signature(alg, &parameters.self_signed(&own).unwrap().pem(), sign);
    }
}

#[test]
fn files_without_a_usable_key() {
    let other_curve = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().public_key_pem();
    for (text, expected) in [
        ("", "it has no public key and no certificate"),
        ("nothing", "it has no public key and no certificate"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "cannot be read"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read"),
        ("-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n", "damaged"),
        ("-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n", "not PEM"),
        (other_curve.as_str(), "neither of RSA nor"),
    ] {
        let file = JwtKeyFile { name: boxed("k.pem"), text: Arc::from(text.as_bytes()) };
        let error = super::super::JwtKeys::new(&[file]).unwrap_err();
        assert!(error.starts_with("k.pem: ") && error.contains(expected), "{error}");
    }
}
