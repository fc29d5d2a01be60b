//! A key for tickets: seals the state of a session, and opens what it sealed.
//!
//! ```text
//! name (16) | salt (16) | AES-256-GCM(when it was sealed (8) | state)
//! ```
//! Each ticket has its own key, made from ours and the salt: keys of a file live as long as someone
//! leaves it, and one AES-GCM key with random nonces is not good for more than 2^32 of them.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::rand;

use super::client_auth::PolicyDigest;

pub(super) const NAME_LEN: usize = 16;
const SALT_LEN: usize = 16;
const KEY_LEN: usize = 32;
const TIME_LEN: usize = 8;

/// What all keys of ours are for, so that a file's bytes mean nothing else elsewhere.
const PURPOSE: &[u8] = b"corelane session ticket v1";

pub(super) struct TicketKey {
    name: [u8; NAME_LEN],
    secret: Prk,
}

/// What an opened ticket had in it.
pub(super) struct Opened {
    /// Unix seconds.
    pub(super) sealed_s: u64,
    pub(super) state: Vec<u8>,
}

impl TicketKey {
    /// # Errors
    /// That the system has no randomness.
    pub(super) fn random() -> Result<Self, String> {
        let mut bytes = [0; NAME_LEN + KEY_LEN];
        fill(&mut bytes).ok_or("the system gives no random bytes")?;
        Self::from_bytes(&bytes).ok_or_else(|| "a ticket key could not be made".to_owned())
    }

    /// `bytes`: a name of 16 bytes and a secret. `None` if there is no secret.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (name, secret) = bytes.split_first_chunk()?;
        let secret = Salt::new(HKDF_SHA256, PURPOSE).extract(secret);
        (bytes.len() > NAME_LEN).then_some(Self { name: *name, secret })
    }

    pub(super) fn has_sealed(&self, ticket: &[u8]) -> bool {
        ticket.starts_with(&self.name)
    }

    /// A ticket that opens only for the same `policy`. `None`: it could not be made.
    pub(super) fn seal(&self, policy: &PolicyDigest, opened: &Opened) -> Option<Vec<u8>> {
        let mut salt = [0; SALT_LEN];
        fill(&mut salt)?;
        let (key, nonce) = self.for_ticket(&salt)?;
        let mut sealed = Vec::with_capacity(TIME_LEN + opened.state.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&opened.sealed_s.to_be_bytes());
        sealed.extend_from_slice(&opened.state);
        key.seal_in_place_append_tag(nonce, Aad::from(policy.as_bytes()), &mut sealed).ok()?;
        Some([&self.name[..], &salt, &sealed].concat())
    }

    /// `None`: this key did not seal it, or for another policy.
    pub(super) fn open(&self, policy: &PolicyDigest, ticket: &[u8]) -> Option<Opened> {
        let sealed = ticket.strip_prefix(&self.name)?;
        let (salt, sealed) = sealed.split_first_chunk::<SALT_LEN>()?;
        let (key, nonce) = self.for_ticket(salt)?;
        let mut bytes = sealed.to_vec();
        let plain = key.open_in_place(nonce, Aad::from(policy.as_bytes()), &mut bytes).ok()?;
        let (time, state) = plain.split_first_chunk::<TIME_LEN>()?;
        Some(Opened { sealed_s: u64::from_be_bytes(*time), state: state.to_vec() })
    }

    fn for_ticket(&self, salt: &[u8; SALT_LEN]) -> Option<(LessSafeKey, Nonce)> {
        let mut bytes = [0; KEY_LEN + NONCE_LEN];
        self.secret.expand(&[salt], OneTicket).ok()?.fill(&mut bytes).ok()?;
        let (key, nonce) = bytes.split_first_chunk::<KEY_LEN>()?;
        let key = UnboundKey::new(&AES_256_GCM, key).ok()?;
        Some((LessSafeKey::new(key), Nonce::try_assume_unique_for_key(nonce).ok()?))
    }
}

/// What is made from our key for one ticket: its key and nonce.
struct OneTicket;

impl KeyType for OneTicket {
    fn len(&self) -> usize {
        KEY_LEN + NONCE_LEN
    }
}

fn fill(bytes: &mut [u8]) -> Option<()> {
    rand::fill(bytes).ok()
}
