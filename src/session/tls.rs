//! TLS with a client: its hello is read to choose what it is answered with, then rustls has it.

use std::sync::Arc;

use rustls::{ServerConfig, SignatureScheme};

use super::Session;
use super::handshake::{Refused, Words};
use crate::io::{Chunk, ClientTarget, TlsFacts, TlsFault, io};
use crate::proto::tls_hello::{self, ClientHello, HelloError, codes};
use crate::tls::certificate::Certificate;
use crate::tls::{Terminator, describe};

const WORDS: Words = Words {
    closed: "Connection closed during SSL handshake",
    broken: "Connection error during SSL handshake",
    timed_out: "Timeout during SSL handshake",
    stopped: "Stopped during SSL handshake",
};

/// Alerts in the clear (RFC 8446 section 6.2): there is no certificate for the name, the hello makes
/// no sense, is too old, or could be of a newer version.
const UNRECOGNIZED_NAME: &[u8] = &[21, 3, 3, 0, 2, 2, 112];
const DECODE_ERROR: &[u8] = &[21, 3, 3, 0, 2, 2, 50];
const PROTOCOL_VERSION: &[u8] = &[21, 3, 3, 0, 2, 2, 70];
const INAPPROPRIATE_FALLBACK: &[u8] = &[21, 3, 3, 0, 2, 2, 86];

const TLS12: u16 = 0x0303;
const TLS13: u16 = 0x0304;
/// A client that was refused before, and now asks for less than it can (RFC 7507).
const TLS_FALLBACK_SCSV: u16 = 0x5600;

impl Session {
    /// Shakes hands with the client, and counts what became of it.
    pub(super) async fn shake_tls(&mut self, deadline: u64) -> Result<(), Refused> {
        let outcome = self.try_tls(deadline).await;
        let counters = self.shard.frontend_counters(self.frontend);
        match &outcome {
            Ok(()) => counters.tls_sessions.add(1),
            Err(_) => counters.tls_failed.add(1),
        }
        if self.tls.as_ref().is_some_and(|tls| tls.is_resumed) {
            counters.tls_resumed.add(1);
        }
        outcome
    }

    async fn try_tls(&mut self, deadline: u64) -> Result<(), Refused> {
        let target = self.read_hello(deadline).await?;
        let fault = |fault: &TlsFault| {
            Refused::because(match fault {
                TlsFault::Refused(_) => format!("SSL handshake failure: {}", describe(fault)),
                TlsFault::Closed => WORDS.closed.to_owned(),
                TlsFault::Failed(_) => WORDS.broken.to_owned(),
            })
        };
        self.client.accept_tls(target).map_err(|refused| fault(&refused))?;
        loop {
            match self.client.shake_hands() {
                Some(Ok(facts)) if has_expired(&facts) => {
                    let why = "the client certificate of the resumed session has expired";
                    return Err(Refused::because(format!("SSL handshake failure: {why}")));
                }
                Some(Ok(facts)) => {
                    self.tls = Some(facts);
                    return Ok(());
                }
                Some(Err(refused)) => return Err(fault(&refused)),
                None => self.await_handshake(deadline, false, &WORDS).await?,
            }
        }
    }

    /// Reads the hello and leaves it with the connection.
    async fn read_hello(&self, deadline: u64) -> Result<ClientTarget, Refused> {
        let mut bytes = Vec::new();
        loop {
            while let Some(buffer) = self.client.take() {
                // Nearly always it comes as a whole.
                let is_first = bytes.is_empty();
                if !is_first {
                    bytes.extend_from_slice(buffer.bytes());
                }
                let chosen = self.choose(if is_first { buffer.bytes() } else { &bytes })?;
                match (chosen, is_first) {
                    (Some(chosen), true) => {
                        self.client.put_back(buffer);
                        return Ok(chosen);
                    }
                    (Some(chosen), false) => {
                        self.client.put_back_bytes(bytes);
                        return Ok(chosen);
                    }
                    (None, true) => bytes.extend_from_slice(buffer.bytes()),
                    (None, false) => {}
                }
            }
            self.await_handshake(deadline, bytes.is_empty(), &WORDS).await?;
        }
    }

    /// `None`: the hello is not complete.
    fn choose(&self, bytes: &[u8]) -> Result<Option<ClientTarget>, Refused> {
        let max = self.shard.config.global.tune.ssl_max_hello;
        let hello = match tls_hello::inspect(bytes, max) {
            Ok(Some(hello)) => hello,
            Ok(None) => return Ok(None),
            Err(error) => return Err(self.refuse_hello(&error)),
        };
        // rustls would complain of extensions first, which such a hello never has.
        if hello.highest_version() < TLS12 {
            return Err(
                self.refuse(PROTOCOL_VERSION, "it speaks no version of TLS that is on here")
            );
        }
        let found = self.shard.terminator(self.frontend, self.bind_number, |terminator| {
            self.target(terminator, &hello)
        });
        match found {
            Some(target) if has_fallen_back(&hello, &target.config) => {
                let why = "it asks for TLS 1.2 after a failure, and TLS 1.3 is on here";
                Err(self.refuse(INAPPROPRIATE_FALLBACK, why))
            }
            Some(target) => Ok(Some(target)),
            None => Err(self.refuse_name(&hello)),
        }
    }

    fn target(&self, terminator: &Terminator, hello: &ClientHello<'_>) -> Option<ClientTarget> {
        let server_name = hello.server_name().map(str::to_ascii_lowercase);
        let config = Arc::clone(terminator.choose(server_name.as_deref())?);
        let own_certificate = self.shard.frontends[self.frontend].asks_own_certificate.then(|| {
            let algorithms = hello.signature_algorithms().unwrap_or_default();
            let schemes: Vec<_> = codes(algorithms).map(SignatureScheme::from).collect();
            terminator.certificate(server_name.as_deref(), &schemes)?.cert.first().cloned()
        });
        Some(ClientTarget {
            config,
            server_name: server_name.map(String::into_boxed_str),
            own_certificate: own_certificate.flatten(),
        })
    }

    fn refuse_hello(&self, error: &HelloError) -> Refused {
        // Whoever does not speak TLS understands no alert.
        let is_foreign = matches!(
            error,
            HelloError::Alert
                | HelloError::Http
                | HelloError::NotTls
                | HelloError::ProxyHeader
                | HelloError::SslV2
        );
        let alert = if is_foreign { &[] } else { DECODE_ERROR };
        self.refuse(alert, &error.to_string())
    }

    /// `strict-sni`.
    fn refuse_name(&self, hello: &ClientHello<'_>) -> Refused {
        let why = match hello.server_name() {
            Some(name) => format!("no certificate for `{name}`"),
            None => "no server name asked for".to_owned(),
        };
        self.refuse(UNRECOGNIZED_NAME, &why)
    }

    fn refuse(&self, alert: &'static [u8], why: &str) -> Refused {
        if !alert.is_empty() {
            self.client.queue(Chunk::Static(alert));
            self.client.flush_last();
        }
        Refused::because(format!("SSL handshake failure: {why}"))
    }
}

/// Whether somebody between us made the client believe that we do not speak TLS 1.3.
fn has_fallen_back(hello: &ClientHello<'_>, config: &ServerConfig) -> bool {
    let speaks_13 = || {
        // Suites are there for the versions that are on alone.
        config.crypto_provider().cipher_suites.iter().any(|suite| suite.tls13().is_some())
    };
    hello.highest_version() < TLS13
        && codes(hello.cipher_suites()).any(|suite| suite == TLS_FALLBACK_SCSV)
        && speaks_13()
}

/// Whether a client was known by a certificate that it could not show any more: who resumes a session
/// is not asked for it.
fn has_expired(facts: &TlsFacts) -> bool {
    let Some(der) = facts.peer_certificates.first().filter(|_| facts.is_resumed) else {
        return false;
    };
    let now_s = (io().wall_ms(io().now_ms()) / 1000) as i64;
    !Certificate::parse(der).is_ok_and(|certificate| now_s <= certificate.not_after())
}
