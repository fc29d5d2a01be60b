//! Paths of files that a configuration names.

use std::path::PathBuf;

use crate::setting::Setting;
use crate::text::Fault;
use crate::walk::{Entry, Reader};

const CRT_FORMS: &str = "a path such as \"site.pem\", or an array of paths";

/// The path of a file or a folder, as written.
pub(super) fn path(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<PathBuf> {
    reader.parsed(entry, "a path", parse)
}

/// The paths of certificates.
pub(super) fn crts(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Vec<PathBuf>> {
    each(reader, entry, |reader, item| reader.parsed(item, CRT_FORMS, crt))
}

/// What is read from each item of an array, or from a lone value.
pub(super) fn each<T: Clone>(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    mut read: impl FnMut(&mut Reader<'_>, &Entry<'_>) -> Setting<T>,
) -> Setting<Vec<T>> {
    let items = reader.items(entry);
    if items.is_empty() {
        return reader.refuse(entry, &Fault::new(0..0, "is empty", "name a file"));
    }
    let read: Vec<_> = items.iter().map(|item| read(reader, item)).collect();
    let good = read.iter().map(|value| value.value().cloned()).collect();
    Setting::written(good, reader.value_place(entry))
}

/// The path of a certificate.
pub(super) fn crt(text: &str) -> Result<PathBuf, Fault> {
    if text.starts_with('@') {
        let problem = "names a certificate of a crt-store, which is not yet supported";
        return Err(Fault::new(0..text.len(), problem, "name a file"));
    }
    parse(text)
}

/// `ca-file` of a bind: public authorities vouch for names of servers, not for clients.
pub(super) fn client_ca(text: &str) -> Result<PathBuf, Fault> {
    match text {
        "@system-ca" => Err(Fault::new(
            0..text.len(),
            "cannot be `@system-ca` for clients",
            "name the file of the authorities that sign your clients' certificates",
        )),
        _ => parse(text),
    }
}

/// `ca-file` of a server; `None` is the system's authorities.
pub(super) fn server_ca(text: &str) -> Result<Option<PathBuf>, Fault> {
    if text == "@system-ca" { Ok(None) } else { parse(text).map(Some) }
}

fn parse(text: &str) -> Result<PathBuf, Fault> {
    if text.is_empty() || text.contains('\0') {
        let expected = "give the path of a file, without zero bytes";
        return Err(Fault::new(0..text.len(), "has no usable path", expected));
    }
    Ok(PathBuf::from(text))
}
