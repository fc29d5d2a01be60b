//! Records against rustls, and records that are wrong.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rustls::AlertDescription as Alert;
use rustls::{CipherSuite, ConnectionTrafficSecrets, SupportedCipherSuite};

use super::super::testing::{Rustls, Site, is_13, noise, schemes, suite, suites};
use super::{
    Content, EXPANSION_MAX_12, EXPANSION_MAX_13, HEADER_LEN, PLAIN_MAX, Protection, Scheme, TAG_LEN,
};

/// Lengths at which something changes.
const LENGTHS: [usize; 9] = [1, 15, 16, 17, 255, 4096, PLAIN_MAX - 1, PLAIN_MAX, PLAIN_MAX + 1];

/// The keys of a server, and a client that rustls is: receiving, sending, client.
fn keys(suite: SupportedCipherSuite) -> (Protection, Protection, Rustls) {
    let (client, server) = Site::of(suite).rustls_pair();
    let secrets = server.0.dangerous_extract_secrets().unwrap();
    let (rx, tx) = (secrets.rx, secrets.tx);
    let rx = Protection::new(&rx.1, rx.0, is_13(suite)).unwrap();
    let tx = Protection::new(&tx.1, tx.0, is_13(suite)).unwrap();
    (rx, tx, client)
}

/// Both ends of one direction: the one that seals, the one that opens.
fn ends(suite: SupportedCipherSuite) -> (Protection, Protection) {
    let (client, server) = Site::of(suite).rustls_pair();
    let client = client.0.dangerous_extract_secrets().unwrap();
    let server = server.0.dangerous_extract_secrets().unwrap();
    let tx = Protection::new(&client.tx.1, client.tx.0, is_13(suite)).unwrap();
    let rx = Protection::new(&server.rx.1, server.rx.0, is_13(suite)).unwrap();
    (tx, rx)
}

fn sealed(tx: &mut Protection, content: Content, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    assert!(tx.seal(content, &mut out, |out| out.extend_from_slice(data)));
    out
}

/// Opens records that follow one another. All must be data.
fn open_all(rx: &mut Protection, mut bytes: Vec<u8>) -> Vec<u8> {
    let (mut data, mut rest) = (Vec::new(), bytes.as_mut_slice());
    while let Some(len) = rx.record_len(rest).unwrap() {
        let (record, behind) = rest.split_at_mut(len);
        let (content, range) = rx.open(record).unwrap();
        assert_eq!(content, Content::Data);
        data.extend_from_slice(&record[range]);
        rest = behind;
    }
    assert_eq!(rest, b"");
    data
}

#[test]
fn rustls_opens_what_we_seal() {
    for suite in suites() {
        let (_, mut tx, mut client) = keys(suite);
        for len in LENGTHS.into_iter().filter(|len| *len <= PLAIN_MAX) {
            let data = noise(len);
            let record = sealed(&mut tx, Content::Data, &data);
            assert_eq!(tx.record_len(&record), Ok(Some(record.len())), "{suite:?} {len}");
            assert!(client.open(&record).unwrap() == data, "{suite:?} {len}");
        }
        let burst: Vec<u8> = (0..500)
            .flat_map(|number: u32| sealed(&mut tx, Content::Data, &number.to_be_bytes()))
            .collect();
        let expected: Vec<u8> = (0..500_u32).flat_map(u32::to_be_bytes).collect();
        assert!(client.open(&burst).unwrap() == expected, "{suite:?}");
        let empty = sealed(&mut tx, Content::Data, b"");
        assert_eq!(client.open(&empty).unwrap(), b"", "{suite:?}");
        let close = sealed(&mut tx, Content::Alert, &[1, 0]);
        client.open(&close).unwrap();
        assert!(client.0.process_new_packets().unwrap().peer_has_closed(), "{suite:?}");
    }
}

#[test]
fn we_open_what_rustls_seals() {
    for suite in suites() {
        let (mut rx, _, mut client) = keys(suite);
        for len in LENGTHS {
            let data = noise(len);
            let records = client.seal(&data);
            assert!(open_all(&mut rx, records) == data, "{suite:?} {len}");
        }
        let expected: Vec<u8> = (0..500_u32).flat_map(u32::to_be_bytes).collect();
        let burst = expected.chunks(4).flat_map(|piece| client.seal(piece)).collect();
        assert!(open_all(&mut rx, burst) == expected, "{suite:?}");
        client.0.send_close_notify();
        let mut close = client.said();
        let (content, range) = rx.open(&mut close).unwrap();
        assert_eq!((content, &close[range]), (Content::Alert, &[1, 0][..]), "{suite:?}");
    }
}

/// The record's first bytes are as RFC 8446 section 5.2 and RFC 5246 section 6.2.1 have them.
#[test]
fn records_look_as_they_have_to() {
    for suite in schemes() {
        let (mut tx, _) = ends(suite);
        let alert = sealed(&mut tx, Content::Alert, &[2, 40]);
        let kind = if is_13(suite) { 23 } else { 21 };
        assert_eq!(alert[..3], [kind, 3, 3], "{suite:?}");
        assert_eq!(usize::from(u16::from_be_bytes([alert[3], alert[4]])), alert.len() - HEADER_LEN);
    }
}

/// What is appended stays behind what was there; what cannot be sealed leaves no trace.
#[test]
fn sealing_appends() {
    for suite in schemes() {
        let (mut tx, mut rx) = ends(suite);
        let mut out = b"before".to_vec();
        assert!(tx.seal(Content::Data, &mut out, |out| out.extend_from_slice(b"first")));
        let too_long = |out: &mut Vec<u8>| out.resize(out.len() + PLAIN_MAX + 1, 0);
        let len = out.len();
        assert!(!tx.seal(Content::Data, &mut out, too_long));
        assert_eq!(out.len(), len);
        assert!(tx.seal(Content::Data, &mut out, |out| out.extend_from_slice(b"second")));
        assert!(out.starts_with(b"before"));
        assert_eq!(open_all(&mut rx, out.split_off(6)), b"firstsecond", "{suite:?}");
    }
}

#[test]
fn every_byte_is_protected() {
    for suite in schemes() {
        let (mut tx, mut rx) = ends(suite);
        let record = sealed(&mut tx, Content::Data, b"data");
        // In TLS 1.2 the length is what the record is cut out by, and nothing else.
        let is_seen = |at: &usize| is_13(suite) || !matches!(at, 3 | 4);
        for at in (0..record.len()).filter(is_seen) {
            for bit in [1, 0x80] {
                let mut wrong = record.clone();
                wrong[at] ^= bit;
                let outcome = rx.open(&mut wrong);
                let expected = match at {
                    0 if is_13(suite) => Alert::UnexpectedMessage,
                    _ => Alert::BadRecordMac,
                };
                assert_eq!(outcome, Err(expected), "{suite:?} byte {at}");
            }
        }
        // What is refused is not counted.
        assert_eq!(open_all(&mut rx, record), b"data", "{suite:?}");
    }
}

#[test]
fn truncated_records() {
    for suite in schemes() {
        let (mut tx, mut rx) = ends(suite);
        let record = sealed(&mut tx, Content::Data, b"data");
        for len in 0..record.len() {
            let mut short = record[..len].to_vec();
            let expected = if len < HEADER_LEN { Alert::DecodeError } else { Alert::BadRecordMac };
            assert_eq!(rx.open(&mut short), Err(expected), "{suite:?} {len}");
            // With a length that fits, it is no better.
            if let Some(body_len) = len.checked_sub(HEADER_LEN) {
                let mut short = record[..len].to_vec();
                short[4] = body_len as u8;
                assert_eq!(rx.open(&mut short), Err(Alert::BadRecordMac), "{suite:?} {len}");
            }
        }
    }
}

#[test]
fn order_is_protected() {
    for suite in schemes() {
        let (mut tx, mut rx) = ends(suite);
        let [first, second, third] =
            ["1", "2", "3"].map(|data| sealed(&mut tx, Content::Data, data.as_bytes()));
        assert_eq!(rx.open(&mut second.clone()), Err(Alert::BadRecordMac), "skipped {suite:?}");
        assert_eq!(open_all(&mut rx, first.clone()), b"1");
        assert_eq!(rx.open(&mut first.clone()), Err(Alert::BadRecordMac), "replayed {suite:?}");
        assert_eq!(rx.open(&mut third.clone()), Err(Alert::BadRecordMac), "skipped {suite:?}");
        assert_eq!(open_all(&mut rx, second), b"2");
        assert_eq!(open_all(&mut rx, third), b"3");
    }
}

#[test]
fn versions_of_records() {
    for suite in schemes() {
        let (_, rx) = ends(suite);
        assert_eq!(rx.record_len(&[23, 3, 1, 0, 20]), Ok(Some(25)), "{suite:?}");
        for version in [0, 2, 4, b'E'] {
            let expected = Err(Alert::ProtocolVersion);
            assert_eq!(rx.record_len(&[23, version, 3, 0, 20]), expected, "{suite:?}");
        }
    }
}

#[test]
fn lengths_of_records() {
    for suite in schemes() {
        let (_, rx) = ends(suite);
        let max = PLAIN_MAX + if is_13(suite) { EXPANSION_MAX_13 } else { EXPANSION_MAX_12 };
        for (len, expected) in [
            (0, Ok(Some(HEADER_LEN))),
            (max, Ok(Some(HEADER_LEN + max))),
            (max + 1, Err(Alert::RecordOverflow)),
            (0xffff, Err(Alert::RecordOverflow)),
        ] {
            let [high, low] = (len as u16).to_be_bytes();
            assert_eq!(rx.record_len(&[23, 3, 3, high, low]), expected, "{suite:?} {len}");
        }
        for len in 0..HEADER_LEN {
            assert_eq!(rx.record_len(&[23, 3, 3, 0xff, 0xff][..len]), Ok(None), "{suite:?} {len}");
        }
    }
}

/// Protection may add to a record, but not so that there is more in it.
#[test]
fn more_data_than_a_record_may_carry() {
    for suite in schemes() {
        let (tx, mut rx) = ends(suite);
        let raw = Raw { tx };
        let record = raw.seal(23, &vec![b'x'; PLAIN_MAX + 1], 0);
        assert_eq!(rx.open(&mut record.clone()), Err(Alert::RecordOverflow), "{suite:?}");
    }
}

#[test]
fn kinds_of_records() {
    for suite in schemes() {
        for (kind, expected) in [
            (0, Err(Alert::UnexpectedMessage)),
            (20, Err(Alert::UnexpectedMessage)),
            (21, Ok(Content::Alert)),
            (22, Ok(Content::Handshake)),
            (23, Ok(Content::Data)),
            (24, Err(Alert::UnexpectedMessage)),
            (255, Err(Alert::UnexpectedMessage)),
        ] {
            // In TLS 1.3 a type of 0 is padding: what is in front of it counts.
            if kind == 0 && is_13(suite) {
                continue;
            }
            let (tx, mut rx) = ends(suite);
            let mut record = Raw { tx }.seal(kind, b"x", 0);
            let outcome = rx.open(&mut record).map(|(content, _)| content);
            assert_eq!(outcome, expected, "{suite:?} {kind}");
        }
    }
}

#[test]
fn empty_records() {
    for suite in schemes() {
        for (content, expected) in [
            (Content::Data, Ok(Content::Data)),
            (Content::Alert, Err(Alert::UnexpectedMessage)),
            (Content::Handshake, Err(Alert::UnexpectedMessage)),
        ] {
            let (mut tx, mut rx) = ends(suite);
            let mut record = sealed(&mut tx, content, b"");
            let outcome = rx.open(&mut record).map(|(content, _)| content);
            assert_eq!(outcome, expected, "{suite:?} {content:?}");
        }
    }
}

#[test]
fn padding() {
    let suite = suite(CipherSuite::TLS13_AES_128_GCM_SHA256);
    for data in ["", "x", "data", "zeros behind\0\0\0"] {
        for zeros in [0, 1, 2, 100, PLAIN_MAX - data.len()] {
            let (tx, mut rx) = ends(suite);
            let mut record = Raw { tx }.seal(23, data.as_bytes(), zeros);
            assert!(rx.record_len(&record).is_ok(), "{zeros}");
            let (content, range) = rx.open(&mut record).unwrap();
            assert_eq!((content, &record[range]), (Content::Data, data.as_bytes()), "{zeros}");
        }
    }
}

/// RFC 8446 section 5.4: data, type and padding are no more than the most data and its type.
#[test]
fn too_much_padding() {
    let suite = suite(CipherSuite::TLS13_AES_128_GCM_SHA256);
    for data_len in [0, 1, PLAIN_MAX] {
        let (tx, mut rx) = ends(suite);
        let mut record = Raw { tx }.seal(23, &vec![b'x'; data_len], PLAIN_MAX + 1 - data_len);
        assert_eq!(rx.open(&mut record), Err(Alert::RecordOverflow), "{data_len}");
    }
}

#[test]
fn nothing_but_padding() {
    let suite = suite(CipherSuite::TLS13_AES_128_GCM_SHA256);
    for zeros in [0, 1, 1000, PLAIN_MAX + 1] {
        let (tx, mut rx) = ends(suite);
        let mut record = Raw { tx }.seal_13(&vec![0; zeros]);
        assert_eq!(rx.open(&mut record), Err(Alert::UnexpectedMessage), "{zeros}");
    }
}

#[test]
fn a_key_is_worn() {
    for suite in schemes() {
        let (mut tx, mut rx) = ends(suite);
        tx.number_max = tx.number + 3;
        for _ in 0..3 {
            assert!(!tx.is_worn());
            let record = sealed(&mut tx, Content::Data, b"x");
            assert_eq!(open_all(&mut rx, record), b"x");
        }
        assert!(tx.is_worn());
        let mut out = b"before".to_vec();
        assert!(!tx.seal(Content::Data, &mut out, |out| out.push(b'x')), "{suite:?}");
        assert_eq!(out, b"before");
        // There is room to say so, and no more than that.
        for _ in 0..64 {
            let mut record = sealed(&mut tx, Content::Alert, &[1, 0]);
            assert!(rx.open(&mut record).is_ok(), "{suite:?}");
        }
        assert!(!tx.seal(Content::Alert, &mut out, |out| out.push(1)), "{suite:?}");
    }
}

#[test]
fn how_often_a_key_is_used() {
    for suite in suites() {
        let (tx, _) = ends(suite);
        let is_gcm = format!("{:?}", suite.suite()).contains("GCM");
        // 2^24.5 full records (RFC 8446 section 5.5); of ChaCha20 as many as there are numbers.
        let expected = if is_gcm { (1 << 24) - 64 } else { u64::MAX - 64 };
        assert_eq!(tx.number_max, expected, "{suite:?}");
    }
}

#[test]
fn the_number_goes_into_every_byte_of_the_nonce() {
    for suite in schemes() {
        let (mut tx, mut rx) = ends(suite);
        for number in [255, 256, 65_535, (1 << 24) - 65, u64::from(u32::MAX)] {
            tx.number_max = u64::MAX;
            (tx.number, rx.number) = (number, number);
            let data =
                [sealed(&mut tx, Content::Data, b"one"), sealed(&mut tx, Content::Data, b"two")];
            assert_eq!(open_all(&mut rx, data.concat()), b"onetwo", "{suite:?} {number}");
        }
    }
}

#[test]
fn keys_of_a_wrong_length() {
    let iv = rustls::crypto::cipher::Iv::new([0; 12]);
    let key = rustls::crypto::cipher::AeadKey::from([0; 32]);
    let secrets = ConnectionTrafficSecrets::Aes128Gcm { key, iv };
    assert!(Protection::new(&secrets, 0, true).is_none());
}

/// Seals what [`Protection::seal`] does not: other types, padding, too much.
struct Raw {
    tx: Protection,
}

impl Raw {
    fn seal(&self, kind: u8, data: &[u8], zeros: usize) -> Vec<u8> {
        let explicit_len = match self.tx.scheme {
            Scheme::Tls13 => {
                let mut inner = data.to_vec();
                inner.push(kind);
                inner.resize(inner.len() + zeros, 0);
                return self.seal_13(&inner);
            }
            Scheme::Gcm12 => 8,
            Scheme::Chacha12 => 0,
        };
        let nonce = self.tx.nonce();
        let mut body = data.to_vec();
        let aad = self.tx.aad_12([kind, 3, 3, 0, 0], data.len());
        let nonce_of_one = Nonce::assume_unique_for_key(nonce);
        self.tx.key.seal_in_place_append_tag(nonce_of_one, aad, &mut body).unwrap();
        let len = (explicit_len + body.len()) as u16;
        let header = [kind, 3, 3, len.to_be_bytes()[0], len.to_be_bytes()[1]];
        [&header[..], &nonce[12 - explicit_len..], &body].concat()
    }

    fn seal_13(&self, inner: &[u8]) -> Vec<u8> {
        let [high, low] = ((inner.len() + TAG_LEN) as u16).to_be_bytes();
        let header = [23, 3, 3, high, low];
        let (mut body, nonce) = (inner.to_vec(), Nonce::assume_unique_for_key(self.tx.nonce()));
        self.tx.key.seal_in_place_append_tag(nonce, Aad::from(header), &mut body).unwrap();
        [&header[..], &body].concat()
    }
}

/// The record of RFC 8448 section 3, "{client} send application_data record", is not ours alone to
/// read: sealed by hand with its key.
#[test]
fn an_example_of_rfc_8448() {
    const KEY: [u8; 16] = [
        0x17, 0x42, 0x2d, 0xda, 0x59, 0x6e, 0xd5, 0xd9, 0xac, 0xd8, 0x90, 0xe3, 0xc6, 0x3f, 0x50,
        0x51,
    ];
    const IV: [u8; 12] = [0x5b, 0x78, 0x92, 0x3d, 0xee, 0x08, 0x57, 0x90, 0x33, 0xe5, 0x23, 0xd9];
    let (mut tx, _) = ends(suite(CipherSuite::TLS13_AES_128_GCM_SHA256));
    tx.key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &KEY).unwrap());
    (tx.iv, tx.number) = (IV, 0);
    let data: Vec<u8> = (0..50).collect();
    let record = sealed(&mut tx, Content::Data, &data);
    assert_eq!(record.len(), 72);
    assert_eq!(record[..13], [0x17, 3, 3, 0, 0x43, 0xa2, 0x3f, 0x70, 0x54, 0xb6, 0x2c, 0x94, 0xd0]);
}
