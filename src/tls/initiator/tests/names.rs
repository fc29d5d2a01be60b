//! Which name is sent, and which one is verified.

use super::*;

fn sent(pair: &Pair) -> Option<&str> {
    pair.server.server_name()
}

fn load(tls: &ServerTls, address_host: &str) -> Initiator {
    Initiator::load(tls, address_host, Stamp::of(tls), &mut reading()).unwrap()
}

#[test]
fn without_sni_the_address_is_verified() {
    let site = Site::new(&["a.example"]);
    let pair = site.meets(&site.tls(), "A.example").unwrap();
    assert_eq!(sent(&pair), None);
    assert_refused(
        site.meets(&site.tls(), "b.example"),
        "certificate is for `a.example`, not for `b.example`",
    );
}

#[test]
fn the_address_may_be_an_ip() {
    let site = Site::new(&["192.0.2.1", "2001:db8::1"]);
    for address in ["192.0.2.1", "2001:db8::1"] {
        assert_eq!(sent(&site.meets(&site.tls(), address).unwrap()), None);
    }
    assert_refused(site.meets(&site.tls(), "192.0.2.2"), "`192.0.2.1`");
    // A host name that looks like the address is not the address.
    let site = Site::new(&["a.example"]);
    assert_refused(site.meets(&site.tls(), "192.0.2.1"), "not for `192.0.2.1`");
}

#[test]
fn sni_is_sent_and_verified() {
    let site = Site::new(&["a.example"]);
    let tls = ServerTls { sni: Sni::Name("a.example".into()), ..site.tls() };
    assert_eq!(sent(&site.meets(&tls, "192.0.2.1").unwrap()), Some("a.example"));
    let tls = ServerTls { sni: Sni::Name("b.example".into()), ..site.tls() };
    assert_refused(site.meets(&tls, "a.example"), "not for `b.example`");
}

#[test]
fn an_ip_is_never_sent() {
    let site = Site::new(&["192.0.2.1"]);
    let tls = ServerTls { sni: Sni::Name("192.0.2.1".into()), ..site.tls() };
    assert_eq!(sent(&site.meets(&tls, "a.example").unwrap()), None);
}

#[test]
fn verifyhost_is_verified_whatever_is_sent() {
    let site = Site::new(&["a.example"]);
    for sni in [Sni::None, Sni::Name("b.example".into()), Sni::RequestHost, Sni::ClientSni] {
        let verifyhost = |name: &str| ServerTls {
            verifyhost: Some(name.into()),
            sni: sni.clone(),
            ..site.tls()
        };
        for (name, is_good) in [("a.example", true), ("b.example", false), ("192.0.2.1", false)] {
            let initiator = load(&verifyhost(name), "b.example");
            for asked in [None, Some("b.example"), Some("192.0.2.9")] {
                let pair = site.handshake(initiator.for_shard(), initiator.server_name(asked));
                assert_eq!(pair.is_ok(), is_good, "{sni:?} {name} {asked:?}: {pair:?}");
            }
        }
    }
    let tls = ServerTls {
        verifyhost: Some("a.example".into()),
        sni: Sni::Name("b.example".into()),
        ..site.tls()
    };
    assert_eq!(sent(&site.meets(&tls, "c.example").unwrap()), Some("b.example"));
}

#[test]
fn what_is_asked_is_sent_and_verified() {
    let site = Site::new(&["a.example", "*.sub.example"]);
    for sni in [Sni::RequestHost, Sni::ClientSni] {
        let initiator = load(&ServerTls { sni: sni.clone(), ..site.tls() }, "address.example");
        assert_eq!(initiator.follows(), &sni);
        let client = initiator.for_shard();
        let ask = |asked| site.handshake(client.clone(), initiator.server_name(Some(asked)));
        assert_eq!(sent(&ask("a.example").unwrap()), Some("a.example"));
        assert_eq!(sent(&ask("A.Example.").unwrap()), Some("a.example"));
        assert_eq!(sent(&ask("x.sub.example").unwrap()), Some("x.sub.example"));
        assert_refused(ask("b.example"), "not for `b.example`");
    }
}

#[test]
fn junk_is_not_sent_and_the_address_verified() {
    let site = Site::new(&["a.example", "192.0.2.7"]);
    let long = "a.".repeat(8000);
    for junk in [
        "",
        ".",
        "a b",
        "a.example:80",
        "192.0.2.7",
        "[::1]",
        "a..b",
        "\u{e9}.example",
        "1.2",
        &long,
    ] {
        let good = load(&ServerTls { sni: Sni::RequestHost, ..site.tls() }, "a.example");
        let pair = site.handshake(good.for_shard(), good.server_name(Some(junk))).unwrap();
        assert_eq!(sent(&pair), None, "{junk:?}");
        let bad = load(&ServerTls { sni: Sni::RequestHost, ..site.tls() }, "b.example");
        let refused = site.handshake(bad.for_shard(), bad.server_name(Some(junk)));
        assert_refused(refused, "not for `b.example`");
    }
    let nobody = load(&ServerTls { sni: Sni::ClientSni, ..site.tls() }, "/run/app.sock");
    let refused = site.handshake(nobody.for_shard(), nobody.server_name(None));
    assert_refused(refused, "certificate is not for the name that is asked for");
    let pair = site.handshake(nobody.for_shard(), nobody.server_name(Some("a.example")));
    assert_eq!(sent(&pair.unwrap()), Some("a.example"));
}

#[test]
fn of_a_fixed_name_nothing_else_is_asked() {
    let site = Site::new(&["a.example"]);
    let initiator = load(&ServerTls { sni: Sni::Name("a.example".into()), ..site.tls() }, "");
    assert_eq!(initiator.server_name(Some("b.example")), initiator.server_name(None));
}
