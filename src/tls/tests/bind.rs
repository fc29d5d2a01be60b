//! Which files are found and what is said of those that are not as they should be.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use proxy_config::model::BindTls;

use super::support::{
    Client, Folder, bind, ecdsa, ecdsa_key, params, policy, read, resumption, rsa, signed_by_itself,
};

/// 1024 bits, for nothing but this.
const SMALL: &str = include_str!("small.pem");

fn errors(folder: &Folder, tls: &BindTls) -> Vec<String> {
    let errors = read(tls, &resumption()).result.unwrap_err();
    errors.iter().map(|error| folder.shorten(error)).collect()
}

fn warnings(folder: &Folder, tls: &BindTls) -> Vec<String> {
    let read = read(tls, &resumption());
    read.result.unwrap();
    read.warnings.iter().map(|warning| folder.shorten(warning)).collect()
}

/// The error that a file alone gives.
fn error_of(name: &str, bytes: &str) -> String {
    let folder = Folder::new();
    let crt = folder.write(name, bytes);
    errors(&folder, &bind(&[&crt])).join("|")
}

#[test]
fn every_fault_of_a_file_is_named() {
    let site = ecdsa(&["a.example"]);
    let other = ecdsa(&["a.example"]);
    let cases = [
        (
            site.crt.clone(),
            "crt `s.pem`: has no private key (looked in it and in `s.pem.key`, `s.key`)".to_owned(),
        ),
        (site.key.clone(), "crt `s.pem`: has no certificate".into()),
        (
            format!("{}{}", site.crt, other.key),
            "crt `s.pem`: its private key is not that of its (first) certificate".into(),
        ),
        (
            format!("{}-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n", site.crt),
            "crt `s.pem`: has an encrypted key, and nobody can be asked for its password: decrypt \
             it (`openssl pkey`)"
                .into(),
        ),
        (
            format!(
                "{}-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA==\n",
                site.crt
            ),
            "crt `s.pem`: has an encrypted key, and nobody can be asked for its password: decrypt \
             it (`openssl pkey`)"
                .into(),
        ),
        (
            SMALL.to_owned(),
            "crt `s.pem`: its RSA key has 1024 bits; at least 2048 are needed".into(),
        ),
        (
            format!("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{}", site.key),
            "crt `s.pem`: its certificate is not a certificate".into(),
        ),
    ];
    for (bytes, expected) in cases {
        assert_eq!(error_of("s.pem", &bytes), expected);
    }
    assert!(error_of("s.pem", "-----BEGIN CERTIFICATE-----\n*\n").contains("is not valid PEM"));
    let broken_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let error = error_of("s.pem", &format!("{}{broken_key}", site.crt));
    assert!(error.contains("its private key cannot be used"), "{error}");
}

#[test]
fn faults_of_side_files_are_named() {
    let folder = Folder::new();
    let site = ecdsa(&["a.example"]);
    let crt = folder.write("s.pem", &site.crt);
    folder.write("s.key", &site.crt);
    let tls = bind(&[&crt]);
    assert_eq!(errors(&folder, &tls), ["crt `s.pem`: its key `s.key` has no private key in it"]);
    folder.write("s.key", &site.key);
    folder.write("s.issuer", &site.key);
    assert_eq!(
        errors(&folder, &tls),
        ["crt `s.pem`: its issuer `s.issuer` has no certificate in it"]
    );
}

#[test]
fn all_errors_are_told_at_once() {
    let folder = Folder::new();
    let site = ecdsa(&["a.example"]);
    let alone = folder.write("alone.pem", &site.crt);
    let mut tls = bind(&[&alone, &folder.path("absent.pem")]);
    tls.ticket_keys = Some(folder.write("keys", "AAAA\n"));
    tls.policy.ca_file = Some(folder.path("ca.pem"));
    tls.policy.verify = proxy_config::model::Verify::Required;
    assert_eq!(
        errors(&folder, &tls),
        [
            "crt `alone.pem`: has no private key (looked in it and in `alone.pem.key`, `alone.key`)",
            "crt `absent.pem`: cannot be read: No such file or directory (os error 2)",
            "tls-ticket-keys `keys`: line 1 is not the base64 of 48 or 80 random bytes",
            "ca-file `ca.pem`: cannot be read: No such file or directory (os error 2)",
        ]
    );
}

#[test]
fn a_line_of_a_list_is_named() {
    let folder = Folder::new();
    let mut tls = bind(&[]);
    tls.crt_list.push(proxy_config::model::CrtListLine {
        crt: folder.path("absent.pem"),
        filters: Vec::new(),
        policy: policy(),
        text: "sites.list:7".into(),
    });
    assert_eq!(
        errors(&folder, &tls),
        ["crt `absent.pem` (sites.list:7): cannot be read: No such file or directory (os error 2)"]
    );
}

#[test]
fn the_key_is_found_where_haproxy_looks() {
    let site = ecdsa(&["a.example"]);
    for key in ["s.pem.key", "s.key"] {
        let folder = Folder::new();
        let crt = folder.write("s.pem", &site.crt);
        folder.write(key, &site.key);
        assert!(read(&bind(&[&crt]), &resumption()).result.is_ok(), "{key}");
    }
    for key in ["keys/s.pem.key", "keys/s.key"] {
        let folder = Folder::new();
        let crt = folder.write("s.pem", &site.crt);
        folder.write(key, &site.key);
        assert!(read(&bind(&[&crt]), &resumption()).result.is_err(), "{key}");
        let tls = BindTls { key_base: Some(folder.path("keys")), ..bind(&[&crt]) };
        assert!(read(&tls, &resumption()).result.is_ok(), "{key}");
    }
}

#[test]
fn a_key_may_come_first_or_between() {
    let folder = Folder::new();
    let site = ecdsa(&["a.example"]);
    let other = ecdsa(&["b.example"]);
    let first = folder.write("1.pem", format!("{}{}", site.key, site.crt));
    let between = folder.write("2.pem", format!("{}{}{}", site.crt, site.key, other.crt));
    for crt in [first, between] {
        assert_eq!(warnings(&folder, &bind(&[&crt])), [""; 0]);
    }
}

#[test]
fn a_chain_is_completed_from_the_issuer_file() {
    for (name, own_chain, expected) in
        [("s.pem.issuer", "", 2), ("s.issuer", "", 2), ("s.issuer", "b.example", 2), ("x", "", 1)]
    {
        let folder = Folder::new();
        let site = ecdsa(&["a.example"]);
        let more = match own_chain {
            "" => String::new(),
            own => ecdsa(&[own]).crt,
        };
        let crt = folder.write("s.pem", format!("{}{more}", site.pem()));
        let issuer = ecdsa(&["issuer.example"]);
        folder.write(name, &issuer.crt);
        let terminator = read(&bind(&[&crt]), &resumption()).result.unwrap();
        let pair = Client::default().make().connect("a.example", &terminator).unwrap();
        let chain = pair.client.peer_certificates().unwrap();
        assert_eq!(chain.len(), expected, "{name} {own_chain}");
        assert_eq!(chain[0], site.der);
        assert_eq!(chain.get(1) == Some(&issuer.der), expected == 2 && own_chain.is_empty());
    }
}

#[test]
fn a_folder_is_all_its_certificates() {
    let folder = Folder::new();
    folder.write("sites/b.pem", ecdsa(&["b.example"]).pem());
    let a = ecdsa(&["a.example"]);
    folder.write("sites/a.crt", &a.crt);
    folder.write("sites/a.key", &a.key);
    folder.write("sites/.hidden", "no certificate");
    folder.write("sites/a.crt.sctl", "no certificate");
    folder.write("sites/below/c.pem", "no certificate");
    let mut tls = bind(&[&folder.path("sites")]);
    let read_ = read(&tls, &resumption());
    let terminator = read_.result.unwrap();
    assert_eq!(read_.paths, [folder.path("sites")]);
    let client = Client::default().make();
    for name in ["a.example", "unknown.example"] {
        // Sorted, `a.crt` is the first, and so the default.
        assert_eq!(client.connect(name, &terminator).unwrap().leaf(), &a.der, "{name}");
    }
    assert_ne!(client.connect("b.example", &terminator).unwrap().leaf(), &a.der);

    folder.write("sites/README", "no certificate");
    assert_eq!(errors(&folder, &tls), ["crt `sites/README`: has no certificate"]);

    let empty = folder.path("empty");
    fs::create_dir(&empty).unwrap();
    tls = bind(&[&empty]);
    assert_eq!(errors(&folder, &tls), ["has no certificate: a folder in `crt` is empty"]);
    tls.strict_sni = true;
    assert!(read(&tls, &resumption()).result.unwrap().choose(Some("a.example")).is_none());
}

#[test]
fn files_that_may_come_are_watched() {
    let folder = Folder::new();
    let crt = folder.write("s.pem", ecdsa(&["a.example"]).pem());
    let paths = read(&bind(&[&crt]), &resumption()).paths;
    let names = ["s.issuer", "s.ocsp", "s.pem", "s.pem.issuer", "s.pem.ocsp"];
    assert_eq!(paths, names.map(|name| folder.path(name)));
}

#[test]
fn dates_are_warnings() {
    let folder = Folder::new();
    let mut dated = params(&["a.example"]);
    dated.not_before = rcgen::date_time_ymd(2001, 1, 1);
    dated.not_after = rcgen::date_time_ymd(2002, 1, 1);
    let past = folder.write("past.pem", signed_by_itself(&dated, &ecdsa_key()).pem());
    dated.not_before = rcgen::date_time_ymd(3001, 1, 1);
    dated.not_after = rcgen::date_time_ymd(3002, 1, 1);
    let future = folder.write("future.pem", signed_by_itself(&dated, &ecdsa_key()).pem());
    let warnings = warnings(&folder, &bind(&[&past, &future, &past]));
    assert_eq!(
        warnings,
        [
            "crt `past.pem`: expired on Jan  1 00:00:00 2002 +00:00",
            "crt `future.pem`: is not valid before Jan  1 00:00:00 3001 +00:00",
        ]
    );
}

#[test]
fn a_key_that_everyone_may_read_is_a_warning() {
    let folder = Folder::new();
    let site = rsa(&["a.example"]);
    let crt = folder.write("s.pem", &site.crt);
    let key = folder.write("s.pem.key", &site.key);
    fs::set_permissions(&crt, Permissions::from_mode(0o644)).unwrap();
    assert_eq!(warnings(&folder, &bind(&[&crt])), [""; 0]);
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    assert_eq!(
        warnings(&folder, &bind(&[&crt])),
        ["`s.pem.key`: has a private key and may be read by everyone (its mode is 644): chmod o-r"]
    );
}

#[test]
fn keys_are_not_in_what_debugging_prints() {
    let folder = Folder::new();
    let site = ecdsa(&["a.example"]);
    let crt = folder.write("s.pem", site.pem());
    let shared = resumption();
    let terminator = read(&bind(&[&crt]), &shared).result.unwrap();
    let config = terminator.choose(None).unwrap();
    let text = format!("{terminator:?} {config:?}");
    let secret = crate::tls::pem::Pem::parse(site.key.as_bytes()).unwrap().key.unwrap();
    for window in secret.secret_der().windows(8).skip(36) {
        let printed = format!("{window:?}");
        assert!(!text.contains(printed.trim_matches(['[', ']'])), "{printed}");
    }
}
