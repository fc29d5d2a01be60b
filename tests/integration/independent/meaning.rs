//! What a message means, and what the proxy's own parser takes a stream of bytes for.

use corelane::proto::h1::{
    BodyDecoder, Field, FieldKind, Limits, Method, ParseError, RequestHead, ResponseFraming,
    ResponseHead, Version,
};

pub(super) type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// As the proxy has them without `tune.*`.
const LIMITS: Limits = Limits::strict(16_384, 101);

#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Meaning {
    /// Method and target, or status and reason.
    pub(super) start: [Vec<u8>; 2],
    /// With lower-case names, without those about the connection or the framing.
    pub(super) fields: Fields,
    pub(super) body: Vec<u8>,
    pub(super) trailers: Fields,
}

impl std::fmt::Debug for Meaning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [first, second] = &self.start;
        writeln!(f, "{} {}", first.escape_ascii(), second.escape_ascii())?;
        for (name, value) in self.fields.iter().chain(&self.trailers) {
            writeln!(f, "  {}: {}", name.escape_ascii(), value.escape_ascii())?;
        }
        write!(f, "  [{}]", self.body.escape_ascii())
    }
}

/// Whether a field with this lower-case name is about the connection, the framing, or how two
/// neighbours agree to send a body.
pub(super) fn is_hop_by_hop(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 9] = [
        b"connection",
        b"content-length",
        b"expect",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    ];
    NAMES.contains(&name)
}

fn end_to_end(bytes: &[u8], fields: &[Field]) -> Fields {
    let kept = fields.iter().filter(|field| field.kind != FieldKind::Nominated);
    kept.map(|field| (field.name.of(bytes).to_ascii_lowercase(), field.value.of(bytes).to_vec()))
        .filter(|(name, _)| !is_hop_by_hop(name))
        .collect()
}

/// A request in full.
#[derive(Debug)]
pub(super) struct Understood {
    pub(super) meaning: Meaning,
    pub(super) method: Method,
    pub(super) version: Version,
}

/// Why the requests of a connection end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RequestsEnd {
    /// The head that follows is refused.
    BadHead(u16),
    /// After the last request nothing more is read.
    Closed,
    /// The body of the last request is refused.
    CutByUs(Meaning),
    /// The last request is not all here.
    CutByPeer(Meaning),
    /// The head of the last request is not all here.
    HeadCut,
    Nothing,
}

/// What the proxy makes of all that a client sends.
#[derive(Debug)]
pub(super) struct Requests {
    pub(super) whole: Vec<Understood>,
    /// Bytes of the whole requests.
    pub(super) consumed: usize,
    pub(super) end: RequestsEnd,
}

impl Requests {
    /// `host` is what the proxy names to the server when the client names none.
    pub(super) fn of(bytes: &[u8], host: &str) -> Self {
        let (mut whole, mut consumed) = (Vec::new(), 0);
        let mut head = RequestHead::default();
        let end = loop {
            let rest = &bytes[consumed..];
            match head.parse(rest, &LIMITS) {
                Err(error) => break RequestsEnd::BadHead(error.status()),
                Ok(false) if rest.is_empty() => break RequestsEnd::Nothing,
                Ok(false) => break RequestsEnd::HeadCut,
                Ok(true) => {}
            }
            let mut meaning = request_meaning(rest, &head, host);
            let body = read_body(head.framing.into(), &rest[head.len..], &mut meaning);
            let Ok(Some(body_len)) = body else {
                break match body {
                    Err(_) => RequestsEnd::CutByUs(meaning),
                    Ok(_) => RequestsEnd::CutByPeer(meaning),
                };
            };
            consumed += head.len + body_len;
            whole.push(Understood { meaning, method: head.method, version: head.version });
            if !head.keep_alive || head.method == Method::Connect {
                break RequestsEnd::Closed;
            }
        };
        Self { whole, consumed, end }
    }
}

fn request_meaning(bytes: &[u8], head: &RequestHead, host: &str) -> Meaning {
    let mut fields = end_to_end(bytes, &head.fields);
    if head.host.is_none() {
        let named = head.authority.map_or(host.as_bytes(), |authority| authority.of(bytes));
        fields.insert(0, (b"host".to_vec(), named.to_vec()));
    }
    let start = [head.method_name.of(bytes).to_vec(), head.target.of(bytes).to_vec()];
    Meaning { start, fields, ..Meaning::default() }
}

/// Adds body and trailers to `meaning`. Returns the length in `bytes`; `None` if they do not
/// hold all of it.
fn read_body(
    framing: ResponseFraming,
    bytes: &[u8],
    meaning: &mut Meaning,
) -> Result<Option<usize>, ParseError> {
    let mut decoder = BodyDecoder::new(framing, &LIMITS);
    let (mut bytes, mut consumed) = (bytes.to_vec(), 0);
    // A byte each time, so that what precedes an error is known too.
    while let Some(byte) = bytes.get_mut(consumed..consumed + 1).filter(|_| !decoder.is_done()) {
        let decoded = decoder.decode(byte)?;
        meaning.body.extend_from_slice(&byte[decoded.data]);
        consumed += decoded.consumed;
    }
    meaning.trailers = trailers(decoder.trailers());
    Ok(decoder.is_whole_at_end().then_some(consumed))
}

fn trailers(lines: &[u8]) -> Fields {
    let text = lines.strip_suffix(b"\r\n").unwrap_or_default();
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| split_field(line.strip_suffix(b"\r").unwrap_or(line))).collect()
}

fn split_field(line: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let colon = line.iter().position(|byte| *byte == b':').expect("a colon");
    (line[..colon].to_vec(), line[colon + 1..].trim_ascii().to_vec())
}

/// What the proxy makes of all that a server sends in answer to one request, and then closes.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) interims: Vec<Meaning>,
    pub(super) end: ResponseEnd,
    /// Its end shows without the connection's.
    pub(super) ends_itself: bool,
    /// The connection can carry another request.
    pub(super) keep_alive: bool,
}

#[derive(Clone, Debug)]
pub(super) enum ResponseEnd {
    /// The client gets 502; with the log's termination state.
    Refused(&'static str),
    /// The client gets 502, or a part of this.
    RefusedLate(Meaning),
    /// The client gets a part of this, or all of it without an end.
    Cut(Meaning),
    Whole(Meaning),
}

impl Response {
    pub(super) fn of(bytes: &[u8], method: Method) -> Self {
        let (mut rest, mut interims, mut head) = (bytes, Vec::new(), ResponseHead::default());
        loop {
            let refused = match head.parse(rest, &LIMITS, method) {
                Ok(true) if head.status != 101 => None,
                Ok(false) => Some("SH"),
                _ => Some("PH"),
            };
            if let Some(state) = refused {
                let end = ResponseEnd::Refused(state);
                return Self { interims, end, ends_itself: false, keep_alive: false };
            }
            let start = [head.status.to_string().into_bytes(), head.reason.of(rest).to_vec()];
            let fields = end_to_end(rest, &head.fields);
            let mut meaning = Meaning { start, fields, ..Meaning::default() };
            rest = &rest[head.len..];
            if head.is_interim() {
                interims.push(meaning);
                continue;
            }
            let body = read_body(head.framing, rest, &mut meaning);
            let keep_alive = head.keep_alive && body == Ok(Some(rest.len()));
            let end = match body {
                Ok(Some(_)) => ResponseEnd::Whole(meaning),
                Ok(None) => ResponseEnd::Cut(meaning),
                Err(_) => ResponseEnd::RefusedLate(meaning),
            };
            let ends_itself = matches!(body, Ok(Some(_))) && head.framing != ResponseFraming::Close;
            return Self { interims, end, ends_itself, keep_alive };
        }
    }
}
