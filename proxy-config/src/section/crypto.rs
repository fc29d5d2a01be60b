//! Words about versions and algorithms of TLS, wherever they stand.

use crate::diagnostic::Diagnostic;
use crate::draft::{CryptoWords, TlsDefaults};
use crate::model::TlsVersion;
use crate::section::row::{self, Word};
use crate::setting::Setting;
use crate::text::Fault;
use crate::tls::{self, Chosen};
use crate::walk::{Entry, Key, Reader, Vocabulary};

const CIPHERS_FORM: &str = "a list such as \"ECDHE-ECDSA-AES128-GCM-SHA256:HIGH:!aNULL\"";
const CURVES_FORM: &str = "a list such as \"X25519:P-256\"";
const SUITES_FORM: &str = "a list such as \"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384\"";
const VERSION_FORM: &str = "\"TLSv1.2\" or \"TLSv1.3\"";

/// `ssl-default-bind-options`.
pub(super) const BIND_OPTIONS: Vocabulary<TlsDefaults> = Vocabulary {
    noun: "option",
    owner: "",
    keys: &[
        Key::any("force-sslv3", unsafe_version),
        Key::any("force-tlsv10", unsafe_version),
        Key::any("force-tlsv11", unsafe_version),
        Key::any("force-tlsv12", |r, e, d| d.crypto.force_tlsv12 = r.flag(e)),
        Key::any("force-tlsv13", |r, e, d| d.crypto.force_tlsv13 = r.flag(e)),
        Key::any("no-sslv3", always_so),
        Key::any("no-strict-sni", |r, e, d| r.toggle(e, false, &mut d.strict_sni)),
        Key::any("no-tls-tickets", |r, e, d| r.toggle(e, false, &mut d.tickets)),
        Key::any("no-tlsv10", always_so),
        Key::any("no-tlsv11", always_so),
        Key::any("no-tlsv12", |r, e, d| d.crypto.no_tlsv12 = r.flag(e)),
        Key::any("no-tlsv13", |r, e, d| d.crypto.no_tlsv13 = r.flag(e)),
        Key::any("prefer-client-ciphers", |r, e, d| d.prefer_client_ciphers = r.flag(e)),
        Key::any("ssl-max-ver", max_ver),
        Key::any("ssl-min-ver", min_ver),
        Key::any("strict-sni", |r, e, d| r.toggle(e, true, &mut d.strict_sni)),
        Key::any("tls-tickets", |r, e, d| r.toggle(e, true, &mut d.tickets)),
    ],
    unsupported: "",
};

/// `ssl-default-server-options`.
pub(super) const SERVER_OPTIONS: Vocabulary<TlsDefaults> = Vocabulary {
    noun: "option",
    owner: "",
    keys: &[
        Key::any("force-sslv3", unsafe_version),
        Key::any("force-tlsv10", unsafe_version),
        Key::any("force-tlsv11", unsafe_version),
        Key::any("force-tlsv12", |r, e, d| d.crypto.force_tlsv12 = r.flag(e)),
        Key::any("force-tlsv13", |r, e, d| d.crypto.force_tlsv13 = r.flag(e)),
        Key::any("no-sslv3", always_so),
        Key::any("no-tls-tickets", tickets_of_servers),
        Key::any("no-tlsv10", always_so),
        Key::any("no-tlsv11", always_so),
        Key::any("no-tlsv12", |r, e, d| d.crypto.no_tlsv12 = r.flag(e)),
        Key::any("no-tlsv13", |r, e, d| d.crypto.no_tlsv13 = r.flag(e)),
        Key::any("ssl-max-ver", max_ver),
        Key::any("ssl-min-ver", min_ver),
        Key::any("tls-tickets", tickets_of_servers),
    ],
    unsupported: "",
};

/// Options as a table, or as HAProxy's words in a row.
pub(super) fn options(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    vocabulary: &Vocabulary<TlsDefaults>,
    into: &mut TlsDefaults,
) {
    if let Some(table) = entry.node.get_ref().as_table() {
        reader.walk(table, &format!("{}.", entry.path), vocabulary, into);
        return;
    }
    for item in reader.items(entry) {
        let forms = "a table, or options such as \"ssl-min-ver TLSv1.2 no-tls-tickets\"";
        let Some(text) = reader.text(&item, forms) else { continue };
        match text.words() {
            Err(fault) => reader.report.add(fault.about(&entry.path, &text)),
            Ok(words) => {
                let words: Vec<_> = words.iter().map(word).collect();
                row::read(reader, &words, vocabulary, into);
            }
        }
    }
}

fn word(text: &crate::text::Text) -> Word<'_> {
    let place = text.whole();
    Word { text: text.as_str(), span: place.start..place.end }
}

pub(super) fn ciphers<T: AsMut<CryptoWords>>(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    into: &mut T,
) {
    let chosen = reader.parsed(entry, CIPHERS_FORM, tls::ciphers);
    into.as_mut().ciphers = left(reader, entry, &chosen);
}

pub(super) fn ciphersuites<T: AsMut<CryptoWords>>(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    into: &mut T,
) {
    let chosen = reader.parsed(entry, SUITES_FORM, tls::ciphersuites);
    into.as_mut().ciphersuites = left(reader, entry, &chosen);
}

pub(super) fn curves<T: AsMut<CryptoWords>>(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    into: &mut T,
) {
    let chosen = reader.parsed(entry, CURVES_FORM, tls::curves);
    into.as_mut().curves = left(reader, entry, &chosen);
}

pub(super) fn ecdhe<T: AsMut<CryptoWords>>(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    into: &mut T,
) {
    let chosen = reader.parsed(entry, "a curve such as \"P-256\"", tls::curves);
    into.as_mut().ecdhe = left(reader, entry, &chosen);
}

/// What there is of a list; one warning for all that there is not.
fn left<V: Clone>(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    chosen: &Setting<Chosen<V>>,
) -> Setting<Vec<V>> {
    let place = reader.value_place(entry);
    let mut warn = |names: &[String], what: &str, remark: &str| {
        if !names.is_empty() {
            let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            let message = format!("`{}` names {what}: {}", entry.path, quoted.join(", "));
            reader.report.add(Diagnostic::warning(place, message).expected(remark));
        }
    };
    if let Some(Chosen { missing, misplaced, .. }) = chosen.value() {
        warn(missing, "what is not supported", "left out");
        warn(misplaced, "suites of TLS 1.3", "left out; they belong in `ciphersuites`");
    }
    Setting::written(chosen.value().map(|chosen| chosen.values.clone()), place)
}

/// `ssl-min-ver`: what is older than 1.2 is left out, as everybody should.
pub(super) fn min_ver<T: AsMut<CryptoWords>>(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    into: &mut T,
) {
    let version = reader.parsed(entry, VERSION_FORM, |text| version(text, true));
    let place = reader.value_place(entry);
    if version.value() == Some(&Version::Unsafe) {
        let message = format!("`{}` is below TLSv1.2, the oldest that is safe", entry.path);
        reader.report.add(Diagnostic::warning(place, message).expected("taken for `TLSv1.2`"));
    }
    into.as_mut().min_ver = safe(&version, place);
}

/// `ssl-max-ver`.
pub(super) fn max_ver<T: AsMut<CryptoWords>>(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    into: &mut T,
) {
    let version = reader.parsed(entry, VERSION_FORM, |text| version(text, false));
    into.as_mut().max_ver = safe(&version, reader.value_place(entry));
}

#[derive(Clone, Copy, PartialEq)]
enum Version {
    Unsafe,
    Safe(TlsVersion),
}

fn safe(version: &Setting<Version>, place: crate::place::Place) -> Setting<TlsVersion> {
    let safe = version.value().map(|version| match version {
        Version::Unsafe => TlsVersion::Tls12,
        Version::Safe(version) => *version,
    });
    Setting::written(safe, place)
}

fn version(text: &str, allows_unsafe: bool) -> Result<Version, Fault> {
    match text {
        "TLSv1.2" => Ok(Version::Safe(TlsVersion::Tls12)),
        "TLSv1.3" => Ok(Version::Safe(TlsVersion::Tls13)),
        "SSLv3" | "TLSv1.0" | "TLSv1.1" if allows_unsafe => Ok(Version::Unsafe),
        "SSLv3" | "TLSv1.0" | "TLSv1.1" => {
            let problem = format!("cannot be `{text}`, which is unsafe and not supported");
            Err(Fault::new(0..text.len(), problem, format!("must be {VERSION_FORM}")))
        }
        _ => {
            let known = ["TLSv1.2", "TLSv1.3"];
            Err(crate::choice::unknown_word(text, 0..text.len(), &known, ""))
        }
    }
}

/// `no-sslv3` and its like.
pub(super) fn always_so<T>(reader: &mut Reader<'_>, entry: &Entry<'_>, _: &mut T) {
    if reader.flag(entry).value() == Some(&false) {
        unsafe_version(reader, entry, &mut ());
    }
}

/// `tls-tickets` and `no-tls-tickets` of servers: sessions are resumed in one way or not at all,
/// yet lists of options that many have name them.
pub(super) fn tickets_of_servers<T>(reader: &mut Reader<'_>, entry: &Entry<'_>, _: &mut T) {
    let flag = reader.flag(entry);
    if flag.value() == Some(&entry.word.starts_with("no-")) {
        let message = format!("`{}` has no effect on servers", entry.path);
        let diagnostic = Diagnostic::warning(reader.value_place(entry), message);
        reader.report.add(diagnostic.expected("no-ssl-reuse turns resumption off"));
    }
}

/// `force-sslv3` and its like.
pub(super) fn unsafe_version<T>(reader: &mut Reader<'_>, entry: &Entry<'_>, _: &mut T) {
    let problem = "asks for a version of TLS that is unsafe and not supported";
    let _: Setting<()> = reader.refuse(entry, &Fault::new(0..0, problem, "leave it out"));
}
