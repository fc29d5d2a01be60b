//! The SSL TLV as HAProxy writes it, and what is left out of it.

use super::super::testing::{accept, address, addresses, hex};
use super::super::tlv::{
    CLIENT_CERT_CONN, CLIENT_CERT_SESS, CLIENT_SSL, SSL, SSL_CIPHER, SSL_CN, SSL_CN_LEN_MAX,
    SSL_KEY_ALG, SSL_NAME_LEN_MAX, SSL_SIG_ALG, SSL_VERSION, Ssl, Tlv,
};
use super::super::{ProxyOut, encode_v2};
use super::SslOut;

const SHOWN: u8 = CLIENT_SSL | CLIENT_CERT_CONN | CLIENT_CERT_SESS;

fn encode(header: &ProxyOut<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    encode_v2(&mut out, header);
    out
}

/// From one client of 127.0.0.1 to the proxy at another of its ports.
fn between<'a>(source_port: u16, destination_port: u16, ssl: SslOut<'a>) -> ProxyOut<'a> {
    ProxyOut {
        source: Some(([127, 0, 0, 1], source_port).into()),
        destination: Some(([127, 0, 0, 1], destination_port).into()),
        ssl: Some(ssl),
        ..ProxyOut::default()
    }
}

/// Checks that a header that HAProxy sent is what we send, and is read as it was meant.
fn check_haproxy(sent: &str, header: &ProxyOut<'_>) {
    let bytes = hex(sent);
    assert_eq!(encode(header), bytes, "{}", bytes.escape_ascii());
    let read = accept(&bytes);
    assert_eq!(addresses(&read), header.source.zip(header.destination));
    let (ssl, value) = (header.ssl.unwrap(), read.tlvs(&bytes).first(SSL).unwrap());
    let read = Ssl::parse(value).unwrap();
    assert_eq!((read.client, read.verify), (ssl.client, ssl.verify));
    let first = |kind| read.tlvs.clone().first(kind);
    assert_eq!(first(SSL_VERSION), ssl.version);
    assert_eq!(first(SSL_CN), ssl.cn);
    assert_eq!(first(SSL_KEY_ALG), ssl.key_alg);
    assert_eq!(first(SSL_SIG_ALG), ssl.sig_alg);
    assert_eq!(first(SSL_CIPHER), ssl.cipher);
}

/// HAProxy 2.6.12 in TCP mode, `bind 127.0.0.1:PORT ssl crt both.pem ca-file ccert.pem verify
/// optional alpn h2,http/1.1` with an ECDSA certificate, `server s 127.0.0.1:PORT
/// send-proxy-v2-ssl-cn`; the clients were `openssl s_client`.
#[test]
fn haproxys_send_proxy_v2_ssl_cn() {
    let without_certificate =
        SslOut { client: CLIENT_SSL, version: Some(b"TLSv1.3"), ..SslOut::default() };
    check_haproxy(
        "0d0a0d0a000d0a515549540a 2111 001e 7f000001 7f000001 8eda a979 \
         20000f 01 00000000 210007 544c5376312e33",
        &between(36570, 43385, without_certificate),
    );
    // -tls1_2 -alpn http/1.1 -cert ccert.pem
    let with_certificate = SslOut {
        client: SHOWN,
        version: Some(b"TLSv1.2"),
        cn: Some(b"client.example.com"),
        ..SslOut::default()
    };
    check_haproxy(
        "0d0a0d0a000d0a515549540a 2111 003e 7f000001 7f000001 8ede a979 \
         010008 687474702f312e31 200024 07 00000000 210007 544c5376312e32 \
         220012 636c69656e742e6578616d706c652e636f6d",
        &ProxyOut { alpn: Some(b"http/1.1"), ..between(36574, 43385, with_certificate) },
    );
    // -tls1_2 -sess_in: the session had been made with the certificate.
    let resumed = SslOut { client: CLIENT_SSL | CLIENT_CERT_SESS, ..with_certificate };
    check_haproxy(
        "0d0a0d0a000d0a515549540a 2111 0033 7f000001 7f000001 8f0a a979 \
         200024 05 00000000 210007 544c5376312e32 \
         220012 636c69656e742e6578616d706c652e636f6d",
        &between(36618, 43385, resumed),
    );
    // With crt-ignore-err all: OpenSSL's code 18 is a self-signed certificate.
    let unverified = SslOut {
        client: SHOWN,
        verify: 18,
        version: Some(b"TLSv1.3"),
        cn: Some(b"unknown"),
        ..SslOut::default()
    };
    check_haproxy(
        "0d0a0d0a000d0a515549540a 2111 0028 7f000001 7f000001 b6d8 816b \
         200019 07 00000012 210007 544c5376312e33 220007 756e6b6e6f776e",
        &between(46808, 33131, unverified),
    );
    // A bind without ssl.
    check_haproxy(
        "0d0a0d0a000d0a515549540a 2111 0014 7f000001 7f000001 a01a 9ae7 200005 00 00000000",
        &between(40986, 39655, SslOut::default()),
    );
}

/// The same with `send-proxy-v2 proxy-v2-options ssl,cert-cn,ssl-cipher,cert-sig,cert-key,
/// authority,crc32c`: every TLV that it knows, in its order.
#[test]
fn haproxys_every_option() {
    let ssl = SslOut {
        client: SHOWN,
        verify: 0,
        version: Some(b"TLSv1.3"),
        cn: Some(b"client.example.com"),
        key_alg: Some(b"EC256"),
        sig_alg: Some(b"ecdsa-with-SHA256"),
        cipher: Some(b"TLS_AES_256_GCM_SHA384"),
    };
    check_haproxy(
        "0d0a0d0a000d0a515549540a 2111 0086 7f000001 7f000001 8eee a979 \
         030004 6dd761ae 010002 6832 02000f 616c6c2e6578616d706c652e636f6d \
         200059 07 00000000 210007 544c5376312e33 \
         220012 636c69656e742e6578616d706c652e636f6d 250005 4543323536 \
         240011 65636473612d776974682d534841323536 \
         230016 544c535f4145535f3235365f47434d5f534841333834",
        &ProxyOut {
            alpn: Some(b"h2"),
            authority: Some(b"all.example.com"),
            crc32c: true,
            ..between(36590, 43385, ssl)
        },
    );
}

/// HAProxy 2.6.12's check with `send-proxy-v2-ssl proxy-v2-options crc32c`.
#[test]
fn a_check_says_that_it_has_no_tls() {
    let out =
        ProxyOut { local: true, crc32c: true, ssl: Some(SslOut::default()), ..ProxyOut::default() };
    let sent = hex("0d0a0d0a000d0a515549540a 2000 000f 030004889da1df 2000050000000000");
    assert_eq!(encode(&out), sent);
}

#[test]
fn without_tls_nothing_is_said_of_it() {
    let ssl = SslOut {
        client: CLIENT_CERT_SESS,
        verify: 1,
        version: Some(b"TLSv1.3"),
        cn: Some(b"a"),
        ..SslOut::default()
    };
    assert_eq!(encode(&between(1, 2, ssl)), encode(&between(1, 2, SslOut::default())));
}

#[test]
fn values_that_are_too_long_are_left_out() {
    let value = [b'a'; 300];
    let lens = |cn: usize, name: usize| {
        let name = Some(&value[..name]);
        let ssl = SslOut {
            client: SHOWN,
            verify: 1,
            version: name,
            cn: Some(&value[..cn]),
            key_alg: name,
            sig_alg: name,
            cipher: name,
        };
        let header = ProxyOut {
            source: Some(address("[::1]:1")),
            destination: Some(address("[::1]:2")),
            alpn: Some(&value[..255]),
            authority: Some(&value[..255]),
            crc32c: true,
            unique_id: Some(&value[..128]),
            ssl: Some(ssl),
            ..ProxyOut::default()
        };
        let bytes = encode(&header);
        assert!(accept(&bytes).len <= 1280);
        let header = accept(&bytes);
        let value = header.tlvs(&bytes).first(SSL).unwrap();
        assert!(value.len() <= 1024);
        let tlvs = Ssl::parse(value).unwrap().tlvs;
        tlvs.map(|Tlv { kind, value }| (kind, value.len())).collect::<Vec<_>>()
    };
    let (cn, name) = (SSL_CN_LEN_MAX, SSL_NAME_LEN_MAX);
    let in_order = [SSL_VERSION, SSL_CN, SSL_KEY_ALG, SSL_SIG_ALG, SSL_CIPHER];
    let all = in_order.map(|kind| (kind, if kind == SSL_CN { cn } else { name }));
    assert_eq!(lens(cn, name), all);
    assert_eq!(lens(cn, name + 1), [(SSL_CN, cn)]);
    assert_eq!(
        lens(cn + 1, 0),
        [SSL_VERSION, SSL_KEY_ALG, SSL_SIG_ALG, SSL_CIPHER].map(|k| (k, 0))
    );
}
