//! TLS towards a server: what it is offered and asked for, and who it must prove to be.
//!
//! A server is trusted when its certificate leads to `ca-file` (or to the system's authorities), has
//! not expired, is not revoked by `crl-file`, and has the name in question (`name.rs`). Only
//! `verify none` skips that; that the server owns the certificate it shows is always checked
//! (`verify.rs`).

mod name;
mod stamp;
#[cfg(test)]
mod tests;
mod verify;

use std::fmt;
use std::sync::Arc;

use proxy_config::model::{ServerTls, Sni};
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::sign::SingleCertAndKey;

use self::name::Names;
pub(super) use self::stamp::{Stamp, files};
use super::reading::Reading;
use super::{crypto, fault};

/// Sessions that a shard keeps where all connections ask for one name, a few for each connection that
/// may begin before the first of them ended.
const SESSIONS_OF_ONE_NAME: usize = 32;
/// Sessions that a shard keeps where clients choose the name, of about an eighth as many names. There
/// is room for them, some 10 KB, for each server from the start.
const SESSIONS_OF_MANY_NAMES: usize = 128;

/// TLS towards one server, or its checks. Read only: shards share it.
pub struct Initiator {
    /// Without sessions: each shard has its own.
    config: ClientConfig,
    sni: Sni,
    /// What rustls is given where the name does not follow somebody, or is none.
    otherwise: ServerName<'static>,
    reuse: bool,
    pub(super) stamp: Stamp,
}

impl Initiator {
    /// Reads the files of `tls`. `address_host` is the host name or IP address in the server's
    /// `address`, which is verified where nothing else says a name; anything else is none (a UNIX
    /// socket).
    ///
    /// # Errors
    /// What is wrong with which key or file, for the one who wrote the configuration; without the
    /// server's name.
    pub(super) fn load(
        tls: &ServerTls,
        address_host: &str,
        stamp: Stamp,
        reading: &mut Reading,
    ) -> Result<Self, String> {
        let names = Names::new(tls, address_host)?;
        let mut config = config(tls, &names, reading)?;
        config.alpn_protocols = tls.alpn.iter().map(|name| name.clone().into_bytes()).collect();
        config.enable_sni = tls.sni != Sni::None;
        // The record layer may take the keys over once the handshake is done.
        config.enable_secret_extraction = true;
        config.resumption = Resumption::disabled();
        Ok(Self {
            config,
            sni: tls.sni.clone(),
            otherwise: names.otherwise,
            reuse: tls.reuse,
            stamp,
        })
    }

    /// What a shard makes connections with. It has sessions of its own to resume, if they are to be:
    /// call this once a shard.
    pub fn for_shard(&self) -> Arc<ClientConfig> {
        let mut config = self.config.clone();
        if self.reuse {
            config.resumption = Resumption::in_memory_sessions(self.sessions_max());
        }
        Arc::new(config)
    }

    /// What rustls is given for a connection: the name that is asked for (SNI) and verified.
    ///
    /// `asked` is the host or the name that [`Self::follows`] speaks of, without a port; it counts
    /// only there. If it is none, or not a host name, no name is sent, and the server must prove to be
    /// `verifyhost` or its address's host.
    pub fn server_name(&self, asked: Option<&str>) -> ServerName<'static> {
        match self.sni {
            Sni::None | Sni::Name(_) => self.otherwise.clone(),
            Sni::RequestHost | Sni::ClientSni | Sni::Expr(_) => {
                asked.and_then(name::asked).unwrap_or_else(|| self.otherwise.clone())
            }
        }
    }

    /// Where the name comes from, so what `asked` must be in [`Self::server_name`].
    pub fn follows(&self) -> &Sni {
        &self.sni
    }

    fn sessions_max(&self) -> usize {
        match self.sni {
            Sni::None | Sni::Name(_) => SESSIONS_OF_ONE_NAME,
            Sni::RequestHost | Sni::ClientSni | Sni::Expr(_) => SESSIONS_OF_MANY_NAMES,
        }
    }
}

/// Without what it has of our key.
impl fmt::Debug for Initiator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Initiator");
        shown.field("sni", &self.sni).field("reuse", &self.reuse).finish_non_exhaustive()
    }
}

fn config(tls: &ServerTls, names: &Names, reading: &mut Reading) -> Result<ClientConfig, String> {
    let provider = crypto::provider(&tls.crypto);
    let verifier = verify::verifier(tls, names, &provider, reading)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&crypto::versions(&tls.crypto))
        .map_err(|error| fault::explain(&error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let Some(crt) = &tls.crt else { return Ok(builder.with_no_client_auth()) };
    let in_crt = |what| format!("crt `{}`: {what}", crt.display());
    let bundle = reading.bundle(crt, tls.key_base.as_deref()).map_err(in_crt)?;
    let certificate = SingleCertAndKey::from(bundle.plain().clone());
    Ok(builder.with_client_cert_resolver(Arc::new(certificate)))
}
