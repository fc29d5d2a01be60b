//! `[userlist.NAME]`: whether a password is right.

mod md5_crypt;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use proxy_config::model::Config;
use proxy_config::model::rule::Password;
use sha_crypt::{PasswordVerifier, ShaCrypt};
use yescrypt::Yescrypt;

/// Credentials that a shard remembers, right ones and wrong ones: powers of two.
const RIGHT_MAX: usize = 1024;
const WRONG_MAX: usize = 1024;

/// One shard's look at the users of the configuration.
///
/// Computing a hash takes milliseconds, in which the shard does nothing else. So what was computed is
/// remembered: a client costs it once. Right and wrong ones have places of their own, so that guesses
/// drive out no user.
pub struct Users {
    config: Arc<Config>,
    right: Seen,
    wrong: Seen,
    secrets: [RandomState; 2],
}

impl Users {
    pub fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            right: Seen::new(RIGHT_MAX),
            wrong: Seen::new(WRONG_MAX),
            // Each with a key of the system's randomness: together they tell credentials apart, and
            // do not tell them.
            secrets: [RandomState::new(), RandomState::new()],
        }
    }

    /// Whether a user of a list ([`proxy_config::model::rule::Tables::userlists`]) has this password.
    pub fn is_user(&self, userlist: usize, user: &[u8], password: &[u8]) -> bool {
        let Some(list) = self.config.tables.userlists.get(userlist) else { return false };
        let found = list.users.iter().find(|own| own.name.as_bytes() == user);
        match found.map(|own| &own.password) {
            Some(Password::Plain(own)) => verify_slices_are_equal(own.as_bytes(), password).is_ok(),
            Some(Password::Hash(hash)) => self.remembers((userlist, user, password), hash),
            Some(Password::None) | None => false,
        }
    }

    fn remembers(&self, credentials: (usize, &[u8], &[u8]), hash: &str) -> bool {
        let [one, two] = &self.secrets;
        let mark = (one.hash_one(credentials), two.hash_one(credentials));
        if self.right.has(mark) || self.wrong.has(mark) {
            return self.right.has(mark);
        }
        let is_right = is_password(credentials.2, hash);
        let seen = if is_right { &self.right } else { &self.wrong };
        seen.add(mark);
        is_right
    }
}

/// 128 bits that stand for credentials.
type Mark = (u64, u64);

/// Marks, of which each has one place.
struct Seen {
    marks: Box<[Cell<Option<Mark>>]>,
}

impl Seen {
    fn new(count: usize) -> Self {
        Self { marks: (0..count).map(|_| Cell::default()).collect() }
    }

    fn has(&self, mark: Mark) -> bool {
        self.place(mark).is_some_and(|place| place.get() == Some(mark))
    }

    fn add(&self, mark: Mark) {
        if let Some(place) = self.place(mark) {
            place.set(Some(mark));
        }
    }

    fn place(&self, mark: Mark) -> Option<&Cell<Option<Mark>>> {
        self.marks.get(mark.0 as usize % self.marks.len().max(1))
    }
}

/// Computes a hash of a kind that [`proxy_config::password::is_known_hash`] knows, and compares.
fn is_password(password: &[u8], hash: &str) -> bool {
    let kind = hash.split('$').nth(1).unwrap_or("");
    match kind {
        "1" => md5_crypt::verify(password, hash),
        "5" | "6" => ShaCrypt::default().verify_password(password, hash).is_ok(),
        "2a" | "2b" | "2y" => bcrypt::verify(password, hash).unwrap_or(false),
        "y" => Yescrypt::default().verify_password(password, hash).is_ok(),
        _ => false,
    }
}
