//! What `capture.*` keeps of a request and its response for the log.

use proxy_config::model::{Capture, Captures};

use super::{SPARE_BYTES, Stream};
use crate::proto::h1::{RequestHead, ResponseHead};
use crate::session::Session;

/// A captured value, a range of [`Captured::bytes`].
type Range = std::ops::Range<usize>;

/// What was captured of one message.
#[derive(Debug, Default)]
pub(super) struct Captured {
    bytes: Vec<u8>,
    headers: Vec<Option<Range>>,
    cookie: Option<Range>,
}

impl Captured {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(SPARE_BYTES);
        self.headers.clear();
        self.cookie = None;
    }

    /// The captured headers, in the order of the configuration.
    pub(super) fn headers(&self) -> Vec<Option<&[u8]>> {
        self.headers.iter().map(|range| self.bytes.get(range.clone()?)).collect()
    }

    pub(super) fn header(&self, slot: usize) -> Option<&[u8]> {
        self.bytes.get(self.headers.get(slot)?.clone()?)
    }

    /// `name=value`.
    pub(super) fn cookie(&self) -> Option<&[u8]> {
        self.bytes.get(self.cookie.clone()?)
    }

    fn keep(&mut self, value: &[u8], len_max: usize) -> Range {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value.get(..len_max).unwrap_or(value));
        start..self.bytes.len()
    }

    /// As HAProxy: of a field that is repeated, the last line.
    fn keep_headers<'b>(&mut self, captures: &[Capture], last: impl Fn(&[u8]) -> Option<&'b [u8]>) {
        self.headers.resize(captures.len(), None);
        for (slot, capture) in captures.iter().enumerate() {
            // One without a name is for rules to fill.
            let name = Some(capture.name.as_bytes()).filter(|name| !name.is_empty());
            let kept = name.and_then(&last).map(|value| self.keep(value, capture.len));
            if let (Some(header), Some(_)) = (self.headers.get_mut(slot), &kept) {
                *header = kept;
            }
        }
    }

    fn keep_cookie<'b>(
        &mut self,
        capture: Option<&Capture>,
        mut pairs: impl Iterator<Item = &'b [u8]>,
    ) {
        let Some(capture) = capture else { return };
        let found = pairs.find(|pair| pair.starts_with(capture.name.as_bytes()));
        self.cookie = found.map(|pair| self.keep(pair, capture.len));
    }
}

/// The pairs of `cookie` and the first of each `set-cookie` field, without blanks around them.
fn first_pair(value: &[u8]) -> &[u8] {
    value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

impl Stream {
    /// `capture`: keeps what a rule found, in place of what was there.
    pub(super) fn keep_capture(
        &mut self,
        session: &Session,
        is_request: bool,
        at: usize,
        value: &[u8],
    ) {
        let captures = &session.config().captures;
        let (kept, slots) = match is_request {
            true => (&mut self.captured_request, &captures.request),
            false => (&mut self.captured_response, &captures.response),
        };
        let Some(capture) = slots.get(at) else { return };
        let range = kept.keep(value, capture.len);
        if kept.headers.len() < slots.len() {
            kept.headers.resize(slots.len(), None);
        }
        if let Some(header) = kept.headers.get_mut(at) {
            *header = Some(range);
        }
    }

    pub(super) fn capture_request(&mut self, captures: &Captures) {
        let (head, bytes): (&RequestHead, &[u8]) = (&self.request, &self.request_bytes);
        let kept = &mut self.captured_request;
        kept.keep_headers(&captures.request, |name| head.values(bytes, name).next_back());
        let cookies = head.values(bytes, b"cookie");
        let pairs = cookies.flat_map(|value| value.split(|byte| *byte == b';'));
        kept.keep_cookie(captures.cookie.as_ref(), pairs.map(<[u8]>::trim_ascii));
        // Until there is a response that has them.
        self.captured_response.headers.resize(captures.response.len(), None);
    }

    /// `bytes`: those of the response's head.
    pub(super) fn capture_response(
        kept: &mut Captured,
        captures: &Captures,
        head: &ResponseHead,
        bytes: &[u8],
    ) {
        kept.keep_headers(&captures.response, |name| head.values(bytes, name).next_back());
        let cookies = head.values(bytes, b"set-cookie").map(first_pair);
        kept.keep_cookie(captures.cookie.as_ref(), cookies);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_not_kept_room_for() {
        let mut kept = Captured::default();
        let range = kept.keep(&[b'a'; 4 * SPARE_BYTES], usize::MAX);
        assert_eq!(range.len(), 4 * SPARE_BYTES);
        kept.clear();
        assert!(kept.bytes.capacity() <= SPARE_BYTES && kept.header(0).is_none());
    }
}
