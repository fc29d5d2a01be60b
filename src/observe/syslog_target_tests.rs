use std::fs;

use proxy_config::model::{Log, LogFormat, LogTarget};

use super::*;

/// 22/Nov/2026:17:03:56.123 UTC.
const NOW_MS: u64 = 1_795_367_036_123;

fn target(path: &Path, facility: u8) -> SyslogTarget {
    syslog_target(Address::Unix(path.to_owned()), facility)
}

fn syslog_target(address: Address, facility: u8) -> SyslogTarget {
    let log = Log { facility, ..Log::new(LogTarget::Stdout, LogFormat::Http) };
    SyslogTarget::new(address, SyslogHeader::new(&log), Arc::new(Zone::utc()))
}

/// A path for a socket that is gone when the test ends.
struct SocketPath(PathBuf);

impl SocketPath {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("corelane-{name}-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        Self(path)
    }

    fn bind(&self) -> UnixDatagram {
        let _ = fs::remove_file(&self.0);
        let daemon = UnixDatagram::bind(&self.0).unwrap();
        daemon.set_nonblocking(true).unwrap();
        daemon
    }
}

impl Drop for SocketPath {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The datagrams at hand.
fn received(daemon: &UnixDatagram) -> Vec<String> {
    let mut datagram = [0; 2048];
    std::iter::from_fn(|| {
        let len = daemon.recv(&mut datagram).ok()?;
        Some(String::from_utf8(datagram[..len].to_vec()).unwrap())
    })
    .collect()
}

#[test]
fn each_line_has_a_header_with_its_severity() {
    let path = SocketPath::new("header");
    let daemon = path.bind();
    let pid = std::process::id();
    for (facility, wall_ms, [info, err, debug], date) in [
        (16, NOW_MS, ["<134>", "<131>", "<135>"], "Nov 22 17:03:56"),
        (0, NOW_MS + 1000, ["<6>", "<3>", "<7>"], "Nov 22 17:03:57"),
        (23, 1_798_761_600_000, ["<190>", "<187>", "<191>"], "Jan  1 00:00:00"),
    ] {
        target(&path.0, facility).write(b"\x06line\n\x03bad\n\x07x\n", wall_ms).unwrap();
        let expected = [(info, "line"), (err, "bad"), (debug, "x")]
            .map(|(priority, line)| format!("{priority}{date} corelane[{pid}]: {line}\n"));
        assert_eq!(received(&daemon), expected);
    }
}

#[test]
fn a_daemon_may_come_late_and_come_back() {
    let path = SocketPath::new("late");
    let mut target = target(&path.0, 16);
    assert!(target.connect().is_err());
    let mut wall_ms = NOW_MS;
    for _ in 0..2 {
        assert_eq!(target.write(b"\x06nobody\n\x06listens\n", wall_ms).unwrap_err().lines, 2);
        let daemon = path.bind();
        // One attempt a second.
        assert_eq!(target.write(b"\x06too early\n", wall_ms + 999).unwrap_err().lines, 1);
        wall_ms += 1000;
        target.write(b"\x06found\n", wall_ms).unwrap();
        assert_eq!(received(&daemon).len(), 1);
        drop(daemon);
        assert_eq!(target.write(b"\x06gone\n", wall_ms).unwrap_err().lines, 1);
        wall_ms += 1000;
    }
}

#[test]
fn a_daemon_that_stalls_is_not_waited_for_again() {
    let path = SocketPath::new("stalled");
    let daemon = path.bind();
    let mut target = target(&path.0, 16);
    let batch = b"\x06line\n".repeat(1000);
    let first = target.write(&batch, NOW_MS).unwrap_err();
    assert_eq!(first.cause.kind(), io::ErrorKind::WouldBlock);
    assert!(target.is_stalled);
    assert_eq!(target.write(&batch, NOW_MS).unwrap_err().lines, 1000);
    assert_eq!(received(&daemon).len() as u64, 1000 - first.lines);
    target.write(b"\x06reads again\n", NOW_MS).unwrap();
    assert!(!target.is_stalled);
    assert_eq!(received(&daemon).len(), 1);
}

#[test]
fn a_udp_daemon_that_is_gone_costs_lines_and_may_come_back() {
    let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = daemon.local_addr().unwrap();
    let mut target = syslog_target(Address::Udp(address), 16);
    target.connect().unwrap();
    drop(daemon);
    let lost = target.write(&b"\x06line\n".repeat(50), NOW_MS).unwrap_err();
    // Each answer that nobody listens comes too late for the datagram that it is about.
    assert!((1..50).contains(&lost.lines), "{lost:?}");
    let daemon = UdpSocket::bind(address).unwrap();
    target.write(b"\x06back\n", NOW_MS).unwrap();
    let mut datagram = [0; 2048];
    let len = daemon.recv(&mut datagram).unwrap();
    assert!(datagram[..len].ends_with(b"]: back\n"));
}

#[test]
fn a_host_without_an_address_is_an_error() {
    assert!(Address::resolve("name.invalid", 514).is_err());
    assert_eq!(Address::resolve("::1", 514).unwrap(), Address::Udp("[::1]:514".parse().unwrap()));
}
