//! Every alias, every flag, and every way to get them wrong.

use super::*;

const PLAIN: LogFlags = LogFlags { quote: false, hex: false, escape: false };
const QUOTE: LogFlags = LogFlags { quote: true, ..PLAIN };

fn text(text: &str) -> FormatPiece {
    FormatPiece::Text(text.to_owned())
}

fn field(field: LogField, flags: LogFlags) -> FormatPiece {
    FormatPiece::Field { field, flags, name: None }
}

/// A text that parses to the format.
fn print(format: &Format) -> String {
    let mut out = String::new();
    if format.encoding == Encoding::Json {
        out += "%{+json}o";
    }
    for piece in &format.pieces {
        match piece {
            FormatPiece::Sample { .. } => unreachable!("no text here has one"),
            FormatPiece::Text(text) => out += &text.replace('%', "%%"),
            FormatPiece::Field { field, flags, name } => {
                let sign = |is_on| if is_on { '+' } else { '-' };
                let name = name.as_ref().map_or(String::new(), |name| format!("({name})"));
                let (quote, hex, escape) = (sign(flags.quote), sign(flags.hex), sign(flags.escape));
                out += &format!("%{name}{{{quote}Q,{hex}X,{escape}E}}{}", field.alias());
            }
        }
    }
    out
}

#[test]
fn every_alias_is_known() {
    for alias in LogField::ALL {
        let found = parse_log_format(&format!("a%{}-b", alias.alias())).unwrap();
        assert_eq!(found.pieces, [text("a"), field(*alias, PLAIN), text("-b")], "{alias:?}");
        assert_eq!(parse_log_format(&print(&found)), Ok(found));
    }
}

#[test]
fn pieces() {
    let hex = LogFlags { hex: true, ..PLAIN };
    let both = LogFlags { quote: true, hex: true, escape: false };
    let named = FormatPiece::Field {
        field: LogField::ClientIp,
        flags: PLAIN,
        name: Some("a-1_b".to_owned()),
    };
    let cases = [
        ("", vec![]),
        ("plain", vec![text("plain")]),
        ("100%% %% %%ci", vec![text("100% % %ci")]),
        (
            "%ci:%cp",
            vec![field(LogField::ClientIp, PLAIN), text(":"), field(LogField::ClientPort, PLAIN)],
        ),
        (
            "%{+Q}r%r",
            vec![field(LogField::RequestLine, QUOTE), field(LogField::RequestLine, PLAIN)],
        ),
        (
            "%{+Q}o%r%{-Q}r%{+X}r",
            vec![
                field(LogField::RequestLine, QUOTE),
                field(LogField::RequestLine, PLAIN),
                field(LogField::RequestLine, both),
            ],
        ),
        ("%{+Q,+X}o%{-Q,+E,-E}ci", vec![field(LogField::ClientIp, hex)]),
        ("%o%ci", vec![field(LogField::ClientIp, PLAIN)]),
        ("%(a-1_b)ci", vec![named.clone()]),
        ("%(a-1_b:sint){-Q}ci", vec![named.clone()]),
        ("%(a-1_b:str)ci", vec![named]),
    ];
    for (given, expected) in cases {
        assert_eq!(parse_log_format(given).map(|f| f.pieces), Ok(expected), "{given}");
    }
}

#[test]
fn blanks_of_lines_merge_and_those_of_pages_stay() {
    let cases = [
        ("  a \t b  ", "a b "),
        ("%{+Q}o   a", "a"),
        ("a\n  b\r\n", "a b "),
        ("\\ a\\\"", "\\ a\\\""),
    ];
    for (given, expected) in cases {
        assert_eq!(parse_log_format(given).map(|f| f.pieces), Ok(vec![text(expected)]), "{given}");
    }
    assert_eq!(parse_template("  a\n\n b ").map(|f| f.pieces), Ok(vec![text("  a\n\n b ")]));
    let spread = parse_log_format("%ci  \n  %cp").unwrap();
    assert_eq!(spread.pieces[1], text(" "));
}

#[test]
fn json_is_for_the_whole_line() {
    let format = parse_log_format("%{+json,+Q}o %(a)ci %cp").unwrap();
    assert_eq!(format.encoding, Encoding::Json);
    assert_eq!(format.pieces.len(), 3);
    assert_eq!(parse_log_format(&print(&format)), Ok(format));
    assert_eq!(parse_log_format("%{+json,-json}o").map(|f| f.encoding), Ok(Encoding::Text));
}

#[test]
fn faults_point_at_what_is_wrong() {
    let cases = [
        ("a %", 2..3, "has a `%` without an alias"),
        ("a % b", 2..3, "has a `%` without an alias"),
        ("5%-", 1..2, "has a `%` without an alias"),
        ("%{+Q}", 0..5, "has a `%` without an alias"),
        ("%{+Q}-", 0..6, "has a `%` without an alias"),
        ("%(a)%ci", 0..5, "has a `%` without an alias"),
        ("%ci %xyz", 5..8, "has an unknown alias `%xyz`"),
        ("%cip", 1..4, "has an unknown alias `%cip`"),
        ("%{+Q", 1..4, "has a `{` that is not closed"),
        ("%(a", 1..3, "has a `(` that is not closed"),
        ("%()ci", 2..2, "has a bad name ``"),
        ("%(a b)ci", 2..5, "has a bad name `a b`"),
        ("%(a:real)ci", 4..8, "has an unknown type `real`"),
        ("%{Q}r", 2..3, "has an unknown flag `Q`"),
        ("%{+Q,+q}r", 5..7, "has an unknown flag `+q`"),
        ("%{}r", 2..2, "has an unknown flag ``"),
        ("%{+Q,+bin}o", 5..9, "has `+bin`, which is not yet supported"),
        ("%{+cbor}o", 2..7, "has `+cbor`, which is not yet supported"),
        ("%{+json}ci", 2..7, "has `+json` on one alias"),
        ("%ci%{+json}o", 5..10, "has `+json` behind the start"),
        ("%ci\u{0}", 3..4, "has a control character"),
        ("caf\u{e9} %\u{e9}", 6..7, "has a `%` without an alias"),
    ];
    for (given, range, problem) in cases {
        let fault = parse_log_format(given).unwrap_err();
        assert_eq!((fault.range, fault.problem.as_str()), (range, problem), "{given}");
        assert!(!fault.expected.is_empty(), "{given}");
    }
    for (given, range) in [("a %[src] b", 2..8), ("%{+X}[src]", 0..10), ("%(a)[src", 0..8)] {
        let fault = parse_log_format(given).unwrap_err();
        assert_eq!(fault.range, range, "{given}");
        assert!(fault.problem.contains("sample expression"), "{given}");
    }
}

#[test]
fn remedies() {
    let cases = [
        ("%st", "did you mean `%ST`?"),
        ("%cip", "did you mean `%ci`? an alias takes all letters and digits that follow"),
        ("%sslx", "did you mean `%sslc`?"),
        ("%hostname", "an alias is one of HAProxy's, such as `%ci` or `%ST`"),
    ];
    for (given, expected) in cases {
        assert_eq!(parse_log_format(given).unwrap_err().expected, expected, "{given}");
    }
}

#[test]
fn whatever_stands_there_never_panics() {
    let pieces =
        ["%", "{", "}", "(", ")", "[", "]", "+Q", "o", "ci", ",", " ", "\u{e9}", "json", ":"];
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..20_000 {
        let mut given = String::new();
        for _ in 0..8 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            given += pieces[usize::try_from(random >> 40).unwrap() % pieces.len()];
        }
        match parse_log_format(&given) {
            Ok(format) => assert_eq!(parse_log_format(&print(&format)), Ok(format), "{given}"),
            Err(fault) => assert!(given.get(fault.range.clone()).is_some(), "{given} {fault:?}"),
        }
    }
}
