use super::*;

fn env(name: &str) -> Option<String> {
    let value = match name {
        "A" => "1",
        "FOO" => "x y",
        "B" => "q\"r",
        "CURLY" => "${A}",
        _ => return None,
    };
    Some(value.to_owned())
}

fn words_of(text: &str, is_kept: bool) -> Result<Vec<String>, String> {
    let source = Source { name: "f.cfg".to_owned(), text: text.to_owned() };
    let environment = Environment::new(&env, is_kept);
    let line = split(0, &source, 0..text.len(), &environment, true);
    let line = line.map_err(|diagnostic| diagnostic.message().to_owned())?;
    let words = line.map_or_else(Vec::new, |line| line.words);
    Ok(words.iter().map(|word| word.as_str().to_owned()).collect())
}

/// Each case as HAProxy 2.6 splits it, except defaults of variables, which came later.
#[test]
fn words_as_haproxy_splits_them() {
    let cases: [(&str, &[&str]); 40] = [
        ("a b\tc\r\n", &["a", "b", "c"]),
        ("  # only a comment", &[]),
        ("a\\ b", &["a b"]),
        ("a\\$b", &["a\\$b"]),
        ("\"a\\$b\"", &["a$b"]),
        ("\"$A\"", &["1"]),
        ("$A", &["$A"]),
        ("\"${A}\"", &["1"]),
        ("\"${NONE}x\"", &["x"]),
        ("\"${NONE-d f}x\"", &["d fx"]),
        ("\"${NONE-}y\"", &["y"]),
        ("\"${A-z}y\"", &["1y"]),
        ("a\\qb \"a\\qb\" 'a\\qb'", &["a\\qb", "a\\qb", "a\\qb"]),
        ("a\"b\"c a'b'c", &["abc", "abc"]),
        ("a\\'b", &["a'b"]),
        ("\"a'b\"", &["a'b"]),
        ("'a\"b'", &["a\"b"]),
        ("a\\x41b", &["aAb"]),
        ("\"a\\x41\"", &["aA"]),
        ("'a\\x41'", &["a\\x41"]),
        ("\"a\\#b\" \"a#b\" a\\#b a#b", &["a#b", "a#b", "a#b", "a"]),
        ("a\\\"b \"a\\\"b\"", &["a\"b", "a\"b"]),
        ("a\\", &["a\\"]),
        ("\"${FOO[*]}\" c", &["x", "y", "c"]),
        ("\"a${FOO[*]}b\"", &["ax", "yb"]),
        ("\"${FOO}\" c", &["x y", "c"]),
        ("\"${B}\"", &["q\"r"]),
        ("\"\" x ''", &["", "x", ""]),
        ("\"a\\tb\"", &["a\tb"]),
        ("\"$A$FOO\"", &["1x y"]),
        ("a\\\\b", &["a\\b"]),
        ("\"$A-b\"", &["1-b"]),
        ("a \\\n  b", &["a", "b"]),
        ("a\\\r\nb", &["a", "b"]),
        ("\"a \\\nb\"", &["a b"]),
        ("caf\u{e9} \u{e9}", &["caf\u{e9}", "\u{e9}"]),
        // What TOML would take for a variable is kept from it.
        ("'${A}'", &["${DOLLAR-$}{A}"]),
        ("${A}b", &["${DOLLAR-$}{A}b"]),
        ("\"\\${A}\"", &["${DOLLAR-$}{A}"]),
        ("\"$CURLY\"", &["${DOLLAR-$}{A}"]),
    ];
    for (text, expected) in cases {
        let expected: Vec<_> = expected.iter().map(|word| (*word).to_owned()).collect();
        assert_eq!(words_of(text, false), Ok(expected), "{text}");
    }
}

#[test]
fn an_import_keeps_variables() {
    let cases = [
        ("\"${A}\"", "${A-}"),
        ("\"$A:$NONE\"", "${A-}:${NONE-}"),
        ("\"fd@${FD-3}\"", "fd@${FD-3}"),
        ("'$A'", "$A"),
    ];
    for (text, expected) in cases {
        assert_eq!(words_of(text, true), Ok(vec![expected.to_owned()]), "{text}");
    }
}

#[test]
fn what_cannot_be_split() {
    let cases = [
        ("a\"", "a quote is not closed"),
        ("a' b\n", "a quote is not closed"),
        ("a\\x4", "a bad `\\x`"),
        ("\\x00", "a bad `\\x`"),
        ("\\xff", "a bad `\\x`"),
        ("\"${A\"", "`${` is not closed"),
        ("\"$\"", "a variable has no usable name"),
        ("\"$ x\"", "a variable has no usable name"),
        ("\"${}\"", "a variable has no usable name"),
        ("\"${1A}\"", "a variable has no usable name"),
        ("\"${A:-x}\"", "a variable has no usable name"),
    ];
    for (text, expected) in cases {
        assert_eq!(words_of(text, false), Err(expected.to_owned()), "{text}");
    }
}

#[test]
fn words_know_their_places() {
    let text = "bind \"127.0.0.1:${A}\" # here";
    let source = Source { name: "f.cfg".to_owned(), text: text.to_owned() };
    let environment = Environment::new(&env, false);
    let line = split(0, &source, 0..text.len(), &environment, true).unwrap().unwrap();
    assert_eq!(line.place, Place::new(0, 0..21));
    let word = &line.words[1];
    assert_eq!(word.whole(), Place::new(0, 5..21));
    assert_eq!(word.place(&(0..9)), Place::new(0, 6..15));
    assert_eq!(word.place(&(10..11)), Place::new(0, 16..20));
}

#[test]
fn continued_lines_are_one() {
    assert_eq!(ranges("a \\\nb\nc\\\\\nd\n# e \\\nf"), [0..6, 6..10, 10..12, 12..18, 18..19]);
}
