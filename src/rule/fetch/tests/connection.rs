//! Connections, and the frontend, backend and server that serve them.

use proxy_config::model::BackendId;
use proxy_config::model::rule::{ConnectionFact, Fetch, Peer, TimeUnit, TimeoutOf};

use super::check;
use crate::observe::Timers;
use crate::rule::testing::Stage;

fn check_all<'a>(stage: &Stage, table: impl IntoIterator<Item = (ConnectionFact, &'a str)>) {
    check(stage, table.into_iter().map(|(fact, expected)| (Fetch::Connection(fact), expected)));
}

fn stage() -> Stage {
    let mut stage = Stage::of(
        "[frontend.g]\nmode = \"tcp\"\nbind = \"127.0.0.1:0\"\ndefault-backend = \"t\"\n\
         [frontend.f]\nmode = \"http\"\ndefault-backend = \"b\"\ntimeout.client = \"3s\"\n\
         bind = [{ address = \"127.0.0.1:0\" }, { address = \"127.0.0.2:0\", name = \"second\" }]\n\
         [backend.t]\nmode = \"tcp\"\nserver = [{ name = \"u\", address = \"127.0.0.1:1\" }]\n\
         [backend.b]\nmode = \"http\"\ntimeout.connect = \"1s\"\ntimeout.server = \"2s\"\n\
         server = [{ name = \"s\", address = \"127.0.0.1:1\" }, \
         { name = \"r\", address = \"127.0.0.1:2\" }]\n",
    );
    stage.frontend = 1;
    stage
}

#[test]
fn addresses_and_ports_of_the_client() {
    let mut stage = Stage::empty();
    stage.world.client_ends =
        (Some("127.0.0.1:5".parse().unwrap()), Some("[::1]:6".parse().unwrap()));
    check_all(
        &stage,
        [
            (ConnectionFact::Address(Peer::Other), "ip 192.0.2.1"),
            (ConnectionFact::Address(Peer::Own), "ip 198.51.100.1"),
            (ConnectionFact::Port(Peer::Other), "int 40000"),
            (ConnectionFact::Port(Peer::Own), "int 80"),
            (ConnectionFact::IsLocal(Peer::Other), "bool false"),
            (ConnectionFact::ClientAddress(Peer::Other), "ip 127.0.0.1"),
            (ConnectionFact::ClientAddress(Peer::Own), "ip ::1"),
            (ConnectionFact::ClientPort(Peer::Other), "int 5"),
            (ConnectionFact::ClientPort(Peer::Own), "int 6"),
        ],
    );
    stage.destination = Some("[::1]:9".parse().unwrap());
    check_all(&stage, [(ConnectionFact::IsLocal(Peer::Own), "bool true")]);
    (stage.source, stage.destination) = (None, None);
    stage.world.client_ends = (None, None);
    for fact in [
        ConnectionFact::Address,
        ConnectionFact::Port,
        ConnectionFact::IsLocal,
        ConnectionFact::ClientAddress,
        ConnectionFact::ClientPort,
    ] {
        check_all(&stage, [(fact(Peer::Other), "-"), (fact(Peer::Own), "-")]);
    }
}

#[test]
fn the_server_and_its_connection() {
    let mut stage = stage();
    let table = |values: [&'static str; 11]| {
        let facts = [
            ConnectionFact::ServerAddress(Peer::Other),
            ConnectionFact::ServerAddress(Peer::Own),
            ConnectionFact::ServerPort(Peer::Other),
            ConnectionFact::ServerPort(Peer::Own),
            ConnectionFact::ServerIsReused,
            ConnectionFact::ServerHttpMajor,
            ConnectionFact::BackendId,
            ConnectionFact::BackendName,
            ConnectionFact::ServerId,
            ConnectionFact::ServerName,
            ConnectionFact::BackendTimeout(TimeoutOf::Client),
        ];
        facts.into_iter().zip(values)
    };
    check_all(&stage, table(["-"; 11]));
    stage.world.backend = Some(BackendId(1));
    check_all(&stage, table(["-", "-", "-", "-", "-", "-", "int 2", "str b", "-", "-", "-"]));
    stage.world.server = Some(1);
    let ends = ("127.0.0.1:3".parse().unwrap(), "127.0.0.4:5".parse().unwrap());
    stage.world.server_ends = Some(ends);
    let ends = ["ip 127.0.0.4", "ip 127.0.0.1", "int 5", "int 3", "bool false"];
    let [a, b, c, d, e] = ends;
    check_all(&stage, table([a, b, c, d, e, "int 1", "int 2", "str b", "int 2", "str r", "-"]));
    stage.world.backend = Some(BackendId(0));
    check_all(&stage, table([a, b, c, d, e, "-", "int 1", "str t", "int 2", "-", "-"]));
    stage.world.backend = Some(BackendId(9));
    check_all(&stage, [(ConnectionFact::BackendName, "-"), (ConnectionFact::ServerName, "-")]);
}

#[test]
fn the_frontend_and_its_bind() {
    let mut stage = stage();
    check_all(
        &stage,
        [
            (ConnectionFact::FrontendId, "int 2"),
            (ConnectionFact::FrontendName, "str f"),
            (ConnectionFact::DefaultBackendName, "str b"),
            (ConnectionFact::FrontendClientTimeout, "int 3000"),
            (ConnectionFact::ClientHttpMajor, "int 1"),
            (ConnectionFact::BindNumber, "int 1"),
            (ConnectionFact::BindName, "-"),
            (ConnectionFact::BindConns, "int 15"),
        ],
    );
    stage.bind_number = 2;
    check_all(
        &stage,
        [(ConnectionFact::BindNumber, "int 2"), (ConnectionFact::BindName, "str second")],
    );
    stage.bind_number = 0;
    check_all(&stage, [(ConnectionFact::BindName, "-")]);
    stage.frontend = 0;
    check_all(&stage, [(ConnectionFact::ClientHttpMajor, "-")]);
    stage.frontend = 9;
    check_all(&stage, [(ConnectionFact::FrontendName, "-")]);
}

#[test]
fn timeouts() {
    let mut stage = stage();
    stage.world.backend = Some(BackendId(1));
    check_all(
        &stage,
        [
            (ConnectionFact::BackendTimeout(TimeoutOf::Connect), "int 1000"),
            (ConnectionFact::BackendTimeout(TimeoutOf::Queue), "int 1000"),
            (ConnectionFact::BackendTimeout(TimeoutOf::Server), "int 2000"),
            (ConnectionFact::BackendTimeout(TimeoutOf::Tarpit), "int 1000"),
            (ConnectionFact::BackendTimeout(TimeoutOf::Tunnel), "int 3600000"),
            (ConnectionFact::CurrentTimeout(TimeoutOf::Client), "int 30000"),
            (ConnectionFact::CurrentTimeout(TimeoutOf::Server), "-"),
        ],
    );
    stage.world.backend = Some(BackendId(0));
    check_all(&stage, [(ConnectionFact::BackendTimeout(TimeoutOf::Tunnel), "int 0")]);
}

#[test]
fn the_proxy_header() {
    let facts = || {
        [
            ConnectionFact::HasProxyHeader,
            ConnectionFact::ProxyAuthority,
            ConnectionFact::ProxyUniqueId,
            ConnectionFact::ProxyTlv(0xe0),
        ]
    };
    let mut stage = Stage::empty();
    check_all(&stage, facts().into_iter().zip(["bool false", "-", "-", "-"]));
    stage.world.proxy_tlvs = Some(Vec::new());
    check_all(&stage, facts().into_iter().zip(["bool true", "-", "-", "-"]));
    let tlvs: [(u8, &[u8]); 3] = [(2, b"host"), (5, b"id"), (0xe0, b"")];
    stage.world.proxy_tlvs =
        Some(tlvs.into_iter().map(|(kind, value)| (kind, value.to_vec())).collect());
    check_all(&stage, facts().into_iter().zip(["bool true", "str host", "str id", "str "]));
}

#[test]
fn dates_counts_and_timers() {
    let mut stage = stage();
    stage.world.wall_us = 1_795_402_134_921_889;
    stage.world.timers = Some(Timers {
        handshake_ms: 1,
        idle_ms: 2,
        request_ms: 4,
        queue_ms: 8,
        connect_ms: 16,
        response_ms: 32,
        active_ms: 64,
        total_ms: 128,
    });
    check_all(
        &stage,
        [
            (ConnectionFact::AcceptDate(TimeUnit::Seconds), "int 1795402134"),
            (ConnectionFact::AcceptDate(TimeUnit::Millis), "int 1795402134921"),
            (ConnectionFact::RequestDate(TimeUnit::Micros), "int 1795402134921000"),
            (ConnectionFact::BytesReceived, "int 100"),
            (ConnectionFact::BytesSent, "int 200"),
            (ConnectionFact::Retries, "int 1"),
            (ConnectionFact::IsRedispatched, "bool true"),
            (ConnectionFact::MaxRetries, "int 3"),
            (ConnectionFact::HandshakeMillis, "int 1"),
            (ConnectionFact::IdleMillis, "int 2"),
            (ConnectionFact::RequestMillis, "int 4"),
            (ConnectionFact::QueryMillis, "int 7"),
            (ConnectionFact::QueueMillis, "int 8"),
            (ConnectionFact::ConnectMillis, "int 16"),
            (ConnectionFact::ResponseMillis, "int 32"),
            (ConnectionFact::ActiveMillis, "int 64"),
            (ConnectionFact::SessionMillis, "int 128"),
            (ConnectionFact::UserMillis, "int 126"),
        ],
    );
    stage.world.timers = None;
    check_all(
        &stage,
        [(ConnectionFact::RequestMillis, "int -1"), (ConnectionFact::UserMillis, "int -1")],
    );
}
