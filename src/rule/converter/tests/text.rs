//! Tests of converters of text.

use proxy_config::model::rule::{Converter, Tables, UrlCode};

use super::super::super::sample::Sample;
use super::super::super::table::Library;
use super::{Stage, VAR, boxed, check, check_on, ip, s};

#[test]
fn letters_and_lengths() {
    check(&[
        (s("AbC-1"), Converter::Lower, Some(s("abc-1"))),
        (s("aBc"), Converter::Upper, Some(s("ABC"))),
        (Sample::Int(-5), Converter::Upper, Some(s("-5"))),
        (Sample::Bool(true), Converter::Upper, Some(s("1"))),
        (Sample::Bin(b"ab\0c"), Converter::Upper, Some(s("AB"))),
        (ip("1.2.3.4"), Converter::Upper, Some(s("1.2.3.4"))),
        (ip("::1"), Converter::Upper, Some(s("::1"))),
        (ip("::ffff:1.2.3.4"), Converter::Upper, Some(s("::FFFF:1.2.3.4"))),
        (s("abc"), Converter::Length, Some(Sample::Int(3))),
        (s(""), Converter::Length, Some(Sample::Int(0))),
        (Sample::Int(-5), Converter::Length, Some(Sample::Int(2))),
        (Sample::Bin(&[0x41, 0, 0xff]), Converter::Length, Some(Sample::Int(1))),
        (ip("1.2.3.4"), Converter::Length, Some(Sample::Int(7))),
    ]);
}

#[test]
fn trims_and_cuts() {
    check(&[
        (s("  xx yy  "), Converter::TrimStart(boxed(" ")), Some(s("xx yy  "))),
        (s("  xx yy  "), Converter::TrimEnd(boxed(" ")), Some(s("  xx yy"))),
        (s("aabab"), Converter::TrimStart(boxed("ab")), Some(s(""))),
        (s("aabab"), Converter::TrimEnd(boxed("b")), Some(s("aaba"))),
        (s("b"), Converter::TrimEnd(boxed("b")), Some(s(""))),
        (s(""), Converter::TrimEnd(boxed("b")), Some(s(""))),
        (s("ab\r\nc"), Converter::CutCrlf, Some(s("ab"))),
        (s("ab\nc"), Converter::CutCrlf, Some(s("ab"))),
        (s("abc"), Converter::CutCrlf, Some(s("abc"))),
        (s("\nabc"), Converter::CutCrlf, Some(s(""))),
        (s("abc"), Converter::Reverse, Some(s("cba"))),
        (s("www.example.com"), Converter::ReverseDomain, Some(s("com.example.www"))),
        (s(".example.com"), Converter::ReverseDomain, Some(s("com.example."))),
        (s(""), Converter::ReverseDomain, Some(s(""))),
        (s("a\tb"), Converter::HasControl, Some(Sample::Bool(true))),
        (Sample::Bin(b"a\0"), Converter::HasControl, Some(Sample::Bool(true))),
        (s("a b"), Converter::HasControl, Some(Sample::Bool(false))),
    ]);
}

#[test]
fn hosts_and_ports() {
    for (text, host, port) in [
        ("h.com:80", "h.com", 80),
        ("H.COM", "h.com", 0),
        ("[::1]:80", "[::1]", 80),
        ("[::1]", "[::1]", 0),
        ("::1", ":", 1),
        ("h:", "h", 0),
        (":80", "", 80),
        ("", "", 0),
        ("h:8x", "h", 152),
        ("h:99999999999", "h", 1_215_752_191),
        ("[::1:80", "[::1", 80),
        ("[::1]x:80", "[::1]x", 80),
        ("a:b:80", "a:b", 80),
        ("h:080", "h", 80),
        ("h:65536", "h", 65536),
        ("AbC[x]", "abc[x]", 0),
    ] {
        check(&[
            (s(text), Converter::HostOnly, Some(s(host))),
            (s(text), Converter::PortOnly, Some(Sample::Int(port))),
        ]);
    }
}

fn field(index: i32, delimiters: &str, count: i32) -> Converter {
    Converter::Field { index, delimiters: boxed(delimiters), count }
}

#[test]
fn fields() {
    let text = "f1_f2_f3__f5";
    for (index, delimiters, count, expected) in [
        (5, "_", 1, Some("f5")),
        (2, "_", 0, Some("f2_f3__f5")),
        (2, "_", 2, Some("f2_f3")),
        (2, "_", 9, Some("f2_f3__f5")),
        (2, "_", -1, Some("f2_f3__f5")),
        (2, "_3", 1, Some("f2")),
        (-2, "_", 3, Some("f2_f3_")),
        (-2, "_", 9, Some("f1_f2_f3_")),
        (-3, "_", 0, Some("f1_f2_f3")),
        (4, "_", 1, Some("")),
        (6, "_", 1, None),
        (-6, "_", 1, None),
        (-5, "_", 1, Some("f1")),
        (0, "_", 1, None),
        (i32::MAX, "_", i32::MAX, None),
        (i32::MIN, "_", i32::MIN, None),
    ] {
        check(&[(s(text), field(index, delimiters, count), expected.map(s))]);
    }
    check(&[
        (s(""), field(1, "_", 1), Some(s(""))),
        (s(""), field(2, "_", 1), None),
        (s("a"), field(1, "_", 1), Some(s("a"))),
        (s("a_"), field(2, "_", 1), Some(s(""))),
        (s("_a"), field(1, "_", 1), Some(s(""))),
        (s("_a"), field(-2, "_", 1), Some(s(""))),
    ]);
}

fn word(index: i32, delimiters: &str, count: i32) -> Converter {
    Converter::Word { index, delimiters: boxed(delimiters), count }
}

#[test]
fn words() {
    for (text, index, count, expected) in [
        ("f1/f2/f3//f5", 4, 1, "f5"),
        ("f1/f2/f3//f5", 2, 0, "f2/f3//f5"),
        ("f1/f2/f3//f5", 3, 2, "f3//f5"),
        ("f1/f2/f3//f5", -2, 3, "f1/f2/f3"),
        ("f1/f2/f3//f5", -3, 0, "f1/f2"),
        ("/f1/f2/f3/f4", 1, 1, "f1"),
        ("/f1/f2/f3/f4", -1, 1, "f4"),
        ("/f1/f2/f3/f4//", 4, 1, "f4"),
        ("/f1/f2/f3/f4//", 3, 0, "f3/f4//"),
        ("/f1/f2/f3/f4//", 3, 2, "f3/f4"),
        ("/f1/f2/f3/f4//", 3, 9, "f3/f4//"),
        ("/f1/f2/f3/f4//", 5, 1, ""),
        ("//f1/f2/f3/f4//", -4, 1, "f1"),
        ("//f1/f2/f3/f4//", -3, 0, "//f1/f2"),
        ("//f1/f2/f3/f4//", -3, 2, "f1/f2"),
        ("//f1/f2/f3/f4//", -3, 9, "//f1/f2"),
        ("//f1/f2/f3/f4//", -5, 1, ""),
        ("", 1, 1, ""),
        ("///", 1, 1, ""),
        ("///", -1, 1, ""),
        ("a", 1, 0, "a"),
        ("a/b", 1, -3, "a/b"),
        ("a/b", 3, 1, ""),
        ("a/b/", 4, 1, ""),
        ("/a/b", -3, 1, ""),
        ("a/b", i32::MIN, 1, ""),
    ] {
        check(&[(s(text), word(index, "/", count), Some(s(expected)))]);
    }
}

#[test]
fn concatenation_with_a_variable() {
    let concat = |start: &str, end: &str| Converter::Concat {
        start: boxed(start),
        var: Some(VAR),
        end: boxed(end),
    };
    let item = |suffix: &str| Converter::AddItem {
        delimiter: boxed(","),
        var: Some(VAR),
        suffix: boxed(suffix),
    };
    let stage = Stage::empty();
    check_on(
        &stage,
        Some(s("X")),
        &[
            (s("abc"), concat("<", ">"), Some(s("abc<X>"))),
            (s(""), concat("<", ""), Some(s("<X"))),
            (s("abc"), item("z"), Some(s("abc,Xz"))),
            (s(""), item("z"), Some(s("Xz"))),
            (s(""), item(""), Some(s("X"))),
        ],
    );
    check_on(
        &stage,
        None,
        &[
            (s("abc"), concat("<", ">"), Some(s("abc<>"))),
            (s("abc"), item("z"), Some(s("abc,z"))),
            (s("abc"), item(""), Some(s("abc"))),
            (s(""), item(""), Some(s(""))),
        ],
    );
    check_on(&stage, Some(Sample::Int(5)), &[(s("abc"), concat("", ""), Some(s("abc5")))]);
    check_on(&stage, Some(Sample::Bin(b"A\0B")), &[(s("a"), concat("x", "y"), Some(s("axAy")))]);
    check_on(&stage, Some(s("")), &[(s("abc"), item(""), Some(s("abc")))]);
}

#[test]
fn comparisons_with_a_variable() {
    let stage = Stage::empty();
    for (text, value, difference, is_same) in [
        ("abc", s("abc"), 0, true),
        ("abc", s("abd"), -1, false),
        ("abd", s("abc"), 1, false),
        ("abz", s("abc"), 23, false),
        ("abcd", s("abc"), 1, false),
        ("abc", s("abcdef"), -1, false),
    ] {
        check_on(
            &stage,
            Some(value),
            &[
                (s(text), Converter::Strcmp(VAR), Some(Sample::Int(difference))),
                (s(text), Converter::SecureMemcmp(VAR), Some(Sample::Bool(is_same))),
            ],
        );
    }
    check_on(
        &stage,
        Some(Sample::Int(12)),
        &[
            (s("12"), Converter::Strcmp(VAR), Some(Sample::Int(0))),
            (Sample::Int(12), Converter::SecureMemcmp(VAR), Some(Sample::Bool(true))),
            (s("12"), Converter::SecureMemcmp(VAR), Some(Sample::Bool(false))),
        ],
    );
    check_on(
        &stage,
        None,
        &[(s("abc"), Converter::Strcmp(VAR), None), (s("abc"), Converter::SecureMemcmp(VAR), None)],
    );
}

#[test]
fn one_text_or_the_other() {
    let iif = || Converter::Iif(boxed("a"), boxed("b"));
    check(&[
        (s("1"), iif(), Some(s("a"))),
        (s("x"), iif(), Some(s("b"))),
        (s(""), iif(), None),
        (Sample::Int(0), iif(), Some(s("b"))),
        (Sample::Bool(true), iif(), Some(s("a"))),
        (ip("1.2.3.4"), iif(), None),
        (Sample::Bin(b"1"), iif(), None),
    ]);
}

#[test]
fn parameters() {
    for (text, delimiter, expected) in [
        ("a=1&b=2&c=3", b'&', Some("2")),
        ("a=1&c=3", b'&', None),
        ("a=1&b&c=3", b'&', Some("")),
        ("a=1&b=&c=3", b'&', Some("")),
        ("a=1;b=2;c=3", b';', Some("2")),
        ("a=1&b=2&b=3", b'&', Some("2")),
        ("xb=1&bb=3&b=2", b'&', Some("2")),
        ("b", b'&', Some("")),
        ("", b'&', None),
    ] {
        let param = Converter::Param { name: boxed("b"), delimiter };
        check(&[(s(text), param, expected.map(s))]);
    }
}

#[test]
fn the_preferred_language() {
    for (field, values, expected) in [
        ("en;q=0.5,fr", "es;fr;en", Some("fr")),
        ("en-US;q=0.8,en;q=0.5", "en;fr", Some("en")),
        ("en-US;q=0.8,en;q=0.9", "en-US;en", Some("en")),
        // HAProxy 2.6 loses the second one here; its manual does not.
        ("fr;q=0,en;q=0.1", "en;fr", Some("en")),
        ("fr; q=0.3 en;q=0.2", "en;fr", Some("fr")),
        (" fr ;q=0.3 , en ; q = 0.5", "en;fr", Some("en")),
        ("fr;q=0.3,\ten;q=0.5", "en;fr", Some("en")),
        ("fr;q=0.300,en;q=0.301", "en;fr", Some("en")),
        ("fr;q=0.3001,en;q=0.3002", "en;fr", Some("fr")),
        ("fr;q=1.000,en", "en;fr", Some("fr")),
        ("en;q=0.9,fr;q=2", "en;fr", Some("fr")),
        ("en;q=0.9,fr;q=1.5", "en;fr", Some("fr")),
        ("en;q=0.9,fr;x=1", "en;fr", Some("fr")),
        ("en;q=0.9,fr;Q=1", "en;fr", Some("fr")),
        ("fr;q=0.5,en;q=0.5", "en;fr", Some("fr")),
        ("fr-CA,en", "fr-CA;en", Some("fr-CA")),
        ("fr-CA,en", "fr-FR;en", Some("en")),
        ("fr-CA,en", "fr-FR;en;fr", Some("fr")),
        ("fr-,en", "fr;en", Some("fr")),
        ("en;q=,fr;q=0.1", "fr;en", Some("en")),
        ("en;q=.5,fr;q=0.1", "fr;en", Some("en")),
        ("en;q=a,fr;q=0.1", "fr;en", Some("en")),
        ("en;q=0.0001,fr;q=0.001", "fr;en", Some("fr")),
        ("en;q=0.9999,fr;q=0.999", "fr;en", Some("en")),
        ("en;,fr;q=0.1", "fr;en", Some("en")),
        ("fr;q=0.1,en;q=0.2;x=3", "fr;en", Some("en")),
        ("fr;q=0.1,en;x=3;q=0.2", "fr;en", Some("en")),
        ("zh-Hant-TW", "zh-Hant;zh", Some("zh-Hant")),
        ("fr x,en;q=0.1", "fr;en", Some("en")),
        ("EN", "en", None),
        ("EN", "EN", Some("EN")),
        ("*;q=0.5,fr;q=0.1", "en;fr", Some("fr")),
        (",,en", "en", Some("en")),
        ("", "en", None),
    ] {
        let values: Box<[_]> = values.split(';').map(boxed).collect();
        let language = |default| Converter::Language { values: values.clone(), default };
        check(&[
            (s(field), language(None), expected.map(s)),
            (s(field), language(Some(boxed("xx"))), expected.or(Some("xx")).map(s)),
        ]);
    }
}

#[test]
fn url_codes() {
    for (text, in_form, expected) in [
        ("a%20b+c?d+e", false, Some("a b+c?d e")),
        ("a%20b+c?d+e", true, Some("a b c?d e")),
        ("a%2", false, None),
        ("a%", false, None),
        ("%zz", false, None),
        ("a%00b", false, Some("a\0b")),
        ("", false, Some("")),
    ] {
        check(&[(s(text), Converter::UrlDecode { in_form }, expected.map(s))]);
    }
    let encode = || Converter::UrlEncode(UrlCode::Query);
    check(&[
        (
            s("a b/c?d=e&f~g-h_i.j!k*l(m'n"),
            encode(),
            Some(s("a%20b%2Fc%3Fd%3De%26f~g-h_i.j%21k%2Al%28m%27n")),
        ),
        (Sample::Bin(&[0x41, 0xff, 0]), encode(), Some(s("A%FF"))),
    ]);
}

#[test]
fn substitution() {
    for (text, regex, with, all, expected) in [
        ("abc", "b", "X", false, "aXc"),
        ("abcabc", "b", "X", false, "aXcabc"),
        ("abcabc", "b", "X", true, "aXcaXc"),
        ("abcabc", "(a)(b)", "\\2\\1", true, "bacbac"),
        ("abcabc", "(a)(b)", "[\\0]", true, "[ab]c[ab]c"),
        ("abcabc", "(a)(b)?", "[\\3]", true, "[]c[]c"),
        ("abcabc", "(?i:B)", "", true, "acac"),
        ("abc", "x*", "-", true, "-a-b-c-"),
        ("abc", "x*", "-", false, "-abc"),
        ("abc", "$", "-", true, "abc--"),
        ("", "^$", "-", true, "-"),
        ("abc", "z", "-", true, "abc"),
        ("aXbXc", "X", "\\\\x41", true, "a\\x41b\\x41c"),
        ("aXbXc", "X", "\\x41", true, "aAbAc"),
        ("aaa", "^a", "-", true, "-aa"),
        ("abc", "b*", "-", true, "-a--c-"),
        ("abc", "b", "x\\", false, "axc"),
        ("abc", "b", "\\q", false, "aqc"),
    ] {
        let mut stage = Stage::empty();
        let regexes =
            vec![proxy_config::model::rule::Regex { text: regex.to_owned(), any_case: false }];
        stage.library = Library::new(&Tables { regexes, ..Tables::default() }).unwrap();
        let regsub = Converter::Regsub { regex: 0, with: boxed(with), all };
        check_on(&stage, None, &[(s(text), regsub, Some(s(expected)))]);
    }
}
