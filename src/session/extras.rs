//! What only a session under rules has.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use proxy_config::model::BackendId;
use proxy_config::model::rule::{Action, Moment, Side};

use super::{Ends, Session};
use crate::proto::proxy_protocol::Tlvs;
use crate::rule::VarStore;

/// Made where any rule or sample may be evaluated.
#[derive(Debug, Default)]
pub struct Extras {
    vars: RefCell<VarStore>,
    /// Ends that rules set for the session, and for the stream at hand.
    of_session: Cell<Option<Ends>>,
    of_stream: Cell<Option<Ends>>,
    /// `expect-proxy`.
    expects_proxy: Cell<bool>,
    /// The TLVs of the client's PROXY header; `None` without one.
    proxy_tlvs: Option<Box<[u8]>>,
    /// The frontend's rules of TCP were obeyed for the request at hand.
    pub(crate) is_judged: Cell<bool>,
    /// The backend of a connection that went from TCP to HTTP, for its first request.
    pub(crate) http_backend: Cell<Option<BackendId>>,
}

impl Extras {
    /// A stream ended, and what its rules set with it.
    pub(super) fn end_stream(&self) {
        self.of_stream.set(None);
    }

    pub(super) fn ends(&self) -> Option<Ends> {
        self.of_stream.get().or_else(|| self.of_session.get())
    }

    pub(super) fn expects_proxy(&self) -> bool {
        self.expects_proxy.get()
    }

    pub(super) fn keep_tlvs(&mut self, tlvs: &[u8]) {
        self.proxy_tlvs = Some(tlvs.into());
    }
}

impl Session {
    /// The variables of the session; without rules some that nobody asks for.
    pub fn vars(&self) -> &RefCell<VarStore> {
        self.extras.as_deref().map_or(&self.shard.no_vars, |extras| &extras.vars)
    }

    /// The ends whatever rules set.
    pub fn original_ends(&self) -> Ends {
        Ends { source: self.source, destination: self.destination.as_deref().copied() }
    }

    pub fn has_proxy_header(&self) -> bool {
        let extras = self.extras.as_deref();
        extras.is_some_and(|extras| extras.proxy_tlvs.is_some())
    }

    /// The value of a TLV of the client's PROXY header.
    pub fn proxy_tlv(&self, kind: u8) -> Option<&[u8]> {
        Tlvs::new(self.extras.as_deref()?.proxy_tlvs.as_deref()?).first(kind)
    }

    /// `set-src`, `set-dst`.
    pub fn set_address(&self, moment: Moment, is_source: bool, address: IpAddr) {
        self.set_end(moment, is_source, |end| end.set_ip(address));
    }

    /// `set-src-port`, `set-dst-port`.
    pub fn set_port(&self, moment: Moment, is_source: bool, port: u16) {
        self.set_end(moment, is_source, |end| end.set_port(port));
    }

    fn set_end(&self, moment: Moment, is_source: bool, set: impl FnOnce(&mut SocketAddr)) {
        let Some(extras) = self.extras.as_deref() else { return };
        let mut ends = self.ends();
        let end = if is_source { &mut ends.source } else { &mut ends.destination };
        let mut address = end.unwrap_or(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0));
        set(&mut address);
        *end = Some(address);
        match moment {
            Moment::Connection | Moment::Session => extras.of_session.set(Some(ends)),
            _ => extras.of_stream.set(Some(ends)),
        }
    }

    /// `set-fc-mark`, `set-fc-tos`.
    pub fn mark_client(&self, action: &Action, value: i64) {
        match action {
            Action::SetMark(Side::Request, _) => {
                if let Ok(mark) = u32::try_from(value) {
                    self.client.set_mark(mark);
                }
            }
            Action::SetTos(Side::Request, _) => {
                if let Ok(tos) = u8::try_from(value) {
                    self.client.set_tos(tos);
                }
            }
            _ => {}
        }
    }

    /// `expect-proxy`: the connection begins with a PROXY header.
    pub fn expect_proxy(&self) {
        if let Some(extras) = self.extras.as_deref() {
            extras.expects_proxy.set(true);
        }
    }
}
