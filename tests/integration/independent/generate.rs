//! Seeded messages: valid ones of every shape, and what becomes of them by a few changes.

use std::fmt::Write;

/// xorshift64*: the same cases on every machine.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        let mut new = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        new.next();
        new
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    fn bytes(&mut self) -> Vec<u8> {
        let len = self.pick(&[0, 1, 2, 9, 10, 16, 17, 100, 255, 256, 1500]);
        let framing: &[u8] = b"0\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n";
        match self.below(4) {
            // What would begin another message if somebody read the body as one.
            0 => framing.iter().copied().cycle().take(len).collect(),
            1 => (0..len).map(|_| self.next() as u8).collect(),
            _ => (0..len).map(|_| b'a' + self.below(26) as u8).collect(),
        }
    }
}

/// Lines that any message may have. That the bytes are Latin-1 is undone by `latin1`.
const FIELDS: &[&str] = &[
    "Accept: */*",
    "Cookie: a=b; c=\"d,e\"",
    "Cookie: second=1",
    "User-Agent: x (y; z) w/1.0",
    "X-Empty:",
    "X-Empty-Too: \t ",
    "X-Tabs:\ta\tb\t",
    "X-Padded:   a  b   ",
    "X-Tight:a",
    "X-Latin: \u{e4}\u{ff}\u{80}",
    "X-List: a,,b , c",
    "X-Same: 1",
    "x-same: 2",
    "X_Under: 1",
    "!#$%&'*+-.^_`|~: odd name",
    "1: one",
    "X-Colons: a:b::c",
    "X-Like: Content-Length: 5",
    "Content-Type: text/plain; charset=\"utf-8\"",
    "Max-Forwards: 3",
    "Keep-Alive: timeout=5",
    "Proxy-Connection: keep-alive",
    "Content-Length-X: 7",
    "Transfer-Encodings: chunked",
];

fn fields(random: &mut Random) -> String {
    (0..random.below(6)).map(|_| format!("{}\r\n", random.pick(FIELDS))).collect()
}

pub(super) fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|char| char as u8).collect()
}

/// A valid request, after which the connection stays unless `is_last`.
fn request(random: &mut Random, is_last: bool) -> Vec<u8> {
    let is_old = is_last && random.one_in(6);
    let method = random.pick(&[
        "GET",
        "GET",
        "HEAD",
        "POST",
        "POST",
        "PUT",
        "DELETE",
        "OPTIONS",
        "PATCH",
        "TRACE",
        "M-SEARCH",
        "get",
        "!#$%&'*+-.^_`|~",
        "CONNECT",
    ]);
    let method = if method == "CONNECT" && !is_last { "PUT" } else { method };
    let (target, host) = target(random, method);
    let mut head = format!("{method} {target} HTTP/1.{}\r\n", u8::from(!is_old));
    let mut lines = fields(random);
    if !is_old || random.one_in(2) {
        let host = format!("{}: {host}\r\n", random.pick(&["Host", "host", "HOST"]));
        lines = if random.one_in(2) { host + &lines } else { lines + &host };
    }
    head += &lines;
    head += match random.below(12) {
        0 => "Connection: X-Same, X-Gone\r\nX-Gone: 1\r\n",
        1 => "Connection: keep-alive\r\n",
        2 => "Connection: Upgrade\r\nUpgrade: chat\r\n",
        3 => "TE: trailers, deflate;q=0.5\r\nConnection: TE\r\n",
        4 if is_last => "Connection: close\r\n",
        _ => "",
    };
    let has_body = method != "CONNECT" && !is_old && random.one_in(2);
    let (framing, body) = if has_body { body(random) } else { (String::new(), Vec::new()) };
    let expect = if has_body && random.one_in(8) { "Expect: 100-continue\r\n" } else { "" };
    let empty_lines = if random.one_in(10) { "\r\n" } else { "" };
    [latin1(&format!("{empty_lines}{head}{expect}{framing}\r\n")), body].concat()
}

/// A target that fits the method, and the value of the host field that fits it.
fn target(random: &mut Random, method: &str) -> (String, String) {
    const HOSTS: &[&str] =
        &["a", "example.com", "example.com:8080", "[::1]", "[::1]:81", "1.2.3.4"];
    const PATHS: &[&str] = &[
        "/",
        "/a/b.c",
        "/?",
        "/?x=y&z",
        "//a//b",
        "/../..",
        "/%00%0d%0a",
        "/a;b=c",
        "/\"<>[]^{|}",
        "/a:80",
        "/*",
        "/http://b/",
    ];
    let (host, path) = (random.pick(HOSTS).to_owned(), random.pick(PATHS));
    match method {
        "CONNECT" => (String::from("example.com:443"), String::from("example.com:443")),
        "OPTIONS" if random.one_in(2) => (String::from("*"), host),
        _ if random.one_in(5) => {
            (format!("{}{host}{path}", random.pick(&["http://", "HTTP://"])), host)
        }
        _ => (path.to_owned(), host),
    }
}

/// A framing line or two, and the body in that framing.
fn body(random: &mut Random) -> (String, Vec<u8>) {
    let bytes = random.bytes();
    let len = bytes.len();
    match random.below(5) {
        0 => (format!("Content-Length: {len}\r\n"), bytes),
        1 => (format!("content-length:{len}\r\ncontent-length:\t{len} , {len}\r\n"), bytes),
        2 => (format!("CONTENT-LENGTH: 000{len}\r\n"), bytes),
        3 => (
            String::from("Transfer-Encoding: Chunked\r\nTrailer: X-Sum\r\n"),
            chunks(random, &bytes),
        ),
        _ => (String::from("transfer-encoding:chunked\r\n"), chunks(random, &bytes)),
    }
}

fn chunks(random: &mut Random, bytes: &[u8]) -> Vec<u8> {
    const EXTENSIONS: &[&str] =
        &["", "", "", ";a", ";a=b", ";a=\"b;c\\\"\"", " ; a = b", ";a;b;c=1"];
    const TRAILERS: &[&str] = &[
        "",
        "",
        "X-Sum: 1\r\n",
        "X-Sum:\t1 \r\nETag: \"x\"\r\n",
        "Content-Length: 5\r\nHost: evil\r\n",
        "Transfer-Encoding: chunked\r\nX: \u{e4}\r\n",
        "X-Empty:\r\n",
    ];
    let (mut out, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(1 + random.below(rest.len().min(300)));
        let mut size = format!("{:x}", chunk.len());
        if random.one_in(4) {
            size = format!("00{}", size.to_uppercase());
        }
        out.extend(latin1(&format!("{size}{}\r\n", random.pick(EXTENSIONS))));
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
        rest = after;
    }
    let end = format!("0{}\r\n{}\r\n", random.pick(EXTENSIONS), random.pick(TRAILERS));
    out.extend(latin1(&end));
    out
}

/// Requests as one client sends them, all of them valid.
pub(super) fn requests(random: &mut Random) -> Vec<u8> {
    let count = 1 + random.below(4);
    (1..=count).flat_map(|index| request(random, index == count)).collect()
}

/// A valid response to `method`, interim ones before it. It may end with the connection.
pub(super) fn response(random: &mut Random, method: &str) -> Vec<u8> {
    let mut head = String::new();
    for _ in 0..random.below(8).saturating_sub(5) {
        let interim = random.pick(&["100 Continue", "102 Processing", "103 Early Hints"]);
        let _ = write!(head, "HTTP/1.1 {interim}\r\nLink: </a>\r\n\r\n");
    }
    let status = random.pick(&[200, 200, 200, 201, 204, 206, 299, 302, 304, 404, 500, 503, 999]);
    let reason = random.pick(&[" OK", " ", "", " No, really\tnot", " \u{e4}\u{ff}"]);
    let is_old = random.one_in(8);
    let _ = write!(head, "HTTP/1.{} {status}{reason}\r\n{}", u8::from(!is_old), fields(random));
    head += random.pick(&["", "", "Set-Cookie: a=b\r\nSet-Cookie: c=d\r\n", "ETag: \"x\"\r\n"]);
    head +=
        random.pick(&["", "", "", "Connection: close\r\n", "Connection: x-hop\r\nX-Hop: 1\r\n"]);
    let (framing, body) = match random.below(4) {
        0 => (String::new(), random.bytes()),
        _ if is_old => (String::from("Content-Length: 5\r\n"), b"12345".to_vec()),
        _ => body(random),
    };
    let is_bodiless = method == "HEAD" || status == 204 || status == 304;
    let framing = if status == 204 { "" } else { &framing };
    let body = if is_bodiless { Vec::new() } else { body };
    [latin1(&format!("{head}{framing}\r\n")), body].concat()
}

/// Lines that one reader takes for framing and the next one does not.
const OBFUSCATED: &[&str] = &[
    "Content-Length: +5",
    "Content-Length: 5 5",
    "Content-Length: 0x5",
    "Content-Length: 5,6",
    "Content-Length: 5,",
    "Content-Length:",
    "Content-Length: 1_0",
    "Content-Length: -0",
    "Content-Length: 5\n",
    "Content-Length : 5",
    "Content-Length\t: 5",
    "Content-Length: 18446744073709551617",
    "Content_Length: 5",
    " Content-Length: 5",
    "Content-Length\0: 5",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: identity, chunked",
    "Transfer-Encoding: \u{b}chunked",
    "Transfer-Encoding: chunked\u{85}",
    "Transfer-Encoding:\r\n chunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding: \"chunked\"",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding:",
    "Transfer-Encoding: ,chunked,",
    "Transfer\u{ad}Encoding: chunked",
    "X: a\r\n\tTransfer-Encoding: chunked",
    "X: a\rTransfer-Encoding: chunked",
    "X: a\nTransfer-Encoding: chunked",
    "Connection: content-length, transfer-encoding, host",
    "Upgrade: h2c\r\nConnection: Upgrade",
    "Expect: 100-continue, x",
    "Host: b",
    ": x",
    "X",
];

/// Makes a few of the changes by which messages are smuggled or broken.
pub(super) fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(3) {
        match random.below(8) {
            0 => insert_line(random, bytes),
            1 => move_line(random, bytes),
            _ => change_byte(random, bytes),
        }
    }
}

fn change_byte(random: &mut Random, bytes: &mut Vec<u8>) {
    const BYTES: &[u8] = b"\r\n\0\t :,;\"=+-0159afx/#@\x0b\x7f\x85\xff";
    let at = random.below(bytes.len() + 1);
    let byte = random.pick(BYTES);
    match random.below(5) {
        0 | 1 => bytes.insert(at, byte),
        2 if at < bytes.len() => drop(bytes.remove(at)),
        3 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        _ if at < bytes.len() => bytes[at] = byte,
        _ => {}
    }
}

/// Where lines begin; at least at 0.
fn line_starts(bytes: &[u8]) -> Vec<usize> {
    let after = bytes.windows(2).enumerate().filter(|(_, pair)| *pair == b"\r\n");
    [0].into_iter().chain(after.map(|(at, _)| at + 2)).collect()
}

fn insert_line(random: &mut Random, bytes: &mut Vec<u8>) {
    let at = random.pick(&line_starts(bytes));
    let line = latin1(&format!("{}\r\n", random.pick(OBFUSCATED)));
    bytes.splice(at..at, line);
}

/// Puts a line elsewhere, or there too.
fn move_line(random: &mut Random, bytes: &mut Vec<u8>) {
    let starts = line_starts(bytes);
    let index = random.below(starts.len());
    let (from, to) = (starts[index], *starts.get(index + 1).unwrap_or(&bytes.len()));
    let line = bytes[from..to].to_vec();
    let target = random.pick(&starts);
    if random.one_in(2) {
        bytes.splice(target..target, line);
    } else {
        bytes.drain(from..to);
        let target =
            if target > from { target.saturating_sub(to - from).max(from) } else { target };
        bytes.splice(target..target, line);
    }
}
