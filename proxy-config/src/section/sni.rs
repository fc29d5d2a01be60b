//! Names for TLS to servers: `sni`, `check-sni`, `verifyhost`.

use std::net::IpAddr;

use crate::address;
use crate::draft::SniDraft;
use crate::model::Sni;
use crate::rule;
use crate::setting::Setting;
use crate::text::Fault;
use crate::walk::{Entry, Reader};

pub(super) const FORMS: &str =
    "a name such as \"app.example\", or an expression such as \"req.hdr(host)\"";
pub(super) const NAME_FORMS: &str = "a name such as \"app.example\"";

/// What gives the request's host.
const HOST_FETCHES: [&str; 3] = ["req.hdr(host)", "hdr(host)", "req.fhdr(host)"];

/// Converters that change nothing: the port is left out and case does not matter anyway.
const CONVERTERS: [&str; 3] = [",host_only", ",field(1,:)", ",lower"];

/// `sni` of a server.
pub(super) fn sni(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<SniDraft> {
    let text = reader.text(entry, FORMS);
    let whole = text.clone();
    reader.parse_text(entry, text, |word| match whole.filter(|_| is_expression(word)) {
        Some(whole) => Ok(SniDraft::Expr(whole)),
        None => known(word).map(SniDraft::Known),
    })
}

/// Whether it is an expression that has no meaning of its own here.
fn is_expression(text: &str) -> bool {
    let is_name =
        || text.strip_prefix("str(").is_some_and(|rest| rest.find(')') == Some(rest.len() - 1));
    let is_call = text.contains(['(', ')', ',', '_', ' ']) || rule::is_fetch(text);
    is_call && !is_name() && !matches!(known(text), Ok(Sni::RequestHost | Sni::ClientSni))
}

/// A name, or an expression that is obeyed without being evaluated.
fn known(text: &str) -> Result<Sni, Fault> {
    let expression = text.trim().to_ascii_lowercase();
    let mut fetch = expression.as_str();
    while let Some(rest) = CONVERTERS.iter().find_map(|converter| fetch.strip_suffix(converter)) {
        fetch = rest;
    }
    if HOST_FETCHES.contains(&fetch) {
        return Ok(Sni::RequestHost);
    }
    if fetch == "ssl_fc_sni" {
        return Ok(Sni::ClientSni);
    }
    name(text, FORMS).map(Sni::Name)
}

/// `check-sni`: a name, or `str(NAME)`.
pub(super) fn static_name(text: &str) -> Result<String, Fault> {
    name(text, "write a name, or str(NAME)")
}

fn name(text: &str, forms: &str) -> Result<String, Fault> {
    let inside = text.strip_prefix("str(").and_then(|rest| rest.strip_suffix(')'));
    let is_expression = text.contains(['(', ')', ',', '_', ' ']);
    if inside.is_none() && is_expression {
        return Err(Fault::new(0..text.len(), "is an expression", forms));
    }
    let name = inside.unwrap_or(text);
    not_an_address(text, name)?;
    host_name(text, name)
}

/// RFC 6066 section 3.
fn not_an_address(text: &str, name: &str) -> Result<(), Fault> {
    if name.parse::<IpAddr>().is_ok() {
        let expected = "clients ask for a name; for an address leave it out";
        return Err(Fault::new(0..text.len(), "is an address", expected));
    }
    Ok(())
}

/// `verifyhost`: a name, or an address.
pub(super) fn verifyhost(text: &str) -> Result<String, Fault> {
    if text.parse::<IpAddr>().is_ok() { Ok(text.to_owned()) } else { host_name(text, text) }
}

/// A filter of a `crt-list`: a name, `*.NAME`, and one of those behind a `!`.
pub(super) fn filter(text: &str) -> Result<String, Fault> {
    let pattern = text.strip_prefix('!').unwrap_or(text);
    if pattern == "*" {
        let problem = "cannot be `*`, which is not yet supported";
        return Err(Fault::new(
            0..text.len(),
            problem,
            "name what every client gets by default-crt",
        ));
    }
    not_an_address(text, pattern)?;
    host_name(text, pattern.strip_prefix("*.").unwrap_or(pattern))?;
    Ok(text.to_ascii_lowercase())
}

fn host_name(text: &str, name: &str) -> Result<String, Fault> {
    let expected = "a name has labels of letters, digits and `-`, with dots between";
    let name = address::host_name(text, name, expected)?;
    Ok(name.trim_end_matches('.').to_ascii_lowercase())
}
