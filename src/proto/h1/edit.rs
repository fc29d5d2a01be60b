//! Heads edited: what is written stands behind the head's own bytes, and spans point at it. Nothing is
//! moved, and nothing gets in that the parser would have refused.

use super::encode::CRLF;
use super::field::{Field, FieldKind, Span, is_token_byte, is_value};
use super::head::{Method, RequestHead, ResponseHead};
use super::target::{host_of, split_target};

/// Bytes of a head and of all that was written into it.
const LEN_MAX: usize = 256 * 1024;

/// Why an edit was not made; the head is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditError {
    /// A name or a value with bytes that cannot be in one.
    Field,
    /// A second `host`, or one that names no host.
    Host,
    /// A method that is none, or that has other rules about bodies than the one before.
    Method,
    /// What a request cannot ask for.
    Target,
    TooLong,
}

/// A head whose fields can be edited. `bytes` are always those that the head was parsed from, and what
/// was written since.
pub trait EditFields {
    fn fields(&self) -> &[Field];

    fn fields_mut(&mut self) -> &mut Vec<Field>;

    /// Takes note that fields of `kind` changed.
    fn refresh(&mut self, bytes: &mut Vec<u8>, kind: FieldKind) -> Result<(), EditError>;

    /// Appends a field.
    ///
    /// # Errors
    /// A name or value that is none, and a second `host`.
    fn add_field(
        &mut self,
        bytes: &mut Vec<u8>,
        name: &[u8],
        value: &[u8],
    ) -> Result<(), EditError> {
        check_host_value(FieldKind::of(name), value)?;
        let is_host = |field: &Field| field.kind == FieldKind::Host;
        if FieldKind::of(name) == FieldKind::Host && self.fields().iter().any(is_host) {
            return Err(EditError::Host);
        }
        let field = write_field(bytes, name, value)?;
        self.fields_mut().push(field);
        self.refresh(bytes, field.kind)
    }

    /// Gives the field at `index` another value.
    ///
    /// # Errors
    /// A value that is none.
    fn set_value(
        &mut self,
        bytes: &mut Vec<u8>,
        index: usize,
        value: &[u8],
    ) -> Result<(), EditError> {
        let Some(old) = self.fields().get(index).copied() else { return Ok(()) };
        check_host_value(old.kind, value)?;
        let name = old.name.of(bytes).to_vec();
        let new = write_field(bytes, &name, value)?;
        if let Some(field) = self.fields_mut().get_mut(index) {
            *field = Field { kind: old.kind, ..new };
        }
        self.refresh(bytes, old.kind)
    }

    /// Removes the fields whose names `goes` says.
    fn remove_fields(
        &mut self,
        bytes: &mut Vec<u8>,
        goes: impl Fn(&[u8]) -> bool,
    ) -> Result<(), EditError> {
        let before = self.fields().len();
        self.fields_mut().retain(|field| !goes(field.name.of(bytes)));
        if self.fields().len() == before {
            return Ok(());
        }
        let kinds = [FieldKind::Expect, FieldKind::Upgrade, FieldKind::Host];
        kinds.into_iter().try_for_each(|kind| self.refresh(bytes, kind))
    }
}

impl EditFields for RequestHead {
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn fields_mut(&mut self) -> &mut Vec<Field> {
        &mut self.fields
    }

    fn refresh(&mut self, bytes: &mut Vec<u8>, kind: FieldKind) -> Result<(), EditError> {
        let has = |kind| self.fields.iter().any(|field| field.kind == kind);
        match kind {
            FieldKind::Expect => self.expect_continue &= has(FieldKind::Expect),
            FieldKind::Upgrade => self.upgrade &= has(FieldKind::Upgrade),
            FieldKind::Host => {
                let host = self.fields.iter().find(|field| field.kind == FieldKind::Host);
                self.host = host.map(|field| field.value);
                self.follow_host(bytes)?;
            }
            _ => {}
        }
        Ok(())
    }
}

impl RequestHead {
    /// A target in absolute form names the host once more (RFC 9112 section 3.2.2).
    fn follow_host(&mut self, bytes: &mut Vec<u8>) -> Result<(), EditError> {
        let (Some(host), Some(authority)) = (self.host, self.authority) else { return Ok(()) };
        if self.method == Method::Connect || host.of(bytes) == authority.of(bytes) {
            return Ok(());
        }
        let target = self.target.of(bytes);
        let start = (authority.start - self.target.start) as usize;
        let end = (authority.end - self.target.start) as usize;
        let parts = (target.get(..start), target.get(end..));
        let (Some(before), Some(after)) = parts else { return Ok(()) };
        let new = [before, host.of(bytes), after].concat();
        self.set_target(bytes, &new)
    }

    /// The host field names what a target in absolute form does.
    ///
    /// # Errors
    /// A host that is none.
    pub fn follow_authority(&mut self, bytes: &mut Vec<u8>) -> Result<(), EditError> {
        let Some(authority) = self.authority.filter(|_| self.method != Method::Connect) else {
            return Ok(());
        };
        let host = authority.of(bytes).to_vec();
        let place = self.fields.iter().position(|field| field.kind == FieldKind::Host);
        match place {
            Some(index) => self.set_value(bytes, index, &host),
            None => self.add_field(bytes, b"host", &host),
        }
    }

    /// # Errors
    /// What is no method; and HEAD or CONNECT in place of another method or the other way round, since
    /// the client and the server would disagree about the response's body.
    pub fn set_method(&mut self, bytes: &mut Vec<u8>, name: &[u8]) -> Result<(), EditError> {
        let method = Method::of(name);
        let bodies = |method| matches!(method, Method::Head | Method::Connect).then_some(method);
        if name.is_empty()
            || !name.iter().copied().all(is_token_byte)
            || bodies(method) != bodies(self.method)
            || split_target(method, self.target.of(bytes), true).is_err()
        {
            return Err(EditError::Method);
        }
        self.method_name = write(bytes, name)?;
        self.method = method;
        Ok(())
    }

    /// # Errors
    /// What no request may ask for.
    pub fn set_target(&mut self, bytes: &mut Vec<u8>, target: &[u8]) -> Result<(), EditError> {
        let is_sound = !target.is_empty() && target.iter().all(|byte| matches!(byte, 0x21..0x7f));
        if !is_sound {
            return Err(EditError::Target);
        }
        let split = split_target(self.method, target, false).map_err(|_| EditError::Target)?;
        let place = |part: &[u8]| {
            let start = part.as_ptr().addr().wrapping_sub(target.as_ptr().addr());
            (start, start + part.len())
        };
        let authority = split.authority.as_ref().map(|authority| place(authority.bytes));
        let path =
            if split.path.is_empty() { (target.len(), target.len()) } else { place(split.path) };
        let whole = write(bytes, target)?;
        let span = |(start, end): (usize, usize)| Span {
            start: whole.start + start as u32,
            end: whole.start + end as u32,
        };
        self.target = whole;
        self.authority = authority.map(span);
        self.path_and_query = span(path);
        Ok(())
    }
}

impl EditFields for ResponseHead {
    fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn fields_mut(&mut self) -> &mut Vec<Field> {
        &mut self.fields
    }

    fn refresh(&mut self, _: &mut Vec<u8>, _: FieldKind) -> Result<(), EditError> {
        Ok(())
    }
}

impl ResponseHead {
    /// Another reason phrase.
    ///
    /// # Errors
    /// Bytes that cannot be in one.
    pub fn set_reason(&mut self, bytes: &mut Vec<u8>, reason: &[u8]) -> Result<(), EditError> {
        if !is_value(reason) {
            return Err(EditError::Field);
        }
        self.reason = write(bytes, reason)?;
        Ok(())
    }
}

/// What a host field cannot have, since servers would each read something else.
fn check_host_value(kind: FieldKind, value: &[u8]) -> Result<(), EditError> {
    match kind {
        FieldKind::Host if host_of(value.trim_ascii()).is_none() => Err(EditError::Host),
        _ => Ok(()),
    }
}

/// Appends bytes and says where.
fn write(bytes: &mut Vec<u8>, part: &[u8]) -> Result<Span, EditError> {
    let start = bytes.len();
    if start + part.len() > LEN_MAX {
        return Err(EditError::TooLong);
    }
    bytes.extend_from_slice(part);
    Ok(Span { start: start as u32, end: bytes.len() as u32 })
}

/// Appends a whole line, so that the encoder can copy it at once.
fn write_field(bytes: &mut Vec<u8>, name: &[u8], value: &[u8]) -> Result<Field, EditError> {
    let value = value.trim_ascii();
    let is_name = !name.is_empty() && name.iter().copied().all(is_token_byte);
    if !is_name || !is_value(value) {
        return Err(EditError::Field);
    }
    if bytes.len() + name.len() + value.len() + 4 > LEN_MAX {
        return Err(EditError::TooLong);
    }
    let kind = FieldKind::of(name);
    let name = write(bytes, name)?;
    bytes.extend_from_slice(b": ");
    let value = write(bytes, value)?;
    bytes.extend_from_slice(CRLF);
    Ok(Field { name, value, kind })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::h1::{ConnectionOut, Limits, RequestOut, encode_request};

    const ALICE: &str = "GET /a?b HTTP/1.1\r\nHost: x.example\r\nX-A: 1\r\nx-a: 2\r\n\r\n";

    fn parse(text: &str) -> (RequestHead, Vec<u8>) {
        let mut head = RequestHead::default();
        assert!(head.parse(text.as_bytes(), &Limits::strict(16384, 100)).unwrap());
        (head, text.as_bytes().to_vec())
    }

    fn encoded(head: &RequestHead, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        let request_out = RequestOut { host_if_missing: b"", connection: ConnectionOut::None };
        encode_request(&mut out, bytes, head, &request_out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fields_are_added_changed_and_removed() {
        let (mut head, mut bytes) = parse(ALICE);
        head.add_field(&mut bytes, b"x-b", b" 3 ").unwrap();
        head.set_value(&mut bytes, 1, b"one").unwrap();
        let expected = "GET /a?b HTTP/1.1\r\nhost: x.example\r\nx-a: one\r\nx-a: 2\r\nx-b: 3\r\n";
        assert_eq!(encoded(&head, &bytes), expected);
        head.remove_fields(&mut bytes, |name| name.eq_ignore_ascii_case(b"x-a")).unwrap();
        let expected = "GET /a?b HTTP/1.1\r\nhost: x.example\r\nx-b: 3\r\n";
        assert_eq!(encoded(&head, &bytes), expected);
    }

    #[test]
    fn nothing_gets_in_that_would_not_be_parsed() {
        let (mut head, mut bytes) = parse(ALICE);
        for (name, value) in [("", "v"), ("a b", "v"), ("a:", "v"), ("a", "v\r\nb: c"), ("a", "\0")]
        {
            let added = head.add_field(&mut bytes, name.as_bytes(), value.as_bytes());
            assert_eq!(added, Err(EditError::Field), "{name}: {value}");
        }
        assert_eq!(head.add_field(&mut bytes, b"Host", b"y"), Err(EditError::Host));
        for target in ["", "/a b", "/a\r\n", "a", "/\x7f"] {
            let set = head.set_target(&mut bytes, target.as_bytes());
            assert_eq!(set, Err(EditError::Target), "{target}");
        }
        for method in ["", "GE T", "HEAD", "CONNECT"] {
            let set = head.set_method(&mut bytes, method.as_bytes());
            assert_eq!(set, Err(EditError::Method), "{method}");
        }
        let huge = vec![b'a'; LEN_MAX];
        assert_eq!(head.add_field(&mut bytes, b"a", &huge), Err(EditError::TooLong));
        assert_eq!(bytes, ALICE.as_bytes());
        let expected = "GET /a?b HTTP/1.1\r\nhost: x.example\r\nx-a: 1\r\nx-a: 2\r\n";
        assert_eq!(encoded(&head, &bytes), expected);
    }

    #[test]
    fn the_host_of_an_absolute_target_follows() {
        let (mut head, mut bytes) =
            parse("GET http://x.example:80/a HTTP/1.1\r\nHost: x.example:80\r\n\r\n");
        head.set_value(&mut bytes, 0, b"y.example").unwrap();
        assert_eq!(head.target.of(&bytes), b"http://y.example/a");
        assert_eq!(head.path_and_query.of(&bytes), b"/a");
        assert_eq!(head.host.unwrap().of(&bytes), b"y.example");
        head.remove_fields(&mut bytes, |name| name.eq_ignore_ascii_case(b"host")).unwrap();
        assert_eq!(head.host, None);
    }

    #[test]
    fn the_request_line_is_changed() {
        let (mut head, mut bytes) = parse(ALICE);
        head.set_method(&mut bytes, b"POST").unwrap();
        head.set_target(&mut bytes, b"/new/path?q=1").unwrap();
        assert_eq!(head.method, Method::Post);
        assert!(encoded(&head, &bytes).starts_with("POST /new/path?q=1 HTTP/1.1\r\n"));
        assert_eq!(head.path_and_query.of(&bytes), b"/new/path?q=1");
    }
}
