//! Idle keep-alive connections: each makes one request, is answered, and is held open.

use super::tls;
use crate::Result;
use crate::http::{self, Body};
use crate::wire::Wire;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

/// Connections that are held until this is dropped.
pub(crate) struct Held {
    wires: Vec<Wire>,
}

impl Held {
    pub(crate) fn open(
        address: SocketAddr,
        tls: Option<&tls::Client>,
        count: usize,
    ) -> Result<Self> {
        let mut wires = Vec::with_capacity(count);
        for index in 0..count {
            let wire = open_one(address, tls, index)
                .map_err(|error| format!("idle connection {index} to {address}: {error}"))?;
            wires.push(wire);
        }
        Ok(Self { wires })
    }

    pub(crate) fn count(&self) -> usize {
        self.wires.len()
    }

    /// How many the proxy has not closed.
    pub(crate) fn count_open(&mut self) -> usize {
        self.wires.iter_mut().map(is_open).filter(|&is_open| is_open).count()
    }
}

fn open_one(address: SocketAddr, tls: Option<&tls::Client>, index: usize) -> Result<Wire> {
    let mut wire = super::connect(address, tls, index)?;
    exchange(&mut wire, &super::request("/", 0, false))?;
    Ok(wire)
}

/// There is nothing to read but the end; what TLS says to itself is not seen here.
fn is_open(wire: &mut Wire) -> bool {
    let read = wire.stream().set_nonblocking(true).and_then(|()| wire.read(&mut [0]));
    matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// Connects, and makes one request on a connection of its own.
pub(crate) fn probe(address: SocketAddr, tls: Option<&tls::Client>) -> Result<()> {
    open_one(address, tls, 0).map(drop)
}

/// One request and its whole response on a blocking connection; anything but 200 is an error.
pub(crate) fn exchange(wire: &mut Wire, request: &[u8]) -> Result<()> {
    wire.stream().set_read_timeout(Some(PATIENCE))?;
    wire.write_all(request)?;
    wire.flush()?;
    let mut received = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = wire.read(&mut chunk)?;
        if count == 0 {
            return Err("closed before its answer".into());
        }
        received.extend_from_slice(&chunk[..count]);
        let Some(head) = http::parse_head(&received) else {
            continue;
        };
        let mut body = Body::new(head.framing);
        body.take(&received[head.len..]);
        if !body.is_done() {
            continue;
        }
        return match http::status(head.first_line) {
            200 => Ok(()),
            status => Err(format!("answered with status {status}").into()),
        };
    }
}
