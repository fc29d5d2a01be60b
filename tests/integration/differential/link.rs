//! A connection, with TLS or without.

use crate::support::Peer;
use crate::support::tls::{Shaking, Tls};

pub(super) enum Link {
    Plain(Peer),
    Tls(Tls),
}

impl Link {
    /// Shakes hands to the end; `None` when that fails.
    pub(super) fn shake(mut shaking: Shaking) -> Option<Self> {
        let is_open = shaking.shake(|peer, _, flight| {
            let _ = peer.try_send(flight);
        });
        is_open.then(|| Self::Tls(shaking.open()))
    }

    pub(super) fn unread(&self) -> &[u8] {
        match self {
            Self::Plain(peer) => peer.unread(),
            Self::Tls(tls) => &tls.unread,
        }
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        match self {
            Self::Plain(peer) => peer.take(),
            Self::Tls(tls) => std::mem::take(&mut tls.unread),
        }
    }

    /// Reads once more. False at the end.
    pub(super) fn fill(&mut self) -> bool {
        match self {
            Self::Plain(peer) => peer.fill().unwrap_or(false),
            Self::Tls(tls) => tls.fill(),
        }
    }

    pub(super) fn read_exact(&mut self, len: usize) -> Vec<u8> {
        match self {
            Self::Plain(peer) => peer.read_exact(len),
            Self::Tls(tls) => tls.read_exact(len),
        }
    }

    /// Waits for more. False when nothing comes.
    pub(super) fn has_more(&mut self) -> bool {
        match self {
            Self::Plain(peer) => peer.has_more(),
            Self::Tls(tls) => tls.has_more(),
        }
    }

    /// False when the other side is gone.
    pub(super) fn send(&mut self, bytes: &[u8]) -> bool {
        match self {
            Self::Plain(peer) => peer.try_send(bytes).is_ok(),
            Self::Tls(tls) => tls.try_send(bytes),
        }
    }

    /// Says that nothing more is sent, and reads what still comes.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        match self {
            Self::Plain(peer) => {
                let _ = peer.try_finish();
                peer.try_read_to_end().0
            }
            Self::Tls(tls) => {
                tls.finish();
                tls.read_to_end().0
            }
        }
    }
}
