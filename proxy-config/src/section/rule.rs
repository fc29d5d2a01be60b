//! ACLs and rule sets: kept as text, for what they name may stand further down or in another file.

use crate::draft::{AclDraft, DeclaredCapture, ProcVarDraft, ProxyDraft, RuleLine, RuleSet};
use crate::model::rule::Side;
use crate::setting::Setting;
use crate::text::{Fault, Text};
use crate::units;
use crate::walk::{Entry, Reader, in_file_order};

const ACL_FORM: &str = "a test such as \"path_beg /api/\", or an array of tests";

/// `acl.NAME`.
pub(super) fn acls(reader: &mut Reader<'_>, entry: &Entry<'_>, draft: &mut ProxyDraft) {
    let Some(table) = reader.table(entry, "a table: acl.is_api = \"path_beg /api/\"") else {
        return;
    };
    for (word, span, node) in in_file_order(table) {
        let key = reader.place(span);
        let raw = reader.text.get(key.start..key.end).unwrap_or("");
        let name = Text::quoted(key, raw, word);
        let path = format!("{}.{word}", entry.path);
        let member = Entry { path, word, key, node };
        let lines = texts(reader, &member, ACL_FORM);
        draft.rules.acls.push(AclDraft { name, lines });
    }
}

/// The rules of a set.
pub(super) fn lines(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    draft: &mut ProxyDraft,
    set: RuleSet,
) {
    let form = match set {
        RuleSet::UseBackend => "rules such as \"api if is_api\"",
        RuleSet::UseServer => "rules such as \"a1 if { path_beg /a }\"",
        RuleSet::Redirect => "rules such as \"scheme https unless { ssl_fc }\"",
        RuleSet::Request | RuleSet::Response | RuleSet::AfterResponse => {
            "rules such as \"set-header X-Client %[src]\""
        }
        _ => "rules such as \"reject if { src 10.0.0.0/8 }\"",
    };
    let lines = texts(reader, entry, form).into_iter();
    draft.rules.lines.extend(lines.map(|text| RuleLine { set, key: entry.key, text }));
}

/// A string, or an array of strings.
pub(super) fn texts(reader: &mut Reader<'_>, entry: &Entry<'_>, form: &str) -> Vec<Text> {
    let items = reader.items(entry);
    items.iter().filter_map(|item| reader.text(item, form)).collect()
}

/// `declare-capture`.
pub(super) fn captures(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
) -> Setting<Vec<DeclaredCapture>> {
    let form = "captures such as \"request len 40\"";
    let items = reader.items(entry);
    let read: Vec<_> = items.iter().map(|item| reader.parsed(item, form, capture)).collect();
    let good = read.iter().map(|capture| capture.value().copied()).collect();
    Setting::written(good, reader.value_place(entry))
}

fn capture(text: &str) -> Result<DeclaredCapture, Fault> {
    let expected = "write `request len 40` or `response len 40`";
    let words: Vec<_> = text.split_ascii_whitespace().collect();
    let [side, "len", len] = words.as_slice() else {
        return Err(Fault::new(0..text.len(), "is not a capture", expected));
    };
    let side = match *side {
        "request" => Side::Request,
        "response" => Side::Response,
        _ => return Err(Fault::new(0..text.len(), "is not a capture", expected)),
    };
    let start = text.rfind(len).unwrap_or(0);
    let len = units::number(len, 1, 65_535)
        .map_err(|fault| Fault { range: start..start + len.len(), ..fault })?;
    Ok(DeclaredCapture { side, len: usize::try_from(len).unwrap_or(usize::MAX) })
}

/// `set-var` or `set-var-fmt` of `global`.
pub(super) fn proc_vars(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    key: &'static str,
    into: &mut Vec<ProcVarDraft>,
) {
    let texts = texts(reader, entry, "variables such as \"proc.limit int(5)\"");
    into.extend(texts.into_iter().map(|text| ProcVarDraft { key, text }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_captures() {
        let good = capture("response  len 20").unwrap();
        assert_eq!((good.side, good.len), (Side::Response, 20));
        for (text, range) in [
            ("request", 0..7),
            ("request len", 0..11),
            ("cookie len 5", 0..12),
            ("request len 0", 12..13),
            ("request len 65536", 12..17),
            ("request len 5 6", 0..15),
        ] {
            assert_eq!(capture(text).unwrap_err().range, range, "{text}");
        }
    }
}
