//! `server` and `default-server`.

use crate::choice::{each_word, unknown_word};
use crate::draft::{CryptoWords, ProxyDraft, ProxyV2Options, ServerDraft};
use crate::section::{alpn, crypto, path, proxy_name, sni};
use crate::setting::Setting;
use crate::text::Fault;
use crate::walk::{Entry, Key, Reader, Vocabulary};
use crate::{address, words};

const FORMS: &str = "an array of tables: [{ name = \"a\", address = \"10.0.0.1:80\" }]";

pub(super) const SERVER: Vocabulary<ServerDraft> = Vocabulary {
    noun: "server word",
    owner: "server",
    keys: &[
        Key::any("address", |r, e, s| {
            s.address = r.parsed(e, "an address such as \"10.0.0.1:80\"", address::server);
        }),
        Key::any("alpn", |r, e, s| s.words.tls.alpn = alpn::read(r, e)),
        Key::any("backup", |r, e, s| s.words.backup = r.flag(e)),
        Key::any("ca-file", |r, e, s| s.words.tls.ca_file = r.parsed(e, "a path", path::server_ca)),
        Key::any("check", |r, e, s| s.words.check = r.flag(e)),
        Key::any("check-alpn", |r, e, s| s.words.tls.check_alpn = alpn::read(r, e)),
        Key::any("check-send-proxy", |r, e, s| s.words.check_send_proxy = r.flag(e)),
        Key::any("check-sni", |r, e, s| {
            s.words.tls.check_sni = r.parsed(e, sni::NAME_FORMS, sni::static_name);
        }),
        Key::any("check-ssl", |r, e, s| r.toggle(e, true, &mut s.words.tls.check_ssl)),
        Key::any("ciphers", crypto::ciphers),
        Key::any("ciphersuites", crypto::ciphersuites),
        Key::any("crl-file", |r, e, s| s.words.tls.crl_file = path::path(r, e)),
        Key::any("crt", |r, e, s| s.words.tls.crt = r.parsed(e, "a path", path::crt)),
        Key::any("curves", crypto::curves),
        Key::any("disabled", |r, e, s| s.words.disabled = r.flag(e)),
        Key::any("fall", |r, e, s| s.words.fall = r.number(e, 1, 65_535)),
        Key::any("force-sslv3", crypto::unsafe_version),
        Key::any("force-tlsv10", crypto::unsafe_version),
        Key::any("force-tlsv11", crypto::unsafe_version),
        Key::any("force-tlsv12", |r, e, s| s.words.tls.crypto.force_tlsv12 = r.flag(e)),
        Key::any("force-tlsv13", |r, e, s| s.words.tls.crypto.force_tlsv13 = r.flag(e)),
        Key::any("inter", |r, e, s| s.words.inter = r.duration(e)),
        Key::any("name", |r, e, s| s.name = r.parsed(e, "a name", proxy_name)),
        Key::any("no-check-ssl", |r, e, s| r.toggle(e, false, &mut s.words.tls.check_ssl)),
        Key::any("no-send-proxy-v2-ssl", |r, e, s| {
            r.toggle(e, false, &mut s.words.send_proxy_v2_ssl);
        }),
        Key::any("no-send-proxy-v2-ssl-cn", |r, e, s| {
            r.toggle(e, false, &mut s.words.send_proxy_v2_ssl_cn);
        }),
        Key::any("no-sni-auto", |r, e, s| r.toggle(e, false, &mut s.words.tls.sni_auto)),
        Key::any("no-ssl", |r, e, s| r.toggle(e, false, &mut s.words.tls.ssl)),
        Key::any("no-ssl-reuse", |r, e, s| r.toggle(e, false, &mut s.words.tls.ssl_reuse)),
        Key::any("no-sslv3", crypto::always_so),
        Key::any("no-tls-tickets", crypto::tickets_of_servers),
        Key::any("no-tlsv10", crypto::always_so),
        Key::any("no-tlsv11", crypto::always_so),
        Key::any("no-tlsv12", |r, e, s| s.words.tls.crypto.no_tlsv12 = r.flag(e)),
        Key::any("no-tlsv13", |r, e, s| s.words.tls.crypto.no_tlsv13 = r.flag(e)),
        Key::any("no-verifyhost", no_verifyhost),
        Key::any("port", |r, e, s| s.words.port = r.number(e, 1, 65_535)),
        Key::any("proxy-v2-options", |r, e, s| s.words.proxy_v2_options = proxy_v2_options(r, e)),
        Key::any("rise", |r, e, s| s.words.rise = r.number(e, 1, 65_535)),
        Key::any("send-proxy", |r, e, s| s.words.send_proxy = r.flag(e)),
        Key::any("send-proxy-v2", |r, e, s| s.words.send_proxy_v2 = r.flag(e)),
        Key::any("send-proxy-v2-ssl", |r, e, s| {
            r.toggle(e, true, &mut s.words.send_proxy_v2_ssl);
        }),
        Key::any("send-proxy-v2-ssl-cn", |r, e, s| {
            r.toggle(e, true, &mut s.words.send_proxy_v2_ssl_cn);
        }),
        Key::any("sni", |r, e, s| s.words.tls.sni = sni::sni(r, e)),
        Key::any("sni-auto", |r, e, s| r.toggle(e, true, &mut s.words.tls.sni_auto)),
        Key::any("ssl", |r, e, s| r.toggle(e, true, &mut s.words.tls.ssl)),
        Key::any("ssl-max-ver", crypto::max_ver),
        Key::any("ssl-min-ver", crypto::min_ver),
        Key::any("ssl-reuse", |r, e, s| r.toggle(e, true, &mut s.words.tls.ssl_reuse)),
        Key::any("tls-tickets", crypto::tickets_of_servers),
        Key::any("verify", |r, e, s| s.words.tls.verify = r.word(e, &VERIFY, "")),
        Key::any("verifyhost", verifyhost),
        Key::any("weight", |r, e, s| s.words.weight = r.number(e, 0, 256)),
    ],
    unsupported: words::SERVER,
};

/// `verify` of a server, and what `global` says of all.
pub(super) const VERIFY: [(&str, bool); 2] = [("none", false), ("required", true)];

/// Turns an option on.
type SetOption = fn(&mut ProxyV2Options);

/// Words of `proxy-v2-options`; as in HAProxy those about certificates and ciphers imply `ssl`,
/// of which they are parts.
const V2_OPTIONS: [(&str, SetOption); 8] = [
    ("authority", |o| o.authority = true),
    ("cert-cn", |o| (o.ssl, o.cert_cn) = (true, true)),
    ("cert-key", |o| (o.ssl, o.cert_key) = (true, true)),
    ("cert-sig", |o| (o.ssl, o.cert_sig) = (true, true)),
    ("crc32c", |o| o.crc32c = true),
    ("ssl", |o| o.ssl = true),
    ("ssl-cipher", |o| (o.ssl, o.ssl_cipher) = (true, true)),
    ("unique-id", |o| o.unique_id = true),
];

impl AsMut<CryptoWords> for ServerDraft {
    fn as_mut(&mut self) -> &mut CryptoWords {
        &mut self.words.tls.crypto
    }
}

pub(super) fn read(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Vec<ServerDraft>> {
    let place = reader.value_place(entry);
    if !entry.node.get_ref().is_array() {
        reader.wrong_type(entry, FORMS);
        return Setting::written(None, place);
    }
    let items = reader.items(entry);
    let servers = items.iter().filter_map(|item| read_one(reader, item)).collect();
    Setting::written(Some(servers), place)
}

fn read_one(reader: &mut Reader<'_>, item: &Entry<'_>) -> Option<ServerDraft> {
    let table = reader.table(item, "a table: { name = \"a\", address = \"10.0.0.1:80\" }")?;
    let mut server = ServerDraft::default();
    let is_complete = reader.walk(table, "", &SERVER, &mut server);
    if is_complete && server.name.is_absent() {
        reader.missing(item, "`server` has no `name`", "name = \"app1\"");
    }
    if is_complete && server.address.is_absent() {
        reader.missing(item, "`server` has no `address`", "address = \"10.0.0.1:80\"");
    }
    Some(server)
}

/// A string of words separated by commas, or an array of such strings.
fn proxy_v2_options(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<ProxyV2Options> {
    let mut options = ProxyV2Options::default();
    let mut are_good = true;
    for item in reader.items(entry) {
        let read = reader.parsed(&item, "options such as \"crc32c,unique-id\"", |text| {
            each_word(text, ',', |word| {
                let (_, set) = V2_OPTIONS.iter().find(|(known, _)| *known == word)?;
                set(&mut options);
                Some(())
            })
            .map_err(|range| unknown_word(text, range, &V2_OPTIONS.map(|(word, _)| word), ""))
        });
        are_good &= !read.is_wrong();
    }
    Setting::written(are_good.then_some(options), reader.value_place(entry))
}

/// The words of a server, for all servers of the section; name and address are each server's own.
pub(super) fn read_default(reader: &mut Reader<'_>, entry: &Entry<'_>, draft: &mut ProxyDraft) {
    let Some(table) = reader.table(entry, "a table: { check = true, inter = \"2s\" }") else {
        return;
    };
    let mut server = ServerDraft::default();
    reader.walk(table, "default-server.", &SERVER, &mut server);
    for (place, word) in [(server.name.place(), "name"), (server.address.place(), "address")] {
        if let Some(place) = place {
            let fault = Fault::new(0..0, format!("cannot have `{word}`"), "belongs to each server");
            reader.refuse_at(place, &entry.path, &fault);
        }
    }
    draft.settings.default_server = server.words;
}

fn verifyhost(reader: &mut Reader<'_>, entry: &Entry<'_>, server: &mut ServerDraft) {
    let setting = &mut server.words.tls.verifyhost;
    reader.refuse_pair(entry, setting);
    *setting = reader.parsed(entry, sni::NAME_FORMS, |text| sni::verifyhost(text).map(Some));
}

fn no_verifyhost(reader: &mut Reader<'_>, entry: &Entry<'_>, server: &mut ServerDraft) {
    let setting = &mut server.words.tls.verifyhost;
    reader.refuse_pair(entry, setting);
    if reader.flag(entry).or(false) {
        *setting = Setting::written(Some(None), reader.value_place(entry));
    }
}
