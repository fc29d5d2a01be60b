//! Times.

use super::{ConverterWord, Output};
use crate::model::rule::{Converter, TimeUnit};
use crate::rule::args::{Arg, Args, needed, optional};
use crate::rule::kind::Kind;

/// The words for units of time.
pub(in crate::rule) const TIME_UNITS: [(&str, TimeUnit); 3] =
    [("s", TimeUnit::Seconds), ("ms", TimeUnit::Millis), ("us", TimeUnit::Micros)];

/// The argument that is one of them.
pub(in crate::rule) const UNIT: Arg = optional("UNIT", "word");

const FORMAT: &[Arg] = &[needed("FORMAT", "string"), optional("OFFSET", "integer")];

pub(super) static CONVERTERS: &[ConverterWord] = &[
    ConverterWord {
        names: &["http_date"],
        args: &[optional("OFFSET", "integer"), UNIT],
        input: Kind::Int,
        output: Output::Is(Kind::Str),
        meaning: "A time since 1970 as headers have it; the offset is added, and the unit holds for both.",
        example: "date,http_date(60)",
        build: http_date,
    },
    ConverterWord {
        names: &["ltime"],
        args: FORMAT,
        input: Kind::Int,
        output: Output::Is(Kind::Str),
        meaning: "Seconds since 1970 in local time, as a format of strftime(3) shows them.",
        example: "date,ltime(\"%Y%m%d %H:%M\")",
        build: |args| {
            let (unit, format, offset) = format(args, TimeUnit::Seconds)?;
            Some(Converter::Ltime { unit, format, offset })
        },
    },
    ConverterWord {
        names: &["ms_ltime"],
        args: FORMAT,
        input: Kind::Int,
        output: Output::Is(Kind::Str),
        meaning: "Milliseconds since 1970 in local time, as a format of strftime(3) shows them.",
        example: "date(0,ms),ms_ltime(\"%Y%m%d %H:%M\")",
        build: |args| {
            let (unit, format, offset) = format(args, TimeUnit::Millis)?;
            Some(Converter::Ltime { unit, format, offset })
        },
    },
    ConverterWord {
        names: &["ms_utime"],
        args: FORMAT,
        input: Kind::Int,
        output: Output::Is(Kind::Str),
        meaning: "Milliseconds since 1970 in UTC, as a format of strftime(3) shows them.",
        example: "date(0,ms),ms_utime(%H)",
        build: |args| {
            let (unit, format, offset) = format(args, TimeUnit::Millis)?;
            Some(Converter::Utime { unit, format, offset })
        },
    },
    ConverterWord {
        names: &["us_ltime"],
        args: FORMAT,
        input: Kind::Int,
        output: Output::Is(Kind::Str),
        meaning: "Microseconds since 1970 in local time, as a format of strftime(3) shows them.",
        example: "date(0,us),us_ltime(\"%Y%m%d %H:%M\")",
        build: |args| {
            let (unit, format, offset) = format(args, TimeUnit::Micros)?;
            Some(Converter::Ltime { unit, format, offset })
        },
    },
    ConverterWord {
        names: &["us_utime"],
        args: FORMAT,
        input: Kind::Int,
        output: Output::Is(Kind::Str),
        meaning: "Microseconds since 1970 in UTC, as a format of strftime(3) shows them.",
        example: "date(0,us),us_utime(%H)",
        build: |args| {
            let (unit, format, offset) = format(args, TimeUnit::Micros)?;
            Some(Converter::Utime { unit, format, offset })
        },
    },
    ConverterWord {
        names: &["utime"],
        args: FORMAT,
        input: Kind::Int,
        output: Output::Is(Kind::Str),
        meaning: "Seconds since 1970 in UTC, as a format of strftime(3) shows them.",
        example: "date,utime(%H)",
        build: |args| {
            let (unit, format, offset) = format(args, TimeUnit::Seconds)?;
            Some(Converter::Utime { unit, format, offset })
        },
    },
];

fn http_date(args: &mut Args<'_, '_>) -> Option<Converter> {
    let offset = args.int_or(0, 0, i64::MIN..=i64::MAX)?;
    let unit = args.word_or(1, TimeUnit::Seconds, &TIME_UNITS)?;
    Some(Converter::HttpDate { offset, unit })
}

fn format(args: &mut Args<'_, '_>, unit: TimeUnit) -> Option<(TimeUnit, Box<str>, i64)> {
    let format = args.text(0)?.as_str().into();
    let offset = args.int_or(1, 0, i64::MIN..=i64::MAX)?;
    Some((unit, format, offset))
}
