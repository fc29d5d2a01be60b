//! HAProxy's httplog and tcplog lines, byte for byte.
//!
//! A line is appended with its `\n`. What peers sent is escaped, so no line holds another `\n`.

use super::date::DateCache;
use super::digits::{put_i64, put_ip, put_u64};
use super::record::{Counts, Record, RequestLine, Timers};

/// Bytes of a line without its `\n`. What is longer is cut, and lacks its closing quote, as with
/// HAProxy's default `len` (which counts the syslog header too; here it comes on top).
pub const MAX_LINE: usize = 1024;

/// `%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq
/// %hr %hs %{+Q}r`. Without captures HAProxy prints nothing for `%hr %hs`.
pub fn write_http(out: &mut Vec<u8>, dates: &mut DateCache, record: &Record<'_>) {
    let start = out.len();
    put_client(out, record);
    put_date(out, dates, record.request_ms);
    put_route(out, record);
    let Timers { request_ms, queue_ms, connect_ms, response_ms, total_ms } = record.timers;
    put_timers(out, &[request_ms, queue_ms, connect_ms, response_ms, total_ms]);
    put_i64(out, i64::from(record.status));
    out.push(b' ');
    put_u64(out, record.bytes);
    let [who, when] = record.end.code();
    // No captured cookies and no persistence yet: `%CC %CS` and the two cookie states are dashes.
    out.extend_from_slice(&[b' ', b'-', b' ', b'-', b' ', who, when, b'-', b'-', b' ']);
    put_counts(out, &record.counts);
    out.extend_from_slice(b" \"");
    match &record.request {
        Some(request) => put_request(out, start, request),
        None => out.extend_from_slice(b"<BADREQ>"),
    }
    out.push(b'"');
    end_line(out, start);
}

/// `%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq`.
pub fn write_tcp(out: &mut Vec<u8>, dates: &mut DateCache, record: &Record<'_>) {
    let start = out.len();
    put_client(out, record);
    put_date(out, dates, record.accept_ms);
    put_route(out, record);
    let Timers { queue_ms, connect_ms, total_ms, .. } = record.timers;
    put_timers(out, &[queue_ms, connect_ms, total_ms]);
    put_u64(out, record.bytes);
    let [who, when] = record.end.code();
    out.extend_from_slice(&[b' ', who, when, b' ']);
    put_counts(out, &record.counts);
    end_line(out, start);
}

fn end_line(out: &mut Vec<u8>, start: usize) {
    out.truncate(start + MAX_LINE);
    out.push(b'\n');
}

fn put_client(out: &mut Vec<u8>, record: &Record<'_>) {
    let port = match record.client {
        Some(address) => {
            put_ip(out, address.ip());
            u64::from(address.port())
        }
        None => {
            out.extend_from_slice(b"unix");
            u64::from(record.bind_number)
        }
    };
    out.push(b':');
    put_u64(out, port);
}

fn put_date(out: &mut Vec<u8>, dates: &mut DateCache, wall_ms: u64) {
    out.extend_from_slice(b" [");
    dates.put_access(out, wall_ms);
    out.extend_from_slice(b"] ");
}

/// `web~ app/s1 `. Names come from the checked configuration and need no escaping.
fn put_route(out: &mut Vec<u8>, record: &Record<'_>) {
    out.extend_from_slice(record.frontend.as_bytes());
    if record.tls {
        out.push(b'~');
    }
    out.push(b' ');
    out.extend_from_slice(record.backend.as_bytes());
    out.push(b'/');
    out.extend_from_slice(record.server.unwrap_or("<NOSRV>").as_bytes());
    out.push(b' ');
}

fn put_timers(out: &mut Vec<u8>, timers_ms: &[i64]) {
    for (position, timer_ms) in timers_ms.iter().enumerate() {
        if position > 0 {
            out.push(b'/');
        }
        put_i64(out, *timer_ms);
    }
    out.push(b' ');
}

/// `%ac/%fc/%bc/%sc/%rc %sq/%bq`.
fn put_counts(out: &mut Vec<u8>, counts: &Counts) {
    for count in [counts.process, counts.frontend, counts.backend, counts.server] {
        put_u64(out, count);
        out.push(b'/');
    }
    if counts.redispatched {
        out.push(b'+');
    }
    put_u64(out, counts.retries);
    out.push(b' ');
    put_u64(out, counts.server_queue);
    out.push(b'/');
    put_u64(out, counts.backend_queue);
}

fn put_request(out: &mut Vec<u8>, start: usize, request: &RequestLine<'_>) {
    put_escaped(out, start, request.method);
    out.push(b' ');
    put_escaped(out, start, request.target);
    out.push(b' ');
    put_escaped(out, start, request.version);
}

/// Appends what a peer sent, up to the line's bound, so that a huge target costs no more than a
/// long one.
fn put_escaped(out: &mut Vec<u8>, start: usize, text: &[u8]) {
    let room = (start + MAX_LINE).saturating_sub(out.len());
    let text = &text[..text.len().min(room)];
    // No early exit: this form is vectorised, and nearly every text is clean.
    if !text.iter().fold(false, |found, byte| found | wants_escape(*byte)) {
        return out.extend_from_slice(text);
    }
    for byte in text {
        if wants_escape(*byte) {
            let [high, low] =
                [byte >> 4, byte & 15].map(|digit| b"0123456789ABCDEF"[digit as usize]);
            out.extend_from_slice(&[b'#', high, low]);
        } else {
            out.push(*byte);
        }
    }
}

/// HAProxy prints these as `#XX`: what is not printable ASCII, the quote that would end the field,
/// and the escape character itself.
const fn wants_escape(byte: u8) -> bool {
    byte < 0x20 || byte >= 0x7f || byte == b'"' || byte == b'#'
}

#[cfg(test)]
#[path = "access_log_tests.rs"]
mod tests;
