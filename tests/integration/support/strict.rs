//! A reader of HTTP/1.1 that forgives nothing, written for the tests alone: what it takes can be
//! read in one way only. It knows the form in which the proxy writes, not all that HTTP allows.

/// How a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyEnd {
    None,
    Chunked,
    /// With the connection: of responses only.
    Close,
    Length(u64),
}

/// A start line and its fields, and the bytes that they take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) start: Vec<u8>,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    pub(crate) body_end: BodyEnd,
    pub(crate) len: usize,
}

/// As much of a body as is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) data: Vec<u8>,
    pub(crate) trailers: Vec<(String, Vec<u8>)>,
    pub(crate) whole: bool,
    pub(crate) len: usize,
}

/// What is wrong with a message.
pub(crate) type Objection = String;

impl Head {
    pub(crate) fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_slice())
    }

    fn count(&self, name: &str) -> usize {
        self.fields.iter().filter(|(key, _)| key == name).count()
    }
}

/// The head of a request that `bytes` begin with; `None` when more is needed.
pub(crate) fn request_head(bytes: &[u8]) -> Result<Option<Head>, Objection> {
    let Some(mut head) = split_head(bytes)? else { return Ok(None) };
    let words: Vec<&[u8]> = head.start.split(|byte| *byte == b' ').collect();
    let [method, target, b"HTTP/1.1"] = words[..] else {
        return Err(format!("request line {:?}", String::from_utf8_lossy(&head.start)));
    };
    if method.is_empty() || !method.iter().all(|byte| is_token(*byte)) {
        return Err("the method is no token".into());
    }
    // Every case says which target has to come; `#` and what is not ASCII come only where asked for.
    let is_visible = |byte: &u8| *byte > b' ' && *byte != 0x7f;
    if target.is_empty() || !target.iter().all(is_visible) {
        return Err("bytes in the target".into());
    }
    if head.count("host") != 1 {
        return Err(format!("{} host fields", head.count("host")));
    }
    head.body_end = match body_end(&head)? {
        BodyEnd::Close => BodyEnd::None,
        end => end,
    };
    Ok(Some(head))
}

/// The head of a response that `bytes` begin with; `None` when more is needed.
pub(crate) fn response_head(bytes: &[u8]) -> Result<Option<Head>, Objection> {
    let Some(mut head) = split_head(bytes)? else { return Ok(None) };
    let digits = head.start.get(9..12).unwrap_or_default();
    let is_status = digits.iter().all(u8::is_ascii_digit) && digits.first() > Some(&b'0');
    if !head.start.starts_with(b"HTTP/1.1 ") || !is_status || head.start.get(12) != Some(&b' ') {
        return Err(format!("status line {:?}", String::from_utf8_lossy(&head.start)));
    }
    head.body_end = match digits {
        [b'1', ..] | b"204" | b"304" => BodyEnd::None,
        _ => body_end(&head)?,
    };
    Ok(Some(head))
}

/// The body that `bytes` begin with; `at_end` when nothing follows them.
pub(crate) fn body(end: BodyEnd, bytes: &[u8], at_end: bool) -> Result<Body, Objection> {
    match end {
        BodyEnd::None => Ok(Body { whole: true, ..Body::default() }),
        BodyEnd::Close => {
            Ok(Body { data: bytes.to_vec(), whole: at_end, len: bytes.len(), ..Body::default() })
        }
        BodyEnd::Length(whole_len) => {
            let len = usize::try_from(whole_len).unwrap_or(usize::MAX).min(bytes.len());
            let whole = len as u64 == whole_len;
            Ok(Body { data: bytes[..len].to_vec(), whole, len, ..Body::default() })
        }
        BodyEnd::Chunked => chunks(bytes),
    }
}

fn chunks(bytes: &[u8]) -> Result<Body, Objection> {
    let mut body = Body::default();
    while let Some((line, line_len)) = line(&bytes[body.len..])? {
        let size = chunk_size(line)?;
        let rest = &bytes[body.len + line_len..];
        if size == 0 {
            return end_chunks(body, line_len, rest);
        }
        body.data.extend_from_slice(&rest[..size.min(rest.len())]);
        let Some(behind) = rest.get(size..size + 2) else { break };
        if behind != b"\r\n" {
            return Err("no CR LF behind a chunk".into());
        }
        body.len += line_len + size + 2;
    }
    Ok(body)
}

/// What follows the line of the last chunk.
fn end_chunks(mut body: Body, last_len: usize, rest: &[u8]) -> Result<Body, Objection> {
    let (mut trailers, mut at) = (Vec::new(), 0);
    while let Some((line, len)) = line(&rest[at..])? {
        at += len;
        if line.is_empty() {
            body.len += last_len + at;
            return Ok(Body { trailers, whole: true, ..body });
        }
        trailers.push(field(line)?);
    }
    Ok(body)
}

/// Lower-case digits, none too many, nothing behind them.
fn chunk_size(line: &[u8]) -> Result<usize, Objection> {
    let objection = || format!("chunk size line {:?}", String::from_utf8_lossy(line));
    let is_plain = line.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_plain || line.is_empty() || line.len() > 1 && line[0] == b'0' {
        return Err(objection());
    }
    let text = std::str::from_utf8(line).map_err(|_| objection())?;
    usize::from_str_radix(text, 16).map_err(|_| objection())
}

fn split_head(bytes: &[u8]) -> Result<Option<Head>, Objection> {
    let Some((start, mut at)) = line(bytes)? else { return Ok(None) };
    let mut fields = Vec::new();
    while let Some((line, len)) = line(&bytes[at..])? {
        at += len;
        if line.is_empty() {
            let (start, body_end) = (start.to_vec(), BodyEnd::None);
            return Ok(Some(Head { start, fields, body_end, len: at }));
        }
        fields.push(field(line)?);
    }
    Ok(None)
}

/// The first line without its end, and its length with it.
fn line(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, Objection> {
    let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
        return Ok(None);
    };
    match bytes[end..] {
        [b'\r', b'\n', ..] => Ok(Some((&bytes[..end], end + 2))),
        [b'\r'] => Ok(None),
        _ => Err(format!("a bare CR or LF behind {:?}", String::from_utf8_lossy(&bytes[..end]))),
    }
}

/// `name: value`, the name in lower case, one space, no space behind the value.
fn field(line: &[u8]) -> Result<(String, Vec<u8>), Objection> {
    let objection = || format!("field line {:?}", String::from_utf8_lossy(line));
    let colon = line.iter().position(|byte| *byte == b':').ok_or_else(objection)?;
    let (name, value) = line.split_at(colon);
    let is_name = |byte: &u8| is_token(*byte) && !byte.is_ascii_uppercase();
    let value = value.strip_prefix(b": ").ok_or_else(objection)?;
    let is_value = |byte: &u8| *byte >= b' ' && *byte != 0x7f || *byte == b'\t';
    let is_trimmed = value.trim_ascii().len() == value.len();
    if name.is_empty() || !name.iter().all(is_name) || !is_trimmed || !value.iter().all(is_value) {
        return Err(objection());
    }
    let name = std::str::from_utf8(name).map_err(|_| objection())?;
    Ok((name.to_owned(), value.to_vec()))
}

fn body_end(head: &Head) -> Result<BodyEnd, Objection> {
    let (codings, lengths) = (head.count("transfer-encoding"), head.count("content-length"));
    if codings + lengths > 1 {
        return Err(format!("{codings} transfer-encodings and {lengths} content-lengths"));
    }
    if let Some(coding) = head.field("transfer-encoding") {
        return match coding {
            b"chunked" => Ok(BodyEnd::Chunked),
            _ => Err(format!("transfer-encoding {:?}", String::from_utf8_lossy(coding))),
        };
    }
    let Some(length) = head.field("content-length") else { return Ok(BodyEnd::Close) };
    let text = String::from_utf8_lossy(length);
    let number = text.parse::<u64>().ok().filter(|number| number.to_string() == text);
    number.map(BodyEnd::Length).ok_or_else(|| format!("content-length {text:?}"))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::{BodyEnd, body, request_head, response_head};

    #[test]
    fn takes_what_is_plain() {
        let bytes = b"POST /a HTTP/1.1\r\nhost: h\r\nx: \r\ntransfer-encoding: chunked\r\n\r\n";
        let head = request_head(bytes).unwrap().unwrap();
        assert_eq!((head.body_end, head.len), (BodyEnd::Chunked, bytes.len()));
        let chunks = b"a\r\n0123456789\r\n0\r\nx: y\r\n\r\nrest";
        let found = body(head.body_end, chunks, false).unwrap();
        assert_eq!((found.data.len(), found.len, found.whole), (10, chunks.len() - 4, true));
        assert_eq!(found.trailers, [("x".to_owned(), b"y".to_vec())]);
    }

    #[test]
    fn waits_for_what_is_missing() {
        let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n";
        for len in 0..bytes.len() {
            assert_eq!(response_head(&bytes[..len]), Ok(None), "{len}");
        }
        let chunks = b"3\r\nabc\r\n0\r\nx: y\r\n\r\n";
        for len in 0..chunks.len() {
            let found = body(BodyEnd::Chunked, &chunks[..len], true).unwrap();
            assert!(!found.whole, "{len}");
        }
    }

    #[test]
    fn objects_to_what_is_not() {
        let heads = [
            "GET / HTTP/1.0\r\nhost: h\r\n\r\n",
            "GET  / HTTP/1.1\r\nhost: h\r\n\r\n",
            "GET / HTTP/1.1\nhost: h\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\nhost: h\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\n x: y\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\nx:y\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\nx: y \r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\nx: a\0b\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\ncontent-length: 01\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: Chunked\r\n\r\n",
        ];
        for head in heads {
            assert!(request_head(head.as_bytes()).is_err(), "{head:?}");
        }
        for chunks in ["1;a=b\r\nx\r\n", "A\r\n", "01\r\nx\r\n", "1\nx\r\n", "1\r\nxx\r\n", "\r\n"]
        {
            assert!(body(BodyEnd::Chunked, chunks.as_bytes(), true).is_err(), "{chunks:?}");
        }
    }
}
