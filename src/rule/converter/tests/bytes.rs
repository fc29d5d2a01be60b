//! Tests of converters between bytes and texts, of hashes and of digests.

use proxy_config::model::rule::{Arg, Bytes, Converter, Digest, Hash, JsonInput, Operand, Value};

use super::super::super::sample::Sample;
use super::{Stage, VAR, boxed, check, check_on, ip, s};

#[test]
fn parts_of_bytes() {
    for (offset, len, expected) in [
        (1, None, "bcdef"),
        (1, Some(2), "bc"),
        (1, Some(20), "bcdef"),
        (1, Some(0), ""),
        (5, None, "f"),
        (6, None, ""),
        (7, None, ""),
        (-1, None, ""),
        // As in its newer manuals; 2.6 takes it for all.
        (0, Some(-1), ""),
        (i64::MAX, Some(i64::MAX), ""),
    ] {
        let part = Bytes { offset: Arg::Int(offset), len: len.map(Arg::Int) };
        let expected = Some(Sample::Bin(expected.as_bytes()));
        check(&[(s("abcdef"), Converter::Bytes(part), expected)]);
    }
    let part = Converter::Bytes(Bytes { offset: Arg::Int(6), len: None });
    check(&[(Sample::Int(0x6162), part, Some(Sample::Bin(b"ab")))]);
    let part = Converter::Bytes(Bytes { offset: Arg::Var(VAR), len: Some(Arg::Var(VAR)) });
    let stage = Stage::empty();
    let cases = [(s("abcdef"), part, Some(Sample::Bin(b"cd")))];
    check_on(&stage, Some(Sample::Int(2)), &cases);
    let [(input, part, _)] = cases;
    check_on(&stage, None, &[(input, part, None)]);
}

#[test]
fn base64_both_ways() {
    let bin = |text: &'static str| Some(Sample::Bin(text.as_bytes()));
    check(&[
        (s("abc"), Converter::Base64, Some(s("YWJj"))),
        (s(""), Converter::Base64, Some(s(""))),
        (ip("1.2.3.4"), Converter::Base64, Some(s("AQIDBA=="))),
        (s("YWJj"), Converter::Base64Decode, bin("abc")),
        (s("YWJ"), Converter::Base64Decode, None),
        (s("YWI="), Converter::Base64Decode, bin("ab")),
        (s("YQ=="), Converter::Base64Decode, bin("a")),
        (s("YR=="), Converter::Base64Decode, bin("a")),
        (s("YQ="), Converter::Base64Decode, None),
        (s("YQ"), Converter::Base64Decode, None),
        (s("YW=j"), Converter::Base64Decode, None),
        (s("===="), Converter::Base64Decode, None),
        (s("YWJj YWJj"), Converter::Base64Decode, None),
        (s("YWJjYWJ!"), Converter::Base64Decode, None),
        (s("Y-_j"), Converter::Base64Decode, None),
        (s(""), Converter::Base64Decode, bin("")),
        (s("abc?>"), Converter::Base64Url, Some(s("YWJjPz4"))),
        (s("a"), Converter::Base64Url, Some(s("YQ"))),
        (s("YWJj"), Converter::Base64UrlDecode, bin("abc")),
        (s("YQ"), Converter::Base64UrlDecode, bin("a")),
        (s("YR"), Converter::Base64UrlDecode, bin("a")),
        (s("YWI"), Converter::Base64UrlDecode, bin("ab")),
        (s("YWI="), Converter::Base64UrlDecode, None),
        (s("Y"), Converter::Base64UrlDecode, None),
        (s("Y-_j"), Converter::Base64UrlDecode, Some(Sample::Bin(b"\x63\xef\xe3"))),
        (s("Y+/j"), Converter::Base64UrlDecode, None),
        (s(""), Converter::Base64UrlDecode, bin("")),
    ]);
}

#[test]
fn digits() {
    check(&[
        (s("abc"), Converter::Hex, Some(s("616263"))),
        (Sample::Bool(true), Converter::Hex, Some(s("0000000000000001"))),
        (Sample::Int(-1), Converter::Hex, Some(s("FFFFFFFFFFFFFFFF"))),
        (ip("1.2.3.4"), Converter::Hex, Some(s("01020304"))),
        (ip("::1"), Converter::Hex, Some(s("00000000000000000000000000000001"))),
        (Sample::Bin(&[0x41, 0, 0xff]), Converter::Hex, Some(s("4100FF"))),
        (s("616263"), Converter::HexToInt, Some(Sample::Int(6_382_179))),
        (s("FFFFFFFFFFFFFFFF"), Converter::HexToInt, Some(Sample::Int(-1))),
        (s("1FFFFFFFFFFFFFFFF"), Converter::HexToInt, Some(Sample::Int(-1))),
        (s("8000000000000000"), Converter::HexToInt, Some(Sample::Int(i64::MIN))),
        (s("0xff"), Converter::HexToInt, None),
        (s("-ff"), Converter::HexToInt, None),
        (s("fg"), Converter::HexToInt, None),
        (s(""), Converter::HexToInt, Some(Sample::Int(0))),
        (Sample::Bin(&[1, 0xf0]), Converter::Base2, Some(s("0000000111110000"))),
        (Sample::Int(1), Converter::ToNetworkOrder, Some(Sample::Bin(&[0, 0, 0, 1]))),
        (Sample::Int(-1), Converter::ToNetworkOrder, Some(Sample::Bin(&[255; 4]))),
        (Sample::Int((1 << 32) + 2), Converter::ToNetworkOrder, Some(Sample::Bin(&[0, 0, 0, 2]))),
    ]);
}

#[test]
fn chunks_of_bytes() {
    let bytes = Sample::Bin(&[1, 2, 3, 4, 5, 6, 7]);
    let decimal = |big_endian, separator: &str, size, truncate| Converter::ToDecimal {
        big_endian,
        separator: boxed(separator),
        size,
        truncate,
    };
    let hex = |separator: &str, size, truncate| Converter::ToHex {
        separator: boxed(separator),
        size,
        truncate,
    };
    check(&[
        (bytes, decimal(true, ":", 2, false), Some(s("258:772:1286:7"))),
        (bytes, decimal(true, "-", 2, true), Some(s("258-772-1286"))),
        (bytes, decimal(true, "", 2, true), Some(s("2587721286"))),
        (bytes, decimal(false, ":", 2, false), Some(s("513:1027:1541:7"))),
        (ip("127.0.0.1"), decimal(true, ".", 1, false), Some(s("127.0.0.1"))),
        (Sample::Int(-1), decimal(true, ".", 8, false), Some(s("18446744073709551615"))),
        (bytes, decimal(true, ".", 0, false), None),
        (bytes, hex("", 1, false), Some(s("01020304050607"))),
        (bytes, hex(":", 2, false), Some(s("0102:0304:0506:07"))),
        (bytes, hex("--", 2, true), Some(s("0102--0304--0506"))),
        (Sample::Bin(&[1, 2, 3, 4, 5, 6, 7, 8]), hex("", 3, true), Some(s("010203040506"))),
        (Sample::Bin(&[1]), hex(":", 2, true), Some(s(""))),
        (Sample::Bin(&[1, 2, 3]), hex("abcdef", 1, false), Some(s("01abcdef02abcdef03"))),
    ]);
}

const LONG: &str = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\
                    abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz";
const HIGH: Sample<'static> = Sample::Bin(&[0xff, 0xfe, 0xfd, 0xfc, 0x80]);

#[test]
fn hashes() {
    let avalanche = false;
    for (input, hash, expected) in [
        (s("abc"), Hash::Crc32 { avalanche }, 891_568_578),
        (s("abc"), Hash::Crc32 { avalanche: true }, 930_845_320),
        (s(""), Hash::Crc32 { avalanche }, 0),
        (HIGH, Hash::Crc32 { avalanche }, 2_186_451_991),
        (ip("1.2.3.4"), Hash::Crc32 { avalanche }, 3_057_449_933),
        (Sample::Int(5), Hash::Crc32 { avalanche }, 357_051_366),
        (s("abc"), Hash::Crc32c { avalanche }, 910_901_175),
        (s("abc"), Hash::Crc32c { avalanche: true }, 1_285_784_220),
        (HIGH, Hash::Crc32c { avalanche }, 3_687_093_419),
        (s("abc"), Hash::Djb2 { avalanche }, 193_485_963),
        (s("abc"), Hash::Djb2 { avalanche: true }, 2_235_766_107),
        (s(""), Hash::Djb2 { avalanche }, 5381),
        (s(ALPHABET), Hash::Djb2 { avalanche }, 3_927_029_252),
        (HIGH, Hash::Djb2 { avalanche }, 445_974_043),
        (s("abc"), Hash::Sdbm { avalanche }, 807_794_786),
        (s("abc"), Hash::Sdbm { avalanche: true }, 659_243_622),
        (s(""), Hash::Sdbm { avalanche }, 0),
        (s(ALPHABET), Hash::Sdbm { avalanche }, 2_808_699_725),
        (HIGH, Hash::Sdbm { avalanche }, 1_338_462_338),
        (s("abc"), Hash::Wt6 { avalanche }, 2_483_038_440),
        (s("abc"), Hash::Wt6 { avalanche: true }, 266_135_527),
        (s(""), Hash::Wt6 { avalanche }, 4_187_620_192),
        (s(ALPHABET), Hash::Wt6 { avalanche }, 3_554_310_958),
        (HIGH, Hash::Wt6 { avalanche }, 1_424_226_297),
        (s("abc"), Hash::Xxh32 { seed: 0 }, 852_579_327),
        (s("abc"), Hash::Xxh32 { seed: 7 }, 1_473_238_068),
        (s(""), Hash::Xxh32 { seed: 0 }, 46_947_589),
        (s(LONG), Hash::Xxh32 { seed: 1 }, 1_380_753_649),
        (s("abc"), Hash::Xxh64 { seed: 0 }, 4_952_883_123_889_572_249),
        (s("abc"), Hash::Xxh64 { seed: 7 }, -7_028_621_457_359_472_937),
        (s(""), Hash::Xxh64 { seed: 0 }, -1_205_034_819_632_174_695),
        (s(LONG), Hash::Xxh64 { seed: 1 }, 1_160_041_595_996_484_877),
        (s("abc"), Hash::Xxh3 { seed: 0 }, 8_696_274_497_037_089_104),
        (s("abc"), Hash::Xxh3 { seed: 7 }, 5_260_018_501_835_528_466),
        (s(""), Hash::Xxh3 { seed: 0 }, 3_244_421_341_483_603_138),
        (s(LONG), Hash::Xxh3 { seed: 1 }, 5_426_793_074_688_708_490),
    ] {
        check(&[(input, Converter::Hash(hash), Some(Sample::Int(expected)))]);
    }
}

/// The bytes that hexadecimal digits stand for.
fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn digests() {
    for (digest, expected) in [
        (Digest::Md5, "900150983CD24FB0D6963F7D28E17F72"),
        (Digest::Sha1, "A9993E364706816ABA3E25717850C26C9CD0D89D"),
        (Digest::Sha224, "23097D223405D8228642A477BDA255B32AADBCE4BDA0B3F7E36C9DA7"),
        (Digest::Sha256, "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"),
        (
            Digest::Sha384,
            "CB00753F45A35E8BB5A03D699AC65007272C32AB0EDED1631A8B605A43FF5BED\
             8086072BA1E7CC2358BAECA134C825A7",
        ),
        (
            Digest::Sha512,
            "DDAF35A193617ABACC417349AE20413112E6FA4E89A97EA20A9EEEE64B55D39A\
             2192992A274FC1A836BA3C23A3FEEBBD454D4423643CE80E2A9AC94FA54CA49F",
        ),
    ] {
        let expected = unhex(expected);
        check(&[(s("abc"), Converter::Digest(digest), Some(Sample::Bin(&expected)))]);
    }
}

#[test]
fn keyed_digests() {
    let key = |text: &str| Operand::Value(Value::Str(boxed(text)));
    for (digest, own, expected) in [
        (Digest::Md5, "a2V5", "D2FE98063F876B03193AFB49B4979591"),
        (Digest::Sha1, "a2V5", "4FD0B215276EF12F2B3E4C8ECAC2811498B656FC"),
        (
            Digest::Sha256,
            "a2V5",
            "9C196E32DC0175F86F4B1CB89289D6619DE6BEE699E4C378E68309ED97A1A6AB",
        ),
        (Digest::Sha256, "", "FD7ADB152C05EF80DCCF50A1FA4C05D5A3EC6DA95575FC312AE7C5D091836351"),
        (
            Digest::Sha512,
            "a2V5",
            "3926A207C8C42B0C41792CBD3E1A1AAAF5F7A25704F62DFC939C4987DD7CE060\
             009C5BB1C2447355B3216F10B537E9AFA7B64A4E5391B0D631172D07939E087A",
        ),
    ] {
        let expected = unhex(expected);
        let hmac = Converter::Hmac(digest, key(own));
        check(&[(s("abc"), hmac, Some(Sample::Bin(&expected)))]);
    }
    let stage = Stage::empty();
    let by_var = || Converter::Hmac(Digest::Sha256, Operand::Var(VAR));
    check_on(&stage, Some(s("bad!")), &[(s("abc"), by_var(), None)]);
    check_on(&stage, None, &[(s("abc"), by_var(), None)]);
}

/// RFC 2202 section 2, with a key longer than a block.
#[test]
fn a_long_key_is_hashed_first() {
    let stage = Stage::empty();
    let context = stage.context();
    let key = super::convert(&Converter::Base64, Sample::Bin(&[0xaa; 80]), &context).unwrap();
    let hmac =
        Converter::Hmac(Digest::Md5, Operand::Value(super::super::super::vars::to_value(key)));
    let expected = unhex("6B1AB7FE4BD7BF8F0B62E6CE61B9D0CD");
    let text = "Test Using Larger Than Block-Size Key - Hash Key First";
    check(&[(s(text), hmac, Some(Sample::Bin(&expected)))]);
}

#[test]
fn texts_for_json() {
    use JsonInput::{Ascii, Utf8, Utf8p, Utf8ps, Utf8s};
    let inputs: &[(&[u8], JsonInput, Option<&str>)] = &[
        (b"a\"b\\c/d", Ascii, Some("a\\\"b\\\\c\\/d")),
        (
            b"\n\r\t\x08\x0c\x1f\x7f\x80\xff",
            Ascii,
            Some("\\n\\r\\t\\b\\f\\u001f\\u007f\\u0080\\u00ff"),
        ),
        (b"\xc3\xa9", Ascii, Some("\\u00c3\\u00a9")),
        (b"\xc3\xa9", Utf8, Some("\\u00e9")),
        (b"\xe2\x82\xac", Utf8, Some("\\u20ac")),
        (b"\xc0\xaf", Utf8, None),
        (b"\xc0\xaf", Utf8s, Some("")),
        (b"\xc0\xafA", Utf8p, Some("\\/A")),
        (b"\xc0\xafA", Utf8ps, Some("\\/A")),
        (b"\xf0\x9f\x98\x80", Utf8, None),
        (b"A\xf0\x9f\x98\x80B", Utf8s, Some("AB")),
        (b"A\xf0\x9f\x98\x80B", Utf8p, None),
        (b"A\xf0\x9f\x98\x80B", Utf8ps, Some("AB")),
        (b"A\xffB", Utf8, None),
        (b"A\xffB", Utf8s, Some("AB")),
        (b"A\xffB", Utf8p, None),
        (b"A\xffB", Utf8ps, Some("AB")),
        (b"A\xc3B", Utf8, None),
        (b"A\xc3B", Utf8s, Some("AB")),
        (b"A\xc3B", Utf8ps, Some("AB")),
        (b"A\xe2\x82B", Utf8s, Some("AB")),
        (b"A\x80B", Utf8s, Some("AB")),
        (b"\xed\xa0\x80", Utf8, None),
        (b"A\xed\xa0\x80B", Utf8ps, Some("AB")),
        (b"\xef\xbf\xbe", Utf8, None),
        (b"\xef\xbf\xbf", Utf8, None),
        (b"\xef\xb7\x90", Utf8, Some("\\ufdd0")),
        (b"A\xc3", Utf8s, Some("A")),
        (b"A\xc3", Utf8, None),
        (b"A\xf8\x80\x80\x80\x80B", Utf8s, Some("AB")),
        (b"A\xfc\x84\x80\x80\x80\x80B", Utf8s, Some("AB")),
        (b"A\xe0\x80\xafB", Utf8ps, Some("A\\/B")),
        (b"A\xe0\x80\xafB", Utf8s, Some("AB")),
        (b"\xc2\x80", Utf8, Some("\\u0080")),
        (b"\0", Ascii, Some("\\u0000")),
    ];
    for (input, code, expected) in inputs {
        check(&[(Sample::Str(input), Converter::Json(*code), expected.map(s))]);
    }
}
