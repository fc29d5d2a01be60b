//! HAProxy's httplog and tcplog lines, byte for byte.
//!
//! A line is appended with its `\n`. What peers sent is escaped, so no line holds another `\n`.
//! `len` is the bound of a line without its `\n`: what is longer is cut, and lacks its closing
//! quote.

use super::date::DateCache;
use super::digits::{put_i64, put_ip, put_u64};
use super::escape::{Encoding, put_request_text};
use super::record::{Captured, Counts, Record, RequestLine, Timers};

/// `%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq
/// %hr %hs %{+Q}r`. Where nothing is captured HAProxy prints nothing for `%hr %hs`.
pub fn write_http(out: &mut Vec<u8>, dates: &mut DateCache, record: &Record<'_>, len: usize) {
    let limit = out.len() + len;
    put_client(out, record);
    put_date(out, dates, record.request_ms);
    put_route(out, record);
    let Timers { request_ms, queue_ms, connect_ms, response_ms, active_ms, .. } = record.timers;
    put_timers(out, &[request_ms, queue_ms, connect_ms, response_ms]);
    put_total(out, record.is_early, active_ms);
    put_i64(out, i64::from(record.status));
    out.push(b' ');
    put_bytes(out, record);
    let captured = &record.captured;
    if captured.is_empty() {
        out.extend_from_slice(b"- - ");
    } else {
        put_cookies(out, limit, captured);
    }
    let [who, when] = record.end.code();
    // No persistence yet: the two cookie states are dashes.
    out.extend_from_slice(&[who, when, b'-', b'-', b' ']);
    put_counts(out, &record.counts);
    if !captured.is_empty() {
        put_headers(out, limit, captured.request_headers);
        put_headers(out, limit, captured.response_headers);
    }
    out.extend_from_slice(b" \"");
    match &record.request {
        Some(request) => put_request(out, limit, request),
        None => out.extend_from_slice(b"<BADREQ>"),
    }
    out.push(b'"');
    end_line(out, limit);
}

/// `%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq`.
pub fn write_tcp(out: &mut Vec<u8>, dates: &mut DateCache, record: &Record<'_>, len: usize) {
    let limit = out.len() + len;
    put_client(out, record);
    put_date(out, dates, record.accept_ms);
    put_route(out, record);
    let Timers { queue_ms, connect_ms, total_ms, .. } = record.timers;
    put_timers(out, &[queue_ms, connect_ms]);
    put_total(out, record.is_early, total_ms);
    put_bytes(out, record);
    let [who, when] = record.end.code();
    out.extend_from_slice(&[who, when, b' ']);
    put_counts(out, &record.counts);
    end_line(out, limit);
}

pub(super) fn end_line(out: &mut Vec<u8>, limit: usize) {
    out.truncate(limit);
    out.push(b'\n');
}

pub(super) fn put_client(out: &mut Vec<u8>, record: &Record<'_>) {
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

pub(super) fn put_date(out: &mut Vec<u8>, dates: &mut DateCache, wall_ms: u64) {
    out.extend_from_slice(b" [");
    dates.put_access(out, wall_ms);
    out.extend_from_slice(b"] ");
}

/// `web~`. Names come from the checked configuration and need no escaping.
pub(super) fn put_frontend(out: &mut Vec<u8>, record: &Record<'_>) {
    out.extend_from_slice(record.frontend.as_bytes());
    if record.tls.is_some() {
        out.push(b'~');
    }
}

/// `web~ app/s1 `.
fn put_route(out: &mut Vec<u8>, record: &Record<'_>) {
    put_frontend(out, record);
    out.push(b' ');
    out.extend_from_slice(record.backend.as_bytes());
    out.push(b'/');
    out.extend_from_slice(record.server.unwrap_or("<NOSRV>").as_bytes());
    out.push(b' ');
}

fn put_timers(out: &mut Vec<u8>, timers_ms: &[i64]) {
    for timer_ms in timers_ms {
        put_i64(out, *timer_ms);
        out.push(b'/');
    }
}

/// The last timer: more time may come when the line is early.
fn put_total(out: &mut Vec<u8>, is_early: bool, total_ms: i64) {
    if is_early {
        out.push(b'+');
    }
    put_i64(out, total_ms);
    out.push(b' ');
}

fn put_bytes(out: &mut Vec<u8>, record: &Record<'_>) {
    if record.is_early {
        out.push(b'+');
    }
    put_u64(out, record.bytes);
    out.push(b' ');
}

/// `%CC %CS `
fn put_cookies(out: &mut Vec<u8>, limit: usize, captured: &Captured<'_>) {
    for cookie in [captured.request_cookie, captured.response_cookie] {
        match cookie {
            Some(cookie) if !cookie.is_empty() => Encoding::Plain.put(out, limit, cookie, false),
            _ => out.push(b'-'),
        }
        out.push(b' ');
    }
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

/// ` {a|b}`, or nothing where nothing is captured.
fn put_headers(out: &mut Vec<u8>, limit: usize, headers: &[Option<&[u8]>]) {
    for (position, header) in headers.iter().enumerate() {
        out.extend_from_slice(if position == 0 { b" {" } else { b"|" });
        Encoding::Captured.put(out, limit, header.unwrap_or_default(), false);
    }
    if !headers.is_empty() {
        out.push(b'}');
    }
}

fn put_request(out: &mut Vec<u8>, limit: usize, request: &RequestLine<'_>) {
    put_request_text(out, limit, request.method);
    out.push(b' ');
    put_request_text(out, limit, request.target);
    out.push(b' ');
    put_request_text(out, limit, request.version);
}

#[cfg(test)]
#[path = "access_log_tests.rs"]
mod tests;
