//! Text to text, and what text tells.

use super::{ConverterWord, Output};
use crate::model::rule::{Converter, Var};
use crate::rule::args::{Arg, Args, needed, optional};
use crate::rule::kind::Kind;
use crate::text::Fault;

const FIELD: &[Arg] =
    &[needed("INDEX", "integer"), needed("DELIMITERS", "string"), optional("COUNT", "integer")];

pub(super) static CONVERTERS: &[ConverterWord] = &[
    ConverterWord {
        names: &["add_item"],
        args: &[
            needed("DELIMITER", "string"),
            optional("VAR", "variable"),
            optional("SUFFIX", "string"),
        ],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "Adds the delimiter, unless the text is empty, then a variable and the suffix.",
        example: "req.hdr(a),add_item(\",\",txn.b,x)",
        build: add_item,
    },
    ConverterWord {
        names: &["concat"],
        args: &[
            optional("START", "string"),
            optional("VAR", "variable"),
            optional("END", "string"),
        ],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "Appends a text, a variable and another text.",
        example: "str(a),concat(<,txn.b,>)",
        build: concat,
    },
    ConverterWord {
        names: &["cut_crlf"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "Cuts a text at its first line end.",
        example: "req.hdr(a),cut_crlf",
        build: |_| Some(Converter::CutCrlf),
    },
    ConverterWord {
        names: &["field"],
        args: FIELD,
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "The field of that number, from the end if negative, or so many from there on; 0 is all.",
        example: "path,field(2,/)",
        build: |args| {
            let (index, delimiters, count) = field(args)?;
            Some(Converter::Field { index, delimiters, count })
        },
    },
    ConverterWord {
        names: &["has_ctl"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Bool),
        meaning: "Whether it has a control character.",
        example: "url,has_ctl",
        build: |_| Some(Converter::HasControl),
    },
    ConverterWord {
        names: &["iif"],
        args: &[needed("TRUE", "string"), needed("FALSE", "string")],
        input: Kind::Bool,
        output: Output::Is(Kind::Str),
        meaning: "One text if it is true, and another if it is false.",
        example: "ssl_fc,iif(https,http)",
        build: |args| Some(Converter::Iif(args.bytes(0), args.bytes(1))),
    },
    ConverterWord {
        names: &["length"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Int),
        meaning: "The number of its bytes.",
        example: "path,length",
        build: |_| Some(Converter::Length),
    },
    ConverterWord {
        names: &["lower"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "In lower case.",
        example: "req.hdr(host),lower",
        build: |_| Some(Converter::Lower),
    },
    ConverterWord {
        names: &["ltrim"],
        args: &[needed("CHARACTERS", "string")],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "Without these characters at its start.",
        example: "path,ltrim(/)",
        build: |args| Some(Converter::TrimStart(args.bytes(0))),
    },
    ConverterWord {
        names: &["regsub"],
        args: &[needed("REGEX", "regex"), needed("WITH", "string"), optional("FLAGS", "flags")],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "Replaces what a regular expression matches, `\\1` being its first group; flags are `g`, everywhere, and `i`, in any case.",
        example: "path,regsub(\"^/old/\",/new/)",
        build: regsub,
    },
    ConverterWord {
        names: &["reverse"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "Its bytes backwards.",
        example: "str(abc),reverse",
        build: |_| Some(Converter::Reverse),
    },
    ConverterWord {
        names: &["reverse_dom"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "A domain with its labels in reverse order.",
        example: "req.hdr(host),reverse_dom",
        build: |_| Some(Converter::ReverseDomain),
    },
    ConverterWord {
        names: &["rtrim"],
        args: &[needed("CHARACTERS", "string")],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "Without these characters at its end.",
        example: "path,rtrim(/)",
        build: |args| Some(Converter::TrimEnd(args.bytes(0))),
    },
    ConverterWord {
        names: &["secure_memcmp"],
        args: &[needed("VAR", "variable")],
        input: Kind::Bin,
        output: Output::Is(Kind::Bool),
        meaning: "Whether it equals a variable; how long that takes does not tell how far they agree.",
        example: "req.hdr(token),secure_memcmp(txn.token)",
        build: |args| Some(Converter::SecureMemcmp(args.var(0)?)),
    },
    ConverterWord {
        names: &["strcmp"],
        args: &[needed("VAR", "variable")],
        input: Kind::Str,
        output: Output::Is(Kind::Int),
        meaning: "0 if it equals a variable, below if it is less, above if it is more.",
        example: "req.hdr(a),strcmp(txn.b)",
        build: |args| Some(Converter::Strcmp(args.var(0)?)),
    },
    ConverterWord {
        names: &["upper"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "In upper case.",
        example: "str(abc),upper",
        build: |_| Some(Converter::Upper),
    },
    ConverterWord {
        names: &["word"],
        args: FIELD,
        input: Kind::Str,
        output: Output::Is(Kind::Str),
        meaning: "The word of that number, as `field`, where delimiters in a row are one.",
        example: "path,word(1,/)",
        build: |args| {
            let (index, delimiters, count) = field(args)?;
            Some(Converter::Word { index, delimiters, count })
        },
    },
];

fn add_item(args: &mut Args<'_, '_>) -> Option<Converter> {
    let var = var(args, 1)?;
    Some(Converter::AddItem { delimiter: args.bytes(0), var, suffix: args.bytes(2) })
}

fn concat(args: &mut Args<'_, '_>) -> Option<Converter> {
    let var = var(args, 1)?;
    Some(Converter::Concat { start: args.bytes(0), var, end: args.bytes(2) })
}

/// A variable that may be left out; the outer `None` after a fault.
#[expect(clippy::option_option, reason = "a fault and no variable are two things")]
fn var(args: &mut Args<'_, '_>, nth: usize) -> Option<Option<Var>> {
    match args.given(nth) {
        Some(_) => args.var(nth).map(Some),
        None => Some(None),
    }
}

fn field(args: &mut Args<'_, '_>) -> Option<(i32, Box<[u8]>, i32)> {
    let index = args.index(0)?;
    if args.given(1).is_none() {
        return args.refuse(1, Fault::new(0..0, "is empty", "give at least one character"));
    }
    let count = args.int_or(2, 1, i64::from(i32::MIN)..=i64::from(i32::MAX))?;
    Some((index, args.bytes(1), i32::try_from(count).ok()?))
}

fn regsub(args: &mut Args<'_, '_>) -> Option<Converter> {
    let expected = "flags are `g`, everywhere, and `i`, in any case";
    let (all, any_case) = match args.given(2) {
        None => (false, false),
        Some(_) => args.parsed(2, |text| match text.trim_start_matches(['g', 'i']) {
            "" => Ok((text.contains('g'), text.contains('i'))),
            _ => Err(Fault::new(0..text.len(), "has an unknown flag", expected)),
        })?,
    };
    let regex = args.compiler.regex(args.text(0)?, any_case, args.report)?;
    Some(Converter::Regsub { regex, with: args.bytes(1), all })
}
