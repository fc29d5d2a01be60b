//! A server answers everything; what reaches the client is what was meant, 502, or visibly cut.

use std::net::Ipv4Addr;
use std::sync::Arc;

use corelane::proto::h1::Method;

use super::generate::{Random, mutate, response};
use super::h11::{Reading, Stream, read};
use super::meaning::{Meaning, Requests, Response, ResponseEnd};
use super::{Seed, in_parallel};
use crate::support::{HttpLine, Peer, Server, Web};

const CASES: usize = 3000;

/// Requests of one client, and what answers them.
struct Case {
    address: Ipv4Addr,
    exchanges: Vec<Exchange>,
}

struct Exchange {
    /// All of them may be sent twice, should a kept connection turn out to be closed.
    method: &'static str,
    /// A client of HTTP/1.0 asks.
    is_old: bool,
    request: String,
    answer: Vec<u8>,
    meant: Response,
    /// The server keeps its connection open.
    stays: bool,
}

/// What a client received.
struct Received {
    bytes: Vec<u8>,
    /// The connection ended in order.
    in_order: bool,
}

#[test]
fn responses_arrive_as_understood() {
    let seed = Seed::of_environment();
    let cases: Arc<Vec<Case>> = Arc::new((0..CASES).map(|index| case(&seed, index)).collect());
    let server = answerer(&cases);
    // The answers to all clients follow each other over the same connections.
    let mut proxy = Web::to(&server).backend("http-reuse = \"always\"").logged().start();
    let address = proxy.address("web").to_owned();
    let received = in_parallel(CASES, |index| ask(&cases[index], &address));
    proxy.stop();
    let methods: Vec<Vec<_>> = cases.iter().map(Case::methods).collect();
    let streams: Vec<_> = methods
        .iter()
        .zip(&received)
        .map(|(methods, received)| Stream::Responses(methods, &received.bytes))
        .collect();
    let log = std::fs::read_to_string(proxy.dir.file("access.log")).unwrap();
    let log: Vec<_> = log.lines().map(HttpLine::parse).collect();
    for ((case, received), reading) in cases.iter().zip(&received).zip(read(&streams)) {
        case.check(received, reading);
        case.check_log(received, &log);
    }
    let is_whole = |exchange: &&Exchange| matches!(exchange.meant.end, ResponseEnd::Whole(_));
    let whole = cases.iter().flat_map(|case| &case.exchanges).filter(is_whole).count();
    assert!(whole > CASES, "{whole} whole responses");
}

fn case(seed: &Seed, index: usize) -> Case {
    let mut random = Random::new(seed.0 << 32 | 1 << 31 | index as u64);
    let [.., high, low] = (index as u32).to_be_bytes();
    let count = 1 + random.below(3);
    let exchanges = (1..=count)
        .map(|number| exchange(&mut random, &format!("/{index}/{}", number - 1), number == count));
    Case { address: Ipv4Addr::new(127, 2, high, low), exchanges: exchanges.collect() }
}

/// Half of the answers are valid.
fn exchange(random: &mut Random, target: &str, is_last: bool) -> Exchange {
    let method = random.pick(&["GET", "GET", "HEAD", "PUT", "OPTIONS", "DELETE"]);
    let is_old = is_last && random.one_in(4);
    let minor = u8::from(!is_old);
    let connection = if is_last && !is_old { "Connection: close\r\n" } else { "" };
    let body = if method == "PUT" { "Content-Length: 3\r\n\r\nabc" } else { "\r\n" };
    let request = format!("{method} {target} HTTP/1.{minor}\r\nHost: a\r\n{connection}{body}");
    let mut answer = response(random, method);
    let meant = Response::of(&answer, Method::of(method.as_bytes()));
    let is_whole = matches!(meant.end, ResponseEnd::Whole(_));
    assert!(is_whole, "{method}: {:?}: {}", meant.end, answer.escape_ascii());
    if random.one_in(2) {
        mutate(random, &mut answer);
    }
    let meant = Response::of(&answer, Method::of(method.as_bytes()));
    // What follows a response must go nowhere, and must not answer the next request either.
    let stays = meant.keep_alive || meant.ends_itself && random.one_in(2);
    Exchange { method, is_old, request, answer, meant, stays }
}

/// Answers `/CASE/EXCHANGE`.
fn answerer(cases: &Arc<Vec<Case>>) -> Server {
    let cases = Arc::clone(cases);
    Server::start(move |peer| {
        let mut bytes = Vec::new();
        while peer.has_more() {
            bytes.extend(peer.take());
            let requests = Requests::of(&bytes, "");
            bytes.drain(..requests.consumed);
            for request in requests.whole {
                let target = String::from_utf8(request.meaning.start[1].clone()).unwrap();
                let (case, number) = target[1..].split_once('/').unwrap();
                let case = &cases[case.parse::<usize>().unwrap()];
                let exchange = &case.exchanges[number.parse::<usize>().unwrap()];
                if peer.try_send(&exchange.answer).is_err() || !exchange.stays {
                    return;
                }
            }
        }
    })
}

fn ask(case: &Case, address: &str) -> Received {
    let mut client = Peer::connect_from(case.address, address);
    let requests: String = case.exchanges.iter().map(|exchange| &*exchange.request).collect();
    let _ = client.try_send(requests);
    let (bytes, outcome) = client.try_read_to_end();
    Received { bytes, in_order: outcome.is_ok() }
}

impl Case {
    fn methods(&self) -> Vec<&'static str> {
        self.exchanges.iter().map(|exchange| exchange.method).collect()
    }

    fn shown(&self, received: &Received) -> String {
        let exchanges = self.exchanges.iter().map(|exchange| {
            let Exchange { request, answer, meant, .. } = exchange;
            format!("{request:?} -> {}\n{meant:?}\n", answer.escape_ascii())
        });
        let exchanges: String = exchanges.collect();
        format!("{exchanges}=> {}, {}", received.bytes.escape_ascii(), received.in_order)
    }

    fn check(&self, received: &Received, reading: Reading) {
        let shown = self.shown(received);
        assert_eq!(reading.error, None, "{shown}");
        let mut cut = reading.cut;
        let mut whole = reading.whole.into_iter();
        for exchange in &self.exchanges {
            for interim in exchange.interims() {
                assert_eq!(whole.next().as_ref(), Some(interim), "{shown}");
            }
            match exchange.expected() {
                ResponseEnd::Whole(meant) => {
                    assert_eq!(whole.next(), Some(meant), "{shown}");
                    continue;
                }
                ResponseEnd::Refused(_) => assert_bad_gateway(whole.next(), &shown),
                ResponseEnd::RefusedLate(_) if cut.is_none() && received.in_order => {
                    assert_bad_gateway(whole.next(), &shown);
                }
                ResponseEnd::Cut(meant) | ResponseEnd::RefusedLate(meant) => {
                    // Without a framing of its own, only the reset shows that the body is cut.
                    let cut = match received.in_order {
                        true => cut.take().expect(&shown),
                        false => cut.take().or_else(|| whole.next()).unwrap_or_default(),
                    };
                    assert_part(&cut, &meant, &shown);
                }
            }
            break;
        }
        assert_eq!((whole.next(), cut), (None, None), "{shown}");
    }

    fn check_log(&self, received: &Received, log: &[HttpLine]) {
        let shown = self.shown(received);
        let client = format!("{}:", self.address);
        let lines: Vec<_> = log.iter().filter(|line| line.client.starts_with(&client)).collect();
        for (line, exchange) in lines.iter().zip(&self.exchanges) {
            let first_line = exchange.request.lines().next().unwrap();
            assert_eq!(line.request, first_line, "{shown}");
            match exchange.expected() {
                ResponseEnd::Refused(state) => {
                    assert_eq!(line.verdict(), format!("502 {state}"), "{shown}");
                }
                ResponseEnd::Whole(meant) => {
                    let status = String::from_utf8(meant.start[0].clone()).unwrap();
                    assert_eq!(line.verdict(), status + " --", "{shown}");
                }
                ResponseEnd::Cut(_) | ResponseEnd::RefusedLate(_) => {
                    assert!(["SD", "PD"].contains(&&*line.end), "{line:?} {shown}");
                }
            }
        }
        let logged: u64 = lines.iter().map(|line| line.bytes).sum();
        assert!(!received.in_order || logged == received.bytes.len() as u64, "{logged} {shown}");
    }
}

impl Exchange {
    /// A client of HTTP/1.0 knows neither interim responses nor trailers.
    fn interims(&self) -> &[Meaning] {
        if self.is_old { &[] } else { &self.meant.interims }
    }

    fn expected(&self) -> ResponseEnd {
        let mut expected = self.meant.end.clone();
        if let ResponseEnd::Whole(meant) = &mut expected
            && self.is_old
        {
            meant.trailers.clear();
        }
        expected
    }
}

fn assert_bad_gateway(message: Option<Meaning>, shown: &str) {
    let status = message.map(|message| message.start[0].clone());
    assert_eq!(status.as_deref(), Some(&b"502"[..]), "{shown}");
}

/// `cut` is the beginning of `meant`, or nothing.
fn assert_part(cut: &Meaning, meant: &Meaning, shown: &str) {
    if *cut != Meaning::default() {
        assert_eq!((&cut.start, &cut.fields), (&meant.start, &meant.fields), "{shown}");
        assert!(meant.body.starts_with(&cut.body) && cut.trailers.is_empty(), "{shown}");
    }
}
