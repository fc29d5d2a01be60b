//! Records and formats for the tests of the log.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use proxy_config::model::{Encoding, Format, FormatPiece, LogField, LogFlags};

use super::date::{DateCache, Zone};
use super::end::StreamEnd;
use super::record::{Captured, ConnEnds, Counts, Record, RequestLine, Timers, TlsNames};

/// HAProxy's own definitions of its two lines.
pub(super) const HTTP_FORMAT: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS \
    %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";
pub(super) const TCP_FORMAT: &str =
    "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq";

pub(super) const REQUEST: RequestLine<'static> =
    RequestLine { method: b"GET", target: b"/a", version: b"HTTP/1.1" };

/// A request that went well, at 22/Nov/2026:17:17:46.152 UTC.
pub(super) fn served() -> Record<'static> {
    Record {
        client: Some(SocketAddr::from(([127, 0, 0, 1], 55650))),
        bind_number: 1,
        destination: None,
        server_conn: None,
        accept_ms: 1_795_367_866_152,
        request_ms: 1_795_367_866_152,
        frontend: "web",
        tls: None,
        backend: "app",
        server: Some("s1"),
        timers: Timers {
            handshake_ms: 0,
            idle_ms: 0,
            request_ms: 0,
            queue_ms: 0,
            connect_ms: 0,
            response_ms: 0,
            active_ms: 0,
            total_ms: 0,
        },
        status: 200,
        bytes: 54,
        bytes_received: 42,
        end: StreamEnd::NORMAL,
        counts: Counts { process: 1, frontend: 1, ..Counts::default() },
        request: Some(REQUEST),
        unique_id: b"",
        captured: Captured::default(),
        is_early: false,
        samples: None,
        level: None,
    }
}

pub(super) fn dates() -> DateCache {
    DateCache::new(Arc::new(Zone::utc()))
}

/// A small reader of what the tests need: `%xx`, `%{+Q,+X,+E}xx` and `%(name)xx`.
pub(super) fn format(text: &str) -> Format {
    let mut pieces: Vec<FormatPiece> = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        let (options, after) =
            after.strip_prefix('{').map_or(("", after), |inner| inner.split_once('}').unwrap());
        let (name, after) = after.strip_prefix('(').map_or((None, after), |inner| {
            let (name, after) = inner.split_once(')').unwrap();
            (Some(name.to_owned()), after)
        });
        let known = LogField::ALL.iter().filter(|field| after.starts_with(field.alias()));
        let field = *known.max_by_key(|field| field.alias().len()).unwrap();
        if !before.is_empty() {
            pieces.push(FormatPiece::Text(before.to_owned()));
        }
        let has = |option| options.contains(option);
        let flags = LogFlags { quote: has("+Q"), hex: has("+X"), escape: has("+E") };
        pieces.push(FormatPiece::Field { field, flags, name });
        rest = &after[field.alias().len()..];
    }
    if !rest.is_empty() {
        pieces.push(FormatPiece::Text(rest.to_owned()));
    }
    Format { encoding: Encoding::Text, pieces }
}

/// Every field in order, named by its alias.
pub(super) fn all_fields(encoding: Encoding) -> Format {
    let piece = |field: &LogField| FormatPiece::Field {
        field: *field,
        flags: LogFlags::default(),
        name: Some(field.alias().to_owned()),
    };
    Format { encoding, pieces: LogField::ALL.iter().map(piece).collect() }
}

/// A generator of cases: the same seed gives the same ones.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// SplitMix64.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.coin().then(|| make(self))
    }

    /// Any bytes, mostly printable; sometimes many.
    pub(super) fn bytes(&mut self) -> &'static [u8] {
        let len = if self.below(20) == 0 { self.below(3000) } else { self.below(12) };
        let byte = |dice: &mut Self| match dice.below(4) {
            0 => dice.next() as u8,
            1 => b"\"\\]{|}#% \n\xc3\xa4"[dice.below(12) as usize],
            _ => b'a' + dice.below(26) as u8,
        };
        let bytes: Vec<u8> = (0..len).map(|_| byte(self)).collect();
        Vec::leak(bytes)
    }

    fn name(&mut self) -> &'static str {
        ["web", "app", "a-very-long-name_with.all:kinds", "s1"][self.below(4) as usize]
    }

    fn number(&mut self) -> u64 {
        let bits = self.below(65);
        self.next().checked_shr(64 - bits as u32).unwrap_or(0)
    }

    fn timer(&mut self) -> i64 {
        if self.coin() { -1 } else { (self.number() >> 1) as i64 }
    }

    fn address(&mut self) -> SocketAddr {
        let bits = u128::from(self.next()) << self.below(65) | u128::from(self.number());
        let ip =
            if self.coin() { IpAddr::V4((bits as u32).into()) } else { IpAddr::V6(bits.into()) };
        SocketAddr::new(ip, self.next() as u16)
    }

    fn headers(&mut self) -> &'static [Option<&'static [u8]>] {
        let headers: Vec<_> = (0..self.below(4)).map(|_| self.maybe(Self::bytes)).collect();
        Vec::leak(headers)
    }

    fn wall_ms(&mut self) -> u64 {
        self.below(4_200_000_000_000)
    }

    pub(super) fn record(&mut self) -> Record<'static> {
        Record {
            client: self.maybe(Self::address),
            bind_number: self.next() as u32,
            destination: self.maybe(Self::address),
            server_conn: self
                .maybe(|dice| ConnEnds { source: dice.address(), destination: dice.address() }),
            accept_ms: self.wall_ms(),
            request_ms: self.wall_ms(),
            frontend: self.name(),
            tls: self
                .coin()
                .then_some(TlsNames { version: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256" }),
            backend: self.name(),
            server: self.maybe(Self::name),
            timers: Timers {
                handshake_ms: self.timer(),
                idle_ms: self.timer(),
                request_ms: self.timer(),
                queue_ms: self.timer(),
                connect_ms: self.timer(),
                response_ms: self.timer(),
                active_ms: self.timer(),
                total_ms: self.timer(),
            },
            status: if self.coin() { -1 } else { self.below(600) as i32 },
            bytes: self.number() >> 1,
            bytes_received: self.number(),
            end: StreamEnd::SERVER_HEADERS,
            counts: Counts {
                process: self.number(),
                frontend: self.number(),
                backend: self.number(),
                server: self.number(),
                retries: self.number(),
                redispatched: self.coin(),
                server_queue: self.number(),
                backend_queue: self.number(),
                logged: self.number(),
                request: self.number(),
            },
            request: self.maybe(|dice| RequestLine {
                method: dice.bytes(),
                target: dice.bytes(),
                version: dice.bytes(),
            }),
            unique_id: self.bytes(),
            captured: Captured {
                request_headers: self.headers(),
                response_headers: self.headers(),
                request_cookie: self.maybe(Self::bytes),
                response_cookie: self.maybe(Self::bytes),
            },
            is_early: self.coin(),
            samples: None,
            level: None,
        }
    }

    /// Any pieces with any flags.
    pub(super) fn format(&mut self) -> Format {
        let encoding = if self.coin() { Encoding::Text } else { Encoding::Json };
        let piece = |dice: &mut Self| {
            if dice.below(3) == 0 {
                return FormatPiece::Text(String::from_utf8_lossy(dice.bytes()).into_owned());
            }
            let field = LogField::ALL[dice.below(LogField::ALL.len() as u64) as usize];
            let flags = LogFlags { quote: dice.coin(), hex: dice.coin(), escape: dice.coin() };
            let name = dice.maybe(|dice| String::from_utf8_lossy(dice.bytes()).into_owned());
            FormatPiece::Field { field, flags, name }
        };
        let pieces = (0..self.below(30)).map(|_| piece(self)).collect();
        Format { encoding, pieces }
    }
}
