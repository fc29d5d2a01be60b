//! `[userlist.NAME]` as the files have it.

use crate::model::rule::Password;
use crate::place::Place;
use crate::setting::Setting;

#[derive(Debug)]
pub(crate) struct UserlistDraft {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) users: Vec<UserDraft>,
    pub(crate) groups: Vec<GroupDraft>,
}

/// An item of `user`.
#[derive(Debug)]
pub(crate) struct UserDraft {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) password: Setting<Password>,
    pub(crate) groups: Vec<(String, Place)>,
}

/// An item of `group`.
#[derive(Debug)]
pub(crate) struct GroupDraft {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) users: Vec<(String, Place)>,
}
