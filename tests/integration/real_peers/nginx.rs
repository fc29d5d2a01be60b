//! nginx on both sides.

use std::os::unix::net::UnixStream;
use std::process::Command;

use super::Running;
use super::exchanges::{Chain, origin};
use crate::support::{Dir, Proxy, Web, eventually};

/// nginx on a UNIX socket, until it is dropped.
pub(super) struct Nginx {
    /// `unix:/path`.
    pub(super) address: String,
    running: Running,
    _dir: Dir,
}

impl Nginx {
    /// Serves `/small` and the files of `dir`.
    pub(super) fn files(dir: Dir) -> Self {
        Self::start(
            dir,
            "",
            "location = /small { return 200 small; }\n\
             location = /upload { dav_methods PUT; }",
        )
    }

    /// Relays what comes to a server, in HTTP/1.1 over kept connections, with these lines more.
    pub(super) fn before(server: &str, lines: &str) -> Self {
        let around = format!(
            "upstream u {{ server {server}; keepalive 8; }}\n\
             map $http_upgrade $hop {{ default upgrade; '' ''; }}"
        );
        let relay = format!(
            "location / {{ proxy_pass http://u; proxy_http_version 1.1;\n\
             proxy_set_header Connection $hop; proxy_set_header Upgrade $http_upgrade;\n\
             proxy_set_header Host $http_host; {lines} }}"
        );
        Self::start(Dir::new(), &around, &relay)
    }

    /// Starts it with lines around its server and in it.
    fn start(dir: Dir, around: &str, within: &str) -> Self {
        Self::start_bound(dir, "", around, within)
    }

    /// Starts it with words for its socket, too.
    pub(super) fn start_bound(dir: Dir, words: &str, around: &str, within: &str) -> Self {
        let root = dir.path().display();
        let config = format!(
            "daemon off; worker_processes 1; pid {root}/pid; error_log stderr error;\n\
             events {{ worker_connections 4096; }}\n\
             http {{ access_log off; client_max_body_size 0; keepalive_requests 1000000;\n\
             client_body_temp_path {root}/t1; proxy_temp_path {root}/t2;\n\
             fastcgi_temp_path {root}/t3; uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;\n\
             {around}\n\
             server {{ listen unix:{root}/nginx.sock {words}; root {root};\n{within} }} }}\n"
        );
        // Its workers may run as another user.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(dir.path(), open).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-p").arg(dir.path()).arg("-c").arg(dir.write("nginx.conf", config));
        let running = Running::start(command.args(["-e", "stderr"]));
        let socket = dir.file("nginx.sock");
        eventually("nginx listens", || UnixStream::connect(&socket).is_ok());
        Self { address: format!("unix:{}", socket.display()), running, _dir: dir }
    }

    /// Has it read its files again.
    pub(super) fn reload(&self) {
        let pid = rustix::process::Pid::from_child(&self.running.child);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    }

    /// A proxy before it.
    pub(super) fn proxied(&self) -> Proxy {
        Web::new().server(&self.address, "").start()
    }
}

/// It drops trailers.
fn exercise(address: &str) {
    Chain { address, has_trailers: false }.exercise();
}

#[test]
fn in_front() {
    let server = origin();
    let proxy = Web::to(&server).start();
    let nginx = Nginx::before(proxy.address("web"), "");
    exercise(&nginx.address);
}

/// It sends on what comes as it comes: uploads in chunks, responses in pieces.
#[test]
fn in_front_without_buffers() {
    let server = origin();
    let proxy = Web::to(&server).start();
    let lines = "proxy_request_buffering off; proxy_buffering off;";
    let nginx = Nginx::before(proxy.address("web"), lines);
    exercise(&nginx.address);
}

#[test]
fn behind() {
    let server = origin();
    let nginx = Nginx::before(&server.address(), "");
    exercise(nginx.proxied().address("web"));
}

#[test]
fn behind_without_buffers() {
    let server = origin();
    let lines = "proxy_request_buffering off; proxy_buffering off;";
    let nginx = Nginx::before(&server.address(), lines);
    exercise(nginx.proxied().address("web"));
}

/// On both sides at once, with many clients.
#[test]
fn around_us() {
    let server = origin();
    let behind = Nginx::before(&server.address(), "");
    let proxy = behind.proxied();
    let nginx = Nginx::before(proxy.address("web"), "");
    Chain { address: &nginx.address, has_trailers: false }.crowd();
}
