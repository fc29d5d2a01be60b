//! The known word that a mistyped one most resembles.

/// The candidate with the fewest edits, if they are few for the word's length.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // Words of a file may be of any length; what is far longer than every keyword is no typo.
    if word.len() > 64 {
        return None;
    }
    let given: Vec<char> = word.to_lowercase().chars().collect();
    let allowed = (given.len() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (edits(&given, candidate), candidate))
        .filter(|(edits, candidate)| *edits <= allowed && *edits < candidate.chars().count())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Characters to add, drop or change, or neighbours to swap (optimal string alignment).
fn edits(given: &[char], candidate: &str) -> usize {
    let wanted: Vec<char> = candidate.to_lowercase().chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=wanted.len()).collect();
    for row in 1..=given.len() {
        let mut current = vec![row];
        for column in 1..=wanted.len() {
            let is_change = given[row - 1] != wanted[column - 1];
            let mut best = (above[column - 1] + usize::from(is_change))
                .min(above[column] + 1)
                .min(current[column - 1] + 1);
            let is_swap = row > 1
                && column > 1
                && given[row - 1] == wanted[column - 2]
                && given[row - 2] == wanted[column - 1];
            if is_swap {
                best = best.min(before[column - 2] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above[wanted.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_words() {
        let words = ["timeout", "mode", "bind", "default-backend", "http-request", "log", "src"];
        let cases = [
            ("tiemout", Some("timeout")),
            ("timeuot", Some("timeout")),
            ("Timeout", Some("timeout")),
            ("time-out", Some("timeout")),
            ("default_backend", Some("default-backend")),
            ("defaultbackend", Some("default-backend")),
            ("http_reqest", Some("http-request")),
            ("mdoe", Some("mode")),
            ("bnid", Some("bind")),
            ("lgo", Some("log")),
            ("l", None),
            ("", None),
            ("b", None),
            ("completely-else", None),
        ];
        for (word, expected) in cases {
            assert_eq!(nearest(word, words), expected, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(5000), words), None);
    }
}
