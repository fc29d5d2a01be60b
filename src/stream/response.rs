//! The response's half of a stream: heads and body are read from the server and sent to the client.

use super::forward::forward;
use super::hold_response::Held;
use super::{Next, Step, Stream};
use crate::connect::{Fault, Retry};
use crate::io::{Chunk, InputEnd, RecvBuf, io};
use crate::observe::StreamEnd;
use crate::proto::h1::{
    BodyDecoder, BodyOut, ConnectionOut, Limits, Method, ResponseFraming, ResponseOut, Version,
    encode_response, end_chunked,
};
use crate::proto::websocket;
use crate::session::Session;

/// Interim responses before the final one; more is a server gone mad.
const INTERIM_MAX: u32 = 32;

const BAD_RESPONSE: Fault = Fault::of_server(StreamEnd::PROXY_HEADERS, 502, Retry::Junk);

impl Stream {
    /// Moves the response from the server to the client as far as it goes.
    pub(super) fn pump_response(&mut self, session: &Session) -> Result<Option<Step>, Fault> {
        loop {
            while let Some(buffer) = self.next_response(session) {
                if self.take_response(session, buffer)? {
                    session.client.flush();
                    return Ok(Some(Step::Tunnel));
                }
            }
            match self.pump_held(session)? {
                Held::No | Held::Still => break,
                Held::Tunnel => return Ok(Some(Step::Tunnel)),
                Held::NoMore => {}
            }
        }
        if self.is_response_done() {
            self.send_last(session);
            return Ok(Some(Step::Done));
        }
        session.client.flush();
        session.client.notify_sent(session.client.unsent() > 0);
        if self.has_client_left(session) {
            let end = match self.progress.response_begun {
                true => StreamEnd::CLIENT_DATA,
                false => StreamEnd::CLIENT_HEADERS,
            };
            return Err(Fault::new(end, 0));
        }
        if self.progress.held.is_some() { Ok(None) } else { self.look_for_end(session) }
    }

    /// Sends the end of the response, and with it the FIN if it is the last one.
    fn send_last(&self, session: &Session) {
        if self.progress.keep_client {
            session.client.flush();
            return;
        }
        session.client.flush_last();
        if self.next(session) == Next::Close {
            session.client.stop_input();
        }
    }

    fn next_response(&self, session: &Session) -> Option<RecvBuf> {
        let server = self.progress.server.as_ref()?;
        let ready = !self.is_response_done()
            && self.progress.held.is_none()
            && session.client.unsent() < io().window();
        if ready { server.conn.take() } else { None }
    }

    /// A client that only closed its sending half still wants the answer, unless
    /// `option.abortonclose` says otherwise.
    fn has_client_left(&self, session: &Session) -> bool {
        let is_broken = matches!(session.client.closing(), Some(InputEnd::Failed(_)));
        if is_broken || session.client.send_error().is_some() {
            return true;
        }
        let aborts = || {
            let place = self.progress.place.as_ref();
            place.is_some_and(|place| place.backend().config().abort_on_close)
        };
        // Not while a request is waiting behind this one.
        session.client.input_end().is_some() && !self.progress.response_begun && aborts()
    }

    /// Takes over bytes from the server: heads, and body. Returns whether a tunnel begins.
    fn take_response(&mut self, session: &Session, buffer: RecvBuf) -> Result<bool, Fault> {
        let now_ms = io().now_ms();
        self.progress.server_patience.seen(now_ms);
        if session.client.unsent() == 0 {
            self.progress.client.seen(now_ms);
        }
        if let Some(place) = &self.progress.place {
            place.count(|traffic| traffic.bytes_out.add(buffer.len() as u64));
        }
        let mut next = Some(buffer);
        while let Some(buffer) = next.take() {
            if self.progress.response_begun {
                self.take_body(session, buffer, None)?;
                break;
            }
            let Some((rest, lead)) = self.take_head(session, buffer)? else { break };
            if self.response.tunnel {
                self.begin_tunnel(session, rest, lead);
                self.log_early(session);
                return Ok(true);
            }
            if self.progress.response_begun {
                self.take_body(session, rest, Some(lead))?;
                self.log_early(session);
            } else {
                session.client.queue(Chunk::Owned(lead));
                next = Some(rest).filter(|rest| !rest.is_empty());
            }
        }
        Ok(false)
    }

    /// Reads a response head. Returns what follows it and the head as it goes to the client, or
    /// nothing when more is needed or a rule holds it back.
    fn take_head(
        &mut self,
        session: &Session,
        mut buffer: RecvBuf,
    ) -> Result<Option<(RecvBuf, Vec<u8>)>, Fault> {
        let before = self.response_bytes.len();
        if before > 0 {
            self.response_bytes.extend_from_slice(buffer.bytes());
        }
        let bytes = if before > 0 { self.response_bytes.as_slice() } else { buffer.bytes() };
        let limits = self.response_limits(session);
        let parsed = self.response.parse(bytes, &limits, self.request.method);
        if !parsed.map_err(|_| BAD_RESPONSE)? {
            if before == 0 {
                self.response_bytes.extend_from_slice(buffer.bytes());
            }
            return Ok(None);
        }
        self.judge_head(bytes)?;
        self.progress.server_status = self.response.status;
        let captures = &session.config().captures;
        if captures.is_any() && !self.response.is_interim() {
            Self::capture_response(&mut self.captured_response, captures, &self.response, bytes);
        }
        let is_judged = !self.response.is_interim() && self.has_response_rules(session);
        if is_judged {
            if before == 0 {
                let head = buffer.bytes().get(..self.response.len).unwrap_or_default();
                self.response_bytes.extend_from_slice(head);
            }
            if let Some(wait) = self.judge_response(session)? {
                buffer.advance(self.response.len - before);
                self.hold_response(session, buffer, wait);
                return Ok(None);
            }
        }
        let is_kept = before > 0 || is_judged;
        let lead = self.lead(session, (!is_kept).then(|| buffer.bytes()))?;
        buffer.advance(self.response.len - before);
        Ok(Some((buffer, lead)))
    }

    /// The head as it goes to the client; `bytes` are those that it was read from, unless they are kept.
    pub(super) fn lead(
        &mut self,
        session: &Session,
        bytes: Option<&[u8]>,
    ) -> Result<Vec<u8>, Fault> {
        let response_out = self.response_out(session);
        let bytes = bytes.unwrap_or(&self.response_bytes);
        let mut lead = io().take_buffer();
        // RFC 9110 section 15.2: an HTTP/1.0 client knows no interim responses.
        if !self.response.is_interim() || self.request.version == Version::Http11 {
            encode_response(&mut lead, bytes, &self.response, &response_out);
        }
        self.response_bytes.clear();
        self.progress.bytes_out += lead.len() as u64;
        self.begin_response(session, response_out.body)?;
        Ok(lead)
    }

    /// Refuses a head that does not fit the request, or that is a reason to ask again.
    fn judge_head(&self, bytes: &[u8]) -> Result<(), Fault> {
        let status = self.response.status;
        // A body that is still coming would run into the tunnel.
        if status == 101 && !(self.is_request_done() && self.switches_as_asked(bytes)) {
            return Err(BAD_RESPONSE);
        }
        let retry = Retry::Status(status);
        match status >= 200 && self.can_retry(retry) {
            true => Err(Fault::of_server(StreamEnd::SERVER_HEADERS, status, retry)),
            false => Ok(()),
        }
    }

    fn switches_as_asked(&self, bytes: &[u8]) -> bool {
        if !self.progress.is_websocket {
            return self.request.upgrade;
        }
        let key = self.request.value(&self.request_bytes, b"sec-websocket-key");
        key.is_none_or(|key| websocket::is_accepted(key, &self.response, bytes))
    }

    /// The limits of the backend's responses.
    fn response_limits(&self, session: &Session) -> Limits {
        let place = self.progress.place.as_ref();
        place.map_or(session.shard.limits, |place| place.backend().limits)
    }

    /// How the response goes on to the client, and whether its connection outlives it.
    fn response_out(&mut self, session: &Session) -> ResponseOut {
        let body = self.response.body_out(self.request.version);
        if self.response.tunnel || self.response.is_interim() {
            let connection = match self.response.status {
                101 => ConnectionOut::Upgrade,
                _ => ConnectionOut::None,
            };
            return ResponseOut { connection, body };
        }
        // An answer before the end of the request: what is still coming cannot be told from the
        // next request in time, and may be unwanted.
        // Neither can what follows a CONNECT that was refused: it was meant for the tunnel.
        let early = !self.is_request_done() || self.request.method == Method::Connect;
        let closes = early
            || body == BodyOut::Close
            || self.asked.closes_client
            || session.shard.draining.get();
        self.progress.response_closes = body == BodyOut::Close;
        self.progress.keep_client &= !closes;
        let connection = match (self.progress.keep_client, self.request.version) {
            (false, _) => ConnectionOut::Close,
            (true, Version::Http10) => ConnectionOut::KeepAlive10,
            (true, Version::Http11) => ConnectionOut::None,
        };
        ResponseOut { connection, body }
    }

    fn begin_response(&mut self, session: &Session, body: BodyOut) -> Result<(), Fault> {
        let progress = &mut self.progress;
        if self.response.is_interim() {
            progress.interims += 1;
            return if progress.interims > INTERIM_MAX { Err(BAD_RESPONSE) } else { Ok(()) };
        }
        // One that was held back came before.
        if progress.times.response == 0 {
            progress.times.response = io().now_ms();
        }
        progress.response_begun = true;
        progress.response_chunked = body == BodyOut::Chunked;
        progress.status = self.response.status;
        let limits = &session.shard.limits;
        progress.response_body = Some(BodyDecoder::new(self.response.framing, limits));
        Ok(())
    }

    fn take_body(
        &mut self,
        session: &Session,
        buffer: RecvBuf,
        lead: Option<Vec<u8>>,
    ) -> Result<(), Fault> {
        let progress = &mut self.progress;
        let Some(body) = &mut progress.response_body else { return Ok(()) };
        let lead_len = lead.as_ref().map_or(0, Vec::len);
        let forwarded = forward(body, progress.response_chunked, buffer, lead, &session.client);
        let Ok(forwarded) = forwarded else {
            // A head that did not leave yet gives way to an error.
            progress.response_begun = lead_len == 0;
            progress.bytes_out -= lead_len as u64;
            return Err(Fault::new(StreamEnd::PROXY_DATA, 502));
        };
        progress.bytes_out += (forwarded.sent_len - lead_len) as u64;
        // Bytes behind a response that nobody asked for: the connection is not used again.
        self.response.keep_alive &= forwarded.rest.is_none();
        Ok(())
    }

    fn begin_tunnel(&self, session: &Session, rest: RecvBuf, lead: Vec<u8>) {
        session.client.queue(Chunk::Owned(lead));
        if let Some(server) = &self.progress.server
            && !rest.is_empty()
        {
            // The tunnel will count them.
            if let Some(place) = &self.progress.place {
                place.count(|traffic| traffic.bytes_out.sub(rest.len() as u64));
            }
            server.conn.put_back(rest);
        }
    }

    pub(super) fn is_response_done(&self) -> bool {
        self.progress.response_body.as_ref().is_some_and(BodyDecoder::is_done)
    }

    /// What it means that the server sends no more, if it does not.
    fn look_for_end(&mut self, session: &Session) -> Result<Option<Step>, Fault> {
        let Some(server) = &self.progress.server else { return Ok(None) };
        // Not its failure to read: an answer may still be on the way.
        let Some(ended) = server.conn.input_end() else { return Ok(None) };
        if self.progress.response_begun {
            return self.end_with_connection(session, ended);
        }
        let silent = self.response_bytes.is_empty() && self.progress.interims == 0;
        let stale = server.reused && silent && self.progress.attempts.retries == 0;
        if stale && self.may_send_again() {
            if let Some(place) = &self.progress.place {
                self.progress.attempts.retry_stale(place);
            }
            return Ok(Some(Step::Again));
        }
        // A client that used its connection before knows that a keep-alive connection may close
        // under a request, and asks again; an error would not tell it that it can.
        let quiet = stale && session.requests > 0;
        let retry = if silent { Retry::Empty } else { Retry::Junk };
        Err(Fault::of_server(StreamEnd::SERVER_HEADERS, if quiet { 0 } else { 502 }, retry))
    }

    /// The server's connection ended in the body: that is its end, or its loss.
    fn end_with_connection(
        &mut self,
        session: &Session,
        ended: InputEnd,
    ) -> Result<Option<Step>, Fault> {
        let progress = &mut self.progress;
        let whole = progress.response_body.as_ref().is_some_and(BodyDecoder::is_whole_at_end);
        if !whole || ended != InputEnd::Closed {
            return Err(Fault::new(StreamEnd::SERVER_DATA, 0));
        }
        if progress.response_chunked {
            let mut end = io().take_buffer();
            end_chunked(&mut end, &[]);
            progress.bytes_out += end.len() as u64;
            session.client.queue(Chunk::Owned(end));
        }
        let limits = &session.shard.limits;
        progress.response_body = Some(BodyDecoder::new(ResponseFraming::None, limits));
        self.send_last(session);
        Ok(Some(Step::Done))
    }
}
