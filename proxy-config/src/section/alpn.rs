//! `alpn`: protocols by preference.

use crate::draft::AlpnWord;
use crate::setting::Setting;
use crate::text::{Fault, Text};
use crate::walk::{Entry, Reader};

const FORMS: &str = "protocols such as \"h2,http/1.1\", or an array of them";

/// RFC 7301 section 3.1.
const NAME_LEN_MAX: usize = 255;

/// Protocols; which of them can be spoken is the mode's matter.
pub(super) fn read(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Setting<Vec<AlpnWord>> {
    let place = reader.value_place(entry);
    let items = reader.items(entry);
    if items.is_empty() {
        let expected = "name a protocol, such as \"http/1.1\"";
        return reader.refuse(entry, &Fault::new(0..0, "is empty", expected));
    }
    let mut words = Vec::new();
    let mut are_good = true;
    for item in items {
        let Some(text) = reader.text(&item, FORMS) else {
            are_good = false;
            continue;
        };
        if let Err(fault) = protocols(&text, &mut words) {
            reader.report.add(fault.about(&entry.path, &text));
            are_good = false;
        }
    }
    Setting::written(are_good.then_some(words), place)
}

/// `alpn`, where `no-alpn` may stand too.
pub(super) fn read_into(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    setting: &mut Setting<Vec<AlpnWord>>,
) {
    reader.refuse_pair(entry, setting);
    *setting = read(reader, entry);
}

/// `no-alpn`.
pub(super) fn read_no(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    setting: &mut Setting<Vec<AlpnWord>>,
) {
    reader.refuse_pair(entry, setting);
    if reader.flag(entry).or(false) {
        *setting = Setting::written(Some(Vec::new()), reader.value_place(entry));
    }
}

fn protocols(text: &Text, words: &mut Vec<AlpnWord>) -> Result<(), Fault> {
    let mut at = 0;
    for part in text.as_str().split(',') {
        let name = part.trim();
        let start = at + (part.len() - part.trim_start().len());
        let range = start..start + name.len();
        at += part.len() + 1;
        if name.is_empty() || name.len() > NAME_LEN_MAX {
            let expected = format!("a protocol's name has 1 to {NAME_LEN_MAX} bytes");
            return Err(Fault::new(range, "has a protocol without a usable name", expected));
        }
        if words.iter().any(|word: &AlpnWord| word.name == name) {
            return Err(Fault::new(range, format!("names `{name}` twice"), "leave one out"));
        }
        words.push(AlpnWord { name: name.to_owned(), place: text.place(&range) });
    }
    Ok(())
}
