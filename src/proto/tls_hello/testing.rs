//! What the tests of the inspector share: arrivals, hellos built by hand, and captured ones.

use super::{ClientHello, HELLO_LEN_MAX, HelloError, inspect};

/// What real clients sent first, and how they were called: lines that begin with `#` say it. PORT
/// was that of a listener that kept the first record; `sess.pem` a session of `openssl s_server`
/// with the same version.
pub(super) const CAPTURED: [(&str, &str); 12] = [
    ("curl-address", include_str!("fixtures/curl-address.hex")),
    ("curl-http2", include_str!("fixtures/curl-http2.hex")),
    ("openssl-no-sni", include_str!("fixtures/openssl-no-sni.hex")),
    ("openssl-psk-early-data", include_str!("fixtures/openssl-psk-early-data.hex")),
    ("openssl-tls10-no-ticket", include_str!("fixtures/openssl-tls10-no-ticket.hex")),
    ("openssl-tls11", include_str!("fixtures/openssl-tls11.hex")),
    ("openssl-tls12", include_str!("fixtures/openssl-tls12.hex")),
    ("openssl-tls12-ticket", include_str!("fixtures/openssl-tls12-ticket.hex")),
    ("openssl-tls13", include_str!("fixtures/openssl-tls13.hex")),
    ("python-underscore", include_str!("fixtures/python-underscore.hex")),
    ("rustls-ech", include_str!("fixtures/rustls-ech.hex")),
    ("rustls-hybrid", include_str!("fixtures/rustls-hybrid.hex")),
];

pub(super) fn captured(name: &str) -> Vec<u8> {
    let (_, text) = CAPTURED.iter().find(|(found, _)| *found == name).unwrap();
    from_hex(text)
}

pub(super) fn from_hex(text: &str) -> Vec<u8> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let digits: Vec<u8> =
        lines.flat_map(str::chars).filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The verdict on `bytes`, found in each way that they can arrive: at once, byte by byte, and with
/// more behind them.
pub(super) fn verdict(bytes: &[u8]) -> Result<ClientHello<'_>, HelloError> {
    let whole = inspect(bytes, HELLO_LEN_MAX).transpose();
    let whole = whole.unwrap_or_else(|| panic!("not whole: {}", bytes.escape_ascii()));
    let by_byte =
        (0..=bytes.len()).find_map(|len| inspect(&bytes[..len], HELLO_LEN_MAX).transpose());
    assert_eq!(by_byte, Some(whole.clone()), "byte by byte: {}", bytes.escape_ascii());
    for trailing in [&b"\x14\x03\x03\0\x01\x01"[..], b"\x16\x03\x03\0\x04\x01\0\0\0", b"\0", b"x"] {
        let followed = [bytes, trailing].concat();
        assert_eq!(inspect(&followed, HELLO_LEN_MAX), whole.clone().map(Some));
    }
    whole
}

/// A hello that must pass, all of `bytes` and nothing less.
pub(super) fn accept(bytes: &[u8]) -> ClientHello<'_> {
    let hello = verdict(bytes).unwrap_or_else(|error| panic!("{error}: {}", bytes.escape_ascii()));
    assert_eq!(hello.len, bytes.len());
    for len in 0..bytes.len() {
        assert_eq!(inspect(&bytes[..len], HELLO_LEN_MAX), Ok(None), "at {len}");
    }
    hello
}

pub(super) fn refuse(bytes: &[u8], error: HelloError) {
    assert_eq!(verdict(bytes), Err(error), "{}", bytes.escape_ascii());
}

/// Refused with the last of `bytes`, not with the one before it.
pub(super) fn refuse_at_once(bytes: &[u8], error: HelloError) {
    refuse(bytes, error);
    assert_eq!(inspect(&bytes[..bytes.len() - 1], HELLO_LEN_MAX), Ok(None));
}

pub(super) fn vec8(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).unwrap()], bytes].concat()
}

pub(super) fn vec16(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

pub(super) fn extension(kind: u16, value: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vec16(value)].concat()
}

/// The value of `server_name` with one host name.
pub(super) fn host(name: &[u8]) -> Vec<u8> {
    vec16(&[&[0][..], &vec16(name)].concat())
}

/// A record of a handshake.
pub(super) fn record(fragment: &[u8]) -> Vec<u8> {
    [&[22, 3, 1][..], &vec16(fragment)].concat()
}

/// A handshake message in one record.
pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap().to_be_bytes();
    record(&[&[kind][..], &len[1..], body].concat())
}

/// The parts of a hello that can be changed one by one.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) version: u16,
    pub(super) session_id: Vec<u8>,
    /// With its length.
    pub(super) cipher_suites: Vec<u8>,
    pub(super) compression_methods: Vec<u8>,
    /// `None` without the list, not even an empty one.
    pub(super) extensions: Option<Vec<u8>>,
}

impl Parts {
    /// What rustls takes, with `extensions` after the one that it needs.
    pub(super) fn new(extensions: &[u8]) -> Self {
        let needed = extension(13, &vec16(&[4, 3]));
        Self {
            version: 0x0303,
            session_id: vec8(b"session"),
            cipher_suites: vec16(&[0x13, 0x01, 0xc0, 0x2b]),
            compression_methods: vec8(&[0]),
            extensions: Some([&needed[..], extensions].concat()),
        }
    }

    pub(super) fn body(&self) -> Vec<u8> {
        let extensions = self.extensions.as_ref().map(|list| vec16(list)).unwrap_or_default();
        let version = self.version.to_be_bytes();
        let (suites, compression) = (&self.cipher_suites, &self.compression_methods);
        [&version[..], &[7; 32], &self.session_id, suites, compression, &extensions].concat()
    }

    pub(super) fn hello(&self) -> Vec<u8> {
        message(1, &self.body())
    }
}

/// A hello with one more extension.
pub(super) fn with_extension(kind: u16, value: &[u8]) -> Vec<u8> {
    Parts::new(&extension(kind, value)).hello()
}

/// The message of a hello in one record, cut into records that end where `ends` says.
pub(super) fn cut(hello: &[u8], ends: &[usize]) -> Vec<u8> {
    let (header, message) = hello.split_at(5);
    let mut out = Vec::new();
    let mut start = 0;
    for end in ends.iter().copied().chain([message.len()]) {
        out.extend_from_slice(&header[..3]);
        out.extend(vec16(&message[start..end]));
        start = end;
    }
    out
}

/// All that a hello says but in which records it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    versions: (u16, u16, Option<Vec<u8>>),
    session_id: Vec<u8>,
    cipher_suites: Vec<u8>,
    compression_methods: Vec<u8>,
    pub(super) extension_types: Vec<u16>,
    pub(super) server_name: Option<String>,
    pub(super) alpn: Vec<Vec<u8>>,
    lists: [Option<Vec<u8>>; 4],
    pub(super) key_share_groups: Vec<u16>,
    pub(super) has: [bool; 3],
}

pub(super) fn said(hello: &ClientHello<'_>) -> Said {
    let versions = hello.supported_versions().map(<[u8]>::to_vec);
    let lists = [
        hello.supported_groups(),
        hello.point_formats(),
        hello.signature_algorithms(),
        hello.session_ticket(),
    ];
    Said {
        versions: (hello.legacy_version, hello.highest_version(), versions),
        session_id: hello.session_id().to_vec(),
        cipher_suites: hello.cipher_suites().to_vec(),
        compression_methods: hello.compression_methods().to_vec(),
        extension_types: hello.extension_types().collect(),
        server_name: hello.server_name().map(str::to_owned),
        alpn: hello.alpn().map(<[u8]>::to_vec).collect(),
        lists: lists.map(|list| list.map(<[u8]>::to_vec)),
        key_share_groups: hello.key_share_groups().collect(),
        has: [hello.has_pre_shared_key(), hello.has_early_data(), hello.has_encrypted_hello()],
    }
}
