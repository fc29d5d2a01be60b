//! Tickets: a session's state, kept by its client, opened again only under the same policy.

use std::fmt;
use std::sync::Arc;

use rustls::server::ProducesTickets;

use super::client_auth::PolicyDigest;
use super::ticket_key::Opened;
use super::ticket_keys::TicketKeys;

/// Makes and opens the tickets of all configurations with the same client authentication.
pub(super) struct Tickets {
    pub(super) keys: Arc<TicketKeys>,
    pub(super) policy: PolicyDigest,
    pub(super) lifetime_s: u32,
    /// Longer ones are not given out: they come back in a hello, whose length is limited.
    pub(super) len_max: usize,
    /// Unix seconds.
    pub(super) now_s: fn() -> u64,
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        self.lifetime_s
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let sealed_s = (self.now_s)();
        let opened = Opened { sealed_s, state: plain.to_vec() };
        let ticket = self.keys.sealing(sealed_s)?.seal(&self.policy, &opened)?;
        (ticket.len() <= self.len_max).then_some(ticket)
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        if ticket.len() > self.len_max {
            return None;
        }
        let now_s = (self.now_s)();
        let opened = self.keys.opening(ticket, now_s)?.open(&self.policy, ticket)?;
        // Other machines with the same keys have clocks that go a little ahead.
        let age_s = now_s.abs_diff(opened.sealed_s);
        (age_s < u64::from(self.lifetime_s)).then_some(opened.state)
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tickets").field("lifetime_s", &self.lifetime_s).finish_non_exhaustive()
    }
}
