//! Formats with sample expressions.

use super::*;
use crate::model::rule::{Converter, Value};
use crate::model::{Format, FormatPiece, LogField, LogFlags};

fn format(text: &str, at: At) -> (Option<Format>, Vec<Diagnostic>) {
    let (format, _, said) = compile(|c, r| c.format(&Text::plain(0, text), at, r));
    (format, said)
}

fn pieces(text: &str) -> Vec<FormatPiece> {
    let (format, diagnostics) = format(text, REQUEST);
    assert_eq!(said(&diagnostics, Severity::Error), [], "{text}");
    format.unwrap().pieces
}

fn text(text: &str) -> FormatPiece {
    FormatPiece::Text(text.to_owned())
}

fn sample(value: &str, flags: LogFlags, name: Option<&str>) -> FormatPiece {
    let fetch = Fetch::Const(Value::Str(value.as_bytes().into()));
    let expr = Box::new(Expr { fetch, converters: Box::new([]) });
    FormatPiece::Sample { expr, flags, name: name.map(str::to_owned) }
}

#[test]
fn samples_stand_between_brackets() {
    let plain = LogFlags::default();
    let quote = LogFlags { quote: true, ..plain };
    let cases = [
        ("", vec![]),
        ("%[str(a)]", vec![sample("a", plain, None)]),
        ("x  %[str(a)]y%%", vec![text("x  "), sample("a", plain, None), text("y%")]),
        (r#"%[str("]")]"#, vec![sample("]", plain, None)]),
        ("%{+Q}[str(a)]", vec![sample("a", quote, None)]),
        ("%(b){+Q}[str(a)]", vec![sample("a", quote, Some("b"))]),
        ("%{+Q}o%[str(a)]", vec![sample("a", quote, None)]),
        (
            "%ci%[str(a)]",
            vec![
                FormatPiece::Field { field: LogField::ClientIp, flags: plain, name: None },
                sample("a", plain, None),
            ],
        ),
    ];
    for (given, expected) in cases {
        assert_eq!(pieces(given), expected, "{given}");
    }
    let [FormatPiece::Sample { expr, .. }] = &pieces("%[req.hdr(host),lower,field(1,:)]")[..]
    else {
        panic!("one sample");
    };
    assert_eq!(expr.converters[0], Converter::Lower);
}

#[test]
fn blanks_of_log_lines_merge() {
    let run = |text: &str| compile(|c, r| c.log_format(&Text::plain(0, text), REQUEST, r));
    let (format, ..) = run(" a  b %[str(\"c  d\")]  e");
    let expected = [text("a b "), sample("c  d", LogFlags::default(), None), text(" e")];
    assert_eq!(format.unwrap().pieces, expected);
    let (format, _, diagnostics) = run("a\u{1}");
    assert!(format.is_none());
    let expected = ("a format has a control character".to_owned(), 1..2);
    assert_eq!(said(&diagnostics, Severity::Error), [expected]);
}

#[test]
fn mistakes_in_formats() {
    let cases = [
        ("a%[srcc]", "unknown fetch `srcc`", 3..7),
        ("a%[src", "a format has a `%[` that is not closed", 6..6),
        ("a%[src x]", "a format has ` ` where an expression should end", 6..7),
        ("a%[]", "a format has `]` where a name should stand", 3..4),
        ("a%[str(b]", "a format has a parenthesis that is not closed", 6..9),
        ("a%xyz", "a format has an unknown alias `%xyz`", 2..5),
        (
            "%[res.hdr(a)]",
            "`res.hdr` needs the response's head, which a frontend's rules for requests do not have",
            2..9,
        ),
    ];
    for (text, message, range) in cases {
        let (format, diagnostics) = format(text, REQUEST);
        assert!(format.is_none(), "{text}");
        let errors = said(&diagnostics, Severity::Error);
        assert_eq!(errors, [(message.to_owned(), range)], "{text}");
    }
    let (_, diagnostics) = format("%[srcc] %[src,lowwer] %[path] %[int(a)]", at(Moment::Log));
    let at: Vec<_> =
        said(&diagnostics, Severity::Error).into_iter().map(|(_, r)| r.start).collect();
    assert_eq!(at, [2, 14, 24, 36]);
}
