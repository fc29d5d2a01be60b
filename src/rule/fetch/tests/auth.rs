//! `http_auth*`.

use proxy_config::model::rule::{HttpFact, Password, User, Userlist};

use super::{all, check, http, one, with_request};
use crate::rule::testing::Stage;

fn with_authorization(value: &str) -> Stage {
    let mut stage =
        with_request(&format!("GET / HTTP/1.0\r\nAuthorization: {value}\r\nX: {value}\r\n\r\n"));
    let user = |name: &str, groups: &[&str]| User {
        name: name.into(),
        password: Password::None,
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
    };
    stage.config.tables.userlists = vec![Userlist {
        name: "u".into(),
        users: vec![user("al", &["g1"]), user("bob", &["g1", "g2"])],
    }];
    stage.world.user = Some((b"bob".to_vec(), b"pw".to_vec()));
    stage
}

/// Field, type, user, password, whether it is right, bearer.
const FIELDS: [[&str; 6]; 21] = [
    ["Basic Ym9iOnB3", "str Basic", "str bob", "str pw", "bool true", "-"],
    ["bAsIc   Ym9iOnB3", "str Basic", "str bob", "str pw", "bool true", "-"],
    ["Basic Ym9iOnB3, x", "str Basic", "str bob", "str pw", "bool true", "-"],
    ["Basic YTpiOmM=", "str Basic", "str a", "str b:c", "bool false", "-"],
    ["Basic Og==", "str Basic", "str ", "str ", "bool false", "-"],
    // Bits behind the last byte do not matter.
    ["Basic Oh==", "str Basic", "str ", "str ", "bool false", "-"],
    // `a:`, NUL, `b`, NUL
    ["Basic YToAYgA=", "str Basic", "str a", "str ", "bool false", "-"],
    // `bo`, NUL, `b:pw`
    ["Basic Ym8AYjpwdw==", "-", "-", "-", "-", "-"],
    ["Basic Ym9i", "-", "-", "-", "-", "-"],
    ["Basic Ym9iOnB3x", "-", "-", "-", "-", "-"],
    ["Basic YTpiOmM", "-", "-", "-", "-", "-"],
    ["Basic Ym9i!nB3", "-", "-", "-", "-", "-"],
    ["Basic =", "-", "-", "-", "-", "-"],
    ["Basic", "-", "-", "-", "-", "-"],
    ["", "-", "-", "-", "-", "-"],
    ["Digest username=\"bob\"", "-", "-", "-", "-", "-"],
    ["Basically Ym9iOnB3", "-", "-", "-", "-", "-"],
    ["Bearer tok en, c", "str Bearer", "-", "-", "-", "str tok en"],
    ["bearer  a.b-c", "str Bearer", "-", "-", "-", "str a.b-c"],
    ["Bearer", "-", "-", "-", "-", "-"],
    ["Ym9iOnB3", "-", "-", "-", "-", "-"],
];

#[test]
fn http_auth_and_its_parts() {
    for [field, kind, user, password, is_right, bearer] in FIELDS {
        check(
            &with_authorization(field),
            [
                (http(HttpFact::AuthType), kind),
                (http(HttpFact::AuthUser), user),
                (http(HttpFact::AuthPass), password),
                (http(HttpFact::Auth(0)), is_right),
                (http(HttpFact::AuthBearer(None)), bearer),
                // HAProxy has an empty one where the scheme is another; that would always be found.
                (http(HttpFact::AuthBearer(Some("x".into()))), bearer),
                (http(HttpFact::AuthBearer(Some("none".into()))), "-"),
            ],
        );
    }
}

#[test]
fn without_the_field_there_is_nothing() {
    let facts = || {
        [
            HttpFact::AuthType,
            HttpFact::AuthUser,
            HttpFact::AuthPass,
            HttpFact::Auth(0),
            HttpFact::AuthGroup(0),
            HttpFact::AuthBearer(None),
        ]
        .map(|fact| (http(fact), "-"))
    };
    check(&with_request("GET / HTTP/1.0\r\nProxy-Authorization: Basic Ym9iOnB3\r\n\r\n"), facts());
    check(&Stage::empty(), facts());
}

#[test]
fn http_auth_group() {
    let group = |list| http(HttpFact::AuthGroup(list));
    let stage = with_authorization("Basic Ym9iOnB3");
    assert_eq!(one(&stage, &group(0)), "str bob");
    assert_eq!(all(&stage, &group(0)), "str g1|str g2");
    assert_eq!(all(&stage, &group(9)), "");
    // Another password, and another user.
    for field in ["Basic Ym9iOm5v", "Basic YWw6cHc="] {
        let stage = with_authorization(field);
        assert_eq!(one(&stage, &group(0)), "-");
        assert_eq!(all(&stage, &group(0)), "");
    }
}
