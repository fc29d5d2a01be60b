//! The scripted client: sends what the case says, when it says so, and reads what comes.

use std::io::ErrorKind;

use super::case::{Case, End};
use super::expected::{Expected, Got};
use super::notation::text_of;
use super::origin::Scene;
use crate::support::strict::{Body, BodyEnd, Objection, body, response_head};
use crate::support::{DEADLINE, Pace, Peer};

/// What came to the client.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) responses: Vec<Got>,
    pub(super) end: Option<End>,
    pub(super) problems: Vec<String>,
}

struct Client<'a> {
    case: &'a Case,
    scene: &'a Scene,
    pace: Pace,
    peer: Peer,
    end: Option<End>,
    /// Nothing came for too long.
    gave_up: bool,
    problems: Vec<String>,
}

const PROBE: &[u8] = b"GET /corelane-probe HTTP/1.1\r\nHost: probe\r\n\r\n";

/// Plays the client's part of `case` against the proxy at `address`.
pub(super) fn play(case: &Case, scene: &Scene, pace: Pace, address: &str) -> Received {
    let peer = Peer::connect(address);
    peer.set_patience(DEADLINE / 2);
    let mut client =
        Client { case, scene, pace, peer, end: None, gave_up: false, problems: Vec::new() };
    client.send_all();
    if case.end == End::Open {
        client.probe();
    } else {
        while client.fill() {}
    }
    client.received()
}

impl Client<'_> {
    fn send_all(&mut self) {
        for (index, send) in self.case.sends.iter().enumerate() {
            if send.after > 0 && !self.await_responses(send.after) {
                let problem = format!("part {} was not sent: {} responses", index + 1, send.after);
                self.problems.push(format!("{problem} did not come"));
                return;
            }
            // The proxy may have refused the rest already.
            let _ = self.peer.try_send_at(self.pace, &send.bytes);
        }
        if self.case.client_ends {
            let _ = self.peer.try_finish();
        }
    }

    /// Asks for one more response over the same connection, then ends it.
    fn probe(&mut self) {
        let count = self.case.client_gets.len();
        if self.await_responses(count) && self.end.is_none() {
            let _ = self.peer.try_send_at(self.pace, PROBE);
            self.await_responses(count + 1);
        }
        if self.end.is_some() {
            return;
        }
        let _ = self.peer.try_finish();
        while self.fill() {}
        if self.end == Some(End::Closed) {
            self.end = Some(End::Open);
        }
    }

    /// Waits for that many responses in all, and until the origin has nothing more to say to them.
    fn await_responses(&mut self, count: usize) -> bool {
        self.scene.set_client_served(false);
        while self.whole_responses() < count {
            if !self.fill() {
                return false;
            }
        }
        self.scene.set_client_served(true);
        self.scene.await_silence();
        true
    }

    fn whole_responses(&self) -> usize {
        let (responses, _) = self.parse();
        responses.iter().filter(|response| response.body.whole).count()
    }

    /// Reads once more. False at the end.
    fn fill(&mut self) -> bool {
        if self.end.is_some() || self.gave_up {
            return false;
        }
        match self.peer.fill() {
            Ok(true) => return true,
            Ok(false) => self.end = Some(End::Closed),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => self.end = Some(End::Reset),
            Err(error) => {
                self.gave_up = true;
                self.problems.push(format!("neither more nor an end came: {error}"));
            }
        }
        false
    }

    /// What came so far, and what a strict reader has against it.
    fn parse(&self) -> (Vec<Got>, Option<Objection>) {
        let bytes = self.peer.unread();
        let (mut responses, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let expected = self.case.client_gets.get(responses.len());
            match self.response(&bytes[at..], expected) {
                Ok(Some((response, len))) => {
                    responses.push(response);
                    at += len;
                }
                Ok(None) => {
                    let rest = text_of(&bytes[at..]);
                    return (responses, Some(format!("half a head: {rest}")));
                }
                Err(objection) => {
                    let rest = text_of(&bytes[at..]);
                    return (responses, Some(format!("{objection}, of {rest}")));
                }
            }
        }
        (responses, None)
    }

    /// The response that `bytes` begin with, and its length as far as it is there.
    fn response(
        &self,
        bytes: &[u8],
        expected: Option<&Expected>,
    ) -> Result<Option<(Got, usize)>, Objection> {
        let Some(mut head) = response_head(bytes)? else { return Ok(None) };
        let rest = &bytes[head.len..];
        let is_tunnel = expected.is_some_and(|expected| expected.tunnel);
        if is_tunnel {
            let body = Body { whole: true, ..Body::default() };
            let got = Got { head, body, tunnel: Some(rest.to_vec()), connection: 1 };
            return Ok(Some((got, bytes.len())));
        }
        if expected.is_some_and(|expected| expected.no_body) {
            head.body_end = BodyEnd::None;
        }
        let body = body(head.body_end, rest, self.end == Some(End::Closed))?;
        let len = head.len + if body.whole { body.len } else { rest.len() };
        Ok(Some((Got { head, body, tunnel: None, connection: 1 }, len)))
    }

    fn received(mut self) -> Received {
        let (responses, objection) = self.parse();
        let objection =
            objection.map(|objection| format!("no strict reader takes it: {objection}"));
        self.problems.extend(objection);
        Received { responses, end: self.end, problems: self.problems }
    }
}
