//! In which records a hello can come, how long it may be, and what is none at all.

use super::super::testing::{
    CAPTURED, Parts, accept, captured, cut, from_hex, host, message, record, refuse,
    refuse_at_once, said, vec16, with_extension,
};
use super::super::{HELLO_LEN_MAX, HelloError, HelloType, RECORDS_MAX, hello_type, inspect};

#[test]
fn a_hello_is_whole_with_its_last_byte() {
    for (name, text) in CAPTURED {
        let bytes = from_hex(text);
        let hello = accept(&bytes);
        assert_eq!(hello.len, bytes.len(), "{name}");
    }
}

#[test]
fn records_may_be_cut_anywhere() {
    for (name, text) in CAPTURED {
        let bytes = from_hex(text);
        let whole = said(&accept(&bytes));
        let message_len = bytes.len() - 5;
        for at in 1..message_len {
            let parted = cut(&bytes, &[at]);
            let hello = inspect(&parted, HELLO_LEN_MAX).unwrap().unwrap();
            assert_eq!((hello.len, said(&hello)), (parted.len(), said(&accept(&bytes))), "{name}");
            for len in [at + 5, at + 9, at + 10, parted.len() - 1] {
                assert_eq!(inspect(&parted[..len], HELLO_LEN_MAX), Ok(None), "{name} at {at}");
            }
        }
        if message_len <= RECORDS_MAX {
            let crumbs = cut(&bytes, &(1..message_len).collect::<Vec<_>>());
            assert_eq!(said(&accept(&crumbs)), whole, "{name}");
        }
    }
}

/// Only a hello in several records is copied.
#[test]
fn one_record_is_borrowed() {
    let bytes = captured("openssl-tls13");
    let inside = |part: &[u8], bytes: &[u8]| bytes.as_ptr_range().contains(&part.as_ptr());
    assert!(inside(accept(&bytes).cipher_suites(), &bytes));
    let parted = cut(&bytes, &[200]);
    assert!(!inside(accept(&parted).cipher_suites(), &parted));
}

#[test]
fn a_hello_has_a_limit_with_its_records() {
    let bytes = captured("curl-http2");
    let ends: Vec<usize> = (1..bytes.len() - 5).step_by(100).collect();
    for bytes in [bytes.clone(), cut(&bytes, &ends)] {
        for max in [bytes.len(), bytes.len() + 1, usize::MAX] {
            assert!(inspect(&bytes, max).unwrap().is_some());
            for len in 0..bytes.len() {
                assert_eq!(inspect(&bytes[..len], max), Ok(None));
            }
        }
        for max in [0, 5, 9, 100, bytes.len() - 1] {
            assert_eq!(inspect(&bytes, max), Err(HelloError::TooLong), "{max}");
        }
    }
    // As soon as the first record, or the message in it, says so.
    assert_eq!(inspect(&bytes[..5], bytes.len() - 1), Err(HelloError::TooLong));
    let parted = cut(&bytes, &[100]);
    assert_eq!(inspect(&parted[..8], bytes.len()), Ok(None));
    assert_eq!(inspect(&parted[..9], bytes.len() - 1), Err(HelloError::TooLong));
    assert_eq!(inspect(&parted, parted.len() - 1), Err(HelloError::TooLong));
    for max in [0, 1, usize::MAX] {
        assert_eq!(inspect(b"", max), Ok(None));
    }
}

#[test]
fn records_are_counted() {
    let body = |len: usize| {
        let bare = Parts::new(&super::super::testing::extension(0x1234, b"")).body().len();
        Parts::new(&super::super::testing::extension(0x1234, &vec![7; len - bare])).body()
    };
    for (message_len, is_taken) in
        [(RECORDS_MAX - 1, true), (RECORDS_MAX, true), (RECORDS_MAX + 1, false)]
    {
        let hello = message(1, &body(message_len - 4));
        let crumbs = cut(&hello, &(1..message_len).collect::<Vec<_>>());
        let verdict = inspect(&crumbs, usize::MAX);
        assert_eq!(verdict.is_ok_and(|hello| hello.is_some()), is_taken, "{message_len}");
        if !is_taken {
            let last = 6 * RECORDS_MAX;
            assert_eq!(inspect(&crumbs[..last - 1], usize::MAX), Ok(None));
            assert_eq!(inspect(&crumbs[..last], usize::MAX), Err(HelloError::RecordsTooMany));
        }
    }
    assert!(HelloError::RecordsTooMany.to_string().contains(&RECORDS_MAX.to_string()));
}

#[test]
fn records_are_judged_as_they_arrive() {
    let bytes = captured("openssl-tls12");
    let first = &cut(&bytes, &[50])[..55];
    for (start, rest, error) in [
        (&b""[..], &b"\x16\x02"[..], HelloError::RecordVersion),
        (b"", b"\x16\x04", HelloError::RecordVersion),
        (b"", b"\x16G", HelloError::RecordVersion),
        (b"", b"\x16\x03\x01\0\0", HelloError::RecordEmpty),
        (b"", b"\x16\x03\x01\x40\x01", HelloError::RecordTooLong),
        (b"", b"\x16\x03\x01\xff\xff", HelloError::RecordTooLong),
        (b"", b"\x16\x03\x01\0\x04\x02", HelloError::NotClientHello),
        (b"", b"\x16\x03\x01\0\x04\0", HelloError::NotClientHello),
        (first, b"\x14", HelloError::NotHandshake),
        (first, b"\x15", HelloError::NotHandshake),
        (first, b"\x17", HelloError::NotHandshake),
        (first, b"G", HelloError::NotHandshake),
        (first, b"\x16\x02", HelloError::RecordVersion),
        (first, b"\x16\x03\x03\0\0", HelloError::RecordEmpty),
        (first, b"\x16\x03\x03\x40\x01", HelloError::RecordTooLong),
    ] {
        refuse_at_once(&[start, rest].concat(), error);
    }
    // One of 16,384 bytes may be, if the limit lets it.
    assert_eq!(inspect(b"\x16\x03\x01\x40\0", 1 << 15), Ok(None));
    assert_eq!(inspect(b"\x16\x03\x01\x40\0", HELLO_LEN_MAX), Err(HelloError::TooLong));
    // The message's own length counts before the rest is there.
    refuse_at_once(b"\x16\x03\x01\0\x04\x01\x01\0\0", HelloError::TooLong);
    refuse_at_once(b"\x16\x03\x01\0\x01\x01\x16\x03\x01\0\x03\xff\xff\xff", HelloError::TooLong);
}

#[test]
fn any_minor_version_of_a_record_is_taken() {
    let mut bytes = captured("openssl-tls13");
    for minor in 0..=255 {
        bytes[2] = minor;
        assert_eq!(accept(&bytes).record_version, 0x0300 | u16::from(minor));
    }
}

#[test]
fn nothing_may_follow_in_the_record() {
    let hello = captured("openssl-tls12");
    for behind in [&b"\0"[..], b"\x01", b"\x14\0\0\x01x", &hello[5..]] {
        refuse_at_once(&record(&[&hello[5..], behind].concat()), HelloError::MessageFollows);
        let start = record(&hello[5..50]);
        let rest = record(&[&hello[50..], behind].concat());
        refuse_at_once(&[start, rest].concat(), HelloError::MessageFollows);
    }
}

#[test]
fn what_is_no_tls_is_named() {
    for (bytes, error) in [
        (&b"GET "[..], HelloError::Http),
        (b"HEAD ", HelloError::Http),
        (b"POST ", HelloError::Http),
        (b"PUT ", HelloError::Http),
        (b"PATCH ", HelloError::Http),
        (b"DELETE ", HelloError::Http),
        (b"TRACE ", HelloError::Http),
        (b"OPTIONS ", HelloError::Http),
        (b"CONNECT ", HelloError::Http),
        (b"PRI * HTTP/2.0", HelloError::Http),
        (b"PROXY ", HelloError::ProxyHeader),
        (b"\r\n\r\n\0\r\nQUIT\n", HelloError::ProxyHeader),
        (b"\x15", HelloError::Alert),
        (b"\x14", HelloError::NotHandshake),
        (b"\x17", HelloError::NotHandshake),
        (b"\x18", HelloError::NotHandshake),
        (b"\x80\x2e\x01\0", HelloError::SslV2),
        (b"\x80\x2e\x01\x03", HelloError::SslV2),
        (b"\x80\x2e\x01\x02", HelloError::NotTls),
        (b"\xff\xff\xff", HelloError::NotTls),
        (b"\0", HelloError::NotTls),
        (b"\x01", HelloError::NotTls),
        (b"\x19", HelloError::NotTls),
        (b"S", HelloError::NotTls),
        (b"g", HelloError::NotTls),
        (b"GX", HelloError::NotTls),
        (b"PRI * HTTP/1", HelloError::NotTls),
        (b"\r\n\r\n\0\r\nQUIT\r", HelloError::NotTls),
        (b"\r\nG", HelloError::NotTls),
    ] {
        refuse_at_once(bytes, error);
    }
    for byte in 0..=255_u8 {
        let bytes = [byte, 1, 2, 3];
        let verdict = inspect(&bytes, HELLO_LEN_MAX);
        assert!(verdict.is_err(), "{byte}: {verdict:?}");
    }
}

#[test]
fn the_type_of_a_hello_is_told() {
    let client = captured("openssl-tls12");
    let tls12 = from_hex(include_str!("../fixtures/server-tls12.hex"));
    let tls13 = from_hex(include_str!("../fixtures/server-tls13.hex"));
    // TLS 1.2 may send what follows in the same record.
    let flight = record(&[&tls12[5..], &[11, 0, 0, 3, 0, 0, 0]].concat());
    // Not for `inspect`, a hello still.
    let malformed = with_extension(0, &host(b"a..b"));
    for (bytes, expected) in [
        (&client, HelloType::Client),
        (&cut(&client, &[3, 50]), HelloType::Client),
        (&malformed, HelloType::Client),
        (&message(1, b""), HelloType::Client),
        (&tls12, HelloType::Server),
        (&tls13, HelloType::Server),
        (&cut(&tls13, &[1, 2, 3, 4]), HelloType::Server),
        (&flight, HelloType::Server),
    ] {
        for len in 0..bytes.len() {
            assert_eq!(hello_type(&bytes[..len], HELLO_LEN_MAX), None, "{len}");
        }
        assert_eq!(hello_type(bytes, HELLO_LEN_MAX), Some(expected));
        assert_eq!(hello_type(&[&bytes[..], b"x"].concat(), HELLO_LEN_MAX), Some(expected));
        assert_eq!(hello_type(bytes, bytes.len() - 1), Some(HelloType::None));
    }
    for none in [&b"G"[..], b"\x15", b"\x80", b"\x16\x02", b"\x16\x03\x03\0\x04\x0b", b"\xff"] {
        assert_eq!(hello_type(none, HELLO_LEN_MAX), Some(HelloType::None));
    }
    assert_eq!(
        (HelloType::None as u8, HelloType::Client as u8, HelloType::Server as u8),
        (0, 1, 2)
    );
    refuse(&tls12, HelloError::NotClientHello);
}

#[test]
fn errors_say_what_came() {
    let http = inspect(b"GET / HTTP/1.1\r\n", HELLO_LEN_MAX).unwrap_err();
    assert_eq!(http.to_string(), "received HTTP without TLS instead of a TLS client hello");
    let two = vec16(&[&host(b"a")[2..], &host(b"b")[2..]].concat());
    let two = with_extension(0, &two);
    let two = inspect(&two, HELLO_LEN_MAX).unwrap_err();
    assert_eq!(
        two.to_string(),
        "received an invalid TLS client hello: there is more than one server name"
    );
}
