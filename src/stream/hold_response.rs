//! A response held back by its rules: for its body (`wait-for-body`), or for a while (`pause`). Its head is
//! read, and nothing of it went to the client.

use super::Stream;
use super::forward::{append, frame};
use super::rules::Wait;
use crate::connect::Fault;
use crate::io::{Chunk, RecvBuf, io};
use crate::observe::StreamEnd;
use crate::proto::h1::BodyDecoder;
use crate::session::Session;

/// The body was not here in time, as HAProxy calls it.
pub(super) const TOO_LATE: Fault = Fault::new(StreamEnd::SERVER_TIMEOUT_DATA, 504);

/// What is known of it.
pub(super) struct HeldResponse {
    wait: Wait,
    decoder: BodyDecoder,
    /// Without its framing.
    body: Vec<u8>,
}

impl HeldResponse {
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    pub(super) fn is_whole(&self) -> bool {
        self.decoder.is_done()
    }
}

/// Whether a response is held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    No,
    Still,
    /// It was until now.
    NoMore,
    /// It was until now, and a tunnel begins with it.
    Tunnel,
}

impl Stream {
    /// Holds a response back whose head was read; `rest` is what follows that.
    pub(super) fn hold_response(&mut self, session: &Session, rest: RecvBuf, wait: Wait) {
        let limits = &session.shard.limits;
        let decoder = BodyDecoder::new(self.response.framing, limits);
        self.progress.times.response = io().now_ms();
        self.progress.held = Some(Box::new(HeldResponse { wait, decoder, body: Vec::new() }));
        self.put_back_response(rest);
    }

    /// Leaves bytes to whoever takes them next, who counts them again.
    fn put_back_response(&self, rest: RecvBuf) {
        if rest.is_empty() {
            return;
        }
        if let Some(place) = &self.progress.place {
            place.count(|traffic| traffic.bytes_out.sub(rest.len() as u64));
        }
        if let Some(server) = &self.progress.server {
            server.conn.put_back(rest);
        }
    }

    /// Goes on with a response that is held back, if what a rule waits for is there.
    ///
    /// # Errors
    /// It came too late, or a rule behind that one ends the stream.
    pub(super) fn pump_held(&mut self, session: &Session) -> Result<Held, Fault> {
        let Some(wait) = self.progress.held.as_ref().map(|held| held.wait) else {
            return Ok(Held::No);
        };
        let now_ms = io().now_ms();
        let is_there = match wait {
            Wait::Pause { until_ms } => now_ms >= until_ms,
            Wait::Body { deadline_ms, at_least } => {
                let is_there = self.gather_response(session, at_least)?;
                if !is_there && now_ms >= deadline_ms {
                    return Err(TOO_LATE);
                }
                is_there
            }
        };
        if !is_there {
            return Ok(Held::Still);
        }
        if matches!(wait, Wait::Pause { .. }) {
            // It was not listened to meanwhile.
            self.progress.server_patience.seen(now_ms);
        }
        if let Some(next) = self.judge_response(session)? {
            if let Some(held) = &mut self.progress.held {
                held.wait = next;
            }
            return Ok(Held::NoMore);
        }
        self.release(session)
    }

    /// Takes of the body what is there. Returns whether that is enough: all of it, `at_least` if that is
    /// not 0, as much as a buffer takes, or all that will ever come.
    fn gather_response(&mut self, session: &Session, at_least: usize) -> Result<bool, Fault> {
        let bufsize = session.shard.config.global.tune.bufsize;
        let enough = if at_least == 0 { bufsize } else { at_least.min(bufsize) };
        loop {
            let progress = &mut self.progress;
            let Some(held) = &mut progress.held else { return Ok(true) };
            let is_enough = self.response.tunnel || held.is_whole() || held.body.len() >= enough;
            let Some(server) = progress.server.as_ref().filter(|_| !is_enough) else {
                return Ok(true);
            };
            let Some(mut buffer) = server.conn.take() else {
                return Ok(server.conn.input_end().is_some());
            };
            progress.server_patience.seen(io().now_ms());
            if let Some(place) = &progress.place {
                place.count(|traffic| traffic.bytes_out.add(buffer.len() as u64));
            }
            append(&mut held.decoder, &mut buffer, &mut held.body)
                .map_err(|_| Fault::new(StreamEnd::PROXY_DATA, 502))?;
            self.put_back_response(buffer);
        }
    }

    /// Lets it go to the client, with what was taken of its body.
    fn release(&mut self, session: &Session) -> Result<Held, Fault> {
        let mut lead = self.lead(session, None)?;
        let Some(held) = self.progress.held.take() else { return Ok(Held::No) };
        if !self.response.tunnel {
            let end = held.is_whole().then(|| held.decoder.trailers());
            let lead_len = lead.len();
            frame(&mut lead, &held.body, self.progress.response_chunked, end);
            self.progress.bytes_out += (lead.len() - lead_len) as u64;
            let server = self.progress.server.as_ref();
            // Bytes behind a response that nobody asked for: the connection is not used again.
            let has_rest = held.is_whole() && server.is_some_and(|server| server.conn.has_input());
            self.response.keep_alive &= !has_rest;
            self.progress.response_body = Some(held.decoder);
        }
        session.client.queue(Chunk::Owned(lead));
        // Until now there was nothing for it to take.
        self.progress.client.seen(io().now_ms());
        self.log_early(session);
        if !self.response.tunnel {
            return Ok(Held::NoMore);
        }
        session.client.flush();
        Ok(Held::Tunnel)
    }

    /// Whether a rule lets time pass.
    pub(super) fn is_paused(&self) -> bool {
        self.progress.held.as_ref().is_some_and(|held| matches!(held.wait, Wait::Pause { .. }))
    }

    /// When a response that is held back is to be looked at again.
    pub(super) fn held_until(&self) -> u64 {
        match self.progress.held.as_ref().map(|held| held.wait) {
            None => u64::MAX,
            Some(Wait::Pause { until_ms }) => until_ms,
            Some(Wait::Body { deadline_ms, .. }) => deadline_ms,
        }
    }
}
