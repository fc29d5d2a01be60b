//! What the servers of a configuration are: they record what they get.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::case::Case;
use super::link::Link;
use super::wire::message_len;
use crate::support::tls::{Identity, Shaking, Version};
use crate::support::{Server, eventually};

type Record = Arc<Mutex<Vec<Vec<u8>>>>;

pub(super) struct Origin {
    pub(super) name: &'static str,
    server: Server,
    record: Record,
    /// Connections of TCP, which are recorded at their end.
    open: Arc<AtomicUsize>,
}

impl Origin {
    /// Answers each request with what its field `x-answer` names, or with its own name.
    pub(super) fn http(name: &'static str, case: &Case) -> Self {
        let web = Web::new(name, case);
        let record = Arc::clone(&web.record);
        let server = Server::start(move |peer| web.serve(Link::Plain(peer.double())));
        Self { name, server, record, open: Arc::default() }
    }

    /// The same over TLS.
    pub(super) fn https(name: &'static str, case: &Case, identity: &Identity) -> Self {
        let web = Web::new(name, case);
        let record = Arc::clone(&web.record);
        let config = identity.server(Version::V13);
        let server = Server::start(move |peer| {
            Link::shake(Shaking::server(peer, &config)).into_iter().for_each(|link| web.serve(link))
        });
        Self { name, server, record, open: Arc::default() }
    }

    /// Says its name, and reads to the end.
    pub(super) fn tcp(name: &'static str) -> Self {
        let record = Record::default();
        let connections = Arc::clone(&record);
        let open = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&open);
        let server = Server::start(move |peer| {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = peer.try_send(format!("{name}\n"));
            let (bytes, _) = peer.try_read_to_end();
            // Whoever says nothing only checks.
            if !bytes.is_empty() {
                connections.lock().unwrap().push(bytes);
            }
            count.fetch_sub(1, Ordering::SeqCst);
        });
        Self { name, server, record, open }
    }

    pub(super) fn address(&self) -> String {
        self.server.address()
    }

    pub(super) fn port(&self) -> String {
        self.address().rsplit(':').next().unwrap().to_owned()
    }

    /// What it got since it was asked the last time, once its connections have ended.
    pub(super) fn take(&self) -> Vec<Vec<u8>> {
        eventually("the proxy ends its connections to TCP servers", || {
            self.open.load(Ordering::SeqCst) == 0
        });
        std::mem::take(&mut self.record.lock().unwrap())
    }
}

/// What HTTP servers say.
struct Web {
    usual: String,
    answers: Vec<(String, Vec<u8>)>,
    checks: Vec<String>,
    record: Record,
}

impl Web {
    fn new(name: &str, case: &Case) -> Self {
        let usual = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nx-server: {0}\r\n\
             content-length: 2\r\n\r\n{0}\n",
            name.to_ascii_lowercase()
        );
        let (answers, checks) = (case.answers.clone(), case.setup.checks.clone());
        Self { usual, answers, checks, record: Record::default() }
    }

    fn serve(&self, mut link: Link) {
        while let Some(request) = next_request(&mut link) {
            let named = answer_of(&request, &self.answers).map(<[u8]>::to_vec);
            if !self.is_check(&request) {
                self.record.lock().unwrap().push(request);
            }
            if !link.send(named.as_deref().unwrap_or(self.usual.as_bytes())) {
                return;
            }
        }
    }

    fn is_check(&self, request: &[u8]) -> bool {
        let start = String::from_utf8_lossy(request);
        let target = start.split(' ').nth(1).unwrap_or("");
        self.checks.iter().any(|check| check == target)
    }
}

fn next_request(link: &mut Link) -> Option<Vec<u8>> {
    loop {
        if let Some(len) = message_len(link.unread(), true) {
            return Some(link.read_exact(len));
        }
        if !link.fill() {
            return None;
        }
    }
}

fn answer_of<'a>(request: &[u8], answers: &'a [(String, Vec<u8>)]) -> Option<&'a [u8]> {
    let text = String::from_utf8_lossy(request);
    let name = text.lines().find_map(|line| line.strip_prefix("x-answer: "))?;
    let found = answers.iter().find(|(known, _)| known == name);
    Some(&found.unwrap_or_else(|| panic!("no answer {name}")).1)
}
