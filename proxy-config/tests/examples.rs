//! The example files load without a word.

mod support;

use proxy_config::load;
use support::{read_files, surroundings};

#[test]
fn examples_are_sound() {
    let sources = read_files("examples", "toml");
    assert!(sources.len() >= 6);
    for source in sources {
        let sources = std::slice::from_ref(&source);
        let outcome = load(sources, &Default::default(), surroundings());
        let rendered: Vec<_> =
            outcome.diagnostics.iter().map(|d| d.render(sources, false)).collect();
        assert!(rendered.is_empty(), "{}", rendered.join("\n\n"));
        assert!(outcome.config.is_some(), "{}", source.name);
    }
}
