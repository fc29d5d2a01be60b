//! Tests of `json_query` and of the converters of RFC 7239.

use proxy_config::model::rule::{Converter, NodePart};

use super::super::super::sample::Sample;
use super::{check, ip, s};

fn query(path: &str, as_int: bool) -> Converter {
    Converter::JsonQuery { path: path.into(), as_int }
}

#[test]
fn values_in_json() {
    let nested = r#"{"a":{"b":[1,2,{"c":"deep"}]}}"#;
    let lists = r#"{"a":{"b":[[1,2],[3,4]]}}"#;
    for (text, path, expected) in [
        (r#"{"a":1}"#, "$.a", Some("1")),
        (r#"{"a":"x"}"#, "$.a", Some("x")),
        (r#"{"a":""}"#, "$.a", Some("")),
        (r#"{"a":null}"#, "$.a", None),
        (r#"{"a":{}}"#, "$.a", None),
        (r#"{"a":[]}"#, "$.a", Some("[]")),
        (nested, "$.a.b[2].c", Some("deep")),
        (nested, "$.a.b[1]", Some("2")),
        (nested, "$.a.b[3]", None),
        (nested, "$.a.b", Some(r#"[1,2,{"c":"deep"}]"#)),
        (nested, "$.a", None),
        (nested, "$.b", None),
        (lists, "$.a.b[1][0]", Some("3")),
        (lists, "$.a.b[0][1]", Some("2")),
        (r#"[1,"x"]"#, "$[1]", Some("x")),
        (r#""x""#, "$", Some("x")),
        ("5", "$", Some("5")),
        ("{}", "$", None),
        (r#"{"my.key":"v"}"#, "$.my\\.key", Some("v")),
        (r#"{"a[0]":1}"#, "$.a\\[0\\]", Some("1")),
        (r#"{"a[0]":1}"#, "$.a[0]", None),
        (r#"{"a b":1}"#, "$.a b", Some("1")),
        (r#"{"a":1,"a":2}"#, "$.a", Some("1")),
        (r#"{"a":1} junk"#, "$.a", Some("1")),
        (r#"{"a":1,junk"#, "$.a", Some("1")),
        (r#"{"a":1"#, "$.a", Some("1")),
        (r#"{"a":"x"#, "$.a", None),
        (r#"  { "a" : 1 }"#, "$.a", Some("1")),
        (r#"{"a":{"c":1},"c":2}"#, "$.c", Some("2")),
        (r#"{"b":{"a":1},"a":2}"#, "$.a", Some("2")),
        (r#"{"ab":1,"a":2}"#, "$.a", Some("2")),
        (r#"{"a":1,"ab":2}"#, "$.ab", Some("2")),
        (r#"{"a":1}"#, "a", None),
        (r#"{"a":1}"#, "$a", None),
        (r#"{"a":1}"#, "$.a.", None),
        (r#"{"a":1}"#, "$.a[0]", None),
        (r#"{"a":[1]}"#, "$.a[-1]", None),
        (r#"{"a":[5,6,7]}"#, "$.a[01]", Some("6")),
        (r#"{"a":{"b":7}}"#, "$..b", None),
        (r#"{"a":{"b":7}}"#, "$.*.b", None),
        (r#"{"a":1}"#, "$['a']", None),
        ("", "$.a", None),
        (r#"{"b":tru,"a":1}"#, "$.a", None),
    ] {
        check(&[(s(text), query(path, false), expected.map(s))]);
    }
    let deep = "[".repeat(22) + "1" + &"]".repeat(22);
    check(&[(s(&deep), query("$[0]", false), None)]);
    check(&[(s("true"), query("$", false), Some(Sample::Bool(true)))]);
    check(&[(s(r#"{"a":false}"#), query("$.a", true), Some(Sample::Bool(false)))]);
}

#[test]
fn numbers_in_json() {
    for (number, shown, int) in [
        ("1", Some("1"), Some(1)),
        ("-1", Some("-1"), Some(-1)),
        ("1.5", Some("1.5"), Some(1)),
        ("0", Some("0"), Some(0)),
        ("123456", Some("123456"), Some(123_456)),
        ("1234567", Some("1.23457e+06"), Some(1_234_567)),
        ("-0.00001234", Some("-1.234e-05"), Some(0)),
        ("0.0001234", Some("0.0001234"), Some(0)),
        ("1e10", Some("1e+10"), Some(1)),
        ("1e400", Some("inf"), Some(1)),
        ("1e", Some("1"), Some(1)),
        ("-", Some("0"), Some(0)),
        ("010", Some("10"), Some(8)),
        (".5", None, None),
        ("9007199254740991", Some("9.0072e+15"), Some(9_007_199_254_740_991)),
        ("9007199254740993", Some("9.0072e+15"), None),
        ("-9007199254740992", Some("-9.0072e+15"), None),
    ] {
        let text = format!("{{\"a\":{number}}}");
        check(&[
            (s(&text), query("$.a", false), shown.map(s)),
            (s(&text), query("$.a", true), int.map(Sample::Int)),
        ]);
    }
    check(&[(s(r#"{"a":"12"}"#), query("$.a", true), Some(s("12")))]);
}

#[test]
fn escapes_in_json() {
    let cases: &[(&str, Option<&[u8]>)] = &[
        (r"x\ny", Some(b"x\ny")),
        (r"x\u0041", Some(b"xA")),
        (r"x\u00e9", Some(b"x\xe9")),
        (r"x\u20ac", None),
        (r"x\u0000y", Some(b"x\0y")),
        (r"x\u00", None),
        (r#"x\"y"#, Some(b"x\"y")),
        (r"x\\y", Some(b"x\\y")),
        (r"x\qy", None),
        (r"\b\f\r\t", Some(b"\x08\x0c\r\t")),
        // HAProxy 2.6 does not know this one; JSON does.
        (r"x\/y", Some(b"x/y")),
    ];
    for (escaped, expected) in cases {
        let text = format!("{{\"a\":\"{escaped}\"}}");
        check(&[(s(&text), query("$.a", false), expected.map(Sample::Str))]);
    }
}

#[test]
fn forwarded_values() {
    for (text, is_valid) in [
        ("for=192.0.2.60;proto=http;by=203.0.113.43", true),
        ("for=\"[2001:db8::1]:8080\"", true),
        ("for=unknown", true),
        ("for=_gazonk", true),
        ("for=\"_gazonk:_port\";host=example.com", true),
        ("proto=https;host=\"example.com:8080\"", true),
        ("host=\"[::1]:80\"", true),
        ("for=192.0.2.60:80", false),
        ("for=\"192.0.2.60:80\"", true),
        ("for=\"192.0.2.60:0\"", false),
        ("for=\"192.0.2.60:65536\"", false),
        ("for=[::1]", false),
        ("for=\"[::1]", false),
        ("for=_", false),
        ("for=1.2.3", false),
        ("for=1.2.3.4;for=1.2.3.4", false),
        ("for=1.2.3.4;", false),
        ("for=1.2.3.4, for=1.2.3.5", false),
        ("For=1.2.3.4", false),
        ("proto=ftp", false),
        ("ext=1", false),
        ("host=", false),
        ("", false),
    ] {
        check(&[(s(text), Converter::ForwardedIsValid, Some(Sample::Bool(is_valid)))]);
    }
}

#[test]
fn fields_of_forwarded_values() {
    let text = "for=\"[2001:db8::1]:8080\";proto=https;host=\"a.b:80\";by=_me";
    for (name, expected) in [
        ("for", Some("[2001:db8::1]:8080")),
        ("proto", Some("https")),
        ("host", Some("a.b:80")),
        ("by", Some("_me")),
        ("ext", None),
    ] {
        check(&[(s(text), Converter::ForwardedField(name.into()), expected.map(s))]);
    }
    check(&[(s("for=1.2.3.4;x=1"), Converter::ForwardedField("for".into()), None)]);
}

#[test]
fn nodes_of_forwarded_values() {
    for (text, name, port) in [
        ("192.0.2.1", Some(ip("192.0.2.1")), None),
        ("192.0.2.1:80", Some(ip("192.0.2.1")), Some(Sample::Int(80))),
        ("[2001:db8::1]:8080", Some(ip("2001:db8::1")), Some(Sample::Int(8080))),
        ("_hidden:_port", Some(s("_hidden")), Some(s("_port"))),
        ("unknown", Some(s("unknown")), None),
        ("2001:db8::1", None, None),
        ("192.0.2.1:x", None, None),
        ("", None, None),
    ] {
        check(&[
            (s(text), Converter::ForwardedNode(NodePart::Name), name),
            (s(text), Converter::ForwardedNode(NodePart::Port), port),
        ]);
    }
}

#[test]
fn names_of_errors() {
    check(&[
        (Sample::Int(0), Converter::X509Error, Some(s("X509_V_OK"))),
        (Sample::Int(10), Converter::X509Error, Some(s("X509_V_ERR_CERT_HAS_EXPIRED"))),
        (s("94"), Converter::X509Error, Some(s("X509_V_ERR_EC_KEY_EXPLICIT_PARAMS"))),
        (Sample::Int(95), Converter::X509Error, Some(s("95"))),
        (Sample::Int(-1), Converter::X509Error, Some(s("-1"))),
    ]);
}
