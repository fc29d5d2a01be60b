//! What a request says of its client to the server: `option.forwardfor`, `forwarded`, `originalto`
//! and the unique id.

use std::net::{IpAddr, SocketAddr};

use proxy_config::model::{ForwardFor, Forwarded, Network};

use super::Stream;
use crate::connect::Place;
use crate::proto::h1::{CRLF, push_address, push_address_line, push_decimal, push_line};
use crate::session::{Ends, Session};

impl Stream {
    /// Makes the request's unique id, if it is to have one.
    pub(super) fn name_request(&mut self, session: &Session) {
        let Some(unique_id) = &session.config().unique_id else { return };
        let mut id = std::mem::take(&mut self.unique_id);
        self.with_record(session, |record| {
            session.shard.render(&mut id, &unique_id.format, record);
        });
        self.unique_id = id;
    }

    /// Appends the fields about the client. The backend's names win, as with HAProxy.
    pub(super) fn push_identity(&self, out: &mut Vec<u8>, session: &Session, place: &Place) {
        let (frontend, ends) = (session.config(), session.ends());
        let backend = place.backend().config();
        if let Some(header) = frontend.unique_id.as_ref().and_then(|id| id.header.as_deref()) {
            push_line(out, header.as_bytes(), &self.unique_id);
        }
        let originalto = [&backend.originalto, &frontend.originalto];
        self.push_address_of(out, originalto, ends.destination);
        if let Some(forwarded) = backend.forwarded.or(frontend.forwarded) {
            self.push_forwarded(out, forwarded, ends, session.tls.is_some());
        }
        let forwardfor = [&backend.forwardfor, &frontend.forwardfor];
        self.push_address_of(out, forwardfor, ends.source);
    }

    /// As HAProxy: the first side's name for the field, the exceptions of both, and `if-none` only
    /// when each side that has the option says so.
    fn push_address_of(
        &self,
        out: &mut Vec<u8>,
        sides: [&Option<ForwardFor>; 2],
        address: Option<SocketAddr>,
    ) {
        let mut options = sides.into_iter().flatten();
        let (Some(option), Some(address)) = (options.clone().next(), address) else { return };
        let name = option.header.as_bytes();
        let is_present = || self.request.forwards(&self.request_bytes, name);
        if options.clone().all(|option| option.if_none) && is_present() {
            return;
        }
        let excepts = |network: &Network| network.contains(address.ip());
        if !options.any(|option| option.except.iter().any(excepts)) {
            push_address_line(out, name, address.ip());
        }
    }

    /// RFC 7239 section 4, in HAProxy's order.
    fn push_forwarded(&self, out: &mut Vec<u8>, forwarded: Forwarded, ends: Ends, is_tls: bool) {
        let host = self.request.host.map(|host| host.of(&self.request_bytes));
        let by = ends.destination.filter(|_| forwarded.by || forwarded.by_port);
        let for_ = ends.source.filter(|_| forwarded.for_ || forwarded.for_port);
        let mut separator: &[u8] = b"forwarded: ";
        let mut begin = |out: &mut Vec<u8>, name: &[u8]| {
            out.extend_from_slice(separator);
            out.extend_from_slice(name);
            separator = b";";
        };
        if forwarded.proto {
            begin(out, if is_tls { b"proto=https" } else { b"proto=http" });
        }
        if let Some(host) = host.filter(|host| forwarded.host && !host.is_empty()) {
            begin(out, b"host=\"");
            out.extend_from_slice(host);
            out.push(b'"');
        }
        if let Some(by) = by {
            begin(out, b"by=");
            push_node(out, by, forwarded.by, forwarded.by_port);
        }
        if let Some(for_) = for_ {
            begin(out, b"for=");
            push_node(out, for_, forwarded.for_, forwarded.for_port);
        }
        if separator == b";" {
            out.extend_from_slice(CRLF);
        }
    }
}

/// A node of RFC 7239 section 6: what has a colon stands between quotes.
fn push_node(out: &mut Vec<u8>, address: SocketAddr, with_ip: bool, with_port: bool) {
    let ip = address.ip().to_canonical();
    let is_v6 = with_ip && matches!(ip, IpAddr::V6(_));
    let is_quoted = is_v6 || with_port;
    let quote: &[u8] = if is_quoted { b"\"" } else { b"" };
    out.extend_from_slice(quote);
    if is_v6 {
        out.push(b'[');
    }
    match with_ip {
        true => push_address(out, ip),
        false => out.extend_from_slice(b"unknown"),
    }
    if is_v6 {
        out.push(b']');
    }
    if with_port {
        out.push(b':');
        push_decimal(out, u64::from(address.port()));
    }
    out.extend_from_slice(quote);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes() {
        let v4: SocketAddr = "192.0.2.1:80".parse().unwrap();
        let v6: SocketAddr = "[2001:db8::1]:80".parse().unwrap();
        let mapped: SocketAddr = "[::ffff:192.0.2.1]:80".parse().unwrap();
        for (address, with_ip, with_port, expected) in [
            (v4, true, false, "192.0.2.1"),
            (v4, true, true, "\"192.0.2.1:80\""),
            (v4, false, true, "\"unknown:80\""),
            (v6, true, false, "\"[2001:db8::1]\""),
            (v6, true, true, "\"[2001:db8::1]:80\""),
            (mapped, true, false, "192.0.2.1"),
        ] {
            let mut out = Vec::new();
            push_node(&mut out, address, with_ip, with_port);
            assert_eq!(out, expected.as_bytes());
        }
    }
}
