//! `corelane haproxy` as a process: the daemon, its pid, systemd, and one that takes over.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixDatagram};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{
    DEADLINE, Dir, Peer, Proxy, Server, binary, eventually, inherit, pause, reply,
};

/// One server behind one frontend.
fn cfg(bind: &str, server: &Server) -> String {
    format!(
        "global\n    nbthread 2\n    log stdout format raw local0\n\
         defaults\n    mode http\n    log global\n    timeout connect 5s\n    \
         timeout client 5s\n    timeout server 5s\n\
         frontend web\n    bind {bind}\n    default_backend app\n\
         backend app\n    server s1 {}\n",
        server.address()
    )
}

fn haproxy(flags: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.arg("haproxy").args(flags);
    command
}

fn begin(bind: &str, server: &Server, flags: &[&str]) -> Proxy {
    let dir = Dir::new();
    let mut command = haproxy(flags);
    command.arg("-f").arg(dir.write("haproxy.cfg", cfg(bind, server)));
    Proxy::begin(dir, command)
}

fn read_pid(path: &Path) -> Pid {
    let text = std::fs::read_to_string(path).unwrap();
    Pid::from_raw(text.trim().parse().unwrap()).unwrap()
}

/// Whether it has ended, be it that nobody asked for its exit code yet.
fn is_gone(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    stat.map_or(true, |stat| stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z')))
}

/// A process of another parent, which must not outlive the test.
struct Daemon(Pid);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::KILL);
    }
}

#[test]
fn a_daemon_goes_on_alone() {
    let server = Server::text("from the server");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let dir = Dir::new();
    std::fs::create_dir(dir.file("etc")).unwrap();
    dir.write("etc/haproxy.cfg", cfg("\"fd@${FD}\"", &server));
    let mut command = haproxy(&["-D", "-C", "etc", "-f", "haproxy.cfg", "-p", "the.pid"]);
    command.current_dir(dir.path()).env("FD", listener.as_raw_fd().to_string());
    inherit(&mut command, vec![listener]);
    // Ends though the daemon runs: that leaves none of its pipes open.
    let output = command.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let daemon = Daemon(read_pid(&dir.file("etc/the.pid")));
    drop(command);
    assert_eq!(rustix::process::getsid(Some(daemon.0)).unwrap(), daemon.0, "a session of its own");
    assert_eq!(Peer::connect(&address).get("/").status(), 200);
    kill_process(daemon.0, Signal::TERM).unwrap();
    eventually("the daemon ends", || is_gone(daemon.0));
}

#[test]
fn a_daemon_that_cannot_start_says_so() {
    let server = Server::text("unused");
    let dir = Dir::new();
    let file = dir.write("haproxy.cfg", cfg("\"fd@997\"", &server));
    let pid_file = dir.write("the.pid", "77\n");
    let output = haproxy(&["-D", "-p"]).arg(&pid_file).arg("-f").arg(file).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("no such descriptor was inherited"), "{errors}");
    assert_eq!(std::fs::read_to_string(pid_file).unwrap(), "77\n", "the pid of whoever serves");
}

#[test]
fn systemd_is_told() {
    let server = Server::text("ok");
    let dir = Dir::new();
    let path = dir.file("notify");
    let name = format!("corelane-test-{}", std::process::id());
    let abstract_address = UnixAddr::from_abstract_name(&name).unwrap();
    let sockets = [
        (path.to_string_lossy().into_owned(), UnixDatagram::bind(&path).unwrap()),
        (format!("@{name}"), UnixDatagram::bind_addr(&abstract_address).unwrap()),
    ];
    for (address, socket) in sockets {
        let dir = Dir::new();
        let mut command = haproxy(&["-Ws", "-f"]);
        command.arg(dir.write("haproxy.cfg", cfg("127.0.0.1:0", &server)));
        command.env("NOTIFY_SOCKET", address);
        let proxy = Proxy::begin(dir, command);
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut bytes = [0; 256];
        let len = socket.recv(&mut bytes).unwrap();
        let pid = proxy.pid().as_raw_nonzero();
        let expected = format!("READY=1\nMAINPID={pid}\n");
        assert_eq!(String::from_utf8_lossy(&bytes[..len]), expected);
        assert_eq!(proxy.get("/").status(), 200);
    }
}

/// `systemctl reload` sends SIGUSR2 to a master of HAProxy.
#[test]
fn signals_to_reload_end_nothing() {
    let server = Server::text("ok");
    let mut proxy = begin("127.0.0.1:0", &server, &["-Ws"]);
    for signal in [Signal::USR2, Signal::HUP] {
        proxy.signal(signal);
        let told = proxy.stderr.find(|line| line.contains("a changed configuration is not"));
        assert!(told.is_some(), "{:?}", proxy.stderr.now());
        assert_eq!(proxy.get("/").status(), 200);
    }
    proxy.stop();
}

/// What became of connections, each with a request of its own.
#[derive(Default)]
struct Seen {
    answered: AtomicUsize,
    refused: AtomicUsize,
    /// What reached a queue in the instant in which its socket closed.
    reset: AtomicUsize,
    is_over: AtomicBool,
}

impl Seen {
    fn connect_on(&self, address: SocketAddr) {
        while !self.is_over.load(Ordering::SeqCst) {
            let count = match TcpStream::connect(address) {
                Ok(stream) => {
                    let mut peer = Peer::over(stream.into());
                    let is_sent =
                        peer.try_send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
                    let (answer, _) = peer.try_read_to_end();
                    let is_whole = is_sent.is_ok() && answer.ends_with(b"finished");
                    if is_whole { &self.answered } else { &self.reset }
                }
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => &self.refused,
                Err(_) => &self.reset,
            };
            count.fetch_add(1, Ordering::SeqCst);
            // Ports that a connection had are not free for a minute.
            pause(1);
        }
    }

    fn await_more(&self) {
        let before = self.answered.load(Ordering::SeqCst);
        eventually("more answers", || self.answered.load(Ordering::SeqCst) > before + 50);
    }
}

/// Ends the clients, also when the test fails.
struct Stop<'s>(&'s AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

const CLIENTS: usize = 2;

/// The old process finishes what it has, the new one takes everything that comes.
#[test]
fn one_process_takes_over_from_another() {
    let gate = Arc::new(AtomicBool::new(false));
    let opened = Arc::clone(&gate);
    let server = Server::http(move |request| {
        if request.head.starts_with("GET /slow ") {
            eventually("the gate opens", || opened.load(Ordering::SeqCst));
        }
        reply("finished")
    });
    let mut old = begin("127.0.0.1:0", &server, &["-db"]);
    let address = old.address("web").to_owned();
    let mut slow = old.client();
    slow.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    eventually("the server has it", || server.connections() > 0);
    let seen = Seen::default();
    let new = std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| seen.connect_on(address.parse().unwrap()));
        }
        let _stop = Stop(&seen.is_over);
        seen.await_more();
        let new =
            begin(&address, &server, &["-db", "-sf", &old.pid().as_raw_nonzero().to_string()]);
        seen.await_more();
        gate.store(true, Ordering::SeqCst);
        assert_eq!(slow.message().body, b"finished");
        old.wait().assert_clean();
        seen.await_more();
        new
    });
    assert_eq!(new.get("/").status(), 200);
    assert_eq!(seen.refused.load(Ordering::SeqCst), 0);
    assert!(seen.reset.load(Ordering::SeqCst) <= CLIENTS, "{:?}", seen.reset);
}

#[test]
fn the_name_of_a_unix_socket_is_taken_over() {
    let server = Server::text("ok");
    let dir = Dir::new();
    let path = dir.file("web.sock");
    let bind = path.to_string_lossy().into_owned();
    let mut old = begin(&bind, &server, &["-db"]);
    let file = dir.write("haproxy.cfg", cfg(&bind, &server));
    let alone = haproxy(&["-db", "-f"]).arg(file).output().unwrap();
    let errors = String::from_utf8_lossy(&alone.stderr).into_owned();
    assert!(!alone.status.success() && errors.contains("another program listens"), "{errors}");
    assert_eq!(old.get("/").status(), 200);
    let new = begin(&bind, &server, &["-db", "-st", &old.pid().as_raw_nonzero().to_string()]);
    old.wait().assert_clean();
    assert_eq!(new.get("/").status(), 200);
    let names: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name != "haproxy.cfg")
        .collect();
    assert_eq!(names, ["web.sock"], "nothing is left beside it");
}

/// As HAProxy: whoever serves goes on.
#[test]
fn one_without_listeners_takes_nothing_over() {
    let server = Server::text("ok");
    let mut old = begin("127.0.0.1:0", &server, &["-db"]);
    let dir = Dir::new();
    let pid = old.pid().as_raw_nonzero().to_string();
    let mut command = haproxy(&["-db", "-sf", &pid, "-f"]);
    let output = command.arg(dir.write("haproxy.cfg", "global\n")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("no listener"), "{errors}");
    assert_eq!(old.get("/").status(), 200);
    old.stop();
}
