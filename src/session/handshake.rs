//! What comes before the first byte of a request: the PROXY protocol's header, then TLS.

use super::extras::Extras;
use super::{FRESH_MS, Session, millis};
use crate::io::{InputEnd, io};
use crate::observe::ConnectionError;

/// What a failed handshake is called in logs, in HAProxy's words.
pub(super) struct Words {
    pub(super) closed: &'static str,
    pub(super) broken: &'static str,
    pub(super) timed_out: &'static str,
    pub(super) stopped: &'static str,
}

/// A handshake that failed.
pub(super) struct Refused {
    pub(super) reason: String,
    /// Not a byte came.
    pub(super) is_silent: bool,
}

impl Refused {
    /// Because of what the client sent.
    pub(super) fn because(reason: String) -> Self {
        Self { reason, is_silent: false }
    }
}

impl Session {
    /// Whether a PROXY header comes first, as the bind or a rule says.
    fn expects_proxy(&self) -> bool {
        self.bind().is_some_and(|bind| bind.accept_proxy)
            || self.extras.as_deref().is_some_and(Extras::expects_proxy)
    }

    /// Whether anything precedes the first request.
    pub(super) fn has_handshake(&self) -> bool {
        self.expects_proxy() || self.bind().is_some_and(|bind| bind.tls.is_some())
    }

    /// Goes through what precedes the first request. False when the connection is to be closed.
    pub(super) async fn shake_hands(&mut self) -> bool {
        let Some(bind) = self.bind() else { return true };
        let (accept_proxy, has_tls) = (self.expects_proxy(), bind.tls.is_some());
        let refused = self.try_hands(accept_proxy, has_tls).await.err();
        let now_ms = io().now_ms();
        self.handshake_ms = now_ms - self.accepted_ms;
        self.since_ms = now_ms;
        let Some(Refused { reason, is_silent }) = refused else { return true };
        self.shard.frontend_counters(self.frontend).requests_failed.add(1);
        if !(is_silent && self.config().log_options.without_null) {
            self.log_refused(&reason);
        }
        // An alert may be on its way.
        self.flush().await;
        false
    }

    async fn try_hands(&mut self, accept_proxy: bool, has_tls: bool) -> Result<(), Refused> {
        let deadline = self.accepted_ms + millis(self.config().timeouts.client_hs);
        if accept_proxy {
            let header = self.read_proxy_header(deadline).await?;
            self.take_addresses(header);
        }
        if has_tls {
            self.shake_tls(deadline).await?;
        }
        Ok(())
    }

    /// Waits for something to read. `is_silent`: not a byte of this handshake came.
    pub(super) async fn await_handshake(
        &self,
        deadline: u64,
        is_silent: bool,
        words: &Words,
    ) -> Result<(), Refused> {
        // A connection that came just before the drain may have its first bytes on their way.
        let is_draining = is_silent && self.shard.draining.get();
        let deadline =
            if is_draining { deadline.min(self.accepted_ms + FRESH_MS) } else { deadline };
        let reason = match self.client.input_end() {
            Some(InputEnd::Closed | InputEnd::Truncated) => words.closed,
            Some(InputEnd::Failed(_)) => words.broken,
            None if self.shard.killing.get() => words.stopped,
            None if io().now_ms() >= deadline && is_draining => words.stopped,
            None if io().now_ms() >= deadline => words.timed_out,
            None => {
                self.task.wait(deadline).await;
                return Ok(());
            }
        };
        Err(Refused { reason: reason.to_owned(), is_silent })
    }

    fn log_refused(&self, message: &str) {
        let routes = &self.shard.frontends[self.frontend].logs;
        let error = ConnectionError {
            format: self.config().error_log_format.as_ref(),
            record: &self.blank_record(),
            bind_name: self.bind().and_then(|bind| bind.name.as_deref()),
            message,
        };
        self.shard.with_log(|log, wall_ms| {
            log.connection_error(routes, wall_ms, self.level(true), &error);
        });
    }
}
