//! The reference page of the rule language, made of the same tables that rules are compiled by.

use super::acl;
use super::args::usage;
use super::converters::{self, ConverterWord, Output};
use super::fetches::{self, FetchWord};

const HEAD: &str = "\
# Sample expressions

This page is made from the program's tables: `UPDATE=1 cargo test -p proxy-config reference` writes it.

A sample expression is a fetch and any number of converters behind it, separated by commas:
`req.hdr(host),lower,field(1,:)`. Arguments stand in parentheses; what is between `[` and `]` may be
left out, `...` may be given again. A comma, a parenthesis or a blank inside an argument needs quotes:
`str(\"a, b\")`.

Names on one line are of one fetch. `req` is the request's and `res` the response's, `fc` and `bc` the
client's and the server's connection, `ssl_c`, `ssl_f` and `ssl_s` the client's, the frontend's and the
server's certificate. A name without a side, such as `hdr`, is of the side of its rule, and in an ACL of
the request.

A fetch that needs what its rule does not have is an error: `needs` says what it is.
";

const CONVERTERS: &str = "
## Converters

A converter takes a sample of one type; one of another type is made into it where that is possible:
numbers, addresses and booleans into strings, strings into anything.
";

const METHODS: &str = "
## Match methods

`-m METHOD` in an ACL. Without it the type decides: booleans are compared by `bool`, integers by `int`,
addresses by `ip`, strings and methods by `str`; of bytes and of samples of any type it must be given.
`beg`, `dir`, `dom`, `end`, `len`, `reg` and `sub` may also end a fetch's name: `path_beg /a`. Flags:
`-i` in any case, `-f FILE` patterns from a file, one a line, `-M` before it: the file is a map, and
its keys are the patterns, `--` ends the flags.

| method | holds when |
|---|---|
";

/// The page in Markdown.
pub fn rule_reference() -> String {
    let mut page = HEAD.to_owned();
    for (title, words) in fetches::LAYERS {
        page += &format!("\n## {title}\n\n| fetch | type | needs | meaning | example |\n");
        page += "|---|---|---|---|---|\n";
        words.iter().for_each(|word| page += &fetch(word));
    }
    page += CONVERTERS;
    for (title, words) in converters::PURPOSES {
        page += &format!("\n### {title}\n\n| converter | takes | gives | meaning | example |\n");
        page += "|---|---|---|---|---|\n";
        words.iter().for_each(|word| page += &converter(word));
    }
    page += METHODS;
    acl::MEANINGS.iter().for_each(|(word, meaning)| page += &row(&[&code(word), meaning]));
    page
}

fn fetch(word: &FetchWord) -> String {
    let (names, kind, needs) =
        (names(word.names, word.args), word.output.word(), word.needs.word());
    row(&[&names, kind, needs, word.meaning, &code(word.example)])
}

fn converter(word: &ConverterWord) -> String {
    let gives = match word.output {
        Output::Is(kind) => kind.word(),
        Output::Same => "the same",
        Output::OfMap => "as named",
    };
    let takes = if word.output == Output::OfMap { "as named" } else { word.input.word() };
    let names = names(word.names, word.args);
    row(&[&names, takes, gives, word.meaning, &code(word.example)])
}

/// The first name with its arguments, the other names, and what the arguments are.
fn names(names: &[&str], args: &[super::args::Arg]) -> String {
    let (first, others) = names.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
    let mut out = code(&usage(first, args));
    others.iter().for_each(|name| out += &format!(", {}", code(name)));
    let kinds = args.iter().filter(|arg| !arg.name.eq_ignore_ascii_case(arg.kind));
    let kinds: Vec<_> = kinds.map(|arg| format!("{}: {}", arg.name, arg.kind)).collect();
    if !kinds.is_empty() {
        out += &format!(" ({})", kinds.join(", "));
    }
    out
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

fn row(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}
