use std::fs;
use std::io::Read as _;
use std::net::UdpSocket;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;

use proxy_config::model::LogFormat;
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};

use super::*;
use crate::observe::shard_log::BATCH_BYTES;

/// 22/Nov/2026:17:03:56.123 UTC.
const NOW_MS: u64 = 1_795_367_036_123;
const DEADLINE: Duration = Duration::from_secs(10);

/// A directory that goes away with its test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("corelane-log-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn log(target: LogTarget) -> Log {
    Log::new(target, LogFormat::Http)
}

fn start(logs: &[Log]) -> LogWriter {
    LogWriter::start(logs, 1, Arc::new(Zone::utc())).unwrap()
}

fn put(shard: &mut ShardLog, target: usize, text: &str) {
    let write =
        |out: &mut Vec<u8>, _: &mut _| out.extend_from_slice(format!("{text}\n").as_bytes());
    shard.line(TargetId(target), NOW_MS, write);
}

fn put_and_flush(shard: &mut ShardLog, target: usize, text: &str) {
    put(shard, target, text);
    shard.flush(NOW_MS);
}

fn receive(receive: impl FnOnce(&mut [u8]) -> io::Result<usize>) -> String {
    let mut datagram = [0; 2048];
    let len = receive(&mut datagram).unwrap();
    String::from_utf8(datagram[..len].to_vec()).unwrap()
}

fn header(date: &str) -> String {
    format!("<134>{date} corelane[{}]: ", std::process::id())
}

#[test]
fn a_file_gets_every_line_of_every_shard() {
    let scratch = Scratch::new();
    fs::write(scratch.path("log"), "before\n").unwrap();
    let writer = start(&[log(LogTarget::File(scratch.path("log")))]);
    let mut shards = [writer.shard_sender(), writer.shard_sender()];
    for round in 0..2000 {
        for shard in &mut shards {
            put(shard, 0, &format!("round {round}"));
            if shard.is_full() {
                shard.flush(NOW_MS);
            }
        }
    }
    shards.iter_mut().for_each(|shard| shard.flush(NOW_MS));
    assert_eq!(writer.dropped(), 0);
    assert!(writer.stop(DEADLINE));
    let text = scratch.read("log");
    assert_eq!(text.lines().count(), 4001);
    assert!(text.starts_with("before\n"));
    assert_eq!(text.lines().filter(|line| *line == "round 1999").count(), 2);
}

#[test]
fn a_new_file_is_not_for_everybody() {
    let scratch = Scratch::new();
    let writer = start(&[log(LogTarget::File(scratch.path("log")))]);
    assert!(writer.stop(DEADLINE));
    let mode = fs::metadata(scratch.path("log")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7137, 0, "{mode:o}");
}

#[test]
fn a_file_is_opened_again_on_request() {
    let scratch = Scratch::new();
    let writer = start(&[log(LogTarget::File(scratch.path("log")))]);
    let mut shard = writer.shard_sender();
    put_and_flush(&mut shard, 0, "one");
    fs::rename(scratch.path("log"), scratch.path("log.1")).unwrap();
    writer.reopen();
    put_and_flush(&mut shard, 0, "two");
    assert!(writer.stop(DEADLINE));
    assert_eq!((&*scratch.read("log.1"), &*scratch.read("log")), ("one\n", "two\n"));
}

#[test]
fn a_target_that_cannot_be_opened_is_named() {
    let scratch = Scratch::new();
    let path = scratch.path("missing/log");
    let error = LogWriter::start(&[log(LogTarget::File(path))], 1, Arc::new(Zone::utc()));
    let text = error.unwrap_err().to_string();
    assert!(text.starts_with("cannot open log target `file:/"), "{text}");
    assert!(text.ends_with("must exist and be writable for this user"), "{text}");
}

#[test]
fn logs_share_a_target_unless_its_header_differs() {
    let scratch = Scratch::new();
    let file = log(LogTarget::File(scratch.path("log")));
    let udp = log(LogTarget::Udp { host: "127.0.0.1".to_owned(), port: 9 });
    let as_tcp = Log { format: LogFormat::Tcp, facility: 3, ..file.clone() };
    let writer = start(&[file.clone(), udp.clone(), as_tcp.clone(), file.clone()]);
    let route = |log: &Log| writer.route(log).map(|route| (route.target.0, route.format));
    assert_eq!(route(&file), Some((0, LogFormat::Http)));
    assert_eq!(route(&as_tcp), Some((0, LogFormat::Tcp)));
    assert_eq!(route(&udp), Some((1, LogFormat::Http)));
    let other_header = Log { facility: 3, ..udp };
    assert_eq!(route(&other_header), None);
    assert!(writer.stop(DEADLINE));
}

#[test]
fn udp_syslog_gets_a_datagram_a_line() {
    let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
    daemon.set_read_timeout(Some(DEADLINE)).unwrap();
    let port = daemon.local_addr().unwrap().port();
    let writer = start(&[log(LogTarget::Udp { host: "127.0.0.1".to_owned(), port })]);
    let mut shard = writer.shard_sender();
    for number in 0..150 {
        put(&mut shard, 0, &format!("\x06line {number}"));
    }
    shard.flush(NOW_MS);
    let header = header("Nov 22 17:03:56");
    for number in 0..150 {
        let expected = format!("{header}line {number}\n");
        assert_eq!(receive(|datagram| daemon.recv(datagram)), expected);
    }
    assert!(writer.stop(DEADLINE));
}

#[test]
fn a_unix_syslog_daemon_may_be_missing() {
    let scratch = Scratch::new();
    let writer = start(&[log(LogTarget::Unix(scratch.path("syslog")))]);
    let shared = Arc::clone(&writer.shared);
    let mut shard = writer.shard_sender();
    put_and_flush(&mut shard, 0, "nobody listens");
    assert!(writer.stop(DEADLINE));
    assert_eq!(shared.dropped(0), 1);
}

#[test]
fn a_pipe_that_is_not_read_loses_lines_only() {
    let scratch = Scratch::new();
    let path = scratch.path("pipe");
    mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let nonblocking = OFlags::NONBLOCK.bits() as i32;
    let mut reader =
        fs::OpenOptions::new().read(true).custom_flags(nonblocking).open(&path).unwrap();
    let writer = start(&[log(LogTarget::File(path)), log(LogTarget::File(scratch.path("log")))]);
    let shared = Arc::clone(&writer.shared);
    let mut shard = writer.shard_sender();
    let mut lines = 0;
    for _ in 0..20 {
        while !shard.is_full() {
            put(&mut shard, 0, &format!("line {lines}"));
            lines += 1;
        }
        put(&mut shard, 1, "file");
        shard.flush(NOW_MS);
    }
    assert!(writer.stop(DEADLINE));
    assert_eq!(scratch.read("log").lines().count(), 20);
    let mut taken = Vec::new();
    let _ = reader.read_to_end(&mut taken);
    let whole = taken.iter().filter(|byte| **byte == b'\n').count() as u64;
    assert_eq!(whole + shared.dropped(0), lines);
    assert!(shared.dropped(0) > 0);
}

#[test]
fn a_full_disk_loses_lines_only() {
    let writer = start(&[log(LogTarget::File(PathBuf::from("/dev/full")))]);
    let mut shard = writer.shard_sender();
    put(&mut shard, 0, "one");
    put_and_flush(&mut shard, 0, "two");
    let shared = Arc::clone(&writer.shared);
    assert!(writer.stop(DEADLINE));
    assert_eq!(shared.dropped(0), 2);
}

fn shared(targets: usize) -> Arc<Shared> {
    Arc::new(Shared {
        dropped: (0..targets).map(|_| AtomicU64::new(0)).collect(),
        reopen: AtomicBool::new(false),
        stop: AtomicBool::new(false),
    })
}

fn shard_log(targets: usize, queue: SyncSender<Message>, shared: Arc<Shared>) -> ShardLog {
    let lines = LineWriter::new(&Arc::new(Zone::utc()), Arc::new(Host::this()));
    ShardLog::new(targets, queue, shared, lines)
}

#[test]
fn a_full_queue_drops_and_counts() {
    let shared = shared(1);
    let (queue, batches) = sync_channel(2);
    let mut shard = shard_log(1, queue, Arc::clone(&shared));
    for number in 0..5 {
        put(&mut shard, 0, "a");
        put_and_flush(&mut shard, 0, &format!("b{number}"));
    }
    assert_eq!(shared.dropped(0), 6);
    let texts: Vec<_> = batches
        .try_iter()
        .map(|message| match message {
            Message::Batch(batch) => String::from_utf8(batch.bytes).unwrap(),
            Message::Wake => unreachable!("nobody woke it"),
        })
        .collect();
    assert_eq!(texts, ["a\nb0\n", "a\nb1\n"]);
    drop(batches);
    put_and_flush(&mut shard, 0, "c");
    assert_eq!(shared.dropped(0), 7);
}

#[test]
fn buffers_come_back_and_are_used_again() {
    let (queue, batches) = sync_channel(1);
    let mut shard = shard_log(1, queue, shared(1));
    let mut seen = Vec::new();
    for _ in 0..6 {
        put_and_flush(&mut shard, 0, "a");
        let Ok(Message::Batch(mut batch)) = batches.recv() else { unreachable!() };
        seen.push(batch.bytes.as_ptr());
        batch.bytes.clear();
        batch.spares.send(batch.bytes).unwrap();
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 2);
}

#[test]
fn a_flush_is_due_when_a_batch_is_whole() {
    let (queue, _batches) = sync_channel(8);
    let mut shard = shard_log(2, queue, shared(2));
    put(&mut shard, 1, &"a".repeat(BATCH_BYTES - 2));
    assert!(!shard.is_full());
    put(&mut shard, 1, "");
    assert!(shard.is_full());
    shard.flush(NOW_MS);
    assert!(!shard.is_full());
}

#[test]
fn a_thread_that_does_not_end_in_time_is_left() {
    let scratch = Scratch::new();
    let mut writer = start(&[log(LogTarget::File(scratch.path("log")))]);
    let (_never_ends, ended) = sync_channel(1);
    writer.ended = ended;
    assert!(!writer.stop(Duration::from_millis(1)));
}
