//! Sessions over pipes: raw bytes in and out, no network. The client is one end of a socket pair,
//! the server a UNIX socket; both are played by the test's thread, turn by turn.
//!
//! Each case runs as it stands, byte by byte, and cut in two at every position. Every read has a
//! deadline, and after every run the shard must hold nothing.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use proxy_config::model::Config;
use proxy_config::{Overrides, Source, Surroundings};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::SockAddr;

use super::{Accepted, run};
use crate::io::{
    Letters, Mailbox, NEVER, Setup, Task, Usage, instant, io, mailbox, run_shard, spawn,
};
use crate::observe::{Counters, LogWriter, Names, Zone};
use crate::proto::h1::error_reply;
use crate::shard::admission::{Admission, Wake};
use crate::shard::{Plan, Shard};

const DEADLINE: Duration = Duration::from_secs(5);
/// What a shard holds between two runs: its first task.
const AT_REST: Usage = Usage { sockets: 0, buffers: 0, tasks: 1, panics: 0 };

/// What is said in one turn, and what must come of it. A line feed stands for CR LF.
struct Turn {
    client: &'static str,
    /// Empty: the server hears nothing and says nothing.
    at_server: &'static str,
    server: &'static str,
    at_client: &'static str,
    /// The client gets the proxy's own reply of this status instead; 0 for none.
    reply: u16,
    /// The server closes its connection at the end of its words.
    server_closes: bool,
    /// The proxy must have closed the connection of the turn before, and takes a new one.
    redials: bool,
}

const fn turn(
    client: &'static str,
    at_server: &'static str,
    server: &'static str,
    at_client: &'static str,
) -> Turn {
    let (reply, server_closes, redials) = (0, false, false);
    Turn { client, at_server, server, at_client, reply, server_closes, redials }
}

impl Turn {
    const fn server_closes(mut self) -> Self {
        self.server_closes = true;
        self
    }

    const fn redials(mut self) -> Self {
        self.redials = true;
        self
    }

    const fn reply(mut self, status: u16) -> Self {
        self.reply = status;
        self
    }

    fn at_client(&self) -> Vec<u8> {
        if self.reply > 0 { error_reply(self.reply).to_vec() } else { wire(self.at_client) }
    }

    fn said_by(&self, side: Side) -> Vec<u8> {
        wire(match side {
            Side::Client => self.client,
            Side::Server => self.server,
        })
    }
}

/// How a case ends after its last turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Client,
    Proxy,
    /// The client's end is passed on to the server, and the server's to the client.
    Tunnel,
}

struct Case {
    name: &'static str,
    turns: &'static [Turn],
    end: End,
}

const fn case(name: &'static str, end: End, turns: &'static [Turn]) -> Case {
    Case { name, turns, end }
}

const GET: &str = "GET / HTTP/1.1\nHost: h\n\n";
const GET_OUT: &str = "GET / HTTP/1.1\nhost: h\n\n";
const GET_10: &str = "GET / HTTP/1.0\n\n";
const GET_10_OUT: &str = "GET / HTTP/1.1\nhost: localhost\n\n";
const OK: &str = "HTTP/1.1 200 OK\nContent-Length: 2\n\nok";
const OK_OUT: &str = "HTTP/1.1 200 OK\ncontent-length: 2\n\nok";
const OK_LAST: &str = "HTTP/1.1 200 OK\ncontent-length: 2\nconnection: close\n\nok";
const PLAIN: Turn = turn(GET, GET_OUT, OK, OK_OUT);

const CASES: &[Case] = &[
    case("kept alive, then closed", End::Proxy, &[
        PLAIN,
        turn("GET / HTTP/1.1\nHost: h\nConnection: close\n\n", GET_OUT, OK, OK_LAST),
    ]),
    case("a body with a length", End::Client, &[
        turn(
            "POST /f HTTP/1.1\nhost:h\nCONTENT-LENGTH: 5\nAccept: */*\n\nhello",
            "POST /f HTTP/1.1\nhost: h\naccept: */*\ncontent-length: 5\n\nhello",
            OK,
            OK_OUT,
        ),
        PLAIN,
    ]),
    case("a chunked body with extensions and trailers", End::Client, &[
        turn(
            "POST /f HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\nTrailer: X-Sum\n\n\
             5;a=1; b=\"c d\"\nhello\n006\n world\n0;last\nX-Sum:  42\nContent-Length: 9\n\n",
            "POST /f HTTP/1.1\nhost: h\ntrailer: X-Sum\ntransfer-encoding: chunked\n\n\
             b\nhello world\n0\nx-sum: 42\n\n",
            OK,
            OK_OUT,
        ),
        PLAIN,
    ]),
    case("a chunked response", End::Client, &[
        turn(
            GET,
            GET_OUT,
            "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3;x\none\n3\ntwo\n0\nX-Sum: 6\n\n",
            "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n6\nonetwo\n0\nx-sum: 6\n\n",
        ),
        PLAIN,
    ]),
    case("pipelined", End::Client, &[
        turn(
            "GET /1 HTTP/1.1\nHost: h\n\nPUT /2 HTTP/1.1\nHost: h\n\
             Transfer-Encoding: chunked\n\n3\ntwo\n0\n\nGET /3 HTTP/1.1\nHost: h\n\n",
            "GET /1 HTTP/1.1\nhost: h\n\n",
            "HTTP/1.1 200 OK\nContent-Length: 1\n\n1",
            "HTTP/1.1 200 OK\ncontent-length: 1\n\n1",
        ),
        turn(
            "",
            "PUT /2 HTTP/1.1\nhost: h\ntransfer-encoding: chunked\n\n3\ntwo\n0\n\n",
            "HTTP/1.1 204 No Content\n\n",
            "HTTP/1.1 204 No Content\n\n",
        ),
        turn("", "GET /3 HTTP/1.1\nhost: h\n\n", OK, OK_OUT),
    ]),
    case("HEAD", End::Client, &[
        turn(
            "HEAD / HTTP/1.1\nHost: h\n\n",
            "HEAD / HTTP/1.1\nhost: h\n\n",
            "HTTP/1.1 200 OK\nContent-Length: 1000\n\n",
            "HTTP/1.1 200 OK\ncontent-length: 1000\n\n",
        ),
        PLAIN,
    ]),
    case("no content", End::Client, &[
        turn(
            GET,
            GET_OUT,
            "HTTP/1.1 204 No Content\nX-A: 1\n\n",
            "HTTP/1.1 204 No Content\nx-a: 1\n\n",
        ),
        PLAIN,
    ]),
    case("not modified", End::Client, &[
        turn(
            GET,
            GET_OUT,
            "HTTP/1.1 304 Not Modified\nContent-Length: 10\nETag: \"x\"\n\n",
            "HTTP/1.1 304 Not Modified\netag: \"x\"\ncontent-length: 10\n\n",
        ),
        PLAIN,
    ]),
    case("100-continue", End::Client, &[
        turn(
            "POST / HTTP/1.1\nHost: h\nExpect: 100-continue\nContent-Length: 5\n\n",
            "POST / HTTP/1.1\nhost: h\nexpect: 100-continue\ncontent-length: 5\n\n",
            "HTTP/1.1 100 Continue\n\n",
            "HTTP/1.1 100 Continue\n\n",
        ),
        turn("hello", "hello", OK, OK_OUT),
        PLAIN,
    ]),
    case("early hints", End::Client, &[
        turn(
            GET,
            GET_OUT,
            "HTTP/1.1 103 Early Hints\nLink: </s.css>\n\nHTTP/1.1 200 OK\nContent-Length: 2\n\nok",
            "HTTP/1.1 103 Early Hints\nlink: </s.css>\n\nHTTP/1.1 200 OK\ncontent-length: 2\n\nok",
        ),
        PLAIN,
    ]),
    case("early hints are not for an HTTP/1.0 client", End::Proxy, &[turn(
        GET_10,
        GET_10_OUT,
        "HTTP/1.1 103 Early Hints\nLink: </s.css>\n\nHTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        OK_LAST,
    )]),
    case("an HTTP/1.0 client and a chunked response", End::Proxy, &[turn(
        GET_10,
        GET_10_OUT,
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\none\n3\ntwo\n0\nX-Sum: 6\n\n",
        "HTTP/1.1 200 OK\nconnection: close\n\nonetwo",
    )]),
    case("an HTTP/1.0 client that asks to be kept", End::Client, &[
        turn(
            "GET / HTTP/1.0\nHost: h\nConnection: Keep-Alive\n\n",
            GET_OUT,
            OK,
            "HTTP/1.1 200 OK\ncontent-length: 2\nconnection: keep-alive\n\nok",
        ),
        PLAIN,
    ]),
    case("an HTTP/1.0 server", End::Client, &[
        turn(GET, GET_OUT, "HTTP/1.0 200 OK\nContent-Length: 2\n\nok", OK_OUT),
        PLAIN.redials(),
    ]),
    case("a response that ends with its connection", End::Client, &[
        turn(
            GET,
            GET_OUT,
            "HTTP/1.1 200 OK\n\nhello",
            "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n5\nhello\n0\n\n",
        )
        .server_closes(),
        PLAIN,
    ]),
    case("an upgrade", End::Tunnel, &[
        turn(
            "GET /c HTTP/1.1\nHost: h\nUpgrade: chat\nConnection: Upgrade\n\nearly",
            "GET /c HTTP/1.1\nhost: h\nupgrade: chat\nconnection: upgrade\n\n",
            "HTTP/1.1 101 Switching Protocols\nConnection: upgrade\nUpgrade: chat\n\nhello",
            "HTTP/1.1 101 Switching Protocols\nupgrade: chat\nconnection: upgrade\n\nhello",
        ),
        turn("", "early", "", ""),
        turn("\0GET / HTTP/1.1", "\0GET / HTTP/1.1", "\n\nHTTP/1.1 500\n", "\n\nHTTP/1.1 500\n"),
    ]),
    case("an upgrade that the server declines", End::Client, &[
        turn(
            "GET /c HTTP/1.1\nHost: h\nUpgrade: chat\nConnection: Upgrade\n\n",
            "GET /c HTTP/1.1\nhost: h\nupgrade: chat\nconnection: upgrade\n\n",
            OK,
            OK_OUT,
        ),
        PLAIN,
    ]),
    case("CONNECT", End::Tunnel, &[
        turn(
            "CONNECT h:443 HTTP/1.1\nHost: h:443\n\n",
            "CONNECT h:443 HTTP/1.1\nhost: h:443\n\n",
            "HTTP/1.1 200 OK\n\n",
            "HTTP/1.1 200 OK\n\n",
        ),
        turn("ping", "ping", "pong", "pong"),
    ]),
    case("a length and chunks at once", End::Proxy, &[turn(
        "POST / HTTP/1.1\nHost: h\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\n\nGET /x",
        "",
        "",
        "",
    )
    .reply(400)]),
    case("two lengths", End::Proxy, &[turn(
        "POST / HTTP/1.1\nHost: h\nContent-Length: 1\nContent-Length: 2\n\nab",
        "",
        "",
        "",
    )
    .reply(400)]),
    case("a server that talks nonsense", End::Proxy, &[
        PLAIN,
        turn(GET, GET_OUT, "SSH-2.0-OpenSSH\n", "").reply(502),
    ]),
    case("a server that switches unasked", End::Proxy, &[
        turn(GET, GET_OUT, "HTTP/1.1 101 Switching Protocols\nUpgrade: x\n\n", "").reply(502),
    ]),
    case("a server that leaves without a word", End::Proxy, &[
        turn(GET, GET_OUT, "", "").server_closes().reply(502),
    ]),
    case("a server that leaves in the middle", End::Proxy, &[
        turn(
            GET,
            GET_OUT,
            "HTTP/1.1 200 OK\nContent-Length: 9\n\nhalf",
            "HTTP/1.1 200 OK\ncontent-length: 9\n\nhalf",
        )
        .server_closes(),
    ]),
    case("an answer before the body is whole", End::Proxy, &[turn(
        "POST / HTTP/1.1\nHost: h\nContent-Length: 50\n\nhello",
        "POST / HTTP/1.1\nhost: h\ncontent-length: 50\n\nhello",
        "HTTP/1.1 413 Too Large\nContent-Length: 2\n\nno",
        "HTTP/1.1 413 Too Large\ncontent-length: 2\nconnection: close\n\nno",
    )]),
    case("bytes behind a response", End::Client, &[
        turn(GET, GET_OUT, "HTTP/1.1 200 OK\nContent-Length: 2\n\nokHTTP/1.1 200 OK\n\n", OK_OUT),
        PLAIN.redials(),
    ]),
    case("fields of one hop", End::Client, &[
        turn(
            "GET / HTTP/1.1\nHost: h\nConnection: keep-alive, X-Mine\nX-Mine: 1\nX-Yours: 2\n\
             Keep-Alive: timeout=5\nProxy-Connection: keep-alive\nTE: gzip\n\n",
            "GET / HTTP/1.1\nhost: h\nx-yours: 2\n\n",
            "HTTP/1.1 200 OK\nConnection: x-theirs\nX-Theirs: 1\nKeep-Alive: max=9\nX-A: 2\n\
             Content-Length: 2\n\nok",
            "HTTP/1.1 200 OK\nx-a: 2\ncontent-length: 2\n\nok",
        ),
        PLAIN,
    ]),
];

fn wire(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// How the bytes of a run arrive.
#[derive(Debug, Clone, Copy)]
enum Split {
    Whole,
    Bytes,
    /// What one side says in one turn comes in two pieces.
    Cut {
        turn: usize,
        side: Side,
        at: usize,
    },
}

impl Split {
    fn pieces(self, turn_now: usize, side_now: Side, bytes: &[u8]) -> Vec<&[u8]> {
        match self {
            Self::Bytes => bytes.chunks(1).collect(),
            Self::Cut { turn, side, at } if (turn, side) == (turn_now, side_now) => {
                vec![&bytes[..at], &bytes[at..]]
            }
            _ => vec![bytes],
        }
    }

    fn all_cuts(turns: &[Turn]) -> impl Iterator<Item = Self> {
        let words = turns.iter().enumerate().flat_map(|(index, turn)| {
            [Side::Client, Side::Server].map(|side| (index, side, turn.said_by(side).len()))
        });
        words.flat_map(|(turn, side, len)| (1..len).map(move |at| Self::Cut { turn, side, at }))
    }
}

/// What the test asks of the shard, which answers with what it holds then.
enum Order {
    Serve(OwnedFd),
    CloseIdle,
    Tell,
    Stop,
}

/// A shard on a thread of its own, and the server that it knows.
struct Running {
    orders: Mailbox<Order>,
    answers: Receiver<Usage>,
    ended: Receiver<Result<(), String>>,
    server: UnixListener,
    path: PathBuf,
}

impl Running {
    fn start(name: &str, buffers: usize) -> Self {
        let file = format!("corelane-session-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(file);
        let _ = std::fs::remove_file(&path);
        let server = UnixListener::bind(&path).unwrap();
        let config = load(&path, buffers);
        let address = SockAddr::unix(&path).unwrap();
        let (orders, letters) = mailbox().unwrap();
        let (answer, answers) = channel();
        let (end, ended) = channel();
        thread::spawn(move || {
            let tune = &config.global.tune;
            let core = core_affinity::get_core_ids().unwrap()[0].id;
            let setup = Setup { core, buffers: tune.buffers_limit, buffer_len: tune.bufsize };
            let main = |task| obey(task, plan(&config, address), letters, answer);
            let _ = end.send(run_shard(setup, main));
        });
        Self { orders, answers, ended, server, path }
    }

    /// Has the shard do something. When this returns, it has also received what was sent to it
    /// before, each piece in a buffer of its own.
    fn ask(&self, order: Order) -> Usage {
        self.orders.send(order);
        self.answers.recv_timeout(DEADLINE).expect("the shard answers")
    }

    /// Waits until the shard holds nothing. Returns what it still holds at the deadline.
    fn settle(&self) -> Usage {
        let begun = instant();
        loop {
            let usage = self.ask(Order::Tell);
            if usage == AT_REST || begun.elapsed() > DEADLINE {
                return usage;
            }
        }
    }

    /// Whether the proxy has dialled the server, or does so in time.
    fn is_dialled(&self, within: Duration) -> bool {
        let within = Timespec::try_from(within).unwrap();
        poll(&mut [PollFd::new(&self.server, PollFlags::IN)], Some(&within)).unwrap() > 0
    }

    fn accept(&self) -> UnixStream {
        assert!(self.is_dialled(DEADLINE), "the proxy dials the server");
        patient(self.server.accept().unwrap().0)
    }

    fn play(&self, case: &Case, split: Split) {
        let (client, near) = UnixStream::pair().unwrap();
        self.ask(Order::Serve(near.into()));
        let label = format!("{}, {split:?}", case.name);
        let mut run = Run { shard: self, split, label, client: patient(client), server: None };
        for (index, turn) in case.turns.iter().enumerate() {
            run.turn(index, turn);
        }
        run.end(case.end);
    }

    fn stop(self) {
        self.ask(Order::Stop);
        assert_eq!(self.ended.recv_timeout(DEADLINE), Ok(Ok(())));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn patient(stream: UnixStream) -> UnixStream {
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream
}

fn load(server: &Path, buffers: usize) -> Arc<Config> {
    let text = format!(
        "[global]\n\
         tune.bufsize = \"4k\"\n\
         tune.buffers.limit = {buffers}\n\
         [frontend.web]\n\
         bind = \"127.0.0.1:0\"\n\
         default-backend = \"app\"\n\
         [backend.app]\n\
         server = [{{ name = \"a\", address = \"unix:{}\" }}]\n",
        server.display()
    );
    let source = Source { name: "session".to_owned(), text };
    let surroundings = Surroundings {
        env: &|_| None,
        read_file: &|_| Err(ErrorKind::NotFound.into()),
        hostname: "",
    };
    let outcome = proxy_config::load(&[source], &Overrides::default(), surroundings);
    Arc::new(outcome.config.unwrap_or_else(|| panic!("{:?}", outcome.diagnostics)))
}

#[derive(Debug)]
struct Nobody;

impl Wake for Nobody {
    fn wake(&self) {}
}

fn plan(config: &Arc<Config>, server: SockAddr) -> Plan {
    let (mailbox, letters) = mailbox().unwrap();
    let log = LogWriter::start([], 1, Arc::new(Zone::utc())).unwrap();
    Plan {
        index: 0,
        core: 0,
        config: Arc::clone(config),
        listeners: Vec::new(),
        tls: Arc::default(),
        library: Arc::default(),
        proc_vars: Arc::default(),
        zone: Arc::new(Zone::utc()),
        addresses: Arc::new(vec![vec![server]]),
        logs: vec![Vec::new()],
        log: log.shard_sender(),
        counters: Counters::new(Names::from(&**config), 1),
        admission: Admission::new(config, Box::new(Nobody)),
        letters,
        mailboxes: vec![mailbox],
        reports: channel().0,
    }
}

/// The shard's first task: obeys the test, and looks after idle connections.
async fn obey(task: Task, plan: Plan, orders: Letters<Order>, answers: Sender<Usage>) {
    orders.open(task.id());
    io().set_idle_keeper(task.id());
    let admission = Arc::clone(&plan.admission);
    let shard = Shard::without_doors(plan, task.id());
    loop {
        while let Some(key) = io().take_stirred() {
            shard.backends[0].evict(key);
        }
        // One at a time: the next one is to find what was sent before it received.
        if let Some(order) = orders.next() {
            match order {
                Order::Serve(fd) => {
                    let permit = admission.admit(0).unwrap();
                    let accepted = Accepted { fd, frontend: 0, bind_number: 1, permit };
                    spawn(|task| run(task, Rc::clone(&shard), accepted));
                }
                Order::CloseIdle => shard.backends[0].close_idle(u64::MAX),
                Order::Tell => {}
                Order::Stop => io().stop(),
            }
            let _ = answers.send(io().usage());
        }
        task.wait(NEVER).await;
    }
}

/// One run of a case.
struct Run<'a> {
    shard: &'a Running,
    split: Split,
    label: String,
    client: UnixStream,
    /// The connection on which the server talks now.
    server: Option<UnixStream>,
}

impl Run<'_> {
    fn turn(&mut self, index: usize, turn: &Turn) {
        self.send(index, Side::Client, &turn.said_by(Side::Client));
        if turn.redials {
            self.check_server_end();
        }
        if !turn.at_server.is_empty() {
            let mut server = self.server.take().unwrap_or_else(|| self.shard.accept());
            self.check(&mut server, Side::Server, &wire(turn.at_server));
            self.server = Some(server);
        }
        self.send(index, Side::Server, &turn.said_by(Side::Server));
        if turn.server_closes {
            self.server = None;
        }
        let mut client = self.client.try_clone().unwrap();
        self.check(&mut client, Side::Client, &turn.at_client());
    }

    /// Sends the pieces one after the other, so that the proxy sees each alone. One that it refuses
    /// because it closed is no failure here: what the other side sees decides.
    fn send(&self, turn: usize, side: Side, bytes: &[u8]) {
        let server = self.server.as_ref();
        let Some(mut stream) = (if side == Side::Client { Some(&self.client) } else { server })
        else {
            return;
        };
        for piece in self.split.pieces(turn, side, bytes) {
            let _ = stream.write_all(piece);
            if !matches!(self.split, Split::Whole) {
                self.shard.ask(Order::Tell);
            }
        }
    }

    /// Reads until as much came as is expected, and compares.
    fn check(&self, stream: &mut UnixStream, side: Side, expected: &[u8]) {
        let shape = match self.split {
            Split::Whole => <[u8]>::to_vec,
            Split::Bytes | Split::Cut { .. } => merged,
        };
        let (mut got, wanted) = (Vec::new(), shape(expected));
        let mut bytes = [0; 4096];
        while shape(&got).len() < wanted.len() {
            match stream.read(&mut bytes) {
                Ok(len @ 1..) => got.extend_from_slice(&bytes[..len]),
                Ok(_) | Err(_) => break,
            }
        }
        let [got, wanted] = [shape(&got), wanted].map(|bytes| bytes.escape_ascii().to_string());
        assert_eq!(got, wanted, "at the {side:?}: {}", self.label);
    }

    fn end(mut self, end: End) {
        if end != End::Proxy {
            self.client.shutdown(Shutdown::Write).unwrap();
        }
        if end == End::Tunnel {
            self.check_server_end();
        }
        let rest = rest(&mut self.client);
        assert_eq!(rest, Ok(Vec::new()), "the client's end: {}", self.label);
        let _ = self.client.shutdown(Shutdown::Both);
        self.shard.ask(Order::CloseIdle);
        self.check_server_end();
        assert!(!self.shard.is_dialled(Duration::ZERO), "a dial too many: {}", self.label);
        let (shard, label) = (self.shard, std::mem::take(&mut self.label));
        drop(self);
        assert_eq!(shard.settle(), AT_REST, "{label}");
    }

    /// The server hears no more than it did, and its connection ends.
    fn check_server_end(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let rest = rest(&mut server);
        // What the proxy did not read makes it a reset.
        let ended = rest == Ok(Vec::new()) || rest == Err(ErrorKind::ConnectionReset);
        assert!(ended, "the server's end: {rest:?}, {}", self.label);
    }
}

fn rest(stream: &mut UnixStream) -> Result<Vec<u8>, ErrorKind> {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Err(error) if rest.is_empty() => Err(error.kind()),
        _ => Ok(rest),
    }
}

/// The bytes with the chunks of a body made one: how the data is cut depends on how it came. While
/// the last chunk is missing, without any frames.
fn merged(bytes: &[u8]) -> Vec<u8> {
    const FIELD: &[u8] = b"transfer-encoding: chunked\r\n";
    let body = find(bytes, FIELD).and_then(|at| Some(at + find(&bytes[at..], b"\r\n\r\n")? + 4));
    let Some(body) = body else { return bytes.to_vec() };
    let (mut out, mut rest) = (bytes[..body].to_vec(), &bytes[body..]);
    let mut data = Vec::new();
    while let Some(line_end) = find(rest, b"\r\n") {
        let len = std::str::from_utf8(&rest[..line_end]).unwrap();
        let len = usize::from_str_radix(len, 16).unwrap();
        rest = &rest[line_end + 2..];
        if len == 0 {
            write!(out, "{:x}\r\n", data.len()).unwrap();
            out.extend([&data[..], b"\r\n0\r\n", rest].concat());
            return out;
        }
        let Some(chunk) = rest.get(..len + 2) else { break };
        data.extend_from_slice(chunk.strip_suffix(b"\r\n").expect("CR LF behind a chunk"));
        rest = &rest[len + 2..];
    }
    out.extend(data);
    out
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

fn play_all(name: &str, buffers: usize, splits: impl Fn(&Case) -> Vec<Split>) {
    let running = Running::start(name, buffers);
    for case in CASES {
        splits(case).into_iter().for_each(|split| running.play(case, split));
    }
    running.stop();
}

#[test]
fn whole() {
    play_all("whole", 64, |_| vec![Split::Whole]);
}

#[test]
fn byte_by_byte() {
    play_all("bytes", 512, |_| vec![Split::Bytes]);
}

/// As many buffers as make a shard take single ones, or find none.
#[test]
fn byte_by_byte_with_few_buffers() {
    play_all("scarce", 4, |_| vec![Split::Bytes]);
}

#[test]
fn cut_in_two_anywhere() {
    play_all("cuts", 64, |case| Split::all_cuts(case.turns).collect());
}

#[test]
fn merging_chunks() {
    let head = "POST / HTTP/1.1\ntransfer-encoding: chunked\n\n";
    let cases = [
        ("3\none\n3\ntwo\n0\n\n", "6\nonetwo\n0\n\n"),
        ("6\nonetwo\n0\na: b\n\nrest", "6\nonetwo\n0\na: b\n\nrest"),
        ("3\none\n3\ntw", "one"),
        ("3\none\n", "one"),
        ("", ""),
    ];
    for (bytes, expected) in cases {
        let [bytes, expected] = [bytes, expected].map(|body| wire(&format!("{head}{body}")));
        assert_eq!(merged(&bytes), expected);
    }
}

/// An idle connection keeps its session's future for as long as it idles: what grows here grows five
/// thousand times in the bench's `idle-5000`.
#[test]
fn a_session_stays_small() {
    fn size_of_future<F>(_: impl Fn(Task, Rc<Shard>, Accepted) -> F) -> usize {
        size_of::<F>()
    }
    let size = size_of_future(run);
    assert!(size <= 616, "{size} bytes");
}
