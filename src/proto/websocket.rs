//! The opening handshake of a WebSocket (RFC 6455 section 4): what makes a request one, and the proof
//! that the server understood it. What follows is a tunnel.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1_smol::Sha1;

use super::h1::{Method, ParseError, RequestHead, ResponseHead};

/// RFC 6455 section 1.3.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const KEY_FIELD: &[u8] = b"sec-websocket-key";

/// Bytes of a key before they were encoded (RFC 6455 section 4.1).
const KEY_LEN: usize = 16;

/// Whether a request that asks for an upgrade asks for a WebSocket; then it must be a whole and valid
/// handshake. `bytes`: those of the head. `is_lenient`: the key may be missing.
///
/// # Errors
/// A request that another reader might take for no handshake.
pub fn check_request(
    head: &RequestHead,
    bytes: &[u8],
    is_lenient: bool,
) -> Result<bool, ParseError> {
    if !head.upgrade || !head.values(bytes, b"upgrade").any(names_websocket) {
        return Ok(false);
    }
    let mut keys = head.values(bytes, KEY_FIELD);
    let is_sound = match (keys.next(), keys.next()) {
        // A key that a connection option names would stay here, and the server find no handshake.
        (Some(key), None) => {
            head.method == Method::Get && is_key(key) && head.forwards(bytes, KEY_FIELD)
        }
        (None, _) => is_lenient,
        (Some(_), Some(_)) => false,
    };
    if is_sound { Ok(true) } else { Err(ParseError::WebSocketHandshake) }
}

/// Whether a 101 response switches to the WebSocket that a request of `key` asked for. One without a
/// proof is left to the client to judge, as HAProxy does: no reader takes it for anything else.
pub fn is_accepted(key: &[u8], head: &ResponseHead, bytes: &[u8]) -> bool {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(GUID);
    let expected = STANDARD.encode(hash.digest().bytes());
    head.values(bytes, b"upgrade").any(names_websocket)
        && head.values(bytes, b"sec-websocket-accept").all(|proof| proof == expected.as_bytes())
}

fn names_websocket(upgrade: &[u8]) -> bool {
    let is_websocket = |name: &[u8]| name.trim_ascii().eq_ignore_ascii_case(b"websocket");
    upgrade.split(|byte| *byte == b',').any(is_websocket)
}

fn is_key(key: &[u8]) -> bool {
    STANDARD.decode(key).is_ok_and(|decoded| decoded.len() == KEY_LEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::h1::Limits;

    const LIMITS: Limits = Limits::strict(16_384, 100);
    const LENIENT: bool = true;
    /// The example of RFC 6455 section 1.3.
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    fn check(method: &str, lines: &str, is_lenient: bool) -> Result<bool, ParseError> {
        let text = format!("{method} / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n{lines}\r\n");
        let mut head = RequestHead::default();
        assert_eq!(head.parse(text.as_bytes(), &LIMITS), Ok(true));
        check_request(&head, text.as_bytes(), is_lenient)
    }

    #[test]
    fn requests() {
        let key = format!("Sec-WebSocket-Key: {KEY}\r\n");
        let good = format!("Upgrade: WebSocket\r\n{key}");
        assert_eq!(check("GET", &good, !LENIENT), Ok(true));
        assert_eq!(check("GET", "Upgrade: other\r\n", !LENIENT), Ok(false));
        assert_eq!(check("GET", &key, !LENIENT), Ok(false), "no upgrade");
        let bad = Err(ParseError::WebSocketHandshake);
        assert_eq!(check("POST", &good, !LENIENT), bad);
        assert_eq!(check("GET", "Upgrade: websocket\r\n", !LENIENT), bad);
        assert_eq!(check("GET", "Upgrade: websocket\r\n", LENIENT), Ok(true));
        assert_eq!(check("GET", &format!("{good}{key}"), LENIENT), bad, "two keys");
        let nominated = format!("{good}Connection: sec-websocket-key\r\n");
        assert_eq!(check("GET", &nominated, LENIENT), bad, "the key is for this hop");
        let second = "Upgrade: other\r\nUpgrade: a, websocket\r\n";
        assert_eq!(check("GET", second, !LENIENT), bad, "not the first name");
        for key in ["", "abc", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZTEyMzQ="] {
            let lines = format!("Upgrade: websocket\r\nSec-WebSocket-Key: {key}\r\n");
            assert_eq!(check("GET", &lines, !LENIENT), bad, "{key:?}");
        }
    }

    #[test]
    fn responses() {
        let accepts = |lines: &str| {
            let text =
                format!("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n{lines}\r\n");
            let mut head = ResponseHead::default();
            assert_eq!(head.parse(text.as_bytes(), &LIMITS, Method::Get), Ok(true));
            is_accepted(KEY.as_bytes(), &head, text.as_bytes())
        };
        assert!(accepts(&format!("Upgrade: websocket\r\nSec-WebSocket-Accept: {ACCEPT}\r\n")));
        assert!(!accepts(&format!("Sec-WebSocket-Accept: {ACCEPT}\r\n")));
        assert!(!accepts(&format!("Upgrade: other\r\nSec-WebSocket-Accept: {ACCEPT}\r\n")));
        assert!(accepts("Upgrade: websocket\r\n"));
        let other = ACCEPT.replace('s', "S");
        assert!(!accepts(&format!("Upgrade: websocket\r\nSec-WebSocket-Accept: {other}\r\n")));
    }
}
