//! The scenarios, and what each requires: the one table to extend when a feature wants measuring.

/// One comparison.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) setup: Setup,
    pub(crate) client: Client,
    pub(crate) figure: Figure,
    pub(crate) required: &'static [Required],
    /// How long one measurement takes in a full run.
    pub(crate) seconds: u64,
}

/// Which configuration the proxies get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setup {
    Http,
    /// Log and checks; each proxy logs the way it is usually run: HAProxy to a syslog socket, the
    /// others to a file.
    Log,
    /// Log and checks; all log to syslog over UDP.
    LogSyslog,
    Tcp,
    /// HTTP over TLS from the client, plain to the origin.
    Tls,
    /// The same with TLS to the origin, too.
    TlsToTls,
    /// HTTP with twenty rules.
    Rules,
}

/// Who makes the load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Client {
    Wrk {
        connections: usize,
        path: &'static str,
        close: bool,
    },
    /// wrk with the head that a browser sends ([`crate::browser`]).
    Browser {
        connections: usize,
    },
    Upload {
        connections: usize,
        bytes: usize,
    },
    /// Over TLS; ours, because it knows what each handshake was.
    Tls {
        connections: usize,
        path: &'static str,
        handshake: Handshake,
    },
    OneConnection,
    Idle {
        connections: usize,
    },
    OpenLoop {
        connections: usize,
        percent: u32,
    },
}

/// How often there is a handshake, and which; any other is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// One a connection, which is kept.
    Once,
    /// One a request, never with a ticket.
    Full,
    /// One a request, always with a ticket.
    Resumed,
}

/// What is compared; less is better in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    CpuPerRequest,
    CpuPerMib,
    P50,
    P99,
    KibPerConnection,
    SyscallsPerRequest,
}

/// A goal: our figure is at most this, absolutely or as a part of another's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Required {
    OfBest(f64),
    Of(&'static str, f64),
    AtMost(f64),
}

/// The scenario of which the system calls are counted, and what is required of them.
pub(crate) const SYSCALLS_SCENARIO: &str = "keepalive-64";
pub(crate) const SYSCALLS_REQUIRED: &[Required] = &[Required::AtMost(0.5)];

/// The scenario with TLS that a quick run makes.
const QUICK_TLS_SCENARIO: &str = "tls-resumed";

const MIB: usize = 1 << 20;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "keepalive-64",
        about: "HTTP keep-alive, 128 B, 64 connections",
        setup: Setup::Http,
        client: Client::Wrk { connections: 64, path: "/", close: false },
        figure: Figure::CpuPerRequest,
        required: &[
            Required::OfBest(0.75),
            Required::Of("haproxy", 0.75),
            Required::Of("nginx", 0.70),
        ],
        seconds: 3,
    },
    Scenario {
        name: "keepalive-16",
        about: "HTTP keep-alive, 128 B, 16 connections",
        setup: Setup::Http,
        client: Client::Wrk { connections: 16, path: "/", close: false },
        figure: Figure::CpuPerRequest,
        required: &[Required::OfBest(0.80)],
        seconds: 3,
    },
    Scenario {
        name: "rules",
        about: "a browser's requests, 128 B, 64 connections, with twenty rules",
        setup: Setup::Rules,
        client: Client::Browser { connections: 64 },
        figure: Figure::CpuPerRequest,
        required: &[Required::Of("haproxy", 0.75)],
        seconds: 3,
    },
    Scenario {
        name: "no-rules",
        about: "the same without rules, to tell what they cost",
        setup: Setup::Http,
        client: Client::Browser { connections: 64 },
        figure: Figure::CpuPerRequest,
        required: &[],
        seconds: 2,
    },
    Scenario {
        name: "log-checks",
        about: "keepalive-64 with access log (HAProxy: syslog socket, others: file) and checks",
        setup: Setup::Log,
        client: Client::Wrk { connections: 64, path: "/", close: false },
        figure: Figure::CpuPerRequest,
        required: &[Required::Of("haproxy", 0.45), Required::Of("nginx", 0.65)],
        seconds: 3,
    },
    Scenario {
        name: "log-syslog",
        about: "log-checks, all logging to syslog over UDP",
        setup: Setup::LogSyslog,
        client: Client::Wrk { connections: 64, path: "/", close: false },
        figure: Figure::CpuPerRequest,
        required: &[],
        seconds: 2,
    },
    Scenario {
        name: "close-64",
        about: "a connection a request, 128 B, 64 at a time",
        setup: Setup::Http,
        client: Client::Wrk { connections: 64, path: "/", close: true },
        figure: Figure::CpuPerRequest,
        required: &[Required::OfBest(0.90)],
        seconds: 3,
    },
    Scenario {
        name: "response-1m",
        about: "1 MiB responses, 16 connections",
        setup: Setup::Http,
        client: Client::Wrk { connections: 16, path: "/size/1048576", close: false },
        figure: Figure::CpuPerRequest,
        required: &[Required::OfBest(0.90)],
        seconds: 3,
    },
    Scenario {
        name: "upload-1m",
        about: "1 MiB uploads, 16 connections",
        setup: Setup::Http,
        client: Client::Upload { connections: 16, bytes: MIB },
        figure: Figure::CpuPerRequest,
        required: &[],
        seconds: 2,
    },
    Scenario {
        name: "tcp-64",
        about: "TCP mode, 128 B HTTP exchanges, 64 connections",
        setup: Setup::Tcp,
        client: Client::Wrk { connections: 64, path: "/", close: false },
        figure: Figure::CpuPerRequest,
        required: &[Required::Of("haproxy", 0.85)],
        seconds: 3,
    },
    Scenario {
        name: "tcp-bulk",
        about: "TCP mode, 16 MiB at a time, 8 connections",
        setup: Setup::Tcp,
        client: Client::Wrk { connections: 8, path: "/size/16777216", close: false },
        figure: Figure::CpuPerMib,
        required: &[],
        seconds: 2,
    },
    Scenario {
        name: "idle-5000",
        about: "resident memory per idle keep-alive client connection, 5,000 of them",
        setup: Setup::Http,
        client: Client::Idle { connections: 5000 },
        figure: Figure::KibPerConnection,
        required: &[Required::AtMost(1.5)],
        seconds: 1,
    },
    Scenario {
        name: "latency-1",
        about: "one connection, 128 B",
        setup: Setup::Http,
        client: Client::OneConnection,
        figure: Figure::P50,
        required: &[Required::OfBest(1.00)],
        seconds: 2,
    },
    Scenario {
        name: "tls-keepalive-64",
        about: "HTTP over TLS 1.3 (AES-128-GCM) keep-alive, 128 B, 64 connections",
        setup: Setup::Tls,
        client: Client::Tls { connections: 64, path: "/", handshake: Handshake::Once },
        figure: Figure::CpuPerRequest,
        required: &[Required::OfBest(0.80)],
        seconds: 2,
    },
    Scenario {
        name: "tls-handshake",
        about: "a full handshake (ECDSA P-256, X25519) a request, 128 B, 64 at a time",
        setup: Setup::Tls,
        client: Client::Tls { connections: 64, path: "/", handshake: Handshake::Full },
        figure: Figure::CpuPerRequest,
        required: &[Required::Of("haproxy", 0.60)],
        seconds: 2,
    },
    Scenario {
        name: "tls-resumed",
        about: "tls-handshake, each resumed with a ticket (PSK with X25519)",
        setup: Setup::Tls,
        client: Client::Tls { connections: 64, path: "/", handshake: Handshake::Resumed },
        figure: Figure::CpuPerRequest,
        required: &[Required::OfBest(0.80)],
        seconds: 2,
    },
    Scenario {
        name: "tls-bulk",
        about: "1 MiB responses over TLS, 16 connections",
        setup: Setup::Tls,
        client: Client::Tls { connections: 16, path: "/size/1048576", handshake: Handshake::Once },
        figure: Figure::CpuPerRequest,
        required: &[Required::OfBest(0.90)],
        seconds: 2,
    },
    Scenario {
        name: "tls-idle",
        about: "idle-5000 over TLS",
        setup: Setup::Tls,
        client: Client::Idle { connections: 5000 },
        figure: Figure::KibPerConnection,
        required: &[Required::AtMost(12.0)],
        seconds: 1,
    },
    Scenario {
        name: "tls-to-tls",
        about: "tls-keepalive-64 with an origin over TLS",
        setup: Setup::TlsToTls,
        client: Client::Tls { connections: 64, path: "/", handshake: Handshake::Once },
        figure: Figure::CpuPerRequest,
        required: &[],
        seconds: 2,
    },
    OPEN_LOOP_50,
    Scenario {
        name: "open-loop-70",
        about: "open loop, 70 % of the slowest proxy's maximum",
        client: Client::OpenLoop { connections: 64, percent: 70 },
        ..OPEN_LOOP_50
    },
    Scenario {
        name: "open-loop-90",
        about: "open loop, 90 % of the slowest proxy's maximum",
        client: Client::OpenLoop { connections: 64, percent: 90 },
        ..OPEN_LOOP_50
    },
];

const OPEN_LOOP_50: Scenario = Scenario {
    name: "open-loop-50",
    about: "open loop, 64 connections, 50 % of the slowest proxy's maximum",
    setup: Setup::Http,
    client: Client::OpenLoop { connections: 64, percent: 50 },
    figure: Figure::P99,
    required: &[],
    seconds: 2,
};

impl Scenario {
    pub(crate) fn is_open_loop(&self) -> bool {
        matches!(self.client, Client::OpenLoop { .. })
    }

    /// Whether a name given on the command line means this scenario: `open-loop` means all three,
    /// `tls` all that begin with it.
    pub(crate) fn is_meant_by(&self, name: &str) -> bool {
        self.name == name
            || (name == "open-loop" && self.is_open_loop())
            || (name == "tls" && self.setup.is_tls())
    }

    /// One of those with TLS is enough of a smoke test: it makes handshakes of both kinds.
    pub(crate) fn is_quick(&self) -> bool {
        !self.setup.is_tls() || self.name == QUICK_TLS_SCENARIO
    }
}

impl Setup {
    pub(crate) fn is_tls(self) -> bool {
        matches!(self, Self::Tls | Self::TlsToTls)
    }
}

impl Client {
    pub(crate) fn connections(self) -> usize {
        match self {
            Self::Wrk { connections, .. }
            | Self::Browser { connections }
            | Self::Upload { connections, .. }
            | Self::Tls { connections, .. }
            | Self::Idle { connections }
            | Self::OpenLoop { connections, .. } => connections,
            Self::OneConnection => 1,
        }
    }
}

impl Figure {
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::CpuPerRequest => "us CPU/request",
            Self::CpuPerMib => "us CPU/MiB",
            Self::P50 => "p50 us",
            Self::P99 => "p99 us",
            Self::KibPerConnection => "KiB/connection",
            Self::SyscallsPerRequest => "syscalls/request",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SCENARIOS;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_can_be_chosen() {
        let names: BTreeSet<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), SCENARIOS.len());
        let meant = |name| SCENARIOS.iter().filter(|scenario| scenario.is_meant_by(name)).count();
        assert_eq!((meant("open-loop"), meant("tcp-64"), meant("tcp")), (3, 1, 0));
        assert_eq!((meant("tls"), meant("tls-bulk")), (6, 1));
    }

    #[test]
    fn a_quick_run_has_one_scenario_with_tls() {
        let quick = |scenario: &&super::Scenario| scenario.setup.is_tls() && scenario.is_quick();
        assert_eq!(SCENARIOS.iter().filter(quick).count(), 1);
    }
}
