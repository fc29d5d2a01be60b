//! Hashes of passwords as crypt(3) writes them.

/// The digits that hashes are written with.
fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/')
}

/// Whether a text is a hash of a kind that can be computed, whole: `$1$` (MD5), `$5$` and `$6$` (SHA-2),
/// `$2a$`, `$2b$` and `$2y$` (bcrypt), `$y$` (yescrypt). The traditional one, of DES, is none of them: it
/// takes no more than 8 characters of a password, and a moment to guess.
pub fn is_known_hash(text: &str) -> bool {
    let mut parts = text.split('$');
    if parts.next() != Some("") {
        return false;
    }
    let (kind, rest): (_, Vec<&str>) = (parts.next().unwrap_or(""), parts.collect());
    match (kind, rest.as_slice()) {
        ("1", [salt, hash]) => is_salt(salt, 0..=8) && is_hash(hash, 22),
        ("5", [salt, hash]) => is_salt(salt, 1..=16) && is_hash(hash, 43),
        ("6", [salt, hash]) => is_salt(salt, 1..=16) && is_hash(hash, 86),
        ("5", [rounds, salt, hash]) => {
            are_rounds(rounds) && is_salt(salt, 1..=16) && is_hash(hash, 43)
        }
        ("6", [rounds, salt, hash]) => {
            are_rounds(rounds) && is_salt(salt, 1..=16) && is_hash(hash, 86)
        }
        ("2a" | "2b" | "2y", [cost, hash]) => is_cost(cost) && is_hash(hash, 53),
        ("y", [parameters, salt, hash]) => {
            let is_written = !parameters.is_empty() && parameters.bytes().all(is_digit);
            is_written && is_salt(salt, 1..=86) && is_hash(hash, 43)
        }
        _ => false,
    }
}

fn is_salt(text: &str, lens: std::ops::RangeInclusive<usize>) -> bool {
    lens.contains(&text.len()) && text.bytes().all(is_digit)
}

fn is_hash(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(is_digit)
}

fn are_rounds(text: &str) -> bool {
    let rounds = text.strip_prefix("rounds=").and_then(|rounds| rounds.parse::<u32>().ok());
    rounds.is_some_and(|rounds| (1000..=999_999_999).contains(&rounds))
}

fn is_cost(text: &str) -> bool {
    text.len() == 2 && text.parse::<u32>().is_ok_and(|cost| (4..=31).contains(&cost))
}

#[cfg(test)]
mod tests {
    use super::is_known_hash;

    #[test]
    fn whole_hashes_of_known_kinds() {
        for good in [
            "$1$saltsalt$9xy1btjgzLYfb7hivXtC//",
            "$1$$9xy1btjgzLYfb7hivXtC//",
            "$5$saltstring$C3o4O1TC6aRHF4FI.QSZMXtHbaj2gSXr4sUc/3NcUi.",
            "$5$rounds=1000$abcdefgh$XIppta5rT8zJUu4vAOKQXrwq9uY4Ijlz6VjyOmkx5i4",
            "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
            "$y$j9T$abcdefgh$IUWJt2doU4Kf6E/JP1UkAT3S5O3Q7SSA8SJirXIlEu9",
        ] {
            assert!(is_known_hash(good), "{good}");
            let cut = good.get(..good.len() - 1).unwrap();
            assert!(!is_known_hash(cut), "{cut}");
            assert!(!is_known_hash(&format!("{good}a")) && !is_known_hash(&format!("x{good}")));
        }
    }

    #[test]
    fn others_are_unknown() {
        for bad in [
            "",
            "secret",
            "abNANd1rDfiNc",
            "$",
            "$6$",
            "$6$salt$",
            "$5$$C3o4O1TC6aRHF4FI.QSZMXtHbaj2gSXr4sUc/3NcUi.",
            "$1$saltsalt1$9xy1btjgzLYfb7hivXtC//",
            "$5$rounds=999$abcdefgh$XIppta5rT8zJUu4vAOKQXrwq9uY4Ijlz6VjyOmkx5i4",
            "$2x$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
            "$2b$32$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
            "$y$$abcdefgh$IUWJt2doU4Kf6E/JP1UkAT3S5O3Q7SSA8SJirXIlEu9",
            "$gy$j9T$abcdefgh$Fi3mUfLMwr2ZyDlmydp6rw5RwzYJnsb1LquZlQ2CYq0",
        ] {
            assert!(!is_known_hash(bad), "{bad}");
        }
    }
}
