//! The PROXY protocol's header, with which a client's proxy names the client.

use super::Session;
use super::handshake::{Refused, Words};
use crate::io::{InputEnd, RecvBuf};
use crate::proto::proxy_protocol::{self, HEADER_LEN_MAX, Header, ProxyError};

const WORDS: Words = Words {
    closed: "Connection closed while waiting for PROXY protocol header",
    broken: "Connection error while waiting for PROXY protocol header",
    timed_out: "Timeout while waiting for PROXY protocol header",
    stopped: "Stopped while waiting for PROXY protocol header",
};

impl Session {
    pub(super) async fn read_proxy_header(&mut self, deadline: u64) -> Result<Header, Refused> {
        let mut bytes = Vec::new();
        loop {
            while let Some(buffer) = self.client.take() {
                if let Some(header) = self.add_to_header(&mut bytes, buffer)? {
                    if let Some(extras) = self.extras.as_deref_mut() {
                        extras.keep_tlvs(header.tlv_bytes(&bytes));
                    }
                    return Ok(header);
                }
            }
            let is_silent = bytes.is_empty();
            if !is_silent && self.client.input_end() == Some(InputEnd::Closed) {
                return Err(Refused::because(ProxyError::Truncated.to_string()));
            }
            self.await_handshake(deadline, is_silent, &WORDS).await?;
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
        let parsed = parsed.map_err(|error| Refused::because(error.to_string()))?;
        if let Some(header) = &parsed {
            buffer.advance(header.len - before);
            if !buffer.is_empty() {
                self.client.put_back(buffer);
            }
        }
        Ok(parsed)
    }

    pub(super) fn take_addresses(&mut self, header: Header) {
        if header.source.is_some() {
            (self.source, self.destination) = (header.source, header.destination.map(Box::new));
        }
    }
}
