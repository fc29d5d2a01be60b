//! The few HTTP words that a configuration holds, checked so that they cannot smuggle bytes.

use crate::text::Fault;

/// A method or a field name (RFC 9110 section 5.6.2).
pub(crate) fn token(text: &str) -> Result<String, Fault> {
    let is_tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    checked(text, "an HTTP token", "letters, digits and !#$%&'*+-.^_`|~", is_tchar)
}

/// A request target: a path with its query, or `*`.
pub(crate) fn target(text: &str) -> Result<String, Fault> {
    let uri =
        checked(text, "a request target", "visible ASCII characters", |b| b.is_ascii_graphic())?;
    if uri.starts_with('/') || uri == "*" {
        return Ok(uri);
    }
    let expected = "a path starts with `/`";
    Err(Fault::new(0..text.len(), "is not a request target", expected))
}

/// The value of a `host` field.
pub(crate) fn host(text: &str) -> Result<String, Fault> {
    checked(text, "a host", "a name or an address, with a port if need be", |b| {
        b.is_ascii_alphanumeric() || b"-._:[]~%".contains(&b)
    })
}

/// The value of a field (RFC 9110 section 5.5), of which nothing is trimmed.
pub(crate) fn field_value(text: &str) -> Result<String, Fault> {
    match text.char_indices().find(|(_, c)| c.is_control() && *c != '\t') {
        None => Ok(text.to_owned()),
        Some((at, c)) => Err(Fault::new(
            at..at + c.len_utf8(),
            "has a control character",
            "the value of a header has visible characters and blanks only",
        )),
    }
}

/// A reference to another place (RFC 9110 section 10.2.2), absolute or not.
pub(crate) fn location(text: &str) -> Result<String, Fault> {
    checked(text, "a URL", "visible ASCII characters", |b| b.is_ascii_graphic())
}

/// Whether a field is about the connection or the framing, which are the proxy's own (RFC 9110
/// section 7.6.1). The name is in lower case.
pub(crate) fn is_of_connection(name: &str) -> bool {
    const FIELDS: [&str; 8] = [
        "connection",
        "content-length",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    FIELDS.contains(&name)
}

fn checked(
    text: &str,
    noun: &str,
    allowed: &str,
    is_allowed: impl Fn(u8) -> bool,
) -> Result<String, Fault> {
    if text.is_empty() {
        return Err(Fault::new(0..0, "is empty", format!("give {noun}: {allowed}")));
    }
    let bad = text.char_indices().find(|(_, c)| !u8::try_from(*c).is_ok_and(&is_allowed));
    match bad {
        None => Ok(text.to_owned()),
        Some((at, c)) => Err(Fault::new(
            at..at + c.len_utf8(),
            format!("is not {noun}"),
            format!("only {allowed}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass() {
        assert_eq!(token("X-Client"), Ok("X-Client".to_owned()));
        assert_eq!(target("/healthz?full=1"), Ok("/healthz?full=1".to_owned()));
        assert_eq!(target("*"), Ok("*".to_owned()));
        assert_eq!(field_value("a \t\u{e9}"), Ok("a \t\u{e9}".to_owned()));
        assert_eq!(location("https://a/?b#c"), Ok("https://a/?b#c".to_owned()));
        assert_eq!(host("app.internal:8080"), Ok("app.internal:8080".to_owned()));
    }

    #[test]
    fn what_would_smuggle() {
        assert_eq!(token("A:\r\nB").unwrap_err().range, 1..2);
        assert_eq!(token("caf\u{e9}").unwrap_err().range, 3..5);
        assert_eq!(target("/ HTTP/1.1").unwrap_err().range, 1..2);
        assert_eq!(target("/\r\n").unwrap_err().range, 1..2);
        assert_eq!(host("a\r\nb").unwrap_err().range, 1..2);
        assert_eq!(field_value("a\r\nb: c").unwrap_err().range, 1..2);
        assert_eq!(location("/a b").unwrap_err().range, 2..3);
        for parse in [token, target, host, location] {
            assert!(parse("").is_err());
        }
        assert!(target("healthz").is_err());
    }
}
