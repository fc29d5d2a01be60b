//! Which name a server is asked for, and which one its certificate must have.

use std::net::{IpAddr, Ipv4Addr};

use proxy_config::model::{ServerTls, Sni};
use rustls::CertificateError;
use rustls::pki_types::{DnsName, ServerName};

/// The longest host name (RFC 1035, section 2.3.4), with a dot at its end.
const NAME_LEN_MAX: usize = 254;

/// The names of a server.
#[derive(Debug)]
pub(super) struct Names {
    /// What rustls is given where nobody's wish is followed.
    pub(super) otherwise: ServerName<'static>,
    pub(super) proven: Proven,
}

/// The name that a certificate must have.
#[derive(Debug, Clone)]
pub(super) enum Proven {
    /// The one that rustls was given.
    Given,
    /// `verifyhost`, whatever the server was asked for.
    Always(ServerName<'static>),
    /// The one that rustls was given if that is a host name. An address stands for no name asked
    /// for, and then it is the host of the server's address, if it has one.
    Asked { otherwise: Option<ServerName<'static>> },
}

impl Names {
    /// # Errors
    /// A name that is none, or that there is nothing to verify.
    pub(super) fn new(tls: &ServerTls, address_host: &str) -> Result<Self, String> {
        let verifyhost =
            tls.verifyhost.as_deref().map(|name| configured("verifyhost", name)).transpose()?;
        let address = parse(address_host);
        match &tls.sni {
            Sni::Name(name) => Ok(Self {
                otherwise: configured("sni", name)?,
                proven: verifyhost.map_or(Proven::Given, Proven::Always),
            }),
            Sni::None => {
                let otherwise = match verifyhost.or(address) {
                    Some(name) => name,
                    None if tls.verify => return Err(nothing_to_verify()),
                    None => nobody(),
                };
                Ok(Self { otherwise, proven: Proven::Given })
            }
            Sni::RequestHost | Sni::ClientSni | Sni::Expr(_) => Ok(Self {
                otherwise: nobody(),
                proven: match verifyhost {
                    Some(name) => Proven::Always(name),
                    None => Proven::Asked { otherwise: address },
                },
            }),
        }
    }
}

impl Proven {
    /// # Errors
    /// No name was asked for, and there is no other: no certificate will do.
    pub(super) fn name<'a>(
        &'a self,
        given: &'a ServerName<'a>,
    ) -> Result<&'a ServerName<'a>, rustls::Error> {
        match (self, given) {
            (Self::Given, _) | (Self::Asked { .. }, ServerName::DnsName(_)) => Ok(given),
            (Self::Always(name), _) => Ok(name),
            (Self::Asked { otherwise }, _) => {
                otherwise.as_ref().ok_or_else(|| CertificateError::NotValidForName.into())
            }
        }
    }
}

/// The name that a request or client asked for; `None` if it is not a host name.
pub(super) fn asked(name: &str) -> Option<ServerName<'static>> {
    if name.len() > NAME_LEN_MAX {
        return None;
    }
    DnsName::try_from(name.to_owned()).ok().map(ServerName::DnsName)
}

/// Given to rustls, it makes it ask for no name: names are never sent for addresses (RFC 6066,
/// section 3).
fn nobody() -> ServerName<'static> {
    ServerName::from(IpAddr::from(Ipv4Addr::UNSPECIFIED))
}

fn parse(name: &str) -> Option<ServerName<'static>> {
    ServerName::try_from(name.to_owned()).ok()
}

fn configured(key: &str, name: &str) -> Result<ServerName<'static>, String> {
    parse(name).ok_or_else(|| format!("`{key}` {name:?} is neither a host name nor an address"))
}

fn nothing_to_verify() -> String {
    "there is no name to verify: its address has none, so say one by `sni` or `verifyhost`".into()
}
