//! Whatever the bytes: converters neither panic nor make samples that are too long, and those that undo
//! each other do.

use proxy_config::model::rule::{
    Arg, Arithmetic, Bits, Bytes, Converter, Digest, Hash, JsonInput, JwtKeyFile, JwtPart,
    NodePart, Operand, Regex, Side, Tables, TimeUnit, UrlCode, Value, VarCondition,
};

use super::super::super::sample::Sample;
use super::super::super::table::Library;
use super::{Stage, VAR, convert};

const ROUNDS: u32 = 40_000;
/// HAProxy's buffer, which is the default.
const LEN_MAX: usize = 16 * 1024;

/// xorshift64*
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn flag(&mut self) -> bool {
        self.next() & 1 == 1
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn int(&mut self) -> i64 {
        match self.below(4) {
            0 => self.pick(&[0, 1, -1, i64::MAX, i64::MIN, 1 << 32, 1 << 55]),
            1 => self.below(300) as i64 - 150,
            _ => self.next() as i64 >> self.below(64),
        }
    }

    /// Mostly short, of bytes that converters look for, and now and then as long as can be.
    fn bytes(&mut self) -> Vec<u8> {
        const WORDS: [&[u8]; 30] = [
            b"%",
            b"+",
            b"?",
            b"=",
            b"&",
            b",",
            b";",
            b":",
            b".",
            b"/",
            b"[",
            b"]",
            b"{",
            b"}",
            b"\"",
            b"\\",
            b"\0",
            b"-",
            b"_",
            b"e",
            b"q=0.",
            b"for=",
            b"\"a\":",
            b"\\u00",
            b"\xc3",
            b"\xe2\x82",
            b"eyJh",
            b"true",
            b"1",
            b"9999999999",
        ];
        if self.below(50) == 0 {
            let byte = self.next() as u8;
            return vec![byte; LEN_MAX - self.below(3)];
        }
        let mut bytes = Vec::new();
        for _ in 0..self.below(12) {
            match self.below(3) {
                0 => bytes.push(self.next() as u8),
                1 => bytes.push(b'a' + self.below(26) as u8),
                _ => bytes.extend_from_slice(self.pick(&WORDS)),
            }
        }
        bytes
    }

    fn boxed(&mut self) -> Box<[u8]> {
        self.bytes().into()
    }

    fn text(&mut self) -> Box<str> {
        String::from_utf8_lossy(&self.bytes()).into()
    }

    fn value(&mut self) -> Value {
        match self.below(6) {
            0 => Value::Bool(self.flag()),
            1 => Value::Int(self.int()),
            2 => Value::Ip(std::net::Ipv4Addr::from(self.next() as u32).into()),
            3 => Value::Ip(std::net::Ipv6Addr::from(u128::from(self.next()) << 32).into()),
            4 => Value::Bin(self.boxed()),
            _ => Value::Str(self.boxed()),
        }
    }

    fn operand(&mut self) -> Operand {
        if self.flag() { Operand::Var(VAR) } else { Operand::Value(self.value()) }
    }

    fn arg(&mut self) -> Arg {
        if self.flag() { Arg::Var(VAR) } else { Arg::Int(self.int()) }
    }

    fn digest(&mut self) -> Digest {
        self.pick(&[
            Digest::Md5,
            Digest::Sha1,
            Digest::Sha224,
            Digest::Sha256,
            Digest::Sha384,
            Digest::Sha512,
        ])
    }

    fn unit(&mut self) -> TimeUnit {
        self.pick(&[TimeUnit::Seconds, TimeUnit::Millis, TimeUnit::Micros])
    }

    fn format(&mut self) -> Box<str> {
        let mut format = String::new();
        for _ in 0..self.below(6) {
            format.push('%');
            format.push_str(self.pick(&["", "-", "_", "0", "^", "3", "99", "E", "O"]));
            format.push(char::from(b' ' + self.below(95) as u8));
        }
        format.into()
    }

    fn path(&mut self) -> Box<str> {
        if self.flag() { self.pick(&["$.a", "$", "$[0]", "$.a.b[1]"]).into() } else { self.text() }
    }

    fn converter(&mut self) -> Converter {
        match self.below(3) {
            0 => self.of_text(),
            1 => self.of_bytes(),
            _ => self.of_others(),
        }
    }

    fn of_text(&mut self) -> Converter {
        let (index, count) = (self.int() as i32, self.int() as i32);
        match self.below(26) {
            0 => Converter::Lower,
            1 => Converter::Upper,
            2 => Converter::Length,
            3 => Converter::Bytes(Bytes {
                offset: self.arg(),
                len: if self.flag() { Some(self.arg()) } else { None },
            }),
            4 => Converter::Field { index, delimiters: self.boxed(), count },
            5 => Converter::Word { index, delimiters: self.boxed(), count },
            6 => Converter::TrimStart(self.boxed()),
            7 => Converter::TrimEnd(self.boxed()),
            8 | 9 => {
                Converter::Regsub { regex: self.below(4), with: self.boxed(), all: self.flag() }
            }
            10 => Converter::Concat { start: self.boxed(), var: Some(VAR), end: self.boxed() },
            11 => {
                Converter::AddItem { delimiter: self.boxed(), var: Some(VAR), suffix: self.boxed() }
            }
            12 => Converter::CutCrlf,
            13 => Converter::Reverse,
            14 => Converter::ReverseDomain,
            15 => Converter::HasControl,
            16 => Converter::HostOnly,
            17 => Converter::PortOnly,
            18 => Converter::Iif(self.boxed(), self.boxed()),
            19 => Converter::Strcmp(VAR),
            20 => Converter::SecureMemcmp(VAR),
            21 => Converter::Language {
                values: [self.boxed(), self.boxed(), b"en".as_slice().into()].into(),
                default: None,
            },
            22 => Converter::Param { name: self.boxed(), delimiter: self.next() as u8 },
            23 => Converter::UrlDecode { in_form: self.flag() },
            24 => Converter::UrlEncode(UrlCode::Query),
            _ => Converter::SetVar(VAR, [VarCondition::IfNotEmpty].into()),
        }
    }

    fn of_bytes(&mut self) -> Converter {
        let (avalanche, seed) = (self.flag(), self.next());
        let (separator, size, truncate) = (self.boxed(), self.int() as u32, self.flag());
        match self.below(20) {
            0 => Converter::Base64,
            1 => Converter::Base64Decode,
            2 => Converter::Base64Url,
            3 => Converter::Base64UrlDecode,
            4 => Converter::Hex,
            5 => Converter::HexToInt,
            6 => Converter::Base2,
            7 => Converter::ToDecimal { big_endian: self.flag(), separator, size, truncate },
            8 => Converter::ToHex { separator, size, truncate },
            9 => Converter::ToNetworkOrder,
            10 => Converter::Digest(self.digest()),
            11 => Converter::Hmac(self.digest(), self.operand()),
            12 => Converter::Hash(Hash::Crc32c { avalanche }),
            13 => Converter::Hash(Hash::Djb2 { avalanche }),
            14 => Converter::Hash(Hash::Sdbm { avalanche }),
            15 => Converter::Hash(Hash::Wt6 { avalanche }),
            16 => Converter::Hash(Hash::Xxh32 { seed: seed as u32 }),
            17 => Converter::Hash(Hash::Xxh64 { seed }),
            18 => Converter::Hash(Hash::Xxh3 { seed }),
            _ => Converter::Json(self.pick(&[
                JsonInput::Ascii,
                JsonInput::Utf8,
                JsonInput::Utf8s,
                JsonInput::Utf8p,
                JsonInput::Utf8ps,
            ])),
        }
    }

    fn of_others(&mut self) -> Converter {
        use Arithmetic::{Add, Div, Mod, Mul, Sub};
        match self.below(23) {
            0 => Converter::Arithmetic(self.pick(&[Add, Sub, Mul, Div, Mod]), self.operand()),
            1 => Converter::Bits(self.pick(&[Bits::And, Bits::Or, Bits::Xor]), self.operand()),
            2 => Converter::Negate,
            3 => Converter::Complement,
            4 => Converter::Even,
            5 => Converter::IpMask { v4: self.next() as u32, v6: Some(u128::MAX << 64) },
            6 => Converter::HttpDate { offset: self.int(), unit: self.unit() },
            7 | 8 => {
                Converter::Utime { unit: self.unit(), format: self.format(), offset: self.int() }
            }
            9 | 10 => {
                Converter::Ltime { unit: self.unit(), format: self.format(), offset: self.int() }
            }
            11 => Converter::JsonQuery { path: self.path(), as_int: self.flag() },
            12 => Converter::JwtQuery {
                part: self.pick(&[JwtPart::Header, JwtPart::Payload]),
                path: Some(self.path()),
                as_int: self.flag(),
            },
            13 => Converter::JwtVerify { alg: self.operand(), key: self.operand() },
            14 => Converter::ForwardedIsValid,
            15 => Converter::ForwardedField(self.pick(&["for", "by", "host", "proto"]).into()),
            16 => Converter::ForwardedNode(self.pick(&[NodePart::Name, NodePart::Port])),
            17 => Converter::Map { table: self.below(2), default: Some(self.value()) },
            18 => Converter::Capture(Side::Request, self.below(4)),
            19 => Converter::X509Error,
            20 => Converter::UsableServers,
            21 => Converter::ServerIsUp,
            _ => Converter::Exists { is_backend: self.flag() },
        }
    }
}

fn stage() -> Stage {
    let mut stage = Stage::empty();
    let regex = |text: &str| Regex { text: text.to_owned(), any_case: false };
    let tables = Tables {
        regexes: ["", "a*", "(.)(.)?", "[^a]$"].into_iter().map(regex).collect(),
        jwt_keys: Vec::<JwtKeyFile>::new(),
        ..Tables::default()
    };
    stage.library = Library::new(&tables).unwrap();
    stage.world.zone = crate::observe::Zone::named("CET-1CEST,M3.5.0,M10.5.0/3");
    stage
}

fn len(sample: Sample<'_>) -> usize {
    match sample {
        Sample::Str(bytes) | Sample::Bin(bytes) => bytes.len(),
        Sample::Bool(_) | Sample::Int(_) | Sample::Ip(_) => 0,
    }
}

#[test]
fn no_sample_is_too_long_and_nothing_panics() {
    let mut stage = stage();
    let mut dice = Dice(0x5eed_c0de);
    for round in 0..ROUNDS {
        let (converter, value, variable) = (dice.converter(), dice.value(), dice.value());
        stage.arena.clear();
        let context = stage.context();
        context.vars.set(VAR, dice.flag().then(|| Sample::of(&variable)));
        if let Some(sample) = convert(&converter, Sample::of(&value), &context) {
            assert!(len(sample) <= LEN_MAX, "round {round}: {converter:?}");
        }
    }
}

#[test]
fn codes_can_be_undone() {
    let stage = stage();
    let context = stage.context();
    let mut dice = Dice(0xbead_5eed);
    for round in 0..2000 {
        let bytes = dice.bytes();
        if bytes.len() > LEN_MAX / 3 {
            continue;
        }
        for (there, back) in [
            (Converter::Base64, Converter::Base64Decode),
            (Converter::Base64Url, Converter::Base64UrlDecode),
        ] {
            let text = convert(&there, Sample::Bin(&bytes), &context).unwrap();
            assert_eq!(convert(&back, text, &context), Some(Sample::Bin(&bytes)), "{round}");
        }
        let url = convert(&Converter::UrlEncode(UrlCode::Query), Sample::Str(&bytes), &context);
        let back = convert(&Converter::UrlDecode { in_form: true }, url.unwrap(), &context);
        assert_eq!(back, Some(Sample::Str(&bytes)), "{round}");
        if let Some(eight) = bytes.first_chunk::<8>() {
            let digits = convert(&Converter::Hex, Sample::Bin(eight), &context).unwrap();
            let number = convert(&Converter::HexToInt, digits, &context);
            assert_eq!(number, Some(Sample::Int(i64::from_be_bytes(*eight))), "{round}");
        }
    }
}

#[test]
fn texts_for_json_are_read_back() {
    let stage = stage();
    let context = stage.context();
    let mut dice = Dice(0x000f_f1ce);
    for round in 0..2000 {
        let text: Vec<u8> = dice.bytes().into_iter().filter(|byte| *byte < 0x80).collect();
        if text.len() > LEN_MAX / 7 {
            continue;
        }
        let escaped =
            convert(&Converter::Json(JsonInput::Ascii), Sample::Str(&text), &context).unwrap();
        let json = [b"{\"k\":\"", escaped.text(context.arena), b"\"}"].concat();
        let query = Converter::JsonQuery { path: "$.k".into(), as_int: false };
        let found = convert(&query, Sample::Str(&json), &context)
            .map(|own| own.text(&stage.arena).to_vec());
        assert_eq!(found, Some(text), "{round}");
    }
}
