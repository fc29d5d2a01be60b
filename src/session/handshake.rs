//! What comes before the first byte of a request: the PROXY protocol's header.

use super::{FRESH_MS, Session, millis};
use crate::io::{InputEnd, RecvBuf, io};
use crate::observe::ConnectionError;
use crate::proto::proxy_protocol::{self, HEADER_LEN_MAX, Header, ProxyError};

/// Why a handshake failed, in HAProxy's words where it has some.
const CLOSED: &str = "Connection closed while waiting for PROXY protocol header";
const BROKEN: &str = "Connection error while waiting for PROXY protocol header";
const TIMED_OUT: &str = "Timeout while waiting for PROXY protocol header";
const STOPPED: &str = "Stopped while waiting for PROXY protocol header";

impl Session {
    /// Reads what precedes the first request. False when the connection is to be closed.
    pub(super) async fn shake_hands(&mut self) -> bool {
        if !self.bind().is_some_and(|bind| bind.accept_proxy) {
            return true;
        }
        let refused = match self.read_proxy_header().await {
            Ok(header) => {
                self.take_addresses(header);
                None
            }
            Err(refused) => Some(refused),
        };
        let now_ms = io().now_ms();
        self.handshake_ms = now_ms - self.accepted_ms;
        self.since_ms = now_ms;
        let Some(Refused { reason, is_silent }) = refused else { return true };
        self.shard.frontend_counters(self.frontend).requests_failed.add(1);
        if !(is_silent && self.config().log_options.without_null) {
            self.log_refused(&reason);
        }
        false
    }

    async fn read_proxy_header(&self) -> Result<Header, Refused> {
        let deadline = self.accepted_ms + millis(self.config().timeouts.client_hs);
        let mut bytes = Vec::new();
        loop {
            while let Some(buffer) = self.client.take() {
                if let Some(header) = self.add_to_header(&mut bytes, buffer)? {
                    return Ok(header);
                }
            }
            let is_silent = bytes.is_empty();
            // A connection that came just before the drain may have a header on its way.
            let is_draining = is_silent && self.shard.draining.get();
            let deadline =
                if is_draining { deadline.min(self.accepted_ms + FRESH_MS) } else { deadline };
            let reason = match self.client.input_end() {
                Some(InputEnd::Closed) if !is_silent => &ProxyError::Truncated.to_string(),
                Some(InputEnd::Closed) => CLOSED,
                Some(InputEnd::Failed(_)) => BROKEN,
                None if self.shard.killing.get() => STOPPED,
                None if io().now_ms() >= deadline && is_draining => STOPPED,
                None if io().now_ms() >= deadline => TIMED_OUT,
                None => {
                    self.task.wait(deadline).await;
                    continue;
                }
            };
            return Err(Refused { reason: reason.to_owned(), is_silent });
        }
    }

    /// Adds a buffer to the header. What follows it stays with the connection.
    fn add_to_header(
        &self,
        bytes: &mut Vec<u8>,
        mut buffer: RecvBuf,
    ) -> Result<Option<Header>, Refused> {
        let before = bytes.len();
        let room = HEADER_LEN_MAX.saturating_sub(before);
        let len = buffer.len().min(room);
        bytes.extend_from_slice(buffer.bytes().get(..len).unwrap_or_default());
        let parsed = proxy_protocol::parse(bytes);
        let parsed =
            parsed.map_err(|error| Refused { reason: error.to_string(), is_silent: false })?;
        if let Some(header) = &parsed {
            buffer.advance(header.len - before);
            if !buffer.is_empty() {
                self.client.put_back(buffer);
            }
        }
        Ok(parsed)
    }

    fn take_addresses(&mut self, header: Header) {
        if header.source.is_some() {
            (self.source, self.destination) = (header.source, header.destination.map(Box::new));
        }
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

/// A handshake that failed.
struct Refused {
    reason: String,
    /// Not a byte came.
    is_silent: bool,
}
