//! The client's side of one connection.

use std::time::Duration;

use super::case::{Case, Say, Talk};
use super::link::Link;
use super::wire::message_len;
use crate::support::Peer;
use crate::support::tls::{Shaking, Version};

/// Between pieces, lest they arrive as one: nothing tells that a proxy looked at the first.
const PIECE_GAP: Duration = Duration::from_millis(15);

/// What a proxy "says" that ends the connection too early.
const CLOSED: &[u8] = b"[closed]";

/// Says everything, each request when the one before it was answered. Returns the messages that
/// came; bytes that are none are one.
pub(super) fn play(case: &Case, talk: &Talk, address: &str) -> Vec<Vec<u8>> {
    let Some(mut link) = connect(case, talk, address) else { return vec![CLOSED.to_vec()] };
    let mut received = Vec::new();
    for say in &talk.says {
        let went_on = match say {
            Say::Request { bytes, is_head } => ask(&mut link, bytes, *is_head, &mut received),
            Say::Raw(pieces) => say_raw(&mut link, pieces),
        };
        if !went_on {
            received.push([&link.take(), CLOSED].concat());
            return received;
        }
    }
    let rest = link.finish();
    received.extend((!rest.is_empty()).then_some(rest));
    received
}

/// `None` when the connection or its handshake fails.
fn connect(case: &Case, talk: &Talk, address: &str) -> Option<Link> {
    let peer = Peer::try_connect_from(talk.from, address)?;
    let Some(tls) = &talk.tls else { return Some(Link::Plain(peer)) };
    let pki = case.setup.pki.as_ref().expect("certificates");
    let own = tls.own.as_ref().map(|file| &pki.identities[file]);
    let config = pki.authority.client_with(Version::V13, own);
    Link::shake(Shaking::client(peer, &config, &tls.name))
}

/// Adds the response to `received`. False when the connection ended.
fn ask(link: &mut Link, bytes: &[u8], is_head: bool, received: &mut Vec<Vec<u8>>) -> bool {
    link.send(bytes);
    loop {
        if let Some(len) = message_len(link.unread(), !is_head) {
            received.push(link.read_exact(len));
            return true;
        }
        if !link.fill() {
            return false;
        }
    }
}

/// Ends its own side only when there is an answer: a proxy that waits for more stops at an end.
fn say_raw(link: &mut Link, pieces: &[Vec<u8>]) -> bool {
    for (index, piece) in pieces.iter().enumerate() {
        if index > 0 {
            std::thread::sleep(PIECE_GAP);
        }
        link.send(piece);
    }
    link.has_more()
}
