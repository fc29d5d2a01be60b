//! A configuration file: loading ends in a configuration or in errors that can be shown.
//!
//! What follows a 0xff, which no text has, is the file that a short path names.
#![no_main]

use std::io;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use proxy_config::{Diagnostic, Source, Surroundings, load};

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == 0xff);
    let text = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let page = parts.next().unwrap_or_default();
    let sources = [Source { name: "proxy.toml".to_owned(), text }];
    let env = |name: &str| (name.len() == 1).then(|| "8080".to_owned());
    let read_file = |path: &Path| match path.as_os_str().len() {
        ..=4 => Ok(page.to_vec()),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    let surroundings = Surroundings { env: &env, read_file: &read_file, hostname: "host" };
    let outcome = load(&sources, &Default::default(), surroundings);
    let has_errors = outcome.diagnostics.iter().any(Diagnostic::is_error);
    assert_eq!(outcome.config.is_none(), has_errors);
    for diagnostic in &outcome.diagnostics {
        assert!(diagnostic.line() >= 1 && diagnostic.column() >= 1);
        assert!(!diagnostic.render(&sources, true).is_empty());
    }
});
