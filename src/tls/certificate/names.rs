//! Who a certificate is for or from, as text.

use std::net::IpAddr;

use x509_parser::asn1_rs::Tag;
use x509_parser::asn1_rs::ToDer;
use x509_parser::extensions::GeneralName;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use super::{oid, within_limit};

/// A subject or an issuer.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a>(&'a X509Name<'a>);

impl<'a> Name<'a> {
    pub(super) fn new(name: &'a X509Name<'a>) -> Self {
        Self(name)
    }

    /// `ssl_c_s_dn`: `/C=FR/O=Acme/CN=name`, the values as they are in the certificate, so in whatever
    /// encoding; empty if there are none.
    pub fn oneline(self) -> Vec<u8> {
        let mut line = Vec::new();
        for entry in self.0.iter_attributes() {
            line.push(b'/');
            line.extend_from_slice(oid::short_name(entry.attr_type()).as_bytes());
            line.push(b'=');
            line.extend_from_slice(entry.as_slice());
        }
        within_limit(line)
    }

    /// `ssl_c_s_dn(CN,occurrence)`: the value as it is in the certificate of the entry with this name
    /// (any case), counted from 1, or from the last one, which is -1.
    pub fn entry(self, name: &str, occurrence: i32) -> Option<&'a [u8]> {
        let is_it = |entry: &&AttributeTypeAndValue<'_>| {
            oid::short_name(entry.attr_type()).eq_ignore_ascii_case(name)
        };
        let found: Vec<_> = self.0.iter_attributes().filter(is_it).collect();
        let skipped = usize::try_from(occurrence.unsigned_abs()).ok()?.checked_sub(1)?;
        let entry = match occurrence > 0 {
            true => found.get(skipped),
            false => found.iter().rev().nth(skipped),
        };
        entry.map(|entry| entry.as_slice())
    }

    /// `ssl_c_s_dn(,0,rfc2253)`: `CN=name,O=Acme,C=FR`, in ASCII.
    pub fn rfc2253(self) -> String {
        let mut text = String::new();
        for part in self.0.iter_rdn().collect::<Vec<_>>().into_iter().rev() {
            for (index, entry) in part.iter().collect::<Vec<_>>().into_iter().rev().enumerate() {
                match (index, text.is_empty()) {
                    (_, true) => {}
                    (0, false) => text.push(','),
                    (_, false) => text.push('+'),
                }
                put_entry(&mut text, entry);
            }
        }
        within_limit(text)
    }

    pub(super) fn common_names(self) -> impl Iterator<Item = &'a str> {
        self.0.iter_common_name().filter_map(|entry| entry.as_str().ok())
    }
}

fn put_entry(text: &mut String, entry: &AttributeTypeAndValue<'_>) {
    text.push_str(&oid::short_name(entry.attr_type()));
    text.push('=');
    match (oid::is_known(entry.attr_type()), as_utf8(entry)) {
        (true, Some(value)) => put_escaped(text, &value),
        _ => put_dump(text, entry),
    }
}

/// What the value says in UTF-8, if it is of a kind of text that OpenSSL converts. What says to be
/// UTF-8 is believed.
fn as_utf8(entry: &AttributeTypeAndValue<'_>) -> Option<Vec<u8>> {
    let value = entry.as_slice();
    let chars: String = match entry.attr_value().tag() {
        Tag::Utf8String => return Some(value.to_vec()),
        Tag::BmpString => {
            units(value, |[high, low]: [u8; 2]| u16::from_be_bytes([high, low]).into())?
        }
        Tag::UniversalString => units(value, u32::from_be_bytes)?,
        Tag::NumericString
        | Tag::PrintableString
        | Tag::T61String
        | Tag::Ia5String
        | Tag::UtcTime
        | Tag::GeneralizedTime
        | Tag::VisibleString => value.iter().copied().map(char::from).collect(),
        _ => return None,
    };
    Some(chars.into_bytes())
}

fn units<const N: usize>(value: &[u8], char_of: impl Fn([u8; N]) -> u32) -> Option<String> {
    let (units, rest) = value.as_chunks::<N>();
    let text: Option<String> = units.iter().map(|unit| char::from_u32(char_of(*unit))).collect();
    text.filter(|_| rest.is_empty())
}

/// RFC 2253, section 2.4, with everything but ASCII in hexadecimal.
fn put_escaped(text: &mut String, value: &[u8]) {
    for (index, byte) in value.iter().enumerate() {
        let is_first = index == 0;
        let is_last = index + 1 == value.len();
        match byte {
            b',' | b'+' | b'"' | b'\\' | b'<' | b'>' | b';' => {
                text.extend(['\\', char::from(*byte)]);
            }
            b'#' if is_first => text.push_str("\\#"),
            b' ' if is_first || is_last => text.push_str("\\ "),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => {
                text.push('\\');
                put_hex(text, *byte);
            }
        }
    }
}

/// RFC 2253, section 2.4: `#` and what is in the certificate, in hexadecimal.
fn put_dump(text: &mut String, entry: &AttributeTypeAndValue<'_>) {
    text.push('#');
    for byte in entry.attr_value().to_der_vec().unwrap_or_default() {
        put_hex(text, byte);
    }
}

fn put_hex(text: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for digit in [byte >> 4, byte & 15] {
        text.push(char::from(DIGITS[usize::from(digit)]));
    }
}

/// One name of a subjectAltName.
pub(super) fn general_text(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(text) => format!("DNS:{}", plain(text)),
        GeneralName::RFC822Name(text) => format!("email:{}", plain(text)),
        GeneralName::URI(text) => format!("URI:{}", plain(text)),
        GeneralName::IPAddress(bytes) => format!("IP Address:{}", address(bytes)),
        GeneralName::DirectoryName(name) => {
            format!("DirName:{}", plain(&String::from_utf8_lossy(&Name(name).oneline())))
        }
        GeneralName::RegisteredID(oid) => format!("Registered ID:{}", oid::short_name(oid)),
        GeneralName::OtherName(..) => "othername:<unsupported>".into(),
        GeneralName::X400Address(_) => "X400Name:<unsupported>".into(),
        GeneralName::EDIPartyName(_) => "EdiPartyName:<unsupported>".into(),
        GeneralName::Invalid(..) => "<invalid>".into(),
    }
}

fn plain(text: &str) -> String {
    let shown = |char: char| if char == ',' || !(' '..='~').contains(&char) { '?' } else { char };
    text.chars().map(shown).collect()
}

/// IPv6 as OpenSSL prints it, nothing left out.
fn address(bytes: &[u8]) -> String {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return IpAddr::from(bytes).to_string();
    }
    match <[u8; 16]>::try_from(bytes).map(std::net::Ipv6Addr::from) {
        Ok(address) => address.segments().map(|segment| format!("{segment:X}")).join(":"),
        Err(_) => "<invalid>".into(),
    }
}
