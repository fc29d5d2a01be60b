//! `$1$` of crypt(3): a thousand rounds of MD5, as FreeBSD's libcrypt does it. Weak by now, but what
//! `htpasswd` and `openssl passwd -1` made for decades.

use aws_lc_rs::constant_time::verify_slices_are_equal;

const ROUNDS: usize = 1000;
const DIGITS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Which bytes of the digest make four digits, the first in the upper bits.
const GROUPS: [[usize; 3]; 5] = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]];
/// Alone, it makes two digits.
const LAST: usize = 11;

/// Whether `hash`, `$1$SALT$DIGITS`, is that of a password.
pub(super) fn verify(password: &[u8], hash: &str) -> bool {
    let parts = hash.strip_prefix("$1$").and_then(|rest| rest.split_once('$'));
    let Some((salt, expected)) = parts else { return false };
    let own = digits(&digest(password, salt.as_bytes()));
    verify_slices_are_equal(&own, expected.as_bytes()).is_ok()
}

fn digest(password: &[u8], salt: &[u8]) -> [u8; 16] {
    let between = md5::compute([password, salt, password].concat()).0;
    let mut text = [password, b"$1$", salt].concat();
    text.extend(between.iter().cycle().take(password.len()));
    let mut len = password.len();
    while len > 0 {
        // For each bit of the length.
        let first = password.first().copied().filter(|_| len & 1 == 0);
        text.push(first.unwrap_or(0));
        len >>= 1;
    }
    let mut digest = md5::compute(&text).0;
    for round in 0..ROUNDS {
        text.clear();
        let (first, last) =
            if round % 2 == 1 { (password, &digest[..]) } else { (&digest[..], password) };
        text.extend_from_slice(first);
        if round % 3 != 0 {
            text.extend_from_slice(salt);
        }
        if round % 7 != 0 {
            text.extend_from_slice(password);
        }
        text.extend_from_slice(last);
        digest = md5::compute(&text).0;
    }
    digest
}

fn digits(digest: &[u8; 16]) -> Vec<u8> {
    let number =
        |bytes: [usize; 3]| bytes.iter().fold(0, |sum, at| sum << 8 | usize::from(digest[*at]));
    let mut out = Vec::new();
    let mut put = |mut number: usize, count| {
        for _ in 0..count {
            out.push(DIGITS[number & 63]);
            number >>= 6;
        }
    };
    GROUPS.iter().for_each(|group| put(number(*group), 4));
    put(usize::from(digest[LAST]), 2);
    out
}
