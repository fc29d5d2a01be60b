//! A ClientHello: the verdict depends neither on its arrival nor on the records that carry it, and
//! what is read of it is there in the bytes.
//!
//! The input is the stream itself; where it is one handshake record, its message is tried in
//! others.
#![no_main]

use fuzz::proto::tls_hello::{
    ClientHello, HELLO_LEN_MAX, HelloError, HelloType, codes, hello_type, inspect,
};
use fuzz::{Pieces, settled};
use libfuzzer_sys::fuzz_target;

/// So narrow that inputs reach it.
const NARROW: usize = 300;

fuzz_target!(|bytes: &[u8]| {
    for max in [NARROW, HELLO_LEN_MAX] {
        check_arrival(bytes, max);
    }
    if let Ok(Some(hello)) = inspect(bytes, HELLO_LEN_MAX) {
        check_hello(bytes, &hello);
    }
    check_records(bytes);
});

fn check_arrival(bytes: &[u8], max: usize) {
    let verdict = settled(bytes, |bytes| outcome(bytes, max).transpose());
    let kind = settled(bytes, |bytes| Ok::<_, ()>(hello_type(bytes, max)));
    match verdict {
        Ok(Some(read)) => {
            assert_eq!(kind, Ok(Some(HelloType::Client)));
            assert!(read.len <= max.min(bytes.len()));
        }
        Ok(None) => assert_ne!(kind, Ok(Some(HelloType::Client))),
        // It may become a ServerHello.
        Err(HelloError::NotClientHello) => {}
        Err(_) => assert_ne!(kind, Ok(None)),
    }
}

/// All that is read of a hello.
#[derive(Debug, PartialEq)]
struct Read {
    len: usize,
    bytes: Vec<Vec<u8>>,
    codes: Vec<u16>,
    server_name: Option<String>,
    bits: [bool; 3],
}

fn outcome(bytes: &[u8], max: usize) -> Option<Result<Read, HelloError>> {
    let hello = inspect(bytes, max).transpose()?;
    Some(hello.map(|hello| read(&hello)))
}

fn read(hello: &ClientHello<'_>) -> Read {
    let lists = [
        Some(hello.session_id()),
        Some(hello.cipher_suites()),
        Some(hello.compression_methods()),
        hello.supported_versions(),
        hello.supported_groups(),
        hello.point_formats(),
        hello.signature_algorithms(),
        hello.session_ticket(),
    ];
    let lists = lists.into_iter().flatten().chain(hello.alpn()).map(<[u8]>::to_vec);
    let versions = [hello.legacy_version, hello.highest_version()];
    Read {
        len: hello.len,
        bytes: lists.collect(),
        codes: hello.extension_types().chain(hello.key_share_groups()).chain(versions).collect(),
        server_name: hello.server_name().map(str::to_owned),
        bits: [hello.has_pre_shared_key(), hello.has_early_data(), hello.has_encrypted_hello()],
    }
}

fn check_hello(bytes: &[u8], hello: &ClientHello<'_>) {
    assert!(hello.len <= bytes.len().min(HELLO_LEN_MAX));
    assert!(hello.session_id().len() <= 32 && hello.compression_methods().contains(&0));
    let lists =
        [hello.supported_versions(), hello.supported_groups(), hello.signature_algorithms()];
    for list in lists.into_iter().flatten().chain([hello.cipher_suites()]) {
        assert!(!list.is_empty() && 2 * codes(list).count() == list.len());
    }
    let mut kinds: Vec<u16> = hello.extension_types().collect();
    assert!(kinds.iter().all(|kind| hello.extension(*kind).is_some()));
    kinds.sort_unstable();
    assert!(kinds.windows(2).all(|pair| pair[0] < pair[1]));
    if let Some(name) = hello.server_name() {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        assert!((1..=253).contains(&name.len()) && name.bytes().all(is_part));
        assert!(name.split('.').all(|label| (1..=63).contains(&label.len())));
        assert!(name.parse::<std::net::IpAddr>().is_err());
    }
    assert!(hello.alpn().all(|name| !name.is_empty()));
}

/// The same message in records of other lengths is read alike.
fn check_records(bytes: &[u8]) {
    let [22, major, minor, high, low, message @ ..] = bytes else { return };
    // One record, all of whose message is there.
    let is_one = usize::from(u16::from_be_bytes([*high, *low])) == message.len();
    let [_, 0, middle, small, body @ ..] = message else { return };
    if !is_one || usize::from(u16::from_be_bytes([*middle, *small])) != body.len() {
        return;
    }
    let (mut parted, mut message, mut done) = (Vec::new(), message.to_vec(), 0);
    let mut pieces = Pieces::of(bytes);
    while done < message.len() {
        let piece = pieces.next(&mut message[done..]);
        parted.extend([22, *major, *minor]);
        parted.extend((piece.len() as u16).to_be_bytes());
        parted.extend_from_slice(piece);
        done += piece.len();
    }
    // The headers of many records may be too much for a limit.
    let (whole, mut again) = (outcome(bytes, usize::MAX), outcome(&parted, usize::MAX));
    if let Some(Ok(read)) = &mut again {
        assert_eq!(read.len, parted.len());
        read.len = bytes.len();
    }
    assert_eq!(again, whole);
}
