//! Resumption: what outlives connections and reloads, so that clients need not prove themselves anew.
//!
//! A resumed session brings its client's certificates with it, unchecked. rustls resumes a session
//! only with the same cipher suite, hence the same version, and for the same server name
//! (`can_resume`), but would do so under any `ServerConfig` that can read it. Therefore everything
//! here is bound to a digest of how clients are checked, as associated data of a ticket and as part
//! of the key of a kept session: a client that was not asked, or was found good by other CAs or an
//! older CRL, is not known where that differs (RFC 8446 section 4.6.1; CVE-2025-23419). What else a
//! policy says (versions, suites, ALPN) is agreed anew in each handshake, resumed or not.
//!
//! What nobody looks at here is whether the client's certificate has expired since: a resumed session
//! of TLS 1.3 gets new tickets, so it could go on for ever. It is up to whoever takes the connection to
//! look at `not_after` of the certificate that it brings.

use std::sync::Arc;

use proxy_config::model::Tune;
use rustls::pki_types::UnixTime;
use rustls::server::{ProducesTickets, StoresServerSessions};

use super::client_auth::PolicyDigest;
use super::session_cache::{PolicySessions, SessionCache};
use super::ticket_keys::TicketKeys;
use super::tickets::Tickets;

/// Ticket keys and kept sessions: one for the process, for all shards and binds.
pub struct Resumption {
    keys: Arc<TicketKeys>,
    cache: Arc<SessionCache>,
    lifetime_s: u32,
    ticket_len_max: usize,
    now_s: fn() -> u64,
}

impl Resumption {
    /// # Errors
    /// That the system has no randomness.
    pub fn new(tune: &Tune) -> Result<Self, String> {
        Self::with_clock(tune, || UnixTime::now().as_secs())
    }

    pub(super) fn with_clock(tune: &Tune, now_s: fn() -> u64) -> Result<Self, String> {
        let lifetime_s = u32::try_from(tune.ssl_lifetime.as_secs()).unwrap_or(u32::MAX);
        Ok(Self {
            keys: Arc::new(TicketKeys::rotating(lifetime_s.into(), now_s())?),
            cache: Arc::new(SessionCache::new(tune.ssl_cachesize, lifetime_s.into())),
            lifetime_s,
            // The rest is for what else is in a hello.
            ticket_len_max: tune.ssl_max_hello / 2,
            now_s,
        })
    }

    /// `keys`: a bind's own.
    pub(super) fn tickets(
        &self,
        keys: Option<&Arc<TicketKeys>>,
        policy: PolicyDigest,
    ) -> Arc<dyn ProducesTickets> {
        Arc::new(Tickets {
            keys: keys.unwrap_or(&self.keys).clone(),
            policy,
            lifetime_s: self.lifetime_s,
            len_max: self.ticket_len_max,
            now_s: self.now_s,
        })
    }

    pub(super) fn sessions(&self, policy: PolicyDigest) -> Arc<dyn StoresServerSessions> {
        Arc::new(PolicySessions { cache: self.cache.clone(), policy, now_s: self.now_s })
    }
}
