//! `url_param` and `req.body_param`.

use proxy_config::model::rule::{Fetch, HttpFact, UrlParam};

use super::{check, check_many, http, with_request};

fn param(name: &str, delimiter: u8, any_case: bool) -> UrlParam {
    let name = (!name.is_empty()).then(|| name.as_bytes().into());
    UrlParam { name, delimiter, any_case }
}

fn url_param(name: &str, delimiter: u8) -> Fetch {
    http(HttpFact::UrlParam(param(name, delimiter, false)))
}

fn get(target: &str) -> crate::rule::testing::Stage {
    with_request(&format!("GET {target} HTTP/1.0\r\n\r\n"))
}

#[test]
fn url_params() {
    check_many(
        &get("/p/a?a=1&b=2;a=3&A=9&a&xa=5&c="),
        [
            (url_param("a", b'?'), "str 1", "str 1|str 3"),
            (url_param("A", b'?'), "str 9", "str 9"),
            (url_param("c", b'?'), "str ", "str "),
            (url_param("d", b'?'), "-", ""),
            (url_param("a=1", b'?'), "-", ""),
            (url_param("", b'?'), "str 1", "str 1|str 2|str 3|str 9|str 5|str "),
            (url_param("a", b';'), "str 3", "str 3"),
            (url_param("a", b'/'), "str 3", "str 3"),
            (url_param("a", b'!'), "-", ""),
        ],
    );
}

#[test]
fn url_params_of_odd_urls() {
    for (target, delimiter, named, any) in [
        ("/x", b'?', "", ""),
        ("/x?", b'?', "", ""),
        ("/x?a", b'?', "", ""),
        ("/x?a=", b'?', "str ", "str "),
        ("/x?=a&a==b", b'?', "str =b", "str a|str =b"),
        ("/x?b?a=1", b'?', "str 1", "str 1"),
        ("/x??a=1", b'?', "str 1", "str 1"),
        ("/x?&&;a=1;&", b'?', "str 1", "str 1"),
        ("/a/b=1/a=2?a=7/a=8", b'?', "str 7/a=8", "str 7/a=8"),
        ("/a/b=1/a=2?a=7/a=8", b'/', "str 2?a=7|str 8", "str 1|str 2?a=7|str 8"),
        ("/x;a=1;b=2?a=3", b';', "str 1", "str 1|str 2?a=3"),
        ("/x?a=%26", b'?', "str %26", "str %26"),
    ] {
        let first = |seen: &'static str| seen.split('|').next().filter(|seen| !seen.is_empty());
        check_many(
            &get(target),
            [
                (url_param("a", delimiter), first(named).unwrap_or("-"), named),
                (url_param("", delimiter), first(any).unwrap_or("-"), any),
            ],
        );
    }
}

#[test]
fn url_params_in_any_case() {
    let of = |any_case| http(HttpFact::UrlParam(param("Ab", b'?', any_case)));
    check_many(
        &get("/?ab=1&AB=2&Ab=3"),
        [(of(false), "str 3", "str 3"), (of(true), "str 1", "str 1|str 2|str 3")],
    );
}

#[test]
fn urlp_val() {
    let of = |name| http(HttpFact::UrlParamInt(param(name, b'?', false)));
    check_many(
        &get("/?a=12x&a=-3&b=x"),
        [(of("a"), "int 12", "int 12|int -3"), (of("b"), "int 0", "int 0"), (of("c"), "-", "")],
    );
}

#[test]
fn req_body_param() {
    let of = |name: &str, any_case| {
        let name = (!name.is_empty()).then(|| name.as_bytes().into());
        http(HttpFact::BodyParam { name, any_case })
    };
    let post = |body: &str| {
        with_request(&format!(
            "POST /?a=0 HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    };
    check_many(
        &post("a=1&b&A=2;c=x?y&a=3"),
        [
            (of("a", false), "str 1", "str 1|str 3"),
            (of("a", true), "str 1", "str 1|str 2|str 3"),
            (of("c", false), "str x?y", "str x?y"),
            (of("b", false), "-", ""),
            (of("", false), "str 1", "str 1|str 2|str x?y|str 3"),
        ],
    );
    check(&post(""), [(of("a", false), "-"), (of("", false), "-")]);
}
