//! Clients that must prove who they are.

use super::support::{
    Authority, Client, Folder, Made, bind, client_of, ecdsa, made, read, resumption,
};
use proxy_config::model::{BindTls, TlsVersion, Verify};

const VERSIONS: [TlsVersion; 2] = [TlsVersion::Tls12, TlsVersion::Tls13];

fn with_auth(folder: &Folder, verify: Verify, cas: &[&Authority]) -> BindTls {
    let crt = folder.write("s.pem", ecdsa(&["a.example"]).pem());
    let mut tls = bind(&[&crt]);
    tls.policy.verify = verify;
    let cas: String = cas.iter().map(|ca| ca.pem()).collect();
    tls.policy.ca_file = Some(folder.write("ca.pem", cas));
    tls
}

fn is_let_in(tls: &BindTls, version: TlsVersion, own: Option<Made>) -> bool {
    let client = Client { version, own, ..Client::default() };
    client.make().connect("a.example", &made(tls)).is_ok()
}

#[test]
fn who_is_let_in_follows_from_verify() {
    let folder = Folder::new();
    let [ca, stranger] = [Authority::new("ca"), Authority::new("stranger")];
    for version in VERSIONS {
        for (verify, none, good, bad) in [
            (Verify::None, true, true, true),
            (Verify::Optional, true, true, false),
            (Verify::Required, false, true, false),
        ] {
            let tls = with_auth(&folder, verify, &[&ca]);
            assert_eq!(is_let_in(&tls, version, None), none, "{verify:?}");
            assert_eq!(is_let_in(&tls, version, Some(client_of(&ca, 1))), good, "{verify:?}");
            let other = client_of(&stranger, 1);
            assert_eq!(is_let_in(&tls, version, Some(other)), bad, "{verify:?}");
        }
    }
}

#[test]
fn lists_must_be_there_and_in_date_for_each_authority() {
    let [ca, other] = [Authority::named("ca"), Authority::named("other")];
    let cases = [
        (ca.revoked(&[7], 3000), 1, true, ""),
        (ca.revoked(&[7], 3000), 7, false, ""),
        (other.revoked(&[], 3000), 1, false, ""),
        (
            ca.revoked(&[], 2021),
            1,
            false,
            "crl-file `crl.pem`: the list of CN=ca is out of date since Jan  1 00:00:00 2021 +00:00: \
             certificates of it are refused",
        ),
    ];
    for (crl, serial, expected, warning) in cases {
        let folder = Folder::new();
        let mut tls = with_auth(&folder, Verify::Required, &[&ca, &other]);
        tls.policy.crl_file = Some(folder.write("crl.pem", crl));
        let warnings = read(&tls, &resumption()).warnings;
        let warnings: Vec<_> = warnings.iter().map(|text| folder.shorten(text)).collect();
        assert_eq!(warnings.join("|"), warning);
        for version in VERSIONS {
            let own = Some(client_of(&ca, serial));
            assert_eq!(is_let_in(&tls, version, own), expected, "{serial}");
        }
    }
}

/// As with OpenSSL's `CRL_CHECK_ALL`: of each authority on the way there must be a list.
#[test]
fn the_whole_chain_is_looked_up() {
    let root = Authority::new("root");
    let between = root.below("between");
    let cases = [
        (root.revoked(&[], 3000) + &between.revoked(&[], 3000), true),
        (root.revoked(&[], 3000), false),
        (between.revoked(&[], 3000), false),
        (root.revoked(&[], 3000) + &between.revoked(&[5], 3000), false),
    ];
    for (at, (lists, expected)) in cases.into_iter().enumerate() {
        let folder = Folder::new();
        let mut tls = with_auth(&folder, Verify::Required, &[&root]);
        tls.policy.crl_file = Some(folder.write("crl.pem", lists));
        let mut own = client_of(&between, 5);
        own.more.push(between.der());
        assert_eq!(is_let_in(&tls, TlsVersion::Tls13, Some(own)), expected, "{at}");
    }
}

#[test]
fn more_names_than_fit_are_not_told() {
    let folder = Folder::new();
    let names: Vec<String> = (0..200).map(|at| format!("{at} {}", "x".repeat(250))).collect();
    let authorities: Vec<Authority> = names.iter().map(|name| Authority::named(name)).collect();
    let authorities: Vec<&Authority> = authorities.iter().collect();
    let tls = with_auth(&folder, Verify::Required, &authorities);
    let warnings = read(&tls, &resumption()).warnings;
    assert_eq!(
        warnings.iter().map(|text| folder.shorten(text)).collect::<Vec<_>>(),
        ["ca-file `ca.pem`: has so many authorities that clients are not told their names"]
    );
    assert!(is_let_in(&tls, TlsVersion::Tls13, Some(client_of(authorities[199], 1))));
}

#[test]
fn names_of_authorities_are_told_unless_no_ca_names() {
    let folder = Folder::new();
    let ca = Authority::new("ca");
    let mut tls = with_auth(&folder, Verify::Required, &[&ca, &ca]);
    for ca_names in [true, false] {
        tls.policy.ca_names = ca_names;
        let mut reading = crate::tls::reading::Reading::new(0);
        let provider = crate::tls::crypto::provider(&tls.policy.crypto);
        let auth = crate::tls::client_auth::ClientAuth::load(&tls.policy, &provider, &mut reading)
            .unwrap();
        assert_eq!(auth.verifier.root_hint_subjects().len(), usize::from(ca_names));
    }
}

#[test]
fn faults_are_named() {
    let folder = Folder::new();
    let ca = Authority::new("ca");
    let mut tls = with_auth(&folder, Verify::Required, &[&ca]);
    let error =
        |tls: &BindTls| folder.shorten(&read(tls, &resumption()).result.unwrap_err().join("|"));
    tls.policy.crl_file = Some(folder.path("ca.pem"));
    assert_eq!(error(&tls), "crl-file `ca.pem`: has no certificate revocation list");
    let broken = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n";
    tls.policy.crl_file = Some(folder.write("crl.pem", broken));
    assert_eq!(error(&tls), "crl-file `crl.pem`: has a broken list");
    tls.policy.crl_file = None;
    folder.write("ca.pem", "");
    assert_eq!(error(&tls), "ca-file `ca.pem`: has no certificate");
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    folder.write("ca.pem", format!("{}{broken}", ca.pem()));
    assert!(error(&tls).starts_with("ca-file `ca.pem`: certificate 2 in it is broken: "));
}
