//! What a header of `send-proxy-v2-ssl` says of TLS: the TLV [`SSL`](tlv::SSL) as it is written
//! (section 2.2.6 of the document).

use super::tlv::{self, push_tlv};

/// TLS of the client's connection; the default is a client without TLS.
///
/// A value that is too long for its TLV (`tlv::SSL_*_LEN_MAX`) is left out, never cut: the
/// beginning of a common name can be another's.
#[derive(Clone, Copy, Debug, Default)]
pub struct SslOut<'a> {
    /// [`tlv::CLIENT_SSL`], [`tlv::CLIENT_CERT_CONN`] and [`tlv::CLIENT_CERT_SESS`]. Without the
    /// first, nothing else of this is sent.
    pub client: u8,
    /// 0 when the client's certificate was verified; else why it was not, 1 if nothing better is
    /// known. HAProxy sends OpenSSL's code, and 0 also when there is no certificate, whatever the
    /// document says of that; so do we.
    pub verify: u32,
    /// As `TLSv1.3`, sent whenever it is known.
    pub version: Option<&'a [u8]>,
    /// The common name of the client's certificate: `send-proxy-v2-ssl-cn`, `proxy-v2-options
    /// cert-cn`.
    pub cn: Option<&'a [u8]>,
    /// As `EC256` or `RSA2048`, of the key of our own certificate: `proxy-v2-options cert-key`.
    pub key_alg: Option<&'a [u8]>,
    /// As `ecdsa-with-SHA256`, which signed our own certificate: `proxy-v2-options cert-sig`.
    pub sig_alg: Option<&'a [u8]>,
    /// As `TLS_AES_256_GCM_SHA384`: `proxy-v2-options ssl-cipher`.
    pub cipher: Option<&'a [u8]>,
}

impl SslOut<'_> {
    /// Appends the TLV, what is within in HAProxy's order.
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        let (client, verify) =
            if self.is_tls() { (self.client, self.verify) } else { Default::default() };
        let start = out.len();
        out.extend_from_slice(&[tlv::SSL, 0, 0, client]);
        out.extend_from_slice(&verify.to_be_bytes());
        if self.is_tls() {
            self.push_values(out);
        }
        // The limits of the values keep this far below what 16 bits hold.
        let len = (out.len() - start - tlv::HEAD_LEN) as u16;
        if let Some(place) = out.get_mut(start + 1..start + tlv::HEAD_LEN) {
            place.copy_from_slice(&len.to_be_bytes());
        }
    }

    fn push_values(&self, out: &mut Vec<u8>) {
        push_tlv(out, tlv::SSL_VERSION, self.version, tlv::SSL_NAME_LEN_MAX);
        push_tlv(out, tlv::SSL_CN, self.cn, tlv::SSL_CN_LEN_MAX);
        push_tlv(out, tlv::SSL_KEY_ALG, self.key_alg, tlv::SSL_NAME_LEN_MAX);
        push_tlv(out, tlv::SSL_SIG_ALG, self.sig_alg, tlv::SSL_NAME_LEN_MAX);
        push_tlv(out, tlv::SSL_CIPHER, self.cipher, tlv::SSL_NAME_LEN_MAX);
    }

    fn is_tls(&self) -> bool {
        self.client & tlv::CLIENT_SSL != 0
    }
}

#[cfg(test)]
mod tests;
