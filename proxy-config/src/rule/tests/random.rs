//! Random rules: printed and compiled again they are the same; and no text whatever makes the compiler
//! panic, or point beyond it.

use super::print::{Printer, quoted, word};
use super::*;

/// A small generator of numbers (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    fn is(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    fn text(&mut self) -> String {
        let letters = [
            "a", "b", "Z", "0", " ", ",", "(", ")", "\"", "'", "\\", "]", "%", "\n", "#", "\u{e9}",
        ];
        (0..self.below(6)).map(|_| *self.pick(&letters)).collect()
    }

    fn arg(&mut self) -> String {
        quoted(self.text().as_bytes())
    }

    fn var(&mut self) -> &'static str {
        self.pick::<&'static str>(&["txn.a", "txn.b.c", "sess.a", "req.x_1", "proc.z"])
    }

    fn int(&mut self) -> i64 {
        *self.pick(&[1, -1, 2, 7, 80, -3])
    }

    fn fetch(&mut self, examples: &[&'static str]) -> String {
        match self.below(8) {
            0 => format!("str({})", self.arg()),
            1 => format!("int({})", self.int()),
            2 => format!("var({})", self.var()),
            3 => format!("var({},{})", self.var(), self.arg()),
            4 => format!("hdr({},{})", self.arg(), self.int()),
            5 => format!("urlp({})", self.arg()),
            _ => {
                let example = self.pick(examples);
                let end = Text::plain(0, example).calls(0).unwrap().0[0].place.end;
                example[..end].to_owned()
            }
        }
    }

    fn converter(&mut self, plain: &[&'static str]) -> String {
        match self.below(12) {
            0 => format!("field({},\"{}\")", self.int(), self.pick(&["/", ",.", "\\\\"])),
            1 => format!("word({},/,{})", self.int(), self.int()),
            2 => format!("bytes({},{})", self.below(9), self.var()),
            3 => format!("concat({},{},{})", self.arg(), self.var(), self.arg()),
            4 => format!("iif({},{})", self.arg(), self.arg()),
            5 => format!(
                "regsub(\"{}\",{},{})",
                self.pick(&["^/a", "(b|c)", "\\\\d"]),
                self.arg(),
                self.pick(&["g", "i", "gi", ""])
            ),
            6 => format!("add({})", self.int()),
            7 => format!("set-var({})", self.var()),
            8 => "map(hosts.map)".to_owned(),
            _ => (*self.pick(plain)).to_owned(),
        }
    }

    fn expr(&mut self, examples: &[&'static str], plain: &[&'static str]) -> String {
        let mut out = self.fetch(examples);
        for _ in 0..self.below(4) {
            out += &format!(",{}", self.converter(plain));
        }
        out
    }

    fn test(&mut self, expr: &str) -> String {
        let flag = if self.is(3) { "-i " } else { "" };
        let expr = word(expr);
        match self.below(7) {
            0 => format!("{expr} -m found"),
            1 => format!("{expr} -m bool"),
            2 => format!("{expr} -m int gt {} 5:9 :3", self.int()).replace("gt -", "gt "),
            3 => format!("{expr} -m ip 10.0.0.0/8 192.0.2.1/255.0.0.255 ::1 2001:db8::/32"),
            4 => format!("{expr} -m bin 00ff 0a"),
            5 => format!("{expr} {flag}-m reg ^a {}", word("b c\\d")),
            _ => {
                let method = self.pick(&["str", "beg", "end", "sub", "dir", "dom"]);
                format!("{expr} {flag}-m {method} -f words.lst -- {} -x", word(&self.text()))
            }
        }
    }
}

/// Examples of fetches that rules for requests have, and converters without arguments.
fn material() -> (Vec<&'static str>, Vec<&'static str>) {
    let is_fine = |text: &str| {
        let end = Text::plain(0, text).calls(0).unwrap().0[0].place.end;
        compile(|c, r| c.expr(&Text::plain(0, &text[..end]), BACKEND, r)).0.is_some()
    };
    let examples = fetches::all().map(|word| word.example).filter(|text| is_fine(text));
    // What a name means must not depend on the rule's side, and ACLs have indices.
    let examples = examples.filter(|text| !text.starts_with("acl("));
    let plain = converters::all().filter(|word| word.args.is_empty());
    (examples.collect(), plain.map(|word| word.names[0]).collect())
}

#[test]
fn printed_rules_compile_to_the_same() {
    let (examples, plain) = material();
    let printer = Printer::new();
    let mut random = Random(0x1234_5678_9abc_def1);
    let mut compiled = 0;
    for round in 0..1500 {
        let mut text = (*random.pick(&["if", "unless"])).to_owned();
        for nth in 0..=random.below(3) {
            let joint = if nth > 0 && random.is(3) { " or" } else { "" };
            let not = if random.is(3) { "!" } else { "" };
            let expr = random.expr(&examples, &plain);
            let term = random.test(&expr);
            text += &format!("{joint} {not}{{ {term} }}");
        }
        let (Some(first), tables, _) = condition("", &text, BACKEND) else { continue };
        compiled += 1;
        let printed = printer.condition(&first, &tables);
        let (second, again, diagnostics) = condition("", &printed, BACKEND);
        assert_eq!(said(&diagnostics, Severity::Error), [], "round {round}: {text}\n{printed}");
        let second = second.unwrap();
        assert_eq!(first, second, "round {round}: {text}\n{printed}");
        assert_eq!(printer.condition(&second, &again), printed, "round {round}: {text}");
    }
    assert!(compiled > 200, "only {compiled} texts were rules");
}

#[test]
fn every_example_is_printed_as_it_is_compiled() {
    let printer = Printer::new();
    let examples = fetches::all().map(|word| word.example);
    for example in examples.chain(converters::all().map(|word| word.example)) {
        let (expr, tables) = somewhere(example);
        let printed = printer.expr(&expr, &tables);
        assert_eq!(somewhere(&printed).0, expr, "{example}: {printed}");
    }
}

/// Compiles a text in every way; each complaint must point into it.
fn compile_all(text: &str) {
    let plain = Text::plain(0, text);
    let places = [BACKEND, at(Moment::Connection), at(Moment::Response), at(Moment::Log)];
    let mut said = Vec::new();
    for at in places {
        let (expr, _, errors) = compile(|c, r| c.expr(&plain, at, r));
        assert_eq!(expr.is_none(), errors.iter().any(Diagnostic::is_error), "{text}");
        said.extend(errors);
    }
    let (format, _, errors) = compile(|c, r| c.format(&plain, BACKEND, r));
    assert_eq!(format.is_none(), errors.iter().any(Diagnostic::is_error), "{text}");
    said.extend(errors);
    if let Ok(words) = plain.words() {
        let (_, _, errors) = compile(|compiler, report| {
            let mut acls = Acls::new(Some(Mode::Http), Some(0), None);
            if let [name, rest @ ..] = &words[..] {
                compiler.acl(&mut acls, name, rest, report);
            }
            compiler.condition(&words, &acls, BACKEND, report)
        });
        said.extend(errors);
    }
    for label in said.iter().flat_map(Diagnostic::labels).filter(|label| label.source == 0) {
        assert!(label.span.start <= label.span.end && label.span.end <= text.len(), "{text}");
    }
}

#[test]
fn no_text_makes_it_panic() {
    let seeds = [
        "if { path_beg -i /a /b } !{ src 10.0.0.0/8 } or METH_GET",
        "if a { req.hdr(host),lower -m str -f words.lst x } || !b",
        "a hdr_reg(host) -i ^www\\. x",
        "req.hdr(x-forwarded-for,-1),field(1,\",\",2),ipmask(24,64)",
        "path,regsub(\"^/(a|b)\",'\\1',gi),map_str_int(hosts.map,5),add(txn.x)",
        "x%[src,lower]%{+Q}[str(\"a]b\")] %ci %%",
        "dst_port gt 5 le 7:9 :3",
        "unless { var(txn.a) -m found } ! { acl(TRUE,!FALSE) }",
        "\u{e9}\u{1f600} str(\u{e9}) '\"\\\\ \\x41",
    ];
    let alphabet: Vec<char> = "ab.,()'\"\\ {}!|%[]-_:/0159\u{e9}\n#+$*?^".chars().collect();
    let mut random = Random(0xfeed_beef_cafe_0001);
    for seed in seeds {
        compile_all(seed);
        for _ in 0..150 {
            let mut text: Vec<char> = seed.chars().collect();
            for _ in 0..=random.below(4) {
                let at = random.below(text.len().max(1)).min(text.len());
                match random.below(3) {
                    0 => text.insert(at, *random.pick(&alphabet)),
                    1 if at < text.len() => drop(text.remove(at)),
                    _ if at < text.len() => text[at] = *random.pick(&alphabet),
                    _ => text.truncate(at),
                }
            }
            compile_all(&text.into_iter().collect::<String>());
        }
    }
    for _ in 0..300 {
        let text: String = (0..random.below(40)).map(|_| *random.pick(&alphabet)).collect();
        compile_all(&text);
    }
}
