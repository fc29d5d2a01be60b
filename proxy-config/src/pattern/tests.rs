//! Every kind of pattern and value, and how each is refused.

use super::*;

#[test]
fn lines_of_files() {
    let text = "# comment\n\n  a.example  backend 1 \t\r\n\tb\nc d\n #no comment\n \n";
    let found: Vec<_> =
        lines(text).map(|line| (line.number, line.pattern, line.key, line.value)).collect();
    let expected = [
        (3, "a.example  backend 1 \t", "a.example", "backend 1"),
        (4, "b", "b", ""),
        (5, "c d", "c", "d"),
        (6, "#no comment", "#no", "comment"),
    ];
    assert_eq!(found, expected);
    assert_eq!(lines("").count(), 0);
}

fn bytes(text: &str) -> Pattern {
    Pattern::Bytes(text.as_bytes().into())
}

fn ints(min: i64, max: i64) -> Pattern {
    Pattern::Range(Range { min, max })
}

fn ip(address: &str, mask: &str) -> Pattern {
    Pattern::Ip(AddressPattern { address: address.parse().unwrap(), mask: mask.parse().unwrap() })
}

#[test]
fn patterns() {
    let cases = [
        (Match::Str, "a b", bytes("a b")),
        (Match::Dom, "", bytes("")),
        (Match::Bool, "true", Pattern::Bool(true)),
        (Match::Bool, "0", Pattern::Bool(false)),
        (Match::Int, "-5", ints(-5, -5)),
        (Match::Int, "007", ints(7, 7)),
        (Match::Int, "1024:65535", ints(1024, 65535)),
        (Match::Len, ":3", ints(i64::MIN, 3)),
        (Match::Len, "-2:", ints(-2, i64::MAX)),
        (Match::Ip, "10.1.2.3", ip("10.1.2.3", "255.255.255.255")),
        (Match::Ip, "10.0.0.0/8", ip("10.0.0.0", "255.0.0.0")),
        (Match::Ip, "0.0.0.0/0", ip("0.0.0.0", "0.0.0.0")),
        (Match::Ip, "10.0.0.1/255.0.0.255", ip("10.0.0.1", "255.0.0.255")),
        (Match::Ip, "::1", ip("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")),
        (Match::Ip, "2001:db8::/32", ip("2001:db8::", "ffff:ffff::")),
        (Match::Bin, "00fFA0", Pattern::Bytes([0, 255, 160].into())),
        (Match::Reg, r"^/a\d+(b|c)$", bytes(r"^/a\d+(b|c)$")),
        (Match::Reg, r"(?-u)\xff", bytes(r"(?-u)\xff")),
    ];
    for (method, text, expected) in cases {
        assert_eq!(parse_pattern(method, text), Ok(expected), "{method:?} {text}");
    }
}

#[test]
fn bad_patterns() {
    let cases = [
        (Match::Bool, "yes", 0..3, "is not a boolean"),
        (Match::Int, "", 0..0, "is not an integer"),
        (Match::Int, "0x5", 0..3, "is not an integer"),
        (Match::Int, "1:b", 2..3, "is not an integer"),
        (Match::Int, "9223372036854775808", 0..19, "does not fit into 64 bits"),
        (Match::Int, "5:3", 0..3, "is a range without numbers in it"),
        (Match::Len, ":", 0..1, "is a range without numbers in it"),
        (Match::Ip, "www.example.org", 0..15, "is a host name"),
        (Match::Ip, "10.1", 0..4, "is not an address"),
        (Match::Ip, "10.0.0.0/33", 9..11, "has a bad mask `33`"),
        (Match::Ip, "10.0.0.0/", 9..9, "has a bad mask ``"),
        (Match::Ip, "10.0.0.0/+8", 9..11, "has a bad mask `+8`"),
        (Match::Ip, "::1/129", 4..7, "has a bad mask `129`"),
        (Match::Ip, "::1/255.0.0.0", 4..13, "has a bad mask `255.0.0.0`"),
        (Match::Bin, "0g", 1..2, "has `g`, which is no hexadecimal digit"),
        (Match::Bin, "012", 0..3, "has an odd number of hexadecimal digits"),
    ];
    for (method, text, range, problem) in cases {
        let fault = parse_pattern(method, text).unwrap_err();
        assert_eq!((fault.range, fault.problem.as_str()), (range, problem), "{method:?} {text}");
    }
}

#[test]
fn bad_regexes_say_why() {
    let cases = [
        ("a(b", 1..2, "unclosed group"),
        ("a(?=b)", 1..4, "look-around"),
        (r"(a)\1", 3..5, "back reference"),
        ("a{5,2}", 1..6, "invalid repetition"),
    ];
    for (text, range, problem) in cases {
        let fault = parse_pattern(Match::Reg, text).unwrap_err();
        assert!(fault.problem.contains(problem), "{text}: {}", fault.problem);
        assert_eq!(fault.range, range, "{text}");
    }
}

#[test]
fn values_of_maps() {
    let str = Value::Str(b"x y".as_slice().into());
    assert_eq!(map_value(MapOutput::Str, "x y"), Ok(str.clone()));
    assert_eq!(map_value(MapOutput::Key, "x y"), Ok(str));
    assert_eq!(map_value(MapOutput::Int, "-12"), Ok(Value::Int(-12)));
    assert_eq!(map_value(MapOutput::Ip, "::1"), Ok(Value::Ip("::1".parse().unwrap())));
    assert_eq!(map_value(MapOutput::Int, "").unwrap_err().problem, "is not an integer");
    assert_eq!(map_value(MapOutput::Ip, "10.1").unwrap_err().problem, "is not an address");
}
