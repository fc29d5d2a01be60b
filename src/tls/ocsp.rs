//! OCSP responses (RFC 6960), as far as it matters for stapling one: about which certificate, what it
//! says, and until when. Clients check its signature.

use x509_parser::asn1_rs::{Any, Class, FromDer, Tag};

use super::reading::date;

/// How far clocks may go apart, as with HAProxy.
const SKEW_S: i64 = 300;
/// `successful` of `OCSPResponseStatus`.
const SUCCESSFUL: &[u8] = &[0];

/// Until when the response `der` says that the certificate with `serial` is good, in Unix seconds.
///
/// # Errors
/// Why it is of no use, as what follows "it".
pub(super) fn valid_until_s(der: &[u8], serial: &[u8], now_s: i64) -> Result<i64, String> {
    let singles = singles(der)?;
    let single = Fields(singles).find(|single| is_about(single, serial));
    let single = single.ok_or("is not about this certificate")?;
    let mut fields = Fields(single.data).skip(1);
    let broken = || "is broken".to_owned();
    match context_tag(&fields.next().ok_or_else(broken)?) {
        Some(0) => {}
        Some(1) => return Err("says that the certificate is REVOKED: replace it".into()),
        _ => return Err("does not know the certificate".into()),
    }
    let this_update_s = fields.next().and_then(|field| time_s(&field)).ok_or_else(broken)?;
    let next_update = fields.next().filter(|field| context_tag(field) == Some(0));
    let next_update = next_update.and_then(|field| Fields(field.data).next());
    let Some(until_s) = next_update.and_then(|field| time_s(&field)) else {
        return Err("does not say until when it is valid".into());
    };
    if this_update_s > now_s.saturating_add(SKEW_S) {
        return Err(format!("is not valid before {}", date(this_update_s)));
    }
    match until_s > now_s {
        true => Ok(until_s),
        false => Err(format!("is out of date since {}", date(until_s))),
    }
}

/// The content of `responses`, each of which is about one certificate.
fn singles(der: &[u8]) -> Result<&[u8], String> {
    let broken = || "is not an OCSP response in DER".to_owned();
    let response = sequence(der).ok_or_else(broken)?;
    let mut fields = Fields(response);
    let status = fields.next().filter(|field| field.tag() == Tag::Enumerated);
    if status.ok_or_else(broken)?.data != SUCCESSFUL {
        return Err("is an OCSP response that only says that there was an error".into());
    }
    // [0] EXPLICIT ResponseBytes { OID, OCTET STRING of BasicOCSPResponse { tbsResponseData .. } }
    let bytes = fields.next().and_then(|bytes| sequence(bytes.data));
    let basic = bytes.and_then(|bytes| Fields(bytes).nth(1));
    let data = basic.and_then(|basic| sequence(basic.data)).and_then(sequence);
    // [0] version OPTIONAL, responderID, producedAt, responses
    let mut fields = Fields(data.ok_or_else(broken)?);
    let responses =
        fields.find(|field| field.tag() == Tag::Sequence && field.class() == Class::Universal);
    Ok(responses.ok_or_else(broken)?.data)
}

/// `SingleResponse { CertID { algorithm, name, key, serialNumber }, .. }`
fn is_about(single: &Any<'_>, serial: &[u8]) -> bool {
    let id = Fields(single.data).next();
    let number = id.and_then(|id| Fields(id.data).nth(3));
    number.is_some_and(|number| match number.data {
        [0, rest @ ..] if !rest.is_empty() => rest == serial,
        number => number == serial,
    })
}

fn sequence(der: &[u8]) -> Option<&[u8]> {
    let (_, any) = Any::from_der(der).ok()?;
    (any.tag() == Tag::Sequence).then_some(any.data)
}

fn context_tag(field: &Any<'_>) -> Option<u32> {
    (field.class() == Class::ContextSpecific).then(|| field.tag().0)
}

fn time_s(field: &Any<'_>) -> Option<i64> {
    let time = field.clone().generalizedtime().ok()?.utc_datetime().ok()?;
    Some(time.unix_timestamp())
}

/// What follows one another in some DER, up to its end or the first that is broken.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Any<'a>;

    fn next(&mut self) -> Option<Any<'a>> {
        let (rest, field) = Any::from_der(self.0).ok()?;
        self.0 = rest;
        Some(field)
    }
}
