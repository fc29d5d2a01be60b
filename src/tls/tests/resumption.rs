//! Sessions that go on: with whom, for how long, and under which policy only.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proxy_config::model::{BindTls, TlsVersion, Tune, Verify};

use super::support::{
    Authority, Client, ClientSide, Folder, bind, client_of, clock, ecdsa, pass, read, resumption,
    tune,
};
use crate::tls::resumption::Resumption;
use crate::tls::terminator::Terminator;

const VERSIONS: [TlsVersion; 2] = [TlsVersion::Tls12, TlsVersion::Tls13];

fn site(folder: &Folder) -> BindTls {
    let crt = folder.write("s.pem", ecdsa(&["a.example", "b.example"]).pem());
    bind(&[&crt])
}

fn with(tls: &BindTls, resumption: &Resumption) -> Terminator {
    read(tls, resumption).result.unwrap()
}

fn is_resumed(client: &ClientSide, terminator: &Terminator) -> bool {
    client.connect("a.example", terminator).unwrap().is_resumed()
}

fn client(version: TlsVersion) -> ClientSide {
    Client { version, ..Client::default() }.make()
}

/// Keys of a file, the last but one of which is in use.
fn keys(folder: &Folder, name: &str, keys: &[u8]) -> std::path::PathBuf {
    let lines: Vec<String> = keys.iter().map(|byte| STANDARD.encode([*byte; 80])).collect();
    folder.write(name, lines.join("\n"))
}

#[test]
fn what_one_bind_began_another_goes_on_with() {
    let folder = Folder::new();
    for tickets in [true, false] {
        for version in VERSIONS {
            let tls = BindTls { tickets, ..site(&folder) };
            let shared = resumption();
            let [one, two] = [with(&tls, &shared), with(&tls, &shared)];
            let client = client(version);
            assert!(!is_resumed(&client, &one), "{version:?} {tickets}");
            assert!(is_resumed(&client, &two), "{version:?} {tickets}");
            assert!(!is_resumed(&client, &with(&tls, &resumption())), "{version:?} {tickets}");
        }
    }
}

#[test]
fn sessions_end_with_their_lifetime() {
    let folder = Folder::new();
    for tickets in [true, false] {
        for version in VERSIONS {
            for (age_s, expected) in [(0, true), (299, true), (300, false), (10_000, false)] {
                let terminator = with(&BindTls { tickets, ..site(&folder) }, &resumption());
                // Not at the beginning of a key's time.
                pass(200);
                let client = client(version);
                assert!(!is_resumed(&client, &terminator));
                pass(age_s);
                let is = is_resumed(&client, &terminator);
                assert_eq!(is, expected, "{version:?} {tickets} {age_s}");
            }
        }
    }
}

#[test]
fn without_tickets_and_cache_nothing_is_resumed() {
    let folder = Folder::new();
    let tls = BindTls { tickets: false, ..site(&folder) };
    let tune = Tune { ssl_cachesize: 0, ..tune() };
    let terminator = with(&tls, &Resumption::with_clock(&tune, clock).unwrap());
    for version in VERSIONS {
        let client = client(version);
        assert!(!is_resumed(&client, &terminator));
        assert!(!is_resumed(&client, &terminator));
    }
}

#[test]
fn tickets_that_would_not_fit_into_a_hello_are_not_given() {
    let folder = Folder::new();
    let tune = Tune { ssl_max_hello: 512, ssl_cachesize: 0, ..tune() };
    let authority = Authority::new("ca");
    let mut tls = site(&folder);
    tls.policy.verify = Verify::Required;
    tls.policy.ca_file = Some(folder.write("ca.pem", authority.pem()));
    let terminator = with(&tls, &Resumption::with_clock(&tune, clock).unwrap());
    for version in VERSIONS {
        let own = Some(client_of(&authority, 1));
        let client = Client { version, own, ..Client::default() }.make();
        assert!(!is_resumed(&client, &terminator));
        assert!(!is_resumed(&client, &terminator));
    }
}

#[test]
fn a_session_is_for_its_name() {
    let folder = Folder::new();
    let terminator = with(&site(&folder), &resumption());
    for version in VERSIONS {
        let client = client(version);
        assert!(!is_resumed(&client, &terminator));
        assert!(!client.connect("b.example", &terminator).unwrap().is_resumed());
        assert!(is_resumed(&client, &terminator));
    }
}

/// A client that one policy let in must not come in by that under another (CVE-2025-23419).
#[test]
fn a_session_is_for_its_client_authentication() {
    let folder = Folder::new();
    let [ca, other] = [Authority::new("ca"), Authority::new("other")];
    let policies: Vec<BindTls> = [
        (Verify::None, String::new()),
        (Verify::Optional, ca.pem()),
        (Verify::Required, ca.pem()),
        (Verify::Required, format!("{}{}", ca.pem(), other.pem())),
    ]
    .into_iter()
    .enumerate()
    .map(|(at, (verify, cas))| {
        let mut tls = site(&folder);
        tls.policy.verify = verify;
        tls.policy.ca_file = Some(folder.write(&format!("{at}.ca"), cas));
        tls
    })
    .collect();
    for tickets in [true, false] {
        for version in VERSIONS {
            let shared = resumption();
            let all: Vec<Terminator> = policies
                .iter()
                .map(|tls| with(&BindTls { tickets, ..tls.clone() }, &shared))
                .collect();
            for (began, first) in all.iter().enumerate() {
                for (goes_on, second) in all.iter().enumerate() {
                    let own = Some(client_of(&ca, 1));
                    let client = Client { version, own, ..Client::default() }.make();
                    assert!(!is_resumed(&client, first));
                    let is = is_resumed(&client, second);
                    assert_eq!(is, began == goes_on, "{version:?} {tickets} {began} {goes_on}");
                }
            }
        }
    }
}

#[test]
fn a_resumed_session_still_has_its_client_certificate() {
    let folder = Folder::new();
    let ca = Authority::new("ca");
    let mut tls = site(&folder);
    tls.policy.verify = Verify::Required;
    tls.policy.ca_file = Some(folder.write("ca.pem", ca.pem()));
    let terminator = with(&tls, &resumption());
    for version in VERSIONS {
        let own = client_of(&ca, 1);
        let der = own.der.clone();
        let client = Client { version, own: Some(own), ..Client::default() }.make();
        assert!(!is_resumed(&client, &terminator));
        let pair = client.connect("a.example", &terminator).unwrap();
        assert!(pair.is_resumed());
        assert_eq!(pair.server.peer_certificates().unwrap(), [der]);
    }
}

/// A new CA or CRL in the same file is a new policy.
#[test]
fn a_changed_ca_ends_sessions() {
    let folder = Folder::new();
    let [ca, other] = [Authority::new("ca"), Authority::new("other")];
    let mut tls = site(&folder);
    tls.policy.verify = Verify::Required;
    let path = folder.write("ca.pem", format!("{}{}", ca.pem(), other.pem()));
    tls.policy.ca_file = Some(path);
    let shared = resumption();
    let own = Some(client_of(&ca, 1));
    let client = Client { own, ..Client::default() }.make();
    assert!(!is_resumed(&client, &with(&tls, &shared)));
    assert!(is_resumed(&client, &with(&tls, &shared)));
    folder.write("ca.pem", other.pem());
    assert!(client.connect("a.example", &with(&tls, &shared)).is_err());
}

#[test]
fn machines_with_the_same_keys_share_sessions() {
    let folder = Folder::new();
    let tls = |name: &str, bytes: &[u8]| BindTls {
        ticket_keys: Some(keys(&folder, name, bytes)),
        ..site(&folder)
    };
    for version in VERSIONS {
        let here = with(&tls("1", &[1, 2, 3]), &resumption());
        let there = with(&tls("2", &[2, 3, 4]), &resumption());
        let elsewhere = with(&tls("3", &[4, 5, 6]), &resumption());
        let client = client(version);
        assert!(!is_resumed(&client, &here));
        assert!(is_resumed(&client, &there));
        // That one gave it a ticket of key 3, at least with TLS 1.3; with 1.2 that of key 2 stays.
        assert!(is_resumed(&client, &there));
        assert!(!is_resumed(&client, &elsewhere));
        assert!(!is_resumed(&client, &here), "now it has a ticket of key 5");
    }
}
