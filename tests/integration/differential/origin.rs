//! What the servers of a configuration are: they record what they get.

use std::sync::{Arc, Mutex};

use super::wire::message_len;
use crate::support::{Peer, Server};

type Record = Arc<Mutex<Vec<Vec<u8>>>>;

pub(super) struct Origin {
    pub(super) name: &'static str,
    server: Server,
    record: Record,
}

impl Origin {
    /// Answers each request with what its field `x-answer` names, or with its own name.
    pub(super) fn http(name: &'static str, answers: &[(String, Vec<u8>)]) -> Self {
        let answers = answers.to_vec();
        let usual = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nx-server: {0}\r\n\
             content-length: 2\r\n\r\n{0}\n",
            name.to_ascii_lowercase()
        );
        let record = Record::default();
        let requests = Arc::clone(&record);
        let server = Server::start(move |peer| {
            while let Some(request) = next_request(peer) {
                let named = answer_of(&request, &answers).map(<[u8]>::to_vec);
                requests.lock().unwrap().push(request);
                if peer.try_send(named.as_deref().unwrap_or(usual.as_bytes())).is_err() {
                    return;
                }
            }
        });
        Self { name, server, record }
    }

    /// Says its name, and reads to the end.
    pub(super) fn tcp(name: &'static str) -> Self {
        let record = Record::default();
        let connections = Arc::clone(&record);
        let server = Server::start(move |peer| {
            let _ = peer.try_send(format!("{name}\n"));
            let (bytes, _) = peer.try_read_to_end();
            connections.lock().unwrap().push(bytes);
        });
        Self { name, server, record }
    }

    pub(super) fn address(&self) -> String {
        self.server.address()
    }

    /// What it got since it was asked the last time.
    pub(super) fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.record.lock().unwrap())
    }
}

fn next_request(peer: &mut Peer) -> Option<Vec<u8>> {
    loop {
        if let Some(len) = message_len(peer.unread(), true) {
            return Some(peer.read_exact(len));
        }
        if !peer.fill().unwrap_or(false) {
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
