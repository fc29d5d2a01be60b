//! `req.ssl_*`: hellos that pass.

use proxy_config::model::rule::{Fetch, PayloadFact, Side};

use super::{all, check, check_arrival, look, one};
use crate::rule::testing::Stage;

/// Of curl and OpenSSL: a name, two protocols, TLS 1.3.
const CURL: &str = include_str!("../../../proto/tls_hello/fixtures/curl-http2.hex");
/// No name, no protocols.
const PLAIN: &str = include_str!("../../../proto/tls_hello/fixtures/openssl-no-sni.hex");
/// With a ticket.
const TICKET: &str = include_str!("../../../proto/tls_hello/fixtures/openssl-tls12-ticket.hex");
const NO_TICKET: &str =
    include_str!("../../../proto/tls_hello/fixtures/openssl-tls10-no-ticket.hex");
const SERVER: &str = include_str!("../../../proto/tls_hello/fixtures/server-tls13.hex");

fn bytes(text: &str) -> Vec<u8> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let digits: Vec<u8> = lines
        .flat_map(str::chars)
        .filter_map(|c| c.to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn with_hello(text: &str) -> Stage {
    let mut stage = Stage::empty();
    stage.request_input = Some((bytes(text), false));
    stage
}

fn facts() -> [PayloadFact; 9] {
    [
        PayloadFact::HelloAlpn,
        PayloadFact::HelloCiphers,
        PayloadFact::HelloHasGroups,
        PayloadFact::HelloKeyShares,
        PayloadFact::HelloSigAlgs,
        PayloadFact::HelloSni,
        PayloadFact::HelloTicket,
        PayloadFact::HelloGroups,
        PayloadFact::HelloVersion,
    ]
}

#[test]
fn what_a_hello_says() {
    let stage = with_hello(CURL);
    let [_, ciphers, groups, shares, sigalgs, sni, ticket, group_list, version] =
        facts().map(Fetch::Payload);
    check(
        &stage,
        [
            (groups, "bool true"),
            (sni, "str shop.example.org"),
            (ticket, "int 0"),
            (version, "int 196611"),
        ],
    );
    for (list, start) in [
        (ciphers, "bin 130213031301C02C"),
        (shares, "bin 001D"),
        (sigalgs, "bin 04030503"),
        (group_list, "bin 001D0017"),
    ] {
        assert!(one(&stage, &list).starts_with(start), "{}", one(&stage, &list));
    }
}

#[test]
fn req_ssl_alpn() {
    let wanted = Fetch::Payload(PayloadFact::HelloAlpn);
    let stage = with_hello(CURL);
    assert_eq!(one(&stage, &wanted), "str h2");
    assert_eq!(all(&stage, &wanted), "str h2|str http/1.1");
    check(&with_hello(PLAIN), [(wanted, "-")]);
}

#[test]
fn what_a_hello_does_not_say() {
    check(
        &with_hello(PLAIN),
        [
            (Fetch::Payload(PayloadFact::HelloSni), "-"),
            (Fetch::Payload(PayloadFact::HelloAlpn), "-"),
        ],
    );
    for (hello, expected) in [(TICKET, "int 2"), (NO_TICKET, "int 0")] {
        check(&with_hello(hello), [(Fetch::Payload(PayloadFact::HelloTicket), expected)]);
    }
    let version = Fetch::Payload(PayloadFact::HelloVersion);
    check(&with_hello(NO_TICKET), [(version, "int 196609")]);
    check(&with_hello(NO_TICKET), [(Fetch::Payload(PayloadFact::HelloKeyShares), "-")]);
}

#[test]
fn nothing_is_said_until_the_hello_is_whole() {
    let hello = bytes(CURL);
    let followed = [&hello[..], b"\x14\x03\x03\0\x01\x01"].concat();
    let stage = with_hello(CURL);
    for fact in facts() {
        let expected = one(&stage, &Fetch::Payload(fact.clone()));
        check_arrival(fact, &followed, hello.len(), &expected);
    }
    check_arrival(PayloadFact::HelloType(Side::Request), &followed, hello.len(), "int 1");
    let server = bytes(SERVER);
    check_arrival(PayloadFact::HelloType(Side::Request), &server, first_hello(&server), "int 2");
}

/// The bytes of the record that the hello is in.
fn first_hello(bytes: &[u8]) -> usize {
    5 + usize::from(bytes[3]) * 256 + usize::from(bytes[4])
}

#[test]
fn what_is_no_hello_says_nothing() {
    for (bytes, decided_at) in [(&b"GET / HTTP/1.0"[..], 1), (b"\x15\x03\x01\0\x02\x02", 1)] {
        check_arrival(PayloadFact::HelloType(Side::Request), bytes, decided_at, "-");
    }
    for fact in facts() {
        check_arrival(fact.clone(), b"GET / HTTP/1.0", 4, "-");
        check_arrival(fact, b"\x16\x03\x01\0\x05\x02", 6, "-");
    }
    for fact in facts().into_iter().chain([PayloadFact::HelloType(Side::Response)]) {
        assert_eq!(look(&Stage::empty(), &Fetch::Payload(fact)), ("-".into(), false));
    }
}

#[test]
fn res_ssl_hello_type() {
    let mut stage = with_hello(CURL);
    stage.response_input = Some((bytes(SERVER), false));
    check(&stage, [(Fetch::Payload(PayloadFact::HelloType(Side::Response)), "int 2")]);
}
