//! The inspector of a TLS ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2): what a
//! client asks for, read before anything of TLS is answered, or without ever answering it.
//!
//! ```text
//! bytes -> record (records -> one message) -> layout (message -> its fields) -> ClientHello
//!            \ foreign (no TLS: what else?)     \ extension, server_name (checked one by one)
//! ```
//!
//! The terminator chooses certificate and policy by it and then gives rustls the same bytes, and
//! passthrough chooses a server that reads them for itself. Whoever can make two readers see two
//! names gets past the rules of one. So this is strict where a field is read, at least as strict
//! as rustls: all lengths must be exact, and nothing is taken twice. What no rule reads passes.
//!
//! Nothing is kept between two calls, nothing is copied but a hello that spans records.

pub mod error;

mod extension;
mod foreign;
mod layout;
mod reader;
mod record;
mod server_name;

#[cfg(test)]
mod testing;

use std::borrow::Cow;

pub use error::HelloError;
pub use extension::codes;

use extension::Extensions;
use layout::Layout;
use reader::Reader;

/// A limit that leaves room for every client that is known: with post-quantum keys, a ticket and
/// an encrypted hello within they send about 4 KiB.
pub const HELLO_LEN_MAX: usize = 16 * 1024;

/// The records that a hello may come in. A client that hides it from censors cuts it into hundreds
/// of a few bytes; each that arrives makes us look at all again.
pub const RECORDS_MAX: usize = 1024;

// Handshake types (RFC 8446 section 4).
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// A whole and valid ClientHello. Lists come as on the wire, without their lengths, for
/// [`codes`] and for HAProxy's `_bin` samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello<'a> {
    /// The bytes of its records; what follows is not part of it.
    pub len: usize,
    /// The version of its first record, which means nothing since TLS 1.3.
    pub record_version: u16,
    /// The version that it states: `ssl_fc_protocol_hello_id`, and `req.ssl_ver` with its bytes 16
    /// bits apart. TLS 1.3 states 1.2.
    pub legacy_version: u16,
    /// The message without type and length.
    body: Cow<'a, [u8]>,
    layout: Layout,
}

/// What begins a stream: `req.ssl_hello_type` and `res.ssl_hello_type`, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelloType {
    None = 0,
    Client = 1,
    Server = 2,
}

/// Reads the ClientHello at the beginning of `bytes`; `None` while it is not whole.
///
/// `max`: how many bytes its records may have, their headers counted, and thus the buffer that is
/// enough to wait for it ([`HELLO_LEN_MAX`]). `bytes` must begin where the connection begins. The
/// verdict does not depend on how they arrive: once there is one, more bytes do not change it.
///
/// # Errors
/// The first rule that the bytes break: they will never be a ClientHello.
pub fn inspect(bytes: &[u8], max: usize) -> Result<Option<ClientHello<'_>>, HelloError> {
    let Some(message) = record::first_message(bytes, max, |kind| kind == CLIENT_HELLO)? else {
        return Ok(None);
    };
    // The server answers next: no message may share the record (RFC 8446 section 5.1).
    if message.is_followed {
        return Err(HelloError::MessageFollows);
    }
    let layout = Layout::read(&message.body)?;
    Ok(Some(ClientHello {
        len: message.len,
        record_version: message.record_version,
        legacy_version: layout.legacy_version,
        body: message.body,
        layout,
    }))
}

/// Which hello `bytes` begin with; `None` while it is not whole, and nothing else either.
///
/// Only records and the message's length are checked, as in HAProxy: what is malformed within is a
/// hello still. `max` as for [`inspect`].
pub fn hello_type(bytes: &[u8], max: usize) -> Option<HelloType> {
    let is_hello = |kind| matches!(kind, CLIENT_HELLO | SERVER_HELLO);
    match record::first_message(bytes, max, is_hello) {
        // What it is instead may take a few bytes more to tell.
        Ok(None) => record::is_foreign(bytes).then_some(HelloType::None),
        Ok(Some(message)) if message.kind == CLIENT_HELLO => Some(HelloType::Client),
        Ok(Some(_)) => Some(HelloType::Server),
        Err(_) => Some(HelloType::None),
    }
}

impl ClientHello<'_> {
    /// At most 32 bytes. Since TLS 1.3 it names no session.
    pub fn session_id(&self) -> &[u8] {
        self.part(&self.layout.session_id)
    }

    /// Two bytes each, in the client's order: `req.ssl_cipherlist`, `ssl_fc_cipherlist_bin`.
    pub fn cipher_suites(&self) -> &[u8] {
        self.part(&self.layout.cipher_suites)
    }

    /// A byte each; one of them is 0, no compression.
    pub fn compression_methods(&self) -> &[u8] {
        self.part(&self.layout.compression_methods)
    }

    /// In the client's order, each once: `ssl_fc_extlist_bin`.
    pub fn extension_types(&self) -> impl Iterator<Item = u16> {
        self.extensions().map(|(kind, _)| kind)
    }

    /// The value of an extension by its number (IANA's "TLS ExtensionType Values").
    pub fn extension(&self, kind: u16) -> Option<&[u8]> {
        self.extensions().find(|(found, _)| *found == kind).map(|(_, value)| value)
    }

    /// The host name that the client asked for (RFC 6066 section 3), as sent but for a dot at its
    /// end: to be compared without regard to case. At most 253 letters, digits, hyphens,
    /// underscores and dots, as a DNS name has them: `req.ssl_sni`.
    ///
    /// `None` without the extension, and when it says an IP address, which it must not: rustls too
    /// takes the client then for one that sent no name.
    pub fn server_name(&self) -> Option<&str> {
        let value = self.extension(extension::SERVER_NAME)?;
        server_name::host_name(value).ok().flatten()
    }

    /// The protocols that the client speaks, the best first; none is empty. None without the
    /// extension: `req.ssl_alpn` (RFC 7301 section 3.1).
    pub fn alpn(&self) -> impl Iterator<Item = &[u8]> {
        let list = self.extension(extension::ALPN).and_then(reader::whole16);
        let mut names = Reader::new(list.unwrap_or_default());
        std::iter::from_fn(move || names.vec8())
    }

    /// Two bytes each: `ssl_fc_supported_versions_bin` (RFC 8446 section 4.2.1).
    pub fn supported_versions(&self) -> Option<&[u8]> {
        self.extension(extension::SUPPORTED_VERSIONS).and_then(reader::whole8)
    }

    /// Two bytes each: `req.ssl_supported_groups`, `ssl_fc_eclist_bin`; whether there are any is
    /// `req.ssl_ec_ext` (RFC 8446 section 4.2.7).
    pub fn supported_groups(&self) -> Option<&[u8]> {
        self.extension(extension::SUPPORTED_GROUPS).and_then(reader::whole16)
    }

    /// A byte each: `ssl_fc_ecformats_bin` (RFC 8422 section 5.1.2).
    pub fn point_formats(&self) -> Option<&[u8]> {
        self.extension(extension::POINT_FORMATS).and_then(reader::whole8)
    }

    /// Two bytes each: `req.ssl_sigalgs`, `ssl_fc_sigalgs_bin` (RFC 8446 section 4.2.3).
    pub fn signature_algorithms(&self) -> Option<&[u8]> {
        self.extension(extension::SIGNATURE_ALGORITHMS).and_then(reader::whole16)
    }

    /// The groups for which the client sent keys: `req.ssl_keyshare_groups` (RFC 8446 section
    /// 4.2.8).
    pub fn key_share_groups(&self) -> impl Iterator<Item = u16> {
        let shares = self.extension(extension::KEY_SHARE).and_then(reader::whole16);
        let mut shares = Reader::new(shares.unwrap_or_default());
        std::iter::from_fn(move || extension::key_share(&mut shares))
    }

    /// The ticket of a session until TLS 1.2, empty when the client only says that it takes one
    /// (RFC 5077 section 3.2); `req.ssl_st_ext` is 0 without this, 1 when it is empty, else 2.
    pub fn session_ticket(&self) -> Option<&[u8]> {
        self.extension(extension::SESSION_TICKET)
    }

    /// Whether it offers to resume a session of TLS 1.3, or another shared key.
    pub fn has_pre_shared_key(&self) -> bool {
        self.extension(extension::PRE_SHARED_KEY).is_some()
    }

    /// Whether requests may follow at once, which anybody can send again (0-RTT).
    pub fn has_early_data(&self) -> bool {
        self.extension(extension::EARLY_DATA).is_some()
    }

    /// Whether another hello is encrypted within this one, or looks as if it were (RFC 9849): then
    /// `server_name` is not the name that the client means, but that of who can decrypt it.
    pub fn has_encrypted_hello(&self) -> bool {
        let value = self.extension(extension::ENCRYPTED_CLIENT_HELLO);
        value.and_then(<[u8]>::first) == Some(&extension::ECH_OUTER)
    }

    /// The highest version that it offers, as 0x0304 for TLS 1.3. Values that are there to keep
    /// servers tolerant (GREASE, RFC 8701) and drafts are none; 0 when all are.
    pub fn highest_version(&self) -> u16 {
        let Some(versions) = self.supported_versions() else { return self.legacy_version };
        codes(versions).filter(|version| version >> 8 == 3).max().unwrap_or(0)
    }

    fn extensions(&self) -> Extensions<'_> {
        Extensions::new(self.part(&self.layout.extensions))
    }

    fn part(&self, range: &std::ops::Range<usize>) -> &[u8] {
        self.body.get(range.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
