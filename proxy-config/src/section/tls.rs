//! Words about clients' certificates, which a bind and a line of a `crt-list` share.

use crate::draft::PolicyWords;
use crate::model::Verify;
use crate::section::path;
use crate::walk::{Entry, Reader};

const VERIFY: [(&str, Verify); 3] =
    [("none", Verify::None), ("optional", Verify::Optional), ("required", Verify::Required)];

pub(super) fn client_ca_file<T: AsMut<PolicyWords>>(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    into: &mut T,
) {
    into.as_mut().ca_file = reader.parsed(entry, "a path", path::client_ca);
}

pub(super) fn client_crl_file<T: AsMut<PolicyWords>>(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    into: &mut T,
) {
    into.as_mut().crl_file = path::path(reader, entry);
}

pub(super) fn client_verify<T: AsMut<PolicyWords>>(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    into: &mut T,
) {
    into.as_mut().verify = reader.word(entry, &VERIFY, "");
}

pub(super) fn no_ca_names<T: AsMut<PolicyWords>>(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    into: &mut T,
) {
    reader.toggle(entry, false, &mut into.as_mut().ca_names);
}
