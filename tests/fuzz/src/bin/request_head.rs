//! A request's head: the verdict does not depend on its arrival, and what is written from it
//! means the same.
#![no_main]

use fuzz::message::Message;
use fuzz::proto::h1::{
    CRLF, ConnectionOut, Framing, Limits, RequestHead, RequestOut, encode_request,
};
use fuzz::{LIMITS, WIDE, settled, strict};
use libfuzzer_sys::fuzz_target;

const SERVER: &[u8] = b"server:80";

fuzz_target!(|bytes: &[u8]| {
    for limits in &LIMITS {
        let mut head = RequestHead::default();
        let verdict = settled(bytes, |bytes| {
            let is_complete = head.parse(bytes, limits);
            let found = || (head.len, head.framing, head.host, head.fields.clone());
            is_complete.map(|is_complete| is_complete.then(found))
        });
        // Parsed last with all of the bytes.
        if let Ok(Some((len, ..))) = verdict {
            assert!(len <= limits.head_len_max && head.fields.len() <= limits.fields_max);
            strict::check_line_ends(&bytes[..len]);
            assert_eq!(strict::count_named(&bytes[..len]), head.fields.len());
            check_encoding(&bytes[..len], &head, limits);
        }
    }
});

fn check_encoding(bytes: &[u8], head: &RequestHead, limits: &Limits) {
    let encoded = encode(bytes, head);
    let is_plain = strict::is_plain_target(head.target.of(bytes));
    assert!(is_plain || limits.is_lenient);
    // Whatever was accepted, what is forwarded is strict, but for a target.
    let wide = Limits { is_lenient: !is_plain, ..WIDE };
    let mut again = RequestHead::default();
    assert_eq!(again.parse(&encoded, &wide), Ok(true), "{}", encoded.escape_ascii());
    assert_eq!(again.len, encoded.len());
    assert_eq!(
        (again.method, again.framing, again.upgrade),
        (head.method, head.framing, head.upgrade)
    );
    assert_eq!(again.expect_continue, head.expect_continue);
    assert!(again.keep_alive && again.host.is_some());
    let meant = Message::of_request(bytes, head, SERVER);
    assert_eq!(Message::of_request(&encoded, &again, SERVER), meant);
    assert_eq!(
        encode(&encoded, &again).escape_ascii().to_string(),
        encoded.escape_ascii().to_string()
    );
    // Of one with a body it checks the head, and misses the body.
    let read = strict::read_requests(&encoded);
    if matches!(head.framing, Framing::None | Framing::Length(0)) {
        assert_eq!(read, (vec![meant], &b""[..]));
    }
}

fn encode(bytes: &[u8], head: &RequestHead) -> Vec<u8> {
    let connection = if head.upgrade { ConnectionOut::Upgrade } else { ConnectionOut::None };
    let mut out = Vec::new();
    let request_out = RequestOut { host_if_missing: SERVER, connection };
    encode_request(&mut out, bytes, head, &request_out);
    out.extend_from_slice(CRLF);
    out
}
