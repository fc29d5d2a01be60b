//! `bind`: where a frontend listens.

use crate::draft::BindDraft;
use crate::model::BindAddress;
use crate::section::proxy_name;
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
        Key::any("backlog", |r, e, b| b.backlog = r.number(e, 1, 65_535)),
        Key::any("name", |r, e, b| b.name = r.parsed(e, "a name", proxy_name)),
    ],
    unsupported: words::BIND,
};

#[derive(Default)]
pub(super) struct BindWords {
    accept_proxy: Setting<bool>,
    address: Setting<Address>,
    backlog: Setting<u32>,
    name: Setting<String>,
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
        return draft(&BindWords { address, ..BindWords::default() });
    };
    let mut words = BindWords::default();
    let is_complete = reader.walk(table, "", &BIND, &mut words);
    if is_complete && words.address.is_absent() {
        reader.missing(item, "`bind` has no `address`", "address = \"*:80\"");
    }
    draft(&words)
}

fn draft(words: &BindWords) -> Option<BindDraft> {
    let Address { address, text } = words.address.value()?.clone();
    Some(BindDraft {
        address,
        text,
        backlog: words.backlog.clone(),
        name: words.name.value().cloned(),
        accept_proxy: words.accept_proxy.or(false),
        place: words.address.place()?,
    })
}

fn bind_address(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Address> {
    reader.parsed(entry, FORMS, |text| {
        let address = address::bind(text)?;
        Ok(Address { address, text: text.to_owned() })
    })
}
