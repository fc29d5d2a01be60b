//! TLS of one bind: which policy and which certificate a client gets for the name that it asks for.
//!
//! There is a `ServerConfig` for each policy, not for each certificate: a configuration finds its
//! certificate when the hello is there, by the same look-up that chose the configuration.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::UnixTime;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SignatureScheme};

use super::bundle::{Bundle, KeyKind};
use super::names::{Line, Names};

/// What a bind with `ssl` answers clients with. Read only: shards share it.
#[derive(Debug)]
pub struct Terminator {
    pub(super) certificates: Arc<Certificates>,
    /// By [`Line::policy`].
    pub(super) configs: Vec<Arc<ServerConfig>>,
}

impl Terminator {
    /// The configuration for clients that ask for `server_name`, in lower case, or for none. `None`:
    /// the handshake is to be refused (`strict-sni`), with the alert `unrecognized_name`.
    pub fn choose(&self, server_name: Option<&str>) -> Option<&Arc<ServerConfig>> {
        let first = self.certificates.lines(server_name).next()?;
        self.configs.get(self.certificates.lines.get(first)?.policy)
    }

    /// The certificate that a client gets which asks for `server_name` and can check signatures of
    /// `schemes`, and its chain.
    pub fn certificate(
        &self,
        server_name: Option<&str>,
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.certificates.find(server_name, schemes)
    }
}

/// The certificates of a bind.
pub(super) struct Certificates {
    pub(super) lines: Vec<Line>,
    /// By line.
    pub(super) bundles: Vec<Arc<Bundle>>,
    pub(super) names: Names,
    /// Lines for clients that ask for no known name, of one policy; empty: they are refused.
    pub(super) default: Vec<usize>,
}

impl Certificates {
    /// The lines for `server_name`, all of one policy.
    fn lines<'a>(&'a self, server_name: Option<&'a str>) -> impl Iterator<Item = usize> + 'a {
        let mut named =
            server_name.into_iter().flat_map(|name| self.names.lines(name, &self.lines)).peekable();
        let default = match named.peek() {
            Some(_) => &[][..],
            None => &self.default,
        };
        // Of names one policy holds already; of exclusions from wildcards what is left may differ.
        let policy = |at: &usize| self.lines.get(*at).map(|line| line.policy);
        let first = named.peek().and_then(policy);
        named.filter(move |at| policy(at) == first).chain(default.iter().copied())
    }

    /// The best certificate that a client can check.
    fn find(
        &self,
        server_name: Option<&str>,
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let now_s = UnixTime::now().as_secs() as i64;
        let mut best: Option<(bool, KeyKind, &Arc<CertifiedKey>)> = None;
        for at in self.lines(server_name) {
            let bundle = self.bundles.get(at)?;
            let key = bundle.certified(now_s);
            let is_unfit = key.key.choose_scheme(schemes).is_none();
            // Of a kind of key the first that the client can check; one that it cannot is better
            // than none only in that rustls then says what is wrong.
            let is_better =
                best.is_none_or(|(unfit, kind, _)| (is_unfit, bundle.kind) < (unfit, kind));
            if is_better {
                best = Some((is_unfit, bundle.kind, key));
            }
        }
        best.map(|(_, _, key)| key.clone())
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Certificates").field("len", &self.lines.len()).finish_non_exhaustive()
    }
}

/// Finds the certificate of a hello.
#[derive(Debug)]
pub(super) struct Resolver(pub(super) Arc<Certificates>);

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.find(hello.server_name(), hello.signature_schemes())
    }
}
