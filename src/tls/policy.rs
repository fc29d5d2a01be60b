//! What is agreed with clients: a rustls configuration of a bind's policy.

use std::sync::Arc;

use proxy_config::model::ClientPolicy;
use rustls::ServerConfig;
use rustls::server::{NoServerSessionStorage, ResolvesServerCert};

use super::client_auth::ClientAuth;
use super::crypto;
use super::reading::Reading;
use super::resumption::Resumption;
use super::ticket_keys::TicketKeys;

/// What holds for all policies of a bind.
pub(super) struct BindTerms<'a> {
    pub(super) shared: &'a Resumption,
    /// `no-tls-tickets` is not set.
    pub(super) tickets: bool,
    /// `tls-ticket-keys`.
    pub(super) keys: Option<Arc<TicketKeys>>,
    pub(super) prefer_client_ciphers: bool,
}

/// # Errors
/// What is wrong with which file.
pub(super) fn server_config(
    policy: &ClientPolicy,
    resolver: Arc<dyn ResolvesServerCert>,
    terms: &BindTerms<'_>,
    reading: &mut Reading,
) -> Result<Arc<ServerConfig>, String> {
    let provider = crypto::provider(&policy.crypto);
    let auth = ClientAuth::load(policy, &provider, reading)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&crypto::versions(&policy.crypto))
        .map_err(|error| format!("its versions and ciphers do not go together: {error}"))?
        .with_client_cert_verifier(auth.verifier)
        .with_cert_resolver(resolver);
    config.alpn_protocols = policy.alpn.iter().map(|name| name.clone().into_bytes()).collect();
    config.ignore_client_order = !terms.prefer_client_ciphers;
    // Early data can be sent twice by an attacker, and data before the client is known is for nobody.
    config.max_early_data_size = 0;
    config.send_half_rtt_data = false;
    // Only the record layer of `io` takes the keys, when the handshake is done.
    config.enable_secret_extraction = true;
    config.session_storage = terms.shared.sessions(auth.digest);
    if terms.tickets {
        config.ticketer = terms.shared.tickets(terms.keys.as_ref(), auth.digest);
    }
    if !(terms.tickets || config.session_storage.can_cache()) {
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    Ok(Arc::new(config))
}
