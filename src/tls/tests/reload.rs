//! Reading all files again.

use std::sync::Arc;

use proxy_config::model::Config;

use super::support::{Client, Folder, bind, config, ecdsa, resumption};
use crate::tls::{Contexts, load, reload};

/// The second bind and the third have TLS.
fn configured(folder: &Folder) -> Config {
    let mut config = config();
    for (at, name) in [(1, "one.pem"), (2, "two.pem")] {
        config.frontends[0].binds[at].tls = Some(Box::new(bind(&[&folder.path(name)])));
    }
    config
}

#[test]
fn a_start_tells_all_errors_and_a_reload_keeps_what_it_can() {
    let folder = Folder::new();
    let config = configured(&folder);
    let shared = resumption();
    let errors = load(&config, &shared).unwrap_err();
    let absent = "cannot be read: No such file or directory (os error 2)";
    let errors: Vec<_> = errors.iter().map(|error| folder.shorten(error)).collect();
    assert_eq!(
        errors,
        [
            format!("frontend `web`, bind `127.0.0.1:2`: crt `one.pem`: {absent}"),
            format!("frontend `web`, bind `127.0.0.1:3`: crt `two.pem`: {absent}"),
        ]
    );

    let [old, new] = [ecdsa(&["a.example"]), ecdsa(&["a.example"])];
    folder.write("one.pem", old.pem());
    folder.write("two.pem", old.pem());
    let loaded = load(&config, &shared).unwrap();
    assert!(loaded.paths.contains(&folder.path("one.pem")));
    assert_eq!(loaded.warnings, [""; 0]);

    folder.write("one.pem", "broken");
    folder.write("two.pem", new.pem());
    let (again, errors) = reload(&config, &shared, &loaded.contexts);
    assert_eq!(
        errors.iter().map(|error| folder.shorten(error)).collect::<Vec<_>>(),
        [
            "frontend `web`, bind `127.0.0.1:2`: crt `one.pem`: has no certificate; what it had before \
          stays in use"
        ]
    );
    let binds = &again.contexts.binds[0];
    assert!(binds[0].is_none());
    for (at, expected) in [(1, &old), (2, &new)] {
        let terminator = binds[at].as_ref().unwrap();
        let pair = Client::default().make().connect("a.example", terminator).unwrap();
        assert_eq!(pair.leaf(), &expected.der);
    }
}

#[test]
fn keys_that_were_found_good_are_not_checked_again() {
    let folder = Folder::new();
    let config = configured(&folder);
    let shared = resumption();
    let [one, two] = [ecdsa(&["a.example"]), ecdsa(&["a.example"])];
    folder.write("one.pem", one.pem());
    folder.write("two.pem", two.pem());
    let old = load(&config, &shared).unwrap().contexts;
    let key = |contexts: &Contexts, at: usize| {
        let terminator = contexts.binds[0][at].as_ref().unwrap();
        terminator.certificates.bundles[0].certified(0).key.clone()
    };
    folder.write("two.pem", format!("{}{}", one.crt, two.key));
    let (new, errors) = reload(&config, &shared, &old);
    assert!(errors[0].contains("is not that of its (first) certificate"), "{errors:?}");
    assert!(Arc::ptr_eq(&key(&old, 1), &key(&new.contexts, 1)));
    folder.write("one.pem", two.pem());
    let (new, _) = reload(&config, &shared, &old);
    assert!(Arc::ptr_eq(&key(&old, 2), &key(&new.contexts, 1)));
}

#[test]
fn sessions_outlive_a_reload() {
    let folder = Folder::new();
    let config = configured(&folder);
    let shared = resumption();
    for name in ["one.pem", "two.pem"] {
        folder.write(name, ecdsa(&["a.example"]).pem());
    }
    let old = load(&config, &shared).unwrap().contexts;
    let client = Client::default().make();
    client.connect("a.example", old.binds[0][1].as_ref().unwrap()).unwrap();
    folder.write("one.pem", ecdsa(&["a.example"]).pem());
    let (new, errors) = reload(&config, &shared, &old);
    assert_eq!(errors, [""; 0]);
    let new = new.contexts.binds[0][1].as_ref().unwrap();
    assert!(client.connect("a.example", new).unwrap().is_resumed());
}

#[test]
fn servers_of_plain_configurations_are_plain() {
    let loaded = load(&config(), &resumption()).unwrap();
    assert_eq!(loaded.contexts.binds[0].len(), 3);
    let servers = &loaded.contexts.servers;
    assert_eq!((servers.len(), servers[0].len()), (1, 1));
    assert!(servers[0][0].traffic.is_none() && servers[0][0].check.is_none());
}
