//! What the files say of TLS.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{CipherSuite, Curve, Sni, TlsVersion, Verify};
use crate::place::Place;
use crate::setting::Setting;
use crate::text::Text;

/// Versions and algorithms: the words that a bind, a line of a `crt-list`, a server and the
/// defaults of `global` share.
#[derive(Debug, Clone, Default)]
pub(crate) struct CryptoWords {
    pub(crate) ciphers: Setting<Vec<CipherSuite>>,
    pub(crate) ciphersuites: Setting<Vec<CipherSuite>>,
    pub(crate) curves: Setting<Vec<Curve>>,
    pub(crate) ecdhe: Setting<Vec<Curve>>,
    pub(crate) force_tlsv12: Setting<bool>,
    pub(crate) force_tlsv13: Setting<bool>,
    pub(crate) max_ver: Setting<TlsVersion>,
    pub(crate) min_ver: Setting<TlsVersion>,
    pub(crate) no_tlsv12: Setting<bool>,
    pub(crate) no_tlsv13: Setting<bool>,
}

impl CryptoWords {
    /// The words that are written, each with its place.
    pub(crate) fn written(&self) -> impl Iterator<Item = (&'static str, Place)> {
        let places = [
            ("ciphers", self.ciphers.place()),
            ("ciphersuites", self.ciphersuites.place()),
            ("curves", self.curves.place()),
            ("ecdhe", self.ecdhe.place()),
            ("force-tlsv12", self.force_tlsv12.place()),
            ("force-tlsv13", self.force_tlsv13.place()),
            ("no-tlsv12", self.no_tlsv12.place()),
            ("no-tlsv13", self.no_tlsv13.place()),
            ("ssl-max-ver", self.max_ver.place()),
            ("ssl-min-ver", self.min_ver.place()),
        ];
        places.into_iter().filter_map(|(name, place)| Some((name, place?)))
    }

    fn inherit(&mut self, parent: &Self) {
        self.ciphers.inherit(&parent.ciphers);
        self.ciphersuites.inherit(&parent.ciphersuites);
        self.curves.inherit(&parent.curves);
        self.ecdhe.inherit(&parent.ecdhe);
        self.force_tlsv12.inherit(&parent.force_tlsv12);
        self.force_tlsv13.inherit(&parent.force_tlsv13);
        self.max_ver.inherit(&parent.max_ver);
        self.min_ver.inherit(&parent.min_ver);
        self.no_tlsv12.inherit(&parent.no_tlsv12);
        self.no_tlsv13.inherit(&parent.no_tlsv13);
    }
}

/// A protocol of `alpn`.
#[derive(Debug, Clone)]
pub(crate) struct AlpnWord {
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// What clients must and may do: the words that a bind and a line of a `crt-list` share.
#[derive(Debug, Clone, Default)]
pub(crate) struct PolicyWords {
    /// Empty: `no-alpn`.
    pub(crate) alpn: Setting<Vec<AlpnWord>>,
    pub(crate) ca_file: Setting<PathBuf>,
    pub(crate) ca_names: Setting<bool>,
    pub(crate) crl_file: Setting<PathBuf>,
    pub(crate) crypto: CryptoWords,
    pub(crate) verify: Setting<Verify>,
}

impl PolicyWords {
    /// The words that are about clients' certificates.
    pub(crate) fn of_verification(&self) -> impl Iterator<Item = (&'static str, Place)> {
        let ca_names = self.ca_names.place().filter(|_| !self.ca_names.or(true));
        let places = [
            ("ca-file", self.ca_file.place()),
            ("crl-file", self.crl_file.place()),
            ("no-ca-names", ca_names),
        ];
        places.into_iter().filter_map(|(name, place)| Some((name, place?)))
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct BindTlsWords {
    pub(crate) crt_lists: Setting<Vec<Arc<CrtListDraft>>>,
    pub(crate) crts: Setting<Vec<PathBuf>>,
    pub(crate) default_crts: Setting<Vec<PathBuf>>,
    pub(crate) policy: PolicyWords,
    pub(crate) prefer_client_ciphers: Setting<bool>,
    pub(crate) ssl: Setting<bool>,
    pub(crate) strict_sni: Setting<bool>,
    pub(crate) ticket_keys: Setting<PathBuf>,
    pub(crate) tickets: Setting<bool>,
}

impl BindTlsWords {
    /// The words that do nothing without `ssl`.
    pub(crate) fn written(&self) -> impl Iterator<Item = (&'static str, Place)> {
        let policy = &self.policy;
        let places = [
            ("alpn", policy.alpn.place()),
            ("crt", self.crts.place()),
            ("crt-list", self.crt_lists.place()),
            ("default-crt", self.default_crts.place()),
            ("no-tls-tickets", self.tickets.place().filter(|_| !self.tickets.or(true))),
            ("prefer-client-ciphers", self.prefer_client_ciphers.place()),
            ("strict-sni", self.strict_sni.place().filter(|_| self.strict_sni.or(false))),
            ("tls-ticket-keys", self.ticket_keys.place()),
            ("verify", policy.verify.place()),
        ];
        let own = places.into_iter().filter_map(|(name, place)| Some((name, place?)));
        own.chain(policy.of_verification()).chain(policy.crypto.written())
    }
}

/// A `crt-list` file.
#[derive(Debug)]
pub(crate) struct CrtListDraft {
    pub(crate) lines: Vec<CrtLineDraft>,
    /// Every line could be read.
    pub(crate) is_complete: bool,
}

#[derive(Debug)]
pub(crate) struct CrtLineDraft {
    pub(crate) crt: PathBuf,
    pub(crate) filters: Vec<String>,
    pub(crate) words: PolicyWords,
    /// `file:line`.
    pub(crate) text: String,
}

/// `sni` of a server.
#[derive(Debug, Clone)]
pub(crate) enum SniDraft {
    Known(Sni),
    /// An expression that was not yet read.
    Expr(Text),
}

/// Words of a server, and of `default-server`.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServerTlsWords {
    pub(crate) alpn: Setting<Vec<AlpnWord>>,
    /// `None`: `@system-ca`.
    pub(crate) ca_file: Setting<Option<PathBuf>>,
    pub(crate) check_alpn: Setting<Vec<AlpnWord>>,
    pub(crate) check_sni: Setting<String>,
    pub(crate) check_ssl: Setting<bool>,
    pub(crate) crl_file: Setting<PathBuf>,
    pub(crate) crt: Setting<PathBuf>,
    pub(crate) crypto: CryptoWords,
    pub(crate) sni: Setting<SniDraft>,
    pub(crate) sni_auto: Setting<bool>,
    pub(crate) ssl: Setting<bool>,
    pub(crate) ssl_reuse: Setting<bool>,
    pub(crate) verify: Setting<bool>,
    /// `None`: `no-verifyhost`.
    pub(crate) verifyhost: Setting<Option<String>>,
}

impl ServerTlsWords {
    /// What `sni` says, once expressions were read.
    pub(crate) fn sni(&self) -> Option<&Sni> {
        match self.sni.value()? {
            SniDraft::Known(sni) => Some(sni),
            SniDraft::Expr(_) => None,
        }
    }

    /// The words that do nothing without `ssl`.
    pub(crate) fn written(&self) -> impl Iterator<Item = (&'static str, Place)> {
        let places = [
            ("alpn", self.alpn.place()),
            ("crt", self.crt.place()),
            ("no-ssl-reuse", self.ssl_reuse.place().filter(|_| !self.ssl_reuse.or(true))),
            ("sni", self.sni.place()),
            ("sni-auto", self.sni_auto.place().filter(|_| self.sni_auto.or(false))),
            ("verify", self.verify.place()),
        ];
        let own = places.into_iter().filter_map(|(name, place)| Some((name, place?)));
        own.chain(self.of_verification()).chain(self.crypto.written())
    }

    /// The words that are about the server's certificate.
    pub(crate) fn of_verification(&self) -> impl Iterator<Item = (&'static str, Place)> {
        let verifyhost = self.verifyhost.place().filter(|_| self.verifyhost.or(None).is_some());
        let places = [
            ("ca-file", self.ca_file.place()),
            ("crl-file", self.crl_file.place()),
            ("verifyhost", verifyhost),
        ];
        places.into_iter().filter_map(|(name, place)| Some((name, place?)))
    }

    /// The words that are about the TLS of checks.
    pub(crate) fn of_checks(&self) -> impl Iterator<Item = (&'static str, Place)> {
        let places =
            [("check-alpn", self.check_alpn.place()), ("check-sni", self.check_sni.place())];
        places.into_iter().filter_map(|(name, place)| Some((name, place?)))
    }

    pub(crate) fn inherit(&mut self, parent: &Self) {
        self.inherit_sni(parent);
        self.alpn.inherit(&parent.alpn);
        self.ca_file.inherit(&parent.ca_file);
        self.check_alpn.inherit(&parent.check_alpn);
        self.check_sni.inherit(&parent.check_sni);
        self.check_ssl.inherit(&parent.check_ssl);
        self.crl_file.inherit(&parent.crl_file);
        self.crt.inherit(&parent.crt);
        self.crypto.inherit(&parent.crypto);
        self.ssl.inherit(&parent.ssl);
        self.ssl_reuse.inherit(&parent.ssl_reuse);
        self.verify.inherit(&parent.verify);
        self.verifyhost.inherit(&parent.verifyhost);
    }

    /// `sni` wins over `sni-auto`, so whoever says `sni-auto` takes no `sni` of others.
    fn inherit_sni(&mut self, parent: &Self) {
        if !self.sni_auto.or(false) {
            self.sni.inherit(&parent.sni);
        }
        self.sni_auto.inherit(&parent.sni_auto);
    }
}

/// `ssl-default-bind-*` or `ssl-default-server-*`.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsDefaults {
    pub(crate) crypto: CryptoWords,
    pub(crate) prefer_client_ciphers: Setting<bool>,
    pub(crate) strict_sni: Setting<bool>,
    pub(crate) tickets: Setting<bool>,
}

/// What `global` says of TLS.
#[derive(Debug, Clone, Default)]
pub(crate) struct GlobalTlsDraft {
    pub(crate) bind: TlsDefaults,
    pub(crate) ca_base: Setting<PathBuf>,
    pub(crate) cachesize: Setting<usize>,
    pub(crate) crt_base: Setting<PathBuf>,
    pub(crate) key_base: Setting<PathBuf>,
    pub(crate) lifetime: Setting<Duration>,
    pub(crate) max_hello_size: Setting<usize>,
    pub(crate) server: TlsDefaults,
    pub(crate) server_verify: Setting<bool>,
}

impl AsMut<CryptoWords> for PolicyWords {
    fn as_mut(&mut self) -> &mut CryptoWords {
        &mut self.crypto
    }
}

impl AsMut<Self> for PolicyWords {
    fn as_mut(&mut self) -> &mut Self {
        self
    }
}

impl AsMut<CryptoWords> for ServerTlsWords {
    fn as_mut(&mut self) -> &mut CryptoWords {
        &mut self.crypto
    }
}

impl AsMut<CryptoWords> for TlsDefaults {
    fn as_mut(&mut self) -> &mut CryptoWords {
        &mut self.crypto
    }
}
