//! What a message means end to end, whatever frames it on one connection.

use crate::proto::h1::{Field, FieldKind, RequestHead, ResponseHead};

pub type Fields = Vec<(Vec<u8>, Vec<u8>)>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Method and target, or status and reason.
    pub start: [Vec<u8>; 2],
    /// With lower-case names and without those about the connection or the framing.
    pub fields: Fields,
    pub body: Vec<u8>,
    pub trailers: Fields,
}

impl Message {
    /// A request as the proxy understands it. `host` is what it sends where none is named.
    pub fn of_request(bytes: &[u8], head: &RequestHead, host: &[u8]) -> Self {
        let mut fields = end_to_end(bytes, &head.fields);
        if head.host.is_none() {
            let host = head.authority.map_or(host, |authority| authority.of(bytes));
            fields.insert(0, (b"host".to_vec(), host.to_vec()));
        }
        let start = [head.method_name.of(bytes).to_vec(), head.target.of(bytes).to_vec()];
        Self { start, fields, ..Self::default() }
    }

    /// A response as the proxy understands it.
    pub fn of_response(bytes: &[u8], head: &ResponseHead) -> Self {
        let start = [head.status.to_string().into_bytes(), head.reason.of(bytes).to_vec()];
        Self { start, fields: end_to_end(bytes, &head.fields), ..Self::default() }
    }
}

/// Whether a field with this lower-case name is about the connection, the framing, or how
/// client and proxy agree to send a body.
pub fn is_hop_by_hop(name: &[u8]) -> bool {
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
