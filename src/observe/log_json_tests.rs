use proxy_config::model::{Encoding, LogField};

use super::*;
use crate::observe::log_value::{Host, Origin};
use crate::observe::record::{Captured, Counts, RequestLine, Timers, TlsNames};
use crate::observe::sample::{Dice, REQUEST, all_fields, dates, format, served};

fn object(format: &Format, record: &Record<'_>, len: usize) -> String {
    let host = Host { name: "vm".to_owned(), pid: 8239 };
    let mut dates = dates();
    let source = Source { record, dates: &mut dates, host: &host, origin: Origin::Stream };
    let mut out = b"earlier".to_vec();
    put_object(&mut out, len, format, &source);
    String::from_utf8(out.split_off(7)).unwrap()
}

fn json(text: &str) -> Format {
    Format { encoding: Encoding::Json, ..format(text) }
}

/// A value of RFC 8259, as strict as it is there; returns what follows it.
fn value(text: &[u8]) -> Result<&[u8], &'static str> {
    match text.split_first() {
        Some((b'{', rest)) => list(rest, b'}', |text| {
            let text = string(text)?;
            value(text.strip_prefix(b":").ok_or("no colon")?)
        }),
        Some((b'[', rest)) => list(rest, b']', value),
        Some((b'"', _)) => string(text),
        Some((b'n', rest)) => rest.strip_prefix(b"ull").ok_or("no null"),
        _ => number(text),
    }
}

fn list<'a>(
    text: &'a [u8],
    end: u8,
    item: impl Fn(&'a [u8]) -> Result<&'a [u8], &'static str>,
) -> Result<&'a [u8], &'static str> {
    if text.first() == Some(&end) {
        return Ok(&text[1..]);
    }
    let mut rest = item(text)?;
    loop {
        match rest.split_first() {
            Some((byte, rest)) if *byte == end => return Ok(rest),
            Some((b',', after)) => rest = item(after)?,
            _ => return Err("no comma"),
        }
    }
}

fn string(text: &[u8]) -> Result<&[u8], &'static str> {
    let mut rest = text.strip_prefix(b"\"").ok_or("no string")?;
    loop {
        rest = match rest {
            [b'"', rest @ ..] => return Ok(rest),
            [b'\\', b'"' | b'\\', rest @ ..] => rest,
            [b'\\', b'u', digits @ ..] if digits.len() >= 4 => {
                let is_hex = digits[..4].iter().all(u8::is_ascii_hexdigit);
                is_hex.then(|| &digits[4..]).ok_or("bad escape")?
            }
            [b'\\' | 0..0x20, ..] => return Err("bad character"),
            [_, rest @ ..] => rest,
            [] => return Err("unterminated"),
        };
    }
}

fn number(text: &[u8]) -> Result<&[u8], &'static str> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let len = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_number = len == 1 || len > 1 && digits[0] != b'0';
    is_number.then(|| &digits[len..]).ok_or("no number")
}

fn is_valid(line: &str) -> bool {
    line.starts_with('{') && value(line.as_bytes()) == Ok(b"")
}

#[test]
fn members_are_typed() {
    let captured = Captured {
        request_headers: &[Some(b"h\"\\"), None],
        request_cookie: Some(b"c=1"),
        ..Captured::default()
    };
    let record = Record {
        timers: Timers { connect_ms: 7, ..Timers::NONE },
        captured,
        counts: Counts { retries: 2, redispatched: true, ..Counts::default() },
        ..served()
    };
    let text = "left out %(time)tr, %(client)ci %(port)cp %ci %(to)fi %(server)s %(tls)sslv \
        %(connect)Tc %(response)Tr %(bytes)B %(status)ST %(retries)rc %(headers)hr %(other)hs \
        %(cookie)CC %(set_cookie)CS %(end)ts %(end4)tsc %(ms)ms %(line)r %(query)HQ %(id)ID \
        %(frontend)ft %(pid)pid";
    let expected = concat!(
        r#"{"time":"2026-11-22T17:17:46.152Z","client":"127.0.0.1","port":55650,"to":null,"#,
        r#""server":"s1","tls":null,"connect":7,"response":null,"bytes":54,"status":200,"#,
        r#""retries":2,"headers":["h\"\\",null],"other":[],"cookie":"c=1","set_cookie":null,"#,
        r#""end":"--","end4":"----","ms":152,"line":"GET /a HTTP/1.1","query":"","id":null,"#,
        r#""frontend":"web","pid":8239}"#
    );
    let line = object(&json(text), &record, 1024);
    assert_eq!(line, expected);
    assert!(is_valid(&line));
}

#[test]
fn what_is_not_known_is_null() {
    let record = Record {
        client: None,
        request: None,
        server: None,
        status: -1,
        timers: Timers::NONE,
        tls: Some(TlsNames { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256" }),
        ..served()
    };
    let text =
        "%(ci)ci %(cp)cp %(s)s %(ST)ST %(HM)HM %(HQ)HQ %(r)r %(Tq)Tq %(Td)Td %(Tu)Tu %(ft)ft";
    let expected = concat!(
        r#"{"ci":"unix","cp":1,"s":null,"ST":null,"HM":null,"HQ":null,"r":null,"Tq":null,"#,
        r#""Td":null,"Tu":null,"ft":"web~"}"#
    );
    assert_eq!(object(&json(text), &record, 1024), expected);
    assert_eq!(object(&json("no %ci names"), &record, 1024), "{}");
}

#[test]
fn bytes_that_are_no_utf8_are_shown_as_latin_1() {
    for (target, shown) in [
        (&b"/\xc3\xa4"[..], "/\u{e4}"),
        (b"/\xe4", r"/\u00e4"),
        (b"\xff\xc3\"\\\n\x00\x7f", r#"\u00ff\u00c3\"\\\u000a\u0000\u007f"#),
    ] {
        let record = Record { request: Some(RequestLine { target, ..REQUEST }), ..served() };
        assert_eq!(object(&json("%(u)HU"), &record, 1024), format!("{{\"u\":\"{shown}\"}}"));
    }
    let names = json("%(a\"b\n\u{e4})ST");
    assert_eq!(object(&names, &served(), 1024), "{\"a\\\"b\\u000a\u{e4}\":200}");
}

#[test]
fn lines_that_are_too_long_are_cut_and_stay_valid() {
    let target = "\u{e4}".repeat(500);
    let request = Some(RequestLine { target: target.as_bytes(), ..REQUEST });
    let record = Record { request, ..served() };
    let format = json("%(a)ci %(b)HU %(c)ST");
    for (len, b) in [(2000, 500), (1032, 500), (1031, 128), (200, 25), (43, 5), (38, 1), (32, 0)] {
        let line = object(&format, &record, len);
        let b = "\u{e4}".repeat(b);
        assert_eq!(line, format!("{{\"a\":\"127.0.0.1\",\"b\":\"{b}\",\"c\":200}}"), "{len}");
        assert!(line.len() <= len);
    }
    for (len, line) in [
        (31, r#"{"a":"127.0.0.1","b":""}"#),
        (24, r#"{"a":"127.0.0.1","b":""}"#),
        (23, r#"{"a":"127.0.0.1"}"#),
        (16, "{}"),
        (2, "{}"),
    ] {
        assert_eq!(object(&format, &record, len), line);
    }
}

#[test]
fn any_record_gives_a_valid_object() {
    let every = all_fields(Encoding::Json);
    for seed in 0..5_000 {
        let mut dice = Dice(seed);
        let record = dice.record();
        let len = 2 + dice.below(6000) as usize;
        for format in [Format { encoding: Encoding::Json, ..dice.format() }, every.clone()] {
            let line = object(&format, &record, len);
            assert!(is_valid(&line), "seed {seed}: {line}");
            assert!(line.len() <= len, "seed {seed}: {line}");
        }
        let whole = object(&every, &record, 1 << 20);
        let members =
            LogField::ALL.iter().filter(|field| whole.contains(&format!("\"{}\":", field.alias())));
        assert_eq!(members.count(), LogField::ALL.len(), "seed {seed}: {whole}");
    }
}
