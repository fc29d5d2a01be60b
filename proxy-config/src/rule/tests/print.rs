//! Rules of the model as text that compiles to them.

use super::*;
use crate::model::rule::{
    Arg, Arithmetic, Bytes, Converter, Header, HttpFact, Match, Matching, Operand, Pattern,
    Patterns, Scope, Side, Term, Test, UrlParam, Value, Var,
};

/// Fetches and converters whose text is that of an example.
pub(super) struct Printer {
    fetches: Vec<(Fetch, String)>,
    converters: Vec<(Converter, String)>,
}

impl Printer {
    pub(super) fn new() -> Self {
        let mut printer = Self { fetches: Vec::new(), converters: Vec::new() };
        let examples = fetches::all().map(|word| word.example);
        for example in examples.chain(converters::all().map(|word| word.example)) {
            let (expr, _) = somewhere(example);
            let parts = parts(example);
            printer.fetches.push((expr.fetch, parts[0].clone()));
            printer.converters.extend(expr.converters.into_iter().zip(parts[1..].to_vec()));
        }
        printer
    }

    pub(super) fn expr(&self, expr: &Expr, tables: &Tables) -> String {
        let mut out = self.fetch(&expr.fetch, tables);
        for converter in &expr.converters {
            out += &format!(",{}", self.converter(converter, tables));
        }
        out
    }

    fn fetch(&self, fetch: &Fetch, tables: &Tables) -> String {
        match fetch {
            Fetch::Const(Value::Str(text)) => format!("str({})", quoted(text)),
            Fetch::Const(Value::Int(value)) => format!("int({value})"),
            Fetch::Var(own, None) => format!("var({})", var(*own, tables)),
            Fetch::Var(own, Some(Value::Str(text))) => {
                format!("var({},{})", var(*own, tables), quoted(text))
            }
            Fetch::Http(HttpFact::Header(Side::Request, header)) => {
                format!("req.hdr({})", of_header(header))
            }
            Fetch::Http(HttpFact::FullHeader(Side::Request, header)) => {
                format!("req.fhdr({})", of_header(header))
            }
            Fetch::Http(HttpFact::UrlParam(param)) => format!("url_param({})", of_param(param)),
            other => {
                let found = self.fetches.iter().find(|(known, _)| known == other);
                found.unwrap_or_else(|| panic!("{other:?}")).1.clone()
            }
        }
    }

    fn converter(&self, converter: &Converter, tables: &Tables) -> String {
        match converter {
            Converter::Field { index, delimiters, count } => {
                format!("field({index},{},{count})", quoted(delimiters))
            }
            Converter::Word { index, delimiters, count } => {
                format!("word({index},{},{count})", quoted(delimiters))
            }
            Converter::Bytes(Bytes { offset, len }) => {
                let len = len.map_or(String::new(), |len| format!(",{}", of_arg(len, tables)));
                format!("bytes({}{len})", of_arg(*offset, tables))
            }
            Converter::Concat { start, var: own, end } => {
                let own = own.map_or(String::new(), |own| var(own, tables));
                format!("concat({},{own},{})", quoted(start), quoted(end))
            }
            Converter::Iif(yes, no) => format!("iif({},{})", quoted(yes), quoted(no)),
            Converter::Regsub { regex, with, all } => {
                let regex = &tables.regexes[*regex];
                let flags = [(*all, "g"), (regex.any_case, "i")];
                let flags: String = flags.iter().filter(|(is, _)| *is).map(|(_, f)| *f).collect();
                let (text, with) = (quoted(regex.text.as_bytes()), quoted(with));
                format!("regsub({text},{with},{flags})")
            }
            Converter::Arithmetic(Arithmetic::Add, Operand::Value(Value::Int(value))) => {
                format!("add({value})")
            }
            Converter::Arithmetic(Arithmetic::Add, Operand::Var(own)) => {
                format!("add({})", var(*own, tables))
            }
            Converter::SetVar(own, conditions) if conditions.is_empty() => {
                format!("set-var({})", var(*own, tables))
            }
            Converter::Strcmp(own) => format!("strcmp({})", var(*own, tables)),
            Converter::Map { table, default: None } if tables.maps[*table].method == Match::Str => {
                format!(
                    "map({})",
                    quoted(tables.maps[*table].file.path.to_str().unwrap().as_bytes())
                )
            }
            other => {
                let found = self.converters.iter().find(|(known, _)| known == other);
                found.unwrap_or_else(|| panic!("{other:?}")).1.clone()
            }
        }
    }

    /// The words of a condition.
    pub(super) fn condition(&self, condition: &Condition, tables: &Tables) -> String {
        let word = if condition.is_negated { "unless" } else { "if" };
        let all = |terms: &[Term]| {
            let terms: Vec<_> = terms.iter().map(|term| self.term(term, tables)).collect();
            terms.join(" ")
        };
        let any: Vec<_> = condition.any_of.iter().map(|terms| all(terms)).collect();
        format!("{word} {}", any.join(" or "))
    }

    fn term(&self, term: &Term, tables: &Tables) -> String {
        let not = if term.is_negated { "!" } else { "" };
        match &term.acl.name {
            Some(name) => format!("{not}{name}"),
            None => format!("{not}{{ {} }}", self.test(&term.acl.tests[0], tables)),
        }
    }

    fn test(&self, test: &Test, tables: &Tables) -> String {
        let expr = word(&self.expr(&test.expr, tables));
        match test.matching {
            Matching::Found => format!("{expr} -m found"),
            Matching::True => format!("{expr} -m bool"),
            Matching::Patterns { table, .. } => {
                format!("{expr} {}", patterns(&tables.patterns[table]))
            }
        }
    }
}

/// The calls of an example as they are written.
fn parts(example: &str) -> Vec<String> {
    let text = Text::plain(0, example);
    let (calls, _) = text.calls(0).unwrap();
    calls.iter().map(|call| example[call.place.start..call.place.end].to_owned()).collect()
}

fn patterns(patterns: &Patterns) -> String {
    let method = format!("{:?}", patterns.method).to_lowercase();
    let mut out = format!("-m {method}");
    if patterns.any_case {
        out += " -i";
    }
    if patterns.is_map {
        out += " -M";
    }
    for file in &patterns.files {
        out += &format!(" -f {}", word(file.path.to_str().unwrap()));
    }
    out += " --";
    for pattern in &patterns.inline {
        let text = match pattern {
            Pattern::Bool(value) => value.to_string(),
            Pattern::Range(range) => format!("{}:{}", range.min, range.max),
            Pattern::Ip(own) => match (own.address, own.mask) {
                (address, mask) if mask.is_ipv4() => format!("{address}/{mask}"),
                (address, std::net::IpAddr::V6(mask)) => {
                    format!("{address}/{}", mask.to_bits().count_ones())
                }
                _ => unreachable!("a mask is of its address's family"),
            },
            Pattern::Bytes(bytes) if patterns.method == Match::Bin => {
                bytes.iter().map(|byte| format!("{byte:02x}")).collect()
            }
            Pattern::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        };
        out += &format!(" {}", word(&text));
    }
    out
}

/// A text as one word of a line.
pub(super) fn word(text: &str) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    let escape = |c: char| match c {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        ' ' | '"' | '\'' | '#' | '\\' => format!("\\{c}"),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}

/// A text as one argument.
pub(super) fn quoted(text: &[u8]) -> String {
    let text = std::str::from_utf8(text).unwrap();
    let escape = |c: char| match c {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '"' | '\\' => format!("\\{c}"),
        other => other.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

fn var(var: Var, tables: &Tables) -> String {
    let scope = match var.scope {
        Scope::Proc => "proc",
        Scope::Sess => "sess",
        Scope::Txn => "txn",
        Scope::Req => "req",
        Scope::Res => "res",
    };
    format!("{scope}.{}", tables.vars[var.scope as usize][usize::from(var.slot)])
}

fn of_header(header: &Header) -> String {
    let name = header.name.as_deref().unwrap_or("");
    format!("{},{}", quoted(name.as_bytes()), header.occurrence)
}

fn of_param(param: &UrlParam) -> String {
    let name = param.name.as_deref().unwrap_or(b"");
    let any_case = if param.any_case { ",i" } else { "" };
    format!("{},{}{any_case}", quoted(name), quoted(&[param.delimiter]))
}

fn of_arg(arg: Arg, tables: &Tables) -> String {
    match arg {
        Arg::Int(value) => value.to_string(),
        Arg::Var(own) => var(own, tables),
    }
}
