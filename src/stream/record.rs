//! The end of a stream, told to log and counters; the only place where they learn of it.

use super::scene::Stage;
use super::{Stream, Times};
use crate::connect::Place;
use crate::io::io;
use crate::observe::{Captured, Counts, Record, RequestLine, Samples, StreamEnd, Timers, Who};
use crate::proto::h1::Version;
use crate::session::Session;

impl Stream {
    /// Counts the stream, and writes its log lines.
    pub fn record(&mut self, session: &Session, end: StreamEnd) {
        self.progress.end = end;
        self.count(session);
        if !self.is_unlogged() {
            self.log(session);
        }
    }

    /// Writes the stream's log lines before its end, where `option.logasap` says so.
    pub(super) fn log_early(&mut self, session: &Session) {
        if !session.config().log_options.asap || self.is_unlogged() {
            return;
        }
        self.progress.is_unlogged = true;
        self.with_record(session, |record| {
            session.log(&Record { is_early: true, ..record.clone() });
        });
    }

    fn log(&self, session: &Session) {
        if !session.shard.frontends[session.frontend].logs.is_empty() {
            self.with_record(session, |record| session.log(record));
        }
    }

    /// Lends what is known of the stream so far to `look`.
    pub(super) fn with_record(&self, session: &Session, look: impl FnOnce(&Record<'_>)) {
        let progress = &self.progress;
        let now_ms = io().now_ms();
        let place = progress.place.as_ref();
        let config = place.map(|place| place.backend().config());
        let server = place.and_then(Place::server);
        let blank = session.blank_record();
        let (request_headers, response_headers) =
            (self.captured_request.headers(), self.captured_response.headers());
        let stage = Stage::new(self, session);
        look(&Record {
            server_conn: progress.server_ends.as_deref().copied(),
            request_ms: io().wall_ms(progress.times.begun),
            backend: config.map_or(blank.backend, |config| &config.name),
            server: config.zip(server).map(|(config, server)| config.servers[server].name.as_str()),
            timers: progress.times.timers(session, now_ms),
            status: match progress.status {
                0 => -1,
                status => i32::from(status),
            },
            bytes: progress.bytes_out,
            bytes_received: progress.bytes_in,
            end: progress.end,
            counts: self.counts(session),
            request: progress.head_read.then(|| self.request_line(session)),
            unique_id: &self.unique_id,
            captured: Captured {
                request_headers: &request_headers,
                response_headers: &response_headers,
                request_cookie: self.captured_request.cookie(),
                response_cookie: self.captured_response.cookie(),
            },
            samples: session.extras.as_ref().map(|_| &stage as &dyn Samples),
            level: self.asked.log_level,
            ..blank
        });
    }

    /// For a connection in TCP mode: adds what rules kept to its record.
    pub fn complete_record(
        &self,
        session: &Session,
        record: &Record<'_>,
        look: impl FnOnce(&Record<'_>),
    ) {
        let stage = Stage::new(self, session);
        let headers = self.captured_request.headers();
        look(&Record {
            captured: Captured { request_headers: &headers, ..Captured::default() },
            samples: Some(&stage),
            level: self.asked.log_level,
            ..record.clone()
        });
    }

    pub fn is_unlogged(&self) -> bool {
        self.progress.is_unlogged || self.asked.is_silent
    }

    fn count(&self, session: &Session) {
        let counters = session.shard.frontend_counters(session.frontend);
        counters.bytes_out.add(self.progress.bytes_out);
        if self.progress.status != 0 {
            counters.responses.add(self.progress.status);
        }
        if let Some(place) = &self.progress.place
            && self.progress.response_begun
        {
            place.count(|traffic| traffic.responses.add(self.progress.status));
        }
        if !self.progress.head_read {
            counters.requests_failed.add(1);
        }
        if let Some(place) = &self.progress.place
            && matches!(self.progress.end.who, Who::Server | Who::ServerTimeout)
            && self.progress.times.connected > 0
        {
            place.count(|traffic| traffic.response_errors.add(1));
        }
    }

    fn counts(&self, session: &Session) -> Counts {
        let place = self.progress.place.as_ref();
        let mut counts = session.shard.counts(session.frontend, place);
        counts.retries = u64::from(self.progress.attempts.retries);
        counts.redispatched = self.progress.attempts.redispatched;
        counts.request = self.progress.number;
        counts
    }

    pub(super) fn request_line(&self, session: &Session) -> RequestLine<'_> {
        let version: &[u8] = match self.request.version {
            Version::Http10 => b"HTTP/1.0",
            Version::Http11 => b"HTTP/1.1",
        };
        let (method, target) = self.progress.line;
        let target = target.of(&self.request_bytes);
        let target_len = session.shard.config.global.tune.http_logurilen;
        RequestLine {
            method: method.of(&self.request_bytes),
            target: target.get(..target_len).unwrap_or(target),
            version,
        }
    }
}

impl Times {
    /// The timers of a stream, as they are at `now_ms`.
    pub(super) fn timers(&self, session: &Session, now_ms: u64) -> Timers {
        let between = |from: u64, to: u64| match (from, to) {
            (0, _) | (_, 0) => -1,
            _ => to.saturating_sub(from) as i64,
        };
        Timers {
            handshake_ms: session.handshake_ms as i64,
            idle_ms: between(session.since_ms, self.begun),
            request_ms: between(self.begun, self.head),
            queue_ms: if self.connected > 0 { 0 } else { -1 },
            connect_ms: between(self.head, self.connected),
            response_ms: between(self.connected, self.response),
            active_ms: between(self.begun, now_ms),
            total_ms: between(session.since_ms, now_ms) + session.handshake_ms as i64,
        }
    }
}
