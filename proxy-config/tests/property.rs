//! Whatever a file holds, loading and rendering end without a panic.

mod support;

use std::path::Path;

use proxy_config::import::{Options, import};
use proxy_config::{Diagnostic, Source, Surroundings, load, load_haproxy};
use support::{folder, read_files, surroundings};

const CASES: u64 = 3000;

/// Pieces that matter to the parser or to a value.
const PIECES: [&str; 26] = [
    "[",
    "]",
    "[[",
    "{",
    "}",
    "\"",
    "'",
    "\"\"\"",
    "=",
    ".",
    ",",
    "#",
    "\n",
    "\r\n",
    "${",
    "${X-",
    "\\",
    "\\u00e9",
    "\u{e9}",
    "\u{feff}",
    "[defaults.x]\n",
    "99999999999999999999",
    "%{+Q}",
    "%(a)",
    "%[",
    " hdr a ",
];

#[test]
fn mutated_files_never_panic() {
    let mut files = read_files("examples", "toml");
    files.extend(read_files("tests/bad", "toml"));
    for seed in 1..=CASES {
        let _seed = ShownOnPanic(seed);
        let mut random = XorShift(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut source = files[random.below(files.len())].clone();
        for _ in 0..=random.below(4) {
            source.text = mutate(&source.text, &files, &mut random);
        }
        check(source);
    }
}

/// Pieces that matter to the reader of a haproxy.cfg.
const CFG_PIECES: [&str; 24] = [
    "\"",
    "'",
    "\\",
    "\\\n",
    "#",
    "$A",
    "${",
    "}",
    "${A-",
    "[*]",
    "\\x41",
    "\n.if ",
    "\n.endif\n",
    "defined(",
    "\ndefaults\n",
    "\nglobal\n",
    "\nfrontend f\n",
    "\nbackend f\n",
    ":1-900",
    " no ",
    " from ",
    "\u{e9}",
    "\0",
    "@",
];

#[test]
fn mutated_haproxy_files_never_panic() {
    let mut files = read_files("examples/haproxy", "cfg");
    files.extend(read_files("tests/bad", "cfg"));
    for seed in 1..=CASES {
        let _seed = ShownOnPanic(seed);
        let mut random = XorShift(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut source = files[random.below(files.len())].clone();
        for _ in 0..=random.below(4) {
            let at = boundary(&source.text, &mut random);
            source.text = match random.below(2) {
                0 => mutate(&source.text, &files, &mut random),
                _ => {
                    source.text[..at].to_owned()
                        + CFG_PIECES[random.below(CFG_PIECES.len())]
                        + &source.text[at..]
                }
            };
        }
        check_cfg(source, random.below(2) == 0);
    }
}

fn check_cfg(source: Source, is_lenient: bool) {
    let sources = [source];
    let options = Options { is_lenient, ..Options::default() };
    let outcome = load_haproxy(&sources, options, &Default::default(), surroundings());
    let has_errors = outcome.diagnostics.iter().any(Diagnostic::is_error);
    assert_eq!(outcome.config.is_none(), has_errors);
    for diagnostic in &outcome.diagnostics {
        assert!(!diagnostic.message().starts_with("not valid TOML"), "{}", sources[0].text);
        assert!(!diagnostic.render(&sources, true).is_empty());
    }
    let import = import(&sources, options, surroundings());
    assert!(import.toml.len() < 64 * (sources[0].text.len() + 1024));
}

#[test]
fn mutated_lists_of_certificates_never_panic() {
    let text = "[frontend.web]\nbind = { address = ':443', ssl = true, crt-list = 'list' }\n";
    let config = Source { name: "list.toml".to_owned(), text: text.to_owned() };
    let list = |name: &str| {
        let text = std::fs::read_to_string(folder(name)).unwrap();
        Source { name: name.to_owned(), text }
    };
    let files = [list("examples/crt-list.txt"), list("tests/bad/lists/bad.txt")];
    for seed in 1..=CASES {
        let _seed = ShownOnPanic(seed);
        let mut random = XorShift(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut text = files[random.below(files.len())].text.clone();
        for _ in 0..=random.below(4) {
            text = mutate(&text, &files, &mut random);
        }
        let read_file = |_: &Path| Ok(text.clone().into_bytes());
        check_in(config.clone(), Surroundings { read_file: &read_file, ..surroundings() });
    }
}

fn check(source: Source) {
    check_in(source, surroundings());
}

fn check_in(source: Source, surroundings: Surroundings<'_>) {
    let sources = [source];
    let outcome = load(&sources, &Default::default(), surroundings);
    let has_errors = outcome.diagnostics.iter().any(Diagnostic::is_error);
    assert_eq!(outcome.config.is_none(), has_errors);
    for diagnostic in &outcome.diagnostics {
        assert!(diagnostic.line() >= 1 && diagnostic.column() >= 1);
        assert!(!diagnostic.render(&sources, true).is_empty());
    }
}

fn mutate(text: &str, files: &[Source], random: &mut XorShift) -> String {
    let (at, end) = (boundary(text, random), boundary(text, random));
    let (at, end) = (at.min(end), at.max(end));
    let end_near = boundary_near(text, at + random.below(8));
    match random.below(7) {
        0 => [&text[..at], &text[end..]].concat(),
        1 => [&text[..at], &text[end_near.max(at)..]].concat(),
        2 => [&text[..end], &text[at..]].concat(),
        3 => text[..at].to_owned(),
        4 => {
            let other = &files[random.below(files.len())].text;
            [&text[..at], &other[boundary(other, random)..]].concat()
        }
        _ => [&text[..at], PIECES[random.below(PIECES.len())], &text[at..]].concat(),
    }
}

fn boundary(text: &str, random: &mut XorShift) -> usize {
    boundary_near(text, random.below(text.len() + 1))
}

fn boundary_near(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

struct XorShift(u64);

impl XorShift {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit
    }
}

struct ShownOnPanic(u64);

impl Drop for ShownOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("SEED={}", self.0);
        }
    }
}
