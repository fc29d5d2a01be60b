//! Words out of a few: reading them, and what to say of one that is not among them.

use std::ops::Range;

use crate::nearest::nearest;
use crate::text::Fault;

/// The fault of a word that is none of a few.
pub(crate) fn unknown_word(
    text: &str,
    range: Range<usize>,
    known: &[&str],
    unsupported: &str,
) -> Fault {
    let word = text.get(range.clone()).unwrap_or("");
    let expected = format!("must be {}", or_list(known));
    if unsupported.split_whitespace().any(|known| known == word) {
        let problem = format!("cannot be `{word}`, which is not yet supported");
        return Fault::new(range, problem, expected);
    }
    let remedy = match nearest(word, known.iter().copied()) {
        Some(found) => format!("did you mean `{found}`?"),
        None => expected,
    };
    Fault::new(range, format!("has unknown value `{word}`"), remedy)
}

/// Hands on each word between separators; ends at the first that is not known, with its range.
/// Blanks around a word are none of it.
pub(crate) fn each_word(
    text: &str,
    separator: char,
    mut take: impl FnMut(&str) -> Option<()>,
) -> Result<(), Range<usize>> {
    let mut at = 0;
    for part in text.split(separator) {
        let word = part.trim();
        let start = at + (part.len() - part.trim_start().len());
        at += part.len() + separator.len_utf8();
        // Blanks in a row are one separator.
        if word.is_empty() && separator == ' ' {
            continue;
        }
        take(word).ok_or(start..start + word.len())?;
    }
    Ok(())
}

/// "`a`, `b` or `c`".
pub(crate) fn or_list(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_words() {
        assert_eq!(or_list(&[]), "");
        assert_eq!(or_list(&["a"]), "`a`");
        assert_eq!(or_list(&["a", "b"]), "`a` or `b`");
        assert_eq!(or_list(&["a", "b", "c"]), "`a`, `b` or `c`");
    }

    #[test]
    fn words_between_separators() {
        let words = |text: &str, separator| {
            let mut found = Vec::new();
            let end = each_word(text, separator, |word| {
                (word != "bad").then(|| found.push(word.to_owned()))
            });
            (found.join("|"), end)
        };
        assert_eq!(words("a, b,c ", ','), ("a|b|c".to_owned(), Ok(())));
        assert_eq!(words(" a  b ", ' '), ("a|b".to_owned(), Ok(())));
        assert_eq!(words("a,,b", ','), ("a||b".to_owned(), Ok(())));
        assert_eq!(words("a, bad ,b", ','), ("a".to_owned(), Err(3..6)));
    }
}
