//! The usual configuration: frontend `web`, backend `app`, servers `s1`, `s2` and so on, two shards.

use std::path::PathBuf;

use super::tls::Identity;
use super::{Dir, Proxy, Server};

pub(crate) struct Web {
    dir: Dir,
    shards: usize,
    global: String,
    frontend: String,
    backend: String,
    servers: Vec<String>,
}

impl Web {
    /// In front of nothing yet.
    pub(crate) fn new() -> Self {
        let empty = String::new;
        Self {
            dir: Dir::new(),
            shards: 2,
            global: empty(),
            frontend: empty(),
            backend: empty(),
            servers: Vec::new(),
        }
    }

    pub(crate) fn to(server: &Server) -> Self {
        Self::new().server(&server.address(), "")
    }

    /// Adds a server with more words, such as `weight = 2, check = true`.
    pub(crate) fn server(mut self, address: &str, words: &str) -> Self {
        let name = format!("s{}", self.servers.len() + 1);
        let comma = if words.is_empty() { "" } else { ", " };
        self.servers
            .push(format!("{{ name = \"{name}\", address = \"{address}\"{comma}{words} }}"));
        self
    }

    pub(crate) fn shards(mut self, shards: usize) -> Self {
        self.shards = shards;
        self
    }

    /// Adds lines to a section.
    pub(crate) fn global(mut self, lines: &str) -> Self {
        self.global += &format!("{lines}\n");
        self
    }

    pub(crate) fn frontend(mut self, lines: &str) -> Self {
        self.frontend += &format!("{lines}\n");
        self
    }

    pub(crate) fn backend(mut self, lines: &str) -> Self {
        self.backend += &format!("{lines}\n");
        self
    }

    /// Writes a file beside the configuration.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        self.dir.write(name, bytes)
    }

    /// Clients speak TLS; `words` of the bind begin with a comma.
    pub(crate) fn tls(self, identity: &Identity, words: &str) -> Self {
        let crt = self.file("site.pem", &identity.pem);
        let bind = format!("address = \"127.0.0.1:0\", ssl = true, crt = [\"{}\"]", crt.display());
        self.frontend(&format!("bind = [{{ {bind}{words} }}]"))
    }

    /// Both sections relay TCP.
    pub(crate) fn tcp(self) -> Self {
        self.frontend("mode = \"tcp\"").backend("mode = \"tcp\"")
    }

    /// Writes the file that [`Proxy::log_line`] reads.
    pub(crate) fn logged(self) -> Self {
        let path = self.dir.file("access.log");
        self.global(&format!("log = [{{ target = \"file:{}\" }}]", path.display()))
    }

    pub(crate) fn config(&self) -> String {
        let Self { shards, global, frontend, backend, servers, .. } = self;
        let bind = if frontend.contains("bind = ") { "" } else { "bind = \"127.0.0.1:0\"" };
        format!(
            "[global]\nshards = {shards}\n{global}\n\
             [frontend.web]\n{bind}\ndefault-backend = \"app\"\n{frontend}\n\
             [backend.app]\n{backend}\nserver = [{}]\n",
            servers.join(", ")
        )
    }

    pub(crate) fn start(self) -> Proxy {
        let config = self.config();
        Proxy::start_in(self.dir, &config)
    }
}
