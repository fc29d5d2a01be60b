//! rustls as the other reader: the terminator gives it the same bytes, so it must never see another
//! name.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rustls::client::{EchGreaseConfig, EchMode};
use rustls::crypto::aws_lc_rs::hpke::DH_KEM_P256_HKDF_SHA256_AES_128;
use rustls::crypto::aws_lc_rs::kx_group::{X25519, X25519MLKEM768};
use rustls::crypto::hpke::Hpke;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::ServerName;
use rustls::server::Acceptor;
use rustls::{ClientConfig, ClientConnection};

use super::super::testing::{
    CAPTURED, Parts, accept, cut, extension, from_hex, host, vec8, vec16, with_extension,
};
use super::super::{HELLO_LEN_MAX, HelloError, inspect};
use crate::proto::testing::{Random, with_seeds};

type NameAndAlpn = (Option<String>, Vec<Vec<u8>>);

/// What rustls reads, unless it refuses the hello or waits for more.
fn by_rustls(bytes: &[u8]) -> Option<NameAndAlpn> {
    let (mut acceptor, mut rest) = (Acceptor::default(), bytes);
    while !rest.is_empty() {
        acceptor.read_tls(&mut rest).ok()?;
        let Some(accepted) = acceptor.accept().ok()? else { continue };
        let hello = accepted.client_hello();
        let alpn = hello.alpn().into_iter().flatten().map(<[u8]>::to_vec).collect();
        return Some((hello.server_name().map(str::to_owned), alpn));
    }
    None
}

fn by_us(bytes: &[u8]) -> Result<Option<NameAndAlpn>, HelloError> {
    let hello = inspect(bytes, HELLO_LEN_MAX)?;
    Ok(hello.map(|hello| {
        let name = hello.server_name().map(str::to_ascii_lowercase);
        (name, hello.alpn().map(<[u8]>::to_vec).collect())
    }))
}

/// Checks that rustls sees the same in what we take, if it takes it, and nothing in what we wait
/// for. Returns whether both took it.
fn check_against_rustls(bytes: &[u8]) -> bool {
    match (by_us(bytes), by_rustls(bytes)) {
        (Ok(Some(ours)), Some(theirs)) => {
            assert_eq!(ours, theirs, "{}", bytes.escape_ascii());
            true
        }
        (Ok(None), Some(theirs)) => panic!("{theirs:?} in {}", bytes.escape_ascii()),
        _ => false,
    }
}

#[test]
fn captured_hellos_are_read_alike() {
    for (name, text) in CAPTURED {
        let bytes = from_hex(text);
        // Without signature algorithms, as before TLS 1.2, it takes none.
        let is_old = name.contains("tls10") || name.contains("tls11");
        assert_eq!(check_against_rustls(&bytes), !is_old, "{name}");
        for at in 1..bytes.len() - 5 {
            assert_eq!(check_against_rustls(&cut(&bytes, &[at])), !is_old, "{name} at {at}");
        }
    }
}

/// Bytes that names and numbers are made of.
const NAME_BYTES: &[u8; 11] = b"aZfxX019.-_";

#[test]
fn a_name_is_one_for_rustls_too() {
    let named = AtomicU32::new(0);
    with_seeds(50_000, |random| {
        let len_max = if random.one_in(50) { 270 } else { 12 };
        let len = 1 + random.below(len_max);
        let mut name: Vec<u8> = (0..len).map(|_| NAME_BYTES[random.below(11)]).collect();
        if random.one_in(2) {
            random.mutate(&mut name);
            name.truncate(270);
        }
        let bytes = with_extension(0, &host(&name));
        let ours = inspect(&bytes, HELLO_LEN_MAX).map(|hello| {
            let hello = hello.unwrap();
            hello.server_name().map(str::to_owned)
        });
        let theirs = match ServerName::try_from(name.as_slice()) {
            _ if name.is_empty() => Err(HelloError::ServerNameInvalid),
            Ok(ServerName::DnsName(name)) => Ok(Some(name.as_ref().to_owned())),
            Ok(_) => Ok(None),
            Err(_) => Err(HelloError::ServerNameInvalid),
        };
        assert_eq!(ours, theirs, "{}", name.escape_ascii());
        named.fetch_add(u32::from(ours.is_ok()), Ordering::Relaxed);
        check_against_rustls(&bytes);
    });
    assert!(named.into_inner() > 5_000);
}

/// Values of extensions, right and wrong.
fn random_extensions(random: &mut Random) -> Vec<u8> {
    let name: &[u8] = random.pick(&[b"a.example", b"B.Example.", b"192.0.2.1", b"::1", b"a..b"]);
    let names =
        [host(name), host(b"x"), vec16(&[host(name), host(b"y")].concat()), vec16(b"\x01a")];
    let alpn = vec16(&[vec8(b"h2"), vec8(b"http/1.1")].concat());
    let all = [
        extension(0, &names[random.below(8) % 5 % 4]),
        extension(16, &alpn),
        extension(43, &vec8(&[3, 4, 3, 3])),
        extension(10, &vec16(&[0, 29])),
        extension(51, &vec16(&[&[0, 29][..], &vec16(&[7; 32])].concat())),
        extension(0x1234, b"?"),
        extension(0xfe0d, &[1]),
        extension(42, b""),
        extension(45, &vec8(&[1])),
    ];
    (0..random.below(7)).flat_map(|_| all[random.below(all.len())].clone()).collect()
}

#[test]
fn random_hellos_are_never_read_differently() {
    let taken = AtomicU32::new(0);
    with_seeds(30_000, |random| {
        let mut extensions = random_extensions(random);
        if random.one_in(2) {
            random.mutate(&mut extensions);
        }
        let mut bytes = Parts::new(&extensions).hello();
        if random.one_in(4) {
            bytes = cut(&bytes, &[1 + random.below(bytes.len() - 6)]);
        }
        if random.one_in(4) {
            random.mutate(&mut bytes);
        }
        taken.fetch_add(u32::from(check_against_rustls(&bytes)), Ordering::Relaxed);
    });
    assert!(taken.into_inner() > 3_000);
}

#[test]
fn mutated_captured_hellos_are_never_read_differently() {
    let captured = CAPTURED.map(|(_, text)| from_hex(text));
    let taken = AtomicU32::new(0);
    with_seeds(30_000, |random| {
        let mut bytes = captured[random.below(captured.len())].clone();
        random.mutate(&mut bytes);
        taken.fetch_add(u32::from(check_against_rustls(&bytes)), Ordering::Relaxed);
    });
    assert!(taken.into_inner() > 3_000);
}

/// The first record of a client of rustls.
fn hello_of(config: ClientConfig, name: &str) -> Vec<u8> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut out = Vec::new();
    client.write_tls(&mut out).unwrap();
    out
}

fn provider() -> CryptoProvider {
    CryptoProvider { kx_groups: vec![X25519MLKEM768, X25519], ..aws_lc_rs::default_provider() }
}

fn client_config(ech: Option<EchMode>) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(Arc::new(provider()));
    let builder = match ech {
        Some(ech) => builder.with_ech(ech).unwrap(),
        None => builder.with_safe_default_protocol_versions().unwrap(),
    };
    let roots = rustls::RootCertStore::empty();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

#[test]
fn hellos_of_rustls_are_read() {
    let bytes = hello_of(client_config(None), "www.example.com");
    let hello = accept(&bytes);
    assert_eq!(hello.server_name(), Some("www.example.com"));
    assert!(hello.alpn().eq([&b"h2"[..], b"http/1.1"]));
    assert!(hello.key_share_groups().any(|group| group == 0x11ec));
    assert_eq!((hello.highest_version(), hello.has_encrypted_hello()), (0x0304, false));

    let suite = DH_KEM_P256_HKDF_SHA256_AES_128;
    let (key, _) = suite.generate_key_pair().unwrap();
    let ech = EchMode::Grease(EchGreaseConfig::new(suite, key));
    let bytes = hello_of(client_config(Some(ech)), "www.example.com");
    let hello = accept(&bytes);
    assert!(hello.has_encrypted_hello());
    assert_eq!(hello.server_name(), Some("www.example.com"));
}
