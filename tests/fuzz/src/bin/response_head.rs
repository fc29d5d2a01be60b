//! A response's head, in answer to several methods: the verdict does not depend on its arrival,
//! and what is written from it means the same.
#![no_main]

use fuzz::message::Message;
use fuzz::proto::h1::{
    BodyOut, ConnectionOut, Limits, Method, ResponseFraming, ResponseHead, ResponseOut, Version,
    encode_response,
};
use fuzz::strict::{self, Side};
use fuzz::{LIMITS, WIDE, settled};
use libfuzzer_sys::fuzz_target;

const METHODS: [Method; 3] = [Method::Get, Method::Head, Method::Connect];

fuzz_target!(|bytes: &[u8]| {
    for method in METHODS {
        for limits in &LIMITS {
            check(bytes, method, limits);
        }
    }
});

fn check(bytes: &[u8], method: Method, limits: &Limits) {
    let mut head = ResponseHead::default();
    let verdict = settled(bytes, |bytes| {
        let is_complete = head.parse(bytes, limits, method);
        let found = || (head.len, head.framing, head.status, head.fields.clone());
        is_complete.map(|is_complete| is_complete.then(found))
    });
    // Parsed last with all of the bytes.
    let Ok(Some((len, ..))) = verdict else { return };
    assert!(len <= limits.head_len_max && head.fields.len() <= limits.fields_max);
    strict::check_line_ends(&bytes[..len]);
    assert_eq!(strict::count_named(&bytes[..len]), head.fields.len());
    for version in [Version::Http10, Version::Http11] {
        check_encoding(&bytes[..len], &head, method, head.body_out(version));
    }
}

fn check_encoding(bytes: &[u8], head: &ResponseHead, method: Method, body: BodyOut) {
    let encoded = encode(bytes, head, body);
    let mut again = ResponseHead::default();
    assert_eq!(again.parse(&encoded, &WIDE, method), Ok(true), "{}", encoded.escape_ascii());
    assert_eq!((again.len, again.tunnel), (encoded.len(), head.tunnel));
    let framing = match body {
        BodyOut::Chunked => ResponseFraming::Chunked,
        BodyOut::Close => ResponseFraming::Close,
        BodyOut::Length(len) => ResponseFraming::Length(len),
        BodyOut::None => ResponseFraming::None,
    };
    assert_eq!(again.framing, framing);
    let meant = Message::of_response(bytes, head);
    assert_eq!(Message::of_response(&encoded, &again), meant);
    let read = strict::read(&encoded, Side::BodilessResponse);
    assert_eq!(read.map(|read| read.message), Some(meant));
    assert_eq!(
        encode(&encoded, &again, body).escape_ascii().to_string(),
        encoded.escape_ascii().to_string()
    );
}

fn encode(bytes: &[u8], head: &ResponseHead, body: BodyOut) -> Vec<u8> {
    let connection = if head.upgrade { ConnectionOut::Upgrade } else { ConnectionOut::None };
    let mut out = Vec::new();
    encode_response(&mut out, bytes, head, &ResponseOut { connection, body });
    out
}
