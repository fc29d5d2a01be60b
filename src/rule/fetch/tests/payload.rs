//! Bytes as they arrive.

use proxy_config::model::rule::{Fetch, Offset, PayloadFact, Side};

use super::{check, check_arrival, look};
use crate::rule::testing::Stage;

fn payload(offset: u32, len: u32) -> PayloadFact {
    PayloadFact::Payload { side: Side::Request, offset, len }
}

fn payload_lv(offset: u32, len: u32, at: Option<Offset>) -> PayloadFact {
    PayloadFact::PayloadLv { side: Side::Request, offset, len, at }
}

#[test]
fn req_len_and_res_len() {
    let mut stage = Stage::empty();
    let len = |side| Fetch::Payload(PayloadFact::Len(side));
    check(&stage, [(len(Side::Request), "-"), (len(Side::Response), "-")]);
    stage.request_input = Some((b"abc".to_vec(), false));
    stage.response_input = Some((Vec::new(), true));
    assert_eq!(look(&stage, &len(Side::Request)), ("int 3".into(), true));
    assert_eq!(look(&stage, &len(Side::Response)), ("int 0".into(), false));
}

#[test]
fn req_payload() {
    check_arrival(payload(0, 3), b"abcde", 3, "bin 616263");
    check_arrival(payload(2, 2), b"abcde", 4, "bin 6364");
    // Beyond the buffer of 16 KiB.
    check_arrival(payload(0, 16385), b"ab", 0, "-");
    check_arrival(payload(16384, 1), b"ab", 0, "-");
    check_arrival(payload(u32::MAX, u32::MAX), b"ab", 0, "-");
    check_arrival(payload(0, 16384), b"ab", 3, "");
}

#[test]
fn all_of_the_payload_is_what_there_is() {
    let mut stage = Stage::empty();
    for (bytes, is_final, offset, expected, is_open) in [
        ("ab", false, 0, "bin 6162", true),
        ("ab", true, 0, "bin 6162", false),
        ("ab", true, 1, "bin 62", false),
        ("ab", false, 2, "bin ", true),
        ("ab", false, 3, "-", true),
        ("ab", true, 3, "-", false),
        ("", true, 0, "bin ", false),
        ("", true, 16385, "-", false),
    ] {
        stage.request_input = Some((bytes.into(), is_final));
        let wanted = Fetch::Payload(payload(offset, 0));
        assert_eq!(look(&stage, &wanted), (expected.into(), is_open), "{bytes} {offset}");
    }
}

#[test]
fn res_payload() {
    let mut stage = Stage::empty();
    stage.request_input = Some((b"no".to_vec(), false));
    stage.response_input = Some((b"yes".to_vec(), false));
    let wanted = PayloadFact::Payload { side: Side::Response, offset: 1, len: 2 };
    check(&stage, [(Fetch::Payload(wanted), "bin 6573")]);
}

#[test]
fn req_payload_lv() {
    check_arrival(payload_lv(0, 1, None), b"\x02abc", 3, "bin 6162");
    check_arrival(payload_lv(1, 2, None), b"x\0\x02abc", 5, "bin 6162");
    check_arrival(payload_lv(0, 1, Some(Offset::From(3))), b"\x02abcd", 5, "bin 6364");
    check_arrival(payload_lv(0, 1, Some(Offset::From(0))), b"\x02ab", 2, "bin 0261");
    check_arrival(payload_lv(0, 1, Some(Offset::Relative(1))), b"\x02abcd", 4, "bin 6263");
    check_arrival(payload_lv(1, 1, Some(Offset::Relative(-2))), b"a\x02bc", 2, "bin 6102");
    // Of five bytes the last four count.
    check_arrival(payload_lv(0, 5, None), b"\x01\0\0\0\x01ab", 6, "bin 61");
}

#[test]
fn lengths_that_measure_nothing() {
    check_arrival(payload_lv(0, 1, None), b"\0ab", 1, "-");
    check_arrival(payload_lv(0, 4, None), b"\xff\xff\xff\xff", 4, "-");
    check_arrival(payload_lv(0, 2, None), b"\x40\0ab", 2, "-");
    check_arrival(payload_lv(0, 2, Some(Offset::Relative(i32::MIN))), b"\0\x01ab", 2, "-");
    check_arrival(payload_lv(u32::MAX, u32::MAX, None), b"ab", 0, "-");
}

#[test]
fn req_proto_http() {
    let is_http = PayloadFact::IsHttp;
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nbody";
    check_arrival(is_http.clone(), request, request.len() - 4, "bool true");
    check_arrival(is_http.clone(), b"\x16\x03\x01\0\0", 1, "-");
    check_arrival(is_http.clone(), b"SSH-2.0-OpenSSH_9\r\n", 18, "-");
    let many = format!("GET / HTTP/1.0\r\n{}\r\n", "A: b\r\n".repeat(200));
    let mut stage = Stage::empty();
    let wanted = Fetch::Payload(is_http);
    stage.request_input = Some((many.into_bytes(), false));
    assert_eq!(look(&stage, &wanted), ("-".into(), false));
    stage.set_request("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(look(&stage, &wanted), ("bool true".into(), false));
    check(&Stage::empty(), [(wanted, "-")]);
}

/// What a client of RDP sends first, with this in place of its cookie.
fn rdp(cookie: &str) -> Vec<u8> {
    [b"\x03\0\0\x2b\x26\xe0\0\0\0\0\0", cookie.as_bytes()].concat()
}

fn rdp_cookie(name: &str) -> PayloadFact {
    PayloadFact::RdpCookie((!name.is_empty()).then(|| name.as_bytes().into()))
}

#[test]
fn req_rdp_cookie() {
    for (cookie, name, decided_at, expected) in [
        ("Cookie: mstshash=user\r\nx", "mstshash", 23, "str user"),
        ("Cookie: mstshash=user\r\nx", "MSTSHASH", 23, "str user"),
        ("Cookie: mstshash=user\r\nx", "", 23, "str user"),
        ("cookie:a=\r\n", "a", 11, "str "),
        ("Cookie: a=b=c;d\r\n", "a", 17, "str b=c;d"),
        ("Cookie: a=b\n\r\n", "a", 14, "str b\\n"),
        // Decided with the byte behind the name.
        ("Cookie: msts=1\r\n", "mstshash", 17, ""),
        ("Cookie: mstshash=u\r\n", "msts", 13, "-"),
        ("Cookie: other=u\r\n", "mstsh", 14, "-"),
        ("Cookie: a=b\rx", "a", 13, "-"),
        ("Cookie: a\r\n", "", 10, "-"),
        ("Cookie: \r\n", "", 9, "-"),
        ("Kookie: a=b\r\n", "a", 8, "-"),
    ] {
        let bytes = rdp(cookie);
        check_arrival(rdp_cookie(name), &bytes, 11 + decided_at, expected);
        let counted = match expected {
            "-" => "int 0",
            _ => "int 1",
        };
        let name = Some(name).filter(|name| !name.is_empty()).map(|name| name.as_bytes().into());
        check_arrival(PayloadFact::RdpCookieCount(name), &bytes, 11 + decided_at, counted);
    }
    check(&Stage::empty(), [(Fetch::Payload(rdp_cookie("a")), "-")]);
}
