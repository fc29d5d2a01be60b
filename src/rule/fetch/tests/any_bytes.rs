//! Whatever bytes come, every fetch has an answer, and no more bytes change what is decided.

use proxy_config::model::rule::{
    Cookie, Fetch, Header, HttpFact, Offset, PayloadFact, Side, UrlParam,
};

use super::{any, fetch, http, look};
use crate::rule::testing::Stage;

/// xorshift64*
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }

    /// Of these words, up to a number of them.
    fn text(&mut self, words: &[&str], max: usize) -> String {
        (0..self.below(max + 1)).map(|_| words[self.below(words.len())]).collect()
    }
}

/// Runs a check with a number of seeds, and names the one that fails.
fn with_seeds(count: u64, check: impl Fn(&mut Random) + std::panic::RefUnwindSafe) {
    for seed in 1..=count {
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let outcome = std::panic::catch_unwind(|| check(&mut Random(random)));
        assert!(outcome.is_ok(), "SEED={seed}");
    }
}

fn http_fetches() -> Vec<Fetch> {
    let mut facts = vec![
        HttpFact::Base { with_query: true },
        HttpFact::Base32 { with_source: true },
        HttpFact::Url32 { with_source: true },
        HttpFact::Path,
        HttpFact::PathAndQuery,
        HttpFact::Query,
        HttpFact::UrlIp,
        HttpFact::UrlPort,
        HttpFact::AuthUser,
        HttpFact::AuthPass,
        HttpFact::AuthType,
        HttpFact::AuthBearer(Some("cookie".into())),
        HttpFact::Auth(0),
        HttpFact::AuthGroup(0),
    ];
    for name in [None, Some("a".into()), Some("cookie".into())] {
        for occurrence in [-3, -1, 0, 1, 4] {
            let header = Header { name: name.clone(), occurrence };
            facts.push(HttpFact::Header(Side::Request, header.clone()));
            facts.push(HttpFact::FullHeader(Side::Request, header.clone()));
            facts.push(HttpFact::HeaderIp(Side::Request, header.clone()));
            facts.push(HttpFact::HeaderInt(Side::Request, header));
        }
    }
    for name in [None, Some(b"a"[..].into()), Some(b""[..].into())] {
        let cookie = Cookie { name: name.clone() };
        facts.push(HttpFact::Cookie(Side::Request, cookie.clone()));
        facts.push(HttpFact::CookieInt(Side::Request, cookie.clone()));
        facts.push(HttpFact::CookieCount(Side::Request, cookie.clone()));
        facts.push(HttpFact::Cookie(Side::Response, cookie));
        for delimiter in [b'?', b'/', b';', b'='] {
            let param = UrlParam { name: name.clone(), delimiter, any_case: true };
            facts.push(HttpFact::UrlParam(param.clone()));
            facts.push(HttpFact::UrlParamInt(param));
        }
        facts.push(HttpFact::BodyParam { name, any_case: false });
    }
    facts.push(HttpFact::CookieNames(Side::Request, b','));
    facts.push(HttpFact::CookieNames(Side::Response, b','));
    facts.into_iter().map(http).collect()
}

const WORDS: [&str; 24] = [
    "a",
    "b",
    "=",
    ";",
    ",",
    "\"",
    "\\",
    " ",
    "\t",
    "$",
    "&",
    "?",
    "/",
    ":",
    "1.2.3.4",
    "[::1]",
    "99999999999",
    "-",
    "Basic ",
    "Bearer ",
    "Ym9iOnB3",
    "a=1",
    "\u{e9}",
    ".",
];

/// An ACL sees what is fetched outside of one, where there is anything.
fn check_agreement(stage: &Stage, wanted: &Fetch) {
    let context = stage.context();
    let fetched = fetch(wanted, &context);
    let mut seen = Vec::new();
    any(wanted, &context, &mut |sample| {
        seen.push(sample);
        seen.len() > 10_000
    });
    assert!(seen.len() < 10_000);
    if let Some(fetched) =
        fetched.filter(|_| !matches!(wanted, Fetch::Http(HttpFact::AuthGroup(_))))
    {
        assert!(seen.contains(&fetched), "{wanted:?}: {fetched:?} {seen:?}");
    }
}

#[test]
fn any_head_and_body() {
    let fetches = http_fetches();
    with_seeds(400, |random| {
        let mut stage = Stage::empty();
        let target = random.text(&["a", "=", "&", ";", "?", "/", "%", "1.2.3.4", ":", "@"], 12);
        let fields: String = (0..random.below(5))
            .map(|_| {
                let name = ["A", "cookie", "Authorization", "Host"][random.below(3)];
                format!("{name}: {}\r\n", random.text(&WORDS, 12))
            })
            .collect();
        stage.set_request(&format!(
            "GET /{target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n{}",
            random.text(&WORDS, 9)
        ));
        let cookie = random.text(&WORDS, 12);
        stage.set_response(&format!("HTTP/1.1 200 OK\r\nSet-Cookie: {cookie}\r\n\r\n"));
        for wanted in &fetches {
            check_agreement(&stage, wanted);
        }
    });
}

fn payload_fetches() -> Vec<Fetch> {
    let mut facts = vec![
        PayloadFact::IsHttp,
        PayloadFact::RdpCookie(None),
        PayloadFact::RdpCookie(Some(b"a"[..].into())),
        PayloadFact::RdpCookieCount(Some(b"a"[..].into())),
        PayloadFact::HelloAlpn,
        PayloadFact::HelloCiphers,
        PayloadFact::HelloKeyShares,
        PayloadFact::HelloSni,
        PayloadFact::HelloType(Side::Request),
        PayloadFact::HelloVersion,
    ];
    for offset in [0, 1, 7] {
        for len in [1, 4] {
            facts.push(PayloadFact::Payload { side: Side::Request, offset, len });
            for at in [None, Some(Offset::From(2)), Some(Offset::Relative(-3))] {
                facts.push(PayloadFact::PayloadLv { side: Side::Request, offset, len, at });
            }
        }
    }
    facts.into_iter().map(Fetch::Payload).collect()
}

const BEGINNINGS: [&[u8]; 7] = [
    b"",
    b"\x16\x03\x01\0\x10\x01\0\0\x0c",
    b"\x16\x03\x03\0\x30\x01\0\0\x2c\x03\x03",
    b"GET /a HTTP/1.1\r\nHost",
    b"\x03\0\0\x2b\x26\xe0\0\0\0\0\0Cookie:",
    b"\x03\0\0\x2b\x26\xe0\0\0\0\0\0Cookie: a=b",
    b"\0\0\0\x02",
];

/// The first answer that is not open is the last one.
fn check_stability(bytes: &[u8], wanted: &Fetch) {
    let mut stage = Stage::empty();
    let mut decided = None;
    for len in 0..=bytes.len() {
        stage.request_input = Some((bytes[..len].to_vec(), false));
        let (shown, is_open) = look(&stage, wanted);
        match &decided {
            Some(decided) => assert_eq!((&shown, is_open), (decided, false), "{wanted:?} at {len}"),
            None if is_open => assert_eq!(shown, "-", "{wanted:?} at {len}"),
            None => decided = Some(shown),
        }
    }
}

#[test]
fn any_payload_byte_by_byte() {
    let fetches = payload_fetches();
    with_seeds(150, |random| {
        let mut bytes = BEGINNINGS[random.below(BEGINNINGS.len())].to_vec();
        for _ in 0..random.below(40) {
            let byte = b"\0\x01\x02\x16\r\n =:aCk/H\xff";
            bytes.push(byte[random.below(byte.len())]);
        }
        for wanted in &fetches {
            check_stability(&bytes, wanted);
        }
    });
}
