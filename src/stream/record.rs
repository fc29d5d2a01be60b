//! The end of a stream, told to log and counters; the only place where they learn of it.

use super::{Stream, Times};
use crate::connect::Place;
use crate::io::io;
use crate::observe::{Counts, Record, RequestLine, StreamEnd, Timers, Who};
use crate::proto::h1::Version;
use crate::session::Session;

impl Stream {
    /// Counts the stream, and writes its log lines.
    pub fn record(&mut self, session: &Session, end: StreamEnd) {
        self.count(session, end);
        let frontend = &session.shard.frontends[session.frontend];
        if frontend.logs.is_empty() {
            return;
        }
        let now_ms = io().now_ms();
        let place = self.progress.place.as_ref();
        let server = place.and_then(Place::server);
        let record = Record {
            client: session.peer,
            bind_number: session.bind_number,
            accept_ms: io().wall_ms(session.accepted_ms),
            request_ms: io().wall_ms(self.progress.times.begun),
            frontend: &session.config().name,
            tls: false,
            backend: place.map_or(&session.config().name, |place| &place.backend().config().name),
            server: place
                .zip(server)
                .map(|(place, server)| place.backend().config().servers[server].name.as_str()),
            timers: self.progress.times.timers(now_ms),
            status: match self.progress.status {
                0 => -1,
                status => i32::from(status),
            },
            bytes: self.progress.bytes_out,
            end,
            counts: self.counts(session),
            request: self.progress.head_read.then(|| self.request_line()),
        };
        session.shard.write_log(session.frontend, &record);
    }

    fn count(&self, session: &Session, end: StreamEnd) {
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
            && matches!(end.who, Who::Server | Who::ServerTimeout)
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
        counts
    }

    fn request_line(&self) -> RequestLine<'_> {
        let version: &[u8] = match self.request.version {
            Version::Http10 => b"HTTP/1.0",
            Version::Http11 => b"HTTP/1.1",
        };
        RequestLine {
            method: self.request.method_name.of(&self.request_bytes),
            target: self.request.target.of(&self.request_bytes),
            version,
        }
    }
}

impl Times {
    /// The timers of a stream that ends at `now_ms`.
    fn timers(&self, now_ms: u64) -> Timers {
        let between = |from: u64, to: u64| match (from, to) {
            (0, _) | (_, 0) => -1,
            _ => to.saturating_sub(from) as i64,
        };
        Timers {
            request_ms: between(self.begun, self.head),
            queue_ms: if self.connected > 0 { 0 } else { -1 },
            connect_ms: between(self.head, self.connected),
            response_ms: between(self.connected, self.response),
            total_ms: between(self.begun, now_ms),
        }
    }
}
