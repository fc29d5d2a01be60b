//! Where the fields of a ClientHello are (RFC 8446 section 4.1.2), once all of it is valid.

use std::ops::Range;

use super::reader::Reader;
use super::{HelloError, extension};

const RANDOM_LEN: usize = 32;

const SESSION_ID_LEN_MAX: usize = 32;

const NO_COMPRESSION: u8 = 0;

/// Ranges within the message's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) legacy_version: u16,
    pub(super) session_id: Range<usize>,
    pub(super) cipher_suites: Range<usize>,
    pub(super) compression_methods: Range<usize>,
    pub(super) extensions: Range<usize>,
}

impl Layout {
    pub(super) fn read(body: &[u8]) -> Result<Self, HelloError> {
        let mut rest = Reader::new(body);
        // Of what was read last, which ends where the rest begins.
        let range = |rest: &Reader<'_>, part: &[u8]| {
            let end = body.len() - rest.len();
            end - part.len()..end
        };
        let legacy_version = rest.code().ok_or(HelloError::TooShort)?;
        if legacy_version >> 8 != 3 {
            return Err(HelloError::Version);
        }
        rest.take(RANDOM_LEN).ok_or(HelloError::TooShort)?;
        let session_id = rest.vec8().filter(|id| id.len() <= SESSION_ID_LEN_MAX);
        let session_id = range(&rest, session_id.ok_or(HelloError::SessionId)?);
        let cipher_suites = rest.vec16().filter(|suites| extension::are_codes(suites));
        let cipher_suites = range(&rest, cipher_suites.ok_or(HelloError::CipherSuites)?);
        let compression_methods = rest.vec8().filter(|methods| methods.contains(&NO_COMPRESSION));
        let compression_methods = range(&rest, compression_methods.ok_or(HelloError::Compression)?);
        let extensions = extensions(&mut rest)?;
        extension::check(extensions)?;
        let extensions = range(&rest, extensions);
        Ok(Self { legacy_version, session_id, cipher_suites, compression_methods, extensions })
    }
}

/// All that follows, which before TLS 1.3 may be nothing.
fn extensions<'a>(rest: &mut Reader<'a>) -> Result<&'a [u8], HelloError> {
    if rest.is_at_end() {
        return Ok(&[]);
    }
    let extensions = rest.vec16().ok_or(HelloError::Extensions)?;
    if rest.is_at_end() { Ok(extensions) } else { Err(HelloError::TrailingBytes) }
}
