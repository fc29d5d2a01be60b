//! `[userlist.NAME]` to the model.

use crate::diagnostic::Diagnostic;
use crate::draft::{GroupDraft, UserDraft, UserlistDraft};
use crate::model::rule::{Password, User, Userlist};
use crate::nearest::nearest;
use crate::place::Place;
use crate::report::Report;
use crate::resolve::names::Seen;

pub(super) fn build(lists: &[UserlistDraft], report: &mut Report) -> Vec<Userlist> {
    let mut seen = Seen::default();
    for list in lists {
        let message = format!("section `userlist.{}` is given twice", list.name);
        seen.add(&list.name, list.place, &message, report);
        check_twice(list, report);
    }
    lists.iter().map(|list| userlist(list, report)).collect()
}

fn check_twice(list: &UserlistDraft, report: &mut Report) {
    let mut users = Seen::default();
    for user in &list.users {
        let message = format!("duplicate user `{}` in userlist `{}`", user.name, list.name);
        users.add(&user.name, user.place, &message, report);
    }
    let mut groups = Seen::default();
    for group in &list.groups {
        let message = format!("duplicate group `{}` in userlist `{}`", group.name, list.name);
        groups.add(&group.name, group.place, &message, report);
    }
}

fn userlist(list: &UserlistDraft, report: &mut Report) -> Userlist {
    for group in &list.groups {
        for (name, place) in &group.users {
            let known = list.users.iter().map(|user| user.name.as_str());
            check_known("user", name, *place, known, report);
        }
    }
    let users = list.users.iter().map(|user| self::user(user, list, report)).collect();
    Userlist { name: list.name.clone(), users }
}

fn check_known<'n>(
    noun: &str,
    name: &str,
    place: Place,
    known: impl Iterator<Item = &'n str> + Clone,
    report: &mut Report,
) {
    if known.clone().any(|known| known == name) {
        return;
    }
    let remedy = match nearest(name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("add it to `{noun}`"),
    };
    let message = format!("there is no {noun} `{name}` in this userlist");
    report.add(Diagnostic::error(place, message).expected(remedy));
}

fn user(user: &UserDraft, list: &UserlistDraft, report: &mut Report) -> User {
    if user.password.is_absent() {
        let message = format!("user `{}` has no password", user.name);
        let expected = "nobody can be this user";
        report.add(Diagnostic::warning(user.place, message).expected(expected));
    }
    let mut groups = Vec::new();
    for (name, place) in &user.groups {
        let known = list.groups.iter().map(|group| group.name.as_str());
        check_known("group", name, *place, known, report);
        groups.push(name.clone());
    }
    let has_user = |group: &&GroupDraft| group.users.iter().any(|(name, _)| *name == user.name);
    for group in list.groups.iter().filter(has_user) {
        if !groups.contains(&group.name) {
            groups.push(group.name.clone());
        }
    }
    User { name: user.name.clone(), password: user.password.or(Password::None), groups }
}
