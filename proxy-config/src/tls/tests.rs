//! Lists as people have them, for OpenSSL.

use super::*;
use crate::model::{CipherSuite, Curve};

/// `ER` is ECDSA or RSA, `128`, `256` or `P` the cipher; in the order of `list`.
fn short(suites: &[CipherSuite]) -> String {
    let names = suites.iter().map(|suite| match suite {
        CipherSuite::EcdheEcdsaAes128GcmSha256 => "E128",
        CipherSuite::EcdheEcdsaAes256GcmSha384 => "E256",
        CipherSuite::EcdheEcdsaChacha20Poly1305 => "EP",
        CipherSuite::EcdheRsaAes128GcmSha256 => "R128",
        CipherSuite::EcdheRsaAes256GcmSha384 => "R256",
        CipherSuite::EcdheRsaChacha20Poly1305 => "RP",
        other => other.name(),
    });
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn cipher_lists() {
    let cases = [
        ("ALL", "E128 R128 E256 R256 EP RP"),
        ("DEFAULT:!aNULL:!eNULL:!MD5", "E128 R128 E256 R256 EP RP"),
        ("HIGH:!AESGCM", "EP RP"),
        ("HIGH !aRSA,!CHACHA20;@SECLEVEL=2", "E128 E256"),
        ("EECDH+AESGCM:EDH+AESGCM", "E128 R128 E256 R256"),
        ("ECDHE+AES256:ECDHE+CHACHA20", "E256 R256 EP RP"),
        ("ECDHE-RSA-AES256-GCM-SHA384:ALL", "R256 E128 R128 E256 EP RP"),
        // Moved to the end; what is not there is not added.
        ("AES128:AES256:+AES128", "E256 R256 E128 R128"),
        ("AES256:+CHACHA20", "E256 R256"),
        // Removed, and back again; killed, and not.
        ("ALL:-aECDSA:ECDSA", "R128 R256 RP E128 E256 EP"),
        ("ALL:!aECDSA:ECDSA", "R128 R256 RP"),
        ("!AES128:ALL", "E256 R256 EP RP"),
        ("ALL:@STRENGTH", "E256 R256 EP RP E128 R128"),
        // `RSA` is the key exchange, which none of them has.
        ("ALL:!RSA:!kRSA:!SHA256:!DHE:!3DES", "E128 R128 E256 R256 EP RP"),
    ];
    for (text, expected) in cases {
        assert_eq!(short(&ciphers(text).unwrap().values), expected, "{text}");
    }
}

#[test]
fn mozilla_lists() {
    let intermediate = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:\
        ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:\
        ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:\
        DHE-RSA-CHACHA20-POLY1305";
    let list = ciphers(intermediate).unwrap();
    assert_eq!(short(&list.values), "E128 R128 E256 R256 EP RP");
    let missing =
        ["DHE-RSA-AES128-GCM-SHA256", "DHE-RSA-AES256-GCM-SHA384", "DHE-RSA-CHACHA20-POLY1305"];
    assert_eq!(list.missing, missing);
    assert!(list.misplaced.is_empty());
    let old = ciphers("ECDHE-RSA-AES128-SHA256:AES256-SHA:DES-CBC3-SHA:RC4-SHA:aRSA").unwrap();
    assert_eq!((short(&old.values).as_str(), old.missing.len()), ("R128 R256 RP", 4));
    let suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
    let list = ciphersuites(suites).unwrap();
    assert_eq!(list.values, CipherSuite::ALL[..3]);
}

#[test]
fn suites_of_the_other_version() {
    let list = ciphers("TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256:ECDHE+AES").unwrap();
    assert_eq!(list.misplaced, ["TLS_AES_128_GCM_SHA256", "TLS_AES_128_CCM_SHA256"]);
    assert!(list.missing.is_empty());
    let list = ciphersuites("TLS_AES_128_CCM_8_SHA256,TLS_AES_256_GCM_SHA384").unwrap();
    assert_eq!((list.values.len(), list.missing.len()), (1, 1));
    let fault = ciphersuites("ECDHE-RSA-AES128-GCM-SHA256").unwrap_err();
    assert_eq!(fault.expected, "`ciphers` has those of TLS 1.2");
}

#[test]
fn bad_cipher_lists() {
    let cases = [
        ("", "leaves no cipher", 0..0),
        ("::", "leaves no cipher", 0..2),
        ("!ALL", "leaves no cipher", 0..4),
        ("DHE-RSA-AES128-GCM-SHA256", "leaves no cipher", 0..25),
        ("ALL:!HIGH", "leaves no cipher", 0..9),
        (
            "ALL:ECDHE-RSA-AES127-GCM-SHA256",
            "has an unknown cipher `ECDHE-RSA-AES127-GCM-SHA256`",
            4..31,
        ),
        ("ALL:!high", "has an unknown cipher `high`", 5..9),
        ("ECDHE+AESGMC", "has an unknown cipher `AESGMC`", 6..12),
        ("ALL:!", "has an unknown cipher ``", 5..5),
        ("ALL:@SECLEVEL=9", "has an unknown command `@SECLEVEL=9`", 4..15),
        ("ALL:@SECLEVEL=22", "has an unknown command `@SECLEVEL=22`", 4..16),
        ("caf\u{e9}:ALL", "has an unknown cipher `caf\u{e9}`", 0..5),
    ];
    for (text, problem, range) in cases {
        let fault = ciphers(text).unwrap_err();
        assert_eq!((fault.problem.as_str(), fault.range), (problem, range), "{text}");
    }
    let fault = ciphers("ECDHE-RSA-AES128-GCM-SHA265").unwrap_err();
    assert_eq!(fault.expected, "did you mean `ECDHE-RSA-AES128-GCM-SHA256`?");
    assert_eq!(ciphersuites("TLS_AES_128_CCM_SHA256").unwrap_err().problem, "leaves no suite");
    assert!(ciphersuites("TLS_AES_128").unwrap_err().problem.starts_with("has an unknown"));
}

#[test]
fn curve_lists() {
    use Curve::{P256, P384, X25519, X25519MlKem768};
    let cases = [
        ("X25519MLKEM768:X25519:P-256:P-384", &[X25519MlKem768, X25519, P256, P384][..], 0),
        ("prime256v1,secp256r1 secp384r1", &[P256, P384], 0),
        ("x25519:SECP384R1", &[X25519, P384], 0),
        ("*X25519MLKEM768/?*X25519", &[X25519MlKem768, X25519], 0),
        ("secp521r1:X448:ffdhe2048:P-256:X448", &[P256], 3),
    ];
    for (text, expected, missing) in cases {
        let list = curves(text).unwrap();
        assert_eq!((&list.values[..], list.missing.len()), (expected, missing), "{text}");
    }
    assert_eq!(curves("P-521").unwrap_err().problem, "leaves no curve");
    let fault = curves("X25519:?P-255").unwrap_err();
    assert_eq!((fault.range, fault.expected.as_str()), (8..13, "did you mean `P-256`?"));
}
