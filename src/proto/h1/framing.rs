//! How a message's body ends: the facts that its fields state, and the one decision a direction
//! that is drawn from them (RFC 9112 section 6.3).

use super::error::ParseError;
use super::field::{Field, FieldKind, Span, is_word, list_elements};
use super::head::Method;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    Http10,
    #[default]
    Http11,
}

/// How a request's body ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    #[default]
    None,
    Chunked,
    Length(u64),
}

/// How a response's body ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResponseFraming {
    #[default]
    None,
    Chunked,
    /// With the connection.
    Close,
    Length(u64),
}

impl From<Framing> for ResponseFraming {
    fn from(framing: Framing) -> Self {
        match framing {
            Framing::None => Self::None,
            Framing::Chunked => Self::Chunked,
            Framing::Length(len) => Self::Length(len),
        }
    }
}

/// What is being framed: a response's framing depends on the request too.
#[derive(Clone, Copy)]
pub(super) struct ResponseLine {
    pub(super) request_method: Method,
    pub(super) status: u16,
    pub(super) version: Version,
}

impl ResponseLine {
    /// After this head the connection carries another protocol.
    pub(super) fn is_tunnel(&self) -> bool {
        let is_success = (200..300).contains(&self.status);
        self.status == 101 || (is_success && self.request_method == Method::Connect)
    }

    /// Whatever its fields say, no body follows and none may be announced (RFC 9110 sections
    /// 8.6 and 9.3.6, RFC 9112 section 6.1).
    fn is_bodiless(&self) -> bool {
        self.is_tunnel() || self.status < 200 || self.status == 204
    }
}

/// The framing of a request: RFC 9112 section 6.3, step by step.
///
/// Steps 1, 2 and 8 are about responses.
pub(super) fn request_framing(
    facts: &Facts,
    method: Method,
    version: Version,
) -> Result<Framing, ParseError> {
    // Step 3: a sender that states both is smuggling or broken. HAProxy drops the length and
    // closes after the response; what is ambiguous never passes here.
    // Step 4: chunked and nothing else, since nobody here could undo another coding.
    let is_chunked = facts.is_chunked(version)?;
    let framing = match facts.content_length {
        _ if is_chunked => Framing::Chunked,
        // Step 5 was taken as the values were read (`Facts::add_content_length`). Step 6.
        Some(len) => Framing::Length(len),
        // Step 7: a request that states nothing has no body.
        None => Framing::None,
    };
    if matches!(framing, Framing::None | Framing::Length(0)) {
        return Ok(framing);
    }
    // RFC 9110 section 9.3.6: a CONNECT request has no content. Servers disagree on whether such
    // bytes are a body or the tunnel's first.
    if method == Method::Connect { Err(ParseError::BodyWithConnect) } else { Ok(framing) }
}

/// HTTP/1.0 gave these methods no body, and old servers read one as the next request.
pub(super) fn check_http10_body(
    framing: Framing,
    method: Method,
    version: Version,
) -> Result<(), ParseError> {
    let is_without = matches!(method, Method::Delete | Method::Get | Method::Head);
    let has_body = !matches!(framing, Framing::None | Framing::Length(0));
    match version {
        Version::Http10 if is_without && has_body => Err(ParseError::BodyWithHttp10Method),
        _ => Ok(()),
    }
}

/// The framing of a response: RFC 9112 section 6.3, step by step.
pub(super) fn response_framing(
    facts: &Facts,
    line: ResponseLine,
) -> Result<ResponseFraming, ParseError> {
    // Step 2, and of step 1 the statuses that never have a body: fields are to be ignored.
    if line.is_bodiless() {
        return Ok(ResponseFraming::None);
    }
    // Steps 3 and 4, before the rest of step 1: a server that frames its answer to HEAD in two
    // ways does so for GET too.
    let is_chunked = facts.is_chunked(line.version)?;
    // Step 1: here the fields describe a body that is not sent.
    if line.status == 304 || line.request_method == Method::Head {
        return Ok(ResponseFraming::None);
    }
    Ok(match facts.content_length {
        _ if is_chunked => ResponseFraming::Chunked,
        // Step 5 was taken as the values were read (`Facts::add_content_length`). Step 6.
        Some(len) => ResponseFraming::Length(len),
        // Step 8 (7 is about requests): until the server closes.
        None => ResponseFraming::Close,
    })
}

/// The length that a response announces, or would have announced to a GET.
pub(super) fn announced_len(facts: &Facts, line: ResponseLine) -> Option<u64> {
    if line.is_bodiless() { None } else { facts.content_length }
}

/// Whether the client asked that the connection be kept (RFC 9112 section 9.3).
pub(super) fn request_keep_alive(facts: &Facts, version: Version) -> bool {
    !facts.close && (version == Version::Http11 || facts.keep_alive)
}

/// Whether the server's connection can carry another request after this response.
pub(super) fn response_keep_alive(
    facts: &Facts,
    line: ResponseLine,
    framing: ResponseFraming,
) -> bool {
    // A server that announces a body where none can be may well send it.
    let is_confused = line.is_bodiless()
        && (facts.coding != Coding::Absent || facts.content_length.is_some_and(|len| len > 0));
    let ends_with_connection = line.is_tunnel() || framing == ResponseFraming::Close;
    request_keep_alive(facts, line.version) && !ends_with_connection && !is_confused
}

/// What the fields of one message state about its framing and its connection.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) close: bool,
    pub(super) coding: Coding,
    pub(super) content_length: Option<u64>,
    pub(super) expects_continue: bool,
    pub(super) host: Option<Span>,
    pub(super) keep_alive: bool,
    /// A connection option other than `close`, `keep-alive` and `upgrade` is present.
    nominates: bool,
    upgrade_field: bool,
    upgrade_h2c: bool,
    upgrade_option: bool,
}

impl Facts {
    #[inline]
    pub(super) fn add(&mut self, field: &Field, value: &[u8]) -> Result<(), ParseError> {
        match field.kind {
            FieldKind::Connection => self.add_connection(value),
            FieldKind::ContentLength => return self.add_content_length(value),
            FieldKind::Expect => return self.add_expect(value),
            FieldKind::Host => return self.add_host(field.value),
            FieldKind::TransferEncoding => {
                self.coding = list_elements(value).fold(self.coding, Coding::then);
            }
            FieldKind::Upgrade => self.add_upgrade(value),
            FieldKind::KeepAlive
            | FieldKind::Nominated
            | FieldKind::Other
            | FieldKind::ProxyConnection
            | FieldKind::Te
            | FieldKind::Trailer => {}
        }
        Ok(())
    }

    fn add_connection(&mut self, value: &[u8]) {
        for option in list_elements(value) {
            if is_word(option, b"keep-alive") {
                self.keep_alive = true;
            } else if is_word(option, b"close") {
                self.close = true;
            } else if is_word(option, b"upgrade") {
                self.upgrade_option = true;
            } else {
                self.nominates |= !option.is_empty();
            }
        }
    }

    /// Equal values are taken for one, as RFC 9112 section 6.3 step 5 allows.
    fn add_content_length(&mut self, value: &[u8]) -> Result<(), ParseError> {
        for element in list_elements(value) {
            let len = decimal(element).ok_or(ParseError::ContentLengthInvalid)?;
            if self.content_length.replace(len).is_some_and(|known| known != len) {
                return Err(ParseError::ContentLengthDiffers);
            }
        }
        Ok(())
    }

    /// One plain `100-continue` (RFC 9110 section 10.1.1): an odd one is read by one server and
    /// not by the next, and then they disagree on when the body begins.
    fn add_expect(&mut self, value: &[u8]) -> Result<(), ParseError> {
        if self.expects_continue || !is_word(value, b"100-continue") {
            return Err(ParseError::ExpectUnknown);
        }
        self.expects_continue = true;
        Ok(())
    }

    fn add_host(&mut self, value: Span) -> Result<(), ParseError> {
        match self.host.replace(value) {
            None => Ok(()),
            Some(_) => Err(ParseError::HostRepeated),
        }
    }

    /// `h2c` would carry requests past the rules in a tunnel, so it is never passed on.
    fn add_upgrade(&mut self, value: &[u8]) {
        self.upgrade_field |= !value.is_empty();
        self.upgrade_h2c |= list_elements(value)
            .any(|name| name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(b"h2c")));
    }

    /// As HAProxy does: chunked counts, and the connection carries no further request.
    pub(super) fn forget_length_beside_chunked(&mut self) {
        if self.coding == Coding::Chunked && self.content_length.take().is_some() {
            self.close = true;
        }
    }

    pub(super) fn wants_upgrade(&self, version: Version) -> bool {
        let is_asked = self.upgrade_option && self.upgrade_field && !self.upgrade_h2c;
        is_asked && version == Version::Http11
    }

    /// Marks the fields that connection options name.
    ///
    /// Only a field that the proxy has no own use for can be named: an option can never take
    /// away the host or the framing.
    pub(super) fn mark_nominated(
        &self,
        bytes: &[u8],
        fields: &mut [Field],
    ) -> Result<(), ParseError> {
        if !self.nominates {
            return Ok(());
        }
        let mut options_count = 0;
        for index in 0..fields.len() {
            let Some(field) = fields.get(index) else {
                break;
            };
            if field.kind != FieldKind::Connection {
                continue;
            }
            for option in list_elements(field.value.of(bytes)) {
                options_count += 1;
                if options_count > CONNECTION_OPTIONS_MAX {
                    return Err(ParseError::ConnectionOptionsTooMany);
                }
                mark_named(option, bytes, fields);
            }
        }
        Ok(())
    }

    fn is_chunked(&self, version: Version) -> Result<bool, ParseError> {
        match self.coding {
            Coding::Absent => return Ok(false),
            Coding::Bad | Coding::Compressed => return Err(ParseError::TransferEncodingInvalid),
            Coding::CompressedChunked => return Err(ParseError::TransferCodingUnsupported),
            Coding::Chunked => {}
        }
        if version == Version::Http10 {
            return Err(ParseError::TransferEncodingWithHttp10);
        }
        if self.content_length.is_some() {
            return Err(ParseError::ContentLengthWithTransferEncoding);
        }
        Ok(true)
    }
}

/// Each option is compared with each field, so their number is bounded.
const CONNECTION_OPTIONS_MAX: usize = 64;

fn mark_named(option: &[u8], bytes: &[u8], fields: &mut [Field]) {
    for field in fields {
        let is_named = field.kind == FieldKind::Other
            && field.name.len() == option.len()
            && field.name.of(bytes).eq_ignore_ascii_case(option);
        if is_named {
            field.kind = FieldKind::Nominated;
        }
    }
}

/// The transfer codings of a message, as far as its list was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Coding {
    #[default]
    Absent,
    /// Empty, unknown, repeated, or followed by another after `chunked`.
    Bad,
    Chunked,
    Compressed,
    CompressedChunked,
}

impl Coding {
    fn then(self, name: &[u8]) -> Self {
        const COMPRESSIONS: [&[u8]; 5] =
            [b"compress", b"deflate", b"gzip", b"x-compress", b"x-gzip"];
        let is_chunked = is_word(name, b"chunked");
        let is_compression = COMPRESSIONS.iter().any(|known| name.eq_ignore_ascii_case(known));
        match self {
            Self::Absent if is_chunked => Self::Chunked,
            Self::Compressed if is_chunked => Self::CompressedChunked,
            Self::Absent | Self::Compressed if is_compression => Self::Compressed,
            _ => Self::Bad,
        }
    }
}

/// Digits only: no sign, no space, no separator, no overflow, be it in 63 bits: those who keep a
/// length in a signed number would find a negative one, or none (RFC 9110 section 8.6).
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    let number = digits.iter().try_fold(0_i64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    });
    number.and_then(|number| u64::try_from(number).ok())
}

#[cfg(test)]
mod tests;
