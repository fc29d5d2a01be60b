//! Pages: the statuses that have one, and the files that hold them.

use std::path::Path;

use crate::Surroundings;
use crate::draft::PageContent;
use crate::error_file;
use crate::text::{Fault, Text};

/// Statuses that have a page, each with its reason (RFC 9110 section 15, RFC 6585).
const STATUSES: [(u16, &str); 23] = [
    (200, "OK"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (407, "Proxy Authentication Required"),
    (408, "Request Timeout"),
    (410, "Gone"),
    (413, "Content Too Large"),
    (414, "URI Too Long"),
    (417, "Expectation Failed"),
    (421, "Misdirected Request"),
    (422, "Unprocessable Content"),
    (425, "Too Early"),
    (429, "Too Many Requests"),
    (431, "Request Header Fields Too Large"),
    (500, "Internal Server Error"),
    (501, "Not Implemented"),
    (502, "Bad Gateway"),
    (503, "Service Unavailable"),
    (504, "Gateway Timeout"),
    (505, "HTTP Version Not Supported"),
];

/// Reasons of further statuses (RFC 9110 section 15, RFC 4918, RFC 7725).
const REASONS: [(u16, &str); 24] = [
    (201, "Created"),
    (202, "Accepted"),
    (203, "Non-Authoritative Information"),
    (204, "No Content"),
    (205, "Reset Content"),
    (206, "Partial Content"),
    (207, "Multi-Status"),
    (300, "Multiple Choices"),
    (301, "Moved Permanently"),
    (302, "Found"),
    (303, "See Other"),
    (304, "Not Modified"),
    (307, "Temporary Redirect"),
    (308, "Permanent Redirect"),
    (402, "Payment Required"),
    (406, "Not Acceptable"),
    (409, "Conflict"),
    (411, "Length Required"),
    (412, "Precondition Failed"),
    (415, "Unsupported Media Type"),
    (416, "Range Not Satisfiable"),
    (418, "I'm a teapot"),
    (428, "Precondition Required"),
    (451, "Unavailable For Legal Reasons"),
];

/// A status that has a page.
pub(crate) fn status(text: &str) -> Result<u16, Fault> {
    let known = STATUSES.iter().map(|(status, _)| *status);
    known.clone().find(|known| known.to_string() == text).ok_or_else(|| {
        let list: Vec<_> = known.map(|known| known.to_string()).collect();
        let problem = format!("has no page for `{text}`");
        Fault::new(0..text.len(), problem, format!("statuses with a page are {}", list.join(" ")))
    })
}

/// The reason of a status; empty for one that has none.
pub(crate) fn reason(status: u16) -> String {
    let found = STATUSES.iter().chain(&REASONS).find(|(known, _)| *known == status);
    found.map_or("", |(_, reason)| reason).to_owned()
}

/// The content of the file with this path.
pub(crate) fn read_file(surroundings: Surroundings<'_>, path: &Text) -> Result<Vec<u8>, Fault> {
    let whole = 0..path.as_str().len();
    if path.as_str().is_empty() || path.as_str().contains('\0') {
        return Err(Fault::new(whole, "has no usable path", "give the path of a file"));
    }
    (surroundings.read_file)(Path::new(path.as_str())).map_err(|error| {
        Fault::new(whole, format!("names a file that cannot be read: {error}"), "")
    })
}

/// The response in the file with this path.
pub(crate) fn response_of(
    surroundings: Surroundings<'_>,
    path: &Text,
) -> Result<PageContent, Fault> {
    let bytes = read_file(surroundings, path)?;
    let content = error_file::parse(&bytes)
        .map_err(|fault| Fault::new(0..path.as_str().len(), fault.0, ""))?;
    Ok(PageContent::Own(content, bytes.len()))
}
