//! A syslog receiver that counts: a Unix datagram socket and a UDP port, drained by two threads on
//! the core of the load.

use crate::Result;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

pub(crate) struct Sink {
    pub(crate) path: PathBuf,
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    lines: AtomicU64,
    stops: AtomicBool,
}

impl Sink {
    pub(crate) fn start(path: &Path) -> Result<Self> {
        let unix = UnixDatagram::bind(path)
            .map_err(|error| format!("cannot bind {}: {error}", path.display()))?;
        let udp = UdpSocket::bind("127.0.0.1:0")?;
        // The flag that ends a thread is looked at this often.
        let patience = Some(Duration::from_millis(100));
        unix.set_read_timeout(patience)?;
        udp.set_read_timeout(patience)?;
        let address = udp.local_addr()?;
        let shared = Arc::new(Shared::default());
        let (first, second) = (Arc::clone(&shared), Arc::clone(&shared));
        let threads = vec![
            std::thread::spawn(move || first.drain(|buffer| unix.recv(buffer))),
            std::thread::spawn(move || second.drain(|buffer| udp.recv(buffer))),
        ];
        Ok(Self { path: path.to_owned(), address, shared, threads })
    }

    /// Lines until now; a datagram may hold more than one.
    pub(crate) fn lines(&self) -> u64 {
        self.shared.lines.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn drain(&self, receive: impl Fn(&mut [u8]) -> io::Result<usize>) {
        let mut buffer = [0; 64 * 1024];
        while !self.stops.load(Ordering::Relaxed) {
            if let Ok(count) = receive(&mut buffer) {
                // A datagram is a line, with or without a line end of its own.
                let inner = &buffer[..count.saturating_sub(1)];
                let ends = inner.iter().filter(|&&byte| byte == b'\n').count() as u64;
                self.lines.fetch_add(ends + 1, Ordering::Relaxed);
            }
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.stops.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sink;
    use std::net::UdpSocket;
    use std::os::unix::net::UnixDatagram;
    use std::time::{Duration, Instant};

    #[test]
    fn both_sockets_count_lines() {
        let path = std::env::temp_dir().join(format!("bench-sink-{}", std::process::id()));
        let sink = Sink::start(&path).unwrap();
        UnixDatagram::unbound().unwrap().send_to(b"one\n", &path).unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        udp.send_to(b"two\nthree", sink.address).unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        while sink.lines() < 3 && Instant::now() < deadline {
            std::thread::yield_now();
        }
        assert_eq!(sink.lines(), 3);
        drop(sink);
        std::fs::remove_file(path).unwrap();
    }
}
