//! Log lines taken apart at their blanks.

/// HAProxy's httplog line.
#[derive(Debug, PartialEq)]
pub(crate) struct HttpLine {
    pub(crate) client: String,
    pub(crate) frontend: String,
    /// `backend/server`.
    pub(crate) route: String,
    pub(crate) timers: Vec<i64>,
    pub(crate) status: i32,
    pub(crate) bytes: u64,
    /// The first two characters of the termination state.
    pub(crate) end: String,
    pub(crate) retries: String,
    /// Without its quotes.
    pub(crate) request: String,
}

impl HttpLine {
    pub(crate) fn parse(line: &str) -> Self {
        let words: Vec<&str> = line.split(' ').collect();
        assert!(words.len() >= 13, "not an httplog line: {line}");
        let [client, date, frontend, route, timers, status, bytes] = words[..7] else {
            unreachable!()
        };
        assert!(date.starts_with('[') && date.ends_with(']'), "{line}");
        assert_eq!((&words[7..9], &words[9][2..]), (&["-", "-"][..], "--"), "{line}");
        Self {
            client: client.to_owned(),
            frontend: frontend.to_owned(),
            route: route.to_owned(),
            timers: timers_of(timers),
            status: status.parse().unwrap(),
            bytes: bytes.parse().unwrap(),
            end: words[9][..2].to_owned(),
            retries: words[10].rsplit('/').next().unwrap().to_owned(),
            request: words[12..].join(" ").trim_matches('"').to_owned(),
        }
    }

    /// `status end`, what most tests are about.
    pub(crate) fn verdict(&self) -> String {
        format!("{} {}", self.status, self.end)
    }
}

/// HAProxy's tcplog line.
#[derive(Debug, PartialEq)]
pub(crate) struct TcpLine {
    pub(crate) route: String,
    /// Queue, connect, total.
    pub(crate) timers: Vec<i64>,
    pub(crate) bytes: u64,
    pub(crate) end: String,
}

impl TcpLine {
    pub(crate) fn parse(line: &str) -> Self {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, _, _, route, timers, bytes, end, _, _] = words[..] else {
            panic!("not a tcplog line: {line}")
        };
        let timers = timers_of(timers);
        assert_eq!(timers.len(), 3, "{line}");
        Self { route: route.to_owned(), timers, bytes: bytes.parse().unwrap(), end: end.to_owned() }
    }
}

fn timers_of(text: &str) -> Vec<i64> {
    text.split('/').map(|timer| timer.parse().unwrap()).collect()
}
