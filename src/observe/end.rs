//! Why a stream ended: HAProxy's termination state, one character for who and one for when.

/// Who ended the stream, or which limit did: the first character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// `C`: the client aborted: it closed or reset its connection before the end.
    Client,
    /// `c`: the client-side timeout expired while we waited for the client to send or to receive.
    ClientTimeout,
    /// `D`: the session was killed because its server was detected as down.
    Down,
    /// `I`: an internal error, found by a check of the proxy upon itself.
    Internal,
    /// `K`: the session was killed by an administrator.
    Killed,
    /// `L`: the proxy answered by itself, on purpose: a redirect, a static or a statistics page.
    Local,
    /// `-`: nobody: the stream ran to its normal end.
    Normal,
    /// `P`: the proxy ended it: a rule denied it, or a message was not valid.
    Proxy,
    /// `R`: a resource of the proxy ran out: memory, descriptors, ports.
    Resource,
    /// `S`: the server aborted, refused the connection, or could not be reached.
    Server,
    /// `s`: the server-side timeout expired while we waited for the server to send or to receive.
    ServerTimeout,
    /// `U`: killed because a server with priority came up again.
    Up,
}

impl Who {
    pub const fn code(self) -> u8 {
        match self {
            Self::Client => b'C',
            Self::ClientTimeout => b'c',
            Self::Down => b'D',
            Self::Internal => b'I',
            Self::Killed => b'K',
            Self::Local => b'L',
            Self::Normal => b'-',
            Self::Proxy => b'P',
            Self::Resource => b'R',
            Self::Server => b'S',
            Self::ServerTimeout => b's',
            Self::Up => b'U',
        }
    }
}

/// What the stream was doing when it ended: the second character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// `C`: the connection to the server was being made.
    Connect,
    /// `D`: data was moving: the response's body, a tunnel's bytes, or what remained of a request.
    Data,
    /// `H`: complete response headers of the server were awaited.
    Headers,
    /// `L`: the last data was still being sent to the client, the server having sent all.
    Last,
    /// `-`: after the end of data, the normal place.
    Normal,
    /// `Q`: the stream waited in a queue for a place at a server.
    Queue,
    /// `R`: a complete, valid request was awaited; for rules, the request was being judged.
    Request,
    /// `T`: the request was tarpitted.
    Tarpit,
}

impl When {
    pub const fn code(self) -> u8 {
        match self {
            Self::Connect => b'C',
            Self::Data => b'D',
            Self::Headers => b'H',
            Self::Last => b'L',
            Self::Normal => b'-',
            Self::Queue => b'Q',
            Self::Request => b'R',
            Self::Tarpit => b'T',
        }
    }
}

/// The two together, as `%ts` prints them. By default the normal end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamEnd {
    pub who: Who,
    pub when: When,
}

impl Default for StreamEnd {
    fn default() -> Self {
        Self::NORMAL
    }
}

impl StreamEnd {
    /// `--`: both sides ended as they should.
    pub const NORMAL: Self = Self::new(Who::Normal, When::Normal);
    /// `CR`: the client went away before it had sent a whole request head (400 in the log).
    pub const CLIENT_REQUEST: Self = Self::new(Who::Client, When::Request);
    /// `CQ`: the client went away while its request was queued.
    pub const CLIENT_QUEUE: Self = Self::new(Who::Client, When::Queue);
    /// `CC`: the client went away while a server connection was being made.
    pub const CLIENT_CONNECT: Self = Self::new(Who::Client, When::Connect);
    /// `CH`: the client went away while the response's head was awaited.
    pub const CLIENT_HEADERS: Self = Self::new(Who::Client, When::Headers);
    /// `CD`: the client went away during the transfer, of a request's body too.
    pub const CLIENT_DATA: Self = Self::new(Who::Client, When::Data);
    /// `cR`: no whole request head within `timeout.http-request` (408 in the log).
    pub const CLIENT_TIMEOUT_REQUEST: Self = Self::new(Who::ClientTimeout, When::Request);
    /// `cH`: the client stalled in a request's body while the response's head was awaited.
    pub const CLIENT_TIMEOUT_HEADERS: Self = Self::new(Who::ClientTimeout, When::Headers);
    /// `cD`: the client neither took nor sent data within `timeout.client`.
    pub const CLIENT_TIMEOUT_DATA: Self = Self::new(Who::ClientTimeout, When::Data);
    /// `SC`: the server refused the connection, or no server could be used (503).
    pub const SERVER_CONNECT: Self = Self::new(Who::Server, When::Connect);
    /// `SH`: the server closed before it had sent a whole response head (502).
    pub const SERVER_HEADERS: Self = Self::new(Who::Server, When::Headers);
    /// `SD`: the server closed or reset in the middle of the data.
    pub const SERVER_DATA: Self = Self::new(Who::Server, When::Data);
    /// `sQ`: the request waited in a queue for longer than `timeout.queue` (503).
    pub const SERVER_TIMEOUT_QUEUE: Self = Self::new(Who::ServerTimeout, When::Queue);
    /// `sC`: no connection to the server within `timeout.connect` (503).
    pub const SERVER_TIMEOUT_CONNECT: Self = Self::new(Who::ServerTimeout, When::Connect);
    /// `sH`: no whole response head within `timeout.server` (504).
    pub const SERVER_TIMEOUT_HEADERS: Self = Self::new(Who::ServerTimeout, When::Headers);
    /// `sD`: the server neither sent nor took data within `timeout.server`.
    pub const SERVER_TIMEOUT_DATA: Self = Self::new(Who::ServerTimeout, When::Data);
    /// `PR`: the request was not valid, or a rule denied it.
    pub const PROXY_REQUEST: Self = Self::new(Who::Proxy, When::Request);
    /// `PC`: the proxy refused to connect: a limit of its own.
    pub const PROXY_CONNECT: Self = Self::new(Who::Proxy, When::Connect);
    /// `PH`: the response's head was not valid, or a rule denied it (502).
    pub const PROXY_HEADERS: Self = Self::new(Who::Proxy, When::Headers);
    /// `PD`: a message's body was not valid, such as a bad chunk size.
    pub const PROXY_DATA: Self = Self::new(Who::Proxy, When::Data);
    /// `RC`: out of memory, descriptors or local ports while connecting.
    pub const RESOURCE_CONNECT: Self = Self::new(Who::Resource, When::Connect);
    /// `IR`: a fault of the proxy, such as a panic, while the request was awaited.
    pub const INTERNAL_REQUEST: Self = Self::new(Who::Internal, When::Request);
    /// `ID`: a fault of the proxy, such as a panic, during the transfer.
    pub const INTERNAL_DATA: Self = Self::new(Who::Internal, When::Data);
    /// `PT`: the client was kept in the tarpit, and answered.
    pub const PROXY_TARPIT: Self = Self::new(Who::Proxy, When::Tarpit);
    /// `LH`: a rule answered in place of the response.
    pub const LOCAL_HEADERS: Self = Self::new(Who::Local, When::Headers);
    /// `LR`: the proxy answered the request by itself.
    pub const LOCAL_REQUEST: Self = Self::new(Who::Local, When::Request);
    /// `KC`: the deadline of a drain came while a server connection was being made.
    pub const KILLED_CONNECT: Self = Self::new(Who::Killed, When::Connect);
    /// `KR`: the deadline of a drain came before a whole request.
    pub const KILLED_REQUEST: Self = Self::new(Who::Killed, When::Request);
    /// `KD`: an administrator, or the deadline of a drain, cut the transfer off.
    pub const KILLED_DATA: Self = Self::new(Who::Killed, When::Data);

    pub const fn new(who: Who, when: When) -> Self {
        Self { who, when }
    }

    /// The two characters of `%ts`.
    pub const fn code(self) -> [u8; 2] {
        [self.who.code(), self.when.code()]
    }

    pub fn is_normal(self) -> bool {
        self == Self::NORMAL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_haproxy() {
        for (end, code) in [
            (StreamEnd::NORMAL, "--"),
            (StreamEnd::CLIENT_REQUEST, "CR"),
            (StreamEnd::CLIENT_QUEUE, "CQ"),
            (StreamEnd::CLIENT_CONNECT, "CC"),
            (StreamEnd::CLIENT_HEADERS, "CH"),
            (StreamEnd::CLIENT_DATA, "CD"),
            (StreamEnd::CLIENT_TIMEOUT_REQUEST, "cR"),
            (StreamEnd::CLIENT_TIMEOUT_HEADERS, "cH"),
            (StreamEnd::CLIENT_TIMEOUT_DATA, "cD"),
            (StreamEnd::SERVER_CONNECT, "SC"),
            (StreamEnd::SERVER_HEADERS, "SH"),
            (StreamEnd::SERVER_DATA, "SD"),
            (StreamEnd::SERVER_TIMEOUT_QUEUE, "sQ"),
            (StreamEnd::SERVER_TIMEOUT_CONNECT, "sC"),
            (StreamEnd::SERVER_TIMEOUT_HEADERS, "sH"),
            (StreamEnd::SERVER_TIMEOUT_DATA, "sD"),
            (StreamEnd::PROXY_REQUEST, "PR"),
            (StreamEnd::PROXY_CONNECT, "PC"),
            (StreamEnd::PROXY_HEADERS, "PH"),
            (StreamEnd::PROXY_DATA, "PD"),
            (StreamEnd::RESOURCE_CONNECT, "RC"),
            (StreamEnd::INTERNAL_REQUEST, "IR"),
            (StreamEnd::INTERNAL_DATA, "ID"),
            (StreamEnd::LOCAL_REQUEST, "LR"),
            (StreamEnd::KILLED_DATA, "KD"),
            (StreamEnd::new(Who::Down, When::Last), "DL"),
            (StreamEnd::new(Who::Up, When::Tarpit), "UT"),
        ] {
            assert_eq!(end.code(), *code.as_bytes(), "{end:?}");
            assert_eq!(end.is_normal(), code == "--");
        }
    }
}
