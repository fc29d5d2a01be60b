//! Bytes: encodings, hashes and digests.

use super::{ConverterWord, Output};
use crate::model::rule::{self, Converter, Digest, Hash};
use crate::rule::args::{Arg, Args, is_var, needed, optional};
use crate::rule::kind::Kind;
use crate::text::Fault;

const TO_DECIMAL: &[Arg] =
    &[needed("SEPARATOR", "string"), needed("SIZE", "integer"), optional("TRUNCATE", "word")];

const DIGESTS: [(&str, Digest); 6] = [
    ("md5", Digest::Md5),
    ("sha1", Digest::Sha1),
    ("sha224", Digest::Sha224),
    ("sha256", Digest::Sha256),
    ("sha384", Digest::Sha384),
    ("sha512", Digest::Sha512),
];

pub(super) static CONVERTERS: &[ConverterWord] = &[
    ConverterWord {
        names: &["b64dec"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Bin),
        meaning: "What is written in base64.",
        example: "req.hdr(a),b64dec",
        build: |_| Some(Converter::Base64Decode),
    },
    ConverterWord {
        names: &["base2"],
        args: &[],
        input: Kind::Bin,
        output: Output::Is(Kind::Str),
        meaning: "Its binary digits.",
        example: "src,base2",
        build: |_| Some(Converter::Base2),
    },
    ConverterWord {
        names: &["base64"],
        args: &[],
        input: Kind::Bin,
        output: Output::Is(Kind::Str),
        meaning: "In base64.",
        example: "src,base64",
        build: |_| Some(Converter::Base64),
    },
    ConverterWord {
        names: &["be2dec"],
        args: TO_DECIMAL,
        input: Kind::Bin,
        output: Output::Is(Kind::Str),
        meaning: "Numbers in network order, in decimal digits with a separator between them.",
        example: "src,be2dec(.,1)",
        build: |args| to_decimal(args, true),
    },
    ConverterWord {
        names: &["be2hex"],
        args: &[
            optional("SEPARATOR", "string"),
            optional("SIZE", "integer"),
            optional("TRUNCATE", "word"),
        ],
        input: Kind::Bin,
        output: Output::Is(Kind::Str),
        meaning: "In hexadecimal digits, with a separator between so many bytes.",
        example: "src,be2hex(:,1)",
        build: to_hex,
    },
    ConverterWord {
        names: &["bytes"],
        args: &[needed("OFFSET", "integer or variable"), optional("LENGTH", "integer or variable")],
        input: Kind::Bin,
        output: Output::Is(Kind::Bin),
        meaning: "The bytes from an offset on, to the end or so many.",
        example: "path,bytes(1,4)",
        build: bytes,
    },
    ConverterWord {
        names: &["crc32"],
        args: &[optional("AVALANCHE", "integer")],
        input: Kind::Bin,
        output: Output::Is(Kind::Int),
        meaning: "Its CRC-32.",
        example: "src,crc32",
        build: |args| avalanche(args, |avalanche| Hash::Crc32 { avalanche }),
    },
    ConverterWord {
        names: &["crc32c"],
        args: &[optional("AVALANCHE", "integer")],
        input: Kind::Bin,
        output: Output::Is(Kind::Int),
        meaning: "Its CRC-32C.",
        example: "src,crc32c",
        build: |args| avalanche(args, |avalanche| Hash::Crc32c { avalanche }),
    },
    ConverterWord {
        names: &["digest"],
        args: &[needed("NAME", "word")],
        input: Kind::Bin,
        output: Output::Is(Kind::Bin),
        meaning: "A digest of it: `md5`, `sha1`, `sha224`, `sha256`, `sha384` or `sha512`.",
        example: "req.hdr(a),digest(sha256),hex",
        build: |args| Some(Converter::Digest(args.word(0, &DIGESTS)?)),
    },
    ConverterWord {
        names: &["djb2"],
        args: &[optional("AVALANCHE", "integer")],
        input: Kind::Bin,
        output: Output::Is(Kind::Int),
        meaning: "Its DJB2 hash.",
        example: "src,djb2",
        build: |args| avalanche(args, |avalanche| Hash::Djb2 { avalanche }),
    },
    ConverterWord {
        names: &["hex"],
        args: &[],
        input: Kind::Bin,
        output: Output::Is(Kind::Str),
        meaning: "In hexadecimal digits.",
        example: "src,hex",
        build: |_| Some(Converter::Hex),
    },
    ConverterWord {
        names: &["hex2i"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Int),
        meaning: "The number that is written in hexadecimal digits.",
        example: "str(ff),hex2i",
        build: |_| Some(Converter::HexToInt),
    },
    ConverterWord {
        names: &["hmac"],
        args: &[needed("NAME", "word"), needed("KEY", "base64 or variable")],
        input: Kind::Bin,
        output: Output::Is(Kind::Bin),
        meaning: "A keyed digest of it; the key is in base64.",
        example: "path,hmac(sha256,a2V5),hex",
        build: hmac,
    },
    ConverterWord {
        names: &["htonl"],
        args: &[],
        input: Kind::Int,
        output: Output::Is(Kind::Bin),
        meaning: "Its lower 32 bits in network order.",
        example: "int(1),htonl,hex",
        build: |_| Some(Converter::ToNetworkOrder),
    },
    ConverterWord {
        names: &["le2dec"],
        args: TO_DECIMAL,
        input: Kind::Bin,
        output: Output::Is(Kind::Str),
        meaning: "As `be2dec`, the least byte first.",
        example: "src,le2dec(.,2)",
        build: |args| to_decimal(args, false),
    },
    ConverterWord {
        names: &["sdbm"],
        args: &[optional("AVALANCHE", "integer")],
        input: Kind::Bin,
        output: Output::Is(Kind::Int),
        meaning: "Its SDBM hash.",
        example: "src,sdbm",
        build: |args| avalanche(args, |avalanche| Hash::Sdbm { avalanche }),
    },
    ConverterWord {
        names: &["sha1"],
        args: &[],
        input: Kind::Bin,
        output: Output::Is(Kind::Bin),
        meaning: "Its SHA-1.",
        example: "path,sha1,hex",
        build: |_| Some(Converter::Digest(Digest::Sha1)),
    },
    ConverterWord {
        names: &["sha2"],
        args: &[optional("BITS", "integer")],
        input: Kind::Bin,
        output: Output::Is(Kind::Bin),
        meaning: "Its SHA-2 of 224, 256, 384 or 512 bits.",
        example: "path,sha2(512),hex",
        build: sha2,
    },
    ConverterWord {
        names: &["ub64dec"],
        args: &[],
        input: Kind::Str,
        output: Output::Is(Kind::Bin),
        meaning: "What is written in base64 with the alphabet for URLs.",
        example: "req.hdr(a),ub64dec",
        build: |_| Some(Converter::Base64UrlDecode),
    },
    ConverterWord {
        names: &["ub64enc"],
        args: &[],
        input: Kind::Bin,
        output: Output::Is(Kind::Str),
        meaning: "In base64 with the alphabet for URLs.",
        example: "src,ub64enc",
        build: |_| Some(Converter::Base64Url),
    },
    ConverterWord {
        names: &["wt6"],
        args: &[optional("AVALANCHE", "integer")],
        input: Kind::Bin,
        output: Output::Is(Kind::Int),
        meaning: "Its WT6 hash.",
        example: "src,wt6",
        build: |args| avalanche(args, |avalanche| Hash::Wt6 { avalanche }),
    },
    ConverterWord {
        names: &["xxh3"],
        args: &[optional("SEED", "integer")],
        input: Kind::Bin,
        output: Output::Is(Kind::Int),
        meaning: "Its XXH3 hash of 64 bits.",
        example: "src,xxh3",
        build: |args| seed(args).map(|seed| Converter::Hash(Hash::Xxh3 { seed })),
    },
    ConverterWord {
        names: &["xxh32"],
        args: &[optional("SEED", "integer")],
        input: Kind::Bin,
        output: Output::Is(Kind::Int),
        meaning: "Its XXH32 hash.",
        example: "src,xxh32(5)",
        build: xxh32,
    },
    ConverterWord {
        names: &["xxh64"],
        args: &[optional("SEED", "integer")],
        input: Kind::Bin,
        output: Output::Is(Kind::Int),
        meaning: "Its XXH64 hash.",
        example: "src,xxh64",
        build: |args| seed(args).map(|seed| Converter::Hash(Hash::Xxh64 { seed })),
    },
];

fn avalanche(args: &mut Args<'_, '_>, hash: fn(bool) -> Hash) -> Option<Converter> {
    let avalanche = args.int_or(0, 0, i64::MIN..=i64::MAX)? != 0;
    Some(Converter::Hash(hash(avalanche)))
}

fn seed(args: &mut Args<'_, '_>) -> Option<u64> {
    args.int_or(0, 0, i64::MIN..=i64::MAX).map(i64::cast_unsigned)
}

fn xxh32(args: &mut Args<'_, '_>) -> Option<Converter> {
    let seed = args.int_or(0, 0, 0..=i64::from(u32::MAX))?;
    Some(Converter::Hash(Hash::Xxh32 { seed: u32::try_from(seed).ok()? }))
}

fn sha2(args: &mut Args<'_, '_>) -> Option<Converter> {
    let words = [
        ("224", Digest::Sha224),
        ("256", Digest::Sha256),
        ("384", Digest::Sha384),
        ("512", Digest::Sha512),
    ];
    args.word_or(0, Digest::Sha256, &words).map(Converter::Digest)
}

fn hmac(args: &mut Args<'_, '_>) -> Option<Converter> {
    let digest = args.word(0, &DIGESTS)?;
    let is_key = |text: &str| {
        let body = text.trim_end_matches('=');
        let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        is_var(text) || (body.bytes().all(is_digit) && body.len() % 4 != 1)
    };
    args.parsed(1, |text| match is_key(text) {
        true => Ok(()),
        false => Err(Fault::new(0..text.len(), "is not base64", "write the key in base64")),
    })?;
    Some(Converter::Hmac(digest, args.operand(1)?))
}

fn bytes(args: &mut Args<'_, '_>) -> Option<Converter> {
    let offset = place(args, 0)?;
    let len = match args.given(1) {
        Some(_) => Some(place(args, 1)?),
        None => None,
    };
    Some(Converter::Bytes(rule::Bytes { offset, len }))
}

fn place(args: &mut Args<'_, '_>, nth: usize) -> Option<rule::Arg> {
    if args.text(nth).is_some_and(|text| is_var(text.as_str())) {
        return args.var(nth).map(rule::Arg::Var);
    }
    args.int(nth, 0..=i64::from(i32::MAX)).map(rule::Arg::Int)
}

/// The size of each part, and whether a last one that is shorter is left out.
fn parts(args: &mut Args<'_, '_>, default: i64) -> Option<(u32, bool)> {
    let size = args.int_or(1, default, default..=i64::from(u16::MAX))?;
    let truncate = args.word_or(2, false, &[("1", true), ("0", false)])?;
    Some((u32::try_from(size).ok()?, truncate))
}

fn to_decimal(args: &mut Args<'_, '_>, big_endian: bool) -> Option<Converter> {
    let (size, truncate) = parts(args, 1)?;
    if size > 8 {
        return args.refuse(1, Fault::new(0..1, "is too large", "a number has 1 to 8 bytes"));
    }
    Some(Converter::ToDecimal { big_endian, separator: args.bytes(0), size, truncate })
}

fn to_hex(args: &mut Args<'_, '_>) -> Option<Converter> {
    let (size, truncate) = parts(args, 0)?;
    Some(Converter::ToHex { separator: args.bytes(0), size, truncate })
}
