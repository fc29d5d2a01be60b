//! Where lines go: syslog in its forms, severities, stalled readers, rotation.

use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::process::Signal;

use crate::support::{DEADLINE, Dir, Proxy, Server, Web, eventually, reply};

/// A syslog daemon on UDP.
struct Daemon(UdpSocket);

impl Daemon {
    fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        Self(socket)
    }

    /// `log` with this target and more words.
    fn log(&self, words: &str) -> String {
        format!("log = [{{ target = \"udp:{}\"{words} }}]", self.0.local_addr().unwrap())
    }

    fn next(&self) -> String {
        let mut datagram = vec![0; 65_536];
        let len = self.0.recv(&mut datagram).unwrap();
        String::from_utf8(datagram[..len].to_vec()).unwrap()
    }
}

fn answering() -> Server {
    Server::http(|request| match request.first_line().contains("/500") {
        true => b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n".to_vec(),
        false => reply("ok"),
    })
}

const SHORT: &str = "log-format = \"%HP %ST\"";

#[test]
fn rfc3164_parts() {
    let (daemon, server) = (Daemon::new(), answering());
    let log = daemon.log(", facility = \"auth\"");
    let web =
        Web::to(&server).global(&log).global("log-tag = \"edge\"\nlog-send-hostname = \"box\"");
    let proxy = web.frontend(SHORT).start();
    proxy.get("/a");
    let line = daemon.next();
    let rest = line.strip_prefix("<38>").unwrap();
    let pid = proxy.pid().as_raw_nonzero();
    assert_eq!(rest.trim_end()[16..], format!("box edge[{pid}]: /a 200"), "{line}");
}

/// `<PRI>1 TIME HOST APP PID MSGID SD MSG` of RFC 5424.
#[test]
fn rfc5424_parts() {
    let (daemon, server) = (Daemon::new(), answering());
    let log = daemon.log(", facility = \"local3\", syslog = \"rfc5424\"");
    let sd =
        "log-format-sd = '[request@32473 status=\"%ST\" path=\"%{+E}HU\"]'\nlog-tag = \"edge\"";
    let web = Web::to(&server).global(&log).global("log-send-hostname = \"box\"");
    let proxy = web.frontend(SHORT).frontend(sd).start();
    proxy.get("/a]b\\\"");
    let line = daemon.next();
    let words: Vec<&str> = line.trim_end().splitn(7, ' ').collect();
    let pid = proxy.pid().as_raw_nonzero().to_string();
    assert_eq!((words[0], &words[2..6]), ("<158>1", &["box", "edge", &*pid, "-"][..]), "{line}");
    let time = words[1];
    assert!(time.as_bytes()[10] == b'T' && time.as_bytes()[19] == b'.', "{time}");
    let data = "[request@32473 status=\"200\" path=\"/a\\]b\\\\#22\"]";
    assert_eq!(words[6], format!("{data} /a]b\\#22 200"));
}

#[test]
fn rfc5424_without_structured_data() {
    let (daemon, server) = (Daemon::new(), answering());
    let proxy =
        Web::to(&server).global(&daemon.log(", syslog = \"rfc5424\"")).frontend(SHORT).start();
    proxy.get("/a");
    let line = daemon.next();
    assert!(line.trim_end().ends_with(" - - /a 200"), "{line}");
}

#[test]
fn raw() {
    let (daemon, server) = (Daemon::new(), answering());
    let proxy = Web::to(&server).global(&daemon.log(", syslog = \"raw\"")).frontend(SHORT).start();
    proxy.get("/a");
    assert_eq!(daemon.next().trim_end(), "/a 200");
}

/// `option.log-separate-errors`: `err` for what went wrong.
#[test]
fn separate_errors() {
    for (option, ends) in [("true", ["134", "131", "131"]), ("false", ["134", "134", "134"])] {
        let (daemon, server) = (Daemon::new(), answering());
        let option = format!("option.log-separate-errors = {option}");
        let proxy = Web::to(&server).global(&daemon.log("")).frontend(&option).start();
        proxy.get("/a");
        let good = daemon.next();
        proxy.get("/500");
        let error = daemon.next();
        let mut bad = proxy.client();
        bad.send("bad\r\n\r\n");
        bad.drain();
        let priorities = [good, error, daemon.next()].map(|line| line[1..4].to_owned());
        assert_eq!(priorities, ends);
    }
}

/// `level` keeps lines out, `minlevel` raises their number.
#[test]
fn levels() {
    let (daemon, server) = (Daemon::new(), answering());
    let option = "option.log-separate-errors = true";
    let log = daemon.log(", level = \"err\"");
    let proxy = Web::to(&server).global(&log).frontend(option).start();
    proxy.get("/a");
    proxy.get("/500");
    let line = daemon.next();
    assert!(line.starts_with("<131>") && line.contains("/500"), "{line}");
    let log = daemon.log(", minlevel = \"notice\"");
    let proxy = Web::to(&server).global(&log).frontend(option).start();
    proxy.get("/500");
    assert!(daemon.next().starts_with("<133>"));
}

/// `len` is the datagram's.
#[test]
fn length() {
    let (daemon, server) = (Daemon::new(), answering());
    let proxy = Web::to(&server).global(&daemon.log(", len = 200")).start();
    proxy.get(&format!("/{}", "a".repeat(500)));
    let line = daemon.next();
    assert_eq!(line.trim_end().len(), 200, "{line}");
}

#[test]
fn several_targets_with_formats_of_their_own() {
    let (daemon, server) = (Daemon::new(), answering());
    let address = daemon.0.local_addr().unwrap();
    let log = format!(
        "log = [{{ target = \"stdout\", format = \"one %ST\" }}, \
         {{ target = \"udp:{address}\", format = \"two %ST\" }}, \
         {{ target = \"stderr\", format = \"three %ST\" }}]"
    );
    let proxy = Web::to(&server).global(&log).start();
    proxy.get("/");
    assert!(daemon.next().trim_end().ends_with("]: two 200"));
    proxy.stdout.wait(|line| line == "one 200");
    proxy.stderr.wait(|line| line == "three 200");
}

/// A batch of lines is a datagram each.
#[test]
fn unix_socket() {
    let (dir, server) = (Dir::new(), answering());
    let daemon = UnixDatagram::bind(dir.file("log")).unwrap();
    daemon.set_read_timeout(Some(DEADLINE)).unwrap();
    let log = format!("log = [{{ target = \"unix:{}\" }}]", dir.file("log").display());
    let proxy = Web::to(&server).global(&log).frontend(SHORT).start();
    let mut client = proxy.client();
    client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n".repeat(30));
    (0..30).for_each(|_| assert_eq!(client.message().status(), 200));
    for _ in 0..30 {
        let mut datagram = [0; 4096];
        let len = daemon.recv(&mut datagram).unwrap();
        let line = std::str::from_utf8(&datagram[..len]).unwrap();
        assert!(line.starts_with("<134>") && line.trim_end().ends_with("]: /a 200"), "{line}");
    }
}

/// Requests go on at their pace, and at the end it is told how many lines were lost.
fn assert_never_stalls(mut proxy: Proxy) {
    let begun = Instant::now();
    let mut client = proxy.client();
    let target = format!("/{}", "a".repeat(900));
    for _ in 0..60 {
        client.send(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").repeat(20));
        (0..20).for_each(|_| assert_eq!(client.message().status(), 200));
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    drop(client);
    proxy.signal(Signal::TERM);
    let exit = proxy.wait();
    assert_eq!(exit.status.code(), Some(0));
    let warned = exit.stderr.iter().any(|line| line.contains("dropped lines: "));
    assert!(warned, "{:#?}", exit.stderr);
}

#[test]
fn fifo_that_nobody_reads() {
    let (dir, server) = (Dir::new(), answering());
    let path = dir.file("fifo");
    mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
    // A reader that never reads.
    let _reader = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let log = format!("log = [{{ target = \"file:{}\" }}]", path.display());
    assert_never_stalls(Web::to(&server).global(&log).start());
}

#[test]
fn full_unix_socket() {
    let (dir, server) = (Dir::new(), answering());
    let _daemon = UnixDatagram::bind(dir.file("log")).unwrap();
    let log = format!("log = [{{ target = \"unix:{}\" }}]", dir.file("log").display());
    assert_never_stalls(Web::to(&server).global(&log).start());
}

/// One stalled target does not keep lines from another.
#[test]
fn stalled_target_beside_a_good_one() {
    let (dir, server) = (Dir::new(), answering());
    let _daemon = UnixDatagram::bind(dir.file("log")).unwrap();
    let (socket, file) = (dir.file("log"), dir.file("good"));
    let log = format!(
        "log = [{{ target = \"unix:{}\" }}, {{ target = \"file:{}\" }}]",
        socket.display(),
        file.display()
    );
    assert_never_stalls(Web::to(&server).global(&log).start());
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.lines().count() > 200, "{}", text.lines().count());
}

/// Nothing is lost while the file is renamed under traffic.
#[test]
fn rotation_under_traffic() {
    let server = answering();
    let mut proxy = Web::to(&server).logged().frontend("log-format = \"%HP\"").start();
    let (current, rotated) = (proxy.dir.file("access.log"), proxy.dir.file("rotated"));
    let mut client = proxy.client();
    for index in 0..200 {
        assert_eq!(client.get(&format!("/{index}")).status(), 200);
        if index == 100 {
            std::fs::rename(&current, &rotated).unwrap();
            proxy.signal(Signal::HUP);
        }
    }
    drop(client);
    eventually("the file is made anew", || current.exists());
    proxy.stop();
    let read = |path| std::fs::read_to_string(path).unwrap();
    let all = read(rotated) + &read(current);
    let expected: Vec<String> = (0..200).map(|index| format!("/{index}")).collect();
    assert_eq!(all.lines().collect::<Vec<_>>(), expected);
}
