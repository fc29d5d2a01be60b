//! Hashes that crypt(3) of libxcrypt 4.4 made, and what is remembered of them.

use proxy_config::model::rule::{User, Userlist};
use proxy_config::password::is_known_hash;
use proxy_config::{Overrides, Surroundings};

use super::*;

const LONG: &str =
    "a longer password of more than 64 bytes, so that every branch of the hashes runs 0123456789";

const MADE: &[(&str, &str)] = &[
    ("secret", "$1$saltsalt$9xy1btjgzLYfb7hivXtC//"),
    ("", "$1$saltsalt$5Jhcit4zN9UlGiA0txPkO0"),
    (LONG, "$1$saltsalt$abt7OKXNRBYuFHxBIGsJb."),
    ("secret", "$1$ab$dslkcXxVH.x8LwW1W/oAB/"),
    ("", "$1$ab$rn6aQS/o7141mj179E/zA."),
    (LONG, "$1$ab$Th..r84mugcdCUicrTnVU1"),
    ("secret", "$5$saltstring$C3o4O1TC6aRHF4FI.QSZMXtHbaj2gSXr4sUc/3NcUi."),
    ("", "$5$saltstring$FdNfA4gXqvCeO6iZs7G/.wwwoywYZqo0l1pwmfWaBA7"),
    (LONG, "$5$saltstring$hnYR740MHcjTQxNlmuYPhcmioUYP889v0Y1eQvux3D5"),
    ("secret", "$5$rounds=1000$abcdefgh$XIppta5rT8zJUu4vAOKQXrwq9uY4Ijlz6VjyOmkx5i4"),
    (LONG, "$5$rounds=1000$abcdefgh$IWTNSlHlXk3D6bSZ71G9arEjkwaAT3lGOvtiJ5TKp0."),
    (
        "secret",
        "$6$saltstring$AIsRs/Ee56G/tC8MEHhvReZTfx8u3rXXMl6eYrjCG9ibix19DxoMBLogdTET5Ukw9Sf7eZTITsuk0\
         Ry5qulYz.",
    ),
    (
        "",
        "$6$saltstring$kyGrqt6gmjAdtFLPrflEFifSYLCWWq1pyx95SvqinLDy2UHmj0sTF0MSLMwxPFZc3tu5kQckI8fks\
         0zOPda3n1",
    ),
    (
        "secret",
        "$6$rounds=5000$usesomesillystri$TlTQnEbjsMwTVvhjjUdxkyNN7fwT77l4qSCIjUbLtSbLuXZXjZyIcpPIYdb\
         SbewOeU5OCbhxvK8tK3BOQBBAb.",
    ),
    ("secret", "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"),
    ("", "$2b$04$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq"),
    (LONG, "$2b$04$abcdefghijklmnopqrstuuxfxaoyY5jnbrmW9mi.e/ZNWVPYdUhMG"),
    ("secret", "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a"),
    ("secret", "$2a$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"),
    ("secret", "$y$j9T$abcdefgh$IUWJt2doU4Kf6E/JP1UkAT3S5O3Q7SSA8SJirXIlEu9"),
    ("", "$y$j9T$abcdefgh$iIo39NptKgz9489QUZiS9KDgwTqSQYTX5vr0wGK8Su5"),
    ("secret", "$y$j75$abcdefgh$uMUXG79B2cFpoAYyDccUnsaH/aGTyBYMlnQidzyag01"),
];

#[test]
fn hashes_are_those_of_crypt() {
    for (password, hash) in MADE {
        assert!(is_known_hash(hash), "{hash}");
        assert!(is_password(password.as_bytes(), hash), "{password:?} {hash}");
        let wrong = format!("{password}x");
        // More than 72 bytes are no part of a bcrypt hash.
        let is_cut = hash.starts_with("$2") && password.len() > 72;
        assert_eq!(is_password(wrong.as_bytes(), hash), is_cut, "{wrong:?} {hash}");
    }
}

fn users(users: &[(&str, Password)]) -> Users {
    let surroundings =
        Surroundings { env: &|_| None, read_file: &|path| std::fs::read(path), hostname: "" };
    let mut config = proxy_config::load(&[], &Overrides::default(), surroundings).config.unwrap();
    let user = |(name, password): &(&str, Password)| User {
        name: (*name).to_owned(),
        password: password.clone(),
        groups: Vec::new(),
    };
    let users = users.iter().map(user).collect();
    config.tables.userlists = vec![Userlist { name: "staff".to_owned(), users }];
    Users::new(Arc::new(config))
}

#[test]
fn only_the_right_password_of_a_user_counts() {
    let users = users(&[
        ("ann", Password::Plain("letmein".to_owned())),
        ("bob", Password::Hash("$1$ab$dslkcXxVH.x8LwW1W/oAB/".to_owned())),
        ("eve", Password::None),
    ]);
    for _ in 0..3 {
        assert!(users.is_user(0, b"ann", b"letmein") && users.is_user(0, b"bob", b"secret"));
        for (user, password) in
            [("ann", ""), ("ann", "letmeinx"), ("bob", "secre"), ("bob", ""), ("eve", ""), ("", "")]
        {
            assert!(!users.is_user(0, user.as_bytes(), password.as_bytes()), "{user} {password}");
        }
        assert!(!users.is_user(1, b"ann", b"letmein"));
    }
}

#[test]
fn what_was_computed_is_remembered_within_bounds() {
    let hash = "$1$ab$dslkcXxVH.x8LwW1W/oAB/".to_owned();
    let users = users(&[("bob", Password::Hash(hash))]);
    let count = |seen: &Seen| seen.marks.iter().filter(|place| place.get().is_some()).count();
    assert!(users.is_user(0, b"bob", b"secret") && users.is_user(0, b"bob", b"secret"));
    assert_eq!((count(&users.right), count(&users.wrong)), (1, 0));
    for guess in 0..WRONG_MAX + 200 {
        assert!(!users.is_user(0, b"bob", guess.to_string().as_bytes()));
    }
    let wrong = count(&users.wrong);
    assert!(wrong > WRONG_MAX / 2 && wrong <= WRONG_MAX, "{wrong}");
    assert_eq!(count(&users.right), 1);
    assert!(users.is_user(0, b"bob", b"secret"));
}
