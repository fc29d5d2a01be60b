//! What a client speaks that does not speak TLS, for the log: most often its port or its settings
//! are another's.

use super::HelloError;

// Types of records (RFC 8446 section 5.1), 24 is RFC 6520's heartbeat.
const ALERT: u8 = 21;
const CHANGE_CIPHER_SPEC: u8 = 20;
const APPLICATION_DATA: u8 = 23;
const HEARTBEAT: u8 = 24;

/// How other protocols begin: HTTP with one of its methods or HTTP/2's preface (RFC 9113 section
/// 3.4), the PROXY protocol with a word or a signature.
const BEGINNINGS: [(&[u8], HelloError); 12] = [
    (b"CONNECT ", HelloError::Http),
    (b"DELETE ", HelloError::Http),
    (b"GET ", HelloError::Http),
    (b"HEAD ", HelloError::Http),
    (b"OPTIONS ", HelloError::Http),
    (b"PATCH ", HelloError::Http),
    (b"POST ", HelloError::Http),
    (b"PRI * HTTP/2.0", HelloError::Http),
    (b"PUT ", HelloError::Http),
    (b"TRACE ", HelloError::Http),
    (b"PROXY ", HelloError::ProxyHeader),
    (b"\r\n\r\n\0\r\nQUIT\n", HelloError::ProxyHeader),
];

/// What begins with `bytes`, which are no handshake; `None` while they do not tell, 14 at most.
pub(super) fn what(bytes: &[u8]) -> Option<HelloError> {
    match bytes {
        [ALERT, ..] => Some(HelloError::Alert),
        [CHANGE_CIPHER_SPEC | APPLICATION_DATA | HEARTBEAT, ..] => Some(HelloError::NotHandshake),
        [0x80..=0xff, ..] => sslv2(bytes),
        _ => match BEGINNINGS.iter().find(|(beginning, _)| bytes.starts_with(beginning)) {
            Some((_, error)) => Some(*error),
            None => {
                let is_begun = BEGINNINGS.iter().any(|(word, _)| word.starts_with(bytes));
                (!is_begun).then_some(HelloError::NotTls)
            }
        },
    }
}

/// A hello in SSL 2.0's form: a length with its highest bit set, type 1, the version (RFC 5246
/// appendix E.2). That it may offer TLS helps nobody: servers must not take it (RFC 6176).
fn sslv2(bytes: &[u8]) -> Option<HelloError> {
    match bytes {
        [_, _, 1, 0 | 3, ..] => Some(HelloError::SslV2),
        [_] | [_, _] | [_, _, 1] => None,
        _ => Some(HelloError::NotTls),
    }
}
