use super::*;

const KINDS: [(&str, FieldKind); 10] = [
    ("connection", FieldKind::Connection),
    ("content-length", FieldKind::ContentLength),
    ("expect", FieldKind::Expect),
    ("host", FieldKind::Host),
    ("keep-alive", FieldKind::KeepAlive),
    ("proxy-connection", FieldKind::ProxyConnection),
    ("te", FieldKind::Te),
    ("trailer", FieldKind::Trailer),
    ("transfer-encoding", FieldKind::TransferEncoding),
    ("upgrade", FieldKind::Upgrade),
];

#[test]
fn known_names_in_any_case() {
    for (name, kind) in KINDS {
        assert_eq!(FieldKind::of(name.as_bytes()), kind);
        assert_eq!(FieldKind::of(name.to_uppercase().as_bytes()), kind);
        assert_eq!(
            FieldKind::of([&name[..1].to_uppercase(), &name[1..]].concat().as_bytes()),
            kind
        );
    }
}

/// The comparison by one bit must agree with the plain one on every byte of a name.
#[test]
fn names_that_differ_in_one_byte_are_other_names() {
    for (name, kind) in KINDS {
        for index in 0..name.len() {
            for byte in (0..=255).filter(|byte| is_token_byte(*byte) || *byte >= 0x80) {
                let mut other = name.as_bytes().to_vec();
                other[index] = byte;
                let is_known = other.eq_ignore_ascii_case(name.as_bytes());
                assert_eq!(FieldKind::of(&other) == kind, is_known, "{}", other.escape_ascii());
            }
        }
        assert_eq!(FieldKind::of(format!("{name}x").as_bytes()), FieldKind::Other);
    }
    assert_eq!(FieldKind::of(b""), FieldKind::Other);
}

#[test]
fn spans_outside_are_empty() {
    let bytes = b"abc";
    assert_eq!(Span { start: 1, end: 3 }.of(bytes), b"bc");
    assert_eq!(Span { start: 1, end: 4 }.of(bytes), b"");
    assert_eq!(Span { start: 3, end: 1 }.of(bytes), b"");
    assert_eq!((Span { start: 3, end: 1 }.len(), Span { start: 1, end: 3 }.len()), (0, 2));
    assert_eq!(Span::within(bytes, &bytes[1..2]), Span { start: 1, end: 2 });
}

#[test]
fn lists() {
    let elements: Vec<&[u8]> = list_elements(b" a,, b c\t,").collect();
    assert_eq!(elements, [&b"a"[..], b"", b"b c", b""]);
}
