//! All requests of a connection, read and written anew as the proxy does it: an independent
//! reader must find in what is written exactly the messages that the proxy thought it forwarded.
#![no_main]

use fuzz::message::{Fields, Message};
use fuzz::proto::h1::{
    BodyDecoder, CRLF, ConnectionOut, Framing, Limits, Method, RequestHead, RequestOut,
    chunk_prefix, encode_request, end_chunked,
};
use fuzz::{LIMITS, Pieces, strict};
use libfuzzer_sys::fuzz_target;

const SERVER: &[u8] = b"server:80";

/// A connection's requests on their way to a server.
struct Forwarder<'a> {
    limits: &'a Limits,
    pieces: Pieces,
    /// What went out.
    sent: Vec<u8>,
    messages: Vec<Message>,
    /// The last message was given up before its end.
    is_cut: bool,
}

fuzz_target!(|bytes: &[u8]| {
    for limits in &LIMITS {
        let forwarder = Forwarder::run(bytes, limits);
        let shown = forwarder.sent.escape_ascii();
        let (messages, rest) = strict::read_requests(&forwarder.sent);
        assert_eq!(messages, forwarder.messages, "{shown}");
        let is_plain = |message: &Message| strict::is_plain_target(&message.start[1]);
        assert!(limits.is_lenient || messages.iter().all(is_plain), "{shown}");
        assert_eq!(!rest.is_empty(), forwarder.is_cut, "{shown}");
    }
});

impl<'a> Forwarder<'a> {
    fn run(bytes: &[u8], limits: &'a Limits) -> Self {
        let pieces = Pieces::of(bytes);
        let mut new =
            Self { limits, pieces, sent: Vec::new(), messages: Vec::new(), is_cut: false };
        new.forward(&mut bytes.to_vec());
        new
    }

    fn forward(&mut self, mut rest: &mut [u8]) {
        let mut head = RequestHead::default();
        while let Ok(true) = head.parse(rest, self.limits) {
            self.send_head(&head, rest);
            let mut message = Message::of_request(rest, &head, SERVER);
            let body = &mut rest[head.len..];
            let Some(len) = self.forward_body(head.framing, body, &mut message) else {
                self.is_cut = true;
                return;
            };
            self.messages.push(message);
            if !head.keep_alive || head.method == Method::Connect {
                return;
            }
            rest = &mut body[len..];
        }
    }

    fn send_head(&mut self, head: &RequestHead, bytes: &[u8]) {
        let connection = if head.upgrade { ConnectionOut::Upgrade } else { ConnectionOut::None };
        let request_out = RequestOut { host_if_missing: SERVER, connection };
        encode_request(&mut self.sent, bytes, head, &request_out);
        self.sent.extend_from_slice(CRLF);
    }

    /// Returns the body's length in `bytes`; `None` when it does not end there, or is not valid.
    fn forward_body(
        &mut self,
        framing: Framing,
        bytes: &mut [u8],
        message: &mut Message,
    ) -> Option<usize> {
        let mut decoder = BodyDecoder::new(framing, self.limits);
        let mut consumed = 0;
        while !decoder.is_done() {
            let piece = self.pieces.next(&mut bytes[consumed..]);
            if piece.is_empty() {
                return None;
            }
            let decoded = decoder.decode(piece).ok()?;
            let data = &piece[decoded.data];
            message.body.extend_from_slice(data);
            self.send_data(framing, data);
            consumed += decoded.consumed;
        }
        if framing == Framing::Chunked {
            end_chunked(&mut self.sent, decoder.trailers());
        }
        message.trailers = trailers(decoder.trailers());
        Some(consumed)
    }

    fn send_data(&mut self, framing: Framing, data: &[u8]) {
        if framing != Framing::Chunked {
            self.sent.extend_from_slice(data);
        } else if !data.is_empty() {
            chunk_prefix(&mut self.sent, data.len());
            self.sent.extend_from_slice(data);
            self.sent.extend_from_slice(CRLF);
        }
    }
}

/// The lines that a decoder keeps are `name: value`.
fn trailers(lines: &[u8]) -> Fields {
    let mut fields = Vec::new();
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let value = line[colon..].strip_prefix(b": ").and_then(|value| value.strip_suffix(b"\r"));
        fields.push((line[..colon].to_vec(), value.unwrap_or(b"?").to_vec()));
    }
    fields
}
