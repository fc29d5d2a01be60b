//! A body: however it is split it decodes to the same, and what is written from it does too.
//!
//! The first byte of an input says how the body ends: a digit is its length, `e` the end of the
//! connection, anything else chunks.
#![no_main]

use fuzz::proto::h1::{
    BodyDecoder, CRLF, Limits, ParseError, ResponseFraming, chunk_prefix, end_chunked,
};
use fuzz::{Pieces, STRICT, WIDE, strict};
use libfuzzer_sys::fuzz_target;

/// What became of all pieces together.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    data: Vec<u8>,
    consumed: usize,
    is_done: bool,
    is_whole_at_end: bool,
    trailers: Vec<u8>,
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let framing = match first {
        b'0'..=b'9' => ResponseFraming::Length(u64::from(first - b'0')),
        b'e' => ResponseFraming::Close,
        _ => ResponseFraming::Chunked,
    };
    for limits in &STRICT {
        let whole = decode(framing, bytes, limits, |rest| rest);
        let mut pieces = Pieces::of(bytes);
        assert_eq!(decode(framing, bytes, limits, |rest| pieces.next(rest)), whole);
        let by_byte = decode(framing, bytes, limits, |rest| {
            let len = rest.len().min(1);
            &mut rest[..len]
        });
        assert_eq!(by_byte, whole);
        if let Ok(outcome) = whole {
            check_outcome(framing, bytes, &outcome);
        }
    }
});

fn check_outcome(framing: ResponseFraming, bytes: &[u8], outcome: &Outcome) {
    assert!(outcome.is_done || outcome.consumed == bytes.len());
    if framing != ResponseFraming::Chunked {
        assert_eq!(outcome.data, bytes[..outcome.consumed]);
    } else if outcome.is_done {
        check_encoding(bytes, outcome);
    }
}

fn check_encoding(bytes: &[u8], outcome: &Outcome) {
    let (mut encoded, mut data) = (Vec::new(), outcome.data.clone());
    let (mut rest, mut pieces) = (data.as_mut_slice(), Pieces::of(bytes));
    while !rest.is_empty() {
        let len = pieces.next(rest).len();
        chunk_prefix(&mut encoded, len);
        encoded.extend_from_slice(&rest[..len]);
        encoded.extend_from_slice(CRLF);
        rest = &mut rest[len..];
    }
    end_chunked(&mut encoded, &outcome.trailers);
    let again = decode(ResponseFraming::Chunked, &encoded, &WIDE, |rest| rest);
    let again = again.unwrap_or_else(|error| panic!("{error}: {}", encoded.escape_ascii()));
    assert_eq!((&again.data, &again.trailers), (&outcome.data, &outcome.trailers));
    assert_eq!((again.consumed, again.is_done), (encoded.len(), true));
    let request = [b"PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", &encoded[..]].concat();
    let (messages, rest) = strict::read_requests(&request);
    assert_eq!((messages.len(), &messages[0].body, rest), (1, &outcome.data, &b""[..]));
}

fn decode(
    framing: ResponseFraming,
    bytes: &[u8],
    limits: &Limits,
    mut cut: impl FnMut(&mut [u8]) -> &mut [u8],
) -> Result<Outcome, ParseError> {
    let mut decoder = BodyDecoder::new(framing, limits);
    let mut outcome = Outcome::default();
    let mut bytes = bytes.to_vec();
    while !decoder.is_done() && outcome.consumed < bytes.len() {
        let piece = cut(&mut bytes[outcome.consumed..]);
        let decoded = decoder.decode(piece)?;
        assert!(decoded.consumed <= piece.len() && decoded.data.end <= decoded.consumed);
        assert!(decoded.done || decoded.consumed == piece.len());
        assert_eq!(decoded.done, decoder.is_done());
        outcome.data.extend_from_slice(&piece[decoded.data]);
        outcome.consumed += decoded.consumed;
    }
    outcome.is_done = decoder.is_done();
    outcome.is_whole_at_end = decoder.is_whole_at_end();
    outcome.trailers = decoder.trailers().to_vec();
    Ok(outcome)
}
