//! `bind`: where a frontend listens.

use crate::draft::{BindDraft, BindTlsWords, CryptoWords, PolicyWords};
use crate::model::BindAddress;
use crate::section::{alpn, crt_list, crypto, path, proxy_name, tls};
use crate::setting::Setting;
use crate::text::Fault;
use crate::walk::{Entry, Key, Reader, Vocabulary};
use crate::{address, words};

const FORMS: &str = "an address such as \"*:80\", or an array of addresses";

pub(super) const BIND: Vocabulary<BindWords> = Vocabulary {
    noun: "bind word",
    owner: "bind",
    keys: &[
        Key::any("accept-proxy", |r, e, b| b.accept_proxy = r.flag(e)),
        Key::any("address", |r, e, b| b.address = bind_address(r, e)),
        Key::any("alpn", |r, e, b| alpn::read_into(r, e, &mut b.tls.policy.alpn)),
        Key::any("backlog", |r, e, b| b.backlog = r.number(e, 1, 65_535)),
        Key::any("ca-file", tls::client_ca_file),
        Key::any("ciphers", crypto::ciphers),
        Key::any("ciphersuites", crypto::ciphersuites),
        Key::any("crl-file", tls::client_crl_file),
        Key::any("crt", |r, e, b| b.tls.crts = path::crts(r, e)),
        Key::any("crt-list", |r, e, b| b.tls.crt_lists = crt_list::read(r, e)),
        Key::any("curves", crypto::curves),
        Key::any("default-crt", |r, e, b| b.tls.default_crts = path::crts(r, e)),
        Key::any("ecdhe", crypto::ecdhe),
        Key::any("force-sslv3", crypto::unsafe_version),
        Key::any("force-tlsv10", crypto::unsafe_version),
        Key::any("force-tlsv11", crypto::unsafe_version),
        Key::any("force-tlsv12", |r, e, b| b.tls.policy.crypto.force_tlsv12 = r.flag(e)),
        Key::any("force-tlsv13", |r, e, b| b.tls.policy.crypto.force_tlsv13 = r.flag(e)),
        Key::any("name", |r, e, b| b.name = r.parsed(e, "a name", proxy_name)),
        Key::any("no-alpn", |r, e, b| alpn::read_no(r, e, &mut b.tls.policy.alpn)),
        Key::any("no-ca-names", tls::no_ca_names),
        Key::any("no-sslv3", crypto::always_so),
        Key::any("no-strict-sni", |r, e, b| r.toggle(e, false, &mut b.tls.strict_sni)),
        Key::any("no-tls-tickets", |r, e, b| r.toggle(e, false, &mut b.tls.tickets)),
        Key::any("no-tlsv10", crypto::always_so),
        Key::any("no-tlsv11", crypto::always_so),
        Key::any("no-tlsv12", |r, e, b| b.tls.policy.crypto.no_tlsv12 = r.flag(e)),
        Key::any("no-tlsv13", |r, e, b| b.tls.policy.crypto.no_tlsv13 = r.flag(e)),
        Key::any("prefer-client-ciphers", |r, e, b| b.tls.prefer_client_ciphers = r.flag(e)),
        Key::any("ssl", |r, e, b| b.tls.ssl = r.flag(e)),
        Key::any("ssl-max-ver", crypto::max_ver),
        Key::any("ssl-min-ver", crypto::min_ver),
        Key::any("strict-sni", |r, e, b| r.toggle(e, true, &mut b.tls.strict_sni)),
        Key::any("tls-ticket-keys", |r, e, b| b.tls.ticket_keys = path::path(r, e)),
        Key::any("tls-tickets", |r, e, b| r.toggle(e, true, &mut b.tls.tickets)),
        Key::any("verify", tls::client_verify),
    ],
    unsupported: words::BIND,
};

#[derive(Default)]
pub(super) struct BindWords {
    accept_proxy: Setting<bool>,
    address: Setting<Address>,
    backlog: Setting<u32>,
    name: Setting<String>,
    tls: Box<BindTlsWords>,
}

impl AsMut<CryptoWords> for BindWords {
    fn as_mut(&mut self) -> &mut CryptoWords {
        &mut self.tls.policy.crypto
    }
}

impl AsMut<PolicyWords> for BindWords {
    fn as_mut(&mut self) -> &mut PolicyWords {
        &mut self.tls.policy
    }
}

#[derive(Clone)]
struct Address {
    address: BindAddress,
    text: String,
}

pub(super) fn read(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Vec<BindDraft>> {
    let items = reader.items(entry);
    if items.is_empty() {
        let fault = Fault::new(0..0, "is empty", "give at least one address");
        return reader.refuse(entry, &fault);
    }
    let binds: Vec<_> = items.iter().filter_map(|item| read_one(reader, item)).collect();
    let is_complete = binds.len() == items.len();
    // Those that are good still serve to find duplicates.
    let place = reader.value_place(entry);
    Setting::written((is_complete || !binds.is_empty()).then_some(binds), place)
}

fn read_one(reader: &mut Reader<'_>, item: &Entry<'_>) -> Option<BindDraft> {
    let Some(table) = item.node.get_ref().as_table() else {
        let address = bind_address(reader, item);
        return draft(BindWords { address, ..BindWords::default() }, true);
    };
    let mut words = BindWords::default();
    let is_complete = reader.walk(table, "", &BIND, &mut words);
    if is_complete && words.address.is_absent() {
        reader.missing(item, "`bind` has no `address`", "address = \"*:80\"");
    }
    draft(words, is_complete)
}

fn draft(words: BindWords, is_complete: bool) -> Option<BindDraft> {
    let Address { address, text } = words.address.value()?.clone();
    Some(BindDraft {
        address,
        text,
        backlog: words.backlog,
        name: words.name.value().cloned(),
        accept_proxy: words.accept_proxy.or(false),
        tls: words.tls,
        is_complete,
        place: words.address.place()?,
    })
}

fn bind_address(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Address> {
    reader.parsed(entry, FORMS, |text| {
        let address = address::bind(text)?;
        Ok(Address { address, text: text.to_owned() })
    })
}
