//! The server of Python's standard library, which speaks HTTP/1.0 and closes after each response.

use std::process::Command;

use super::curl::curl;
use super::{PYTHON, Running};
use crate::support::{Dir, Web, assert_same, noise};

/// Serves the files of `dir`. Returns it and its address.
fn server(dir: &Dir) -> (Running, String) {
    let mut command = Command::new(PYTHON);
    command.args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0", "--directory"]);
    let running = Running::start(command.arg(dir.path()));
    // Serving HTTP on 127.0.0.1 port 41234 (http://127.0.0.1:41234/) ...
    let line = running.stdout.wait(|line| line.starts_with("Serving HTTP"));
    let port = line.split(' ').skip_while(|word| *word != "port").nth(1).unwrap();
    (running, format!("127.0.0.1:{port}"))
}

#[test]
fn curl_and_python() {
    let (dir, body) = (Dir::new(), noise(1_000_000));
    dir.write("large", &body);
    let (_python, address) = server(&dir);
    let check = "check = true, inter = \"100ms\"";
    let proxy = Web::new().server(&address, check).start();
    for _ in 0..3 {
        assert_same(&curl(&proxy, &[], "/large"), &body);
    }
    let proxy =
        Web::new().backend("option.httpchk = { method = \"GET\" }").server(&address, check).start();
    assert_same(&curl(&proxy, &[], "/large"), &body);
}
