//! Programs that others wrote, on both sides. `scripts/test` installs them.

use std::process::{Child, Command, Stdio};

use crate::support::{Dir, Lines, Proxy, Server, Web, assert_same, eventually, noise};

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both programs end their own children when told to.
        if let Some(pid) = rustix::process::Pid::from_raw(self.0.id() as i32) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.0.wait();
    }
}

fn run(command: &mut Command) -> Running {
    let name = command.get_program().to_owned();
    let child = command.spawn();
    Running(child.unwrap_or_else(|error| panic!("{name:?}: {error}; scripts/test installs it")))
}

/// nginx on a UNIX socket, serving the files of `dir`. Returns it and its address.
fn nginx(dir: &Dir) -> (Running, String) {
    let root = dir.path().display();
    let config = format!(
        "daemon off; worker_processes 1; pid {root}/pid; error_log stderr error;\n\
         events {{}}\n\
         http {{ access_log off; client_max_body_size 0; keepalive_requests 1000000;\n\
         client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;\n\
         uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;\n\
         server {{ listen unix:{root}/nginx.sock; root {root};\n\
         location = /small {{ return 200 small; }}\n\
         location = /upload {{ dav_methods PUT; }} }} }}\n"
    );
    // Its workers may run as another user.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(dir.path(), open).unwrap();
    let file = dir.write("nginx.conf", config);
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("nginx");
    command.env("PATH", path).arg("-p").arg(dir.path()).arg("-c").arg(file).arg("-e").arg("stderr");
    let running = run(&mut command);
    let socket = dir.file("nginx.sock");
    eventually("nginx listens", || socket.exists());
    (running, format!("unix:{}", socket.display()))
}

/// Python's server of the files of `dir`. Returns it and its address.
fn python(dir: &Dir) -> (Running, String) {
    let mut command = Command::new("python3");
    command.args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0", "--directory"]);
    command.arg(dir.path()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut running = run(&mut command);
    let lines = Lines::of(running.0.stdout.take().unwrap());
    // Serving HTTP on 127.0.0.1 port 41234 (http://127.0.0.1:41234/) ...
    let line = lines.wait(|line| line.starts_with("Serving HTTP"));
    let port = line.split(' ').skip_while(|word| *word != "port").nth(1).unwrap();
    (running, format!("127.0.0.1:{port}"))
}

fn curl(proxy: &Proxy, arguments: &[&str], target: &str) -> Vec<u8> {
    let url = format!("http://{}{target}", proxy.address("web"));
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--show-error", "--fail", "--max-time", "9"])
        .args(arguments)
        .arg(url);
    let output = command.output().expect("curl; scripts/test installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn curl_and_nginx() {
    let (dir, body) = (Dir::new(), noise(3_000_000));
    dir.write("large", &body);
    let (_nginx, address) = nginx(&dir);
    let proxy = Web::new().server(&address, "").start();
    assert_same(&curl(&proxy, &[], "/large"), &body);
    assert_same(&curl(&proxy, &["--http1.0"], "/large"), &body);
    assert_same(&curl(&proxy, &["--range", "1000-1999"], "/large"), &body[1000..2000]);
    assert_eq!(curl(&proxy, &[], "/small"), b"small");
    let head = String::from_utf8(curl(&proxy, &["--head"], "/large")).unwrap();
    assert!(head.to_lowercase().contains("content-length: 3000000"), "{head}");
}

/// One curl process, many requests over one connection.
#[test]
fn curl_keeps_its_connection() {
    let dir = Dir::new();
    let (_nginx, address) = nginx(&dir);
    let proxy = Web::new().server(&address, "").start();
    let url = format!("http://{}/small", proxy.address("web"));
    let connects = ["--write-out", "%{num_connects}", "--output", "/dev/null"];
    let others: Vec<&str> =
        std::iter::repeat_n([&["--next", "--silent"], &connects[..], &[&*url]].concat(), 9)
            .flatten()
            .collect();
    let mut command = Command::new("curl");
    let output = command.arg("--silent").args(connects).arg(&url).args(others).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1000000000");
}

#[test]
fn curl_uploads() {
    let (dir, body) = (Dir::new(), noise(2_000_000));
    let file = dir.write("upload", &body);
    let server = Server::http(move |request| {
        assert_same(&request.body, &noise(2_000_000));
        crate::support::reply("whole")
    });
    let proxy = Web::to(&server).start();
    let file = file.display().to_string();
    // From a file curl asks for 100-continue, from standard input it sends chunks.
    for arguments in
        [&["--upload-file", &*file][..], &["-T", &*file, "-H", "Transfer-Encoding: chunked"]]
    {
        assert_eq!(curl(&proxy, arguments, "/"), b"whole");
    }
}

/// Python's server speaks HTTP/1.0 and closes after each response.
#[test]
fn curl_and_python() {
    let (dir, body) = (Dir::new(), noise(1_000_000));
    dir.write("large", &body);
    let (_python, address) = python(&dir);
    let check = "check = true, inter = \"100ms\"";
    let proxy = Web::new().server(&address, check).start();
    for _ in 0..3 {
        assert_same(&curl(&proxy, &[], "/large"), &body);
    }
    let proxy =
        Web::new().backend("option.httpchk = { method = \"GET\" }").server(&address, check).start();
    assert_same(&curl(&proxy, &[], "/large"), &body);
}

/// 64 connections for two seconds, no error, and every request in the log of the proxy's counters.
#[test]
fn wrk_and_nginx() {
    let dir = Dir::new();
    let (_nginx, address) = nginx(&dir);
    let proxy = Web::new().logged().server(&address, "check = true").start();
    let url = format!("http://{}/small", proxy.address("web"));
    let mut command = Command::new("wrk");
    let output = command.args(["-t", "1", "-c", "64", "-d", "2s", &url]).output();
    let output = output.expect("wrk; scripts/test installs it");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("requests in"), "{text}");
    assert!(!text.contains("Socket errors") && !text.contains("Non-2xx"), "{text}");
}
