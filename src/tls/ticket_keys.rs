//! The keys for tickets: ours, a new one each lifetime, or those of a file (`tls-ticket-keys`).

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::pem;
use super::ticket_key::TicketKey;

/// HAProxy refuses files with fewer keys: a former one, the one in use, and the next.
const FILE_KEYS_MIN: usize = 3;
/// A name and a secret (AES-128), or a name and two secrets (AES-256), of OpenSSL's tickets.
const FILE_KEY_LENS: [usize; 2] = [48, 80];

pub(super) enum TicketKeys {
    Rotating {
        lifetime_s: u64,
        keys: RwLock<Rotating>,
    },
    /// At least [`FILE_KEYS_MIN`]; the last but one seals, so that machines that have read the next
    /// file already understand those that have not.
    File(Vec<Arc<TicketKey>>),
}

pub(super) struct Rotating {
    current: Arc<TicketKey>,
    /// Unix seconds.
    made_s: u64,
    /// Still opens tickets; none that it sealed is valid when it goes.
    former: Option<Arc<TicketKey>>,
}

impl TicketKeys {
    /// # Errors
    /// That the system has no randomness.
    pub(super) fn rotating(lifetime_s: u64, now_s: u64) -> Result<Self, String> {
        let current = Arc::new(TicketKey::random()?);
        let keys = RwLock::new(Rotating { current, made_s: now_s, former: None });
        Ok(Self::Rotating { lifetime_s, keys })
    }

    /// # Errors
    /// What is wrong with the file, without its path.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let bytes = pem::read(path)?;
        let text = str::from_utf8(&bytes).map_err(|_| "is not text".to_owned())?;
        let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
        let keys = lines.map(|(at, line)| {
            let broken = || {
                format!("line {} is not the base64 of 48 or 80 random bytes", at.saturating_add(1))
            };
            file_key(line).map(Arc::new).ok_or_else(broken)
        });
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        match keys.len() < FILE_KEYS_MIN {
            true => Err(format!("has {} keys; at least {FILE_KEYS_MIN} are needed", keys.len())),
            false => Ok(Self::File(keys)),
        }
    }

    /// The key for new tickets. `None`: a new one was due and could not be made.
    pub(super) fn sealing(&self, now_s: u64) -> Option<Arc<TicketKey>> {
        match self {
            Self::File(keys) => keys.iter().nth_back(1).cloned(),
            Self::Rotating { lifetime_s, keys } => {
                rotate_if_due(keys, *lifetime_s, now_s)?;
                let keys = keys.read().unwrap_or_else(PoisonError::into_inner);
                Some(keys.current.clone())
            }
        }
    }

    /// The key that sealed `ticket`, if it is still in use.
    pub(super) fn opening(&self, ticket: &[u8], now_s: u64) -> Option<Arc<TicketKey>> {
        match self {
            Self::File(keys) => keys.iter().find(|key| key.has_sealed(ticket)).cloned(),
            Self::Rotating { lifetime_s, keys } => {
                rotate_if_due(keys, *lifetime_s, now_s)?;
                let keys = keys.read().unwrap_or_else(PoisonError::into_inner);
                let mut ours = [Some(&keys.current), keys.former.as_ref()].into_iter().flatten();
                ours.find(|key| key.has_sealed(ticket)).cloned()
            }
        }
    }
}

fn file_key(line: &str) -> Option<TicketKey> {
    let bytes = STANDARD.decode(line).ok()?;
    FILE_KEY_LENS.contains(&bytes.len()).then(|| TicketKey::from_bytes(&bytes))?
}

/// `None`: no new key could be made; the old one must not be used on.
fn rotate_if_due(keys: &RwLock<Rotating>, lifetime_s: u64, now_s: u64) -> Option<()> {
    // A clock that was set back counts as well, or a key could live for years.
    let age_s = |made_s: u64| now_s.abs_diff(made_s);
    if age_s(keys.read().unwrap_or_else(PoisonError::into_inner).made_s) < lifetime_s {
        return Some(());
    }
    let mut keys = keys.write().unwrap_or_else(PoisonError::into_inner);
    let age_s = age_s(keys.made_s);
    if age_s >= lifetime_s {
        let current = Arc::new(TicketKey::random().ok()?);
        let former = std::mem::replace(&mut keys.current, current);
        keys.former = (age_s < lifetime_s.saturating_mul(2)).then_some(former);
        keys.made_s = now_s;
    }
    Some(())
}

#[cfg(test)]
mod tests;
