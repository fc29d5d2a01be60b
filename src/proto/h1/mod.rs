//! HTTP/1.0 and HTTP/1.1 (RFC 9112): heads and bodies read strictly, then written anew.
//!
//! ```text
//! bytes -> head (target, fields, framing) -> encode -> bytes
//!       -> body                           -> encode -> bytes
//! ```
//!
//! Nothing is forwarded as it came: a head is parsed whole, its framing is decided once
//! (`framing`), and what leaves is written from that decision. A message that two readers could
//! read in two ways is refused.

pub mod body;
pub mod edit;
pub mod encode;
pub mod error;
pub mod field;
pub mod framing;
pub mod head;
pub mod lenient;
pub mod reply;

mod target;

#[cfg(test)]
mod testing;

pub use body::{BodyDecoder, Decoded};
pub use edit::{EditError, EditFields};
pub use encode::{
    BodyOut, CRLF, ConnectionOut, RequestOut, ResponseOut, chunk_prefix, encode_request,
    encode_response, end_chunked, push_address, push_address_line, push_decimal, push_line,
};
pub use error::ParseError;
pub use field::{Field, FieldKind, Span};
pub use framing::{Framing, ResponseFraming, Version};
pub use head::{Limits, Method, RequestHead, ResponseHead};
pub use lenient::is_plain_name;
pub use reply::{error_reply, error_reply_head, reason_of};
pub use target::host_of;
