//! Replies of rules: `return`, `deny`, `tarpit`, `auth`, `redirect`.

use proxy_config::model::Format;
use proxy_config::model::rule::{Reply, ReplyContent};

use super::Stream;
use super::rules::Prepared;
use crate::error_page::{write_page, write_reply};
use crate::io::{Chunk, io};
use crate::proto::h1::{CRLF, Method, Version, push_line, reason_of};
use crate::rule::{self, Context, Destination};
use crate::session::Session;

/// What says that a connection ends, in the replies that are ready-made.
const CLOSE: &[u8] = b"connection: close\r\n";

impl Stream {
    /// Whether the client can send another request behind a reply of the proxy's own: its request was
    /// read to the end.
    pub(super) fn survives_reply(&self, session: &Session) -> bool {
        self.progress.keep_client
            && self.progress.head_read
            && self.is_request_done()
            && self.request.version == Version::Http11
            && self.request.method != Method::Connect
            && !session.shard.draining.get()
    }

    /// `early-hint`: a response with 103 ahead of the final one (RFC 8297), for who knows such. It is sent
    /// by the last of the rules in a row.
    pub(super) fn hint(&mut self, session: &Session, name: &str, value: &[u8]) {
        if !self.progress.head_read || self.request.version == Version::Http10 {
            return;
        }
        if self.hints.is_empty() {
            self.hints.extend_from_slice(b"HTTP/1.1 103 Early Hints\r\n");
        }
        push_line(&mut self.hints, name.as_bytes(), value);
        if self.more_hints {
            return;
        }
        let mut out = io().take_buffer();
        out.append(&mut self.hints);
        out.extend_from_slice(CRLF);
        self.progress.bytes_out += out.len() as u64;
        session.client.queue(Chunk::Owned(out));
        session.client.flush();
    }

    fn is_head_only(&self) -> bool {
        self.progress.head_read && self.request.method == Method::Head
    }

    /// Composes a reply.
    pub(super) fn prepare_reply(
        &self,
        session: &Session,
        reply: &Reply,
        context: &Context<'_>,
    ) -> Prepared<'static> {
        let mut out = Vec::new();
        let render = &mut |out: &mut Vec<u8>, format: &Format| {
            rule::render(out, format, Destination::Field, context);
        };
        match &reply.content {
            ReplyContent::Own(page) => write_page(&mut out, page, self.is_head_only(), render),
            ReplyContent::Page => {
                let backend = self.progress.place.as_ref().map(|place| &place.backend().pages);
                let frontend = &session.shard.frontends[session.frontend].pages;
                let pages = (backend, frontend);
                write_reply(&mut out, reply.status, pages, self.is_head_only(), render);
            }
        }
        Prepared::Reply { bytes: self.kept(session, out), status: reply.status }
    }

    /// 401 (407 needs HAProxy's `option http-use-proxy-header`, which does not exist here).
    pub(super) fn prepare_auth(
        &self,
        session: &Session,
        realm: &Format,
        context: &Context<'_>,
    ) -> Prepared<'static> {
        let reply = Reply { status: 401, content: ReplyContent::Page };
        let Prepared::Reply { mut bytes, status } = self.prepare_reply(session, &reply, context)
        else {
            return Prepared::Void;
        };
        if bytes.is_empty() {
            return Prepared::Reply { bytes, status };
        }
        let mut line = b"www-authenticate: Basic realm=\"".to_vec();
        rule::render(&mut line, realm, Destination::Field, context);
        line.extend_from_slice(b"\"\r\n");
        let at =
            memchr::memmem::find(&bytes, b"\r\n\r\n").map_or(bytes.len(), |at| at + CRLF.len());
        bytes.splice(at..at, line);
        Prepared::Reply { bytes, status }
    }

    /// A reply that does not end the connection does not say so.
    fn kept(&self, session: &Session, mut bytes: Vec<u8>) -> Vec<u8> {
        if self.survives_reply(session) {
            // The last line of a head that we wrote; the same words elsewhere are somebody's value.
            let head_len = memchr::memmem::find(&bytes, b"\r\n\r\n").unwrap_or(bytes.len());
            let end = head_len + CRLF.len();
            let head = bytes.get(..end).unwrap_or_default();
            if head.strip_suffix(CLOSE).is_some_and(|before| before.ends_with(CRLF)) {
                bytes.drain(end - CLOSE.len()..end);
            }
        }
        bytes
    }

    /// The beginning of a reply that is made from scratch, without the end of its head.
    pub(super) fn begin_reply(&self, session: &Session, status: u16) -> Vec<u8> {
        let mut out = b"HTTP/1.1 ".to_vec();
        crate::proto::h1::push_decimal(&mut out, u64::from(status));
        out.push(b' ');
        out.extend_from_slice(reason_of(status).as_bytes());
        out.extend_from_slice(CRLF);
        out.extend_from_slice(b"content-length: 0\r\n");
        if !self.survives_reply(session) {
            out.extend_from_slice(CLOSE);
        }
        out
    }
}
