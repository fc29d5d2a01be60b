//! The client's side of one connection.

use std::time::Duration;

use super::case::{Say, Talk};
use super::wire::message_len;
use crate::support::Peer;

/// Between pieces, lest they arrive as one: nothing tells that a proxy looked at the first.
const PIECE_GAP: Duration = Duration::from_millis(15);

/// What a proxy "says" that ends the connection too early.
const CLOSED: &[u8] = b"[closed]";

/// Says everything, each request when the one before it was answered. Returns the messages that
/// came; bytes that are none are one.
pub(super) fn play(talk: &Talk, address: &str) -> Vec<Vec<u8>> {
    let Some(mut peer) = Peer::try_connect_from(talk.from, address) else {
        return vec![CLOSED.to_vec()];
    };
    let mut received = Vec::new();
    for say in &talk.says {
        let went_on = match say {
            Say::Request { bytes, is_head } => ask(&mut peer, bytes, *is_head, &mut received),
            Say::Raw(pieces) => say_raw(&mut peer, pieces),
        };
        if !went_on {
            received.push([&peer.take(), CLOSED].concat());
            return received;
        }
    }
    let _ = peer.try_finish();
    let (rest, _) = peer.try_read_to_end();
    received.extend((!rest.is_empty()).then_some(rest));
    received
}

/// Adds the response to `received`. False when the connection ended.
fn ask(peer: &mut Peer, bytes: &[u8], is_head: bool, received: &mut Vec<Vec<u8>>) -> bool {
    let _ = peer.try_send(bytes);
    loop {
        if let Some(len) = message_len(peer.unread(), !is_head) {
            received.push(peer.read_exact(len));
            return true;
        }
        if !peer.fill().unwrap_or(false) {
            return false;
        }
    }
}

/// Ends its own side only when there is an answer: a proxy that waits for more stops at an end.
fn say_raw(peer: &mut Peer, pieces: &[Vec<u8>]) -> bool {
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            std::thread::sleep(PIECE_GAP);
        }
        let _ = peer.try_send(piece);
    }
    peer.has_more()
}
