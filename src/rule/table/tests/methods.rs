//! What HAProxy 2.6 answers to the same patterns and samples, written down.

use std::path::PathBuf;

use proxy_config::model::rule::{
    AddressPattern, Map, MapOutput, Match, Pattern, PatternFile, Patterns, Range, Tables,
};

use crate::rule::sample::Sample;
use crate::rule::{Arena, Library};

/// More patterns than are compared one by one; none of them matches anything here.
const FILLER: &str = "zz-0\nzz-1\nzz-2\nzz-3\nzz-4\nzz-5\nzz-6\nzz-7\nzz-8\n";

fn map_of(method: Match, output: MapOutput, text: &str) -> Library {
    let file = PatternFile { path: PathBuf::from("test.map"), text: text.as_bytes().into() };
    let tables = Tables { maps: vec![Map { method, output, file }], ..Tables::default() };
    Library::new(&tables).unwrap()
}

fn look_up(library: &Library, sample: Sample<'_>) -> Option<String> {
    let arena = Arena::default();
    let found = library.maps[0].lookup(sample, &arena)?;
    Some(String::from_utf8_lossy(found.text(&arena)).into_owned())
}

#[track_caller]
fn check(method: Match, sample: Sample<'_>, text: &str, expected: &str) {
    let expected = Some(expected).filter(|value| !value.is_empty()).map(str::to_owned);
    let found = look_up(&map_of(method, MapOutput::Str, text), sample);
    assert_eq!(found, expected, "{method:?} {sample:?} {text:?}");
    if !matches!(method, Match::Int | Match::Ip | Match::Len | Match::Bool | Match::Bin) {
        let many = format!("{text}\n{FILLER}");
        let found = look_up(&map_of(method, MapOutput::Str, &many), sample);
        assert_eq!(found, expected, "{method:?} {sample:?} {text:?} among many");
    }
}

fn text(text: &str) -> Sample<'_> {
    Sample::Str(text.as_bytes())
}

fn ip(text: &str) -> Sample<'_> {
    Sample::Ip(text.parse().unwrap())
}

#[test]
fn beg_finds_the_longest_and_of_equals_the_first() {
    let host = text("www.example.com");
    check(Match::Beg, host, "www 1\nwww.example 2\nw 3", "2");
    check(Match::Beg, host, "www 1\nwww 2", "1");
    check(Match::Beg, host, "www.example.com 1", "1");
    check(Match::Beg, host, "www.example.com. 1\nwww.example.org 2", "");
    check(Match::Beg, text(""), "w 1", "");
}

#[test]
fn str_finds_the_whole_and_of_equals_the_first() {
    check(Match::Str, text("a.b"), "a.b 1\na.b 2", "1");
    check(Match::Str, text("a.b"), "A.b 1", "");
    check(Match::Str, text("a.b"), "a. 1\na.bc 2", "");
    check(Match::Str, text("a"), "   a  lead  \n#c x\n\n", "lead");
    check(Match::Str, text("a"), "a\tlead tail  \n", "lead tail");
    check(Match::Str, text("a"), "a x\r\n", "x");
    check(Match::Str, ip("10.1.2.3"), "10.1.2.3 s", "s");
    check(Match::Str, Sample::Bool(true), "true t\n1 one", "one");
    check(Match::Str, Sample::Int(-7), "-7 n", "n");
    check(Match::Str, Sample::Bin(b"abc"), "616263 hex\nabc raw", "raw");
}

#[test]
fn end_finds_the_first() {
    let host = text("www.example.com");
    check(Match::End, host, ".com 1\nexample.com 2", "1");
    check(Match::End, host, "example.com 2\n.com 1", "2");
    check(Match::End, host, "m 1\nww.example.com 2\n.com 3", "1");
    check(Match::End, host, "x.com 1\nwww.example.com 2", "2");
    check(Match::End, host, "xwww.example.com 1", "");
}

#[test]
fn sub_finds_the_first() {
    let host = text("www.example.com");
    check(Match::Sub, host, "exam 1\nwww.exam 2", "1");
    check(Match::Sub, host, "com 1\nexam 2", "1");
    check(Match::Sub, host, "org 1\nwww.example.com 2", "2");
    check(Match::Sub, text("xx"), "X y", "");
}

#[test]
fn dom_finds_words_between_dots_slashes_question_marks_and_colons() {
    let host = text("www.example.com");
    check(Match::Dom, host, "com 1\nexample.com 2", "1");
    check(Match::Dom, host, "example.com 2\ncom 1", "2");
    check(Match::Dom, host, "xample.com 1\nexample.co 2\nexample 3", "3");
    let url = text("www.example.com:80/x?y");
    check(Match::Dom, url, "y 1", "1");
    check(Match::Dom, url, "80 1", "1");
    check(Match::Dom, url, ".com:80. 1", "1");
    check(Match::Dom, text("a.b"), "a.. y", "y");
    check(Match::Dom, text("a.b"), ". y", "");
    check(Match::Dom, text("a..b.c"), "a.b 1\na..b 2", "2");
    check(Match::Dom, text("..a.b.."), "a.b y", "y");
}

#[test]
fn dir_finds_words_between_slashes_and_question_marks() {
    let path = text("/a/b/www.example.com:80/x");
    check(Match::Dir, path, "b 1", "1");
    check(Match::Dir, path, "/a/b/ 1", "1");
    check(Match::Dir, path, "com 1\nexample.com:80 2\nwww.example.com:80 3", "3");
    check(Match::Dir, text("/a//b"), "a/b 1", "");
    check(Match::Dir, text("/a//b"), "a//b 1", "1");
    check(Match::Dir, text("/x?y"), "y 1", "1");
}

#[test]
fn reg_finds_the_first_anywhere() {
    check(Match::Reg, text("abc"), "b first\na second", "first");
    check(Match::Reg, text("abc"), "^b 1\nc$ 2", "2");
    check(Match::Reg, text("abc"), "^a(.)c$ x\\1y", "x\\1y");
    check(Match::Reg, Sample::Bin(b"a\xffc"), "^a.c$ 1", "1");
    check(Match::Reg, text("aBc"), "b 1\n(?i)b 2", "2");
}

#[test]
fn regm_puts_groups_into_the_value() {
    for (line, expected) in [
        ("^a(.)(.)$ x\\1y\\2", "xbyc"),
        ("^a(.)(.)$ x\\0y", "xabcy"),
        ("^a(.)(.)$ x\\5y", "xy"),
        ("^a(.)(.)$ x\\\\1y", "x\\1y"),
        ("^a(.)(.)$ x\\qy", "xqy"),
        ("^a(.)(.)$ xy\\", ""),
        ("^a(.)(.)$ x\\12y", "xb2y"),
        ("^a(z)?(.)(.)$ x\\1y\\x41z", "xyAz"),
        ("b(.) x\\1y", "xcy"),
        ("^b(.) x\\1y", ""),
    ] {
        for text_of_map in [line.to_owned(), format!("{line}\n{FILLER}")] {
            let library = map_of(Match::Reg, MapOutput::Regm, &text_of_map);
            let found = look_up(&library, text("abc")).unwrap_or_default();
            assert_eq!(found, expected, "{text_of_map}");
        }
    }
}

fn matches(own: &Patterns, sample: Sample<'_>) -> bool {
    let tables = Tables { patterns: vec![own.clone()], ..Tables::default() };
    let library = Library::new(&tables).unwrap();
    library.patterns[0].iter().any(|set| set.matches(sample, &Arena::default()))
}

fn inline(method: Match, any_case: bool, inline: Vec<Pattern>) -> Patterns {
    Patterns { method, any_case, inline, files: Vec::new(), is_map: false }
}

fn bytes(text: &str) -> Pattern {
    Pattern::Bytes(text.as_bytes().into())
}

fn range(min: i64, max: i64) -> Pattern {
    Pattern::Range(Range { min, max })
}

#[test]
fn any_case_is_of_ascii() {
    for (method, pattern, sample, expected) in [
        (Match::Str, "aBc", "AbC", true),
        (Match::Sub, "b", "ABC", true),
        (Match::Dom, "b.C", "a.B.c", true),
        (Match::Dir, "B", "/a/b", true),
        (Match::Beg, "AB", "abc", true),
        (Match::End, "BC", "abc", true),
        (Match::Reg, "b", "ABC", true),
        (Match::Str, "\u{e9}", "\u{c9}", false),
        (Match::Str, "[", "{", false),
    ] {
        for others in [0, 9] {
            let others = (0..others).map(|nth| bytes(&format!("zz-{nth}")));
            let patterns: Vec<_> = others.chain([bytes(pattern)]).collect();
            let own = inline(method, true, patterns.clone());
            assert_eq!(matches(&own, text(sample)), expected, "{method:?} -i {pattern} {sample}");
            let own = inline(method, false, patterns);
            assert!(!matches(&own, text(sample)), "{method:?} {pattern} {sample}");
        }
    }
}

#[test]
fn numbers_are_in_ranges() {
    let int =
        |patterns: Vec<Pattern>, sample| matches(&inline(Match::Int, false, patterns), sample);
    for (sample, expected) in [
        (text("5x"), true),
        (text("+5"), true),
        (text("4"), false),
        (text("7"), true),
        (text("8"), false),
        (Sample::Int(5), true),
        (Sample::Bool(true), false),
        (Sample::Bin(b"5"), false),
        (ip("0.0.0.6"), true),
        (ip("::6"), false),
    ] {
        assert_eq!(int(vec![range(5, 7)], sample), expected, "{sample:?}");
    }
    let all = vec![range(i64::MIN, i64::MAX)];
    for extreme in [i64::MIN, 0, i64::MAX] {
        assert!(int(all.clone(), Sample::Int(extreme)));
        assert!(int(vec![range(extreme, extreme)], Sample::Int(extreme)));
    }
    assert!(!int(vec![range(2, 1)], Sample::Int(1)));
    let len = |sample| matches(&inline(Match::Len, false, vec![range(3, 4)]), sample);
    assert!(len(text("abc")) && len(Sample::Bin(b"abc")) && len(Sample::Int(1234)));
    assert!(len(ip("::1")) && !len(text("ab")) && !len(text("abcde")));
}

#[test]
fn booleans_and_bytes() {
    let is_true = inline(Match::Bool, false, vec![Pattern::Bool(true)]);
    assert!(matches(&is_true, Sample::Int(2)) && matches(&is_true, text("1")));
    assert!(!matches(&is_true, text("abc")) && !matches(&is_true, Sample::Bool(false)));
    let bin = |pattern: &[u8]| inline(Match::Bin, false, vec![Pattern::Bytes(pattern.into())]);
    assert!(matches(&bin(b"abc"), text("abc")) && matches(&bin(b"abc"), Sample::Bin(b"abc")));
    assert!(matches(&bin(&[1, 2, 3, 4]), ip("1.2.3.4")));
    assert!(matches(&bin(&[0, 0, 0, 0, 0, 0, 0, 1]), Sample::Int(1)));
    assert!(!matches(&bin(&[0, 0, 0, 1]), Sample::Int(1)));
}

fn network(text: &str) -> Pattern {
    let (address, len) = text.split_once('/').unwrap();
    let address = address.parse().unwrap();
    let mask = match (address, len.parse::<u32>()) {
        (std::net::IpAddr::V4(_), Ok(len)) => {
            std::net::Ipv4Addr::from_bits(u32::MAX.checked_shl(32 - len).unwrap_or(0)).into()
        }
        (std::net::IpAddr::V6(_), Ok(len)) => {
            std::net::Ipv6Addr::from_bits(u128::MAX.checked_shl(128 - len).unwrap_or(0)).into()
        }
        _ => len.parse().unwrap(),
    };
    Pattern::Ip(AddressPattern { address, mask })
}

#[test]
fn the_longest_network_wins() {
    const HOLED: &str = "10.0.0.3/255.0.0.255";
    let find = |networks: &[&str], sample: Sample<'_>| {
        let patterns: Vec<_> = networks.iter().map(|text| network(text)).collect();
        let kind = super::super::Kind { method: Match::Ip, any_case: false, has_groups: false };
        super::super::Set::of_rule(kind, &patterns).unwrap().find(sample, &Arena::default())
    };
    let own = ip("10.1.2.3");
    assert_eq!(find(&["0.0.0.0/0", "10.0.0.0/8", "10.1.2.0/24", "10.1.2.4/30"], own), Some(2));
    assert_eq!(find(&["10.1.2.0/24", "10.1.2.0/24"], own), Some(0));
    assert_eq!(find(&["10.1.9.9/16"], own), Some(0));
    assert_eq!(find(&["10.1.2.3/32"], text("10.1.2.3")), Some(0));
    assert_eq!(find(&["10.1.2.3/32"], Sample::Int(0x0a01_0203)), Some(0));
    assert_eq!(find(&["10.1.2.3/32"], text("host")), None);
    assert_eq!(find(&["255.255.255.255/32"], ip("255.255.255.255")), Some(0));
    assert_eq!(find(&["0.0.0.0/0"], ip("255.255.255.255")), Some(0));
    // Of the other family, written otherwise.
    assert_eq!(find(&["::ffff:10.1.2.3/128"], own), Some(0));
    assert_eq!(find(&["::/0", "10.0.0.0/8"], own), Some(1));
    assert_eq!(find(&["::/0", "10.1.2.3/32"], ip("::ffff:10.1.2.3")), Some(0));
    for embedded in ["::ffff:10.1.2.3", "::10.1.2.3", "2002:a01:203::"] {
        assert_eq!(find(&["10.1.2.3/32"], ip(embedded)), Some(0), "{embedded}");
    }
    assert_eq!(find(&["10.1.2.3/32"], ip("64:ff9b::10.1.2.3")), None);
    assert_eq!(find(&["fe80::/10", "fe80::/16"], ip("fe80::1")), Some(1));
    assert_eq!(find(&["fe80::/10", "fe80::/16"], ip("fe90::1")), Some(0));
    // Masks with holes, last of all and in their order.
    assert_eq!(find(&[HOLED, "10.1.2.0/24"], own), Some(1));
    assert_eq!(find(&[HOLED, HOLED], own), Some(0));
    assert_eq!(find(&[HOLED], ip("::ffff:10.9.9.3")), Some(0));
    assert_eq!(find(&[HOLED], ip("10.9.9.4")), None);
}

#[test]
fn outputs_are_of_their_types() {
    let (key, value) = (MapOutput::Key, MapOutput::Str);
    for (method, output, sample, line, expected) in [
        (Match::Str, MapOutput::Int, text("a"), "b 1\na -12", "-12"),
        (Match::Str, MapOutput::Ip, text("a"), "a ::1", "::1"),
        (Match::Dom, key, text("www.a.b"), "\n  .a.b.\tv", ".a.b."),
        (Match::Dom, value, text("www.a.b"), "\n  .a.b.\tv\r\nx y", "v"),
        (Match::Ip, key, ip("10.1.2.3"), "#\n10.1.0.0/16 v", "10.1.0.0/16"),
        (Match::Int, key, Sample::Int(5), "7 x\n1:9  v w \n", "1:9"),
        (Match::Int, value, Sample::Int(5), "7 x\n1:9  v w \n", "v w"),
        (Match::Reg, key, text("abc"), "b. v", "b."),
        (Match::Str, value, text("a"), "a", ""),
        (Match::Str, key, text("a"), "x y\na", "a"),
    ] {
        let found = look_up(&map_of(method, output, line), sample);
        assert_eq!(found.as_deref(), Some(expected), "{method:?} {output:?} {line:?}");
    }
}
