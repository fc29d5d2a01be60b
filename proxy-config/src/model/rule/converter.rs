//! What a sample goes through (HAProxy's manual, chapter 7.3.1).

use super::{Condition, Value, Var};

/// One converter with its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Converter {
    // Text
    Lower,
    Upper,
    /// `length`
    Length,
    /// `bytes(OFFSET[,LENGTH])`
    Bytes(Bytes),
    /// `field(INDEX,DELIMITERS[,COUNT])`: from the end if negative; `None`: a count of 1; 0: to the end.
    Field {
        index: i32,
        delimiters: Box<[u8]>,
        count: i32,
    },
    /// `word(INDEX,DELIMITERS[,COUNT])`: as `field`, delimiters in a row being one.
    Word {
        index: i32,
        delimiters: Box<[u8]>,
        count: i32,
    },
    /// `ltrim(CHARS)`, `rtrim(CHARS)`
    TrimStart(Box<[u8]>),
    TrimEnd(Box<[u8]>),
    /// `regsub(REGEX,WITH[,FLAGS])`: `regex` is an index into [`super::Tables::regexes`].
    Regsub {
        regex: usize,
        with: Box<[u8]>,
        all: bool,
    },
    /// `concat(START,VAR,END)`
    Concat {
        start: Box<[u8]>,
        var: Option<Var>,
        end: Box<[u8]>,
    },
    /// `add_item(DELIMITER,VAR,SUFFIX)`
    AddItem {
        delimiter: Box<[u8]>,
        var: Option<Var>,
        suffix: Box<[u8]>,
    },
    /// `cut_crlf`
    CutCrlf,
    /// `reverse`, `reverse_dom`
    Reverse,
    ReverseDomain,
    /// `has_ctl`
    HasControl,
    /// `host_only`, `port_only`
    HostOnly,
    PortOnly,
    /// `iif(TRUE,FALSE)`
    Iif(Box<[u8]>, Box<[u8]>),
    /// `strcmp(VAR)`
    Strcmp(Var),
    /// `secure_memcmp(VAR)`
    SecureMemcmp(Var),
    /// `language(VALUES[,DEFAULT])`: of `accept-language`.
    Language {
        values: Box<[Box<[u8]>]>,
        default: Option<Box<[u8]>>,
    },
    /// `param(NAME[,DELIMITER])`: of `a=1&b=2`.
    Param {
        name: Box<[u8]>,
        delimiter: u8,
    },
    /// `url_dec[(IN_FORM)]`
    UrlDecode {
        in_form: bool,
    },
    /// `url_enc`
    UrlEncode(UrlCode),
    /// `json(INPUT)`
    Json(JsonInput),
    /// `json_query(PATH[,'int'])`
    JsonQuery {
        path: Box<str>,
        as_int: bool,
    },
    /// `jwt_header_query`, `jwt_payload_query`
    JwtQuery {
        part: JwtPart,
        path: Option<Box<str>>,
        as_int: bool,
    },
    /// `jwt_verify(ALG,KEY)`: 1 good, 0 bad, negative: why it cannot be told. The key is a secret, or
    /// the name of one of [`super::Tables::jwt_keys`].
    JwtVerify {
        alg: Operand,
        key: Operand,
    },
    /// `rfc7239_is_valid`, `rfc7239_field(NAME)`, `rfc7239_n2nn`, `rfc7239_n2np`
    ForwardedIsValid,
    ForwardedField(Box<str>),
    ForwardedNode(NodePart),

    // Bytes
    Base64,
    Base64Decode,
    /// `ub64enc`, `ub64dec`: with the alphabet for URLs.
    Base64Url,
    Base64UrlDecode,
    Hex,
    /// `hex2i`
    HexToInt,
    /// `base2`: binary digits.
    Base2,
    /// `be2dec(SEPARATOR,SIZE[,TRUNCATE])`, `le2dec`
    ToDecimal {
        big_endian: bool,
        separator: Box<[u8]>,
        size: u32,
        truncate: bool,
    },
    /// `be2hex(SEPARATOR,SIZE[,TRUNCATE])`
    ToHex {
        separator: Box<[u8]>,
        size: u32,
        truncate: bool,
    },
    /// `htonl`
    ToNetworkOrder,
    /// `crc32` and its like: an integer.
    Hash(Hash),
    /// `sha1`, `sha2(BITS)`, `digest(NAME)`: bytes.
    Digest(Digest),
    /// `hmac(NAME,KEY)`: bytes; the key in base64.
    Hmac(Digest, Operand),

    // Numbers
    Arithmetic(Arithmetic, Operand),
    Bits(Bits, Operand),
    /// `neg`, `cpl`
    Negate,
    Complement,
    /// `not`, `bool`, `even`, `odd`
    Not,
    Bool,
    Even,
    Odd,

    // Addresses
    /// `ipmask(MASK4[,MASK6])`: without the second one there is no mask for IPv6, and no sample.
    IpMask {
        v4: u32,
        v6: Option<u128>,
    },

    // Times
    /// `http_date(OFFSET,UNIT)`
    HttpDate {
        offset: i64,
        unit: TimeUnit,
    },
    /// `utime(FORMAT,OFFSET)`, `ms_utime`, `us_utime`; of strftime(3).
    Utime {
        unit: TimeUnit,
        format: Box<str>,
        offset: i64,
    },
    /// `ltime` and its like.
    Ltime {
        unit: TimeUnit,
        format: Box<str>,
        offset: i64,
    },

    // Look-ups
    /// `map_*(FILE[,DEFAULT])`: `table` is an index into [`super::Tables::maps`].
    Map {
        table: usize,
        default: Option<Value>,
    },

    // Variables and captures
    /// `set-var(NAME[,COND...])`
    SetVar(Var, Box<[super::VarCondition]>),
    UnsetVar(Var),
    /// `capture-req(ID)`, `capture-res(ID)`
    Capture(super::Side, usize),

    // Backends and servers by name
    /// `nbsrv`
    UsableServers,
    /// `srv_is_up`: of `BE/SRV`.
    ServerIsUp,
    /// `be_exists`, `fe_exists`
    Exists {
        is_backend: bool,
    },
    /// `debug`: passes it on. HAProxy's sink for it does not exist here.
    Debug,
    /// `x509_v_err_str`
    X509Error,
    /// `when(acl,NAME)`
    When(std::sync::Arc<Condition>),
    /// `when(STATE)`
    WhenIs(StreamState),
}

/// What `when` asks of a stream, or of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamState {
    /// `error`: what `option.dontlog-normal` would log.
    Error,
    /// `forwarded`: it has, or had, a connection to a server.
    Forwarded,
    /// `normal`: no error.
    Normal,
    /// `stopping`: the process drains.
    Stopping,
}

/// A number or text that is written, or is in a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    Value(Value),
    Var(Var),
}

/// An argument of [`Converter::Bytes`], which may be in a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg {
    Int(i64),
    Var(Var),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes {
    pub offset: Arg,
    pub len: Option<Arg>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Sub,
    Mul,
    /// By 0: the largest number.
    Div,
    /// By 0: 0.
    Mod,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    And,
    Or,
    Xor,
}

/// A hash that is a number; `avalanche` mixes its bits once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    Crc32 { avalanche: bool },
    Crc32c { avalanche: bool },
    Djb2 { avalanche: bool },
    Sdbm { avalanche: bool },
    Wt6 { avalanche: bool },
    Xxh32 { seed: u32 },
    Xxh64 { seed: u64 },
    Xxh3 { seed: u64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlCode {
    /// `query`
    Query,
}

/// How `json` reads its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonInput {
    Ascii,
    Utf8,
    Utf8s,
    Utf8p,
    Utf8ps,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwtPart {
    Header,
    Payload,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodePart {
    /// `n2nn`: the address, or the name.
    Name,
    /// `n2np`: the port.
    Port,
}

/// Of seconds or parts of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimeUnit {
    #[default]
    Seconds,
    Millis,
    Micros,
}

/// What a map gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MapOutput {
    Str,
    Int,
    Ip,
    /// The key that matched (`map_*_key`).
    Key,
    /// Text in which `\0` to `\9` are groups of the key (`map_regm`); only of [`super::Match::Reg`].
    Regm,
}
