//! Idle keep-alive connections: each makes one request, is answered, and is held open.

use crate::Result;
use crate::http::{self, Body};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

/// Connections that are held until this is dropped.
pub(crate) struct Held {
    streams: Vec<TcpStream>,
}

impl Held {
    pub(crate) fn open(address: SocketAddr, count: usize) -> Result<Self> {
        let mut streams = Vec::with_capacity(count);
        for index in 0..count {
            let stream = open_one(address)
                .map_err(|error| format!("idle connection {index} to {address}: {error}"))?;
            streams.push(stream);
        }
        Ok(Self { streams })
    }

    pub(crate) fn count(&self) -> usize {
        self.streams.len()
    }

    /// How many the proxy has not closed.
    pub(crate) fn count_open(&self) -> usize {
        let is_open = |stream: &&TcpStream| {
            let peeked = stream.set_nonblocking(true).and_then(|()| stream.peek(&mut [0]));
            matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
        };
        self.streams.iter().filter(is_open).count()
    }
}

fn open_one(address: SocketAddr) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    exchange(&mut stream, "/")?;
    Ok(stream)
}

/// One request and its whole response on a blocking connection; anything but 200 is an error.
pub(crate) fn exchange(stream: &mut TcpStream, path: &str) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&super::request(path, 0, false))?;
    let mut received = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk)?;
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
