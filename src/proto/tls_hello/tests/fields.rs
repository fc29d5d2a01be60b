//! Each field of a hello: what it may say, and what breaks it.

use super::super::testing::{
    Parts, accept, extension, host, message, refuse_at_once, vec8, vec16, with_extension,
};
use super::super::{HelloError, codes};

#[test]
fn a_bare_hello_is_read() {
    let mut parts = Parts::new(b"");
    for extensions in [None, Some(Vec::new())] {
        parts.extensions = extensions;
        let bytes = parts.hello();
        let hello = accept(&bytes);
        assert_eq!((hello.legacy_version, hello.record_version), (0x0303, 0x0301));
        assert_eq!(hello.session_id(), b"session");
        assert!(codes(hello.cipher_suites()).eq([0x1301, 0xc02b]));
        assert_eq!(hello.compression_methods(), [0]);
        assert_eq!((hello.server_name(), hello.extension_types().count()), (None, 0));
        assert_eq!((hello.alpn().count(), hello.key_share_groups().count()), (0, 0));
        assert_eq!((hello.supported_versions(), hello.supported_groups()), (None, None));
        assert_eq!((hello.point_formats(), hello.signature_algorithms()), (None, None));
        assert_eq!(hello.session_ticket(), None);
        assert!(!hello.has_pre_shared_key() && !hello.has_early_data());
        assert!(!hello.has_encrypted_hello());
        assert_eq!(hello.highest_version(), 0x0303);
    }
}

/// A change of the parts.
fn changed(change: impl Fn(&mut Parts)) -> Vec<u8> {
    let mut parts = Parts::new(b"");
    change(&mut parts);
    parts.hello()
}

#[test]
fn versions_are_of_ssl_3_or_tls() {
    for version in [0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x03ff] {
        assert_eq!(accept(&changed(|parts| parts.version = version)).legacy_version, version);
    }
    for version in [0, 0x0002, 0x0200, 0x0400, 0xfefd, 0xffff] {
        refuse_at_once(&changed(|parts| parts.version = version), HelloError::Version);
    }
}

#[test]
fn a_session_id_has_at_most_32_bytes() {
    for len in [0, 1, 31, 32] {
        let bytes = changed(|parts| parts.session_id = vec8(&vec![9; len]));
        assert_eq!(accept(&bytes).session_id().len(), len);
    }
    refuse_at_once(&changed(|parts| parts.session_id = vec8(&[9; 33])), HelloError::SessionId);
    refuse_at_once(&changed(|parts| parts.session_id = vec![255]), HelloError::SessionId);
}

#[test]
fn cipher_suites_are_pairs_and_not_none() {
    let many = vec16(&[7; 2000]);
    let bytes = changed(|parts| parts.cipher_suites.clone_from(&many));
    assert_eq!(accept(&bytes).cipher_suites(), [7; 2000]);
    for suites in [vec16(b""), vec16(b"a"), vec16(b"abc"), vec![255, 254, 1]] {
        let bytes = changed(|parts| parts.cipher_suites.clone_from(&suites));
        refuse_at_once(&bytes, HelloError::CipherSuites);
    }
}

#[test]
fn one_compression_method_is_none() {
    for methods in [&[0][..], &[1, 0], &[0, 1, 64]] {
        let bytes = changed(|parts| parts.compression_methods = vec8(methods));
        assert_eq!(accept(&bytes).compression_methods(), methods);
    }
    for methods in [vec8(b""), vec8(&[1]), vec8(&[64, 1])] {
        let bytes = changed(|parts| parts.compression_methods.clone_from(&methods));
        refuse_at_once(&bytes, HelloError::Compression);
    }
}

/// The body ends within each of its fields.
#[test]
fn a_hello_that_ends_too_early_is_refused() {
    let parts = Parts::new(&extension(0, &host(b"a.example")));
    let body = parts.body();
    let session_id = 34;
    let suites = session_id + parts.session_id.len();
    let compression = suites + parts.cipher_suites.len();
    let extensions = compression + parts.compression_methods.len();
    for len in 0..body.len() {
        let error = match len {
            _ if len < session_id => HelloError::TooShort,
            _ if len < suites => HelloError::SessionId,
            _ if len < compression => HelloError::CipherSuites,
            _ if len < extensions => HelloError::Compression,
            _ if len == extensions => continue,
            _ => HelloError::Extensions,
        };
        refuse_at_once(&message(1, &body[..len]), error);
    }
    for behind in [&b"\0"[..], b"\0\0\0\0"] {
        refuse_at_once(&message(1, &[&body[..], behind].concat()), HelloError::TrailingBytes);
    }
}

#[test]
fn extensions_fill_their_list() {
    for rest in [&b"\0"[..], b"\x12\x34", b"\x12\x34\0", b"\x12\x34\0\x01", b"\x12\x34\xff\xffab"] {
        refuse_at_once(&Parts::new(rest).hello(), HelloError::Extensions);
        let behind = [&extension(0x1234, b"x")[..], rest].concat();
        refuse_at_once(&Parts::new(&behind).hello(), HelloError::Extensions);
    }
}

#[test]
fn an_extension_comes_once() {
    for kind in [0x1234, 0, 63, 64, 35, 0x0a0a, 0xffff] {
        let value = if kind == 0 { host(b"a") } else { Vec::new() };
        let one = extension(kind, &value);
        accept(&Parts::new(&one).hello());
        let twice = Parts::new(&[&one[..], &extension(0x4321, b""), &one].concat()).hello();
        refuse_at_once(&twice, HelloError::ExtensionRepeated);
    }
    let all: Vec<u8> = (1000..4000).flat_map(|kind| extension(kind, b"")).collect();
    let bytes = Parts::new(&all).hello();
    assert!(accept(&bytes).extension_types().eq([13].into_iter().chain(1000..4000)));
}

#[test]
fn unknown_extensions_may_say_anything() {
    for kind in [0x1234, 0x0a0a, 5, 18, 23, 44, 45, 57, 0xff01] {
        let bytes = with_extension(kind, b"\xff\xff\xff");
        assert_eq!(accept(&bytes).extension(kind), Some(&b"\xff\xff\xff"[..]));
    }
}

#[test]
fn server_names_are_host_names() {
    let label = "a".repeat(63);
    let longest = [&label[..], &label, &label, &label[..61]].join(".");
    for (sent, name) in [
        ("example.com", "example.com"),
        ("WWW.Example.COM", "WWW.Example.COM"),
        ("example.com.", "example.com"),
        ("localhost", "localhost"),
        ("a", "a"),
        ("a_b._c.example", "a_b._c.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("1.2.3.4.example", "1.2.3.4.example"),
        ("0xg", "0xg"),
        ("1a", "1a"),
        ("1-2", "1-2"),
        (&longest, &longest),
    ] {
        let bytes = with_extension(0, &host(sent.as_bytes()));
        assert_eq!(accept(&bytes).server_name(), Some(name));
    }
    // It must not be one; nobody meant a name by it.
    for address in ["192.0.2.1", "::1", "2001:db8::1", "::ffff:192.0.2.1"] {
        let bytes = with_extension(0, &host(address.as_bytes()));
        let hello = accept(&bytes);
        assert_eq!((hello.server_name(), hello.extension(0).is_some()), (None, true));
    }
}

#[test]
fn what_is_no_host_name_is_refused() {
    let label = "a".repeat(63);
    let too_long = [&label[..], &label, &label, &label[..62]].join(".");
    let label_too_long = format!("{label}a.example");
    let with_dot = format!("{}.", [&label[..], &label, &label, &label[..61]].join("."));
    for name in [
        "",
        ".",
        "..",
        ".a",
        "a..b",
        "a..",
        "-a",
        "a-",
        "a-.b",
        "a.-b",
        "*",
        "*.example.com",
        "a b",
        "a:443",
        "[::1]",
        "a/b",
        "a@b",
        "a\0",
        "a\0.example",
        "a\n",
        "b\u{fc}cher",
        "1",
        "1.2.3",
        "1.2.3.4.",
        "0",
        "0x",
        "a.0x1F",
        "a.0X7f",
        "01.2.3.4",
        "1.2.3.256",
        "a%20b",
        &too_long,
        &label_too_long,
        &with_dot,
    ] {
        let bytes = with_extension(0, &host(name.as_bytes()));
        refuse_at_once(&bytes, HelloError::ServerNameInvalid);
    }
    let latin1 = with_extension(0, &host(b"b\xfccher.example"));
    refuse_at_once(&latin1, HelloError::ServerNameInvalid);
}

#[test]
fn there_is_one_server_name() {
    let entry = |kind: u8, name: &[u8]| [&[kind][..], &vec16(name)].concat();
    let list = |entries: &[&[u8]]| vec16(&entries.concat());
    let (a, b, other) = (entry(0, b"a"), entry(0, b"b"), entry(1, b"a"));
    for (value, error) in [
        (list(&[&a, &b]), HelloError::ServerNameRepeated),
        (list(&[&a, &a]), HelloError::ServerNameRepeated),
        (list(&[&a, &other]), HelloError::ServerNameRepeated),
        (list(&[&a, &[0]]), HelloError::ServerNameRepeated),
        (list(&[&other]), HelloError::ServerNameType),
        (list(&[&other, &a]), HelloError::ServerNameType),
        (list(&[]), HelloError::ServerName),
        (Vec::new(), HelloError::ServerName),
        (vec![0], HelloError::ServerName),
        (vec16(&[0]), HelloError::ServerName),
        (vec16(&[0, 0]), HelloError::ServerName),
        (vec16(&[0, 0, 2, b'a']), HelloError::ServerName),
        ([&list(&[&a])[..], b"x"].concat(), HelloError::ServerName),
        (list(&[&a])[..5].to_vec(), HelloError::ServerName),
    ] {
        refuse_at_once(&with_extension(0, &value), error);
    }
}

#[test]
fn alpn_lists_names_that_are_not_empty() {
    let names = [&b"h2"[..], b"http/1.1", b"\x0a\x0a", b"a\0b", &[b'x'; 255]];
    let list: Vec<u8> = names.iter().flat_map(|name| vec8(name)).collect();
    assert!(accept(&with_extension(16, &vec16(&list))).alpn().eq(names));
    for value in [
        Vec::new(),
        vec![0],
        vec16(b""),
        vec16(&[0]),
        vec16(&[vec8(b"h2"), vec8(b"")].concat()),
        vec16(b"\x03h2"),
        vec16(b"\x02h2\x01"),
        [vec16(&vec8(b"h2")), vec![0]].concat(),
        vec16(&vec8(b"h2"))[..4].to_vec(),
    ] {
        refuse_at_once(&with_extension(16, &value), HelloError::Alpn);
    }
}

/// Extensions that are a list of pairs, and their errors.
#[test]
fn lists_of_codes_are_pairs_and_not_none() {
    let groups = with_extension(10, &vec16(&[0, 29, 0x0a, 0x0a]));
    assert!(codes(accept(&groups).supported_groups().unwrap()).eq([29, 0x0a0a]));
    let versions = with_extension(43, &vec8(&[3, 4, 3, 3]));
    assert!(codes(accept(&versions).supported_versions().unwrap()).eq([0x0304, 0x0303]));
    let mut parts = Parts::new(b"");
    parts.extensions = Some(extension(13, &vec16(&[4, 3, 8, 4])));
    let bytes = parts.hello();
    assert!(codes(accept(&bytes).signature_algorithms().unwrap()).eq([0x0403, 0x0804]));
    for value in [vec16(b""), vec16(b"a"), vec16(b"abc"), vec![], vec![0], vec![0, 2, 1]] {
        refuse_at_once(&with_extension(10, &value), HelloError::SupportedGroups);
        parts.extensions = Some(extension(13, &value));
        refuse_at_once(&parts.hello(), HelloError::SignatureAlgorithms);
    }
    let behind = [vec16(&[0, 29]), vec![0, 0]].concat();
    refuse_at_once(&with_extension(10, &behind), HelloError::SupportedGroups);
    for value in [vec8(b""), vec8(b"a"), vec8(b"abc"), vec![], vec![2, 1], vec![2, 3, 4, 0]] {
        refuse_at_once(&with_extension(43, &value), HelloError::SupportedVersions);
    }
}

#[test]
fn point_formats_are_bytes() {
    let bytes = with_extension(11, &vec8(&[0, 1, 2]));
    assert_eq!(accept(&bytes).point_formats(), Some(&[0, 1, 2][..]));
    for value in [vec8(b""), vec![], vec![1], vec![1, 0, 0], vec![2, 0]] {
        refuse_at_once(&with_extension(11, &value), HelloError::PointFormats);
    }
}

#[test]
fn key_shares_have_keys() {
    let share = |group: u16, key: &[u8]| [&group.to_be_bytes()[..], &vec16(key)].concat();
    let two = [share(29, &[7; 32]), share(0x0a0a, &[0])].concat();
    assert!(accept(&with_extension(51, &vec16(&two))).key_share_groups().eq([29, 0x0a0a]));
    assert_eq!(accept(&with_extension(51, &vec16(b""))).key_share_groups().count(), 0);
    for value in [
        vec![],
        vec![0],
        vec16(&share(29, b"")),
        vec16(&share(29, b"key")[..6]),
        vec16(&[&two[..], &[0]].concat()),
        [vec16(&two), vec![0]].concat(),
    ] {
        refuse_at_once(&with_extension(51, &value), HelloError::KeyShare);
    }
}

#[test]
fn a_pre_shared_key_is_last_and_bound() {
    let identity = |name: &[u8]| [&vec16(name)[..], &[0; 4]].concat();
    let offer = |identities: &[&[u8]], binders: &[&[u8]]| {
        [vec16(&identities.concat()), vec16(&binders.concat())].concat()
    };
    let (one, binder) = (identity(b"ticket"), vec8(&[7; 32]));
    let good = offer(&[&one], &[&binder]);
    let bytes = with_extension(41, &good);
    assert!(accept(&bytes).has_pre_shared_key());
    let two = offer(&[&one, &identity(b"b")], &[&binder, &vec8(&[7; 255])]);
    accept(&with_extension(41, &two));
    for behind in [extension(0x1234, b""), extension(0, &host(b"a"))] {
        let list = [extension(41, &good), behind].concat();
        refuse_at_once(&Parts::new(&list).hello(), HelloError::PreSharedKeyNotLast);
    }
    for value in [
        vec![],
        offer(&[], &[]),
        offer(&[&one], &[]),
        offer(&[], &[&binder]),
        offer(&[&one], &[&binder, &binder]),
        offer(&[&one, &one], &[&binder]),
        offer(&[&identity(b"")], &[&binder]),
        offer(&[&one[..9]], &[&binder]),
        offer(&[&one], &[&vec8(&[7; 31])]),
        offer(&[&one], &[&binder[..20]]),
        [good.clone(), vec![0]].concat(),
        good[..good.len() - 1].to_vec(),
    ] {
        refuse_at_once(&with_extension(41, &value), HelloError::PreSharedKey);
    }
}

#[test]
fn early_data_and_tickets_are_told() {
    assert!(accept(&with_extension(42, b"")).has_early_data());
    refuse_at_once(&with_extension(42, b"x"), HelloError::EarlyData);
    for ticket in [&b""[..], b"ticket"] {
        assert_eq!(accept(&with_extension(35, ticket)).session_ticket(), Some(ticket));
    }
}

#[test]
fn an_encrypted_hello_is_told() {
    let outer = |key: &[u8], payload: &[u8]| {
        [&[0, 0, 1, 0, 1, 9][..], &vec16(key), &vec16(payload)].concat()
    };
    for key in [&b""[..], b"key"] {
        assert!(accept(&with_extension(0xfe0d, &outer(key, b"hello"))).has_encrypted_hello());
    }
    assert!(!accept(&with_extension(0xfe0d, &[1])).has_encrypted_hello());
    let good = outer(b"key", b"hello");
    for value in [
        vec![],
        vec![2],
        vec![1, 0],
        outer(b"key", b""),
        [good.clone(), vec![0]].concat(),
        good[..good.len() - 1].to_vec(),
        good[..5].to_vec(),
    ] {
        refuse_at_once(&with_extension(0xfe0d, &value), HelloError::EncryptedHello);
    }
}

#[test]
fn the_highest_version_is_one_that_is_known() {
    for (versions, highest) in [
        (&[3, 4, 3, 3][..], 0x0304),
        (&[3, 1, 3, 3, 3, 2], 0x0303),
        (&[0xfa, 0xfa, 3, 4, 0x7f, 0x1c], 0x0304),
        (&[0x7f, 0x1c, 3, 3], 0x0303),
        (&[0x0a, 0x0a], 0),
    ] {
        assert_eq!(accept(&with_extension(43, &vec8(versions))).highest_version(), highest);
    }
}
