//! Clients send everything; a server records what arrives.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use corelane::proto::h1::{Method, Version};

use super::generate::{Random, mutate, requests};
use super::h11::{Stream, read};
use super::meaning::{Meaning, Requests, RequestsEnd};
use super::{Seed, in_parallel};
use crate::support::{HttpLine, Peer, Server, Web, reply};

const CASES: usize = 4000;

/// What the log holds at least of a request line.
const LOGGED_LEN_MIN: usize = 800;

/// What a client sends over one connection, and what the proxy should make of it.
struct Case {
    /// By which this client is known to the server and in the log.
    address: Ipv4Addr,
    bytes: Vec<u8>,
    requests: Requests,
}

/// What is known of a case from outside.
#[derive(Default)]
struct Outcome {
    arrived: Vec<Meaning>,
    arrived_cut: Vec<Meaning>,
    /// Status and request line.
    logged: Vec<(i32, String)>,
}

#[test]
fn requests_arrive_as_understood() {
    let seed = Seed::of_environment();
    let recorded = Arc::default();
    let server = recorder(&recorded);
    let cases: Vec<Case> = (0..CASES).map(|index| case(&seed, index, &server.address())).collect();
    // The requests of all clients follow each other over the same connections.
    let mut proxy = Web::to(&server)
        .frontend("option.forwardfor = { header = \"X-Case\" }")
        .backend("http-reuse = \"always\"")
        .logged()
        .start();
    let address = proxy.address("web").to_owned();
    in_parallel(CASES, |index| send(&cases[index], &address));
    proxy.stop();
    server.await_ended();
    let log = std::fs::read_to_string(proxy.dir.file("access.log")).unwrap();
    let mut outcomes = outcomes(&recorded.lock().unwrap(), &log);
    for case in &cases {
        check(case, &outcomes.remove(&case.address).unwrap_or_default());
    }
    assert!(outcomes.is_empty(), "from nobody: {:?}", outcomes.keys());
    let whole: usize = cases.iter().map(|case| case.requests.whole.len()).sum();
    let refused = |case: &&Case| matches!(case.requests.end, RequestsEnd::BadHead(_));
    let refused = cases.iter().filter(refused).count();
    assert!(whole > CASES && refused > CASES / 5, "{whole} requests, {refused} bad heads");
}

/// Half of them valid.
fn case(seed: &Seed, index: usize, server: &str) -> Case {
    let mut random = Random::new(seed.0 << 32 | index as u64);
    let mut bytes = requests(&mut random);
    let requests = Requests::of(&bytes, server);
    let is_valid = matches!(requests.end, RequestsEnd::Closed | RequestsEnd::Nothing);
    assert!(is_valid, "{:?}: {}", requests.end, bytes.escape_ascii());
    if random.one_in(2) {
        mutate(&mut random, &mut bytes);
    }
    let [.., high, low] = (index as u32).to_be_bytes();
    let requests = Requests::of(&bytes, server);
    Case { address: Ipv4Addr::new(127, 1, high, low), bytes, requests }
}

/// Sends in two pieces, reads until the proxy closes.
fn send(case: &Case, address: &str) {
    let mut client = Peer::connect_from(case.address, address);
    let (first, second) = case.bytes.split_at(case.bytes.len() / 3);
    // A proxy that refuses the first piece may not take the second.
    let _ = client.try_send(first).and_then(|()| client.try_send(second));
    let _ = client.try_finish();
    client.drain();
}

/// Records all that arrives on each connection, and answers what is whole.
fn recorder(recorded: &Arc<Mutex<Vec<Vec<u8>>>>) -> Server {
    let recorded = Arc::clone(recorded);
    Server::start(move |peer| {
        let (mut bytes, mut answered) = (Vec::new(), 0);
        while peer.has_more() {
            bytes.extend(peer.take());
            let requests = Requests::of(&bytes[answered..], "");
            answered += requests.consumed;
            for request in requests.whole {
                let _ = peer.try_send(match request.method {
                    Method::Connect => b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n".to_vec(),
                    _ => reply(""),
                });
            }
        }
        recorded.lock().unwrap().push(bytes);
    })
}

fn outcomes(recorded: &[Vec<u8>], log: &str) -> HashMap<Ipv4Addr, Outcome> {
    let mut outcomes: HashMap<Ipv4Addr, Outcome> = HashMap::new();
    let streams: Vec<_> = recorded.iter().map(|bytes| Stream::Requests(bytes)).collect();
    for (reading, bytes) in read(&streams).into_iter().zip(recorded) {
        assert_eq!(reading.error, None, "{}", bytes.escape_ascii());
        for (address, message) in reading.whole.into_iter().map(sender) {
            outcomes.entry(address).or_default().arrived.push(message);
        }
        for (address, message) in reading.cut.into_iter().map(sender) {
            outcomes.entry(address).or_default().arrived_cut.push(message);
        }
    }
    for line in log.lines().map(HttpLine::parse) {
        let (address, _) = line.client.split_once(':').unwrap();
        let outcome = outcomes.entry(address.parse().unwrap()).or_default();
        outcome.logged.push((line.status, unescape(&line.request)));
    }
    outcomes
}

/// Who sent this: the proxy adds the field last.
fn sender(mut message: Meaning) -> (Ipv4Addr, Meaning) {
    let field = message.fields.pop().filter(|(name, _)| name == b"x-case");
    let (_, value) = field.unwrap_or_else(|| panic!("not from the proxy: {message:?}"));
    (String::from_utf8(value).unwrap().parse().unwrap(), message)
}

/// Undoes `#XX` of the log.
fn unescape(text: &str) -> String {
    let mut pieces = text.split('#');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        let byte = u8::from_str_radix(&piece[..2], 16).unwrap();
        text + &char::from(byte).to_string() + &piece[2..]
    })
}

fn check(case: &Case, outcome: &Outcome) {
    let Case { bytes, requests, .. } = case;
    let shown = format!("{}\n{:?}", bytes.escape_ascii(), requests.end);
    let sorted = |mut messages: Vec<Meaning>| {
        messages.sort();
        messages
    };
    let meant = requests.whole.iter().map(|request| request.meaning.clone()).collect();
    // A client's requests may take several connections.
    assert_eq!(sorted(outcome.arrived.clone()), sorted(meant), "{shown}");
    match (&requests.end, &outcome.arrived_cut[..]) {
        (_, []) => {}
        (RequestsEnd::CutByPeer(meant) | RequestsEnd::CutByUs(meant), [cut]) => {
            assert_eq!((&cut.start, &cut.fields), (&meant.start, &meant.fields), "{shown}");
            assert!(meant.body.starts_with(&cut.body), "{shown}");
        }
        (_, cut) => panic!("{cut:?} of {shown}"),
    }
    check_log(case, outcome, &shown);
}

fn check_log(case: &Case, outcome: &Outcome, shown: &str) {
    let (whole, last) = outcome.logged.split_at_checked(case.requests.whole.len()).expect(shown);
    for (request, logged) in case.requests.whole.iter().zip(whole) {
        let status = if request.method == Method::Connect { 405 } else { 200 };
        let line = request_line(&request.meaning, Some(request.version));
        assert!(logged.0 == status && is_logged(&line, &logged.1), "{logged:?} of {shown}");
    }
    let bad = |status| vec![(status, String::from("<BADREQ>"))];
    match &case.requests.end {
        RequestsEnd::BadHead(status) => assert_eq!(last, bad(i32::from(*status)), "{shown}"),
        RequestsEnd::HeadCut => assert_eq!(last, bad(400), "{shown}"),
        RequestsEnd::Closed | RequestsEnd::Nothing => assert_eq!(last, [], "{shown}"),
        RequestsEnd::CutByPeer(meant) | RequestsEnd::CutByUs(meant) => {
            assert_eq!(last.len(), 1, "{shown}");
            let (status, logged) = &last[0];
            let line = request_line(meant, None);
            let is_whole = logged.starts_with(&line);
            assert!(
                *status != 200 && (is_whole || is_logged(&line, logged)),
                "{logged} of {shown}"
            );
        }
    }
}

/// A long line is cut in the log.
fn is_logged(line: &str, logged: &str) -> bool {
    line == logged || logged.len() > LOGGED_LEN_MIN && line.starts_with(logged)
}

/// Without a version if it is not known.
fn request_line(meaning: &Meaning, version: Option<Version>) -> String {
    let [method, target] = meaning.start.each_ref().map(|word| String::from_utf8_lossy(word));
    let version = match version {
        Some(Version::Http10) => " HTTP/1.0",
        Some(Version::Http11) => " HTTP/1.1",
        None => "",
    };
    format!("{method} {target}{version}")
}
