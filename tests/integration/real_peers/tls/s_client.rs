//! `openssl s_client`: what it was told to do, and what it says of the connection.

use std::io::Write;
use std::process::{ChildStdin, Command, Stdio};
use std::time::Instant;

use super::super::Running;
use crate::support::{DEADLINE, Lines, eventually};

/// Asks for `/`, over a connection that ends then.
pub(super) const ONCE: &str = "GET / HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n";

/// Asks for `/`, over a connection that stays.
pub(super) const KEPT: &str = "GET / HTTP/1.1\r\nHost: site.test\r\n\r\n";

/// All that it printed.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) lines: Vec<String>,
}

/// Asks once, and waits for the end of the connection. Blanks are between the arguments.
pub(super) fn ask(address: &str, arguments: &str) -> Said {
    SClient::start(address, &format!("-ign_eof {arguments}")).send(ONCE).end()
}

impl Said {
    pub(super) fn has(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }

    /// `New, TLSv1.3, Cipher is TLS_AES_128_GCM_SHA256`, of each of its connections.
    pub(super) fn sessions(&self) -> Vec<&str> {
        let is_session = |line: &&str| line.starts_with("New, ") || line.starts_with("Reused, ");
        self.lines.iter().map(String::as_str).filter(is_session).collect()
    }

    /// The same of its one connection.
    pub(super) fn session(&self) -> &str {
        let [session] = self.sessions()[..] else { panic!("not one connection: {self:#?}") };
        session
    }

    /// The rest of the line that begins with `key`.
    pub(super) fn value(&self, key: &str) -> &str {
        let mut lines = self.lines.iter();
        let found = lines.find_map(|line| line.trim_start().strip_prefix(key));
        found.unwrap_or_else(|| panic!("no {key} in {self:#?}"))
    }

    /// The answer came.
    pub(super) fn assert_served(&self) -> &Self {
        assert!(self.has("HTTP/1.1 200 OK"), "{self:#?}");
        self
    }

    /// The handshake ended with this alert: RFC 8446 section 6.
    pub(super) fn assert_alert(&self, number: u8) {
        let found = self.has(&format!("SSL alert number {number}"));
        assert!(found && !self.has("HTTP/1.1"), "not alert {number}: {self:#?}");
    }
}

/// One that runs.
pub(super) struct SClient {
    running: Running,
    stdin: ChildStdin,
}

impl SClient {
    pub(super) fn start(address: &str, arguments: &str) -> Self {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", address]).args(arguments.split_whitespace());
        let mut running = Running::start(command.stdin(Stdio::piped()));
        let stdin = running.child.stdin.take().unwrap();
        Self { running, stdin }
    }

    /// Writes to its terminal, where it may be gone already.
    pub(super) fn send(mut self, text: &str) -> Self {
        self.type_in(text);
        self
    }

    pub(super) fn type_in(&mut self, text: &str) {
        let _ = self.stdin.write_all(text.as_bytes()).and_then(|()| self.stdin.flush());
    }

    pub(super) fn stdout(&self) -> &Lines {
        &self.running.stdout
    }

    pub(super) fn stderr(&self) -> &Lines {
        &self.running.stderr
    }

    /// Waits until it has printed so many lines like that.
    pub(super) fn await_lines(&self, text: &str, count: usize) {
        let of = |lines: &Lines| lines.now().iter().filter(|line| line.contains(text)).count();
        eventually(&format!("{count} lines with {text}"), || {
            of(self.stdout()) + of(self.stderr()) >= count
        });
    }

    /// Waits until it ends by itself.
    pub(super) fn end(self) -> Said {
        Said { lines: everything(&self.running) }
    }

    /// Closes its terminal, by which it closes the connection in order, and waits for its end.
    pub(super) fn close(self) -> Said {
        let Self { running, stdin } = self;
        drop(stdin);
        Said { lines: everything(&running) }
    }
}

fn everything(running: &Running) -> Vec<String> {
    let begun = Instant::now();
    let mut lines = running.stdout.all();
    lines.extend(running.stderr.all());
    assert!(begun.elapsed() < DEADLINE, "does not end: {lines:#?}");
    lines
}
