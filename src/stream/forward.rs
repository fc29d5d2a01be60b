//! One buffer of a message's body on its way: decoded, framed anew, queued.

use crate::io::{Chunk, Conn, RecvBuf, io};
use crate::proto::h1::{BodyDecoder, CRLF, ParseError, chunk_prefix, end_chunked};

/// Bytes up to which copying is cheaper than sending another piece.
const COPY_MAX: usize = 4096;

/// What became of a buffer.
pub(super) struct Forwarded {
    /// Bytes queued.
    pub(super) sent_len: usize,
    /// Bytes behind the end of the body.
    pub(super) rest: Option<RecvBuf>,
}

/// Queues the body's bytes in `buffer`, behind `lead` (a head, or nothing), to `to`.
pub(super) fn forward(
    decoder: &mut BodyDecoder,
    chunked: bool,
    mut buffer: RecvBuf,
    lead: Option<Vec<u8>>,
    to: &Conn,
) -> Result<Forwarded, ParseError> {
    let decoded = decoder.decode(buffer.bytes_mut())?;
    let data_len = decoded.data.len();
    let chunked_data = chunked && data_len > 0;
    let has_rest = decoded.consumed < buffer.len();
    let mut out = lead;
    if chunked_data {
        chunk_prefix(out.get_or_insert_with(|| io().take_buffer()), data_len);
    }
    let mut sent_len = 0;
    // A rest keeps the buffer, so that the body's bytes must leave it.
    let copied = data_len <= COPY_MAX || has_rest;
    if copied && data_len > 0 {
        let data = buffer.bytes().get(decoded.data.clone()).unwrap_or_default();
        out.get_or_insert_with(|| io().take_buffer()).extend_from_slice(data);
    } else if data_len > 0 {
        sent_len += queue(to, out.take());
    }
    let mut rest = None;
    if has_rest {
        buffer.advance(decoded.consumed);
        rest = Some(buffer);
    } else if !copied {
        buffer.keep(decoded.data);
        sent_len += buffer.len();
        to.queue(Chunk::Received(buffer));
    }
    if chunked_data {
        out.get_or_insert_with(|| io().take_buffer()).extend_from_slice(CRLF);
    }
    if chunked && decoded.done {
        end_chunked(out.get_or_insert_with(|| io().take_buffer()), decoder.trailers());
    }
    sent_len += queue(to, out);
    Ok(Forwarded { sent_len, rest })
}

/// Appends the body's bytes in `buffer` to `out`; what is behind the end of the body stays.
pub(super) fn append(
    decoder: &mut BodyDecoder,
    buffer: &mut RecvBuf,
    out: &mut Vec<u8>,
) -> Result<(), ParseError> {
    let decoded = decoder.decode(buffer.bytes_mut())?;
    out.extend_from_slice(buffer.bytes().get(decoded.data).unwrap_or_default());
    buffer.advance(decoded.consumed);
    Ok(())
}

/// Appends a part of a body as it is sent; `end` are the trailers behind the last part.
pub(super) fn frame(out: &mut Vec<u8>, data: &[u8], chunked: bool, end: Option<&[u8]>) {
    if !chunked {
        return out.extend_from_slice(data);
    }
    if !data.is_empty() {
        chunk_prefix(out, data.len());
        out.extend_from_slice(data);
        out.extend_from_slice(CRLF);
    }
    if let Some(trailers) = end {
        end_chunked(out, trailers);
    }
}

fn queue(to: &Conn, bytes: Option<Vec<u8>>) -> usize {
    bytes.map_or(0, |bytes| {
        let len = bytes.len();
        to.queue(Chunk::Owned(bytes));
        len
    })
}
