//! The protection of TLS records, one direction: a record is sealed where it is built and opened where
//! it lies.
//!
//! rustls agrees on the keys, this uses them: rustls 0.23 copies what a record carries once to receive
//! it and twice to send it, into memory that it allocates for each (`received_plaintext`,
//! `PrefixedPayload`, `write_fragments`), which for 16 KiB costs more than the cipher. Here it is
//! copied once to send it, and to receive it where it comes in two buffers. RFC 8446 section 5.2,
//! RFC 5246 section 6.2.3.3, RFC 5288 section 3, RFC 7905 section 2.

#[cfg(test)]
mod tests;

use std::ops::Range;

use aws_lc_rs::aead::{
    AES_128_GCM, AES_256_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce,
    UnboundKey,
};
use rustls::{AlertDescription, ConnectionTrafficSecrets};

/// Type, version and length.
pub(super) const HEADER_LEN: usize = 5;
/// The most that a record may carry.
pub(super) const PLAIN_MAX: usize = 16 * 1024;
/// The most that protection may add, TLS 1.3 (its type, padding and tag) and TLS 1.2.
const EXPANSION_MAX_13: usize = 256;
const EXPANSION_MAX_12: usize = 2048;
/// What every cipher adds at the end.
const TAG_LEN: usize = 16;
/// What AES-GCM in TLS 1.2 sends of the nonce.
const EXPLICIT_LEN: usize = 8;
/// Records that AES-GCM may protect with one key (RFC 8446 section 5.5), with room to say so.
const GCM_RECORDS_MAX: u64 = (1 << 24) - LAST_WORDS_MAX;
/// Records besides data that a worn key still protects: that another one follows, or the end.
const LAST_WORDS_MAX: u64 = 64;

/// What a record carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Alert = 21,
    Handshake = 22,
    Data = 23,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Tls13,
    /// TLS 1.2 with a part of the nonce in each record.
    Gcm12,
    Chacha12,
}

/// The key of one direction, and how often it was used.
pub(super) struct Protection {
    key: LessSafeKey,
    iv: [u8; NONCE_LEN],
    /// The number of the next record.
    pub(super) number: u64,
    /// Where the key is worn.
    pub(super) number_max: u64,
    scheme: Scheme,
}

impl Protection {
    /// `None` where the keys are not what their cipher needs, which rustls does not produce.
    pub(super) fn new(
        secrets: &ConnectionTrafficSecrets,
        number: u64,
        is_13: bool,
    ) -> Option<Self> {
        let (algorithm, key, iv): (&'static Algorithm, _, _) = match secrets {
            ConnectionTrafficSecrets::Aes128Gcm { key, iv } => (&AES_128_GCM, key, iv),
            ConnectionTrafficSecrets::Aes256Gcm { key, iv } => (&AES_256_GCM, key, iv),
            ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => (&CHACHA20_POLY1305, key, iv),
            _ => return None,
        };
        let is_gcm = !matches!(secrets, ConnectionTrafficSecrets::Chacha20Poly1305 { .. });
        let key = UnboundKey::new(algorithm, key.as_ref()).ok()?;
        Some(Self {
            key: LessSafeKey::new(key),
            iv: iv.as_ref().try_into().ok()?,
            number,
            number_max: if is_gcm { GCM_RECORDS_MAX } else { u64::MAX - LAST_WORDS_MAX },
            scheme: match (is_13, is_gcm) {
                (true, _) => Scheme::Tls13,
                (false, true) => Scheme::Gcm12,
                (false, false) => Scheme::Chacha12,
            },
        })
    }

    /// Whether the key was used as often as it may be for data.
    pub(super) fn is_worn(&self) -> bool {
        self.number >= self.number_max
    }

    /// How long the record is whose header `bytes` begin with; `None`: its header is not there yet.
    pub(super) fn record_len(&self, bytes: &[u8]) -> Result<Option<usize>, AlertDescription> {
        let Some(&[_, version, _, high, low]) = bytes.first_chunk::<HEADER_LEN>() else {
            return Ok(None);
        };
        // Whatever it is, there is no use in waiting for its end.
        if version != 3 {
            return Err(AlertDescription::ProtocolVersion);
        }
        let len = usize::from(u16::from_be_bytes([high, low]));
        let expansion_max =
            if self.scheme == Scheme::Tls13 { EXPANSION_MAX_13 } else { EXPANSION_MAX_12 };
        match len <= PLAIN_MAX + expansion_max {
            true => Ok(Some(HEADER_LEN + len)),
            false => Err(AlertDescription::RecordOverflow),
        }
    }

    /// Opens a whole record where it lies. Returns what it carries, and where.
    pub(super) fn open(
        &mut self,
        record: &mut [u8],
    ) -> Result<(Content, Range<usize>), AlertDescription> {
        let (header, body) =
            record.split_first_chunk_mut::<HEADER_LEN>().ok_or(AlertDescription::DecodeError)?;
        let (kind, range) = match self.scheme {
            Scheme::Tls13 => self.open_13(*header, body)?,
            Scheme::Gcm12 => {
                let (explicit, sealed) = body
                    .split_first_chunk_mut::<EXPLICIT_LEN>()
                    .ok_or(AlertDescription::BadRecordMac)?;
                let mut nonce = self.iv;
                nonce[NONCE_LEN - EXPLICIT_LEN..].copy_from_slice(explicit);
                let len = self.open_12(nonce, *header, sealed)?;
                (header[0], EXPLICIT_LEN..EXPLICIT_LEN + len)
            }
            Scheme::Chacha12 => (header[0], 0..self.open_12(self.nonce(), *header, body)?),
        };
        self.number += 1;
        if range.len() > PLAIN_MAX {
            return Err(AlertDescription::RecordOverflow);
        }
        let content = match kind {
            21 => Content::Alert,
            22 => Content::Handshake,
            23 => Content::Data,
            _ => return Err(AlertDescription::UnexpectedMessage),
        };
        // An empty alert or message is nothing that anybody would send (RFC 8446 section 5.1).
        if range.is_empty() && content != Content::Data {
            return Err(AlertDescription::UnexpectedMessage);
        }
        Ok((content, HEADER_LEN + range.start..HEADER_LEN + range.end))
    }

    /// The inner type is the last byte that is not zero.
    fn open_13(
        &self,
        header: [u8; HEADER_LEN],
        sealed: &mut [u8],
    ) -> Result<(u8, Range<usize>), AlertDescription> {
        if header[0] != Content::Data as u8 {
            return Err(AlertDescription::UnexpectedMessage);
        }
        let nonce = Nonce::assume_unique_for_key(self.nonce());
        let opened = self.key.open_in_place(nonce, Aad::from(header), sealed);
        let plain = opened.map_err(|_| AlertDescription::BadRecordMac)?;
        // With its type, but padding is no excuse for more (RFC 8446 section 5.4).
        if plain.len() > PLAIN_MAX + 1 {
            return Err(AlertDescription::RecordOverflow);
        }
        let end = plain.iter().rposition(|byte| *byte != 0);
        let end = end.ok_or(AlertDescription::UnexpectedMessage)?;
        Ok((plain[end], 0..end))
    }

    fn open_12(
        &self,
        nonce: [u8; NONCE_LEN],
        header: [u8; HEADER_LEN],
        sealed: &mut [u8],
    ) -> Result<usize, AlertDescription> {
        let len = sealed.len().checked_sub(TAG_LEN).ok_or(AlertDescription::BadRecordMac)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened = self.key.open_in_place(nonce, self.aad_12(header, len), sealed);
        opened.map(|plain| plain.len()).map_err(|_| AlertDescription::BadRecordMac)
    }

    /// Appends a record to `out`, which carries what `fill` appends: no more than [`PLAIN_MAX`] bytes.
    /// False when it could not be sealed, and `out` is as before.
    pub(super) fn seal(
        &mut self,
        content: Content,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&mut Vec<u8>),
    ) -> bool {
        let start = out.len();
        out.extend_from_slice(&[content as u8, 3, 3, 0, 0]);
        let nonce = self.nonce();
        if self.scheme == Scheme::Gcm12 {
            out.extend_from_slice(&nonce[NONCE_LEN - EXPLICIT_LEN..]);
        }
        let plain_at = out.len();
        fill(out);
        let plain_len = out.len() - plain_at;
        let last_words = if content == Content::Data { 0 } else { LAST_WORDS_MAX };
        let limit = self.number_max + last_words;
        let sealed = plain_len <= PLAIN_MAX
            && self.number < limit
            && self.seal_at(content, out, (start, plain_at), nonce).is_some();
        if !sealed {
            out.truncate(start);
        }
        self.number += u64::from(sealed);
        sealed
    }

    fn seal_at(
        &self,
        content: Content,
        out: &mut Vec<u8>,
        (start, plain_at): (usize, usize),
        nonce: [u8; NONCE_LEN],
    ) -> Option<()> {
        let plain_len = out.len() - plain_at;
        if self.scheme == Scheme::Tls13 {
            out.push(content as u8);
        }
        let (head, plain) = out.split_at_mut_checked(plain_at)?;
        let header = head.get_mut(start..)?.first_chunk_mut::<HEADER_LEN>()?;
        if self.scheme == Scheme::Tls13 {
            header[0] = Content::Data as u8;
        }
        let explicit_len = if self.scheme == Scheme::Gcm12 { EXPLICIT_LEN } else { 0 };
        let len = u16::try_from(explicit_len + plain.len() + TAG_LEN).ok()?;
        [header[3], header[4]] = len.to_be_bytes();
        let header = *header;
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = match self.scheme {
            Scheme::Tls13 => self.key.seal_in_place_separate_tag(nonce, Aad::from(header), plain),
            Scheme::Gcm12 | Scheme::Chacha12 => {
                let aad = self.aad_12(header, plain_len);
                self.key.seal_in_place_separate_tag(nonce, aad, plain)
            }
        };
        out.extend_from_slice(tag.ok()?.as_ref());
        Some(())
    }

    /// RFC 8446 section 5.3; of AES-GCM in TLS 1.2 it is ours to choose, and this is never the same
    /// twice.
    fn nonce(&self) -> [u8; NONCE_LEN] {
        let mut nonce = self.iv;
        let number = self.number.to_be_bytes();
        for (byte, number) in nonce.iter_mut().skip(NONCE_LEN - number.len()).zip(number) {
            *byte ^= number;
        }
        nonce
    }

    /// What TLS 1.2 protects besides: the record's number, and its header as it was before.
    fn aad_12(&self, header: [u8; HEADER_LEN], len: usize) -> Aad<[u8; 13]> {
        let mut aad = [0; 13];
        aad[..8].copy_from_slice(&self.number.to_be_bytes());
        aad[8..11].copy_from_slice(&header[..3]);
        aad[11..].copy_from_slice(&(len as u16).to_be_bytes());
        Aad::from(aad)
    }
}
