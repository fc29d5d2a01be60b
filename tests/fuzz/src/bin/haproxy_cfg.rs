//! A haproxy.cfg: loading ends in a configuration or in errors that can be shown, and what it
//! translates to is TOML whatever was wrong with it.
#![no_main]

use std::io;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use proxy_config::import::{Options, import};
use proxy_config::{Diagnostic, Source, Surroundings, load};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let sources = [Source { name: "haproxy.cfg".to_owned(), text }];
    let env = |name: &str| (name.len() == 1).then(|| "8080".to_owned());
    let read_file = |path: &Path| match path.as_os_str().len() {
        ..=4 => Ok(b"one 1\ntwo 2\n".to_vec()),
        _ => Err(io::ErrorKind::NotFound.into()),
    };
    let surroundings = || Surroundings { env: &env, read_file: &read_file, hostname: "host" };
    let outcome = load(&sources, &Default::default(), surroundings());
    let has_errors = outcome.diagnostics.iter().any(Diagnostic::is_error);
    assert_eq!(outcome.config.is_none(), has_errors);
    check_places(&outcome.diagnostics, &sources);
    for is_lenient in [false, true] {
        let options = Options { is_lenient, ..Options::default() };
        let import = import(&sources, options, surroundings());
        check_places(&import.diagnostics, &sources);
        if let Err(error) = toml::from_str::<toml::Table>(&import.toml) {
            panic!("{error}\n{}", import.toml);
        }
    }
});

fn check_places(diagnostics: &[Diagnostic], sources: &[Source]) {
    for diagnostic in diagnostics {
        assert!(diagnostic.line() >= 1 && diagnostic.column() >= 1);
        assert!(!diagnostic.render(sources, true).is_empty());
    }
}
