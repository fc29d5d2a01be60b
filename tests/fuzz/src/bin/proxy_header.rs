//! A PROXY protocol header: the verdict does not depend on its arrival, its TLVs end, and what is
//! written from it says the same.
#![no_main]

use fuzz::proto::proxy_protocol::{
    HEADER_LEN_MAX, Header, ProxyOut, Ssl, SslOut, Tlv, Tlvs, encode_v1, encode_v2, parse, tlv,
};
use fuzz::settled;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    check_any(bytes);
    if let Ok(Some(header)) = settled(bytes, parse) {
        assert!(header.len <= bytes.len().min(HEADER_LEN_MAX));
        assert_eq!(header.source.is_some(), header.destination.is_some());
        check_whole(header.tlvs(bytes), header.tlv_bytes(bytes));
        check_v1(&header);
        check_v2(&header, bytes);
    }
});

/// What never was in a header: reading ends, and within the bytes.
fn check_any(bytes: &[u8]) {
    assert!(Tlvs::new(bytes).map(|tlv| len(&tlv)).sum::<usize>() <= bytes.len());
    if let Ok(ssl) = Ssl::parse(bytes) {
        check_whole(ssl.tlvs, &bytes[5..]);
    }
}

/// Of what was checked no byte is left over.
fn check_whole(tlvs: Tlvs<'_>, bytes: &[u8]) {
    let count_max = bytes.len() / 3;
    assert!(tlvs.clone().take(count_max + 1).count() <= count_max);
    assert_eq!(tlvs.map(|tlv| len(&tlv)).sum::<usize>(), bytes.len());
}

fn len(tlv: &Tlv<'_>) -> usize {
    3 + tlv.value.len()
}

fn check_v1(header: &Header) {
    let mut encoded = Vec::new();
    encode_v1(&mut encoded, header.source, header.destination);
    check_again(header, &encoded);
}

fn check_v2(header: &Header, bytes: &[u8]) {
    // What is longer than its TLV may be is left out.
    let first = |kind, len_max| {
        header.tlvs(bytes).first(kind).filter(|value: &&[u8]| value.len() <= len_max)
    };
    let mut header_out = ProxyOut {
        source: header.source,
        destination: header.destination,
        alpn: first(tlv::ALPN, tlv::ALPN_LEN_MAX),
        authority: first(tlv::AUTHORITY, tlv::AUTHORITY_LEN_MAX),
        unique_id: first(tlv::UNIQUE_ID, tlv::UNIQUE_ID_LEN_MAX),
        ssl: header
            .tlvs(bytes)
            .first(tlv::SSL)
            .and_then(|value| Ssl::parse(value).ok())
            .map(ssl_out),
        ..ProxyOut::default()
    };
    for crc32c in [false, true] {
        header_out.crc32c = crc32c;
        let mut encoded = Vec::new();
        encode_v2(&mut encoded, &header_out);
        let again = check_again(header, &encoded);
        if header.source.is_some() {
            let again = |kind| again.tlvs(&encoded).first(kind);
            assert_eq!(again(tlv::ALPN), header_out.alpn);
            assert_eq!(again(tlv::AUTHORITY), header_out.authority);
            assert_eq!(again(tlv::UNIQUE_ID), header_out.unique_id);
            assert_eq!(again(tlv::CRC32C).is_some(), crc32c);
            assert_eq!(again(tlv::SSL).is_some(), header_out.ssl.is_some());
            if let (Some(out), Some(value)) = (&header_out.ssl, again(tlv::SSL)) {
                check_ssl(out, value);
            }
        }
    }
}

fn ssl_out<'a>(ssl: Ssl<'a>) -> SslOut<'a> {
    // What is longer than its TLV may be is left out.
    let first =
        |kind, len_max| ssl.tlvs.clone().first(kind).filter(|value: &&[u8]| value.len() <= len_max);
    SslOut {
        client: ssl.client,
        verify: ssl.verify,
        version: first(tlv::SSL_VERSION, tlv::SSL_NAME_LEN_MAX),
        cn: first(tlv::SSL_CN, tlv::SSL_CN_LEN_MAX),
        key_alg: first(tlv::SSL_KEY_ALG, tlv::SSL_NAME_LEN_MAX),
        sig_alg: first(tlv::SSL_SIG_ALG, tlv::SSL_NAME_LEN_MAX),
        cipher: first(tlv::SSL_CIPHER, tlv::SSL_NAME_LEN_MAX),
    }
}

fn check_ssl(out: &SslOut<'_>, value: &[u8]) {
    let Ok(again) = Ssl::parse(value) else { panic!("{}", value.escape_ascii()) };
    let again = ssl_out(again);
    if out.client & tlv::CLIENT_SSL == 0 {
        return assert_eq!(value, [0; 5]);
    }
    assert_eq!((again.client, again.verify), (out.client, out.verify));
    assert_eq!((again.version, again.cn), (out.version, out.cn));
    assert_eq!(
        (again.key_alg, again.sig_alg, again.cipher),
        (out.key_alg, out.sig_alg, out.cipher)
    );
}

fn check_again(header: &Header, encoded: &[u8]) -> Header {
    let again = settled(encoded, parse);
    let Ok(Some(again)) = again else { panic!("{again:?}: {}", encoded.escape_ascii()) };
    assert_eq!(again.len, encoded.len());
    assert_eq!((again.source, again.destination), (header.source, header.destination));
    again
}
