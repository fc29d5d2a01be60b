//! TLS towards one server, as its shard has it: sessions are resumed per server and shard.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use proxy_config::model::Sni;
use rustls::ClientConfig;

use crate::io::{Conn, ServerTarget};
use crate::tls::ServerContexts;
use crate::tls::initiator::Initiator;

/// A server's TLS for traffic and for checks.
#[derive(Debug, Default)]
pub struct ServerTls {
    pub traffic: Dialer,
    pub check: Dialer,
    /// Before then no failure is reported.
    silent_until_ms: Cell<u64>,
}

/// Between two reports of failed handshakes with a server.
const REPORT_MS: u64 = 10_000;

impl ServerTls {
    pub fn new(contexts: &ServerContexts) -> Self {
        let tls = Self::default();
        tls.take(contexts);
        tls
    }

    /// Whether a failure is to be reported, which it then is not for a while.
    pub fn may_report(&self, now_ms: u64) -> bool {
        let may = now_ms >= self.silent_until_ms.get();
        if may {
            self.silent_until_ms.set(now_ms + REPORT_MS);
        }
        may
    }

    /// Takes over what changed. Returns whether that of traffic did.
    pub fn take(&self, contexts: &ServerContexts) -> bool {
        self.check.take(contexts.check.as_ref());
        self.traffic.take(contexts.traffic.as_ref())
    }
}

/// Makes the TLS of new connections, if they have any.
#[derive(Debug, Default)]
pub struct Dialer(RefCell<Option<(Arc<Initiator>, Arc<ClientConfig>)>>);

impl Dialer {
    fn take(&self, new: Option<&Arc<Initiator>>) -> bool {
        let mut own = self.0.borrow_mut();
        let is_same = match (own.as_ref(), new) {
            (Some((own, _)), Some(new)) => Arc::ptr_eq(own, new),
            (None, None) => true,
            _ => false,
        };
        if !is_same {
            *own = new.map(|new| (Arc::clone(new), new.for_shard()));
        }
        !is_same
    }

    /// The name to ask for, of those that a stream has, where it differs from stream to stream.
    /// Expressions are evaluated elsewhere.
    pub fn asked<'a>(&self, host: Option<&'a str>, client_sni: Option<&'a str>) -> Option<&'a str> {
        let own = self.0.borrow();
        match own.as_ref()?.0.follows() {
            Sni::Expr(_) | Sni::None | Sni::Name(_) => None,
            Sni::RequestHost => host,
            Sni::ClientSni => client_sni,
        }
    }

    /// Whether a connection that idles is as a new one would be: what it is made with may have changed
    /// meanwhile.
    pub fn fits(&self, conn: &Conn, asked: Option<&str>) -> bool {
        conn.was_asked(self.0.borrow().as_ref().map(|(_, config)| config), asked)
    }

    /// What a new connection asks for; `None`: it is plain.
    pub fn target(&self, asked: Option<&str>) -> Option<ServerTarget> {
        let own = self.0.borrow();
        let (initiator, config) = own.as_ref()?;
        Some(ServerTarget {
            config: Arc::clone(config),
            name: initiator.server_name(asked),
            asked: asked.map(Box::from),
        })
    }
}
