use super::super::encode::{CRLF, chunk_prefix, end_chunked};
use super::super::framing::Framing;
use super::super::testing::{LIMITS, Random, with_seeds};
use super::*;
use ParseError as E;

/// Data and trailers of a body, and how many bytes it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Body {
    data: Vec<u8>,
    trailers: Vec<u8>,
    consumed: usize,
    done: bool,
}

/// Decodes `bytes`, arriving in pieces that end at `ends`.
fn decode_pieces(
    mut decoder: BodyDecoder,
    bytes: &[u8],
    ends: impl Iterator<Item = usize>,
) -> Result<Body, E> {
    let mut body = Body::default();
    let mut start = 0;
    for end in ends.chain([bytes.len()]) {
        let mut piece = bytes[start..end].to_vec();
        let decoded = decoder.decode(&mut piece)?;
        assert!(decoded.done || decoded.consumed == piece.len(), "{}", bytes.escape_ascii());
        assert!(decoded.data.end <= decoded.consumed);
        assert_eq!(decoded.done, decoder.is_done());
        body.data.extend_from_slice(&piece[decoded.data]);
        body.consumed += decoded.consumed;
        start = end;
        if decoded.done {
            body.done = true;
            break;
        }
    }
    body.trailers = decoder.trailers().to_vec();
    Ok(body)
}

/// Decodes `bytes` whole, byte by byte, cut in two anywhere, and with more after it: all alike.
fn decode(framing: Framing, bytes: &[u8], limits: &Limits) -> Result<Body, E> {
    let decoder = || BodyDecoder::new(framing, limits);
    let shown = bytes.escape_ascii();
    let whole = decode_pieces(decoder(), bytes, [].into_iter());
    assert_eq!(decode_pieces(decoder(), bytes, 1..bytes.len()), whole, "byte by byte: {shown}");
    if bytes.len() < 300 {
        for cut in 0..bytes.len() {
            let pieces = decode_pieces(decoder(), bytes, [cut].into_iter());
            assert_eq!(pieces, whole, "cut at {cut}: {shown}");
        }
    }
    if whole.as_ref().is_ok_and(|body| body.done) {
        let followed = [bytes, b"0\r\nGET / HTTP/1.1\r\n\r\n"].concat();
        assert_eq!(decode_pieces(decoder(), &followed, [].into_iter()), whole, "{shown}");
    }
    whole
}

fn chunked(text: impl AsRef<[u8]>) -> Result<Body, E> {
    decode(Framing::Chunked, text.as_ref(), &LIMITS)
}

/// A whole chunked body with this data and these trailers.
fn accept(text: &str, data: &str, trailers: &str) {
    let body = chunked(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert!(body.done, "{text:?}");
    assert_eq!(body.consumed, text.len(), "{text:?}");
    assert_eq!(body.data, data.as_bytes(), "{text:?}");
    assert_eq!(body.trailers, trailers.as_bytes(), "{text:?}");
}

fn refuse(text: impl AsRef<[u8]>, error: E) {
    assert_eq!(chunked(&text), Err(error), "{}", text.as_ref().escape_ascii());
}

#[test]
fn a_decoder_is_small() {
    assert!(size_of::<BodyDecoder>() <= 32);
}

#[test]
fn lengths() {
    for (len, input, data, done) in
        [(0, "", "", true), (5, "hello", "hello", true), (5, "hell", "hell", false)]
    {
        let body = decode(Framing::Length(len), input.as_bytes(), &LIMITS).unwrap();
        assert_eq!((body.data.as_slice(), body.done), (data.as_bytes(), done));
    }
    let body = decode_pieces(BodyDecoder::new(Framing::None, &LIMITS), b"x", [].into_iter());
    assert_eq!(body, Ok(Body { done: true, ..Body::default() }));
    let mut decoder = BodyDecoder::new(Framing::Length(u64::MAX), &LIMITS);
    let decoded = decoder.decode(&mut [0; 9]).unwrap();
    assert_eq!(decoded, Decoded { data: 0..9, consumed: 9, done: false });
}

#[test]
fn the_end_of_the_connection() {
    let is_whole = |framing: ResponseFraming, bytes: &str| {
        let mut decoder = BodyDecoder::new(framing, &LIMITS);
        decoder.decode(&mut bytes.as_bytes().to_vec()).unwrap();
        decoder.is_whole_at_end()
    };
    assert!(is_whole(ResponseFraming::Close, "any"));
    assert!(is_whole(ResponseFraming::None, ""));
    assert!(is_whole(ResponseFraming::Length(3), "any"));
    assert!(!is_whole(ResponseFraming::Length(4), "any"));
    assert!(is_whole(ResponseFraming::Chunked, "0\r\n\r\n"));
    assert!(!is_whole(ResponseFraming::Chunked, "0\r\n\r"));
    assert!(!is_whole(ResponseFraming::Chunked, "0\r\n"));
}

#[test]
fn chunks() {
    accept("0\r\n\r\n", "", "");
    accept("5\r\nhello\r\n0\r\n\r\n", "hello", "");
    accept("1\r\nh\r\n3\r\nell\r\n00000001\r\no\r\n000\r\n\r\n", "hello", "");
    accept("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", "");
    accept("7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n", "");
}

#[test]
fn data_is_moved_together_in_place() {
    let mut bytes = *b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\nGET";
    let decoded = BodyDecoder::new(Framing::Chunked, &LIMITS).decode(&mut bytes).unwrap();
    assert_eq!(decoded, Decoded { data: 3..8, consumed: 20, done: true });
    assert_eq!(&bytes[3..8], b"hello");
    assert_eq!(&bytes[20..], b"GET");
}

#[test]
fn chunk_sizes() {
    for line in [
        "", ";", " 5", "\t5", "+5", "-5", "0x5", "x", "g", "5_0", "0_2e", "5 5", "5,", "\x005",
        "5\x00", "'5'", "\n5", "5.0", "5h", "\u{b2}",
    ] {
        let text = format!("{line}\r\nhello\r\n0\r\n\r\n");
        assert!(matches!(chunked(&text), Err(E::ChunkSize | E::ChunkExtension)), "{text:?}");
    }
    refuse("5\nhello\r\n0\r\n\r\n", E::ChunkSize);
    refuse("5\r\rhello\r\n0\r\n\r\n", E::ChunkSize);
    refuse("5\rhello\r\n0\r\n\r\n", E::ChunkSize);
    refuse("0\n\r\n", E::ChunkSize);
    for (digits, error) in [
        ("0000000000000005", None),
        ("00000000000000005", Some(E::ChunkSize)),
        ("ffffffffffffffff", None),
        ("10000000000000000", Some(E::ChunkSize)),
        ("10000000000000005", Some(E::ChunkSize)),
        ("fffffffffffffffff", Some(E::ChunkSize)),
        ("100000005", None),
    ] {
        let body = chunked(format!("{digits}\r\nhello"));
        assert_eq!(body.clone().err(), error, "{digits}");
        assert!(body.is_err() || body.unwrap().data == b"hello");
    }
}

#[test]
fn chunk_data_ends_with_cr_lf() {
    for text in [
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello!\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n",
        "5\r\nhello\r\r\n0\r\n\r\n",
        "5\r\nhelloXX0\r\n\r\n",
        "5\r\nhello \r\n0\r\n\r\n",
    ] {
        refuse(text, E::ChunkDataEnd);
    }
    refuse("5\r\nhello\r\n\r\n0\r\n\r\n", E::ChunkSize);
}

#[test]
fn extensions() {
    for extension in [
        ";a",
        ";a=b",
        " ;a",
        "\t; a",
        "; a = b",
        ";a;b",
        ";a=\"b\"",
        ";a=\"\"",
        ";a=\"; \\\" \\\\\t\u{e9}\";c",
        ";a=b ;c = d\t;e",
        ";a=\"b\" ;c",
    ] {
        let text = format!("5{extension}\r\nhello\r\n0{extension}\r\n\r\n");
        accept(&text, "hello", "");
    }
}

#[test]
fn bad_extensions() {
    for extension in [
        ";",
        "; ",
        ";;",
        ";a;",
        ";a ",
        ";a=",
        ";a= ",
        ";a=;b",
        ";=b",
        ";a=\"",
        ";a=\"b\"c",
        ";a=b\"c\"",
        ";a b",
        ";a=b c",
        " ",
        "\t",
        ";\"a\"",
        ";a\0",
        ";a=\x7f",
        ";a=\"\x0b\"",
        ";a=\"\\\x01\"",
        ";a==b",
        ";a,b",
        ";\u{e9}",
        ";a=\"b\\",
    ] {
        for size in ["5", "0"] {
            refuse(format!("{size}{extension}\r\nhello\r\n0\r\n\r\n"), E::ChunkExtension);
        }
    }
}

#[test]
fn line_ends_in_extensions() {
    // A lone LF is the end of the line to some (TERM.EXT), and part of the extension to others
    // (EXT.TERM).
    for extension in [";\n", ";a\n", ";a=\n", ";a=\"\n", ";a=\"\\\n", ";a=\"b\"\n", " \n", "; \n"] {
        refuse(format!("2{extension}xx\r\n0\r\n\r\n"), E::ChunkExtension);
    }
    for extension in [";\r", ";a=\"\r", ";a=\r", " \r", ";a \r", ";a=\"\\\r", ";a=\"\r\n"] {
        refuse(format!("2{extension}xx\r\n0\r\n\r\n"), E::ChunkExtension);
    }
    for extension in [";a\r", ";a=b\r", ";a=\"b\"\r"] {
        refuse(format!("2{extension}xx\r\n0\r\n\r\n"), E::ChunkSize);
    }
}

#[test]
fn chunk_lines_are_bounded() {
    let line_len_max = usize::from(CHUNK_LINE_LEN_MAX);
    let line = |size: &str, len: usize| format!("{size};{}\r\n", "a".repeat(len - size.len() - 3));
    let end = "0\r\n\r\n";
    let fits = line("5", line_len_max);
    accept(&format!("{fits}hello\r\n{fits}hello\r\n{end}"), "hellohello", "");
    refuse(line("5", line_len_max + 1), E::ChunkLineTooLong);
    accept(&format!("{}\r\n", line("0", line_len_max)), "", "");
    refuse(line("0", line_len_max + 1), E::ChunkLineTooLong);
}

#[test]
fn trailers() {
    accept("0\r\nX-Sum: 5\r\n\r\n", "", "x-sum: 5\r\n");
    accept("0\r\nA:\r\nB: \t \r\nC:\t d e \t\r\n\r\n", "", "a: \r\nb: \r\nc: d e\r\n");
    accept(
        "1\r\nx\r\n0\r\ngrpc-status:0\r\nA: :\u{e9}\r\n\r\n",
        "x",
        "grpc-status: 0\r\na: :\u{e9}\r\n",
    );
    for (text, error) in [
        ("\n", E::FieldName),
        (": x\r\n\r\n", E::FieldName),
        ("A : x\r\n\r\n", E::FieldName),
        ("A\r\n\r\n", E::FieldName),
        (" A: x\r\n\r\n", E::FieldName),
        ("A: x\r\n folded\r\n\r\n", E::FieldName),
        ("A\0: x\r\n\r\n", E::FieldName),
        ("A: x\ny\r\n\r\n", E::FieldValue),
        ("A:\n\r\n", E::FieldValue),
        ("A: x\0\r\n\r\n", E::FieldValue),
        ("A: \x7f\r\n\r\n", E::FieldValue),
        ("A: x\ry\r\n\r\n", E::LineEnd),
        ("A:\r\r\n\r\n", E::LineEnd),
        ("\rGET", E::LineEnd),
        ("A: x\r\n\r\r", E::LineEnd),
        ("A: x\r\n\n", E::FieldName),
    ] {
        refuse(format!("0\r\n{text}"), error);
    }
}

#[test]
fn forbidden_trailers_are_dropped() {
    for name in [
        "Content-Length",
        "TRANSFER-ENCODING",
        "Host",
        "connection",
        "Trailer",
        "TE",
        "Upgrade",
        "Expect",
        "Keep-Alive",
        "Set-Cookie",
        "Authorization",
        "Content-Type",
        "Cache-Control",
        "X-Forwarded-For",
    ] {
        accept(&format!("0\r\nA: b\r\n{name}: 5\r\nC: d\r\n\r\n"), "", "a: b\r\nc: d\r\n");
        accept(&format!("0\r\n{name}:\r\n\r\n"), "", "");
    }
}

#[test]
fn trailers_are_bounded() {
    let limits = Limits::strict(14, 2);
    for (lines, expected) in [
        ("A: b\r\nC: def\r\n", Ok(true)),
        ("A: b\r\nC: defg\r\n", Err(E::TrailersTooLong)),
        ("Host: 345678\r\n", Ok(true)),
        ("Host: 3456789\r\n", Err(E::TrailersTooLong)),
        ("A:\r\nB:\r\n", Ok(true)),
        ("A:\r\nB:\r\nC:\r\n", Err(E::FieldsTooMany)),
    ] {
        let text = format!("0\r\n{lines}\r\n");
        let body = decode(Framing::Chunked, text.as_bytes(), &limits);
        assert_eq!(body.map(|body| body.done), expected, "{text:?}");
    }
}

/// Data, in chunks of random sizes with some extensions, as anyone may send it.
fn random_chunks(random: &mut Random, data: &[u8], trailers: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let (chunk, next) = rest.split_at(1 + random.below(rest.len().min(40)));
        if random.one_in(3) {
            let extension = random.pick(&[";a", " ; a=\"\\\"\r\n\"", ";a=b;c", ";x=\"\""]);
            let extension = extension.replace("\r\n", "");
            bytes.extend_from_slice(format!("0{:X}{extension}\r\n", chunk.len()).as_bytes());
        } else {
            chunk_prefix(&mut bytes, chunk.len());
        }
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(CRLF);
        rest = next;
    }
    end_chunked(&mut bytes, trailers.as_bytes());
    bytes
}

#[test]
fn any_split_gives_the_same_body() {
    with_seeds(400, |random| {
        let data: Vec<u8> = (0..random.below(300)).map(|_| random.next() as u8).collect();
        let trailers = random.pick(&["", "a: b\r\n", "a: b\r\nc: d e\r\n"]);
        let bytes = random_chunks(random, &data, trailers);
        let mut ends: Vec<usize> =
            (0..random.below(20)).map(|_| random.below(bytes.len())).collect();
        ends.sort_unstable();
        let decoder = BodyDecoder::new(Framing::Chunked, &LIMITS);
        let body = decode_pieces(decoder, &bytes, ends.into_iter());
        let consumed = bytes.len();
        let expected = Body { data, trailers: trailers.into(), consumed, done: true };
        assert_eq!(body, Ok(expected));
    });
}

#[test]
fn mutated_bodies_neither_panic_nor_depend_on_their_arrival() {
    with_seeds(2000, |random| {
        let mut bytes = random_chunks(random, b"hello, hello", "a: b\r\n");
        random.mutate(&mut bytes);
        let _ = decode(Framing::Chunked, &bytes, &LIMITS);
        let noise: Vec<u8> = (0..random.below(30)).map(|_| random.next() as u8).collect();
        let _ = decode(Framing::Chunked, &noise, &LIMITS);
    });
}

#[test]
fn what_passed_and_is_written_again_is_the_same() {
    with_seeds(2000, |random| {
        let mut bytes = random_chunks(random, b"hello, hello", "a: b\r\nc:\r\n");
        random.mutate(&mut bytes);
        let Ok(body) = decode(Framing::Chunked, &bytes, &LIMITS) else { return };
        let trailers = String::from_utf8_lossy(&body.trailers);
        // What is not text is compared by the fuzz targets.
        if !body.done || trailers.as_bytes() != body.trailers {
            return;
        }
        let again = random_chunks(random, &body.data, &trailers);
        let expected = Body { consumed: again.len(), ..body.clone() };
        assert_eq!(decode(Framing::Chunked, &again, &LIMITS), Ok(expected));
    });
}

#[test]
fn chunk_prefixes() {
    for (len, expected) in [
        (1, "1\r\n"),
        (9, "9\r\n"),
        (10, "a\r\n"),
        (16, "10\r\n"),
        (usize::MAX, "ffffffffffffffff\r\n"),
    ] {
        let mut out = Vec::new();
        chunk_prefix(&mut out, len);
        assert_eq!(out, expected.as_bytes());
    }
}
