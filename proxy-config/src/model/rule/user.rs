//! `[userlist.NAME]`: who may pass `auth`.

/// A list of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Userlist {
    pub name: String,
    /// No name twice.
    pub users: Vec<User>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub password: Password,
    /// The groups that it belongs to, in its own or the groups' lines.
    pub groups: Vec<String>,
}

/// A password as the configuration has it.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// `insecure-password`
    Plain(String),
    /// `password`: a hash of crypt(3), of a kind that this release can compute.
    Hash(String),
    /// No password: nobody can be this user.
    None,
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}
