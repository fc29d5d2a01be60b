//! `req.cook*` and `res.cook*`.

use proxy_config::model::rule::{Cookie, HttpFact, Side};

use super::{all, check, http, one, with_request};

fn of(name: &str) -> Cookie {
    Cookie { name: Some(name.as_bytes().into()) }
}

const ANY: Cookie = Cookie { name: None };

/// Lines of the field, then `a`: fetched and all; then the first of any, and all.
const REQUESTS: [(&[&str], [&str; 4]); 15] = [
    (&[], ["-", "", "-", ""]),
    (&["a=1; b=2;a=3"], ["str 3", "str 1|str 3", "str 1", "str 1|str 2|str 3"]),
    (
        &["a=1; b=2;a=3", "a=4, a = \"5;6\" ; $a=7; q; =z; a="],
        [
            "str ",
            "str 1|str 3|str 4|str \"5;6\"|str ",
            "str 1",
            "str 1|str 2|str 3|str 4|str \"5;6\"|str z|str ",
        ],
    ),
    (&["$a=1,a=2;=3; a = b c ; a"], ["str b c", "str 2|str b c", "str 2", "str 2|str 3|str b c"]),
    (
        &["a=1,a=2", "a=\"x,y;z\"q; a=7"],
        ["str 7", "str 1|str 2|str \"x,y;z\"q|str 7", "str 1", "str 1|str 2|str \"x,y;z\"q|str 7"],
    ),
    // An empty value is one, but not at the very end.
    (&["b;a="], ["-", "", "str ", "str "]),
    (&["a="], ["-", "", "str ", "str "]),
    (&["a=;"], ["str ", "str ", "str ", "str "]),
    (&["c;a=, b"], ["-", "", "str ", "str "]),
    // A blank before it is enough.
    (&["c; a="], ["str ", "str ", "str ", "str "]),
    (&["c; a=;"], ["str ", "str ", "str ", "str "]),
    (&["aa=1; A=2; a-=3"], ["-", "", "str 1", "str 1|str 2|str 3"]),
    (&["a"], ["-", "", "-", ""]),
    (&["=;,;=\"", "a=\"b; c"], ["str \"b; c", "str \"b; c", "str ", "str |str \"|str \"b; c"]),
    (&["a==b=c; a=%20"], ["str %20", "str =b=c|str %20", "str =b=c", "str =b=c|str %20"]),
];

#[test]
fn req_cook() {
    for (lines, [named, all_named, first, every]) in REQUESTS {
        let lines: String = lines.iter().map(|line| format!("Cookie: {line}\r\n")).collect();
        let stage = with_request(&format!("GET / HTTP/1.0\r\n{lines}\r\n"));
        let fetch = |cookie| http(HttpFact::Cookie(Side::Request, cookie));
        assert_eq!(one(&stage, &fetch(of("a"))), named, "{lines}");
        assert_eq!(all(&stage, &fetch(of("a"))), all_named, "{lines}");
        assert_eq!(one(&stage, &fetch(ANY)), first, "{lines}");
        assert_eq!(all(&stage, &fetch(ANY)), every, "{lines}");
        let count = |seen: &str| seen.matches("str ").count();
        let counted = |cookie| http(HttpFact::CookieCount(Side::Request, cookie));
        assert_eq!(one(&stage, &counted(of("a"))), format!("int {}", count(all_named)));
        assert_eq!(one(&stage, &counted(ANY)), format!("int {}", count(every)));
    }
}

#[test]
fn req_cook_val() {
    let stage = with_request("GET / HTTP/1.0\r\nCookie: a=12; b=x; a=-3x\r\n\r\n");
    let fetch = |name| http(HttpFact::CookieInt(Side::Request, of(name)));
    assert_eq!(one(&stage, &fetch("a")), "int -3");
    assert_eq!(all(&stage, &fetch("a")), "int 12|int -3");
    assert_eq!(one(&stage, &fetch("b")), "int 0");
    assert_eq!(one(&stage, &fetch("c")), "-");
}

#[test]
fn req_cook_names() {
    let stage = with_request("GET / HTTP/1.0\r\nCookie: a=1; b; c=2, d=3\r\nCookie: e = 4\r\n\r\n");
    let names = |delimiter| http(HttpFact::CookieNames(Side::Request, delimiter));
    check(&stage, [(names(b','), "str a,c,d,e"), (names(b' '), "str a c d e")]);
    check(&with_request("GET / HTTP/1.0\r\n\r\n"), [(names(b','), "str ")]);
}

/// Values of `set-cookie`, then `a`, `b`, `Path`, the first of any, how many, how many `a`, names.
const RESPONSES: [(&[&str], [&str; 7]); 3] = [
    (
        &["a=1; Path=/; b=7", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "a = 3"],
        ["str 3", "str 2", "-", "str 1", "int 6", "int 2", "str a,b,a"],
    ),
    (
        &["q; a=1; b=2, b=4; c=5", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/x"],
        ["str 1", "str 2", "str /x", "str 1", "int 7", "int 1", "str a,b"],
    ),
    (&[], ["-", "-", "-", "-", "int 0", "int 0", "str "]),
];

/// Attributes count where any name does, and one behind the comma of a date is a cookie to HAProxy.
#[test]
fn res_cook() {
    for (lines, expected) in RESPONSES {
        let lines: String = lines.iter().map(|line| format!("Set-Cookie: {line}\r\n")).collect();
        let mut stage = with_request("GET / HTTP/1.0\r\nCookie: a=0\r\n\r\n");
        stage.set_response(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n"));
        let facts = [
            HttpFact::Cookie(Side::Response, of("a")),
            HttpFact::Cookie(Side::Response, of("b")),
            HttpFact::Cookie(Side::Response, of("Path")),
            HttpFact::Cookie(Side::Response, ANY),
            HttpFact::CookieCount(Side::Response, ANY),
            HttpFact::CookieCount(Side::Response, of("a")),
            HttpFact::CookieNames(Side::Response, b','),
        ];
        for (fact, expected) in facts.into_iter().zip(expected) {
            assert_eq!(one(&stage, &http(fact.clone())), expected, "{fact:?} {lines}");
        }
    }
}

#[test]
fn every_cookie_of_a_response() {
    let mut stage = with_request("GET / HTTP/1.0\r\n\r\n");
    stage.set_response(
        "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; a=2; b=3; a=4\r\nSet-Cookie: a=5\r\n\r\n",
    );
    let fetch = |cookie| http(HttpFact::Cookie(Side::Response, cookie));
    assert_eq!(all(&stage, &fetch(of("a"))), "str 1|str 2|str 5");
    assert_eq!(all(&stage, &fetch(of("b"))), "");
    let int = http(HttpFact::CookieInt(Side::Response, of("a")));
    assert_eq!(
        (one(&stage, &int).as_str(), all(&stage, &int).as_str()),
        ("int 5", "int 1|int 2|int 5")
    );
}
