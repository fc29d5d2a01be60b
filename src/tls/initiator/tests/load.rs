//! What is said of files and keys that are not as they should be.

use super::*;
use crate::tls::roots::SystemRoots;

fn error(tls: &ServerTls) -> String {
    Initiator::load(tls, "a.example", Stamp::of(tls), &mut reading()).unwrap_err()
}

#[test]
fn broken_files_are_named() {
    let folder = Folder::new();
    let authority = Authority::new("Root");
    let ca = folder.file("ca.pem", authority.pem());
    let file = |name: &str, text: &str| Some(folder.file(name, text));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let gone = Some(folder.path().join("gone.pem"));
    let good = tls(Some(ca));
    for (tls, parts) in [
        (tls(gone.clone()), ["ca-file `", "gone.pem`: cannot be read"]),
        (tls(file("empty.pem", "")), ["ca-file `", "empty.pem`: has no certificate"]),
        (
            tls(file("broken.pem", broken)),
            ["ca-file `", "broken.pem`: certificate 1 in it is broken"],
        ),
        (ServerTls { crl_file: gone.clone(), ..good.clone() }, ["crl-file `", "gone.pem`"]),
        (
            ServerTls { crl_file: file("no.crl", ""), ..good.clone() },
            ["crl-file `", "has no certificate revocation list"],
        ),
        (ServerTls { crt: gone, ..good.clone() }, ["crt `", "gone.pem`: cannot be read"]),
        (ServerTls { crt: file("no.crt", ""), ..good.clone() }, ["crt `", "has no certificate"]),
        (
            ServerTls { crt: file("no-key.crt", &authority.pem()), ..good.clone() },
            ["has no private key", "no-key.crt.key"],
        ),
        (
            ServerTls { sni: Sni::Name("a b".into()), ..good.clone() },
            ["`sni` \"a b\"", "neither a host name nor"],
        ),
        (
            ServerTls { verifyhost: Some("*.example".into()), ..good },
            ["`verifyhost` \"*.example\"", "neither a host name nor"],
        ),
    ] {
        let error = error(&tls);
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
}

#[test]
fn an_address_without_a_host_needs_a_name() {
    let site = Site::new(&["a.example"]);
    let load = |tls: &ServerTls| Initiator::load(tls, "/run/app", Stamp::of(tls), &mut reading());
    assert!(load(&site.tls()).unwrap_err().contains("no name to verify"));
    load(&ServerTls { verify: false, ..site.tls() }).unwrap();
    load(&ServerTls { verifyhost: Some("a.example".into()), ..site.tls() }).unwrap();
    load(&ServerTls { sni: Sni::Name("a.example".into()), ..site.tls() }).unwrap();
}

#[test]
fn a_key_is_beside_its_certificate_or_in_key_base() {
    let site = Site::new(&["a.example"]);
    let (one, other) = (site.authority.sign(&["one"]), site.authority.sign(&["other"]));
    let keys = Folder::new();
    let crt = site.folder.file("site.pem", one.pem());
    let tls = ServerTls { crt: Some(crt), ..site.tls() };
    let based = ServerTls { key_base: Some(keys.path().to_owned()), ..tls.clone() };
    let load = |tls: &ServerTls| Initiator::load(tls, "a.example", Stamp::of(tls), &mut reading());
    site.folder.file("site.key", one.key_pem());
    load(&tls).unwrap();
    site.folder.file("site.pem.key", other.key_pem());
    let error = load(&tls).unwrap_err();
    assert!(error.contains("is not that of its (first) certificate"), "{error}");
    assert!(load(&based).unwrap_err().contains("has no private key"));
    keys.file("site.pem.key", one.key_pem());
    load(&based).unwrap();
}

#[test]
fn without_ca_file_the_systems_authorities_are_asked() {
    let site = Site::new(&["a.example"]);
    let mut roots = RootCertStore::empty();
    roots.add(site.authority.der()).unwrap();
    let mut reading = reading();
    reading.system = SystemRoots::of(roots);
    let initiator =
        Initiator::load(&tls(None), "a.example", Stamp::of(&tls(None)), &mut reading).unwrap();
    site.handshake(initiator.for_shard(), initiator.server_name(None)).unwrap();
    let other = Site::new(&["a.example"]);
    let refused = other.handshake(initiator.for_shard(), initiator.server_name(None));
    assert_refused(refused, "signed by an unknown authority");
}

/// The variables of the environment that say where the system's authorities are are read in a process
/// of its own: this test, asked for what it finds there.
#[test]
fn the_systems_authorities_are_where_the_environment_says() {
    const ASKED: &str = "CORELANE_TEST_SYSTEM_ROOTS";
    if std::env::var_os(ASKED).is_some() {
        let found = SystemRoots::default().get();
        println!("found: {:?}", found.map(|roots| roots.len()));
        return;
    }
    let folder = Folder::new();
    let (one, other) = (Authority::new("One").pem(), Authority::new("Other").pem());
    let both = folder.file("both.pem", one + &other);
    let none = Folder::new();
    let asked = |variable, value: &std::path::Path| {
        let name = "the_systems_authorities_are_where_the_environment_says";
        let mut test = std::process::Command::new(std::env::current_exe().unwrap());
        test.args([name, "--nocapture"]).env_remove("SSL_CERT_FILE").env_remove("SSL_CERT_DIR");
        let output = test.env(ASKED, "1").env(variable, value).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(asked("SSL_CERT_FILE", &both).contains("found: Ok(2)"));
    assert!(asked("SSL_CERT_DIR", folder.path()).contains("found: Ok(2)"));
    let text = asked("SSL_CERT_DIR", none.path());
    assert!(text.contains("found: Err") && text.contains("package ca-certificates"), "{text}");
    let text = asked("SSL_CERT_FILE", &none.path().join("gone.pem"));
    assert!(text.contains("found: Err") && text.contains("gone.pem"), "{text}");
}

#[test]
fn what_is_printed_of_it_has_no_keys() {
    let site = Site::new(&["a.example"]);
    let ours = site.authority.sign(&["ours"]);
    let crt = site.folder.file("ours.pem", ours.pem() + &ours.key_pem());
    let tls = ServerTls { crt: Some(crt), ..site.tls() };
    let initiator = Initiator::load(&tls, "a.example", Stamp::of(&tls), &mut reading()).unwrap();
    assert_eq!(format!("{initiator:?}"), "Initiator { sni: None, reuse: true, .. }");
}
