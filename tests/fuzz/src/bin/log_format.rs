//! A log-format string: it is refused with a place in it, or printed back it is the same; and the
//! lines that it renders are bounded, whole lines of visible text or of JSON.
//!
//! An input's parts end with 0xff, which no text has: the format, then what the record holds.
#![no_main]

use std::fmt::Write;
use std::net::SocketAddr;

use fuzz::json;
use fuzz::observe::end::StreamEnd;
use fuzz::observe::record::{Captured, ConnEnds, Counts, Record, RequestLine, Timers, TlsNames};
use fuzz::observe::{write_line, write_text};
use libfuzzer_sys::fuzz_target;
use proxy_config::model::{Encoding, Format, FormatPiece, LogFlags};
use proxy_config::parse_log_format;

const TLS: TlsNames = TlsNames { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256" };

/// Bytes of a line: the least and the most that a configuration may set, and the default.
const LENS: [usize; 3] = [80, 1024, 65_535];

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.split(|byte| *byte == 0xff);
    let text = String::from_utf8_lossy(parts.next().unwrap_or_default());
    match parse_log_format(&text) {
        Ok(format) => {
            check_format(&format);
            let parts: Vec<&[u8]> = parts.collect();
            check_lines(&format, &parts);
        }
        Err(fault) => {
            // Slicing panics outside the text, and within a character.
            let _ = &text[fault.range];
            assert!(!fault.problem.is_empty() && !fault.expected.is_empty());
        }
    }
});

fn check_format(format: &Format) {
    let is_text = |piece: &FormatPiece| matches!(piece, FormatPiece::Text(_));
    assert!(!format.pieces.windows(2).any(|pair| pair.iter().all(is_text)));
    if let Some(printed) = print(format) {
        assert_eq!(parse_log_format(&printed).as_ref(), Ok(format), "{printed}");
    }
}

/// None when there is an expression in it: those are printed, and read again, by the tests of the
/// rule language.
fn print(format: &Format) -> Option<String> {
    let mut text = String::new();
    if format.encoding == Encoding::Json {
        // The blank, which counts for nothing at the start, ends the alias.
        text.push_str("%{+json}o ");
    }
    for piece in &format.pieces {
        match piece {
            FormatPiece::Sample { .. } => return None,
            FormatPiece::Text(piece) => text.push_str(&piece.replace('%', "%%")),
            FormatPiece::Field { field, flags, name } => {
                text.push('%');
                if let Some(name) = name {
                    // Writing to a String cannot fail.
                    let _ = write!(text, "({name})");
                }
                print_flags(&mut text, *flags);
                text.push_str(field.alias());
            }
        }
    }
    Some(text)
}

fn print_flags(text: &mut String, flags: LogFlags) {
    let sign = |is_on| if is_on { '+' } else { '-' };
    let (quote, hex, escape) = (sign(flags.quote), sign(flags.hex), sign(flags.escape));
    let _ = write!(text, "{{{quote}Q,{hex}X,{escape}E}}");
}

fn check_lines(format: &Format, parts: &[&[u8]]) {
    let headers: Vec<_> = parts.iter().map(|part| Some(*part).filter(|p| *p != b"-")).collect();
    for record in [first_record(parts, &headers), last_record(parts)] {
        for len in LENS {
            let mut out = b"earlier\n".to_vec();
            write_line(&mut out, len, format, &record);
            check_line(&out, len, format.encoding);
            out.truncate(8);
            write_text(&mut out, len, format, &record);
            check_line(&out, len, format.encoding);
        }
    }
}

fn check_line(out: &[u8], len: usize, encoding: Encoding) {
    let line = out.strip_prefix(b"earlier\n").unwrap_or_else(|| panic!("{}", out.escape_ascii()));
    assert!(line.len() <= len, "{} bytes of {len}", line.len());
    assert!(!line.iter().any(u8::is_ascii_control), "{}", line.escape_ascii());
    if encoding == Encoding::Json {
        json::check_object(line);
    }
}

/// All of it is there, and says what the input says.
fn first_record<'a>(parts: &[&'a [u8]], headers: &'a [Option<&'a [u8]>]) -> Record<'a> {
    let part = |at: usize| parts.get(at).copied().unwrap_or_default();
    let number = |at: usize| part(at).iter().fold(0, |n: u64, byte| n << 8 | u64::from(*byte));
    let address = |at: usize| SocketAddr::from(((number(at) as u32).to_be_bytes(), 443));
    let ms = |at: usize| number(at) as i64;
    Record {
        client: Some(address(0)),
        bind_number: 1,
        destination: Some(SocketAddr::from(([0, 0, 0, 0, 0, 0xffff, 0x0102, 0x0304], 80))),
        server_conn: Some(ConnEnds { source: address(1), destination: address(2) }),
        accept_ms: number(3),
        request_ms: number(4),
        frontend: "web",
        tls: part(0).is_empty().then_some(TLS),
        backend: "app",
        server: Some("s1"),
        timers: Timers { idle_ms: ms(5), request_ms: ms(6), total_ms: ms(7), ..Timers::NONE },
        status: number(1) as i32,
        bytes: number(2),
        bytes_received: number(3),
        end: StreamEnd::NORMAL,
        counts: Counts { retries: number(1), redispatched: true, ..Counts::default() },
        request: Some(RequestLine { method: part(0), target: part(1), version: part(2) }),
        unique_id: part(3),
        captured: Captured {
            request_headers: headers,
            response_headers: &headers[headers.len() / 2..],
            request_cookie: Some(part(4)),
            response_cookie: Some(part(5)),
        },
        is_early: part(1).is_empty(),
        samples: None,
        level: part(2).first().copied(),
    }
}

/// Nothing is there that may be missing, and every number is at its end.
fn last_record<'a>(parts: &[&'a [u8]]) -> Record<'a> {
    let max = u64::MAX;
    Record {
        client: None,
        bind_number: u32::MAX,
        destination: None,
        server_conn: None,
        accept_ms: max,
        request_ms: max,
        frontend: "web",
        tls: Some(TLS),
        backend: "app",
        server: None,
        timers: Timers {
            handshake_ms: i64::MAX,
            idle_ms: i64::MAX,
            request_ms: i64::MAX,
            response_ms: i64::MIN,
            total_ms: i64::MAX,
            ..Timers::NONE
        },
        status: i32::MIN,
        bytes: max,
        bytes_received: max,
        end: StreamEnd::SERVER_HEADERS,
        counts: Counts { logged: max, request: max, server_queue: max, ..Counts::default() },
        request: None,
        unique_id: parts.first().copied().unwrap_or_default(),
        captured: Captured::default(),
        is_early: true,
        samples: None,
        level: None,
    }
}
