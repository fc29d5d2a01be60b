//! ACLs and conditions.

use super::*;
use crate::model::rule::{AddressPattern, Match, Matching, Pattern, Patterns, Range, Term, Test};

/// The only test of a condition that is one ACL.
fn test(text: &str, at: At) -> (Test, Tables) {
    let (condition, tables, diagnostics) = condition("", &format!("if {{ {text} }}"), at);
    assert_eq!(said(&diagnostics, Severity::Error), [], "{text}");
    assert_eq!(said(&diagnostics, Severity::Warning), [], "{text}");
    let condition = condition.unwrap();
    (condition.any_of[0][0].acl.tests[0].clone(), tables)
}

/// The patterns of an ACL.
fn patterns(text: &str) -> Patterns {
    let (test, mut tables) = test(text, REQUEST);
    let Matching::Patterns { method, table } = test.matching else { panic!("{text}") };
    let patterns = tables.patterns.swap_remove(table);
    assert_eq!(patterns.method, method, "{text}");
    patterns
}

fn bytes(text: &str) -> Pattern {
    Pattern::Bytes(text.as_bytes().into())
}

fn range(min: i64, max: i64) -> Pattern {
    Pattern::Range(Range { min, max })
}

#[test]
fn methods_come_from_types_names_and_flags() {
    let cases = [
        ("path /a", Match::Str),
        ("src 10.0.0.1", Match::Ip),
        ("dst_port 80", Match::Int),
        ("method GET", Match::Str),
        ("path,length 5", Match::Int),
        ("path_beg /a", Match::Beg),
        ("path_end .js", Match::End),
        ("path_sub x", Match::Sub),
        ("path_dir x", Match::Dir),
        ("url_dom x", Match::Dom),
        ("url_reg ^a", Match::Reg),
        ("path_len 5", Match::Len),
        ("hdr_beg(host) www.", Match::Beg),
        ("req.hdr_end(host) .org", Match::End),
        ("cook_sub(a) x", Match::Sub),
        ("urlp_reg(a) x", Match::Reg),
        ("path_beg,lower /a", Match::Beg),
        ("path -m sub x", Match::Sub),
        ("path_beg -m end x", Match::End),
        ("src -m str 10.0.0.1", Match::Str),
        ("var(txn.a) -m int 5", Match::Int),
        ("req.payload(0,4) -m bin 16030100", Match::Bin),
        ("hdr_cnt(host) gt 1", Match::Int),
        ("hdr_ip(x-real-ip) 10.0.0.0/8", Match::Ip),
        ("req.len 5", Match::Int),
    ];
    for (text, method) in cases {
        assert_eq!(patterns(text).method, method, "{text}");
    }
    let cases = [
        ("ssl_fc", Matching::True),
        ("path -m found", Matching::Found),
        ("nbsrv(app) -m bool", Matching::True),
        ("http_auth(staff)", Matching::True),
    ];
    for (text, matching) in cases {
        assert_eq!(test(text, REQUEST).0.matching, matching, "{text}");
    }
}

#[test]
fn patterns_of_integers_have_operators() {
    let cases = [
        ("5 7:9 :3 8:", vec![range(5, 5), range(7, 9), range(i64::MIN, 3), range(8, i64::MAX)]),
        ("gt 5", vec![range(6, i64::MAX)]),
        ("ge 5 le 2 1", vec![range(5, i64::MAX), range(i64::MIN, 2), range(i64::MIN, 1)]),
        ("lt 5 eq 7", vec![range(i64::MIN, 4), range(7, 7)]),
        ("-- -5", vec![range(-5, -5)]),
    ];
    for (text, expected) in cases {
        assert_eq!(patterns(&format!("dst_port {text}")).inline, expected, "{text}");
    }
    let found = patterns("req.ssl_ver 3.1 gt 3.2").inline;
    assert_eq!(found, [range(0x30001, 0x30001), range(0x30003, i64::MAX)]);
}

#[test]
fn patterns_have_flags_and_files() {
    let found = patterns("path -i -n -m beg -- -a /b");
    assert!(found.any_case);
    assert_eq!(found.inline, [bytes("-a"), bytes("/b")]);
    let found = patterns("src -f nets.lst -f opt@none 10.0.0.1");
    let paths: Vec<_> = found.files.iter().map(|file| file.path.to_str().unwrap()).collect();
    assert_eq!(paths, ["nets.lst", "none"]);
    let expected = AddressPattern {
        address: "10.0.0.1".parse().unwrap(),
        mask: "255.255.255.255".parse().unwrap(),
    };
    assert_eq!(found.inline, [Pattern::Ip(expected)]);
    let found = patterns("src -M -f nets.map");
    assert!(found.is_map && found.files.len() == 1);
    assert!(!patterns("src -f nets.lst").is_map && !patterns("src -M 10.0.0.1").is_map);
}

#[test]
fn equal_patterns_are_shared() {
    let text = "if { path -i /a /b } { url -i /a /b } { path /a /b } { path -i /a /b }";
    let (condition, tables, _) = condition("", text, REQUEST);
    let table = |term: &Term| match term.acl.tests[0].matching {
        Matching::Patterns { table, .. } => table,
        _ => panic!("{term:?}"),
    };
    let tables_of: Vec<_> = condition.unwrap().any_of[0].iter().map(table).collect();
    assert_eq!(tables_of, [0, 0, 1, 0]);
    assert_eq!(tables.patterns.len(), 2);
}

/// A condition in brief: `!` and names; braces by their fetch's first pattern.
fn brief(condition: &Condition, tables: &Tables) -> String {
    let term = |term: &Term| {
        let not = if term.is_negated { "!" } else { "" };
        let acl = &term.acl;
        let show = |matching: &Matching| match matching {
            Matching::Patterns { table, .. } => {
                format!("{:?}", tables.patterns[*table].inline.len())
            }
            other => format!("{other:?}"),
        };
        let tests: Vec<_> = acl.tests.iter().map(|test| show(&test.matching)).collect();
        format!("{not}{}[{}]", acl.name.as_deref().unwrap_or(""), tests.join("|"))
    };
    let all = |terms: &[Term]| terms.iter().map(term).collect::<Vec<_>>().join(" ");
    let any: Vec<_> = condition.any_of.iter().map(|terms| all(terms)).collect();
    let word = if condition.is_negated { "unless " } else { "" };
    format!("{word}{}", any.join(" or "))
}

#[test]
fn conditions_are_alternatives_of_terms() {
    let acls = "a path /a\na path_beg /b/ /c/\nb ssl_fc\nTRUE always_false";
    let cases = [
        ("if a", "a[1|2]"),
        ("unless a b", "unless a[1|2] b[True]"),
        ("if a !b or !a", "a[1|2] !b[True] or !a[1|2]"),
        ("if ! a || !! b", "!a[1|2] or b[True]"),
        ("if !{ path /x } b", "![1] b[True]"),
        ("if { path /x || /y } or b", "[3] or b[True]"),
        ("if ! { ssl_fc }", "![True]"),
        ("if METH_GET HTTP_1.1", "METH_GET[2] HTTP_1.1[1]"),
        ("if TRUE FALSE", "TRUE[True] FALSE[True]"),
        ("if { acl(a,!b) }", "[True]"),
    ];
    for (text, expected) in cases {
        let (condition, tables, diagnostics) = condition(acls, text, REQUEST);
        assert_eq!(said(&diagnostics, Severity::Error), [], "{text}");
        assert_eq!(brief(&condition.unwrap(), &tables), expected, "{text}");
    }
}

#[test]
fn all_predefined_acls_are_there() {
    let names = "FALSE HTTP HTTP_1.0 HTTP_1.1 HTTP_2.0 HTTP_3.0 HTTP_CONTENT HTTP_URL_ABS \
                 HTTP_URL_SLASH HTTP_URL_STAR LOCALHOST METH_CONNECT METH_DELETE METH_GET METH_HEAD \
                 METH_OPTIONS METH_POST METH_PUT METH_TRACE RDP_COOKIE REQ_CONTENT TRUE WAIT_END";
    for name in names.split_whitespace() {
        let (condition, _, diagnostics) = condition("", &format!("if {name}"), at(Moment::Content));
        assert_eq!(said(&diagnostics, Severity::Error), [], "{name}");
        assert_eq!(condition.unwrap().any_of[0][0].acl.name.as_deref(), Some(name));
    }
}

/// What is wrong with a condition.
fn wrong_condition(acls: &str, text: &str, at: At) -> Vec<(String, std::ops::Range<usize>)> {
    let (condition, _, diagnostics) = condition(acls, text, at);
    let errors = said(&diagnostics, Severity::Error);
    assert_eq!(condition.is_none(), !errors.is_empty(), "{text}: {errors:?}");
    errors
}

#[test]
fn mistakes_in_conditions() {
    let cases = [
        ("when a", "`when` stands where a condition should", 0..4),
        ("if", "no condition stands behind `if`", 0..2),
        ("if TRUE or", "no condition stands behind `or`", 8..10),
        ("if || TRUE", "no condition stands behind `if`", 0..2),
        ("if nope", "there is no acl `nope`", 3..7),
        ("if !nope", "there is no acl `nope`", 4..8),
        ("if TRUE && TRUE", "there is no acl `&&`", 8..10),
        ("if {path /}", "there is no acl `{path`", 3..8),
        ("if { path /", "`{` is not closed", 3..4),
        ("if { }", "`{ }` is empty", 3..4),
        ("if TRUE !", "`!` stands before nothing", 8..9),
        ("if { pth /a }", "unknown fetch `pth`", 5..8),
        ("if { src www.example.org }", "`www.example.org` is a host name", 9..24),
        ("if { src 10.0.0.0/33 }", "`10.0.0.0/33` has a bad mask `33`", 18..20),
        ("if { dst_port 80 http }", "`http` is not an integer", 17..21),
        ("if { dst_port gt }", "`gt` has no value", 14..16),
        ("if { dst_port gt 1:5 }", "`1:5` is a range behind `gt`", 17..20),
        ("if { path -x a }", "`-x` is no flag", 10..12),
        ("if { path -f words.lst -M }", "`-M` stands behind a file", 23..25),
        ("if { src -M -f hosts.map }", "a line of `hosts.map` is a host name", 8..17),
        ("if { path -f words.lst -i }", "`-i` stands behind a file", 23..25),
        ("if { path -m }", "`-m` has no method", 10..12),
        ("if { path -m begin a }", "`-m` has unknown value `begin`", 13..18),
        ("if { path -f none }", "`none` cannot be read: entity not found", 13..17),
        ("if { src -f bad.lst }", "a line of `bad.lst` is a host name", 13..24),
        ("if { path_reg a( }", "`a(` is a bad regular expression: unclosed group", 15..16),
        (
            "if { path_reg (?=a) }",
            "`(?=a)` is a bad regular expression: look-around (`(?=`, `(?!`, `(?<`) cannot be \
             matched in linear time",
            14..17,
        ),
        (
            "if { var(txn.a) x }",
            "`var(txn.a)` gives samples of any type, and no method of comparing them is named",
            5..15,
        ),
        (
            "if { req.payload(0,1) x }",
            "`req.payload(0,1)` gives bytes, and no method of comparing them is named",
            5..21,
        ),
        (
            "if { ssl_fc -m ip x }",
            "`ssl_fc` gives a sample of type boolean, which `ip` does not compare",
            5..11,
        ),
        ("if { path_bag /a }", "unknown fetch `path_bag`", 5..13),
        ("if { pathbeg /a }", "unknown fetch `pathbeg`", 5..12),
        (
            "if { res.hdr(a) b }",
            "`res.hdr` needs the response's head, which a frontend's rules for requests do not have",
            5..12,
        ),
    ];
    for (text, message, range) in cases {
        let errors = wrong_condition("", text, REQUEST);
        assert_eq!(errors.first(), Some(&(message.to_owned(), range)), "{text}: {errors:?}");
    }
    let (_, _, diagnostics) = condition("", "if { pathbeg /a }", REQUEST);
    assert_eq!(diagnostics[0].labels()[0].text, "did you mean `path_beg`?");
    let errors = wrong_condition("", "if nope { srcc } or { path -q } METH_GOT", REQUEST);
    let at: Vec<_> = errors.iter().map(|(_, range)| range.start).collect();
    assert_eq!(at, [3, 10, 27, 32]);
}

#[test]
fn named_acls_are_checked_where_they_are_used() {
    let acls = "a path /a\nb src 10.0.0.1";
    assert_eq!(wrong_condition(acls, "if a b", REQUEST), []);
    let response = at(Moment::Response);
    assert_eq!(wrong_condition(acls, "if b", response), []);
    let message = "acl `a` cannot be used here: `path` needs the request's head, which rules for \
                   responses do not have";
    assert_eq!(wrong_condition(acls, "if b a", response), [(message.to_owned(), 5..6)]);
    let (_, _, diagnostics) = condition(acls, "if a", response);
    let labels = diagnostics[0].labels();
    assert!(labels[0].text.contains("set-var(txn.NAME)"), "{}", labels[0].text);
    assert_eq!(labels[1].span, 2..6);
    // HAProxy's ACLs named without a side are of the request.
    assert_eq!(wrong_condition("a hdr(b) c", "if a", response).len(), 1);
    let wrong = wrong_condition("", "if HTTP_1.1", at(Moment::Connection));
    let message = "`req.ver` needs the request's head, which `tcp-request-connection` rules do not \
                   have";
    assert_eq!(wrong, [(message.to_owned(), 3..11)]);
}

#[test]
fn bad_acls_are_told_once() {
    let cases = [
        ("or path /a", "the name `or` of an acl is a word of conditions", 0..2),
        ("a+b path /a", "the name `a+b` of an acl has a character that no name may have", 0..3),
        ("a", "acl `a` is empty", 0..1),
        ("a pth /a", "unknown fetch `pth`", 2..5),
        ("a path\na pth /a", "unknown fetch `pth`", 2..5),
    ];
    for (acls, message, range) in cases {
        let (_, _, diagnostics) = condition(acls, "if TRUE", REQUEST);
        let errors = said(&diagnostics, Severity::Error);
        assert_eq!(errors, [(message.to_owned(), range)], "{acls}");
    }
    // Who uses it is not blamed too.
    let (used, _, diagnostics) = condition("a pth /a", "if a", REQUEST);
    assert!(used.is_none());
    assert_eq!(said(&diagnostics, Severity::Error).len(), 1);
}

#[test]
fn what_never_holds_is_warned_of() {
    let cases = [
        ("if { path_beg }", "`path_beg` has no pattern to match, so that this ACL never holds"),
        ("if { path -u 5 /a }", "`-u` has no effect: patterns have no numbers here"),
        ("if { ssl_fc 0 }", "`0` is not looked at: `bool` has no patterns"),
        ("if { path -m found /a }", "`/a` is not looked at: `found` has no patterns"),
    ];
    for (text, message) in cases {
        let (condition, _, diagnostics) = condition("", text, REQUEST);
        assert!(condition.is_some(), "{text}");
        let warnings = said(&diagnostics, Severity::Warning);
        assert_eq!(warnings[0].0, message, "{text}");
    }
    assert_eq!(patterns("path_beg --").inline, []);
}
