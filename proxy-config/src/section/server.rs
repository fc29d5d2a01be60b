//! `server` and `default-server`.

use crate::choice::{each_word, unknown_word};
use crate::draft::{ProxyDraft, ProxyV2Options, ServerDraft};
use crate::section::proxy_name;
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
        Key::any("backup", |r, e, s| s.words.backup = r.flag(e)),
        Key::any("check", |r, e, s| s.words.check = r.flag(e)),
        Key::any("check-send-proxy", |r, e, s| s.words.check_send_proxy = r.flag(e)),
        Key::any("disabled", |r, e, s| s.words.disabled = r.flag(e)),
        Key::any("fall", |r, e, s| s.words.fall = r.number(e, 1, 65_535)),
        Key::any("inter", |r, e, s| s.words.inter = r.duration(e)),
        Key::any("name", |r, e, s| s.name = r.parsed(e, "a name", proxy_name)),
        Key::any("port", |r, e, s| s.words.port = r.number(e, 1, 65_535)),
        Key::any("proxy-v2-options", |r, e, s| s.words.proxy_v2_options = proxy_v2_options(r, e)),
        Key::any("rise", |r, e, s| s.words.rise = r.number(e, 1, 65_535)),
        Key::any("send-proxy", |r, e, s| s.words.send_proxy = r.flag(e)),
        Key::any("send-proxy-v2", |r, e, s| s.words.send_proxy_v2 = r.flag(e)),
        Key::any("weight", |r, e, s| s.words.weight = r.number(e, 0, 256)),
    ],
    unsupported: words::SERVER,
};

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
                match word {
                    "authority" => options.authority = true,
                    "crc32c" => options.crc32c = true,
                    "unique-id" => options.unique_id = true,
                    _ => return None,
                }
                Some(())
            })
            .map_err(|range| {
                let known = ["authority", "crc32c", "unique-id"];
                unknown_word(text, range, &known, words::PROXY_V2_OPTIONS)
            })
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
