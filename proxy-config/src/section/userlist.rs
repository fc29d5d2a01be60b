//! `[userlist.NAME]`: users, their passwords and their groups.

use crate::diagnostic::Diagnostic;
use crate::draft::{GroupDraft, UserDraft, UserlistDraft};
use crate::model::rule::Password;
use crate::password::is_known_hash;
use crate::place::Place;
use crate::setting::Setting;
use crate::text::Fault;
use crate::walk::{Entry, Key, Reader, Vocabulary};

pub(super) const USERLIST: Vocabulary<UserlistDraft> = Vocabulary {
    noun: "key",
    owner: "",
    keys: &[
        Key::any("group", |r, e, list| {
            let groups = each(r, e, "{ name = \"admins\" }", group);
            list.groups.extend(groups);
        }),
        Key::any("user", |r, e, list| {
            let users = each(r, e, "{ name = \"ann\", password = \"$6$...\" }", user);
            list.users.extend(users);
        }),
    ],
    unsupported: "",
};

pub(super) const USER: Vocabulary<UserWords> = Vocabulary {
    noun: "word",
    owner: "",
    keys: &[
        Key::any("groups", |r, e, u| u.groups = names(r, e)),
        Key::any("insecure-password", |r, e, u| {
            u.plain = r.parsed(e, "a password", |text| Ok(Password::Plain(text.to_owned())));
        }),
        Key::any("name", |r, e, u| u.name = r.parsed(e, "a name", user_name)),
        Key::any("password", |r, e, u| u.hash = r.parsed(e, "a hash such as \"$6$...\"", hash)),
    ],
    unsupported: "",
};

pub(super) const GROUP: Vocabulary<GroupWords> = Vocabulary {
    noun: "word",
    owner: "",
    keys: &[
        Key::any("name", |r, e, g| g.name = r.parsed(e, "a name", group_name)),
        Key::any("users", |r, e, g| g.users = names(r, e)),
    ],
    unsupported: "",
};

#[derive(Default)]
pub(super) struct UserWords {
    groups: Vec<(String, Place)>,
    hash: Setting<Password>,
    name: Setting<String>,
    plain: Setting<Password>,
}

#[derive(Default)]
pub(super) struct GroupWords {
    name: Setting<String>,
    users: Vec<(String, Place)>,
}

/// The items of an array of tables.
fn each<T>(
    reader: &mut Reader<'_>,
    entry: &Entry<'_>,
    form: &str,
    read: fn(&mut Reader<'_>, &Entry<'_>, &str) -> Option<T>,
) -> Vec<T> {
    if !entry.node.get_ref().is_array() {
        reader.wrong_type(entry, &format!("an array of tables: [{form}]"));
        return Vec::new();
    }
    let items = reader.items(entry);
    items.iter().filter_map(|item| read(reader, item, form)).collect()
}

fn user(reader: &mut Reader<'_>, item: &Entry<'_>, form: &str) -> Option<UserDraft> {
    let table = reader.table(item, &format!("a table: {form}"))?;
    let mut words = UserWords::default();
    let is_complete = reader.walk(table, "user.", &USER, &mut words);
    if is_complete && words.name.is_absent() {
        reader.missing(item, "`user` has no `name`", "name = \"ann\"");
    }
    if let (Some(hash), Some(plain)) = (words.hash.place(), words.plain.place()) {
        let message = "`password` and `insecure-password` cannot go together";
        let diagnostic = Diagnostic::error(hash.max(plain), message)
            .expected("leave one of them out")
            .label(hash.min(plain), "the other is here");
        reader.report.add(diagnostic);
    }
    let password = if words.hash.is_absent() { words.plain } else { words.hash };
    let place = words.name.place()?;
    let name = words.name.value()?.clone();
    Some(UserDraft { name, place, password, groups: words.groups })
}

fn group(reader: &mut Reader<'_>, item: &Entry<'_>, form: &str) -> Option<GroupDraft> {
    let table = reader.table(item, &format!("a table: {form}"))?;
    let mut words = GroupWords::default();
    let is_complete = reader.walk(table, "group.", &GROUP, &mut words);
    if is_complete && words.name.is_absent() {
        reader.missing(item, "`group` has no `name`", "name = \"admins\"");
    }
    let place = words.name.place()?;
    let name = words.name.value()?.clone();
    Some(GroupDraft { name, place, users: words.users })
}

/// Names, in an array or separated by commas as in HAProxy.
fn names(reader: &mut Reader<'_>, entry: &Entry<'_>) -> Vec<(String, Place)> {
    let mut found = Vec::new();
    for item in reader.items(entry) {
        let Some(text) = reader.text(&item, "names such as [\"ann\", \"bob\"]") else { continue };
        let mut at = 0;
        for name in text.as_str().split(',') {
            let place = text.place(&(at..at + name.len()));
            at += name.len() + 1;
            if name.is_empty() {
                let fault = Fault::new(0..0, "has an empty name", "leave it out");
                reader.refuse_at(place, &entry.path, &fault);
            } else {
                found.push((name.to_owned(), place));
            }
        }
    }
    found
}

/// What can stand before the `:` of a basic authorization (RFC 7617 section 2).
fn user_name(text: &str) -> Result<String, Fault> {
    let bad = text.char_indices().find(|(_, c)| *c == ':' || c.is_control());
    match bad {
        _ if text.is_empty() => Err(Fault::new(0..0, "is empty", "give a name")),
        Some((at, c)) => {
            let expected = "a user's name has no `:` and no control character";
            Err(Fault::new(at..at + c.len_utf8(), "cannot be sent by a client", expected))
        }
        None => Ok(text.to_owned()),
    }
}

fn group_name(text: &str) -> Result<String, Fault> {
    if text.is_empty() || text.contains([',', ' ']) {
        let expected = "a group's name has neither commas nor blanks";
        return Err(Fault::new(0..text.len(), "is not a name", expected));
    }
    Ok(text.to_owned())
}

/// A hash of crypt(3) of a kind that the program can compute.
fn hash(text: &str) -> Result<Password, Fault> {
    if is_known_hash(text) {
        return Ok(Password::Hash(text.to_owned()));
    }
    let whole = 0..text.len();
    let expected = "make one with `openssl passwd -6`, or use `insecure-password` for plain text";
    if text.starts_with('$') {
        return Err(Fault::new(whole, "is a hash of a kind that is not supported", expected));
    }
    Err(Fault::new(whole, "is not a hash", expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_known_kinds() {
        let good = "$1$saltsalt$9xy1btjgzLYfb7hivXtC//";
        assert_eq!(hash(good), Ok(Password::Hash(good.to_owned())));
        for bad in ["", "secret", "$6$", "$2y$10$abc", "$sha1$1$salt$abc"] {
            assert!(hash(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_of_users() {
        assert!(user_name("ann smith").is_ok());
        assert_eq!(user_name("a:b").unwrap_err().range, 1..2);
        assert!(user_name("").is_err());
    }
}
